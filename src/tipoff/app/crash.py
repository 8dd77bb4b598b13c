"""Dying on purpose: a hook that kills this process at a named point, for the crash tests."""

import os
import signal
from collections import Counter
from collections.abc import Callable

from tipoff.history import outbox

POINTS = (
    "claimed",
    "made",
    "staged",
    "before commit",
    "after commit",
    "before rename",
    "after rename",
    "before ledger",
    "after ledger",
)


HISTORY = outbox.POINTS  # passed only where history flows


class Died(BaseException):
    """The process ends here: what drills raise where a real one is killed."""


def never(_point: str) -> None:
    """Go on: the hook of everyday work."""


def kill_at(spec: str) -> Callable[[str], None]:
    """Return a hook that sends SIGKILL to this process at the n-th passing of a point; `spec` is `point:n`.

    The point `any` counts every passing of every point.

    Raises:
        ValueError: There is no such point, or n is no number.
    """
    point, _, number = spec.rpartition(":")
    known = (*POINTS, *HISTORY, "any")
    if point not in known:
        msg = f"no point named {point!r}; there are {', '.join(known)}"
        raise ValueError(msg)
    nth, passed = int(number), Counter[str]()

    def at(name: str) -> None:
        passed[name] += 1
        passed["any"] += 1
        if passed[point] == nth and point in {name, "any"}:
            os.kill(os.getpid(), signal.SIGKILL)

    return at
