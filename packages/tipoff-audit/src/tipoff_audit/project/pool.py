"""Looking at many files on all cores; a file that kills its process is named, and the rest goes on."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from tipoff_audit.project.look import Seen, look_at
from tipoff_audit.project.walk import Entry
from tipoff_audit.reading.source import unreadable

CHUNK_BYTES = 400_000  # some 10,000 lines: long beside the sending, short beside the whole
CHUNK_FILES = 200
ALONE_BYTES = 500_000  # so few are looked at sooner than processes are started


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


LookAt = Callable[[Sequence[Entry]], list[Seen]]


def look_at_all(entries: Sequence[Entry], jobs: int, look: LookAt = look_at) -> Iterator[Seen]:
    """Yield what came of each file, in no order; `look` is what a process does with some of them."""
    chunks = list(_chunks(entries))
    if jobs == 1 or sum(entry.n_bytes for entry in entries) < ALONE_BYTES:
        for chunk in chunks:
            yield from _here(chunk, look)
        return
    suspects = []
    with _pool(min(jobs, len(chunks))) as pool:
        asked = deque((chunk, pool.submit(look, chunk)) for chunk in chunks)
        while asked:
            chunk, future = asked.popleft()  # let go of, with its result, once it is told
            failure = future.exception()
            if isinstance(failure, BrokenProcessPool):
                suspects.append(chunk)  # one of these, or of another chunk, took its process down
            elif failure is not None:
                yield from _here(chunk, look)
            else:
                yield from future.result()
    for chunk in suspects:
        yield from _apart(chunk, look)


def _here(chunk: Sequence[Entry], look: LookAt) -> Iterator[Seen]:
    """Look at files in this process; one on which a rule itself fails is a finding, and the others go on."""
    with ThreadPoolExecutor(1) as thread:
        for future, entry in [(thread.submit(look, [entry]), entry) for entry in chunk]:
            failure = future.exception()
            if failure is None:
                yield from future.result()
            else:
                what = f"the auditor itself failed on it: {type(failure).__name__}: {failure}"
                yield Seen(entry.name, finding=unreadable(entry.name, what), crashed=True)


def _apart(chunk: Sequence[Entry], look: LookAt) -> Iterator[Seen]:
    """Look at files in a process of their own, halving until the one that takes it down is alone."""
    with _pool(1) as pool:
        future = pool.submit(look, chunk)
        failure = future.exception()
    if failure is None:
        yield from future.result()
    elif not isinstance(failure, BrokenProcessPool):
        yield from _here(chunk, look)
    elif len(chunk) == 1:
        yield Seen(
            chunk[0].name, finding=unreadable(chunk[0].name, "reading it ends the process that reads it"), crashed=True
        )
    else:
        half = len(chunk) // 2
        yield from _apart(chunk[:half], look)
        yield from _apart(chunk[half:], look)


def _chunks(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    chunk: list[Entry] = []
    n_bytes = 0
    for entry in entries:
        chunk.append(entry)
        n_bytes += entry.n_bytes
        if n_bytes >= CHUNK_BYTES or len(chunk) >= CHUNK_FILES:
            yield chunk
            chunk, n_bytes = [], 0
    if chunk:
        yield chunk


def _pool(jobs: int) -> ProcessPoolExecutor:
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("fork" if "fork" in methods else None)  # nothing runs beside this thread
    return ProcessPoolExecutor(jobs, mp_context=context)
