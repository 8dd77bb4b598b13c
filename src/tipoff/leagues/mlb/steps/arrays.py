"""Sums and numbers of people and places: from declared tables to the models' arrays and back."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.rows import arrow_schema
from tipoff.core.schema import Table
from tipoff.leagues.mlb.models import form
from tipoff.leagues.mlb.models.batters import Rates
from tipoff.leagues.mlb.models.history import NOBODY, Numbers, floats, ids
from tipoff.leagues.mlb.tables import BATTER_NUMBERS, PITCHER_NUMBERS, SUM_NAMES
from tipoff.leagues.predict.arrays import Floats, Ints

Inputs = Mapping[str, pa.Table]
T = TypeVar("T")
WIDTH = len(form.HALF_LIVES), len(form.SUMS)
CLUBS = frozenset({"club", "staff"})


def once_a_table(told_by: Callable[[pa.Table], T]) -> Callable[[pa.Table], T]:
    """Let what a table tells be worked out once for as long as it is read: a slate's runs are given the same one."""
    last: tuple[pa.Table, T] | None = None

    def told(rows: pa.Table) -> T:
        nonlocal last
        kept = last
        if kept is None or kept[0] is not rows:
            kept = last = rows, told_by(rows)
        return kept[1]

    return told


def numbers_of(rows: pa.Table, names: Sequence[str]) -> Floats:
    """Return (names, n): each column's numbers; unknown is NaN. All in one go, for a call costs more than its rows."""
    columns = rows.select(names).cast(pa.schema([(name, pa.float64()) for name in names])).columns
    values = pa.chunked_array([chunk for column in columns for chunk in column.chunks], pa.float64())
    return np.asarray(values.to_numpy(zero_copy_only=False)).reshape(len(names), rows.num_rows)


class Entities:
    """Sums of one kind, with further columns by name."""

    def __init__(
        self, kind: str, names: Sequence[str], sums: Floats, extra: Mapping[str, Floats] | None = None
    ) -> None:
        self.kind, self.names, self.sums, self.extra = kind, list(names), sums, dict(extra or {})


def entity_table(table: Table, day: date, found: Sequence[Entities]) -> pa.Table:
    """Return the entities as rows of a declared table; a sum of nothing is NULL."""
    n_rows = sum(len(entities.names) for entities in found)
    columns: dict[str, pa.Array] = {
        "day": pa.array([day] * n_rows, pa.date32()),
        "kind": pa.array([entities.kind for entities in found for _ in entities.names], pa.string()),
        "entity": pa.array([name for entities in found for name in entities.names], pa.string()),
    }
    flat = np.concatenate(
        [entities.sums.reshape(len(entities.names), len(SUM_NAMES)) for entities in found]
        or [np.zeros((0, len(SUM_NAMES)))]
    )
    for place, name in enumerate(SUM_NAMES):
        columns[name] = pa.array(np.round(flat[:, place], 6), mask=flat[:, place] == 0.0)
    schema = arrow_schema(table)
    for name in schema.names:
        if name not in columns:
            parts = [entities.extra.get(name, np.full(len(entities.names), np.nan)) for entities in found]
            values = np.concatenate(parts or [np.zeros(0)])
            columns[name] = pa.array(np.round(values, 6), pa.float64(), from_pandas=True).cast(schema.field(name).type)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def counted(rows: pa.Table) -> pa.Table:
    """Return the rows of which the strikeouts are known."""
    return rows.filter(pc.is_valid(rows.column("strikeouts")))


def carried_of(rows: pa.Table, numbers: Numbers) -> form.Carried:
    """Return the sums that rows of form or of a season's beginning hold."""
    kinds = np.array(rows["kind"].to_pylist())
    flat = np.ascontiguousarray(np.nan_to_num(numbers_of(rows, SUM_NAMES)).T)
    found_ids, found_sums = {}, {}
    for kind in form.KINDS:
        mine = np.flatnonzero(kinds == kind)
        entity = rows["entity"].take(pa.array(mine))
        keys = _keys(kind, entity, numbers)
        order = np.argsort(keys)
        found_ids[kind], found_sums[kind] = keys[order], flat[mine][order].reshape(len(mine), *WIDTH)
    first = rows["day"][0].as_py().toordinal() if rows.num_rows else 1
    return form.Carried(first, found_ids, found_sums)


def _keys(kind: str, entity: pa.ChunkedArray, numbers: Numbers) -> Ints:
    if kind in CLUBS:
        return numbers.of_clubs(entity) if len(entity) else np.zeros(0, dtype=np.int64)
    if kind == "league":
        return np.zeros(len(entity), dtype=np.int64)
    return ids(pc.cast(entity, pa.int64()))


def carried_rates(rows: pa.Table) -> Rates:
    """Return the batters' rates that such rows hold."""
    mine = rows.filter(pc.and_(pc.equal(rows.column("kind"), "batter"), pc.is_valid(rows.column("known_appearances"))))
    if not mine.num_rows:
        return Rates(np.array([NOBODY]), np.zeros((1, 2)), np.full(1, 0.32), np.zeros(1), np.ones(1, dtype=np.int64))
    batters = ids(pc.cast(mine["entity"], pa.int64()))
    order = np.argsort(batters)
    values = [floats(mine.column(name))[order] for name in BATTER_NUMBERS]
    return Rates(batters[order], np.column_stack(values[:2]), values[2], values[3], values[4].astype(np.int64))


class Known:
    """What the morning's form says, by kind and number; clubs and games by `numbers`."""

    def __init__(self, rows: pa.Table) -> None:
        self.numbers = Numbers.empty()
        self._carried = carried_of(rows, self.numbers)
        self.rates = carried_rates(rows)
        mine = rows.filter(pc.equal(rows.column("kind"), "pitcher"))
        self._pitchers = ids(pc.cast(mine["entity"], pa.int64()))
        self._order = np.argsort(self._pitchers)
        self._numbers = {name: floats(mine.column(name)) for name in PITCHER_NUMBERS}

    def sums(self, kind: str, asked: Ints) -> Floats:
        """Return (m, half-lives, SUMS) of that morning."""
        return self._carried.at(kind, asked, np.full(len(asked), self._carried.day))

    def pitcher(self, asked: Ints) -> dict[str, Floats]:
        """Return a pitcher's numbers; of one who never pitched NaN, and none of this season."""
        if not len(self._pitchers):
            empty = np.full(len(asked), np.nan)
            return {name: np.zeros(len(asked)) if name in COUNTED else empty.copy() for name in PITCHER_NUMBERS}
        ordered = self._pitchers[self._order]
        place = np.minimum(np.searchsorted(ordered, asked), len(ordered) - 1)
        has = ordered[place] == asked
        rows = self._order[place]
        return {
            name: np.where(has, values[rows], 0.0 if name in COUNTED else np.nan)
            for name, values in self._numbers.items()
        }


known_of = once_a_table(Known)
COUNTED = frozenset(
    {"relief_of_5", "games_14", "season_starts", "season_bf", "season_k", "season_relief", "career_starts"}
)
