"""Raw rows made anew from the archive: by today's parsers, from the answers that they were made from; nobody is asked."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import httpx

from tipoff.app.instance import Instance, ReplaySpec
from tipoff.app.lock import lock
from tipoff.app.parts import Parts
from tipoff.config import Settings
from tipoff.core.clock import Clock, SimClock
from tipoff.core.errors import ErrorKind, SourceError, UsageError
from tipoff.core.fault import Fault
from tipoff.core.league import League
from tipoff.core.payload import Fetched, Request
from tipoff.core.profile import Profile
from tipoff.core.slate import Season
from tipoff.core.step import SourceWork
from tipoff.engine.run import Runner
from tipoff.ledger import Ledger
from tipoff.ledger.facts import home_now


def reparse(settings: Settings, league: League, season: Season, days: tuple[date, date], output: str) -> dict[str, Any]:
    """Make the proven raw rows of some days anew from the archive; what reads them follows with the next tick of its own.

    Raises:
        UsageError: Another process works in the home, nothing was made in it, or the output comes from no provider.
    """
    outputs = _outputs(league, output)
    home = settings.place
    with lock(home):
        with Ledger(home.ledger, read_only=True) as ledger:
            now = home_now(ledger)
        spec = ReplaySpec(
            league=league, season=season, days=days, world=Nobody(), scope=outputs, anew=True, profile=Profile.LIVE
        )
        instance = Instance(settings, spec, SimClock(now), parts=FromArchive())
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


def in_words(report: Mapping[str, Any]) -> list[str]:
    """Return what a person reads of it."""
    n_made = report["slates"] - len(report["not_made"])
    span = f"{report['league']} {report['from']} to {report['to']}"
    lines = [f"{span}: {n_made} of {report['slates']} slates made anew from the archive"]
    lines += [f"  not made: {row['output']} {row['day']} ({row['why']})" for row in report["not_made"]]
    return lines


class FromArchive(Parts):
    """Parts with which nobody is asked."""

    def executor(self, _clock: Clock, /, **parts: Any) -> Runner:  # noqa: ANN401 -- the runner's own
        """Return what makes runs, of what is archived alone."""
        return Runner(**parts | {"fetch": _nobody})


def _nobody(request: Request, *, now: Callable[[], datetime]) -> Fetched:  # noqa: ARG001 -- as `tipoff.engine.run.Fetch`
    msg = f"nothing is archived that {request.source} answered to this, and nobody is asked now"
    raise SourceError(msg, kind=ErrorKind.PERMANENT, hint="tipoff backfill asks anew")


class Nobody:
    """A world in which nobody answers."""

    name, fingerprint = "nobody", ""
    faults: Sequence[Fault] = ()

    def describe(self) -> dict[str, str]:
        """Say nothing."""
        return {}

    def game_days(self, first: date, last: date) -> int:  # noqa: ARG002 -- as `tipoff.sources.world.World`
        """Know of no games."""
        return 0

    def transport(self, clock: Clock) -> httpx.BaseTransport:  # noqa: ARG002 -- as above
        """Return a way to nowhere."""
        return _Nowhere()


class _Nowhere(httpx.BaseTransport):
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Refuse."""
        msg = "nobody is asked"
        raise httpx.ConnectError(msg, request=request)
