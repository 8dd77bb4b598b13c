"""Dropping old rows of the ledger: only of tables that only grow, only what the warehouse has, and never the newest row."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from tipoff.history.batches import Standing
from tipoff.history.streams import Stream
from tipoff.ledger import Ledger

LEAST = timedelta(days=40)  # what the scorecard, the checks and `tipoff why` still look back at


def drop_old(
    ledger: Ledger, streams: Sequence[Stream], standings: Mapping[str, Standing], *, keep: timedelta, now: datetime
) -> dict[str, int]:
    """Drop rows that are older than `keep` and applied, and return how many, by table.

    The newest row stays whatever its age: the next number is counted from it, and a number that came again would be taken for an
    event that is known.

    Raises:
        LedgerError: The ledger cannot be written.
    """
    dropped = {}
    for stream in streams:
        if stream.is_updated or stream.name not in standings:
            continue
        table, applied_to = stream.source, applied(standings[stream.name])
        newest = select(func.max(table.c.id)).scalar_subquery()
        old = (table.c.id <= applied_to) & (table.c.id < newest) & (table.c.at < now - max(keep, LEAST))
        with ledger.writing() as connection:
            n = connection.execute(delete(table).where(old)).rowcount
        dropped[stream.name] = n
    return {name: n for name, n in dropped.items() if n}


def applied(standing: Standing) -> int:
    """Return the highest number up to which the warehouse has everything."""
    return min((batch.lo for batch in standing.unsent), default=standing.sealed_to + 1) - 1
