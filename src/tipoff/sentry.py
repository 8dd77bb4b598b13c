"""The sentinel as a process: the ledger from outside, a store of its own, messages of its own; nothing of the engine."""

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from tipoff.config import Settings
from tipoff.core.build import build
from tipoff.core.clock import Hours, RealClock
from tipoff.core.errors import LedgerError, UsageError
from tipoff.core.finding import Severity
from tipoff.store.ledger.tellings import Tellings
from tipoff.watch.notices import Channel
from tipoff.watch.send import ping, send
from tipoff.watch.sentinel import LIVE, Limits, Sentinel

AGAIN = timedelta(seconds=5)  # after which a side whose own store failed tries again
Stop = threading.Event


def limits_of(settings: Settings) -> Limits:
    """Return when silence is told, as it is set."""
    warn_after = timedelta(minutes=settings.silence_warn_min)
    return Limits(
        warn_after=warn_after,
        settle_after=min(LIVE.settle_after, warn_after),
        ledger_after=LIVE.ledger_after,
        error_after=timedelta(minutes=settings.silence_error_min),
        critical_after=timedelta(minutes=settings.silence_critical_min),
        monitor_after=timedelta(minutes=settings.watcher_silent_min),
        active={league: Hours(begin, end) for league, (begin, end) in settings.active_hours.items()},
    )


def channels_of(settings: Settings) -> list[Channel]:
    """Return the channels that are set, with their addresses read from the environment or from files.

    Raises:
        UsageError: An address is not there.
    """
    found = []
    if settings.notify_url.get_secret_value():
        found.append(Channel(name="default", url=settings.notify_url.get_secret_value()))
    for name, said in settings.channels.items():
        found.append(
            Channel(
                name=name,
                url=said.address(name),
                leagues=tuple(said.leagues),
                least=Severity[said.least.upper()],
                step=said.step,
                quiet=said.quiet,
                per_hour=said.per_hour,
                digest=said.digest,
            )
        )
    return found


def run_sentinel(settings: Settings, leagues: Sequence[str], stop: Stop, *, once: bool = False) -> int:
    """Look until `stop` is set, or once, as the sentinel of a home; returns how many troubles that one look found.

    Raises:
        UsageError, LedgerError: Its own store cannot be used, or there is nothing to look at; once, this ends it.
    """
    home = settings.place
    if once and not home.has_ledger:
        msg = f"there is no ledger in {home.root}"
        raise UsageError(msg, hint="set TIPOFF_HOME or TIPOFF_LEDGER_URL; a sentinel that stays waits for one to be made")
    sentinel = Sentinel(
        ledger=home.ledger,
        leagues=leagues,
        store=Tellings(home.sentinel, create=True),
        channels=channels_of(settings),
        send=send,
        build=build(),
        limits=limits_of(settings),
    )
    ping_url, clock = settings.sentinel_ping_url.get_secret_value(), RealClock()
    try:
        if once:
            found = sentinel.look(clock.now())
            if ping_url:
                ping(ping_url)
            return len(found)
        look_often(partial(_look, sentinel), settings, ping_url, clock, stop)
        return 0
    finally:
        sentinel.close()


def _look(sentinel: Sentinel, now: datetime) -> None:
    sentinel.forget()
    sentinel.look(now)


def look_often(
    look: Callable[[datetime], object], settings: Settings, ping_url: str, clock: RealClock, stop: Stop
) -> None:
    """Look every so often; a look whose own store fails is done again at the next, and the other side tells of the silence."""
    while not stop.is_set():
        try:
            look(clock.now())
        except LedgerError:
            stop.wait(AGAIN.total_seconds())
            continue
        if ping_url:
            ping(ping_url)
        stop.wait(settings.look_every_s)
