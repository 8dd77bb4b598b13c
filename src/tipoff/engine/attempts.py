"""Counting attempts: each unit's failures in a row, and what waits for them.

Units of one obligation can be made in several runs (games that closed at different instants): what one run failed on must not be
forgotten by the next.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tipoff.core.errors import ErrorKind
from tipoff.core.step import SourceWork
from tipoff.engine import rules
from tipoff.engine.book import Entry

LEAST_WAIT = timedelta(minutes=5)  # between two attempts, however near the end is
MINUTE = timedelta(minutes=1)
HELD_AGAIN = timedelta(minutes=15)  # at the least, between two looks at what a guard keeps from going out
LAST_LOOK = timedelta(minutes=5)  # before a unit falls due, or closes: what has been published by then is there in time


def note_failure(entry: Entry, units: Iterable[str]) -> None:
    """Count one more failure in a row of `units`; the obligation's count is that of its worst unit."""
    for unit in units:
        entry.tries[unit] = entry.tries.get(unit, 0) + 1
    entry.failures, entry.put_off = max(entry.tries.values(), default=0), frozenset()


def note_success(entry: Entry, units: Iterable[str]) -> bool:
    """Forget the failures and moved starts of `units`; returns whether no other unit has failed and still stands."""
    done = set(units)
    entry.tries = {unit: n for unit, n in entry.tries.items() if unit not in done}
    entry.failed_on = {unit: made for unit, made in entry.failed_on.items() if unit not in done}
    entry.attempted = {unit: made for unit, made in entry.attempted.items() if unit not in done}
    entry.moved = {unit: proof for unit, proof in entry.moved.items() if unit not in done}
    entry.failures = max(entry.tries.values(), default=0)
    entry.error = entry.error if entry.failures else ""
    return not entry.tries


def before_deadline(entry: Entry, units: Iterable[str], after: datetime, now: datetime) -> datetime:
    """Return when what failed is tried again: at the latest half-way to when the first of `units` is due or closes."""
    ends = list(_ends(entry, units, now))
    if not ends:
        return after
    return min(after, now + max(LEAST_WAIT, (min(ends) - now) / 2))


def _ends(entry: Entry, units: Iterable[str], after: datetime) -> Iterator[datetime]:
    """Yield when each of `units` falls due and closes, if that lies after an instant."""
    times = (entry.obligation.times[unit] for unit in units if unit in entry.obligation.times)
    yield from (at for unit in times for at in (unit.due_at, unit.closes_at) if at is not None and at > after)


def hastened(entry: Entry, units: Iterable[str], after: datetime, now: datetime, *, may_end: bool = True) -> datetime:
    """Return when what failed is tried again: before its turn where an end is near, which uses up no attempt.

    What may end by itself is tried ever sooner; what most likely waits for other code or input, once more before each end.
    """
    soon = before_deadline(entry, units, after, now) if may_end else before_end(entry, units, after, now)
    if soon < after:
        kind, n_others = entry.of_kind
        entry.of_kind = kind, n_others + 1
    return soon


def closes_later(entry: Entry, units: Iterable[str], now: datetime) -> bool:
    """Whether one of `units` is still to close: until then nobody gives it up, however soon its attempts were used up."""
    closes = (entry.obligation.times[unit].closes_at for unit in units)
    return any(at is not None and at > now for at in closes)


def may_pass(entry: Entry, kind: ErrorKind) -> bool:
    """Whether what failed may come right by itself, before there is other input."""
    return isinstance(entry.step.work, SourceWork) or kind is not ErrorKind.PERMANENT


def before_end(entry: Entry, units: Iterable[str], after: datetime, now: datetime) -> datetime:
    """Return when something is tried again: at the latest shortly before a unit is due or closes."""
    return min([after, *(at - LAST_LOOK for at in _ends(entry, units, now + LAST_LOOK))])


def after_hold(entry: Entry, units: Iterable[str], now: datetime) -> datetime:
    """Return when what a guard holds is tried again: ever sooner as it falls due, or a day's hold would use up its runs."""
    dues = [due_at for unit in units if (due_at := entry.obligation.times[unit].due_at) is not None and due_at > now]
    return now + max(HELD_AGAIN, (min(dues, default=now) - now) // 8 // MINUTE * MINUTE)


def again_at(entry: Entry, units: Iterable[str], now: datetime) -> datetime | None:
    """Return when the first of `units`, which wait, may be tried."""
    held = (entry.held[unit][1] for unit in units if unit in entry.held)
    return min((at for at in (entry.not_before, *held) if at is not None and at > now), default=None)


def is_tried_again(entry: Entry, unit: str, now: datetime) -> bool:
    """Whether a unit that failed is missing and asked for again with others: not given up, not over, and no loss of a store's."""
    is_missing = not stands(entry, unit, now) and unit not in entry.attempted and unit not in entry.gone
    return is_missing and not rules.is_over(entry.step.work, entry.obligation, unit, entry.excused, now)


def is_refreshing(entry: Entry, refresh: timedelta | None, now: datetime) -> bool:
    """Whether some unit is due for its refresh; what is half-way to its own then goes with it, for one answer serves both.

    Not with what has failed, and is tried again in turns of its own.
    """
    if refresh is None or entry.proof is None:
        return False
    seen = (unit.as_of for name, unit in entry.proof.units.items() if name not in entry.tries)
    return any(as_of is not None and now >= as_of + refresh for as_of in seen)


def stands(entry: Entry, unit: str, now: datetime) -> bool:
    """Whether a unit is made, and is not due for its refresh."""
    proof = entry.proof.units.get(unit) if entry.proof else None
    due = rules.refresh_at(proof, entry.step.timing.refresh, entry.obligation.settles_at, now) if proof else None
    return proof is not None and (due is None or due > now)


def go_back(entry: Entry, by: timedelta) -> None:
    """Let what waits of an obligation wait no longer than it would have: the clock was put back by so much."""
    if entry.not_before is not None:
        entry.not_before -= by
    entry.held = {unit: (made, at - by) for unit, (made, at) in entry.held.items()}
    if entry.tried_at is not None:
        entry.tried_at -= by
    if entry.look_by is not None:
        entry.look_by -= by
    if entry.running is not None:
        entry.running.until -= by
        entry.running.since -= by


def waits(entry: Entry, unit: str, made_from: str, now: datetime, resting_until: datetime | None = None) -> bool:
    """Whether `unit` is not to be tried yet.

    While its table is left alone nothing is. What a guard keeps from going out waits, unless its input has changed since, and
    nothing else waits for it. A unit that failed waits, unless it failed on an input that has changed since; one that
    did not fail waits for none that did. While a source has not published, or is left alone, all wait but a unit that has opened
    since, or that was not asked for since another one has failed.
    """
    if resting_until is not None and now < resting_until:
        return True
    held = entry.held.get(unit)
    if held is not None and held[0] == made_from and now < held[1]:
        return True
    if entry.not_before is None or now >= entry.not_before:
        return False
    if unit in entry.tries:
        return entry.failed_on.get(unit, made_from) == made_from
    if entry.tries:
        return unit in entry.put_off
    opens_at = entry.obligation.times[unit].opens_at
    return entry.tried_at is None or opens_at is None or opens_at <= entry.tried_at
