"""balldontlie.io box scores by date: a second source, with its own ids and no NBA game id."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.clock import midnight
from tipoff.core.door import Unfit, calendar_date, text
from tipoff.core.parsing import Aside, Use, shaped
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.step import Context
from tipoff.leagues.entries import Record, Tally, empty, part, read_json
from tipoff.leagues.identity.names import name_key
from tipoff.leagues.nba.sources.people import balldontlie_injuries, next_cursor, of_day
from tipoff.leagues.nba.sources.reading import count, full_name, games_by_sides, minutes, number, team_code

SOURCE = "balldontlie"
KEY = "balldontlie_key"
URL = "https://api.balldontlie.io/v1/box_scores"
INJURIES_URL = "https://api.balldontlie.io/v1/player_injuries"
NOT_COVERED = "not covered"
COVERED_WITHIN = timedelta(
    hours=36
)  # from the day's beginning; a list still empty then says that it has no game of the day
_NOT_OVER = re.compile(  # before a game its start, as a text or an instant; in it the part of the game
    r"\d{1,2}:\d\d [ap]m ET|\d{4}-\d\d-\d\dT.*|(1st|2nd|3rd|4th) Qtr|Halftime|OT ?\d*|\d?OT|Postponed|PPD|Canceled",
    re.IGNORECASE,
)
_COUNTS = {
    "points": "pts",
    "fgm": "fgm",
    "fga": "fga",
    "fg3m": "fg3m",
    "fg3a": "fg3a",
    "ftm": "ftm",
    "fta": "fta",
    "oreb": "oreb",
    "dreb": "dreb",
    "reb": "reb",
    "ast": "ast",
    "stl": "stl",
    "blk": "blk",
    "tov": "turnover",
    "pf": "pf",
}


def requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for all box scores of the slate's day."""
    return [
        Request(
            source=SOURCE,
            url=URL,
            params=(("date", context.slate.day.isoformat()),),
            headers=(("Authorization", "{balldontlie_key}"),),
            secrets=("balldontlie_key",),
        )
    ]


def parse(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return rows for the slate's games that are final; a game is known by its day and its two sides.

    The bench stands in a team's list with `min` "00" and a zero for everything: it did not play. Who played for
    less than half a minute, in which nothing was counted, cannot be told from it.
    """
    games = part(payload, read_json(payload), "data")
    scheduled = games_by_sides(inputs)
    if not games and context.as_of >= midnight(context.slate.day) + COVERED_WITHIN:
        return Parsed(rows=[], excused={game["game_id"]: NOT_COVERED for game in scheduled.values()})
    heads, tally = Tally(), Tally()
    for game in games:
        heads.one(game, lambda found: _head(found, scheduled, context))
    heads.must_be_recognised(payload)
    for head in heads.rows:
        for side, players in head["sides"]:
            tally.each(players, lambda player, side=side: _row(player, side))  # type: ignore[misc]
    if tally.uses.keys() == {Use.LEFT_OUT}:
        raise shaped(payload, f"of its {len(heads.rows)} games that are over nobody has played in any")
    found = tally.parsed(notes=heads.notes)
    return dataclasses.replace(found, rejects=(*heads.rejects, *found.rejects), uses=_with_heads(found.uses, heads))


def _with_heads(uses: Mapping[str, int], heads: Tally) -> dict[str, int]:
    return dict(uses) | {f"games {use.value}": n for use, n in heads.uses.items()}


def _head(game: Mapping[str, Any], scheduled: Mapping[tuple[str, str], Record], context: Context) -> Record:
    of = calendar_date(game["date"], "date")
    if of != context.slate.day:
        raise Aside(Use.OTHER_DAY, f"it is of {of}, asked for was {context.slate.day}", is_told=True)
    status = text(game["status"], "status")
    if not status.startswith("Final"):
        is_known = _NOT_OVER.fullmatch(status) is not None
        raise Aside(Use.NOT_YET if is_known else Use.UNKNOWN, "" if is_known else f"the status {status} is not known")
    home, away = (team_code(game[side]["abbreviation"]) for side in ("home_team", "visitor_team"))
    known = scheduled.get((home, away))
    if known is None:
        msg = f"no game {away} at {home} stands on {context.slate.day}"
        raise Aside(Use.NO_GAME, msg)
    base = {"day": context.slate.day, "game_id": known["game_id"]}
    sides = []
    for side, code in (("home_team", home), ("visitor_team", away)):
        players = game[side]["players"]
        if not isinstance(players, list):
            msg = f"{side} has no list of players"
            raise Unfit(msg)
        sides.append((base | {"team": code, "is_home": code == home}, players))
    return {"sides": sides}


def _row(player: Mapping[str, Any], side: Record) -> Record:
    who = player["player"]
    name = full_name(who["first_name"], who["last_name"])
    counts = {ours: count(player.get(theirs), theirs) for ours, theirs in _COUNTS.items()}
    played, margin = minutes(player.get("min")), number(player.get("plus_minus"), "plus_minus")  # not in every form
    if not played and not margin and not any(counts.values()):
        raise Aside(Use.LEFT_OUT)
    found = count(who["id"], "id")
    if not found:
        msg = f"the id of {name} is missing"
        raise Unfit(msg)
    base = {"bdl_player_id": found, "player_name": name, "player_key": name_key(name), "minutes": played}
    return side | base | counts


def injury_requests(_context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the first page of who is hurt."""
    return [
        Request(
            source=SOURCE,
            url=INJURIES_URL,
            params=(("per_page", "100"),),
            headers=(("Authorization", "{balldontlie_key}"),),
            secrets=("balldontlie_key",),
        )
    ]


def next_injuries(payload: Payload) -> Request | None:
    """Return the request for the next page, or None: this one is the last."""
    cursor = next_cursor(read_json(payload))
    if cursor is None:
        return None
    return dataclasses.replace(payload.request, params=(("per_page", "100"), ("cursor", cursor)))


def parse_injuries(payload: Payload, context: Context, _inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return who is listed as hurt.

    Raises:
        SourceError: It lists nobody of the whole league, which never was.
    """
    tally = balldontlie_injuries(payload, read_json(payload))
    tally.rows = of_day(tally, context.slate.day, "bdl_player_id")
    if not tally.n_entries and "cursor" not in dict(payload.request.params):
        raise empty(payload, "nobody of the whole league is listed as hurt")
    return tally.parsed()
