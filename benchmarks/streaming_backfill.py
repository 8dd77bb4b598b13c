"""The old failure, replayed: files to backfill while rows of theirs sit in a streaming buffer.

A program that streams has put a row of each file's first game into the table; BigQuery (its emulator, with the tests' layer) lets
nobody change such rows for 30 to 90 minutes. The old pipeline tried for 35 minutes and skipped the files. Here each is parked,
tried again, and done once its rows are free; the streamed rows are gone in the end.
"""

import dataclasses
import random
import tempfile
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.emulator.double import PROJECT, Double, running
from tests.support import ledger_rows

from tipoff.app.instance import Instance, ReplaySpec, clock_of
from tipoff.app.loop import replay
from tipoff.config import Settings
from tipoff.core.clock import SimClock, midnight
from tipoff.core.home import Home
from tipoff.core.retry import WHILE_FREED
from tipoff.core.slate import Season
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Ledger
from tipoff.sources.world import World
from tipoff.views.why import why

TABLE, STRAY = "nba_player_boxscores", 9_999_999
LEAST, MOST = timedelta(minutes=30), timedelta(minutes=90)
APART = WHILE_FREED + timedelta(minutes=1)  # files that are free so far apart must be done in that order


class Followed(SimClock):
    """A clock that the emulator's layer follows."""

    def __init__(self, at: datetime, double: Double) -> None:
        super().__init__(at)
        self._double = double
        double.at(at)

    def advance_to(self, at: datetime) -> None:
        """Move on, and the layer with it."""
        super().advance_to(at)
        self._double.at(self.now())


def streaming_backfill(world: World, season: Season, days: tuple[date, date], n_files: int) -> dict[str, Any]:
    """Backfill `n_files` slates of one table while rows of theirs are held; returns what became of each."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as double:
        return backfilled(world, season, days, n_files, Path(folder), double)


def backfilled(  # noqa: PLR0913 -- what is backfilled, and where
    world: World, season: Season, days: tuple[date, date], n_files: int, folder: Path, double: Double, *, seed: int = 3
) -> dict[str, Any]:
    """Do so with an emulator that runs; `seed` chooses when each file is free."""
    home, place = Home(folder / "home"), double.place()
    home.root.mkdir()
    settings = Settings(
        home=home.root,
        warehouse="bigquery",
        bigquery_project=PROJECT,
        bigquery_endpoint=double.url,
        bigquery_prefix=place.prefix,
    )
    spec = ReplaySpec(league=NBA, season=season, days=days, world=world, scope=frozenset({NBA.schedule}))
    clock_of(home, spec)
    clock = Followed(midnight(days[1]) + timedelta(hours=60), double)
    _replayed(settings, spec, clock)  # which games there are
    start = clock.now()
    files = _first_games(home.root, n_files)
    clears = _stream(double, place.table(NBA.table(TABLE)), files, start, random.Random(seed))  # noqa: S311 -- seeded
    both = dataclasses.replace(spec, scope=frozenset({NBA.schedule, TABLE}), days=(days[0], max(files)))
    n_strays = _replayed(settings, both, clock)
    ledger = Ledger(home.ledger, read_only=True)
    said = why(ledger, NBA, TABLE, min(files)).sentences
    ledger.close()
    return _report(home.root, clears, start, n_strays) | {"layer": double.seen(), "why": said}


def _replayed(settings: Settings, spec: ReplaySpec, clock: Followed) -> int:
    """Replay until nothing is left to do; returns how many rows of others then stand in the table."""
    stage = Instance(settings, spec, clock)
    try:
        replay(stage, clock, until=clock.now() + timedelta(days=1), progress=lambda _: None)
        rows = stage.warehouse.query(
            f"SELECT player_id FROM season.{TABLE} WHERE player_id = {STRAY}",  # noqa: S608 -- our own names
            [step.table for step in NBA.steps],
            {"season_start": spec.days[0], "season_end": spec.days[1]},
        )
    finally:
        stage.close()
    return int(rows.num_rows)


def _first_games(home: Path, n_files: int) -> dict[date, str]:
    games = {row["day"]: row["game_id"] for row in ledger_rows(home, "games") if row["status"] == "scheduled"}
    games |= {row["day"]: row["game_id"] for row in ledger_rows(home, "games") if row["status"] != "postponed"}
    return {day: games[day] for day in sorted(games)[:n_files]}


def _stream(
    double: Double, table: str, files: Mapping[date, str], start: datetime, dice: random.Random
) -> dict[date, datetime]:
    """Stream a row into each file's slate; returns when each is free again.

    The layer holds all for 90 minutes: those that shall be free earlier were streamed earlier.
    """
    double.order(window_s=MOST.total_seconds())
    clears = {}
    for day, game in files.items():
        held = LEAST + (MOST - LEAST) * dice.random()
        double.at(start + held - MOST)
        double.stream(table, {"day": str(day), "game_id": game, "player_id": STRAY, "known_at": start.isoformat()})
        clears[day] = start + held
    double.at(start)
    return clears


def _report(home: Path, clears: Mapping[date, datetime], start: datetime, n_strays: int) -> dict[str, Any]:
    """Hold what the ledger says against what is known of each file."""
    owed = {row["day"]: row for row in ledger_rows(home, "obligations") if row["output"] == TABLE}
    log = [row for row in ledger_rows(home, "conflicts") if row["output"] == TABLE]
    wrote = [row for row in ledger_rows(home, "runs") if row["output"] == TABLE and row["state"] == "finished"]
    done_at = {row["day"]: row["ended_at"] for row in sorted(wrote, key=lambda row: row["id"], reverse=True)}
    waited = {day: done_at[day] - clears[day] for day in clears if day in done_at}
    pairs = [(one, other) for one in done_at for other in done_at if clears[other] - clears[one] > APART]
    overtaken = sum(done_at[other] < done_at[one] for one, other in pairs)
    minutes = sorted(round((clears[row["day"]] - start).total_seconds() / 60) for row in log)
    return {
        "files": len(clears),
        "done": sum(owed[day]["state"] == "proven" for day in clears),
        "skipped": sum(owed[day]["state"] != "proven" for day in clears),
        "conflicts": len(log),
        "resolutions": dict(Counter(row["resolution"] or "none" for row in log)),
        "with_a_holder": sum(bool(row["holder"]) for row in log),
        "attempts": dict(sorted(Counter(row["attempts"] for row in log).items())),
        "free_after_min": [minutes[0], minutes[len(minutes) // 2], minutes[-1]] if minutes else [],
        "done_before_free": sum(wait < timedelta(0) for wait in waited.values()),
        "longest_after_free_min": round(max(waited.values()).total_seconds() / 60, 1) if waited else None,
        "pairs_apart": len(pairs),
        "overtaken": overtaken,
        "overtaken_by_date": sum(other < one for one, other in pairs),  # what the order of the files would come to
        "streamed_rows_left": n_strays,
    }
