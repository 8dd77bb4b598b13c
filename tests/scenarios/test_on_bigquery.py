"""Whole days with the warehouse on an emulator of BigQuery: the same tables as on DuckDB, and files that a buffer holds."""

from functools import partial
from pathlib import Path

import pytest
from benchmarks.emulator_replay import is_same, twice
from benchmarks.streaming_backfill import backfilled
from tests.emulator.double import Double
from tests.support import sample_spec


def test_a_day_leaves_the_same_tables_cell_by_cell(double: Double, tmp_path: Path) -> None:
    measured = twice(partial(sample_spec, 1), tmp_path, double)

    assert (measured["same_proofs"], measured["same_published"]) == (True, True), measured
    assert not measured["cells"]["differ"]
    assert measured["cells"]["rows"] > 1000


@pytest.mark.prove  # two weeks: the claim `emulator_replay`
def test_two_days_leave_the_same_tables_cell_by_cell(double: Double, tmp_path: Path) -> None:
    measured = twice(partial(sample_spec, 2), tmp_path, double)

    assert is_same(measured), measured
    assert measured["cells"]["rows"] > 1000
    assert measured["cells"]["with_rows"] == measured["cells"]["tables"]


@pytest.mark.prove  # 89 files: the claim `streaming_backfill_89`
def test_files_whose_rows_a_streaming_buffer_holds_are_all_done_in_the_order_in_which_they_are_free(
    double: Double, tmp_path: Path
) -> None:
    spec = sample_spec(4)
    # free after 88, 31, 74, 39 min
    measured = backfilled(spec.world, spec.season, spec.days, 4, tmp_path, double, seed=15)

    assert (measured["done"], measured["skipped"], measured["done_before_free"]) == (4, 0, 0), measured
    assert measured["resolutions"] == {"auto": measured["conflicts"]}
    assert measured["conflicts"] == measured["with_a_holder"] == 4
    assert (measured["pairs_apart"], measured["overtaken_by_date"], measured["overtaken"]) == (5, 4, 0)
    assert measured["longest_after_free_min"] <= 11
    assert measured["streamed_rows_left"] == 0
    assert any("held by a writer that streams rows" in sentence for sentence in measured["why"])
