"""The controller: each tick compares what is expected with what is proven, and works on the difference."""

import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tipoff.core.errors import ErrorKind
from tipoff.core.league import League
from tipoff.core.obligation import State
from tipoff.core.proof import InputProof, Proof
from tipoff.core.retry import POLICIES
from tipoff.core.slate import Game, Season
from tipoff.core.step import SourceWork
from tipoff.core.window import SLATE
from tipoff.engine import records
from tipoff.engine.book import Book, Entry, Key
from tipoff.engine.judge import Judgement, RunPlan, judge
from tipoff.engine.plan import days_to_open, grown, opening_of
from tipoff.engine.run import Claim, Outcome, Runner
from tipoff.store.dialect import Loaded
from tipoff.store.ledger import Batch, Ledger
from tipoff.store.ledger.codec import game_row, proof_row
from tipoff.store.warehouse import Warehouse

MOST_POLLS = 60  # a source that has not come by then is given up, and shown as late, until its input changes
MAX_ROUNDS = 60  # more rounds at one instant than any catalog is deep means that two outputs chase each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What runs: the build, the settings, the worker; written into every tick."""

    build: str
    settings_hash: str
    worker: str


@dataclass(slots=True)
class Counts:
    """What a controller has done since it started."""

    ticks: int = 0
    finished: int = 0
    failed: int = 0
    expired: int = 0
    unchanged: int = 0
    held: set[tuple[str, date, str]] = field(default_factory=set)
    opened: set[tuple[str, date, str]] = field(default_factory=set)


class Controller:
    """Keeps the obligations of one league and season, and works until each is met."""

    def __init__(  # noqa: PLR0913 -- the one place where the parts meet
        self,
        *,
        league: League,
        season: Season,
        days: tuple[date, date],
        loaded: Mapping[str, Loaded],
        ledger: Ledger,
        warehouse: Warehouse,
        published_proofs: Callable[[], Iterable[Proof]],
        runner: Runner,
        identity: Identity,
        jitter: Callable[[str], float],
        at: Callable[[str], None],
    ) -> None:
        self._league, self._season, self._days = league, season, days
        self._ledger, self._warehouse, self._runner = ledger, warehouse, runner
        self._published_proofs = published_proofs
        self._identity, self._jitter, self._at = identity, jitter, at
        self.book = Book(league, season, loaded)
        self.counts = Counts()
        self._dirty: set[Key] = set()
        self._wakes: list[tuple[datetime, int, Key]] = []
        self._serial = itertools.count()
        self._unopened: list[date] = []
        self._moved: dict[Key, Entry] = {}  # entries whose row in the ledger is behind
        self._held_at: dict[tuple[str, date, str], datetime | None] = {}
        self._tick_id = self._decision_id = self._run_id = 0
        self._n_quiet = 0

    # --- starting

    def start(self, now: datetime) -> None:
        """Take up where the last controller of this home left off: nothing is lost, nothing is left running."""
        known = self._ledger.load()
        self._tick_id, self._decision_id, self._run_id = (
            known.last_ids[name] for name in ("ticks", "decisions", "runs")
        )
        self._unopened = days_to_open(self._season, *self._days)[::-1]
        for day in {game.day for game in known.games.get(self._league.name, ())}:
            if self._days[0] <= day <= self._days[1]:
                self._remember_games(day, [g for g in known.games[self._league.name] if g.day == day])
        self._remember_proofs(known.proofs)
        batch = Batch()
        self._adopt([*self._warehouse.proofs(), *self._published_proofs()], batch, now)
        self._remember_obligations(known.obligations)
        for run in known.unended_runs:
            batch.run_ends.append({"id": run["id"], "state": "expired", "ended_at": now})
            self.counts.expired += 1
        for gate in known.held_gates:
            self._held_at[gate["output"], gate["day"], gate["input"]] = gate["held_at"]
        self._ledger.commit(batch)
        self._dirty.update(self.book.entries)

    def _remember_games(self, day: date, games: list[Game]) -> None:
        self._open_day(day)
        self.book.set_games(day, grown((), games)[0])

    def _remember_proofs(self, proofs: Iterable[Proof]) -> None:
        for proof in proofs:
            if proof.league == self._league.name and self._season.first_day <= proof.day <= self._season.last_day:
                if (proof.output, proof.day) not in self.book.entries and proof.output == self._league.schedule:
                    self._open_day(proof.day)
                self.book.set_proof(proof)

    def _adopt(self, proofs: Iterable[Proof], batch: Batch, now: datetime) -> None:
        """Believe the stores over the ledger: a proof written just before a crash stands there with a higher fence."""
        for proof in sorted(proofs, key=lambda proof: proof.fence):
            self._run_id = max(self._run_id, proof.fence)
            entry = self.book.entries.get((proof.output, proof.day))
            known = entry.proof if entry else None
            if proof.league != self._league.name or (known is not None and known.fence >= proof.fence):
                continue
            if entry is None and proof.output != self._league.schedule:
                continue
            if proof.output == self._league.schedule:
                self._open_day(proof.day)
            self.book.set_proof(proof)
            batch.add("proofs", proof_row(proof))
            if proof.output == self._league.schedule:
                self._read_games(proof.day, now, batch)

    def _remember_obligations(self, rows: Iterable[Mapping[str, Any]]) -> None:
        for row in rows:
            entry = self.book.entries.get((row["output"], row["day"]))
            if entry is not None:
                entry.state, entry.since, entry.reason = State(row["state"]), row["since"], row["reason"]
                entry.failures, entry.polls, entry.not_before = row["failures"], row["polls"], row["not_before"]
                entry.attempted, entry.missing = row["attempted"], tuple(row["missing"])
                entry.excused, entry.decided = row["excused"], (row["verb"], row["reason"])

    def _open_day(self, day: date) -> None:
        if day in self._unopened:
            self._unopened.remove(day)
        self.book.open_day(day)

    # --- ticking

    def next_wake(self) -> datetime | None:
        """Return the next instant at which a judgement can differ without anything new arriving."""
        first = [self._wakes[0][0]] if self._wakes else []
        if self._unopened:
            first.append(opening_of(self._league, self._season, self._unopened[-1]))
        return min(first, default=None)

    def tick(self, now: datetime) -> int:
        """Do all that can be done at `now`; returns the number of runs made."""
        self._wake(now)
        self.counts.ticks += 1
        if not self._dirty:
            self._n_quiet += 1
            return 0
        self._tick_id += 1
        n_runs = n_judged = 0
        batch = Batch()
        for _ in range(MAX_ROUNDS):
            n_judged += len(self._dirty)
            claims = self._decide(now, batch)
            if not claims:
                break
            self._commit(batch)
            n_runs += len(claims)
            self._at("claimed")
            batch = self._work(claims, now)
        self._record_tick(batch, now, n_judged=n_judged, n_run=n_runs)
        self._commit(batch)
        return n_runs

    def _commit(self, batch: Batch) -> None:
        """Write the results of one round with the claims of the next: nothing is done between the two."""
        for entry in self._moved.values():
            batch.add("obligations", records.obligation_row(entry, season=self._season.name))
        self._moved.clear()
        self._at("before ledger")
        self._ledger.commit(batch)
        self._at("after ledger")

    def rest(self, now: datetime) -> None:
        """Write down the instant and the quiet ticks since the last busy one; the next start goes on from here."""
        self._tick_id += 1
        batch = Batch()
        self._record_tick(batch, now, n_judged=0, n_run=0)
        self._ledger.commit(batch)

    def _wake(self, now: datetime) -> None:
        while self._unopened and opening_of(self._league, self._season, self._unopened[-1]) <= now:
            day = self._unopened[-1]
            self._open_day(day)
            self._dirty.add((self._league.schedule, day))
        while self._wakes and self._wakes[0][0] <= now:
            at, _, key = heapq.heappop(self._wakes)
            if self.book.entries[key].wake_at == at:
                self._dirty.add(key)

    def _decide(self, now: datetime, batch: Batch) -> list[Claim]:
        """Judge all that is dirty, in the catalog's order; returns the runs to be made in this round."""
        entries = sorted(
            (self.book.entries[key] for key in self._dirty if key in self.book.entries),
            key=lambda entry: (entry.order, entry.obligation.day),
        )
        self._dirty.clear()
        busy: set[Key] = set()
        claims: list[Claim] = []
        for entry in entries:
            if now < entry.obligation.opens_at == entry.wake_at:
                continue  # it is not open yet, and will be looked at when it is
            judged = judge(self.book, entry, now, frozenset(busy))
            if judged is None:
                self._dirty.add(entry.key)
                continue
            self._note(entry, judged, now, batch)
            for plan in judged.plans:
                claims.append(self._claim(entry, plan, now, batch))
                busy.add(entry.key)
        if claims:  # a crash from here on goes on at this instant: what was written at it must not be read earlier
            batch.add("home", {"key": "clock_at", "value": now.isoformat()})
        claims.sort(key=lambda claim: self.book.entries[claim.step.name, claim.slate.day].obligation.due_at)
        return claims

    def _note(self, entry: Entry, judged: Judgement, now: datetime, batch: Batch) -> None:
        """Take the judgement into the book and, where it differs from the last, into the ledger."""
        if judged.wake_at is not None and judged.wake_at != entry.wake_at:
            heapq.heappush(self._wakes, (judged.wake_at, next(self._serial), entry.key))
        entry.wake_at = judged.wake_at
        before = (entry.state, entry.reason, entry.missing, entry.excused)
        if dict(entry.excused) != dict(judged.excused):
            entry.excused = judged.excused
            self._dirty.update(self.book.readers(*entry.key))
        entry.missing, entry.reason = judged.missing, judged.reason
        if entry.state is not judged.state or entry.since is None:
            entry.state, entry.since = judged.state, now
        self._note_gates(entry, judged, now, batch)
        if entry.decided != (judged.verb.value, judged.reason):
            entry.decided = (judged.verb.value, judged.reason)
            self._decision_id += 1
            ids = (self._decision_id, self._tick_id)
            batch.add("decisions", records.decision_row(entry, judged, now=now, ids=ids))
        if before != (entry.state, entry.reason, entry.missing, entry.excused):
            self._moved[entry.key] = entry
        for row in records.overtaken_rows(entry, judged.overtaken, now=now):
            batch.add("marks", row)

    def _note_gates(self, entry: Entry, judged: Judgement, now: datetime, batch: Batch) -> None:
        for table, verdict in judged.gates.items():
            known = entry.gates.get(table)
            if known == (verdict.is_open, verdict.reason):
                continue
            entry.gates[table] = (verdict.is_open, verdict.reason)
            gate = (*entry.key, table)
            row = records.gate_row(entry, table, verdict, now=now, held_at=self._held_at.get(gate))
            self._held_at[gate] = row["held_at"]
            (self.counts.opened if verdict.is_open else self.counts.held).add(gate)
            batch.add("gates", row)

    def _claim(self, entry: Entry, plan: RunPlan, now: datetime, batch: Batch) -> Claim:
        self._run_id += 1
        claim = Claim(
            run_id=self._run_id,
            loaded=self.book.loaded[entry.step.name],
            slate=self.book.slates[entry.obligation.day],
            season=self._season,
            plan=plan,
            previous=entry.proof,
            attempt=entry.failures + 1,
            inputs=self._input_proofs(entry),
        )
        batch.add("runs", records.run_row(claim, now=now, worker=self._identity.worker))
        return claim

    def _input_proofs(self, entry: Entry) -> tuple[InputProof, ...]:
        found = []
        for reading in self.book.readings[entry.step.name]:
            window, table = reading.input.window, reading.input.table
            first, last = window.bounds(entry.obligation.day, self._season)
            n_units = self.book.count_units(table, first, last)
            digest = self.book.window_digest(table, first, last)
            found.append(InputProof(table=table, window=window.name, n_units=n_units, digest=digest))
        return tuple(found)

    # --- working

    def _work(self, claims: list[Claim], now: datetime) -> Batch:
        batch = Batch()
        for claim in claims:
            self._take(self._runner.attempt(claim), now, batch)
        return batch

    def _take(self, outcome: Outcome, now: datetime, batch: Batch) -> None:
        """Take a run's end into the book and the ledger's batch, and make its readers look again."""
        claim = outcome.claim
        entry = self.book.entries[claim.step.name, claim.slate.day]
        batch.run_ends.append(records.run_end_row(outcome, now=now))
        for table, row in records.result_rows(outcome, now=now):
            batch.add(table, row)
        if outcome.error is not None:
            self.counts.failed += 1
            self._failed(entry, outcome, now)
        else:
            self.counts.finished += 1
            self._finished(entry, outcome, now, batch)
        self._moved[entry.key] = entry
        self._dirty.add(entry.key)

    def _failed(self, entry: Entry, outcome: Outcome, now: datetime) -> None:
        kind = outcome.error.kind if outcome.error else ErrorKind.PERMANENT
        if kind is ErrorKind.NOT_YET:
            self._poll_later(entry, now, outcome.claim.plan.units)
            return
        entry.failures += 1
        jitter = self._jitter(f"{entry.key}:{entry.failures}")
        wait = POLICIES[kind].wait_after(entry.failures, jitter)
        if wait is None:
            entry.attempted |= outcome.claim.plan.units
            entry.not_before = None
        else:
            entry.not_before = now + wait

    def _poll_later(self, entry: Entry, now: datetime, units: Mapping[str, str]) -> None:
        timing = entry.step.timing
        entry.polls += 1
        entry.not_before = now + min(timing.poll * 2 ** min(entry.polls - 1, 10), timing.poll_max)
        if entry.polls >= MOST_POLLS:
            entry.attempted |= units

    def _finished(self, entry: Entry, outcome: Outcome, now: datetime, batch: Batch) -> None:
        written = outcome.written
        if written is None:
            return
        known = entry.proof
        entry.failures, entry.not_before = 0, None
        proof = records.renewed(outcome, now=now)
        for row in records.arrival_rows(outcome, known, now=now):
            batch.add("arrivals", row)
        for row in records.mark_rows(outcome, now=now):
            batch.add("marks", row)
        batch.add("proofs", proof_row(proof))
        is_source = isinstance(entry.step.work, SourceWork)
        fruitless = set(written.refused) | (set() if is_source else set(written.missing))
        plan = outcome.claim.plan
        entry.attempted = {unit: made for unit, made in plan.units.items() if unit in fruitless}
        if written.missing and is_source:
            self._poll_later(entry, now, {unit: plan.units[unit] for unit in written.missing})
        if not written.changed:
            self.counts.unchanged += 1
        if self.book.set_proof(proof):
            self._dirty.update(self.book.readers(*entry.key))
            if entry.step.name == self._league.schedule:
                self._read_games(entry.obligation.day, now, batch)

    def _read_games(self, day: date, now: datetime, batch: Batch) -> None:
        """Let the day's games be what its schedule now says; what it no longer names stays expected."""
        table = self._league.step(self._league.schedule).table
        rows = self._warehouse.read(table, SLATE, day=day, season=self._season, as_of=now)
        known = self.book.slates[day].games
        games, _ = grown(known, self._league.read_games(rows))
        self._dirty.update(self.book.set_games(day, games))
        for game in games:
            if game not in known:
                batch.add("games", game_row(self._league.name, game, now=now))

    def _record_tick(self, batch: Batch, now: datetime, *, n_judged: int, n_run: int) -> None:
        states = [entry.state for entry in self.book.entries.values()] if n_run else []
        batch.add(
            "ticks",
            {
                "id": self._tick_id,
                "at": now,
                "build": self._identity.build,
                "settings_hash": self._identity.settings_hash,
                "n_judged": n_judged,
                "n_run": n_run,
                "n_held": states.count(State.HELD),
                "n_late": states.count(State.LATE),
                "n_quiet": self._n_quiet,
            },
        )
        batch.add("home", {"key": "clock_at", "value": now.isoformat()})
        self._n_quiet = 0
