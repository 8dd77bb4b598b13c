"""What the warehouse costs: replacing 1 to 1,000,000 rows against appending and against dlt; what a day of 15 games asks of it.

Wall times on a shared machine are noisy: the processor time of this process stands beside each. The emulator is another process
and parses SQL in Python; its times say what tests cost, not what Google would take.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tests.emulator.double import PROJECT, Double, running
from tests.support import recorded_spec, replayed

from benchmarks.bytes_read import LEAST_BILLED, Read, read_by, sizes_of
from benchmarks.exactly import SEASON, STEP
from tipoff.app import replay as app
from tipoff.config import Settings
from tipoff.core.clock import RealClock, stopwatch
from tipoff.core.home import Home
from tipoff.core.schema import Phase
from tipoff.leagues.nba.league import NBA
from tipoff.leagues.nba.world.recorded import RecordedNba
from tipoff.store.bigquery.client import Client
from tipoff.store.bigquery.warehouse import BigQueryWarehouse
from tipoff.store.duck import DuckWarehouse
from tipoff.store.warehouse import Warehouse, WriteRequest

COUNTS = (1, 1_000, 100_000, 1_000_000)
DAY = SEASON.first_day
NOW = datetime(2024, 6, 1, tzinfo=UTC)
HISTORY = timedelta(days=1)  # replayed before the day that is counted, on the emulator
FOUR_WEEKS = timedelta(days=28)  # and on DuckDB


def rows_of(n: int, shift: float) -> pa.Table:
    """Return `n` rows of one slate, a thousand a unit; another `shift` changes every row."""
    numbers = pa.array(range(n), pa.int64())
    return pa.table(
        {
            "day": pa.array([DAY] * n, pa.date32()),
            "unit": [f"u{k // 1000:04d}" for k in range(n)],
            "who": numbers,
            "points": pc.add(pc.divide(pc.cast(pc.bit_wise_and(numbers, 511), pa.float64()), 8.0), shift),
            "note": [f"row {k}" for k in range(n)],
        }
    )


def _timed(work: Callable[[], object]) -> dict[str, float]:
    began, cpu = stopwatch(), time.process_time()
    work()
    return {"s": round(stopwatch() - began, 3), "cpu_s": round(time.process_time() - cpu, 3)}


def _asked(n: int, fence: int) -> WriteRequest:
    units = {f"u{k:04d}": "made" for k in range(-(-n // 1000))}
    return WriteRequest(
        step=STEP,
        season=SEASON,
        day=DAY,
        fence=fence,
        as_of=NOW,
        step_version="v",
        units=units,
        evidence=True,
    )


def _replaced(
    open_it: Callable[[int], Warehouse], counts: tuple[int, ...], *, again_up_to: int = 1_000_000
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for n in counts:
        warehouse = open_it(n)
        warehouse.prepare([STEP])
        first, again = rows_of(n, 0.0), rows_of(n, 0.5)
        found[str(n)] = {"first": _timed(lambda w=warehouse, r=first, n=n: w.replace(_asked(n, 1), r))}  # type: ignore[misc]
        if n <= again_up_to:
            found[str(n)]["again"] = _timed(lambda w=warehouse, r=again, n=n: w.replace(_asked(n, 2), r))  # type: ignore[misc]
        warehouse.close()
    return found


def _appended(folder: Path, counts: tuple[int, ...]) -> dict[str, Any]:
    found = {}
    for n in counts:
        db = duckdb.connect(str(folder / f"raw-{n}.duckdb"))
        db.execute("SET threads=1")
        db.execute("CREATE TABLE rows (day DATE, unit VARCHAR, who BIGINT, points DOUBLE, note VARCHAR)")
        took = []
        for shift in (0.0, 0.5):
            rows = rows_of(n, shift)
            db.register("given", rows)
            # tipoff: allow append-without-key -- the bare append is what `replace` is held against
            took.append(_timed(lambda db=db: db.execute("INSERT INTO rows SELECT * FROM given")))  # type: ignore[misc]
            db.unregister("given")
        found[str(n)] = {"first": took[0], "again": took[1]}
        db.close()
    return found


def _merged_by_dlt(folder: Path, counts: tuple[int, ...]) -> dict[str, Any]:
    for n in counts:
        pq.write_table(rows_of(n, 0.0), folder / f"first-{n}.parquet")
        pq.write_table(rows_of(n, 0.5), folder / f"again-{n}.parquet")
    scratch = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(scratch)], check=True)
    python = str(scratch / "bin" / "python")
    install = [
        python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "dlt[duckdb]",
        "pyarrow",
        "numpy",
    ]
    subprocess.run(install, check=True, capture_output=True)
    script = str(Path(__file__).with_name("dlt_merge.py"))
    command = [python, script, str(folder), *map(str, counts)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=1200)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def replaces(counts: tuple[int, ...] = COUNTS) -> dict[str, Any]:
    """Time writing one slate of each size, first into nothing and then over itself with every row changed."""
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as double:
        folder = Path(name)
        place = double.place
        return {
            "raw_append_duckdb": _appended(folder, counts),
            "replace_duckdb": _replaced(lambda n: DuckWarehouse(folder / f"w-{n}.duckdb"), counts),
            "dlt_merge_duckdb": _merged_by_dlt(folder, counts),
            "replace_bigquery_emulator": _replaced(
                lambda _: BigQueryWarehouse(place(), home="bench", now=RealClock().now), counts, again_up_to=100_000
            ),
        }


# --- what a day asks


def busiest(data: Path) -> tuple[date, int]:
    """Return the first day of 2023-24 with 15 games or the most that there are, after its third week."""
    games = Counter(game.day for game in RecordedNba(data, "2023-24").data.games)
    late = {day: n for day, n in games.items() if day >= date(2023, 11, 14)}
    most = min(15, max(late.values()))
    day = min(day for day, n in late.items() if n >= most)
    return day, games[day]


def a_day(data: Path) -> dict[str, Any]:
    """Count what the busiest day asks of the warehouse: a replay that ends with it, less one that ends the day before.

    On the emulator after one day of history; on DuckDB, where it is quick, after four weeks, in which the models have learnt.
    What is asked is the engine's doing and the same on both; the bytes are those of the emulator's statements over four weeks of
    rows.
    """
    day, n_games = busiest(data)
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as double:
        before = _asked_of(data, (day - HISTORY, day - timedelta(days=1)), Path(name) / "before", double)
        with_it = _asked_of(data, (day - HISTORY, day), Path(name) / "with", double)
        home, steady = _steady(data, day, Path(name))
        sizes = sizes_of(duckdb.connect(str(home.warehouse)), (step.table for step in NBA.steps))
        reads = {}
        for part, found in (("before", before), ("with", with_it)):
            reads[part] = _read(found["statements"], found["prefix"], sizes)
    jobs = with_it["counts"] - before["counts"]
    kinds = {
        kind: {
            "statements": reads["with"][kind].statements - reads["before"].get(kind, Read()).statements,
            "bytes": reads["with"][kind].bytes - reads["before"].get(kind, Read()).bytes,
            "billed_at_least": reads["with"][kind].billed - reads["before"].get(kind, Read()).billed,
        }
        for kind in reads["with"]
    }
    return {
        "day": str(day),
        "games": n_games,
        "history_days": HISTORY.days,
        "counts": dict(jobs),
        "counts_after_four_weeks_on_duckdb": dict(steady),
        "bytes_estimated": kinds,
        "bytes_estimated_in_all": sum(kind["bytes"] for kind in kinds.values()),
        "billed_estimated_in_all": sum(kind["billed_at_least"] for kind in kinds.values()),
    }


def _asked_of(data: Path, days: tuple[date, date], home: Path, double: Double) -> dict[str, Any]:
    """Replay days on the emulator; returns what was asked and sent."""
    place, sent = double.place(), list[tuple[str, str, dict[str, object]]]()
    real = Client.query

    def query(port: Client, sql: str, values: dict[str, object], labels: dict[str, str], **named: Any) -> pa.Table:  # noqa: ANN401
        sent.append((labels.get("what", ""), sql, dict(values)))
        return real(port, sql, values, labels, **named)

    Client.query = query  # type: ignore[method-assign, assignment] # it listens
    try:
        settings = Settings(
            home=home / "bigquery",
            warehouse="bigquery",
            bigquery_project=PROJECT,
            bigquery_endpoint=double.url,
            bigquery_prefix=place.prefix,
        )
        report = app.together_report(
            settings, [recorded_spec(RecordedNba(data, "2023-24"), days)], progress=lambda _: None
        )[0]
    finally:
        Client.query = real  # type: ignore[method-assign]
    return {
        "counts": Counter(report["warehouse"]),
        "statements": sent,
        "prefix": place.prefix,
    }


def _steady(data: Path, day: date, folder: Path) -> tuple[Home, Counter[str]]:
    """Return a home with four weeks that end with `day`, and what that day alone asked."""
    found = []
    for last in (day - timedelta(days=1), day):
        home = Home(folder / f"steady-{last}")
        spec = recorded_spec(RecordedNba(data, "2023-24"), (day - FOUR_WEEKS, last))
        found.append(Counter(replayed(home.root, spec)["warehouse"]))
    return home, found[1] - found[0]


def _read(statements: list[tuple[str, str, dict[str, object]]], prefix: str, sizes: Any) -> dict[str, Read]:  # noqa: ANN401
    tables = {f"{prefix}{step.table.full_name}": step.table for step in NBA.steps if step.phase is not Phase.PUBLISHED}
    found: dict[str, Read] = {}
    for what, sql, values in statements:
        kind = found.setdefault(what, Read())
        by_table = read_by(sql, values, tables, sizes)
        kind.statements += 1
        kind.bytes += sum(by_table.values())
        kind.billed += sum(max(LEAST_BILLED, n_bytes) for n_bytes in by_table.values())
        kind.tables.update(by_table.keys())
    return found
