"""The mutation score: which check catches which corruption of a table.

Every table × every non-key column × every operator × one game, the whole slate (and, apart, a single row) of one slate of a
replayed season. The checks see the corrupted store alone. `python -m benchmarks.mutation_score HOME LEAGUE SEASON DAY…`
"""

import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
from msgspec import structs

from benchmarks.pieces import Pieces
from tipoff.app import replay as app
from tipoff.checks.examine import Examiner
from tipoff.config import read_settings
from tipoff.core.check import CheckStatus
from tipoff.core.clock import midnight, stopwatch
from tipoff.core.errors import UsageError
from tipoff.core.home import Home, Profile
from tipoff.core.league import League
from tipoff.core.proof import digest_of
from tipoff.core.schema import Table
from tipoff.core.slate import Season
from tipoff.drills.mutations import Cell, CellPlace, cells, statements
from tipoff.leagues.catalog import content_named
from tipoff.ledger import Ledger
from tipoff.ledger.alerts import AlertChanges, AlertStore
from tipoff.store.duck import DuckWarehouse
from tipoff.store.published import Published

SCOPES = ("game", "slate", "row")
JOBS = 2
LEAST = 0.95
LEAST_WITHOUT = 0.93  # without the checks that make an output anew
REMADE = "is_what_its_inputs_give"
# What knows more than the store's rows: the ledger's record of what was written, when it came, and when games begin.
RECORDED = (
    REMADE,
    "is_still_there",
    "zero_is_signed",
    "known_at_is_when_it_came",
    "made_at_is_before_tipoff",
    "has_run",
)
Caught = dict[str, list[str]]


class Patient:
    """A copy of a replayed home, whose slate is corrupted and put right again."""

    def __init__(self, home: Path, league: League, season: str, day: date) -> None:
        self.league, self.season, self.day = league, season_of_league(league.name, season), day
        self.now = midnight(day) + timedelta(hours=60)
        stores = Home(home)
        with AlertStore(stores.ledger) as alerts:  # the season's monitor looked last when the season ended
            alerts.write(AlertChanges(), beat=(f"monitor {league.name}", self.now, "", ""))
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
        return {one.check.name for one in found if one.status is CheckStatus.FAILED}

    def place(self, table: Table) -> CellPlace:
        """Return where to corrupt `table`: its first game of the day, and the slates beside."""
        game, name, today = "", table.full_name, [self.day]
        if "game_id" in table.names:
            game = self.one(f"SELECT min(game_id) FROM {name} WHERE day = ?", today) or ""  # noqa: S608 -- declared names
        before = self.one(f"SELECT max(day) FROM {name} WHERE day < ?", today)  # noqa: S608 -- declared names
        after = self.one(f"SELECT min(day) FROM {name} WHERE day > ?", today)  # noqa: S608 -- declared names
        return CellPlace(day=self.day, game_id=game, before=before, after=after)

    def one(self, sql: str, values: Sequence[object] = ()) -> Any:  # noqa: ANN401 -- whatever the statement says
        """Return the first value that a statement gives."""
        row = self._db.execute(sql, list(values)).fetchone()
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

    def catch(self, cell: Cell, place: CellPlace) -> list[str] | None:
        """Return the checks that catch a corruption; None where it changes nothing."""
        with self._undone():
            n_changed = 0
            try:
                for statement in statements(cell, place):
                    n_changed = self.one(statement) or 0
            except duckdb.Error:
                return None  # the store refuses it: nothing is corrupted, and nothing is caught
            if not n_changed:
                return None
            self.warehouse._slices.clear()  # noqa: SLF001 -- slices read while all was well would be a clean copy
            checks = [c for c in self.league.checks if cell.table.name in (*c.tables, c.about)]
            caught = sorted(self._failing(checks) - self.healthy)
            self.warehouse._slices.clear()  # noqa: SLF001 -- and corrupted ones must not outlive it
            return caught


def season_of_league(league: str, season: str) -> Season:
    """Return a league's season as its own files in TIPOFF_DATA tell it."""
    data, recorded = read_settings().data, content_named(league).recorded
    if data is None or recorded is None:
        msg = "TIPOFF_DATA is not set, or the league has no recorded seasons"
        raise UsageError(msg, hint="set it to a folder of recorded seasons")
    return recorded.season(data, season)


def one_in() -> int:
    """Return of how many cells one is tried: of each one, unless BENCHMARK_EVERY says otherwise."""
    return int(os.environ.get("BENCHMARK_EVERY", "1"))


def _share(job: tuple[Path, str, str, date, Sequence[str], int]) -> tuple[Caught, list[str], list[str]]:
    """Do every JOBS-th of the cells that are tried on a copy of the home."""
    home, name, season, day, scopes, number = job
    league = content_named(name).league
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "home"
        shutil.copytree(home, own, ignore=shutil.ignore_patterns("archive"))
        patient = Patient(own, league, season, day)
        tables = [step.table for step in league.steps]
        places = {table.name: patient.place(table) for table in tables}
        found, unchanged = {}, []
        for cell in list(cells(tables, scopes))[:: one_in()][number::JOBS]:
            caught = patient.catch(cell, places[cell.table.name])
            if caught is None:
                unchanged.append(cell.name)
            else:
                found[cell.name] = caught
        return found, unchanged, sorted(patient.healthy)


def mutation_score(home: Path, league: str, season: str, day: date, scopes: Sequence[str] = SCOPES) -> dict[str, Any]:
    """Corrupt one slate in every way; return the shares caught and everything that was not."""
    jobs = [(home, league, season, day, scopes, number) for number in range(JOBS)]
    with multiprocessing.get_context("spawn").Pool(JOBS) as pool:
        parts = pool.map(_share, jobs)
    found = {name: caught for part, _, _ in parts for name, caught in part.items()}
    return summed(found, unchanged=sum(len(names) for _, names, _ in parts)) | {
        "day": str(day),
        "failing_when_healthy": parts[0][2],
    }


def summed(found: Caught, *, unchanged: int) -> dict[str, Any]:
    """Return the score: of the cells of games and slates, of single rows, by table, by operator, by check."""
    whole = {name: caught for name, caught in found.items() if not name.endswith(" row")}
    rows = {name: caught for name, caught in found.items() if name.endswith(" row")}
    return {
        "cells": len(whole),
        "caught": sum(map(bool, whole.values())),
        "score": _score(whole),
        "score_without_making_anew": _score(_without(whole, (REMADE,))),
        "score_of_the_store_alone": _score(_without(whole, RECORDED)),
        "changed_nothing": unchanged,
        "single_rows": {"cells": len(rows), "caught": sum(map(bool, rows.values())), "score": _score(rows)},
        "by_operator": _by(whole, lambda name: name.split(" ", 1)[1].rpartition(" ")[0]),
        "by_table": _by(whole, lambda name: name.split(" ", 1)[0].partition(".")[0]),
        "by_check": dict(Counter(check for caught in whole.values() for check in caught).most_common()),
        "uncaught": sorted(name for name, caught in whole.items() if not caught),
        "uncaught_rows": sorted(name for name, caught in rows.items() if not caught),
        "matrix": {name: _few(caught) for name, caught in sorted(whole.items())},
    }


def _score(found: Caught) -> float:
    return round(sum(map(bool, found.values())) / max(1, len(found)), 4)


def _without(found: Caught, ends: tuple[str, ...]) -> Caught:
    return {name: [c for c in caught if not c.endswith(ends)] for name, caught in found.items()}


def _few(caught: Sequence[str]) -> list[str]:
    """Return three of the checks that caught it: those that know nothing but the rows come first."""
    return sorted(caught, key=lambda name: name.endswith(RECORDED))[:3]


def _by(found: Caught, part: Callable[[str], str]) -> dict[str, list[int]]:
    """Return by the part of a cell's name how many were caught, of how many."""
    n, caught = Counter[str](), Counter[str]()
    for name, checks in found.items():
        n[part(name)] += 1
        caught[part(name)] += bool(checks)
    return {name: [caught[name], n[name]] for name in sorted(n)}


def slates(league: str) -> dict[str, dict[date, Sequence[str]]]:
    """Return the slates that stand in a league's folder, by season, each with what of it is corrupted at a time."""
    found: dict[str, dict[date, Sequence[str]]] = {}
    for slate in tomllib.loads((files(f"tipoff.leagues.{league}") / "mutations.toml").read_text())["slate"]:
        found.setdefault(slate["season"], {})[slate["day"]] = slate["scopes"]
    return found


@contextmanager
def home_of(season: str, league: str = "nba") -> Iterator[Path]:
    """Give a home in which the season was replayed with its checks: one below BENCHMARK_HOMES, or one made for the occasion.

    One is used again by the steps that made it alone: what others made fails checks of today though nothing is corrupted.
    """
    named, name = os.environ.get("BENCHMARK_HOMES"), f"{season} {_versions(content_named(league).league)}"
    if named and (Path(named) / name / "warehouse.duckdb").exists():
        yield Path(named) / name
        return
    with tempfile.TemporaryDirectory() as folder:
        home = Path(named or folder) / name
        settings = structs.replace(read_settings(), home=home)
        spec = app.replay_spec(settings, league, season, world="recorded", seed=7)
        app.run_together(settings, [spec], progress=lambda _: None, watched=True)
        yield home


def _versions(league: League) -> str:
    """Return one hash of the versions of all steps."""
    warehouse = DuckWarehouse(None, profile=Profile.REPLAY)
    loaded = warehouse.prepare(league.steps)
    warehouse.close()
    return digest_of((name, step.version) for name, step in loaded.items())[:12]


def mutation_scores(league: str) -> tuple[bool, dict[str, Any]]:
    """Corrupt a league's own slates: 19 of 20 must be caught, and 93 of 100 without making anything anew.

    On the slates as they are no check fails.
    """
    results, pieces = {}, Pieces(f"mutation_score_{league}")
    for season, days in slates(league).items():
        with home_of(season, league) as home:
            for day, scopes in days.items():
                name = f"{league} {day}"
                results[name] = pieces.once(name, partial(mutation_score, home, league, season, day, scopes))
    every = {check.name for check in content_named(league).league.checks if check.tables}
    silent = every - {check for result in results.values() for check in result["by_check"]}
    ok = all(r["score"] >= LEAST and r["score_without_making_anew"] >= LEAST_WITHOUT for r in results.values())
    ok = ok and not any(result["failing_when_healthy"] for result in results.values())
    least = {"least": LEAST, "least_without_making_anew": LEAST_WITHOUT, "tried_of_cells": f"1 in {one_in()}"}
    return ok, least | {"slates": results, "checks_that_caught_nothing": sorted(silent)}


def main() -> None:
    """Print the scores of the named slates."""
    for day in sys.argv[4:]:
        score = mutation_score(Path(sys.argv[1]), sys.argv[2], sys.argv[3], date.fromisoformat(day))
        print(
            json.dumps({k: v for k, v in score.items() if k not in {"matrix", "uncaught_rows", "by_check"}}, indent=1)
        )


if __name__ == "__main__":
    main()
