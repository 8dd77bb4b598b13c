"""bettingpros.com's market 285: the books' agreed strikeout line of each starter, with its own projection. By key."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.door import Unfit, identifier, instant, number, shown, text
from tipoff.core.parsing import Aside, Record, Tally, Use, part, read_json
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.provider import Provider
from tipoff.core.step import Context
from tipoff.identity.names import name_key
from tipoff.leagues.mlb.sources.reading import games_on
from tipoff.leagues.mlb.sources.teams import TEAMS
from tipoff.leagues.oddsapi import NOT_OFFERED, american, game_meant

SOURCE = "bettingpros"
KEY = "bettingpros_key"
MARKET = 285
PROVIDER = Provider(
    base="https://api.bettingpros.com",
    headers=(("User-Agent", "tipoff (a prediction pipeline; asks each page once and waits)"),),
    at_once=1,
    every=timedelta(seconds=1),
    terms="Undocumented; its own pages use it. Without a key it answers 403 since 2026-08.",
)
URL = f"{PROVIDER.base}/v3/props"
_PAGE = "100"  # a day has thirty starters
_OTHERS = {"ARI": "AZ", "CHW": "CWS", "WAS": "WSH", "OAK": "ATH", "SFG": "SF", "SDP": "SD", "TBR": "TB", "KCR": "KC"}


def requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the market of the day."""
    params = (
        ("date", context.slate.day.isoformat()),
        ("event_id", "ALL"),
        ("include_events", "true"),
        ("include_markets", "false"),
        ("limit", _PAGE),
        ("market_id", str(MARKET)),
        ("sport", "MLB"),
    )
    return [Request(source=SOURCE, url=URL, params=params, headers=(("x-api-key", f"{{{KEY}}}"),), secrets=(KEY,))]


def parse(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return one row a starter and asked game; its table holds other markets too, which are left out.

    A game of which nothing is offered in an answer that is known is excused, until something is.
    """
    document, tally = read_json(payload), Tally()
    events = {str(event.get("id")): event for event in part(payload, document, "events") if isinstance(event, Mapping)}
    games = [row for row in games_on(inputs) if not row["resumed_from"]]
    tally.each(part(payload, document, "props"), lambda prop: _prop(prop, events, games, context))
    tally.must_be_recognised(payload)
    there = {row["game_id"] for row in tally.rows} | set(inputs["agreed_lines"]["game_id"].to_pylist())
    return tally.parsed(excused={unit: NOT_OFFERED for unit in context.units if unit not in there})


def _prop(
    prop: Mapping[str, Any], events: Mapping[str, Mapping[str, Any]], games: Sequence[Record], context: Context
) -> Record:
    if prop["market_id"] != MARKET:
        raise Aside(Use.LEFT_OUT)
    event = events[identifier(prop["event_id"], "event_id")]
    begins = instant(f"{text(event['scheduled'], 'scheduled')}+00:00", "scheduled")  # UTC, without saying so
    sides = {_club(event["home"]), _club(event["visitor"])}
    meant = [row for row in games if {row["home_team"], row["away_team"]} == sides and row["first_pitch_at"]]
    if not meant:
        raise Aside(Use.NO_GAME, f"no game of {' and '.join(sorted(sides))} stands on {context.slate.day}")
    game = game_meant(meant, begins, "first_pitch_at")
    if game["game_id"] not in context.units:
        raise Aside(Use.OTHER_DAY)
    name = text(prop["participant"]["name"], "the name")
    over, under = prop["over"], prop["under"]
    line = number(over.get("consensus_line"), "consensus_line")
    if line is None:
        msg = f"{name} has no line"
        raise Unfit(msg)
    return {
        "day": context.slate.day,
        "game_id": game["game_id"],
        "player_key": name_key(name),
        "player_name": name,
        "line": line,
        "over_price": american(over.get("consensus_odds")),
        "under_price": american(under.get("consensus_odds")),
        "projection": number((prop.get("projection") or {}).get("value"), "projection"),
    }


def _club(code: Any) -> str:  # noqa: ANN401 -- JSON
    found = _OTHERS.get(code, code) if isinstance(code, str) else None
    if found not in TEAMS:
        msg = f"unknown club {shown(code, longest=40)}"
        raise Unfit(msg)
    return str(found)
