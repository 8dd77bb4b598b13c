"""Live: leagues on the real clock, one season after the other, with what is done beside their runs."""

import ctypes
import dataclasses
import json
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from tipoff.app.catching_up import CatchingUp, Loading
from tipoff.app.executor import Beside
from tipoff.app.holder import lock, lock_file
from tipoff.app.instance import Instance, WorkSpec
from tipoff.app.monitor import Live, keep_looking
from tipoff.app.providers import (
    OffTold,
    keys_missing,
    live_league,
    live_since,
    live_world,
    must_have_models,
    season_now,
    season_shown,
)
from tipoff.app.recounts import Recounts
from tipoff.app.requests import Requests
from tipoff.app.retention import Retention
from tipoff.app.seasons import EVIDENCE, LOOK_EVERY, NextSeason, keep_season, learned
from tipoff.app.sentinel import AGAIN, Say, channels_of
from tipoff.app.watching import CheckTimes, examine_due, examiner_of
from tipoff.config import Settings
from tipoff.core.build import build
from tipoff.core.clock import RunningClock, Stop, league_day, wait
from tipoff.core.errors import LedgerError, PipelineError
from tipoff.core.home import Profile
from tipoff.core.league import League
from tipoff.core.provider import MIB
from tipoff.core.slate import Season
from tipoff.engine.controller import Controller
from tipoff.leagues.catalog import content_named, sample_of
from tipoff.ledger import Ledger
from tipoff.ledger.alerts import AlertChanges, AlertStore
from tipoff.ledger.facts import league_facts
from tipoff.sources.live import LiveWorld
from tipoff.sources.world import World

SEED = 7
DAYS = 60  # of the sample league, from today on
_STOPPED_WITHIN = timedelta(seconds=1)
_GATHER = timedelta(milliseconds=50)
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # glibc's names for them


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSpec(Live):
    """What runs on the real clock: which league, in which season, in which home, and who answers."""

    season: Season | None = None  # None: its providers are still to say which it is
    learn: Callable[[Stop], Season | None] = lambda _stop: None  # waits until they do; None where it was stopped before
    world: Callable[[], World | LiveWorld]
    shown: Callable[[], Season] | None = None  # asks which season the schedule shows; None where there is only one
    look_every: timedelta = LOOK_EVERY  # for the next season, once this one is over


def sample_live(settings: Settings, league: League, clock: RunningClock) -> LiveSpec:
    """Return a live home of the sample league, begun the day before it was made; raises `UsageError` in one of another world."""
    must_have_models(content_named(league.name))
    sample = sample_of(league.name)
    first = live_since(settings, league.name, "sample", league_day(clock.now()) - timedelta(days=1))
    season = Season("sample", first, first + timedelta(days=DAYS - 1))
    season = _kept_season(settings, league.name, season, clock.now(), "the sample world")
    return LiveSpec(
        settings=settings,
        league=_in_time_of(league, clock),
        season=season,
        world=partial(sample.world, season, seed=SEED, faults=()),
        clock=clock,
    )


def real_live(settings: Settings, league: League, clock: RunningClock, *, said: Say) -> LiveSpec:
    """Return a live home of the real providers, of whom nobody was asked yet; raises `UsageError` in one of another world."""
    must_have_models(content_named(league.name))
    world = live_world(settings, league.name)
    live_since(settings, league.name, "live", league_day(clock.now()))
    for line in keys_missing(settings, league.name):
        said(f"{league.name}: {line}")
    asked = partial(season_now, settings, league.name, world, clock)

    def learn(stop: Stop) -> Season | None:
        mark = _mine(settings)
        season = learned(asked, league.name, home=settings.place, mark=mark, clock=clock, stop=stop, said=said)
        return season and _kept_season(settings, league.name, season, clock.now(), EVIDENCE)

    return LiveSpec(
        settings=settings,
        league=_in_time_of(live_league(league), clock),
        learn=learn,
        world=lambda: world,
        shown=partial(season_shown, settings, league.name, world, clock),
        clock=clock,
    )


def _in_time_of(league: League, clock: RunningClock) -> League:
    """Return the league with limits of its steps in time of the clock: work takes the machine's."""
    if clock.speed <= 1:
        return league
    steps = (dataclasses.replace(step, time_limit=step.time_limit * clock.speed) for step in league.steps)
    return dataclasses.replace(league, steps=tuple(steps))


def _kept_season(settings: Settings, league: str, season: Season, now: datetime, evidence: str) -> Season:
    with Ledger(settings.place.ledger) as ledger:
        return keep_season(ledger, league, season, now, evidence)


def run_controllers(lives: Sequence[LiveSpec], stop: Stop, *, monitored: bool, said: Say) -> None:
    """Tick until `stop` is set; each league in a thread of its own, the monitor of all in another. Raises as `lock`.

    A ledger that cannot be written ends a league's work; it is taken up again after a while. The first keeps the history.
    """
    first, *others = (dataclasses.replace(live, is_first=live is lives[0]) for live in lives)
    give_memory_back()
    if monitored:
        channels_of(first.settings)  # said here rather than in the monitor's thread
    with lock(first.home), lock(first.home, "monitor") if monitored else nullcontext():
        watcher = threading.Thread(target=keep_looking, args=(lives, stop, said), daemon=True) if monitored else None
        if watcher:
            watcher.start()
        with ThreadPoolExecutor(max(1, len(others))) as pool:
            running = [pool.submit(_run, live, stop, said) for live in others]
            for each in running:
                # a league that cannot work ends the process, which says so
                each.add_done_callback(lambda _done: stop.set())
            try:
                _run(first, stop, said)
            finally:
                stop.set()
                if watcher:
                    watcher.join(timeout=10)
        for each in running:
            each.result()


def give_memory_back() -> None:
    """Let what is large go back to the machine when it is let go of.

    Else glibc keeps twice the largest answer that ever came (mallopt(3), M_TRIM_THRESHOLD), for each thread that read some.
    """
    with suppress(AttributeError):  # another C library keeps nothing
        for option in _TRIM_THRESHOLD, _MMAP_THRESHOLD:
            ctypes.CDLL(None).mallopt(option, MIB)


def _run(live: LiveSpec, stop: Stop, said: Say) -> None:
    """Tick until `stop` is set, one season after the other; the first is waited for, and holds nobody else up."""
    season = live.season or live.learn(stop)
    while season is not None:
        if season is not live.season:
            said(f"{live.league.name}: the season {season.name}, {season.first_day} to {season.last_day}")
        season = _run_season(live, season, stop, said)


def _run_season(live: LiveSpec, season: Season, stop: Stop, said: Say) -> Season | None:
    """Tick until `stop` is set, or another season is to be gone on with: it is returned."""
    spec = WorkSpec(
        league=live.league,
        season=season,
        days=(season.first_day, season.last_day),
        world=live.world(),
        history=live.is_first and live.settings.history,
        profile=Profile.LIVE,
    )
    instance = Instance(live.settings, spec, live.clock, beside=partial(Beside, live.clock.now))
    with closing(instance), AlertStore(live.home.ledger) as beats:
        beats.stands_with(lock_file(live.home))  # as the ledger may be elsewhere
        return _tick(live, _Duties(live, season, instance, said), instance, beats, stop, said)


def _tick(  # noqa: PLR0913 -- what ticks, and what is done beside it
    live: LiveSpec, duties: "_Duties", instance: Instance, beats: AlertStore, stop: Stop, said: Say
) -> Season | None:
    clock, every = live.clock, timedelta(seconds=live.settings.tick_every_s)
    season: Season | None = None
    controller, after, failed = None, "", ""
    while not stop.is_set() and season is None:
        beats.must_stand()
        left, now = clock.timer(every), clock.now()
        if instance.beside is not None:
            instance.beside.woken.clear()
        try:
            if controller is None:
                controller = instance.open()
                controller.start(now, after=after)
                after = ""
                duties.begin()
            controller.tick(now)
            season = duties.look(instance.running, now)
            beats.write(AlertChanges(), beat=(f"controller {live.league.name}", now, build(), _mine(live.settings)))
        except PipelineError as error:
            after = f"ledger: {error}" if isinstance(error, LedgerError) else after
            if not after:
                raise  # but for what keeps stores from being opened again: it may end as it came, with the network
            controller = None
            if str(error) != failed:  # said when it comes, not at every tick
                failed = str(error)
                said(f"this tick could not be done, and is done again every {AGAIN.seconds} s: {error} ({error.hint})")
            instance.close()
            beats.let_go()
            wait(stop, clock.timer(AGAIN))
            continue
        if failed:
            said("ticking goes on")
            failed = ""
        if season is None:
            _wait(instance.beside, stop, left)
    if controller is not None:
        controller.rest(clock.now())
    return season


class _Duties:
    """What a live league needs done besides its runs: checks, recounts, and whether its next season is there."""

    def __init__(self, live: LiveSpec, season: Season, instance: Instance, said: Say) -> None:
        self._live, self._season, self._instance, self._said = live, season, instance, said
        content = content_named(live.league.name).live if live.shown is not None else None
        loading = Loading(live.league.name, season, content.earlier if content else None, said)
        self._catching_up = CatchingUp(live.league.name, said, loading)
        self._times: CheckTimes | None = None
        self._looks: list[Callable[[datetime], object]] = []  # of who works
        self._next: NextSeason | None = None
        self._requests: Requests | None = None
        self._retention: Retention | None = None
        self._off = OffTold(live.settings, live.league.name, said) if live.shown is not None else None

    def begin(self) -> None:
        """Have it done beside the ticking of the stores that have just been opened."""
        live, season, instance = self._live, self._season, self._instance
        at_work = any(not controller.stands_by for controller in instance.running)
        if self._off is not None and at_work:  # before anything is published
            self._off.look(instance.ledger, *self._catching_up.until(instance.running))
        self._times = self._times or CheckTimes(
            live.league, season, since=league_facts(instance.ledger, live.league.name).since
        )
        if instance.beside is None:
            return
        examiner, days = partial(examiner_of, live.league, season, instance), (season.first_day, season.last_day)
        checks = instance.beside.chores("checks")
        recounts = Recounts(live.league, instance, instance.beside.chores("recounts", wakes=False))
        self._looks = [partial(examine_due, self._times, examiner, instance, days=days, chores=checks), recounts.look]
        self._requests = Requests(live.league, live.home, instance, instance.beside.chores("requests"))
        keep = timedelta(days=live.settings.archive_keep_days)
        if keep and live.is_first:
            chores = instance.beside.chores("retention", wakes=False)
            self._retention = Retention(home=live.home, keep=keep, chores=chores, said=self._said)
        if live.shown is not None:
            chores = instance.beside.chores("season", wakes=False)
            self._next = NextSeason(
                league=live.league, season=season, shown=live.shown, chores=chores, every=live.look_every
            )

    def look(self, controllers: Sequence[Controller], now: datetime) -> Season | None:
        """Hand out what is due; returns the season to go on with, where it is another one."""
        at_work = [controller for controller in controllers if not controller.stands_by]
        if at_work:  # who stands by knows nothing: its answer to a request would be that nothing is to be done
            self._look_at_work(at_work, now)
        elif self._off is not None:
            self._off.forget()
        if self._retention is not None:
            self._retention.look(self._instance.ledger, now)
        return self._next.look(self._instance.ledger, now) if self._next is not None else None

    def _look_at_work(self, controllers: Sequence[Controller], now: datetime) -> None:
        self._catching_up.look(controllers, now)
        if self._off is not None:
            self._off.look(self._instance.ledger, *self._catching_up.until(controllers))
        for look in self._looks:
            look(now)
        if self._requests is not None:
            for controller in controllers:
                self._requests.look(controller, now)


def _wait(beside: Beside | None, stop: Stop, left: Callable[[], float]) -> None:
    """Wait until nothing is `left`, or until something has come back from beside the ticking, or `stop` is set."""
    while not stop.is_set() and (seconds := left()) > 0:
        if beside is None:
            stop.wait(seconds)
        elif beside.woken.wait(min(seconds, _STOPPED_WITHIN.total_seconds())):
            stop.wait(_GATHER.total_seconds())  # what comes back with it is taken in with it
            return
    if beside is not None:
        beside.children.tidy()


def _mine(settings: Settings) -> str:
    return json.dumps({"pid": os.getpid(), "settings": settings.hash})
