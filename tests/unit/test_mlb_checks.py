"""Baseball's own checks, and what its steps reach: what seasons of the past showed to be no fault, and what is one."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

import pytest

from tipoff.core.check import Check, Measured, View
from tipoff.core.slate import Season
from tipoff.leagues.mlb.catalog import STEPS
from tipoff.leagues.mlb.checks import CHECKS, TRAITS
from tipoff.store.dialect import load

_CHECKS: Mapping[str, Check] = {check.name: check for check in CHECKS}
_PUT_OFF = {"home_team": "STL", "game_number": 1, "resumed_from": None, "moved_to": date(2019, 8, 31)}


class Seen:
    """A slate of one table, as a check asks for its columns."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._rows = rows

    def values(self, _table: str, column: str) -> Sequence[Any]:
        return [row[column] for row in self._rows]


def measured(name: str, rows: Sequence[Mapping[str, Any]]) -> Measured:
    found = _CHECKS[name].look
    assert found is not None
    return found(cast("View", Seen(rows)))


@pytest.mark.parametrize(
    ("moved_to", "failing"),
    [(date(2019, 9, 1), 0), (None, 0), (date(2019, 8, 31), 1)],
    ids=["later", "played", "twice"],
)
def test_a_game_that_is_put_off_stands_beside_another_of_its_club_and_never_twice(
    moved_to: date | None, failing: int
) -> None:
    other = _PUT_OFF | {"moved_to": moved_to}

    assert len(measured("schedule.clubs_play_each_game_once", [_PUT_OFF, other]).failing) == failing


def test_two_games_of_a_club_under_one_number_are_told() -> None:
    played = _PUT_OFF | {"moved_to": None}

    assert measured("schedule.clubs_play_each_game_once", [played, played]).failing


def test_a_game_broken_off_in_a_seasons_first_week_is_graded_in_its_last() -> None:
    """2021-04-11 was broken off after nine pitches and went on on 2021-08-31, 142 days later."""
    [grades] = [step for step in STEPS if step.name == "grades"]
    season = Season("2019", date(2019, 3, 20), date(2019, 9, 29))  # the longest of those known

    [read] = [
        one for one in load(grades, {step.name: step.table for step in STEPS}).inputs if one.window.name != "slate"
    ]

    assert read.window.bounds(season.last_day, season)[0] <= season.first_day


def test_two_men_of_one_game_may_strike_out_as_many() -> None:
    assert {"actual_strikeouts", "actual_batters"} <= set(TRAITS["grades"].slow)
