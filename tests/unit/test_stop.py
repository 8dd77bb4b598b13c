"""A wish to end may be told by a signal, at whatever line the wait then is."""

import itertools
import sys
from types import FrameType
from typing import Any

from tipoff.core.clock import Stop, stopwatch, wait


def told_at(nth: int) -> tuple[bool, int]:
    """Wait, and be told to stop at the nth line that runs meanwhile, as by a signal's handler; return how that ended."""
    stop, n_lines = Stop(), 0

    def handler(_frame: FrameType, event: str, _found: Any) -> Any:
        nonlocal n_lines
        if event == "line":
            n_lines += 1
            if n_lines == nth:
                stop.set()
        return handler

    before = sys.gettrace()
    sys.settrace(handler)
    try:
        stop.wait(0.001)
    finally:
        sys.settrace(before)
    return stop.is_set(), n_lines


def test_whoever_waits_ends_at_whatever_line_he_is_told() -> None:
    """With a `threading.Event` a handler waits for the lock of the wait that it interrupts: both wait for ever."""
    reached = []
    for nth in itertools.count(1):
        is_told, n_lines = told_at(nth)
        if n_lines < nth:
            break
        reached.append(is_told)

    assert len(reached) > 5
    assert all(reached)


def test_what_was_told_ends_every_later_wait_at_once() -> None:
    stop = Stop()
    stop.set()
    began = stopwatch()

    assert stop.wait(600)
    assert stop.wait(600)
    wait(stop, lambda: 600.0)
    assert stopwatch() - began < 60


def test_a_wait_that_nobody_ends_is_over_when_its_time_is() -> None:
    stop = Stop()

    assert not stop.wait(0)
    assert not stop.wait(0.001)
    assert not stop.is_set()
