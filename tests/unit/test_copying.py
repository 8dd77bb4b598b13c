"""A copy of the warehouse is whole when it is made, whoever reads meanwhile."""

from pathlib import Path
from typing import Any

import duckdb

from tipoff.app.backup import copy_warehouse


class ReadMeanwhile:
    """A connection beside which another one begins to read all databases while it copies."""

    def __init__(self, warehouse: duckdb.DuckDBPyConnection) -> None:
        self.own, self.other = warehouse.cursor(), warehouse.cursor()

    def execute(self, sql: str) -> Any:
        done = self.own.execute(sql)
        if sql.startswith("COPY FROM DATABASE"):
            self.other.execute("BEGIN")
            self.other.execute("SELECT COUNT(*) FROM duckdb_tables()").fetchall()
        return done

    def close(self) -> None:
        self.own.close()


def test_a_copy_is_whole_when_it_is_made_whoever_reads_meanwhile(tmp_path: Path) -> None:
    warehouse = duckdb.connect(str(tmp_path / "warehouse.duckdb"))
    warehouse.execute("CREATE TABLE points AS SELECT RANGE AS n, 'x' AS name FROM RANGE(20000)")
    own = ReadMeanwhile(warehouse)
    folder = tmp_path / "copy"
    folder.mkdir()

    copy_warehouse(own, folder / "warehouse.duckdb")
    made = {path.name: path.read_bytes() for path in folder.iterdir()}
    own.other.execute("COMMIT")
    own.other.close()

    assert list(made) == ["warehouse.duckdb"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == made
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as copied:
        assert copied.execute("SELECT COUNT(*), MAX(n) FROM points").fetchall() == [(20000, 19999)]
