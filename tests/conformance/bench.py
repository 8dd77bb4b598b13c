"""Benches: statements on their inputs, and checks on the good slate, spoiled and put right again."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import update
from tests.conformance.cases import TABLES, Case
from tests.conformance.emulated import Emulated
from tests.conformance.slate import (
    DAY,
    N_DAYS,
    NOW,
    SEASON,
    Good,
    at,
    obligation_row,
    profile_row,
    proof_row,
    write_ledger,
)
from tests.conformance.spoils import Spoil, spoils_of
from tests.emulator.double import Double

from tipoff.checks.examine import Examiner
from tipoff.core.check import Check, CheckStatus, Measured
from tipoff.core.clock import stopwatch
from tipoff.core.home import Profile
from tipoff.core.rows import table_from_records
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Batch, Ledger, schema
from tipoff.store.duck import DuckWarehouse
from tipoff.store.published import Published

Put = Callable[[str, date, pa.Table], None]


class Bench:
    """The good slate on one engine, spoiled and put right again."""

    def __init__(self, good: Good, warehouse: Any, ledger: Ledger, folder: Path, put: Put | None = None) -> None:
        self.good, self.ledger = good, ledger
        self._put_rows = put or (lambda name, day, rows: warehouse.mirror(TABLES[name], day, rows))
        self._examiner = Examiner(
            league=NBA,
            season=SEASON,
            loaded=good.loaded,
            warehouse=warehouse,
            ledger=ledger,
            published=Published(folder),
            stopwatch=stopwatch,
        )

    def measure(self, check: Check) -> tuple[Measured, CheckStatus]:
        [found] = self._examiner.measure([check], DAY, NOW)
        return found.measured, found.status

    @contextmanager
    def spoiled(self, spoil: Spoil) -> Iterator[None]:
        table = TABLES[spoil.table]
        if spoil.ledger:
            self._record(spoil)
        if spoil.rows is not None:
            self._put_rows(spoil.table, spoil.day, table_from_records(table, spoil.rows))
        yield
        if spoil.rows is not None:
            good = table_from_records(table, self.good.slate(spoil.table, spoil.day))
            self._put_rows(spoil.table, spoil.day, good)
        if spoil.ledger:
            self._put_right(spoil)

    def _record(self, spoil: Spoil) -> None:
        proof = self.good.proofs[spoil.table]
        match spoil.ledger:
            case "not run":
                self._put("obligations", obligation_row(spoil.table, proof, state="waiting"))
                self._ended(spoil.table, None)
            case "looked long ago":
                self._ended(spoil.table, at(N_DAYS - 1, 12))
            case "nulls before":
                for n in (1, 2):
                    self._put("profiles", profile_row(self.good, spoil.table, n, null=spoil.failing[0]))
            case "all excused":
                units = {
                    name: dataclasses.replace(one, n_rows=0, excuse="not offered") for name, one in proof.units.items()
                }
                self._put("proofs", proof_row(dataclasses.replace(proof, units=units)))
            case _:
                [unit] = spoil.failing
                units = {
                    name: dataclasses.replace(one, n_rows=0) if name == unit else one
                    for name, one in proof.units.items()
                }
                self._put("proofs", proof_row(dataclasses.replace(proof, units=units)))
        self._examiner.forget()

    def _put_right(self, spoil: Spoil) -> None:
        proof = self.good.proofs[spoil.table]
        self._put("proofs", proof_row(proof))
        self._put("obligations", obligation_row(spoil.table, proof))
        self._ended(spoil.table, at(N_DAYS - 1, 23))
        for n in (1, 2):
            self._put("profiles", profile_row(self.good, spoil.table, n))
        self._examiner.forget()

    def _ended(self, table: str, ended_at: datetime | None) -> None:
        """Let the table's run have ended at an instant; None: let it never have been."""
        runs = schema.runs
        with self.ledger.transaction() as connection:
            mine = runs.c.output.in_([table, f"not {table}"])
            output = table if ended_at else f"not {table}"
            connection.execute(update(runs).where(mine).values(output=output, ended_at=ended_at or NOW))

    def _put(self, table: str, row: dict[str, Any]) -> None:
        batch = Batch()
        batch.add(table, row)
        self.ledger.commit(batch)

    def wrong(self, check: Check) -> list[str]:
        """Return in what a check differs from what is known of it, on the good slate and on each spoiled one."""
        measured, status = self.measure(check)
        said = [] if (status, measured.failing) == (CheckStatus.OK, ()) else [f"good slate: {status} {measured}"]
        for spoil in spoils_of(check, self.good):
            with self.spoiled(spoil):
                measured, _ = self.measure(check)
            if measured.failing != tuple(sorted(spoil.failing)):
                said.append(f"spoiled: {measured.failing} fail, known are {spoil.failing}")
            if spoil.value is not None and measured.value != spoil.value:
                said.append(f"spoiled: measures {measured.value}, known is {spoil.value}")
            if spoil.value is None and measured.value == 1.0:
                said.append("spoiled: nothing was measured")
        return said


def wrong_on_the_emulator(double: Double, good: Good, folder: Path, checks: Sequence[Check]) -> dict[str, list[str]]:
    """Return what differs on an emulator, by check."""
    ledger, emulated = write_ledger(good, folder / "ledger.db"), Emulated(double)
    emulated.hold(good.all_rows())
    bench = Bench(good, emulated.warehouse, ledger, folder, emulated.put)
    wrong = {check.name: bench.wrong(check) for check in checks}
    emulated.close()
    ledger.close()
    return {name: said for name, said in wrong.items() if said}


def wrong_statements_on_duckdb(cases: Sequence[Case]) -> dict[str, list[str]]:
    """Return in what statements differ from what was computed by hand, by case."""
    wrong = {}
    for case in cases:
        warehouse = DuckWarehouse(None, profile=Profile.REPLAY)
        loaded = warehouse.prepare(NBA.steps)
        case.fill(warehouse)
        wrong[case.name] = case.differences(case.run(warehouse, loaded))
        warehouse.close()
    return {name: said for name, said in wrong.items() if said}


def wrong_statements_on_the_emulator(double: Double, cases: Sequence[Case]) -> dict[str, list[str]]:
    """Return in what statements differ from what was computed by hand, by case."""
    wrong, emulated = {}, Emulated(double)
    for case in cases:
        emulated.hold(case.inputs)
        wrong[case.name] = case.differences(case.run(emulated.warehouse, emulated.loaded))
    emulated.close()
    return {name: said for name, said in wrong.items() if said}
