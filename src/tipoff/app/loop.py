"""Replaying days on a simulated clock: the same controller, jumping from one instant of interest to the next."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tipoff.core.clock import SimClock
from tipoff.core.errors import ErrorKind, LedgerError, UsageError

AHEAD = timedelta(minutes=30)  # the clock never jumps further, so that a watcher is never blind for longer
AGAIN = timedelta(minutes=1)  # after which whoever supervises the controller starts it again


class Died(BaseException):
    """The process ends here: what drills raise where a real one is killed."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay has come."""

    now: datetime
    n_runs: int
    trouble: str = ""  # why the controller could not go on, and is started again


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

    def tick(self, now: datetime) -> int:
        """Do all that can be done at `now`."""

    def next_wake(self) -> datetime | None:
        """Return when to tick again."""

    def rest(self, now: datetime) -> None:
        """Write down where the replay stands."""


class Stores(Protocol):
    """What a controller is built from: a home's stores, a world."""

    def open(self) -> Works:
        """Build a controller on stores opened anew."""

    def close(self) -> None:
        """Let go of the stores, as the end of a process does."""


def look_at_nothing(_now: datetime) -> None:
    """Look at nothing."""


@dataclass(slots=True)
class LeagueReplay:
    """One league's part in a replay: what ticks it, until when, what disturbs it, and who watches.

    A controller that dies or cannot write its ledger is started again, as a supervisor would. `look` is called at each of its
    instants: whoever watches from outside. `at` is the next of them; none once nothing is left to wait for.
    """

    stores: Stores
    at: datetime | None
    until: datetime
    progress: Callable[[Progress], None]
    outages: Sequence[Outage] = ()
    look: Callable[[datetime], None] = look_at_nothing
    _works: Works | None = None
    _after: str = ""
    _n_runs: int = 0

    def step(self, clock: SimClock) -> None:
        """Do all that is to be done at this instant, and find the next; raises `LedgerError` where that cannot go on."""
        now = clock.now()
        try:
            self.look(now)
            outage = next((outage for outage in self.outages if outage.begin <= now < outage.end), None)
            if outage is not None:
                self._works = self._works if outage.frozen else None
                self.at = min(outage.end, now + AHEAD)
                return
            if self._works is None:
                self.stores.close()
                self._works = self.stores.open()
                self._works.start(now, after=self._after)
            self._n_runs += self._works.tick(now)
        except LedgerError as error:
            if error.kind is ErrorKind.PERMANENT or now >= self.until:
                raise
            self._works, self._after, self.at = None, f"ledger: {error}", clock.now() + AGAIN
            self.progress(Progress(now, self._n_runs, trouble=f"{error} ({error.hint})"))
            return
        except UsageError as error:
            if not self._after or error.__cause__ is None:
                raise
            msg = f"the ledger went away in the midst of the replay, and is not back yet: {error}"
            raise LedgerError(msg, hint="once it is back, the same command goes on from here") from error
        except Died:
            self._works, self._after, self.at = None, "", clock.now()
            return
        self._after = ""
        self.progress(Progress(now, self._n_runs))
        wake = self._works.next_wake()
        if wake is None or now >= self.until:
            self.at = None
            self.look(clock.now())  # what the last tick has told is seen too
            self._works.rest(clock.now())
            return
        ahead = [outage.begin for outage in self.outages if outage.begin > now]
        self.at = max(clock.now(), min(wake, now + AHEAD, self.until, *ahead))
        if self.at == now:
            self.at = now + AGAIN


def replay(  # noqa: PLR0913 -- a replay and what disturbs it
    stores: Stores,
    clock: SimClock,
    *,
    until: datetime,
    progress: Callable[[Progress], None],
    outages: Sequence[Outage] = (),
    look: Callable[[datetime], None] = look_at_nothing,
) -> None:
    """Tick until nothing is left to wait for, at most to `until`; the next replay of this home goes on from there."""
    line = LeagueReplay(stores, at=clock.now(), until=until, progress=progress, outages=outages, look=look)
    replay_together([line], clock)


def replay_together(lines: Sequence[LeagueReplay], clock: SimClock) -> None:
    """Replay several leagues on one clock: each ticks at its own instants alone, as if it were by itself."""
    while True:
        due = [line.at for line in lines if line.at is not None]
        if not due:
            return
        clock.advance_to(max(clock.now(), min(due)))
        for line in lines:
            if line.at is not None and line.at <= clock.now():
                line.step(clock)
