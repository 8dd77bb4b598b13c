"""Every command's JSON is one object that says first whether all is in order, also where nothing is judged."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from tests.samples import Samples
from tests.support import tipoff

from tipoff.cli.main import cli
from tipoff.leagues.nba.league import sample_season

DAYS = 2
DAY = str(sample_season(DAYS).last_day)
SPAN = f"{sample_season(DAYS).first_day}..{DAY}"
SAMPLE = ("--world", "sample")
# What is asked of each command that takes --json.
ASKED = {
    "backfill": ("nba", f"sample:{DAYS}", *SAMPLE, "--dry-run"),
    "boundary": ("nba", DAY),
    "check health": ("nba",),
    "check reconcile": ("nba",),
    "check rules": ("nba",),
    "check transitions": ("nba",),
    "check workflow": ("nba",),
    "digest": ("nba",),
    "doctor": (),
    "drill list": (),
    "drill run": ("select-star",),
    "explain": ("nba", "PLAYER", DAY),
    "gate list": ("nba",),
    "grid": ("nba",),
    "halt": ("nba",),
    "incident list": ("nba",),
    "models": ("nba", "sample"),
    "names": ("nba",),
    "predictions": ("nba", DAY),
    "replay": ("nba", f"sample:{DAYS}", *SAMPLE),
    "replay-incident": ("HOME/ledger.db", "--league", "nba"),
    "reparse": ("nba", SPAN, "--output", "schedule"),
    "report": ("nba", "sample"),
    "scorecard": ("nba",),
    "set-aside": ("nba",),
    "sources": ("nba",),
    "status": ("nba",),
    "trace": ("nba", "GAME"),
    "why": ("nba", "published_predictions", DAY),
}
ELSEWHERE = {  # they need what is not here: BigQuery, a live provider, an incident, or a process at work
    "cost": "tests/emulator",
    "drill fuzz": "drill run's document",
    "incident show": "tests/scenarios/test_watching_commands.py",
    "prove-alive": "tests/scenarios/test_three_sides.py",
    "record": "tests/providers/test_record.py",
}


def commands(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield each command that takes --json."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, (*words, name))
    elif any("--json" in one.opts for one in command.params):
        yield " ".join(words)


@pytest.fixture(scope="module")
def home(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.copy(DAYS, tmp_path_factory.mktemp("json") / "home", watched=True)


def test_each_command_that_takes_json_is_among_those_that_are_tried() -> None:
    assert set(commands(cli)) == ASKED.keys() | ELSEWHERE.keys()


@pytest.mark.parametrize("command", sorted(ASKED))
def test_every_document_is_one_object_that_says_first_whether_all_is_in_order(home: Path, command: str) -> None:
    published = home / "published" / "nba" / "published_predictions" / f"{DAY}.json"
    row = json.loads(published.read_text())["rows"][0]
    known = {"PLAYER": str(row["player_id"]), "GAME": row["game_id"], "HOME/ledger.db": str(home / "ledger.db")}

    done = tipoff(*command.split(), *(known.get(word, word) for word in ASKED[command]), "--json", home=home)

    assert done.stdout, done.stderr
    document = json.loads(done.stdout)
    assert next(iter(document)) == "ok"
    assert document["ok"] is (done.returncode == 0)


@pytest.mark.parametrize(
    ("command", "code", "error", "hint"),
    [
        ("status mlb", 2, "mlb has never been worked on in the home", "there: nba"),
        (f"why nba nothing {DAY}", 2, "no output, game or check named 'nothing'", "did you mean"),
        ("grid", 2, "Missing argument 'LEAGUE'", "see: tipoff grid --help"),
        ("why nba schedule 2019-01-01", 2, "2019-01-01 lies in no season of nba", "known are: sample"),
        ("boundary nba 2019-01-01", 2, "2019-01-01 lies in no season of nba", "known are: sample"),
        ("gate revoke 1", 2, "No such option", "see: tipoff gate revoke --help"),
        ("nothing", 2, "No such command 'nothing'", "see: tipoff --help"),
    ],
)
def test_a_refusal_is_a_document_too(home: Path, command: str, code: int, error: str, hint: str) -> None:
    done = tipoff(*command.split(), "--json", home=home)

    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr, list(document)) == (code, "", ["ok", "error", "hint"])
    assert document["ok"] is False
    assert error in document["error"]
    assert hint in document["hint"]


def test_work_that_cannot_be_done_is_a_document_that_exits_with_one(home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "home"
    shutil.copytree(home, broken)
    (broken / "ledger.db").write_bytes(b"no ledger" * 2000)

    done = tipoff("grid", "nba", "--json", home=broken)

    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr, document["ok"]) == (1, "", False)
    assert document["error"]
