"""Keys that are not set: what asks for them owes nothing until they come, nobody is told; a key that has gone is told once."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

from tipoff.core.obligation import Gaps
from tipoff.core.severity import Severity
from tipoff.core.step import SourceWork
from tipoff.engine.book import Book, Key
from tipoff.ledger import Batch
from tipoff.ledger.rows import finding

_EVER = datetime(1970, 1, 1, tzinfo=UTC)  # since when there is no key that nothing was ever made with


class Keys:
    """Which outputs of a book are off for want of a key. `has_key` says by its name whether one is set now; None: as before."""

    def __init__(self, book: Book, has_key: Callable[[str], bool | None]) -> None:
        self._book, self._has_key = book, has_key
        works = ((step.name, step.work) for step in book.league.steps)
        self._keyed = {name: work for name, work in works if isinstance(work, SourceWork) and work.key}

    def take(self, now: datetime, batch: Batch) -> list[Key]:
        """Take up which keys are set now; returns the obligations that this changes.

        When each was not is kept: what fell due or closed then accuses nobody, and what did before does as before.
        """
        book, off = self._book, dict[str, str]()
        come, gone = list[str](), list[str]()
        for name, work in self._keyed.items():
            was_off, has_key = self._was_off(name), self._has_key(work.key)
            if was_off if has_key is None else not has_key:
                off[name] = f"no key for {work.source} (TIPOFF_{work.key.upper()})"
            if has_key is not None and (was_off is has_key or name not in book.gaps):
                (come if has_key else gone).append(name)
        for name in gone:
            began = now if name in book.gaps or self._days_made(name) else _EVER
            book.gaps[name] = (*book.gaps.get(name, ()), (began, None))
            self._tell_gone(name, now, batch)
        for name in come:
            *before, last = book.gaps.get(name, ()) or [None]
            book.gaps[name] = (*before, (last[0], now)) if last else ()
        for name in (*gone, *come):
            gaps = [(began.isoformat(), ended.isoformat() if ended else None) for began, ended in book.gaps[name]]
            batch.fact(f"without {name}", json.dumps(gaps), league=book.league.name)
        book.without = self._without()
        changed = [*gone, *come, *(off.keys() ^ book.off.keys())]
        book.off = off
        for _, entry in (found for name in come if book.gaps[name] for found in book.of_output(name)):
            entry.not_before, entry.failures, entry.tries = None, 0, {}
        return [(name, day) for name in dict.fromkeys(changed) for day, _ in book.of_output(name)]

    def _was_off(self, name: str) -> bool:
        gaps = self._book.gaps.get(name, ())
        return bool(gaps) and gaps[-1][1] is None

    def _without(self) -> dict[str, Gaps]:
        """Return when each output could not be asked for, or made for want of one that could not."""
        found: dict[str, Gaps] = {}
        for name in self._keyed.keys() & self._book.gaps.keys():
            for other in {name, *self._resting_on(name)}:
                found[other] = (*found.get(other, ()), *self._book.gaps[name])
        return found

    def _days_made(self, output: str) -> list[date]:
        return [day for day, entry in self._book.of_output(output) if entry.proof is not None and entry.proof.n_rows]

    def _resting_on(self, output: str) -> Iterator[str]:
        """Yield the outputs that cannot be made without `output`: they are excused with it, and owed with it again."""
        for name, readings in self._book.readings.items():
            if any(
                r.input.table == output and r.is_aligned and r.edge.needed and not r.edge.optional for r in readings
            ):
                yield name
                yield from self._resting_on(name)

    def _tell_gone(self, output: str, now: datetime, batch: Batch) -> None:
        """Tell that a key is not set any more; one that nothing was ever made with was never there."""
        days = self._days_made(output)
        if days:
            where: tuple[str, str, date] = (self._book.league.name, output, max(days))
            name = f"TIPOFF_{self._keyed[output].key.upper()}"
            note = f"{name} was set and is not any more: {output} is off until it is there again"
            cause = self._book.league.step(output).own_cause
            batch.add("findings", finding(where, "keys_are_set", cause, Severity.WARNING, note, now=now))
