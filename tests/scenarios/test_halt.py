"""`tipoff halt`: a person stops a publication; shown wherever one looks, over by itself, and nobody is accused."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support import ledger_rows, sample_spec, tipoff

from tipoff.app.instance import clock_of, instance_in
from tipoff.app.loop import replay
from tipoff.app.replay import end_of
from tipoff.core.clock import midnight
from tipoff.core.home import Home
from tipoff.core.severity import Severity

OUTPUT, DAYS = "published_predictions", 3
SPEC = sample_spec(DAYS)
FIRST = SPEC.days[0]
HALTED, AFTER = FIRST + timedelta(days=1), FIRST + timedelta(days=2)


def replay_until(home: Path, until: datetime) -> None:
    home.mkdir(exist_ok=True)
    clock = clock_of(Home(home), SPEC)
    stage = instance_in(home, SPEC, clock)
    try:
        replay(stage, clock, until=until, progress=lambda _: None)
    finally:
        stage.close()


def document(home: Path, day: date) -> Path:
    return home / "published" / "nba" / OUTPUT / f"{day}.json"


def states(home: Path, day: date) -> dict[str, Any]:
    rows = ledger_rows(home, "obligations")
    return {row["output"]: row for row in rows if row["day"] == day}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose clock stands in the second day's early morning."""
    home = tmp_path_factory.mktemp("halted") / "home"
    replay_until(home, midnight(HALTED) + timedelta(hours=3))
    return home


def halt(home: Path, *options: str) -> Any:
    return tipoff("halt", "nba", *options, home=home)


def test_a_halt_is_made_with_a_reason_and_an_end_that_lies_ahead(home: Path) -> None:
    for options, said in (
        ((OUTPUT, "--reason", "wrong lines"), "needs an end that lies ahead"),
        ((OUTPUT, "--reason", "wrong lines", "--until", f"{FIRST}T12:00"), "is over: this home's clock stands at"),
        ((OUTPUT, "--until", "2031-01-01T12:00"), "needs a reason"),
        ((OUTPUT, "--reason", "x", "--until", "9999-12-31T23:59"), "nothing is said for ever"),
        (("predictions", "--reason", "x", "--until", "2031-01-01T12:00"), "is not published"),
        ((OUTPUT, "--end"), "is not halted"),
    ):
        refused = halt(home, *options)
        assert (refused.returncode, said in refused.stderr) == (2, True), refused.stderr
    assert f"name one: --until {HALTED + timedelta(days=1)}T18:00" in halt(home, OUTPUT, "--reason", "wrong").stderr


def test_while_it_is_halted_nothing_is_published_and_afterwards_it_goes_on_by_itself(home: Path) -> None:
    made = halt(home, "--reason", "wrong lines", "--until", f"{AFTER}T12:00", "--by", "ada")
    assert (made.returncode, "every publication is halted by ada until" in made.stdout) == (0, True), made.stderr
    shown = {name: tipoff(name, "nba", home=home).stdout for name in ("status", "digest", "halt")}
    said = f"halted by ada until {AFTER} 17:00 UTC: wrong lines"
    assert {name for name, text in shown.items() if said in text} == set(shown)
    assert halt(home, "--json").returncode == 3

    replay_until(home, end_of(SPEC))

    assert not document(home, HALTED).exists()
    assert states(home, HALTED)[OUTPUT]["state"] == "excused"
    assert set(json.loads(states(home, HALTED)[OUTPUT]["excused"]).values()) - {"no history"} == {said}
    assert states(home, AFTER)[OUTPUT]["state"] == "proven"
    assert min(json.loads(document(home, AFTER).read_text())["written_at"].values()) >= f"{AFTER}T17:00"
    assert [row for row in ledger_rows(home, "findings") if row["severity"] >= Severity.ERROR and not row["ok"]] == []
    assert {row["state"] for row in states(home, HALTED).values()} <= {"proven", "excused"}
    assert "halted by ada" in tipoff("why", "nba", OUTPUT, str(HALTED), home=home).stdout


def test_an_end_is_signed_and_what_is_out_says_so_itself_meanwhile(tmp_path: Path) -> None:
    home = tmp_path / "home"
    replay_until(home, midnight(HALTED) + timedelta(hours=18, minutes=30))
    until = f"{AFTER}T12:00"
    halt(home, OUTPUT, "--reason", "a late scratch", "--until", until, "--by", "ada")
    marked = json.loads(document(home, HALTED).read_text())
    shown = tipoff("predictions", "nba", str(HALTED), home=home).stdout

    ended = halt(home, OUTPUT, "--end", "--by", "bob")

    assert marked["halted"] == {"by": "ada", "reason": "a late scratch", "until": f"{AFTER}T17:00:00+00:00"}
    assert f"HALTED by ada until {AFTER} 17:00 UTC: a late scratch" in shown
    assert " predictions, last written " in shown.splitlines()[0]
    assert (ended.returncode, ended.stdout) == (0, "nothing of nba is halted\n"), ended.stderr
    assert [(row["by"], row["ended_by"]) for row in ledger_rows(home, "halts")] == [("ada", "bob")]
    assert "halted" not in json.loads(document(home, HALTED).read_text())
