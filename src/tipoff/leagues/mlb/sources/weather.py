"""open-meteo.com: what the weather will be in the hour of a game's first pitch, at the park's place as statsapi tells it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.door import Unfit, number, text
from tipoff.core.parsing import Aside, Use, shape_of, shaped
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.provider import Provider
from tipoff.core.step import Context
from tipoff.leagues.entries import Record, Tally, empty, part, read_json
from tipoff.leagues.mlb.sources import schedule
from tipoff.leagues.mlb.sources.reading import count, game_id, games_on

SOURCE = "open-meteo"
PROVIDER = Provider(
    base="https://api.open-meteo.com",
    headers=(("User-Agent", "tipoff (a prediction pipeline; asks each page once and waits)"),),
    at_once=2,
    every=timedelta(milliseconds=100),
    terms="Free for what is not commercial, up to 10,000 requests a day; CC BY 4.0.",
)
URL = f"{PROVIDER.base}/v1/forecast"
VALUES = {  # ours, theirs, and in what they are told: another unit is another number
    "temperature": ("temperature_2m", "°F"),
    "humidity": ("relative_humidity_2m", "%"),
    "rain_chance": ("precipitation_probability", "%"),
    "wind_speed": ("wind_speed_10m", "mp/h"),
    "wind_direction": ("wind_direction_10m", "°"),
    "pressure": ("surface_pressure", "hPa"),
}
_BETWEEN = timedelta(hours=3)


def park_requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask statsapi where the slate's games are."""
    day = ("date", context.slate.day.isoformat())
    params = (day, ("hydrate", "venue(location,fieldInfo)"), ("sportId", "1"))
    return [Request(source=schedule.SOURCE, url=schedule.URL, params=params, max_age=timedelta(hours=20))]


def parse_parks(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return the park of each asked game: its place, height and roof.

    Raises:
        SourceError: None of its entries is a game; one at a park that cannot be read is a reject.
    """
    asked = {row["game_id"] for row in games_on(inputs)} & context.units
    tally, named, games = Tally(), Tally(), []
    for number_of, _ in enumerate(dates := part(payload, read_json(payload), "dates")):
        games += part(payload, dates, number_of, "games")
    named.each(games, lambda game: {"game_id": game_id(game["gamePk"])})
    named.must_be_recognised(payload)
    tally.each(games, lambda game: _park(game, asked, context))
    return tally.parsed()


def _park(game: Mapping[str, Any], asked: Collection[str], context: Context) -> Record:
    found = game_id(game["gamePk"])
    if found not in asked:
        raise Aside(Use.LEFT_OUT)
    venue = game["venue"]
    place = venue["location"]
    return {
        "day": context.slate.day,
        "game_id": found,
        "venue_id": count(venue["id"], "the venue"),
        "venue_name": text(venue["name"], "the venue's name"),
        "latitude": number(place["defaultCoordinates"]["latitude"], "latitude"),
        "longitude": number(place["defaultCoordinates"]["longitude"], "longitude"),
        "elevation": number(place.get("elevation"), "elevation"),
        "azimuth": number(place.get("azimuthAngle"), "azimuthAngle"),
        "roof": text((venue.get("fieldInfo") or {}).get("roofType") or "unknown", "roofType"),
    }


def requests(context: Context, inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the hours about each game."""
    starts = _starts(inputs)
    return [
        Request(
            source=SOURCE,
            url=URL,
            params=(
                ("end_date", f"{starts[row['game_id']]:%Y-%m-%d}"),
                ("hourly", ",".join(theirs for theirs, _ in VALUES.values())),
                ("latitude", f"{row['latitude']:.4f}"),
                ("longitude", f"{row['longitude']:.4f}"),
                ("start_date", f"{starts[row['game_id']]:%Y-%m-%d}"),
                ("temperature_unit", "fahrenheit"),
                ("timezone", "GMT"),
                ("wind_speed_unit", "mph"),
            ),
            unit=row["game_id"],
        )
        for row in inputs["parks"].to_pylist()
        if row["game_id"] in context.units and row["game_id"] in starts
    ]


def _starts(inputs: Mapping[str, pa.Table]) -> dict[str, datetime]:
    """Return when each game begins; the second of two whose start is not known, three hours after the first."""
    games = games_on(inputs)
    known = {row["game_id"]: row["first_pitch_at"] for row in games if row["first_pitch_at"]}
    first = {row["home_team"]: row["first_pitch_at"] for row in games if row["first_pitch_at"]}
    later = {
        row["game_id"]: first[row["home_team"]] + _BETWEEN
        for row in games
        if row["game_id"] not in known and row["home_team"] in first
    }
    return known | later


def parse(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return the weather of the hour in which a game begins.

    Raises:
        SourceError: It tells other hours, or in other units than were asked for.
    """
    starts = _starts(inputs)
    unit, document, tally = payload.request.unit, read_json(payload), Tally()
    hours: list[Any] = part(payload, document, "hourly", "time")
    units = part(payload, document, "hourly_units", kind=dict)
    for theirs, measure in VALUES.values():
        if units.get(theirs) != measure:
            raise shaped(payload, f"{theirs} is told in {units.get(theirs)}, not in {measure}")
    begins: datetime = starts[unit].astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    with shape_of(payload):  # the hours are of the zone that was asked for, and name none
        hour = f"{begins + timedelta(seconds=document['utc_offset_seconds']):%Y-%m-%dT%H:%M}"
    if hour not in hours:
        raise (shaped if hours else empty)(payload, f"it tells nothing of {begins:%Y-%m-%d %H:%M}")
    place = hours.index(hour)
    tally.one(document["hourly"], lambda hourly: _hour(hourly, place, context, unit, begins))
    return tally.parsed()


def _hour(hourly: Mapping[str, Any], place: int, context: Context, game: str, begins: datetime) -> Record:
    found = {ours: number(hourly[theirs][place], theirs) for ours, (theirs, _) in VALUES.items()}
    if found["temperature"] is None:
        msg = f"no temperature is told of {begins:%H:%M}"
        raise Unfit(msg)
    return {"day": context.slate.day, "game_id": game, "forecast_of": begins} | found
