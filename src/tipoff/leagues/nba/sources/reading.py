"""What the NBA's parsers share: game ids and what they say, minutes as each provider writes them, the slate's games by side."""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pyarrow as pa

from tipoff.core import door
from tipoff.core.door import Unfit
from tipoff.core.parsing import Aside, Use
from tipoff.leagues.entries import BadRow, Record
from tipoff.leagues.nba.sources.teams import BY_TEAM_ID, tricode

__all__ = [
    "BadRow",
    "Record",
    "count",
    "full_name",
    "game_id",
    "instant",
    "number",
    "part_of_game",
    "team_code",
    "text",
]

number, count, text = door.number, door.whole, door.text

KINDS = {  # the first three digits of a game's id
    "001": "pre-season",
    "002": "regular season",
    "003": "all-star",
    "004": "play-offs",
    "005": "play-in",
    "006": "cup final",
}
COUNTED = frozenset({"002", "004", "005", "006"})
_GAME_ID = re.compile(r"00[1-6]\d{7}")
_OTHER_LEAGUE = re.compile(r"(10|15|20|13|16)\d{8}")
_CLOCK = re.compile(r"PT(\d{1,3})M(?:(\d{1,2}(?:\.\d+)?)S)?")
MOST_MINUTES = 100


def game_id(value: Any, name: str = "the game's id") -> str:  # noqa: ANN401 -- JSON
    """Return a game's id as the league writes it, ten digits; some answers drop the leading zeros.

    Raises:
        Unfit: It is no identifier.
    """
    found = door.identifier(value, name).removesuffix(".0")
    return found.zfill(10) if found.isascii() and found.isdigit() and len(found) <= 10 else found  # noqa: PLR2004 -- digits


def counted_game(value: Any) -> str:  # noqa: ANN401 -- JSON
    """Return the id of a game that counts.

    Raises:
        Aside: It is of another competition or kind.
        Unfit: It is no game's id.
    """
    if isinstance(value, str) and value[:3] in COUNTED and value.isascii() and _GAME_ID.fullmatch(value):
        return value
    found = game_id(value)
    if _OTHER_LEAGUE.fullmatch(found):
        raise Aside(Use.OTHER_COMPETITION)
    if not _GAME_ID.fullmatch(found):
        msg = f"{found} is no game's id"
        raise Unfit(msg)
    if found[:3] not in COUNTED:
        raise Aside(Use.OTHER_COMPETITION)
    return found


def instant(value: Any, name: str = "the start") -> datetime:  # noqa: ANN401 -- JSON
    """Return the instant that a provider wrote in UTC.

    Raises:
        Unfit: It is none.
    """
    return door.instant(value, name)


def team_code(value: Any, name: str = "the team") -> str:  # noqa: ANN401 -- JSON
    """Return the league's own code of a team, given a provider's code or the league's number.

    Raises:
        Unfit: No team is known by it.
    """
    is_number = isinstance(value, (int, float))
    found = BY_TEAM_ID.get(value) if is_number else tricode(value) if isinstance(value, str) else None
    if found is None:
        msg = f"{name}: unknown club {door.shown(value, longest=40)}"
        raise Unfit(msg)
    return found


def full_name(first: Any, last: Any) -> str:  # noqa: ANN401 -- JSON
    """Return a name of two parts, of which one may be left out.

    Raises:
        Unfit: One of them is no text, or nothing is left.
    """
    return text(" ".join(text(one, "the name") for one in (first, last) if one not in (None, "")), "the name")


def minutes(value: Any) -> int | None:  # noqa: ANN401 -- JSON
    """Return minutes to the nearest whole one, as the game log has them; None where nothing is said.

    The providers write `37`, `37:21` or `PT37M21.00S`. Source: 0022200552, where 37:48 is 38 in the log and 22:20 is 22.

    Raises:
        Unfit: It is none of these.
    """
    if value is None or value == "":
        return None
    first, rest = value, ""
    if isinstance(value, str):
        clock = _CLOCK.fullmatch(value)
        first, rest = (clock.group(1), clock.group(2) or "") if clock else value.partition(":")[::2]
    whole, seconds = number(first, "minutes"), number(rest, "seconds") or 0.0
    if whole is None or not 0 <= whole <= MOST_MINUTES or not 0 <= seconds <= 60:  # noqa: PLR2004 -- seconds of a minute
        msg = f"minutes are {door.shown(value, longest=40)}"
        raise Unfit(msg)
    return math.floor(whole + seconds / 60 + 0.5)


def part_of_game(value: Any, name: str) -> int:  # noqa: ANN401 -- JSON
    """Return a period's number.

    Raises:
        Unfit: It is none.
    """
    found = count(value, name)
    if found is None or not 0 <= found <= 20:  # noqa: PLR2004 -- more overtimes than were ever played
        msg = f"{name} is {door.shown(value, longest=40)}"
        raise Unfit(msg)
    return found


def games_by_sides(inputs: Mapping[str, pa.Table]) -> dict[tuple[str, str], Record]:
    """Return the slate's games that are on, by (home, away)."""
    return {
        (row["home_team"], row["away_team"]): row
        for row in inputs["schedule"].to_pylist()
        if row["status"] in {"scheduled", "live", "final"}
    }
