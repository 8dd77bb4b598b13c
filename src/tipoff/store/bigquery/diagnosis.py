"""Who holds the rows: what a refused write can find out about the one in its way, for the log of conflicts and `tipoff why`."""

from datetime import date, datetime, timedelta

from tipoff.core.errors import ErrorKind, Fenced, OverTime, PipelineError, WarehouseError, WriteConflict
from tipoff.core.schema import Table
from tipoff.store.bigquery import statements
from tipoff.store.bigquery.client import Client, JobInfo, StreamingBuffer
from tipoff.store.bigquery.errors import STOPPED, Meaning, Refused
from tipoff.store.warehouse import WriteRequest

FIXED_AFTER = timedelta(minutes=30)  # rows that were streamed earlier than this may be changed again
RARELY = timedelta(minutes=90)  # and at times only those that were streamed earlier than this
RECENT = timedelta(hours=2)  # jobs older than this are taken to have nothing to do with it


def refusal_of(client: Client, home: str, asked: WriteRequest, refused: Refused, now: datetime) -> PipelineError:
    """Return the error that a refused write is."""
    table, text = asked.step.table, refused.verdict.said.message
    what = f"{table.full_name} of {asked.day}"
    if statements.FENCED in text:
        msg = f"{what} was published by a later run; run {asked.fence} is too late"
        return Fenced(msg, hint="nothing is to be done: the later run stands")
    if statements.NO_TURN in text:
        msg = f"{what} could not be written: {client.target.turn(table)} has lost its row"
        return WarehouseError(msg, kind=ErrorKind.PERMANENT, hint="delete that table: a start makes it again")
    if statements.MOVED in text or statements.UNEQUAL in text:
        moved = statements.MOVED in text
        why = "another run has published meanwhile" if moved else "what was read back is not what was staged"
        msg = f"{what} could not be written: {why}"
        return WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint="nothing was changed; it is tried again")
    if refused.verdict.meaning is Meaning.CONFLICT:
        return conflict_of(client, home, table, asked.day, refused, now)
    return failed(f"{what} could not be written", refused)


def failed(what: str, refused: Refused) -> PipelineError:
    """Return the error of whatever was refused."""
    verdict, msg = refused.verdict, f"{what}: {refused}"
    if verdict.rule == STOPPED:
        return OverTime(msg, hint="is the statement too large for its limit?")
    return WarehouseError(msg, kind=verdict.kind, hint=verdict.hint)


def conflict_of(  # noqa: PLR0913 -- what was to be written, and what was in its way
    client: Client, home: str, table: Table, day: date, refused: Refused, now: datetime
) -> WriteConflict:
    """Return the conflict: who holds the rows, since when and until when, as far as BigQuery tells; the rest is left open."""
    name = client.target.table(table)
    held = _asked(client, name)
    writer = _writer(client, home, name, now)
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


def _asked(client: Client, name: str) -> StreamingBuffer | None:
    try:
        return client.held(name)
    except Refused:
        return None


def _writer(client: Client, home: str, name: str, now: datetime) -> JobInfo | None:
    """Return the newest job of somebody else that wrote to the table lately."""
    try:
        jobs = client.jobs()
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
