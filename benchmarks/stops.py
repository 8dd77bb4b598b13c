"""Stops of days, replayed with the judge on the simulated clock; and three real processes, each of which is stopped in turn.

`python -m benchmarks.stops`
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from sqlalchemy import select

from benchmarks.pieces import Pieces
from tipoff.app.loop import AHEAD, replay
from tipoff.app.watching import Watch
from tipoff.core.clock import RealClock, SimClock, pause, stopwatch
from tipoff.core.errors import PipelineError
from tipoff.core.severity import Severity
from tipoff.drills.faults.files import read_faults
from tipoff.drills.instance import drill_instance
from tipoff.engine.plan import opening_of
from tipoff.leagues.nba.league import NBA, sample_season
from tipoff.leagues.nba.world.sample import SampleNba
from tipoff.ledger import watching
from tipoff.ledger.alerts import AlertStore, read_other
from tipoff.watch.incidents import TOLD_FROM, teller_of

ERROR_AFTER, CRITICAL_AFTER = timedelta(hours=2), timedelta(hours=6)
STOPS: Mapping[str, Mapping[str, Any]] = {
    "45 h without a decision": {
        "cause": "controller",
        "hours": 45,
        "days": 7,
        "fault": {"kind": "controller", "how": "stopped", "from": "day 2 23:00", "to": "day 4 20:00"},
    },
    "169 h of decisions without executions": {
        "cause": "executor",
        "hours": 169,
        "days": 12,
        "fault": {"kind": "executor", "how": "drop", "from": "day 3 09:00", "to": "day 10 10:00"},
    },
    "16 days without a decision, and nobody answers": {
        "cause": "controller",
        "hours": 16 * 24,
        "days": 21,
        "fault": {"kind": "controller", "how": "stopped", "from": "day 2 23:00", "to": "day 18 23:00"},
    },
}


def stop(name: str) -> dict[str, Any]:
    """Replay one stop on the sample league with the watchers on; returns what was told of its cause, and when."""
    said = STOPS[name]
    season = sample_season(said["days"])
    faults = read_faults([said["fault"]], season.first_day)
    world = SampleNba(first_day=season.first_day, days=said["days"], season=season.name, faults=faults)
    clock = SimClock(opening_of(NBA, season, season.first_day))
    with tempfile.TemporaryDirectory() as folder:
        stage, outages, watch = drill_instance(Path(folder), NBA, season, world, clock, faults, checks=True)
        until = clock.now() + timedelta(days=said["days"] + 3)
        try:
            replay(stage, clock, until=until, progress=lambda _: None, outages=outages, look=watch.look)
            incidents = _incidents(Path(folder))
        finally:
            watch.close()
            stage.close()
    return _judged(said, faults[0].begin, watch, incidents)


def _incidents(home: Path) -> list[str]:
    found = []
    for path, by in ((home / "ledger.db", "monitor"), (home / "sentinel.db", "sentinel")):
        store = AlertStore(path)
        found += [row["cause"] for row in store.rows(select(watching.incidents)) if teller_of(row["told_by"]) == by]
        store.close()
    return found


def _judged(said: Mapping[str, Any], begin: datetime, watch: Watch, incidents: list[str]) -> dict[str, Any]:
    messages = [(at, message) for at, message in watch.messages if message.kind != "digest"]
    told = {
        level: next((at for at, m in messages if m.severity >= level), None) for level in (TOLD_FROM, Severity.CRITICAL)
    }
    after = {level: (at - begin).total_seconds() / 3600 if at else None for level, at in told.items()}
    digests = [(at, message) for at, message in watch.messages if message.kind == "digest"]
    return {
        "cause": said["cause"],
        "hours": said["hours"],
        "error_after_h": after[TOLD_FROM],
        "critical_after_h": after[Severity.CRITICAL],
        "look_h": AHEAD.total_seconds() / 3600,
        "in_time": _within(told[TOLD_FROM], begin + ERROR_AFTER)
        and _within(told[Severity.CRITICAL], begin + CRITICAL_AFTER),
        "incidents": incidents,
        "messages": [f"{at:%m-%d %H:%M} {m.severity.name} {m.kind}: {m.title}" for at, m in messages],
        "digests": len(digests),
    }


def _within(at: datetime | None, due: datetime) -> bool:
    return at is not None and at <= due + AHEAD


def unacknowledged() -> dict[str, Any]:
    """Let a source be gone for 16 days and nobody answer: the incident's messages, and the digests that name it."""
    days = 22
    season = sample_season(days)
    told = {
        "kind": "http",
        "how": "status",
        "status": 503,
        "url": "PlayerOrTeam=P",
        "from": "day 2 09:00",
        "to": "day 18 09:00",
    }
    faults = read_faults([told], season.first_day)
    world = SampleNba(first_day=season.first_day, days=days, season=season.name, faults=faults)
    clock = SimClock(opening_of(NBA, season, season.first_day))
    with tempfile.TemporaryDirectory() as folder:
        stage, outages, watch = drill_instance(Path(folder), NBA, season, world, clock, faults)
        until = clock.now() + timedelta(days=days + 3)
        try:
            replay(stage, clock, until=until, progress=lambda _: None, outages=outages, look=watch.look)
        finally:
            watch.close()
            stage.close()
    mine = [(at, m) for at, m in watch.messages if m.kind != "digest" and "stats.nba.com" in m.title]
    opened = next(at for at, _ in mine)
    closed = next((at for at, m in mine if m.kind == "closed"), clock.now())
    digests = [(at, m) for at, m in watch.messages if m.kind == "digest" and opened < at < closed]
    return {
        "open_days": round((closed - opened).total_seconds() / 86400, 1),
        "messages": [f"{at:%m-%d %H:%M} {m.severity.name} {m.kind}: {m.title}" for at, m in mine],
        "escalations": sum(m.kind == "escalated" for _, m in mine),
        "digests_while_open": len(digests),
        "digests_that_name_it": sum(any("stats.nba.com" in line for line in m.lines) for _, m in digests),
    }


# --- three processes

SHORT = {
    "TIPOFF_TICK_EVERY_S": "0.5",
    "TIPOFF_LOOK_EVERY_S": "0.5",
    "TIPOFF_SILENCE_WARN_MIN": "0.1",
    "TIPOFF_SILENCE_ERROR_MIN": "0.2",
    "TIPOFF_SILENCE_CRITICAL_MIN": "0.6",
    "TIPOFF_WATCHER_SILENT_MIN": "0.2",
}


@contextmanager
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Run an HTTP server that keeps what is posted to it; yields its address and what it has."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"slackhook+http://127.0.0.1:{server.server_port}/hook", got
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def sides(home: Path, url: str, short: Mapping[str, str] = SHORT) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run controller, monitor and sentinel as processes of a home, with short thresholds, until the block ends."""
    environment = (
        dict(os.environ) | dict(short) | {"TIPOFF_HOME": str(home), "TIPOFF_NOTIFY_URL": url, "TIPOFF_WORLD": "sample"}
    )
    commands = {
        "controller": ("up", "nba", "--no-monitor", "--no-web"),
        "monitor": ("monitor", "nba"),
        "sentinel": ("sentinel", "nba"),
    }
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in commands.items():
            with (home.parent / f"{name}.log").open("wb") as log:
                running[name] = subprocess.Popen(
                    [sys.executable, "-m", "tipoff", *command], env=environment, stdout=log, stderr=log, cwd=home.parent
                )
            if name == "controller":
                _wait(lambda: _beats(home / "ledger.db", "controller nba"), "the controller did not show itself")
        _wait(lambda: _beats(home / "ledger.db", "monitor nba"), "the monitor did not show itself")
        _wait(lambda: _beats(home / "sentinel.db", "sentinel"), "the sentinel did not show itself")
        yield running
    finally:
        for process in running.values():
            process.send_signal(signal.SIGTERM)
        for process in running.values():
            process.wait(timeout=30)


def _wait(is_so: Callable[[], bool], otherwise: str) -> None:
    began = stopwatch()
    while not is_so():
        if stopwatch() - began > 600:
            msg = f"{otherwise} within ten minutes"
            raise TimeoutError(msg)
        pause(timedelta(milliseconds=200))


def _beats(store: Path, name: str) -> bool:
    try:
        return store.exists() and name in read_other(store, RealClock().now())[1]
    except PipelineError:
        return False


def _is_calm(home: Path, side: str) -> bool:
    """Whether nobody tells that `side` is missing: what stands open already would be taken for what is proven."""
    return not any(
        incident.is_open and incident.cause == side
        for store in (home / "ledger.db", home / "sentinel.db")
        for incident in read_other(store, RealClock().now())[0]
    )


def three_processes() -> dict[str, Any]:
    """Start the three sides with thresholds of seconds, stop each in turn, and return who told of it, after how long."""
    found: dict[str, Any] = {"thresholds_s": 60 * float(SHORT["TIPOFF_SILENCE_ERROR_MIN"])}
    with tempfile.TemporaryDirectory() as folder, receiver() as (url, got):
        home = Path(folder) / "home"
        with sides(home, url):
            for side in ("controller", "monitor", "sentinel"):
                _wait(lambda side=side: _is_calm(home, side), f"nobody said that the {side} is there")  # type: ignore[misc]
                command = [sys.executable, "-m", "tipoff", "prove-alive", "nba", side, "--within", "90", "--json"]
                environment = dict(os.environ) | SHORT | {"TIPOFF_HOME": str(home)}
                done = subprocess.run(
                    command, env=environment, capture_output=True, text=True, check=False, timeout=150
                )
                found[side] = json.loads(done.stdout) if done.stdout else {"after_s": None, "error": done.stderr}
        found["messages"] = [message["text"] for message in got]
    return found


def _missed(found: Mapping[str, Any]) -> list[bool]:
    """Return for each side whether another told that it was missing."""
    return [found[side].get("after_s") is not None for side in ("controller", "monitor", "sentinel")]


def stops() -> tuple[bool, dict[str, Any]]:
    """Measure all of it: each stop is told in time and once, nobody's silence goes unanswered, and each side is missed."""
    pieces = Pieces("stops")
    replayed = {name: pieces.once(name, partial(stop, name)) for name in STOPS}
    silent = pieces.once("unacknowledged", unacknowledged)
    sides_ = pieces.once("three processes", three_processes, holds=lambda found: all(_missed(found)))
    ok = (
        all(found["in_time"] and found["incidents"] == [found["cause"]] for found in replayed.values())
        and all(" closed: " in found["messages"][-1] for found in (*replayed.values(), silent))
        and silent["escalations"] >= 1
        and silent["digests_that_name_it"] == silent["digests_while_open"] > 0
        and all(_missed(sides_))
    )
    return ok, replayed | {"unacknowledged": silent, "three processes": sides_}


if __name__ == "__main__":
    print(json.dumps(stops(), indent=1))
