"""Conformance: every statement and every check of the league with a known answer, on DuckDB and on an emulator of BigQuery.

The emulator runs on DuckDB too, of another version and with a translation of its own: what agrees here has still never been
run against Google.
"""

import tempfile
from pathlib import Path
from typing import Any

from tests.conformance.bench import (
    Bench,
    wrong_on_the_emulator,
    wrong_statements_on_duckdb,
    wrong_statements_on_the_emulator,
)
from tests.conformance.cases import every_case
from tests.conformance.slate import make_good, write_ledger
from tests.conformance.spoils import CANNOT_FIRE, OF_TABLES, spoils_of
from tests.emulator.double import running

from tipoff.leagues.nba.league import NBA


def conformance() -> tuple[bool, dict[str, Any]]:
    """Run everything on both engines; nothing may differ from what was computed by hand or spoiled on purpose."""
    cases, good = every_case(), make_good()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "duck").mkdir()
        ledger = write_ledger(good, folder / "duck" / "ledger.db")
        bench = Bench(good, good.warehouse, ledger, folder)
        on_duckdb = {check.name: bench.wrong(check) for check in OF_TABLES}
        ledger.close()
        with running(folder) as double:
            wrong = {
                "statements on DuckDB": wrong_statements_on_duckdb(cases),
                "statements on the emulator": wrong_statements_on_the_emulator(double, cases),
                "checks on DuckDB": {check: said for check, said in on_duckdb.items() if said},
                "checks on the emulator": wrong_on_the_emulator(double, good, folder, OF_TABLES),
            }
    spoils = [spoil for check in OF_TABLES for spoil in spoils_of(check, good)]
    measured = {
        "statements": [case.name for case in cases],
        "checks": len(OF_TABLES),
        "checks of the work, from the ledger alone, left out": len(NBA.checks) - len(OF_TABLES),
        "of them in SQL": sum(bool(check.sql) for check in OF_TABLES),
        "spoiled slates": len(spoils),
        "failing keys known": sum(len(spoil.failing) for spoil in spoils),
        "checks that cannot fail on this slate": sorted(CANNOT_FIRE),
        "wrong": wrong,
    }
    return not any(wrong.values()), measured
