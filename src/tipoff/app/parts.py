"""What an instance is built from: one method for each part, so that drills can hand over other parts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx

from tipoff.app.loop import Works
from tipoff.core.clock import Clock
from tipoff.core.home import Home, Profile
from tipoff.engine.controller import Controller
from tipoff.engine.run import Runner
from tipoff.engine.starting import Identity
from tipoff.ledger import Ledger
from tipoff.sources.world import World
from tipoff.store.warehouse import Warehouse

Hook = Callable[[str], None]  # called with the name of each point of the stores and the engine


def never(_point: str) -> None:
    """Go on: the hook of everyday work."""


class Parts:
    """The parts of everyday work."""

    def hook(self, _clock: Clock, at: Hook) -> Hook:
        """Return what is called at each named point, in place of or beside `at`."""
        return at

    def ledger(self, home: Home, _clock: Clock, *, profile: Profile) -> Ledger:
        """Open the home's ledger."""
        return Ledger(home.ledger, profile=profile)

    def warehouse(
        self, honest: Callable[[], Warehouse], _home: Home, _clock: Clock, *, engine: str, at: Hook
    ) -> Warehouse:
        """Open the home's warehouse: what `honest` opens, on the engine that the settings name."""
        del engine, at
        return honest()

    def transport(self, world: World, clock: Clock) -> httpx.BaseTransport:
        """Return what answers requests."""
        return world.transport(clock)

    def secrets(self, secrets: Mapping[str, str]) -> Mapping[str, str]:
        """Return the secrets that providers are asked with."""
        return secrets

    def executor(self, _clock: Clock, /, **parts: Any) -> Runner:  # noqa: ANN401 -- the runner's own
        """Return what makes runs."""
        return Runner(**parts)

    def identity(self, identity: Identity, _clock: Clock) -> Identity:
        """Return who the controller says it is."""
        return identity

    def controllers(self, build: Callable[[str], Controller], _clock: Clock) -> tuple[Sequence[Controller], Works]:
        """Return the controllers, each built under its holder's name, and what ticks them."""
        controller = build("one")
        return [controller], controller
