"""Obligations: what must come to exist for a slate, from when, by when, until when; each time of a unit or of the slate."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from itertools import combinations

from tipoff.core.clock import on_clock
from tipoff.core.lateness import Bounds
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import Game, Slate

Gaps = tuple[tuple[datetime, datetime | None], ...]  # from when until when an output had no key; None: it has none

NOT_KEPT_YET = "closed before it was kept here"  # why a unit was never owed: an upgrade brought its output later
_EVENING = timedelta(hours=19)  # New York: when games begin of which no start is known


class Anchor(Enum):
    """What an obligation's times are told from."""

    MIDNIGHT = "midnight"  # the beginning of the slate's calendar date, New York
    FIRST_START = "first start"  # of the slate's games that are on
    LAST_START = "last start"
    OWN_START = "own start"  # of the unit's own game


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant told relative to a slate, or to one of its games."""

    anchor: Anchor
    offset: timedelta

    def at(self, slate: Slate, game: Game | None = None) -> datetime | None:
        """Return the instant in UTC, of the unit of `game` or of the slate; None while the start that it is told from is unknown.

        A slate of which no start is known begins at 19:00 New York time; a game whose start is unknown has no own start.
        """
        if self.anchor is Anchor.OWN_START and game is not None:
            return None if game.starts_at is None else game.starts_at + self.offset
        return self._of_slate(slate)

    def _of_slate(self, slate: Slate) -> datetime:
        if self.anchor is Anchor.MIDNIGHT:
            return on_clock(slate.day, self.offset)
        starts = [game.starts_at for game in slate.played if game.starts_at is not None]
        starts = starts or [on_clock(slate.day, _EVENING)]
        return (max(starts) if self.anchor is Anchor.LAST_START else min(starts)) + self.offset

    def bound(self, slate: Slate, game: Game | None = None) -> datetime | None:
        """Return `at` as an end to something: a game without a known start has none, but at an hour of the day."""
        if game is not None and game.starts_at is None and self.anchor is not Anchor.MIDNIGHT:
            return None
        return self.at(slate, game)


AT_START = Moment(Anchor.OWN_START, timedelta(0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When an output can be made, is due, and is too late.

    Each moment is of the unit's own game where it is anchored to its start, of the slate otherwise. A closed unit is never
    rewritten. `refresh_unknown` stands for `refresh` once the day's games have begun while a start of it is not known.
    `refresh`: an older proof is stale until its unit closes or, where units never close, until `settles`. `poll`: the
    first wait after a source has not yet published; it doubles up to `poll_max`. `learns`: a unit falls due by how long after its
    game's start its source was seen to bring others, within these bounds around `due`.
    """

    opens: Moment
    due: Moment
    settles: Moment | None = None
    closes: Moment | None = None
    refresh: timedelta | None = None
    refresh_unknown: timedelta | None = None
    poll: timedelta = timedelta(minutes=30)
    poll_max: timedelta = timedelta(hours=8)
    learns: Bounds | None = None

    def __post_init__(self) -> None:
        """Refuse moments of one anchor in the wrong order: nothing could be made in time."""
        moments = [("opens", self.opens), ("due", self.due), *([("closes", self.closes)] if self.closes else [])]
        for (name, moment), (later_name, later) in combinations(moments, 2):
            if moment.anchor is later.anchor and moment.offset > later.offset:
                msg = f"{later_name}, told from {later.anchor.value}, lies before {name}: {later.offset} and {moment.offset}"
                raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Units:
    """Which units an output owes for a slate: each game, each game by each of `each`, or the slate, whole or in `parts`."""

    by_game: bool = True
    each: tuple[str, ...] = ()
    parts: Callable[[Slate], Sequence[str]] | None = None

    def expected(self, slate: Slate) -> Mapping[str, Game | None]:
        """Return the units owed, each with its game (None for the slate's own unit)."""
        if not self.by_game:
            return dict.fromkeys(self.parts(slate) if self.parts else (WHOLE_SLATE,))
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
class UnitTimes:
    """One unit's instants; None: not known yet, and for `closes_at` also never."""

    opens_at: datetime | None
    due_at: datetime | None
    closes_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Whether it can be made, as far as time goes."""
        return self.opens_at is not None and self.opens_at <= now

    def is_due(self, now: datetime) -> bool:
        """Whether it should be there by now."""
        return self.due_at is not None and self.due_at <= now

    def is_closed(self, now: datetime) -> bool:
        """Whether it may no longer be written."""
        return self.closes_at is not None and self.closes_at <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """One output owed for one slate, as the schedule and the catalog say.

    `opens_at` is when its first unit opens, `due_at` when its first unit is due; None while no start is known to tell them from.
    """

    league: str
    output: str
    day: date
    units: Mapping[str, Game | None]
    times: Mapping[str, UnitTimes]
    opens_at: datetime | None
    due_at: datetime | None
    settles_at: datetime | None = None

    def due_of(self, units: Iterable[str]) -> datetime | None:
        """When the first of `units` is due; None where that is not known of any."""
        return first_of(self.times[unit].due_at for unit in units if unit in self.times)

    def closed(self, unit: str, now: datetime) -> bool:
        """Whether `unit` may no longer be written."""
        return self.times[unit].is_closed(now)


def first_of(instants: Iterable[datetime | None]) -> datetime | None:
    """Return the first of the instants that are known; None where none is."""
    return min((at for at in instants if at is not None), default=None)


class Verb(Enum):
    """The decision."""

    RUN = "RUN"
    WAIT = "WAIT"  # until an instant
    HOLD = "HOLD"  # a gate holds it
    SKIP = "SKIP"  # nothing is owed any more
    ABORT = "ABORT"  # repeating cannot help; a person or new input must
