"""Chores in a thread: whatever one ends with comes back under its key, and the next one is done."""

import threading

import pytest

from tipoff.app.chores import InThread
from tipoff.core.clock import RealClock
from tipoff.core.errors import CallFailed, PipelineError


def test_a_chore_that_raises_what_no_rule_foresaw_comes_back_with_it_and_the_next_is_done() -> None:
    now, woken, columns = RealClock().now(), threading.Event(), {"day": 1}
    chores: InThread[str] = InThread("checks", woken)
    done: dict[str, PipelineError | None] = {}
    try:
        for key, work in (("bad", lambda: columns["no such column"]), ("good", lambda: None)):
            woken.clear()
            chores.hand_out(key, work, due_at=now)
            assert woken.wait(60), f"{key} has not come back"
            done |= dict(chores.done())
    finally:
        chores.close()

    assert isinstance(done["bad"], CallFailed)
    assert "KeyError: 'no such column' at test_chores.py" in str(done["bad"])
    assert done["good"] is None


def test_a_thread_that_cannot_begin_ends_no_look_and_its_chores_are_done_once_one_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, woken = RealClock().now(), threading.Event()
    chores: InThread[str] = InThread("checks", woken)
    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", _refused)
        chores.hand_out("one", lambda: None, due_at=now)
        assert chores.done() == []

    try:
        early = chores.done()
        assert woken.wait(60)
        assert [*early, *chores.done()] == [("one", None)]
    finally:
        chores.close()


def _refused(_thread: threading.Thread) -> None:
    msg = "can't start new thread"
    raise RuntimeError(msg)
