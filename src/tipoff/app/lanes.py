"""Work beside the ticking: each lane is a thread with a queue of its own, in which what is due first is done first."""

import itertools
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from tipoff.core.clock import stopwatch

T = TypeVar("T")

GRACE = timedelta(seconds=20)  # beyond a job's limit; then its thread is given up, and another one takes its place
_ENDING = timedelta(seconds=5)  # for jobs that are being done when all is let go of


@dataclass(frozen=True, slots=True, kw_only=True)
class Job(Generic[T]):
    """A piece of work. `work` never raises; `given_up` says what came of it where it has not come back in time."""

    lane: str
    can_wait: bool  # a backfill, a recount: after all that is due
    due_at: datetime
    limit: timedelta
    work: Callable[[], T]
    given_up: Callable[[], T]


@dataclass(slots=True)
class _Lane(Generic[T]):
    waiting: "queue.PriorityQueue[tuple[bool, datetime, int, Job[T] | None]]"
    job: Job[T] | None = None
    begun_s: float = 0.0  # by the stopwatch: the machine's time, whatever clock the home runs on
    turn: int = 0  # grows when its thread is given up
    thread: threading.Thread | None = None


@dataclass(slots=True)
class Lanes(Generic[T]):
    """Does jobs in threads. What has come back is fetched with `back`; `woken`, which several share, is set when something has.

    Whoever waits for it clears it before all are looked at, so that what comes back meanwhile is not overlooked.
    """

    woken: threading.Event = field(default_factory=threading.Event)
    _lanes: dict[str, _Lane[T]] = field(default_factory=dict)
    _back: list[T] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _serial: "itertools.count[int]" = field(default_factory=itertools.count)

    def put(self, job: Job[T]) -> None:
        """Take in a job; its lane's thread is begun with its first."""
        lane = self._lanes.get(job.lane)
        if lane is None:
            lane = self._lanes[job.lane] = _Lane(queue.PriorityQueue())
            self._begin(job.lane, lane)
        lane.waiting.put((job.can_wait, job.due_at, next(self._serial), job))

    def back(self) -> list[T]:
        """Return what has come back since the last time, and what came of jobs that have used up their time and more."""
        now_s = stopwatch()
        with self._lock:
            for name, lane in self._lanes.items():
                if lane.job and now_s - lane.begun_s > (lane.job.limit + GRACE).total_seconds():
                    self._back.append(lane.job.given_up())
                    lane.job, lane.turn = None, lane.turn + 1
                    self._begin(name, lane)
                elif lane.thread is None:
                    self._begin(name, lane)
            found, self._back = self._back, []
        return found

    def close(self) -> None:
        """Let the threads end with the job that they are at; what they bring is of no interest any more."""
        with self._lock:
            lanes, self._lanes = list(self._lanes.values()), {}
            for lane in lanes:
                lane.turn += 1
                lane.waiting.put((False, datetime.min.replace(tzinfo=UTC), -1, None))
        for lane in lanes:
            if lane.thread is not None:
                lane.thread.join(_ENDING.total_seconds() / len(lanes))

    def _begin(self, name: str, lane: _Lane[T]) -> None:
        thread = threading.Thread(target=self._work, args=(lane, lane.turn), name=f"lane {name}", daemon=True)
        lane.thread = None
        with suppress(RuntimeError):  # the machine lets no thread begin: what waits is taken up when it does
            thread.start()
            lane.thread = thread

    def _work(self, lane: _Lane[T], turn: int) -> None:
        while lane.turn == turn:
            *_, job = lane.waiting.get()
            if job is None:
                return
            with self._lock:
                lane.job, lane.begun_s = job, stopwatch()
            result = job.work()
            with self._lock:
                if lane.turn != turn:
                    return
                lane.job = None
                self._back.append(result)
                self.woken.set()
