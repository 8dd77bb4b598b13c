"""Rules on one unit of an obligation, each a pure function with its name: stale, lost, without a result, to be looked up."""

from collections.abc import Container, Iterable
from datetime import date, datetime, timedelta

from tipoff.core.clock import is_ahead, league_day
from tipoff.core.obligation import Gaps, Obligation, State, Timing, UnitTimes
from tipoff.core.proof import Proof, UnitProof
from tipoff.core.slate import Game, Slate
from tipoff.core.step import PublishWork, SourceWork, Step, Work

LOOK_BEFORE = timedelta(minutes=15)  # so long before an unmade unit is due, and closes, the schedule is seen once more
LOOK_AGAIN = timedelta(minutes=30)  # after a close: a game put off late is said to be off while it should be under way
_ASKED_JUST_NOW = timedelta(hours=1)
LOOK_NO_MORE = timedelta(hours=2)  # a schedule that cannot be had for so long after a close excuses nobody


def has_changed_input(proof: UnitProof | None, made_from: str) -> bool:
    """Whether a unit was never made, or from something else than what is there now."""
    return proof is None or proof.made_from != made_from


def is_of_open_day(day: date, now: datetime) -> bool:
    """Whether a slate is of today or yesterday: what another version of its step made is made again by itself."""
    return day >= league_day(now) - timedelta(days=1)


def refresh_of(timing: Timing, slate: Slate | None, now: datetime) -> timedelta | None:
    """Return how old a proof may become: less once the day's games have begun while the start of another is not known."""
    begun = any(at <= now for at in refresh_instants(timing, slate))
    return timing.refresh_unknown if begun else timing.refresh


def may_have_begun(game: Game | None, seen_at: datetime | None, refresh: timedelta | None, now: datetime) -> bool:
    """Whether a game whose start is not known may have begun: its schedule was not seen for twice as long as it may be old."""
    if game is None or game.starts_at is not None or refresh is None:
        return False
    return seen_at is None or now - seen_at > 2 * refresh


def refresh_instants(timing: Timing, slate: Slate | None) -> tuple[datetime, ...]:
    """Return from when a schedule is looked at more often: the first start of a day on which another is not known."""
    if timing.refresh_unknown is None or slate is None:
        return ()
    starts = [game.starts_at for game in slate.played]
    known = [at for at in starts if at is not None]
    return (min(known),) if known and len(known) < len(starts) else ()


def refresh_at(
    proof: UnitProof, refresh: timedelta | None, settles_at: datetime | None, now: datetime
) -> datetime | None:
    """Return when a proof is to be refreshed; None where it is not, or where the last look was close enough to the end.

    At once where a clock that was ahead says when its source was asked: nobody knows whether it has been since.
    """
    if refresh is None or proof.as_of is None:
        return None
    if is_ahead(proof.as_of, now):
        return now
    due = proof.as_of + refresh
    return None if settles_at is not None and due > settles_at else due


def is_to_be_seen(look_by: datetime | None, proof: UnitProof) -> bool:
    """Whether others want a source to be asked again that was last asked before then."""
    return look_by is not None and proof.as_of is not None and proof.as_of < look_by


def is_half_way(proof: UnitProof, refresh: timedelta | None, now: datetime) -> bool:
    """Whether a proof is half-way to its refresh: it goes with one that is due, for one answer serves both."""
    return refresh is not None and proof.as_of is not None and now >= proof.as_of + refresh / 2


def is_of_results(step: Step) -> bool:
    """Whether a source says what has happened, and may correct itself for a while."""
    return isinstance(step.work, SourceWork) and step.timing.settles is not None and step.timing.refresh is not None


def has_had_last_look(owed: Obligation, timing: Timing, units: Iterable[UnitProof], now: datetime) -> bool:
    """Whether a source of results is not asked any more by itself, and was not asked within the hour."""
    seen = [unit.as_of for unit in units if unit.as_of is not None]
    if not seen or timing.refresh is None or owed.settles_at is None or now - max(seen) < _ASKED_JUST_NOW:
        return False
    return max(seen) + timing.refresh > owed.settles_at


def is_lost_once_closed(work: Work) -> bool:
    """Whether an output cannot be made after its close: no provider says again what it said, and nobody reads what is late."""
    return isinstance(work, PublishWork | SourceWork)


def was_seen_too_early(timing: Timing, times: UnitTimes, proof: UnitProof, without: Gaps) -> bool:
    """Whether a whole look at a source was missed before a unit's close: what it said since it had nothing is not known."""
    if times.closes_at is None or timing.refresh is None or proof.as_of is None or is_within(times.closes_at, without):
        return False
    return times.closes_at - proof.as_of > 2 * timing.refresh


def is_past(step: Step, times: UnitTimes, day: date, since: datetime | None, now: datetime) -> bool:
    """Whether a game whose start was never known is not published any more: its day is over, and was one of this home's."""
    closes_unseen = isinstance(step.work, PublishWork) and step.timing.closes is not None and times.closes_at is None
    return closes_unseen and not is_of_open_day(day, now) and (since is None or league_day(since) <= day)


def is_over(work: Work, owed: Obligation, unit: str, excused: Container[str], now: datetime) -> bool:
    """Whether a unit is not made any more: it is not owed, or has closed where that is the end."""
    times = owed.times.get(unit)
    return times is None or unit in excused or (is_lost_once_closed(work) and times.is_closed(now))


def is_late(times: UnitTimes, since: datetime | None, now: datetime) -> bool:
    """Whether an unmade unit should be there by now; what was due before its output was kept here accuses nobody."""
    return times.is_due(now) and (since is None or times.due_at is None or times.due_at > since)


def closed_before(times: UnitTimes, since: datetime) -> bool:
    """Whether a unit closed before its output was kept here: it was never owed."""
    return times.closes_at is not None and times.closes_at <= since


def state_of_met(proof: Proof | None) -> State:
    """Return what an obligation is that lacks nothing: proven by rows, or excused."""
    has_rows = proof is not None and any(not unit.excuse for unit in proof.units.values())
    return State.PROVEN if has_rows else State.EXCUSED


def is_within(at: datetime | None, gaps: Gaps) -> bool:
    """Whether an instant lies where there was no key: what fell due or closed then is forgiven."""
    return at is not None and any(began < at and (ended is None or at <= ended) for began, ended in gaps)


def look_instants(times: UnitTimes, game: Game | None) -> tuple[datetime, ...]:
    """Return the instants at which the schedule must have been seen while the unit is not made.

    Before it is due and before it closes, and after its close until the schedule says that its game is under way.
    """
    if game is None:
        return ()
    before = [at - LOOK_BEFORE for at in (times.due_at, times.closes_at) if at is not None]
    if times.closes_at is None:
        return tuple(before)
    after = [times.closes_at] if game.status.has_begun else [times.closes_at, times.closes_at + LOOK_AGAIN]
    return tuple(sorted((*before, *after)))


def look_by(times: UnitTimes, game: Game | None, now: datetime) -> datetime | None:
    """Return since when the schedule should have been seen again, for the sake of an unmade unit; None: it need not have been."""
    return max((at for at in look_instants(times, game) if at <= now), default=None)


def is_confirmed(times: UnitTimes, game: Game | None, seen_at: datetime | None, now: datetime) -> bool:
    """Whether an unmade unit that has closed is lost for certain: the schedule, seen since, has its game on.

    A schedule that cannot be had does not put it off for ever.
    """
    instants = look_instants(times, game)
    if times.closes_at is None or not instants or now >= times.closes_at + LOOK_NO_MORE:
        return True
    return seen_at is not None and seen_at >= instants[-1]


def has_no_result(  # noqa: PLR0913 -- all of one rule
    times: UnitTimes, game: Game | None, work: Work, *, polls: int, failures: int, now: datetime
) -> bool:
    """Whether the source of a result answers without it, past its due time.

    Only what is made after a game's start is a result. A source that fails says nothing; one that answers without it does.
    """
    if game is None or game.starts_at is None or not isinstance(work, SourceWork):
        return False
    is_result = times.opens_at is not None and times.opens_at >= game.starts_at
    return is_result and times.is_due(now) and polls > 0 and failures == 0
