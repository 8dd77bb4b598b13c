"""How the good slate is spoiled for each check, and which keys must then fail: exactly these, on every engine.

Checks of one table are written out in spoils.toml. Those that are generated for every table are spoiled by rule, here.
"""

import dataclasses
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tests.conformance.cases import FOLDER, TABLES, Row, read_value
from tests.conformance.slate import DAY, Good

from tipoff.checks.profile import profile_of
from tipoff.core.check import Check
from tipoff.core.rows import table_from_records, units_of
from tipoff.core.schema import Column, ColumnType, Table
from tipoff.leagues.checks.usual import ENOUGH
from tipoff.leagues.nba.checks.catalog import TRAITS
from tipoff.leagues.nba.league import NBA

NUMBERS = {ColumnType.INT, ColumnType.FLOAT}
OTHER_GAME, NO_GAME = "0022399999", "22301000"

# A profile calls a column constant only in units of eight rows and more, and dead only in slates of sixteen; these tables have
# one or two rows a game. Columns of other types are refused when a warehouse is opened: no rows that go through it can bring them
# about.
_FEW_ROWS = ("schedule", "nba_team_boxscores", "odds_events", "source_agreement", "team_games")
_NO_NUMBERS = ("candidates", "player_lines")  # of their own: what they have are texts, flags and prices
CANNOT_FIRE = frozenset(f"{name}.{kind}" for kind in ("values_vary", "columns_say_something") for name in _FEW_ROWS) | {
    *(f"{name}.columns_are_declared" for name in TABLES),
    *(f"{name}.columns_say_something" for name in _NO_NUMBERS),
    "schedule.days_have_games",  # the day has games
}
# Of the plain formulas' league these are right: everybody plays each day, nobody is void, and no history tells players apart.
TOO_PLAIN = frozenset(f"{name}.columns_say_something" for name in ("player_features", "player_form", "grades")) | {
    "quantile_regression.points_median_ranks_with_history",
    "moving_average.differ_from_quantile_regression",
}

# Checks of the work read the ledger alone: no engine bears on them, and tests of their own hold them.
OF_TABLES = tuple(check for check in NBA.checks if check.tables and check.name not in TOO_PLAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoil:
    """What stands in one table on a day instead of the good rows, or what the ledger says; and what must come of it."""

    check: str
    table: str
    failing: tuple[str, ...]
    rows: Sequence[Row] | None = None
    ledger: str = ""  # not run, nothing found, all excused, looked long ago, nulls before: see the bench
    day: date = DAY
    value: float | None = None


def spoils_of(check: Check, good: Good) -> list[Spoil]:
    """Return how a check is made to fail; empty for one that cannot fail on this slate."""
    said = _WRITTEN.get(check.name)
    if said is not None:
        return [_written(check, said, good)]
    if check.name in CANNOT_FIRE:
        return []
    name, _, kind = check.name.partition(".")
    return list(_RULES[rule_of(kind)](check.name, TABLES[name], good))


def rule_of(kind: str) -> str:
    """Return the rule by which a kind of check is spoiled: copies are one kind, whatever they are copies of."""
    return "copies" if kind.startswith("copies_") else kind


def written_checks() -> set[str]:
    """Return the checks that are spoiled in spoils.toml."""
    return set(_WRITTEN)


# --- written out

_WRITTEN: Mapping[str, Any] = tomllib.loads((FOLDER / "spoils.toml").read_text())


def _written(check: Check, said: Mapping[str, Any], good: Good) -> Spoil:
    name = said.get("table", check.name.partition(".")[0])
    table, day = TABLES[name], said.get("day", DAY)
    picked = _values(table, said["rows"])
    rows: list[Row] = []
    for row in good.slate(name, day):
        if any(row[column] != value for column, value in picked.items()):
            rows.append(row)
        elif not said.get("drop"):
            rows.append(row | _values(table, said["set"]))
    assert rows != good.slate(name, day), check.name
    return Spoil(
        check=check.name, table=name, day=day, rows=rows, failing=tuple(said["failing"]), value=said.get("value")
    )


def _values(table: Table, said: Mapping[str, str]) -> Row:
    return {column: read_value(text, table.column(column).type) for column, text in said.items()}


# --- by rule


def key_of(table: Table, row: Row) -> str:
    """Return a row's key as the checks write it."""
    return "|".join(_text(row[name]) for name in table.key)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case float():
            return f"{value:.2f}"
        case datetime():
            return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return str(value)


def _unit(table: Table, row: Row) -> str:
    return str(units_of(table, table_from_records(table, [row])).to_pylist()[0])


def _first(
    check: str, table: Table, good: Good, change: Callable[[Row], Row], key: Callable[[Table, Row], str]
) -> Spoil:
    first, *others = good.slate(table.name)
    changed = first | change(first)
    return Spoil(check=check, table=table.name, rows=[changed, *others], failing=(key(table, changed),))


def _doubled(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    first, *others = good.slate(table.name)
    yield Spoil(check=check, table=table.name, rows=[first, first, *others], failing=(key_of(table, first),))


def _beyond(column: Column, *, filled: bool) -> Iterator[Row]:
    if column.required or filled:
        yield {column.name: None}
    if column.minimum is not None:
        yield {column.name: _like(column, column.minimum - 1)}
    if column.maximum is not None:
        yield {column.name: _like(column, column.maximum + 1)}


def _like(column: Column, value: float) -> float:
    return int(value) if column.type is ColumnType.INT else float(value)


def _undeclared(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    """Break each claim of each column, in a row of its own; as many rounds as it takes."""
    filled = table.floor.filled if table.name != "published_predictions" else ()
    breaks = [
        wrong
        for column in table.columns
        if column.name != "day"
        for wrong in _beyond(column, filled=column.name in filled)
    ]
    rows = good.slate(table.name)
    for begin in range(0, len(breaks), len(rows)):
        part = breaks[begin : begin + len(rows)]
        changed = [row | wrong for row, wrong in zip(rows, part, strict=False)]
        failing = tuple(sorted({key_of(table, row) for row in changed}))
        yield Spoil(check=check, table=table.name, rows=[*changed, *rows[len(part) :]], failing=failing)


def _other_form(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    yield _first(check, table, good, lambda _row: {"game_id": NO_GAME}, key_of)


def _unscheduled(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    yield _first(check, table, good, lambda _row: {"game_id": OTHER_GAME}, key_of)


def _swapped(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    def change(row: Row) -> Row:
        return {"is_home": not row["is_home"]} if "is_home" in row else {"team": "ATL"}

    yield _first(check, table, good, change, key_of)


def _game_gone(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    rows = good.slate(table.name)
    game = rows[0]["game_id"]
    left = [row for row in rows if row["game_id"] != game]
    yield Spoil(check=check, table=table.name, rows=left, failing=(game,))


def _row_gone(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    first, *others = good.slate(table.name)
    yield Spoil(check=check, table=table.name, rows=others, failing=(_unit(table, first),))


def _known_late(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    yield _first(check, table, good, lambda row: {"known_at": row["known_at"] + timedelta(days=3)}, _unit)


def _altered(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    column = next(column for column in _plain(table) if column.type in NUMBERS | {ColumnType.TEXT})

    def change(row: Row) -> Row:
        value = row[column.name]
        return {column.name: f"{value}x" if column.type is ColumnType.TEXT else (value or 0) + 1}

    yield _first(check, table, good, change, _unit)


def _copied(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    """Change one column that a table shares with the one that it is copied from."""
    source = TABLES[check.rpartition(".copies_")[2]]
    shared = [c for c in table.columns if c.name in source.names and c.name not in {"day", "known_at", *table.key}]

    def change(row: Row) -> Row:
        column = next(c for c in shared if c.type is not ColumnType.DATE)
        value = row[column.name]
        if column.type is ColumnType.INSTANT:
            return {column.name: value + timedelta(minutes=1)}
        if column.type is ColumnType.BOOL:
            return {column.name: not value}
        return {column.name: f"{value}x" if column.type is ColumnType.TEXT else (value or 0) + 1}

    yield _first(check, table, good, change, key_of)


def _dead(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    """Let the first number that should vary be zero for everybody."""
    traits = TRAITS.get(table.name)
    left_out = {*traits.alike, *traits.slow} if traits else set()
    columns = [c for c in _looked_at(table) if c.type in NUMBERS and c.name not in left_out]
    if len(good.slate(table.name)) >= ENOUGH:
        yield _column(check, table, good, columns, lambda _row: 0)


def _looked_at(table: Table) -> list[Column]:
    left_out = {"day", *table.key, *table.unit_columns}
    return [column for column in table.columns if column.name not in left_out and not column.volatile]


def _not_run(check: str, table: Table, _good: Good) -> Iterator[Spoil]:
    yield Spoil(check=check, table=table.name, ledger="not run", failing=("slate",))


def _unsigned(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    unit = next(iter(good.proofs[table.name].units))
    yield Spoil(check=check, table=table.name, ledger="nothing found", failing=(unit,))


def _all_excused(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    units = tuple(good.proofs[table.name].units)
    yield Spoil(check=check, table=table.name, ledger="all excused", failing=units)


def _plain(table: Table) -> list[Column]:
    """Return the columns that may change without changing which row it is, and that are looked at by profiles."""
    left_out = {"day", *table.key, *table.unit_columns, *(TRAITS[table.name].irregular if table.name in TRAITS else ())}
    return [column for column in table.columns if column.name not in left_out and not column.volatile]


def _column(check: str, table: Table, good: Good, columns: Sequence[Column], value: Callable[[Row], Any]) -> Spoil:
    """Change one whole column of the slate: the first that is fit."""
    chosen = columns[0].name
    rows = [row | {chosen: value(row)} for row in good.slate(table.name)]
    return Spoil(check=check, table=table.name, rows=rows, failing=(chosen,))


def _profile(table: Table, good: Good) -> Mapping[str, Mapping[str, float]]:
    return profile_of(table, good.rows[table.name][-1])


def _all_null(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    profile = _profile(table, good)
    yield _column(check, table, good, [c for c in _plain(table) if profile[c.name]["nulls"] == 0], lambda _row: None)


def _rising(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    """Let one column be NULL on the slate and, as the ledger remembers, on the two before."""
    [spoil] = _all_null(check, table, good)
    yield dataclasses.replace(spoil, ledger="nulls before")


def _long_ago(check: str, table: Table, _good: Good) -> Iterator[Spoil]:
    yield Spoil(check=check, table=table.name, ledger="looked long ago", failing=(), value=12.0)


def _measured(table: Table, good: Good) -> list[Column]:
    """Return the columns with a mean, numbers first, that are seldom zero."""
    profile = _profile(table, good)
    fit = [
        column
        for column in _plain(table)
        if column.type in NUMBERS | {ColumnType.TEXT} and profile[column.name].get("zeros_max", 1.0) < 0.5
    ]
    return sorted(fit, key=lambda column: column.type not in NUMBERS)


def _all_zero(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    columns = _measured(table, good)
    yield _column(check, table, good, columns, lambda _row: "" if columns[0].type is ColumnType.TEXT else 0)


def _far_off(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    columns = _measured(table, good)
    yield _column(check, table, good, columns, lambda _row: "x" * 200 if columns[0].type is ColumnType.TEXT else 10**10)


def _constant(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    profile, first = _profile(table, good), good.slate(table.name)[0]
    columns = [c for c in _plain(table) if profile[c.name]["distinct_min"] >= 3]
    yield _column(check, table, good, columns, lambda _row: first[columns[0].name])


def _twice_as_many(check: str, table: Table, good: Good) -> Iterator[Spoil]:
    rows = good.slate(table.name)
    first = [row for row in rows if _unit(table, row).partition("|")[0] == _unit(table, rows[0]).partition("|")[0]]
    yield Spoil(check=check, table=table.name, rows=[*rows, *first], failing=("most",))


_RULES: Mapping[str, Callable[[str, Table, Good], Iterator[Spoil]]] = {
    "keys_are_unique": _doubled,
    "values_are_as_declared": _undeclared,
    "game_ids_have_their_form": _other_form,
    "games_are_scheduled": _unscheduled,
    "games_are_there": _game_gone,
    "sides_are_the_schedules": _swapped,
    "has_run": _not_run,
    "zero_is_signed": _unsigned,
    "not_all_is_excused": _all_excused,
    "is_still_there": _row_gone,
    "is_what_its_inputs_give": _altered,
    "known_at_is_when_it_came": _known_late,
    "nulls_are_usual": _all_null,
    "nulls_do_not_rise": _rising,
    "is_fresh": _long_ago,
    "zeros_are_usual": _all_zero,
    "means_are_usual": _far_off,
    "values_vary": _constant,
    "rows_are_usual": _twice_as_many,
    "columns_say_something": _dead,
    "copies": _copied,
}
RULES = frozenset(_RULES)
