"""Rows of a declared table as Arrow."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.errors import ShapeError
from tipoff.core.schema import WHOLE_SLATE, Column, ColumnType, Table

_ARROW = {
    ColumnType.TEXT: pa.string(),
    ColumnType.INT: pa.int64(),
    ColumnType.FLOAT: pa.float64(),
    ColumnType.BOOL: pa.bool_(),
    ColumnType.DATE: pa.date32(),
    ColumnType.INSTANT: pa.timestamp("us", tz="UTC"),
}

SEPARATOR = pa.scalar("|")  # of the parts of a key, or of a unit


@cache
def schema_of(columns: tuple[Column, ...]) -> pa.Schema:
    """Return the Arrow schema of columns, in order."""
    return pa.schema([(column.name, _ARROW[column.type]) for column in columns])


def arrow_schema(table: Table) -> pa.Schema:
    """Return the Arrow schema of `table`: its columns in order."""
    return schema_of(table.columns)


def table_from_records(table: Table, records: Iterable[Mapping[str, object]]) -> pa.Table:
    """Return `records` as rows of `table`, NULL where one lacks a column; raises `ShapeError` for what does not fit."""
    rows = list(records)
    names = {column.name for column in table.columns}
    stray = sorted({name for row in rows if not names.issuperset(row) for name in row.keys() - names})
    if stray:
        msg = f"rows for {table.full_name} name what it has no column for: {', '.join(stray)}"
        close = get_close_matches(stray[0], names, 1)
        hint = f"is {stray[0]} meant to be {close[0]}? " if close else ""
        raise ShapeError(msg, hint=f"{hint}declare it in the table, or leave it out in the step that makes the rows")
    arrays = []
    for column in table.columns:
        values = [row.get(column.name) for row in rows]
        if column.type is ColumnType.INSTANT and any(isinstance(v, datetime) and v.tzinfo is None for v in values):
            msg = f"{table.full_name}.{column.name}: an instant names no zone, and would be taken for one in UTC"
            raise ShapeError(msg, hint="the step that makes it must say whose clock it is: tipoff.core.door.instant")
        try:
            arrays.append(pa.array(values, type=_ARROW[column.type]))
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            msg = f"{table.full_name}.{column.name}: a value is no {column.type.value}: {error}"
            raise ShapeError(msg, hint="the step that makes it must give this type or NULL") from error
    return pa.Table.from_arrays(arrays, schema=arrow_schema(table))


def units_of(table: Table, rows: pa.Table) -> pa.Array:
    """Return each row's unit."""
    if not table.unit_columns:
        return pa.array([WHOLE_SLATE] * rows.num_rows, pa.string())
    parts = [rows.column(name).cast(pa.string()) for name in table.unit_columns]
    joined = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, SEPARATOR)
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def same_rows(table: Table, one: pa.Table, other: pa.Table) -> bool:
    """Whether both hold the same rows, whatever their order, but for volatile columns."""
    if one.num_rows != other.num_rows or not one.num_rows:
        return False
    names = [column.name for column in table.columns if not column.volatile]
    order = [(name, "ascending") for name in table.key]
    return bool(one.select(names).sort_by(order).equals(other.select(names).sort_by(order)))
