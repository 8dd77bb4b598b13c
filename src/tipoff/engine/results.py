"""Taking in what runs bring back: proofs and arrivals, failures and their waits."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from textwrap import shorten
from typing import Any

from tipoff.core.errors import ErrorKind, InputGone, NotBegun, Resting
from tipoff.core.proof import Loss, Proof, proof_row
from tipoff.core.retry import LONGEST_ASKED, POLICIES, while_freed
from tipoff.core.severity import Severity
from tipoff.core.step import SourceWork, Work
from tipoff.core.window import SLATE
from tipoff.engine import ledger_rows, rules
from tipoff.engine.attempts import (
    after_hold,
    before_deadline,
    before_end,
    closes_later,
    go_back,
    hastened,
    is_tried_again,
    may_pass,
    note_failure,
    note_success,
    stands,
)
from tipoff.engine.book import Book, Entry, Key
from tipoff.engine.claim import Outcome
from tipoff.engine.conflicts import Conflicts
from tipoff.engine.findings import EXECUTOR, blame_for, cause_of
from tipoff.engine.losses import take_losses
from tipoff.engine.plan import grown
from tipoff.engine.questions import note_questions
from tipoff.ledger import Batch
from tipoff.ledger.rows import finding, game_row
from tipoff.store.warehouse import Warehouse, WriteResult

LOOK_AGAIN = timedelta(minutes=30)  # at a schedule that lacks a game
MOST_POLLS = 120  # a source that has not come by then is given up, and shown as late, until its input changes
SOON = timedelta(minutes=1)
_MOST_SAID = 160  # characters of an error in the reason for which something waits
HELD_ROWS = frozenset({ErrorKind.CONFLICT, ErrorKind.QUOTA})


@dataclass(slots=True)
class Counts:
    """What a controller has done since it started."""

    ticks: int = 0
    finished: int = 0
    failed: int = 0
    expired: int = 0
    unchanged: int = 0


class Results:
    """Takes each run's end into the book and the ledger's batch, and marks what must be looked at again."""

    def __init__(self, book: Book, warehouse: Warehouse, jitter: Callable[[str], float], counts: Counts) -> None:
        self._book, self._warehouse, self._jitter, self._counts = book, warehouse, jitter, counts
        self.dirty: set[Key] = set()
        self.moved: dict[Key, Entry] = {}  # entries whose row in the ledger is behind
        self.conflicts = Conflicts(book)
        self._given_up: dict[str, set[Key]] = {}  # slates of a source that failed too often, by output

    def take(self, outcome: Outcome, now: datetime, batch: Batch) -> None:
        """Take in a run's end."""
        claim = outcome.claim
        entry = self._book.entries[claim.step.name, claim.slate.day]
        entry.running, entry.tried_at = None, now
        batch.run_ends.append(ledger_rows.run_end_row(outcome, now=now))
        written = outcome.written
        fruitless = [*written.refused, *written.missing] if written else []
        own = blame_for(self._book, entry, fruitless)
        for table, row in ledger_rows.result_rows(outcome, own, now=now, blame=entry.blame):
            batch.add(table, row)
        if outcome.error is not None:
            self._counts.failed += 1
            self._failed(entry, outcome, now, batch)
        elif outcome.written is not None:
            self._counts.finished += 1
            known, cause = entry.proof, entry.cause
            self._finished(entry, outcome, outcome.written, now, batch)
            polled = entry.put_off
            self._failed(entry, outcome, now, batch)  # what no answer came for, beside what one did
            entry.put_off |= polled
            if cause and entry.step.name == self._book.league.schedule:  # what it names only now is late for that
                entry.blame, entry.met_at = cause, now
            self._look_further(entry, known, now)
        if outcome.strangers:  # made, if the schedule has them by now, or before they start
            day = entry.obligation.day
            self.dirty.add(self._book.have_seen(self._book.league.schedule, day, now))
            if entry.step.timing.closes is not None:
                self._book.lacking[day] = now
        self.moved[entry.key] = entry
        self.dirty.add(entry.key)

    def expire(self, entry: Entry, now: datetime, batch: Batch) -> None:
        """Give up a run that never reported: its lease has ended, and it may write no more."""
        if entry.running is None:
            return
        run_id, entry.running = entry.running.run_id, None
        self._counts.expired += 1
        batch.run_ends.append({"id": run_id, "state": "expired", "ended_at": now})
        note_failure(entry, entry.asked)
        entry.cause, entry.error = EXECUTOR, f"run {run_id} was handed out and never reported"
        entry.not_before = self._soon(entry, entry.asked, now)
        note = f"{entry.error}; it is made again"
        obligation = entry.obligation
        where = (obligation.league, obligation.output, obligation.day)
        batch.add("findings", finding(where, "decisions_are_executed", EXECUTOR, Severity.ERROR, note, now=now))
        self.moved[entry.key] = entry
        self.dirty.add(entry.key)

    def cut_off(self, run: Mapping[str, Any], now: datetime) -> None:
        """Count a run that the end of its controller cut off: tried again at once, and ever more seldom where that goes on."""
        self._counts.expired += 1
        entry = self._book.entries.get((run["output"], run["day"]))
        if entry is None or run["league"] != self._book.league.name:
            return
        note_failure(entry, units := json.loads(run["units"]))
        if entry.failures > 1:
            entry.not_before = self._soon(entry, units, now)
        self.moved[entry.key] = entry

    def go_back(self, by: timedelta) -> None:
        """Look at everything again where the clock was put back by so much: what it settled or put off is not settled."""
        if not by:
            return
        for entry in self._book.entries.values():
            go_back(entry, by)
        self.dirty.update(self._book.entries)
        self.moved.update({key: entry for key, entry in self._book.entries.items() if entry.since is not None})
        self.conflicts.go_back(by)
        self._book.lacking = {day: at - by for day, at in self._book.lacking.items()}

    def _after(self, entry: Entry, kind: ErrorKind, now: datetime, units: Iterable[str] = ()) -> datetime | None:
        """Return when to try again: the wait grows with failures of one kind in a row, and so does its end."""
        before, n_others = entry.of_kind
        if before != kind.value:
            n_others = entry.failures - 1 if before else 0
        entry.of_kind = kind.value, n_others
        n_own, jitter = max(1, entry.failures - n_others), self._jitter(f"{entry.key}:{entry.failures}")
        wait = POLICIES[kind].wait_after(n_own, jitter)
        if wait is None and may_pass(entry, kind) and closes_later(entry, units, now):
            wait = POLICIES[kind].max_wait
        return None if wait is None else now + wait

    def _soon(self, entry: Entry, units: Iterable[str], now: datetime) -> datetime | None:
        """Return when to try again what never came to its end: it may the next time."""
        after = self._after(entry, ErrorKind.TRANSIENT, now)
        return None if after is None else hastened(entry, units, after, now)

    def _failed(self, entry: Entry, outcome: Outcome, now: datetime, batch: Batch) -> None:
        units = outcome.unanswered if outcome.error is None else {**outcome.claim.plan.units, **outcome.unanswered}
        error = outcome.error or outcome.refusal
        if error is None or not units:
            return
        if error.kind is ErrorKind.NOT_YET:
            self._poll_later(entry, now, units)
            return
        if isinstance(error, InputGone):  # not its own failure: it is made when its input stands again
            self.lose(error.losses, now, batch)
            return
        entry.put_off |= frozenset(units)  # where it is no failure of its own, which is counted
        if isinstance(error, NotBegun):
            entry.not_before = now + SOON  # not in this tick, whose instant is long past
            return
        entry.cause = cause_of(outcome.claim, error, entry.blame)
        if not (entry.error and isinstance(error, Resting)):
            entry.error = shorten(str(error), _MOST_SAID, placeholder=" …")
        asked_s = getattr(error, "retry_after_s", None)
        asked = now + min(timedelta(seconds=asked_s), LONGEST_ASKED) if asked_s else None
        if isinstance(error, Resting):  # no failure of its own, and no more often than its own failures would have it
            own = POLICIES[error.kind].wait_after(max(1, *(entry.tries.get(unit, 0) for unit in units)), 0.0)
            entry.of_kind = entry.of_kind if entry.of_kind[0] else (error.kind.value, 0)
            entry.not_before = before_deadline(entry, units, now + own, now) if own else asked
            entry.not_before = max(filter(None, (entry.not_before, asked)), default=None)
            return
        note_failure(entry, units)
        is_source = isinstance(entry.step.work, SourceWork)
        standing = {unit: made for unit, made in entry.failed_on.items() if unit not in units}
        entry.failed_on = standing | (dict(units) if error.kind is ErrorKind.PERMANENT and not is_source else {})
        after = self._after(entry, error.kind, now, units)
        if after is None:
            entry.attempted |= units
            entry.failed_on = standing
            entry.not_before = entry.not_before if standing else None
            if is_source:
                self._given_up.setdefault(entry.step.name, set()).add(entry.key)
        else:
            since = entry.conflict.since if entry.conflict else now
            freed = while_freed(error, after, now, since)
            soon = hastened(entry, units, after, now, may_end=may_pass(entry, error.kind))
            entry.not_before = freed or (max(soon, asked) if asked else soon)
        if error.kind in HELD_ROWS and outcome.error is not None:
            self.conflicts.take(entry, outcome, now, batch)

    def _poll_later(self, entry: Entry, now: datetime, units: Mapping[str, str]) -> None:
        timing = entry.step.timing
        entry.polls, entry.error = entry.polls + 1, ""
        after = now + min(timing.poll * 2 ** min(entry.polls - 1, 10), timing.poll_max)
        entry.not_before, failed_until = before_end(entry, units, after, now), entry.not_before
        stays = entry.put_off if failed_until is not None and now < failed_until else frozenset()
        entry.put_off = frozenset(units) | stays
        if any(is_tried_again(entry, unit, now) for unit in entry.tries.keys() - units.keys()):
            entry.not_before = min(entry.not_before, max(failed_until or now, now + SOON))  # it waits for no others
        if entry.polls >= MOST_POLLS:
            entry.attempted |= units

    def _finished(self, entry: Entry, outcome: Outcome, written: WriteResult, now: datetime, batch: Batch) -> None:
        known, plan = entry.proof, outcome.claim.plan
        if entry.look_by is not None and plan.as_of >= entry.look_by:
            entry.look_by = None
        again = {unit: plan.units[unit] for unit in (*written.missing, *written.refused)}
        is_source = isinstance(entry.step.work, SourceWork)
        over = [
            unit
            for unit in entry.tries
            if rules.is_over(entry.step.work, entry.obligation, unit, entry.excused, now)
            or (is_source and stands(entry, unit, now))  # as a run that was cut off had written it
        ]
        self._recovered(entry, [*over, *(plan.units.keys() - (() if is_source else again))], now, batch)
        for unit in entry.gone.keys() & (plan.units.keys() - again.keys()):
            del entry.gone[unit]
            self.dirty.update(self._book.readers(*entry.key))  # they wait for it, though its content is as it was
        note_questions(self._book, entry, outcome, now, batch)
        proof = ledger_rows.renewed(outcome.claim, written, now=now)
        for row in ledger_rows.arrival_rows(
            proof,
            written.changed,
            known,
            entry.obligation,
            lambda unit: outcome.came_at.get(unit, outcome.ended or now),
        ):
            batch.add("arrivals", row)
        for row in ledger_rows.mark_rows(outcome, now=now):
            batch.add("marks", row)
        batch.add("proofs", proof_row(proof))
        if again and is_source:
            self._poll_later(entry, now, again)
        elif again:
            self._refused(entry, again, outcome.withheld, now)
        entry.cause = blame_for(self._book, entry, again) if again else ""
        self._counts.unchanged += not written.changed
        has_changed = self._book.set_proof(proof)
        self._book.note_starts(entry, outcome.claim.slate)
        if has_changed:
            self.dirty.update(self._book.readers(*entry.key))
            if entry.step.name == self._book.league.schedule:
                self.read_games(entry.obligation.day, now, batch)

    def _look_further(self, entry: Entry, known: Proof | None, now: datetime) -> None:
        """Have asked again what the end of a run casts doubt on."""
        if entry.step.name == self._book.league.schedule:
            self._look_for_lacking(entry.obligation.day, now)
        elif known is not None and entry.proof is not None and rules.is_of_results(entry.step):
            before, units = known.units, entry.proof.units
            if any(u.n_rows and units.get(name, u).content_hash != u.content_hash for name, u in before.items()):
                self._look_at_others(entry, now)

    def _look_for_lacking(self, day: date, now: datetime) -> None:
        """Have the schedule that was just seen looked at again, while it lacks a game that is sold and others have not begun."""
        if day in self._book.lacking:
            starts = [game.starts_at for game in self._book.slates[day].played if game.starts_at is not None]
            if starts and now < max(starts):
                self._book.lacking[day] = now + LOOK_AGAIN
            else:
                del self._book.lacking[day]

    def _look_at_others(self, entry: Entry, now: datetime) -> None:
        """Have the other sources of a day's results asked once more: this one has corrected itself after their last look."""
        for step in filter(rules.is_of_results, self._book.league.steps):
            other = self._book.entries.get((step.name, entry.obligation.day))
            if other is None or other is entry or other.proof is None:
                continue
            if rules.has_had_last_look(other.obligation, step.timing, other.proof.units.values(), now):
                self.dirty.add(self._book.have_seen(*other.key, now))

    def lose(self, losses: Iterable[Loss], now: datetime, batch: Batch, cut_off: Collection[Key] = ()) -> None:
        """Let what a store has lost be made again, and what reads it wait for that."""
        for entry in take_losses(self._book, losses, batch, now, cut_off):
            self.dirty.add(entry.key)
            self.dirty.update(self._book.readers(*entry.key))

    def _refused(self, entry: Entry, again: Mapping[str, str], withheld: Mapping[str, str], now: datetime) -> None:
        """Note units that their code or their input is at fault for: they are looked at again, ever more seldom.

        What a guard keeps from going out is tried again: it is no failure, and its input may be right by then.
        """
        units = {unit: made_from for unit, made_from in again.items() if unit not in withheld}
        if units:
            self._given_back(entry, units, now)
        if withheld:
            again_at = after_hold(entry, withheld, now)
            entry.held |= {unit: (again[unit], again_at) for unit in withheld if unit in again}

    def _given_back(self, entry: Entry, units: Mapping[str, str], now: datetime) -> None:
        note_failure(entry, units)
        after = self._after(entry, ErrorKind.PERMANENT, now)
        if after is None:
            entry.attempted |= units
        else:
            entry.failed_on = {**entry.failed_on, **units}
            entry.not_before = hastened(entry, units, after, now, may_end=False)

    def take_up(self) -> None:
        """Know from the book which slates of a source an earlier controller has given up."""
        for key, entry in self._book.entries.items():
            if isinstance(entry.step.work, SourceWork) and entry.attempted and entry.failures and not entry.not_before:
                self._given_up.setdefault(entry.step.name, set()).add(key)

    def _recovered(self, entry: Entry, units: Iterable[str], now: datetime, batch: Batch) -> None:
        kind, has_recovered = entry.of_kind[0], note_success(entry, units)
        if has_recovered:
            entry.not_before, entry.of_kind = None, ("", 0)
        self._ask_again(entry.step.name)
        if kind == ErrorKind.TRANSIENT.value or (has_recovered and kind == ErrorKind.PERMANENT.value):
            self._ask_the_rest(entry.step.work, kind)
        self.conflicts.end(entry, "auto", now, batch)
        if self.conflicts.has_freed(entry.step.name):
            self.dirty.update(key for key in self._book.entries if key[0] == entry.step.name)

    def _ask_again(self, output: str) -> None:
        """Take up the slates that were given up while their source did not answer: it does again."""
        for key in self._given_up.pop(output, ()):
            other = self._book.entries[key]
            other.failures, other.tries, other.attempted, other.of_kind = 0, {}, {}, ("", 0)
            self.dirty.add(key)

    def _ask_the_rest(self, recovered: Work, kind: str) -> None:
        """Let a source that answers again, or refuses no more, be asked at once for all else that waits for the same."""
        source = recovered.source if isinstance(recovered, SourceWork) else None
        for key, other in self._book.entries.items():
            work = other.step.work
            if isinstance(work, SourceWork) and work.source == source and other.of_kind[0] == kind:
                other.not_before = None
                self.dirty.add(key)

    def read_games(self, day: date, now: datetime, batch: Batch) -> None:
        """Let the day's games be what its schedule now says; what it no longer names stays expected."""
        league = self._book.league
        rows = self._warehouse.read(
            league.table(league.schedule), SLATE, day=day, season=self._book.season_of(day), as_of=now
        )
        known = self._book.slates[day].games
        games, _ = grown(known, league.games(rows))
        if {game.game_id for game in games} - {game.game_id for game in known}:  # what it lacked, most likely
            self._book.lacking.pop(day, None)
        self.dirty.update(self._book.set_games(day, games))
        for game in games:
            if game not in known:
                batch.add("games", game_row(league.name, game, now=now))
