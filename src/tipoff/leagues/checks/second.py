"""Checks that share nothing with the code that they look at: a second formula, and the order that history gives."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isclose
from statistics import correlation
from typing import Any

import numpy as np
import pyarrow.compute as pc

from tipoff.core.check import Cadence, Check, Measured, View
from tipoff.core.schema import Table
from tipoff.leagues.checks.probes import CRITICAL, in_order, probe

_FEW = 20  # rows, with fewer of which a correlation says nothing
Row = Mapping[str, Any]


def second_formula(  # noqa: PLR0913 -- a claim in one line
    table: Table,
    name: str,
    claim: str,
    again: Callable[[View], Iterable[Row] | None],
    columns: Sequence[str],
    *,
    inputs: tuple[str, ...],
    required: float = 1.0,
    is_whole: bool = True,
    places: int | None = None,
) -> Check:
    """Hold rows against `again`, which works out the same from the inputs by code of its own; it shares nothing with the step.

    `again` gives rows of the table's key and `columns`, or nothing where there is nothing to hold against. Unless it `is_whole`,
    rows of one side alone are not looked at. Numbers are the same at `places`, or at their columns'.
    """
    told = {column: table.column(column).places if places is None else places for column in columns}

    def look(view: View) -> Measured:
        rows = view.rows(table.name).select([*table.key, *(c for c in columns if c not in table.key)]).to_pylist()
        expected = again(view) if rows else None
        if expected is None:
            return Measured.nothing("no rows, or nothing to hold them against")
        by_key = {_key(table, row): row for row in expected}
        bad = []
        for row in rows:
            key = _key(table, row)
            other = by_key.pop(key, None)
            if other is None and not is_whole:
                continue
            if other is None or not all(row[c] == other[c] or _is_same(row[c], other[c], told[c]) for c in columns):
                bad.append(key)
        lost = by_key if is_whole else {}
        return in_order([*bad, *lost], len(rows) + len(lost))

    do = "the code of the step, or of the second formula, is wrong: work out one failing key by hand"
    return probe(table, name, claim, look, do=do, measure="share of rows", inputs=inputs, required=required)


def in_time(view: View, output: str, rows: Mapping[tuple[str, int], Row]) -> dict[tuple[str, int], Row]:
    """Return the rows of an output, by game and man, of games that were not made after their close: what could be published."""
    marks = view.records.marks(view.day)
    late = {mark.unit for mark in marks if (mark.output, mark.kind) == (output, "retrospective")}
    return {key: row for key, row in rows.items() if key[0] not in late}


def _key(table: Table, row: Row) -> str:
    return "|".join(str(row[name]) for name in table.key)


def _is_same(one: Any, other: Any, places: int) -> bool:  # noqa: ANN401 -- values of a row
    if isinstance(one, float) and isinstance(other, int | float):
        return isclose(one, other, rel_tol=1e-6, abs_tol=1.01 * 10**-places)
    return bool(one == other)


def ranks_with(  # noqa: PLR0913 -- two columns, how they meet
    table: Table,
    column: str,
    other: Table,
    measure: str,
    *,
    on: Sequence[str],
    least: float,
    where: Mapping[str, str] | None = None,
) -> Check:
    """Demand that a column's order is about that of another table's, in which each row's own history speaks."""

    def look(view: View) -> Measured:
        mine = view.rows(table.name)
        for name, value in (where or {}).items():
            mine = mine.filter(pc.equal(mine.column(name), value))
        known = {
            tuple(row[k] for k in on): row[measure] for row in view.rows(other.name).select([*on, measure]).to_pylist()
        }
        pairs = [
            (row[column], known.get(tuple(row[k] for k in on)))
            for row in mine.select([*dict.fromkeys([*on, column])]).to_pylist()
        ]
        both = [(float(one), float(two)) for one, two in pairs if one is not None and two is not None]
        if len(both) < _FEW:
            return Measured.nothing(f"{len(both)} rows, {_FEW} are needed")
        if len({two for _, two in both}) == 1:
            return Measured.nothing("nothing is known of anybody")
        ones, twos = _ranks([one for one, _ in both]), _ranks([two for _, two in both])
        return Measured(value=_correlation(ones, twos), note=f"{len(both)} rows")

    of = f" of {'/'.join(where.values())}" if where else ""
    name = f"{'_'.join((*(where or {}).values(), column))}_ranks_with_history"
    claim = f"{column}{of} in {table.name} has about the order of {measure} in {other.name}"
    do = "values stand in other rows than their own, or rest on nothing: compare both columns"
    return probe(
        table,
        name,
        claim,
        look,
        do=do,
        severity=CRITICAL,
        measure="rank correlation",
        inputs=(other.name,),
        required=least,
        cadence=Cadence.PREGAME,
    )


def _ranks(values: Sequence[float]) -> list[float]:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return [float(place) for place in (ends - (counts + 1) / 2)[places]]


def _correlation(ones: Sequence[float], twos: Sequence[float]) -> float:
    """Return how two orders go together, in [-1, 1]; 0 where all of the first are the same."""
    return correlation(ones, twos) if len(set(ones)) > 1 else 0.0
