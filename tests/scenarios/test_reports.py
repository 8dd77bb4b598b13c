"""`tipoff report`, `models` and `explain` on a sample home of both kinds of answers: words, JSON, one page."""

import json
from pathlib import Path

import duckdb
import pytest
from tests.samples import Samples
from tests.support import tipoff

from tipoff.leagues.nba.systems.catalog import SYSTEMS
from tipoff.ledger import Batch, Ledger

DAYS = 10


@pytest.fixture(scope="module")
def home(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.copy(DAYS, tmp_path_factory.mktemp("home"))


def test_the_report_is_one_page_and_the_same_figures_as_json_and_says_what_is_off(home: Path, tmp_path: Path) -> None:
    page, off = tmp_path / "report.html", "lines and main lines: off, TIPOFF_ODDS_API_KEY is not set"
    ledger, batch = Ledger(home / "ledger.db"), Batch()
    batch.fact("off", json.dumps([off]), league="nba")
    ledger.commit(batch)
    ledger.close()

    done = tipoff("report", "nba", "sample", "--out", str(page), "--json", home=home)

    assert done.returncode == 0, done.stderr
    found = {section["title"]: section for section in json.loads(done.stdout)["sections"]}
    assert {"Each market", "What each system adds", "Against the line", "By week", "Signs of a leak"} <= found.keys()
    assert sum(row["n"] for row in found["By role"]["rows"]) == sum(row["n"] for row in found["By month"]["rows"])
    assert {row["predicted by"] for row in found["What each system adds"]["rows"]} == {
        system.name for system in SYSTEMS
    }
    text = page.read_text()
    assert all(title in text for title in found)
    assert (off in text, json.loads(done.stdout)["off"]) == (True, [off])
    shown = {row["predicted by"]: row["own ÷ next"] for row in found["Signs of a leak"]["rows"]}
    assert all(f"{value:.4f}" in text for value in shown.values())


def test_a_report_that_cannot_be_written_names_its_file(home: Path) -> None:
    done = tipoff("report", "nba", "sample", "--out", "/dev/full", home=home)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("tipoff: /dev/full could not be written: No space left on device\n")


def test_a_season_of_which_no_lines_are_known_has_a_report(samples: Samples, tmp_path: Path) -> None:
    home = samples.copy(DAYS, tmp_path)
    with duckdb.connect(str(home / "warehouse.duckdb")) as store:
        store.execute("DELETE FROM nba_features.main_lines")

    done = tipoff("report", "nba", "sample", "--out", str(tmp_path / "r.html"), "--json", home=home)

    assert done.returncode == 0, done.stderr
    found = {section["title"]: section["rows"] for section in json.loads(done.stdout)["sections"]}
    assert found["By role"]
    assert "Chances to be over the line" not in found


def test_models_say_what_they_were_trained_on_and_who_serves(home: Path) -> None:
    words, found = tipoff("models", "nba", "sample", home=home), tipoff("models", "nba", "sample", "--json", home=home)

    rows = json.loads(found.stdout)["models"]
    newest = [row for row in rows if row["day"] == rows[0]["day"]]
    assert {row["state"] for row in newest} == {"serves"}
    assert {row["state"] for row in rows} == {"serves", "replaced"}
    assert rows[0]["trained_through"] < rows[0]["day"]
    assert "serves" in words.stdout
    shipped = [row for row in rows if row["table"] == "shipped"]
    assert [row["state"] for row in shipped] == ["serves", *["replaced"] * (len(shipped) - 1)]
    assert {row["form_model"] for row in newest} == {shipped[0]["form_model"]}
    assert "library numpy" in words.stdout


def test_a_prediction_is_explained_part_by_part(home: Path) -> None:
    path = max((home / "published" / "nba" / "published_predictions").glob("*.json"))
    row = json.loads(path.read_text())["rows"][0]

    done = tipoff("explain", "nba", str(row["player_id"]), path.stem, home=home)

    assert done.returncode == 0, done.stderr
    assert row["player_name"] in done.stdout
    assert f"quantile_regression: {row['quantile_regression']:.1f}" in done.stdout
    assert "everything else" in done.stdout


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (("report", "nba", "1999-00"), "known are: sample"),
        (("models", "nba", "1999-00"), "known are: sample"),
        (("explain", "nba", "nobody at all", "2030-01-12"), "the league's id"),
        (("explain", "nba", "a", "1999-01-01"), "known are"),
    ],
    ids=str,
)
def test_what_is_not_there_is_said_with_a_hint(home: Path, command: tuple[str, ...], hint: str) -> None:
    done = tipoff(*command, home=home)

    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert hint in done.stderr
