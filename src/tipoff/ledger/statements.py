"""INSERT in the engine's dialect; what every tick writes, compiled once and run on the raw cursor: most of what a row costs."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Union

from sqlalchemy import Insert, Table, Update, bindparam, update
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeEngine

from tipoff.ledger import schema, watching

if TYPE_CHECKING:
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert

Row = dict[str, Any]

_KEEP_ON_CONFLICT: Mapping[str, frozenset[str]] = {
    "games": frozenset({"first_seen_at"}),
    "questions": frozenset({"since"}),
}
_FIRST_WINS = frozenset({"arrivals", "marks"})
_UPSERTED = frozenset(
    {"facts", "seasons", "proofs", "obligations", "games", "arrivals", "gates", "marks", "conflicts", "questions"}
    | {
        table.name
        for table in (watching.measured, watching.profiles, watching.heartbeats, watching.scorecards, watching.rules)
    }
)


class Prepared:
    """A statement compiled once for the columns that it names: looking it up anew costs more than writing a row."""

    def __init__(self, statement: ClauseElement, types: Mapping[str, TypeEngine[Any]], dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(types))
        self._sql = str(compiled)
        self._order = tuple(compiled.positiontup or ()) if compiled.positional else ()
        found = {name: kind.dialect_impl(dialect).bind_processor(dialect) for name, kind in types.items()}
        self._processors = {name: process for name, process in found.items() if process is not None}

    def write(self, cursor: DBAPICursor, rows: Sequence[Row]) -> None:
        """Write `rows`, which all name the same columns."""
        ready = [row | {name: process(row[name]) for name, process in self._processors.items()} for row in rows]
        if self._order:
            cursor.executemany(self._sql, [tuple([row[name] for name in self._order]) for row in ready])
        else:
            cursor.executemany(self._sql, ready)

    def ask(self, cursor: DBAPICursor, row: Row) -> Sequence[Any]:
        """Run it once and return the rows that it gives."""
        ready = row | {name: process(row[name]) for name, process in self._processors.items()}
        cursor.execute(self._sql, tuple([ready[name] for name in self._order]) if self._order else ready)
        return cursor.fetchall()


Types = Mapping[str, TypeEngine[Any]]


class Statements:
    """Writes what every tick does, for one engine."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[tuple[str, tuple[str, ...]], Prepared] = {}

    def insert(self, cursor: DBAPICursor, table: Table, rows: Sequence[Row]) -> None:
        """Write rows of a table, which all name the same columns."""
        names = tuple(rows[0])
        types = {name: table.columns[name].type for name in names}
        self._prepared(table.name, names, lambda: (self._insert(table), types)).write(cursor, newest(table.name, rows))

    def end_runs(self, cursor: DBAPICursor, ends: Sequence[Row]) -> None:
        """Write the changes of runs that have ended."""
        for some in alike(ends):
            names = tuple(some[0])
            types = {name: schema.runs.columns[name[1:]].type for name in names}
            self._prepared("end of a run", names, lambda: (_run_end(names), types)).write(cursor, some)  # noqa: B023 -- called at once

    def renew(self, cursor: DBAPICursor, name: str, holder: str, epoch: int, until: datetime) -> bool:
        """Let a lease last until `until`; returns whether it is still held."""
        row = {"_name": name, "_holder": holder, "_epoch": epoch, "until": until}
        self._prepared("lease", (), _renewal).write(cursor, [row])
        return cursor.rowcount == 1

    def take_numbers(self, cursor: DBAPICursor, name: str, n: int) -> int:
        """Take the next `n` numbers of a kind, and return the last of them."""
        return int(self._prepared("number", (), _numbering).ask(cursor, {"_name": name, "n": n})[0][0])

    def _prepared(self, what: str, names: tuple[str, ...], make: Callable[[], tuple[ClauseElement, Types]]) -> Prepared:
        known = self._known.get((what, names))
        if known is None:
            known = self._known[what, names] = Prepared(*make(), self._dialect)
        return known

    def _insert(self, table: Table) -> Insert:
        dialect = self._dialect.name
        if table.name not in _UPSERTED:
            return insert_into(table, dialect)
        if table.name in _FIRST_WINS:
            return insert_into(table, dialect).on_conflict_do_nothing(index_elements=list(table.primary_key))
        return upsert(table, dialect, _KEEP_ON_CONFLICT.get(table.name, ()))


def _renewal() -> tuple[ClauseElement, Types]:
    table = schema.leases
    names = ("_name", "_holder", "_epoch", "until")
    mine = [table.c[name[1:]] == bindparam(name) for name in names[:3]]
    types = {name: table.c[name.removeprefix("_")].type for name in names}
    return update(table).where(*mine).values(until=bindparam("until")), types


def _numbering() -> tuple[ClauseElement, Types]:
    table = schema.numbers
    change = update(table).where(table.c.name == bindparam("_name")).values(last=table.c.last + bindparam("n"))
    return change.returning(table.c.last), {"_name": table.c.name.type, "n": table.c.last.type}


def newest(name: str, rows: Sequence[Row]) -> Sequence[Row]:
    """Return the last row of each key, where one is replaced by the next anyway."""
    if name not in _UPSERTED or name in _FIRST_WINS or len(rows) == 1:
        return rows
    keys = [column.name for column in schema.metadata.tables[name].primary_key]
    return list({tuple(row[key] for key in keys): row for row in rows}.values())


def alike(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Yield rows that name the same columns together."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row), []).append({f"_{name}": value for name, value in row.items()})
    yield from groups.values()


def _run_end(names: tuple[str, ...]) -> Update:
    runs = schema.runs
    values: dict[str, Any] = {name[1:]: bindparam(name) for name in names if name != "_id"}
    return update(runs).where(runs.c.id == bindparam("_id")).values(**values)


def upsert(table: Table, dialect: str, kept: Collection[str] = ()) -> Union[SqliteInsert, "PostgresInsert"]:
    """Return an INSERT that brings the row of the same key up to date, but for the columns `kept`."""
    made = insert_into(table, dialect)
    keys = [column.name for column in table.primary_key]
    changes = {column.name: made.excluded[column.name] for column in table.columns if column.name not in {*keys, *kept}}
    return made.on_conflict_do_update(index_elements=keys, set_=changes)


def insert_into(table: Table, dialect: str) -> Union[SqliteInsert, "PostgresInsert"]:
    """Return an INSERT that can say what is to happen on a conflict."""
    if dialect == "sqlite":
        return SqliteInsert(table)
    from sqlalchemy.dialects.postgresql import Insert as PostgresInsert  # noqa: PLC0415 -- a twentieth of a second

    return PostgresInsert(table)
