"""Live, over real sockets: what is slow delays neither the ticking nor what is quick, and instants are true."""

import itertools
import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from benchmarks.stops import SHORT
from tests.bad_steps import BAD
from tests.forks import ForkedProcess
from tests.live import SECOND, since_days, wait_until
from tests.slow_providers import Slow, asking, providers
from tests.support import begun, ledger_rows, tipoff

from tipoff.app.holder import lock
from tipoff.app.live import LiveSpec, run_controllers
from tipoff.cli.main import cli
from tipoff.config import Settings
from tipoff.core.clock import RealClock, Stop, stopwatch
from tipoff.core.errors import PipelineError, UsageError
from tipoff.core.provider import RequestLimits as Asking
from tipoff.engine.controller import Controller
from tipoff.ledger import Ledger
from tipoff.store.archive import Archive
from tipoff.watch.sentinel import SilenceLimits, judge_silence, read_facts

HANGS, DRAGS, AT_ONCE = "api.balldontlie.io", "stats.nba.com", "cdn.nba.com"


@contextmanager
def controller(spec: LiveSpec) -> Iterator[list[str]]:
    """Run a controller in a thread until the block ends; yields what it says."""
    said: list[str] = []
    stop = Stop()
    thread = threading.Thread(
        target=run_controllers, args=([spec], stop), kwargs={"monitored": False, "said": said.append}
    )
    thread.start()
    try:
        yield said
    finally:
        stop.set()
        thread.join(timeout=60)
        assert not thread.is_alive()


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[datetime, float]]:
    """The controller's ticks: when each began, and how many seconds it took."""
    found: list[tuple[datetime, float]] = []
    honest = Controller.tick

    def tick(one: Controller, now: datetime) -> int:
        began = stopwatch()
        n_runs = honest(one, now)
        found.append((now, stopwatch() - began))
        return n_runs

    monkeypatch.setattr(Controller, "tick", tick)
    return found


def proven(home: Path, output: str, day: date) -> list[datetime]:
    return [row["made_at"] for row in ledger_rows(home, "proofs") if (row["output"], row["day"]) == (output, day)]


def ended(home: Path, output: str) -> list[dict[str, Any]]:
    return [row for row in ledger_rows(home, "runs") if row["output"] == output and row["ended_at"] is not None]


@pytest.mark.parametrize(
    ("every", "drags", "hangs", "slack"),  # what shares its cores with other tests is given more
    [
        pytest.param(SECOND / 2, SECOND, 16 * SECOND, 4 * SECOND, id="scaled down"),
        pytest.param(60 * SECOND, 4 * SECOND, 60 * SECOND, SECOND, id="true to life", marks=pytest.mark.prove),
    ],
)
def test_a_provider_that_hangs_or_is_slow_delays_no_tick_and_nothing_of_the_quick_ones(  # noqa: PLR0913 -- what is slow
    tmp_path: Path,
    ticks: list[tuple[datetime, float]],
    every: timedelta,
    drags: timedelta,
    hangs: timedelta,
    slack: timedelta,
) -> None:
    home = tmp_path / "home"
    first = since_days(home, 3)
    slow = Slow(hangs={HANGS: hangs}, drags={DRAGS: drags})
    settings = Settings(home=home, tick_every_s=every.total_seconds())
    silent: list[Any] = []
    with providers(first, slow), controller(asking(settings, slow)):
        wait_until(lambda: bool(proven(home, "schedule", first)), 60 * SECOND)
        sentinel = Ledger(home / "ledger.db", read_only=True)
        limits = SilenceLimits(warn_after=every + 5 * SECOND)

        def look() -> None:
            now = RealClock().now()
            silent.extend(
                t for t in judge_silence(read_facts(sentinel, "nba", now), now, limits) if t.cause == "controller"
            )

        wait_until(lambda: bool(proven(home, "player_games", first)), 300 * SECOND + 6 * drags, look)
        wait_until(lambda: bool(ended(home, "bdl_player_boxscores")), 2 * hangs + 60 * SECOND, look)
        sentinel.close()

    begins = [at for at, _ in ticks][1:]  # the first one comes with the start, which reads the stores and imports
    gaps = [later - earlier for earlier, later in itertools.pairwise(begins)]
    assert max(gaps) <= every + slack
    assert max(seconds for _, seconds in ticks[1:]) < slack.total_seconds()
    assert silent == []
    hung = ended(home, "bdl_player_boxscores")[0]
    assert max(proven(home, "schedule", first) + proven(home, "player_games", first)) < hung["ended_at"]
    assert hung["ended_at"] - hung["started_at"] >= min(hangs, Asking().read)  # who hangs longer is not waited for
    assert hung["cpu_ms"] < 1000
    assert_known_after_the_last_byte(home, first, slow)


def assert_known_after_the_last_byte(home: Path, day: date, slow: Slow) -> None:
    last_bytes = [
        one.ended
        for one in slow.answered
        if one.host == DRAGS and f"{day:%m%%2F%d%%2F%Y}" in one.target and "PlayerOrTeam=P" in one.target
    ]
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
        query = "SELECT epoch(min(known_at)) FROM nba_raw.nba_player_boxscores WHERE day = ?"
        [(known,)] = warehouse.execute(query, [day]).fetchall()
    assert last_bytes
    assert known >= min(last_bytes).timestamp()


def test_steps_that_hang_leave_or_end_their_process_are_counted_told_and_cost_nothing_else(tmp_path: Path) -> None:
    """As `tipoff up`, a process of its own with its monitor: each attempt counts, and the rest of the day is proven."""
    home = tmp_path / "home"
    first = since_days(home, 3)
    days = [first + timedelta(days=n) for n in range(2)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
    environment |= {"TIPOFF_HOME": str(home), "TIPOFF_TICK_EVERY_S": "0.5", "TIPOFF_LOOK_EVERY_S": "0.5"}
    environment["TIPOFF_WORLD"] = "sample"

    def owed() -> set[str]:
        rows = ledger_rows(home, "obligations")
        return {row["output"] for row in rows if row["day"] in days and row["missing"] != "[]"}

    of_a_bad_step, closed_before = (
        {"box_names", "source_agreement"},
        {"odds_events", "player_lines", "line_names", "main_lines"},
    )
    process = begun("tests.bad_steps", environment=environment, cwd=tmp_path, log=tmp_path / "up.log")
    try:
        wait_until(
            lambda: (
                {row["output"] for row in ledger_rows(home, "runs") if row["state"] == "failed"} >= set(BAD)
                and all(proven(home, output, day) for output in ("player_games", "team_games") for day in days)
                and owed() - of_a_bad_step - closed_before <= set(BAD)
                and {f"step:{name}" for name in BAD[1:]} <= {row["cause"] for row in ledger_rows(home, "incidents")}
            ),
            120 * SECOND,
        )
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)

    assert code == 0, (tmp_path / "up.log").read_text()
    failed = {row["output"]: row["error"] for row in ledger_rows(home, "runs") if row["state"] == "failed"}
    assert "took longer than 2 s and was ended" in failed["quantile_regression"]
    assert "its process ended itself with code 3" in failed["calibration"]
    assert "SystemExit: nothing to read" in failed["bdl_player_boxscores"]
    assert failed.keys() == set(BAD)


def test_what_was_archived_before_a_kill_is_not_asked_again(tmp_path: Path) -> None:
    """Killed while answers are on their way and while some wait to be used; started again, it asks for the others alone."""
    home = tmp_path / "home"
    first = since_days(home, 3)
    slow = Slow(drags={DRAGS: SECOND, HANGS: SECOND, "api.the-odds-api.com": SECOND})
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
    environment |= {"TIPOFF_HOME": str(home), "TIPOFF_TICK_EVERY_S": "2", "TIPOFF_WEB_PORT": "0"}
    environment["TIPOFF_WORLD"] = "sample"
    archived: list[tuple[str, tuple[tuple[str, str], ...]]] = []
    with providers(first, slow):
        for n_answers in (6, 9, 1000):
            process = begun("tests.slow_providers", str(slow.port), environment=environment, cwd=tmp_path)
            try:
                wait_until(partial(has_answers, home, first, n_answers), 60 * SECOND)
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()
            archived = kept(home)

    assert is_whole(home, first)
    assert sorted(archived) == sorted(set(archived))
    assert {row["state"] for row in ledger_rows(home, "runs")} & {"expired", "started"}  # something was cut off


def test_a_controller_that_is_stopped_in_its_work_ends_well_and_is_no_incident(tmp_path: Path) -> None:
    """What was asked and not answered ends with it, as no failure: the next start is told of nothing."""
    home = tmp_path / "home"
    slow = Slow(hangs={HANGS: 3 * SECOND})
    with providers(since_days(home, 3), slow):
        spec = asking(Settings(home=home, tick_every_s=0.5), slow)
        for n_begun in (1, 2):
            with controller(spec):
                wait_until(partial(has_begun, home, "bdl_player_boxscores", n_begun), 60 * SECOND)

    assert {row["state"] for row in ledger_rows(home, "runs")} <= {"finished", "expired"}
    assert [row["note"] for row in ledger_rows(home, "findings") if row["check"] == "controller_ends_well"] == []


def has_begun(home: Path, output: str, times: int) -> bool:
    return [row["output"] for row in ledger_rows(home, "runs")].count(output) >= times


def kept(home: Path) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Return what the archive has answers to, in the order in which they came."""
    today = RealClock().now().date()
    return [
        (answer.request.url, answer.request.params)
        for answer in Archive(home / "archive").answers(today - timedelta(days=1), today)
    ]


def has_answers(home: Path, day: date, n_answers: int) -> bool:
    return len(kept(home)) >= n_answers or is_whole(home, day)


def is_whole(home: Path, day: date) -> bool:
    """Whether the day after games is proven, by both sources."""
    return all(bool(proven(home, output, day)) for output in ("player_games", "team_games", "source_agreement"))


# --- proving that a side is missed


def side(home: Path, *words: str) -> ForkedProcess:
    """Begin one side of the home."""
    return begun("tipoff", *words, environment=os.environ | SHORT | {"TIPOFF_HOME": str(home)}, cwd=Path.cwd())


def beat_of(home: Path, name: str) -> datetime | None:
    try:
        return {row["name"]: row["at"] for row in ledger_rows(home, "heartbeats")}.get(name)
    except PipelineError:
        return None  # it is still being made


def test_a_monitor_in_the_controllers_process_is_proved_alone_and_whoever_proves_may_be_killed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    watching, running = None, side(home, "up", "nba", "--world", "sample", "--no-web")
    try:
        wait_until(lambda: beat_of(home, "monitor nba") is not None, 120 * SECOND)
        watching = side(home, "sentinel", "nba")
        wait_until((home / "sentinel.db").exists, 60 * SECOND)

        began = RealClock().now()
        proved = tipoff("prove-alive", "nba", "monitor", "--json", home=home, **SHORT)

        assert proved.returncode == 0, (proved.returncode, proved.stdout, proved.stderr)
        assert json.loads(proved.stdout)["after_s"] < 60
        decided = [row["at"] for row in ledger_rows(home, "heartbeats") if row["name"] == "controller nba"]
        assert decided[0] - began > timedelta(seconds=json.loads(proved.stdout)["after_s"] - 2)  # it was not stopped

        killed = side(home, "prove-alive", "nba", "controller")
        wait_until(lambda: state_of(running) == "T", 60 * SECOND)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        wait_until(lambda: state_of(running) != "T", 20 * SECOND)
    finally:
        for process in (watching, running):
            if process is not None:
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGTERM)
                process.wait(timeout=60)


def state_of(process: ForkedProcess) -> str:
    """Return the letter of a process's state, as the kernel has it."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_second_controller_is_refused_before_it_says_that_it_is_live_or_blames_the_port(tmp_path: Path) -> None:
    home = tmp_path / "home"
    since_days(home, 3)

    with socket.create_server(("127.0.0.1", 0)) as taken, closing(lock(Settings(home=home).place)):
        port = str(taken.getsockname()[1])
        second = tipoff("up", "nba", "--world", "sample", home=home, TIPOFF_WEB_PORT=port)

    assert (second.returncode, second.stdout) == (2, "")
    assert f"another process works in the home {home}: process {os.getpid()}, " in second.stderr
    assert "tipoff up ends when it is stopped" in second.stderr


def test_a_monitor_of_its_own_works_beside_the_controller_and_a_second_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, looked = tmp_path / "home", list[str]()
    since_days(home, 2)
    monkeypatch.setenv("TIPOFF_HOME", str(home))
    monkeypatch.setenv("TIPOFF_WORLD", "sample")
    monkeypatch.setattr("tipoff.cli.watch.stopper", Stop)
    monkeypatch.setattr(
        "tipoff.app.monitor.run_monitor", lambda lives, *_more, **_named: looked.append(lives[0].league.name)
    )

    with closing(lock(Settings(home=home).place)):  # as the controller holds it
        cli(["monitor", "nba"], standalone_mode=False)
    with closing(lock(Settings(home=home).place, "monitor")), pytest.raises(UsageError, match="another monitor works"):
        cli(["monitor", "nba"], standalone_mode=False)

    assert looked == ["nba"]


def test_an_up_whose_log_takes_no_more_works_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = os.environ | SHORT | {"TIPOFF_HOME": str(home)}
    words = ("tipoff", "up", "nba", "--world", "sample", "--no-web")
    running = begun(*words, environment=environment, cwd=tmp_path, log=Path("/dev/full"))
    try:
        wait_until(lambda: beat_of(home, "controller nba") is not None or running.poll() is not None, 120 * SECOND)

        assert beat_of(home, "controller nba") is not None
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()


def test_a_home_that_is_moved_away_ends_what_works_in_it_and_no_ledger_is_made_in_its_place(tmp_path: Path) -> None:
    home, log = tmp_path / "home", tmp_path / "said"
    environment = os.environ | SHORT | {"TIPOFF_HOME": str(home)}
    running = begun(
        "tipoff", "up", "nba", "--world", "sample", "--no-web", environment=environment, cwd=tmp_path, log=log
    )
    try:
        wait_until(lambda: beat_of(home, "controller nba") is not None, 120 * SECOND)
        home.rename(tmp_path / "elsewhere")
        status = running.wait(timeout=60)
    finally:
        running.send_signal(signal.SIGKILL)

    assert status == 2
    assert f"{home}/ledger.db was moved, removed or replaced while it was at work" in log.read_text()
    assert not (home / "ledger.db").exists()  # an answer that was on its way may be archived
