"""Planning: which obligations a slate brings, and how games already expected stay expected."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from tipoff.core.league import League
from tipoff.core.obligation import Obligation
from tipoff.core.slate import Game, Season, Slate
from tipoff.core.step import Step


def plan_step(step: Step, slate: Slate) -> Obligation:
    """Return what `step` owes for `slate`; its units, and when each closes."""
    units = step.units.expected(slate)
    timing = step.timing
    closes_at: dict[str, datetime] = {}
    if timing.closes_at_tipoff:
        closes_at = {unit: game.tipoff_at for unit, game in units.items() if game is not None}
    if timing.closes is not None:
        closes_at |= dict.fromkeys(units, timing.closes.at(slate))
    return Obligation(
        league=slate.league,
        output=step.name,
        day=slate.day,
        units=units,
        opens_at=timing.opens.at(slate),
        due_at=timing.due.at(slate),
        settles_at=timing.settles.at(slate) if timing.settles else None,
        closes_at=closes_at,
    )


def grown(known: Iterable[Game], said: Sequence[Game]) -> tuple[tuple[Game, ...], tuple[str, ...]]:
    """Return the day's games after a schedule said `said`, and the ids that it no longer names.

    Expected sets only grow: a game that is no longer named stays as it was.
    """
    by_id = {game.game_id: game for game in known}
    vanished = tuple(sorted(by_id.keys() - {game.game_id for game in said}))
    by_id.update({game.game_id: game for game in said})
    return tuple(sorted(by_id.values(), key=lambda game: (game.tipoff_at, game.game_id))), vanished


def opening_of(league: League, season: Season, day: date) -> datetime:
    """Return the instant at which the first obligation of `day`, its schedule, opens."""
    schedule = league.step(league.schedule)
    return schedule.timing.opens.at(Slate(league.name, season, day))


def days_to_open(season: Season, first: date, last: date) -> list[date]:
    """Return the season's calendar dates from `first` to `last`, both inclusive."""
    days = season.days()
    return [day for day in days if first <= day <= last]


def bound(moment: datetime, *, ahead: timedelta, now: datetime) -> datetime:
    """Return `moment`, but no more than `ahead` from `now`, and never before it."""
    return max(now, min(moment, now + ahead))
