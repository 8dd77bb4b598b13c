"""Each function, operator and cast that a statement may use gives on both engines what BigQuery's reference says."""

import math
import tomllib
from datetime import UTC, date, datetime
from typing import Any

from tests.conformance.cases import FOLDER, TABLES, read_rows
from tests.conformance.emulated import Emulated
from tests.emulator.double import Double

from tipoff.core.home import Profile
from tipoff.core.rows import table_from_records
from tipoff.core.slate import Season
from tipoff.leagues.nba.league import NBA
from tipoff.store.duck import DuckWarehouse
from tipoff.store.portable import FUNCTIONS

CASES: dict[str, dict[str, Any]] = tomllib.loads((FOLDER / "functions.toml").read_text())
DAY = date(2024, 1, 20)
AS_OF = datetime(2024, 1, 20, 20, tzinfo=UTC)
SEASON = Season("2023-24", date(2024, 1, 1), date(2024, 4, 14))
ROWS = """
day        game_id event_id book player_name player_key line over_price under_price quoted_at            known_at
2024-01-20 g1      e1       A    "Ann Bell"  alpha      2.5  -110       120         2024-01-20T18:30:15Z 2024-01-20T18:31:15Z
2024-01-20 g1      e1       B    Bo          beta       0.5  7          -           2024-01-20T03:30:00Z 2024-01-20T03:31:00Z
2024-01-20 g1      e1       C    "Cy Young"  gamma      10   -7         -           2024-01-20T12:00:00Z 2024-01-20T12:01:00Z
"""
LINES = TABLES["player_lines"]
INPUT = table_from_records(LINES, read_rows(ROWS, {column.name: column.type for column in LINES.columns}))


def asked(says: str) -> str:
    """Return the SELECT, whose columns check and step share: `key`, and the value."""
    return f"SELECT player_key AS key, {says} AS v FROM slate.player_lines"  # noqa: S608 -- the case's own words


def wanted(case: dict[str, Any]) -> dict[str, Any]:
    values = [None if value == "-" else value for value in case["gives"]]
    return dict(zip(["alpha", "beta", "gamma"], values, strict=True))


def given(warehouse: Any, says: str) -> dict[str, Any]:
    rows = warehouse.ask(asked(says), league="nba", day=DAY, season=SEASON, as_of=AS_OF).to_pylist()
    return {row["key"]: row["v"] for row in rows}


def same(found: Any, expected: Any) -> bool:
    if isinstance(expected, float) and isinstance(found, float):
        return math.isclose(found, expected, rel_tol=1e-12)
    return type(found) is type(expected) and found == expected


def test_every_function_on_the_list_has_a_case() -> None:
    assert set(FUNCTIONS.values()) == {name for name in CASES if name.isupper()}


def test_duckdb_gives_what_the_reference_says() -> None:
    warehouse = DuckWarehouse(None, profile=Profile.REPLAY)
    warehouse.prepare(NBA.steps)
    warehouse.mirror(LINES, DAY, INPUT)

    for name, case in CASES.items():
        found = given(warehouse, case["says"])
        for key, value in wanted(case).items():
            assert same(found[key], value), f"{name} of {key}: {found[key]!r}, the reference says {value!r}"

    warehouse.close()


def test_the_emulator_gives_what_the_reference_says(emulator: Double) -> None:
    emulated = Emulated(emulator)
    emulated.hold({"player_lines": INPUT})

    for name, case in CASES.items():
        found = given(emulated.warehouse, case["says"])
        for key, value in wanted(case).items():
            assert same(found[key], value), f"{name} of {key}: {found[key]!r}, the reference says {value!r}"

    emulated.close()
