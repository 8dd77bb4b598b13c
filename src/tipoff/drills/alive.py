"""Proving that each side is missed: one is stopped, whoever must tell of it is waited for, and it goes on whatever happens."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tipoff.app.holder import lock_file
from tipoff.app.monitor import RESTS_UNTIL
from tipoff.core.clock import RealClock, pause
from tipoff.core.errors import UsageError
from tipoff.core.home import Home
from tipoff.core.incident import Incident
from tipoff.ledger import Ledger
from tipoff.ledger.alerts import read_other
from tipoff.ledger.facts import league_facts

_MARGIN = timedelta(minutes=2)  # for the looks after the threshold
# Lets the process go on when the one that stopped it ends in whatever way: its end of the pipe closes then.
_GUARD = "import os, signal, sys; sys.stdin.read(); os.kill(int(sys.argv[1]), signal.SIGCONT)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """How long a stopped side was missed: who told of it, after how long; none where nobody did in time."""

    side: str
    told_by: str
    after_s: float | None


def prove_alive(  # noqa: PLR0913 -- whom, and for how long
    home: Home,
    league: str,
    side: str,
    *,
    told_after: timedelta,
    looks_every: timedelta,
    within: timedelta | None = None,
) -> Missed:
    """Stop one side, wait until another tells of it, let it go on, and write down how long that took.

    A monitor that lives in the controller's process rests alone; any other side is stopped as a process. Without `within`, as
    long is waited as a silence may last (`told_after`), and a little.

    Raises:
        UsageError: That side does not run here, its absence is told already, or `within` is too short for it to be told.
    """
    clock = RealClock()
    within = within or told_after + _MARGIN + 2 * looks_every
    if within <= told_after:
        msg = f"a silence of the {side} is told after {told_after}, and {within} are to be waited"
        raise UsageError(msg, hint=f"name a longer one: --within {told_after.total_seconds() + 60:.0f}")
    pid, other = _pid_of(home, league, side), home.ledger if side == "sentinel" else home.sentinel
    if _told(other, side, clock.now()) is not None:
        msg = f"it is told already that the {side} is missing"
        raise UsageError(msg, hint="wait until that is over: tipoff incident list LEAGUE")
    began = clock.now()
    is_inside = side == "monitor" and pid == holder_of(home)
    with _resting(home, began + within) if is_inside else _stopped(pid):
        after = _wait_for(other, side, began, within, clock)
    missed = Missed(side=side, told_by="monitor" if side == "sentinel" else "sentinel", after_s=after)
    store = other.name if isinstance(other, Path) else "database"
    _keep(home, f"proved {side}", json.dumps(dataclasses.asdict(missed) | {"at": began.isoformat(), "store": store}))
    return missed


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    """Stop a process until the block ends, or this process does."""
    with subprocess.Popen([sys.executable, "-c", _GUARD, str(pid)], stdin=subprocess.PIPE):  # noqa: S603 -- this Python
        os.kill(pid, signal.SIGSTOP)
        yield


@contextmanager
def _resting(home: Home, until: datetime) -> Iterator[None]:
    """Let the monitor look no more until the block ends; were this process to end before, until `until`."""
    _keep(home, RESTS_UNTIL, until.isoformat())
    try:
        yield
    finally:
        _keep(home, RESTS_UNTIL, "")


def _keep(home: Home, key: str, value: str) -> None:
    with Ledger(home.ledger) as ledger:
        ledger.keep_facts({key: value})


def _wait_for(other: Path | str, side: str, began: datetime, within: timedelta, clock: RealClock) -> float | None:
    while clock.now() - began < within:
        incident = _told(other, side, clock.now())
        if incident is not None:  # one that was open before is begun anew: what counts is its last change
            return (max(incident.opened_at, incident.changed_at) - began).total_seconds()
        pause(timedelta(milliseconds=200))
    return None


def _told(other: Path | str, side: str, now: datetime) -> Incident | None:
    incidents, _ = read_other(other, now)
    return next((incident for incident in incidents if incident.cause == side and incident.is_open), None)


def _pid_of(home: Home, league: str, side: str) -> int:
    """Return the process that holds the side's lock; raises `UsageError` where nobody does, or the league is not of this home."""
    held = {"controller": "", "monitor": "monitor", "sentinel": "sentinel"}[side]
    pid = holder_of(home, held)
    if pid is None:
        msg = f"no {side} has shown itself in {home.root}: nobody holds its lock on this machine"
        raise UsageError(msg, hint=f"start it: tipoff {'up' if side == 'controller' else side} …")
    with Ledger(home.ledger, read_only=True) as ledger:
        known = league_facts(ledger, league).kept
    if not known:
        msg = f"{league} has never been worked on in the home {home.root}"
        raise UsageError(msg, hint="name the league that runs there")
    return pid


def holder_of(home: Home, side: str = "") -> int | None:
    """Return the number of the process that holds a side's lock, as the kernel says; None where nobody does."""
    path, locks = lock_file(home, side), Path("/proc/locks")
    if not path.exists() or not locks.exists():
        return None
    inode = str(path.stat().st_ino)
    for line in locks.read_text("utf-8").splitlines():
        if "->" in line:
            continue  # one that waits
        _, kind, _, _, pid, file, *_ = line.split()
        if kind == "FLOCK" and file.rpartition(":")[2] == inode:
            return int(pid)
    return None
