"""Replaying days on a simulated clock: the same controller, jumping from one instant of interest to the next."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tipoff.app.crash import Died
from tipoff.core.clock import SimClock
from tipoff.core.errors import LedgerError

AHEAD = timedelta(minutes=30)  # the clock never jumps further, so that a watcher is never blind for longer
AGAIN = timedelta(minutes=1)  # after which whoever supervises the controller starts it again


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay has come."""

    now: datetime
    n_runs: int


@dataclass(frozen=True, slots=True)
class Outage:
    """A time without ticks: the controller is `frozen` and goes on afterwards, or it is gone and another is started."""

    begin: datetime
    end: datetime
    frozen: bool = False


class Works(Protocol):
    """A controller, or several of which one works; see `tipoff.engine.controller.Controller`."""

    def start(self, now: datetime, *, after: str = "") -> bool:
        """Take up the work."""
        ...

    def tick(self, now: datetime) -> int:
        """Do all that can be done at `now`."""
        ...

    def next_wake(self) -> datetime | None:
        """Return when to tick again."""
        ...

    def rest(self, now: datetime) -> None:
        """Write down where the replay stands."""
        ...


class Stores(Protocol):
    """What a controller is built from: a home's stores, a world."""

    def open(self) -> Works:
        """Build a controller on stores opened anew."""
        ...

    def close(self) -> None:
        """Let go of the stores, as the end of a process does."""
        ...


def look_at_nothing(_now: datetime) -> None:
    """Look at nothing."""


def replay(  # noqa: PLR0913 -- a replay and what disturbs it
    stage: Stores,
    clock: SimClock,
    *,
    until: datetime,
    progress: Callable[[Progress], None],
    outages: Sequence[Outage] = (),
    look: Callable[[datetime], None] = look_at_nothing,
) -> None:
    """Tick until nothing is left to wait for, at most to `until`; the clock moves only when no run is live.

    A controller that dies or cannot write its ledger is started again, as a supervisor would. `look` is called at each instant:
    whoever watches from outside. The last instant is written into the ledger: the next replay of this home goes on from there.
    """
    controller, after, n_runs = None, "", 0
    while True:
        now = clock.now()
        look(now)
        outage = next((outage for outage in outages if outage.begin <= now < outage.end), None)
        if outage is not None:
            controller = controller if outage.frozen else None
            clock.advance_to(min(outage.end, now + AHEAD))
            continue
        try:
            if controller is None:
                stage.close()
                controller = stage.open()
                controller.start(now, after=after)
            n_runs += controller.tick(now)
        except LedgerError as error:
            controller, after = None, f"ledger: {error}"
            clock.sleep(AGAIN)
            continue
        except Died:
            controller, after = None, ""
            continue
        after = ""
        progress(Progress(now, n_runs))
        wake = controller.next_wake()
        if wake is None or now >= until:
            break
        ahead = [outage.begin for outage in outages if outage.begin > now]
        clock.advance_to(max(clock.now(), min(wake, now + AHEAD, until, *ahead)))
        if clock.now() == now:
            clock.sleep(AGAIN)
    controller.rest(clock.now())
