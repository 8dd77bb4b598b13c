"""The sentinel as a process: the ledger from outside, a store of its own, messages of its own; nothing of the engine.

Messages are sent beside the looks, each channel in a thread of its own: one that drips delays no look and no other channel.
"""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event

from tipoff.app.chores import InThread
from tipoff.app.holder import lock
from tipoff.app.limits import limits_of
from tipoff.config import Settings
from tipoff.core.build import build
from tipoff.core.clock import RealClock, RunningClock, Stop, wait
from tipoff.core.errors import LedgerError, PipelineError, UsageError
from tipoff.core.home import Home
from tipoff.core.incident import Trouble
from tipoff.core.severity import Severity
from tipoff.ledger import Ledger
from tipoff.ledger.alerts import AlertStore
from tipoff.ledger.facts import must_be_worked_on
from tipoff.ledger.stores import lost_files
from tipoff.watch.notices import Channel, Flush, Row, Send, flush, flush_channel, for_channels
from tipoff.watch.send import ping, send
from tipoff.watch.sentinel import Sentinel, SilenceLimits


class ByChannel:
    """Hands notices over to channels; `target` is the store that the threads open for themselves."""

    def __init__(self, target: Path | str) -> None:
        self._target = target
        self._threads: dict[str, InThread[str]] = {}

    def flush(self, store: AlertStore, channels: Sequence[Channel], send: Send, now: datetime) -> None:
        """Have sent what waits in `store`, without waiting for it; raises `LedgerError` once every channel was served."""
        failed: list[PipelineError] = []
        waiting = for_channels(store, channels, now)
        for channel in channels:
            thread = self._threads.get(channel.name)
            failed += [error for _, error in (thread.done() if thread else ()) if error is not None]
            if channel.name in waiting:
                if thread is None:
                    thread = self._threads[channel.name] = InThread(channel.name, Event())
                work = partial(self._hand_over, channel, send, waiting[channel.name], now)
                thread.hand_out(channel.name, work, due_at=now)
        if failed:
            raise LedgerError("; ".join(map(str, failed)), hint=failed[0].hint) from failed[0]

    def _hand_over(self, channel: Channel, send: Send, waiting: Sequence[Row], now: datetime) -> None:
        with AlertStore(self._target) as store:
            flush_channel(store, channel, send, waiting, now)

    def close(self) -> None:
        """Wait a little for what is being sent; what is not is sent by whoever looks next."""
        for thread in self._threads.values():
            thread.close()


_NO_PING = "the ping address could not be reached"
AGAIN = timedelta(seconds=5)  # after which a side whose own store failed tries again
Say = Callable[[str], None]  # a line for whoever reads a process's own output


def channels_of(settings: Settings) -> list[Channel]:
    """Return the channels that are set, with their addresses; raises `UsageError` where one is not there."""
    found = []
    if settings.notify_url.reveal():
        found.append(Channel(name="default", url=settings.notify_url.reveal()))
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


@contextmanager
def sentinel_of(
    settings: Settings, leagues: Sequence[str], limits: SilenceLimits, flush: Flush = flush
) -> Iterator[Sentinel]:
    """Hold the sentinel of a home.

    Raises:
        UsageError: Another one looks at the home, its own store cannot be opened, or a league has never been worked on there.
    """
    home, channels = settings.place, channels_of(settings)
    with lock(home, "sentinel"):
        _refuse_strangers(home, leagues)
        sentinel = Sentinel(
            ledger=home.ledger,
            leagues=leagues,
            store=AlertStore(home.sentinel, create=True),
            channels=channels,
            send=send,
            build=build(),
            limits=limits,
            flush=flush,
            lost=lambda ledger, league: lost_files(ledger, home, league),
        )
        try:
            yield sentinel
        finally:
            sentinel.close()


def _refuse_strangers(home: Home, leagues: Sequence[str]) -> None:
    """Refuse a league that the home does not have: it would be looked at for ever, and never found silent."""
    if not home.has_ledger:
        return
    try:
        with Ledger(home.ledger, read_only=True) as ledger:
            known = ledger.leagues()
    except (UsageError, LedgerError):
        return  # told by the first look
    if known:
        must_be_worked_on(leagues, home, known)


def run_sentinel(settings: Settings, leagues: Sequence[str], clock: RunningClock, stop: Stop, *, said: Say) -> None:
    """Look until `stop` is set, as the sentinel of a home; raises as `sentinel_of`."""
    with (
        closing(ByChannel(settings.place.sentinel)) as senders,
        sentinel_of(settings, leagues, limits_of(settings), senders.flush) as sentinel,
    ):
        sentinel.go_on()
        ping_url = settings.sentinel_ping_url.reveal()
        look_often(partial(_look, sentinel), settings, ping_url, clock, stop, said=said)


def look_once(settings: Settings, leagues: Sequence[str], *, said: Say) -> list[Trouble]:
    """Look once, tell what is to be told, and return what is wrong; raises as `sentinel_of` and `Sentinel.look`."""
    limits = dataclasses.replace(limits_of(settings), ledger_after=timedelta(0))  # it looks for what is there now
    with sentinel_of(settings, leagues, limits) as sentinel:
        found = sentinel.look(RealClock().now())
    ping_url = settings.sentinel_ping_url.reveal()
    trouble = ping(ping_url) if ping_url else ""
    if trouble:
        said(f"{_NO_PING}: {trouble}")
    return found


def _look(sentinel: Sentinel, now: datetime) -> None:
    sentinel.forget()
    sentinel.look(now)


def look_often(  # noqa: PLR0913 -- what looks, how often, and to whom it says what it could not do
    look: Callable[[datetime], object], settings: Settings, ping_url: str, clock: RunningClock, stop: Stop, *, said: Say
) -> None:
    """Look every so often; a look that fails is done again at the next. A trouble is said when it comes, not at every look."""
    failed = unasked = ""
    while not stop.is_set():
        # from the look's beginning: a set clock may go on meanwhile
        left = clock.timer(timedelta(seconds=settings.look_every_s))
        try:
            look(clock.now())
        except LedgerError as error:
            if str(error) != failed:
                failed = str(error)
                said(f"this look could not be done, and is done again every {AGAIN.seconds} s: {error} ({error.hint})")
            wait(stop, clock.timer(AGAIN))
            continue
        if failed:
            said("looking goes on")
        failed = ""
        trouble = ping(ping_url) if ping_url else ""
        if trouble and trouble != unasked:
            said(f"{_NO_PING}: {trouble}")
        unasked = trouble
        wait(stop, left)
