"""Rows as Arrow: the schema of a declared table, what a usable row is, and the hash of what was read."""

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from tipoff.core.errors import ShapeError
from tipoff.core.payload import Reject
from tipoff.core.rows import SEPARATOR, arrow_schema, units_of
from tipoff.core.schema import Column, ColumnType, Floor, Table

_CSV = pyarrow.csv.WriteOptions(include_header=False)  # NULL is nothing, an empty text is ""
_TRUE, _FALSE = pa.scalar(value=True), pa.scalar(value=False)
_ZERO = pa.scalar(0.0)
_SHOWN = 600  # characters of a bad row that are kept


def conform(table: Table, rows: pa.Table) -> pa.Table:
    """Return `rows` with the declared columns, in order, of their types; raises `ShapeError` where that loses anything."""
    schema = arrow_schema(table)
    lost = [name for name in schema.names if name not in rows.schema.names]
    if lost:
        msg = f"rows for {table.full_name} lack {', '.join(lost)}"
        raise ShapeError(msg, hint="the step must name every declared column")
    if rows.schema.equals(schema):
        return rows.combine_chunks()
    try:
        return rows.select(schema.names).cast(schema).combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        msg = f"rows for {table.full_name} do not have its types: {error}"
        raise ShapeError(msg, hint="the step must give the declared types") from error


def key_text(table: Table, rows: pa.Table) -> pa.ChunkedArray:
    """Return each row's key as one text; a NULL in it makes it NULL."""
    parts = [rows.column(name).cast(pa.string()) for name in table.key]
    return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, SEPARATOR)


@dataclass(slots=True)
class Checked:
    """Rows told apart: usable ones, sorted by unit and key; and what is wrong with the others, by unit."""

    good: pa.Table
    units: pa.Array
    bad_units: dict[str, str] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)


def check(table: Table, day: date, rows: pa.Table) -> Checked:
    """Tell usable rows from bad ones: keys and required columns present, ranges kept, no NaN, no key twice.

    Rows that repeat another exactly are kept once and noted.

    Raises:
        ShapeError: A row is of another day.
    """
    if rows.num_rows and pc.any(pc.not_equal(rows.column("day"), pa.scalar(day, pa.date32()))).as_py():
        msg = f"rows for {table.full_name} of {day} carry another day"
        raise ShapeError(msg, hint="a step makes rows of its own slate alone")
    problems = _problems(table, rows)
    checked = Checked(rows, pa.array([], pa.string()))
    if problems:
        bad = pc.invert(pc.is_null(_reasons(rows.num_rows, problems)))
        _quarantine(table, rows, _reasons(rows.num_rows, problems), bad, checked)
        rows = rows.filter(pc.invert(bad))
    rows = in_order(table, rows)
    rows = _without_repeats(table, rows, checked)
    checked.good, checked.units = rows, units_of(table, rows)
    return checked


def below_floor(table: Table, rows: pa.Table) -> dict[str, str]:
    """Return the units whose rows are below the table's floor, each with the first reason."""
    floor = table.floor
    if not rows.num_rows or floor == Floor():
        return {}
    names = {*dict(floor.sums), *dict(floor.distinct), *floor.filled}
    asked = [(name, "sum") for name, _ in floor.sums]
    asked += [(name, "count_distinct") for name, _ in floor.distinct] + [(name, "count") for name in floor.filled]
    grouped = (
        rows.select(sorted(names)).append_column("_unit", units_of(table, rows)).group_by("_unit", use_threads=False)
    )
    measured = grouped.aggregate([([], "count_all"), *asked]).to_pylist()
    found = {found["_unit"]: _too_low(floor, found) for found in measured}
    return {unit: reason for unit, reason in found.items() if reason}


def _too_low(floor: Floor, found: dict[str, Any]) -> str:
    n_rows = found["count_all"]
    if n_rows < floor.rows:
        return f"{n_rows} rows, where there must be {floor.rows}"
    for name in floor.filled:
        if found[f"{name}_count"] < 0.9 * n_rows:
            return f"{name} is NULL in {n_rows - found[f'{name}_count']} of {n_rows} rows"
    for name, least in floor.sums:
        if (found[f"{name}_sum"] or 0) < least:
            return f"the sum of {name} is {found[f'{name}_sum']}, where it must be {least:g}"
    for name, least in floor.distinct:
        if found[f"{name}_count_distinct"] < least:
            return f"{name} has {found[f'{name}_count_distinct']} different values in {n_rows} rows"
    return ""


def _problems(table: Table, rows: pa.Table) -> list[tuple[pa.Array, str]]:
    """Return (mask of bad rows, reason) for every rule that some row breaks; each column is looked at once."""
    found: list[tuple[pa.Array, str]] = []
    needed = {*table.key, *table.unit_columns}
    are_finite = _are_finite(rows, [column.name for column in table.columns if column.type is ColumnType.FLOAT])
    for column in table.columns:
        values = rows.column(column.name)
        if values.null_count and (column.required or column.name in needed):
            found.append((pc.is_null(values), f"{column.name} is missing"))
        if column.type is ColumnType.FLOAT and not are_finite and not _are_finite(rows, [column.name]):
            mask = pc.invert(pc.fill_null(pc.is_finite(values), fill_value=_TRUE))
            found.append((mask, f"{column.name} is no number"))
        if column.minimum is not None or column.maximum is not None:
            found += _out_of_range(column, values)
    return found


def _are_finite(rows: pa.Table, names: Iterable[str]) -> bool:
    """Whether all of these columns' values are numbers and so is their sum."""
    values = pa.chunked_array([chunk for name in names for chunk in rows.column(name).chunks], pa.float64())
    return math.isfinite(pc.sum(values, min_count=0).as_py())


def _out_of_range(column: Column, values: pa.ChunkedArray) -> Iterator[tuple[pa.Array, str]]:
    least_and_most = pc.min_max(values)
    least, most = least_and_most["min"].as_py(), least_and_most["max"].as_py()
    if least is None:
        return
    kind = values.type
    if column.minimum is not None and least < column.minimum:
        mask = pc.fill_null(pc.less(values, pa.scalar(column.minimum, kind)), fill_value=_FALSE)
        yield mask, f"{column.name} is below {column.minimum:g}"
    if column.maximum is not None and most > column.maximum:
        mask = pc.fill_null(pc.greater(values, pa.scalar(column.maximum, kind)), fill_value=_FALSE)
        yield mask, f"{column.name} is above {column.maximum:g}"


def _reasons(n_rows: int, problems: Sequence[tuple[pa.Array, str]]) -> pa.Array:
    reasons: list[str | None] = [None] * n_rows
    for mask, reason in problems:
        for number, is_bad in enumerate(mask.to_pylist()):
            if is_bad and reasons[number] is None:
                reasons[number] = reason
    return pa.array(reasons, pa.string())


def _quarantine(table: Table, rows: pa.Table, reasons: pa.Array, bad: pa.Array, checked: Checked) -> None:
    broken = rows.filter(bad)
    units = units_of(table, broken).to_pylist()
    for record, unit, reason in zip(broken.to_pylist(), units, pc.drop_null(reasons).to_pylist(), strict=True):
        checked.rejects.append(Reject(reason, str(record)[:_SHOWN]))
        checked.bad_units.setdefault(unit or "?", reason)


def in_order(table: Table, rows: pa.Table) -> pa.Table:
    """Return the rows sorted by unit, then key."""
    return _sorted(rows, _order(table))


def _sorted(rows: pa.Table, names: Iterable[str]) -> pa.Table:
    """Return the rows sorted by columns: as they are where they stand so, for each column is moved by a call of its own."""
    if rows.num_rows < 2:  # noqa: PLR2004 -- two rows are needed for an order
        return rows
    order = pc.sort_indices(rows, sort_keys=[(name, "ascending") for name in names])
    places = order.to_numpy()
    return rows if (places[1:] > places[:-1]).all() else rows.take(order)


def _order(table: Table) -> tuple[str, ...]:
    return (*table.unit_columns, *(name for name in table.key if name not in table.unit_columns))


def is_in_order_by_key(table: Table) -> bool:
    """Whether rows sorted by unit, then key, are sorted by key."""
    return _order(table) == table.key


def by_key(table: Table, rows: pa.Table) -> pa.Table:
    """Return a slate's rows sorted by key."""
    return _sorted(rows, table.key)


def _without_repeats(table: Table, rows: pa.Table, checked: Checked) -> pa.Table:
    """Keep one of rows that are equal; rows that share a key and differ are all bad."""
    n_rows = rows.num_rows
    if n_rows < 2:  # noqa: PLR2004 -- two rows are needed for a repeat
        return rows
    same = None
    for name in table.key:
        values = rows.column(name)
        equal = pc.fill_null(pc.equal(values.slice(1), values.slice(0, n_rows - 1)), fill_value=_FALSE)
        same = equal if same is None else pc.and_(same, equal)
    if same is None or not pc.any(same).as_py():
        return rows
    return _resolve_repeats(table, rows, checked)


def _resolve_repeats(table: Table, rows: pa.Table, checked: Checked) -> pa.Table:
    volatile = {column.name for column in table.columns if column.volatile}
    groups: dict[tuple[object, ...], list[int]] = {}
    records = rows.to_pylist()
    for number, record in enumerate(records):
        groups.setdefault(tuple(record[name] for name in table.key), []).append(number)
    keep: list[int] = []
    units = units_of(table, rows).to_pylist()
    for key, numbers in groups.items():
        contents = {tuple((k, v) for k, v in records[n].items() if k not in volatile) for n in numbers}
        if len(contents) == 1:
            keep.append(numbers[0])
            checked.rejects += [Reject("repeats another row exactly", str(records[n])[:_SHOWN]) for n in numbers[1:]]
            continue
        reason = f"the key {key} stands twice with different values"
        checked.bad_units.setdefault(units[numbers[0]], reason)
        checked.rejects += [Reject(reason, str(records[n])[:_SHOWN]) for n in numbers]
    return rows.take(pa.array(sorted(keep), pa.int64()))


def hash_units(table: Table, rows: pa.Table) -> dict[str, tuple[int, str]]:
    """Return (rows, sha256 of the canonical rows) by unit; see `hash_in_order`."""
    rows = in_order(table, rows)
    return hash_in_order(table, rows, units_of(table, rows))


def hash_in_order(table: Table, rows: pa.Table, units: pa.Array) -> dict[str, tuple[int, str]]:
    """Return (rows, sha256 of the canonical rows) by unit, of rows in order and the unit of each.

    Rows are taken in key order, volatile columns left out, floats rounded to their places: the same on every warehouse.
    """
    if not rows.num_rows:
        return {}
    lines, names = _lines(_canonical(table, rows)), units.to_pylist()
    found: dict[str, tuple[int, str]] = {}
    start = 0
    for end in range(1, len(names) + 1):
        if end == len(names) or names[end] != names[start]:
            found[names[start]] = (end - start, hashlib.sha256(b"".join(lines[start:end])).hexdigest())
            start = end
    return found


def _lines(rows: pa.Table) -> list[bytes]:
    """Return each row as CSV: written once and cut, or row by row where a text has a line's end in it."""
    lines = _csv(rows).splitlines(keepends=True)
    return lines if len(lines) == rows.num_rows else [_csv(rows.slice(n, 1)) for n in range(rows.num_rows)]


def _csv(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pyarrow.csv.write_csv(rows, sink, _CSV)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def rounded(values: pa.Array, places: int) -> pa.Array:
    """Return numbers at so many places, with 0.0 for -0.0; two that differ in their last bit alone come out equal.

    Arrow's own rounding to places gives a number back as it is where it takes it for rounded already, its last bit included: two
    engines that add up in another order would have different hashes.
    """
    scale = pa.scalar(float(10**places))
    return pc.add(pc.divide(pc.round(pc.multiply(values, scale)), scale), _ZERO)


def _canonical(table: Table, rows: pa.Table) -> pa.Table:
    names = [column.name for column in table.columns if not column.volatile]
    values = {name: rows.column(name) for name in names} | _rounded_columns(table, rows)
    return pa.Table.from_arrays([values[name] for name in names], names=names).combine_chunks()


def _rounded_columns(table: Table, rows: pa.Table) -> dict[str, pa.Array]:
    """Return the columns of numbers at their places; those of as many places are rounded behind one another, in one go."""
    by_places: dict[int, list[str]] = {}
    for column in table.columns:
        if column.type is ColumnType.FLOAT and not column.volatile:
            by_places.setdefault(column.places, []).append(column.name)
    found: dict[str, pa.Array] = {}
    for places, names in by_places.items():
        values = rounded(pa.concat_arrays([chunk for name in names for chunk in rows.column(name).chunks]), places)
        found |= {name: values.slice(at * rows.num_rows, rows.num_rows) for at, name in enumerate(names)}
    return found


def plain_numbers(rows: pa.Table) -> pa.Table:
    """Return rows with whole numbers where an engine's sums came as decimals."""
    fields = [
        pa.field(field.name, pa.int64() if pa.types.is_decimal(field.type) else field.type) for field in rows.schema
    ]
    return rows.cast(pa.schema(fields))


def named(values: Mapping[str, object], names: Iterable[str]) -> dict[str, object]:
    """Return the named ones of a statement's values."""
    return {name: values[name] for name in names}


def units_where(table: Table, units: Iterable[str]) -> tuple[str, dict[str, object]]:
    """Return the condition that picks units of a table, with its values; nothing where the slate is the unit."""
    if not table.unit_columns:
        return "", {}
    parts = (name if table.column(name).type is ColumnType.TEXT else f"{name}::VARCHAR" for name in table.unit_columns)
    return " AND " + " || '|' || ".join(parts) + " = ANY($units)", {"units": sorted(units)}
