"""Taking down each change of a table that is updated: triggers, so that no writer of the ledger can forget it.

A trigger writes in the transaction of the change itself: a change and its revision are there together, or neither.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, Float, insert, select

from tipoff.ledger.history import history_streams
from tipoff.ledger.ledger import Ledger
from tipoff.ledger.streams import STREAMS, Stream


def begin(ledger: Ledger, now: datetime, streams: Iterable[Stream] = STREAMS) -> list[str]:
    """Begin the streams that have not begun, taking up what stands in their tables, and return their names."""
    known = {row["stream"] for row in ledger.rows(select(history_streams.c.stream))}
    new = [stream for stream in streams if stream.name not in known]
    if new:
        with ledger.writing() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # its DDL would otherwise stand outside the transaction
            for stream in new:
                _begin(connection, stream, now)
    return [stream.name for stream in new]


def _begin(connection: Connection, stream: Stream, now: datetime) -> None:
    if stream.is_updated:
        for statement in _triggers(connection, stream):
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(_take_up(connection, stream))
    connection.execute(insert(history_streams).values(stream=stream.name, begun_at=now, sealed_to=0))


def _quoted(name: str) -> str:
    return f'"{name}"'


def _body(connection: Connection, stream: Stream, row: str) -> str:
    """Return the SQL of a row as a JSON object; SQLite would cut decimal numbers to 15 digits, so they go as text."""
    is_sqlite = connection.dialect.name == "sqlite"
    parts = []
    for column in stream.kept:
        value = f"{row}.{_quoted(column.name)}"
        if is_sqlite and isinstance(column.type, Float):
            value = f"CASE WHEN {value} IS NULL THEN NULL ELSE printf('%!.17g', {value}) END"
        parts.append(f"'{column.name}', {value}")
    maker = "json_object" if is_sqlite else "json_build_object"
    made = f"{maker}({', '.join(parts)})"
    return made if is_sqlite else f"({made})::text"


def _changed(connection: Connection, stream: Stream) -> str:
    differs = "IS NOT" if connection.dialect.name == "sqlite" else "IS DISTINCT FROM"
    return " OR ".join(f"OLD.{_quoted(column.name)} {differs} NEW.{_quoted(column.name)}" for column in stream.kept)


def _triggers(connection: Connection, stream: Stream) -> list[str]:
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


def _take_up(connection: Connection, stream: Stream) -> str:
    order = ", ".join(_quoted(name) for name in stream.key)
    # tipoff: allow sql-from-values, append-without-key -- declared names; done once, in the transaction that begins the stream
    head = f"INSERT INTO revisions (source, body) SELECT '{stream.name}', {_body(connection, stream, stream.name)}"
    return f"{head} FROM {stream.name} ORDER BY {order}"
