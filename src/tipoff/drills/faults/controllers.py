"""Two controllers on one ledger, of which one stands by; and one beside which others change the stores."""

from collections.abc import Callable
from datetime import datetime

from tipoff.app.loop import Works
from tipoff.core.fault import Fault
from tipoff.ledger import LEASE

_OFTEN = LEASE * 0.4  # as live controllers tick: whoever holds the lease renews it in time


class Pair:
    """Both are ticked at every instant, the first first; while the fault holds it is silent, and comes back as it was."""

    def __init__(self, one: Works, two: Works, fault: Fault) -> None:
        self._one, self._two, self._fault = one, two, fault
        self._at: datetime | None = None

    def start(self, now: datetime, *, after: str = "") -> bool:
        """Start the first; the second asks for the lease at its first tick."""
        return self._one.start(now, after=after)

    def tick(self, now: datetime) -> int:
        """Tick whoever is there."""
        self._at = now
        n_runs = 0 if self._fault.holds(now) else self._one.tick(now)
        return n_runs + self._two.tick(now)

    def next_wake(self) -> datetime | None:
        """Return the earlier of both, and never later than either would look at its lease."""
        wakes = [wake for wake in (self._one.next_wake(), self._two.next_wake()) if wake is not None]
        return min(*wakes, self._at + _OFTEN) if wakes and self._at is not None else None

    def rest(self, now: datetime) -> None:
        """Let both rest."""
        self._two.rest(now)
        self._one.rest(now)


class SideBySide:
    """A controller beside which something else is done, just before each of its ticks."""

    def __init__(self, works: Works, change: Callable[[datetime], None]) -> None:
        self._works, self._change = works, change
        self.start, self.next_wake, self.rest = works.start, works.next_wake, works.rest

    def tick(self, now: datetime) -> int:
        """Let it be done, and tick."""
        self._change(now)
        return self._works.tick(now)
