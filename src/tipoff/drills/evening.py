"""The oracle of an evening: what closes while a fault lasts may be lost, and is told; all that could be made is there.

A fault lasts until its end and the machine's own wait after it. Whatever closes may be lost, or stand as it was, only where there
was no instant outside of these from when it could have been made until its close; and so may what rests on it. What a source says
is known when it is next asked: at the latest its first wait after the twin, which asked at other minutes.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tipoff.core.errors import ErrorKind
from tipoff.core.fault import Fault
from tipoff.core.league import League
from tipoff.core.obligation import Anchor
from tipoff.core.retry import POLICIES
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.step import Edge, SourceWork, Step
from tipoff.core.window import Window, WindowKind
from tipoff.drills.truth import Truth, Unit
from tipoff.store.dialect import load

_A_HOST = timedelta(minutes=30)  # longer than one is left alone; what closes is asked for ever sooner
_KINDS = {"conflict": ErrorKind.CONFLICT, "quota": ErrorKind.QUOTA, "locked": ErrorKind.TRANSIENT}  # by way
_KIND_OF = {"step": ErrorKind.PERMANENT, "warehouse": ErrorKind.PERMANENT}  # by kind, where its way says nothing
_JITTER = 1.25
_SAME_DAY = frozenset({WindowKind.SLATE, WindowKind.KNOWN})

Spans = list[tuple[datetime, datetime]]


def spans_of(faults: Iterable[Fault]) -> Spans:
    """Return from when until when something was wrong, or waited for after it: one behind another's wait goes on with it."""
    found: Spans = []
    since: list[datetime] = []  # when each began of which the waits have grown
    for fault in sorted(faults, key=lambda fault: fault.begin):
        if found and fault.begin <= found[-1][1]:
            end = max(found[-1][1], fault.end + _wait(fault, since[-1]))
            found[-1] = found[-1][0], end
        else:
            found.append((fault.begin, fault.end + _wait(fault, fault.begin)))
            since.append(fault.begin)
    return found


def _wait(fault: Fault, since: datetime) -> timedelta:
    """Return how long after a fault's end something may be left alone: no longer, where waits double, than all before it."""
    if fault.kind == "http":
        return _A_HOST
    policy = POLICIES[_KINDS.get(fault.how) or _KIND_OF.get(fault.kind, ErrorKind.TRANSIENT)]
    return min(policy.max_wait, policy.first_wait + (fault.end - since)) * _JITTER


def is_clear(spans: Spans, begin: datetime, end: datetime) -> bool:
    """Whether nothing was wrong at some instant from `begin` to `end`."""
    place = bisect_right(spans, begin, key=lambda span: span[0]) - 1
    return begin < end and (place < 0 or spans[place][1] < end)


@dataclass(slots=True)
class Evening:
    """What may be lost or stand otherwise, and does; `others`: whether a unit may for another reason."""

    league: League
    spans: Spans
    twin: Truth
    truth: Truth
    others: Callable[[Unit], bool] = lambda _unit: False
    apart: set[Unit] = field(default_factory=set)  # lost, or other than the twin's, and may be
    _games: dict[tuple[str, date], set[str]] = field(default_factory=dict)  # of `apart`, by output and day
    _reads: dict[str, list[tuple[str, Window, Edge]]] = field(init=False)

    def __post_init__(self) -> None:
        """Know what each output is made of."""
        tables = {step.name: step.table for step in self.league.steps}
        self._reads = {
            step.name: [(read.table, read.window, step.edge(read.table)) for read in load(step, tables).inputs]
            for step in self.league.steps
        }

    def explain(self) -> None:
        """Find all that may be lost or stand otherwise: the days in order, and each in the order of the catalog."""
        order = {step.name: place for place, step in enumerate(self.league.steps)}
        reads, found = self._reads, self.truth.content
        other = {unit for unit, made in self.twin.content.items() if found.get(unit) != made}
        other |= found.keys() - self.twin.content.keys()
        for unit in sorted(other | self._belated(), key=lambda unit: (unit[1], order[unit[0]], unit[2])):
            is_lost = unit not in found
            why = self._could_not(unit) or self.others(unit) or self._rests(unit, reads[unit[0]], is_lost=is_lost)
            if why or (unit in other and not is_lost and self._knew_another_start(unit, reads[unit[0]])):
                self.apart.add(unit)
                self._games.setdefault(unit[:2], set()).add(game_of(unit))

    def wrong(self) -> list[str]:
        """Return what is wrong with how losses were told: not at all, without their name, or though there was none.

        What was made as of the twin's instant, with nothing, is told of by what is told of its input: no time was wanting.
        """
        losses, late = self.truth.losses, sorted(self._belated() - self.apart)
        found = [f"made after its close, and could have been before: {' '.join(map(str, unit))}" for unit in late]
        for output, day in sorted(losses.keys() - self.twin.losses.keys()):
            mine = {unit: (output, day, unit) for unit in losses[output, day]}
            if made := sorted(name for name, unit in mine.items() if self.truth.content.get(unit, (0, ""))[0]):
                found.append(f"called lost, and made: {output} of {day}: {', '.join(made[:3])}")
            off = sorted(name for name, unit in mine.items() if (day, game_of(unit)) in self.truth.off)
            if off:
                found.append(f"called lost, and off: {output} of {day}: {', '.join(off[:3])}")
            if (output, day) not in self.truth.named:
                found.append(f"lost, and named by no incident: {output} of {day}")
        for unit in sorted(self.twin.content.keys() - self.truth.content.keys()):
            is_told = unit[2] in losses.get(unit[:2], ())
            is_owed = unit in self.apart and (unit[1], game_of(unit)) not in self.truth.off
            seen = self.truth.seen.get(unit)
            is_empty = seen is not None and seen == self.twin.seen.get(unit) and self.others(unit)
            if is_owed and self._could_not(unit) and not is_told and not is_empty:
                found.append(f"lost, and not told: {' '.join(map(str, unit))}")
        return found

    def _belated(self) -> set[Unit]:
        """Return what was made after its close and, by the twin, before it: whatever grades it says so."""
        found = set()
        for unit in self.truth.content.keys() & self.twin.content.keys():
            step = self.league.step(unit[0])
            closes_at = self._closes_at(step, unit) if step.timing.closes is not None else None
            first, twins = self.truth.arrivals.get(unit), self.twin.arrivals.get(unit)
            if closes_at is not None and first is not None and twins is not None and twins < closes_at <= first:
                found.add(unit)
        return found

    def _could_not(self, unit: Unit) -> bool:
        """Whether a unit that closes could not be made, or not be made anew, before it did."""
        step = self.league.step(unit[0])
        closes_at, refresh = self._closes_at(step, unit), step.timing.refresh
        if closes_at is None:
            return False
        from_at = self.twin.seen.get(unit) or self.twin.arrivals.get(unit)
        if isinstance(step.work, SourceWork) and refresh is not None and unit in self.truth.seen:
            is_same_look = self.truth.seen[unit] == self.twin.seen.get(unit)
            from_at = None if is_same_look else self.truth.seen[unit] + refresh
        return from_at is not None and not is_clear(self.spans, max([from_at, *self._came(unit)]), closes_at)

    def _came(self, unit: Unit) -> Iterator[datetime]:
        """Yield when sources said what a unit cannot be without, each no later than its first wait after the twin's look."""
        output, day, _ = unit
        for table, window, edge in self._reads[output]:
            step, read = self.league.step(table), (table, day, game_of(unit))
            at, twins = self.truth.arrivals.get(read), self.twin.arrivals.get(read)
            is_needed = window.kind in _SAME_DAY and edge.cascades and not edge.optional and not edge.one_of
            if is_needed and isinstance(step.work, SourceWork) and at and twins and at - twins <= step.timing.poll:
                yield at

    def _knew_another_start(self, unit: Unit, reads: Iterable[tuple[str, Window, Edge]]) -> bool:
        """Whether as many rows were made when the schedule was known as of another change: a start may be told late."""
        output, day, _ = unit
        own, others = self.truth.seen.get(unit), self.twin.seen.get(unit)
        if own is None or others is None or self.truth.content[unit][0] != self.twin.content.get(unit, (0, ""))[0]:
            return False
        is_read = any(table == self.league.schedule and not edge.cascades for table, _, edge in reads)
        last, twins = (
            max((change for change in truth.changes.get(day, ()) if change <= at), default=None)
            for truth, at in ((self.truth, own), (self.twin, others))
        )
        return is_read and output != self.league.schedule and last != twins

    def _closes_at(self, step: Step, unit: Unit) -> datetime | None:
        closes, starts = step.timing.closes, self.truth.starts
        if closes is None:
            return None
        own = starts.get((unit[1], game_of(unit))) if closes.anchor is Anchor.OWN_START else None
        first = min((at for (day, _), at in starts.items() if day == unit[1] and at is not None), default=None)
        start = own or first
        return start + closes.offset if start else None

    def _rests(self, unit: Unit, reads: Iterable[tuple[str, Window, Edge]], *, is_lost: bool) -> bool:
        """Whether what a unit is made of is lost, or other; a lost one must have needed it, or have had nothing else."""
        _, day, _ = unit
        same_day = [(table, edge) for table, window, edge in reads if window.kind in _SAME_DAY]
        mine = [(table, edge) for table, edge in same_day if self._has_apart(table, day, unit)]
        if is_lost:
            needs = any(not edge.optional and edge.cascades for _, edge in mine)
            both = {table for table, window, _ in reads if window.is_history} & {table for table, _ in same_day}
            return (
                needs
                or (bool(mine) and all(self._is_absent(table, day, unit) for table, edge in same_day if edge.cascades))
                or self._was_lost_before(unit, both)
            )
        earlier = [(table, window) for table, window, _ in reads if window.kind not in _SAME_DAY]
        return bool(mine) or any(
            of == table and (at < day or (at == day and window.kind is WindowKind.LATEST))
            for of, at in self._games
            for table, window in earlier
        )

    def _was_lost_before(self, unit: Unit, tables: set[str]) -> bool:
        """Whether a game that goes on has nothing in `tables` on its own day, nor on an earlier one on which it was lost."""
        _, day, _ = unit
        lost_on = {
            at for (of, at), games in self._games.items() if of in tables and at < day and game_of(unit) in games
        }
        return any(all(self._is_absent(table, on, unit) for table in tables for on in (at, day)) for at in lost_on)

    def _has_apart(self, table: str, day: date, unit: Unit) -> bool:
        games = self._games.get((table, day), set())
        return bool(games) and (unit[2] == WHOLE_SLATE or bool(games & {game_of(unit), WHOLE_SLATE}))

    def _is_absent(self, table: str, day: date, unit: Unit) -> bool:
        return not any(
            made[0]
            for (of, at, name), made in self.truth.content.items()
            if (of, at) == (table, day) and name.partition("|")[0] in {game_of(unit), WHOLE_SLATE}
        )


def game_of(unit: Unit) -> str:
    """Return the game of a unit."""
    return unit[2].partition("|")[0]
