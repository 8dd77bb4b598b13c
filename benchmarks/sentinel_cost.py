"""What a look of the sentinel costs over a whole season's ledger: time, and the memory of its process.

`python -m benchmarks.sentinel_cost` replays 2023-24 (TIPOFF_DATA), or takes the home of it below BENCHMARK_HOMES.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from benchmarks.mutation_score import home_of
from tipoff.ledger import Ledger, schema

LOOKS = 300
LONGEST_MS, MOST_MB = 50.0, 60.0
_LOOKS = """
import json, sys
from datetime import datetime, timedelta
from time import perf_counter, process_time
from tipoff.config import read_settings
from tipoff.app.sentinel import limits_of, sentinel_of
settings, now = read_settings(), datetime.fromisoformat(sys.argv[1])
wall, cpu = [], []
with sentinel_of(settings, ["nba"], limits_of(settings)) as sentinel:
    for _ in range(int(sys.argv[2])):
        began, worked = perf_counter(), process_time()
        sentinel.forget()
        found = sentinel.look(now)
        wall.append(1000 * (perf_counter() - began))
        cpu.append(1000 * (process_time() - worked))
        now += timedelta(seconds=30)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({"wall": wall, "cpu": cpu, "peak_mb": int(status["VmHWM"].split()[0]) / 1024, "found": len(found)}))
"""


def sentinel_cost() -> tuple[bool, dict[str, Any]]:
    """Measure 300 looks in a process of their own: the median at most 50 ms, the process at most 60 MB."""
    with home_of("2023-24") as made, tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copy(made / "ledger.db", home / "ledger.db")
        ledger = Ledger(home / "ledger.db")
        [tick] = ledger.rows(select(func.max(schema.ticks.c.at).label("at")))
        rows = {
            name: ledger.rows(select(func.count().label("n")).select_from(table))[0]["n"]
            for name, table in (("runs", schema.runs), ("decisions", schema.decisions), ("ticks", schema.ticks))
        }
        ledger.close()
        environment = dict(os.environ) | {"TIPOFF_HOME": str(home)}
        command = [sys.executable, "-c", _LOOKS, tick["at"].isoformat(), str(LOOKS)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=600)
        found = json.loads(done.stdout)
        size = (home / "ledger.db").stat().st_size / 1e6
    measured = {
        "ledger_mb": round(size, 1),
        "rows": rows,
        "looks": LOOKS,
        "wall_ms": _spread(found["wall"]),
        "cpu_ms": _spread(found["cpu"]),
        "peak_mb": round(found["peak_mb"], 1),
    }
    return measured["wall_ms"]["median"] <= LONGEST_MS and measured["peak_mb"] <= MOST_MB, measured


def _spread(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered), 2),
        "of 100 the 99th": round(ordered[len(ordered) * 99 // 100], 2),
        "longest": round(ordered[-1], 2),
    }


if __name__ == "__main__":
    print(json.dumps(sentinel_cost(), indent=1))
