"""When what a source brings is late: learned from how long after the games' starts it has come, within declared bounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import quantiles

LOOKED_BACK = timedelta(days=30)
_LEAST = 20  # units, below which nothing is learned
_MARGIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How far from its declared instant an output may fall due, by what is learned of its source."""

    earlier: timedelta
    later: timedelta


def learned(waits: Sequence[timedelta]) -> timedelta | None:
    """Return after which time from its game's start a unit is late: an hour after nine of ten came; None of too few."""
    if len(waits) < _LEAST:
        return None
    return timedelta(seconds=quantiles([wait.total_seconds() for wait in waits], n=10)[-1]) + _MARGIN


def due_at(declared: datetime, starts_at: datetime, after: timedelta, bounds: Bounds) -> datetime:
    """Return when the unit of a game is due: so long after its start, and within the bounds."""
    return min(max(starts_at + after, declared - bounds.earlier), declared + bounds.later)
