"""The scorecard: one row a league and day, kept for ever: complete, on time, quality, incidents, accuracy, streak, budget."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from statistics import fmean
from typing import Any

from tipoff.core import quota
from tipoff.core.clock import league_day, midnight
from tipoff.core.incident import Incident
from tipoff.core.league import League
from tipoff.core.obligation import State
from tipoff.core.records import ObligationRecord
from tipoff.core.severity import Severity
from tipoff.core.step import SourceWork
from tipoff.ledger import Ledger, quota_use
from tipoff.ledger.alerts import incidents_opened, touched_by_hand
from tipoff.ledger.reader import LeagueRecords

Row = dict[str, Any]
ACCURACY = "accuracy"  # the check whose value is the day's mean absolute error
BUDGET = 0.02  # share of a phase's obligations that may be late over a window
WINDOW = timedelta(days=30)
SCORED_FOR = 3  # mornings on which a day's row is made anew
_BARS = "▁▂▃▄▅▆▇█"
_BY_HAND = frozenset({"acked", "snoozed", "note"})


def score(ledger: Ledger, league: League, day: date, now: datetime) -> Row:
    """Return the scorecard's row of `day` as the ledger stands; it is made anew while the day can still change."""
    required = {step.name: step for step in league.steps if not step.optional}
    records = ledger.of(league.name)
    owed = [one for one in records.obligations(day=day) if one.output in required]
    units = sum(one.n_units - one.n_excused for one in owed)
    proven = sum(one.n_proven for one in owed)
    late = _late(records, day, owed)
    made = [one for one in owed if one.state != State.EXCUSED.value]
    marks = {(mark.output, mark.unit) for mark in records.marks(day) if mark.kind != "overtaken"}
    measured = records.measured(day=day)
    checks = Counter(one.status for one in measured)
    n_checks = checks["ok"] + checks["failed"]
    n_lost = sum(one.state == State.LOST.value for one in owed)
    incidents = _incidents(ledger, league, day)
    loud = [incident for incident in incidents if incident.severity >= Severity.ERROR]
    return {
        "league": league.name,
        "day": day,
        "complete": proven / units if units else None,
        "on_time": 1 - len(late) / len(made) if made else None,
        "quality": 1 - len(marks) / proven if proven else None,
        "checks_ok": checks["ok"] / n_checks if n_checks else None,
        "n_lost": n_lost,
        "n_incidents": len(loud),
        **_handled(ledger, incidents, {(one.output, str(one.day)): one.due_at for one in owed}),
        "mae": next((one.value for one in measured if one.check == ACCURACY), None),
        "quota_ratio": _quota_ratio(ledger, day),
        "is_clean": _was_kept(ledger, league, day) and bool(owed) and proven == units and not n_lost and not loud,
        "late_by_phase": json.dumps(Counter(required[name].phase.value for name in late)),
        "failed_by_source": json.dumps(_failures(records, league, day)),
        "at": now,
    }


def _late(records: LeagueRecords, day: date, owed: Sequence[ObligationRecord]) -> list[str]:
    """Return the outputs some unit of which first arrived after it was due, or has not arrived."""
    due = {one.output: one.due_at for one in owed}
    late = {
        arrival.output
        for arrival in records.arrivals(day)
        if arrival.output in due and arrival.first_at > (arrival.due_at or due[arrival.output])
    }
    unmet = {State.LATE.value, State.LOST.value}
    return [one.output for one in owed if one.state in unmet or one.output in late]


def _was_kept(ledger: Ledger, league: League, day: date) -> bool:
    """Whether this home ran before the day was over: of what was before it, nothing can be said."""
    since = ledger.facts(league.name).get("since")
    return since is None or datetime.fromisoformat(since) < midnight(day + timedelta(days=1))


def _incidents(ledger: Ledger, league: League, day: date) -> list[Incident]:
    begin, end = midnight(day), midnight(day + timedelta(days=1))
    return incidents_opened(ledger.rows, league.name, since=begin, before=end)


def _handled(ledger: Ledger, incidents: Sequence[Incident], due: Mapping[tuple[str, str], datetime]) -> Row:
    """Return how soon incidents were told and over, how many healed without a hand, how many were false alarms."""
    by_hand = touched_by_hand(ledger.rows, _BY_HAND)
    repaired = [(one.closed_at - one.opened_at).total_seconds() for one in incidents if one.closed_at]
    healed = [one.id not in by_hand for one in incidents if one.closed_at]
    detected, n_false = [], 0
    for incident in incidents:
        slates = {(output, day) for output, day, _ in (effect.split("|", 2) for effect in incident.effects)}
        begins = [due[slate] for slate in slates if slate in due]
        detected += [max(0.0, (incident.opened_at - min(begins)).total_seconds())] if begins else []
        n_false += incident.told >= Severity.ERROR and all(
            at is not None and at <= incident.opened_at for at in incident.effects.values()
        )
    return {
        "n_false": n_false,
        "detect_s": fmean(detected) if detected else None,
        "repair_s": fmean(repaired) if repaired else None,
        "self_healed": sum(healed) / len(healed) if healed else None,
    }


def _quota_ratio(ledger: Ledger, day: date) -> float | None:
    """Return the greatest share of a daily limit of the warehouse that the day has used; None where nothing was counted."""
    end = midnight(day + timedelta(days=1)) - timedelta(microseconds=1)
    used = quota_use.read_used(ledger.rows, end, length=end - midnight(day))
    return max((use.ratio for use in quota.uses(used)), default=None)


def _failures(records: LeagueRecords, league: League, day: date) -> dict[str, int]:
    sources = {step.name: step.work.source for step in league.steps if isinstance(step.work, SourceWork)}
    found: Counter[str] = Counter()
    for output, n in records.failures(day).items():
        if output in sources:
            found[sources[output]] += n
    return dict(found)


def read_scorecards(ledger: Ledger, league: League, *, until: date | None = None, days: int = 0) -> list[Row]:
    """Return the rows kept, oldest first; of the last `days`, or all."""
    since = until - timedelta(days=days - 1) if until is not None and days else None
    return ledger.of(league.name).scorecards(since=since, until=until)


def streak(rows: Sequence[Row]) -> int:
    """Return how many days in a row, to the last, were clean."""
    n = 0
    for row in reversed(rows):
        if not row["is_clean"]:
            break
        n += 1
    return n


def budgets(rows: Sequence[Row], league: League) -> dict[str, float]:
    """Return what is left of each phase's error budget over the rows, as a share: 1 is untouched, below 0 is overspent.

    The first days draw on a whole window's budget.
    """
    n_steps = Counter(step.phase.value for step in league.steps if not step.optional)
    late: Counter[str] = Counter()
    for row in rows:
        late.update(json.loads(row["late_by_phase"]))
    n_days = max(len(rows), WINDOW.days)
    return {phase: 1 - late[phase] / (BUDGET * n * n_days) for phase, n in n_steps.items()} if rows else {}


def sparkline(values: Sequence[float | None]) -> str:
    """Return the values as bars between their least and greatest, and zeros as the least; a day without a value is a space."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0.0), max(known, default=1.0)
    span = (high - low) or 1.0
    full = high == low
    return "".join(
        " "
        if value is None
        else _BARS[-1 if value else 0]
        if full
        else _BARS[round((value - low) / span * (len(_BARS) - 1))]
        for value in values
    )


def scorecard_lines(rows: Sequence[Row], league: League) -> list[str]:
    """Return the scorecard as text: bars over the days, then what is to be known of them."""
    if not rows:
        return [f"{league.name}: no day has been scored yet; a monitor does it each morning (in a replay: --watch)"]
    first, last = rows[0]["day"], rows[-1]["day"]
    lines = [f"{league.name} {first} to {last}: {len(rows)} days, {streak(rows)} clean in a row"]
    for name, words in (
        ("complete", "complete"),
        ("on_time", "on time"),
        ("quality", "made on whole input"),
        ("checks_ok", "checks in order"),
        ("mae", "mean absolute error"),
        ("quota_ratio", "warehouse quota used"),
    ):
        values = [row[name] for row in rows]
        known = [value for value in values if value is not None]
        mean = "-" if not known else f"{fmean(known):.2f}" if name == "mae" else f"{fmean(known):.1%}"
        lines.append(f"  {words:<22}{mean:>7}  {sparkline(values)}")
    totals = {name: sum(row[name] for row in rows) for name in ("n_incidents", "n_false", "n_lost")}
    lines.append(
        f"  incidents {totals['n_incidents']}, of which false {totals['n_false']}; obligations lost {totals['n_lost']}"
    )
    if totals["n_incidents"]:
        lines.append(f"  told {_mean(rows, 'detect_s')} after due, over {_mean(rows, 'repair_s')} after told")
    left = budgets(rows, league)
    spent = ", ".join(
        f"{phase} {'OVERSPENT' if share < 0 else f'{share:.0%}'}" for phase, share in left.items() if share < 1
    )
    lines.append(
        f"  error budget left: {spent or 'all of it'}{', the rest all of it' if spent and len(left) > 1 else ''}"
    )
    failures: Counter[str] = Counter()
    for row in rows:
        failures.update(json.loads(row["failed_by_source"]))
    said = ", ".join(f"{source} {n}" for source, n in failures.items()) or "none"
    return [*lines, f"  failed requests by source: {said}"]


def _mean(rows: Sequence[Row], name: str) -> str:
    known = [row[name] for row in rows if row[name] is not None]
    return f"{fmean(known) / 3600:.1f} h" if known else "-"


def days_to_score(now: datetime, days: tuple[date, date]) -> list[date]:
    """Return the days whose row can still change: of the last `SCORED_FOR` that are over, those among `days`."""
    today = league_day(now)
    past = (today - timedelta(days=n) for n in range(SCORED_FOR, 0, -1))
    return [day for day in past if days[0] <= day <= days[1]]
