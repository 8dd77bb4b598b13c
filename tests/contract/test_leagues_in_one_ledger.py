"""Several leagues in one ledger: what is of one never becomes another's, and numbers come from the ledger alone."""

import tarfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select, text
from tests.postgres import fresh
from tests.support import ledger_rows, tipoff

from tipoff.core.errors import LedgerError, UsageError
from tipoff.core.payload import SetAside
from tipoff.core.proof import Proof, UnitProof, proof_row
from tipoff.core.severity import Severity
from tipoff.ledger import Batch, Ledger, schema
from tipoff.ledger.answers import leagues_of, made_of
from tipoff.ledger.facts import home_now, league_facts
from tipoff.ledger.rows import finding

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
OLD = Path(__file__).parents[1] / "homes" / "schema_0004.tgz"  # two days of the sample league, made by version 0.1


def run_of(league: str, **more: Any) -> dict[str, Any]:
    return {
        "league": league,
        "output": "games",
        "day": NOW.date(),
        "units": "[]",
        "state": "started",
        "as_of": NOW,
        "started_at": NOW,
        "lease_until": NOW + timedelta(minutes=5),
        "attempt": 1,
        "worker": "w",
    } | more


def claimed(ledger: Ledger, league: str, n: int = 1) -> list[int]:
    batch = Batch()
    rows = [run_of(league) for _ in range(n)]
    for row in rows:
        batch.add("runs", row)
    ledger.commit(batch)
    return [int(row["id"]) for row in rows]


def test_two_leagues_are_never_given_the_same_number(ledger: Ledger) -> None:
    given = [*claimed(ledger, "east", 2), *claimed(ledger, "west", 3), *claimed(ledger, "east")]

    assert given == [1, 2, 3, 4, 5, 6]


def test_a_number_is_not_given_again_after_its_run_is_gone_or_beside_what_the_warehouse_has_seen(
    ledger: Ledger,
) -> None:
    [first] = claimed(ledger, "east")
    with ledger.transaction() as connection:
        connection.execute(text("DELETE FROM runs"))
    [second] = claimed(ledger, "east")
    ledger.raise_number("runs", 40)
    ledger.raise_number("runs", 7)

    assert (first, second, *claimed(ledger, "west")) == (1, 2, 41)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_processes_that_claim_at_once_are_given_different_numbers(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    target = tmp_path / "ledger.db" if engine == "sqlite" else fresh(request.getfixturevalue("server"))
    Ledger(target).close()
    together = Barrier(4)

    def claim(league: str) -> list[int]:
        ledger = Ledger(target)
        together.wait()
        found: list[int] = []
        while len(found) < 10:
            try:
                found += claimed(ledger, league, 2)
            except LedgerError:  # another one was writing
                continue
        ledger.close()
        return found

    with ThreadPoolExecutor(4) as pool:
        given = [number for found in pool.map(claim, ["a", "b", "c", "d"]) for number in found]

    assert len(set(given)) == len(given) == 40


def test_a_ledger_whose_numbers_an_earlier_build_gave_itself_numbers_on_after_its_upgrade(target: Path | str) -> None:
    row = finding(("east", "", NOW.date()), "check", "cause", Severity.ERROR, "note", now=NOW)
    with Ledger(target) as earlier, earlier.transaction() as connection:
        connection.execute(schema.findings.insert(), [row | {"id": number} for number in (1, 2, 3)])
        connection.execute(text("UPDATE alembic_version SET version_num = '0010'"))

    with Ledger(target) as ledger:
        batch = Batch()
        batch.add("findings", row)
        ledger.commit(batch)
        given = [row["id"] for row in ledger.rows(select(schema.findings.c.id).order_by(schema.findings.c.id))]

    assert given == [1, 2, 3, 4]


def test_what_was_made_of_an_answer_is_found_though_the_clock_has_gone_back_since(ledger: Ledger) -> None:
    [run] = claimed(ledger, "east")
    fetch = {
        "run_id": run,
        "league": "east",
        "at": NOW,
        "source": "s",
        "url": "u",
        "status": 200,
        "sha256": "a",
        "n_bytes": 1,
    }
    units = {"one": UnitProof(unit="one", n_rows=1, content_hash="h", fence=run)}
    proof = Proof(league="east", output="games", day=NOW.date(), fence=run, made_at=NOW, step_version="v", units=units)
    batch = Batch()
    batch.add("fetches", fetch | {"n_rows": 1, "n_rejects": 0, "outcome": "rows", "note": ""})
    batch.add("proofs", proof_row(proof))
    ledger.commit(batch)

    aside = {"a": SetAside(sha256="a", at=NOW - timedelta(hours=1), by="ann", reason="wrong")}
    [loss] = made_of(ledger, "east", aside, histories={"games"})

    assert (loss.output, *loss.units, loss.anew) == ("games", "one", True)
    assert (leagues_of(ledger, "a"), leagues_of(ledger, "b")) == ({"east"}, set())


def test_a_league_is_loaded_without_the_rows_of_another(ledger: Ledger) -> None:
    claimed(ledger, "east")
    west = claimed(ledger, "west")
    batch = Batch()
    batch.fact("since", NOW.isoformat(), league="east")
    counts = dict.fromkeys(("n_judged", "n_run", "n_held", "n_late", "n_quiet"), 0)
    batch.add("ticks", {"league": "east", "at": NOW, "build": "b", "settings_hash": "s"} | counts)
    ledger.commit(batch)

    known = ledger.load("west")

    assert [row["id"] for row in known.unended_runs] == west
    assert (known.since, known.last_tick) == (None, None)
    assert ledger.load("east").since == NOW


def test_the_clock_of_a_home_is_that_of_its_furthest_replay_and_the_machines_where_anything_runs_live(
    ledger: Ledger,
) -> None:
    batch = Batch()
    batch.fact("clock_at", NOW.isoformat(), league="east")
    batch.fact("clock_at", (NOW + timedelta(days=1)).isoformat(), league="west")
    ledger.commit(batch)
    assert home_now(ledger) == NOW + timedelta(days=1)

    batch = Batch()
    batch.fact("live since", "2024-01-09", league="north")
    ledger.commit(batch)
    assert league_facts(ledger, "north").live_since == date(2024, 1, 9)
    assert home_now(ledger) > NOW + timedelta(days=30)


@pytest.fixture
def old_home(tmp_path: Path) -> Path:
    with tarfile.open(OLD) as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path / "home"


def _counts(path: Path) -> dict[str, int]:
    import sqlite3  # noqa: PLC0415 -- as outsiders read it

    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}  # noqa: S608


def test_a_home_of_the_version_before_is_upgraded_and_loses_nothing(old_home: Path) -> None:
    before = _counts(old_home / "ledger.db")

    ledger = Ledger(old_home / "ledger.db")

    facts = league_facts(ledger, "nba")
    kept = {name: n for name, n in _counts(old_home / "ledger.db").items() if name in before}
    assert kept == {name: n for name, n in before.items() if name != "home"}
    assert (facts.world, ledger.leagues()) == ("sample", ["nba"])
    assert facts.clock_at is not None
    assert facts.since is not None
    assert facts.of_season("fingerprint", "sample")
    for table in (schema.ticks, schema.fetches):
        assert {row["league"] for row in ledger.rows(select(table.c.league))} == {"nba"}
    assert claimed(ledger, "nba") == [before["runs"] + 1]
    ledger.close()


def test_a_replay_goes_on_in_a_home_of_the_version_before(old_home: Path) -> None:
    done = tipoff("replay", "nba", "sample:2", "--world", "sample", "--json", home=old_home)

    assert '"this_time"' in done.stdout, done.stderr
    unmet = {row["output"] for row in ledger_rows(old_home, "obligations") if row["state"] not in {"proven", "excused"}}
    assert unmet == set()
    again = tipoff("status", "nba", home=old_home)
    assert again.returncode == 0, again.stdout


@pytest.mark.parametrize("command", [("status", "nba"), ("replay", "nba", "sample:2", "--world", "sample")])
def test_a_ledger_of_a_later_version_is_refused_with_a_sentence(old_home: Path, command: tuple[str, ...]) -> None:
    ledger = Ledger(old_home / "ledger.db")
    with ledger.transaction() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0999'"))
    ledger.close()
    with pytest.raises(UsageError, match="later version"):
        Ledger(old_home / "ledger.db")

    done = tipoff(*command, home=old_home)

    assert done.returncode == 2
    assert "tipoff: the ledger at " in done.stderr
    assert "was written by a later version" in done.stderr
    assert "Traceback" not in done.stderr
