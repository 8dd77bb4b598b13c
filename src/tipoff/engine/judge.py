"""Judging one obligation: what is owed, what is stale, what a gate lets through, what to do now and when to look again.

A pure function of the book and the instant.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tipoff.core.clock import league_day
from tipoff.core.decision import Verb
from tipoff.core.gate import Evidence, Verdict
from tipoff.core.obligation import State
from tipoff.core.proof import UnitProof
from tipoff.core.slate import Game
from tipoff.core.step import PublishWork, SourceWork
from tipoff.core.window import WindowKind
from tipoff.engine.book import SAME_DAY, Book, Entry, Key, Reading, made_from
from tipoff.engine.gates import gates, has_no_history, own_units, without_hope

_NOTHING_ON = "no game is on"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """One run to be made: its units with the digest of what each is made from, and the one instant that it sees."""

    units: Mapping[str, str]
    as_of: datetime
    may_be_empty: frozenset[str]
    partial: Mapping[str, tuple[str, ...]]  # units let through without all input, with what is missing
    expected: frozenset[str] = frozenset()  # every unit of the obligation
    closes: Mapping[str, datetime] = field(default_factory=dict)  # when each may no longer be written
    least_rows: Mapping[str, int] = field(default_factory=dict)
    retrospective: bool = False


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
    gates: Mapping[str, Verdict] = field(default_factory=dict)
    overtaken: tuple[str, ...] = ()  # closed units whose input has changed since


@dataclass(slots=True)
class _Tally:
    """What was found while going through the units."""

    todo: dict[str, str] = field(default_factory=dict)
    closed_todo: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    fruitless: list[str] = field(default_factory=list)
    overtaken: list[str] = field(default_factory=list)
    wakes: list[datetime] = field(default_factory=list)


def judge(book: Book, entry: Entry, now: datetime, busy: frozenset[Key] = frozenset()) -> Judgement | None:
    """Judge `entry` at `now`; None when it must be judged again after the runs of `busy` have ended."""
    obligation = entry.obligation
    if entry.running is not None and now < entry.running.until:
        return Judgement(
            state=State.RUNNING,
            verb=Verb.WAIT,
            reason=f"run {entry.running.run_id} is live",
            until=entry.running.until,
            wake_at=entry.running.until,
            excused=entry.excused,
            missing=entry.missing,
        )
    if now < obligation.opens_at:
        return Judgement(state=State.WAITING, verb=Verb.WAIT, reason="not yet open", wake_at=obligation.opens_at)
    excused = excuses(book, entry)
    tally = _go_through(book, entry, now, excused)
    if (tally.todo or tally.closed_todo) and _waits_for(book, entry, busy):
        return None
    if now < obligation.due_at and tally.missing:
        tally.wakes.append(obligation.due_at)
    edge_gates, verdicts = gates(book, entry, now, {**tally.todo, **tally.closed_todo})
    return _conclude(book, entry, now, excused, tally, edge_gates, verdicts)


def excuses(book: Book, entry: Entry) -> dict[str, str]:
    """Return the units that owe nothing, each with its reason: its game is off, or its own input is excused."""
    found: dict[str, str] = {}
    slate = book.slates[entry.obligation.day]
    is_schedule = entry.step.name == book.league.schedule
    for unit, game in entry.obligation.units.items():
        if game is None:
            if not is_schedule and not slate.played:
                found[unit] = _NOTHING_ON
        elif game.status.is_off:
            found[unit] = game.status.value
        else:
            reason = _inherited(book, entry, unit, game)
            if reason:
                found[unit] = reason
    return found


def _inherited(book: Book, entry: Entry, unit: str, game: Game) -> str:
    for reading in book.readings[entry.step.name]:
        if reading.edge.optional or not reading.is_aligned:
            continue
        table = reading.input.table
        units = own_units(book, table, game, unit)
        if units and all(book.evidence(table, game.day, own) is Evidence.EXCUSED for own in units):
            source = book.entries[table, game.day]
            proven = source.proof.units.get(units[0]) if source.proof else None
            return source.excused.get(units[0]) or (proven.excuse if proven else "") or "excused"
    return ""


def _go_through(book: Book, entry: Entry, now: datetime, excused: Mapping[str, str]) -> _Tally:
    tally = _Tally()
    proven = entry.proof.units if entry.proof else {}
    shared = _shared_parts(book, entry)
    is_refreshing = _is_refreshing(entry, now)
    for unit, game in entry.obligation.units.items():
        if unit in excused:
            continue
        proof = proven.get(unit)
        made = made_from([*shared, *_own_parts(book, entry, unit, game)])
        if proof is None:
            tally.missing.append(unit)
        if entry.obligation.closed(unit, now):
            _note_closed(entry, unit, proof, made, tally)
        elif _is_stale(book, entry, proof, made, now, tally, is_refreshing=is_refreshing):
            if entry.attempted.get(unit) == made:
                tally.fruitless.append(unit)
            else:
                tally.todo[unit] = made
        closes_at = entry.obligation.closes_at.get(unit)
        if closes_at is not None and closes_at > now:
            tally.wakes.append(closes_at)
    return tally


def _note_closed(entry: Entry, unit: str, proof: UnitProof | None, made: str, tally: _Tally) -> None:
    if proof is not None:
        if proof.made_from != made:
            tally.overtaken.append(unit)
    elif isinstance(entry.step.work, PublishWork | SourceWork):
        tally.lost.append(unit)
    elif entry.attempted.get(unit) == made:
        tally.fruitless.append(unit)
    else:
        tally.closed_todo[unit] = made


def _is_stale(  # noqa: PLR0913 -- all of one rule
    book: Book, entry: Entry, proof: UnitProof | None, made: str, now: datetime, tally: _Tally, *, is_refreshing: bool
) -> bool:
    if proof is None or proof.made_from != made:
        return True
    is_open_day = entry.obligation.day >= league_day(now) - timedelta(days=1)
    version = book.loaded[entry.step.name].version
    if (is_open_day or entry.remake) and entry.proof is not None and entry.proof.step_version != version:
        return True
    refresh = entry.step.timing.refresh
    if refresh is None or proof.as_of is None:
        return False
    due, settles_at = proof.as_of + refresh, entry.obligation.settles_at
    if settles_at is not None and due > settles_at:
        return False  # the last look was close enough to the end
    if now >= due or (is_refreshing and now >= proof.as_of + refresh / 2):
        return True
    tally.wakes.append(due)
    return False


def _is_refreshing(entry: Entry, now: datetime) -> bool:
    """Whether some unit is due for its refresh; what is half-way to its own then goes with it, for one answer serves both."""
    refresh = entry.step.timing.refresh
    if refresh is None or entry.proof is None:
        return False
    return any(unit.as_of is not None and now >= unit.as_of + refresh for unit in entry.proof.units.values())


def _shared_parts(book: Book, entry: Entry) -> list[str]:
    day = entry.obligation.day
    parts = []
    for reading in book.readings[entry.step.name]:
        window, table = reading.input.window, reading.input.table
        if reading.is_aligned or not reading.edge.cascades:
            continue
        if window.kind in SAME_DAY:
            parts.append(book.digest(table, day))
        elif window.kind is WindowKind.LATEST:
            newest = book.newest_proven(table, day)
            parts.append(f"{newest}:{book.digest(table, newest) if newest else ''}")
        else:
            parts.append(book.window_digest(table, *window.bounds(day, book.season)))
    return parts


def _own_parts(book: Book, entry: Entry, unit: str, game: Game | None) -> list[str]:
    parts = []
    for reading in book.readings[entry.step.name]:
        if not reading.is_aligned or not reading.edge.cascades:
            continue
        table = reading.input.table
        if game is None:
            parts.append(book.digest(table, entry.obligation.day))
        elif _is_spared(book, reading, game, unit):
            parts.append("spared")
        else:
            parts.append(book.unit_hashes(table, game.day, own_units(book, table, game, unit)))
    return parts


def _is_spared(book: Book, reading: Reading, game: Game, unit: str) -> bool:
    """Whether the input that this one stands in for has arrived."""
    main = reading.edge.stands_in_for
    if not main:
        return False
    return all(book.evidence(main, game.day, own) is Evidence.PROVEN for own in own_units(book, main, game, unit))


def _waits_for(book: Book, entry: Entry, busy: frozenset[Key]) -> bool:
    if not busy:
        return False
    for reading in book.readings[entry.step.name]:
        first, last = reading.input.window.bounds(entry.obligation.day, book.season)
        if any(table == reading.input.table and first <= day <= last for table, day in busy):
            return True
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
    obligation = entry.obligation
    ready = {unit for unit, said in verdicts.items() if all(verdict.is_open for verdict in said)}
    not_before = max((at for at in (entry.not_before, book.resting.get(entry.step.name)) if at), default=None)
    waits = not_before is not None and now < not_before and not _has_new_input(entry, tally)
    plans = () if waits else _plans(book, entry, now, tally, ready, verdicts)
    held = [unit for unit in verdicts if unit not in ready]
    hopeless = without_hope(book, entry, now, held)
    tally.lost += hopeless
    if held:
        patience = [obligation.opens_at + reading.edge.patience for reading in book.readings[entry.step.name]]
        tally.wakes += [instant for instant in (*patience, obligation.due_at) if instant > now]
    if waits and not_before is not None and verdicts:
        tally.wakes.append(not_before)
    state = _state(entry, now, tally, held)
    is_held = len(held) > len(hopeless)
    verb, reason, until = _decision(entry, tally, gates if is_held else {}, plans, ready=ready, waits=waits)
    return Judgement(
        state=state,
        verb=verb,
        reason=reason,
        until=until,
        wake_at=min(tally.wakes, default=None),
        plans=plans,
        excused=excused,
        missing=tuple(tally.missing),
        gates=gates,
        overtaken=tuple(tally.overtaken),
    )


def _has_new_input(entry: Entry, tally: _Tally) -> bool:
    """Whether something that a transform failed on has changed since: that is worth an attempt at once."""
    todo = {**tally.todo, **tally.closed_todo}
    return any(made != todo.get(unit, made) for unit, made in entry.failed_on.items())


def _state(entry: Entry, now: datetime, tally: _Tally, held: list[str]) -> State:
    if tally.lost:
        return State.LOST
    if not tally.missing:
        return State.PROVEN if entry.proof is not None and _has_rows(entry) else State.EXCUSED
    if now >= entry.obligation.due_at:
        return State.LATE
    return State.HELD if held else State.OPEN


def _has_rows(entry: Entry) -> bool:
    return entry.proof is not None and any(not unit.excuse for unit in entry.proof.units.values())


def _decision(  # noqa: PLR0913 -- the facts of one decision
    entry: Entry,
    tally: _Tally,
    gates: Mapping[str, Verdict],
    plans: tuple[RunPlan, ...],
    *,
    ready: set[str],
    waits: bool,
) -> tuple[Verb, str, datetime | None]:
    if plans:
        return Verb.RUN, _why_run(entry, plans), None
    if waits and ready:
        what = f"failed {entry.failures} times in a row" if entry.failures else "the source has not published all of it"
        return Verb.WAIT, what, entry.not_before
    closed_gates = [f"{table}: {verdict.reason}" for table, verdict in gates.items() if not verdict.is_open]
    if closed_gates:
        return Verb.HOLD, "; ".join(closed_gates), None
    if tally.lost:
        return Verb.SKIP, f"closed before it was made: {', '.join(tally.lost)}", None
    if tally.fruitless:
        return Verb.ABORT, f"made without rows, or refused, from this input: {', '.join(tally.fruitless)}", None
    return Verb.SKIP, "nothing is owed", None


def _why_run(entry: Entry, plans: tuple[RunPlan, ...]) -> str:
    n_units = sum(len(plan.units) for plan in plans)
    if entry.proof is None:
        why = "never made"
    elif any(unit not in entry.proof.units for plan in plans for unit in plan.units):
        why = "units are missing"
    elif isinstance(entry.step.work, SourceWork) or entry.step.timing.refresh:
        why = "its proof is old"
    else:
        why = "its input has changed"
    return f"{why}: {n_units} of {len(entry.obligation.units)} units"


def _plans(  # noqa: PLR0913 -- all that a plan is told
    book: Book,
    entry: Entry,
    now: datetime,
    tally: _Tally,
    ready: set[str],
    verdicts: Mapping[str, list[Verdict]],
) -> tuple[RunPlan, ...]:
    groups: dict[datetime, dict[str, str]] = {}
    for unit, made in tally.todo.items():
        if unit in ready:
            groups.setdefault(now, {})[unit] = made
    for unit, made in tally.closed_todo.items():
        if unit in ready:
            groups.setdefault(entry.obligation.closes_at[unit], {})[unit] = made
    return tuple(
        RunPlan(
            units=units,
            as_of=as_of,
            may_be_empty=frozenset(unit for unit in units if has_no_history(book, entry, unit)),
            partial={
                unit: tuple(name for verdict in verdicts[unit] for name in verdict.missing)
                for unit in units
                if any(verdict.is_partial for verdict in verdicts[unit])
            },
            expected=frozenset(entry.obligation.units),
            closes={u: at for u, at in entry.obligation.closes_at.items() if u in units and as_of == now},
            least_rows=_least_rows(book, entry, units),
            retrospective=as_of != now,
        )
        for as_of, units in sorted(groups.items())
    )


def _least_rows(book: Book, entry: Entry, units: Iterable[str]) -> dict[str, int]:
    """Return how many rows each unit must have at the least: as many as its own units of `rows_as` are proven with."""
    table = entry.step.rows_as
    source = book.entries.get((table, entry.obligation.day))
    if source is None or source.proof is None:
        return {}
    proven = source.proof.units
    found = {}
    for unit in units:
        game = entry.obligation.units[unit]
        own = own_units(book, table, game, unit) if game else list(proven)
        n_rows = sum(proven[name].n_rows for name in own if name in proven)
        if n_rows:
            found[unit] = n_rows
    return found
