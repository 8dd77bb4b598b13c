"""What a home's work takes without an engine: its SELECTs, rows, one readback, JSON and training on raw DuckDB and SQLite.

`python -m benchmarks.floor HOME [LEAGUE]`. What stands in a replayed home is done again, run for run, with nothing decided,
checked, hashed or proven; what training took is taken from the home's ledger. A replay's CPU seconds over these say what the
engine costs.
"""

import json
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tipoff.core.clock import process_cpu
from tipoff.core.league import League
from tipoff.core.schema import Phase
from tipoff.core.slate import Season
from tipoff.leagues.catalog import league_named
from tipoff.ledger import Ledger
from tipoff.ledger.facts import season_of
from tipoff.store import dialect
from tipoff.store.archive import Archive

_RUNS = "SELECT id, output, day, as_of, n_changed, cpu_ms FROM runs WHERE league = ? AND state = 'finished' ORDER BY id"
_READ = "SELECT run_id, sha256 FROM fetches WHERE league = ? AND status = 200 AND outcome <> 'unchanged'"


class Floor:
    """The raw stores, and the CPU seconds of what is done on them."""

    def __init__(self, home: Path, league: League, folder: Path) -> None:
        self._league, self._tables = league, {step.name: step.table for step in league.steps}
        self._steps = {name: dialect.load(league.step(name), self._tables) for name in self._tables}
        self._published = home / "published" / league.name
        self._source = duckdb.connect(home / "warehouse.duckdb", read_only=True)
        self._db = duckdb.connect(folder / "floor.duckdb", config={"threads": 1})
        for db in (self._source, self._db):
            db.execute("SET TimeZone='UTC'")
        self._notes = sqlite3.connect(folder / "floor.db", isolation_level=None)
        self._notes.executescript("PRAGMA journal_mode = WAL; CREATE TABLE runs (output TEXT, day TEXT, note TEXT)")
        for table in self._tables.values():
            columns = ", ".join(f"{column.name} {dialect.duck_type(column.type)}" for column in table.columns)
            self._db.execute(f"CREATE SCHEMA IF NOT EXISTS {table.dataset}; CREATE TABLE {table.full_name} ({columns})")
        self.seconds = 0.0

    @contextmanager
    def _counted(self) -> Iterator[None]:
        began = process_cpu()
        yield
        self.seconds += process_cpu() - began

    def answers(self, bodies: list[bytes]) -> None:
        """Read what a run was answered."""
        with self._counted():
            for body in bodies:
                json.loads(body)

    def run(self, output: str, day: date, as_of: datetime, season: Season, *, writes: bool) -> None:
        """Do what one run did: its SELECT, and where it wrote, its rows in one transaction, read back; a note of it in SQLite."""
        ready, table = self._steps[output], self._tables[output]
        is_file = table.phase is Phase.PUBLISHED
        rows = self._rows(output, day) if writes and not is_file else None
        document = self._published / output / f"{day}.json"
        told = json.loads(document.read_text())["rows"] if writes and is_file and document.exists() else None
        with self._counted():
            if ready.duck:
                values = dialect.bounds(ready.inputs, day=day, season=season, as_of=as_of)
                self._fetched(ready.duck, {name: values[name] for name in ready.parameters})
            if told is not None:
                json.dumps(told)
            if rows is not None:
                self._replace(table.full_name, ", ".join(table.names), rows, day)
            self._notes.execute("INSERT INTO runs VALUES (?, ?, ?)", (output, str(day), f"as of {as_of}"))

    def _rows(self, output: str, day: date) -> pa.Table:
        """Return the rows that stand in the home."""
        table = self._tables[output]
        sql = f"SELECT {', '.join(table.names)} FROM {table.full_name} WHERE day = ?"  # noqa: S608 -- declared names
        found: pa.Table = self._source.sql(sql, params=[day]).to_arrow_table()
        return found

    def _replace(self, name: str, columns: str, rows: pa.Table, day: date) -> None:  # noqa: ARG002 -- read by its name in the SQL
        self._db.begin()
        self._db.execute(f"DELETE FROM {name} WHERE day = ?", [day])  # noqa: S608 -- declared names
        self._db.execute(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM rows")  # noqa: S608 -- declared names
        self._fetched(f"SELECT {columns} FROM {name} WHERE day = $day", {"day": day})  # noqa: S608 -- declared names
        self._db.commit()

    def _fetched(self, sql: str, values: dict[str, object]) -> None:
        self._db.execute(sql, values).fetchnumpy()


def floor(home: Path, name: str = "nba") -> dict[str, Any]:
    """Return the CPU seconds of the home's runs without an engine, and of its training as it was."""
    league, archive = league_named(name), Archive(home / "archive")
    trained = {step.name for step in league.steps if step.name.endswith(("_model", "calibration", "season_form"))}
    ledger = sqlite3.connect(home / "ledger.db")
    read: dict[int, list[str]] = {}
    for run, sha in ledger.execute(_READ, [name]):
        read.setdefault(run, []).append(sha)
    training, seasons = 0.0, _seasons(home, name)
    with tempfile.TemporaryDirectory() as folder:
        made = Floor(home, league, Path(folder))
        for run, output, day, as_of, n_changed, cpu_ms in ledger.execute(_RUNS, [name]):
            if output in trained:
                training += cpu_ms / 1000
            of, at = date.fromisoformat(day), datetime.fromisoformat(as_of)
            made.answers([archive.get(sha) for sha in read.get(run, ())])
            made.run(output, of, at, seasons(of), writes=bool(n_changed))
    ledger.close()
    return {"cpu_s": round(made.seconds + training, 1), "training_s": round(training, 1)}


def _seasons(home: Path, name: str) -> Callable[[date], Season]:
    ledger = Ledger(home / "ledger.db", read_only=True)
    known: dict[date, Season] = {}

    def of(day: date) -> Season:
        if day not in known:
            known[day] = season_of(ledger, name, day)
        return known[day]

    return of


if __name__ == "__main__":
    print(json.dumps(floor(Path(sys.argv[1]), *sys.argv[2:3])))
