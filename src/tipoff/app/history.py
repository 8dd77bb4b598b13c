"""A controller whose history flows to the warehouse: the outbox looks after each tick, at most once a minute."""

import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from tipoff.app.chores import Chores
from tipoff.app.loop import Works
from tipoff.app.warehouses import name_of
from tipoff.core.clock import stopwatch
from tipoff.core.errors import LedgerError
from tipoff.history.duck import DuckSink
from tipoff.history.outbox import Outbox
from tipoff.history.sink import HistorySink
from tipoff.ledger import Ledger
from tipoff.store.duck import DuckWarehouse
from tipoff.store.warehouse import Warehouse

_LOOK = "history"


class WithHistory:
    """Works as the controller does, and keeps history beside it; see `tipoff.app.loop.Works`."""

    def __init__(self, works: Works, outbox: Outbox, chores: Chores[str]) -> None:
        self._works, self._outbox, self._chores = works, outbox, chores

    def start(self, now: datetime, *, after: str = "") -> bool:
        """Begin to take history down, then take up the work."""
        self._outbox.begin(now)
        return self._works.start(now, after=after)

    def tick(self, now: datetime) -> int:
        """Do all that can be done at `now`, then let history go on."""
        n_runs = self._works.tick(now)
        self._chores.hand_out(_LOOK, partial(self._outbox.look, now), due_at=now)
        self._take_in(now)
        return n_runs

    def next_wake(self) -> datetime | None:
        """Return when to tick again; history alone wakes nobody."""
        return self._works.next_wake()

    def rest(self, now: datetime) -> None:
        """Write down where the replay stands, and send what waits."""
        self._works.rest(now)
        self._take_in(now)
        if not self._chores.holds(_LOOK):
            with contextlib.suppress(LedgerError):
                self._outbox.look(now, is_last=True)

    def _take_in(self, now: datetime) -> None:
        for _, error in self._chores.done():
            if error is not None and not isinstance(error, LedgerError):  # that the controller meets too, and tells
                self._outbox.tell(error, now)  # history is no reason to stop


def with_history(  # noqa: PLR0913 -- what a home's outbox is made of
    works: Works,
    ledger: Ledger,
    warehouse: Warehouse,
    league: str,
    *,
    keep_days: int,
    at: Callable[[str], None],
    chores: Chores[str],
) -> WithHistory:
    """Return the controller with its home's outbox beside it; `keep_days`: rows of the ledger, 0 for ever."""
    outbox = Outbox(
        ledger=ledger,
        sink=sink_of(warehouse),
        home=name_of(ledger),
        league=league,
        stopwatch=stopwatch,
        at=at,
        keep=timedelta(days=keep_days) if keep_days else None,
    )
    return WithHistory(works, outbox, chores)


def sink_of(warehouse: Warehouse) -> HistorySink:
    """Return what takes history into a warehouse."""
    if isinstance(warehouse, DuckWarehouse):
        return DuckSink(warehouse.beside())
    from tipoff.history.bigquery import BigQuerySink  # noqa: PLC0415 -- as above
    from tipoff.store.bigquery.warehouse import BigQueryWarehouse  # noqa: PLC0415 -- Google's client takes a second to import

    if not isinstance(warehouse, BigQueryWarehouse):
        msg = f"history has no way into a {type(warehouse).__name__}"
        raise TypeError(msg)
    return BigQuerySink(warehouse.target)
