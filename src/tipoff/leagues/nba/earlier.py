"""The seasons between the shipped models and the one that is played live: which are missing, asked for once, remembered."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from tipoff.core.door import Unfit, calendar_date, identifier, whole
from tipoff.core.parsing import Aside, Use
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context
from tipoff.leagues.entries import Record, Tally, empty, read_json
from tipoff.leagues.nba import markets
from tipoff.leagues.nba.memory import CAREER
from tipoff.leagues.nba.sources import statsnba
from tipoff.leagues.nba.sources.boxes import result_set
from tipoff.leagues.nba.sources.reading import counted_game
from tipoff.leagues.nba.sources.schedule import season_name, season_year

SEASONS = 2  # before the one that is played
_REGULAR = "2"  # how a regular season's number begins, before its first year


def missing(season: Season) -> Sequence[str]:
    """Return those of the last two seasons before this one of which the model that serves in it knows nothing."""
    year = season_year(season.first_day)
    known = season_year(markets.serving(season.first_day).trained_through)
    return [season_name(one) for one in range(max(known + 1, year - SEASONS), year)]


def is_owed(day: date, season: Season) -> bool:
    """Once a season, on its first day, where any is missing."""
    return day == season.first_day and bool(missing(season))


def seasons(slate: Slate) -> Sequence[str]:
    """Return the units that are owed: each missing season is proven, and asked again, by itself."""
    return missing(slate.season)


def requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the log of players, whole, of each missing season that is not there yet: one answer a season."""
    return [statsnba.log_request("P", season) for season in seasons(context.slate) if season in context.units]


def parse(payload: Payload, context: Context, _inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return who played in the season that was asked for, and what counts of a career."""
    tally, asked = Tally(), dict(payload.request.params)["Season"]
    tally.each(
        result_set(payload, read_json(payload), "LeagueGameLog"), lambda item: _game(item, asked, context.slate.day)
    )
    tally.must_be_recognised(payload)
    if not tally.rows:
        raise empty(payload, f"it names no game of the season {asked}")
    return tally.parsed()


def _game(item: Mapping[str, Any], season: str, day: date) -> Record:
    game_id, number = counted_game(item["GAME_ID"]), identifier(item["SEASON_ID"], "SEASON_ID", longest=16)
    if number != f"{_REGULAR}{season[:4]}":
        raise Aside(Use.OTHER_COMPETITION, f"{game_id} is of the season {number}, asked for was {season}", is_told=True)
    played_on = calendar_date(item["GAME_DATE"], "GAME_DATE")
    if played_on >= day:
        msg = f"{game_id} is of {played_on}, and no earlier game"
        raise Unfit(msg)
    if item["MIN"] is None:
        raise Aside(Use.LEFT_OUT)
    return {"day": day, "season": season, "played_on": played_on, "game_id": game_id} | {
        ours: _there(item[theirs], theirs)
        for ours, theirs in {"player_id": "PLAYER_ID", **{name: statsnba.COUNTS[name] for name in CAREER}}.items()
    }


def _there(value: Any, name: str) -> int:  # noqa: ANN401 -- JSON
    found = whole(value, name)
    if found is None:
        msg = f"{name} is missing"
        raise Unfit(msg)
    return found
