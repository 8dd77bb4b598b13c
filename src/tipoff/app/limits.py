"""When silence is told: the sentinel's limits as the settings have them."""

from datetime import timedelta

from tipoff.config import Settings
from tipoff.core.clock import Hours
from tipoff.watch.sentinel import LIVE, SilenceLimits


def limits_of(settings: Settings) -> SilenceLimits:
    """Return when silence is told, as it is set."""
    warn_after = timedelta(minutes=settings.silence_warn_min)
    return SilenceLimits(
        warn_after=warn_after,
        settle_after=min(LIVE.settle_after, warn_after),
        ledger_after=LIVE.ledger_after,
        error_after=timedelta(minutes=settings.silence_error_min),
        critical_after=timedelta(minutes=settings.silence_critical_min),
        monitor_after=timedelta(minutes=settings.watcher_silent_min),
        active={league: Hours(begin, end) for league, (begin, end) in settings.active_hours.items()},
    )


def told_after(settings: Settings, side: str) -> timedelta:
    """Return after what silence of a side another one tells of it, by the settings."""
    limits = limits_of(settings)
    silent = {"controller": limits.error_after, "monitor": limits.monitor_after}
    return silent.get(side, timedelta(minutes=settings.watcher_silent_min))
