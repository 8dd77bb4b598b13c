"""What tests of live processes share: a home that began some days ago, and waiting on the real clock."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from tipoff.core.clock import RealClock, league_day, pause, stopwatch
from tipoff.ledger import Batch, Ledger

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
