"""An instance: a home's stores, a world and a controller on them, built anew at every start of a process."""

import dataclasses
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path

from tipoff.app.chores import AtOnce, Chores
from tipoff.app.executor import Beside, SeveralAtOnce
from tipoff.app.history import with_history
from tipoff.app.holder import gone, holder_here
from tipoff.app.loading import load_past, past_of
from tipoff.app.loop import Works
from tipoff.app.parts import Hook, Parts, never
from tipoff.app.warehouses import open_warehouse
from tipoff.config import Settings
from tipoff.core.build import build
from tipoff.core.clock import Clock, SimClock, stopwatch, thread_cpu
from tipoff.core.errors import ErrorKind, SourceError, UsageError
from tipoff.core.home import Home, Profile
from tipoff.core.league import League
from tipoff.core.payload import Fetched, Request
from tipoff.core.proof import Loss, Proof
from tipoff.core.slate import Season, Slate
from tipoff.core.step import SourceWork
from tipoff.engine.controller import Controller
from tipoff.engine.inline import Inline, call_here
from tipoff.engine.pages import in_turn
from tipoff.engine.plan import days_to_open, opening_of, plan_step
from tipoff.engine.run import Runner
from tipoff.engine.starting import Identity
from tipoff.ledger import Batch, Ledger
from tipoff.ledger.answers import made_of, unended_since, used_since
from tipoff.ledger.facts import LOADS, league_facts, season_row
from tipoff.ledger.outside import OutsideStore
from tipoff.sources.ask import UNUSED_FOR, Asker
from tipoff.sources.live import LiveWorld, asker_of_world
from tipoff.sources.world import World
from tipoff.store.archive import Archive, KeptAnswer, KeptAnswers
from tipoff.store.dialect import CompiledStep
from tipoff.store.published import Published
from tipoff.store.warehouse import Warehouse


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkSpec:
    """What is worked on, and who answers."""

    league: League
    season: Season
    days: tuple[date, date]
    world: World | LiveWorld | None  # none: nobody is asked, and what is archived is all there is
    scope: frozenset[str] | None = None  # a backfill: these outputs of these days alone
    anew: bool = False  # a reparse: what is proven of these outputs is made anew from the archive, and nothing else
    history: bool = False  # whether the ledger's history flows to the warehouse
    profile: Profile = Profile.REPLAY
    goes_on: bool = False  # whether it loads earlier seasons that no model of the build knows
    off: tuple[str, ...] = ()  # what is not made, as each page and message says


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySpec(WorkSpec):
    """What is to be replayed, in a world that answers alike for ever."""

    world: World
    asked: str = ""  # how it was asked for, as people are told it


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStores:
    """A home's stores, opened for one piece of work."""

    ledger: Ledger
    warehouse: Warehouse
    published: Published
    loaded: Mapping[str, CompiledStep]


class Instance:
    """A home's stores and a controller on them, built anew at every start from the parts that are handed in."""

    def __init__(  # noqa: PLR0913 -- where, when, of which parts
        self,
        settings: Settings,
        spec: WorkSpec,
        clock: Clock,
        *,
        at: Hook = never,
        parts: Parts | None = None,
        beside: Callable[[], Beside] | None = None,
    ) -> None:
        """`beside` makes what a live process has going beside its ticking; a replay does all at once."""
        self.home = settings.place
        self._settings, self._spec, self._clock, self._parts = settings, spec, clock, parts or Parts()
        self._at = self._parts.hook(clock, at)
        self._opened: tuple[Ledger, Warehouse] | None = None
        self._closing = ExitStack()  # what is open, to be let go of in turn: the last first
        self.loaded: Mapping[str, CompiledStep] = {}
        self.counts: Counter[str] = Counter()
        self.loading_s = 0.0  # of earlier seasons
        self.queries: Counter[str] = Counter()
        self._controllers: Sequence[Controller] = []
        self._asker: Asker | None = None
        self._make_beside = beside
        self._holder = holder_here()
        self.beside: Beside | None = None

    @property
    def is_open(self) -> bool:
        """Whether the stores are open."""
        return self._opened is not None

    @property
    def published(self) -> Published:
        """The published files."""
        return Published(
            self.home.published,
            profile=self._spec.profile,
            at=self._at,
            now=self._clock.now,
            halted=self._is_halted,
            off=lambda league: league_facts(self.ledger, league).off,
        )

    def _is_halted(self, league: str, output: str) -> str:
        now = self._clock.now()
        return next((halt.text for halt in self.ledger.of(league).halts() if halt.holds(output, now)), "")

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse, while the instance is open."""
        return self._stores()[1]

    @property
    def ledger(self) -> Ledger:
        """The ledger, while the instance is open."""
        return self._stores()[0]

    def _stores(self) -> tuple[Ledger, Warehouse]:
        if self._opened is None:
            msg = "the instance is not open"
            raise RuntimeError(msg)
        return self._opened

    def open(self) -> Works:
        """Open the stores, build the controllers on them, and return what ticks them."""
        self.close()
        parts, clock, profile = self._parts, self._clock, self._spec.profile
        ledger = self._closing.enter_context(parts.ledger(self.home, clock, profile=profile))
        settings = self._settings
        warehouse = parts.warehouse(
            lambda: open_warehouse(settings, self.home, ledger, profile=profile, at=self._at, now=clock.now),
            self.home,
            clock,
            engine=settings.warehouse,
            at=self._at,
        )
        self._closing.enter_context(closing(warehouse))
        self._closing.callback(lambda: self.queries.update(warehouse.counts))
        self._opened = ledger, warehouse
        if self._make_beside:
            self.beside = self._closing.enter_context(closing(self._make_beside()))
        loaded = self.loaded = warehouse.prepare(self._spec.league.steps)
        published = self.published
        published.prepare(self._spec.league.steps)
        runner = self._runner(warehouse, published)
        past = past_of(self._spec.league, self._spec.season, loaded)
        if past.since and self._asker is not None:
            began = stopwatch()
            ledger.keep_facts({LOADS: f"{past.first_day} to {past.days()[-1]}"}, league=past.league.name)
            self.counts["days_of_earlier_seasons"] += load_past(past, warehouse, loaded, self._asker, clock.now)
            ledger.keep_facts({LOADS: ""}, league=past.league.name)
            self.loading_s += stopwatch() - began
        self._controllers, works = parts.controllers(
            lambda holder: self._controller(holder, loaded, published, runner), clock
        )
        if not self._spec.history:
            return works
        keep = self._settings.history_keep_days
        chores: Chores[str] = self.beside.chores("history") if self.beside else AtOnce()
        league = self._spec.league.name
        return with_history(works, ledger, warehouse, league, keep_days=keep, at=self._at, chores=chores)

    @property
    def running(self) -> Sequence[Controller]:
        """The controllers, while the instance is open."""
        return self._controllers

    def lose(self, losses: Sequence[Loss]) -> None:
        """Tell the controllers of what a recount has found to be other than proven."""
        for controller in self._controllers:
            controller.lose(losses)

    def look_again(self, outputs: Sequence[tuple[str, date]], now: datetime) -> None:
        """Have the sources of these outputs and days asked once more."""
        for controller in self._controllers:
            controller.look_again(outputs, now)

    def proven(self) -> list[Proof]:
        """Return what is proven, as the controllers know it."""
        return [entry.proof for one in self._controllers for entry in one.book.entries.values() if entry.proof]

    def controller(self) -> Controller:
        """Open the stores and build a controller."""
        self.open()
        return self._controllers[0]

    def close(self) -> None:
        """Let go of the stores and of the outside, and keep count of what was done."""
        for controller in self._controllers:
            self.counts.update(dataclasses.asdict(controller.counts))
        self._controllers = []
        self._closing.close()
        self._opened = self._asker = None

    def _runner(self, warehouse: Warehouse, published: Published) -> Runner:
        clock = self._clock
        archive = Archive(self.home.archive, profile=self._spec.profile)
        keys = ("odds_api_key", "balldontlie_key", "bettingpros_key")
        secrets = self._parts.secrets(dict.fromkeys(keys, "simulated"))
        world = self._spec.world
        if isinstance(world, LiveWorld):
            outside = OutsideStore(self.home.ledger, profile=self._spec.profile)
            self._asker = world.asker(archive, self._closing.enter_context(outside))
        elif world is not None:
            self._asker = asker_of_world(
                self._parts.transport(world, clock),
                archive,
                secret=lambda name: secrets.get(name, ""),
            )
        if self._asker is not None:
            self._closing.enter_context(closing(self._asker))
            self._asker.resume(unused_answers(archive, self.ledger, clock.now()))
        return self._parts.executor(
            clock,
            warehouse=warehouse,
            published=published,
            tables={step.name: step.table for step in self._spec.league.steps},
            fetch=self._asker or _nobody,
            kept=KeptAnswers(archive),
            call=self.beside.children.call if self.beside else call_here,
            together=SeveralAtOnce(self._asker.at_once) if self.beside and self._asker else in_turn,
            now=clock.now,
            cpu=thread_cpu,
            at=self._at,
        )

    def _losses(self, published: Published) -> list[Loss]:
        """Return what does not stand any more as it was proven, or is not to stand: of what was set aside."""
        league = self._spec.league
        return [*losses_of(self.warehouse, published, league), *aside_losses(self.home, self.ledger, league)]

    def _controller(
        self, holder: str, loaded: Mapping[str, CompiledStep], published: Published, runner: Runner
    ) -> Controller:
        mine = Identity(build=build(), settings_hash=self._settings.hash, worker=f"inline-{os.getpid()}", holder=holder)
        if self.beside:
            is_gone = gone(holds_the_file=not self.home.database)
            mine = dataclasses.replace(mine, worker=self._holder, holder=self._holder, is_gone=is_gone)
        return Controller(
            league=self._spec.league,
            season=self._spec.season,
            days=self._spec.days,
            loaded=loaded,
            ledger=self.ledger,
            warehouse=self.warehouse,
            published=partial(published.survey, self._spec.league.name),
            losses=partial(self._losses, published),
            mark=partial(published.mark, self._spec.league.steps),
            executor=self.beside.executor(runner.attempt, self.warehouse) if self.beside else Inline(runner.attempt),
            identity=self._parts.identity(mine, self._clock),
            jitter=steady_jitter,
            has_key=partial(_has_key, self._spec.world),
            at=self._at,
            scope=self._spec.scope,
            anew=self._spec.anew,
        )


def _has_key(world: World | LiveWorld | None, name: str) -> bool | None:
    """Whether a provider can be asked; None where nobody outside is asked: what is off stays off."""
    return bool(world.secret(name)) if isinstance(world, LiveWorld) else None


def _nobody(request: Request, *, now: Callable[[], datetime]) -> Fetched:  # noqa: ARG001 -- as `tipoff.engine.pages.Fetch`
    msg = f"nothing is archived that {request.source} answered to this, and nobody is asked now"
    raise SourceError(msg, kind=ErrorKind.PERMANENT, hint="tipoff backfill asks anew")


def instance_in(home: Path, spec: WorkSpec, clock: Clock, *, parts: Parts | None = None) -> Instance:
    """Return an instance in a folder, with every setting as it is where nobody has set it."""
    return Instance(Settings(home=home), spec, clock, parts=parts)


def unused_answers(archive: Archive, ledger: Ledger, now: datetime) -> list[KeptAnswer]:
    """Return what is archived of answers to runs that have no end: their process was killed before it could use them."""
    since = unended_since(ledger)
    if since is None:
        return []
    used = used_since(ledger, since)
    kept = archive.answers(max(since, now - UNUSED_FOR).date(), now.date())
    return [answer for answer in kept if answer.at >= since and (answer.request.url, answer.sha256) not in used]


def losses_of(warehouse: Warehouse, published: Published, league: League) -> list[Loss]:
    """Return what the stores do not have any more as it was proven."""
    return [*warehouse.losses(league.name), *published.losses(league.steps)]


def aside_losses(home: Home, ledger: Ledger, league: League) -> list[Loss]:
    """Return what was made of answers that a person has set aside since."""
    aside = Archive(home.archive).aside()
    histories = {step.name for step in league.steps if isinstance(step.work, SourceWork) and step.work.keeps_history}
    return made_of(ledger, league.name, aside, histories=histories) if aside else []


def clock_of(home: Home, spec: ReplaySpec) -> SimClock:
    """Return the home's clock, which takes the world's fingerprint where it is new; raises `UsageError` where it differs."""
    with Ledger(home.ledger, profile=Profile.REPLAY) as ledger:
        return _clock(ledger, spec)


def _otherwise(then: str, now: str) -> str:
    """Return what is another than when a season was made here, as far as that was kept."""
    if not then or not now:
        return "of other days, or with another seed, other faults or other data"
    return f"with {then}, not with {now}" if then != now else "of other data than these are now"


def _clock(ledger: Ledger, spec: ReplaySpec) -> SimClock:
    league, season = spec.league.name, spec.season.name
    known = league_facts(ledger, league)
    world = {"world": spec.world.name, f"fingerprint {season}": spec.world.fingerprint}
    if "live since" in known.kept:
        world["live since"] = "a replay"
    other = [key for key, value in world.items() if known.kept.get(key, value) != value]
    if other:
        differs = {
            "world": f"it is of the world {known.world!r}, not {spec.world.name!r}",
            "live since": "it runs on the real clock",
        }
        others = f"its season {season} was made {_otherwise(known.of_season('asked', season), spec.asked)}"
        msg = f"in this home {league} belongs to another world: {differs.get(other[0], others)}"
        raise UsageError(msg, hint="ask for it as it was made, or set TIPOFF_HOME to another folder")
    batch = Batch()
    about = {f"about {season}": json.dumps(spec.world.describe()), f"asked {season}": spec.asked}
    for key, value in (world | about).items():
        if key not in known.kept:
            batch.fact(key, value, league=league)
    if spec.off != known.off:
        batch.fact("off", json.dumps(spec.off), league=league)
    if spec.goes_on and not known.goes_on:
        batch.fact("goes on", "yes", league=league)
    start = opening_of(spec.league, spec.season, spec.days[0])
    now = max(known.clock_at or start, start)
    if spec.scope is None:
        _must_be_in_time(ledger, spec, now)
    evidence = f"the schedule of the {spec.world.name} world"
    batch.add("seasons", season_row(league, spec.season, now=now, evidence=evidence))
    ledger.commit(batch)
    return SimClock(now)


def _must_be_in_time(ledger: Ledger, spec: ReplaySpec, now: datetime) -> None:
    """Refuse days that are new to the home and whose schedule is past due at its clock: they would be late or lost."""
    league, season = spec.league, spec.season
    planned = {day for output, day in ledger.of(league.name).within(*spec.days).states() if output == league.schedule}
    new = [day for day in days_to_open(season, *spec.days) if day not in planned]
    due = {day: plan_step(league.step(league.schedule), Slate(league.name, season, day)).due_at for day in new}
    late = [day for day, due_at in due.items() if due_at is not None and due_at <= now]
    if late:
        msg = f"it is too late for {late[0]} in this home: its {league.name} clock stands at {now:%Y-%m-%d %H:%M} UTC"
        hint = f"begin after {late[-1]}, or set TIPOFF_HOME to another folder and name days in a row as one span"
        raise UsageError(msg, hint=f"{hint}: a replay ends once its last day has settled")


def steady_jitter(name: str) -> float:
    """Return a number in [0, 1) that is the same for the same name, so that a replay repeats itself."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32
