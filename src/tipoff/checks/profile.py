"""Profiles: what a table looks like on a day, column by column; and checks that hold a day against the days before it.

A profile maps each column to shares and means: over the slate, and the extremes over its units (games). The limits are fixed
factors of what was usual on the last slates; they are never learned from a day that failed them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.check import Check, Measured, View
from tipoff.core.finding import Severity
from tipoff.core.schema import Column, ColumnType, Table

Profile = Mapping[str, Mapping[str, float]]
Find = Callable[[Profile, Sequence[Profile]], Iterator[str]]
USUAL = 14  # slates before that are looked at
LEAST = 7  # with fewer nothing is usual yet
ROWS = "*"  # the name under which a profile keeps its rows
_RISE = 0.1  # of the share of NULLs, that is no chance
_FEW_ROWS = 8  # a unit with fewer says nothing of what is constant in it
_NUMBERS = frozenset({ColumnType.INT, ColumnType.FLOAT, ColumnType.BOOL})


def profile_of(table: Table, rows: pa.Table) -> dict[str, dict[str, float]]:
    """Return the profile of a slate's rows; empty for a slate without any."""
    if not rows.num_rows:
        return {}
    unit = table.unit_columns[0] if table.unit_columns else ""
    wide = _with_measures(table, rows, unit)
    aggregations = _aggregations(table)
    units = wide.group_by("unit", use_threads=False).aggregate(aggregations).to_pylist()
    [whole] = wide.group_by([], use_threads=False).aggregate(aggregations).to_pylist() if unit else units
    sizes = [float(one["unit_count"]) for one in units]
    found = {ROWS: {"n": float(rows.num_rows), "min": min(sizes), "max": max(sizes), "units": float(len(units))}}
    for column in table.columns:
        found[column.name] = _column(column, whole, units)
    return found


def _with_measures(table: Table, rows: pa.Table, unit: str) -> pa.Table:
    """Return the rows with their unit, and for each column a number to average and whether it is zero."""
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
        columns[f"{column.name} z"] = pc.equal(columns[f"{column.name} n"], 0.0).cast(pa.int64())
    return pa.table(columns)


def _aggregations(table: Table) -> list[tuple[str, str]]:
    parts = [("unit", "count")]
    for column in table.columns:
        parts += [(column.name, "count"), (column.name, "count_distinct")]
        if column.type is ColumnType.TEXT or column.type in _NUMBERS:
            parts += [(f"{column.name} n", "mean"), (f"{column.name} z", "sum")]
    return parts


def _column(column: Column, whole: Mapping[str, Any], units: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    name = column.name
    nulls = [1 - one[f"{name}_count"] / one["unit_count"] for one in units]
    large = [one for one in units if one["unit_count"] >= _FEW_ROWS]
    distinct = [float(one[f"{name}_count_distinct"]) for one in large]
    found = {
        "nulls": 1 - whole[f"{name}_count"] / whole["unit_count"],
        "nulls_max": max(nulls),
        "nulls_min": min(nulls),
        "distinct": float(whole[f"{name}_count_distinct"]),
        "distinct_min": min(distinct, default=-1.0),
        "distinct_share": min((n / one["unit_count"] for n, one in zip(distinct, large, strict=True)), default=-1.0),
    }
    looked = large or [whole]  # a unit of few rows has no usual mean
    means = [one[f"{name} n_mean"] for one in looked if one.get(f"{name} n_mean") is not None]
    if means:
        zeros = [one[f"{name} z_sum"] / one[f"{name}_count"] for one in looked if one[f"{name}_count"]]
        found |= {
            "mean": float(whole[f"{name} n_mean"]),
            "mean_min": min(means),
            "mean_max": max(means),
            "zeros_max": max(zeros),
        }
    return found


def looks_usual(table: Table, *, irregular: Sequence[str] = (), sizes: bool = True) -> list[Check]:
    """Return the checks that hold a table's day against the slates before: NULLs, zeros, constants, means, rows.

    `irregular` columns rightly change from slate to slate and are left out; without `sizes` the rows are not counted.
    """
    kinds = (
        ("nulls_are_usual", "no column has many more NULLs than before, in any game", _nulls),
        ("nulls_do_not_rise", "no column has more and more NULLs: the last three slates against those before", _rising),
        ("zeros_are_usual", "no column has many more zeros than before, in any game", _zeros),
        ("values_vary", "no column that used to vary is constant in a game", _constants),
        ("means_are_usual", "no column's mean is far off what it was, in any game", _means),
        ("rows_are_usual", "games have about as many rows as they had", _rows),
    )
    return [
        Check(
            name=f"{table.name}.{name}",
            claim=f"{table.name}: {claim}",
            severity=Severity.WARNING,
            tables=(table.name,),
            look=_looker(table, find, frozenset(irregular)),
            measure="columns in order",
            angles=(13, 20, *((27,) if name.startswith("nulls") else ())),
            do="compare the day with the one before: tipoff check health LEAGUE --date DAY",
        )
        for name, claim, find in kinds
        if sizes or find is not _rows
    ]


def _looker(table: Table, find: Find, irregular: frozenset[str]) -> Callable[[View], Measured]:
    def look(view: View) -> Measured:
        now = view.profile(table.name)
        usual = view.usual(table.name)
        if not now:
            return Measured.nothing("no rows")
        if len(usual) < LEAST:
            return Measured.nothing(f"only {len(usual)} slates before, {LEAST} are needed")
        failing = tuple(sorted(set(find(now, usual)) - irregular))
        return Measured(value=1 - len(failing) / len(now), failing=failing)

    return look


def _each(now: Profile, usual: Sequence[Profile], part: str) -> Iterator[tuple[str, float, list[float]]]:
    for name, found in now.items():
        before = [profile[name][part] for profile in usual if name in profile and part in profile[name]]
        if name != ROWS and part in found and len(before) >= LEAST:
            yield name, found[part], before


def _nulls(now: Profile, usual: Sequence[Profile]) -> Iterator[str]:
    for name, share, before in _each(now, usual, "nulls_max"):
        if share > max(before) + 0.25:
            yield name
    for name, share, before in _each(now, usual, "nulls_min"):
        if share < min(before) - 0.5:
            yield name


def _rising(now: Profile, usual: Sequence[Profile]) -> Iterator[str]:
    """Yield columns whose NULLs rose slowly enough to pass as usual each day: all of the last three above all before."""
    for name, share, before in _each(now, usual, "nulls"):
        newest, older = [share, *before[:2]], before[2:]
        if len(older) >= LEAST - 2 and min(newest) > max(older) and sum(newest) / 3 > max(older) + _RISE:
            yield name


def _zeros(now: Profile, usual: Sequence[Profile]) -> Iterator[str]:
    for name, share, before in _each(now, usual, "zeros_max"):
        if share > max(before) + 0.15 and share >= 0.95:  # noqa: PLR2004 -- nearly all
            yield name


def _constants(now: Profile, usual: Sequence[Profile]) -> Iterator[str]:
    for name, n, before in _each(now, usual, "distinct_min"):
        if n == 1 and min(before) >= 2 and sorted(before)[len(before) // 2] >= 3:  # noqa: PLR2004 -- it used to vary
            yield name
    for name, share, before in _each(now, usual, "distinct_share"):
        if 0 <= share < min(before) / 3:
            yield name


def _means(now: Profile, usual: Sequence[Profile]) -> Iterator[str]:
    for part, other, sign in (("mean_max", "mean_min", 1.0), ("mean_min", "mean_max", -1.0)):
        opposite = {name: before for name, _, before in _each(now, usual, other)}
        for name, mean, before in _each(now, usual, part):
            low, high = min(*before, *opposite[name]), max(*before, *opposite[name])
            room = max(1.5 * (high - low), 0.05 * max(abs(high), abs(low)), 0.25)
            if sign * mean > sign * (high if sign > 0 else low) + room:
                yield name


def _rows(now: Profile, usual: Sequence[Profile]) -> Iterator[str]:
    before = [profile[ROWS] for profile in usual if ROWS in profile]
    if now[ROWS]["min"] < 0.7 * min(profile["min"] for profile in before):
        yield "fewest"
    if now[ROWS]["max"] > 1.5 * max(profile["max"] for profile in before):
        yield "most"
