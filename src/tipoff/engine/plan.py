"""Planning: which obligations a slate brings, and how games already expected stay expected."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from tipoff.core import lateness
from tipoff.core.clock import midnight
from tipoff.core.league import League
from tipoff.core.obligation import Obligation, Timing, UnitTimes, first_of
from tipoff.core.slate import Game, Season, Slate
from tipoff.core.step import Step


def plan_step(step: Step, slate: Slate, learned: timedelta | None = None) -> Obligation:
    """Return what `step` owes for `slate`, with all times; `learned`: after which time from a start its source is late."""
    units = step.units.expected(slate)
    timing = step.timing
    times = {unit: unit_times(timing, slate, game, learned) for unit, game in units.items()}
    without_units = unit_times(timing, slate, None)
    return Obligation(
        league=slate.league,
        output=step.name,
        day=slate.day,
        units=units,
        times=times,
        opens_at=first_of(unit.opens_at for unit in times.values()) if times else without_units.opens_at,
        due_at=first_of(unit.due_at for unit in times.values()) if times else without_units.due_at,
        settles_at=timing.settles.at(slate) if timing.settles else None,
    )


def unit_times(timing: Timing, slate: Slate, game: Game | None, learned: timedelta | None = None) -> UnitTimes:
    """Return the times of the unit of `game` (None: the slate's own); without a known start it is neither due nor closed."""
    due_at = timing.due.bound(slate, game)
    if learned is not None and timing.learns and due_at and game and game.starts_at:
        due_at = lateness.due_at(due_at, game.starts_at, learned, timing.learns)
    return UnitTimes(
        opens_at=timing.opens.at(slate, game),
        due_at=due_at,
        closes_at=timing.closes.bound(slate, game) if timing.closes else None,
    )


def grown(known: Iterable[Game], said: Sequence[Game]) -> tuple[tuple[Game, ...], tuple[str, ...]]:
    """Return the day's games after a schedule said `said`, and the ids that it no longer names: these stay as they were."""
    by_id = {game.game_id: game for game in known}
    vanished = tuple(sorted(by_id.keys() - {game.game_id for game in said}))
    by_id.update({game.game_id: game for game in said})
    return tuple(sorted(by_id.values(), key=_by_start)), vanished


def _by_start(game: Game) -> tuple[bool, datetime, str]:
    return game.starts_at is None, game.starts_at or midnight(game.day), game.game_id


def opening_of(league: League, season: Season, day: date) -> datetime:
    """Return the instant at which the first obligation of `day`, its schedule, opens."""
    return plan_step(league.step(league.schedule), Slate(league.name, season, day)).opens_at or midnight(day)


def days_to_open(season: Season, first: date, last: date) -> list[date]:
    """Return the season's calendar dates from `first` to `last`, both inclusive."""
    days = season.days()
    return [day for day in days if first <= day <= last]


def units_of_games(obligation: Obligation) -> dict[str, list[str]]:
    """Return the units that are of each game."""
    found: dict[str, list[str]] = {}
    for unit, game in obligation.units.items():
        if game is not None:
            found.setdefault(game.game_id, []).append(unit)
    return found
