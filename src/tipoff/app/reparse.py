"""Raw rows made anew from the archive: by today's parsers, from the answers that they were made from; nobody is asked."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from tipoff.app.holder import lock
from tipoff.app.instance import Instance, WorkSpec
from tipoff.config import Settings
from tipoff.core.clock import SimClock
from tipoff.core.errors import UsageError
from tipoff.core.home import Profile
from tipoff.core.league import League
from tipoff.core.slate import Season
from tipoff.core.step import SourceWork
from tipoff.ledger import Ledger
from tipoff.ledger.facts import home_now


def reparse(settings: Settings, league: League, season: Season, days: tuple[date, date], output: str) -> dict[str, Any]:
    """Make the proven raw rows of some days anew from the archive; raises `UsageError` where another process works here."""
    outputs = _outputs(league, output)
    home = settings.place
    with lock(home):
        with Ledger(home.ledger, read_only=True) as ledger:
            now = home_now(ledger)
        spec = WorkSpec(
            league=league, season=season, days=days, world=None, scope=outputs, anew=True, profile=Profile.LIVE
        )
        instance = Instance(settings, spec, SimClock(now))
        try:
            controller = instance.controller()
            controller.start(now)
            slates = [entry for entry in controller.book.entries.values() if entry.gone]
            controller.tick(now)
            left = [entry for entry in slates if entry.gone]
            controller.rest(now)
        finally:
            instance.close()
    return {
        "league": league.name,
        "from": days[0],
        "to": days[1],
        "outputs": sorted(outputs),
        "slates": len(slates),
        "not_made": [{"output": entry.step.name, "day": entry.obligation.day, "why": entry.reason} for entry in left],
    }


def _outputs(league: League, output: str) -> frozenset[str]:
    raw = frozenset(step.name for step in league.steps if isinstance(step.work, SourceWork))
    if output and league.step(output).name not in raw:
        msg = f"{output} comes from no provider: nothing of it is in the archive"
        raise UsageError(
            msg, hint=f"outputs: {', '.join(sorted(raw))}; for the others: tipoff backfill {league.name} FROM..TO"
        )
    return frozenset({output}) if output else raw


def render_text(report: Mapping[str, Any]) -> list[str]:
    """Return what a person reads of it."""
    n_made = report["slates"] - len(report["not_made"])
    span = f"{report['league']} {report['from']} to {report['to']}"
    lines = [f"{span}: {n_made} of {report['slates']} outputs made anew from the archive"]
    lines += [f"  not made: {row['output']} {row['day']} ({row['why']})" for row in report["not_made"]]
    return lines
