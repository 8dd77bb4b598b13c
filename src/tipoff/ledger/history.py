"""The ledger's tables of history on its way to the warehouse: what has changed, sealed batches, and what quotas were used."""

from sqlalchemy import Column, Index, Integer, LargeBinary, Text

from tipoff.ledger.schema import Instant, number_key, table

revisions = table(  # a row of a table that is updated, as it was after a change; kept until it lies in a sealed batch
    "revisions",
    number_key(),
    Column("source", Text, nullable=False),  # the ledger's table
    Column("body", Text, nullable=False),  # JSON object of its columns
    Index("revisions_source", "source", "id"),
    sqlite_autoincrement=True,  # rows are deleted, and a number must never come again: it is an event's name
)

history_streams = table(
    "history_streams",
    Column("stream", Text, primary_key=True),
    Column("begun_at", Instant, nullable=False),
    Column("sealed_to", Integer, nullable=False),  # the highest number that lies in a batch
    Column("sealed_at", Instant),  # when the newest batch was sealed
    Column("paced_until", Instant),  # see history.pace
)

history_batches = table(
    "history_batches",
    Column("id", Text, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("lo", Integer, nullable=False),  # numbers of its first and last event
    Column("hi", Integer, nullable=False),
    Column("n_rows", Integer, nullable=False),
    Column("n_days", Integer, nullable=False),  # partitions that it touches
    Column("sha256", Text, nullable=False),  # of its content, which never changes
    Column("content", LargeBinary),  # Parquet; none once it is applied
    Column("sealed_at", Instant, nullable=False),
    Column("state", Text, nullable=False),  # sealed, sent (it may have arrived), applied
    Column("attempt", Integer, nullable=False),  # how many job ids of it are burnt
    Column("tries", Integer, nullable=False),  # failures in a row
    Column("not_before", Instant),
    Column("applied_at", Instant),
    Column("error", Text),
    Index("history_batches_state", "state", "stream", "lo"),
)

quota_use = table(  # what was used of the warehouse's daily limits, by hour
    "quota_use",
    Column("hour", Instant, primary_key=True),
    Column("table", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # load, change, partition, dml
    Column("n", Integer, nullable=False),
)

quota_levels = table(  # how full a limit was when that was last told
    "quota_levels",
    Column("table", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("level", Integer, nullable=False),  # percent: 50, 80, 95
    Column("told_at", Instant, nullable=False),
)

FOURTH = (revisions, history_streams, history_batches, quota_use, quota_levels)
