"""What the engine costs by itself: a run without its work, and a tick with nothing to do, over a season's obligations."""

import statistics
import tempfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.support import sample_spec

from tipoff.app import loop as replay_module
from tipoff.app import replay as app
from tipoff.app.loop import Progress
from tipoff.config import Settings
from tipoff.core.clock import stopwatch
from tipoff.engine.claim import Claim, Outcome
from tipoff.engine.controller import Controller
from tipoff.engine.run import Runner

DAYS = 28
MOST_RUN_MS, MOST_TICK_MS, LONGEST_TICK_MS = 2.0, 2.0, 20.0


def engine_cost() -> tuple[bool, dict[str, Any]]:
    """Return whether the engine keeps its bounds, and the milliseconds that it took."""
    ticks: list[tuple[int, float, float]] = []  # runs, seconds of the tick, seconds of work in it
    worked = [0.0]
    honest_tick, honest_attempt = Controller.tick, Runner.attempt

    def attempt(runner: Runner, claim: Claim) -> Outcome:
        began = stopwatch()
        outcome = honest_attempt(runner, claim)
        worked[0] += stopwatch() - began
        return outcome

    def tick(controller: Controller, now: Any) -> int:  # noqa: ANN401 -- datetime
        worked[0] = 0.0
        began = stopwatch()
        n_runs = honest_tick(controller, now)
        ticks.append((n_runs, stopwatch() - began, worked[0]))
        return n_runs

    _patched({"tick": (Controller, tick), "attempt": (Runner, attempt)}, _replay)
    runs = [1000 * (whole - work) / n for n, whole, work in ticks if n]
    quiet = [1000 * whole for n, whole, _ in ticks if not n]
    measured = {
        "run_ms_median": round(statistics.median(runs), 3),
        "tick_ms_median": round(statistics.median(quiet), 4),
        "tick_ms_max": round(max(quiet), 3),
        "n_runs": sum(n for n, _, _ in ticks),
        "n_quiet_ticks": len(quiet),
    }
    ok = (
        measured["run_ms_median"] <= MOST_RUN_MS
        and measured["tick_ms_median"] <= MOST_TICK_MS
        and measured["tick_ms_max"] <= LONGEST_TICK_MS
    )
    return ok, measured


def _patched(changes: Mapping[str, tuple[Any, Callable[..., Any]]], work: Callable[[], None]) -> None:
    kept = {name: getattr(owner, name) for name, (owner, _) in changes.items()}
    for name, (owner, change) in changes.items():
        setattr(owner, name, change)
    try:
        work()
    finally:
        for name, (owner, _) in changes.items():
            setattr(owner, name, kept[name])


def _replay() -> None:
    with tempfile.TemporaryDirectory() as folder:
        app.run_together(Settings(home=Path(folder)), [sample_spec(DAYS)], progress=_nothing)


def _nothing(_progress: Progress) -> None:
    """Show nothing."""


def main() -> None:
    """Print the figures."""
    ok, measured = engine_cost()
    print(
        measured,
        "within bounds" if ok else "OUT OF BOUNDS",
        f"(clock jumps at most {replay_module.AHEAD / timedelta(minutes=1):.0f} min)",
    )


if __name__ == "__main__":
    main()
