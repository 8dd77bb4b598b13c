"""Checks of the work of a day, from the ledger alone: decided, executed, ended, waiting, what it cost, by which build.

Most of what they measure is also told by the engine or by the sentinel the moment it happens; there they are of severity INFO, so
that one trouble has one message. What nobody else tells is a warning.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import func, select

from tipoff.core.check import Check, Measured, View
from tipoff.core.clock import league_day, midnight
from tipoff.core.finding import Severity
from tipoff.ledger import LEASE, schema, watching

INFO, WARNING = Severity.INFO, Severity.WARNING
_DAY = timedelta(days=1)
_USUAL, _LEAST = 14, 7  # days before, and how many of them must have had any work
_STORM, _ALWAYS = 5, 100  # so many times the most of a usual day; so much is never a storm
_QUEUED = timedelta(hours=4)
_SOON = timedelta(hours=1)  # a decision is executed by then, or somebody is in its way
Look = Callable[[View], Measured]
Row = Mapping[str, Any]


def work(league: str) -> list[Check]:
    """Return the checks of the league's work, day by day."""
    return [
        _check(
            "decided_without_gap",
            "no two ticks of the day lie more than two hours apart",
            (4, 16),
            _gaps(league),
            minutes=120,
        ),
        _check(
            "decisions_are_executed", "every decision to run was executed within the hour", (4, 26), _executed(league)
        ),
        _check("aborts_have_reasons", "whatever is not run has a reason", (4,), _reasons(league), severity=WARNING),
        _check("runs_end", "every run that began has ended, or its lease still lasts", (8,), _ended(league)),
        _check(
            "runs_finish",
            "at least 80 % of the runs that ended did their work",
            (7, 8),
            _finished(league),
            required=0.8,
        ),
        _check(
            "nothing_waits_long", "nothing of the day is over four hours late, or held by a write", (9,), _queue(league)
        ),
        _check(
            "outputs_are_in_time",
            "nine outputs in ten first arrived by when they were due",
            (10,),
            _in_time(league),
            required=0.9,
        ),
        _check(
            "cost_is_usual",
            "no provider is asked, and nothing is run, five times as often as on any usual day",
            (32,),
            _cost(league),
            severity=WARNING,
        ),
        _check(
            "one_build_and_settings", "one build with one set of settings did the day's work", (33,), _builds(league)
        ),
        _check("monitor_looks", "the monitor has looked within the hour", (31,), _monitor, minutes=60),
    ]


def _check(  # noqa: PLR0913 -- a claim in one line
    name: str,
    claim: str,
    angles: tuple[int, ...],
    look: Look,
    *,
    severity: Severity = INFO,
    required: float = 1.0,
    minutes: float | None = None,
) -> Check:
    return Check(
        name=f"work.{name}",
        claim=claim,
        severity=severity,
        tables=(),
        look=look,
        required=required if minutes is None else minutes,
        at_most=minutes is not None,
        measure="share" if minutes is None else "minutes",
        angles=angles,
        do="tipoff check workflow LEAGUE",
    )


def _of_day(view: View) -> tuple[datetime, datetime]:
    return midnight(view.day), min(view.now, midnight(view.day + _DAY))


def _share(n_bad: int, n: int, failing: Sequence[str], none: str) -> Measured:
    return Measured(value=1 - n_bad / n, failing=tuple(failing)) if n else Measured.nothing(none)


def _gaps(league: str) -> Look:
    def look(view: View) -> Measured:
        ticks, (begin, end) = schema.ticks, _of_day(view)
        here = (ticks.c.league == league, ticks.c.at >= begin - _DAY, ticks.c.at < end + _DAY)
        known = [
            ((later["at"] - one["at"]) / (later["n_quiet"] + 1), one["at"])
            for one, later in pairwise(view.ledger(select(ticks).where(*here).order_by(ticks.c.id)))
            if later["at"] > begin and one["at"] < end
        ]
        if not known:
            return Measured.nothing("no two ticks to compare")
        longest, at = max(known)
        return Measured(value=longest.total_seconds() / 60, note=f"the longest from {at:%Y-%m-%d %H:%M} UTC")

    return look


def _executed(league: str) -> Look:
    def look(view: View) -> Measured:
        decisions, runs, (begin, end) = schema.decisions, schema.runs, _of_day(view)
        here = (decisions.c.league == league, decisions.c.verb == "RUN", decisions.c.at >= begin, decisions.c.at < end)
        rows = view.ledger(select(decisions.c.output, decisions.c.day, decisions.c.at).where(*here))
        started: dict[tuple[str, date], list[datetime]] = defaultdict(list)
        there = (runs.c.league == league, runs.c.started_at >= begin, runs.c.started_at < end + _SOON)
        for run in view.ledger(select(runs.c.output, runs.c.day, runs.c.started_at).where(*there)):
            started[run["output"], run["day"]].append(run["started_at"])
        bad = [
            f"{row['output']} {row['day']} at {row['at']:%H:%M}"
            for row in rows
            if not any(row["at"] <= at <= row["at"] + _SOON for at in started[row["output"], row["day"]])
        ]
        return _share(len(bad), len(rows), bad, "nothing was decided to run")

    return look


def _reasons(league: str) -> Look:
    def look(view: View) -> Measured:
        decisions, (begin, end) = schema.decisions, _of_day(view)
        here = (decisions.c.league == league, decisions.c.verb != "RUN", decisions.c.at >= begin, decisions.c.at < end)
        rows = view.ledger(
            select(decisions.c.output, decisions.c.day, decisions.c.verb, decisions.c.reason).where(*here)
        )
        bad = [f"{row['verb']} of {row['output']} {row['day']}" for row in rows if not row["reason"].strip()]
        return _share(len(bad), len(rows), bad, "nothing was decided")

    return look


def _runs(view: View, league: str) -> Sequence[Row]:
    runs, (begin, end) = schema.runs, _of_day(view)
    return view.ledger(select(runs).where(runs.c.league == league, runs.c.started_at >= begin, runs.c.started_at < end))


def _ended(league: str) -> Look:
    def look(view: View) -> Measured:
        rows = _runs(view, league)
        stuck = [row for row in rows if row["state"] == "started" and row["lease_until"] + LEASE < view.now]
        names = [f"run {row['id']} of {row['output']} {row['day']}" for row in stuck]
        return _share(len(stuck), len(rows), names, "nothing ran")

    return look


def _finished(league: str) -> Look:
    def look(view: View) -> Measured:
        ended = [row for row in _runs(view, league) if row["state"] != "started" and row["error_kind"] != "not yet"]
        bad = [row for row in ended if row["state"] != "finished"]
        names = sorted({f"{row['output']} {row['day']}: {row['error'] or row['state']}"[:160] for row in bad})
        return _share(len(bad), len(ended), names, "nothing ran to an end")

    return look


def _queue(league: str) -> Look:
    def look(view: View) -> Measured:
        owed, conflicts = schema.obligations, schema.conflicts
        rows = view.ledger(select(owed).where(owed.c.league == league, owed.c.day == view.day))
        held = view.ledger(
            select(conflicts).where(
                conflicts.c.league == league,
                conflicts.c.day == view.day,
                conflicts.c.resolved_at.is_(None),
                conflicts.c.since < view.now - _QUEUED,
            )
        )
        late = {row["output"] for row in rows if row["state"] == "late" and view.now - row["due_at"] > _QUEUED}
        bad = sorted(late | {row["output"] for row in held})
        return _share(len(bad), len(rows), bad, "nothing is owed")

    return look


def _in_time(league: str) -> Look:
    def look(view: View) -> Measured:
        owed, arrivals = schema.obligations, schema.arrivals
        due = {
            row["output"]: row["due_at"]
            for row in view.ledger(
                select(owed.c.output, owed.c.due_at).where(
                    owed.c.league == league, owed.c.day == view.day, owed.c.due_at < view.now, owed.c.n_proven > 0
                )
            )
        }
        query = select(
            arrivals.c.output, func.min(arrivals.c.first_at).label("at"), func.min(arrivals.c.due_at).label("due_at")
        ).where(arrivals.c.league == league, arrivals.c.day == view.day)
        first = {row["output"]: row for row in view.ledger(query.group_by(arrivals.c.output)) if row["output"] in due}
        bad = sorted(name for name, row in first.items() if row["at"] > (row["due_at"] or due[name]))
        return _share(len(bad), len(first), bad, "nothing has arrived that is due")

    return look


def _cost(league: str) -> Look:
    def look(view: View) -> Measured:
        fetches, runs = schema.fetches, schema.runs
        begin, end = midnight(view.day - _USUAL * _DAY), _of_day(view)[1]
        asked: dict[str, Counter[date]] = defaultdict(Counter)
        there = (fetches.c.league == league, fetches.c.at >= begin, fetches.c.at < end)
        for row in view.ledger(select(fetches.c.source, fetches.c.at).where(*there)):
            asked[row["source"]][league_day(row["at"])] += 1
        here = (runs.c.league == league, runs.c.started_at >= begin, runs.c.started_at < end)
        for row in view.ledger(select(runs.c.started_at).where(*here)):
            asked["runs"][league_day(row["started_at"])] += 1
        before = {name: [n for day, n in days.items() if day < view.day] for name, days in asked.items()}
        known = [name for name, usual in before.items() if len(usual) >= _LEAST]
        bad = [name for name in known if asked[name][view.day] > max(_ALWAYS, _STORM * max(before[name]))]
        return _share(len(bad), len(known), sorted(bad), f"fewer than {_LEAST} days before")

    return look


def _builds(league: str) -> Look:
    def look(view: View) -> Measured:
        ticks, (begin, end) = schema.ticks, _of_day(view)
        here = (ticks.c.league == league, ticks.c.at >= begin, ticks.c.at < end)
        query = select(ticks.c.build, ticks.c.settings_hash).where(*here).distinct()
        found = sorted(f"{row['build']} with settings {row['settings_hash']}" for row in view.ledger(query))
        if not found:
            return Measured.nothing("no tick")
        return Measured(value=1 / len(found), failing=tuple(found) if len(found) > 1 else ())

    return look


def _monitor(view: View) -> Measured:
    beats = watching.heartbeats
    found = view.ledger(select(beats.c.at).where(beats.c.name == "monitor"))
    if not found:
        return Measured.nothing("no monitor has run in this home")
    return Measured(value=max(0.0, (view.now - found[0]["at"]).total_seconds() / 60))
