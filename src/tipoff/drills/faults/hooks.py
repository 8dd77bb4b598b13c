"""What goes wrong at named points of the stores and the engine: the process dies, the machine sleeps, the disk is full."""

import errno
import os
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta

from tipoff.app.loop import Died
from tipoff.core.clock import Clock, SimClock
from tipoff.core.fault import Fault
from tipoff.history import outbox

POINTS = (
    *("claimed", "made", "staged", "before commit", "after commit"),
    *("before rename", "after rename", "before ledger", "after ledger"),
)
_KILLED_AT = frozenset({*POINTS, *outbox.POINTS, "any"})  # those of the outbox are passed only where history flows


def hook(clock: Clock, faults: Sequence[Fault]) -> Callable[[str], None]:
    """Return what to call at each named point.

    A killing dies at the `nth` passing of its `point` after it begins, `times` times; a machine that sleeps does so once, for
    `hours`; a full disk refuses published files.
    """
    passed: Counter[int] = Counter()
    kills = [fault for fault in faults if fault.kind == "controller" and fault.how == "killed"]
    sleeps = [fault for fault in faults if fault.kind == "controller" and fault.how == "asleep"]
    full = [fault for fault in faults if fault.kind == "files"]

    def at(point: str) -> None:
        now = clock.now()
        for number, fault in enumerate(kills):
            if fault.holds(now) and fault.args.get("point", point) == point:
                passed[number] += 1
                n_deaths, rest = divmod(passed[number], fault.args.get("nth", 1))
                if not rest and n_deaths <= fault.args.get("times", 1):
                    raise Died(point)
        asleep = next((fault for fault in sleeps if fault.holds(now) and fault.args["point"] == point), None)
        if asleep is not None and isinstance(clock, SimClock):
            sleeps.remove(asleep)
            clock.sleep(timedelta(hours=asleep.args["hours"]))
        if point == "before rename" and any(fault.holds(now) for fault in full):
            raise OSError(errno.ENOSPC, "No space left on device")

    return at


def kill_at(spec: str) -> Callable[[str], None]:
    """Return a hook that sends SIGKILL to this process at the n-th passing of a point; `spec` is `point:n`.

    The point `any` counts every passing of every point.

    Raises:
        ValueError: There is no such point, or n is no number.
    """
    point, _, number = spec.rpartition(":")
    if point not in _KILLED_AT:
        msg = f"no point named {point!r}; there are {', '.join(sorted(_KILLED_AT))}"
        raise ValueError(msg)
    nth, passed = int(number), Counter[str]()

    def at(name: str) -> None:
        passed[name] += 1
        passed["any"] += 1
        if passed[point] == nth and point in {name, "any"}:
            os.kill(os.getpid(), signal.SIGKILL)

    return at
