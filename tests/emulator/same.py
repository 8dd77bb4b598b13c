"""Comparing the tables of two warehouses, cell by cell."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.clock import midnight
from tipoff.core.schema import ColumnType, Phase, Table
from tipoff.core.slate import Season
from tipoff.core.step import Step
from tipoff.core.window import BEFORE
from tipoff.store.rows import rounded
from tipoff.store.warehouse import Warehouse

_SHOWN = 5


def at_their_places(table: Table, rows: pa.Table) -> list[dict[str, Any]]:
    """Return the rows with every decimal number at its column's declared places."""
    for number, column in enumerate(table.columns):
        if column.type is ColumnType.FLOAT:
            rows = rows.set_column(number, column.name, rounded(rows.column(column.name), column.places))
    found: list[dict[str, Any]] = rows.to_pylist()
    return found


def compared(one: Warehouse, other: Warehouse, steps: Iterable[Step], season: Season, last: date) -> dict[str, Any]:
    """Return how many tables, rows and cells were compared up to `last`, and where they differ."""
    n_rows = n_cells = 0
    differ: list[str] = []
    tables = [step.table for step in steps if step.phase is not Phase.PUBLISHED]
    after = last + timedelta(days=1)
    filled = 0
    for table in tables:
        here, there = (
            at_their_places(table, warehouse.read(table, BEFORE, day=after, season=season, as_of=midnight(after)))
            for warehouse in (one, other)
        )
        n_rows += len(here)
        n_cells += len(here) * len(table.columns)
        filled += bool(here)
        if len(here) != len(there):
            differ.append(f"{table.full_name}: {len(here)} rows, and {len(there)}")
            continue
        differ += [
            f"{table.full_name} {[a[key] for key in table.key]}.{name}: {_cut(a[name])}, and {_cut(b[name])}"
            for a, b in zip(here, there, strict=True)
            for name in table.names
            if a[name] != b[name]
        ]
    return {
        "tables": len(tables),
        "with_rows": filled,
        "rows": n_rows,
        "cells": n_cells,
        "differ": len(differ),
        "examples": differ[:_SHOWN],
    }


def _cut(value: object) -> str:
    """Return a value as it is shown; a model's text is long."""
    return repr(value)[:80]
