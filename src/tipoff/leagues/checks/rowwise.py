"""Kinds of checks on a slate's rows: coverage, keys, required values, ranges, agreement of two tables, sums, sides."""

# ruff: noqa: S608 -- every name in these statements is declared in the league's tables

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.check import NOTHING, Cadence, Check, Measured, View
from tipoff.core.obligation import NOT_KEPT_YET
from tipoff.core.schema import Column, ColumnType, Table
from tipoff.core.severity import Severity
from tipoff.core.slate import OFF
from tipoff.leagues.checks.kinds import ERROR, READ, WARNING, Words
from tipoff.leagues.checks.probes import probe

LOOK = "tipoff trace LEAGUE GAME shows where it was lost"
Same = Callable[[Any, Any], bool]
_check = partial(probe, measure="share")


def _text(value: Any) -> str:  # noqa: ANN401 -- a value of a row
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _keys(rows: Iterable[Iterable[Any]]) -> tuple[str, ...]:
    return tuple(sorted({"|".join(map(_text, row)) for row in rows}))


def _judged(view: View, table: Table, in_order: Sequence[bool], places: Sequence[int] | None = None) -> Measured:
    """Return what share of a table's rows is in order, and the keys of the others; `places` says which rows were looked at."""
    if not in_order:
        return Measured.nothing(NOTHING)
    at = range(len(in_order)) if places is None else places
    bad = [place for place, fine in zip(at, in_order, strict=True) if not fine]
    columns = [view.values(table.name, name) for name in table.key] if bad else []
    return Measured(
        value=1 - len(bad) / len(in_order), failing=_keys([values[place] for values in columns] for place in bad)
    )


def covers(  # noqa: PLR0913 -- what must be there, and what excuses it
    table: Table,
    words: Words,
    *,
    played: str,
    optional: bool = False,
    cadence: Cadence,
    history: str = "",
    both: bool = False,
) -> Check:
    """Demand that every game that is on has rows; an optional output that has none at all is not measurable.

    `history` is the table of clubs' games: a game owes no rows while neither of its clubs, or not `both`, have one in it.
    Nor does one that closed before the output was kept here.
    """
    home, away = words.clubs
    owed = f"SELECT s.game_id, s.{home}, s.{away} FROM slate.{words.schedule} AS s WHERE s.status {played}"
    clubs = f"SELECT DISTINCT b.{words.side[0]} AS club FROM before.{history} AS b"

    def look(view: View) -> Measured:
        there = set(view.values(table.name, "game_id"))
        games = set(zip(*view.ask(owed).to_pydict().values(), strict=True))
        if history:
            known = set(view.ask(clubs).column("club").to_pylist())
            games = {game for game in games if len(known.intersection(game[1:])) > both}
        if games and (kept := view.records.obligation(table.name, view.day)):
            never = {unit.partition("|")[0] for unit, why in kept.excused.items() if why == NOT_KEPT_YET}
            games = {game for game in games if game[0] not in never}
        if not games or (optional and not there):
            return Measured.nothing(NOTHING)
        bad = [(game,) for game, *_ in games if game not in there]
        return Measured(value=1 - len(bad) / len(games), failing=_keys(bad))

    return _check(
        table,
        "games_are_there",
        f"every game that is on has rows in {table.name}",
        look,
        severity=WARNING if optional else ERROR,
        inputs=(words.schedule,),
        required=0.8 if optional else 1.0,
        cadence=cadence,
        do=LOOK,
    )


def only_scheduled(table: Table, schedule: str) -> Check:
    """Demand that no row is of a game that the day's schedule does not name."""

    def look(view: View) -> Measured:
        games = zip(view.values(schedule, "game_id"), view.values(schedule, "status"), strict=True)
        named = {game for game, status in games if status not in {None, "cancelled"}}
        return _judged(view, table, [game in named for game in view.values(table.name, "game_id")])

    claim = f"every row of {table.name} is of a game that stands on the day"
    do = "is its game id of another provider, or of another day?"
    return _check(table, "games_are_scheduled", claim, look, inputs=(schedule,), do=do)


def unique(table: Table, columns: Sequence[str] = (), name: str = "keys_are_unique") -> Check:
    """Demand that no key stands twice."""
    keys = tuple(columns) or table.key

    def look(view: View) -> Measured:
        counts = Counter(zip(*(view.values(table.name, key) for key in keys), strict=True))
        twice = [key for key, n in counts.items() if n > 1]
        return (
            Measured(value=1 - len(twice) / len(counts), failing=_keys(twice)) if counts else Measured.nothing(NOTHING)
        )

    claim = f"no two rows of {table.name} have the same {', '.join(keys)}"
    do = "two writers, or a source that repeats itself; run the step again"
    return _check(table, name, claim, look, do=do)


def declared(table: Table, *, filled: Sequence[str] = ()) -> Check:
    """Demand that required values are there and numbers lie in their declared ranges."""
    wanted = [column for column in table.columns if column.required or column.name in filled]
    ranged = [column for column in table.columns if column.minimum is not None or column.maximum is not None]

    def look(view: View) -> Measured:
        rows = view.rows(table.name)
        bad = [pc.is_null(values) for c in wanted if (values := rows.column(c.name)).null_count]
        bad += [beyond for c in ranged if (beyond := _beyond(c, rows.column(c.name))) is not None]
        found = {place for mask in bad for place, is_bad in enumerate(mask.to_pylist()) if is_bad}
        return _judged(view, table, [place not in found for place in range(rows.num_rows)])

    claim = f"in {table.name} what is required is there, and numbers lie in their ranges"
    return _check(table, "values_are_as_declared", claim, look, do=READ)


def _beyond(column: Column, values: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return which values lie outside of the column's range, or are no number; None where all are in order."""
    least = -math.inf if column.minimum is None else column.minimum
    most = math.inf if column.maximum is None else column.maximum
    ends = pc.min_max(values).as_py()
    is_number = column.type is not ColumnType.FLOAT or not math.isnan(pc.sum(values, min_count=0).as_py())
    if is_number and (ends["min"] is None or (least <= ends["min"] and ends["max"] <= most)):
        return None
    return pc.invert(pc.and_(pc.greater_equal(values, least), pc.less_equal(values, most)))


def game_ids(table: Table, pattern: str) -> Check:
    """Demand that a game's id has the league's form; NULL has none."""

    def look(view: View) -> Measured:
        matches = pc.match_substring_regex(view.rows(table.name).column("game_id"), pattern)
        return _judged(view, table, matches.to_pylist())

    claim = "a game's id is the league's own"
    return _check(table, "game_ids_have_their_form", claim, look, do=READ)


def agrees(  # noqa: PLR0913 -- two tables, how they meet, what must be equal
    left: Table,
    right: Table,
    *,
    on: Sequence[str],
    columns: Sequence[str | tuple[str, str]],
    name: str,
    claim: str,
    severity: Severity = ERROR,
    required: float = 1.0,
    both: bool = True,
    where: Mapping[str, object] | None = None,
    schedule: str = "",
    about: str = "",
) -> Check:
    """Demand that rows that meet say the same; with `both`, each row of the left meets one of the right.

    Not measurable where the right has no row that day. `where`: values of the left's rows that are looked at alone;
    with a `schedule`, rows of games that are off in it are not looked at.
    """
    pairs = [(column, column) if isinstance(column, str) else column for column in columns]
    same = [_same(left.column(mine), right.column(theirs)) for mine, theirs in pairs]

    def look(view: View) -> Measured:
        here = [view.values(left.name, mine) for mine, _ in pairs]
        there = [view.values(right.name, theirs) for _, theirs in pairs]
        picked = [(view.values(left.name, column), value) for column, value in (where or {}).items()]
        off = _off(view, schedule) if schedule else ()
        games = view.values(left.name, "game_id") if off else ()
        meets = _by_key(view, right, on)
        places, others = [], []
        for place, key in enumerate(zip(*(view.values(left.name, column) for column in on), strict=True)):
            if not meets or (off and games[place] in off):
                continue
            if picked and any(values[place] != value for values, value in picked):
                continue
            for other in meets.get(key, (None,) if both else ()):
                places.append(place)
                others.append(other)
        found = [other is not None for other in others]
        for is_same, mine, theirs in zip(same, here, there, strict=True):
            ones = [mine[place] for place in places]
            twos = [None if other is None else theirs[other] for other in others]
            if ones != twos:  # a list is compared at once; value by value only where something differs
                found = [fine and is_same(one, two) for fine, one, two in zip(found, ones, twos, strict=True)]
        return _judged(view, left, found, places)

    return Check(
        name=f"{left.name}.{name}",
        claim=claim,
        severity=severity,
        tables=(*([schedule] if schedule else []), left.name, right.name),
        about=about or left.name,
        look=look,
        required=required,
        do="one of the two is wrong; a third (the archive's payload) says which",
    )


def _off(view: View, schedule: str) -> set[str]:
    games = zip(view.values(schedule, "game_id"), view.values(schedule, "status"), strict=True)
    return {game for game, status in games if status in OFF}


def _by_key(view: View, table: Table, on: Sequence[str]) -> dict[tuple[Any, ...], list[int]]:
    """Return the places of a table's rows by some columns; what lacks one of them meets nothing."""
    found: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for place, key in enumerate(zip(*(view.values(table.name, column) for column in on), strict=True)):
        found[() if None in key else key].append(place)
    return dict(found)


def _same(mine: Column, other: Column) -> Same:
    """Return whether two columns' values are the same; numbers at the fewer places of the two."""
    if ColumnType.FLOAT not in {mine.type, other.type}:
        return lambda one, two: bool(one == two)
    near = 0.51 * 10 ** -min(mine.places, other.places)
    return lambda one, two: one is two if one is None or two is None else abs(one - two) <= near


def sums(  # noqa: PLR0913 -- the parts, the whole, what is added
    part: Table,
    whole: Table,
    *,
    by: Sequence[str],
    columns: Sequence[str],
    name: str,
    factor: int = 1,
    severity: Severity = ERROR,
) -> Check:
    """Demand that the parts add up to what the whole says, times `factor`."""

    def look(view: View) -> Measured:
        parts, keys, bad = _by_key(view, part, by), [view.values(whole.name, key) for key in by], []
        if not parts or not keys[0]:
            return Measured.nothing(NOTHING)
        added = [(view.values(part.name, column), view.values(whole.name, column)) for column in columns]
        for place, key in enumerate(zip(*keys, strict=True)):
            mine = parts.get(key, [])
            if not all(_adds_up([one[n] for n in mine], all_of[place], factor) for one, all_of in added):
                bad.append(key)
        return Measured(value=1 - len(bad) / len(keys[0]), failing=_keys(bad))

    return Check(
        name=f"{part.name}.{name}",
        claim=f"{', '.join(columns[:3])}{' …' if len(columns) > 3 else ''} of {part.name} add up to those of {whole.name}",  # noqa: PLR2004 -- a line's length
        severity=severity,
        tables=(part.name, whole.name),
        about=part.name,
        look=look,
        do="a row is missing, doubled or of another game",
    )


def _adds_up(parts: Iterable[float | None], whole: float | None, factor: int) -> bool:
    known = [part for part in parts if part is not None]
    return whole is None if not known else whole is not None and sum(known) == whole * factor


def sides(table: Table, words: Words) -> Check:
    """Demand that clubs stand where the schedule has them: the club is one of the two, its opponent the other, home is home."""
    has_opponent, says_home = (name in table.names for name in words.side[1:])

    def look(view: View) -> Measured:
        clubs = zip(*(view.values(words.schedule, name) for name in words.clubs), strict=True)
        games = dict(zip(view.values(words.schedule, "game_id"), clubs, strict=True))
        own, other, at_home = (view.values(table.name, name) if name in table.names else () for name in words.side)
        places, found = [], []
        for place, game in enumerate(view.values(table.name, "game_id")):
            if game not in games:
                continue
            (home, away), club = games[game], own[place]
            places.append(place)
            found.append(
                None not in {home, away, club}
                and club in {home, away}
                and (not has_opponent or other[place] == (away if club == home else home))
                and (not says_home or at_home[place] == (club == home))
            )
        return _judged(view, table, found, places)

    claim = f"clubs, opponents and home in {table.name} are the schedule's"
    do = "home and away are swapped, or a club has another code"
    return _check(table, "sides_are_the_schedules", claim, look, inputs=(words.schedule,), do=do)
