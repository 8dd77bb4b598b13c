"""A world in which more happens than was recorded: games put off, box scores published late."""

import hashlib
from collections.abc import Sequence
from datetime import date, timedelta

from tipoff.core.clock import league_day, midnight
from tipoff.core.fault import Fault
from tipoff.leagues.nba.world.data import NbaData, Stand, WorldGame, at_clock


def happen(data: NbaData, faults: Sequence[Fault]) -> NbaData:
    """Return the season with what the faults of kind `world` do to it, and another fingerprint if there are any."""
    mine = [fault for fault in faults if fault.kind == "world"]
    if mine:
        data.fingerprint = hashlib.sha256(f"{data.fingerprint}{mine!r}".encode()).hexdigest()[:16]
    for fault in mine:
        slate = league_day(fault.begin)
        if fault.how == "late":
            _publish_late(data, slate, fault)
        else:
            _put_off(data, slate, fault.args["games"])
    return data


def _publish_late(data: NbaData, day: date, fault: Fault) -> None:
    """Let the day's box scores appear at the fault's end, of both providers if it says so."""
    for game in data.games:
        if game.day == day:
            game.boxed_at = max(game.boxed_at, fault.end)
            if fault.args.get("second"):
                game.second_at = max(game.second_at, fault.end)


def put_off_games(data: NbaData, day: date, n_games: int) -> list[WorldGame]:
    """Return which games are said to have stood on `day` first: the next ones of clubs that do not play on it."""
    busy = {side for game in data.games if game.day == day for side in (game.home, game.away)}
    found: list[WorldGame] = []
    for game in data.games:
        is_later = timedelta(days=2) <= game.day - day
        if is_later and len(game.stands) == 1 and not {game.home, game.away} & busy and len(found) < n_games:
            found.append(game)
            busy |= {game.home, game.away}
    return found


def _put_off(data: NbaData, day: date, n_games: int) -> None:
    for game in put_off_games(data, day, n_games):
        first_tip = at_clock(day, game.tipoff_at)
        put_off_at = midnight(day) + timedelta(hours=5)
        begin = midnight(day) - timedelta(days=400)
        game.stands = [
            Stand(begin, day, first_tip),
            Stand(put_off_at, day, first_tip, off=True),
            Stand(put_off_at + timedelta(hours=18), game.day, game.tipoff_at),
        ]
