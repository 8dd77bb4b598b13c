"""Keys that are not set: what asks for them owes nothing until they come, nobody is told; a key that has gone is told once."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

from tipoff.core.finding import Severity
from tipoff.core.step import SourceWork
from tipoff.engine.book import Book, Key
from tipoff.engine.findings import finding, own_cause
from tipoff.ledger import Batch

NOT_KEPT = datetime(9000, 1, 1, tzinfo=UTC)  # since when an output is kept that is off: until its key comes


class Keys:
    """Which outputs of a book are off for want of a key. `has_key` says by its name whether one is set now; None: as before."""

    def __init__(self, book: Book, has_key: Callable[[str], bool | None]) -> None:
        self._book, self._has_key = book, has_key
        works = ((step.name, step.work) for step in book.league.steps)
        self._keyed = {name: work for name, work in works if isinstance(work, SourceWork) and work.key}

    def take(self, now: datetime, batch: Batch) -> list[Key]:
        """Take up which keys are set now; returns the obligations that this changes.

        What a key is asked for is kept from when it came: what fell due or closed before accuses nobody.
        """
        book = self._book
        off = {
            name: f"no key for {work.source} (TIPOFF_{work.key.upper()})"
            for name, work in self._keyed.items()
            if self._is_off(name, work.key)
        }
        gone = [name for name in off if book.since.get(name) != NOT_KEPT]
        come = [name for name in self._keyed if name not in off and book.since.get(name) == NOT_KEPT]
        changed = [*gone, *come, *(off.keys() ^ book.off.keys())]
        book.off = off
        later = {other for name in come for other in self._resting_on(name)}
        since = dict.fromkeys(gone, NOT_KEPT) | dict.fromkeys([*come, *sorted(later - off.keys())], now)
        book.since |= since
        for name, at in since.items():
            batch.fact(f"since {name}", at.isoformat(), league=book.league.name)
        for name in gone:
            self._tell_gone(name, now, batch)
        for _, entry in (found for name in come for found in book.of_output(name)):
            entry.not_before, entry.polls, entry.failures, entry.tries = None, 0, 0, {}
        return [(name, day) for name in dict.fromkeys(changed) for day, _ in book.of_output(name)]

    def _is_off(self, name: str, key: str) -> bool:
        found = self._has_key(key)
        return self._book.since.get(name) == NOT_KEPT if found is None else not found

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
        days = [day for day, entry in self._book.of_output(output) if entry.proof is not None and entry.proof.n_rows]
        if days:
            where: tuple[str, str, date] = (self._book.league.name, output, max(days))
            name = f"TIPOFF_{self._keyed[output].key.upper()}"
            note = f"{name} was set and is not any more: {output} is off until it is there again"
            cause = own_cause(self._book.league.step(output))
            batch.add("findings", finding(where, "keys_are_set", cause, Severity.WARNING, note, now=now))
