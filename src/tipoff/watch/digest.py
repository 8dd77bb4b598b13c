"""The morning's digest: alive, yesterday complete, gates, accuracy, what is due today, what is open, how it goes."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from statistics import fmean
from textwrap import shorten
from typing import Any

from tipoff.core import quota
from tipoff.core.clock import LEAGUE_ZONE, league_day
from tipoff.core.incident import Incident
from tipoff.core.league import League
from tipoff.core.obligation import State
from tipoff.core.proof import Proof
from tipoff.core.records import ObligationRecord
from tipoff.core.severity import Severity
from tipoff.core.slate import OFF
from tipoff.core.step import PublishWork
from tipoff.core.wording import counted, some
from tipoff.ledger import Batch, Ledger, quota_use
from tipoff.ledger.facts import SEASON_UNKNOWN, BetweenSeasons, between_seasons, league_facts
from tipoff.watch.messages import between_text, named
from tipoff.watch.notices import Message
from tipoff.watch.scorecard import WINDOW, budgets, days_to_score, read_scorecards, score, sparkline, streak
from tipoff.watch.sentinel import REPLAYED, read_facts

Row = dict[str, Any]
_SHOWN = 6  # outputs that are owed, what is lost and those that predictions rest on first
_SETTLED = frozenset({State.PROVEN.value, State.EXCUSED.value})


def keep_score(ledger: Ledger, league: League, days: tuple[date, date], now: datetime) -> None:
    """Write the scorecard's rows of the days, among `days`, that can still change; a day between seasons has none."""
    batch = Batch()
    for day in days_to_score(now, days):
        if between_seasons(ledger, league.name, day) is None:
            batch.add("scorecards", score(ledger, league, day, now))
    ledger.commit(batch)


def newest_morning(ledger: Ledger, league: League, now: datetime) -> date:
    """Return the day of the newest digest: today's, or after a replay that of the morning after the last day that it knows."""
    newest = ledger.of(league.name).newest_day() if league_facts(ledger, league.name).clock_at else None
    return min(league_day(now), newest + timedelta(days=1)) if newest else league_day(now)


def digest(ledger: Ledger, league: League, day: date, now: datetime, incidents: Sequence[Incident]) -> Message:
    """Return the digest of `day`, which tells of the day before; `incidents` are the open ones.

    Of an earlier day it leaves out what is so only now: who is alive, gates, quotas, what is open.
    """
    yesterday, is_now = day - timedelta(days=1), day >= newest_morning(ledger, league, now)
    between = between_seasons(ledger, league.name, day)
    if between is not None and between_seasons(ledger, league.name, yesterday) is not None:
        return _at_rest(league, day, between, incidents)
    before, today = (_of_day(ledger, league, of) for of in (yesterday, day))
    known = league_facts(ledger, league.name)
    if known.no_season is not None and not before and not today:  # that nothing was owed is not known either
        told = (known.no_season.text, _alive(ledger, league, now), *known.off, *_open(incidents))
        found = _message(league, day, SEASON_UNKNOWN, told, incidents)
        return dataclasses.replace(found, severity=max(found.severity, Severity.ERROR))
    rows = read_scorecards(ledger, league, until=yesterday, days=WINDOW.days)
    required = {step.name for step in league.steps if not step.optional}
    owed = sorted(
        (one for one in before if one.state not in _SETTLED),
        key=lambda one: (one.state != State.LOST.value, one.output not in required),
    )
    games = {of: _games(ledger, league, of) for of in (yesterday, day)}
    answer = _answer(before, owed, games[yesterday], now)
    lines = [
        *([_alive(ledger, league, now)] if is_now else []),
        f"yesterday, {yesterday:%a %d %b}, {counted(games[yesterday], 'game')}: {answer}",
        *(f"  {phase}: {said}" for phase, said in _by_phase(league, before).items()),
        *(
            f"  {one.state.upper()} {one.output}: {shorten(one.reason, 120, placeholder='…')}{_due(one, now)}"
            for one in owed[:_SHOWN]
        ),
        *([f"  and {len(owed) - _SHOWN} more: tipoff grid {league.name}"] if len(owed) > _SHOWN else []),
        *(
            f"  {line}"
            for line in (without_rows(league, before, ledger.of(league.name).proof) if games[yesterday] else ())
        ),
        *(_lost_before(ledger, league, yesterday, now) if is_now else []),
        *([_gates(ledger, league, yesterday, now)] if is_now else []),
        _checks(ledger, league, yesterday),
        _accuracy(rows),
        *((*_quota(ledger, now), *known.off) if is_now else ()),
        *([between_text(between) if between else _today(league, day, today, games[day])] if is_now else []),
        *(_open(incidents) if is_now else []),
        *_trend(rows, league),
    ]
    return _message(league, day, f"yesterday {answer.partition(',')[0]}", lines, incidents if is_now else ())


def without_rows(
    league: League, owed: Iterable[ObligationRecord], proof: Callable[[str, date], Proof | None]
) -> list[str]:
    """Say of each required publication that is complete and has no row why its units are excused, in its proof too."""
    published = {step.name for step in league.steps if isinstance(step.work, PublishWork) and not step.optional}
    said = []
    for one in owed:
        if one.output in published and one.state == State.EXCUSED.value:
            units = found.units.values() if (found := proof(one.output, one.day)) else ()
            reasons = sorted({*one.excused.values(), *(unit.excuse for unit in units if unit.excuse)})
            excused = f"{counted(one.n_excused, 'unit')} excused: {'; '.join(reasons)}"
            said += [f"{one.output} of {one.day} has no row, {excused}"] if reasons else []
    return said


def _at_rest(league: League, day: date, between: BetweenSeasons, incidents: Sequence[Incident]) -> Message:
    still_open = _open(incidents) if incidents else []
    return _message(league, day, "between seasons", [between_text(between), *still_open], incidents)


def _message(league: League, day: date, answer: str, lines: Sequence[str], incidents: Sequence[Incident]) -> Message:
    worst = max((incident.severity for incident in incidents), default=Severity.INFO)
    wrong = "" if not incidents else f"; {counted(len(incidents), 'open incident')}"
    return Message(
        kind="digest",
        league=league.name,
        severity=Severity(worst),
        title=f"[{league.name}] {day:%a %d %b}: {answer}{wrong}",
        lines=tuple(lines),
    )


def _of_day(ledger: Ledger, league: League, day: date) -> list[ObligationRecord]:
    return [owed for owed in ledger.of(league.name).obligations(day=day) if owed.output != "digest"]


def _games(ledger: Ledger, league: League, day: date) -> int:
    return sum(game.status not in OFF for game in ledger.of(league.name).games(day))


def _answer(before: Sequence[ObligationRecord], owed: Sequence[ObligationRecord], n_games: int, now: datetime) -> str:
    if not before:
        return "nothing was owed"
    if owed:  # what comes days after the games is not missing the morning after
        answer = "NOT complete" if any(one.due_at <= now for one in owed) else "complete so far"
        return f"{answer}, {len(before) - len(owed)} of {len(before)} outputs"
    return f"complete, {len(before)} of {len(before)} outputs" if n_games else "complete, no game was on"


def _lost_before(ledger: Ledger, league: League, day: date, now: datetime) -> list[str]:
    """Say what of days before `day` was found to be lost within the last day: nobody worked when a digest would have told it."""
    lost = ledger.of(league.name).obligations(states=[State.LOST.value])
    late = [one for one in lost if one.day < day and now - one.since < timedelta(days=1) and one.output != "digest"]
    if not late:
        return []
    days = some(
        [f"{counted(n, 'output')} of {of}" for of, n in sorted(Counter(one.day for one in late).items())], _SHOWN
    )
    return [f"LOST before, and found since: {days}; tipoff grid {league.name}"]


def _due(owed: ObligationRecord, now: datetime) -> str:
    return f", due {owed.due_at.astimezone(LEAGUE_ZONE):%a %H:%M} New York" if owed.due_at > now else ""


def _alive(ledger: Ledger, league: League, now: datetime) -> str:
    alive_at = read_facts(ledger, league.name, now).alive_at  # quiet ticks leave no row of their own
    runs = ledger.of(league.name).runs(since=now - timedelta(days=1))
    if alive_at is None:
        return "orchestration: it has never decided anything"
    state = "alive" if now - alive_at < REPLAYED.error_after else "SILENT"
    n_cut_off = sum(run.is_cut_off for run in runs)
    n_failed = sum(run.state in {"failed", "expired"} for run in runs) - n_cut_off
    cut_off = f", {n_cut_off} cut off by a stop" if n_cut_off else ""
    at = f"{alive_at.astimezone(LEAGUE_ZONE):%a %H:%M} New York"
    return f"orchestration {state}, last seen {at}; {counted(len(runs), 'run')} in 24 h, {n_failed or 'none'} failed{cut_off}"


def _by_phase(league: League, rows: Sequence[ObligationRecord]) -> dict[str, str]:
    found = {owed.output: owed for owed in rows}
    said: dict[str, list[str]] = {}
    for step in league.steps:
        if step.name in found:
            said.setdefault(step.phase.value, []).append(found[step.name].state)
    return {
        phase: f"{sum(state in _SETTLED for state in states)} of {len(states)}"
        for phase, states in said.items()
        if not all(state in _SETTLED for state in states)
    }


def _gates(ledger: Ledger, league: League, yesterday: date, now: datetime) -> str:
    records = ledger.of(league.name)
    held = records.within(yesterday, date.max).held_gates()
    shut = sorted({f"{gate.output} waits for {gate.input}" for gate in held})
    lines = f"gates: {len(shut)} held" + (f" ({'; '.join(shut[:3])})" if shut else "")
    return (
        lines
        + "".join(f"; HALTED {halt.output or 'every publication'}, {halt.text}" for halt in records.halts(now))
        + "".join(
            f"; WAIVED {waiver.output} {waiver.day} by {waiver.by}: {waiver.reason}"
            for waiver in records.live_waivers(now)
        )
    )


def _checks(ledger: Ledger, league: League, day: date) -> str:
    measured = ledger.of(league.name).measured(day=day)
    states = Counter(one.status for one in measured)
    failed = [one.check for one in measured if one.status == "failed"]
    if not measured:
        return "checks: none were run"
    accepted = f", {states['accepted']} accepted" if states["accepted"] else ""
    return (
        f"checks: {states['ok']} in order, {len(failed)} not, {states['not measurable']} not measurable{accepted}"
        + (f" ({', '.join(failed[:4])})" if failed else "")
    )


def _quota(ledger: Ledger, now: datetime) -> list[str]:
    said = quota.fullest(quota_use.read_used(ledger.rows, now))
    return [f"quota: {said} at most, in the last 24 h"] if said else []


def _accuracy(rows: Sequence[Row]) -> str:
    known = [row["mae"] for row in rows if row["mae"] is not None]
    if not known:
        return "accuracy: not measured"
    week = [row["mae"] for row in rows[-7:] if row["mae"] is not None]
    recent = f"{fmean(week):.2f} over 7 days" if week else "none in 7 days"
    return f"accuracy: mean absolute error {recent}, {fmean(known):.2f} over {WINDOW.days}  {sparkline(known)}"


def _today(league: League, day: date, rows: Sequence[ObligationRecord], n_games: int) -> str:
    if not rows:
        return f"today, {day:%a %d %b}: nothing is planned yet"
    if not n_games:
        return f"today, {day:%a %d %b}: no game is on"
    waits = [owed for owed in rows if owed.state not in _SETTLED]
    required = {step.name for step in league.steps if not step.optional}
    due = sorted({owed.due_at for owed in waits if owed.output in required})
    first = f"; first due {due[0].astimezone(LEAGUE_ZONE):%a %H:%M} New York" if due else ""
    return f"today, {day:%a %d %b}, {counted(n_games, 'game')}: {counted(len(waits), 'output')} to come{first}"


def _open(incidents: Sequence[Incident]) -> list[str]:
    if not incidents:
        return ["open incidents: none"]
    lines = [f"open incidents: {len(incidents)}"]
    for incident in sorted(incidents, key=lambda one: -one.severity):
        acked = f", acknowledged by {incident.acked_by}" if incident.acked_by else ""
        since = f"since {incident.opened_at:%Y-%m-%d %H:%M} UTC"
        lines.append(f"  {Severity(incident.severity).name} {named(incident.cause)}, {since}{acked}")
    return lines


def _trend(rows: Sequence[Row], league: League) -> list[str]:
    if not any(row["complete"] is not None for row in rows):
        return []  # nothing was owed on any of these days
    clean = sparkline([float(row["is_clean"]) if row["complete"] is not None else None for row in rows])
    left = budgets(rows, league)
    worst = min(left, key=lambda phase: left[phase])
    said = f"{worst} has least, {left[worst]:.0%} left" if left[worst] >= 0 else f"{worst} has OVERSPENT it"
    return [
        f"{counted(streak(rows), 'clean day')} in a row; the last {counted(len(rows), 'day')}  {clean}",
        f"error budget of {WINDOW.days} days: {said}",
    ]
