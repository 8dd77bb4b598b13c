"""What a tick costs that has nothing to do, over all obligations of a season: the price of looking every few minutes.

`python -m benchmarks.idle_tick` replays 2023-24 (TIPOFF_DATA), starts a controller on what is left, and ticks it.
"""

import json
import statistics
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec import structs

from tipoff.app import replay as app
from tipoff.app.instance import Instance
from tipoff.app.loop import Progress
from tipoff.config import read_settings
from tipoff.core.clock import SimClock, stopwatch

TICKS = 2000
APART = timedelta(minutes=5)


def idle_tick(span: str = "2023-24") -> dict[str, Any]:
    """Return how long ticks take that find nothing to do, in ms: median, 99th of 100, longest; with the lease that they renew."""
    with tempfile.TemporaryDirectory() as folder:
        settings = structs.replace(read_settings(), home=Path(folder))
        spec = app.replay_spec(settings, "nba", span, world="recorded", seed=7)
        app.run_together(settings, [spec], progress=_nothing)
        clock = SimClock(app.end_of(spec) + timedelta(days=10))
        stage = Instance(settings, spec, clock)
        controller = stage.controller()
        controller.start(clock.now())
        controller.tick(clock.now())
        took = []
        for _ in range(TICKS):
            clock.sleep(APART)
            began = stopwatch()
            n_runs = controller.tick(clock.now())
            took.append((stopwatch() - began) * 1000)
            if n_runs:
                msg = f"the tick at {clock.now()} had {n_runs} runs to make"
                raise ValueError(msg)
        n_entries = len(controller.book.entries)
        stage.close()
    took.sort()
    return {
        "span": span,
        "obligations": n_entries,
        "ticks": TICKS,
        "median_ms": round(statistics.median(took), 3),
        "p99_ms": round(took[int(0.99 * TICKS)], 3),
        "max_ms": round(took[-1], 3),
    }


def _nothing(_progress: Progress) -> None:
    """Show nothing."""


if __name__ == "__main__":
    print(json.dumps(idle_tick(*sys.argv[1:]), indent=1))
