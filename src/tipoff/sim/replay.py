"""Replaying days on a simulated clock: the same controller, jumping from one instant of interest to the next."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tipoff.core.clock import SimClock
from tipoff.engine.controller import Controller

AHEAD = timedelta(minutes=30)  # the clock never jumps further, so that a watcher is never blind for longer


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay has come."""

    now: datetime
    n_runs: int


def replay(
    controller: Controller,
    clock: SimClock,
    *,
    until: datetime,
    progress: Callable[[Progress], None],
) -> None:
    """Tick until nothing is left to wait for, at most to `until`; the clock moves only when no run is live.

    The last instant is written into the ledger: the next replay of this home goes on from there.
    """
    controller.start(clock.now())
    n_runs = 0
    while True:
        now = clock.now()
        n_runs += controller.tick(now)
        progress(Progress(now, n_runs))
        wake = controller.next_wake()
        if wake is None or now >= until:
            break
        clock.advance_to(max(now, min(wake, now + AHEAD, until)))
        if clock.now() == now:
            clock.sleep(timedelta(minutes=1))
    controller.rest(clock.now())
