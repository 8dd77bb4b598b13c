"""Chores in a thread: whatever one ends with comes back under its key, and the next one is done."""

import threading

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
