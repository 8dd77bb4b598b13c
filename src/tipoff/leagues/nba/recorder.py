"""A season as it comes from the live providers, in the layout that the recorded world reads: pure, from parsed rows to files."""

import csv
import gzip
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from tipoff.core.errors import UsageError
from tipoff.core.payload import Payload, Request
from tipoff.core.slate import Season
from tipoff.leagues.nba.sources import nbacom, schedule, statsnba
from tipoff.leagues.nba.sources.teams import TEAMS
from tipoff.leagues.nba.world.wire import PLAYER_HEADERS, TEAM_HEADERS

Row = dict[str, Any]
_COUNTED = {
    "FGM": "fgm",
    "FGA": "fga",
    "FG3M": "fg3m",
    "FG3A": "fg3a",
    "FTM": "ftm",
    "FTA": "fta",
    "OREB": "oreb",
    "DREB": "dreb",
    "REB": "reb",
    "AST": "ast",
    "STL": "stl",
    "BLK": "blk",
    "TOV": "tov",
    "PF": "pf",
    "PTS": "points",
    "PLUS_MINUS": "plus_minus",
}
_SHARES = {"FG_PCT": ("fgm", "fga"), "FG3_PCT": ("fg3m", "fg3a"), "FT_PCT": ("ftm", "fta")}
_SCHEDULE = ("season", "game_id", "game_date", "home_team", "away_team", "home_pts", "away_pts")
_FIXTURES = ("Date", "Home Team", "Away Team")
PLAYERS, TEAMS_OF = "nba_player_boxscores", "nba_team_boxscores"


class NbaRecorder:
    """See `tipoff.sources.content.Recorder`."""

    outputs = (PLAYERS, TEAMS_OF)

    def season_named(self, day: date) -> str:
        """Return the name of the season that a day lies in."""
        return schedule.season_name(schedule.season_year(day))

    def schedule_requests(self, season: str) -> Sequence[Request]:
        """Return what to ask for a season's schedule: the league's file, which is of the newest, then stats.nba.com's of any.

        Raises:
            UsageError: It is no season's name.
        """
        if not (season[:4].isdigit() and season == schedule.season_name(int(season[:4]))):
            msg = f"{season!r} is no season"
            raise UsageError(msg, hint="write it as 2023-24, or name its days: FROM..TO")
        other = Request(
            source=statsnba.SOURCE, url=nbacom.SCHEDULE_URL, params=(("LeagueID", "00"), ("Season", season))
        )
        return [schedule.SEASON_REQUEST, other]

    def season_of(self, payload: Payload) -> Season:
        """Return the season that a schedule is of."""
        return schedule.season_of(payload)

    def files(self, season: str, days: Iterable[Mapping[str, Sequence[Row]]]) -> dict[str, bytes]:
        """Return the season's files by name, of the days that are whole."""
        games: list[Row] = []
        players: list[Row] = []
        teams: list[Row] = []
        for day in days:
            games += day["schedule"]
            players += [_log_row(row, season) for row in day[PLAYERS]]
            teams += [_log_row(row, season) for row in day[TEAMS_OF]]
        return {
            f"schedule_{season}.csv": _csv(_SCHEDULE, [_game_row(game, season) for game in games]),
            f"fixture_list_{season}_utc.csv.gz": _packed(_csv(_FIXTURES, [_fixture(game) for game in games])),
            f"player_gamelogs_{season}.csv.gz": _packed(_csv((*PLAYER_HEADERS, "SEASON"), players)),
            f"team_gamelogs_{season}.csv.gz": _packed(_csv((*TEAM_HEADERS, "SEASON"), teams)),
        }


def _game_row(game: Row, season: str) -> Row:
    return {
        "season": season,
        "game_id": game["game_id"],
        "game_date": game["day"],
        "home_team": game["home_team"],
        "away_team": game["away_team"],
        "home_pts": game["home_score"],
        "away_pts": game["away_score"],
    }


def _fixture(game: Row) -> Row:
    begins = datetime.fromisoformat(str(game["tipoff_at"]))
    begins -= begins.utcoffset() or timedelta(0)
    names = {"Home Team": TEAMS[game["home_team"]].name, "Away Team": TEAMS[game["away_team"]].name}
    return {"Date": f"{begins:%d/%m/%Y %H:%M}"} | names


def _log_row(row: Row, season: str) -> Row:
    """Return a row as the site's game log has it."""
    shares = {name: _share(row[made], row[tried]) for name, (made, tried) in _SHARES.items()}
    counts = {name: row[ours] for name, ours in _COUNTED.items()}
    return {
        "SEASON_ID": f"2{season[:4]}",
        "PLAYER_ID": row.get("player_id"),
        "PLAYER_NAME": row.get("player_name"),
        "TEAM_ID": TEAMS[row["team"]].team_id,
        "TEAM_ABBREVIATION": row["team"],
        "TEAM_NAME": TEAMS[row["team"]].name,
        "GAME_ID": row["game_id"],
        "GAME_DATE": row["day"],
        "MATCHUP": f"{row['team']} {'vs.' if row['is_home'] else '@'} {row['opponent']}",
        "WL": {True: "W", False: "L"}.get(row["won"]),
        "MIN": row["minutes"],
        "SEASON": season,
    } | (counts | shares)


def _share(made: int | None, tried: int | None) -> float | None:
    return round(made / tried, 3) if made is not None and tried else None


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
