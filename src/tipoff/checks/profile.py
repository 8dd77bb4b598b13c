"""Profiles: what a table looks like on a day, column by column.

A profile maps each column to shares and means: over the slate, and the extremes over its units (games).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.schema import Column, ColumnType, Table

Profile = Mapping[str, Mapping[str, float]]
USUAL = 14  # slates before that are looked at
ROWS = "*"  # the name under which a profile keeps its rows
_FEW_ROWS = 8  # a unit with fewer says nothing of what is constant in it
_NUMBERS = frozenset({ColumnType.INT, ColumnType.FLOAT, ColumnType.BOOL})


def profile_of(table: Table, rows: pa.Table) -> dict[str, dict[str, float]]:
    """Return the profile of a slate's rows; empty for a slate without any."""
    if not rows.num_rows:
        return {}
    unit = table.unit_columns[0] if table.unit_columns else ""
    wide = _with_measures(table, rows, unit)
    units = wide.group_by("unit", use_threads=False).aggregate(_aggregations(wide)).to_pylist()
    full = [column.name for column in table.columns if not wide.column(column.name).null_count]
    for one in units:
        one |= {f"{name}_count": one["unit_count"] for name in full}
    whole = _whole(wide) if unit else units[0]
    sizes = [float(one["unit_count"]) for one in units]
    found = {ROWS: {"n": float(rows.num_rows), "min": min(sizes), "max": max(sizes), "units": float(len(units))}}
    for column in table.columns:
        found[column.name] = _column(column, whole, units)
    return found


def _with_measures(table: Table, rows: pa.Table, unit: str) -> pa.Table:
    """Return the rows with their unit, and for each column a number to average and, where any is zero, whether it is."""
    units = rows.column(unit).cast(pa.string()) if unit else pa.array(["slate"] * rows.num_rows)
    columns: dict[str, Any] = {"unit": pc.fill_null(units, "")}
    for column in table.columns:
        values = rows.column(column.name)
        columns[column.name] = values
        if column.type is ColumnType.TEXT:
            columns[f"{column.name} n"] = pc.utf8_length(values).cast(pa.float64())
        elif column.type in _NUMBERS:
            measured = values.cast(pa.int8()) if column.type is ColumnType.BOOL else values
            columns[f"{column.name} n"] = measured.cast(pa.float64())
        else:
            continue
        zeros = pc.equal(columns[f"{column.name} n"], 0.0)
        if pc.any(zeros).as_py():
            columns[f"{column.name} z"] = zeros.cast(pa.int64())
    return pa.table(columns)


def _aggregations(wide: pa.Table) -> list[tuple[str, str]]:
    """Return what is asked of each unit: a column that has no NULL is not counted."""
    parts = [("unit", "count")]
    for name in wide.column_names[1:]:
        if name.endswith((" n", " z")):
            parts.append((name, "mean" if name.endswith(" n") else "sum"))
        else:
            parts += [(name, "count_distinct"), *([(name, "count")] if wide.column(name).null_count else ())]
    return parts


def _whole(wide: pa.Table) -> dict[str, Any]:
    found: dict[str, Any] = {"unit_count": wide.num_rows}
    for name in wide.column_names[1:]:
        values = wide.column(name)
        if name.endswith(" n"):
            found[f"{name}_mean"] = pc.mean(values).as_py()
        elif name.endswith(" z"):
            found[f"{name}_sum"] = pc.sum(values).as_py()
        else:
            found[f"{name}_count"] = wide.num_rows - values.null_count
            found[f"{name}_count_distinct"] = pc.count_distinct(values).as_py()
    return found


def _column(column: Column, whole: Mapping[str, Any], units: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    name = column.name
    nulls = [1 - one[f"{name}_count"] / one["unit_count"] for one in units]
    large = [one for one in units if one["unit_count"] >= _FEW_ROWS]
    distinct = [float(one[f"{name}_count_distinct"]) for one in large]
    found = {
        "nulls": 1 - whole[f"{name}_count"] / whole["unit_count"],
        "nulls_max": max(nulls),
        "nulls_min": min(nulls),
        "present": float(whole[f"{name}_count"]),
        "distinct": float(whole[f"{name}_count_distinct"]),
        "distinct_min": min(distinct, default=-1.0),
        "distinct_share": min((n / one["unit_count"] for n, one in zip(distinct, large, strict=True)), default=-1.0),
    }
    looked = large or [whole]  # a unit of few rows has no usual mean
    means = [one[f"{name} n_mean"] for one in looked if one.get(f"{name} n_mean") is not None]
    if means:
        zeros = [_zeros_of(name, one) for one in looked if one[f"{name}_count"]]
        found |= {
            "mean": float(whole[f"{name} n_mean"]),
            "mean_min": min(means),
            "mean_max": max(means),
            "zeros_max": max(zeros),
            "zeros": _zeros_of(name, whole),
        }
    return found


def _zeros_of(name: str, one: Mapping[str, Any]) -> float:
    return float(one.get(f"{name} z_sum", 0) / one[f"{name}_count"])
