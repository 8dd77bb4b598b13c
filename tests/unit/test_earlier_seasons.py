"""The seasons between the shipped models and the one that is played: which are missing, what is remembered of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import numpy as np
import pytest

from tipoff.app.catching_up import lacking
from tipoff.core.check import View
from tipoff.core.errors import SourceError
from tipoff.core.payload import Payload
from tipoff.core.profile import Profile
from tipoff.core.proof import Proof
from tipoff.core.rows import table_from_records
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context
from tipoff.engine.book import Entry
from tipoff.engine.plan import plan_step
from tipoff.leagues.catalog import live_content
from tipoff.leagues.nba import earlier, markets
from tipoff.leagues.nba.checks import careers
from tipoff.leagues.nba.live import LIVE_STEPS
from tipoff.leagues.nba.live_tables import EARLIER_GAMES
from tipoff.leagues.nba.memory import CAREER, NO_MEMORY, after_seasons
from tipoff.leagues.nba.sources import statsnba
from tipoff.leagues.nba.world.data import NbaData
from tipoff.leagues.nba.world.recorded import log_of
from tipoff.leagues.nba.world.wire import NbaProviders
from tipoff.sources.content import EarlierSeasons
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
    day = date(2021, 1, 15)
    view = SimpleNamespace(
        day=day,
        season=season,
        table=lambda _name: EARLIER_GAMES,
        ask=lambda sql: warehouse.ask(sql, league="nba", day=day, season=season, as_of=NOW),
    )

    again = careers.remembered_here(cast("View", view))

    memory = markets.serving(day).remembered(day, table)
    assert sorted(again) == memory.ids.tolist()
    assert [again[one][0] for one in memory.ids.tolist()] == memory.games.tolist()
    names = [f"{name}_{life}" for life in (40, 150) for name in ("n", *CAREER)]
    found = [[again[one][1][name] for name in names] for one in memory.ids.tolist()]
    assert np.array(found) == pytest.approx(memory.sums.reshape(len(memory.ids), -1))
    warehouse.close()


def test_an_answer_without_a_game_of_the_season_is_an_error_of_the_source_and_never_an_empty_season(data: Path) -> None:
    with pytest.raises(SourceError, match="names no game of the season 2031-32"):
        earlier.parse(answered(data, "2031-32"), CONTEXT, {})


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
