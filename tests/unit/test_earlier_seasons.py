"""The seasons between the shipped models and the one that is played: which are missing, what is remembered of them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from tipoff.app.catching_up import lacking
from tipoff.core.proof import Proof
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context
from tipoff.engine.book import Entry
from tipoff.engine.plan import plan_step
from tipoff.leagues.catalog import live_content
from tipoff.leagues.nba import earlier, markets
from tipoff.leagues.nba.live import LIVE_STEPS
from tipoff.sources.content import EarlierSeasons

SEASON = Season("2018-19", date(2018, 10, 16), date(2019, 4, 10))
NOW = datetime(2018, 10, 16, 15, tzinfo=UTC)
CONTEXT = Context(slate=Slate("nba", SEASON, SEASON.first_day), units=frozenset(), as_of=NOW)


def test_the_shipped_models_stand_oldest_first_and_what_tells_them_apart_is_known_unread() -> None:
    models = markets.shipped()

    assert [model.trained_through for model in models] == sorted(model.trained_through for model in models)
    assert markets.digests()[1:] == tuple(model.digest for model in models)


@pytest.mark.parametrize(
    ("first_day", "names"),
    [
        (date(2023, 10, 24), []),
        (date(2024, 10, 22), []),
        (date(2025, 10, 21), ["2024-25"]),
        (date(2026, 10, 20), ["2024-25", "2025-26"]),
        (date(2028, 10, 20), ["2026-27", "2027-28"]),
    ],
)
def test_of_the_two_seasons_before_those_are_missing_that_no_shipped_model_knows(
    first_day: date, names: list[str]
) -> None:
    season = Season("any", first_day, date(first_day.year + 1, 4, 12))

    assert list(earlier.missing(season)) == names
    assert earlier.is_owed(first_day, season) is bool(names)
    assert not earlier.is_owed(season.last_day, season)


def test_what_is_off_for_want_of_earlier_seasons_names_them_and_who_has_not_given_them() -> None:
    wanted, names = (
        EarlierSeasons(missing=earlier.missing, what="careers", output="nba_earlier_games"),
        ["2024-25", "2025-26"],
    )
    step = next(step for step in LIVE_STEPS if step.name == wanted.output)
    season = Season("2026-27", date(2026, 10, 20), date(2027, 4, 11))
    entry = Entry(step, plan_step(step, Slate("nba", season, season.first_day)), 0)
    assert list(entry.obligation.units) == names

    begins = season.first_day
    assert lacking(wanted, names, None, begins) == (
        "careers: off until 2024-25 and 2025-26 are loaded, on 2026-10-20, the season's first day"
    )
    assert lacking(wanted, names, entry, begins) == (
        "careers: off until 2024-25 and 2025-26 are loaded, a request each: about 2 min at the most"
    )
    entry.failures, entry.not_before = 2, NOW
    assert lacking(wanted, names, entry, begins) == (
        "careers: off, stats.nba.com has not given 2024-25 and 2025-26; it is asked again"
    )
    entry.failures, entry.proof = 0, cast("Proof", SimpleNamespace(units={"2025-26": None}))
    assert (
        lacking(wanted, names, entry, begins) == "careers: off, stats.nba.com has not given 2024-25; it is asked again"
    )
    entry.proof = cast("Proof", SimpleNamespace(units=dict.fromkeys(names)))
    assert lacking(wanted, names, entry, begins) == ""


def test_a_league_whose_earlier_seasons_nothing_loads_says_which_it_learns_without() -> None:
    first = Season("2026", date(2026, 3, 26), date(2026, 9, 27))
    second = replace(first, earlier=(date(2025, 3, 27),))
    told = live_content("mlb").earlier
    assert told is not None

    assert [list(told.missing(season)) for season in (first, second)] == [["2023", "2024", "2025"], ["2023", "2024"]]
    assert lacking(told, told.missing(first), None, first.first_day).endswith(
        "off, 2023, 2024 and 2025 are not in this home, and nothing loads them"
    )
    assert ": off, 2025 is not in this home, and" in lacking(told, ["2025"], None, first.first_day)
