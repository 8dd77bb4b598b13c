"""Runs beside the ticking: providers asked by threads of their own, Python in child processes, SQL ended at its limit."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from tipoff.app.child import Children
from tipoff.app.chores import InThread
from tipoff.app.lanes import Job, Lanes
from tipoff.core.clock import alarm
from tipoff.core.errors import CallFailed, OverTime, PipelineError
from tipoff.core.payload import Request
from tipoff.core.step import SourceWork, SqlWork
from tipoff.engine.claim import Claim, Outcome
from tipoff.store.warehouse import Warehouse

T = TypeVar("T")
_NOT_DUE = datetime.max.replace(tzinfo=UTC)


class LiveExecutor:
    """See `tipoff.engine.claim.Executor`. What is due first is made first; what closed long ago, last."""

    def __init__(
        self,
        attempt: Callable[[Claim], Outcome],
        warehouse: Warehouse,
        *,
        now: Callable[[], datetime],
        woken: threading.Event,
    ) -> None:
        self._attempt, self._warehouse, self._now = attempt, warehouse, now
        self._lanes: Lanes[Outcome] = Lanes(woken)
        self._held: set[int] = set()

    def hand_out(self, claims: Sequence[Claim]) -> None:
        """Take claims; each goes to its lane: of its provider, of SQL, of Python."""
        for claim in claims:
            self._held.add(claim.run_id)
            self._lanes.put(
                Job(
                    lane=lane_of(claim),
                    can_wait=claim.plan.retrospective,
                    due_at=claim.due_at or _NOT_DUE,
                    limit=claim.step.time_limit,
                    work=partial(self._make, claim),
                    given_up=partial(self._given_up, claim),
                )
            )

    def returned(self) -> Sequence[Outcome]:
        """Return what has come back."""
        found = self._lanes.back()
        self._held -= {outcome.claim.run_id for outcome in found}
        return found

    def holds(self, run_id: int) -> bool:
        """Whether a run waits for its turn or is being made."""
        return run_id in self._held

    def close(self) -> None:
        """Bring nothing more back."""
        self._held.clear()
        self._lanes.close()

    def _make(self, claim: Claim) -> Outcome:
        """Make a run; the statement at which its time is used up is ended, and what else may hang has a limit of its own."""
        with alarm(claim.step.time_limit, partial(self._warehouse.interrupt, threading.get_ident())):
            return self._attempt(claim)

    def _given_up(self, claim: Claim) -> Outcome:
        """Return the end of a run that does not come back: its thread is left to itself, and may write no more."""
        now = self._now()
        claim.live.until = now
        what = f"run {claim.run_id} of {claim.step.name} {claim.slate.day}"
        msg = f"{what} did not end within {claim.step.time_limit}, nor when it was told to"
        error = OverTime(msg, hint="is a provider slow, or the work too large for its limit?")
        return Outcome(claim, error=error, begun=now - claim.step.time_limit, ended=now)


class Beside:
    """All that a live process has going beside its ticking; `woken` is set when some of it has come back."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.woken = threading.Event()
        self.children = Children()
        self._parts: list[LiveExecutor | InThread[Any]] = []

    def executor(self, attempt: Callable[[Claim], Outcome], warehouse: Warehouse) -> LiveExecutor:
        """Return an executor of runs."""
        made = LiveExecutor(attempt, warehouse, now=self._now, woken=self.woken)
        self._parts.append(made)
        return made

    def chores(self, name: str, *, wakes: bool = True) -> InThread[Any]:
        """Return a thread for chores; where they do not wake the loop, one is done a tick."""
        made: InThread[Any] = InThread(name, self.woken if wakes else threading.Event())
        self._parts.append(made)
        return made

    def close(self) -> None:
        """End the child processes, and let the threads end with what they are at."""
        self.children.close()
        for part in self._parts:
            part.close()


class SeveralAtOnce:
    """See `tipoff.engine.pages.Together`: as many of a run's requests at once as whoever is asked allows."""

    def __init__(self, at_once: Callable[[Request], int]) -> None:
        self._at_once = at_once

    def __call__(self, work: Callable[[Request], T], requests: Sequence[Request]) -> Sequence[T]:
        """See `tipoff.engine.pages.Together`. Its threads end with their request, and hold up no process that ends."""
        if len(requests) < 2:  # noqa: PLR2004 -- nothing to be done beside the other
            return [work(request) for request in requests]
        todo = iter(enumerate(requests))
        results: dict[int, T | PipelineError] = {}
        lock = threading.Lock()

        def ask() -> None:
            while True:
                with lock:
                    n, request = next(todo, (-1, None))
                if request is None:
                    return
                try:
                    results[n] = work(request)
                except PipelineError as error:
                    results[n] = error

        n_threads = min(len(requests), max(map(self._at_once, requests)))
        threads = [threading.Thread(target=ask, name="asks", daemon=True) for _ in range(n_threads)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [_result(results.get(n), request) for n, request in enumerate(requests)]


def _result(result: T | PipelineError | None, request: Request) -> T:
    if result is None:
        msg = f"asking {request.source} ended without an answer: what its thread raised stands where errors go"
        raise CallFailed(msg)
    if isinstance(result, PipelineError):
        raise result
    return result


def lane_of(claim: Claim) -> str:
    """Return the lane of a run: one for each provider, so that one that hangs holds up nobody else."""
    match claim.step.work:
        case SourceWork(source=source):
            return source
        case SqlWork():
            return "SQL"
        case _:
            return "Python"
