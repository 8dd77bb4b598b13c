"""How many bytes BigQuery would read for a statement: an estimate from the partitions and columns that it touches.

The emulator reports none. What is counted: for each table, the columns that are used after unused ones are dropped, in the
partitions of the days that the statement names, at BigQuery's sizes of the types. Billed is at least 10 MB a table and statement.

Source: https://cloud.google.com/bigquery/pricing (data size calculation, minimum of 10 MB)
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify

from tipoff.core.schema import ColumnType, Phase, Table

LEAST_BILLED = 10 * 1024 * 1024
_WIDTH = {ColumnType.INT: 8, ColumnType.FLOAT: 8, ColumnType.DATE: 8, ColumnType.INSTANT: 8, ColumnType.BOOL: 1}
Sizes = Mapping[tuple[str, str], Mapping[date, int]]  # (table, column) -> bytes by day


@dataclass
class Read:
    """What the statements of one kind read, and how many there were."""

    statements: int = 0
    bytes: int = 0
    billed: int = 0
    tables: Counter[str] = field(default_factory=Counter)


def sizes_of(db: duckdb.DuckDBPyConnection, tables: Iterable[Table]) -> Sizes:
    """Return the bytes of each column by day, as BigQuery counts them, from a home's DuckDB."""
    found: dict[tuple[str, str], dict[date, int]] = defaultdict(dict)
    for table in tables:
        if table.phase is Phase.PUBLISHED:
            continue
        for column in table.columns:
            width = _WIDTH.get(column.type)
            each = (
                f"COALESCE(LENGTH({column.name}) + 2, 0)" if width is None else f"IF({column.name} IS NULL, 0, {width})"
            )
            rows = db.execute(f"SELECT day, SUM({each}) FROM {table.full_name} GROUP BY day").fetchall()  # noqa: S608 -- declared names
            found[table.full_name, column.name] = {day: int(n_bytes) for day, n_bytes in rows}
    return found


def read_by(sql: str, values: Mapping[str, object], tables: Mapping[str, Table], sizes: Sizes) -> Counter[str]:
    """Return the bytes that a statement or script reads, by table; `tables` by the name that statements use."""
    schema: dict[str, dict[str, dict[str, str]]] = defaultdict(dict)
    for name, table in tables.items():
        dataset, _, bare = name.partition(".")
        schema[dataset][bare] = {column.name: column.type.value for column in table.columns}
    found: Counter[str] = Counter()
    for statement in sqlglot.parse(sql, read="bigquery"):
        if isinstance(statement, exp.Delete):
            target = tables.get(f"{statement.this.db}.{statement.this.name}")
            if target is not None:  # a deletion reads the whole partition
                found[target.full_name] += _sum(sizes, target, target.names, values, statement)
        elif isinstance(statement, exp.Insert | exp.Query):
            query = statement.expression if isinstance(statement, exp.Insert) else statement
            found += _of_query(query, values, tables, schema, sizes)
    return found


def _of_query(
    query: exp.Expr,
    values: Mapping[str, object],
    tables: Mapping[str, Table],
    schema: Mapping[str, object],
    sizes: Sizes,
) -> Counter[str]:
    found: Counter[str] = Counter()
    with suppress(SqlglotError):  # what cannot be narrowed is counted by the columns that it names
        query = pushdown_projections(qualify(query, schema=dict(schema), dialect="bigquery"))
    for named in query.find_all(exp.Table):
        table = tables.get(f"{named.db}.{named.name}")
        select = named.find_ancestor(exp.Select)
        if table is None or select is None:
            continue
        used = {column.name for column in select.find_all(exp.Column)} & set(table.names)
        found[table.full_name] += _sum(sizes, table, used, values, select)
    return found


def _sum(sizes: Sizes, table: Table, columns: Iterable[str], values: Mapping[str, object], statement: exp.Expr) -> int:
    first, last = _days(values, statement)
    return sum(
        n_bytes
        for column in columns
        for day, n_bytes in sizes.get((table.full_name, column), {}).items()
        if first <= day <= last
    )


def _days(values: Mapping[str, object], statement: exp.Expr) -> tuple[date, date]:
    where = statement.args.get("where")
    bounds = [
        value
        for parameter in (where.find_all(exp.Parameter) if where is not None else ())
        for value in [values.get(parameter.name)]
        if type(value) is date
    ]
    return (min(bounds), max(bounds)) if bounds else (date.min, date.max)
