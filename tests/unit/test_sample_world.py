"""The sample league, whatever its seed: what could not be in a real one is not in it either."""

from collections import Counter
from datetime import date

import pytest

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
