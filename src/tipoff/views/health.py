"""Comprehensive views: what was measured of a day, whether the work itself is well, what crossed each boundary.

Each gives the same lines: a claim, whether it holds, how bad it is where it does not, what was measured and what is required.
"""

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from tipoff.core.clock import league_day
from tipoff.core.finding import Severity
from tipoff.core.league import League
from tipoff.core.proof_text import read_units
from tipoff.core.schema import Phase
from tipoff.ledger import LEASE, Ledger, schema, watching

ERROR_GAP, CRITICAL_GAP = timedelta(hours=2), timedelta(hours=6)
MOST_ERRORS = 10
LEAST_FINISHED = 0.8
LATE_TOO_LONG = timedelta(hours=4)
NOT_MEASURED = "checks_are_run"
_SHOWN = 6
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One claim as it stands; `status` is ok, failed or not measurable."""

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


def worst(lines: Iterable[Line]) -> Severity:
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
) -> Line:
    """Return a line; without a severity the claim holds."""
    return Line(
        name=name,
        status="ok" if severity is None else "failed",
        severity=severity or Severity.INFO,
        value=value,
        required=required,
        measure=measure,
        note=note,
        failing=tuple(failing),
    )


def last_day(ledger: Ledger, league: League, now: datetime) -> date | None:
    """Return the newest planned day that is over at `now`; none where nothing is planned."""
    owed = schema.obligations
    query = select(func.max(owed.c.day).label("day")).where(
        owed.c.league == league.name, owed.c.output != "digest", owed.c.day < league_day(now)
    )
    found: date | None = ledger.rows(query)[0]["day"]
    return found


# --- health: what was measured of a day


def health(ledger: Ledger, league: League, day: date) -> list[Line]:
    """Return what the checks measured of `day`, failures first; that nothing was measured of a day is a failure too."""
    table = watching.measured
    rows = ledger.rows(select(table).where(table.c.league == league.name, table.c.day == day))
    if not rows:
        note = "no check has measured this day: no evidence is not good news"
        return [_line(NOT_MEASURED, Severity.ERROR, 0, len(league.checks), "checks", note)]
    claims = {check.name: check.claim for check in league.checks}
    lines = [
        Line(
            name=row["check"],
            status=row["status"],
            severity=Severity(row["severity"]),
            value=row["value"],
            required=row["required"],
            measure=row["measure"],
            note=row["note"] or claims.get(row["check"], ""),
            failing=tuple(json.loads(row["failing"])),
        )
        for row in rows
    ]
    rank = {"failed": 0, "not measurable": 1, "ok": 2}
    return sorted(lines, key=lambda line: (rank[line.status], -line.severity, line.name))


# --- workflow: the work itself


def workflow(ledger: Ledger, league: League, now: datetime, *, hours: float) -> list[Line]:
    """Return whether decisions were made, executed and ended in the last hours, and what waits."""
    since = now - timedelta(hours=hours)
    return [
        *_ticks(ledger, league, since, now),
        *_runs(ledger, league, since, now),
        *_queue(ledger, league, now),
        *_phases(ledger, league, now),
        *_watchers(ledger, now),
        *_costs(ledger, league, since),
    ]


def _ticks(ledger: Ledger, league: League, since: datetime, now: datetime) -> Iterator[Line]:
    ticks = schema.ticks
    here = (ticks.c.league == league.name, ticks.c.at > since)
    rows = ledger.rows(select(ticks).where(*here).order_by(ticks.c.id))
    gaps = [((later["at"] - one["at"]) / (later["n_quiet"] + 1), one["at"]) for one, later in itertools.pairwise(rows)]
    longest, at = max(gaps, default=(timedelta(0), now))
    severity = Severity.CRITICAL if longest >= CRITICAL_GAP else Severity.ERROR if longest >= ERROR_GAP else None
    note = f"from {at:%Y-%m-%d %H:%M} UTC" if severity else f"{len(rows)} ticks that did something"
    yield _line("no_decision_gap", severity, longest.total_seconds() / 60, 120, "minutes", note)
    builds = sorted({f"{row['build']} with settings {row['settings_hash']}" for row in rows})
    drift = Severity.INFO if len(builds) > 1 else None
    yield _line("one_build_and_settings", drift, len(builds), 1, "builds", "; ".join(builds))


def _runs(ledger: Ledger, league: League, since: datetime, now: datetime) -> Iterator[Line]:
    runs, decisions = schema.runs, schema.decisions
    rows = ledger.rows(select(runs).where(runs.c.league == league.name, runs.c.started_at > since))
    states = Counter(row["state"] for row in rows)
    stuck = [row for row in rows if row["state"] == "started" and row["lease_until"] + LEASE < now]
    severity = Severity.ERROR if stuck else None
    names = [f"run {row['id']} of {row['output']} {row['day']}" for row in stuck]
    yield _line("runs_come_to_an_end", severity, len(stuck), 0, "runs", f"{len(rows)} runs", names)
    bad = [
        row
        for row in rows
        if row["state"] == "expired" or (row["state"] == "failed" and row["error_kind"] != "not yet")
    ]
    done = states["finished"] + len(bad)
    share = states["finished"] / done if done else 1.0
    severity = Severity.ERROR if len(bad) > MOST_ERRORS else Severity.WARNING if share < LEAST_FINISHED else None
    names = [f"{row['output']} {row['day']}: {row['error'] or 'expired'}" for row in bad[:_SHOWN]]
    yield _line("runs_finish", severity, share, LEAST_FINISHED, "share", f"{len(bad)} did not", names)
    aborted = ledger.rows(
        select(decisions).where(
            decisions.c.league == league.name,
            decisions.c.at > since,
            decisions.c.verb == "ABORT",
            decisions.c.reason == "",
        )
    )
    severity = Severity.ERROR if aborted else None
    yield _line("aborts_have_reasons", severity, len(aborted), 0, "decisions")
    decided = ledger.rows(
        select(func.count().label("n")).where(
            decisions.c.league == league.name, decisions.c.at > since, decisions.c.verb == "RUN"
        )
    )[0]["n"]
    severity = Severity.ERROR if decided and not rows else None
    yield _line("decisions_are_executed", severity, len(rows), decided, "runs for decisions to run")
    idle = sum(row["state"] == "finished" and row["n_changed"] == 0 for row in rows)
    note = "polls and refreshes that found nothing new"
    yield _line("runs_that_changed_nothing", None, idle / max(1, states["finished"]), None, "share", note)


def _queue(ledger: Ledger, league: League, now: datetime) -> Iterator[Line]:
    owed, conflicts, notices = schema.obligations, schema.conflicts, watching.notices
    late = ledger.rows(select(owed).where(owed.c.league == league.name, owed.c.state == "late"))
    old = [row for row in late if now - row["due_at"] > LATE_TOO_LONG]
    severity = Severity.ERROR if old else Severity.WARNING if late else None
    names = [f"{row['output']} {row['day']}: {row['reason']}" for row in (old or late)[:_SHOWN]]
    yield _line("nothing_is_late", severity, len(late), 0, "obligations", f"{len(old)} for over 4 h", names)
    lost = ledger.rows(select(owed).where(owed.c.league == league.name, owed.c.state == "lost"))
    severity = Severity.ERROR if lost else None
    yield _line(
        "nothing_is_lost",
        severity,
        len(lost),
        0,
        "obligations",
        "",
        [f"{r['output']} {r['day']}" for r in lost[:_SHOWN]],
    )
    failing = [row for row in late if row["failures"] >= 3]  # noqa: PLR2004 -- three times in a row
    severity = Severity.WARNING if failing else None
    yield _line("nothing_fails_again_and_again", severity, len(failing), 0, "obligations")
    held = ledger.rows(select(conflicts).where(conflicts.c.league == league.name, conflicts.c.resolved_at.is_(None)))
    severity = Severity.WARNING if held else None
    names = [f"{row['output']} {row['day']}: {row['kind']} since {row['since']:%m-%d %H:%M}" for row in held[:_SHOWN]]
    yield _line("writes_are_free", severity, len(held), 0, "conflicts", "", names)
    waiting = ledger.rows(select(notices).where(notices.c.state.in_(["waiting", "claimed"])))
    stale = [row for row in waiting if now - row["at"] > timedelta(hours=1)]
    severity = Severity.ERROR if stale else None
    yield _line("messages_go_out", severity, len(stale), 0, "messages over an hour old", f"{len(waiting)} waiting")


def _phases(ledger: Ledger, league: League, now: datetime) -> Iterator[Line]:
    runs, owed = schema.runs, schema.obligations
    last = {
        row["output"]: row["at"]
        for row in ledger.rows(
            select(runs.c.output, func.max(runs.c.ended_at).label("at"))
            .where(runs.c.league == league.name, runs.c.state == "finished")
            .group_by(runs.c.output)
        )
    }
    open_now = {
        row["output"]
        for row in ledger.rows(
            select(owed.c.output).where(owed.c.league == league.name, owed.c.state.in_(["late", "open", "running"]))
        )
    }
    for phase in Phase:
        names = [step.name for step in league.steps if step.phase is phase]
        times = [last[name] for name in names if name in last]
        if not times or not open_now & set(names):
            continue
        silent = now - max(times)
        severity = (
            Severity.ERROR if silent > timedelta(hours=12) else Severity.WARNING if silent > CRITICAL_GAP else None
        )
        yield _line(
            f"phase_{phase.value}_moves", severity, silent.total_seconds() / 3600, 6, "hours since its last run"
        )


def _watchers(ledger: Ledger, now: datetime) -> Iterator[Line]:
    beats = {row["name"]: row["at"] for row in ledger.rows(select(watching.heartbeats))}
    if "monitor" not in beats:
        line = _line("monitor_looks", None, None, 60, "minutes", "no monitor has run in this home")
        yield Line(**{name: getattr(line, name) for name in Line.__slots__} | {"status": "not measurable"})
        return
    age = now - beats["monitor"]
    severity = Severity.ERROR if age > timedelta(hours=1) else None
    yield _line("monitor_looks", severity, age.total_seconds() / 60, 60, "minutes since its last look")


def _costs(ledger: Ledger, league: League, since: datetime) -> Iterator[Line]:
    fetches, runs = schema.fetches, schema.runs
    asked = {
        row["source"]: row["n"]
        for row in ledger.rows(
            select(fetches.c.source, func.count().label("n"))
            .where(fetches.c.league == league.name, fetches.c.at > since)
            .group_by(fetches.c.source)
        )
    }
    said = ", ".join(f"{source} {n}" for source, n in sorted(asked.items())) or "none"
    yield _line("requests_to_providers", None, sum(asked.values()), None, "requests", said)
    spent = ledger.rows(
        select(runs.c.output, func.sum(runs.c.cpu_ms).label("ms"))
        .where(runs.c.league == league.name, runs.c.started_at > since)
        .group_by(runs.c.output)
    )
    dearest = sorted(((row["ms"] or 0.0, row["output"]) for row in spent), reverse=True)[:3]
    note = ", ".join(f"{name} {ms / 1000:.1f} s" for ms, name in dearest)
    yield _line("work", None, sum(row["ms"] or 0.0 for row in spent) / 1000, None, "seconds", note)


# --- transitions and reconciliation: what crossed each boundary


def transitions(ledger: Ledger, league: League, days: Sequence[date]) -> list[Line]:
    """Return for each day and phase the share of the required units that are proven."""
    owed = schema.obligations
    required = {step.name: step.phase for step in league.steps if not step.optional}
    lines = []
    for day in days:
        rows = ledger.rows(select(owed).where(owed.c.league == league.name, owed.c.day == day))
        for phase in Phase:
            of_phase = [row for row in rows if required.get(row["output"]) is phase]
            n_units = sum(row["n_units"] - row["n_excused"] for row in of_phase)
            if not n_units:
                continue
            share = sum(row["n_proven"] for row in of_phase) / n_units
            waits = {row["state"] for row in of_phase} & {"waiting", "open", "running", "held"}
            severity = None if share == 1 or waits else Severity.ERROR if share < LEAST_FINISHED else Severity.WARNING
            missing = [f"{row['output']}: {unit}" for row in of_phase for unit in json.loads(row["missing"])]
            note = "not all of it is due yet" if waits and share < 1 else ""
            lines.append(
                _line(f"{day} {phase.value}", severity, share, 1.0, "share of units proven", note, missing[:_SHOWN])
            )
    return lines


def reconcile(ledger: Ledger, league: League, day: date) -> list[Line]:
    """Return games by output against the schedule's, and whether what stands is what was written and what its inputs give."""
    games = schema.games
    off = ("postponed", "moved", "cancelled")
    on = {
        row["game_id"]
        for row in ledger.rows(
            select(games.c.game_id).where(games.c.league == league.name, games.c.day == day, games.c.status.not_in(off))
        )
    }
    proofs = schema.proofs
    rows = ledger.rows(select(proofs).where(proofs.c.league == league.name, proofs.c.day == day))
    units = {row["output"]: read_units(row["units"]) for row in rows}
    table = schema.obligations
    standing = ledger.rows(select(table).where(table.c.league == league.name, table.c.day == day))
    owed = {row["output"]: {unit.partition("|")[0] for unit in json.loads(row["missing"])} for row in standing}
    measured = health(ledger, league, day)
    failing = {line.name for line in measured if line.is_bad}
    lines = []
    for step in league.steps:
        if not step.table.unit_columns or not on or step.name not in units:
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


# --- showing


def lines_in_words(lines: Sequence[Line], *, every: bool) -> list[str]:
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
    counts = ", ".join(f"{states[name]} {name}" for name in ("ok", "failed", "not measurable") if states[name])
    return [*text, counts or "nothing was measured", *([] if every else _why_not(lines))]


def _why_not(lines: Sequence[Line]) -> list[str]:
    """Return why what could not be measured could not, the commonest reasons first."""
    reasons = Counter(line.note for line in lines if line.status == "not measurable" and line.note)
    said = [f"  not measurable: {n}, {reason}" for reason, n in reasons.most_common(_SHOWN)]
    more = len(reasons) - len(said)
    return [*said, f"  and {more} more reasons (--every shows all)"] if more > 0 else said


def _measured(line: Line) -> str:
    if line.value is None:
        return ""
    required = f" of {line.required:.4g}" if line.required is not None else ""
    return f"{line.value:.4g}{required} ({line.measure})"


def lines_in_markdown(title: str, lines: Sequence[Line]) -> list[str]:
    """Return the lines as a Markdown table, failures first."""
    ordered = sorted(lines, key=lambda line: (not line.is_bad, -line.severity))
    head = [f"## {title}", "", "| | claim | measured | note |", "|---|---|---|---|"]
    return head + [
        f"| {line.severity.name if line.is_bad else line.status} | `{line.name}` | {_measured(line)} | {line.note} |"
        for line in ordered
    ]
