"""The instance of a drill: what the app builds, from parts that go wrong, and who watches it."""

from collections.abc import Sequence
from pathlib import Path

from tipoff.app.instance import Instance, ReplaySpec, instance_in
from tipoff.app.loop import Outage
from tipoff.app.watching import Watch
from tipoff.core.build import build
from tipoff.core.clock import SimClock
from tipoff.core.fault import Fault
from tipoff.core.league import League
from tipoff.core.slate import Season
from tipoff.drills.faults.parts import FaultyParts, outages_of
from tipoff.sources.world import World


def drill_instance(  # noqa: PLR0913 -- what an instance is made of
    home: Path,
    league: League,
    season: Season,
    world: World,
    clock: SimClock,
    faults: Sequence[Fault],
    *,
    checks: bool = False,
) -> tuple[Instance, list[Outage], Watch]:
    """Return an instance for a drill, the times without ticks that its faults bring, and who watches it."""
    days = season.first_day, season.last_day
    spec = ReplaySpec(league=league, season=season, days=days, world=world)
    instance = instance_in(home, spec, clock, parts=FaultyParts(faults))
    outages = outages_of(faults)
    watch = Watch(
        league=league,
        season=season,
        days=days,
        home=instance.home,
        stores=instance,
        outages=outages,
        build=build(),
        checks=checks,
    )
    return instance, outages, watch
