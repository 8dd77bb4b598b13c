"""Time: the only module that may ask the machine for it; everything else is handed a `Clock`, or an instant read from one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from queue import Empty, SimpleQueue
from threading import Timer
from time import perf_counter, process_time, sleep, thread_time
from typing import Protocol
from zoneinfo import ZoneInfo

LEAGUE_ZONE = ZoneInfo("America/New_York")


class Clock(Protocol):
    """Tells the instant, in UTC."""

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""


class RunningClock(Clock, Protocol):
    """A clock that goes by itself, `speed` times as fast as the machine's, so that one can wait on it."""

    @property
    def speed(self) -> float:
        """How many seconds it goes in one of the machine's."""

    def timer(self, length: timedelta) -> Callable[[], float]:
        """Return what says for how many of the machine's seconds to wait next, until `length` has gone by: then 0 or less."""


class RealClock:
    """The machine's clock."""

    speed = 1.0

    def now(self) -> datetime:
        """Return the machine's present instant, aware and in UTC."""
        return datetime.now(UTC)

    def timer(self, length: timedelta) -> Callable[[], float]:
        """See `RunningClock.timer`; a clock that is put back does not prolong it."""
        end = stopwatch() + length.total_seconds()
        return lambda: end - stopwatch()


class Stop:
    """A wish to end, which a signal's handler may set.

    A `threading.Event` must not be set there: its lock may be held by the very wait that the signal interrupts, and both then
    wait for ever. A `SimpleQueue` may be put into from a handler.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._told: SimpleQueue[None] = SimpleQueue()

    def is_set(self) -> bool:
        """Whether the end is wished for."""
        return self._is_set

    def set(self) -> None:
        """Wish for the end; every wait ends."""
        self._is_set = True
        self._told.put(None)

    def wait(self, seconds: float) -> bool:
        """Wait for so many seconds at the most, and return whether the end is wished for."""
        if not self._is_set and seconds > 0:
            with suppress(Empty):
                self._told.get(timeout=seconds)
                self._told.put(None)  # for the next who waits
        return self._is_set


def wait(stop: Stop, left: Callable[[], float]) -> None:
    """Wait until `stop` is set or a clock's timer says that nothing is `left`."""
    while not stop.is_set() and (seconds := left()) > 0:
        stop.wait(seconds)


class SimClock:
    """A clock that stands still until it is moved, and never runs back."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            msg = f"a clock needs an aware instant, not {at!r}"
            raise ValueError(msg)
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """Return the simulated instant."""
        return self._at

    def sleep(self, length: timedelta) -> None:
        """Move on by `length` at once."""
        self.advance_to(self._at + length)

    def advance_to(self, at: datetime) -> None:
        """Move on to `at`; raises `ValueError` where that lies before the present instant."""
        if at < self._at:
            msg = f"the clock cannot go back from {self._at} to {at}"
            raise ValueError(msg)
        self._at = at.astimezone(UTC)


# two clocks differ by less; an instant further ahead of now was written by a clock that is wrong
AHEAD = timedelta(minutes=1)


def is_ahead(at: datetime, now: datetime) -> bool:
    """Whether an instant that somebody wrote down lies in the future: his clock is wrong, or this one was put back."""
    return at - now > AHEAD


def age(at: datetime, now: datetime) -> timedelta:
    """Return how long ago an instant was; never less than nothing."""
    return max(timedelta(0), now - at)


def is_fresh(at: datetime, now: datetime, within: timedelta) -> bool:
    """Whether what was written at an instant is a sign of life: not too old, and not of the future."""
    return not is_ahead(at, now) and now - at <= within


def midnight(day: date) -> datetime:
    """Return the instant at which the league's calendar date `day` begins, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=LEAGUE_ZONE).astimezone(UTC)


def on_clock(day: date, after_midnight: timedelta) -> datetime:
    """Return the instant at which a clock in New York has gone so far on `day`: eleven is eleven, also where clocks change."""
    return (datetime(day.year, day.month, day.day, tzinfo=LEAGUE_ZONE) + after_midnight).astimezone(UTC)


def league_day(at: datetime) -> date:
    """Return the league's calendar date (America/New_York) at the instant `at`."""
    return at.astimezone(LEAGUE_ZONE).date()


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of a league's day in which something must be heard, New York; `begin` after `end` means over midnight."""

    begin: time
    end: time

    def spent(self, since: datetime, now: datetime) -> timedelta:
        """Return how much of the time from `since` to `now` lies in these hours."""
        spent = timedelta(0)
        day = league_day(since) - timedelta(days=1)
        while day <= league_day(now):
            last = day if self.begin < self.end else day + timedelta(days=1)
            opens = datetime.combine(day, self.begin, LEAGUE_ZONE).astimezone(UTC)
            closes = datetime.combine(last, self.end, LEAGUE_ZONE).astimezone(UTC)
            spent += max(timedelta(0), min(closes, now) - max(opens, since))
            day += timedelta(days=1)
        return spent


def stopwatch() -> float:
    """Return seconds of a steady clock, for measuring lengths only."""
    return perf_counter()


def thread_cpu() -> float:
    """Return the CPU seconds that the calling thread has used."""
    return thread_time()


def process_cpu() -> float:
    """Return the CPU seconds that this process has used."""
    return process_time()


@contextmanager
def alarm(length: timedelta, ring: Callable[[], None]) -> Iterator[None]:
    """Call `ring`, from another thread, if the block takes longer than `length` of real time."""
    timer = Timer(length.total_seconds(), ring)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def pause(length: timedelta) -> None:
    """Let `length` of real time go by; only the live loop waits like this."""
    sleep(length.total_seconds())
