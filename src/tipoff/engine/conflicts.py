"""Writes that met another's: each is logged until it ends, and a table that others hold is left alone as a whole."""

import json
from datetime import datetime, timedelta

from tipoff.core.errors import ErrorKind
from tipoff.core.retry import POLICIES, Breaker, while_freed
from tipoff.engine import ledger_rows
from tipoff.engine.attempts import before_deadline
from tipoff.engine.book import Book, Conflict, Entry
from tipoff.engine.claim import Outcome
from tipoff.ledger import Batch


class Conflicts:
    """The conflicts of a league's entries, and the tables that are left alone for them."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._tables: dict[str, Breaker] = {}

    def is_probing(self, output: str) -> bool:
        """Whether a table has been left alone and not been written since: one run at a time finds out."""
        return output in self._book.resting

    def take(self, entry: Entry, outcome: Outcome, now: datetime, batch: Batch) -> None:
        """Log the conflict; a table of whose slate more than half conflicts is left alone as a whole.

        Not so one whose rows are being freed: each slate of it is free at a time of its own.
        """
        error, known = outcome.error, entry.conflict
        kind = error.kind if error else ErrorKind.CONFLICT
        since = known.since if known else now
        entry.conflict = conflict = Conflict(
            since=since,
            kind=kind.value,
            units=json.dumps(sorted(outcome.claim.plan.units)),
            holder=getattr(error, "holder", ""),
            clears_at=getattr(error, "clears_at", None),
            attempts=known.attempts + 1 if known else 1,
        )
        self._log(entry, conflict, "gave up" if entry.not_before is None else "", now, batch)
        if error is not None and while_freed(error, now, now, since):
            return
        policy, output = POLICIES[kind], entry.step.name
        if 2 * len(outcome.claim.plan.units) > len(entry.obligation.units):
            table = self._tables.setdefault(output, Breaker(1, policy.first_wait, policy.max_wait))
            if not table.rest(now):  # the slates that conflict in one round are one failure of their table
                table.failed(now)
            if table.rests_until is not None:
                table.rests_until = before_deadline(entry, outcome.claim.plan.units, table.rests_until, now)
                self._book.resting[output] = table.rests_until

    def end(self, entry: Entry, resolution: str, now: datetime, batch: Batch) -> None:
        """Log how a conflict ended, if `entry` is in one: by itself, or because nothing is owed any more."""
        if entry.conflict is not None:
            self._log(entry, entry.conflict, resolution, now, batch)

    def has_freed(self, output: str) -> bool:
        """Whether a table that was left alone is so no more, for it has been written."""
        self._tables.pop(output, None)
        return self._book.resting.pop(output, None) is not None

    def go_back(self, by: timedelta) -> None:
        """Leave tables alone no longer than before where the clock was put back by so much."""
        for output, table in self._tables.items():
            if table.rests_until is not None:
                table.rests_until -= by
                self._book.resting[output] = table.rests_until

    def _log(self, entry: Entry, conflict: Conflict, resolution: str, now: datetime, batch: Batch) -> None:
        batch.add("conflicts", ledger_rows.conflict_row(entry, conflict, resolution, now=now))
        if resolution:
            entry.conflict = None
