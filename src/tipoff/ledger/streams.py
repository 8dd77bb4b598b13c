"""The streams of history: which of the ledger's tables flow to the warehouse, and in what shape they arrive there.

Some tables only grow: their rows are events already. Others are updated: each change of a row is an event, a revision of it,
taken down by a trigger, so that no writer can forget it, in the transaction of the change: both are there, or neither.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from tipoff.core.schema import Column, ColumnType
from tipoff.ledger import schema, watching
from tipoff.ledger.history import history_streams
from tipoff.ledger.ledger import Ledger

DATASET = "tipoff_history"
LOG = "_log"  # a stream's rows as they were loaded; the stream's own name is the view that shows each event once
NEWEST = "_newest"  # the view of the newest revision of each row
EVERY_DAY = "event_day >= DATE '1900-01-01'"  # the tables demand a filter, and a view that has none cannot be made
Row = dict[str, Any]

EVENT = (
    Column(name="event_home", type=ColumnType.TEXT, required=True),  # the home's own name
    Column(name="event_id", type=ColumnType.TEXT, required=True),  # home:stream:number; never used twice
    Column(name="event_number", type=ColumnType.INT, required=True),  # grows within the home and stream
    Column(name="event_day", type=ColumnType.DATE, required=True),  # UTC; the table is partitioned by it
    Column(name="event_at", type=ColumnType.INSTANT, required=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One of the ledger's tables on its way. `at`: columns that tell when it happened, the first that is not NULL counts."""

    source: sa.Table
    at: tuple[str, ...]
    is_updated: bool = False
    without: frozenset[str] = frozenset()  # columns that lie in the warehouse already

    @property
    def name(self) -> str:
        """The stream's name: the ledger table's."""
        return str(self.source.name)

    @property
    def kept(self) -> tuple[sa.Column[Any], ...]:
        """The columns that flow."""
        return tuple(column for column in self.source.columns if column.name not in self.without)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that name a row."""
        return tuple(column.name for column in self.source.primary_key)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns in the warehouse: the event's own, then the row's."""
        return (*EVENT, *(Column(name=column.name, type=_type_of(column)) for column in self.kept))

    @property
    def table(self) -> str:
        """The warehouse table's name."""
        return f"{DATASET}.{self.name}{LOG}"


STREAMS: Sequence[Stream] = (
    Stream(source=schema.ticks, at=("at",)),
    Stream(source=schema.decisions, at=("at",)),
    Stream(source=schema.fetches, at=("at",)),
    Stream(source=schema.findings, at=("at",)),
    Stream(source=schema.rejects, at=("at",)),
    Stream(source=watching.acts, at=("at",)),
    Stream(source=schema.runs, at=("ended_at", "started_at"), is_updated=True),
    # which units and inputs a proof has stands beside the data itself, in tipoff.proofs
    Stream(source=schema.proofs, at=("made_at",), is_updated=True, without=frozenset({"units", "inputs"})),
    Stream(source=schema.conflicts, at=("resolved_at", "since"), is_updated=True),
    Stream(source=schema.waivers, at=("revoked_at", "made_at"), is_updated=True),
    Stream(source=schema.halts, at=("ended_at", "made_at"), is_updated=True),
    Stream(source=watching.incidents, at=("closed_at", "changed_at"), is_updated=True),
    Stream(source=watching.measured, at=("at",), is_updated=True),
    Stream(source=watching.scorecards, at=("at",), is_updated=True),
)


def _type_of(column: sa.Column[Any]) -> ColumnType:
    kind = column.type
    if isinstance(kind, schema.Instant):
        return ColumnType.INSTANT
    for known, named in (
        (sa.Boolean, ColumnType.BOOL),
        (sa.Integer, ColumnType.INT),
        (sa.Float, ColumnType.FLOAT),
        (sa.Date, ColumnType.DATE),
        (sa.String, ColumnType.TEXT),
    ):
        if isinstance(kind, known):
            return named
    msg = f"{column}: a column of type {kind} has no place in the warehouse"
    raise TypeError(msg)


_READ: Mapping[ColumnType, Callable[[Any], object]] = {
    ColumnType.BOOL: bool,
    ColumnType.INT: int,
    ColumnType.FLOAT: float,
    ColumnType.DATE: date.fromisoformat,
    ColumnType.INSTANT: datetime.fromisoformat,
    ColumnType.TEXT: str,
}


def read_revision(stream: Stream, body: str) -> Row:
    """Return a row as a revision holds it."""
    said: Mapping[str, Any] = json.loads(body)
    return {name: None if said.get(name) is None else read(said[name]) for name, read in _readers(stream)}


@cache
def _readers(stream: Stream) -> tuple[tuple[str, Callable[[Any], object]], ...]:
    return tuple((column.name, _READ[_type_of(column)]) for column in stream.kept)


def event_of(stream: Stream, home: str, number: int, row: Mapping[str, Any]) -> Row:
    """Return the event that `row` is, with the number that it has in its home and stream."""
    at: datetime = next(row[name] for name in stream.at if row[name] is not None)
    at = at.astimezone(UTC)
    return {
        "event_home": home,
        "event_id": f"{home}:{stream.name}:{number}",
        "event_number": number,
        "event_day": at.date(),
        "event_at": at,
        **{name: row[name] for name, _ in _readers(stream)},
    }


def views_of(stream: Stream, quote: str = '"') -> list[str]:
    """Return the statements that make a stream's views: each event once; of an updated table, the newest revision of each row.

    A batch is applied once, but only as long as the warehouse remembers its jobs; the first view is the net below that. A
    filter on `event_day` reaches the table: the window is partitioned by it. That of the newest revisions reads every day.
    """
    once = f"{DATASET}.{stream.name}"
    first = "QUALIFY ROW_NUMBER() OVER (PARTITION BY event_day, event_id ORDER BY event_number) = 1"
    made = [f"CREATE OR REPLACE VIEW {once} AS SELECT * FROM {stream.table} WHERE {EVERY_DAY} {first}"]  # noqa: S608 -- declared names
    if stream.is_updated:
        key = ", ".join(f"{quote}{name}{quote}" for name in stream.key)
        made.append(
            f"CREATE OR REPLACE VIEW {once}{NEWEST} AS SELECT * FROM {once} WHERE {EVERY_DAY}"  # noqa: S608 -- declared names
            f" QUALIFY ROW_NUMBER() OVER (PARTITION BY event_home, {key} ORDER BY event_number DESC) = 1"
        )
    return made


# --- taking changes down


def begin_streams(ledger: Ledger, now: datetime, streams: Iterable[Stream] = STREAMS) -> list[str]:
    """Begin the streams that have not begun, taking up what stands in their tables, and return their names."""
    known = {row["stream"] for row in ledger.rows(sa.select(history_streams.c.stream))}
    new = [stream for stream in streams if stream.name not in known]
    if new:
        with ledger.writing() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # its DDL would otherwise stand outside the transaction
            for stream in new:
                _begin(connection, stream, now)
    return [stream.name for stream in new]


def _begin(connection: sa.Connection, stream: Stream, now: datetime) -> None:
    if stream.is_updated:
        for statement in _triggers(connection, stream):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(_take_up(connection, stream))
    connection.execute(sa.insert(history_streams).values(stream=stream.name, begun_at=now, sealed_to=0))


def _quoted(name: str) -> str:
    return f'"{name}"'


def _body(connection: sa.Connection, stream: Stream, row: str) -> str:
    """Return the SQL of a row as a JSON object; SQLite would cut decimal numbers to 15 digits, so they go as text."""
    is_sqlite = connection.dialect.name == "sqlite"
    parts = []
    for column in stream.kept:
        value = f"{row}.{_quoted(column.name)}"
        if is_sqlite and isinstance(column.type, sa.Float):
            value = f"CASE WHEN {value} IS NULL THEN NULL ELSE printf('%!.17g', {value}) END"
        parts.append(f"'{column.name}', {value}")
    maker = "json_object" if is_sqlite else "json_build_object"
    made = f"{maker}({', '.join(parts)})"
    return made if is_sqlite else f"({made})::text"


def _changed(connection: sa.Connection, stream: Stream) -> str:
    differs = "IS NOT" if connection.dialect.name == "sqlite" else "IS DISTINCT FROM"
    return " OR ".join(f"OLD.{_quoted(column.name)} {differs} NEW.{_quoted(column.name)}" for column in stream.kept)


def _triggers(connection: sa.Connection, stream: Stream) -> list[str]:
    name, body, changed = stream.name, _body(connection, stream, "NEW"), _changed(connection, stream)
    # tipoff: allow sql-from-values -- declared names; DDL takes no parameters
    note = f"INSERT INTO revisions (source, body) VALUES ('{name}', {body})"  # noqa: S608 -- declared names
    is_sqlite = connection.dialect.name == "sqlite"
    work = f"BEGIN {note}; END" if is_sqlite else f"EXECUTE FUNCTION history_{name}()"

    def trigger(event: str, verb: str, when: str = "") -> str:
        return f"CREATE TRIGGER history_{name}_{event} AFTER {verb} ON {name} FOR EACH ROW {when} {work}"

    both = [trigger("new", "INSERT"), trigger("changed", "UPDATE", f"WHEN ({changed})")]
    if is_sqlite:
        return both
    head = f"CREATE OR REPLACE FUNCTION history_{name}() RETURNS trigger LANGUAGE plpgsql AS"
    return [f"{head} $$ BEGIN {note}; RETURN NULL; END $$", *both]


def _take_up(connection: sa.Connection, stream: Stream) -> str:
    order = ", ".join(_quoted(name) for name in stream.key)
    # tipoff: allow sql-from-values, append-without-key -- declared names; done once, in the transaction that begins the stream
    head = f"INSERT INTO revisions (source, body) SELECT '{stream.name}', {_body(connection, stream, stream.name)}"
    return f"{head} FROM {stream.name} ORDER BY {order}"
