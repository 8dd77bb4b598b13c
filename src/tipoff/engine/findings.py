"""Findings: what the engine measured that a person may have to know, each with the one thing that it is blamed on."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from tipoff.core.errors import (
    Closed,
    ErrorKind,
    Fenced,
    InputGone,
    NotBegun,
    SourceError,
    WarehouseError,
    WriteConflict,
)
from tipoff.core.gate import Evidence
from tipoff.core.obligation import State
from tipoff.core.severity import Severity
from tipoff.core.step import SourceWork
from tipoff.engine.book import Book, Entry, Key
from tipoff.engine.budget import RunBudget
from tipoff.engine.claim import Claim, Outcome
from tipoff.ledger.rows import finding

Row = dict[str, Any]

CONTROLLER, EXECUTOR, WAREHOUSE, CLOCK, STORE = "controller", "executor", "warehouse", "clock", "store"
SOON_DUE = timedelta(minutes=15)  # before it is due, from which on a publication that is held is an error
NOT_MET = frozenset({State.LATE, State.LOST, State.RUNNING})  # what was told as late or lost is still so in these
_SHOWN = 20  # units named in a row; the rest are counted
_REASONS = 3  # why rows are quarantined, in a line
_MOST_OF_LIMIT = 0.8
_LACKING = (Evidence.MISSING, Evidence.NO_RESULT)


def cause_of(claim: Claim, error: Exception | None, blame: str = "") -> str:
    """Return what a run's trouble is blamed on: `source:`, `step:`, `table:`, the warehouse or the executor.

    `blame` is what its obligation is late for: whatever that is also made the run come after its close.
    """
    match error:
        case Closed() if blame:
            return blame
        case SourceError():
            return claim.step.own_cause
        case WriteConflict():
            return f"table:{claim.step.table.full_name}"
        case WarehouseError():
            return WAREHOUSE
        case Fenced() | InputGone():
            return EXECUTOR if isinstance(error, Fenced) else STORE
        case _:
            return claim.step.own_cause


def blamed(book: Book, entry: Entry, gap: tuple[datetime, datetime] | None) -> str:
    """Return what an unmet obligation is blamed on: the silence of the controller, if it fell into one; else its root cause."""
    if gap is not None:
        begin, end = gap
        times = entry.obligation.times.values()
        ends = [at for unit in times for at in (unit.due_at, unit.closes_at) if at is not None]
        opens_at = entry.obligation.opens_at
        if opens_at is not None and opens_at < end and any(begin < at <= end for at in ends):
            return CONTROLLER
    return root_cause(book, entry)


def blame_for(book: Book, entry: Entry, refused: Iterable[str]) -> str:
    """Return what refused units are blamed on: an input of theirs that has not come, else the step or its provider."""
    day = entry.obligation.day
    for unit in refused:
        game = entry.obligation.units.get(unit)
        for reading in book.readings[entry.step.name]:
            source = book.entries.get((reading.input.table, day))
            if game is None or source is None or reading.edge.optional or not reading.is_aligned:
                continue
            own = book.units_of_game(reading.input.table, day, game.game_id)
            if any(book.evidence(reading.input.table, day, name) in _LACKING for name in own):
                return root_cause(book, source)
    return entry.step.own_cause


def moves(entry: Entry, state: State, now: datetime) -> bool:
    """Take an obligation's state over, and return whether it is another: what was told as late and is no more was met now.

    Some of its units may be owed still: what rests on the others waits for it no longer. What is made again was met before.
    """
    if entry.state is state and entry.since is not None:
        return False
    entry.state, entry.since = state, now
    if entry.blame and entry.met_at is None and state not in NOT_MET:
        entry.met_at = now
    return True


def tells(entry: Entry, blame: str) -> None:
    """Remember what an obligation is told to be late or lost for, until it is met."""
    entry.blame, entry.met_at = blame, None


def root_cause(book: Book, entry: Entry) -> str:
    """Return what an unmet obligation is blamed on: the trouble of the first unmet thing upstream of it, as that was told.

    What was told may have tried again since, for units that are not lost yet, and met other trouble.
    """
    first, seen = entry, set[Key]()
    while entry.key not in seen:
        seen.add(entry.key)
        upstream = next(_unmet_inputs(book, entry), None)
        if upstream is None:
            break
        entry = upstream
    as_told = entry.blame if entry.met_at is None else ""  # what else of its slate was made has not met it
    if entry is not first and as_told:
        return as_told
    return entry.cause or _late_upstream(book, entry) or as_told or entry.step.own_cause


def _late_upstream(book: Book, entry: Entry) -> str:
    """Return the blame of the first thing upstream that stands now and did not when `entry` was due; empty where there is none.

    The schedule is upstream of its whole day: what it names is not known before. It says nothing of what was told late already.
    """
    day, due_at = entry.obligation.day, entry.obligation.due_of(entry.missing) or entry.obligation.due_at
    if due_at is None:
        return ""
    read = [(r.input.table, *r.input.window.bounds(day, book.season_of(day))) for r in book.readings[entry.step.name]]
    is_told = bool(entry.blame) and entry.met_at is None
    for table, first, last in [*([] if is_told else [(book.league.schedule, day, day)]), *read]:
        for (name, other), source in book.entries.items():
            if name == table and first <= other <= last and _came_late(source, entry.missing, due_at):
                return source.blame
    return ""


def _came_late(source: Entry, units: Iterable[str], due_at: datetime) -> bool:
    """Whether what was told as late was met no earlier than `due_at`; where it lacks others still, whether `units` of it were."""
    if source.met_at is not None:
        return source.met_at >= due_at
    made = source.proof.units if source.proof and source.blame else {}
    return any((as_of := made[unit].as_of) is not None and as_of >= due_at for unit in units if unit in made)


def _unmet_inputs(book: Book, entry: Entry) -> Iterator[Entry]:
    day, due_first = entry.obligation.day, _games_due_first(entry)
    for reading in book.readings[entry.step.name]:
        is_open, _ = entry.gates.get(reading.input.table, (True, ""))
        lets_through = is_open and bool(entry.gates)
        games = due_first if reading.is_aligned else frozenset()
        first, last = reading.input.window.bounds(day, book.season_of(day))
        for (table, other), source in sorted(book.entries.items(), key=lambda item: item[0][1]):
            is_read = table == reading.input.table and first <= other <= last
            if is_read and (not lets_through or entry.lost & source.lost) and _is_unmet(book, source, games):
                yield source


def _games_due_first(entry: Entry) -> frozenset[str]:
    """Return the games whose missing units were due first: what other games wait for has made nothing late yet."""
    owed, due_at = entry.obligation, entry.obligation.due_of(entry.missing)
    late = (owed.units[unit] for unit in entry.missing if unit in owed.units and owed.times[unit].due_at == due_at)
    return frozenset(game.game_id for game in late if game is not None and due_at is not None)


def _is_unmet(book: Book, entry: Entry, games: frozenset[str]) -> bool:
    return entry.state is not State.WAITING and any(
        book.evidence(entry.step.name, entry.obligation.day, unit) in _LACKING
        for unit, game in entry.obligation.units.items()
        if not games or (game is not None and game.game_id in games)
    )


def unmet_finding(entry: Entry, cause: str, *, now: datetime, since: datetime) -> Row:
    """Return the finding that an obligation is late or lost; what was due before this home ran (`since`) wakes nobody."""
    obligation = entry.obligation
    severity = Severity.ERROR if entry.state is State.LATE else Severity.CRITICAL
    if entry.step.optional:
        severity = Severity.WARNING
    due_at = obligation.due_of(entry.missing) or obligation.due_at
    if due_at is not None and due_at <= since:
        severity = Severity.INFO
    was_due = f"; was due at {due_at:%Y-%m-%d %H:%M} UTC" if due_at else ""
    n_units = len(obligation.units)
    why = entry.reason or "not proven"
    why += f"; {entry.error}" if entry.error not in why else ""
    return finding(
        (obligation.league, obligation.output, obligation.day),
        "obligation_is_met",
        cause,
        severity,
        f"{entry.state.value}: {why}{was_due}",
        now=now,
        missing=entry.missing,
        coverage=1 - len(entry.missing) / n_units if n_units else 1.0,
    )


def storm_finding(entry: Entry, budget: RunBudget, now: datetime) -> Row:
    """Return the finding that an obligation has used up its runs: something makes it over and over."""
    obligation = entry.obligation
    note = f"{budget.today[entry.key]} runs in a day, {budget.tick[entry.key]} of them at one instant; it is left alone for now"
    where = obligation.league, obligation.output, obligation.day
    return finding(where, "runs_are_bounded", entry.cause or entry.step.own_cause, Severity.ERROR, note, now=now)


def run_findings(
    outcome: Outcome, own: str, rejects: list[tuple[str, str]], *, now: datetime, blame: str = ""
) -> Iterator[Row]:
    """Yield what one run has to tell: how it failed, what it refused, what its source said strangely, how long it took.

    `own` is what its own trouble is blamed on, `blame` what its obligation is late for.
    """
    claim = outcome.claim
    where = (claim.slate.league, claim.step.name, claim.slate.day)
    asked = len(claim.plan.units)
    if rejects:
        reasons = sorted({reason for reason, _ in rejects})
        told = "; ".join(reasons[:_REASONS]) + ("; …" if len(reasons) > _REASONS else "")
        note = f"{len(rejects)} rows quarantined: {told}"
        yield finding(where, "rows_are_usable", own, Severity.WARNING, note, now=now, missing=reasons)
    if outcome.strangers:
        strangers = sorted(set(outcome.strangers))
        note = f"its source names games that the schedule does not have: {'; '.join(strangers[:_SHOWN])}"
        yield finding(where, "games_are_expected", own, Severity.ERROR, note, now=now, missing=strangers)
    if outcome.withheld:
        note = "; ".join(f"{unit}: {reason}" for unit, reason in list(outcome.withheld.items())[:_SHOWN])
        may_wait = claim.due_at is not None and now < claim.due_at - SOON_DUE
        severity = Severity.WARNING if may_wait else Severity.ERROR
        yield finding(where, "publication_is_held", own, severity, note, now=now, missing=sorted(outcome.withheld))
    refused = dict(outcome.written.refused) if outcome.written else {}
    refused = {unit: reason for unit, reason in refused.items() if unit not in outcome.withheld}
    if refused:
        note = "; ".join(f"{unit}: {reason}" for unit, reason in list(refused.items())[:_SHOWN])
        share = 1 - len(refused) / max(asked, 1)
        yield finding(
            where, "units_are_accepted", own, Severity.ERROR, note, now=now, missing=sorted(refused), coverage=share
        )
    if outcome.written and outcome.written.missing and not isinstance(claim.step.work, SourceWork):
        missing = sorted(outcome.written.missing)
        note = f"no row, and no reason why, for {', '.join(missing[:_SHOWN])}"
        yield finding(where, "units_have_rows", own, Severity.ERROR, note, now=now, missing=missing)
    if outcome.written and outcome.written.doubts:
        doubts = {unit: what for unit, what in outcome.written.doubts.items() if unit not in claim.plan.may_be_empty}
        note = "; ".join(f"{unit}: {what}" for unit, what in list(doubts.items())[:_SHOWN])
        if doubts:
            yield finding(where, "values_are_known", own, Severity.WARNING, note, now=now, missing=sorted(doubts))
    if outcome.notes:
        yield finding(where, "source_is_consistent", own, Severity.WARNING, "; ".join(outcome.notes), now=now)
    yield from _ending(outcome, own, where, now, blame)


def _ending(outcome: Outcome, own: str, where: tuple[str, str, Any], now: datetime, blame: str) -> Iterator[Row]:
    claim, error = outcome.claim, outcome.error
    unanswered = [note for note in outcome.fetches if note.outcome in {"error", "refused"}]
    if unanswered and error is None:
        note = "; ".join(sorted({fetch.note for fetch in unanswered}))
        yield finding(where, "source_answers", own, Severity.WARNING, note, now=now)
    if isinstance(error, NotBegun):
        return
    if error is not None and error.kind is not ErrorKind.NOT_YET:
        cause = cause_of(claim, error, blame)
        passes = isinstance(error, SourceError) and error.kind is ErrorKind.TRANSIENT and error.mends_itself
        severity = Severity.WARNING if claim.step.optional and passes else Severity.ERROR
        yield finding(where, "run_ends_well", cause, severity, f"{error} ({error.hint})", now=now)
    elif outcome.took > _MOST_OF_LIMIT * claim.step.time_limit:
        note = f"it took {outcome.took.total_seconds():.0f} s of {claim.step.time_limit.total_seconds():.0f} s"
        yield finding(where, "run_is_in_time", own, Severity.WARNING, note, now=now)
