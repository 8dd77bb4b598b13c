"""Leagues of one process begin at the same moment, on one warehouse file."""

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.engine import SOURCE, step

from tipoff.core.home import Profile
from tipoff.store.duck import DuckWarehouse


def test_two_leagues_that_declare_their_tables_at_once_do_not_refuse_each_other(tmp_path: Path) -> None:
    for n in range(10):
        together = threading.Barrier(4)

        def begin(league: str, path: Path, together: threading.Barrier = together) -> None:
            raw = step("raw", SOURCE)
            mine = dataclasses.replace(raw, table=dataclasses.replace(raw.table, league=league))
            store = DuckWarehouse(path, profile=Profile.REPLAY)
            together.wait()
            store.prepare([mine])
            store.close()

        with ThreadPoolExecutor(4) as pool:
            begun = [pool.submit(begin, f"league{place}", tmp_path / f"warehouse{n}") for place in range(4)]

        assert [one.exception() for one in begun] == [None] * 4
