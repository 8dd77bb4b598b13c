"""Live: the controller, the monitor and the sentinel as processes on the real clock, and proving that each is missed."""

import dataclasses
import json
import os
import signal
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from tipoff.app.backup import make_wanted
from tipoff.app.chores import Chores
from tipoff.app.executor import Beside
from tipoff.app.instance import Instance, ReplaySpec
from tipoff.app.lock import lock
from tipoff.app.providers import keys_missing, live_league, live_world, must_be_free, season_now
from tipoff.app.recounts import Recounts
from tipoff.app.sentinel import AGAIN, Say, channels_of, look_often
from tipoff.app.watching import CheckTimes, DailyJobs, Slot, examine_due, examiner_of
from tipoff.config import Settings
from tipoff.core.build import build
from tipoff.core.clock import Clock, RealClock, league_day, pause, stopwatch
from tipoff.core.errors import LedgerError, SourceError, UsageError
from tipoff.core.home import Home
from tipoff.core.league import League
from tipoff.core.profile import Profile
from tipoff.core.slate import Season
from tipoff.leagues.catalog import content_named
from tipoff.ledger import Batch, Ledger
from tipoff.ledger.alerts import AlertChanges, AlertStore, read_other
from tipoff.ledger.facts import league_facts, season_row
from tipoff.sources.world import World
from tipoff.watch.monitor import Monitor, Outside
from tipoff.watch.send import send

SEED = 7
DAYS = 60  # of the sample league, from today on
_STOPPED_WITHIN = timedelta(seconds=1)
_GATHER = timedelta(milliseconds=50)

Stop = threading.Event


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSpec:
    """What runs on the real clock: which league, in which season, in which home, and who answers."""

    settings: Settings
    league: League
    season: Season
    world: Callable[[], World]
    is_first: bool = True  # of the leagues of its process: it does what is done once for a home

    @property
    def home(self) -> Home:
        """The home."""
        return self.settings.place


def sample_live(settings: Settings, league: League, now: datetime) -> LiveSpec:
    """Return a live home of the sample league, whose season began the day before the home was made.

    Raises:
        UsageError: The home belongs to another world.
    """
    home = settings.place
    home.root.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(home.ledger)
    known = league_facts(ledger, league.name)
    first = known.live_since
    if first is None and known.world:
        ledger.close()
        msg = f"in the home {home.root}, {league.name} was replayed"
        raise UsageError(msg, hint="set TIPOFF_HOME to a folder of its own for what runs live")
    if first is None:
        first = league_day(now) - timedelta(days=1)
        batch = Batch()
        for key, value in {"live since": first.isoformat(), "world": "sample"}.items():
            batch.fact(key, value, league=league.name)
        ledger.commit(batch)
    ledger.close()
    season = Season("sample", first, first + timedelta(days=DAYS - 1))
    _keep_season(settings, league.name, season, now, "the sample world")
    sample = content_named(league.name).sample
    if sample is None:
        msg = f"{league.name} has no sample world"
        raise UsageError(msg, hint="run a league that has one")
    return LiveSpec(
        settings=settings, league=league, season=season, world=partial(sample.world, season, seed=SEED, faults=())
    )


def real_live(settings: Settings, league: League, clock: Clock, stop: Stop, *, said: Say) -> LiveSpec | None:
    """Return a live home of the real providers, or None: it was stopped before they said which season it is.

    Raises:
        UsageError: The home belongs to another world, or the league has no live providers.
    """
    world = live_world(settings, league.name)
    must_be_free(settings, league.name)
    _mark_as_live(settings, league.name, clock)
    for line in keys_missing(settings, league.name):
        said(line)
    while not stop.is_set():
        try:
            season = season_now(settings, league.name, world, clock)
        except SourceError as error:
            said(
                f"which season it is cannot be learned yet, and is asked again in {AGAIN.seconds} s: {error} ({error.hint})"
            )
            stop.wait(AGAIN.total_seconds())
            continue
        _keep_season(settings, league.name, season, clock.now(), "the provider's schedule")
        return LiveSpec(settings=settings, league=live_league(league), season=season, world=lambda: world)
    return None


def _mark_as_live(settings: Settings, league: str, clock: Clock) -> None:
    ledger = Ledger(settings.place.ledger)
    try:
        if league_facts(ledger, league).live_since is None:
            batch = Batch()
            batch.fact("live since", league_day(clock.now()).isoformat(), league=league)
            batch.fact("world", "live", league=league)
            ledger.commit(batch)
    finally:
        ledger.close()


def _keep_season(settings: Settings, league: str, season: Season, now: datetime, evidence: str) -> None:
    ledger = Ledger(settings.place.ledger)
    try:
        batch = Batch()
        batch.add("seasons", season_row(league, season, now=now, evidence=evidence))
        ledger.commit(batch)
    finally:
        ledger.close()


def run_controllers(lives: Sequence[LiveSpec], stop: Stop, *, monitored: bool, said: Say) -> None:
    """Tick until `stop` is set: decide, work, check; each league in a thread of its own, the monitor of all in another.

    A ledger that cannot be written ends a league's work; it is taken up again after a while. The first league keeps the home's
    history.

    Raises:
        UsageError: Another process works in the home.
    """
    first, *others = (dataclasses.replace(live, is_first=live is lives[0]) for live in lives)
    if monitored:
        channels_of(first.settings)  # said here rather than in the monitor's thread
    with lock(first.home), lock(first.home, "monitor") if monitored else nullcontext():
        watcher = threading.Thread(target=_look_inside, args=(lives, stop, said), daemon=True) if monitored else None
        if watcher:
            watcher.start()
        with ThreadPoolExecutor(max(1, len(others))) as pool:
            running = [pool.submit(_run, live, stop, said) for live in others]
            for each in running:
                each.add_done_callback(
                    lambda _done: stop.set()
                )  # a league that cannot work ends the process, which says so
            try:
                _run(first, stop, said)
            finally:
                stop.set()
                if watcher:
                    watcher.join(timeout=10)
        for each in running:
            each.result()


def _run(live: LiveSpec, stop: Stop, said: Say) -> None:
    clock = RealClock()
    spec = ReplaySpec(
        league=live.league,
        season=live.season,
        days=(live.season.first_day, live.season.last_day),
        world=live.world(),
        history=live.is_first and live.settings.history,
        profile=Profile.LIVE,
    )
    stage = Instance(live.settings, spec, clock, beside=partial(Beside, clock.now))
    beats = AlertStore(live.home.ledger)
    try:
        _tick(live, stage, beats, clock, stop, said)
    finally:
        beats.close()
        stage.close()


def _tick(  # noqa: PLR0913 -- what ticks, on what, and to whom it says that it could not
    live: LiveSpec, stage: Instance, beats: AlertStore, clock: RealClock, stop: Stop, said: Say
) -> None:
    every, days = timedelta(seconds=live.settings.tick_every_s), (live.season.first_day, live.season.last_day)
    times: CheckTimes | None = None
    checks: Chores[Slot] | None = None
    recounts: Recounts | None = None
    controller, after, failed = None, "", ""
    while not stop.is_set():
        now = clock.now()
        try:
            if controller is None:
                controller = stage.open()
                controller.start(now, after=after)
                after = ""
                if stage.beside is not None:
                    checks = stage.beside.chores("checks")
                    recounts = Recounts(live.league, stage, stage.beside.chores("recounts", wakes=False))
            controller.tick(now)
            _do_once_for_the_home(live, stage, now)
            if times is None:
                times = CheckTimes(live.league, live.season, since=since_of(stage.ledger, live.league.name))
            examiner = partial(examiner_of, live.league, live.season, stage)
            examine_due(times, examiner, stage.ledger, now, days=days, chores=checks)
            if recounts is not None:
                recounts.look(now)
            beats.write(AlertChanges(), beat=(f"controller {live.league.name}", now, build(), _mine(live.settings)))
        except LedgerError as error:
            controller, after = None, f"ledger: {error}"
            if str(error) != failed:  # said when it comes, not at every tick
                failed = str(error)
                said(f"this tick could not be done, and is done again every {AGAIN.seconds} s: {error} ({error.hint})")
            stage.close()
            stop.wait(AGAIN.total_seconds())
            continue
        if failed:
            said("ticking goes on")
            failed = ""
        _wait(stage.beside, stop, every - (clock.now() - now))
    if controller is not None:
        controller.rest(clock.now())


def _do_once_for_the_home(live: LiveSpec, stage: Instance, now: datetime) -> None:
    if live.is_first:
        make_wanted(live.home, stage.ledger, lambda: stage.warehouse, now)


def _wait(beside: Beside | None, stop: Stop, length: timedelta) -> None:
    """Wait for `length`, or until something has come back from beside the ticking, or `stop` is set."""
    began = stopwatch()
    while not stop.is_set() and (left := length.total_seconds() - (stopwatch() - began)) > 0:
        if beside is None:
            stop.wait(left)
        elif beside.woken.wait(min(left, _STOPPED_WITHIN.total_seconds())):
            stop.wait(_GATHER.total_seconds())  # what comes back with it is taken in with it
            return
    if beside is not None:
        beside.children.tidy()


def since_of(ledger: Ledger, league: str) -> datetime | None:
    """Return when this home first ran; None where that is not known."""
    return league_facts(ledger, league).since


def run_monitor(lives: Sequence[LiveSpec], stop: Stop, *, said: Say) -> None:
    """Look until `stop` is set, as the monitor of these leagues.

    Raises:
        UsageError: Another monitor looks at the home, or a channel has no address.
    """
    with lock(lives[0].home, "monitor"):
        _look_inside(lives, stop, said)


def _look_inside(lives: Sequence[LiveSpec], stop: Stop, said: Say) -> None:
    clock, settings, home = RealClock(), lives[0].settings, lives[0].home
    store, ledger = AlertStore(home.ledger), Ledger(home.ledger)
    monitors = [_monitor_of(live, store, ledger, clock.now()) for live in lives]
    try:
        look_often(
            partial(_monitored, monitors), settings, settings.ping_url.get_secret_value(), clock, stop, said=said
        )
    finally:
        store.close()
        ledger.close()


def _monitor_of(live: LiveSpec, store: AlertStore, ledger: Ledger, now: datetime) -> Monitor:
    settings, days = live.settings, (live.season.first_day, live.season.last_day)
    silent = timedelta(minutes=settings.watcher_silent_min)
    return Monitor(
        league=live.league.name,
        days=days,
        ledger=lambda: ledger,
        store=store,
        channels=channels_of(settings),
        send=send,
        mornings=DailyJobs(ledger=lambda: ledger, league=live.league, days=days),
        build=build(),
        sentinel=Outside(read=partial(read_other, live.home.sentinel), silent_after=silent),
        digest_at=settings.digest_after_midnight,
        since=now,
    )


def _monitored(monitors: Sequence[Monitor], now: datetime) -> None:
    for monitor in monitors:
        monitor.forget()
        monitor.look(now)


def _mine(settings: Settings) -> str:
    return json.dumps({"pid": os.getpid(), "settings": settings.hash})


# --- proving that each is missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """How long a stopped side was missed: who told of it, after how long; none where nobody did in time."""

    side: str
    told_by: str
    after_s: float | None


def prove_alive(settings: Settings, league: str, side: str, *, within: timedelta) -> Missed:
    """Stop one side (SIGSTOP), wait until another tells of it, let it go on, and write down how long that took.

    Raises:
        UsageError: That side does not run here.
    """
    home, clock = settings.place, RealClock()
    pid = _pid_of(home, league, side)
    began = clock.now()
    os.kill(pid, signal.SIGSTOP)
    try:
        after = _wait_for(home, side, began, within, clock)
    finally:
        os.kill(pid, signal.SIGCONT)
    other = home.ledger if side == "sentinel" else home.sentinel
    missed = Missed(side=side, told_by="monitor" if side == "sentinel" else "sentinel", after_s=after)
    ledger = Ledger(home.ledger)
    batch = Batch()
    record = json.dumps(
        dataclasses.asdict(missed)
        | {"at": began.isoformat(), "store": other.name if isinstance(other, Path) else "database"}
    )
    batch.fact(f"proved {side}", record)
    ledger.commit(batch)
    ledger.close()
    return missed


def _wait_for(home: Home, side: str, began: datetime, within: timedelta, clock: RealClock) -> float | None:
    other = home.ledger if side == "sentinel" else home.sentinel
    while clock.now() - began < within:
        incidents, _ = read_other(other, clock.now())
        for incident in incidents:
            if incident.cause == side and incident.is_open and incident.opened_at > began:
                return (incident.opened_at - began).total_seconds()
        pause(timedelta(milliseconds=200))
    return None


def _pid_of(home: Home, league: str, side: str) -> int:
    store = home.sentinel if side == "sentinel" else home.ledger
    _, beats = read_other(store, RealClock().now())
    name = side if side == "sentinel" else f"{side} {league}"
    note = _note(beats.get(name))
    if "pid" not in note:
        msg = f"no {side} has shown itself in {home.root}"
        raise UsageError(msg, hint=f"start it: tipoff {'up' if side == 'controller' else side} …")
    return int(note["pid"])


def _note(beat: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if beat is None or not beat["note"].startswith("{"):
        return {}
    said: dict[str, Any] = json.loads(beat["note"])
    return said
