"""Batches in the ledger: sealed once, with their content, before anything is sent; then followed until they are applied."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, literal, select, text, union_all, update

from tipoff.core.errors import ErrorKind, LedgerError, WarehouseError
from tipoff.ledger import quota_use
from tipoff.ledger.history import history_batches, history_streams, revisions
from tipoff.ledger.ledger import Ledger
from tipoff.ledger.streams import Row, Stream, read_revision

Numbered = Sequence[tuple[int, Row]]  # events' rows, each behind its number in the ledger
KEPT = timedelta(days=7)  # how long the record of an applied batch is kept
LEAST = timedelta(days=40)  # of rows: what the scorecard, the checks and `tipoff why` still look back at


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedBatch:
    """A sealed batch: some events of one stream, whose content never changes."""

    id: str
    stream: str
    lo: int
    hi: int
    n_rows: int
    n_days: int
    sha256: str
    state: str
    attempt: int
    tries: int
    not_before: datetime | None

    def job_id(self, home: str) -> str:
        """Return the id of its load job: the same for the same content and attempt, whoever sends it."""
        return f"tipoff-history-{home}-{self.id}-{self.attempt}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How a stream stands: up to where it is sealed, what waits behind that, and the batches not yet applied, in order."""

    sealed_to: int
    sealed_at: datetime | None
    paced_until: datetime | None
    n_waiting: int
    unsent: Sequence[SealedBatch]

    @property
    def applied_to(self) -> int:
        """The highest number up to which the warehouse has everything."""
        return min((batch.lo for batch in self.unsent), default=self.sealed_to + 1) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What a batch is to hold: the content, of how many events, on how many days."""

    content: bytes
    n_rows: int
    n_days: int


def last_numbers(ledger: Ledger, streams: Iterable[Stream]) -> dict[str, int]:
    """Return the greatest number that was ever given in each stream, by name."""

    def greatest(table: Table) -> int:
        return int(ledger.rows(select(func.coalesce(func.max(table.c.id), 0).label("n")))[0]["n"])

    streams = list(streams)
    sealed = {row["stream"]: row["sealed_to"] for row in ledger.rows(select(history_streams))}
    updated = [sealed.get(stream.name, 0) for stream in streams if stream.is_updated]
    changed = max(greatest(revisions), *updated, 0)
    return {
        stream.name: changed if stream.is_updated else max(greatest(stream.source), sealed.get(stream.name, 0))
        for stream in streams
    }


def unapplied(ledger: Ledger) -> tuple[datetime | None, str]:
    """Return since when the oldest batch waits that is not applied, and the error of the one that was tried most often."""
    table = history_batches
    here = table.c.state != "applied"
    [oldest] = ledger.rows(select(func.min(table.c.sealed_at).label("at")).where(here))
    failed = select(table.c.error).where(here, table.c.error.is_not(None)).order_by(table.c.tries.desc()).limit(1)
    return oldest["at"], next((row["error"] for row in ledger.rows(failed)), "")


def standings(ledger: Ledger, streams: Sequence[Stream]) -> dict[str, Backlog]:
    """Return how each stream that has begun stands, by name. What waits is counted by numbers: gaps count as rows."""
    table, batches = history_streams, history_batches
    names = [field.name for field in dataclasses.fields(SealedBatch)]
    unsent: dict[str, list[SealedBatch]] = {}
    query = select(*(batches.c[name] for name in names)).where(batches.c.state != "applied")
    for row in ledger.rows(query.order_by(batches.c.lo)):
        unsent.setdefault(row["stream"], []).append(SealedBatch(**row))
    rows = {row["stream"]: row for row in ledger.rows(select(table))}
    waiting = {row["stream"]: row for row in ledger.rows(_waiting(tuple(streams)))} if rows else {}
    found = {}
    for stream in streams:
        if stream.name in rows:
            row, said = rows[stream.name], waiting.get(stream.name, {"n": 0, "last": 0})
            n = said["n"] if stream.is_updated else max(0, said["last"] - row["sealed_to"])
            found[stream.name] = Backlog(
                sealed_to=row["sealed_to"],
                sealed_at=row["sealed_at"],
                paced_until=row["paced_until"],
                n_waiting=n,
                unsent=unsent.get(stream.name, ()),
            )
    return found


@cache  # building it costs more than asking it
def _waiting(streams: tuple[Stream, ...]) -> Any:  # noqa: ANN401 -- an SQLAlchemy select
    source = revisions.c.source
    changed = select(source.label("stream"), func.count().label("n"), func.max(revisions.c.id).label("last"))
    grown = [
        select(
            literal(stream.name).label("stream"),
            literal(0).label("n"),
            func.coalesce(func.max(stream.source.c.id), 0).label("last"),
        )
        for stream in streams
        if not stream.is_updated
    ]
    return union_all(changed.group_by(source), *grown)


def seal(  # noqa: PLR0913 -- which events, how many, and how they are packed
    ledger: Ledger, stream: Stream, standing: Backlog, now: datetime, *, most: int, pack: Callable[[Numbered], Packed]
) -> SealedBatch | None:
    """Seal the next events of a stream, at most so many, and return the batch; None where none wait.

    `pack` makes the content, of all the events or the first ones; no writer's events are passed over. Raises `LedgerError`.
    """
    with ledger.writing() as connection:
        numbered = _next(connection, stream, standing.sealed_to, most)
        if not numbered:
            return None
        packed = pack(numbered)
        lo, hi, sha = numbered[0][0], numbered[packed.n_rows - 1][0], hashlib.sha256(packed.content).hexdigest()
        batch = SealedBatch(
            id=f"{stream.name}-{lo}-{hi}-{sha[:12]}",
            stream=stream.name,
            lo=lo,
            hi=hi,
            n_rows=packed.n_rows,
            n_days=packed.n_days,
            sha256=sha,
            state="sealed",
            attempt=0,
            tries=0,
            not_before=None,
        )
        values = dataclasses.asdict(batch) | {"content": packed.content, "sealed_at": now}
        connection.execute(insert(history_batches).values(**values))
        table = history_streams
        mine = (table.c.stream == stream.name) & (table.c.sealed_to == standing.sealed_to)
        if connection.execute(update(table).where(mine).values(sealed_to=hi, sealed_at=now)).rowcount != 1:
            msg = f"the history of {stream.name} was sealed by another process"
            raise LedgerError(msg, hint="one outbox works in a home; this one goes on from there")
        if stream.is_updated:
            inside = (revisions.c.source == stream.name) & (revisions.c.id <= hi)
            connection.execute(delete(revisions).where(inside))
    return batch


def _next(connection: Connection, stream: Stream, after: int, most: int) -> list[tuple[int, Row]]:
    """Return the next events' numbers and rows.

    On PostgreSQL numbers are given before they are committed: a writer that is still at it would be passed over. So writers are
    waited for, and kept out for as long as the batch is read. SQLite has one writer at a time.
    """
    table = revisions if stream.is_updated else stream.source
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        connection.execute(text(f"LOCK TABLE {table.name} IN SHARE MODE"))
    query = select(table).where(table.c.id > after).order_by(table.c.id).limit(most)
    if stream.is_updated:
        query = query.where(revisions.c.source == stream.name)
    rows = connection.execute(query).mappings()
    if stream.is_updated:
        return [(row["id"], read_revision(stream, row["body"])) for row in rows]
    return [(row["id"], dict(row)) for row in rows]


def content_of(ledger: Ledger, batch: SealedBatch) -> bytes:
    """Return a batch's content; raises `WarehouseError` where that is not what was sealed."""
    found = ledger.rows(select(history_batches.c.content).where(history_batches.c.id == batch.id))
    content: bytes = (found[0]["content"] if found else None) or b""
    if hashlib.sha256(content).hexdigest() != batch.sha256:
        msg = f"the content of the batch {batch.id} is not what was sealed"
        hint = "the ledger's file is damaged: restore it, or read the rows from the ledger's own table"
        raise WarehouseError(msg, kind=ErrorKind.PERMANENT, hint=hint)
    return content


def sending(
    ledger: Ledger, batch: SealedBatch, paced_until: datetime, counts: Sequence[tuple[str, str, int]], now: datetime
) -> None:
    """Write down that a batch is about to be sent, with the slot and quota of its job; else it must not be."""
    with ledger.writing() as connection:
        _change(connection, batch.id, {"state": "sent", "not_before": None})
        mine = history_streams.c.stream == batch.stream
        connection.execute(update(history_streams).where(mine).values(paced_until=paced_until))
        quota_use.add(connection, now, counts)


def follow(ledger: Ledger, batch: SealedBatch, after: Mapping[str, Any], now: datetime, *, error: str = "") -> None:
    """Write down what has become of a batch: its state, attempt, tries and when it is looked at again."""
    values = {**after, "error": error[:500] or None}
    if values["state"] == "applied":
        values |= {"applied_at": now, "content": None}
    with ledger.writing() as connection:
        _change(connection, batch.id, values)


def _change(connection: Connection, number: str, values: Mapping[str, Any]) -> None:
    connection.execute(update(history_batches).where(history_batches.c.id == number).values(**values))


def forget_old(ledger: Ledger, now: datetime) -> None:
    """Drop the records of batches that were applied long ago, and counts of quotas."""
    old = (history_batches.c.state == "applied") & (history_batches.c.applied_at < now - KEPT)
    with ledger.writing() as connection:
        connection.execute(delete(history_batches).where(old))
        quota_use.forget(connection, now)


def drop_old(
    ledger: Ledger, streams: Sequence[Stream], standings: Mapping[str, Backlog], *, keep: timedelta, now: datetime
) -> None:
    """Drop the ledger's rows that are older than `keep` and applied, of tables that only grow.

    The newest row stays whatever its age: the next number is counted from it, and a number that came again would be taken for an
    event that is known.
    """
    for stream in streams:
        if not stream.is_updated and stream.name in standings:
            table = stream.source
            newest = select(func.max(table.c.id)).scalar_subquery()
            applied = table.c.id <= standings[stream.name].applied_to
            old = applied & (table.c.id < newest) & (table.c.at < now - max(keep, LEAST))
            with ledger.writing() as connection:
                connection.execute(delete(table).where(old))
