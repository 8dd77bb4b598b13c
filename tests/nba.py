"""A bench for the NBA's steps: hand-made tables in, one step's rows out, on a real DuckDB."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
from tests.taken_back import opened

from tipoff.core.clock import midnight
from tipoff.core.rows import table_from_records, units_of
from tipoff.core.schema import Floor
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context, PythonWork, Step
from tipoff.leagues.nba.league import NBA
from tipoff.leagues.nba.who import name_lines
from tipoff.store.dialect import CompiledStep
from tipoff.store.duck import DuckWarehouse
from tipoff.store.warehouse import WriteRequest

SEASON = Season("2023-24", date(2024, 1, 1), date(2024, 4, 14))
TODAY = date(2024, 1, 20)
NOW = midnight(TODAY) + timedelta(hours=12)
Row = dict[str, Any]


def _without_floor(step: Step) -> Step:
    return dataclasses.replace(step, table=dataclasses.replace(step.table, floor=Floor()))


STEPS = {step.name: _without_floor(step) for step in NBA.steps}  # a test's game has two players, not twenty


class Bench:
    """The league's tables, filled by hand; any number of rows is a game here."""

    def __init__(self, warehouse: DuckWarehouse, loaded: dict[str, CompiledStep]) -> None:
        self.warehouse, self.loaded = warehouse, loaded
        self._fence = 0

    def asked(self, step: Step, day: date, units: Iterable[str]) -> WriteRequest:
        self._fence += 1
        return WriteRequest(
            step=step,
            season=SEASON,
            day=day,
            fence=self._fence,
            as_of=NOW,
            step_version="v",
            units=dict.fromkeys(units, "made"),
            evidence=True,
        )

    def fill(self, rows: Mapping[str, list[Row]]) -> None:
        """Let tables hold these rows."""
        for name, table in rows.items():
            self.put(name, table)

    def put(self, name: str, rows: list[Row]) -> None:
        """Let the table hold these rows, each on its own day, and of each what it has a column for."""
        step = STEPS[name]
        fitting = [{of: row[of] for of in step.table.names if of in row} for row in rows]
        for day in sorted({row["day"] for row in fitting}):
            made = table_from_records(step.table, [row for row in fitting if row["day"] == day])
            units = set(units_of(step.table, made).to_pylist())
            written = self.warehouse.replace(self.asked(step, day, units), made)
            assert not written.refused, written.refused

    def make(self, name: str, *, day: date = TODAY) -> list[Row]:
        """Return the rows that the step makes for the slate."""
        step = STEPS[name]
        rows = self.warehouse.select(self.loaded[name], self.asked(step, day, ()))
        return sorted(rows.to_pylist(), key=lambda row: tuple(str(row[key]) for key in step.table.key))

    def inputs(self, name: str, *, day: date = TODAY) -> Mapping[str, pa.Table]:
        """Return what a Python step would be given."""
        work = STEPS[name].work
        assert isinstance(work, PythonWork)
        return {
            read.table: self.warehouse.read(STEPS[read.table].table, read.window, day=day, season=SEASON, as_of=NOW)
            for read in work.inputs
        }


@contextmanager
def benched(name: str = "empty", rows: Mapping[str, list[Row]] | None = None) -> Iterator[Bench]:
    """Open a bench whose tables hold these rows, always the same ones under one name; what is done to them is taken back."""
    with opened(name, STEPS.values(), lambda warehouse: Bench(warehouse, {}).fill(rows or {})) as (warehouse, loaded):
        yield Bench(warehouse, loaded)


def quoted(bench: Bench, rows: list[Row]) -> list[Row]:
    """Let today's game have these quotes, and look up whose they are; returns what was found."""
    bench.put("player_lines", rows)
    context = Context(slate=Slate(NBA.name, SEASON, TODAY), units=frozenset({"today"}), as_of=NOW)
    made: list[Row] = name_lines(context, bench.inputs("line_names")).rows.to_pylist()
    bench.put("line_names", made)
    return made


def day_of(n: int) -> date:
    """Return the n-th of January 2024."""
    return date(2024, 1, n)


def scheduled(game_id: str, home: str, away: str, *, day: date = TODAY, status: str = "scheduled") -> Row:
    """Return a schedule row."""
    return {
        "day": day,
        "game_id": game_id,
        "home_team": home,
        "away_team": away,
        "tipoff_at": midnight(day) + timedelta(hours=19),
        "status": status,
        "known_at": datetime(2024, 1, 1, tzinfo=UTC),
    }


def played(day: date, team: str, opponent: str, who: int, points: int, **more: Any) -> Row:
    """Return a player's game; its id is made of the day and the two clubs."""
    home, away = sorted((team, opponent))
    row = {
        "day": day,
        "game_id": f"{day:%m%d}{home}{away}",
        "player_id": who,
        "player_name": f"Player {who}",
        "player_key": f"player{who}",
        "team": team,
        "opponent": opponent,
        "is_home": team == home,
        "minutes": 30,
        "points": points,
        "fga": 10,
        "fta": 2,
        "usage_ratio": 0.2,
        "minutes_ratio": 0.5,
    }
    return row | more


def club(day: date, team: str, opponent: str, **more: Any) -> Row:
    """Return a club's game."""
    home, away = sorted((team, opponent))
    row = {
        "day": day,
        "game_id": f"{day:%m%d}{home}{away}",
        "team": team,
        "opponent": opponent,
        "is_home": team == home,
        "points": 110,
        "points_allowed": 105,
        "minutes": 240,
        "possessions": 100.0,
        "plays_used": 110.0,
        "pace": 100.0,
        "off_rating": 110.0,
        "def_rating": 105.0,
    }
    return row | more


def clubs_of(games: list[Row]) -> list[Row]:
    """Return both clubs' rows for the games that players' rows name."""
    found = {}
    for row in games:
        for team, other in ((row["team"], row["opponent"]), (row["opponent"], row["team"])):
            found[row["game_id"], team] = club(row["day"], team, other)
    return list(found.values())
