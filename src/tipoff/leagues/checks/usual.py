"""Checks that hold a day's profile against those of the days before it, and that demand of every column that it says something.

The limits are fixed factors of what was usual on the last slates, failed days left out.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf, nan

from tipoff.checks.profile import ROWS, Profile
from tipoff.core.check import Cadence, Check, Measured, View
from tipoff.core.schema import Column, ColumnType, Table
from tipoff.core.severity import Severity

Find = Callable[[Profile, Sequence[Profile]], Iterator[str]]
LEAST = 7  # with fewer nothing is usual yet
_RISE = 0.1  # of the share of NULLs, that is no chance
ENOUGH = 16  # values of a slate, with fewer of which a column may be the same by chance
_COARSE = 1  # places, with as many of which a man's number is often another's, and the same in all his rows
MANY = 0.015  # of the values, that differ: one of a side stands in a dozen of its rows
SLOW = 6  # slates after which a number that need not vary in each must have varied
SOME = 0.02  # of the values, that are not zero
HUNDREDS = 400  # rows after which a flag that was never set is broken
FLAGGED = 3  # slates of them at the least: after a free day nobody, of however many, plays again the day after
_NEARLY_ALL = 0.95


def looks_usual(
    table: Table,
    *,
    irregular: Sequence[str] = (),
    unknown: Sequence[str] = (),
    sizes: bool = True,
    known_of: tuple[str, str] | None = None,
) -> list[Check]:
    """Return the checks that hold a table's day against the slates before: NULLs, zeros, constants, means, rows.

    `irregular` columns rightly change from slate to slate: of them only what is all NULL, all zero or all the same in a game,
    and was nearly never so before, is told. NULLs and zeros of `unknown` ones are not told, nor, while a game has only zeros,
    constants: a profile does not say which game it is. Without `sizes` rows are not counted. A mean is held to slates on which
    something was known of more than half (`known_of`, see `looks_alive`).
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
            look=_looker(
                table,
                find,
                frozenset(irregular),
                frozenset(() if find in (_means, _rows) else unknown),
                known_of if find is _means else None,
            ),
            measure="columns in order",
            do="compare the day with the one before: tipoff check health LEAGUE --date DAY",
        )
        for name, claim, find in kinds
        if sizes or find is not _rows
    ]


def _looker(
    table: Table, find: Find, irregular: frozenset[str], untold: frozenset[str], known_of: tuple[str, str] | None
) -> Callable[[View], Measured]:
    def look(view: View) -> Measured:
        now = view.profile(table.name)
        usual = view.usual(table.name)
        if known_of:  # a home's first slates are all of newcomers, who are thought to be alike
            usual = usual[: sum(not _zero_for_half(one, known_of[1]) for one in view.usual(known_of[0]))]
        if not now:
            return Measured.nothing("no rows")
        if len(usual) < LEAST:
            return Measured.nothing(f"{len(usual)} of the {LEAST} slates before that are needed")
        extremes = set(_EXTREMES[find](now, usual)) if find in _EXTREMES else set()
        silent = {name for name in untold if find is not _constants or now.get(name, {}).get("zeros_max") == 1}
        failing = tuple(sorted(((set(find(now, usual)) - irregular) | (extremes & irregular)) - silent))
        return Measured(value=1 - len(failing) / len(now), failing=failing)

    return look


def looks_alive(  # noqa: PLR0913 -- what a league says of a table's columns
    table: Table,
    *,
    alike: Sequence[str] = (),
    slow: Sequence[str] = (),
    rates: Mapping[str, tuple[float, float]] = {},
    known_of: tuple[str, str] | None = None,
    cadence: Cadence = Cadence.MORNING,
) -> Check:
    """Demand of every column, from the first slate on, that it says something: it varies, is not always zero, and flags are set.

    Numbers vary within a slate and are other than zero now and then; of whole and nearly whole ones a man has one, however many
    rows he has, and a few men may have the same. `slow` ones may be the same for all in a slate, and are looked at over several
    slates together. Flags and texts are looked at over some hundred rows, today's and those of the
    slates before: a text is not always the same, a flag is set as often as `rates` say (least and most; else now and then).
    Where the table and column of `known_of` count nothing known of half the slate, only flags are looked at.
    """
    left_out = {"day", *table.key, *table.unit_columns, *alike}
    declared = [column for column in table.columns if column.name not in left_out]
    flags = [column for column in declared if column.type is ColumnType.BOOL]

    def is_dead(column: Column, slates: Sequence[Mapping[str, float]], n_values: Sequence[float]) -> bool:
        if column.type in {ColumnType.INT, ColumnType.FLOAT}:
            if column.name in slow:
                looked_at = [one for one, n in zip(slates, n_values, strict=True) if n >= ENOUGH]
                return len(looked_at) >= SLOW and all(one["distinct"] <= 1 for one in looked_at)
            least = max(2.0, MANY * n_values[0]) if column.type is ColumnType.FLOAT else 2.0
            return n_values[0] >= ENOUGH and _is_dead(slates[0], least=least)
        n = sum(one["present"] for one in slates)
        if n < HUNDREDS or len(slates) < (FLAGGED if column.type is ColumnType.BOOL else 1):
            return False
        if column.type is ColumnType.BOOL:
            least, most = rates.get(column.name, (1 / HUNDREDS, 1 - 1 / HUNDREDS))
            return not least <= sum(one["present"] * one["mean"] for one in slates if one["present"]) / n <= most
        return column.type is ColumnType.TEXT and all(one["distinct"] <= 1 for one in slates)

    def look(view: View) -> Measured:
        now, before = view.profile(table.name), view.usual(table.name)
        if not now:
            return Measured.nothing("no rows")
        looked = flags if known_of and _zero_for_half(view.profile(known_of[0]), known_of[1]) else declared
        dead = []
        for column in looked:
            profiles = [now, *(one for one in before if "present" in one.get(column.name, {}))]
            n_values = [_count_values(table, column, one) for one in profiles]
            if is_dead(column, [one[column.name] for one in profiles], n_values):
                dead.append(column.name)
        return Measured(value=1 - len(dead) / max(1, len(looked)), failing=tuple(dead))

    return Check(
        name=f"{table.name}.columns_say_something",
        claim=f"{table.name}: every column varies, is not zero for all, and flags are set now and then",
        severity=Severity.ERROR,
        tables=(table.name,),
        look=look,
        measure="columns in order",
        cadence=cadence,
        do="its code gives the same for everybody, or nothing: read the column's rule in the step that makes it",
    )


def _zero_for_half(profile: Profile, column: str) -> bool:
    found = profile.get(column, {})
    return bool(found.get("present")) and found["zeros"] >= 1 / 2


def _count_values(table: Table, column: Column, profile: Profile) -> float:
    """Return how many values of a column a slate has: of coarse numbers one a man, or game, however many rows he has."""
    n = profile[column.name]["present"]
    if column.type is ColumnType.FLOAT and column.places > _COARSE:
        return n
    return min(n, max((profile[name]["distinct"] for name in table.key if name in profile), default=n))


def _is_dead(slate: Mapping[str, float], *, least: float) -> bool:
    return slate["distinct"] < least or slate["zeros"] > 1 - SOME


def _each(
    now: Profile, usual: Sequence[Profile], part: str, least: float = -inf, most: float = inf
) -> Iterator[tuple[str, float, list[float]]]:
    """Yield the columns of which a part lies from `least` to `most`, with it and what it was: most lie elsewhere."""
    for name, found in now.items():
        if name == ROWS or not least <= found.get(part, nan) <= most:
            continue
        before = [profile[name][part] for profile in usual if name in profile and part in profile[name]]
        if len(before) >= LEAST:
            yield name, found[part], before


def _those(*rules: tuple[str, float, float, Callable[[float, list[float]], bool]]) -> Find:
    """Return what yields odd columns: a part lies between two bounds and, against what it was on the slates before, is odd."""

    def find(now: Profile, usual: Sequence[Profile]) -> Iterator[str]:
        for part, least, most, is_odd in rules:
            yield from (name for name, value, before in _each(now, usual, part, least, most) if is_odd(value, before))

    return find


_nulls = _those(
    ("nulls_max", 0.25, 1, lambda share, before: share > max(before) + 0.25),
    ("nulls_min", 0, 0.5, lambda share, before: share < min(before) - 0.5),
)
_zeros = _those(("zeros_max", _NEARLY_ALL, 1, lambda share, before: share > max(before) + 0.15))
_constants = _those(
    ("distinct_min", 1, 1, lambda _, before: min(before) >= 2 and sorted(before)[len(before) // 2] >= 3),  # noqa: PLR2004 -- it used to vary
    ("distinct_share", 0, 1 / 3, lambda share, before: share < min(before) / 3),
)
_EXTREMES: Mapping[Find, Find] = {  # what is told of columns that change from slate to slate
    _nulls: _those(("nulls_max", 0.9, 1, lambda _, before: max(before) <= 0.3)),  # noqa: PLR2004 -- nearly all, never a third
    _zeros: _those(("zeros_max", _NEARLY_ALL, 1, lambda _, before: max(before) <= 0.5)),  # noqa: PLR2004 -- never over half
    _constants: _those(("distinct_min", 1, 1, lambda _, before: min(before) >= 4)),  # noqa: PLR2004 -- never one value a side
}


def _rising(now: Profile, usual: Sequence[Profile]) -> Iterator[str]:
    """Yield columns whose NULLs rose slowly enough to pass as usual each day: all of the last three above all before."""
    for name, share, before in _each(now, usual, "nulls", 1e-9):
        newest, older = [share, *before[:2]], before[2:]
        if len(older) >= LEAST - 2 and min(newest) > max(older) and sum(newest) / 3 > max(older) + _RISE:
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
