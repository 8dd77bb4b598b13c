"""Corruptions of what stands: each operator spoils one slate's rows of one table, as bugs and providers have done.

They are DuckDB statements on a warehouse's own tables, meant for a transaction that is rolled back.
"""

# ruff: noqa: S608 -- every name in these statements is declared in a league's tables

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from tipoff.core.schema import Column, ColumnType, Table

_NUMBERS = frozenset({ColumnType.INT, ColumnType.FLOAT})
_TIMES = frozenset({ColumnType.DATE, ColumnType.INSTANT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of the matrix: an operator on a table, or on one of its columns, in one game, the whole slate or one row."""

    table: Table
    operator: str
    column: str
    scope: str  # game, slate, row

    @property
    def name(self) -> str:
        """The cell's name in the matrix."""
        column = f".{self.column}" if self.column else ""
        return f"{self.table.name}{column} {self.operator} {self.scope}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellPlace:
    """Where it is done: a day, one of its games, and the slates before and after that the table has rows of."""

    day: date
    game_id: str
    before: date | None
    after: date | None


def _where(cell: Cell, place: CellPlace) -> str:
    where = f"day = DATE '{place.day}'"
    if "game_id" in cell.table.names and cell.scope != "slate":
        # tipoff: allow sql-from-values -- an id that the machine itself made; a mutation is a text that is shown to people
        where += f" AND game_id = '{place.game_id}'"
    if cell.scope == "row":
        key = ", ".join(cell.table.key)
        table = cell.table.full_name
        where += f" AND rowid = (SELECT rowid FROM {table} WHERE {where} ORDER BY {key} LIMIT 1)"
    return where


def _set(value: str, changed: str) -> Callable[[Cell, CellPlace], list[str]]:
    def statements(cell: Cell, place: CellPlace) -> list[str]:
        column, table = cell.column, cell.table.full_name
        return [
            (
                f"UPDATE {table} SET {column} = {value.format(c=column)} WHERE {_where(cell, place)} "
                f"AND {changed.format(c=column)}"
            )
        ]

    return statements


def _constant(cell: Cell, place: CellPlace) -> list[str]:
    column, table, where = cell.column, cell.table.full_name, _where(cell, place)
    value = (
        f"(SELECT {column} FROM {table} WHERE {where} AND {column} IS NOT NULL GROUP BY {column} "
        f"ORDER BY count(*) DESC, {column} LIMIT 1)"
    )
    return [f"UPDATE {table} SET {column} = {value} WHERE {where} AND {column} <> {value}"]


def _rotated(cell: Cell, place: CellPlace) -> list[str]:
    column, table, where = cell.column, cell.table.full_name, _where(cell, place)
    order = ", ".join(cell.table.key)
    rows = (
        f"SELECT rowid AS place, {column} AS mine, coalesce(lead({column}) OVER (ORDER BY {order}), "
        f"first_value({column}) OVER (ORDER BY {order})) AS others FROM {table} WHERE {where}"
    )
    return [
        (
            f"UPDATE {table} SET {column} = s.others FROM ({rows}) AS s "
            f"WHERE {table}.rowid = s.place AND s.mine IS DISTINCT FROM s.others"
        )
    ]


def _dropped(cell: Cell, place: CellPlace) -> list[str]:
    return [f"DELETE FROM {cell.table.full_name} WHERE {_where(cell, place)}"]


def _without_one(cell: Cell, place: CellPlace) -> list[str]:
    """Drop one row of each game in scope: a player, or one of two clubs."""
    table, where = cell.table.full_name, _where(cell, place)
    order = ", ".join(cell.table.key)
    ranked = f"SELECT rowid, row_number() OVER (PARTITION BY game_id ORDER BY {order}) AS n FROM {table} WHERE {where}"
    first = f"SELECT rowid FROM ({ranked}) WHERE n = 1"
    return [f"DELETE FROM {table} WHERE rowid IN ({first})"]


def _doubled(cell: Cell, place: CellPlace) -> list[str]:
    return [f"INSERT INTO {cell.table.full_name} SELECT * FROM {cell.table.full_name} WHERE {_where(cell, place)}"]


def _swapped(cell: Cell, place: CellPlace) -> list[str]:
    table, names, where = cell.table.full_name, cell.table.names, _where(cell, place)
    if "home_team" in names:
        return [f"UPDATE {table} SET home_team = away_team, away_team = home_team WHERE {where}"]
    if "is_home" in names:
        return [f"UPDATE {table} SET is_home = NOT is_home WHERE {where}"]
    return [f"UPDATE {table} SET team = opponent, opponent = team WHERE {where}"]


def _stale(cell: Cell, place: CellPlace) -> list[str]:
    """Put the rows of the slate before in the place of these, under these games' ids and this day."""
    table, where = cell.table, _where(cell, place)
    if place.before is None:
        return []
    shown = []
    for name in table.names:
        if name == "day":
            shown.append(f"DATE '{place.day}' AS day")
        elif name == "game_id":
            shown.append("m.mine AS game_id")
        else:
            shown.append(f"o.{name}")
    names = ", ".join(table.names)
    if "game_id" not in table.names:
        source = f"SELECT {', '.join(shown)} FROM {table.full_name} AS o WHERE o.day = DATE '{place.before}'"
    else:
        mine = _numbered("mine", table, where)
        old = _numbered("other", table, f"day = DATE '{place.before}'")
        source = (
            f"SELECT {', '.join(shown)} FROM {table.full_name} AS o JOIN ({old}) AS p ON p.other = o.game_id "
            f"JOIN ({mine}) AS m ON m.n = p.n WHERE o.day = DATE '{place.before}'"
        )
    kept = f"CREATE OR REPLACE TEMP TABLE stale_rows AS {source}"
    return [
        kept,
        f"DELETE FROM {table.full_name} WHERE {where}",
        f"INSERT INTO {table.full_name} ({names}) SELECT {names} FROM stale_rows",
    ]


def _numbered(name: str, table: Table, where: str) -> str:
    games = f"SELECT DISTINCT game_id FROM {table.full_name} WHERE {where}"
    return f"SELECT game_id AS {name}, row_number() OVER (ORDER BY game_id) AS n FROM ({games})"


def _leaked(cell: Cell, place: CellPlace) -> list[str]:
    """Take rows of a later slate into this one: of one game, or all."""
    table = cell.table
    if place.after is None:
        return []
    shown = ", ".join(f"DATE '{place.day}' AS day" if name == "day" else name for name in table.names)
    one = " LIMIT 1" if cell.scope != "slate" else ""
    order = ", ".join(table.key)
    return [
        (
            f"INSERT INTO {table.full_name} ({', '.join(table.names)}) SELECT {shown} FROM {table.full_name} "
            f"WHERE day = DATE '{place.after}' ORDER BY {order}{one}"
        )
    ]


def _other_ids(cell: Cell, place: CellPlace) -> list[str]:
    return [
        (
            f"UPDATE {cell.table.full_name} SET game_id = strftime(day, '%Y%m%d') || '_' || ltrim(game_id, '0') "
            f"WHERE {_where(cell, place)}"
        )
    ]


def _without_zeros(cell: Cell, place: CellPlace) -> list[str]:
    table = cell.table.full_name
    return [f"UPDATE {table} SET game_id = ltrim(game_id, '0') WHERE {_where(cell, place)} AND game_id LIKE '0%'"]


_COLUMN_OPERATORS: dict[str, Callable[[Cell, CellPlace], list[str]]] = {
    "null": _set("NULL", "{c} IS NOT NULL"),
    "zero": _set("0", "{c} <> 0"),
    "empty text": _set("''", "{c} <> ''"),
    "false": _set("FALSE", "{c}"),
    "scale by 100": _set("{c} * 100", "{c} <> 0"),
    "shift a day": _set("{c} + INTERVAL 1 DAY", "{c} IS NOT NULL"),
    "constant": _constant,
    "next row's value": _rotated,
}
_TABLE_OPERATORS: dict[str, Callable[[Cell, CellPlace], list[str]]] = {
    "drop a game": _dropped,
    "drop a row of each game": _without_one,
    "duplicate keys": _doubled,
    "swap home and away": _swapped,
    "stale copy": _stale,
    "leak a later row": _leaked,
    "other id format": _other_ids,
    "id without zeros": _without_zeros,
}


def _fits(operator: str, column: Column) -> bool:
    match operator:
        case "zero" | "scale by 100":
            return column.type in _NUMBERS
        case "empty text":
            return column.type is ColumnType.TEXT
        case "false":
            return column.type is ColumnType.BOOL
        case "shift a day":
            return column.type in _TIMES
        case "constant" | "next row's value":
            return column.name != "day"
    return True


def cells(tables: Sequence[Table], scopes: Sequence[str]) -> Iterator[Cell]:
    """Yield every cell that could apply: each table × each non-key column × each operator × each scope."""
    for table in tables:
        by_game = "game_id" in table.names
        fitting = [scope for scope in scopes if scope == "slate" or by_game]
        for scope in fitting:
            for operator in _TABLE_OPERATORS:
                if scope == "row" or not _applies(operator, table):
                    continue
                yield Cell(table=table, operator=operator, column="", scope=scope)
            for column in table.columns:
                if column.name in table.key:
                    continue
                for operator in _COLUMN_OPERATORS:
                    if _fits(operator, column):
                        yield Cell(table=table, operator=operator, column=column.name, scope=scope)


def _applies(operator: str, table: Table) -> bool:
    names = set(table.names)
    if operator == "swap home and away":
        return bool({"home_team", "is_home"} & names) or {"team", "opponent"} <= names
    if operator in {"drop a row of each game", "other id format", "id without zeros"}:
        return "game_id" in names
    return True


def statements(cell: Cell, place: CellPlace) -> list[str]:
    """Return the statements that do it; the last one's count says how many rows it changed."""
    operators = _COLUMN_OPERATORS if cell.column else _TABLE_OPERATORS
    return operators[cell.operator](cell, place)
