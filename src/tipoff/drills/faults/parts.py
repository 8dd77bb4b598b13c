"""The parts of an instance, each put in the place of the honest one where a fault touches it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import httpx

from tipoff.app.loop import Outage, Works
from tipoff.app.parts import Hook, Parts
from tipoff.core.clock import Clock, SimClock
from tipoff.core.errors import UsageError
from tipoff.core.fault import Fault
from tipoff.core.home import Home, Profile
from tipoff.drills.faults.controllers import Pair, SideBySide
from tipoff.drills.faults.files import KINDS
from tipoff.drills.faults.hooks import hook
from tipoff.drills.faults.http import FaultyTransport
from tipoff.drills.faults.stores import FaultyLedger, FaultyWarehouse, OtherHands
from tipoff.drills.faults.work import FaultyRunner, secrets_without
from tipoff.engine.controller import Controller
from tipoff.engine.run import Runner
from tipoff.engine.starting import Identity
from tipoff.ledger import Ledger
from tipoff.sources.world import World
from tipoff.store.duck import DuckWarehouse
from tipoff.store.warehouse import Warehouse


class FaultyParts(Parts):
    """See `Parts`: each part as it is, or as the faults of its kind make it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = faults
        self._kinds = {kind: [fault for fault in faults if fault.kind == kind] for kind in KINDS}
        self._others = OtherHands(self._kinds["stores"])
        self._change: Callable[[datetime], None] | None = None

    def hook(self, clock: Clock, at: Hook) -> Hook:
        """Return a hook that goes wrong where a fault says so, and then does what it would have done."""
        wrong = hook(clock, self._faults)

        def both(point: str) -> None:
            wrong(point)
            at(point)

        return both

    def ledger(self, home: Home, clock: Clock, *, profile: Profile) -> Ledger:
        """Open the ledger; see `Parts`."""
        faults = self._kinds["ledger"]
        if faults:
            return FaultyLedger(home.ledger, clock=clock, faults=faults)
        return super().ledger(home, clock, profile=profile)

    def warehouse(
        self, honest: Callable[[], Warehouse], home: Home, clock: Clock, *, engine: str, at: Hook
    ) -> Warehouse:
        """Open the warehouse; see `Parts`.

        Raises:
            UsageError: It is not DuckDB and a fault would touch it.
        """
        faults = self._kinds["warehouse"]
        if self._kinds["stores"]:
            self._others.change(home, clock.now(), None)
        if not faults:
            opened = honest()
            if isinstance(opened, DuckWarehouse) and self._kinds["stores"]:
                self._change = partial(self._others.change, home, warehouse=opened)
            return opened
        if engine != "duckdb":
            msg = "faults of the warehouse are DuckDB's alone"
            raise UsageError(msg, hint="the emulator of BigQuery has a layer of faults of its own, for the tests")
        return FaultyWarehouse(home.warehouse, at=at, clock=clock, faults=faults)

    def transport(self, world: World, clock: Clock) -> httpx.BaseTransport:
        """Return what answers requests; see `Parts`."""
        faults = self._kinds["http"]
        if faults and isinstance(clock, SimClock):
            return FaultyTransport(world, clock, faults)
        return super().transport(world, clock)

    def secrets(self, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """Return the secrets without those that a fault takes away."""
        return secrets_without(secrets, self._faults)

    def executor(self, clock: Clock, /, **parts: Any) -> Runner:  # noqa: ANN401 -- see `Parts`
        """Return what makes runs; see `Parts`."""
        faults = self._kinds["executor"] + self._kinds["step"]
        return FaultyRunner(clock=clock, faults=faults, **parts) if faults else super().executor(clock, **parts)

    def identity(self, identity: Identity, clock: Clock) -> Identity:
        """Return who the controller says it is: of another build or with other settings while a fault says so."""
        now = clock.now()
        ways = {fault.how for fault in self._kinds["controller"] if fault.holds(now)}
        if "other build" in ways:
            identity = dataclasses.replace(identity, build="another build")
        if "other settings" in ways:
            identity = dataclasses.replace(identity, settings_hash="other settings")
        return identity

    def controllers(self, build: Callable[[str], Controller], clock: Clock) -> tuple[Sequence[Controller], Works]:
        """Return one controller, or with a fault that says so two; beside it others may change the stores."""
        two = [fault for fault in self._kinds["controller"] if fault.how == "two"]
        if two:
            first, second = build("one"), build("two")
            return [first, second], Pair(first, second, two[0])
        controllers, works = super().controllers(build, clock)
        return controllers, SideBySide(works, self._change) if self._change else works


def outages_of(faults: Sequence[Fault]) -> list[Outage]:
    """Return the times without ticks that the faults bring; other settings or another build come with a restart."""
    found = []
    for fault in faults:
        if fault.kind == "controller" and fault.how in {"frozen", "stopped"}:
            found.append(Outage(fault.begin, fault.end, frozen=fault.how == "frozen"))
        elif fault.kind == "controller" and fault.how in {"other settings", "other build"}:
            found.append(Outage(fault.begin, fault.begin + timedelta(minutes=1)))
    return found
