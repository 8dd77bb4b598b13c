"""The claims about the warehouse on BigQuery, each measured on an emulator with the tests' layer of faults around it."""

import os
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.support import recorded_spec

from benchmarks import exactly, warehouse_bench
from benchmarks.emulator_replay import emulator_replay, is_same
from benchmarks.long_tests import bad_of, tested
from benchmarks.seasons import season_named
from benchmarks.streaming_backfill import streaming_backfill
from tipoff.leagues.nba.world.recorded import RecordedNba

Measured = tuple[bool, dict[str, Any]]
TWO_WEEKS = (date(2024, 1, 8), date(2024, 1, 21))
TOTAL = exactly.SLATES * exactly.UNITS * exactly.A_UNIT


def _data() -> Path:
    named = os.environ.get("TIPOFF_DATA")
    if not named:
        sys.exit("TIPOFF_DATA is not set: the figures are measured on recorded seasons")
    return Path(named).resolve()


def bigquery_contract() -> Measured:
    """Run what every warehouse promises on each, and what BigQuery promises when the wire goes wrong; none may be skipped."""
    suites = ("test_warehouse.py", "test_bigquery.py", "test_history_bigquery.py")
    code, cases = tested(*(f"tests/contract/{suite}" for suite in suites), "-m", "prove or not prove")
    bad = bad_of(cases)
    by_engine: Counter[str] = Counter()
    for case in cases:
        name = str(case.get("name"))
        on_bigquery = "bigquery" in name or str(case.get("classname")).endswith(
            ("test_bigquery", "test_history_bigquery")
        )
        by_engine["bigquery" if on_bigquery else "duckdb, file" if "file" in name else "duckdb"] += 1
    ok = code == 0 and not bad and by_engine["bigquery"] >= 90
    return ok, {"tests": len(cases), "by_warehouse": dict(by_engine), "failed_or_skipped": bad}


def exactly_100000() -> Measured:
    """Write 100,000 rows on both warehouses under faults and kills; the naive way must come out with duplicates."""
    measured = {"duckdb": exactly.on_duckdb(12), "bigquery": exactly.on_bigquery(12, 100)}
    ok = all(
        found["rows"] == found["distinct"] == TOTAL
        and found["slates_equal"] == found["slates_proven"] == exactly.SLATES
        and sum(found["killed"].values()) >= 8
        and found["errors"]
        and found["naive"]["rows"] > found["naive"]["distinct"] == TOTAL
        for found in measured.values()
    )
    struck = measured["bigquery"]["layer"]
    kinds = {"fault lost", "fault 503", "fault reset", "fault serialize", "fault rate", "streaming buffer", "409"}
    return ok and kinds <= struck.keys(), measured


def streaming_backfill_89() -> Measured:
    """Backfill 89 files while rows of each sit in a streaming buffer: all done, in the order in which they are free."""
    season = season_named("2023-24")
    days = (season.first_day, season.first_day + timedelta(days=94))
    measured = streaming_backfill(RecordedNba(_data(), season.name), season, days, 89)
    ok = (
        measured["files"] == measured["done"] == measured["conflicts"] == measured["with_a_holder"] == 89
        and measured["resolutions"] == {"auto": 89}
        and not measured["skipped"]
        and not measured["done_before_free"]
        and measured["pairs_apart"] > 89
        and not measured["overtaken"]
        and measured["overtaken_by_date"] > 89
        and measured["longest_after_free_min"] <= 11
        and not measured["streamed_rows_left"]
    )
    return ok, measured


def replay_on_the_emulator() -> Measured:
    """Replay two weeks on DuckDB and on the emulator: the same tables, proofs and published files."""
    measured = emulator_replay(lambda: recorded_spec(RecordedNba(_data(), "2023-24"), TWO_WEEKS))
    return is_same(measured) and measured["days"] == 14, measured


def bench() -> Measured:
    """Time `replace` against appending and dlt, and count what a day of 15 games asks.

    By the processor: reading back and comparing costs at most six times what appending alone does, and no more than a third
    above what dlt's merge does, of up to 100,000 rows less than that. A day takes one transaction a write, and a load at most.
    """
    measured = {"replace": warehouse_bench.replaces(), "a_day": warehouse_bench.a_day(_data())}
    day, counts = measured["a_day"], measured["a_day"]["counts"]
    raw, ours, dlt = (measured["replace"][name] for name in ("raw_append_duckdb", "replace_duckdb", "dlt_merge_duckdb"))
    is_fast = ours["1000000"]["first"]["cpu_s"] <= 6 * raw["1000000"]["first"]["cpu_s"] and all(
        ours[n]["first"]["cpu_s"] <= (1 if n != "1000000" else 4 / 3) * dlt[n]["first"]["cpu_s"]
        for n in ("1", "1000", "100000", "1000000")
    )
    is_frugal = 0 < counts["load"] <= counts["transaction"] <= 30 and counts["job"] <= 3 * counts["transaction"]
    return is_fast and is_frugal and day["games"] >= 15 and day["bytes_estimated_in_all"] > 0, measured
