"""Comprehensive views: what was measured of a day, whether the work itself is well, what crossed each boundary."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tipoff.checks.work import OF_ANY_TIME, Span, work
from tipoff.core.clock import league_day
from tipoff.core.league import League
from tipoff.core.records import RunRecord
from tipoff.core.schema import Phase
from tipoff.core.severity import Severity
from tipoff.core.slate import OFF
from tipoff.core.wording import as_measured
from tipoff.ledger import Ledger
from tipoff.ledger.facts import league_facts
from tipoff.ledger.home_reader import unsent
from tipoff.ledger.reader import LeagueRecords
from tipoff.ledger.stores import MADE_ANEW

CRITICAL_GAP = timedelta(hours=6)
MOST_ERRORS = 10
LEAST_FINISHED = 0.8
LATE_TOO_LONG = timedelta(hours=4)
_MILD = {"runs_finish": Severity.WARNING, "one_build_and_settings": Severity.INFO}  # all else of the work is an error
NOT_MEASURED = "checks_are_run"
_SHOWN = 6


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One claim as it stands; `status` is ok, failed, accepted or not measurable."""

    name: str
    status: str
    severity: Severity
    value: float | None
    required: float | None
    measure: str
    note: str
    failing: tuple[str, ...] = ()

    @property
    def is_bad(self) -> bool:
        """Whether it does not hold."""
        return self.status == "failed"


def worst(lines: Iterable[ClaimLine]) -> Severity:
    """Return the worst severity of what does not hold; INFO for nothing."""
    return max((line.severity for line in lines if line.is_bad), default=Severity.INFO)


def _line(  # noqa: PLR0913 -- the parts of one line
    name: str,
    severity: Severity | None,
    value: float | None,
    required: float | None,
    measure: str,
    note: str = "",
    failing: Sequence[str] = (),
) -> ClaimLine:
    status = "ok" if severity is None else "failed"
    return ClaimLine(name, status, severity or Severity.INFO, value, required, measure, note, tuple(failing))


def last_day(ledger: Ledger, league: League, now: datetime) -> date | None:
    """Return the newest planned day that is over at `now`; none where nothing is planned."""
    return ledger.of(league.name).newest_day(before=league_day(now), but="digest")


# --- health: what was measured of a day


def health(ledger: Ledger, league: League, day: date) -> list[ClaimLine]:
    """Return what the checks measured of `day`, failures first; that nothing was is a failure too, of a day kept here."""
    measured = ledger.of(league.name).measured(day=day)
    live_since = league_facts(ledger, league.name).live_since
    if not measured and live_since is not None and day < live_since:
        note = f"this home is live since {live_since}: nothing was owed, and nothing was measured; --measure does it"
        return [ClaimLine(NOT_MEASURED, "not measurable", Severity.INFO, 0, len(league.checks), "checks", note)]
    if not measured:
        note = "no check has measured this day: no evidence is not good news; they run in the morning, in a replay with --watch"
        note = note if league.checks else "its catalog declares no check"
        return [_line(NOT_MEASURED, Severity.ERROR, 0, len(league.checks), "checks", note)]
    claims = {check.name: check.claim for check in league.checks}
    lines = []
    for one in measured:
        note, severity = one.note or claims.get(one.check, ""), Severity(one.severity)
        line = ClaimLine(one.check, one.status, severity, one.value, one.required, one.measure, note, one.failing)
        lines.append(line)
    rank = {"failed": 0, "accepted": 1, "not measurable": 2, "ok": 3}
    return sorted(lines, key=lambda line: (rank[line.status], -line.severity, line.name))


# --- workflow: the work itself


def workflow(ledger: Ledger, league: League, now: datetime, *, hours: float) -> list[ClaimLine]:
    """Return whether decisions were made, executed and ended in the last hours, and what waits."""
    since, records = now - timedelta(hours=hours), ledger.of(league.name)
    span = Span(records, since, now, now)
    return [
        *_work(span),
        _idle(span.runs),
        *_queue(records, unsent(ledger.rows), now),
        *_phases(records, league, now),
        *_costs(records, since),
    ]


def _work(span: Span) -> Iterator[ClaimLine]:
    for check in work():
        name = check.name.removeprefix("work.")
        if name not in OF_ANY_TIME:
            continue
        found = OF_ANY_TIME[name](span)
        severity = _MILD.get(name, Severity.ERROR)
        if name == "decided_without_gap" and (found.value or 0) >= CRITICAL_GAP / timedelta(minutes=1):
            severity = Severity.CRITICAL
        if name == "runs_finish" and sum(run.is_failure and not run.is_cut_off for run in span.runs) > MOST_ERRORS:
            severity = Severity.ERROR
        status = check.status(found).value
        yield ClaimLine(name, status, severity, found.value, check.required, check.measure, found.note, found.failing)


def _idle(runs: Sequence[RunRecord]) -> ClaimLine:
    n_finished = sum(run.state == "finished" for run in runs)
    n_idle = sum(run.state == "finished" and run.n_changed == 0 for run in runs)
    note = "polls and refreshes that found nothing new"
    return _line("runs_that_changed_nothing", None, n_idle / max(1, n_finished), None, "share", note)


def _queue(records: LeagueRecords, waiting: Sequence[datetime], now: datetime) -> Iterator[ClaimLine]:
    late = records.obligations(states=["late"])
    old = [owed for owed in late if now - owed.due_at > LATE_TOO_LONG]
    severity = Severity.ERROR if old else Severity.WARNING if late else None
    names = [f"{owed.output} {owed.day}: {owed.reason}" for owed in (old or late)[:_SHOWN]]
    yield _line("nothing_is_late", severity, len(late), 0, "obligations", f"{len(old)} for over 4 h", names)
    lost = records.obligations(states=["lost"])
    severity = Severity.ERROR if lost else None
    names = [f"{owed.output} {owed.day}" for owed in lost[:_SHOWN]]
    yield _line("nothing_is_lost", severity, len(lost), 0, "obligations", "", names)
    failing = [owed for owed in late if owed.failures >= 3]  # noqa: PLR2004 -- three times in a row
    severity = Severity.WARNING if failing else None
    yield _line("nothing_fails_again_and_again", severity, len(failing), 0, "obligations")
    held = records.conflicts(unresolved=True)
    severity = Severity.WARNING if held else None
    names = [f"{one.output} {one.day}: {one.kind} since {one.since:%m-%d %H:%M}" for one in held[:_SHOWN]]
    yield _line("writes_are_free", severity, len(held), 0, "conflicts", "", names)
    n_stale = sum(now - at > timedelta(hours=1) for at in waiting)
    severity = Severity.ERROR if n_stale else None
    yield _line("messages_go_out", severity, n_stale, 0, "messages over an hour old", f"{len(waiting)} waiting")


def _phases(records: LeagueRecords, league: League, now: datetime) -> Iterator[ClaimLine]:
    last = records.last_finished()
    open_now = {owed.output for owed in records.obligations(states=["late", "open", "running"])}
    for phase in Phase:
        names = [step.name for step in league.steps if step.phase is phase]
        times = [last[name] for name in names if name in last]
        if not times or not open_now & set(names):
            continue
        silent = now - max(times)
        hours = silent / timedelta(hours=1)
        severity = Severity.ERROR if silent > 2 * CRITICAL_GAP else Severity.WARNING if silent > CRITICAL_GAP else None
        yield _line(f"phase_{phase.value}_moves", severity, hours, 6, "hours since its last run")


def _costs(records: LeagueRecords, since: datetime) -> Iterator[ClaimLine]:
    asked = Counter(source for source, _ in records.requests(since=since))
    note = ", ".join(f"{source} {n}" for source, n in sorted(asked.items())) or "none"
    yield _line("requests_to_providers", None, asked.total(), None, "requests", note)
    spent = records.cost_by_output(since=since)
    dearest = sorted(((ms, output) for output, ms in spent.items()), reverse=True)[:3]
    note = ", ".join(f"{name} {ms / 1000:.1f} s" for ms, name in dearest)
    yield _line("work", None, sum(spent.values()) / 1000, None, "seconds", note)


# --- transitions and reconciliation: what crossed each boundary


def transitions(ledger: Ledger, league: League, days: Sequence[date]) -> list[ClaimLine]:
    """Return for each day and phase the share of the required units that are proven."""
    records = ledger.of(league.name)
    required = {step.name: step.phase for step in league.steps if not step.optional}
    lines = []
    for day in days:
        owed = records.obligations(day=day)
        for phase in Phase:
            of_phase = [one for one in owed if required.get(one.output) is phase]
            n_units = sum(one.n_units - one.n_excused for one in of_phase)
            if not n_units:
                continue
            share = sum(one.n_proven for one in of_phase) / n_units
            waits = {one.state for one in of_phase} & {"waiting", "open", "running", "held"}
            severity = None if share == 1 or waits else Severity.ERROR if share < LEAST_FINISHED else Severity.WARNING
            missing = [f"{one.output}: {unit}" for one in of_phase for unit in one.missing]
            note = "not all of it is due yet" if waits and share < 1 else ""
            name, measure = f"{day} {phase.value}", "share of units proven"
            lines.append(_line(name, severity, share, 1.0, measure, note, missing[:_SHOWN]))
    return lines


def reconcile(ledger: Ledger, league: League, day: date) -> list[ClaimLine]:
    """Return games by output against the schedule's, and whether what stands is what was written and what its inputs give."""
    records = ledger.of(league.name)
    on = {game.game_id for game in records.games(day) if game.status not in OFF}
    units = {output: proof.units for output, proof in records.proofs(day).items()}
    owed = {one.output: {unit.partition("|")[0] for unit in one.missing} for one in records.obligations(day=day)}
    measured = health(ledger, league, day)
    failing = {line.name for line in measured if line.is_bad}
    lines = []
    for step in league.steps:
        if not step.units.by_game or not on or step.name not in units:
            continue
        mine = units[step.name].values()
        excused = {unit.unit.partition("|")[0] for unit in mine if unit.excuse}
        expected = on - excused
        there = {unit.unit.partition("|")[0] for unit in mine if unit.n_rows} & expected
        empty = set()
        if f"{step.name}.games_are_there" not in failing:  # whether no row is right is that check's to say
            empty = expected - there - owed.get(step.name, expected)
        there |= empty
        note = f"{len(empty)} of them owe no row" if empty else ""
        share = len(there) / len(expected) if expected else 1.0
        bad = Severity.ERROR if share < LEAST_FINISHED else Severity.WARNING
        severity = None if share == 1 else Severity.WARNING if step.optional else bad
        missing = sorted(expected - there)[:_SHOWN]
        lines.append(_line(f"{step.name}.games", severity, share, 1.0, f"of {len(expected)} games", note, missing))
    wanted = (".is_still_there", ".is_what_its_inputs_give")
    return [*lines, *(line for line in measured if line.name.endswith(wanted) or line.name == NOT_MEASURED)]


def stores_have_it(lost: Sequence[str]) -> ClaimLine:
    """Return whether the stores have what is proven, from what they have lost."""
    severity, note = (Severity.ERROR, MADE_ANEW) if lost else (None, "")
    return _line("stores_have_what_is_proven", severity, len(lost), 0, "lost", note, lost)


# --- showing


def render_text(lines: Sequence[ClaimLine], *, every: bool) -> list[str]:
    """Return the lines as aligned text: what does not hold, then, with `every`, the rest; and the counts."""
    states = Counter(line.status for line in lines)
    shown = [line for line in lines if every or line.is_bad]
    text = []
    for line in shown:
        sign = line.severity.name if line.is_bad else line.status
        text.append(f"{sign:<15}{line.name:<52}{_measured(line)}")
        if line.note and (line.is_bad or every):
            text.append(f"{'':<15}{line.note}")
        text += [f"{'':<17}{name}" for name in line.failing[:_SHOWN]]
    counts = ", ".join(
        f"{states[name]} {name}" for name in ("ok", "failed", "accepted", "not measurable") if states[name]
    )
    return [*text, counts or "nothing was measured", *([] if every else _why_not(lines))]


def _why_not(lines: Sequence[ClaimLine]) -> list[str]:
    """Return why what could not be measured could not, the commonest reasons first."""
    reasons = Counter(line.note for line in lines if line.status == "not measurable" and line.note)
    said = [f"  not measurable: {n}, {reason}" for reason, n in reasons.most_common(_SHOWN)]
    more = len(reasons) - len(said)
    return [*said, f"  and {more} more reasons (--every shows all)"] if more > 0 else said


def _measured(line: ClaimLine) -> str:
    return "" if line.value is None else as_measured(line.value, line.required, line.measure)


def render_markdown(title: str, lines: Sequence[ClaimLine]) -> list[str]:
    """Return the lines as a Markdown table, failures first."""
    ordered = sorted(lines, key=lambda line: (not line.is_bad, -line.severity))
    head = [f"## {title}", "", "| | claim | measured | note |", "|---|---|---|---|"]
    return head + [
        f"| {line.severity.name if line.is_bad else line.status} | `{line.name}` | {_measured(line)} | {line.note} |"
        for line in ordered
    ]
