"""A poison answer that was archived is set aside by a person: nothing rests on it any more, and who sends it again is told so."""

import json
import shutil
from pathlib import Path

import pytest
from tests.samples import Samples
from tests.scenarios.test_losses import rows
from tests.support import ledger_rows, published, tipoff

from tipoff.ledger import Ledger

DAYS = 2
ARGUMENTS = ("replay", "nba", f"sample:{DAYS}", "--world", "sample")
WRONG = """
[[faults]]
kind = "http"
how = "bad row"
column = "PTS"
value = 77
url = "PlayerOrTeam=P"
from = "day 1 00:00"
to = "day 9 00:00"
"""
REASON = "a man has 77 points"


@pytest.fixture(scope="module")
def whole(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.copy(DAYS, tmp_path_factory.mktemp("whole") / "home")


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which a provider's wrong values were read, archived and proven."""
    folder = tmp_path_factory.mktemp("poisoned")
    (folder / "faults.toml").write_text(WRONG)
    done = tipoff(*ARGUMENTS, "--faults", str(folder / "faults.toml"), home=folder / "home")
    assert (folder / "home" / "warehouse.duckdb").exists(), done.stderr
    return folder / "home"


def wrong_payloads(home: Path) -> list[str]:
    fetches = [row for row in ledger_rows(home, "fetches") if "playergamelog" in row["url"] or row["n_rows"] > 40]
    runs = {row["id"]: row["output"] for row in ledger_rows(home, "runs")}
    return sorted(
        {row["sha256"] for row in fetches if runs.get(row["run_id"]) == "nba_player_boxscores" and row["n_rows"]}
    )


def test_what_was_made_of_it_is_asked_anew_and_all_is_as_if_it_had_never_come(
    poisoned: Path, whole: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(poisoned, home)
    wrong = wrong_payloads(home)
    assert rows(home)["nba_raw.nba_player_boxscores"] != rows(whole)["nba_raw.nba_player_boxscores"]

    done = [tipoff("set-aside", "nba", sha[:12], "--reason", REASON, "--by", "ann", home=home) for sha in wrong]
    again = tipoff(*ARGUMENTS, home=home)

    assert [one.returncode for one in done] == [0] * len(wrong), done[0].stderr
    assert "made anew at the next start" in done[-1].stdout
    assert "nba_player_boxscores 2030-01-" in done[-1].stdout
    assert again.returncode == 0, again.stdout + again.stderr
    for table in ("nba_raw.nba_player_boxscores", "nba_analytics.player_games"):
        assert rows(home)[table] == rows(whole)[table]
    assert published(home).keys() == published(whole).keys()


def test_it_is_said_what_was_set_aside_by_whom_and_why(poisoned: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(poisoned, home)
    [sha, *_] = wrong_payloads(home)
    before = tipoff("set-aside", "nba", home=home)

    tipoff("set-aside", "nba", sha, "--reason", REASON, "--by", "ann", home=home)
    document = json.loads(tipoff("set-aside", "nba", "--json", home=home).stdout)
    tipoff(*ARGUMENTS, home=home)
    [slate] = {row["day"] for row in ledger_rows(home, "findings") if REASON in row["note"]}
    words = [
        tipoff(*command, home=home).stdout
        for command in (("status", "nba"), ("why", "nba", "nba_player_boxscores", str(slate)))
    ]

    assert "nothing is set aside" in before.stdout
    assert [one["sha256"] for one in document["aside"]] == [sha]
    for said in words:
        assert f"payload {sha[:12]} was set aside by ann" in said
        assert REASON in said


def test_what_was_an_answer_to_another_league_is_not_set_aside(poisoned: Path) -> None:
    sha = wrong_payloads(poisoned)[0]
    with Ledger(poisoned / "ledger.db") as ledger:
        ledger.keep_facts({"world": "recorded"}, league="mlb")

    done = tipoff("set-aside", "mlb", sha, "--reason", REASON, home=poisoned)

    assert (done.returncode, done.stdout) == (2, "")
    assert "was no answer to mlb, but to nba" in done.stderr
    assert not (poisoned / "archive" / "aside.jsonl").exists()


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("0" * 12, "--reason", "x"), "0 archived payloads"),
        (("../../etc", "--reason", "x"), "0 archived payloads"),
        (("SHA",), "needs a reason"),
    ],
)
def test_what_cannot_be_set_aside_is_refused_with_a_sentence(
    poisoned: Path, arguments: tuple[str, ...], hint: str
) -> None:
    sha = wrong_payloads(poisoned)[0]

    done = tipoff("set-aside", "nba", *(sha if word == "SHA" else word for word in arguments), home=poisoned)

    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert hint in done.stderr
