"""Every SQL step under odd input: rows in another order change nothing; an unknown cell gives NULL, a refusal or no change,
never quietly another row set; another day's rows give nothing."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from tests.samples import Samples

from tipoff.core.clock import midnight
from tipoff.core.home import Profile
from tipoff.core.schema import ColumnType, Phase
from tipoff.core.step import SqlWork, Step
from tipoff.core.window import SLATE
from tipoff.leagues.nba.league import NBA, SAMPLE
from tipoff.store.dialect import CompiledStep
from tipoff.store.duck import DuckWarehouse
from tipoff.store.rows import check, hash_units
from tipoff.store.warehouse import WriteRequest

DAY = SAMPLE.first_day + timedelta(days=2)
SQL_STEPS = [step for step in NBA.steps if isinstance(step.work, SqlWork)]


class Mutable:
    """A replayed sample home whose tables a test may change, one at a time, and puts back."""

    def __init__(self, warehouse: DuckWarehouse, loaded: dict[str, CompiledStep]) -> None:
        self.warehouse, self.loaded = warehouse, loaded
        self.db: Any = warehouse._db  # noqa: SLF001 -- the bench spoils tables behind the store's back

    def make(self, step: Step) -> pa.Table:
        asked = WriteRequest(
            step=step, season=SAMPLE, day=DAY, fence=1, as_of=_close(), step_version="v", units={}, evidence=True
        )
        return self.warehouse.select(self.loaded[step.name], asked)

    def spoiled(self, table: str, sql: str) -> Iterator[None]:
        self.db.execute("BEGIN")
        self.db.execute(sql.format(table=NBA.table(table).full_name))
        yield
        self.db.execute("ROLLBACK")


def _close() -> Any:
    return midnight(DAY) + timedelta(hours=18)


@pytest.fixture(scope="module")
def bench(samples: Samples, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mutable]:
    home = samples.copy(3, tmp_path_factory.mktemp("mutable"))
    warehouse = DuckWarehouse(home / "warehouse.duckdb", profile=Profile.REPLAY)
    yield Mutable(warehouse, warehouse.prepare(NBA.steps))
    warehouse.close()


@pytest.mark.parametrize("step", SQL_STEPS, ids=lambda step: step.name)
def test_rows_in_another_order_give_the_same(bench: Mutable, step: Step) -> None:
    expected = hash_units(step.table, bench.make(step))
    reads = {read.table for read in bench.loaded[step.name].inputs}

    for table in sorted(reads):
        for _ in bench.spoiled(table, "CREATE OR REPLACE TEMP TABLE shuffled AS SELECT * FROM {table}"):
            name = NBA.table(table).full_name
            rows = bench.db.sql("SELECT * FROM shuffled").to_arrow_table()
            order = list(range(rows.num_rows))
            random.Random(3).shuffle(order)  # noqa: S311 -- an order, not a secret
            shuffled = rows.take(order)
            bench.db.register("again", shuffled)
            bench.db.execute(f"DELETE FROM {name}")  # noqa: S608 -- declared names
            bench.db.execute(f"INSERT INTO {name} SELECT * FROM again")  # noqa: S608 -- declared names
            bench.db.unregister("again")
            assert hash_units(step.table, bench.make(step)) == expected

    assert expected


@pytest.mark.parametrize("step", SQL_STEPS, ids=lambda step: step.name)
def test_the_inputs_of_another_day_alone_give_no_row_of_this_one(bench: Mutable, step: Step) -> None:
    reads = [read for read in bench.loaded[step.name].inputs if read.window.kind.value in {"slate", "known"}]
    tables = [NBA.table(read.table).full_name for read in reads]

    bench.db.execute("BEGIN")
    for name in dict.fromkeys(tables):
        bench.db.execute(f"UPDATE {name} SET day = day + INTERVAL 100 DAY WHERE day = DATE '{DAY}'")  # noqa: S608 -- declared
    rows = bench.make(step)
    bench.db.execute("ROLLBACK")

    assert rows.num_rows == 0


@pytest.mark.parametrize("step", SQL_STEPS, ids=lambda step: step.name)
def test_an_unknown_cell_is_null_refused_or_no_change_and_never_nought(bench: Mutable, step: Step) -> None:
    expected = bench.make(step)
    reads = [read for read in bench.loaded[step.name].inputs if read.window.kind.value == "slate"]

    for read in reads:
        table = NBA.table(read.table)
        counted = [
            c.name for c in table.columns if c.type in {ColumnType.INT, ColumnType.FLOAT} and c.name not in table.key
        ]
        for column in counted:
            unknown = f"UPDATE {{table}} SET {column} = NULL WHERE day = DATE '{DAY}'"  # noqa: S608 -- declared names
            for _ in bench.spoiled(read.table, unknown):
                made = bench.make(step)
                assert made.num_rows <= expected.num_rows
                for name in step.table.names:
                    before, after = expected.column(name).to_pylist(), made.column(name).to_pylist()
                    if 0 in after and 0 not in before and not name.startswith("n_"):
                        pytest.fail(f"{step.name}.{name} became 0 when {read.table}.{column} was unknown")


@pytest.mark.parametrize("step", SQL_STEPS, ids=lambda step: step.name)
def test_a_ratio_given_as_percent_is_refused_where_it_is_stored(bench: Mutable, step: Step) -> None:
    ratios = [c for c in step.table.columns if c.measure == "ratio" and c.maximum is not None]
    rows = bench.make(step)

    for column in ratios:
        position = rows.schema.get_field_index(column.name)
        spoiled = rows.set_column(position, column.name, pa.array([75.0] * rows.num_rows, pa.float64()))
        units = dict.fromkeys({row["game_id"] for row in rows.to_pylist()}, "made")
        asked = WriteRequest(
            step=step, season=SAMPLE, day=DAY, fence=10**6, as_of=_close(), step_version="v", units=units, evidence=True
        )
        written = bench.warehouse.replace(asked, spoiled)
        assert set(written.refused) == set(units)


@pytest.mark.parametrize(  # a published file is made from a table that is held to this
    "step", [step for step in NBA.steps if step.phase is not Phase.PUBLISHED], ids=lambda step: step.name
)
def test_rows_that_come_twice_are_stored_once_so_that_no_step_reads_a_row_twice(bench: Mutable, step: Step) -> None:
    days = [proof.day for proof in bench.warehouse.proofs() if proof.output == step.name and proof.n_rows]
    assert days
    for day in sorted(days):
        rows = bench.warehouse.read(step.table, SLATE, day=day, season=SAMPLE, as_of=_close())
        doubled = pa.concat_tables([rows, rows]).combine_chunks()

        checked = check(step.table, day, doubled)

        assert not checked.bad_units
        assert hash_units(step.table, checked.good) == hash_units(step.table, rows)
