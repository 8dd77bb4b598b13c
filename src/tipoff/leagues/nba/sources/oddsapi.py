"""the-odds-api.com: events of the coming days, and each event's player points, line by book."""

from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.clock import league_day, midnight
from tipoff.core.payload import Parsed, Payload, Reject, Request
from tipoff.core.step import Context
from tipoff.leagues.nba.sources.names import player_key
from tipoff.leagues.nba.sources.reading import BadRow, Record, count, each, games_by_sides, instant, read_json, shaped
from tipoff.leagues.nba.sources.teams import BY_ODDS_NAME

SOURCE = "the-odds-api"
URL = "https://api.the-odds-api.com/v4/sports/basketball_nba/events"
MARKET = "player_points"
NOT_OFFERED = "not offered"


def event_requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the events that begin on the slate's day."""
    begin = midnight(context.slate.day).astimezone(UTC)
    end = begin + timedelta(hours=30)
    return [
        Request(
            source=SOURCE,
            url=URL,
            params=(
                ("apiKey", "{odds_api_key}"),
                ("commenceTimeFrom", f"{begin:%Y-%m-%dT%H:%M:%SZ}"),
                ("commenceTimeTo", f"{end:%Y-%m-%dT%H:%M:%SZ}"),
                ("dateFormat", "iso"),
            ),
            secrets=("odds_api_key",),
        )
    ]


def parse_events(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return the events of the slate's games, found by their sides and New York date."""
    document = read_json(payload)
    if not isinstance(document, list):
        raise shaped(payload, "no list of events")
    games = games_by_sides(inputs)
    mine = [event for event in document if _is_of_day(event, context)]
    rows, rejects = each(mine, lambda event: _event(event, games, context))
    return Parsed(rows=rows, rejects=rejects)


def _is_of_day(event: Any, context: Context) -> bool:  # noqa: ANN401 -- JSON
    try:
        return league_day(instant(event["commence_time"])) == context.slate.day
    except (KeyError, TypeError, ValueError):
        return True  # it cannot be told: let the row be read, and rejected with its reason


def _event(event: Mapping[str, Any], games: Mapping[tuple[str, str], Record], context: Context) -> Record:
    sides = BY_ODDS_NAME.get(event["home_team"], ""), BY_ODDS_NAME.get(event["away_team"], "")
    game = games.get(sides)
    if game is None:
        msg = f"no game {event['away_team']} at {event['home_team']} stands on {context.slate.day}"
        raise BadRow(msg)
    return {
        "day": context.slate.day,
        "game_id": game["game_id"],
        "event_id": str(event["id"]),
        "home_team": sides[0],
        "away_team": sides[1],
        "commence_at": instant(event["commence_time"]),
    }


def line_requests(context: Context, inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the points market of each asked game that has an event."""
    return [
        Request(
            source=SOURCE,
            url=f"{URL}/{row['event_id']}/odds",
            params=(
                ("apiKey", "{odds_api_key}"),
                ("markets", MARKET),
                ("oddsFormat", "american"),
                ("regions", "us"),
            ),
            secrets=("odds_api_key",),
            unit=row["game_id"],
        )
        for row in inputs["odds_events"].to_pylist()
        if row["game_id"] in context.units
    ]


def parse_lines(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return one row a book, player and line, over and under side by side; an empty market excuses its game."""
    document = read_json(payload)
    if not isinstance(document, dict) or not isinstance(document.get("bookmakers"), list):
        raise shaped(payload, "no list named bookmakers")
    game_id = payload.request.unit
    base = {"day": context.slate.day, "game_id": game_id, "event_id": str(document["id"])}
    pairs: dict[tuple[str, str, float], Record] = {}
    rejects: list[Reject] = []
    for book in document["bookmakers"]:
        for market in book.get("markets", ()):
            if market.get("key") == MARKET:
                rejects += _pair(book, market, base, pairs)
    rows = list(pairs.values())
    known = any(row["game_id"] == game_id for row in inputs["player_lines"].select(["game_id"]).to_pylist())
    excused = {} if rows or known else {game_id: NOT_OFFERED}
    return Parsed(rows=rows, rejects=tuple(rejects), excused=excused)


def _pair(
    book: Mapping[str, Any], market: Mapping[str, Any], base: Record, pairs: dict[tuple[str, str, float], Record]
) -> list[Reject]:
    quoted_at = instant(market["last_update"])
    rejects = []
    for outcome in market.get("outcomes", ()):
        try:
            side = {"Over": "over_price", "Under": "under_price"}[outcome["name"]]
            name, line = str(outcome["description"]), float(outcome["point"])
            row = pairs.setdefault(
                (str(book["key"]), player_key(name), line),
                base
                | {
                    "book": str(book["key"]),
                    "player_name": name,
                    "player_key": player_key(name),
                    "line": line,
                    "quoted_at": quoted_at,
                    "over_price": None,
                    "under_price": None,
                },
            )
            row[side] = count(outcome["price"], "price")
        except (BadRow, KeyError, TypeError, ValueError) as error:
            rejects.append(Reject(f"{type(error).__name__}: {error}", str(outcome)[:300]))
    return rejects
