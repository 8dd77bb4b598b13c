"""A child process that makes one call at a time: it can be ended, and however it ends its parent is told."""

import os
import pickle
import queue
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.connection import Connection

from tipoff.core.clock import process_cpu, stopwatch
from tipoff.core.errors import CallFailed, ErrorKind, OverTime, PipelineError, ProcessEnded, what_of

MOST = 2  # children at a time
IDLE = timedelta(minutes=2)  # after which a child that has nothing to do is ended: it holds memory
_STARTING = timedelta(seconds=60)  # for Python and what a function imports, before its own limit begins
_BEGUN = b""

Function = Callable[..., object]


class Child:
    """One process, waiting for calls. `function` must be importable by its name, as what a league declares is."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 -- this program itself
                [sys.executable, "-m", "tipoff.app.child", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._ending = threading.Lock()
        self._connection = Connection(ours.detach())
        self._connection.send_bytes(pickle.dumps(sys.path))

    def call(self, function: Function, arguments: Sequence[object], limit: timedelta) -> tuple[object, float]:
        """Return what `function` gives, and the CPU seconds that it took.

        Raises:
            OverTime: It took longer than `limit`, and was ended.
            ProcessEnded: The process ended in the midst of it.
            CallFailed: It raised something; what it raised of its own kinds of error comes as it is.
        """
        try:
            self._connection.send_bytes(pickle.dumps((function, tuple(arguments)), protocol=5))
            said = self._received(_STARTING)
            if said == _BEGUN:
                said = self._received(limit)
        except (EOFError, OSError) as error:
            raise self._ended(function) from error
        if said is None:
            self.end()
            msg = f"{function.__name__} took longer than {limit.total_seconds():.0f} s and was ended"
            raise OverTime(msg, hint="is the work too large for its limit, or does it wait for something?")
        answer, cpu_s = pickle.loads(said)  # noqa: S301 -- from our own child
        if isinstance(answer, PipelineError):
            raise answer
        return answer, float(cpu_s)

    def _received(self, limit: timedelta) -> bytes | None:
        return self._connection.recv_bytes() if self._connection.poll(limit.total_seconds()) else None

    def _ended(self, function: Function) -> ProcessEnded:
        self.end()
        code = self._process.returncode
        how = f"was ended by signal {-code}" if code < 0 else f"ended itself with code {code}"
        kind = ErrorKind.TRANSIENT if code < 0 else ErrorKind.PERMANENT
        return ProcessEnded(f"{function.__name__}: its process {how}", kind=kind, hint="what in it ends a process?")

    @property
    def is_alive(self) -> bool:
        """Whether it can be called."""
        return self._process.poll() is None and not self._connection.closed

    def end(self) -> None:
        """End the process, whatever it does. Whoever calls it and whoever closes all children may both come here."""
        with self._ending:
            if self._process.poll() is None:
                self._process.kill()
            self._process.wait()
            self._connection.close()


@dataclass(slots=True)
class Children:
    """At most `MOST` children, begun when they are needed and ended when they have nothing to do."""

    _free: list[tuple[float, Child]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _places: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(MOST))
    _all: set[Child] = field(default_factory=set)
    _is_closed: bool = False

    def call(self, function: Function, arguments: Sequence[object], limit: timedelta) -> tuple[object, float]:
        """See `Child.call`; waiting for a child that is free is within the limit, and raises `OverTime` beyond it."""
        if not self._places.acquire(timeout=limit.total_seconds()):
            msg = f"{function.__name__} could not be begun within {limit.total_seconds():.0f} s: other steps took all the time"
            raise OverTime(msg, hint="which step takes so long?")
        try:
            with self._child() as child:
                return child.call(function, arguments, limit)
        finally:
            self._places.release()

    @contextmanager
    def _child(self) -> Iterator[Child]:
        with self._lock:
            while self._free and not self._free[-1][1].is_alive:
                self._all.discard(self._free.pop()[1])
            child = self._free.pop()[1] if self._free else Child()
            self._all.add(child)
        try:
            yield child
        finally:
            with self._lock:
                if child.is_alive and not self._is_closed:
                    self._free.append((stopwatch(), child))
                else:
                    child.end()
                    self._all.discard(child)

    def tidy(self) -> None:
        """End the children that have had nothing to do for a while."""
        with self._lock:
            old = [(at, child) for at, child in self._free if stopwatch() - at > IDLE.total_seconds()]
            self._free = [(at, child) for at, child in self._free if (at, child) not in old]
            for _, child in old:
                child.end()
                self._all.discard(child)

    def close(self) -> None:
        """End all, those too that are in the midst of a call."""
        with self._lock:
            self._is_closed = True
            for child in self._all:
                child.end()
            self._all.clear()
            self._free.clear()


# --- in the child


def main(fd: int) -> None:
    """Answer calls until the parent is gone."""
    connection = Connection(fd)
    sys.path[:] = pickle.loads(connection.recv_bytes())  # noqa: S301 -- from our own parent
    calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(connection, calls), daemon=True).start()
    while True:
        connection.send_bytes(_answer(calls.get(), connection))


def _receive(connection: Connection, calls: "queue.SimpleQueue[bytes]") -> None:
    """Take in calls; where the parent is gone, the process ends in the midst of whatever it does."""
    while True:
        try:
            calls.put(connection.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)


def _answer(call: bytes, connection: "Connection[bytes, bytes]") -> bytes:
    began = process_cpu()
    try:
        function, arguments = pickle.loads(call)  # noqa: S301 -- from our own parent
        connection.send_bytes(_BEGUN)
        return pickle.dumps((function(*arguments), process_cpu() - began), protocol=5)
    except PipelineError as error:
        answer: PipelineError = error
    except BaseException as error:  # noqa: BLE001 -- a child's end: what a step raises, SystemExit too, is told to the parent
        answer = CallFailed(what_of(error))
    return pickle.dumps((answer, process_cpu() - began), protocol=5)


if __name__ == "__main__":
    main(int(sys.argv[1]))
