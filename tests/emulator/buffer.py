"""A streaming buffer, written from what BigQuery's documents say of it; never compared with Google's.

Rows that were streamed within the last 30 minutes can be read at once, and no UPDATE, DELETE or MERGE may touch them; all other
rows of the table can be changed. A statement is judged by running its own condition over the rows that are in the buffer. What
cannot be judged is refused.

Source: https://cloud.google.com/bigquery/docs/data-manipulation-language (limitations)
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

# ruff: noqa: S608 -- the names of columns, in a database of its own

Name = tuple[str, str, str]  # project, dataset, table
TEXT = "UPDATE or DELETE statement over table {} would affect rows in the streaming buffer, which is not supported"
_TYPES = {
    "STRING": "VARCHAR",
    "INTEGER": "BIGINT",
    "INT64": "BIGINT",
    "FLOAT": "DOUBLE",
    "FLOAT64": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "BOOL": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMPTZ",
}


class Buffer:
    """The rows of every table that were streamed less than `window_s` ago. `now` gives seconds since 1970."""

    def __init__(self, now: Callable[[], float], window_s: float) -> None:
        self._now, self.window_s = now, window_s
        self._rows: dict[Name, list[tuple[float, Mapping[str, Any]]]] = defaultdict(list)

    def add(self, name: Name, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take rows in; to be called before their writer hears that they are in, or its next statement slips past."""
        self._rows[name] += [(self._now(), row) for row in rows]

    def clear(self) -> None:
        """Let every row be stored for good."""
        self._rows.clear()

    def held(self, name: Name) -> list[tuple[float, Mapping[str, Any]]]:
        """Return the rows that are still held, with the instants at which they came."""
        self._rows[name] = [(at, row) for at, row in self._rows[name] if self._now() - at < self.window_s]
        return self._rows[name]

    def metadata(self, name: Name) -> dict[str, str] | None:
        """Return what `tables.get` tells of the buffer; None where it is empty."""
        held = self.held(name)
        if not held:
            return None
        n_bytes = sum(len(json.dumps(row)) for _, row in held)
        oldest = str(int(min(at for at, _ in held) * 1000))
        return {"estimatedRows": str(len(held)), "estimatedBytes": str(n_bytes), "oldestEntryTime": oldest}

    def refuses(self, sql: str, project: str, types: Callable[[Name], Mapping[str, str]]) -> str:
        """Return the error that a statement or script meets; an empty text if it touches nothing that is held."""
        if not any(self.held(name) for name in list(self._rows)):
            return ""
        try:
            changes = list(_changes(sql))
        except SqlglotError:
            return TEXT.format("(a statement that the double cannot read)")
        for change, target in changes:
            name = (target.catalog or project, target.db, target.name)
            if self.held(name) and self._touches(change, target, name, types(name)):
                return TEXT.format(f"{name[0]}:{name[1]}.{name[2]}")
        return ""

    def _touches(self, change: exp.Expr, target: exp.Table, name: Name, types: Mapping[str, str]) -> bool:
        if not isinstance(change, exp.Delete | exp.Update):
            return True  # MERGE and TRUNCATE: the strict reading
        where = change.args.get("where")
        columns = ", ".join(f'"{column}" {_TYPES.get(kind, "VARCHAR")}' for column, kind in types.items())
        db = duckdb.connect()
        try:
            db.execute(f"CREATE TABLE held ({columns})")
            for _, row in self.held(name):
                known = [column for column in row if column in types]
                marks = ", ".join("?" for _ in known)
                names = ", ".join(f'"{column}"' for column in known)
                db.execute(f"INSERT INTO held ({names}) VALUES ({marks})", [row[column] for column in known])
            condition = where.sql(dialect="duckdb") if where else ""
            found = db.execute(f'SELECT COUNT(*) FROM held AS "{target.alias or target.name}" {condition}').fetchone()
        except duckdb.Error:
            return True
        finally:
            db.close()
        return bool(found and found[0])


def changed(sql: str, project: str, *, by_deletion: bool = True) -> set[Name]:
    """Return the tables whose rows a statement or script changes or deletes; rows that are only added are no change.

    Without `by_deletion`, as if no DELETE found a row.
    """
    try:
        return {
            (target.catalog or project, target.db, target.name)
            for change, target in _changes(sql)
            if by_deletion or not isinstance(change, exp.Delete)
        }
    except SqlglotError:
        return set()


def _changes(sql: str) -> Iterator[tuple[exp.Expr, exp.Table]]:
    for statement in sqlglot.parse(sql, read="bigquery"):
        if isinstance(statement, exp.Delete | exp.Update | exp.Merge):
            yield statement, statement.this
        elif isinstance(statement, exp.TruncateTable):
            for table in statement.expressions:
                yield statement, table
