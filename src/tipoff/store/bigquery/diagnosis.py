"""Who holds the rows: what a refused write can find out about the one in its way, for the log of conflicts and `tipoff why`."""

from datetime import date, datetime, timedelta

from tipoff.core.errors import WriteConflict
from tipoff.core.schema import Table
from tipoff.store.bigquery.client import Client, JobInfo, StreamingBuffer
from tipoff.store.bigquery.errors import Refused

FIXED_AFTER = timedelta(minutes=30)  # rows that were streamed earlier than this may be changed again
RARELY = timedelta(minutes=90)  # and at times only those that were streamed earlier than this
RECENT = timedelta(hours=2)  # jobs older than this are taken to have nothing to do with it


def conflict_of(  # noqa: PLR0913 -- what was to be written, and what was in its way
    port: Client, home: str, table: Table, day: date, refused: Refused, now: datetime
) -> WriteConflict:
    """Return the conflict with since when, until when and by whom the rows are held, as far as BigQuery tells.

    Looking must not make things worse: what cannot be found out is left open.
    """
    name = port.place.table(table)
    held = _asked(port, name)
    writer = _writer(port, home, name, now)
    reason = refused.verdict.rule if held is None else told(held, now)
    return WriteConflict(
        table.full_name,
        day,
        clears_at=clears_at(held, now),
        held_until=held.since + FIXED_AFTER if held and held.since else None,
        reason=f"{reason} ({refused})",
        holder=holder(held, writer),
    )


def told(held: StreamingBuffer, now: datetime) -> str:
    """Return in words what a streaming buffer holds, and since when."""
    if held.since is None:
        return f"about {held.n_rows} rows are in the streaming buffer"
    age = int((now - held.since).total_seconds() // 60)
    return f"about {held.n_rows} rows are in the streaming buffer, the oldest since {held.since:%H:%M} UTC ({age} min)"


def clears_at(held: StreamingBuffer | None, now: datetime) -> datetime | None:
    """Return when the oldest rows can be changed; unknown where they should have been by now, or nothing is held."""
    if held is None or held.since is None:
        return None
    for wait in (FIXED_AFTER, RARELY):
        if held.since + wait > now:
            return held.since + wait
    return None


def holder(held: StreamingBuffer | None, writer: JobInfo | None) -> str:
    """Return who is likely to hold the rows; a streaming writer leaves no job behind, so that only others can be named."""
    known = ""
    if writer is not None:
        name = writer.labels.get("app") or writer.user or "somebody"
        marks = ", ".join(f"{key}={value}" for key, value in sorted(writer.labels.items()) if key != "app")
        known = f"{name}{f' ({marks})' if marks else ''}, whose job {writer.job_id} wrote to the table"
    if held is None:
        return known
    streaming = "a writer that streams rows"
    return f"{streaming}; last seen beside it: {known}" if known else f"{streaming}; it leaves no job to be named by"


def _asked(port: Client, name: str) -> StreamingBuffer | None:
    try:
        return port.held(name)
    except Refused:
        return None


def _writer(port: Client, home: str, name: str, now: datetime) -> JobInfo | None:
    """Return the newest job of somebody else that wrote to the table lately."""
    try:
        jobs = port.jobs()
    except Refused:
        return None
    return next(
        (
            job
            for job in jobs
            if job.target == name
            and job.labels.get("home") != home
            and (job.created_at is None or now - job.created_at < RECENT)
        ),
        None,
    )
