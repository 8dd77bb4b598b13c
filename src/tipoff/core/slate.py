"""Games, seasons and slates: what the league's schedule says of one calendar date."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum


class GameStatus(Enum):
    """What the schedule says of a game on one day."""

    SCHEDULED = "scheduled"
    LIVE = "live"
    FINAL = "final"
    POSTPONED = "postponed"  # will not be played on this day; no new date yet
    MOVED = "moved"  # the same id now stands on another day
    CANCELLED = "cancelled"

    @property
    def is_off(self) -> bool:
        """Whether the game will not be played on this day."""
        return self in (
            GameStatus.POSTPONED,
            GameStatus.MOVED,
            GameStatus.CANCELLED,
        )  # by identity: an enum's hash is slow


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """One game on one day. `tipoff_at` is UTC; `evidence` names the payload that says so."""

    game_id: str
    day: date
    home: str
    away: str
    tipoff_at: datetime
    status: GameStatus
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Season:
    """A league's season: its name and its first and last calendar date, both played or at least scheduled."""

    name: str
    first_day: date
    last_day: date

    def days(self) -> list[date]:
        """Return every calendar date of the season, in order."""
        return [self.first_day + timedelta(days=n) for n in range((self.last_day - self.first_day).days + 1)]


@dataclass(frozen=True, slots=True)
class Slate:
    """The games of one league and day, and what is off that once stood there."""

    league: str
    season: Season
    day: date
    games: tuple[Game, ...] = ()

    @property
    def played(self) -> tuple[Game, ...]:
        """The games that are still on."""
        return tuple(game for game in self.games if not game.status.is_off)
