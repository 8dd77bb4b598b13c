"""A controller whose history flows to the warehouse: the outbox looks after each tick, at most once a minute."""

import uuid
from collections.abc import Callable
from datetime import datetime

from tipoff.core.clock import stopwatch
from tipoff.core.errors import LedgerError
from tipoff.sim.replay import Works
from tipoff.store.history.outbox import Outbox
from tipoff.store.history.sink import HistorySink
from tipoff.store.ledger import Batch, Ledger

NAME = "history name"  # the fact of a home by which its events and load jobs are told from every other home's


class WithHistory:
    """Works as the controller does, and keeps history beside it; see `tipoff.sim.replay.Works`."""

    def __init__(self, works: Works, outbox: Outbox) -> None:
        self._works, self._outbox = works, outbox
        self.n_failed_looks = 0

    def start(self, now: datetime, *, after: str = "") -> bool:
        """Begin to take history down, then take up the work."""
        self._outbox.begin(now)
        return self._works.start(now, after=after)

    def tick(self, now: datetime) -> int:
        """Do all that can be done at `now`, then let history go on."""
        n_runs = self._works.tick(now)
        self._look(now)
        return n_runs

    def next_wake(self) -> datetime | None:
        """Return when to tick again; history alone wakes nobody."""
        return self._works.next_wake()

    def rest(self, now: datetime) -> None:
        """Write down where the replay stands, and send what waits."""
        self._works.rest(now)
        self._look(now, is_last=True)

    def _look(self, now: datetime, *, is_last: bool = False) -> None:
        try:
            self._outbox.look(now, is_last=is_last)
        except LedgerError:  # the controller meets it too, and tells it; history goes on from where it stood
            self.n_failed_looks += 1


def with_history(
    works: Works, ledger: Ledger, sink: HistorySink, league: str, *, at: Callable[[str], None]
) -> WithHistory:
    """Return the controller with its home's outbox beside it.

    Raises:
        LedgerError: The home's name cannot be written down.
    """
    outbox = Outbox(ledger=ledger, sink=sink, home=home_name(ledger), league=league, stopwatch=stopwatch, at=at)
    return WithHistory(works, outbox)


def home_name(ledger: Ledger) -> str:
    """Return the home's own name; a home that has none is given one, which no other home has."""
    known = ledger.home().get(NAME)
    if known is None:
        known = uuid.uuid4().hex[:12]
        batch = Batch()
        batch.add("home", {"key": NAME, "value": known})
        ledger.commit(batch)
    return known
