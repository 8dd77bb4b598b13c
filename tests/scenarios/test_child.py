"""A child process: whatever is called in it, its parent is told how it ended."""

import os
from collections.abc import Iterator
from datetime import timedelta

import pytest
from tests.bad_steps import ends_the_process, hangs, is_interrupted

from tipoff.app.child import Children
from tipoff.core.clock import stopwatch
from tipoff.core.errors import CallFailed, ErrorKind, OverTime, ProcessEnded, SourceError

SOON, LONG = timedelta(seconds=1), timedelta(seconds=60)


def number() -> int:
    return os.getpid()


def refuses() -> int:
    msg = "no"
    raise SourceError(msg, kind=ErrorKind.NOT_YET, hint="wait", retry_after_s=7)


def divides() -> float:
    return 1 / 0


def cannot_be_sent() -> object:
    return lambda: None


@pytest.fixture(scope="module")
def children() -> Iterator[Children]:
    made = Children()
    yield made
    made.close()


def test_a_call_is_made_in_another_process_and_its_cpu_time_comes_with_it(children: Children) -> None:
    first, _ = children.call(number, (), LONG)  # with what the child imports for it
    second, cpu_s = children.call(number, (), LONG)

    assert first == second != os.getpid()
    assert 0 <= cpu_s < 1


def test_an_error_of_its_own_kinds_comes_out_as_it_was(children: Children) -> None:
    with pytest.raises(SourceError, match="no") as caught:
        children.call(refuses, (), LONG)

    assert (caught.value.kind, caught.value.hint, caught.value.retry_after_s) == (ErrorKind.NOT_YET, "wait", 7)


@pytest.mark.parametrize(
    ("function", "arguments", "says"),
    [
        (divides, (), "ZeroDivisionError: division by zero at test_child.py"),
        (is_interrupted, (None, None), "KeyboardInterrupt"),
        (cannot_be_sent, (), "local object"),
    ],
)
def test_whatever_it_raises_is_told_with_its_place_and_the_process_goes_on(
    children: Children, function: object, arguments: tuple[object, ...], says: str
) -> None:
    before, _ = children.call(number, (), LONG)

    with pytest.raises(CallFailed, match=says):
        children.call(function, arguments, LONG)  # type: ignore[arg-type]

    assert children.call(number, (), LONG)[0] == before


def test_what_hangs_is_ended_at_its_limit(children: Children) -> None:
    children.call(number, (), LONG)
    began = stopwatch()

    with pytest.raises(OverTime, match="took longer than 1 s and was ended"):
        children.call(hangs, (None, None), SOON)

    assert stopwatch() - began < 10
    assert children.call(number, (), LONG)


def test_a_process_that_ends_itself_is_told_and_another_is_begun(children: Children) -> None:
    with pytest.raises(ProcessEnded, match="ended itself with code 3"):
        children.call(ends_the_process, (None, None), LONG)

    assert children.call(number, (), LONG)
