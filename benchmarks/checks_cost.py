"""What all checks of one slate cost with a full season in the warehouse: `python -m benchmarks.checks_cost [HOME]`."""

import shutil
import statistics
import sys
import tempfile
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.mutation_score import Patient, home_of
from benchmarks.seasons import season_named
from tipoff.core.check import CheckStatus
from tipoff.core.clock import midnight, stopwatch
from tipoff.leagues.nba.league import NBA

SEASON = "2023-24"
SLATES = 20
MOST_S = 1.0


def measured_on(home: Path) -> dict[str, Any]:
    """Measure every check on twenty slates of the season's last ten weeks, each as a controller does: mirrored, then examined."""
    season = season_named(SEASON)
    days = [day for day in season.days() if day >= season.last_day - timedelta(days=70)]
    chosen = days[:: len(days) // SLATES][:SLATES]
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "home"
        shutil.copytree(home, own, ignore=shutil.ignore_patterns("archive"))
        began = stopwatch()
        patient = Patient(own, NBA, SEASON, chosen[0])
        first_s = stopwatch() - began
        took = [_one(patient, day) for day in chosen]
        rows = patient.one("SELECT count(*) FROM nba_analytics.player_games")
    dearest: Counter[str] = Counter()
    for one in took:
        dearest.update(one["by_check"])
    return {
        "slates": len(took),
        "checks": len(NBA.checks),
        "player_games_in_the_warehouse": rows,
        "first_look_s": round(first_s, 3),
        "cpu_s_median": round(statistics.median(one["cpu_s"] for one in took), 3),
        "cpu_s_worst": round(max(one["cpu_s"] for one in took), 3),
        "wall_s_median": round(statistics.median(one["wall_s"] for one in took), 3),
        "wall_s_worst": round(max(one["wall_s"] for one in took), 3),
        "by_slate": {
            str(one["day"]): {key: one[key] for key in ("games", "measurable", "cpu_s", "wall_s")} for one in took
        },
        "dearest_ms": {name: round(ms / len(took), 1) for name, ms in dearest.most_common(12)},
    }


def _one(patient: Patient, day: date) -> dict[str, Any]:
    now = midnight(day) + timedelta(hours=60)
    began, began_cpu = stopwatch(), process_time()
    found = patient.examiner.examine(day, now)
    return {
        "day": day,
        "cpu_s": round(process_time() - began_cpu, 3),
        "wall_s": round(stopwatch() - began, 3),
        "games": patient.one("SELECT count(*) FROM nba_raw.schedule WHERE day = ?", [day]),
        "measurable": sum(one.status is not CheckStatus.NOT_MEASURABLE for one in found),
        "by_check": {one.check.name: one.took_ms for one in found},
    }


def checks_cost() -> tuple[bool, dict[str, Any]]:
    """Return whether the worst of twenty slates takes at most a second, by the wall and of the processor."""
    with home_of(SEASON) as home:
        measured = measured_on(home)
    return max(measured["wall_s_worst"], measured["cpu_s_worst"]) <= MOST_S, measured


def main() -> None:
    """Print the figures."""
    if len(sys.argv) > 1:
        print(measured_on(Path(sys.argv[1])))
    else:
        print(checks_cost())


if __name__ == "__main__":
    main()
