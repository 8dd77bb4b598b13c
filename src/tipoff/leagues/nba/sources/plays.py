"""Play by play, as cdn.nba.com's live file and stats.nba.com's V3 and V2 write it: one row an event, shots with their place."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tipoff.core.door import Unfit, shown, text
from tipoff.core.parsing import Aside, shaped
from tipoff.core.payload import Payload
from tipoff.leagues.entries import Record, Tally, part
from tipoff.leagues.nba.sources.boxes import result_set
from tipoff.leagues.nba.sources.reading import count, counted_game, number, part_of_game, team_code

_CLOCK = re.compile(r"PT(\d{1,2})M(\d{1,2}(?:\.\d+)?)S|(\d{1,2}):(\d{2})")
_LAST_PERIOD = 4
_SHOTS = {1: True, 2: False}  # V2's EVENTMSGTYPE


def read_plays(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    """Return a game's events in order, in whichever of the three forms.

    Raises:
        SourceError: It is none of the three, or of no game that counts.
    """
    tally = Tally()
    if isinstance(document, Mapping) and "game" in document:
        game = part(payload, document, "game", kind=dict)
        found = _game(payload, game.get("gameId"))
        tally.each(part(payload, game, "actions"), lambda action: _action(action, found))
    else:
        rows = result_set(payload, document, "PlayByPlay")
        first = rows[0] if rows and isinstance(rows[0], Mapping) else {}
        found = _game(payload, first.get("GAME_ID"))
        tally.each(rows, lambda event: _event(event, found))
    tally.must_be_recognised(payload)
    for n, row in enumerate(tally.rows, 1):
        row["n"] = n  # the providers' own numbers are given twice where two men share an event
    return tally


def is_over(rows: Sequence[Record]) -> bool:
    """Whether a game's events go to its end: they close with that of the game, or of a fourth or later period."""
    last = rows[-1] if rows else {}
    ends = last.get("detail") == "end" and last.get("kind") in {"game", "period"}
    return ends and last["period"] >= _LAST_PERIOD


def _game(payload: Payload, value: Any) -> str:  # noqa: ANN401 -- JSON
    try:
        return counted_game(value)
    except (Aside, Unfit) as error:
        raise shaped(payload, f"the game {value!r} is not one that counts") from error


def _action(action: Mapping[str, Any], found: str) -> Record:
    code = action.get("teamTricode")
    made = {"Made": True, "Missed": False}.get(action.get("shotResult") or "")
    is_shot = bool(action.get("isFieldGoal"))
    n = count(action["actionNumber"], "actionNumber")
    if n is None:
        msg = "actionNumber is missing"
        raise Unfit(msg)
    return {
        "game_id": found,
        "n": n,
        "period": part_of_game(action["period"], "period"),
        "seconds_left": _seconds(action["clock"]),
        "team": team_code(code) if code else None,
        "player_id": count(action.get("personId"), "personId") or None,
        "kind": text(action["actionType"], "actionType") if action.get("actionType") else "",
        "detail": shown(action.get("subType") or "", longest=60),
        "made": made if is_shot else None,
        "x": number(action.get("xLegacy"), "xLegacy") if is_shot else None,
        "y": number(action.get("yLegacy"), "yLegacy") if is_shot else None,
        "distance_ft": number(action.get("shotDistance"), "shotDistance") if is_shot else None,
        "area": shown(action.get("area") or "", longest=60) if is_shot else "",
        "description": shown(action.get("description") or ""),
    }


def _event(event: Mapping[str, Any], found: str) -> Record:
    if counted_game(event["GAME_ID"]) != found:
        msg = f"it is of the game {event['GAME_ID']}, the others are of {found}"
        raise Unfit(msg)
    kind, n = count(event["EVENTMSGTYPE"], "EVENTMSGTYPE"), count(event["EVENTNUM"], "EVENTNUM")
    if n is None or kind is None:
        msg = "EVENTNUM or EVENTMSGTYPE is missing"
        raise Unfit(msg)
    code = event.get("PLAYER1_TEAM_ABBREVIATION")
    words = [event.get(f"{side}DESCRIPTION") for side in ("HOME", "VISITOR", "NEUTRAL")]
    return {
        "game_id": found,
        "n": n,
        "period": part_of_game(event["PERIOD"], "PERIOD"),
        "seconds_left": _seconds(event["PCTIMESTRING"]),
        "team": team_code(code) if code else None,
        "player_id": count(event.get("PLAYER1_ID"), "PLAYER1_ID") or None,
        "kind": str(kind),
        "detail": shown(event.get("EVENTMSGACTIONTYPE"), longest=60),
        "made": _SHOTS.get(kind),
        "x": None,
        "y": None,
        "distance_ft": None,
        "area": "",
        "description": shown(" / ".join(str(word) for word in words if word)),
    }


def _seconds(value: Any) -> float:  # noqa: ANN401 -- JSON
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        msg = f"the clock is {shown(value, longest=40)}"
        raise Unfit(msg)
    minutes, seconds = found.group(1) or found.group(3), found.group(2) or found.group(4)
    return int(minutes) * 60 + float(seconds)
