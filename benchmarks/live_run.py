"""The live NBA as processes over real sockets, at true speed: `python -m benchmarks.live_run MINUTES [OUT [SEED]]`.

A server answers as the providers would (the sample league, today); `tipoff up` and `tipoff sentinel` run against it with
ticks of five seconds. Both are killed five times, the league's own files are gone for a fifth of the time, and the key of the
odds comes after a third.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from tipoff.config import Settings
from tipoff.core.clock import RealClock, league_day
from tipoff.ledger import Ledger, schema
from tipoff.ledger.alerts import read_incidents

PORT = 18_731
SEASON = "live"
KILLS = (0.12, 0.3, 0.47, 0.64, 0.81)
DOWN, AGAIN, KEY = 0.35, 0.55, 0.33
DAYS_BEFORE, DAYS = 3, 20


class Processes:
    """The processes of the run, each started anew when it is gone."""

    def __init__(self, folder: Path, seed: str) -> None:
        self._folder = folder
        first = league_day(RealClock().now()) - timedelta(days=DAYS_BEFORE)
        self._server = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.world_server", str(PORT), str(first), str(DAYS), SEASON, seed],
            stdout=subprocess.PIPE,
            text=True,
        )
        told = []
        assert self._server.stdout is not None  # noqa: S101 -- a pipe was asked for
        for line in self._server.stdout:
            told.append(line)
            if len(told) == 16:
                break
        (folder / "tipoff.toml").write_text("".join(told))
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")} | {
            "TIPOFF_HOME": str(folder / "home"),
            "TIPOFF_WORLD": "live",
            "TIPOFF_ODDS_API_KEY_FILE": str(folder / "key"),
            "TIPOFF_TICK_EVERY_S": "5",
            "TIPOFF_LOOK_EVERY_S": "5",
            "OMP_NUM_THREADS": "1",
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.starts: Counter[str] = Counter()

    def keep(self) -> None:
        """Start what does not run."""
        for name, words in {"up": ("up", "nba", "--no-web"), "sentinel": ("sentinel", "nba")}.items():
            if name not in self.running or self.running[name].poll() is not None:
                log = (self._folder / f"{name}.log").open("ab")
                command = [sys.executable, "-m", "tipoff", *words]
                self.running[name] = subprocess.Popen(
                    command, cwd=self._folder, env=self._environment, stdout=log, stderr=log
                )
                self.starts[name] += 1

    def kill(self) -> None:
        """Kill both without a word."""
        for process in self.running.values():
            process.send_signal(signal.SIGKILL)
            process.wait()

    def tell(self, what: str) -> None:
        """Tell the server to take a provider away (`down/HOST`) or to give it back (`again/HOST`)."""
        urllib.request.urlopen(f"http://127.0.0.1:{PORT}/{what}", timeout=5).close()

    def end(self) -> None:
        """End everything."""
        self.kill()
        self._server.kill()
        self._server.wait()


def live_run(minutes: float, folder: Path, seed: str) -> dict[str, Any]:
    """Run for so many minutes; returns what the ledger says of it."""
    clock = RealClock()
    begun, length = clock.now(), timedelta(minutes=minutes)
    processes = Processes(folder, seed)
    events = sorted(
        [(share, "kill") for share in KILLS] + [(DOWN, "down/cdn.nba.com"), (AGAIN, "again/cdn.nba.com"), (KEY, "key")]
    )
    done: list[dict[str, str]] = []
    waiting = threading.Event()
    try:
        while clock.now() - begun < length:
            processes.keep()
            share = (clock.now() - begun) / length
            while events and events[0][0] <= share:
                _, what = events.pop(0)
                done.append({"at": clock.now().isoformat(timespec="seconds"), "what": what})
                match what:
                    case "kill":
                        processes.kill()
                    case "key":
                        (folder / "key").write_text("a key")
                    case _:
                        processes.tell(what)
            waiting.wait(1)
    finally:
        processes.end()
    return {"minutes": minutes, "events": done, "starts": dict(processes.starts)} | read(
        folder / "home", begun.isoformat()
    )


def read(home: Path, begun: str) -> dict[str, Any]:
    """Return what a ledger says of its days."""
    place = Settings(home=home).place
    ledger = Ledger(place.ledger, read_only=True)
    try:
        states = Counter(
            f"{row['output']} {row['state']}"
            for row in ledger.rows(select(schema.obligations.c.output, schema.obligations.c.state))
        )
        fetched = ledger.rows(
            select(schema.fetches.c.source, schema.fetches.c.outcome, func.count().label("n")).group_by(
                schema.fetches.c.source, schema.fetches.c.outcome
            )
        )
        runs = ledger.rows(select(schema.runs.c.state, func.count().label("n")).group_by(schema.runs.c.state))
        gaps = _gaps([row["at"] for row in ledger.rows(select(schema.ticks.c.at).order_by(schema.ticks.c.at))])
        incidents = [
            {"cause": found.cause, "opened": found.opened_at.isoformat(timespec="seconds"), "open": found.is_open}
            for found in read_incidents(ledger, "nba", RealClock().now())
        ]
    finally:
        ledger.close()
    return {
        "begun": begun,
        "runs": {row["state"]: row["n"] for row in runs},
        "states": dict(sorted(states.items())),
        "fetches": {f"{row['source']}: {row['outcome']}": row["n"] for row in fetched},
        "longest_gap_s": gaps,
        "incidents": incidents,
    }


def _gaps(ticks: list[Any]) -> float:
    return max(((b - a).total_seconds() for a, b in pairwise(ticks)), default=0.0)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        found = live_run(float(sys.argv[1]), Path(made), sys.argv[3] if len(sys.argv) > 3 else "7")
    text = json.dumps(found, indent=1)
    if len(sys.argv) > 2:
        Path(sys.argv[2]).write_text(text + "\n")
    print(text)
