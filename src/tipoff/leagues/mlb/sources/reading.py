"""What MLB's parsers share: clubs, games and players as statsapi writes them, the slate's games."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from tipoff.core import door
from tipoff.core.door import Unfit, shown
from tipoff.leagues.entries import Record
from tipoff.leagues.identity.names import name_key
from tipoff.leagues.mlb.sources.teams import BY_ID

ON = frozenset({"scheduled", "live", "final"})
_DIGITS = 12  # of a gamePk, twice as many as it has


def game_id(value: Any) -> str:  # noqa: ANN401 -- JSON
    """Return a game's id: statsapi's gamePk, a whole number.

    Raises:
        Unfit: It is none.
    """
    found = door.identifier(value, "gamePk", longest=_DIGITS)
    if not (found.isascii() and found.isdigit()):
        msg = f"{shown(value, longest=40)} is no gamePk"
        raise Unfit(msg)
    return found


def club(value: Any) -> str:  # noqa: ANN401 -- JSON
    """Return our code of a club, given statsapi's number.

    Raises:
        Unfit: No club is known by it.
    """
    found = BY_ID.get(value) if isinstance(value, (int, float)) else None  # type: ignore[arg-type]  # 133.0 is 133
    if found is None:
        msg = f"unknown club {shown(value, longest=40)}"
        raise Unfit(msg)
    return found


def count(value: Any, name: str) -> int | None:  # noqa: ANN401 -- JSON
    """Return a whole number, or None where nothing was said."""
    return door.whole(value, name)


def person(value: Any) -> int:  # noqa: ANN401 -- JSON
    """Return a player's number.

    Raises:
        Unfit: It is none.
    """
    found = door.whole(value, "the player's id")
    if found is None or found < 1:
        msg = f"{shown(value, longest=40)} is no player's id"
        raise Unfit(msg)
    return found


def named(person_id: int, people: Mapping[str, Any], fallback: Any = None) -> tuple[str, str]:  # noqa: ANN401 -- JSON
    """Return a player's name and key."""
    name = door.text((people.get(f"ID{person_id}") or {}).get("fullName") or fallback, "the player's name")
    return name, name_key(name)


def hand(value: Any) -> str | None:  # noqa: ANN401 -- JSON
    """Return a hand's code: L, R or S (both sides); None where nothing is said."""
    code = value.get("code") if isinstance(value, Mapping) else None
    return code if code in {"L", "R", "S"} else None


def born(value: Any) -> date | None:  # noqa: ANN401 -- JSON
    """Return a birth date; None where nothing is said."""
    return None if not value else door.calendar_date(value, "birthDate")


def games_on(inputs: Mapping[str, pa.Table]) -> list[Record]:
    """Return the slate's games that are on."""
    return [row for row in inputs["schedule"].to_pylist() if row["status"] in ON]
