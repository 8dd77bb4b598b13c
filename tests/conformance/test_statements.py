"""Every step's and view's SQL on frozen inputs gives what was computed by hand: on DuckDB, and on an emulator of BigQuery."""

import pytest
from tests.conformance.bench import wrong_statements_on_duckdb, wrong_statements_on_the_emulator
from tests.conformance.cases import Case, every_case
from tests.emulator.double import Double

from tipoff.core.step import SqlWork
from tipoff.leagues.nba.league import NBA

CASES = every_case()


def test_every_step_and_view_has_a_case_that_shows_every_column() -> None:
    steps = {step.name: set(step.table.names) for step in NBA.steps if isinstance(step.work, SqlWork)}
    shown = {case.of: case.columns for case in CASES if case.kind == "step"}

    assert shown == steps
    assert {case.of for case in CASES if case.kind == "query"} == set(NBA.summary_sql)
    assert [case.of for case in CASES if case.kind == "ask"] == ["funnel"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_duckdb_gives_what_was_computed_by_hand(case: Case) -> None:
    assert wrong_statements_on_duckdb([case]) == {}


def test_the_emulator_gives_what_was_computed_by_hand_for_a_few(emulator: Double) -> None:
    few = [case for case in CASES if case.name in {"source_agreement", "main_lines", "summary"}]

    assert wrong_statements_on_the_emulator(emulator, few) == {}


@pytest.mark.prove
def test_the_emulator_gives_what_was_computed_by_hand(emulator: Double) -> None:
    assert wrong_statements_on_the_emulator(emulator, CASES) == {}
