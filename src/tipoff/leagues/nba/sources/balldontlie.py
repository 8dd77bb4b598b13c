"""balldontlie.io box scores by date: a second source, with its own ids and no NBA game id."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.clock import midnight
from tipoff.core.payload import Parsed, Payload, Reject, Request
from tipoff.core.step import Context
from tipoff.leagues.nba.sources.names import player_key
from tipoff.leagues.nba.sources.reading import BadRow, Record, count, each, games_by_sides, read_json, shaped
from tipoff.leagues.nba.sources.teams import tricode

SOURCE = "balldontlie"
URL = "https://api.balldontlie.io/v1/box_scores"
NOT_COVERED = "not covered"
COVERED_WITHIN = timedelta(
    hours=36
)  # from the day's beginning; a list still empty then says that it has no game of the day
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
    """Return rows for the slate's games that are final; a game is known by its day and its two sides."""
    document = read_json(payload)
    if not isinstance(document, dict) or not isinstance(document.get("data"), list):
        raise shaped(payload, "no list named data")
    games = games_by_sides(inputs)
    if not document["data"] and context.as_of >= midnight(context.slate.day) + COVERED_WITHIN:
        return Parsed(rows=[], excused={game["game_id"]: NOT_COVERED for game in games.values()})
    rows: list[Record] = []
    rejects: list[Reject] = []
    for game in document["data"]:
        try:
            found = _game(game, games, context)
        except (BadRow, KeyError, TypeError) as error:
            rejects.append(Reject(f"{error}", str(game)[:300]))
            continue
        for side, players in found:
            good, bad = each(players, lambda player, side=side: _row(player, side))  # type: ignore[misc]
            rows += good
            rejects += bad
    return Parsed(rows=rows, rejects=tuple(rejects))


def _game(
    game: Mapping[str, Any], games: Mapping[tuple[str, str], Record], context: Context
) -> list[tuple[Record, list[Any]]]:
    if str(game["date"])[:10] != context.slate.day.isoformat():
        msg = f"it is of {game['date']}, asked for was {context.slate.day}"
        raise BadRow(msg)
    if game["status"] != "Final":
        return []
    home, away = (tricode(str(game[side]["abbreviation"])) for side in ("home_team", "visitor_team"))
    scheduled = games.get((home or "", away or ""))
    if scheduled is None:
        msg = f"no game {away} at {home} stands on {context.slate.day}"
        raise BadRow(msg)
    base = {"day": context.slate.day, "game_id": scheduled["game_id"]}
    return [
        (base | {"team": code, "is_home": code == home}, game[side]["players"])
        for side, code in (("home_team", home), ("visitor_team", away))
    ]


def _row(player: Mapping[str, Any], side: Record) -> Record:
    who = player["player"]
    name = f"{who['first_name']} {who['last_name']}".strip()
    return (
        side
        | {
            "bdl_player_id": int(who["id"]),
            "player_name": name,
            "player_key": player_key(name),
            "minutes": _minutes(player.get("min")),
        }
        | {ours: count(player.get(theirs), theirs) for ours, theirs in _COUNTS.items()}
    )


def _minutes(text: Any) -> int | None:  # noqa: ANN401 -- JSON
    """Read `37` or `37:21`, whole minutes."""
    return count(str(text).partition(":")[0], "min") if text not in {None, ""} else None
