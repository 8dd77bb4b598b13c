"""Ctrl-C while DuckDB is at a statement is Ctrl-C, and no fault of the step."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import duckdb
import pytest

from tipoff.app.backup import copy_warehouse
from tipoff.cli.main import Commands
from tipoff.history.duck import DuckSink
from tipoff.store.duck import DuckWarehouse

LONG = "SELECT sum(range % 7) FROM range(20000000000)"  # a minute in small parts: DuckDB looks for signals between them
SLOWLY_READ = "SELECT range FROM range(20000000000) WHERE range < 9999 OR range = 19999999999"  # as they are fetched


class CopiesForLong:
    """A connection to a warehouse so large that its copy takes an hour."""

    def __init__(self) -> None:
        self.own = duckdb.connect(config={"threads": 1})

    def execute(self, sql: str) -> Any:
        return self.own.execute(LONG if sql.startswith("COPY FROM DATABASE") else sql)

    def close(self) -> None:
        self.own.close()


@pytest.fixture(autouse=True)
def told_soon() -> Iterator[None]:
    """What Ctrl-C does is done in a fifth of a second; by a timer of the kernel, for the statement holds the only thread."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    "work",
    [
        lambda _folder: DuckWarehouse(None)._run(LONG),  # noqa: SLF001 -- what it asks of its own accord is short
        lambda _folder: DuckWarehouse(None)._arrow("read", SLOWLY_READ, {}),  # noqa: SLF001
        lambda _folder: DuckSink(duckdb.connect(config={"threads": 1}))._run(LONG),  # noqa: SLF001
        lambda folder: copy_warehouse(CopiesForLong(), folder / "copy.duckdb"),
    ],
    ids=["a warehouse", "rows of a warehouse", "history", "a copy"],
)
def test_ctrl_c_during_a_statement_is_ctrl_c(work: Callable[[Path], object], tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        work(tmp_path)


def test_a_command_that_is_stopped_while_duckdb_hands_out_rows_is_stopped() -> None:
    @click.command()
    def read() -> None:
        duckdb.connect(config={"threads": 1}).execute(SLOWLY_READ).fetchall()

    class One(Commands):
        def get_command(self, _ctx: click.Context, _name: str) -> click.Command:
            return read

    with pytest.raises(click.Abort):
        One("tipoff").main(["read"], standalone_mode=False)
