"""Stores that have lost what is proven, in a home without a controller: told by every command, and none exits with 0."""

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from tests.samples import Samples
from tests.support import ledger_rows, tipoff

from tipoff.core.home import Home
from tipoff.core.schema import Phase
from tipoff.leagues.catalog import CONTENTS
from tipoff.ledger import Ledger
from tipoff.ledger.stores import PUBLISHED, lost_files

DAYS = 2
AGAIN = ("replay", "nba", f"sample:{DAYS}", "--world", "sample", "--watch")


@pytest.fixture(scope="session")
def ended(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose replay has ended; nobody may change it."""
    return samples.copy(DAYS, tmp_path_factory.mktemp("ended") / "home", watched=True)


@pytest.fixture
def home(samples: Samples, tmp_path: Path) -> Path:
    """A home whose replay has ended."""
    return samples.copy(DAYS, tmp_path / "home", watched=True)


def document(home: Path, kind: str = "json") -> Path:
    [path] = home.glob(f"published/nba/published_predictions/*.{kind}")
    return path


def warehouse(home: Path) -> Path:
    return home / "warehouse.duckdb"


def gone(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("elsewhere"))


LOST: dict[str, tuple[Callable[[Path], Path], Callable[[Path], None], str]] = {
    "warehouse gone": (warehouse, gone, "warehouse.duckdb is gone"),
    "warehouse empty": (warehouse, empty, "warehouse.duckdb is empty"),
    "warehouse a folder": (warehouse, folder, "warehouse.duckdb is no file"),
    "document gone": (document, gone, ".json is gone"),
    "document a folder": (document, folder, ".json is no file"),
    "document a link to nothing": (document, link_to_nothing, ".json is gone"),
    "Parquet gone": (lambda home: document(home, "parquet"), gone, ".parquet is gone"),
}


@pytest.mark.parametrize(("file", "lose", "said"), LOST.values(), ids=LOST.keys())
def test_a_lost_file_is_told_by_status_first_and_by_doctor_sentinel_and_reconcile(
    home: Path, file: Callable[[Path], Path], lose: Callable[[Path], None], said: str
) -> None:
    lose(file(home))

    status, doctor = tipoff("status", home=home), tipoff("doctor", home=home)
    sentinel, reconcile = tipoff("sentinel", "nba", "--once", home=home), tipoff("check", "reconcile", "nba", home=home)

    assert [done.returncode for done in (status, doctor, sentinel, reconcile)] == [1, 1, 1, 1]
    assert said in status.stdout.splitlines()[2]
    assert "is made anew" in status.stdout.splitlines()[2]
    assert "NOT complete" in status.stdout
    assert said in next(line for line in doctor.stdout.splitlines() if line.startswith("WRONG stores"))
    assert said in sentinel.stdout
    assert "stores_have_what_is_proven" in reconcile.stdout
    assert not any("Traceback" in done.stderr for done in (status, doctor, sentinel, reconcile))


def test_what_status_says_to_do_makes_a_lost_warehouse_anew(home: Path) -> None:
    warehouse(home).unlink()
    before = tipoff("status", home=home).returncode

    again = tipoff(*AGAIN, home=home)

    looks = (("check", "reconcile", "nba"), ("sentinel", "nba", "--once"))
    assert (before, again.returncode) == (1, 0)
    assert [tipoff(*look, home=home).returncode for look in looks] == [0, 0]
    # its incident is open: the clock of a replay stands still
    assert "is complete" in tipoff("status", home=home).stdout


def spoil_document(home: Path) -> str:
    path = document(home)
    held = json.loads(path.read_text())
    name = next(name for name, value in held["rows"][0].items() if isinstance(value, float))
    held["rows"][0][name] += 1
    path.write_text(json.dumps(held))
    return "published_predictions"


def changed(statement: str, output: str) -> Callable[[Path], str]:
    def change(home: Path) -> str:
        with duckdb.connect(str(warehouse(home))) as database:
            database.execute(statement)
        return output

    return change


SPOILED = {
    "a number in a document": spoil_document,
    "a value in a table": changed("UPDATE nba_raw.player_lines SET line = line + 1", "player_lines"),
    "rows of a table": changed("DELETE FROM nba_raw.nba_player_boxscores", "nba_player_boxscores"),
    "every proof": changed("DELETE FROM tipoff.proofs", "no store has anything"),
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
def test_reconcile_reads_the_stores_back_where_nobody_works(home: Path, spoil: Callable[[Path], str]) -> None:
    said = spoil(home)

    done = tipoff("check", "reconcile", "nba", home=home)

    assert done.returncode == 1
    assert said in done.stdout


def test_doctor_reads_the_documents_back(home: Path) -> None:
    quiet = tipoff("doctor", home=home)
    spoil_document(home)

    done = tipoff("doctor", home=home)

    assert "ok    stores: every file that is proven is there" in quiet.stdout
    assert done.returncode == 1
    assert "WRONG stores: published_predictions of 2030-" in done.stdout
    assert "does not hold the rows that its own proof names" in done.stdout


def test_doctor_reads_the_archive_back(home: Path) -> None:
    whole = tipoff("doctor", home=home)
    cut, turned, *_ = sorted((home / "archive").glob("??/*.json.gz"))
    cut.write_bytes(cut.read_bytes()[:-9])
    content = bytearray(turned.read_bytes())
    content[len(content) // 2] ^= 1
    turned.write_bytes(content)

    spoilt = tipoff("doctor", home=home)

    assert (whole.returncode, "payloads are as received" in whole.stdout) == (0, True)
    assert (spoilt.returncode, f"{cut.name[:64]}, {turned.name[:64]}: not as received" in spoilt.stdout) == (1, True)


def test_a_question_to_a_home_without_its_warehouse_makes_no_empty_one(home: Path) -> None:
    warehouse(home).unlink()

    done = tipoff("check", "health", "nba", "--measure", home=home)

    assert (done.returncode, warehouse(home).exists()) == (1, False)
    assert "warehouse.duckdb is gone" in done.stderr


@pytest.mark.parametrize(
    "command", [("status",), ("grid", "nba"), ("doctor",), ("sentinel", "nba", "--once")], ids=" ".join
)
def test_a_ledger_that_is_gone_from_beside_its_stores_is_told_and_is_no_new_home(
    home: Path, command: tuple[str, ...]
) -> None:
    (home / "ledger.db").unlink()

    done = tipoff(*command, home=home)

    assert done.returncode == 1
    assert "gone" in done.stdout + done.stderr or "cannot be read" in done.stdout


@pytest.mark.parametrize("spoil", [empty, folder, lambda path: path.write_bytes(b"no ledger" * 999)])
def test_the_grid_of_a_ledger_that_cannot_be_read_says_what_status_says(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    (tmp_path / "ledger.db").touch()
    spoil(tmp_path / "ledger.db")

    status, grid = tipoff("status", home=tmp_path), tipoff("grid", "nba", home=tmp_path)

    assert (status.returncode, grid.returncode) == (1, 2 if spoil is empty else 1)  # there nothing was begun
    assert status.stdout.splitlines()[1].removeprefix("CRITICAL: ") in grid.stderr
    assert status.stdout.splitlines()[2] in grid.stderr


def test_no_name_is_the_name_of_no_game(home: Path) -> None:
    done = tipoff("trace", "nba", "", home=home)

    assert done.returncode == 2
    assert "no schedule in this home names the game ''" in done.stderr


def test_a_trace_says_which_of_a_games_files_are_gone(home: Path) -> None:
    game = next(row["game_id"] for row in ledger_rows(home, "games") if str(row["day"]) == document(home).stem)
    whole = tipoff("trace", "nba", game, home=home)
    document(home).unlink()

    done = tipoff("trace", "nba", game, home=home)

    assert (whole.returncode, done.returncode) == (0, 1)
    assert "LOST: published_predictions" in done.stdout


def test_files_of_another_machine_or_of_bigquery_are_not_missed_here(ended: Path, tmp_path: Path) -> None:
    with Ledger(ended / "ledger.db", read_only=True) as ledger:
        elsewhere = lost_files(ledger, Home(tmp_path, database="postgresql://host/ledger"), "nba")
        here = lost_files(ledger, Home(tmp_path), "nba")

    assert (elsewhere, len(here)) == ([], 2)


def test_the_names_of_published_outputs_tell_that_they_are_files() -> None:
    contents = CONTENTS.values()
    steps = [
        step for one in contents for steps in (one.league.steps, one.live.steps if one.live else ()) for step in steps
    ]

    assert all((step.phase is Phase.PUBLISHED) == step.name.startswith(PUBLISHED) for step in steps)
