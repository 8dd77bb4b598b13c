"""What catalogs are written with: moments in hours, and the leagues' statements by name."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import pyarrow as pa

from tipoff.core.obligation import Anchor, Moment
from tipoff.core.slate import Game, GameStatus

_LEAGUES = Path(__file__).parent


def hours(number: float) -> timedelta:
    """Return a length of time."""
    return timedelta(hours=number)


def at(number: float) -> Moment:
    """Return so many hours after the day's midnight in New York."""
    return Moment(Anchor.MIDNIGHT, hours(number))


def own(number: float) -> Moment:
    """Return so many hours after each game's own start."""
    return Moment(Anchor.OWN_START, hours(number))


def first(number: float) -> Moment:
    """Return so many hours after the day's first start."""
    return Moment(Anchor.FIRST_START, hours(number))


def last(number: float) -> Moment:
    """Return so many hours after the day's last start."""
    return Moment(Anchor.LAST_START, hours(number))


def statement(league: str, name: str) -> str:
    """Return a statement out of a league's folder."""
    return (_LEAGUES / league / "sql" / f"{name}.sql").read_text("utf-8")


def games_by(start: str) -> Callable[[pa.Table], Sequence[Game]]:
    """Return what reads the games that one day's schedule rows name; `start` is the column of their starts."""
    return partial(_read_games, start)


def _read_games(start: str, rows: pa.Table) -> Sequence[Game]:
    return [
        Game(
            game_id=row["game_id"],
            day=row["day"],
            home=row["home_team"],
            away=row["away_team"],
            starts_at=row[start],
            status=GameStatus(row["status"]),
            evidence=f"schedule: {row['status']}" + (f", now on {row['moved_to']}" if row.get("moved_to") else ""),
        )
        for row in rows.to_pylist()
    ]
