"""The statements that the warehouse on BigQuery sends, as texts; whatever differs from one to the next is a parameter.

A script's checks are `SELECT IF(…, ERROR('tipoff: …'), …)`: an error that nobody handles ends the script and rolls its
transaction back.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache

import sqlglot
from sqlglot import exp

from tipoff.core.errors import ShapeError
from tipoff.core.proof import PROOF_COLUMNS
from tipoff.core.schema import ColumnType, Table
from tipoff.store.bigquery.target import Target, turn_of

FENCED, MOVED, UNEQUAL = "tipoff: a later run has published", "tipoff: the proof is another", "tipoff: read back"
NO_TURN = "tipoff: the table of turns is empty"
DAYS = frozenset({"day", "event_day"})  # the columns by which tables are cut into partitions
FIRST_DAY = "DATE '1900-01-01'"  # before every slate: proofs are read whole, and say so to the partition filter

# ruff: noqa: S608 -- texts are made of declared names alone; values are parameters


def unit_of(table: Table) -> str:
    """Return the expression of a row's unit."""
    parts = [
        name if table.column(name).type is ColumnType.TEXT else f"CAST({name} AS STRING)" for name in table.unit_columns
    ]
    return " || '|' || ".join(parts)


def of_units(table: Table, *, some: bool) -> str:
    """Return the condition on the rows of the slate @day; with `some`, of the units @unit_names alone."""
    return "day = @day" + (f" AND {unit_of(table)} IN UNNEST(@unit_names)" if some and table.unit_columns else "")


def stored(target: Target, table: Table, *, some: bool) -> str:
    """Return the SELECT of the rows that now stand in a slate."""
    return f"SELECT {', '.join(table.names)} FROM {target.table(table)} WHERE {of_units(table, some=some)}"


def counted(target: Target, table: Table) -> str:
    """Return the SELECT of how many rows stand in each slate: of a table, the days alone are read."""
    return f"SELECT day, COUNT(*) AS n FROM {target.table(table)} WHERE day >= {FIRST_DAY} GROUP BY day"


def proofs(target: Target) -> str:
    """Return the SELECT of every slate's newest proof with a fence above @since."""
    return (
        f"SELECT {', '.join(PROOF_COLUMNS)} FROM {target.own}.newest_proofs WHERE day >= {FIRST_DAY} AND fence > @since"
    )


def proof(target: Target) -> str:
    """Return the SELECT of one slate's newest proof; not through the view, so that one partition is read."""
    where = "day = @day AND league = @league AND output = @output"
    return f"SELECT {', '.join(PROOF_COLUMNS)} FROM {target.proofs} WHERE {where} ORDER BY fence DESC LIMIT 1"


def newest_proofs(target: Target) -> str:
    """Return the statement that makes the view of the proofs with the highest fences; a view names its table's project."""
    newest = "ROW_NUMBER() OVER (PARTITION BY league, output, day ORDER BY fence DESC) = 1"
    return (
        f"CREATE OR REPLACE VIEW {target.own}.newest_proofs AS "
        f"SELECT {', '.join(PROOF_COLUMNS)} FROM `{target.project}`.{target.proofs} WHERE day >= {FIRST_DAY} QUALIFY {newest}"
    )


def publish(target: Target, table: Table, staging: str) -> str:
    """Return the script that makes the units @unit_names of a slate what stands in `staging`, if anything, and adds the proof.

    It raises if a later run has published, if the newest proof is not the one that the writer knows, or if what then stands in
    the units is not what was staged.
    """
    name = target.table(table)
    newest = (
        f"(SELECT COALESCE(MAX(fence), 0) FROM {target.proofs}"
        " WHERE day = @day AND league = @league AND output = @output)"
    )
    statements = [
        "BEGIN TRANSACTION",
        *_turn_taken(target, table),
        f"SELECT IF({newest} > @fence, ERROR('{FENCED}'), IF({newest} <> @known, ERROR('{MOVED}'), 'ok'))",
        f"DELETE FROM {name} WHERE {of_units(table, some=True)}",
        *_filled(name, table, staging, of_units(table, some=True)),
        f"INSERT INTO {target.proofs} ({', '.join(PROOF_COLUMNS)}) VALUES ({', '.join(f'@{c}' for c in PROOF_COLUMNS)})",
        "COMMIT TRANSACTION",
    ]
    return ";\n".join(statements) + ";"


def mirror(target: Target, table: Table, staging: str) -> str:
    """Return the script that makes a whole slate what stands in `staging`, without a proof."""
    name = target.table(table)
    parts = [
        "BEGIN TRANSACTION",
        *_turn_taken(target, table),
        f"DELETE FROM {name} WHERE day = @day",
        *_filled(name, table, staging, "day = @day"),
    ]
    return ";\n".join([*parts, "COMMIT TRANSACTION"]) + ";"


def _turn_taken(target: Target, table: Table) -> list[str]:
    """Return the statements by which two writes of one table change one row that is always there.

    BigQuery cancels one of two transactions that change rows of one table. Two first writes of a slate delete nothing and only
    add rows, which is no such change: without this row both might come through. Each table's turn is a table of its own, as
    writes of different tables must not cancel each other.
    """
    name = target.turn(table)
    return [
        f"UPDATE {name} SET fence = @fence WHERE TRUE",
        f"SELECT IF(EXISTS (SELECT 1 FROM {name}), 'ok', ERROR('{NO_TURN}'))",
    ]


def _filled(name: str, table: Table, staging: str, where: str) -> list[str]:
    """Return the statements that bring the staged rows in and compare what then stands there with them, both ways."""
    if not staging:
        return []
    columns = ", ".join(table.names)
    here, there = f"SELECT {columns} FROM {name} WHERE {where}", f"SELECT {columns} FROM {staging}"
    unequal = (
        f"(SELECT COUNT(*) FROM {name} WHERE {where}) <> @n_rows"
        f" OR EXISTS ({here} EXCEPT DISTINCT {there}) OR EXISTS ({there} EXCEPT DISTINCT {here})"
    )
    return [
        f"INSERT INTO {name} ({columns}, _run) SELECT {columns}, @fence FROM {staging}",
        f"SELECT IF({unequal}, ERROR('{UNEQUAL}'), 'ok')",
    ]


def changes(table: Table, staging: str) -> tuple[str, ...]:
    """Return the table of each statement of a script that changes one: its turn; rows are deleted and, where some come, added."""
    return (f"tipoff.{turn_of(table)}", *(table.full_name,) * (1 + bool(staging)))


@cache
def must_filter(sql: str, partitioned: frozenset[str]) -> None:
    """Refuse with a `ShapeError` a read, update or deletion that would scan a partitioned table whole."""
    for name, text in unfiltered(sql, partitioned):
        msg = f"a statement reads {name} without naming its days: {text[:120]}"
        raise ShapeError(msg, hint="filter the partition: every read of a table has a window")


def unfiltered(sql: str, partitioned: Iterable[str]) -> list[tuple[str, str]]:
    """Return (table, statement) for every access to a partitioned table that its own WHERE does not bound by day."""
    names = set(partitioned)
    found = []
    for statement in sqlglot.parse(sql, read="bigquery"):
        if statement is None or isinstance(statement, exp.Transaction | exp.Commit | exp.Alter):
            continue
        if isinstance(statement, exp.Command):  # the parser does not know what it does
            text = statement.sql(dialect="bigquery")
            found += [(name, text) for name in names if name in text]
            continue
        for table in statement.find_all(exp.Table):
            name = f"{table.db}.{table.name}"
            if name in names and not _is_target(table, statement) and not _bounds_the_day(table):
                found.append((name, statement.sql(dialect="bigquery")))
    return found


def _is_target(table: exp.Table, statement: exp.Expr) -> bool:
    target = statement.this if isinstance(statement, exp.Insert) else None
    return table is (target.this if isinstance(target, exp.Schema) else target)


def _bounds_the_day(table: exp.Table) -> bool:
    query = table.find_ancestor(exp.Select, exp.Delete, exp.Update)
    where = query.args.get("where") if query is not None else None
    if query is None or where is None:
        return False
    is_alone = not query.args.get("joins")
    parts = where.this.flatten() if isinstance(where.this, exp.And) else (where.this,)
    return any(_names_the_day(part, table.alias_or_name, is_alone=is_alone) for part in parts)


def _names_the_day(part: exp.Expr, table: str, *, is_alone: bool) -> bool:
    """Whether a condition bounds the table's own day, by something that is no column: another column's bound is not its own."""
    if not isinstance(part, exp.EQ | exp.Between | exp.GTE | exp.LTE | exp.GT | exp.LT | exp.In):
        return False
    column = part.this
    if not isinstance(column, exp.Column) or column.name not in DAYS:
        return False
    if column.table != table and (column.table or not is_alone):
        return False
    return all(found is column for found in part.find_all(exp.Column))


def named(sql: str, values: Mapping[str, object]) -> dict[str, object]:
    """Return the values that a statement names."""
    names = set(re.findall(r"@(\w+)", sql))
    return {name: value for name, value in values.items() if name in names}
