"""What a world answers beside statsapi and the-odds-api, in their own formats: pitches, places, weather."""

import csv
import io
import itertools
from collections.abc import Iterable
from datetime import date
from typing import Any

from tipoff.leagues.mlb.sources.weather import VALUES
from tipoff.leagues.mlb.world.data import SIDES, WorldGame

_COLUMNS = ("pitch_type", "game_date", "release_speed", "pitcher", "events", "description", "game_type", "game_pk")
_NUMBERS = ("at_bat_number", "pitch_number")
_AT_ONCE = (("FF", "94.1", "", "called_strike"), ("SL", "86.0", "field_out", "hit_into_play"))
_STRUCK_OUT = (("FF", "95.0", "", "foul"), ("SL", "87.2", "strikeout", "swinging_strike"))


def pitches(games: Iterable[WorldGame]) -> str:
    """Return two pitches to each batter of these games, as Savant's CSV."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow((*_COLUMNS, "pitcher", *_NUMBERS))  # it names some columns twice
    for game in games:
        at_bats = itertools.count(1)
        for pitcher, row in (one for side in SIDES for one in game.side(side).pitchers):
            for batter in range(int(row["p_bfp"])):
                at_bat, told = next(at_bats), _STRUCK_OUT if batter < int(row["p_k"]) else _AT_ONCE
                for number, (kind, speed, event, what) in enumerate(told, start=1):
                    pitch = (kind, game.day, speed, pitcher, event or "null", what, "R", game.pk, pitcher)
                    writer.writerow((*pitch, at_bat, number))
    return "\ufeff" + text.getvalue()


def venue(number: int) -> dict[str, Any]:
    """Return a park with its place."""
    place = {"latitude": 25 + number % 23, "longitude": -70 - number % 52}
    return {
        "id": number,
        "name": f"Park {number}",
        "location": {"defaultCoordinates": place, "azimuthAngle": float(number % 360), "elevation": number % 5000},
        "fieldInfo": {"roofType": "Open"},
    }


def weather(day: date) -> dict[str, Any]:
    """Return a day's hours, warmest in the afternoon of New York."""
    values = {"temperature": [62.0 + min(hour, 40 - hour) for hour in range(24)], "wind_direction": [180] * 24}
    hourly: dict[str, Any] = {theirs: values.get(ours, [10.0] * 24) for ours, (theirs, _) in VALUES.items()}
    hourly["surface_pressure"] = [1013.2] * 24
    return {
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "hourly_units": {"time": "iso8601"} | dict(VALUES.values()),
        "hourly": {"time": [f"{day}T{hour:02d}:00" for hour in range(24)]} | hourly,
    }
