"""Two controllers on one ledger: one works, the other stands by."""

from datetime import datetime

from tipoff.sim.faults.spec import Fault
from tipoff.sim.replay import Works


class Pair:
    """Both are ticked at each instant, the second first; the first is silent while the fault's `dies` to `returns`."""

    def __init__(self, one: Works, two: Works, fault: Fault, *, dies: datetime, returns: datetime) -> None:
        self._one, self._two, self._fault = one, two, fault
        self._dies, self._returns = dies, returns

    def start(self, now: datetime, *, after: str = "") -> bool:
        """Start the first."""
        return self._one.start(now, after=after)

    def tick(self, now: datetime) -> int:
        """Tick whoever is there."""
        n_runs = self._two.tick(now) if self._fault.holds(now) else 0
        return n_runs if self._dies <= now < self._returns else n_runs + self._one.tick(now)

    def next_wake(self) -> datetime | None:
        """Return the earlier of both."""
        wakes = [wake for wake in (self._one.next_wake(), self._two.next_wake()) if wake is not None]
        return min(wakes, default=None)

    def rest(self, now: datetime) -> None:
        """Let both rest."""
        self._two.rest(now)
        self._one.rest(now)
