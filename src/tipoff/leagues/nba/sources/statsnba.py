"""stats.nba.com `leaguegamelog` by date: one row a player who played, and two a game for the clubs."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from tipoff.core.door import Unfit, calendar_date, text
from tipoff.core.parsing import Aside, Use, shaped
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.step import Context
from tipoff.leagues.entries import Record, Tally, read_json
from tipoff.leagues.identity.names import name_key
from tipoff.leagues.nba.sources.boxes import result_set
from tipoff.leagues.nba.sources.reading import count, counted_game, number, team_code
from tipoff.leagues.nba.sources.teams import tricode

SOURCE = "stats.nba.com"
URL = "https://stats.nba.com/stats/leaguegamelog"
INDEX_URL = "https://stats.nba.com/stats/playerindex"
HEADERS = (("Referer", "https://www.nba.com/"), ("User-Agent", "Mozilla/5.0"))  # without them the site does not answer
_Sides = Mapping[str, tuple[str, str]]  # home and away team, by game
COUNTS = {
    "minutes": "MIN",
    "points": "PTS",
    "fgm": "FGM",
    "fga": "FGA",
    "fg3m": "FG3M",
    "fg3a": "FG3A",
    "ftm": "FTM",
    "fta": "FTA",
    "oreb": "OREB",
    "dreb": "DREB",
    "reb": "REB",
    "ast": "AST",
    "stl": "STL",
    "blk": "BLK",
    "tov": "TOV",
    "pf": "PF",
}


def player_requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the players of the slate's day."""
    return [_request(context, "P")]


def team_requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the clubs of the slate's day."""
    return [_request(context, "T")]


def _request(context: Context, kind: str) -> Request:
    return log_request(kind, context.slate.season.name, f"{context.slate.day:%m/%d/%Y}")


def log_request(kind: str, season: str, day: str = "") -> Request:
    """Ask for the log of a season's players (P) or clubs (T), of one day or whole."""
    return Request(
        source=SOURCE,
        url=URL,
        params=(
            ("Counter", "0"),
            ("DateFrom", day),
            ("DateTo", day),
            ("Direction", "ASC"),
            ("LeagueID", "00"),
            ("PlayerOrTeam", kind),
            ("Season", season),
            ("SeasonType", "Regular Season"),
            ("Sorter", "DATE"),
        ),
        headers=HEADERS,
    )


def parse_players(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return the players' rows of the slate's day; a game that has not been published yet has none."""
    return _parse(payload, context, inputs, _player)


def parse_teams(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return the clubs' rows of the slate's day."""
    return _parse(payload, context, inputs, _team)


def _parse(
    payload: Payload,
    context: Context,
    inputs: Mapping[str, pa.Table],
    read: Callable[[Mapping[str, Any], date, _Sides], Record],
) -> Parsed:
    tally, day, sides = Tally(), context.slate.day, _sides(inputs["schedule"])
    tally.each(result_set(payload, read_json(payload), "LeagueGameLog"), lambda item: read(item, day, sides))
    tally.must_be_recognised(payload)
    if tally.uses.keys() == {Use.LEFT_OUT}:
        raise shaped(payload, f"none of the {tally.n_entries} it names has any minutes")
    return tally.parsed()


def _sides(schedule: pa.Table) -> _Sides:
    """Return who is at home and who is away, by game: that is the schedule's to say, for on neutral ground both rows say `@`."""
    rows = schedule.select(["game_id", "home_team", "away_team"]).to_pylist()
    return {row["game_id"]: (row["home_team"], row["away_team"]) for row in rows}


def _common(item: Mapping[str, Any], day: date, sides: _Sides) -> Record:
    """Return what a player's and a team's row share; a game that is under way has no result, and its rows are not yet any."""
    if not item.get("GAME_ID"):
        msg = "GAME_ID is missing"
        raise Unfit(msg)
    found = counted_game(item["GAME_ID"])
    of = calendar_date(item["GAME_DATE"], "GAME_DATE")
    if of != day:
        raise Aside(Use.OTHER_DAY, f"it is of {of}, asked for was {day}", is_told=True)
    team = team_code(item["TEAM_ABBREVIATION"])
    own, at, other = _matchup(text(item["MATCHUP"], "MATCHUP"))
    if own != team or other is None or other == team:
        msg = f"the club {team} does not stand in {item['MATCHUP']!r} against an other one"
        raise Unfit(msg)
    home, away = sides.get(found, (other, team) if at else (team, other))
    if {team, other} != {home, away}:
        msg = f"{found} is {away} at {home} in the schedule, and {item['MATCHUP']!r} here"
        raise Unfit(msg)
    if item["WL"] not in {"W", "L"}:
        if item["WL"] is None:
            raise Aside(Use.NOT_YET)
        msg = f"WL is {item['WL']!r}"
        raise Unfit(msg)
    return {
        "day": day,
        "game_id": found,
        "team": team,
        "team_id": count(item["TEAM_ID"], "TEAM_ID"),
        "opponent": other,
        "is_home": team == home,
        "won": item["WL"] == "W",
        "plus_minus": number(item.get("PLUS_MINUS"), "PLUS_MINUS"),  # a few of the site's own are broken numbers
    } | {ours: count(item.get(theirs), theirs) for ours, theirs in COUNTS.items()}


def _matchup(text: str) -> tuple[str | None, bool, str | None]:
    """Read `GSW @ LAL` or `LAL vs. GSW`: own club, whether it is away, the other club."""
    mark = " @ " if " @ " in text else " vs. "
    own, _, other = text.partition(mark)
    return tricode(own.strip()), mark == " @ ", tricode(other.strip())


def _player(item: Mapping[str, Any], day: date, sides: _Sides) -> Record:
    player_id = count(item.get("PLAYER_ID"), "PLAYER_ID")
    if not player_id or not item.get("PLAYER_NAME"):
        msg = "PLAYER_ID or PLAYER_NAME is missing"
        raise Unfit(msg)
    name, row = text(item["PLAYER_NAME"], "PLAYER_NAME"), _common(item, day, sides)
    _must_have_played(row, name)
    return row | {"player_id": player_id, "player_name": name, "player_key": name_key(name)}


def _must_have_played(row: Record, name: str) -> None:
    if row["minutes"] is None:
        raise Aside(Use.LEFT_OUT, f"{name} has no minutes: he did not play")


def _team(item: Mapping[str, Any], day: date, sides: _Sides) -> Record:
    return _common(item, day, sides)
