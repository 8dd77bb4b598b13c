"""What tests of live homes share: one that began some days ago, waiting on the real clock, live steps over real sockets."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from tipoff.app.instance import Instance, WorkSpec
from tipoff.app.loop import replay
from tipoff.app.providers import live_league, told
from tipoff.config import ProviderTold, Settings
from tipoff.core.clock import RealClock, SimClock, league_day, pause, stopwatch
from tipoff.core.home import Profile
from tipoff.core.slate import Season
from tipoff.leagues.catalog import league_named, live_content
from tipoff.ledger import Batch, Ledger, schema
from tipoff.sources.live import LiveWorld

SECOND = timedelta(seconds=1)


def since_days(target: Path | str, days: int) -> date:
    """Make a live home that began some days ago, and return its first day: what comes after games is all due."""
    if isinstance(target, Path):
        target.mkdir(parents=True)
    first = league_day(RealClock().now()) - timedelta(days=days)
    ledger, batch = Ledger(target / "ledger.db" if isinstance(target, Path) else target), Batch()
    for key, value in {"live since": str(first), "world": "sample"}.items():
        batch.fact(key, value, league="nba")
    ledger.commit(batch)
    ledger.close()
    return first


def wait_until(is_so: Callable[[], bool], within: timedelta, watch: Callable[[], None] = lambda: None) -> None:
    began = stopwatch()
    while not is_so():
        assert stopwatch() - began < within.total_seconds(), "it did not come to be"
        watch()
        pause(timedelta(milliseconds=200))


def over_sockets(  # noqa: PLR0913 -- whose days, asked where, with which keys
    league: str, season: Season, home: Path, url: str, clock: SimClock, *, keys: Mapping[str, str], until: datetime
) -> Counter[str]:
    """Run a league's live steps against the providers at `url` until then; returns which outputs are in which state."""
    providers = live_content(league).providers
    bases = {provider.host: ProviderTold(base=f"{url}/{provider.host}") for provider in providers}
    world = LiveWorld(
        providers=told(providers, bases),
        secret=lambda name: keys.get(name, ""),
        dice=lambda: 0.0,
        wait=lambda _length: None,
    )
    spec = WorkSpec(
        league=live_league(league_named(league)),
        season=season,
        days=(season.first_day, season.last_day),
        world=world,
        profile=Profile.REPLAY,
    )
    ledger = Ledger(Settings(home=home).place.ledger)
    batch = Batch()
    batch.fact("world", "live", league=league)
    ledger.commit(batch)
    ledger.close()
    instance = Instance(Settings(home=home), spec, clock)
    try:
        replay(instance, clock, until=until, progress=lambda _: None)
    finally:
        instance.close()
    ledger = Ledger(Settings(home=home).place.ledger, read_only=True)
    rows = ledger.rows(select(schema.obligations))
    ledger.close()
    return Counter(f"{row['output']} {row['state']}" for row in rows)
