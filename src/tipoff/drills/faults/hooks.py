"""What goes wrong at named points of the stores and the engine: the process dies, the disk is full."""

import errno
from collections import Counter
from collections.abc import Callable, Sequence

from tipoff.app.crash import Died
from tipoff.core.clock import Clock
from tipoff.core.fault import Fault


def hook(clock: Clock, faults: Sequence[Fault]) -> Callable[[str], None]:
    """Return what to call at each named point.

    A killing dies at the `nth` passing of its `point` after it begins, `times` times; a full disk refuses published files.
    """
    passed: Counter[int] = Counter()
    kills = [fault for fault in faults if fault.kind == "controller" and fault.how == "killed"]
    full = [fault for fault in faults if fault.kind == "files"]

    def at(point: str) -> None:
        now = clock.now()
        for number, fault in enumerate(kills):
            if fault.holds(now) and fault.args.get("point", point) == point:
                passed[number] += 1
                n_deaths, rest = divmod(passed[number], fault.args.get("nth", 1))
                if not rest and n_deaths <= fault.args.get("times", 1):
                    raise Died(point)
        if point == "before rename" and any(fault.holds(now) for fault in full):
            raise OSError(errno.ENOSPC, "No space left on device")

    return at
