"""stats.nba.com `leaguegamelog` by date: one row a player who played, and two a game for the clubs."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.step import Context
from tipoff.leagues.nba.sources.names import player_key
from tipoff.leagues.nba.sources.reading import BadRow, Record, count, each, game_id, number, read_json, shaped
from tipoff.leagues.nba.sources.teams import tricode

SOURCE = "stats.nba.com"
URL = "https://stats.nba.com/stats/leaguegamelog"
_HEADERS = (("Referer", "https://www.nba.com/"), ("User-Agent", "Mozilla/5.0"))  # without them the site does not answer
_COUNTS = {
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
    day = f"{context.slate.day:%m/%d/%Y}"
    season = context.slate.season.name
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
        headers=_HEADERS,
    )


def parse_players(payload: Payload, context: Context, _inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return the players' rows of the slate's day; a game that has not been published yet has none."""
    return _parse(payload, context, _player)


def parse_teams(payload: Payload, context: Context, _inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return the clubs' rows of the slate's day."""
    return _parse(payload, context, _team)


def _parse(payload: Payload, context: Context, read: Any) -> Parsed:  # noqa: ANN401 -- one of the two readers
    items = _items(payload)
    rows, rejects = each(items, lambda item: read(item, context.slate.day))
    return Parsed(rows=rows, rejects=rejects)


def _items(payload: Payload) -> list[dict[str, Any]]:
    document = read_json(payload)
    try:
        [found] = [part for part in document["resultSets"] if part["name"] == "LeagueGameLog"]
        headers, rows = found["headers"], found["rowSet"]
    except (KeyError, TypeError, ValueError) as error:
        raise shaped(payload, "no result set LeagueGameLog") from error
    return [dict(zip(headers, row, strict=False)) for row in rows]


def _common(item: Mapping[str, Any], day: date) -> Record:
    if not item.get("GAME_ID"):
        msg = "GAME_ID is missing"
        raise BadRow(msg)
    _must_be_of(item, day)
    team = tricode(str(item["TEAM_ABBREVIATION"]))
    own, at, other = _matchup(str(item["MATCHUP"]))
    if team is None or other is None:
        msg = f"unknown club in {item['MATCHUP']!r} or {item['TEAM_ABBREVIATION']!r}"
        raise BadRow(msg)
    if own != team:
        msg = f"the club {team} does not stand in {item['MATCHUP']!r}"
        raise BadRow(msg)
    return {
        "day": day,
        "game_id": game_id(item["GAME_ID"]),
        "team": team,
        "team_id": count(item["TEAM_ID"], "TEAM_ID"),
        "opponent": other,
        "is_home": not at,
        "won": {"W": True, "L": False}.get(str(item["WL"])),
        "plus_minus": number(item.get("PLUS_MINUS"), "PLUS_MINUS"),  # a few of the site's own are broken numbers
    } | {ours: count(item.get(theirs), theirs) for ours, theirs in _COUNTS.items()}


def _must_be_of(item: Mapping[str, Any], day: date) -> None:
    if str(item["GAME_DATE"])[:10] != day.isoformat():
        msg = f"it is of {item['GAME_DATE']}, asked for was {day}"
        raise BadRow(msg)


def _must_have_played(item: Mapping[str, Any]) -> None:
    if item.get("MIN") is None:
        msg = f"{item.get('PLAYER_NAME')} has no minutes: he did not play"
        raise BadRow(msg)


def _matchup(text: str) -> tuple[str | None, bool, str | None]:
    """Read `GSW @ LAL` or `LAL vs. GSW`: own club, whether it is away, the other club."""
    mark = " @ " if " @ " in text else " vs. "
    own, _, other = text.partition(mark)
    return tricode(own.strip()), mark == " @ ", tricode(other.strip())


def _player(item: Mapping[str, Any], day: date) -> Record:
    name, player_id = str(item.get("PLAYER_NAME") or ""), count(item.get("PLAYER_ID"), "PLAYER_ID")
    if not name or player_id is None:
        msg = "PLAYER_ID or PLAYER_NAME is missing"
        raise BadRow(msg)
    _must_have_played(item)
    return _common(item, day) | {"player_id": player_id, "player_name": name, "player_key": player_key(name)}


def _team(item: Mapping[str, Any], day: date) -> Record:
    return _common(item, day)
