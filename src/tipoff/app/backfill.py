"""Backfill: making what is missing or outdated of past days, in order, and saying what was not made."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from tipoff.app.holder import lock
from tipoff.app.instance import Instance, ReplaySpec, clock_of
from tipoff.app.loop import Progress, replay
from tipoff.config import Settings
from tipoff.core.clock import SimClock, midnight
from tipoff.core.errors import UsageError
from tipoff.core.home import Home
from tipoff.core.league import League
from tipoff.core.obligation import NOT_KEPT_YET, State, Verb
from tipoff.core.step import SourceWork
from tipoff.core.wording import counted
from tipoff.engine.book import Entry, Key
from tipoff.engine.controller import Controller
from tipoff.engine.judge import Judgement, judge
from tipoff.ledger import Ledger
from tipoff.ledger.facts import league_facts

PATIENCE = timedelta(days=4)  # what has not come by then is listed, and the backfill ends
_UNKNOWN_MS = 5.0  # what a run is taken to cost that has never been made in this home


def scope_of(league: League, table: str) -> frozenset[str]:
    """Return the outputs of a backfill: all, or the one that is named; raises `UsageError` where there is no such output."""
    return frozenset({league.step(table).name}) if table else frozenset(step.name for step in league.steps)


def backfill(
    settings: Settings, spec: ReplaySpec, *, dry_run: bool, progress: Callable[[Progress], None]
) -> dict[str, Any]:
    """Make what is missing or stale in the days and outputs of `spec`; with `dry_run`, only say what that would be.

    Raises:
        UsageError: The days are not over at the home's clock, or the home belongs to another world.
    """
    home = settings.place
    with lock(home):
        clock = _clock(home, spec)
        instance = Instance(settings, spec, clock)
        try:
            before = instance.controller().survey(clock.now())
            plan = _plan(instance.ledger, spec.league, spec.days, before)
            if dry_run:
                return plan | {"dry_run": True}
            until = clock.now() + PATIENCE
            replay(instance, clock, until=until, progress=progress)
            after, made = instance.controller().survey(clock.now()), dict(instance.counts)
        finally:
            instance.close()
    return plan | {"dry_run": False, "made": made, "not_made": _not_made(after)}


def _clock(home: Home, spec: ReplaySpec) -> SimClock:
    """Return the home's clock; that of a home in which nothing was decided yet stands after the last day."""
    clock = clock_of(home, spec)
    with Ledger(home.ledger, read_only=True) as ledger:
        is_new = league_facts(ledger, spec.league.name).clock_at is None
    over = midnight(spec.days[1]) + timedelta(hours=60)
    if is_new:
        clock.advance_to(over)
    if clock.now() < over - timedelta(hours=24):
        msg = f"{spec.days[1]} is not over yet: this home's clock stands at {clock.now():%Y-%m-%d %H:%M} UTC"
        raise UsageError(msg, hint="a backfill makes past days; replay the others")
    return clock


def _plan(
    ledger: Ledger, league: League, days: tuple[date, date], judged: Iterable[tuple[Entry, Judgement]]
) -> dict[str, Any]:
    costs = {name: median(ms) for name, ms in ledger.of(league.name).run_costs().items()}  # of a run here, in ms
    runs: Counter[str] = Counter()
    requests: Counter[str] = Counter()
    waiting: Counter[str] = Counter()
    seen = set()
    for entry, judgement in judged:
        name = entry.step.name
        if name == league.schedule and entry.proof is not None:
            seen.add(entry.obligation.day)
        if judgement.verb is Verb.RUN:
            runs[name] += 1
            if isinstance(entry.step.work, SourceWork):
                requests[entry.step.work.source] += 1
        elif judgement.state not in {State.PROVEN, State.EXCUSED, State.LOST}:
            waiting[name] += 1
    n_days = (days[1] - days[0]).days + 1
    total_ms = sum(n * costs.get(name, _UNKNOWN_MS) for name, n in (runs + waiting).items())
    return {
        "league": league.name,
        "from": days[0],
        "to": days[1],
        "days": n_days,
        "days_without_schedule": n_days - len(seen),
        "runs": dict(runs),
        "waiting": dict(waiting),
        "requests": dict(requests),
        "estimate_s": round(total_ms / 1000, 1),
    }


def _not_made(judged: Iterable[tuple[Entry, Judgement]]) -> list[Mapping[str, Any]]:
    """List what of the backfill is not settled, was never owed here, or stands as it was although its input has changed."""
    found = []
    for entry, judgement in judged:
        slate = {"output": entry.step.name, "day": entry.obligation.day}
        never = [unit for unit, reason in judgement.excused.items() if reason == NOT_KEPT_YET]
        if not judgement.state.is_settled:
            missing = list(judgement.missing)
            found.append(slate | {"state": judgement.state.value, "why": judgement.reason, "missing": missing})
        elif judgement.overtaken:
            why = "closed: its input has changed since, and what was out before tip-off stays"
            found.append(slate | {"state": "overtaken", "why": why, "missing": list(judgement.overtaken)})
        if never:
            found.append(slate | {"state": State.EXCUSED.value, "why": NOT_KEPT_YET, "missing": never})
    return sorted(found, key=lambda row: (row["day"], row["output"]))


WAITED = timedelta(hours=1)  # in a running controller, for what is tried again


@dataclass(slots=True, kw_only=True)
class Remaking:
    """A backfill in a running controller: its obligations, until nothing of them is to be made any more."""

    controller: Controller
    since: datetime
    plan: Mapping[str, Any]
    entries: list[Entry]
    begun_with: Mapping[Key, int] = field(default_factory=dict)  # the fence of each proof
    is_over: bool = False

    @classmethod
    def of(cls, controller: Controller, ledger: Ledger, what: Mapping[str, Any], now: datetime) -> "Remaking":
        """Begin the backfill that is asked for; a dry run is over at once."""
        days = date.fromisoformat(what["from"]), date.fromisoformat(what["to"])
        entries = controller.remake(days, what["outputs"])
        judged = [(entry, found) for entry in entries if (found := judge(controller.book, entry, now)) is not None]
        plan = _plan(ledger, controller.book.league, days, judged) | {"dry_run": what["dry_run"]}
        if what["dry_run"]:
            for entry in entries:
                entry.remake = False
        fences = {entry.key: entry.proof.fence for entry in entries if entry.proof}
        mine = cls(controller=controller, since=now, plan=plan, entries=entries, begun_with=fences)
        mine.is_over = bool(what["dry_run"])
        return mine

    def look(self, now: datetime) -> Mapping[str, Any]:
        """Return how far it is; in the end, what was not made with the reason."""
        if self.is_over:
            return self.plan
        judged = [(entry, judge(self.controller.book, entry, now)) for entry in self.entries]
        until = self.since + WAITED
        n_left = sum(found is None or _is_under_way(found, until) for _, found in judged)
        self.is_over = not n_left or now >= until
        n_made = sum(
            entry.proof is not None and entry.proof.fence != self.begun_with.get(entry.key) for entry in self.entries
        )
        report = {**self.plan, "left": n_left, "made": {"finished": n_made}}
        known = ((entry, found) for entry, found in judged if found is not None)
        return report | {"not_made": _not_made(known)} if self.is_over else report


def _is_under_way(judged: Judgement, until: datetime) -> bool:
    is_tried_again = judged.verb is Verb.WAIT and judged.until is not None and judged.until < until
    return judged.verb is Verb.RUN or judged.state is State.RUNNING or (is_tried_again and bool(judged.missing))


def render_text(report: Mapping[str, Any]) -> list[str]:
    """Return what a person reads of a backfill."""
    span, n_runs = f"{report['league']} {report['from']} to {report['to']}", sum(report["runs"].values())
    if not (n_runs or report["waiting"] or report["days_without_schedule"]):
        return [f"{span}: nothing that could be made is missing or outdated", *_left(report)]
    lines = [f"{span}: {counted(n_runs, 'run')} to be made at once"]
    lines += [f"  {name:<26} {n}" for name, n in report["runs"].items()]
    if report["waiting"]:
        lines.append(f"  after these: {', '.join(f'{n} {name}' for name, n in report['waiting'].items())}")
    if report["days_without_schedule"]:
        lines.append(
            f"  {counted(report['days_without_schedule'], 'day')} whose schedule is not known yet: what they owe is seen then"
        )
    asked = ", ".join(f"{n} to {source}" for source, n in report["requests"].items()) or "none"
    beyond = ", and what these days owe" if report["days_without_schedule"] else ""
    lines.append(f"  requests: {asked}; about {report['estimate_s']} s of work{beyond}")
    if report["dry_run"]:
        return [*lines, "nothing was made: a dry run"]
    made = report["made"]
    done, unchanged, failed = (made.get(name, 0) for name in ("finished", "unchanged", "failed"))
    found_nothing = f", of which {unchanged} found nothing new; {failed} more failed" if "unchanged" in made else ""
    return [*lines, f"made: {counted(done, 'run')}{found_nothing}", *_left(report)]


def _left(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was not made, each with its reason; nothing of a dry run."""
    if report["dry_run"]:
        return
    yield f"not made: {len(report['not_made'])}"
    for row in report["not_made"]:
        n_units = f", {counted(len(row['missing']), 'unit')}" if row["missing"] else ""
        yield f"  {row['state'].upper()} {row['output']} {row['day']}{n_units} ({row['why'].partition(':')[0]})"
