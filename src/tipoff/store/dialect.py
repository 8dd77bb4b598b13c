"""Steps' SQL: one SELECT in BigQuery's dialect, its windows narrowed, what is not portable refused, translated for DuckDB."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from tipoff.core.errors import ShapeError
from tipoff.core.schema import ColumnType, Table
from tipoff.core.slate import Season
from tipoff.core.step import SqlWork, Step
from tipoff.core.window import Input, Window, WindowKind
from tipoff.store.portable import refuse_mixed_types, refuse_unlisted

_DUCK_TYPES = {
    ColumnType.TEXT: "VARCHAR",
    ColumnType.INT: "BIGINT",
    ColumnType.FLOAT: "DOUBLE",
    ColumnType.BOOL: "BOOLEAN",
    ColumnType.DATE: "DATE",
    ColumnType.INSTANT: "TIMESTAMPTZ",
}
DUCK, BIGQUERY = "duckdb", "bigquery"
_SOME = ("some",)  # stands for any games of the slate: a statement is translated once, whichever they are
Slicer = Callable[[Table, Window], exp.Select]


@dataclass(frozen=True, slots=True)
class CompiledStep:
    """A step ready to run: its inputs as read off its work, its version, and its SELECT in both dialects."""

    step: Step
    inputs: tuple[Input, ...]
    version: str
    duck: str = ""
    bigquery: str = ""
    parameters: frozenset[str] = frozenset()
    games: tuple[str, ...] = ()  # of the slate itself, that are history for the units of a run


def load(step: Step, tables: Mapping[str, Table]) -> CompiledStep:
    """Read off what `step` reads and, where it is SQL, narrow and translate it; raises `ShapeError` for what may not be in it."""
    work = step.work
    read = () if isinstance(work, SqlWork) else [one.table for one in work.inputs]
    for name in (*read, *step.rows_as, *(edge.table for edge in step.edges)):
        if name not in tables:
            msg = f"{step.name} names {name}, which the league does not declare"
            raise ShapeError(msg, hint="declare it in the catalog")
    if not isinstance(work, SqlWork):
        return CompiledStep(step, work.inputs, step.version())
    written = _written(work.sql, step.name, step.table, _may_read(work.sql, tables.values()))
    return CompiledStep(
        step=step,
        inputs=written.inputs,
        version=step.version(parsed_sql=written.narrowed),
        bigquery=written.bigquery,
        parameters=written.parameters,
        duck=written.duck,
    )


@dataclass(frozen=True, slots=True)
class _Written:
    """What comes of a step's SQL: with its windows narrowed, and with its columns cast in both dialects."""

    narrowed: str
    duck: str
    bigquery: str
    inputs: tuple[Input, ...]
    parameters: frozenset[str]


@cache
def _written(
    sql: str, name: str, table: Table, tables: tuple[Table, ...], *, has_earlier_games: bool = False
) -> _Written:
    """Read and translate a step's SQL, once for a process: every controller, drill and test opens its stores anew."""
    declared = {other.name: other for other in tables}
    tree = _parse(sql, name)
    games = _SOME if has_earlier_games else ()
    if not games:  # what is run for some of a day's games was gone through when it was loaded
        refuse_unlisted(tree, name)
        _refuse_other_columns(tree, name, table)
    plain, lean, named = tree.copy(), tree.copy(), _named_in(tree)
    inputs = _narrow(tree, name, declared, lambda other, window: _slice(other, window.with_games(games)))
    _narrow(lean, name, declared, lambda other, window: _slice(other, window.with_games(games), named(other)))
    if not games:
        refuse_mixed_types(plain, name, declared, table)
    narrowed, wrapped = tree.sql(dialect="bigquery"), _typed(lean, table)
    return _Written(
        narrowed=narrowed,
        inputs=tuple(inputs),
        bigquery=wrapped.sql(dialect="bigquery"),
        parameters=frozenset(parameter.name for parameter in wrapped.find_all(exp.Parameter)),
        duck=_duck(wrapped, name),
    )


def with_earlier_games(compiled: CompiledStep, tables: Mapping[str, Table], games: tuple[str, ...]) -> CompiledStep:
    """Return the step as it is run for units to which these games of the slate itself are history; its version is the same."""
    step = compiled.step
    if not games or not isinstance(step.work, SqlWork) or not any(read.window.is_history for read in compiled.inputs):
        return compiled
    written = _written(
        step.work.sql, step.name, step.table, _may_read(step.work.sql, tables.values()), has_earlier_games=True
    )
    return replace(compiled, bigquery=written.bigquery, parameters=written.parameters, duck=written.duck, games=games)


@dataclass(frozen=True, slots=True)
class CompiledQuestion:
    """A check's or a view's SELECT, narrowed, in one engine's dialect."""

    sql: str
    inputs: tuple[Input, ...]
    parameters: frozenset[str]

    def values(self, day: date, season: Season, as_of: datetime) -> dict[str, object]:
        """Return the values of its parameters."""
        known = bounds(self.inputs, day=day, season=season, as_of=as_of)
        return {name: known[name] for name in self.parameters}


def question(sql: str, name: str, tables: Mapping[str, Table], engine: str = DUCK) -> CompiledQuestion:
    """Narrow and translate a check's SELECT, which reads windows as steps do; raises as `load`."""
    return _asked(sql, name, _may_read(sql, tables.values()), engine)


def season_query(sql: str, tables: Iterable[Table], engine: str = DUCK) -> CompiledQuestion:
    """Narrow and translate a read-only SELECT over `season.<table>`; raises as `load`."""
    return _asked(sql, "query", _may_read(sql, tables), engine, is_of_season=True)


def _may_read(sql: str, tables: Iterable[Table]) -> tuple[Table, ...]:
    """Return the tables whose names stand in the text: with others declared beside them it is no other statement."""
    return tuple(table for table in tables if table.name in sql)


class Questions:
    """What checks ask, each narrowed and translated once; `tables` are those of the leagues."""

    def __init__(self, tables: Mapping[str, Mapping[str, Table]], engine: str) -> None:
        self._tables, self._engine = tables, engine
        self._known: dict[tuple[str, str], CompiledQuestion] = {}

    def of(self, sql: str, league: str) -> CompiledQuestion:
        """Return a check's SELECT on the tables of a league; see `question`."""
        if (league, sql) not in self._known:
            self._known[league, sql] = question(sql, "check", self._tables[league], self._engine)
        return self._known[league, sql]


@cache
def _asked(
    sql: str, name: str, tables: tuple[Table, ...], engine: str, *, is_of_season: bool = False
) -> CompiledQuestion:
    """Read and translate a SELECT, once for a process: every drill and test opens its stores anew."""
    declared = {table.name: table for table in tables}
    tree = _parse(sql, name)
    refuse_unlisted(tree, name)
    written, named = tree.copy(), _named_in(tree)

    def slicer(table: Table, window: Window) -> exp.Select:
        if is_of_season:
            return _select(table, table.names, ["day BETWEEN @season_start AND @season_end"])
        return _slice(table, window, named(table))

    inputs = _narrow(tree, name, declared, slicer)
    refuse_mixed_types(written, name, declared)
    return CompiledQuestion(
        inputs=tuple(inputs),
        parameters=frozenset(parameter.name for parameter in tree.find_all(exp.Parameter)),
        sql=tree.sql(dialect=BIGQUERY, copy=False) if engine == BIGQUERY else _duck(tree, name),
    )


def bounds(
    inputs: Iterable[Input], *, day: date, season: Season, as_of: datetime, games: Iterable[str] = ()
) -> dict[str, object]:
    """Return the value of every parameter that a step's SQL may name."""
    values: dict[str, object] = {"day": day, "season_start": season.first_day, "as_of": as_of, "games": list(games)}
    for read in inputs:
        values[f"{read.window.name}_from"], values[f"{read.window.name}_to"] = read.window.bounds(day, season)
    return values


def slice_sql(table: Table, window: Window, columns: tuple[str, ...] = (), engine: str = DUCK) -> str:
    """Return the SELECT that gives the window's rows of `table`; parameters as `bounds` names them."""
    return _slice_sql(table, window.with_games(_SOME) if window.games else window, columns, engine)


@cache
def _slice_sql(table: Table, window: Window, columns: tuple[str, ...], engine: str) -> str:
    return _slice(table, window, columns or table.names).sql(dialect=engine, copy=False)


def _parse(sql: str, name: str) -> exp.Query:
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="bigquery") if tree is not None]
    except SqlglotError as error:
        msg = f"{name}: the SQL cannot be read: {error}"
        raise ShapeError(msg, hint="steps are written in BigQuery's dialect") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        msg = f"{name}: a step is exactly one SELECT"
        raise ShapeError(msg)
    return trees[0]


def _narrow(tree: exp.Query, name: str, tables: Mapping[str, Table], slicer: Slicer) -> list[Input]:
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    clash = ctes & tables.keys()
    if clash:
        msg = f"{name}: a CTE has the name of a table: {', '.join(sorted(clash))}"
        raise ShapeError(msg, hint="rename the CTE")
    inputs: list[Input] = []
    for found in list(tree.find_all(exp.Table)):
        if not found.db and found.name in ctes:
            continue
        if not isinstance(found.this, exp.Identifier):
            msg = f"{name}: table functions are refused: {found.sql()}"
            raise ShapeError(msg)
        read = _input(found, name, tables)
        alias = found.alias or found.name
        joins = found.args.get("joins") or []
        narrowed = slicer(tables[read.table], read.window).subquery(alias)
        narrowed.set("joins", joins)
        found.replace(narrowed)
        if read not in inputs:
            inputs.append(read)
    return inputs


def _input(found: exp.Table, name: str, tables: Mapping[str, Table]) -> Input:
    if not found.db:
        msg = f"{name}: {found.name} is read without a window"
        raise ShapeError(msg, hint="write slate., before., seasonsN., lastN., latest. or known. before it")
    if found.name not in tables:
        msg = f"{name}: {found.name} is not declared by this league"
        raise ShapeError(msg, hint="declare it in the league's tables")
    if found.db == "season":
        return Input(found.name, Window(WindowKind.BEFORE))
    try:
        return Input(found.name, Window.parse(found.db))
    except ValueError as error:
        msg = f"{name}: there is no window {found.db!r}"
        raise ShapeError(msg, hint="windows: slate, before, seasonsN, lastN, latest, known") from error


def _named_in(tree: exp.Query) -> Callable[[Table], tuple[str, ...]]:
    """Return what says which columns of a table `tree` names: to bind the others is much of what a statement costs."""
    names = {found.name.lower() for found in tree.find_all(exp.Identifier)}
    aliases = {found.alias_or_name.lower() for found in tree.find_all(exp.Table, exp.TableAlias)}
    is_whole = any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star))
    is_whole = is_whole or any(not c.table and c.name.lower() in aliases for c in tree.find_all(exp.Column))

    def named(table: Table) -> tuple[str, ...]:
        kept = tuple(name for name in table.names if name.lower() in names)
        return table.names if is_whole else kept or table.names[:1]

    return named


def _slice(table: Table, window: Window, columns: Iterable[str] = ()) -> exp.Select:
    first, last = f"@{window.name}_from", f"@{window.name}_to"
    conditions = [f"day BETWEEN {first} AND {last}"]
    if window.games and "game_id" in table.names:
        conditions = [f"day BETWEEN {first} AND @day", f"day <= {last} OR game_id IN UNNEST(@games)"]
    if window.kind is WindowKind.KNOWN:
        conditions.append("known_at <= @as_of")
    if window.kind is WindowKind.LATEST:
        newest = f"SELECT MAX(day) FROM {table.full_name} WHERE day BETWEEN {first} AND {last}"  # noqa: S608 -- declared names
        conditions.append(f"day = ({newest})")
    return _select(table, columns or table.names, conditions)


def _select(table: Table, columns: Iterable[str], conditions: Iterable[str]) -> exp.Select:
    """Return the SELECT of some columns, put together from its parts: to parse each name was a fifth of a translation."""
    query = exp.Select(expressions=[exp.column(name) for name in columns])
    query.from_(exp.table_(table.name, db=table.dataset), copy=False)
    return query.where(*(_condition(one).copy() for one in conditions), copy=False)


@cache
def _condition(sql: str) -> exp.Expr:
    return sqlglot.parse_one(sql, read="bigquery")


def _typed(tree: exp.Query, table: Table) -> exp.Select:
    columns = [
        exp.cast(exp.column(column.name, table="made"), exp.DataType.build(column.type.value, dialect="bigquery")).as_(
            column.name
        )
        for column in table.columns
    ]
    return exp.select(*columns).from_(tree.subquery("made"))


def _duck(tree: exp.Query, name: str) -> str:
    """Return `tree`, which is used up, in DuckDB's dialect."""
    try:
        moved = tree.transform(_as_date, copy=False)
        return moved.sql(dialect=DUCK, unsupported_level=ErrorLevel.RAISE, copy=False)
    except SqlglotError as error:
        msg = f"{name}: the SQL has no translation for DuckDB: {error}"
        raise ShapeError(msg, hint="write it with functions that both engines have") from error


def _as_date(node: exp.Expr) -> exp.Expr:
    """Keep a moved date a date: DuckDB makes an instant of a date and an interval."""
    is_moved = isinstance(node, exp.DateAdd | exp.DateSub)
    return exp.cast(node.copy(), exp.DataType.build("DATE")) if is_moved else node


def _refuse_other_columns(tree: exp.Query, name: str, table: Table) -> None:
    if any(isinstance(shown, exp.Star) for shown in tree.selects):
        msg = f"{name}: the last SELECT names its columns; * is refused"
        raise ShapeError(msg)
    named, declared = set(tree.named_selects), set(table.names)
    if named != declared:
        msg = f"{name}: lacks {sorted(declared - named)}, has undeclared {sorted(named - declared)}"
        raise ShapeError(msg, hint="the SELECT and the table's declaration must agree")


def duck_type(kind: ColumnType) -> str:
    """Return DuckDB's name of a column type."""
    return _DUCK_TYPES[kind]


def told_type(kind: ColumnType) -> str:
    """Return the type's name as DuckDB tells it."""
    return duck_type(kind).replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")
