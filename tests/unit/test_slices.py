"""Slices that are kept are what stands: a write of any day within one makes it be read again."""

from datetime import date

import pyarrow as pa
import pytest
from tests.nba import NOW, SEASON, TODAY, benched, day_of, scheduled

from tipoff.core.window import BEFORE
from tipoff.store import slices
from tipoff.store.slices import Slices

ROWS = pa.table({"day": pa.array([1, 2, 3])})
WEEK = date(2024, 1, 8), date(2024, 1, 14)


@pytest.mark.parametrize(("day", "is_kept"), [(7, True), (8, False), (11, False), (14, False), (15, True)])
def test_a_slice_is_forgotten_once_a_day_within_it_is_written(day: int, *, is_kept: bool) -> None:
    kept = Slices()
    kept.keep("t", WEEK, (), ROWS, kept.turn("t"))

    kept.forget("t", date(2024, 1, day))

    assert (kept.get("t", WEEK, ()) is not None) == is_kept


def test_a_slice_of_another_table_stays() -> None:
    kept = Slices()
    kept.keep("t", WEEK, (), ROWS, kept.turn("t"))

    kept.forget("u", WEEK[0])

    assert kept.get("t", WEEK, ()) is ROWS


def test_what_was_read_before_a_write_ended_is_not_kept() -> None:
    kept = Slices()
    turn = kept.turn("t")
    kept.forget("t", date(2024, 1, 20))

    kept.keep("t", WEEK, (), ROWS, turn)

    assert kept.get("t", WEEK, ()) is None


def test_the_writes_of_some_days_are_counted() -> None:
    kept = Slices()
    for table, day in (("t", WEEK[0]), ("t", WEEK[1]), ("t", WEEK[1]), ("t", date(2024, 1, 15)), ("u", WEEK[0])):
        kept.forget(table, day)

    assert [kept.n_writes(name, WEEK) for name in ("t", "u", "v")] == [3, 1, 0]
    assert kept.turn("t") == 4


def test_those_not_asked_for_the_longest_go_when_there_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "_MOST_BYTES", 2 * ROWS.nbytes)
    kept = Slices()
    for name in ("a", "b", "c"):
        kept.keep(name, WEEK, (), ROWS, 0)
        kept.get("a", WEEK, ())

    assert [kept.get(name, WEEK, ()) is not None for name in ("a", "b", "c")] == [True, False, True]


def test_the_warehouse_reads_a_window_again_once_one_of_its_days_was_written() -> None:
    with benched() as bench:
        table = bench.loaded["schedule"].step.table

        def before() -> int:
            found = bench.warehouse.read(table, BEFORE, day=TODAY, season=SEASON, as_of=NOW)
            return int(found.num_rows)

        bench.put("schedule", [scheduled("0022300400", "BOS", "NYK", day=day_of(10))])
        first = before(), before(), bench.warehouse.counts["read"]
        bench.put("schedule", [scheduled("0022300410", "BOS", "NYK", day=day_of(11))])

        assert first == (1, 1, 1)
        assert before() == 2
