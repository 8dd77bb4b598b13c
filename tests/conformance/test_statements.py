"""Every step's and view's SQL on frozen inputs gives what was computed by hand: on DuckDB, and on an emulator of BigQuery."""

from collections.abc import Sequence

import pytest
from tests.conformance.cases import Case, every_case
from tests.conformance.emulated import EmulatedWarehouse, emulator

from tipoff.core.profile import Profile
from tipoff.core.step import SqlWork
from tipoff.leagues.nba.league import NBA
from tipoff.store.duck import DuckWarehouse

CASES = every_case()


def test_every_step_and_view_has_a_case_that_shows_every_column() -> None:
    steps = {step.name: set(step.table.names) for step in NBA.steps if isinstance(step.work, SqlWork)}
    shown = {case.of: case.columns for case in CASES if case.kind == "step"}

    assert shown == steps
    assert {case.of for case in CASES if case.kind == "query"} == set(NBA.summary_sql)
    assert [case.of for case in CASES if case.kind == "ask"] == ["funnel"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_duckdb_gives_what_was_computed_by_hand(case: Case) -> None:
    warehouse = DuckWarehouse(None, profile=Profile.REPLAY)
    loaded = warehouse.prepare(NBA.steps)
    case.fill(warehouse)

    found = case.run(warehouse, loaded)
    warehouse.close()

    assert case.differences(found) == []


def _wrong_on_the_emulator(cases: Sequence[Case]) -> dict[str, list[str]]:
    wrong = {}
    with emulator() as client:
        for case in cases:
            warehouse = EmulatedWarehouse(client, f"case-{case.name}")
            loaded = warehouse.prepare(NBA.steps)
            warehouse.fill(case.inputs)
            wrong[case.name] = case.differences(case.run(warehouse, loaded))
    assert len(wrong) == len(cases)
    return {name: said for name, said in wrong.items() if said}


def test_the_emulator_gives_what_was_computed_by_hand_for_a_few() -> None:
    few = [case for case in CASES if case.name in {"source_agreement", "main_lines", "summary"}]

    assert _wrong_on_the_emulator(few) == {}


@pytest.mark.prove
def test_the_emulator_gives_what_was_computed_by_hand() -> None:
    assert _wrong_on_the_emulator(CASES) == {}
