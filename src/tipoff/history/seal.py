"""Sealing a batch: the next events of a stream as one Parquet file."""

import io
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from itertools import takewhile

import pyarrow as pa
import pyarrow.parquet as pq

from tipoff.core.rows import schema_of
from tipoff.history.numbers import Numbers
from tipoff.history.pace import Pace
from tipoff.ledger import Ledger, batches
from tipoff.ledger.batches import Backlog, Numbered, Packed, SealedBatch
from tipoff.ledger.streams import Row, Stream, event_of

OWN = Numbers()


def seal(  # noqa: PLR0913 -- what a batch is made of
    ledger: Ledger, stream: Stream, standing: Backlog, *, home: str, pace: Pace, now: datetime, numbers: Numbers = OWN
) -> SealedBatch | None:
    """Seal the next events of a stream, and return the batch; None where none wait.

    A batch knows its rows by the ledger's own numbers, its events by those that `numbers` gives them.
    """

    def pack(numbered: Numbered) -> Packed:
        events = [event_of(stream, home, numbers.of(stream.name, own), row) for own, row in numbered]
        events = _of_days(events, pace.days)
        n_days = len({event["event_day"] for event in events})
        return Packed(content=_parquet_of(stream, events), n_rows=len(events), n_days=n_days)

    return batches.seal(ledger, stream, standing, now, most=pace.rows, pack=pack)


def _of_days(events: Sequence[Row], most: int) -> list[Row]:
    """Return the first events that lie on at most so many days."""
    seen: set[object] = set()

    def fits(event: Row) -> bool:
        seen.add(event["event_day"])
        return len(seen) <= most

    return list(takewhile(fits, events))


def _parquet_of(stream: Stream, events: Sequence[Row]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(events), schema=_schema(stream)), file, compression="zstd")
    return file.getvalue()


@cache
def _schema(stream: Stream) -> pa.Schema:
    return schema_of(stream.columns)
