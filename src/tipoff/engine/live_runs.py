"""Runs that are claimed, handed out, and have not come back: taking in what does, and keeping the others' right to write."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tipoff.core.errors import Resting
from tipoff.core.obligation import State
from tipoff.core.step import SourceWork
from tipoff.engine.book import Book, Entry, Key, LiveRun
from tipoff.engine.budget import RunBudget
from tipoff.engine.claim import Claim, Executor, has_ended
from tipoff.engine.inputs import input_proofs
from tipoff.engine.questions import rulings_for
from tipoff.engine.results import Results
from tipoff.engine.runplan import RunPlan
from tipoff.ledger import LEASE, Batch

PATIENCE = timedelta(seconds=10)  # for a provider's answer, before what reads it is made without


def claimed(book: Book, entry: Entry, plan: RunPlan, now: datetime, *, place: int) -> Claim:
    """Return the claim of a run, not numbered yet; its lease is twice the limit of all before it in its round."""
    return Claim(
        run_id=0,
        loaded=book.loaded[entry.step.name],
        slate=book.slates[entry.obligation.day],
        season=book.season_of(entry.obligation.day),
        plan=plan,
        previous=entry.proof,
        attempt=entry.failures + 1,
        started_at=now,
        live=LiveRun(0, since=now, until=now + 2 * place * entry.step.time_limit),
        inputs=input_proofs(book, entry),
        due_at=None if entry.remake else entry.obligation.due_of(plan.units),  # a backfill comes after all that is due
        failed_at=entry.tried_at if entry.failures else None,
        failed=frozenset(entry.tries),
        rulings=rulings_for(book, entry.step),
        read_games=book.league.read_games if entry.step.name == book.league.schedule else None,
    )


class LiveRuns:
    """The runs of one controller that an executor has."""

    def __init__(self, book: Book, executor: Executor, results: Results, budget: RunBudget) -> None:
        self._book, self._executor, self._results, self._budget = book, executor, results, budget
        self._keys: dict[int, Key] = {}

    def busy(self, now: datetime) -> set[Key]:
        """Return what is being made and is worth waiting for: a provider that does not answer holds up nobody."""
        return {
            entry.key
            for entry in self._entries()
            if entry.running is not None
            and not (isinstance(entry.step.work, SourceWork) and now - entry.running.since > PATIENCE)
        }

    def hand_out(self, claims: Iterable[Claim], now: datetime, batch: Batch) -> datetime:
        """Hand claims out, and take in what comes back at once; see `take_in`."""
        claims = list(claims)
        for claim in claims:
            key = self._keys[claim.run_id] = claim.step.name, claim.slate.day
            self._book.entries[key].running = claim.live
        self._executor.hand_out(claims)
        now = self.take_in(now, batch)
        for claim in claims:
            if claim.run_id in self._keys:
                entry = self._book.entries[self._keys[claim.run_id]]
                entry.state, entry.since = State.RUNNING, now
                self._results.moved[entry.key] = entry
        return now

    def take_in(self, now: datetime, batch: Batch) -> datetime:
        """Take in what has come back; returns the instant from which on all of it may be read.

        What comes back after it was given up is no news: it was made again. What has no end is waited for until its lease ends.
        """
        for outcome in self._executor.returned():
            if outcome.claim.run_id in self._keys and has_ended(outcome):
                key = self._keys.pop(outcome.claim.run_id)
                if isinstance(outcome.error, Resting):
                    self._budget.give_back(key)
                now = max(now, outcome.ended or now)
                self._results.take(outcome, now, batch)
        return now

    def renew(self, now: datetime, batch: Batch) -> None:
        """Renew the leases of runs that the executor still has: they wait for their turn, or are being made."""
        for entry in self._entries():
            running = entry.running
            if running is not None and running.until - now < LEASE / 2 and self._executor.holds(running.run_id):
                running.until = now + LEASE
                batch.run_ends.append({"id": running.run_id, "lease_until": running.until})

    def expired(self, now: datetime) -> Iterator[Entry]:
        """Yield what nobody will bring any more, and let go of it."""
        for entry in self._entries():
            if entry.running is not None and now >= entry.running.until:
                del self._keys[entry.running.run_id]
                yield entry

    def let_go(self, now: datetime, batch: Batch) -> None:
        """End the runs that have not come back, as their controller does: they may write no more, and failed at nothing."""
        for entry in self._entries():
            if entry.running is not None:
                entry.running.until = now
                batch.run_ends.append({"id": entry.running.run_id, "state": "expired", "ended_at": now})
        self._keys.clear()

    def next_end(self) -> datetime | None:
        """Return when the first lease ends."""
        return min((entry.running.until for entry in self._entries() if entry.running is not None), default=None)

    def _entries(self) -> list[Entry]:
        return [self._book.entries[key] for key in self._keys.values()]
