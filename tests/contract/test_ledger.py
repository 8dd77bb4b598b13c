"""What the ledger promises: a batch is written whole or not at all, and a failure has a name."""

import dataclasses
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DatabaseError
from tests.checked import owed
from tests.postgres import fresh
from tests.support import killed_while_migrating

from tipoff.core.errors import LeaseLost, LedgerError, NoLedger, Resting
from tipoff.core.severity import Severity
from tipoff.ledger import Batch, Ledger
from tipoff.ledger.alerts import AlertStore
from tipoff.ledger.connect import ANSWERED, NO_SCHEMA, NOT_ALLOWED, TAKEN, UNREACHED, Held, ledger_error
from tipoff.ledger.rows import finding

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def facts(**values: str | None) -> Batch:
    batch = Batch()
    for key, value in values.items():
        batch.add("facts", {"league": "", "key": key, "value": value})
    return batch


def test_a_batch_is_read_back_as_it_was_written(ledger: Ledger) -> None:
    ledger.commit(facts(league="x", world="sample"))

    assert ledger.facts() == {"league": "x", "world": "sample"}


def test_the_newest_row_of_a_key_wins_within_a_batch_and_after_it(ledger: Ledger) -> None:
    batch = facts(clock_at="1")
    batch.fact("clock_at", "2")
    ledger.commit(batch)
    assert ledger.facts() == {"clock_at": "2"}

    ledger.commit(facts(clock_at="3"))
    assert ledger.facts() == {"clock_at": "3"}


def test_a_batch_with_one_bad_row_writes_nothing_and_the_next_one_is_written(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="could not be written"):
        ledger.commit(facts(good="1", bad=None))
    assert ledger.facts() == {}

    ledger.commit(facts(good="1"))
    assert ledger.facts() == {"good": "1"}


def test_a_naive_instant_is_refused_and_nothing_is_written(ledger: Ledger) -> None:
    batch = facts(league="x")
    run = {"id": 1, "league": "x", "output": "o", "day": NOW.date(), "units": "[]", "state": "started", "attempt": 1}
    batch.add("runs", run | {"as_of": NOW, "started_at": NOW.replace(tzinfo=None), "lease_until": NOW, "worker": "w"})

    with pytest.raises(ValueError, match="naive"):
        ledger.commit(batch)
    assert ledger.facts() == {}


def test_the_runs_of_a_day_are_those_that_were_not_given_up_since_their_provider_is_left_alone(ledger: Ledger) -> None:
    batch, resting = Batch(), Resting("provider", 300)
    for number, hint in enumerate((None, "it is asked again later", resting.hint)):
        at = NOW + number * HOUR
        run = {"id": number + 1, "league": "x", "output": "o", "day": NOW.date(), "units": "[]", "state": "failed"}
        batch.add("runs", run | {"attempt": 1, "as_of": at, "started_at": at, "lease_until": at, "worker": "w"})
        batch.run_ends.append({"id": number + 1, "ended_at": at, "hint": hint})
    ledger.commit(batch)

    assert ledger.runs_since("x", NOW) == {("o", NOW.date()): (2, NOW + HOUR)}
    assert ledger.runs_since("x", NOW + HOUR) == {("o", NOW.date()): (1, NOW + HOUR)}


def test_a_server_that_has_gone_since_another_thread_found_its_connection_broken_is_a_ledgers_error(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object, **_named: object) -> None:
        msg = "connection refused"
        raise ledger._engine.dialect.loaded_dbapi.OperationalError(msg)  # noqa: SLF001

    ledger._connection.invalidate()  # noqa: SLF001 -- as the first failing statement leaves it
    event.listen(ledger._engine, "do_connect", refuse)  # noqa: SLF001 -- no server is there to be ended
    monkeypatch.setattr(psycopg.Connection, "connect", refuse)

    with pytest.raises(LedgerError, match="connection refused"):
        ledger.of("nba").halts()


@pytest.mark.parametrize(
    ("raised", "hint"),
    [
        (psycopg.errors.DiskFull(), ANSWERED),
        (psycopg.errors.TooManyConnections(), TAKEN),
        (psycopg.OperationalError("FATAL:  sorry, too many clients already"), TAKEN),
        (psycopg.OperationalError("FATAL:  remaining connection slots are reserved for roles with SUPERUSER"), TAKEN),
        (psycopg.errors.InvalidSchemaName(), NO_SCHEMA),
        (psycopg.errors.ReadOnlySqlTransaction(), ANSWERED),
        (psycopg.errors.InsufficientPrivilege(), NOT_ALLOWED),
        (psycopg.errors.InvalidPassword(), UNREACHED),
        (psycopg.errors.InvalidCatalogName(), UNREACHED),
        (psycopg.errors.AdminShutdown(), UNREACHED),
        (psycopg.OperationalError("connection refused"), UNREACHED),
        (sqlite3.OperationalError("database or disk is full"), "is the disk full, or does another process hold it?"),
    ],
)
def test_what_an_engine_refuses_is_told_with_what_helps_against_that(raised: Exception, hint: str) -> None:
    assert ledger_error("written", DatabaseError("INSERT", {}, raised)).hint == hint


def test_a_ledger_that_is_only_to_be_read_where_nothing_was_begun_is_none_and_is_not_made(target: Path | str) -> None:
    with pytest.raises(NoLedger, match=r"there is no ledger in .* yet") as refused:
        Ledger(target, read_only=True)

    setting = "TIPOFF_HOME" if isinstance(target, Path) else "TIPOFF_LEDGER_URL"
    assert refused.value.hint == f"is {setting} right? `tipoff up` and `tipoff replay` make it"
    assert not (isinstance(target, Path) and target.exists())


def test_a_ledger_that_a_full_disk_has_stopped_before_its_first_table_holds_nothing_and_is_begun_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path)) as begun:
        begun.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")

    with pytest.raises(NoLedger, match="holds nothing") as refused:
        Ledger(path, read_only=True)

    assert "start it again" in refused.value.hint
    with Ledger(path) as ledger:
        assert ledger.facts() == {}


LENGTH = timedelta(minutes=10)


def test_a_lease_is_held_by_one_until_it_ends(ledger: Ledger) -> None:
    mine = ledger.take_lease("controller", "one", now=NOW, length=LENGTH)

    assert mine is not None
    assert ledger.take_lease("controller", "two", now=NOW + LENGTH / 2, length=LENGTH) is None
    theirs = ledger.take_lease("controller", "two", now=NOW + LENGTH, length=LENGTH)
    assert theirs is not None
    assert theirs.epoch == mine.epoch + 1


def test_whoever_lost_the_lease_can_write_nothing(ledger: Ledger) -> None:
    mine = ledger.take_lease("controller", "one", now=NOW, length=LENGTH)
    ledger.take_lease("controller", "two", now=NOW + LENGTH, length=LENGTH)

    with pytest.raises(LeaseLost, match="taken by another"):
        ledger.commit(facts(league="x"), lease=mine)
    assert ledger.facts() == {}


def test_a_commit_renews_the_lease_that_it_is_made_under(ledger: Ledger) -> None:
    mine = ledger.take_lease("controller", "one", now=NOW, length=LENGTH)
    assert mine is not None

    ledger.commit(facts(league="x"), lease=dataclasses.replace(mine, until=NOW + 3 * LENGTH))

    assert ledger.take_lease("controller", "two", now=NOW + 2 * LENGTH, length=LENGTH) is None


def test_a_holder_that_takes_its_lease_again_fences_what_it_was_before(ledger: Ledger) -> None:
    before = ledger.take_lease("controller", "one", now=NOW, length=LENGTH)
    after = ledger.take_lease("controller", "one", now=NOW, length=LENGTH)

    ledger.commit(facts(league="x"), lease=after)
    with pytest.raises(LeaseLost):
        ledger.commit(facts(league="y"), lease=before)
    assert ledger.facts() == {"league": "x"}


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_of_many_who_ask_at_once_one_gets_the_lease(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    target = tmp_path / "ledger.db" if engine == "sqlite" else fresh(request.getfixturevalue("server"))
    Ledger(target).close()
    together = Barrier(4)

    def ask(name: str) -> bool:
        ledger = Ledger(target)
        together.wait()
        try:
            return ledger.take_lease("controller", name, now=NOW, length=LENGTH) is not None
        except LedgerError:  # somebody else was writing: it is asked again at the next tick
            return False
        finally:
            ledger.close()

    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(ask, ["one", "two", "three", "four"]))

    assert sum(got) == 1


def test_a_released_lease_is_free_at_once(ledger: Ledger) -> None:
    mine = ledger.take_lease("controller", "one", now=NOW, length=LENGTH)
    assert mine is not None

    ledger.release_lease(mine, now=NOW)

    assert ledger.take_lease("controller", "two", now=NOW, length=LENGTH) is not None


def test_a_waiver_holds_until_it_ends_or_is_revoked(ledger: Ledger) -> None:
    row = {"league": "x", "output": "o", "day": NOW.date(), "input": "i", "by": "me", "reason": "why", "made_at": NOW}
    first = ledger.add("waivers", row | {"until": NOW + LENGTH})
    second = ledger.add("waivers", row | {"until": NOW + 2 * LENGTH})

    assert [found.id for found in ledger.of("x").live_waivers(NOW)] == [first, second]
    assert [found.id for found in ledger.of("x").live_waivers(NOW + LENGTH)] == [second]
    assert ledger.of("y").live_waivers(NOW) == []
    assert ledger.revoke_waiver(second, now=NOW)
    assert not ledger.revoke_waiver(second, now=NOW)
    assert [found.id for found in ledger.of("x").live_waivers(NOW)] == [first]


def test_of_what_is_owed_in_some_states_the_first_due_is_given_whenever_it_is_asked(ledger: Ledger) -> None:
    days = [NOW.date() + timedelta(days=n) for n in range(3)]
    batch, records = Batch(), ledger.of("nba")
    for day, state, hours in zip(days, ("proven", "waiting", "running"), (1, 3, 2), strict=True):
        batch.add("obligations", owed("digest", state, day=day, due_at=NOW + timedelta(hours=hours)))
    assert records.first_due("digest", states=["waiting", "running"]) is None
    ledger.commit(batch)

    first = records.first_due("digest", states=["waiting", "running"])
    within = records.within(days[0], days[1]).first_due("digest", states=["waiting", "running"])

    assert first is not None
    assert within is not None
    assert (first.day, within.day) == (days[2], days[1])
    assert [one.day for one in records.obligations(states=["waiting", "running"])] == [days[2], days[1]]


def test_what_was_last_told_as_late_is_known_with_when_any_of_it_came_then(ledger: Ledger) -> None:
    late, batch = ("x", "late", NOW.date()), Batch()
    told = (((*late[:1], "never", late[2]), "old", 0), (late, "old", 0), (late, "new", 2))
    for where, cause, after in told:
        batch.add(
            "findings", finding(where, "obligation_is_met", cause, Severity.ERROR, "late", now=NOW + after * HOUR)
        )
    for unit, after in (("one", 1), ("two", 4), ("three", 3)):
        row = {"league": "x", "output": "late", "day": late[2], "unit": unit, "run_id": 1, "due_at": NOW}
        batch.add("arrivals", row | {"first_at": NOW + after * HOUR})
    ledger.commit(batch)

    blames = ledger.load("x").blames

    found = {(blame["output"], blame["cause"], blame["met_at"]) for blame in blames}
    assert found == {("late", "new", NOW + 3 * HOUR), ("never", "old", None)}


def test_a_text_of_any_length_is_kept(ledger: Ledger) -> None:
    """A store that cuts texts off, or refuses them, would fail a whole tick for one long name from outside."""
    long = "days without games more than usual, " * 20
    batch = facts()
    measured = {"league": "x", "day": NOW.date(), "check": long, "status": "ok", "severity": 0, "value": 0.0}
    batch.add(
        "measured",
        measured
        | {"required": 0.0, "measure": long, "failing": "[]", "note": "", "cause": long, "at": NOW, "took_ms": 0.0},
    )
    game = {"league": "x", "day": NOW.date(), "game_id": long[:400], "home": long, "away": long, "starts_at": NOW}
    batch.add("games", game | {"status": long, "evidence": long, "first_seen_at": NOW, "changed_at": NOW})
    ledger.commit(batch)

    assert ledger.rows(text("SELECT measure FROM measured")) == [{"measure": long}]
    assert ledger.rows(text("SELECT home FROM games")) == [{"home": long}]


def test_a_ledger_of_the_schema_that_had_lengths_loses_them(server: str) -> None:
    uri = fresh(server)
    Ledger(uri).close()
    engine = create_engine(uri)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE measured ALTER COLUMN measure TYPE varchar(32)"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0010'"))
    engine.dispose()

    ledger = Ledger(uri)
    kept = ledger.rows(text("SELECT data_type FROM information_schema.columns WHERE column_name = 'measure'"))
    ledger.close()

    assert kept == [{"data_type": "text"}]


@pytest.mark.parametrize("nth", [1, 12, 25, 40])
def test_an_upgrade_that_was_killed_is_done_again(tmp_path: Path, nth: int) -> None:
    path = tmp_path / "ledger.db"
    assert killed_while_migrating(path, nth)

    ledger = Ledger(path)
    ledger.commit(facts(league="x"))

    assert ledger.facts() == {"league": "x"}
    ledger.close()


def test_what_cannot_be_read_is_a_ledger_error_and_the_next_read_works(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="could not be read") as found:
        ledger.rows(text("SELECT * FROM no_such_table"))

    assert "[SQL" not in str(found.value)  # what the engine says, and not the statement
    assert ledger.rows(text("SELECT 1 AS one")) == [{"one": 1}]


@pytest.mark.parametrize("make", [Ledger, partial(AlertStore, create=True)], ids=["ledger", "alerts"])
def test_who_makes_a_store_at_the_same_time_as_others_finds_it_made(
    target: Path | str, make: Callable[..., Held]
) -> None:
    together = Barrier(3)

    def begin(_n: int) -> None:
        together.wait()
        make(target).close()

    with ThreadPoolExecutor(3) as pool:
        made = list(pool.map(begin, range(3)))

    assert len(made) == 3
