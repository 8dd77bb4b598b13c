"""The logs of whole seasons as the site gives them, read into what the steps and the second formula remember of players."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import numpy as np
import pytest

from tipoff.core.check import View
from tipoff.core.errors import SourceError
from tipoff.core.home import Profile
from tipoff.core.payload import Payload
from tipoff.core.rows import table_from_records
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context
from tipoff.leagues.nba import earlier, markets
from tipoff.leagues.nba.checks import careers
from tipoff.leagues.nba.live import LIVE_STEPS
from tipoff.leagues.nba.live_tables import EARLIER_GAMES
from tipoff.leagues.nba.memory import CAREER, NO_MEMORY, after_seasons
from tipoff.leagues.nba.sources import statsnba
from tipoff.leagues.nba.world.data import NbaData
from tipoff.leagues.nba.world.files import log_of
from tipoff.leagues.nba.world.wire import NbaProviders
from tipoff.store.duck import DuckWarehouse
from tipoff.store.warehouse import WriteRequest

SEASON = Season("2018-19", date(2018, 10, 16), date(2019, 4, 10))
NOW = datetime(2018, 10, 16, 15, tzinfo=UTC)
CONTEXT = Context(slate=Slate("nba", SEASON, SEASON.first_day), units=frozenset(), as_of=NOW)


@cache
def answered(data: Path, season: str) -> Payload:
    """Return the site's answer to the request for a season's log."""
    nothing = NbaData(season=SEASON.name, games=[], about={}, fingerprint="", earlier=lambda other: log_of(data, other))
    request = statsnba.log_request("P", season)
    answer = NbaProviders(nothing).answer(httpx.Request("GET", request.url, params=dict(request.params)), NOW)
    return Payload(request=request, body=answer.content, sha256=season, status=200, fetched_at=NOW)


@cache
def played(data: Path, season: str) -> Sequence[Mapping[str, Any]]:
    """Return the rows of that answer."""
    return earlier.parse(answered(data, season), CONTEXT, {}).rows


def test_seasons_loaded_live_are_remembered_as_the_recorded_files_of_them_are(data: Path) -> None:
    seasons = ("2015-16", "2016-17", "2017-18")
    rows = [{**row, "known_at": NOW} for name in seasons for row in played(data, name)]

    memory = after_seasons(NO_MEMORY, table_from_records(EARLIER_GAMES, rows))

    model = markets.serving(SEASON.first_day)  # made of the files of these three
    mine = memory.only(model.memory.ids)
    assert mine.ids.tolist() == model.memory.ids.tolist()
    assert np.array_equal(mine.games, model.memory.games)
    assert mine.sums == pytest.approx(model.memory.sums, rel=1e-4)


def test_a_career_goes_on_from_loaded_seasons_and_fades_for_those_that_nobody_knows(data: Path) -> None:
    day = date(2020, 1, 15)  # a model through 2017-18 serves: one season lies between
    rows = [
        {**row, "known_at": NOW, "played_on": date(2019, 1, 1), "season": "2018-19"} for row in played(data, "2017-18")
    ]
    model, table = markets.serving(day), table_from_records(EARLIER_GAMES, rows)

    known = model.remembered(day, table)

    assert np.array_equal(known.of(model.memory.ids)[0], after_seasons(model.memory, table).of(model.memory.ids)[0])
    assert np.array_equal(model.remembered(day, table.slice(0, 0)).sums, model.memory.aged(1).sums)


@pytest.mark.parametrize(("name", "n_before", "n_after"), [("2018-19", 0, 1), ("2019-20", 1, 0)])
def test_of_two_seasons_one_that_is_missing_fades_what_was_before_it_wherever_it_lies(
    data: Path, name: str, n_before: int, n_after: int
) -> None:
    day = date(2021, 1, 15)  # a model through 2017-18 serves: two seasons lie between
    rows = [
        {**row, "known_at": NOW, "played_on": date(int(name[:4]) + 1, 1, 1), "season": name}
        for row in played(data, "2017-18")
    ]
    model, table = markets.serving(day), table_from_records(EARLIER_GAMES, rows)

    known = model.remembered(day, table)

    assert np.array_equal(known.sums, after_seasons(model.memory.aged(n_before), table).aged(n_after).sums)


@pytest.mark.parametrize(
    ("n_rows", "first_day"),
    [(9000, date(2020, 12, 22)), (4000, date(2020, 12, 22)), (9000, date(2021, 1, 7))],
    ids=["both", "the second of them missing", "both, of a season that begins in January"],
)
def test_the_second_formula_remembers_of_loaded_seasons_what_the_step_does(
    data: Path, n_rows: int, first_day: date
) -> None:
    season = Season("2020-21", first_day, date(2021, 5, 16))  # two seasons lie between it and the model's last
    rows = [
        {**row, "known_at": NOW, "day": first_day, "played_on": day, "season": f"{day - timedelta(days=250):%Y}"}
        for n, row in enumerate(played(data, "2017-18")[:n_rows])
        for day in [date(2018, 10, 16) + timedelta(days=n // 20)]
    ]
    table = table_from_records(EARLIER_GAMES, rows)
    step = next(step for step in LIVE_STEPS if step.table is EARLIER_GAMES)
    warehouse = DuckWarehouse(None, profile=Profile.REPLAY)
    warehouse.prepare(LIVE_STEPS)
    written = WriteRequest(
        step=step,
        season=season,
        day=season.first_day,
        fence=1,
        as_of=NOW,
        step_version="v",
        units={"2018": "", "2019": ""},
        evidence=True,
    )
    warehouse.replace(written, table)
    day = date(2021, 8, 5)  # a season may last so long, and what is remembered is so all the while
    view = SimpleNamespace(
        day=day,
        season=season,
        table=lambda _name: EARLIER_GAMES,
        ask=lambda sql: warehouse.ask(sql, league="nba", day=day, season=season, as_of=NOW),
    )

    again = careers.remembered_here(cast("View", view))

    memory = markets.serving(day).remembered(season.first_day, table)
    assert sorted(again) == memory.ids.tolist()
    assert [again[one][0] for one in memory.ids.tolist()] == memory.games.tolist()
    names = [f"{name}_{life}" for life in (40, 150) for name in ("n", *CAREER)]
    found = [[again[one][1][name] for name in names] for one in memory.ids.tolist()]
    assert np.array(found) == pytest.approx(memory.sums.reshape(len(memory.ids), -1))
    warehouse.close()


def test_an_answer_without_a_game_of_the_season_is_an_error_of_the_source_and_never_an_empty_season(data: Path) -> None:
    with pytest.raises(SourceError, match="names no game of the season 2031-32"):
        earlier.parse(answered(data, "2031-32"), CONTEXT, {})
