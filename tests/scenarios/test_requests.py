"""What needs the warehouse while a controller runs: left in the ledger, done by it, followed by whoever asked."""

import dataclasses
import json
import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from tests.live import SECOND, since_days, wait_until
from tests.support import ledger_rows, tipoff, with_step

from tipoff.app import requests
from tipoff.app.holder import lock
from tipoff.app.live import run_controllers, sample_live
from tipoff.config import Settings
from tipoff.core.clock import RealClock, Stop
from tipoff.core.errors import UsageError
from tipoff.core.league import League
from tipoff.core.step import SqlWork, Step
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Ledger
from tipoff.ledger.requests import note_request, withdraw_request

DAY = timedelta(days=1)


@contextmanager
def running(home: Path, league: League = NBA) -> Iterator[None]:
    """Run the sample league's controller until the block ends."""
    settings, stop = Settings(home=home, tick_every_s=0.3), Stop()
    lives = [dataclasses.replace(sample_live(settings, NBA, RealClock()), league=league)]
    told = {"monitored": False, "said": lambda _line: None}
    thread = threading.Thread(target=run_controllers, args=(lives, stop), kwargs=told)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=60)
    assert not thread.is_alive()


def proofs(home: Path, output: str) -> dict[date, tuple[int, str]]:
    rows = [row for row in ledger_rows(home, "proofs") if row["output"] == output]
    return {row["day"]: (row["fence"], row["step_version"]) for row in rows}


def no_request_waits(home: Path) -> bool:
    [row] = ledger_rows(home, "requests")
    return row["ended_at"] is not None and row["error"] != "" and row["taken_at"] is None


def has_schedule(home: Path, day: date) -> bool:
    return (home / "ledger.db").exists() and day in proofs(home, "player_games")


def test_while_a_controller_runs_what_needs_the_warehouse_is_asked_of_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = since_days(home, 3)
    with running(home):
        wait_until(lambda: has_schedule(home, first), 120 * SECOND)
        measured = tipoff("check", "health", "nba", "--date", str(first), "--measure", "--json", home=home)
        counted = tipoff("why", "nba", "player", str(first), home=home)
        wait_until(lambda: first + DAY in proofs(home, "grades"), 120 * SECOND)
        report = tipoff("report", "nba", "sample", "--json", home=home)
        models = tipoff("models", "nba", "sample", "--json", home=home)
        several = tipoff("explain", "nba", "a", str(first + DAY), home=home)  # more than one, each with his id
        [somebody, *_] = re.findall(r"\((\d+)\)", several.stderr)
        explained = tipoff("explain", "nba", somebody, str(first + DAY), home=home)
        dry = tipoff("backfill", "nba", f"{first}..{first}", "--dry-run", "--json", home=home)
        today = first + 3 * DAY
        refused = tipoff("backfill", "nba", f"{first}..{today}", home=home)
        unknown = tipoff("backfill", "nba", f"{first}..{first}", "--table", "nothing", home=home)
        runs = {row["id"] for row in ledger_rows(home, "runs") if row["output"] == "nba_player_boxscores"}
        used = [row["sha256"] for row in ledger_rows(home, "fetches") if row["run_id"] in runs and row["n_rows"]]
        aside = tipoff("set-aside", "nba", used[0], "--reason", "it is wrong", "--by", "ann", home=home)
        wait_until(lambda: any("set aside by ann" in row["note"] for row in ledger_rows(home, "findings")), 60 * SECOND)

    assert len(json.loads(measured.stdout)["lines"]) > 20, measured.stderr
    assert "players have last played" in counted.stdout, counted.stderr
    assert "Each market" in {one["title"] for one in json.loads(report.stdout)["sections"]}, report.stderr
    assert {one["table"] for one in json.loads(models.stdout)["models"]} == {"calibration", "shipped"}, models.stderr
    assert (several.returncode, explained.returncode) == (1, 0), explained.stderr
    assert (dry.returncode, json.loads(dry.stdout)["dry_run"]) == (0, True), dry.stderr
    assert (refused.returncode, f"{today} is not over yet" in refused.stderr) == (2, True)
    assert (unknown.returncode, "no output named" in unknown.stderr) == (2, True)
    rows = ledger_rows(home, "requests")
    assert [(row["kind"], row["error"], row["ended_at"] is not None) for row in rows] == [
        ("measure", "", True),
        ("funnel", "", True),
        ("report", "", True),
        ("models", "", True),
        ("explain", rows[4]["error"], True),
        ("explain", "", True),
        ("backfill", "", True),
        ("set aside", "", True),
    ]
    assert "made anew by the controller that is at work: nba_player_boxscores" in aside.stdout, aside.stderr


def other_possessions(step: Step) -> Step:
    assert isinstance(step.work, SqlWork)
    return dataclasses.replace(step, work=dataclasses.replace(step.work, sql=step.work.sql.replace("0.96", "0.95")))


def test_a_running_controller_makes_what_another_version_of_a_step_has_left(tmp_path: Path) -> None:
    home, output = tmp_path / "home", "team_games"
    first = since_days(home, 4)
    with running(home):
        wait_until(lambda: has_schedule(home, first), 120 * SECOND)
    before = proofs(home, output)
    with running(home, with_step(output, other_possessions)):
        wait_until(lambda: has_schedule(home, first), 60 * SECOND)
        done = tipoff("backfill", "nba", f"{first}..{first}", "--table", output, "--json", home=home)

    after, report = proofs(home, output), json.loads(done.stdout)
    assert (done.returncode, report["not_made"], report["made"]["finished"] >= 1) == (0, [], True), done.stderr
    assert after[first][1] != before[first][1]
    assert after[first][0] > before[first][0]


def test_without_a_controller_a_live_homes_past_is_not_made_and_it_says_who_makes_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = since_days(home, 3)
    settings = Settings(home=home)
    sample_live(settings, NBA, RealClock())

    with pytest.raises(UsageError, match="a live home's past days are made by it") as refused:
        requests.backfill_live(settings, NBA, (first, first), ["schedule"], dry_run=False, progress=lambda _made: None)

    assert refused.value.hint == "start it, and ask again: tipoff up nba"
    assert ledger_rows(home, "requests") == []


def test_what_nobody_takes_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    since_days(home, 3)
    settings = Settings(home=home)
    sample_live(settings, NBA, RealClock())
    monkeypatch.setattr(requests, "TAKEN_WITHIN", SECOND)

    with (
        closing(lock(settings.place)),
        pytest.raises(UsageError, match="nobody has taken request 1 within 0:00:01"),
    ):
        requests.follow(settings, requests.ask(settings, "nba", "measure", {"day": "2030-01-01"}))

    assert no_request_waits(home)


def test_a_replay_takes_no_requests_and_whoever_asks_is_told_at_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert tipoff("replay", "nba", "sample:1", "--world", "sample", home=home).returncode == 0
    settings = Settings(home=home)

    with (
        closing(lock(settings.place)),
        pytest.raises(UsageError, match="which answers nobody") as refused,
    ):
        requests.back_up(settings, tmp_path / "copy")

    assert refused.value.hint == "wait for it to end, and ask again"
    assert no_request_waits(home)


def test_a_request_is_not_waited_for_where_nobody_works_any_more(tmp_path: Path) -> None:
    home = tmp_path / "home"
    since_days(home, 3)
    settings = Settings(home=home)
    sample_live(settings, NBA, RealClock())

    with pytest.raises(UsageError, match="any more, and nobody has taken request 1") as refused:
        requests.follow(settings, requests.ask(settings, "nba", "measure", {"day": "2030-01-01"}))

    assert refused.value.hint == "ask again"
    assert no_request_waits(home)


def test_a_request_that_was_taken_in_the_meantime_is_not_taken_back(tmp_path: Path) -> None:
    home = tmp_path / "home"
    since_days(home, 3)
    settings, now = Settings(home=home), RealClock().now()
    sample_live(settings, NBA, RealClock())
    number = requests.ask(settings, "nba", "measure", {"day": "2030-01-01"})

    with Ledger(home / "ledger.db") as ledger:
        note_request(ledger, number, taken_at=now)
        is_back = withdraw_request(ledger, number, "nobody works here", now=now)

    [row] = ledger_rows(home, "requests")
    assert (is_back, row["ended_at"], row["error"]) == (False, None, "")
