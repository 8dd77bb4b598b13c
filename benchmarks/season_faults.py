"""A season with faults beside a quiet one: what differs, by unit, against what the faults alone say must differ; and the time.

`python -m benchmarks.season_faults` (TIPOFF_DATA). The two are replayed one after the other in processes of their own.
"""

import json
import multiprocessing
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from msgspec import structs

from tipoff.app import replay as app
from tipoff.app.instance import Instance
from tipoff.app.loop import Progress
from tipoff.config import read_settings
from tipoff.core.clock import SimClock
from tipoff.drills.faults.parts import FaultyParts, outages_of
from tipoff.drills.oracle import look_at
from tipoff.drills.truth import Truth
from tipoff.leagues.nba.world.season_faults import Unit, expected_differences

_OF_ODDS = frozenset({"player_lines", "line_names", "main_lines", "market_aware"})


def season_faults(span: str = "2023-24") -> dict[str, Any]:
    """Return both seasons' times and counts, and the units that differ: listed, and as expected."""
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        quiet, _, _, quiet_cost = pool.apply(replayed, (span, ""))
        truth, expected, kinds, cost = pool.apply(replayed, (span, "season"))
    differs = {
        unit
        for unit in quiet.content.keys() | truth.content.keys()
        if quiet.content.get(unit) != truth.content.get(unit)
    }
    unmet = {(output, day) for output, day, _ in expected}
    return {
        "span": span,
        "faults": kinds,
        "quiet": quiet_cost,
        "faulty": cost,
        "wall_ratio": round(cost["wall_s"] / quiet_cost["wall_s"], 2),
        "units": len(quiet.content),
        "differ": [" ".join(map(str, unit)) for unit in sorted(differs)],
        "expected": len(expected),
        "not_expected": [" ".join(map(str, unit)) for unit in sorted(differs - expected)],
        "expected_and_equal": [" ".join(map(str, unit)) for unit in sorted(expected - differs)],
        "owed_in_the_end": sorted(f"{output} {day}" for output, day in truth.unmet),
        "owed_beyond": sorted(f"{output} {day}" for output, day in truth.unmet if not _follows(output, day, unmet)),
        "duplicates": truth.duplicates,
        "published_after_tipoff": truth.too_late,
        "running_for_ever": truth.n_running,
    }


def _follows(output: str, day: Any, unmet: set[tuple[str, Any]]) -> bool:  # noqa: ANN401 -- a date
    """Whether what is owed is what was not published, or rests on odds of the same days, which were never asked for."""
    return (output, day) in unmet or (output in _OF_ODDS and ("odds_events", day) in unmet)


def replayed(span: str, faults: str) -> tuple[Truth, set[Unit], dict[str, int], dict[str, Any]]:
    """Replay once; returns what stands in the end, what must differ, the faults by kind, and what it cost."""
    with tempfile.TemporaryDirectory() as folder:
        settings = structs.replace(read_settings(), home=Path(folder))
        spec = app.replay_spec(settings, "nba", span, world="recorded", seed=7, disturbed=faults == "season")
        broken = spec.world.faults
        parts, outages = FaultyParts(broken), outages_of(broken)
        done = app.run_together(settings, [spec], progress=_nothing, parts=parts, outages=outages)[0]
        stage = Instance(settings, spec, SimClock(app.end_of(spec)))
        stage.open()
        truth = look_at(spec.league, spec.days, stage.warehouse, stage.ledger, Path(folder) / "published")
        stage.close()
    expected = expected_differences(spec.world.data, broken) if broken else set()  # type: ignore[attr-defined]
    kinds = Counter(f"{fault.kind} {fault.how}" for fault in broken)
    cost = {"wall_s": done.wall_s, "peak_rss_mb": done.peak_rss_mb} | dict(done.counts)
    return truth, expected, dict(kinds), cost


def _nothing(_progress: Progress) -> None:
    """Show nothing."""


if __name__ == "__main__":
    print(json.dumps(season_faults(*sys.argv[1:]), indent=1))
