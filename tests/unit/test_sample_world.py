"""The sample league, whatever its seed: what could not be in a real one is not in it either."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from tipoff.core.clock import SimClock
from tipoff.core.slate import Season
from tipoff.leagues.mlb.world.sample import SampleMlb
from tipoff.leagues.nba.world.sample import SampleNba


@pytest.mark.parametrize("seed", range(1, 31))
def test_whatever_the_seed_clubs_play_once_a_day_and_score_as_clubs_do(seed: int) -> None:
    games = SampleNba(first_day=date(2030, 1, 7), days=14, seed=seed).data.games

    shown = Counter((stand.day, club) for game in games for stand in game.stands[:1] for club in (game.home, game.away))
    played = Counter((game.day, club) for game in games for club in (game.home, game.away))
    assert {*shown.values(), *played.values()} == {1}
    assert len([game for game in games if game.stands[0].day != game.day]) == 1  # the one that is postponed
    for game in games:
        margin = game.home_score - game.away_score
        assert margin
        assert min(game.home_score, game.away_score) > 50
        for club, own in ((game.home, margin), (game.away, -margin)):
            men = [row for row in game.players if row["TEAM_ABBREVIATION"] == club]
            assert sum(row["PLUS_MINUS"] for row in men) == 5 * own
            assert sum(row["PTS"] for row in men) == (game.home_score if club == game.home else game.away_score)
            assert all(row["PTS"] == 2 * row["FGM"] + row["FG3M"] + row["FTM"] for row in men)
            assert all(row["FTM"] <= row["FTA"] for row in men)


@pytest.mark.parametrize("days", range(1, 16))
def test_a_season_of_any_length_ends_with_games(days: int) -> None:
    data = SampleNba(first_day=date(2030, 1, 7), days=days).data

    assert max(game.day for game in data.games) == date(2030, 1, 7) + timedelta(days=days - 1)


@pytest.mark.parametrize("seed", [1, 2, 7])
def test_as_many_points_lie_above_the_lines_as_below(seed: int) -> None:
    games = SampleNba(first_day=date(2030, 1, 7), days=14, seed=seed).data.games
    scored = {(game.game_id, row["PLAYER_NAME"]): row["PTS"] for game in games for row in game.players}

    quotes = [(game.game_id, quote) for game in games for quote in game.snapshots[0][1]]
    above = [scored[key] > quote.line for game_id, quote in quotes if (key := (game_id, quote.player)) in scored]

    assert len(above) > 2000
    assert 0.48 < sum(above) / len(above) < 0.52


def test_a_game_of_baseball_that_will_be_put_off_is_of_its_first_day_until_it_is_called_off() -> None:
    first = date(2030, 4, 1)
    world = SampleMlb(Season("2030", first, first + timedelta(days=5)))
    game = next(game for game in world.played if len(game.stands) > 1 and game.stands[0].day < game.day)
    was_on, called = game.stands[0].day, game.stands[1].since

    def shown(day: date, now: datetime) -> list[dict[str, Any]]:
        with httpx.Client(transport=world.transport(SimClock(now))) as client:
            told = client.get(f"https://statsapi.mlb.com/api/v1/schedule?sportId=1&date={day}").json()
        games = [one for date_of in told["dates"] for one in date_of["games"] if one["gamePk"] == game.pk]
        return [{name: one[name] for name in ("officialDate", "gameNumber", "doubleHeader")} for one in games]

    one_of_its_day = {"officialDate": str(was_on), "gameNumber": 1, "doubleHeader": "N"}
    later = {"officialDate": str(game.day), "gameNumber": game.number, "doubleHeader": game.double}
    before, after = called - timedelta(minutes=1), called + timedelta(minutes=1)
    assert (shown(was_on, before), shown(game.day, before)) == ([one_of_its_day], [])
    assert (shown(was_on, after), shown(game.day, after)) == ([one_of_its_day], [later])
