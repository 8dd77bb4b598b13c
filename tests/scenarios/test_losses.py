"""What others do to the stores: rows, documents and whole files that are gone or changed are told as one thing and made again."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from tests.samples import Samples
from tests.support import ledger_rows, proofs, published, sample_spec, tipoff

from tipoff.app.chores import AtOnce
from tipoff.app.instance import Instance, clock_of
from tipoff.app.loop import Works, replay
from tipoff.app.parts import Hook, Parts
from tipoff.app.recounts import Recounts
from tipoff.app.replay import end_of
from tipoff.config import Settings
from tipoff.core.clock import Clock, SimClock
from tipoff.core.home import Home
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Ledger
from tipoff.ledger.stores import lost_files
from tipoff.store.duck import DuckWarehouse

DAYS = 2
ARGUMENTS = ("replay", "nba", f"sample:{DAYS}", "--world", "sample", "--watch")


@pytest.fixture(scope="session")
def whole(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which some days were replayed under the watch."""
    return samples.copy(DAYS, tmp_path_factory.mktemp("whole") / "home", watched=True)


def rows(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of the warehouse, without what tells when it was made."""
    found = {}
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
        tables = warehouse.execute(
            "SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema LIKE 'nba_%'"
            " AND table_schema <> 'nba_published'"  # what checks see of the documents, no table of its own
        ).fetchall()
        for (table,) in tables:
            names = [
                name
                for name, *_ in warehouse.execute(f"DESCRIBE {table}").fetchall()
                if name not in {"_run", "known_at"}
            ]
            shown = ", ".join(f"{name}::VARCHAR" for name in names)
            every = warehouse.execute(f"SELECT {shown} FROM {table}").fetchall()  # noqa: S608 -- a test's
            found[table] = sorted(every, key=str)
    return found


def sql(statement: str) -> Callable[[Path], None]:
    def change(home: Path) -> None:
        with duckdb.connect(str(home / "warehouse.duckdb")) as warehouse:
            assert warehouse.execute(statement).fetchall()[0][0]

    return change


def without_the_warehouse(home: Path) -> None:
    (home / "warehouse.duckdb").unlink()


def documents(home: Path, kind: str) -> list[Path]:
    return sorted((home / "published").glob(f"*/published_predictions/*.{kind}"))


def without_a_document(home: Path) -> None:
    documents(home, "json")[-1].unlink()


def without_a_parquet_file(home: Path) -> None:
    documents(home, "parquet")[-1].unlink()


def with_another_number(home: Path) -> None:
    path = documents(home, "json")[-1]
    document = json.loads(path.read_text())
    first = next(row for row in document["rows"] if any(isinstance(value, float) for value in row.values()))
    name = next(name for name, value in first.items() if isinstance(value, float))
    first[name] += 1
    path.write_text(json.dumps(document))


def without_published(home: Path) -> None:
    shutil.rmtree(home / "published")


CHANGES: dict[str, Callable[[Path], None]] = {
    "box scores of a day": sql(
        "DELETE FROM nba_raw.nba_player_boxscores WHERE day = (SELECT min(day) FROM nba_raw.nba_player_boxscores)"
    ),
    "some lines, after their games": sql(
        "DELETE FROM nba_raw.player_lines WHERE day = (SELECT max(day) FROM nba_raw.player_lines) AND book = 'bookone'"
    ),
    "features and grades": sql("DELETE FROM nba_features.player_features"),
    "the warehouse": without_the_warehouse,
    "a document": without_a_document,
    "a Parquet file": without_a_parquet_file,
    "a number in a document": with_another_number,
    "all that is published": without_published,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_what_is_lost_is_told_as_one_incident_and_made_again_as_it_was(
    whole: Path, tmp_path: Path, change: Callable[[Path], None]
) -> None:
    home = tmp_path / "home"
    shutil.copytree(whole, home)
    proven, stood, documents_before = proofs(home), rows(home), published(home)
    n_incidents = len(ledger_rows(home, "incidents"))
    change(home)

    done = tipoff(*ARGUMENTS, home=home)

    assert done.returncode == 0, done.stdout + done.stderr
    assert rows(home) == stood
    assert published(home) == documents_before
    assert len(documents(home, "parquet")) == len(documents_before)
    assert proofs(home) == proven
    new = ledger_rows(home, "incidents")[n_incidents:]
    assert [incident["cause"] for incident in new] == ["store"]
    told = [row for row in ledger_rows(home, "findings") if row["check"] == "store_has_what_is_proven"]
    assert told


def recount_all(instance: Instance, works: Works, now: datetime) -> None:
    """Recount every slate and the documents of a running home, and let what is found be made again."""
    recounts = Recounts(NBA, instance, AtOnce())
    for _ in range(len(instance.proven()) + 3):
        recounts.look(now)
    works.tick(now)
    works.rest(now)
    instance.close()


def test_a_ledger_that_was_lost_and_one_of_two_homes_that_share_a_warehouse_are_told(
    samples: Samples, tmp_path: Path
) -> None:
    home, other = samples.copy(1, tmp_path / "home"), tmp_path / "other"
    other.mkdir()
    (other / "warehouse.duckdb").symlink_to(home / "warehouse.duckdb")
    unknown = "ledger_knows_its_stores"

    for seed in ("9", "10"):
        tipoff("replay", "nba", "sample:1", "--world", "sample", "--seed", seed, "--watch", home=other)
        assert [row["cause"] for row in ledger_rows(other, "findings") if row["check"] == unknown] == ["store"]
        (other / "ledger.db").rename(other / "lost.db")
    assert [row for row in ledger_rows(home, "findings") if row["check"] == unknown] == []
    tipoff("replay", "nba", "sample:1", "--world", "sample", home=home)

    [row] = [row for row in ledger_rows(home, "findings") if row["check"] == unknown]
    assert "another home works in these stores" in row["note"]


def test_what_is_only_surveyed_takes_nothing_from_what_the_next_start_tells_of_an_older_ledger(
    whole: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(whole, home)
    with closing(sqlite3.connect(home / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE numbers SET last = 1 WHERE name = 'runs'")
    spec = sample_spec(DAYS)
    clock = clock_of(Home(home), spec)
    instance = Instance(Settings(home=home), spec, clock)
    unknown = "ledger_knows_its_stores"

    instance.controller().survey(clock.now())
    surveyed = [row for row in ledger_rows(home, "findings") if row["check"] == unknown]
    instance.controller().start(clock.now())
    instance.close()

    assert surveyed == []
    assert [row["cause"] for row in ledger_rows(home, "findings") if row["check"] == unknown] == ["store"]


def test_a_running_home_finds_values_that_another_hand_has_changed_by_recounting(whole: Path, tmp_path: Path) -> None:
    """As many rows as before: no count shows it. One slate a look, documents too, until all has been counted."""
    home = tmp_path / "home"
    shutil.copytree(whole, home)
    spec = sample_spec(DAYS)
    clock = clock_of(Home(home), spec)
    instance = Instance(Settings(home=home), spec, clock)
    works, now = instance.open(), clock.now()
    works.start(now)
    works.tick(now)
    assert isinstance(instance.warehouse, DuckWarehouse)
    spoiled = "UPDATE nba_features.player_features SET points_avg_5 = points_avg_5 + 1"
    instance.warehouse._db.execute(spoiled)  # noqa: SLF001 -- a corruption comes in no honest way
    with_another_number(home)

    recount_all(instance, works, now)

    told = {row["output"] for row in ledger_rows(home, "findings") if row["check"] == "store_has_what_is_proven"}
    assert told == {"player_features", "published_predictions"}
    assert rows(home) == rows(whole)
    assert published(home) == published(whole)


def test_a_running_home_finds_a_document_that_is_gone_or_cannot_be_read_by_recounting(
    whole: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(whole, home)
    spec = sample_spec(DAYS)
    instance = Instance(Settings(home=home), spec, clock_of(Home(home), spec))
    works, now = instance.open(), clock_of(Home(home), spec).now()
    works.start(now)
    works.tick(now)
    [lost] = (home / "published").glob("nba/published_predictions/*.json")
    [spoiled] = (home / "published").glob("nba/published_markets/*.json")
    kept = json.loads(lost.read_text())["rows"]
    lost.unlink()
    spoiled.write_text(spoiled.read_text()[:300])
    spoiled.with_name("copy-of-me.json").write_text("somebody's own")

    recount_all(instance, works, now)

    checks = ("store_has_what_is_proven", "documents_are_readable", "what_stands_is_recounted")
    told = [(row["check"], row["output"]) for row in ledger_rows(home, "findings") if row["check"] in checks]
    assert told == [
        ("documents_are_readable", "published_markets"),
        ("store_has_what_is_proven", "published_predictions"),
    ]
    assert json.loads(lost.read_text())["rows"] == kept


def test_documents_whose_rows_version_0_2_0_let_go_as_it_was_set_to_are_missed_by_nobody(
    whole: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(whole, home)
    [old] = documents(home, "json")
    proven, n_incidents = proofs(home), len(ledger_rows(home, "incidents"))
    left = json.loads(old.read_text()) | {"let_go": True, "rows": []}
    old.write_text(json.dumps(left))
    old.with_suffix(".parquet").unlink()

    done = tipoff(*ARGUMENTS, home=home)
    with Ledger(home / "ledger.db", read_only=True) as ledger:
        lost = lost_files(ledger, Home(home), "nba")

    assert done.returncode == 0, done.stdout + done.stderr
    assert (json.loads(old.read_text()), proofs(home), lost) == (left, proven, [])
    assert len(ledger_rows(home, "incidents")) == n_incidents


class Sleeper(Parts):
    """A machine that sleeps for 13 hours just before a document is put in its place, once."""

    def __init__(self) -> None:
        self.replaced: list[datetime] = []
        self._slept = False

    def hook(self, clock: Clock, at: Hook) -> Hook:
        """Sleep once, and note when documents are put in their place."""

        def point(name: str) -> None:
            if name == "before rename" and not self._slept and isinstance(clock, SimClock):
                self._slept = True
                clock.sleep(timedelta(hours=13))
            if name == "after rename":
                self.replaced.append(clock.now())
            at(name)

        return point


def test_nothing_is_put_in_its_place_after_its_start_though_the_machine_slept_just_before(tmp_path: Path) -> None:
    home, spec, parts = tmp_path / "home", sample_spec(3), Sleeper()
    home.mkdir()
    clock = clock_of(Home(home), spec)
    instance = Instance(Settings(home=home), spec, clock, parts=parts)
    replay(instance, clock, until=end_of(spec), progress=lambda _: None)
    instance.close()

    starts = {row["game_id"]: row["starts_at"] for row in ledger_rows(home, "games")}
    [refused, *_] = [row for row in ledger_rows(home, "runs") if row["state"] == "failed"]
    of_day = [path for path in documents(home, "json") if path.stem == str(refused["day"])]
    shown = {row["game_id"] for path in of_day for row in json.loads(path.read_text())["rows"]}
    assert "closed while the file was being written" in refused["error"]
    assert all(starts[game] > min(parts.replaced) for game in shown)
    assert documents(home, "json")
