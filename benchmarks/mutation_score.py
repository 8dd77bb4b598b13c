"""The mutation score: which check catches which corruption of a table.

Every table × every non-key column × every operator × one game, the whole slate (and, apart, a single row) of one slate of a
replayed season. The checks see the corrupted store alone. `python -m benchmarks.mutation_score HOME SEASON DAY`
"""

import json
import multiprocessing
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from tipoff.checks.examine import Examiner
from tipoff.core.check import Status
from tipoff.core.clock import midnight, stopwatch
from tipoff.core.errors import PipelineError
from tipoff.core.league import League
from tipoff.core.profile import Profile
from tipoff.core.schema import Table
from tipoff.leagues.nba.league import NBA
from tipoff.sim.mutations import Cell, Place, cells, statements
from tipoff.store.duck import DuckWarehouse
from tipoff.store.home import Home
from tipoff.store.ledger import Ledger
from tipoff.store.published import Published

SCOPES = ("game", "slate", "row")
JOBS = 2


class Patient:
    """A copy of a replayed home, whose slate is corrupted and put right again."""

    def __init__(self, home: Path, league: League, season: str, day: date) -> None:
        self.league, self.season, self.day = league, league.season(season), day
        self.now = midnight(day) + timedelta(hours=60)
        stores = Home(home)
        self.warehouse = DuckWarehouse(stores.warehouse, profile=Profile.REPLAY)
        self.ledger = Ledger(stores.ledger, profile=Profile.REPLAY)
        self.examiner = Examiner(
            league=league,
            season=self.season,
            loaded=self.warehouse.prepare(league.steps),
            warehouse=self.warehouse,
            ledger=self.ledger,
            published=Published(stores.published),
            stopwatch=stopwatch,
        )
        for other in (day - timedelta(days=1), day, day + timedelta(days=1)):
            self.examiner.mirror(other)
        self.healthy = self._failing(league.checks)

    def _failing(self, checks: Sequence[Any]) -> set[str]:
        found = self.examiner.measure(checks, self.day, self.now)
        return {one.check.name for one in found if one.status is Status.FAILED}

    def place(self, table: Table) -> Place:
        """Return where to corrupt `table`: its first game of the day, and the slates beside."""
        game = ""
        if "game_id" in table.names:
            game = self._one(f"SELECT min(game_id) FROM {table.full_name} WHERE day = '{self.day}'") or ""  # noqa: S608 -- declared names
        before = self._one(f"SELECT max(day) FROM {table.full_name} WHERE day < '{self.day}'")  # noqa: S608 -- declared names
        after = self._one(f"SELECT min(day) FROM {table.full_name} WHERE day > '{self.day}'")  # noqa: S608 -- declared names
        return Place(day=self.day, game_id=game, before=before, after=after)

    def _one(self, sql: str) -> Any:  # noqa: ANN401 -- whatever the statement says
        row = self._db.execute(sql).fetchone()
        return row[0] if row else None

    @property
    def _db(self) -> duckdb.DuckDBPyConnection:
        return self.warehouse._db  # noqa: SLF001 -- a corruption comes in no honest way

    @contextmanager
    def _undone(self) -> Iterator[None]:
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("ROLLBACK")

    def catch(self, cell: Cell, place: Place) -> list[str] | None:
        """Return the checks that catch a corruption; None where it changes nothing."""
        with self._undone():
            n_changed = 0
            try:
                for statement in statements(cell, place):
                    n_changed = self._one(statement) or 0
            except duckdb.Error as error:
                return [f"the store refuses it: {type(error).__name__}"]
            if not n_changed:
                return None
            checks = [c for c in self.league.checks if cell.table.name in (*c.tables, c.about)]
            try:
                return sorted(self._failing(checks) - self.healthy)
            except PipelineError as error:
                return [f"a check raises: {type(error).__name__}"]


def _share(job: tuple[Path, str, date, int]) -> tuple[dict[str, list[str]], list[str], list[str]]:
    """Do every JOBS-th cell on a copy of the home."""
    home, season, day, number = job
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "home"
        shutil.copytree(home, own, ignore=shutil.ignore_patterns("archive"))
        patient = Patient(own, NBA, season, day)
        tables = [step.table for step in NBA.steps]
        places = {table.name: patient.place(table) for table in tables}
        found, unchanged = {}, []
        for cell in list(cells(tables, SCOPES))[number::JOBS]:
            caught = patient.catch(cell, places[cell.table.name])
            if caught is None:
                unchanged.append(cell.name)
            else:
                found[cell.name] = caught
        return found, unchanged, sorted(patient.healthy)


def mutation_score(home: Path, season: str, day: date) -> dict[str, Any]:
    """Corrupt one slate in every way; return the shares caught and everything that was not."""
    jobs = [(home, season, day, number) for number in range(JOBS)]
    with multiprocessing.get_context("spawn").Pool(JOBS) as pool:
        parts = pool.map(_share, jobs)
    found = {name: caught for part, _, _ in parts for name, caught in part.items()}
    return summed(found, unchanged=sum(len(names) for _, names, _ in parts)) | {
        "day": str(day),
        "failing_when_healthy": parts[0][2],
    }


def summed(found: dict[str, list[str]], *, unchanged: int) -> dict[str, Any]:
    """Return the score: of the cells of games and slates, of single rows, by table, by operator, by check."""
    whole = {name: caught for name, caught in found.items() if not name.endswith(" row")}
    rows = {name: caught for name, caught in found.items() if name.endswith(" row")}
    remade = ".is_what_its_inputs_give"
    alone = sum(bool(caught) and all(name.endswith(remade) for name in caught) for caught in whole.values())
    return {
        "cells": len(whole),
        "caught": sum(map(bool, whole.values())),
        "score": round(sum(map(bool, whole.values())) / max(1, len(whole)), 4),
        "caught_by_making_anew_alone": alone,
        "changed_nothing": unchanged,
        "single_rows": {"cells": len(rows), "caught": sum(map(bool, rows.values()))},
        "by_operator": _by(whole, lambda name: name.split(" ", 1)[1].rpartition(" ")[0]),
        "by_table": _by(whole, lambda name: name.split(" ", 1)[0].partition(".")[0]),
        "by_check": dict(Counter(check for caught in whole.values() for check in caught).most_common()),
        "uncaught": sorted(name for name, caught in whole.items() if not caught),
        "uncaught_rows": sorted(name for name, caught in rows.items() if not caught),
        "matrix": {name: caught[:4] for name, caught in sorted(whole.items())},
    }


def _by(found: dict[str, list[str]], part: Any) -> dict[str, str]:  # noqa: ANN401 -- a function of a name
    n, caught = Counter[str](), Counter[str]()
    for name, checks in found.items():
        n[part(name)] += 1
        caught[part(name)] += bool(checks)
    return {name: f"{caught[name]} of {n[name]}" for name in sorted(n)}


if __name__ == "__main__":
    score = mutation_score(Path(sys.argv[1]), sys.argv[2], date.fromisoformat(sys.argv[3]))
    print(json.dumps({k: v for k, v in score.items() if k not in {"matrix", "uncaught_rows", "by_check"}}, indent=1))
