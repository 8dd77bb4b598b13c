"""Halts: a person's word that a publication stands as it is; what closes meanwhile is excused with it, and not told as late."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime

from tipoff.core.clock import league_day
from tipoff.core.obligation import State, Verb
from tipoff.core.records import HaltRecord
from tipoff.core.step import PublishWork
from tipoff.engine import rules
from tipoff.engine.book import Book, Entry, Key
from tipoff.engine.judge import Judgement


def halt_at(halts: Sequence[HaltRecord], output: str, at: datetime) -> HaltRecord | None:
    """Return what halts `output` at an instant, the one that ends last."""
    return max((halt for halt in halts if halt.holds(output, at)), key=lambda halt: halt.until, default=None)


def under_halt(halts: Sequence[HaltRecord], entry: Entry, judged: Judgement, now: datetime) -> Judgement:
    """Return the judgement of a publication as its halts let it stand."""
    if not halts or not isinstance(entry.step.work, PublishWork):
        return judged
    closed = {unit: halt for unit in judged.lost if (halt := _halted_when_closed(halts, entry, unit))}
    halt = halt_at(halts, entry.step.name, now)
    if not closed and (halt is None or not (judged.plans or judged.missing)):
        return judged
    missing = tuple(unit for unit in judged.missing if unit not in closed)
    found = replace(
        judged,
        missing=missing,
        lost=judged.lost - closed.keys(),
        excused={**judged.excused, **{unit: halt.text for unit, halt in closed.items()}},
    )
    if closed:
        found = replace(found, state=_state(entry, found), reason=next(iter(closed.values())).text)
    if halt is None:
        return found
    state = State.HELD if missing and not found.lost else found.state
    wake_at = min(halt.until, found.wake_at or halt.until)
    held = Verb.HOLD if missing or judged.plans else found.verb
    return replace(found, state=state, plans=(), verb=held, reason=halt.text, until=halt.until, wake_at=wake_at)


def _halted_when_closed(halts: Sequence[HaltRecord], entry: Entry, unit: str) -> HaltRecord | None:
    closes_at = entry.obligation.times[unit].closes_at
    return None if closes_at is None else halt_at(halts, entry.step.name, closes_at)


def _state(entry: Entry, judged: Judgement) -> State:
    if judged.lost:
        return State.LOST
    if judged.missing:
        return State.OPEN
    return rules.state_of_met(entry.proof)


class Halts:
    """A league's halts as they were last read, and as its documents say."""

    def __init__(self, mark: Callable[[Sequence[HaltRecord], date], None]) -> None:
        self._mark = mark
        self._all: Sequence[HaltRecord] = ()
        self._in_force: Sequence[HaltRecord] | None = None

    def take(self, book: Book, halts: Sequence[HaltRecord], now: datetime) -> list[Key]:
        """Take up halts; where one has begun or ended the documents are marked, and the publications' obligations returned."""
        self._all = halts
        in_force = [halt for halt in halts if halt.holds(halt.output, now)]
        if in_force == self._in_force:
            return []
        is_first, self._in_force = self._in_force is None, in_force
        self._mark(in_force, league_day(now))
        if is_first and not halts:
            return []
        return [key for key, entry in book.entries.items() if isinstance(entry.step.work, PublishWork)]

    def judged(self, entry: Entry, judged: Judgement, now: datetime) -> Judgement:
        """See `under_halt`."""
        return under_halt(self._all, entry, judged, now)
