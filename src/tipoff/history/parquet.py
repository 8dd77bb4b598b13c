"""A sealed batch's content: its events as one Parquet file. The only module of history that needs Arrow to be imported."""

import io
from collections.abc import Sequence
from functools import cache

import pyarrow as pa
import pyarrow.parquet as pq

from tipoff.core.rows import schema_of
from tipoff.history.streams import Row, Stream


def parquet_of(stream: Stream, events: Sequence[Row]) -> bytes:
    """Return events as Parquet, of the stream's columns."""
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(events), schema=_schema(stream)), file, compression="zstd")
    return file.getvalue()


@cache
def _schema(stream: Stream) -> pa.Schema:
    return schema_of(stream.columns)
