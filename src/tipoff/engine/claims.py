"""What a run is told when it is claimed, read off the book."""

from datetime import datetime

from tipoff.engine.book import Book, Entry, LiveRun
from tipoff.engine.claim import Claim
from tipoff.engine.inputs import input_proofs
from tipoff.engine.questions import rulings_for
from tipoff.engine.runplan import RunPlan


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
        rulings=rulings_for(book, entry.step),
        read_games=book.league.read_games if entry.step.name == book.league.schedule else None,
    )
