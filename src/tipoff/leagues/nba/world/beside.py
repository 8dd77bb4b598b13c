"""What a world answers beside nba.com, balldontlie and the-odds-api, in their own formats: ESPN's scoreboard."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from tipoff.leagues.nba.world.data import Stand, WorldGame

_ESPN_CODES = {"GSW": "GS", "NOP": "NO", "NYK": "NY", "SAS": "SA", "UTA": "UTAH", "WAS": "WSH"}
_STATES = {"STATUS_SCHEDULED": "pre", "STATUS_IN_PROGRESS": "in", "STATUS_FINAL": "post", "STATUS_POSTPONED": "post"}


def scoreboard(games: Iterable[WorldGame], day: date, now: datetime) -> dict[str, Any]:
    """Return ESPN's scoreboard of a day: the games as they stand on it."""
    shown = [(game, stand) for game in games for stand in game.stands_at(now) if stand.day == day]
    events = [_event(game, stand, now) for game, stand in shown]
    return {"leagues": [{"id": "46", "abbreviation": "NBA", "slug": "nba"}], "events": events}


def _event(game: WorldGame, stand: Stand, now: datetime) -> dict[str, Any]:
    found, start = f"4016{game.game_id[-5:]}", f"{stand.tipoff_at:%Y-%m-%dT%H:%MZ}"
    sides = [
        {"homeAway": side, "team": {"abbreviation": _ESPN_CODES.get(code, code)}}
        for side, code in (("home", game.home), ("away", game.away))
    ]
    status = {"type": {"name": _status(game, stand, now)}}
    status["type"]["state"] = _STATES[status["type"]["name"]]
    competition = {"id": found, "date": start, "type": {"id": "1", "abbreviation": "STD"}, "competitors": sides}
    return {
        "id": found,
        "date": start,
        "season": {"year": game.day.year, "type": 2},
        "competitions": [competition | {"status": status}],
        "status": status,
    }


def _status(game: WorldGame, stand: Stand, now: datetime) -> str:
    if stand.off:
        return "STATUS_POSTPONED"
    if stand.day != game.day or now < game.tipoff_at:
        return "STATUS_SCHEDULED"
    return "STATUS_FINAL" if now >= game.ends_at else "STATUS_IN_PROGRESS"
