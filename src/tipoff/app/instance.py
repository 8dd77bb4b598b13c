"""A stage: a home's stores, a world and a controller on them, built anew at every start of a process."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import httpx

from tipoff.app.crash import never
from tipoff.app.history import with_history
from tipoff.app.loop import Outage, Works
from tipoff.app.warehouses import open_warehouse
from tipoff.config import Settings
from tipoff.core.build import build
from tipoff.core.clock import Clock, SimClock, stopwatch
from tipoff.core.errors import UsageError
from tipoff.core.fault import KINDS, Fault
from tipoff.core.league import League
from tipoff.core.profile import Profile
from tipoff.core.slate import Season
from tipoff.drills.faults.controllers import Pair
from tipoff.drills.faults.hooks import hook
from tipoff.drills.faults.http import FaultyTransport
from tipoff.drills.faults.stores import FaultyLedger, FaultyWarehouse
from tipoff.drills.faults.work import FaultyRunner, secrets_without
from tipoff.engine.controller import Controller
from tipoff.engine.past import Identity
from tipoff.engine.plan import opening_of
from tipoff.engine.run import Runner
from tipoff.ledger import Batch, Ledger
from tipoff.sources.ask import Asker
from tipoff.sources.build import asker_of_world
from tipoff.sources.world import World
from tipoff.store.archive import Archive
from tipoff.store.dialect import CompiledStep
from tipoff.store.home import Home
from tipoff.store.published import Published
from tipoff.store.warehouse import Warehouse


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySpec:
    """What is to be replayed, and in which world."""

    league: League
    season: Season
    days: tuple[date, date]
    world: World
    faults: Sequence[Fault] = ()
    scope: frozenset[str] | None = None  # a backfill: these outputs of these days alone
    budgets: Mapping[str, int] = field(default_factory=dict)  # requests a day, by provider
    history: bool = False  # whether the ledger's history flows to the warehouse
    profile: Profile = Profile.REPLAY


class Instance:
    """A home's stores and a controller on them, built anew at every start; with faults, each part that they touch."""

    def __init__(
        self,
        settings: Settings,
        spec: ReplaySpec,
        clock: Clock,
        *,
        at: Callable[[str], None] = never,
    ) -> None:
        self.home = settings.place
        self._settings, self._spec, self._clock, self._faults = settings, spec, clock, spec.faults
        self._at = _both(hook(clock, spec.faults), at) if spec.faults else at
        self._opened: tuple[Ledger, Warehouse] | None = None
        self.loaded: Mapping[str, CompiledStep] = {}
        self.counts: Counter[str] = Counter()
        self.queries: Counter[str] = Counter()
        self._controllers: list[Controller] = []
        self._asker: Asker | None = None

    @property
    def is_open(self) -> bool:
        """Whether the stores are open."""
        return self._opened is not None

    @property
    def published(self) -> Published:
        """The published files."""
        return Published(self.home.published, profile=self._spec.profile, at=self._at)

    @property
    def warehouse(self) -> Warehouse:
        """The warehouse, while the stage is open."""
        return self._stores()[1]

    @property
    def ledger(self) -> Ledger:
        """The ledger, while the stage is open."""
        return self._stores()[0]

    def _stores(self) -> tuple[Ledger, Warehouse]:
        if self._opened is None:
            msg = "the stage is not open"
            raise RuntimeError(msg)
        return self._opened

    def open(self) -> Works:
        """Open the stores and build a controller; with a fault that says so, two."""
        self.close()
        kinds = self._by_kind()
        home, clock = self.home, self._clock
        ledger: Ledger = (
            FaultyLedger(home.ledger, clock=clock, faults=kinds["ledger"])
            if kinds["ledger"]
            else Ledger(home.ledger, profile=self._spec.profile)
        )
        warehouse = self._warehouse(ledger, kinds["warehouse"])
        self._opened = ledger, warehouse
        loaded = self.loaded = warehouse.prepare(self._spec.league.steps)
        published = self.published
        runner = self._runner(warehouse, published)
        two = [fault for fault in kinds["controller"] if fault.how == "two"]
        self._controllers = [
            self._controller(holder, loaded, published, runner) for holder in ("one", "two")[: 1 + bool(two)]
        ]
        works: Works = self._controllers[0] if not two else Pair(self._controllers[0], self._controllers[1], two[0])
        if not self._spec.history:
            return works
        keep = self._settings.history_keep_days
        return with_history(works, ledger, warehouse, self._spec.league.name, keep_days=keep, at=self._at)

    def _warehouse(self, ledger: Ledger, faults: list[Fault]) -> Warehouse:
        settings, home, clock = self._settings, self.home, self._clock
        if faults and settings.warehouse != "duckdb":
            msg = "faults of the warehouse are DuckDB's alone"
            raise UsageError(msg, hint="the emulator of BigQuery has a layer of faults of its own, for the tests")
        if faults:
            return FaultyWarehouse(home.warehouse, at=self._at, clock=clock, faults=faults)
        return open_warehouse(settings, home, ledger, profile=self._spec.profile, at=self._at, now=clock.now)

    def controller(self) -> Controller:
        """Open the stores and build a controller."""
        self.open()
        return self._controllers[0]

    def close(self) -> None:
        """Let go of the stores and of the outside, and keep count of what was done."""
        if self._asker is not None:
            self._asker.close()
            self._asker = None
        for controller in self._controllers:
            counts = controller.counts
            for name in ("ticks", "finished", "failed", "expired", "unchanged"):
                self.counts[name] += getattr(counts, name)
        self._controllers = []
        if self._opened is not None:
            ledger, warehouse = self._opened
            self.queries.update(warehouse.counts)
            warehouse.close()
            ledger.close()
            self._opened = None

    def _by_kind(self) -> dict[str, list[Fault]]:
        return {kind: [fault for fault in self._faults if fault.kind == kind] for kind in KINDS}

    def _runner(self, warehouse: Warehouse, published: Published) -> Runner:
        kinds, clock = self._by_kind(), self._clock
        transport: httpx.BaseTransport = (
            FaultyTransport(self._spec.world, clock, kinds["http"])
            if kinds["http"] and isinstance(clock, SimClock)
            else self._spec.world.transport(clock)
        )
        archive = Archive(self.home.archive, profile=self._spec.profile)
        secrets = secrets_without({"odds_api_key": "simulated", "balldontlie_key": "simulated"}, self._faults)
        self._asker = asker_of_world(
            transport, archive, secret=lambda name: secrets.get(name, ""), budgets=self._spec.budgets
        )
        parts: dict[str, Any] = {
            "warehouse": warehouse,
            "published": published,
            "tables": {step.name: step.table for step in self._spec.league.steps},
            "fetch": self._asker,
            "now": clock.now,
            "stopwatch": stopwatch,
            "at": self._at,
        }
        work = kinds["executor"] + kinds["step"]
        return FaultyRunner(clock=clock, faults=work, **parts) if work else Runner(**parts)

    def _controller(
        self, holder: str, loaded: Mapping[str, CompiledStep], published: Published, runner: Runner
    ) -> Controller:
        now = self._clock.now()
        others = {fault.how for fault in self._faults if fault.kind == "controller" and fault.holds(now)}
        return Controller(
            league=self._spec.league,
            season=self._spec.season,
            days=self._spec.days,
            loaded=loaded,
            ledger=self.ledger,
            warehouse=self.warehouse,
            published=published.survey,
            executor=runner,
            identity=Identity(
                build="another build" if "other build" in others else build(),
                settings_hash="other settings" if "other settings" in others else self._settings.hash,
                worker=f"inline-{os.getpid()}",
                holder=holder,
            ),
            jitter=steady_jitter,
            at=self._at,
            scope=self._spec.scope,
        )


def _both(one: Callable[[str], None], other: Callable[[str], None]) -> Callable[[str], None]:
    """Return a hook that calls both."""

    def at(point: str) -> None:
        one(point)
        other(point)

    return at


def outages_of(faults: Sequence[Fault]) -> list[Outage]:
    """Return the times without ticks that the faults bring; other settings or another build come with a restart."""
    found = []
    for fault in faults:
        if fault.kind == "controller" and fault.how in {"frozen", "stopped"}:
            found.append(Outage(fault.begin, fault.end, frozen=fault.how == "frozen"))
        elif fault.kind == "controller" and fault.how in {"other settings", "other build"}:
            found.append(Outage(fault.begin, fault.begin + timedelta(minutes=1)))
    return found


def clock_of(home: Home, spec: ReplaySpec) -> SimClock:
    """Return the home's clock; a new home takes the world's fingerprint, a known one must have the same.

    Raises:
        UsageError: The home belongs to another world.
    """
    ledger = Ledger(home.ledger, profile=Profile.REPLAY)
    try:
        return _clock(ledger, spec)
    finally:
        ledger.close()


def _clock(ledger: Ledger, spec: ReplaySpec) -> SimClock:
    known = ledger.home()
    world = {"world": spec.world.name, "fingerprint": spec.world.fingerprint, "season": spec.season.name}
    if not known:
        batch = Batch()
        for key, value in (world | {"league": spec.league.name, "about": json.dumps(spec.world.describe())}).items():
            batch.add("home", {"key": key, "value": value})
        ledger.commit(batch)
    other = [key for key, value in world.items() if known.get(key, value) != value]
    if other:
        was, is_now = ({key: facts.get(key) for key in other} for facts in (known, world))
        msg = f"this home belongs to another world: it was made with {was}, asked for is {is_now}"
        raise UsageError(msg, hint="set TIPOFF_HOME to another folder")
    start = opening_of(spec.league, spec.season, spec.days[0])
    at = datetime.fromisoformat(known["clock_at"]) if "clock_at" in known else start
    return SimClock(max(at, start))


def steady_jitter(name: str) -> float:
    """Return a number in [0, 1) that is the same for the same name, so that a replay repeats itself."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32
