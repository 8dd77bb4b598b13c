"""Earlier seasons: what of them a league's windows reach, and what is refused."""

import dataclasses
from datetime import date

import pytest

from tipoff.app.loading import past_of
from tipoff.core.errors import UsageError
from tipoff.core.slate import Season
from tipoff.core.window import Input, Window, WindowKind
from tipoff.leagues.mlb.league import MLB
from tipoff.store.dialect import CompiledStep, load

FIRST = date(2023, 3, 30)
EARLIER = (date(2022, 4, 7), date(2021, 4, 1), date(2020, 7, 23))


def test_what_is_loaded_are_the_raw_tables_that_windows_reach_each_as_far_back_as_the_widest() -> None:
    season = Season("2023", FIRST, date(2023, 10, 1), EARLIER)

    past = past_of(MLB, season, _loaded())

    assert past.since == {"pitcher_boxscores": EARLIER[-1], "team_boxscores": EARLIER[-1]}
    assert (past.days()[0], past.days()[-1]) == (EARLIER[-1], date(2023, 3, 29))


def test_a_season_without_earlier_ones_loads_nothing() -> None:
    past = past_of(MLB, Season("2015", FIRST, FIRST), _loaded())

    assert not past.since
    assert past.days() == []


def test_a_window_over_earlier_seasons_of_what_is_made_is_refused() -> None:
    loaded = _loaded()
    wide = Input("team_games", Window(WindowKind.SEASONS, 2))
    loaded["form"] = dataclasses.replace(loaded["form"], inputs=(wide,))

    with pytest.raises(UsageError, match="not raw"):
        past_of(MLB, Season("2023", FIRST, FIRST, EARLIER), loaded)


def _loaded() -> dict[str, CompiledStep]:
    tables = {step.name: step.table for step in MLB.steps}
    return {step.name: load(step, tables) for step in MLB.steps}
