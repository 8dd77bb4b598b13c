"""The monitor on the real clock: it looks at each league of a home from inside, in a thread or as a process of its own."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial

from tipoff.app.holder import lock
from tipoff.app.sentinel import AGAIN, ByChannel, Say, channels_of, look_often
from tipoff.config import Settings
from tipoff.core.build import build
from tipoff.core.clock import RealClock, RunningClock, Stop, league_day, wait
from tipoff.core.errors import LedgerError, PipelineError
from tipoff.core.home import Home
from tipoff.core.league import League
from tipoff.ledger import Ledger
from tipoff.ledger.alerts import AlertStore, read_other
from tipoff.ledger.facts import league_facts
from tipoff.watch.monitor import Monitor, SentinelView
from tipoff.watch.send import send

RESTS_UNTIL = "monitor rests until"  # a fact of the home


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A league that runs on the real clock, whether its season is known or not."""

    settings: Settings
    league: League
    is_first: bool = True  # of the leagues of its process: it does what is done once for a home
    clock: RunningClock = field(default_factory=RealClock)

    @property
    def home(self) -> Home:
        """The home."""
        return self.settings.place


def run_monitor(lives: Sequence[Live], stop: Stop, *, said: Say) -> None:
    """Look until `stop` is set, as the monitor of these leagues; raises `UsageError` where another one does."""
    with lock(lives[0].home, "monitor"):
        _look_inside(lives, stop, said)


def keep_looking(lives: Sequence[Live], stop: Stop, said: Say) -> None:
    """Look until `stop` is set, in a thread that nobody else begins again: stores that cannot be opened are waited for."""
    failed = ""
    while not stop.is_set():
        try:
            _look_inside(lives, stop, said)
        except PipelineError as error:
            if str(error) != failed:
                failed = str(error)
                said(f"the monitor cannot begin, and tries again every {AGAIN.seconds} s: {error} ({error.hint})")
            wait(stop, lives[0].clock.timer(AGAIN))


def _look_inside(lives: Sequence[Live], stop: Stop, said: Say) -> None:
    clock, settings, home = lives[0].clock, lives[0].settings, lives[0].home
    with Ledger(home.ledger) as ledger, AlertStore(home.ledger) as store, closing(ByChannel(home.ledger)) as senders:
        monitors = [_monitor_of(live, store, ledger, senders, clock.now(), of_home=live is lives[0]) for live in lives]
        look = partial(_monitored, monitors, ledger)
        look_often(look, settings, settings.ping_url.reveal(), clock, stop, said=said)


def _monitor_of(  # noqa: PLR0913 -- what it works with
    live: Live, store: AlertStore, ledger: Ledger, senders: ByChannel, now: datetime, *, of_home: bool
) -> Monitor:
    settings, since = live.settings, league_facts(ledger, live.league.name).live_since
    days = (since or league_day(now), date.max)  # on each day, between seasons too: a missing digest is told
    silent = timedelta(minutes=settings.watcher_silent_min)
    return Monitor(
        league=live.league,
        days=days,
        ledger=lambda: ledger,
        store=store,
        channels=channels_of(settings),
        send=send,
        build=build(),
        sentinel=SentinelView(read=partial(read_other, live.home.sentinel), silent_after=silent),
        of_home=of_home,
        digest_at=settings.digest_after_midnight,
        since=now,
        flush=senders.flush,
    )


def _monitored(monitors: Sequence[Monitor], ledger: Ledger, now: datetime) -> None:
    """Look at each league; what one look could not do is raised once all have looked."""
    until = ledger.facts().get(RESTS_UNTIL, "")
    if until and now < datetime.fromisoformat(until):
        return  # so that it is missed
    failed: LedgerError | None = None
    for monitor in monitors:
        monitor.forget()
        try:
            monitor.look(now)
        except LedgerError as error:
            failed = failed or error
    if failed is not None:
        raise failed
