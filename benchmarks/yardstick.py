"""What a fixed mix of work takes here and now, to divide other CPU seconds by: machines differ, and drift within minutes.

The mix is a pipeline's: window functions and small transactions on DuckDB, commits on SQLite, JSON, hashes, plain Python.
"""

import hashlib
import json
import sqlite3
import tempfile
from pathlib import Path

import duckdb

from tipoff.core.clock import process_cpu

_DAYS, _PLAYERS, _GAMES = 120, 240, 30_000


def yardstick(times: int = 3) -> float:
    """Return the CPU seconds of the mix, the least of several times."""
    return round(min(_once() for _ in range(times)), 3)


def _once() -> float:
    with tempfile.TemporaryDirectory() as folder:
        began = process_cpu()
        _on_duckdb(Path(folder) / "y.duckdb")
        _on_sqlite(Path(folder) / "y.db")
        _in_python()
        return process_cpu() - began


def _on_duckdb(path: Path) -> None:
    with duckdb.connect(path, config={"threads": 1}) as db:
        db.execute(
            "CREATE TABLE played AS SELECT DATE '2024-01-01' + CAST(i % ? AS INTEGER) AS day, i % ? AS player, i % 47 AS points"
            " FROM range(?) AS r(i)",
            [_DAYS, _PLAYERS, _GAMES],
        )
        mean = "avg(points) OVER (PARTITION BY player ORDER BY day ROWS BETWEEN 10 PRECEDING AND 1 PRECEDING)"
        sql = f"SELECT player, {mean} FROM played WHERE day < DATE '2024-01-01' + ? AND player % 20 = ?"  # noqa: S608 -- our own
        for n in range(470):
            db.execute(sql, [n % _DAYS, n % 20]).fetchall()
        for n in range(235):
            day = [n % _DAYS]
            db.begin()
            db.execute("DELETE FROM played WHERE day = DATE '2024-01-01' + ?", day)
            db.execute("INSERT INTO played SELECT DATE '2024-01-01' + ?, i, i FROM range(250) AS r(i)", day)
            db.commit()


def _on_sqlite(path: Path) -> None:
    with sqlite3.connect(path) as ledger:
        ledger.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE notes (a TEXT, b TEXT)"
        )
        for n in range(3500):
            # tipoff: allow append-without-key -- the engine as it is, beside the ledger: a table made a moment ago
            ledger.execute("INSERT INTO notes VALUES (?, ?)", (str(n), "note " * 10))
            ledger.commit()
    ledger.close()


def _in_python() -> None:
    rows = [{"player": n, "name": f"player {n}", "share": n / 7, "note": None} for n in range(400)]
    for _ in range(175):
        hashlib.sha256(json.dumps(json.loads(json.dumps(rows))).encode()).hexdigest()
    total = 0
    for n in range(3_500_000):
        total += n % 7


if __name__ == "__main__":
    print(yardstick())
