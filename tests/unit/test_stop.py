"""A wish to end may be told by a signal, at whatever line the wait then is."""

import itertools
import signal
import subprocess
import sys
from types import FrameType
from typing import Any

import pytest

from tipoff.cli.sentinel import stopper
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


_STOPPED_WHILE_IMPORTED = """
import os, signal, sys
class Stops:
    def find_spec(self, name, path=None, target=None):
        if name == "tipoff.cli.main":
            os.kill(os.getpid(), signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, Stops())
from tipoff.__main__ import main
main()
"""


def test_who_stops_a_command_while_it_is_imported_is_told_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _STOPPED_WHILE_IMPORTED], capture_output=True, text=True, check=False, timeout=600
    )

    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize("before", [signal.SIG_DFL, signal.SIG_IGN])
def test_a_terminal_that_is_closed_ends_what_it_has_begun_but_for_nohup(before: signal.Handlers) -> None:
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    try:
        signal.signal(signal.SIGHUP, before)
        stop = stopper()
        assert signal.getsignal(signal.SIGHUP) is not signal.SIG_DFL  # or this would end the tests
        signal.raise_signal(signal.SIGHUP)
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)

    assert stop.is_set() == (before is signal.SIG_DFL)


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
