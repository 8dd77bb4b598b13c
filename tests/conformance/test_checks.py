"""Every check finds nothing on the good slate, and exactly the spoiled keys on a spoiled one: on DuckDB and on an emulator."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from tests.conformance.bench import Bench, wrong_on_the_emulator
from tests.conformance.cases import TABLES
from tests.conformance.slate import Good, make_good, write_ledger
from tests.conformance.spoils import CANNOT_FIRE, OF_TABLES, RULES, TOO_PLAIN, rule_of, spoils_of, written_checks
from tests.emulator.double import Double

from tipoff.core.check import Check
from tipoff.core.proof import digest_of
from tipoff.leagues.nba.league import NBA
from tipoff.store.rows import hash_units

FROZEN = "be992d2f8f48246d431efa40087bc1c0"  # another digest: another slate, whose keys must be known anew


@pytest.fixture(scope="module")
def good() -> Iterator[Good]:
    made = make_good()
    yield made
    made.warehouse.close()


@pytest.fixture(scope="module")
def duck(good: Good, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("conformance")
    ledger = write_ledger(good, folder / "ledger.db")
    yield Bench(good, good.warehouse, ledger, folder)
    ledger.close()


def _of_any_library(rows: pa.Table) -> pa.Table:
    """Return rows that do not say with which version of a library they were made: each Python has its own."""
    if "library" not in rows.column_names:
        return rows
    at = rows.column_names.index("library")
    return rows.set_column(at, rows.schema.field(at), pa.array(["any"] * len(rows)))


def test_the_slate_is_frozen(good: Good) -> None:
    hashes = [
        (f"{name} {unit}", content)
        for name, parts in good.rows.items()
        for unit, (_, content) in hash_units(TABLES[name], _of_any_library(parts[-1])).items()
    ]

    assert digest_of(hashes) == FROZEN


def test_every_check_is_spoiled_by_rule_or_as_written(good: Good) -> None:
    names = {check.name for check in OF_TABLES}
    generated = {name for name in names if rule_of(name.rpartition(".")[2]) in RULES} | CANNOT_FIRE

    assert written_checks() == names - generated
    assert {check.name for check in OF_TABLES if not spoils_of(check, good)} == CANNOT_FIRE
    assert {name.partition(".")[0] for name in {check.name for check in NBA.checks} - names - TOO_PLAIN} == {"work"}


@pytest.mark.parametrize("check", OF_TABLES, ids=lambda check: check.name)
def test_on_duckdb_a_check_finds_what_is_spoiled_and_nothing_else(check: Check, duck: Bench) -> None:
    assert duck.wrong(check) == []


def test_on_the_emulator_a_check_of_some_kinds_finds_what_is_spoiled(
    emulator: Double, good: Good, tmp_path: Path
) -> None:
    some = {
        "schedule.tips_off_on_its_day",
        "player_lines.keys_are_unique",
        "odds_events.begins_when_the_game_does",
        "team_games.is_what_its_inputs_give",
        "grades.sides_are_balanced",
        "player_games.games_are_there",
    }

    assert wrong_on_the_emulator(emulator, good, tmp_path, [check for check in NBA.checks if check.name in some]) == {}


@pytest.mark.prove
def test_on_the_emulator_every_check_finds_what_is_spoiled_and_nothing_else(
    emulator: Double, good: Good, tmp_path: Path
) -> None:
    assert wrong_on_the_emulator(emulator, good, tmp_path, list(OF_TABLES)) == {}
