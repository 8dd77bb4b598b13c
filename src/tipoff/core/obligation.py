"""Obligations: what must come to exist for a slate, from when, by when, until when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum

from tipoff.core.clock import midnight
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import Game, Slate


class Anchor(Enum):
    """What an obligation's times are told from."""

    MIDNIGHT = "midnight"  # the beginning of the slate's calendar date, New York
    FIRST_TIP = "first tip-off"
    LAST_TIP = "last tip-off"


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant told relative to a slate."""

    anchor: Anchor
    offset: timedelta

    def at(self, slate: Slate) -> datetime:
        """Return the instant in UTC. A slate without games has its tip-offs at 19:00 New York time."""
        tips = [game.tipoff_at for game in slate.played] or [midnight(slate.day) + timedelta(hours=19)]
        base = {
            Anchor.MIDNIGHT: midnight(slate.day),
            Anchor.FIRST_TIP: min(tips),
            Anchor.LAST_TIP: max(tips),
        }[self.anchor]
        return base + self.offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When an output can be made, is due, and is too late.

    `closes_at_tipoff`: each unit closes at its own game's tip-off and is never rewritten after. `refresh`: an older
    proof is stale until its unit closes or, where units never close, until `settles`. `poll`: the first wait after a
    source has not yet published; it doubles up to `poll_max`.
    """

    opens: Moment
    due: Moment
    settles: Moment | None = None
    closes_at_tipoff: bool = False
    closes: Moment | None = None  # of the whole slate's unit
    refresh: timedelta | None = None
    poll: timedelta = timedelta(minutes=30)
    poll_max: timedelta = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class Units:
    """Which units an output owes for a slate: the slate itself, each game, or each game by each of `each`."""

    by_game: bool = True
    each: tuple[str, ...] = ()

    def expected(self, slate: Slate) -> Mapping[str, Game | None]:
        """Return the units owed, each with its game (None for the slate's own unit)."""
        if not self.by_game:
            return {WHOLE_SLATE: None}
        if not self.each:
            return {game.game_id: game for game in slate.games}
        return {f"{game.game_id}|{part}": game for game in slate.games for part in self.each}


SLATE_UNIT = Units(by_game=False)
GAME_UNITS = Units()


class State(Enum):
    """What an obligation is, told from its units."""

    WAITING = "waiting"  # not yet open
    OPEN = "open"  # can be made now, or waits for its next attempt
    RUNNING = "running"
    HELD = "held"  # a gate holds it
    LATE = "late"  # past due and not proven
    PROVEN = "proven"
    EXCUSED = "excused"
    LOST = "lost"  # closed before it was made

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is owed."""
        return self in {State.PROVEN, State.EXCUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """One output owed for one slate, as the schedule and the catalog say."""

    league: str
    output: str
    day: date
    units: Mapping[str, Game | None]
    opens_at: datetime
    due_at: datetime
    settles_at: datetime | None
    closes_at: Mapping[str, datetime] = field(default_factory=dict)  # by unit; a unit that is not named never closes

    def closed(self, unit: str, now: datetime) -> bool:
        """Whether `unit` may no longer be written."""
        closes_at = self.closes_at.get(unit)
        return closes_at is not None and closes_at <= now
