"""statsapi.mlb.com by season: its days, who plays, with hands and birth dates; batters' totals by the pitcher's hand."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.clock import league_day
from tipoff.core.door import Unfit, calendar_date, identifier
from tipoff.core.obligation import Anchor, Moment
from tipoff.core.parsing import Aside, Use, shaped
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context
from tipoff.leagues.entries import Record, Tally, part, read_json
from tipoff.leagues.mlb.sources.reading import born, count, hand, named, person

SOURCE = "statsapi"
PLAYERS_URL = "https://statsapi.mlb.com/api/v1/sports/1/players"
STATS_URL = "https://statsapi.mlb.com/api/v1/stats"
SEASON_REQUEST = Request(
    source=SOURCE,
    url="https://statsapi.mlb.com/api/v1/seasons/all",
    params=(("sportId", "1"),),
    max_age=timedelta(hours=1),
)
SEASONS_BACK = 9  # a batter is told from five seasons, and the models learn from the four before this one
_AGAINST = {"vl": "L", "vr": "R"}
_BEGINS = Moment(Anchor.FIRST_START, timedelta(0))
_LAST_LOOKS = timedelta(hours=5)  # before it: until then an answer that names nobody is asked for again


def season_of(payload: Payload) -> Season:
    """Return the days of the regular season that is on, or comes next: one goes on until its post-season is over.

    Raises:
        SourceError: No season can be read.
    """
    tally = Tally()
    tally.each(part(payload, read_json(payload), "seasons"), _season)
    if not tally.rows:
        raise shaped(payload, "it names no season with its days")
    seasons = sorted(tally.rows, key=lambda season: season["first"])
    today = league_day(payload.fetched_at)
    found = next((season for season in seasons if season["over"] >= today), seasons[-1])
    return Season(found["name"], found["first"], found["last"])


def _season(season: Mapping[str, Any]) -> Record:
    first, last, over = (
        calendar_date(season[name], name)
        for name in ("regularSeasonStartDate", "regularSeasonEndDate", "seasonEndDate")
    )
    if not first <= last <= over:
        msg = f"the season would be from {first} to {last}, and over on {over}"
        raise Unfit(msg)
    return {"name": identifier(season["seasonId"], "seasonId", longest=16), "first": first, "last": last, "over": over}


def finished(slate: Slate) -> Sequence[str]:
    """Return the seasons before this one of which batters' totals are read: each is proven, and asked again, by itself."""
    return [str(season) for season in range(slate.day.year - SEASONS_BACK, slate.day.year)]


def finished_and_this(slate: Slate) -> Sequence[str]:
    """Return these seasons and this one: each season's players are proven, and asked again, by themselves."""
    return [*finished(slate), str(slate.day.year)]


def player_requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the players of each season whose are not there yet."""
    return [
        Request(source=SOURCE, url=PLAYERS_URL, params=(("season", season),))
        for season in finished_and_this(context.slate)
        if season in context.units
    ]


def parse_players(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return one row a player of the season that was asked for."""
    tally, season = Tally(), _asked(payload)
    tally.each(part(payload, read_json(payload), "people"), lambda player: _player(player, context, season))
    return _of_season(payload, tally, context, inputs.get("players"))


def _asked(payload: Payload) -> int:
    return int(dict(payload.request.params)["season"])


def _of_season(payload: Payload, tally: Tally, context: Context, known: pa.Table | None) -> Parsed:
    """Return what an answer about one season held; that it names nobody is not believed at the first look.

    A provider's records begin somewhere, and before its first game a season may have no players: once others are there and none
    that is older, it is a zero. Where none is there at all it is one as late as it may be; between two that are, it never is.
    """
    tally.must_be_recognised(payload)
    season, year = _asked(payload), context.slate.day.year
    there = set(known["season"].to_pylist()) if known is not None else set()
    is_between = season < year and any(other < season for other in there)
    begins = _BEGINS.at(context.slate)
    is_last = begins is not None and begins - _LAST_LOOKS <= context.as_of < begins
    is_zero = not tally.n_entries and not is_between and (bool(there) or is_last)
    return tally.parsed(excused={str(season): f"{payload.request.source} names nobody of {season}"} if is_zero else {})


def _player(player: Mapping[str, Any], context: Context, season: int) -> Record:
    found = person(player["id"])
    name, key = named(found, {}, player.get("fullName"))
    return {
        "day": context.slate.day,
        "season": season,
        "player_id": found,
        "player_name": name,
        "player_key": key,
        "bats": hand(player.get("batSide")),
        "throws": hand(player.get("pitchHand")),
        "birth_date": born(player.get("birthDate")),
    }


def split_requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the totals of each season that is over and not there yet: what it adds up to is known when it is over."""
    return [
        Request(
            source=SOURCE,
            url=STATS_URL,
            params=(
                ("gameType", "R"),
                ("group", "hitting"),
                ("limit", "5000"),
                ("playerPool", "ALL"),
                ("season", season),
                ("sitCodes", "vl,vr"),
                ("sportIds", "1"),
                ("stats", "statSplits"),
            ),
        )
        for season in finished(context.slate)
        if season in context.units
    ]


def parse_splits(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return one row a batter, season and pitcher's hand; of one who was with several clubs the row of all of them together."""
    tally = Tally()
    asked = dict(payload.request.params)["season"]
    for number, _ in enumerate(stats := part(payload, read_json(payload), "stats")):
        tally.each(part(payload, stats, number, "splits"), lambda split: _split(split, asked, context))
    whole: dict[tuple[int, str], Record] = {}
    for row in tally.rows:
        key = row["batter_id"], row["against"]
        if key not in whole or row["plate_appearances"] > whole[key]["plate_appearances"]:
            whole[key] = row
    tally.rows = list(whole.values())
    return _of_season(payload, tally, context, inputs.get("batter_splits"))


def _there(value: Any, name: str) -> int:  # noqa: ANN401 -- JSON
    found = count(value, name)
    if found is None:
        msg = f"{name} is missing"
        raise Unfit(msg)
    return found


def _split(split: Mapping[str, Any], asked: str, context: Context) -> Record:
    against = _AGAINST.get(split["split"]["code"])
    if against is None:
        raise Aside(Use.LEFT_OUT)
    stat, season = split["stat"], _there(split["season"], "season")
    if str(season) != asked:
        raise Aside(Use.OTHER_DAY, f"it is of {season}, asked for was {asked}", is_told=True)
    faced, struck = (_there(stat[name], name) for name in ("plateAppearances", "strikeOuts"))
    reached = sum(count(stat.get(name), name) or 0 for name in ("hits", "baseOnBalls", "hitByPitch"))
    if struck + reached > faced:
        msg = f"{struck} strikeouts and {reached} times on base in {faced} plate appearances"
        raise Unfit(msg)
    return {
        "day": context.slate.day,
        "season": season,
        "batter_id": person(split["player"]["id"]),
        "against": against,
        "plate_appearances": faced,
        "strikeouts": struck,
        "on_base": reached,
    }
