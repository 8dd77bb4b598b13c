"""Judging one obligation: what is owed, stale, let through by a gate, and to be done now; pure, of the book and the instant."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tipoff.core.gate import Evidence, Verdict
from tipoff.core.obligation import State, Verb, first_of
from tipoff.core.proof import UnitProof
from tipoff.core.slate import Game
from tipoff.core.step import SourceWork
from tipoff.core.wording import counted
from tipoff.engine import attempts, rules
from tipoff.engine.book import Book, Entry, Key, Reading
from tipoff.engine.gates import (
    came_too_late,
    excusing_inputs,
    gates,
    is_excused,
    not_kept,
    out_of_sight,
    own_units,
    ways_to,
    without_hope,
)
from tipoff.engine.inputs import made_from, own_parts, shared_parts, waits_for
from tipoff.engine.runplan import RunPlan, run_plans

_NOTHING_ON = "no game is on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is to be done about one obligation at one instant."""

    state: State
    verb: Verb
    reason: str
    until: datetime | None = None
    wake_at: datetime | None = None
    plans: tuple[RunPlan, ...] = ()
    excused: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    lost: frozenset[str] = frozenset()
    no_result: frozenset[str] = frozenset()
    look_by: datetime | None = None  # since when the day's schedule must have been seen, and has not been
    gates: Mapping[str, Verdict] = field(default_factory=dict)
    overtaken: tuple[str, ...] = ()  # closed units whose input has changed since


@dataclass(slots=True)
class _Tally:
    todo: dict[str, str] = field(default_factory=dict)
    closed_todo: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    ahead: list[str] = field(default_factory=list)  # not open yet
    unsure: list[str] = field(default_factory=list)  # closed unmade, and the schedule has not been seen since
    lost: list[str] = field(default_factory=list)
    no_result: list[str] = field(default_factory=list)
    fruitless: list[str] = field(default_factory=list)
    overtaken: list[str] = field(default_factory=list)
    looks: list[datetime] = field(default_factory=list)
    wakes: list[datetime] = field(default_factory=list)

    @property
    def work(self) -> dict[str, str]:
        """All units that are to be made, with what from."""
        return self.todo | self.closed_todo


def judge(book: Book, entry: Entry, now: datetime, busy: frozenset[Key] = frozenset()) -> Judgement | None:
    """Judge `entry` at `now`; None when it must be judged again after the runs of `busy` have ended."""
    obligation = entry.obligation
    if entry.running is not None:  # also one whose lease has ended since the tick began: the next tick expires it
        return Judgement(
            state=State.RUNNING,
            verb=Verb.WAIT,
            reason=f"run {entry.running.run_id} is live",
            until=entry.running.until,
            wake_at=entry.running.until,
            excused=entry.excused,
            missing=entry.missing,
            lost=entry.lost,
            no_result=entry.no_result,
        )
    if obligation.opens_at is None:
        return Judgement(state=State.WAITING, verb=Verb.WAIT, reason="its start is not known yet")
    if now < obligation.opens_at:
        return Judgement(state=State.WAITING, verb=Verb.WAIT, reason="not yet open", wake_at=obligation.opens_at)
    excused = excuses(book, entry, now)
    tally = _go_through(book, entry, now, excused)
    if tally.work and waits_for(book, entry, busy):
        return None
    edge_gates, verdicts = gates(book, entry, now, tally.work)
    return _conclude(book, entry, now, excused, tally, edge_gates, verdicts)


def judged_anew(book: Book, now: datetime) -> Iterator[tuple[Entry, Judgement]]:
    """Yield what is judged of everything, in the order of the days and of the catalog, whatever was taken up before."""
    for entry in sorted(book.entries.values(), key=lambda entry: (entry.obligation.day, entry.order)):
        found = judge(book, entry, now)
        if found is not None:
            entry.excused, entry.lost, entry.no_result = found.excused, found.lost, found.no_result
            yield entry, found


def excuses(book: Book, entry: Entry, now: datetime) -> dict[str, str]:
    """Return the units that owe nothing, with reasons: the game is off, its input excused, its key not set, or not kept yet."""
    found: dict[str, str] = {}
    slate, excusing = book.slates[entry.obligation.day], excusing_inputs(book, entry)
    is_schedule = entry.step.name == book.league.schedule
    for unit, game in entry.obligation.units.items():
        if game is None:
            if not is_schedule and not slate.played and not entry.step.of_empty_days:
                found[unit] = _NOTHING_ON
        elif game.status.is_off:
            found[unit] = game.status.value
        else:
            reason = _inherited(book, entry, unit, game, excusing)
            if reason:
                found[unit] = reason
        reason = "" if unit in found else not_kept(book, entry, unit, now)
        if reason:
            found[unit] = reason
    return found


def _inherited(book: Book, entry: Entry, unit: str, game: Game, excusing: Iterable[Reading]) -> str:
    for reading in excusing:
        if all(is_excused(book, way.input.table, game, unit) for way in ways_to(book, entry, reading)):
            units, source = (
                own_units(book, reading.input.table, game, unit),
                book.entries[reading.input.table, game.day],
            )
            proven = source.proof.units.get(units[0]) if source.proof else None
            return source.excused.get(units[0]) or (proven.excuse if proven else "") or "excused"
    return ""


def _go_through(book: Book, entry: Entry, now: datetime, excused: Mapping[str, str]) -> _Tally:
    tally, since = _Tally(), book.since.get(entry.step.name)
    obligation = entry.obligation
    proven = entry.proof.units if entry.proof else {}
    shared = shared_parts(book, entry)
    refresh = rules.refresh_of(entry.step.timing, book.slates.get(obligation.day), now)
    is_refreshing = attempts.is_refreshing(entry, refresh, now)
    stands = proven.keys() - entry.gone.keys() if entry.step.name in book.off else ()  # nobody can be asked of it
    for unit, game in obligation.units.items():
        if unit in excused or unit in stands:
            continue
        proof, times = proven.get(unit), obligation.times[unit]
        if not times.is_open(now):
            if proof is None:
                tally.ahead.append(unit)
            continue
        if proof is None:
            _note_missing(book, entry, unit, now, tally)
        made = made_from([*shared, *own_parts(book, entry, unit, game)])
        if unit in entry.gone:  # made again after its close too, and then only as it was
            tally.missing.append(unit)
            _note_work(entry, unit, made, tally)
        elif times.is_closed(now) or rules.is_past(entry.step, times, obligation.day, since, now):
            _note_closed(book, entry, unit, made, now, tally)
        elif _is_stale(book, entry, proof, made, now, tally, refresh=refresh, is_refreshing=is_refreshing):
            _note_work(entry, unit, made, tally)
        if times.closes_at is not None:
            tally.wakes.append(times.closes_at)
    tally.wakes += [at for unit in tally.ahead if (at := obligation.times[unit].opens_at) is not None]
    tally.wakes = [at for at in tally.wakes if at > now]
    return tally


def _note_work(entry: Entry, unit: str, made: str, tally: _Tally) -> None:
    """Take up a unit to be made, unless that was tried from the same input for nothing."""
    if entry.attempted.get(unit) == made:
        tally.fruitless.append(unit)
    else:
        tally.todo[unit] = made


def _note_missing(book: Book, entry: Entry, unit: str, now: datetime, tally: _Tally) -> None:
    """Take up a unit that is not made: when it falls due, when the schedule is to be seen for it, whether it has a result."""
    obligation, game, times = entry.obligation, entry.obligation.units[unit], entry.obligation.times[unit]
    tally.missing.append(unit)
    if times.due_at is not None:
        tally.wakes.append(times.due_at)
    if game is not None:
        tally.wakes += rules.look_instants(times, game)
        look_by = rules.look_by(times, game, now)
        seen_at = book.seen_at(obligation.day)
        if look_by is not None and (seen_at is None or seen_at < look_by):
            tally.looks.append(look_by)
        if _has_no_result(book, entry, unit, game, now):
            tally.no_result.append(unit)
    if times.closes_at is not None and obligation.closed(unit, now):
        tally.wakes.append(times.closes_at + rules.LOOK_NO_MORE)


def _has_no_result(book: Book, entry: Entry, unit: str, game: Game, now: datetime) -> bool:
    """Whether there is no result of `unit`: its source answers without it, or what it is made of has none."""
    times, work = entry.obligation.times[unit], entry.step.work
    if isinstance(work, SourceWork):
        polls, failures = entry.polls, entry.failures
        return _has_most(entry) and rules.has_no_result(times, game, work, polls=polls, failures=failures, now=now)
    for reading in book.readings[entry.step.name]:
        if reading.is_aligned and not reading.edge.optional and not reading.edge.one_of:
            table = reading.input.table
            seen = [book.evidence(table, game.day, own) for own in own_units(book, table, game, unit)]
            if Evidence.NO_RESULT in seen and Evidence.PROVEN not in seen:
                return True
    return False


def _has_most(entry: Entry) -> bool:
    """Whether at least half of the slate has come: where most is missing, the source has nothing."""
    owed = [unit for unit in entry.obligation.units if unit not in entry.excused]
    proven = entry.proof.units if entry.proof else {}
    return 2 * sum(unit in proven for unit in owed) >= len(owed)


def _note_closed(  # noqa: PLR0913 -- all of one rule
    book: Book, entry: Entry, unit: str, made: str, now: datetime, tally: _Tally
) -> None:
    proof = entry.proof.units.get(unit) if entry.proof else None
    is_empty = proof is not None and not proof.n_rows and came_too_late(book, entry, unit, made)
    if is_empty:
        _note_missing(book, entry, unit, now, tally)
    if proof is not None and not is_empty:
        if proof.made_from != made or entry.moved.get(unit) == proof:
            tally.overtaken.append(unit)
    elif rules.is_lost_once_closed(entry.step.work):
        game, times = entry.obligation.units[unit], entry.obligation.times[unit]
        is_sure = rules.is_confirmed(times, game, book.seen_at(entry.obligation.day), now)
        (tally.lost if is_sure else tally.unsure).append(unit)
    elif entry.attempted.get(unit) == made:
        tally.fruitless.append(unit)
    else:
        tally.closed_todo[unit] = made


def _is_stale(  # noqa: PLR0913 -- all of one rule
    book: Book,
    entry: Entry,
    proof: UnitProof | None,
    made: str,
    now: datetime,
    tally: _Tally,
    *,
    refresh: timedelta | None,
    is_refreshing: bool,
) -> bool:
    if proof is None or rules.has_changed_input(proof, made) or entry.moved.get(proof.unit) == proof:
        return True
    obligation = entry.obligation
    is_remade = entry.remake or rules.is_of_open_day(obligation.day, now)
    if is_remade and entry.proof and not book.is_current(entry.step.name, entry.proof.version_of(proof)):
        return True
    again = book.lacking.get(obligation.day) if entry.step.name == book.league.schedule else None
    tally.wakes += [again] if again is not None else []
    if any(at is not None and at <= now and rules.is_to_be_seen(at, proof) for at in (entry.look_by, again)):
        return True
    refresh_at = rules.refresh_at(proof, refresh, obligation.settles_at, now)
    if refresh_at is None:
        return False
    if now >= refresh_at or (is_refreshing and rules.is_half_way(proof, refresh, now)):
        return True
    tally.wakes += [refresh_at, *rules.refresh_instants(entry.step.timing, book.slates.get(obligation.day))]
    return False


def _conclude(  # noqa: PLR0913 -- the end of one judgement
    book: Book,
    entry: Entry,
    now: datetime,
    excused: Mapping[str, str],
    tally: _Tally,
    gates: Mapping[str, Verdict],
    verdicts: Mapping[str, list[Verdict]],
) -> Judgement:
    ready = {unit for unit, said in verdicts.items() if all(verdict.is_open for verdict in said)}
    resting = book.resting.get(entry.step.name)
    unseen = out_of_sight(book, entry, tally.work, now)
    waiting = unseen | {unit for unit, made in tally.work.items() if attempts.waits(entry, unit, made, now, resting)}
    to_make = {unit: made for unit, made in tally.work.items() if unit in ready and unit not in waiting}
    plans = run_plans(book, entry, now, to_make, verdicts)
    held = [unit for unit in verdicts if unit not in ready]
    hopeless = without_hope(book, entry, held)
    tally.lost += hopeless
    tally.wakes += [at for at in _ends_of_patience(book, entry, held) if at > now]
    again_at = attempts.again_at(entry, waiting, now)
    tally.wakes += [now + attempts.LEAST_WAIT] if unseen else []
    if waiting:
        tally.wakes += [at for at in (again_at, resting) if at is not None and at > now]
    is_held = len(held) > len(hopeless)
    wait = (_why_wait(entry, tally, waiting & ready, unseen), again_at) if waiting & ready else None
    verb, reason, until = _decision(entry, tally, gates if is_held else {}, plans, wait)
    return Judgement(
        state=_state(book, entry, now, tally, held, to_make),
        verb=verb,
        reason=reason,
        until=until,
        wake_at=min(tally.wakes, default=None),
        plans=plans,
        excused=excused,
        missing=tuple(tally.missing),
        lost=frozenset(tally.lost),
        no_result=frozenset(tally.no_result),
        look_by=max(tally.looks, default=None),
        gates=gates,
        overtaken=tuple(tally.overtaken),
    )


def _ends_of_patience(book: Book, entry: Entry, held: Iterable[str]) -> list[datetime]:
    """Return when a gate that holds may open by itself: its patience ends, or what it holds is due."""
    found = []
    for times in (entry.obligation.times[unit] for unit in held):
        if times.opens_at is not None:
            found += [times.opens_at + reading.edge.patience for reading in book.readings[entry.step.name]]
        if times.due_at is not None:
            found.append(times.due_at)
    return found


def _state(  # noqa: PLR0913 -- all of one judgement
    book: Book, entry: Entry, now: datetime, tally: _Tally, held: list[str], to_make: Mapping[str, str]
) -> State:
    if tally.lost:
        return State.LOST
    since, without = book.since.get(entry.step.name), book.without.get(entry.step.name, ())
    # what its input excused until now, and is being made, is not late yet; a source's key may flicker
    just_owed = set() if isinstance(entry.step.work, SourceWork) else to_make.keys() & entry.excused
    missing = [entry.obligation.times[unit] for unit in tally.missing if unit not in just_owed]
    if any(rules.is_late(times, since, now) and not rules.is_within(times.due_at, without) for times in missing):
        return State.LATE
    if tally.missing:
        return State.HELD if held else State.OPEN
    if tally.ahead:
        return State.WAITING
    return rules.state_of_met(entry.proof)


def _decision(
    entry: Entry,
    tally: _Tally,
    gates: Mapping[str, Verdict],
    plans: tuple[RunPlan, ...],
    wait: tuple[str, datetime | None] | None,
) -> tuple[Verb, str, datetime | None]:
    if plans:
        return Verb.RUN, _why_run(entry, plans), None
    if wait:
        return Verb.WAIT, *wait
    closed_gates = [f"{table}: {verdict.reason}" for table, verdict in gates.items() if not verdict.is_open]
    if closed_gates:
        return Verb.HOLD, "; ".join(closed_gates), None
    return _nothing_to_do(entry, tally)


def _nothing_to_do(entry: Entry, tally: _Tally) -> tuple[Verb, str, datetime | None]:
    """Return why nothing is made, where no wait and no gate is the reason."""
    if tally.lost:
        return Verb.SKIP, f"closed before it was made: {', '.join(tally.lost)}", None
    if tally.unsure:
        what = f"closed before it was made, and the schedule is looked at once more: {', '.join(tally.unsure)}"
        return Verb.WAIT, what, min(tally.wakes, default=None)
    if tally.fruitless:
        return Verb.ABORT, f"made without rows, or refused, from this input: {', '.join(tally.fruitless)}", None
    if tally.ahead:
        return Verb.WAIT, "the rest is not yet open", first_of(entry.obligation.times[u].opens_at for u in tally.ahead)
    return Verb.SKIP, "nothing is owed", None


def _why_wait(entry: Entry, tally: _Tally, waiting: set[str], unseen: set[str]) -> str:
    if waiting <= unseen:
        return f"its game may have begun, and the schedule does not say when: {', '.join(sorted(waiting))}"
    if entry.failures or entry.error:
        times = f"failed {counted(entry.failures, 'time')} in a row" if entry.failures else ""
        return "; ".join(filter(None, (entry.error, times)))
    if waiting <= entry.held.keys():
        return f"its own checks keep it from going out: {', '.join(sorted(waiting))}"
    if tally.no_result:
        return f"past its due time its source answers without a result, and holds nothing else: {', '.join(tally.no_result)}"
    return "the source has not published all of it"


def _why_run(entry: Entry, plans: tuple[RunPlan, ...]) -> str:
    units = {unit for plan in plans for unit in plan.units}
    missing = units - entry.proof.units.keys() if entry.proof else set()
    if entry.proof is None:
        why = "never made"
    elif missing:
        why, units = "units are missing", missing  # what is old beside them is made anew with them
    elif isinstance(entry.step.work, SourceWork) or entry.step.timing.refresh:
        why = "its proof is old"
    else:
        why = "its input has changed"
    return f"{why}: {len(units)} of {len(entry.obligation.units)} units"
