"""Checks of the work of a day, from the ledger alone: decided, executed, ended, waiting, what it cost, by which build.

What `OF_ANY_TIME` names is measured of a day by its check, and of the last hours by `tipoff check workflow`.

Most of what they measure is also told by the engine or by the sentinel the moment it happens; there they are of severity INFO, so
that one trouble has one message. What nobody else tells is a warning.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Self

from tipoff.core.check import Check, Measured, View
from tipoff.core.clock import league_day, midnight
from tipoff.core.records import ArrivalRecord, Records, RunRecord
from tipoff.core.severity import Severity
from tipoff.ledger import LEASE

INFO, WARNING = Severity.INFO, Severity.WARNING
_DAY = timedelta(days=1)
_USUAL, _LEAST = 14, 7  # days before, and how many of them must have had any work
_STORM, _ALWAYS = 5, 100  # so many times the most of a usual day, for as many times its games; so much is never a storm
_QUEUED = timedelta(hours=4)
_SOON = timedelta(hours=1)  # a decision is executed by then, or somebody is in its way
Look = Callable[[View], Measured]


def work() -> list[Check]:
    """Return the checks of the league's work, day by day."""
    return [
        _check("decided_without_gap", "no two ticks of the day lie more than two hours apart", minutes=120),
        _check("decisions_are_executed", "every decision to run was executed within the hour"),
        _check("aborts_have_reasons", "whatever is not run has a reason", severity=WARNING),
        _check("runs_end", "every run that began has ended, or its lease still lasts"),
        _check("runs_finish", "at least 80 % of the runs that ended did their work", required=0.8),
        _check("nothing_waits_long", "nothing of the day is over four hours late, or held by a write", _queue),
        _check(
            "outputs_are_in_time",
            "nine outputs in ten first arrived by when they were due",
            _in_time,
            required=0.9,
        ),
        _check(
            "cost_is_usual",
            "no provider is asked, and nothing is run, five times as often as on any usual day",
            _cost,
            severity=WARNING,
        ),
        _check("one_build_and_settings", "one build with one set of settings did the day's work"),
        _check("monitor_looks", "the monitor has looked within the hour", minutes=60),
    ]


def _check(  # noqa: PLR0913 -- a claim in one line
    name: str,
    claim: str,
    look: Look | None = None,
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
        look=look or partial(_of_day, name),
        required=required if minutes is None else minutes,
        at_most=minutes is not None,
        measure="share" if minutes is None else "minutes",
        do="tipoff check workflow LEAGUE",
    )


@dataclass(frozen=True, slots=True)
class Span:
    """The work of a league from one instant to another, as it is known `now`."""

    records: Records
    begin: datetime
    end: datetime
    now: datetime

    @classmethod
    def of_day(cls, view: View) -> Self:
        """Return a day's work, as far as it has gone."""
        return cls(view.records, midnight(view.day), min(view.now, midnight(view.day + _DAY)), view.now)

    @property
    def runs(self) -> Sequence[RunRecord]:
        """The runs that began in it."""
        return self.records.runs(since=self.begin, before=self.end)


def _of_day(name: str, view: View) -> Measured:
    return OF_ANY_TIME[name](Span.of_day(view))


def _share(n_bad: int, n: int, failing: Sequence[str], none: str) -> Measured:
    return Measured(value=1 - n_bad / n, failing=tuple(failing)) if n else Measured.nothing(none)


def _gaps(span: Span) -> Measured:
    known = [
        ((later.at - one.at) / (later.n_quiet + 1), one.at)
        for one, later in pairwise(span.records.ticks(since=span.begin - _DAY, before=span.end + _DAY))
        if later.at > span.begin and one.at < span.end
    ]
    if not known:
        return Measured.nothing("no two ticks to compare")
    longest, at = max(known)
    return Measured(value=longest.total_seconds() / 60, note=f"the longest from {at:%Y-%m-%d %H:%M} UTC")


def _executed(span: Span) -> Measured:
    until = min(span.end, span.now - _SOON)
    decisions = [one for one in span.records.decisions(since=span.begin, before=until) if one.verb == "RUN"]
    started: dict[tuple[str, date], list[datetime]] = defaultdict(list)
    for run in span.records.runs(since=span.begin, before=span.end + _SOON):
        started[run.output, run.day].append(run.started_at)
    bad = [
        f"{one.output} {one.day} at {one.at:%H:%M}"
        for one in decisions
        if not any(one.at <= at <= one.at + _SOON for at in started[one.output, one.day])
    ]
    return _share(len(bad), len(decisions), bad, "nothing was decided to run over an hour ago")


def _reasons(span: Span) -> Measured:
    found = span.records.decisions(since=span.begin, before=span.end)
    decisions = [one for one in found if one.verb != "RUN"]
    bad = [f"{one.verb} of {one.output} {one.day}" for one in decisions if not one.reason.strip()]
    return _share(len(bad), len(decisions), bad, "nothing was decided")


def _ended(span: Span) -> Measured:
    runs = span.runs
    stuck = [run for run in runs if run.state == "started" and run.lease_until + LEASE < span.now]
    names = [f"run {run.id} of {run.output} {run.day}" for run in stuck]
    return _share(len(stuck), len(runs), names, "nothing ran")


def _finished(span: Span) -> Measured:
    ended = [r for r in span.runs if r.state != "started" and r.error_kind != "not yet" and not r.is_cut_off]
    bad = [run for run in ended if run.state != "finished"]
    names = sorted({f"{run.output} {run.day}: {run.error or run.state}"[:160] for run in bad})
    return _share(len(bad), len(ended), names, "nothing ran to an end")


def _queue(view: View) -> Measured:
    owed, long_ago = view.records.obligations(day=view.day), view.now - _QUEUED
    held = [one for one in view.records.conflicts(day=view.day, unresolved=True) if one.since < long_ago]
    late = {one.output for one in owed if one.state == "late" and one.due_at < long_ago}
    bad = sorted(late | {one.output for one in held})
    return _share(len(bad), len(owed), bad, "nothing is owed")


def _in_time(view: View) -> Measured:
    owed = view.records.obligations(day=view.day)
    due = {one.output: one.due_at for one in owed if one.due_at < view.now and one.n_proven}
    arrived: dict[str, list[ArrivalRecord]] = defaultdict(list)
    for arrival in view.records.arrivals(view.day):
        if arrival.output in due:
            arrived[arrival.output].append(arrival)
    bad = []
    for output, units in arrived.items():
        due_at = min((unit.due_at for unit in units if unit.due_at is not None), default=due[output])
        if min(unit.first_at for unit in units) > due_at:
            bad.append(output)
    return _share(len(bad), len(arrived), sorted(bad), "nothing has arrived that is due")


def _cost(view: View) -> Measured:
    begin, end = midnight(view.day - _USUAL * _DAY), Span.of_day(view).end
    asked: dict[str, Counter[date]] = defaultdict(Counter)
    for source, at in view.records.requests(since=begin, before=end):
        asked[source][league_day(at)] += 1
    for at in view.records.run_starts(since=begin, before=end):
        asked["runs"][league_day(at)] += 1
    known, bad = _storms(asked, view.day, set().union(*asked.values()))
    if bad:  # days with far fewer games say nothing of this one
        n_games = {day: len(view.records.games(day)) for day in {view.day}.union(*asked.values())}
        known, bad = _storms(asked, view.day, {day for day, n in n_games.items() if _STORM * n >= n_games[view.day]})
    return _share(len(bad), len(known), sorted(bad), f"fewer than {_LEAST} days before with as many games")


def _storms(asked: Mapping[str, Counter[date]], day: date, usual: AbstractSet[date]) -> tuple[list[str], list[str]]:
    """Return of what enough usual days before are known, and what of that was asked for far more often than on any of them."""
    before = {name: [n for other, n in days.items() if other < day and other in usual] for name, days in asked.items()}
    known = [name for name, counts in before.items() if len(counts) >= _LEAST]
    return known, [name for name in known if asked[name][day] > max(_ALWAYS, _STORM * max(before[name]))]


def _builds(span: Span) -> Measured:
    ticks = span.records.ticks(since=span.begin, before=span.end)
    found = sorted({f"{tick.build} with settings {tick.settings_hash}" for tick in ticks})
    if not found:
        return Measured.nothing("no tick")
    return Measured(value=1 / len(found), failing=tuple(found) if len(found) > 1 else ())


def _monitor(span: Span) -> Measured:
    beat = span.records.beats().get(f"monitor {span.records.league}")
    if beat is None:
        return Measured.nothing("no monitor has run in this home")
    return Measured(value=abs(span.now - beat.at) / timedelta(minutes=1))


OF_ANY_TIME: Mapping[str, Callable[[Span], Measured]] = {
    "decided_without_gap": _gaps,
    "decisions_are_executed": _executed,
    "aborts_have_reasons": _reasons,
    "runs_end": _ended,
    "runs_finish": _finished,
    "one_build_and_settings": _builds,
    "monitor_looks": _monitor,
}
