"""The controller: each tick compares what is expected with what is proven, and works on the difference."""

import heapq
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from tipoff.core.clock import league_day, midnight
from tipoff.core.errors import Damaged, LeaseLost, WarehouseError
from tipoff.core.league import League
from tipoff.core.obligation import State
from tipoff.core.proof import Loss, Proof
from tipoff.core.records import HaltRecord
from tipoff.core.slate import Season
from tipoff.engine import ledger_rows, starting
from tipoff.engine.book import Book, Entry, Key
from tipoff.engine.budget import RunBudget
from tipoff.engine.claim import Claim, Executor
from tipoff.engine.findings import blamed, moves, storm_finding, tells, unmet_finding
from tipoff.engine.halts import Halts
from tipoff.engine.judge import Judgement, judge, judged_anew
from tipoff.engine.keys import Keys
from tipoff.engine.live_runs import LiveRuns, claimed
from tipoff.engine.losses import lost_by_stores, made_anew
from tipoff.engine.plan import days_to_open, opening_of
from tipoff.engine.questions import take_rulings
from tipoff.engine.remember import remember, take_since
from tipoff.engine.results import Counts, Results
from tipoff.engine.runplan import RunPlan
from tipoff.engine.turn import Turn
from tipoff.ledger import LEASE, Batch, Lease, Ledger, LedgerSnapshot
from tipoff.ledger.facts import learned_lateness
from tipoff.store.dialect import CompiledStep
from tipoff.store.warehouse import Warehouse

Row = ledger_rows.Row
MAX_ROUNDS = 60  # more rounds at one instant than any catalog is deep means that two outputs chase each other
_LONG_AGO, _LONG_AHEAD = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(kw_only=True)
class Controller:
    """Keeps the obligations of one league, a season at a time, and works until each is met.

    `days` are the slates that it opens; with a `scope` (outputs) it makes these of these days alone, outdated ones too, and
    knows the season's earlier days from the ledger.

    One controller works on a ledger at a time: it holds a lease, every write renews it, and a write without it fails. Another
    one stands by and takes over when the lease has ended.
    """

    league: League
    season: Season
    days: tuple[date, date]
    loaded: Mapping[str, CompiledStep]
    ledger: Ledger
    warehouse: Warehouse
    published: Callable[[], tuple[list[Proof], list[Damaged]]]
    losses: Callable[[], Sequence[Loss]]
    mark: Callable[[Sequence[HaltRecord], date], None]
    executor: Executor
    identity: starting.Identity
    jitter: Callable[[str], float]
    has_key: Callable[[str], bool | None]
    at: Callable[[str], None]
    scope: frozenset[str] | None = None
    anew: bool = False
    counts: Counts = field(default_factory=Counts)
    _lease: Lease | None = None

    def __post_init__(self) -> None:
        self._serial, self._budget = itertools.count(), RunBudget()
        self._turn = Turn(self.ledger, self.league.name, self.identity)
        self._forget()

    def _forget(self) -> None:
        """Hold nothing in memory: what is true is read from the stores when the lease is taken."""
        self.book = Book(self.league, self.season, self.loaded, None if self.scope else self.days[0])
        self._results = Results(self.book, self.warehouse, self.jitter, self.counts)
        self._dirty, self._moved = self._results.dirty, self._results.moved
        self._wakes: list[tuple[datetime, int, Key]] = []
        self._unopened: list[date] = []
        self._held_at: dict[tuple[str, date, str], datetime | None] = {}
        self._n_quiet = 0
        self._unmet: set[Key] = set()  # what is held or late: a tick tells how many
        self._gap: tuple[datetime, datetime] | None = None
        self._lost: list[Loss] = []
        self._fence = 0  # the newest run of which the stores know
        self._halts, self._keys = Halts(self.mark), Keys(self.book, self.has_key)
        self._last_at: datetime | None = None
        self._since = _LONG_AGO  # when this home first ran; known once the lease is taken
        self._stands_by_until: datetime | None = None
        self._live = LiveRuns(self.book, self.executor, self._results, self._budget)

    def start(self, now: datetime, *, after: str = "") -> bool:
        """Take the lease and take up where the last controller left off: nothing is lost, nothing is left running.

        Returns False while another controller holds the lease: this one stands by. `after` says what ended the last time,
        where it was no ordinary end.
        """
        self._forget()
        self._lease, self._stands_by_until = self._turn.take(now)
        if self._lease is None:
            return False
        known = self._take_up(batch := Batch(), now)
        if self.ledger.raise_number("runs", self._fence):
            batch.add("findings", starting.unknown_runs_finding(self.league.name, self._fence, now))
        known = replace(known, beat_at=known.beat_at or self._turn.renewed_at)
        for run in known.unended_runs:
            batch.run_ends.append({"id": run["id"], "state": "expired", "ended_at": now})
            self._results.cut_off(run, now)
        self._budget.begin(now, self.ledger.runs_since(self.league.name, midnight(league_day(now))))
        self._gap = starting.silence_before(known, now)
        self._results.go_back(starting.ahead_by(starting.last_seen(known), now))
        batch.fact("since", self._since.isoformat(), league=self.league.name)
        for row in starting.findings_on_the_past(known, self.identity, self.league.name, after, now=now):
            batch.add("findings", row)
        batch.fact("over", "", league=self.league.name)
        self.ledger.commit(batch, lease=self._renewed(now))
        self._dirty.update(self.book.entries)
        return True

    def _take_up(self, batch: Batch, now: datetime) -> LedgerSnapshot:
        known = self.ledger.load(self.league.name)
        self.book.learned = learned_lateness(self.ledger, self.league, since=known.since or now, now=now)
        published, damaged = self.published()
        for error in damaged:
            batch.add("findings", starting.damage_finding(self.league.name, error, now))
        stored = [*self.warehouse.proofs(), *published]
        days = (self.season.first_day, self.days[1]) if self.scope else self.days
        self._fence = remember(self.book, self._results, known, stored, batch, days=days, now=now)
        self._results.take_up()
        self._unmet.update(key for key, entry in self.book.entries.items() if entry.state in ledger_rows.UNMET)
        self._since = min(known.since or (now if known.last_tick is None else _LONG_AGO), now)
        take_since(self.book, known, self._since, batch, now)
        take_rulings(self.book, self.ledger)
        told = {(error.output, error.day) for error in damaged}
        cut_off = {(run["output"], run["day"]) for run in known.unended_runs}
        self._results.lose([*lost_by_stores(known.proofs, stored, told), *self.losses()], now, batch, cut_off)
        self._unopened = [d for d in days_to_open(self.season, *self.days)[::-1] if d not in self.book.slates]
        self._held_at |= {(row["output"], row["day"], row["input"]): row["held_at"] for row in known.held_gates}
        if self.scope:
            for entry in self.book.entries.values():
                entry.remake = self._in_scope(entry)
                if self.anew and entry.remake:
                    entry.gone = made_anew(entry)
        return known

    def survey(self, now: datetime) -> list[tuple[Entry, Judgement]]:
        """Return what would be judged of everything in scope at `now`; nothing is written and nothing is made."""
        self._forget()
        self._take_up(batch := Batch(), now)
        self._wake(now)
        self._keys.take(now, batch)
        return [(entry, found) for entry, found in judged_anew(self.book, now) if self._in_scope(entry)]

    def _in_scope(self, entry: Entry) -> bool:
        if self.scope is None:
            return True
        is_of_day = self.days[0] <= entry.obligation.day <= self.days[1]
        return is_of_day and entry.step.name in (self.scope if self.anew else {*self.scope, self.league.schedule})

    @property
    def stands_by(self) -> bool:
        """Whether another one works: this one knows and decides nothing."""
        return self._lease is None

    def next_wake(self) -> datetime | None:
        """Return the next instant at which a judgement can differ without anything new arriving."""
        if self._lease is None:
            return self._stands_by_until
        first = [at for at in (self._live.next_end(), self._wakes[0][0] if self._wakes else None) if at is not None]
        if self._unopened:
            first.append(opening_of(self.league, self.season, self._unopened[-1]))
        return min(first, default=None)

    def remake(self, days: tuple[date, date], outputs: Iterable[str]) -> list[Entry]:
        """Have what is missing or outdated of days that are over made, after all that is due; returns the obligations."""
        wanted = {*outputs, self.league.schedule}
        entries = self.book.entries.items()
        found = [entry for (name, day), entry in entries if name in wanted and days[0] <= day <= days[1]]
        for entry in found:
            entry.remake = True
            self._dirty.add(entry.key)
        return found

    def lose(self, losses: Iterable[Loss]) -> None:
        """Know of slates that a recount has found to be other than proven: the next tick takes them up."""
        self._lost += losses

    def look_again(self, keys: Iterable[Key], now: datetime) -> None:
        """Have sources asked once more for slates of which a check doubts what they said, though the last look is over."""
        self._dirty.update(self.book.have_seen(*key, now) for key in keys if key in self.book.entries)

    def tick(self, now: datetime) -> int:
        """Do all that can be done at `now`; returns the number of runs made. After a `LedgerError` it must be started again.

        A controller without the lease tries to take it; one that loses it forgets all and stands by.
        """
        if self._lease is None and not self.start(now):
            return 0
        try:
            return self._work_off(now)
        except LeaseLost:
            self._lease, self._stands_by_until = None, now
            return 0

    def _work_off(self, now: datetime) -> int:
        batch = Batch()
        self._note_silence(now, batch)
        now = self._live.take_in(now, batch)
        self._results.lose(self._lost, now, batch)
        self._lost.clear()
        self._live.renew(now, batch)
        for entry in self._live.expired(now):
            self._results.expire(entry, now, batch)
        self._wake(now)
        ordered = self.ledger.of(self.league.name)
        self._dirty.update(self.book.take_waivers(ordered.live_waivers(now)))
        self._dirty.update(take_rulings(self.book, self.ledger))
        self._dirty.update([*self._halts.take(self.book, ordered.halts(), now), *self._keys.take(now, batch)])
        self.counts.ticks += 1
        self._budget.begin(now)
        if not self._dirty and not batch:
            self._n_quiet += 1
            self._keep_lease(now)
            return 0
        n_runs = n_judged = 0
        for _ in range(MAX_ROUNDS):
            n_judged += len(self._dirty)
            claims = self._decide(now, batch)
            if not claims:
                break
            self._commit(batch, now)
            n_runs += len(claims)
            self.at("claimed")
            batch = Batch()
            now = self._live.hand_out([claim.numbered(row["id"]) for claim, row in claims], now, batch)
        self._record_tick(batch, now, n_judged=n_judged, n_run=n_runs)
        self._commit(batch, now)
        return n_runs

    def _note_silence(self, now: datetime, batch: Batch) -> None:
        last, self._last_at = self._last_at, now
        for row in starting.findings_between_ticks(self.league.name, last, now):
            batch.add("findings", row)
        if last is not None and now - last > starting.GAP:
            self._gap = (last, now)
        self._results.go_back(starting.ahead_by(last, now))

    def _commit(self, batch: Batch, now: datetime) -> None:
        """Write the results of one round with the claims of the next: nothing is done between the two."""
        for entry in self._moved.values():
            season = self.book.season_of(entry.obligation.day).name
            batch.add("obligations", ledger_rows.obligation_row(entry, season=season))
        self._moved.clear()
        self.at("before ledger")
        self.ledger.commit(batch, lease=self._renewed(now))
        self.at("after ledger")

    def _renewed(self, now: datetime) -> Lease | None:
        if self._lease is not None:
            self._lease = replace(self._lease, until=now + LEASE)
        return self._lease

    def _keep_lease(self, now: datetime) -> None:
        if self._lease is not None and self._lease.until - now < LEASE / 2:
            self.ledger.commit(Batch(), lease=self._renewed(now))

    def rest(self, now: datetime) -> None:
        """Write down the instant, the quiet ticks since the last busy one and the end of what is out; the next start goes on."""
        if self._lease is None:
            return
        batch = Batch()
        try:
            now = self._live.take_in(now, batch)
        except WarehouseError:  # it does not answer: the next start takes up what it has
            batch = Batch()
        self._record_tick(batch, now, n_judged=0, n_run=0)
        self._live.let_go(now, batch)
        if self.next_wake() is None:  # whoever watches need not wait for another tick
            batch.fact("over", now.isoformat(), league=self.league.name)
        try:
            self.ledger.commit(batch, lease=self._lease)
            self.ledger.release_lease(self._lease, now=now)
        except LeaseLost:
            self._stands_by_until = now
        self._lease = None

    def _wake(self, now: datetime) -> None:
        while self._unopened and opening_of(self.league, self.season, self._unopened[-1]) <= now:
            day = self._unopened.pop()
            self.book.learned = learned_lateness(self.ledger, self.league, since=self._since, now=now)
            self.book.open_day(day)
            self._dirty.add((self.league.schedule, day))
        while self._wakes and self._wakes[0][0] <= now:
            at, _, key = heapq.heappop(self._wakes)
            if self.book.entries[key].wake_at == at:
                self._dirty.add(key)

    def _decide(self, now: datetime, batch: Batch) -> list[tuple[Claim, Row]]:
        """Judge all that is dirty, in the catalog's order; returns the runs to be made in this round, each with its row."""
        entries = sorted(
            (self.book.entries[key] for key in self._dirty if key in self.book.entries),
            key=lambda entry: (entry.order, entry.obligation.day),
        )
        self._dirty.clear()
        busy = self._live.busy(now)
        claims: list[tuple[Claim, Row]] = []
        probing: set[str] = set()
        for entry in entries:
            if not self._in_scope(entry) or entry.sleeps(now):
                continue
            judged = judge(self.book, entry, now, frozenset(busy))
            if judged is None:
                self._dirty.add(entry.key)
                busy = busy | {entry.key}  # what rests on it waits as well: it may be about to be made
                continue
            judged = self._halts.judged(entry, judged, now)
            wanted, judged = judged, self._budget.limit(entry, judged, now, self.book.slates[entry.obligation.day])
            if judged is not wanted and self._budget.is_news(entry.key):
                batch.add("findings", storm_finding(entry, self._budget, now))
            if judged.plans and self._results.conflicts.is_probing(entry.step.name):
                if entry.step.name in probing:
                    self._dirty.add(entry.key)
                    continue
                probing.add(entry.step.name)
            self._note(entry, judged, now, batch)
            plans = [plan for plan in judged.plans if plan.lost or not self.anew]
            if plans:  # one run at a time: what is still open before what closed
                plan = max(plans, key=lambda plan: plan.as_of)
                claims.append(self._claim(entry, plan, now, batch, place=len(claims) + 1))
                busy.add(entry.key)
        if claims:  # a crash from here on goes on at this instant: what was written at it must not be read earlier
            batch.fact("clock_at", now.isoformat(), league=self.league.name)
        claims.sort(key=lambda made: made[0].due_at or _LONG_AHEAD)
        return claims

    def _note(self, entry: Entry, judged: Judgement, now: datetime, batch: Batch) -> None:
        """Take the judgement into the book and, where it differs from the last, into the ledger."""
        if judged.wake_at is not None and judged.wake_at != entry.wake_at:
            heapq.heappush(self._wakes, (judged.wake_at, next(self._serial), entry.key))
        entry.wake_at = judged.wake_at
        before = (entry.state, entry.reason, entry.missing, entry.excused)
        self._note_units(entry, judged)
        entry.missing, entry.reason = judged.missing, judged.reason
        moved = moves(entry, judged.state, now)
        if moved:
            (self._unmet.add if entry.state in ledger_rows.UNMET else self._unmet.discard)(entry.key)
        self._note_gates(entry, judged, now, batch)
        if moved and entry.state in {State.LATE, State.LOST}:
            tells(entry, blamed(self.book, entry, self._gap))
            batch.add("findings", unmet_finding(entry, entry.blame, now=now, since=self._since))
        if entry.decided != (judged.verb.value, judged.reason):
            entry.decided = (judged.verb.value, judged.reason)
            batch.add("decisions", ledger_rows.decision_row(entry, judged, now=now))
        if entry.state is State.EXCUSED:
            self._results.conflicts.end(entry, "waived", now, batch)
        if before != (entry.state, entry.reason, entry.missing, entry.excused):
            self._moved[entry.key] = entry
        for row in ledger_rows.overtaken_rows(entry, judged.overtaken, now=now):
            batch.add("marks", row)

    def _note_units(self, entry: Entry, judged: Judgement) -> None:
        """Take up what became of units; whoever reads them is judged again."""
        fate = (dict(judged.excused), judged.lost, judged.no_result)
        if (dict(entry.excused), entry.lost, entry.no_result) != fate:
            entry.excused, entry.lost, entry.no_result = judged.excused, judged.lost, judged.no_result
            self._dirty.update(self.book.readers(*entry.key))
        if judged.look_by is not None:
            self._dirty.add(self.book.have_seen(self.league.schedule, entry.obligation.day, judged.look_by))

    def _note_gates(self, entry: Entry, judged: Judgement, now: datetime, batch: Batch) -> None:
        for table, verdict in judged.gates.items():
            known = entry.gates.get(table)
            if known == (verdict.is_open, verdict.reason):
                continue
            entry.gates[table] = (verdict.is_open, verdict.reason)
            gate = (*entry.key, table)
            row = ledger_rows.gate_row(entry, table, verdict, now=now, held_at=self._held_at.get(gate))
            self._held_at[gate] = row["held_at"]
            batch.add("gates", row)

    def _claim(self, entry: Entry, plan: RunPlan, now: datetime, batch: Batch, *, place: int) -> tuple[Claim, Row]:
        """Claim a run, which is numbered when it is written; its lease is twice the limit of all before it in this round."""
        self._budget.spend(entry.key, now)
        entry.asked = frozenset(plan.units)
        claim = claimed(self.book, entry, plan, now, place=place)
        row = ledger_rows.run_row(claim, worker=self.identity.worker)
        batch.add("runs", row)
        return claim, row

    def _record_tick(self, batch: Batch, now: datetime, *, n_judged: int, n_run: int) -> None:
        states = [self.book.entries[key].state for key in self._unmet] if n_run else []
        counts = {"n_judged": n_judged, "n_run": n_run, "n_quiet": self._n_quiet}
        batch.add("ticks", ledger_rows.tick_row(self.league.name, self.identity, states, counts, now=now))
        batch.fact("clock_at", now.isoformat(), league=self.league.name)
        self._n_quiet = 0
