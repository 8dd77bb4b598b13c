"""Raw rows made anew from the archive: another parser, or rows that another hand has spoiled; nobody is asked."""

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from tests.samples import Samples
from tests.scenarios.test_losses import rows
from tests.support import ledger_rows, proofs, tipoff

from tipoff.ledger import Batch, Ledger


@pytest.fixture(scope="module")
def whole(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which some days were replayed."""
    return samples.copy(3, tmp_path_factory.mktemp("whole") / "home")


def test_raw_rows_come_out_of_the_archive_as_they_were_and_nobody_is_asked(whole: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(whole, home)
    stood, proven, n_fetches = rows(home), proofs(home), len(ledger_rows(home, "fetches"))
    days = sorted({row["day"] for row in ledger_rows(home, "games")})
    with duckdb.connect(
        str(home / "warehouse.duckdb")
    ) as warehouse:  # as many rows, and other values: no count shows it
        warehouse.execute("UPDATE nba_raw.nba_player_boxscores SET points = points + 1")
        warehouse.execute("UPDATE nba_raw.player_lines SET line = line + 1")

    done = tipoff("reparse", "nba", f"{days[0]}..{days[-1]}", "--json", home=home)

    report = json.loads(done.stdout)
    assert (done.returncode, report["not_made"]) == (0, []), done.stderr
    assert report["slates"] >= 3 * len(days)
    assert rows(home) == stood
    assert proofs(home) == proven
    assert {row["status"] for row in ledger_rows(home, "fetches")[n_fetches:]} == {200}


def test_what_is_off_for_want_of_a_key_is_made_anew_from_what_was_archived_with_it_and_stays_off(
    whole: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(whole, home)
    ledger, off = Ledger(home / "ledger.db"), Batch()
    off.fact("without player_lines", json.dumps([["1970-01-01T00:00:00+00:00", None]]), league="nba")
    ledger.commit(off)
    before = ledger.facts("nba")
    ledger.close()
    days = sorted({row["day"] for row in ledger_rows(home, "games")})

    done = tipoff("reparse", "nba", f"{days[0]}..{days[-1]}", "--output", "player_lines", "--json", home=home)

    report = json.loads(done.stdout)
    assert (report["slates"], report["not_made"]) == (len(days), []), done.stderr
    ledger = Ledger(home / "ledger.db", read_only=True)
    after = ledger.facts("nba")
    ledger.close()
    keyed = [{name: value for name, value in facts.items() if name.startswith("without ")} for facts in (before, after)]
    assert keyed[0] == keyed[1]


def test_one_output_alone_is_named_and_what_no_provider_gives_is_refused(whole: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(whole, home)
    days = sorted({row["day"] for row in ledger_rows(home, "games")})
    span = f"{days[0]}..{days[-1]}"

    words = tipoff("reparse", "nba", span, "--output", "player_lines", home=home)
    derived = tipoff("reparse", "nba", span, "--output", "grades", home=home)
    odd = tipoff("reparse", "nba", "yesterday", home=home)
    nowhere = tipoff("reparse", "nba", span, home=tmp_path / "none")

    assert words.returncode == 0, words.stderr
    assert f"{len(days)} of {len(days)} outputs made anew from the archive" in words.stdout
    assert (derived.returncode, "comes from no provider" in derived.stderr) == (2, True)
    assert (odd.returncode, "is no FROM..TO" in odd.stderr) == (2, True)
    assert nowhere.returncode == 2
