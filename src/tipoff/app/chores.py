"""Chores: what a home needs done beside its runs (checks, recounts, history), at once in a replay and in a thread live."""

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, TypeAlias, TypeVar

from tipoff.app.lanes import Job, Lanes
from tipoff.core.errors import CallFailed, OverTime, PipelineError, what_of

LIMIT = timedelta(minutes=10)

K = TypeVar("K", bound=Hashable)


@dataclass(slots=True)
class AtOnce(Generic[K]):
    """Chores of a replay."""

    _back: list[tuple[K, PipelineError | None]] = field(default_factory=list)

    def hand_out(self, key: K, work: Callable[[], object], *, due_at: datetime, can_wait: bool = False) -> None:  # noqa: ARG002 -- nothing waits here
        """Do `work` here and now."""
        self._back.append(_done(key, work))

    def done(self) -> Sequence[tuple[K, PipelineError | None]]:
        """Return what has been done since the last time: keys, and the error where there was one."""
        found, self._back = self._back, []
        return found

    def holds(self, key: K) -> bool:  # noqa: ARG002 -- nothing is ever on its way
        """Hold nothing."""
        return False


class InThread(Generic[K]):
    """Chores of a live process: one after another, in a thread of their own."""

    def __init__(self, name: str, woken: threading.Event) -> None:
        self._lanes: Lanes[tuple[K, PipelineError | None]] = Lanes(woken)
        self._name = name
        self._out: set[K] = set()

    def hand_out(self, key: K, work: Callable[[], object], *, due_at: datetime, can_wait: bool = False) -> None:
        """Have `work` done, unless what was handed out under its key has not come back."""
        if key in self._out:
            return
        self._out.add(key)
        given_up: tuple[K, PipelineError | None] = (
            key,
            OverTime(f"{key} did not end within {LIMIT}", hint="is the warehouse slow?"),
        )
        job: Job[tuple[K, PipelineError | None]] = Job(
            lane=self._name,
            can_wait=can_wait,
            due_at=due_at,
            limit=LIMIT,
            work=partial(_done, key, work),
            given_up=lambda: given_up,
        )
        self._lanes.put(job)

    def done(self) -> Sequence[tuple[K, PipelineError | None]]:
        """Return what has come back since the last time: keys, and the error where there was one."""
        found = self._lanes.back()
        self._out -= {key for key, _ in found}
        return found

    def holds(self, key: K) -> bool:
        """Whether what was handed out under `key` has not come back."""
        return key in self._out

    def close(self) -> None:
        """Bring nothing more back."""
        self._lanes.close()


Chores: TypeAlias = AtOnce[K] | InThread[K]  # each chore under a key; one key is never done twice at a time


def _done(key: K, work: Callable[[], object]) -> tuple[K, PipelineError | None]:
    try:
        work()
    except PipelineError as error:
        return key, error
    except Exception as error:  # noqa: BLE001 -- a chore's end: its lane goes on, and whoever handed it out tells it
        return key, CallFailed(what_of(error), hint="a fault of this program, or of what it reads")
    return key, None
