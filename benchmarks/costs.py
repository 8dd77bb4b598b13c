"""What a season, the demo and the small commands cost: `python -m benchmarks.costs season LEAGUE SPAN | commands`.

CPU seconds are of processes that were waited for, beside them in yardsticks taken before and after (`benchmarks.yardstick`).
"""

import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.support import tipoff

from benchmarks.floor import floor
from benchmarks.yardstick import yardstick
from tipoff.cli.work import DEMO_DAYS
from tipoff.core.clock import stopwatch
from tipoff.core.schema import Phase
from tipoff.leagues.catalog import league_named

_MONTHS = """
SELECT substr(started_at, 1, 7), count(*), avg(cpu_ms) FROM runs WHERE output NOT LIKE '%model' AND output <> 'calibration'
GROUP BY 1 HAVING count(*) >= 200 ORDER BY 1"""
_PREDICTING = "SELECT day, output, units, cpu_ms / 1000.0 FROM runs WHERE league = ?"
MOST_PREDICTING_S, MOST_SLATE_S = 40.0, 1.0  # of a season's training and predicting; of predicting one slate
MOST_YARDSTICKS, MOST_OVER_FLOOR, MOST_GROWTH, MOST_MB = 40.0, 2.0, 1.1, 800.0
DEMO_S, FIRST_ROW_S, STATUS_S, HELP_S = 20.0, 5.0, 0.30, 0.15


def season_costs(league: str, span: str) -> tuple[bool, dict[str, Any]]:
    """Replay through the command line: CPU, its ratio to yardstick and floor, growth of CPU a run by month, peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        before, began = yardstick(), _of_children()
        done = tipoff(
            "replay", league, span, "--json", home=home, OMP_NUM_THREADS="1", TIPOFF_DATA=os.environ["TIPOFF_DATA"]
        )
        cpu_s = _of_children() - began
        sticks = (before + yardstick()) / 2
        if done.returncode:
            return False, {"exit": done.returncode, "stderr": done.stderr[-1000:]}
        report, least = json.loads(done.stdout), floor(home, league)
        with sqlite3.connect(home / "ledger.db") as ledger:
            predicting = _predicting(league, ledger.execute(_PREDICTING, [league]))
            months = {month: {"runs": n, "cpu_ms": round(ms, 2)} for month, n, ms in ledger.execute(_MONTHS)}
    a_run = [month["cpu_ms"] for month in months.values()]
    measured = {
        "league": league,
        "span": span,
        "cpu_s": round(cpu_s, 1),
        "yardstick_s": round(sticks, 3),
        "yardsticks": round(cpu_s / sticks, 1),
        "floor": least,
        "over_floor": round(cpu_s / least["cpu_s"], 2),
        "runs": report["this_time"]["finished"],
        "loading_s": report["loading_s"],  # of the clock, for earlier seasons: not in the floor
        "months": months,
        "growth": round(a_run[-1] / a_run[0], 2) if len(a_run) > 1 else None,
        "peak_rss_mb": report["peak_rss_mb"],
        **predicting,
        "asked": {"yardsticks": MOST_YARDSTICKS, "over_floor": MOST_OVER_FLOOR, "growth": MOST_GROWTH, "mb": MOST_MB},
    }
    ok = (
        measured["yardsticks"] <= MOST_YARDSTICKS
        and measured["over_floor"] <= MOST_OVER_FLOOR
        and (measured["growth"] or 0) <= MOST_GROWTH
        and measured["predicting_cpu_s"] <= MOST_PREDICTING_S
        and measured["longest_slate_s"] <= MOST_SLATE_S
        and measured["peak_rss_mb"] <= MOST_MB
    )
    return ok, measured


def _predicting(league: str, spent: Iterable[tuple[str, str, str, float]]) -> dict[str, Any]:
    """Return the CPU seconds of a season's training and predicting, of the slate that took longest, and of the largest slates."""
    phases = {step.name: step.phase for step in league_named(league).steps}
    total, slates, games = 0.0, defaultdict[str, float](float), defaultdict[str, set[str]](set)
    for day, output, units, cpu_s in spent:
        if phases[output] in {Phase.MODELS, Phase.PREDICTIONS}:
            total += cpu_s
        if phases[output] is Phase.PREDICTIONS:
            slates[day] += cpu_s
            games[day].update(json.loads(units))
    longest = max(slates, key=lambda day: slates[day])
    most = max(len(one) for one in games.values())
    return {
        "predicting_cpu_s": round(total, 1),
        "longest_slate_s": round(slates[longest], 2),
        "games_of_longest_slate": len(games[longest]),
        "most_games": most,
        "slate_of_most_games_s": round(max(s for day, s in slates.items() if len(games[day]) == most), 2),
    }


def predicting(season: Mapping[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Hold what training and predicting took in a `season` that was measured against its bounds."""
    names = (
        "league",
        "span",
        "predicting_cpu_s",
        "longest_slate_s",
        "games_of_longest_slate",
        "most_games",
        "slate_of_most_games_s",
    )
    ok = season["predicting_cpu_s"] <= MOST_PREDICTING_S and season["longest_slate_s"] <= MOST_SLATE_S
    asked = {"predicting_cpu_s": MOST_PREDICTING_S, "longest_slate_s": MOST_SLATE_S}
    return ok, {name: season[name] for name in names} | {"asked": asked}


def command_costs() -> tuple[bool, dict[str, Any]]:
    """Run the demo until its end, then the small commands in its home: seconds to the first row and in all, CPU of each."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        began, began_cpu, first_s = stopwatch(), _of_children(), 0.0
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}
        with subprocess.Popen(
            [sys.executable, "-m", "tipoff", "demo"],
            env=environment | {"TIPOFF_HOME": str(home), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
        ) as demo:
            for line in demo.stdout or ():
                if not first_s and "2030-" in line:
                    first_s = stopwatch() - began
        demo_s, demo_cpu_s = stopwatch() - began, _of_children() - began_cpu
        clean = sum(
            day["is_clean"] for day in json.loads(tipoff("scorecard", "nba", "--json", home=home).stdout)["days"]
        )
        cost = {words: _least(home, *words.split()) for words in ("status", "--help")}
    measured = {
        "clean_days": clean,
        "demo_s": round(demo_s, 1),
        "demo_cpu_s": round(demo_cpu_s, 1),  # what it would take on a quiet machine, nearly
        "first_row_s": round(first_s, 1),
        "status_cpu_s": cost["status"],
        "help_cpu_s": cost["--help"],
        "yardstick_s": yardstick(),
        "asked": {"demo_s": DEMO_S, "first_row_s": FIRST_ROW_S, "status_cpu_s": STATUS_S, "help_cpu_s": HELP_S},
    }
    is_within = all(measured[name] <= most for name, most in measured["asked"].items())
    return is_within and clean == DEMO_DAYS, measured


def _least(home: Path, *words: str, times: int = 7) -> float:
    """Return the least CPU seconds of several runs of a command."""
    found = []
    for _ in range(times):
        began = _of_children()
        tipoff(*words, home=home)
        found.append(_of_children() - began)
    return round(min(found), 3)


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    print(json.dumps(season_costs(*sys.argv[2:]) if sys.argv[1] == "season" else command_costs(), indent=1))
