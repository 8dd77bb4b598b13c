"""Seasons are found by looking: their days from their own schedule, home and away too, two of them in one home."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from benchmarks.content_hashes import differences, hashes_of
from tests.made_seasons import season_like
from tests.support import tipoff

from tipoff.app.replay import days_of, parse_span
from tipoff.core.errors import UsageError
from tipoff.leagues.catalog import content_named
from tipoff.leagues.nba.world.recorded import RecordedSeasons
from tipoff.ledger import Ledger
from tipoff.ledger.facts import season_of, seasons_of

KNOWN = {  # first and last day of each regular season, as the league's own game logs have them
    "2015-16": ("2015-10-27", "2016-04-13"),
    "2016-17": ("2016-10-25", "2017-04-12"),
    "2017-18": ("2017-10-17", "2018-04-11"),
    "2018-19": ("2018-10-16", "2019-04-10"),
    "2019-20": ("2019-10-22", "2020-08-14"),
    "2020-21": ("2020-12-22", "2021-05-16"),
    "2021-22": ("2021-10-19", "2022-04-10"),
    "2022-23": ("2022-10-18", "2023-04-09"),
    "2023-24": ("2023-10-24", "2024-04-14"),
}


@pytest.fixture
def first_days(data: Path, tmp_path: Path) -> Path:
    """A data folder with a season under a name of its own: the first days of 2022-23, five of its games on neutral ground."""
    return season_like(data, "2022-23", "2098-99", tmp_path / "data", until="2022-10-22")


def replayed(data: Path, home: Path, span: str) -> dict[str, Any]:
    done = tipoff("replay", "nba", span, "--json", home=home, TIPOFF_DATA=str(data))
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.data
@pytest.mark.parametrize("name", list(KNOWN))
def test_a_seasons_days_are_those_of_its_schedule(data: Path, name: str) -> None:
    season = RecordedSeasons().season(data, name)

    assert (str(season.first_day), str(season.last_day)) == KNOWN[name]
    before = [date.fromisoformat(KNOWN[other][0]) for other in sorted(KNOWN, reverse=True) if other < name]
    assert list(season.earlier) == before[:3]


@pytest.mark.data
def test_a_span_finds_its_season_and_one_that_is_not_there_names_those_that_are(data: Path) -> None:
    recorded = RecordedSeasons()

    season, days = parse_span("2019-12-24..2019-12-31", recorded, data)

    assert (season.name, days) == ("2019-20", (date(2019, 12, 24), date(2019, 12, 31)))
    assert parse_span("2019-12-24", recorded, data) == (season, (date(2019, 12, 24), date(2019, 12, 24)))
    for span, said in (("1899-00", "holds no NBA season 1899-00"), ("2023-07-01..2023-07-02", "lies in no season")):
        with pytest.raises(UsageError, match=said) as refused:
            parse_span(span, recorded, data)
        assert "2015-16, 2016-17" in refused.value.hint
    assert "the nearest is 2022-10-18..2023-04-09" in refused.value.hint
    with pytest.raises(UsageError, match="goes beyond the season 2022-23"):
        parse_span("2023-04-01..2023-06-01", recorded, data)


def test_a_day_means_the_span_from_and_to_it() -> None:
    assert days_of("2023-07-10") == days_of("2023-07-10..2023-07-10") == (date(2023, 7, 10), date(2023, 7, 10))
    assert (days_of("2023"), days_of("2023-24"), days_of("2098-99")) == (None, None, None)
    for span in ("2023-07-32", "2023-07-10..", "..2023-07-10"):
        with pytest.raises(UsageError, match="neither a season nor FROM"):
            days_of(span)


@pytest.mark.data
def test_games_on_neutral_ground_are_proven_at_the_home_that_the_schedule_names(
    first_days: Path, tmp_path: Path
) -> None:
    report = replayed(first_days, tmp_path / "home", "2098-99")

    assert report["games"]["proven"] == report["games"]["expected"] > 20
    assert report["games"]["missing"] == []
    assert "rows_are_usable" not in report["findings"]
    assert "units_are_accepted" not in report["findings"]


@pytest.mark.data
def test_without_a_schedule_the_game_logs_own_sides_count(first_days: Path, tmp_path: Path) -> None:
    (first_days / "nba" / "schedule_2098-99.csv").unlink()

    report = replayed(first_days, tmp_path / "home", "2098-99")

    assert report["games"]["proven"] == report["games"]["expected"] > 20
    assert report["games"]["missing"] == []


@pytest.mark.data
def test_two_seasons_one_after_the_other_in_one_home_are_as_in_homes_of_their_own(data: Path, tmp_path: Path) -> None:
    spans = {"2021-22": "2022-04-10..2022-04-10", "2022-23": "2022-10-18..2022-10-19"}

    first, then = spans.values()
    replayed(data, tmp_path / "both", first)
    alone = [hashes_of(str(tmp_path / "both"))]  # until then it is a home of its own
    games = [replayed(data, tmp_path / folder, then)["games"] for folder in ("both", "own")]

    assert games[0] == games[1] | {"expected": 14, "proven": 14}
    both = hashes_of(str(tmp_path / "both"))
    alone.append(hashes_of(str(tmp_path / "own")))
    for one in alone:
        days = {day for table in one.values() for day in table}
        mine = {table: {day: said for day, said in found.items() if day in days} for table, found in both.items()}
        assert differences(one, {table: found for table, found in mine.items() if found}) == []
    ledger = Ledger(tmp_path / "both" / "ledger.db", read_only=True)
    assert [season.name for season in seasons_of(ledger, "nba")] == list(spans)
    assert season_of(ledger, "nba", date(2022, 12, 1)).earlier == (date(2021, 10, 19),)
    ledger.close()


@pytest.mark.data
def test_days_that_the_homes_clock_is_past_are_refused_and_those_after_them_or_made_here_go_on(
    first_days: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    once = replayed(first_days, home, "2022-10-18..2022-10-19")  # until the morning of the 21st

    for span in ("2022-10-20..2022-10-21", "2022-10-18..2022-10-21"):
        done = tipoff("replay", "nba", span, home=home, TIPOFF_DATA=str(first_days))
        assert done.returncode == 2
        assert "too late for 2022-10-20 in this home: its nba clock stands at 2022-10-21" in done.stderr
        assert "begin after 2022-10-20" in done.stderr
        assert "name days in a row as one span: a replay ends once its last day has settled" in done.stderr

    again, after = (replayed(first_days, home, span) for span in ("2022-10-18..2022-10-19", "2022-10-21..2022-10-21"))
    assert (again["runs"], after["games"]["missing"]) == (once["runs"], [])
    assert "lost" not in after["obligations"]


@pytest.mark.data
def test_leagues_on_one_clock_have_each_the_days_of_its_own_season(data: Path) -> None:
    span = "2023-03-01..2023-10-01"

    nba, mlb = RecordedSeasons(), content_named("mlb").recorded

    assert mlb is not None
    assert parse_span(span, nba, data, together=True)[1] == (date(2023, 3, 1), date(2023, 4, 9))
    assert parse_span("2022-10-06..2023-10-05", mlb, data, together=True)[1] == (date(2023, 3, 30), date(2023, 10, 1))
    with pytest.raises(UsageError, match="2023-07-01 lies in no season"):
        parse_span("2023-07-01..2023-07-02", nba, data, together=True)
    with pytest.raises(UsageError, match="goes beyond the season 2022-23"):
        parse_span("2023-03-01..2023-11-30", nba, data, together=True)
    with pytest.raises(UsageError, match="2023-03-01 lies in no season"):
        parse_span(span, mlb, data)
