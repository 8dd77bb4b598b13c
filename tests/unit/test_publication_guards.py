"""Guards of publications: each holds its own units, names why, and lets a right slate go."""

import dataclasses
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from tests.checked import TIP
from tests.nba import TODAY

from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context, PublishWork
from tipoff.leagues.catalog import LEAGUES
from tipoff.leagues.checks.publication import guards, twice
from tipoff.leagues.nba.words import WORDS

ONE, TWO = "0022300500", "0022300501"
GAMES = [
    {"game_id": ONE, "home_team": "BOS", "away_team": "NYK", "tipoff_at": TIP, "status": "scheduled"},
    {"game_id": TWO, "home_team": "LAL", "away_team": "DEN", "tipoff_at": TIP, "status": "scheduled"},
]
CONTEXT = Context(
    slate=Slate("nba", Season("2023-24", TODAY, TODAY), TODAY, ()),
    units=frozenset({ONE, TWO}),
    as_of=TIP - timedelta(hours=3),
)


def published(**more: Any) -> list[dict[str, Any]]:
    sides = {ONE: ("BOS", "NYK"), TWO: ("LAL", "DEN")}
    return [
        {
            "game_id": game_id,
            "tipoff_at": TIP,
            "team": teams[number % 2],
            "opponent": teams[1 - number % 2],
            "is_home": number % 2 == 0,
            "recommendation": ("over", "under")[number // 2 % 2],
        }
        | more
        for game_id, teams in sides.items()
        for number in range(12)
    ]


def held(
    rows: list[dict[str, Any]],
    games: list[dict[str, Any]] = GAMES,
    quoted_at: Any = TIP - timedelta(minutes=5),
    context: Context = CONTEXT,
) -> Mapping[str, str]:
    inputs = {
        "schedule": pa.Table.from_pylist(games),
        "main_lines": pa.Table.from_pylist([{"game_id": ONE, "quoted_at": quoted_at}]),
    }
    found: dict[str, str] = {}
    for guard in guards(WORDS, start="tipoff_at", side="recommendation", lines="main_lines", made_at="quoted_at"):
        found |= guard(context, inputs, pa.Table.from_pylist(rows))
    return found


def test_a_right_slate_goes_out() -> None:
    assert held(published()) == {}


def test_a_club_in_two_games_holds_both() -> None:
    games = [GAMES[0], GAMES[1] | {"home_team": "BOS"}]

    assert held([], games) == {ONE: f"{TWO} of the same day has BOS too", TWO: f"{ONE} of the same day has BOS too"}


def test_who_may_be_called_off_yet_is_waited_for_till_three_quarters_of_an_hour_before_the_first_start() -> None:
    games = [GAMES[0], GAMES[1] | {"home_team": "BOS"}]
    late = dataclasses.replace(CONTEXT, as_of=TIP - timedelta(minutes=45))

    assert held([], games, context=late) == {}


def test_a_game_under_two_ids_is_told_as_one() -> None:
    games = [GAMES[0], GAMES[0] | {"game_id": TWO}]

    assert held([], games)[TWO] == f"{ONE} of the same day is the same game"


def test_a_double_header_is_told_apart_by_its_number() -> None:
    games = [GAMES[0] | {"game_number": 1}, GAMES[0] | {"game_id": TWO, "game_number": 2}]

    assert twice(games, WORDS.clubs, ("game_number",)) == {}
    assert set(twice(games, WORDS.clubs)) == {ONE, TWO}


def test_a_game_that_is_off_has_its_clubs_free() -> None:
    assert held([], [GAMES[0] | {"status": "postponed"}, GAMES[1] | {"home_team": "BOS"}]) == {}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"tipoff_at": TIP + timedelta(minutes=30)}, "would be published with"),
        ({"team": "LAL"}, "is published as a club of"),
        ({"opponent": "BOS"}, "is published as a club of"),
        ({"is_home": False}, "is published as a club of"),
        ({"game_id": "0022300777"}, "stands on no schedule"),
    ],
)
def test_a_row_that_contradicts_the_schedule_is_held(wrong: dict[str, Any], why: str) -> None:
    rows = published()
    rows[0] |= wrong

    [reason] = held(rows).values()
    assert why in reason


def test_what_has_begun_is_held() -> None:
    games = [GAMES[0] | {"tipoff_at": CONTEXT.as_of}, GAMES[1]]

    assert set(held([row | {"tipoff_at": CONTEXT.as_of} for row in published() if row["game_id"] == ONE], games)) == {
        ONE
    }


def test_a_line_of_after_the_start_holds_its_game() -> None:
    assert "was made after its start" in held(published(), quoted_at=TIP + timedelta(seconds=1))[ONE]


def test_recommendations_of_one_side_hold_the_slate() -> None:
    rows = published(recommendation="over")
    assert held(rows) == dict.fromkeys((ONE, TWO), "24 of 24 recommendations are over")

    for row in rows[:2]:
        row["recommendation"] = "under"
    assert held(rows) == {}
    assert held(rows[2:20]) == {}, "of fewer than twenty nothing is said"


def test_every_publication_of_every_league_has_guards() -> None:
    works = [step.work for league in LEAGUES.values() for step in league.steps if isinstance(step.work, PublishWork)]

    assert works
    assert all(work.guards for work in works)
