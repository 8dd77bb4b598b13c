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
    SUSPENDED = "suspended"  # begun and broken off; it is owed again on the day on which it is resumed
    NOT_NEEDED = "not needed"  # its series was over before

    @property
    def is_off(self) -> bool:
        """Whether the game will not be played to its end on this day."""
        return self in _OFF  # a tuple compares by identity: an enum's hash is slow

    @property
    def has_begun(self) -> bool:
        """Whether the schedule itself says that the game is under way or over."""
        return self in (GameStatus.LIVE, GameStatus.FINAL)


_OFF = (GameStatus.POSTPONED, GameStatus.MOVED, GameStatus.CANCELLED, GameStatus.SUSPENDED, GameStatus.NOT_NEEDED)
OFF = tuple(status.value for status in _OFF)  # as rows have it


@dataclass(frozen=True, slots=True, kw_only=True)
class Game:
    """One game on one day. `starts_at` is UTC, None while it is not known; `evidence` names the payload that says so."""

    game_id: str
    day: date
    home: str
    away: str
    starts_at: datetime | None
    status: GameStatus
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Season:
    """A league's season: its name and its first and last calendar date, both played or at least scheduled.

    `earlier` are the first days of the seasons before it, as far as a window may reach back, the newest first.
    """

    name: str
    first_day: date
    last_day: date
    earlier: tuple[date, ...] = ()

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

    def before(self, game: Game) -> tuple[Game, ...]:
        """Return the day's games that one of `game`'s teams plays before it: the first of two is history for the second.

        A game whose start is not known comes after all whose start is; two such games are strangers to each other.
        """
        if game.starts_at is None:
            return tuple(o for o in self.played if o.starts_at is not None and _share_a_team(o, game))
        return tuple(
            o
            for o in self.played
            if o.starts_at is not None and o.starts_at < game.starts_at and _share_a_team(o, game)
        )


def _share_a_team(one: Game, other: Game) -> bool:
    return one.game_id != other.game_id and bool({one.home, one.away} & {other.home, other.away})
