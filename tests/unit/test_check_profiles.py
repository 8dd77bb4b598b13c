"""Profiles: a day held against the days before it, kind by kind; limits that are shown and never learned from a bad day."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, cast

import pyarrow as pa
import pytest
from tests.nba import SEASON, TODAY, Row

from tipoff.checks.profile import ROWS, USUAL, profile_of
from tipoff.core.check import Check, CheckStatus, Measured, View
from tipoff.core.clock import midnight
from tipoff.core.rows import table_from_records
from tipoff.core.schema import DAY, Phase, Table, flag, integer, number, text
from tipoff.leagues.checks.usual import HUNDREDS, LEAST, looks_alive, looks_usual

TABLE = Table(
    league="x",
    phase=Phase.RAW,
    name="things",
    key=("game_id", "who"),
    columns=(DAY, text("game_id"), integer("who"), number("points"), text("club"), flag("is_home")),
)
CHECKS = {check.name.partition(".")[2]: check for check in looks_usual(TABLE)}
Change = Callable[[int, Row], Row]


class Seen:
    """A slate as a check sees it: what the table looks like now, and what it looked like before."""

    day: date = TODAY
    season = SEASON
    now: datetime = midnight(TODAY) + timedelta(hours=35)

    def __init__(self, now: pa.Table, before: Sequence[pa.Table]) -> None:
        self._now, self._before = now, before

    def rows(self, _table: str) -> pa.Table:
        return self._now

    def table(self, _name: str) -> Table:
        return TABLE

    def ledger(self, _statement: Any) -> Sequence[Mapping[str, Any]]:
        return ()

    def profile(self, _table: str) -> Mapping[str, Mapping[str, float]]:
        return profile_of(TABLE, self._now)

    def usual(self, _table: str) -> Sequence[Mapping[str, Mapping[str, float]]]:
        return [profile_of(TABLE, rows) for rows in self._before]

    def remade(self, _output: str) -> tuple[Sequence[str], int] | None:
        return None


def slate(change: Change = lambda _n, row: row, *, games: int = 2, rows: int = 10) -> pa.Table:
    records = [
        {
            "day": TODAY,
            "game_id": f"g{game}",
            "who": who,
            "points": float(10 + who),
            "club": f"club{who % 4}",
            "is_home": who % 2 == 0,
        }
        for game in range(games)
        for who in range(rows)
    ]
    return table_from_records(TABLE, [change(n, row) for n, row in enumerate(records)])


def look(name: str, now: pa.Table, before: Sequence[pa.Table] | None = None) -> tuple[CheckStatus, Measured]:
    check: Check = CHECKS[name]
    assert check.look is not None
    found = check.look(cast("View", Seen(now, [slate()] * USUAL if before is None else before)))
    return check.status(found), found


def in_first_game(column: str, value: Any) -> Change:
    return lambda _n, row: row | {column: value} if row["game_id"] == "g0" else row


def both(first: Change, second: Change) -> Change:
    return lambda n, row: second(n, first(n, row))


@pytest.mark.parametrize(
    ("name", "spoiled", "failing"),
    [
        ("nulls_are_usual", slate(in_first_game("points", None)), ("points",)),
        ("nulls_are_usual", slate(in_first_game("club", None)), ("club",)),
        ("zeros_are_usual", slate(in_first_game("points", 0.0)), ("points",)),
        ("zeros_are_usual", slate(in_first_game("club", "")), ("club",)),
        ("values_vary", slate(in_first_game("points", 7.0)), ("points",)),
        ("values_vary", slate(in_first_game("club", "club1")), ("club",)),
        ("means_are_usual", slate(in_first_game("points", 1450.0)), ("points",)),
        ("means_are_usual", slate(lambda _n, row: row | {"points": row["points"] * 100}), ("points",)),
        ("means_are_usual", slate(lambda _n, row: row | {"points": -row["points"]}), ("points",)),
        ("rows_are_usual", slate(rows=6), ("fewest",)),
        ("rows_are_usual", slate(rows=16), ("most",)),
    ],
)
def test_what_changed_in_one_game_is_named_by_its_column(
    name: str, spoiled: pa.Table, failing: tuple[str, ...]
) -> None:
    good, bad = look(name, slate()), look(name, spoiled)

    assert (good[0], good[1].failing) == (CheckStatus.OK, ())
    assert (bad[0], bad[1].failing) == (CheckStatus.FAILED, failing)


def test_a_column_that_was_always_empty_and_is_filled_at_once_is_named() -> None:
    before = [slate(lambda _n, row: row | {"club": None})] * USUAL

    status, found = look("nulls_are_usual", slate(), before)

    assert (status, found.failing) == (CheckStatus.FAILED, ("club",))


def test_nulls_that_rise_too_slowly_for_any_one_day_are_named_by_their_trend() -> None:
    def with_nulls(n_null: int) -> pa.Table:
        return slate(lambda n, row: row | {"points": None} if n % 10 < n_null else row)

    before = [with_nulls(2), with_nulls(1), *[with_nulls(0)] * (USUAL - 2)]  # newest first

    assert look("nulls_are_usual", with_nulls(2), before)[0] is CheckStatus.OK
    status, found = look("nulls_do_not_rise", with_nulls(2), before)
    assert (status, found.failing) == (CheckStatus.FAILED, ("points",))


def test_nulls_that_come_and_go_are_no_trend() -> None:
    some, none = slate(lambda n, row: row | {"points": None} if n % 10 < 2 else row), slate()

    assert look("nulls_do_not_rise", some, [none, some, *[none, some] * 6])[0] is CheckStatus.OK


@pytest.mark.parametrize("name", CHECKS)
def test_with_too_few_days_before_nothing_is_usual_and_nothing_has_passed(name: str) -> None:
    status, found = look(name, slate(), [slate()] * (LEAST - 1))

    assert status is CheckStatus.NOT_MEASURABLE
    assert found.note == f"{LEAST - 1} of the {LEAST} slates before that are needed"


@pytest.mark.parametrize("name", CHECKS)
def test_a_slate_without_rows_has_not_passed(name: str) -> None:
    assert look(name, slate(games=0))[0] is CheckStatus.NOT_MEASURABLE


def test_a_column_named_irregular_is_left_out_and_the_others_are_not() -> None:
    [means] = [check for check in looks_usual(TABLE, irregular=("points",)) if check.name.endswith("means_are_usual")]
    assert means.look is not None

    spoiled = slate(lambda _n, row: row | {"points": 9000.0, "club": "a club with a very long name"})
    found = means.look(cast("View", Seen(spoiled, [slate()] * USUAL)))

    assert found.failing == ("club",)


def test_a_profile_says_how_many_rows_each_game_has_and_keeps_the_extremes_of_games() -> None:
    rows = pa.concat_tables([slate(games=1, rows=8), slate(in_first_game("points", None), games=1, rows=2)])
    other = rows.set_column(1, "game_id", pa.array(["g0"] * 8 + ["g1"] * 2))

    found = profile_of(TABLE, other)

    assert found[ROWS] == {"n": 10.0, "min": 2.0, "max": 8.0, "units": 2.0}
    assert (found["points"]["nulls_min"], found["points"]["nulls_max"]) == (0.0, 1.0)
    assert found["points"]["nulls"] == pytest.approx(0.2)


def test_the_limits_do_not_move_with_what_was_measured() -> None:
    spoiled = slate(in_first_game("points", 1450.0))

    first = look("means_are_usual", spoiled)[0]
    again = [look("means_are_usual", spoiled)[0] for _ in range(5)]

    assert {first, *again} == {CheckStatus.FAILED}


@pytest.mark.parametrize(("known", "dead"), [(0, ()), (10, ()), (11, ("points", "club"))])
def test_numbers_and_texts_may_all_be_the_same_while_nothing_is_known_of_half_the_slate(
    known: int, dead: tuple[str, ...]
) -> None:
    check = looks_alive(TABLE, alike=("who",), known_of=("things", "who"))
    rows = slate(lambda n, row: row | {"points": 4.5, "club": "first start", "who": int(n < known)})

    measured = cast("Callable[[View], Measured]", check.look)(cast("View", Seen(rows, [rows] * (HUNDREDS // 20))))

    assert measured.failing == dead


@pytest.mark.parametrize(("unknown", "failing"), [((), ("club", "points")), (("points",), ("club",))])
def test_of_a_column_that_nobody_may_know_nulls_and_empty_values_are_not_told_and_all_else_is(
    unknown: tuple[str, ...], failing: tuple[str, ...]
) -> None:
    checks = {one.name: one for one in looks_usual(TABLE, irregular=("points",), unknown=unknown)}

    for name, points, club in (("nulls_are_usual", None, None), ("zeros_are_usual", 0.0, "")):
        spoiled = slate(both(in_first_game("points", points), in_first_game("club", club)))
        look_at = cast("Callable[[View], Measured]", checks[f"things.{name}"].look)

        assert look_at(cast("View", Seen(spoiled, [slate()] * USUAL))).failing == failing


@pytest.mark.parametrize(("same", "failing"), [(0.0, ()), (7.0, ("points",))])
def test_what_may_be_unknown_is_told_as_constant_unless_it_is_zero_for_all(
    same: float, failing: tuple[str, ...]
) -> None:
    checks = {one.name: one for one in looks_usual(TABLE, irregular=("points",), unknown=("points",))}
    spoiled = slate(lambda _n, row: row | {"points": same})
    look_at = cast("Callable[[View], Measured]", checks["things.values_vary"].look)

    assert look_at(cast("View", Seen(spoiled, [slate()] * USUAL))).failing == failing


@pytest.mark.parametrize(("slates_before", "dead"), [(0, ()), (1, ()), (2, ("is_home",))])
def test_a_flag_that_is_set_for_nobody_is_told_of_the_third_slate_however_many_play(
    slates_before: int, dead: tuple[str, ...]
) -> None:
    rows = slate(lambda _n, row: row | {"is_home": False}, rows=HUNDREDS)
    measured = cast("Callable[[View], Measured]", looks_alive(TABLE, alike=("who",)).look)(
        cast("View", Seen(rows, [rows] * slates_before))
    )

    assert measured.failing == dead
