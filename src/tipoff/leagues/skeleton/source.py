"""The skeleton's provider: what it is asked for a day, and how its answer is read."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from tipoff.core.door import Unfit, identifier, instant, shown, text
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import GameStatus
from tipoff.core.step import Context
from tipoff.leagues.entries import Record, Tally, part, read_json

SOURCE = "skeleton"
URL = "https://skeleton.example/games"


def requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the slate's day."""
    return [Request(source=SOURCE, url=URL, params=(("date", context.slate.day.isoformat()),))]


def parse(payload: Payload, context: Context, _inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return one row a game; a day without games is excused by the answer that says so."""
    tally = Tally()
    tally.each(part(payload, read_json(payload), "games"), lambda game: _game(game, context))
    tally.must_be_recognised(payload)
    is_free = not tally.rows and not tally.rejects
    return tally.parsed(excused={WHOLE_SLATE: "no games scheduled"} if is_free else {})


def _game(game: Mapping[str, Any], context: Context) -> Record:
    if game["status"] not in {status.value for status in GameStatus}:
        msg = f"the status {shown(game['status'], longest=40)} is not known"
        raise Unfit(msg)
    return {
        "day": context.slate.day,
        "game_id": identifier(game["id"], "id"),
        "home_team": text(game["home"], "home"),
        "away_team": text(game["away"], "away"),
        "starts_at": instant(game["start"], "start") if game["start"] else None,
        "status": game["status"],
    }
