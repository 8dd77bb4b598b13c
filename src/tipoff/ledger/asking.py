"""Asking a store: what is asked at each look is compiled once and run on SQLite's own cursor, at a third of the cost."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.types import TypeEngine

Rows = list[dict[str, Any]]


class CompiledSelect:
    """A SELECT that is asked again and again, with no list of values in it; parameters without a value are given each time."""

    def __init__(self, statement: Select[*tuple[Any, ...]]) -> None:
        self.statement, self._sql = statement, ""

    def _compile(self, connection: Connection) -> None:
        dialect = connection.dialect
        compiled: Any = self.statement.compile(dialect=dialect)
        binds = [(name, compiled.binds[name]) for name in compiled.positiontup]
        self._given = [
            (name if bind.required else "", _processor(bind.type, dialect), bind.effective_value)
            for name, bind in binds
        ]
        columns: Any = list(self.statement.selected_columns)
        self._names: tuple[str, ...] = tuple(column.key for column in columns)
        found = {column.key: column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns}
        self._read = [(name, process) for name, process in found.items() if process is not None]
        self._sql = str(compiled)  # last: another thread asks as soon as it is there

    def rows(self, connection: Connection, values: Mapping[str, object]) -> Rows:
        """Return its rows on SQLite; see `read_all`."""
        if not self._sql:
            self._compile(connection)
        given = [process(values[name] if name else value) for name, process, value in self._given]
        try:
            with closing(connection.connection.cursor()) as cursor:
                cursor.execute(self._sql, given)
                rows = [dict(zip(self._names, row, strict=True)) for row in cursor.fetchall()]
        except sqlite3.Error as error:
            connection.invalidate()  # of what this cursor meets SQLAlchemy knows nothing: it would use it again
            raise DatabaseError(self._sql, given, error) from error
        for row in rows:
            for name, process in self._read:
                row[name] = process(row[name])
        return rows


def _processor(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any]:
    return kind.dialect_impl(dialect).bind_processor(dialect) or _as_it_is


def _as_it_is(value: object) -> object:
    return value


def read_all(
    connection: Connection,
    statement: Any,  # noqa: ANN401 -- any SQLAlchemy select, or one that is kept
    values: Mapping[str, object] | None = None,
) -> Rows:
    """Return the rows of a SELECT, whose parameters have these values, and leave no transaction open.

    Raises:
        DatabaseError: It could not be read, or the server ended the connection before the transaction was over: a process
            that was frozen between the two finds it so. The next statement connects anew.
    """
    if isinstance(statement, CompiledSelect):
        if connection.dialect.name == "sqlite":
            return statement.rows(connection, values or {})
        statement = statement.statement
    try:
        found = connection.execute(statement, values)
        names = tuple(found.keys())
        return [dict(zip(names, row, strict=True)) for row in found]
    finally:
        connection.rollback()
