"""The same days twice, on DuckDB and with the warehouse on an emulator of BigQuery: the same tables, cell by cell.

The emulator runs on DuckDB, so that this shows the wire, the order of things and the translation of every step's SQL; what
BigQuery's own engine would give, it does not show.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.emulator.double import PROJECT, Double, running
from tests.emulator.same import compared
from tests.support import proofs, published, replayed

from tipoff.app import replay as app
from tipoff.app.instance import ReplaySpec
from tipoff.config import Settings
from tipoff.core.clock import RealClock, stopwatch
from tipoff.core.home import Profile
from tipoff.store.bigquery.warehouse import BigQueryWarehouse
from tipoff.store.duck import DuckWarehouse


def emulator_replay(spec: Callable[[], ReplaySpec]) -> dict[str, Any]:
    """Replay `spec` on both warehouses, and compare what is left."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as double:
        return twice(spec, Path(folder), double)


def twice(spec: Callable[[], ReplaySpec], folder: Path, double: Double) -> dict[str, Any]:
    """Replay on both, with an emulator that runs."""
    here, there, place = folder / "duckdb", folder / "bigquery", double.place()
    one = replayed(here, spec())
    settings = Settings(
        home=there,
        warehouse="bigquery",
        bigquery_project=PROJECT,
        bigquery_endpoint=double.url,
        bigquery_prefix=place.prefix,
    )
    began = stopwatch()
    other = app.together_report(settings, [spec()], progress=lambda _: None)[0]
    took = stopwatch() - began
    told = spec()
    n_days = (told.days[1] - told.days[0]).days + 1
    duck = DuckWarehouse(here / "warehouse.duckdb", profile=Profile.REPLAY)
    bigquery = BigQueryWarehouse(place, home="reader", now=RealClock().now)
    try:
        for warehouse in (duck, bigquery):
            warehouse.prepare(told.league.steps)
        cells = compared(duck, bigquery, told.league.steps, told.season, told.days[1])
    finally:
        duck.close()
        bigquery.close()
    return {
        "days": n_days,
        "cells": cells,
        "same_proofs": proofs(here) == proofs(there),
        "same_published": published(here) == published(there),
        "units": len(proofs(here)),
        "predictions": {name: report["predictions"] for name, report in (("duckdb", one), ("bigquery", other))},
        "asked": other["warehouse"],
        "layer": double.seen(),
        "wall_s": {"duckdb": one["wall_s"], "bigquery": round(took, 1)},
    }


def is_same(measured: dict[str, Any]) -> bool:
    """Whether nothing differs, and there was something to differ."""
    cells = measured["cells"]
    return (
        measured["same_proofs"]
        and measured["same_published"]
        and not cells["differ"]
        and cells["cells"] > 1000 * measured["days"]
        and cells["with_rows"] >= cells["tables"] - 4  # what rests on lines: recorded ones begin in March
    )
