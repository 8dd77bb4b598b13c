"""100,000 rows in, exactly 100,000 rows: by a writer that is killed over and over, on a wire that loses, refuses and delays.

The writer (`python -m benchmarks.exactly ENGINE FOLDER …`) writes slates until every one is proven; what it knows survives only
in the warehouse, and in a file of the fences that it has used. Beside it the naive way, which appends and repeats what it did
not hear of, under the same faults: it must come out with duplicates, or the faults would show nothing.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery
from requests.exceptions import RequestException
from tests.emulator.double import PROJECT, Double, running

from tipoff.app.parts import never
from tipoff.core.clock import RealClock, pause
from tipoff.core.errors import ErrorKind, PipelineError, WarehouseError, WriteConflict
from tipoff.core.home import Profile
from tipoff.core.obligation import Anchor, Moment, Timing
from tipoff.core.schema import DAY, Phase, Table, integer, number, text
from tipoff.core.slate import Season
from tipoff.core.step import SqlWork, Step
from tipoff.drills.faults.hooks import kill_at
from tipoff.store.bigquery.target import Target
from tipoff.store.bigquery.warehouse import BigQueryWarehouse
from tipoff.store.duck import DuckWarehouse
from tipoff.store.rows import hash_units
from tipoff.store.warehouse import Warehouse, WriteRequest, WriteResult

SLATES, UNITS, A_UNIT = 40, 10, 250  # 100,000 rows
FIRST = date(2024, 1, 1)
SEASON = Season("s", FIRST, FIRST + timedelta(days=SLATES))
NOW = datetime(2024, 6, 1, tzinfo=UTC)
ROWS = Table(
    league="x",
    phase=Phase.ANALYTICS,
    name="rows",
    columns=(
        DAY,
        text("unit", required=True),
        integer("who", required=True),
        number("points", 0, 1000, places=3),
        text("note"),
    ),
    key=("unit", "who"),
    unit_columns=("unit",),
)
STEP = Step(
    table=ROWS,
    work=SqlWork(sql="SELECT day, unit, who, points, note FROM slate.rows"),
    timing=Timing(opens=Moment(Anchor.MIDNIGHT, timedelta(0)), due=Moment(Anchor.MIDNIGHT, timedelta(hours=1))),
)
UPLOAD, PUBLISH, ASK = "POST /upload", r"POST .*/jobs (?s:.*)BEGIN TRANSACTION", r"GET .*/jobs/tipoff"
FAULTS = ("lost", "503", "reset", "serialize", "rate", "slow:0.1")


def rows_of(day: date) -> pa.Table:
    """Return the rows of a slate."""
    n = UNITS * A_UNIT
    return pa.table(
        {
            "day": pa.array([day] * n, pa.date32()),
            "unit": [f"u{k // A_UNIT:02d}" for k in range(n)],
            "who": pa.array(range(n), pa.int64()),
            "points": [((day.toordinal() * 31 + k * 7) % 9973) / 10 for k in range(n)],
            "note": [f"row {k} of {day}" if k % 5 else None for k in range(n)],
        }
    )


# --- the process that writes


class Shaky(DuckWarehouse):
    """DuckDB whose statements go wrong before or after the work, as BigQuery's do."""

    def __init__(self, path: Path, *, at: Callable[[str], None], dice: random.Random) -> None:
        super().__init__(path, profile=Profile.REPLAY, at=at)
        self._dice = dice

    def replace(self, asked: WriteRequest, rows: pa.Table) -> WriteResult:
        """See `Warehouse.replace`."""
        fault = self._dice.choice(("", "", "conflict", "refused", "lost"))
        if fault == "conflict":
            raise WriteConflict(asked.step.name, asked.day, clears_at=None, reason="rows are held")
        if fault == "refused":
            raise WarehouseError("refused before the work", kind=ErrorKind.TRANSIENT)
        written = super().replace(asked, rows)
        if fault == "lost":
            raise WarehouseError("lost after the work", kind=ErrorKind.TRANSIENT)
        return written


def write(warehouse: Warehouse, folder: Path) -> None:
    """Write every slate that is not proven, again and again until all are; nothing is waited for."""
    warehouse.prepare([STEP])
    fences, log = folder / "fences", folder / "log"
    done = {proof.day for proof in warehouse.proofs() if len(proof.units) == UNITS}
    owed = [day for day in SEASON.days()[:SLATES] if day not in done]
    while owed:
        for day in list(owed):
            with fences.open("a") as file:
                file.write(".")
            asked = WriteRequest(
                step=STEP,
                season=SEASON,
                day=day,
                fence=fences.stat().st_size,
                as_of=NOW,
                step_version="v",
                units=dict.fromkeys((f"u{k:02d}" for k in range(UNITS)), "made"),
                evidence=True,
            )
            try:
                warehouse.replace(asked, rows_of(day))
            except PipelineError as error:
                with log.open("a") as file:
                    file.write(f"{type(error).__name__} {error.kind.value}\n")
            else:
                owed.remove(day)


def main(engine: str, folder: Path, crash_at: str, seed: str, place: str = "") -> None:
    """Write as the process that is killed."""
    at = kill_at(crash_at) if crash_at != "never" else never
    if engine == "duckdb":
        warehouse: Warehouse = Shaky(folder / "w.duckdb", at=at, dice=random.Random(seed))  # noqa: S311 -- seeded
    else:
        warehouse = BigQueryWarehouse(Target(**json.loads(place)), home="exactly", now=RealClock().now, at=at)
    write(warehouse, folder)
    warehouse.close()


# --- whoever kills it


def _killed_until_done(engine: str, folder: Path, dice: random.Random, kills: int, place: str = "") -> dict[str, int]:
    """Run the process; kill it at a point of its own, or from outside at any moment; then let it end."""
    folder.mkdir(exist_ok=True)
    died: Counter[str] = Counter()
    for n in range(kills + 1):
        inside = n % 2 == 0
        crash_at = f"any:{dice.randint(2, 25)}" if inside and n < kills else "never"
        command = [sys.executable, "-m", "benchmarks.exactly", engine, str(folder), crash_at, str(n), place]
        process = subprocess.Popen(command)
        if not inside and n < kills:
            _let_it_write(process, folder / "fences", dice.randint(1, 3))
            pause(timedelta(milliseconds=20 * dice.random()))
            os.kill(process.pid, signal.SIGKILL)
        code = process.wait(900)
        died["inside" if inside else "outside"] += code == -signal.SIGKILL
        if code == 0:
            break
    if code:
        raise RuntimeError(code)
    return dict(died)


def _let_it_write(process: subprocess.Popen[bytes], fences: Path, more: int) -> None:
    """Wait until the process has begun so many more writes: on a fast machine it would be done before a moment by the clock."""
    until = more + (fences.stat().st_size if fences.exists() else 0)
    while process.poll() is None and (not fences.exists() or fences.stat().st_size < until):
        pause(timedelta(milliseconds=5))


def _counted(warehouse: Warehouse) -> dict[str, Any]:
    """Count what stands in the warehouse, and hold it against what was to be written."""
    warehouse.prepare([STEP])
    bounds = {"season_start": SEASON.first_day, "season_end": SEASON.last_day}
    key = "CONCAT(CAST(day AS STRING), '|', unit, '|', CAST(who AS STRING))"
    sql = f"SELECT COUNT(*) AS n, COUNT(DISTINCT {key}) AS d FROM season.rows"  # noqa: S608 -- our own names
    [found] = warehouse.query(sql, [ROWS], bounds).to_pylist()
    days = SEASON.days()[:SLATES]
    equal = sum(dict(warehouse.recount(ROWS, day)) == hash_units(ROWS, rows_of(day)) for day in days)
    proven = sum(len(proof.units) == UNITS for proof in warehouse.proofs())
    return {"rows": found["n"], "distinct": found["d"], "slates_equal": equal, "slates_proven": proven}


def _errors(folder: Path) -> dict[str, int]:
    log = folder / "log"
    return dict(Counter(log.read_text().splitlines())) if log.exists() else {}


def on_duckdb(kills: int) -> dict[str, Any]:
    """Write to a file that is killed under its writer, and beside it the naive way."""
    with tempfile.TemporaryDirectory() as name:
        folder, dice = Path(name) / "w", random.Random(5)  # noqa: S311 -- seeded
        died = _killed_until_done("duckdb", folder, dice, kills)
        warehouse = DuckWarehouse(folder / "w.duckdb")
        counted = _counted(warehouse)
        warehouse.close()
        return counted | {"killed": died, "errors": _errors(folder), "naive": _naive_duck(random.Random(5))}  # noqa: S311 -- seeded


def on_bigquery(kills: int, faults: int) -> dict[str, Any]:
    """Write through the emulator's layer of faults, killed over and over, and beside it the naive way."""
    with tempfile.TemporaryDirectory() as name, running(Path(name)) as double:
        folder, dice, place = Path(name) / "w", random.Random(5), double.place()  # noqa: S311 -- seeded
        text_of_place = json.dumps({"project": place.project, "prefix": place.prefix, "endpoint": place.endpoint})
        warehouse = BigQueryWarehouse(place, home="reader", now=RealClock().now)
        warehouse.prepare([STEP])
        _stray(double, place)
        _disturb(double, dice, faults)
        died = _killed_until_done("bigquery", folder, dice, kills, text_of_place)
        seen = double.seen()
        double.forget()
        counted = _counted(warehouse)
        warehouse.close()
        _disturb(double, dice, faults)
        naive = _naive_bigquery(double)
        return counted | {"killed": died, "errors": _errors(folder), "layer": seen, "naive": naive}


def _disturb(double: Double, dice: random.Random, faults: int) -> None:
    for _ in range(faults):
        match = dice.choice((UPLOAD, PUBLISH, UPLOAD, PUBLISH, ASK))
        double.fault(dice.choice(FAULTS), match=match, skip=dice.randint(0, 2 * SLATES))


def _stray(double: Double, place: Target) -> None:
    """Stream a row into each of five slates; the layer holds them for half a minute."""
    double.order(window_s=30.0)
    for day in SEASON.days()[:5]:
        double.stream(place.table(ROWS), {"day": str(day), "unit": "u03", "who": 10**9, "points": 1.0})


def _naive_bigquery(double: Double) -> Mapping[str, int]:
    """Append each slate under an id by chance, and again when nothing was heard of it."""
    with double.client() as client:
        client.create_dataset("naive", exists_ok=True)
        fields = {"day": "DATE", "unit": "STRING", "who": "INT64", "points": "FLOAT64", "note": "STRING"}
        schema = [bigquery.SchemaField(column, kind) for column, kind in fields.items()]
        client.create_table(bigquery.Table(f"{PROJECT}.naive.rows", schema=schema), exists_ok=True)
        # tipoff: allow append-without-key -- the old way, which must be seen to double rows
        config = bigquery.LoadJobConfig(schema=schema, write_disposition="WRITE_APPEND")
        for day in SEASON.days()[:SLATES]:
            records = [row | {"day": str(row["day"])} for row in rows_of(day).to_pylist()]
            for _ in range(20):
                try:
                    job = client.load_table_from_json(
                        records, f"{PROJECT}.naive.rows", job_config=config, num_retries=0, timeout=60
                    )
                    job.result(retry=None, timeout=60)
                except (
                    GoogleAPICallError,
                    RequestException,
                    ConnectionError,
                ):
                    continue
                break
        key = "CONCAT(CAST(day AS STRING), '|', CAST(who AS STRING))"
        counted = f"SELECT COUNT(*) AS n, COUNT(DISTINCT {key}) AS d FROM naive.rows"  # noqa: S608 -- our own names
        [found] = client.query(counted, retry=None, job_retry=None).result(retry=None)
        return {"rows": found["n"], "distinct": found["d"]}


def _naive_duck(dice: random.Random) -> Mapping[str, int]:
    """Append each slate, and again when nothing was heard of it."""
    warehouse = DuckWarehouse(None)
    warehouse.prepare([STEP])
    for day in SEASON.days()[:SLATES]:
        heard = False
        while not heard:
            warehouse._insert(ROWS, rows_of(day), 0)  # noqa: SLF001 -- appending is what the warehouse does not offer
            heard = dice.random() > 0.2  # the work is done either way
    counted = {name: _counted(warehouse)[name] for name in ("rows", "distinct")}
    warehouse.close()
    return counted


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
