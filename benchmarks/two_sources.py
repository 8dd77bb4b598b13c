"""A season from each of two sources of box scores, and from both: `python -m benchmarks.two_sources [SEASON|FROM..TO]`.

Needs TIPOFF_DATA. The steps from the schedule to the analytics are replayed three times: with both sources, with one of which
the other says nothing all season, and the other way round. The second answers in its whole form, the bench included. What its
recorded pull holds (minutes, points, rebounds, assists, steals, blocks, turnovers) is its own; the rest, which the pull lacks, is
the first's. In its lists a man who played for less than half a minute, in which nothing was counted, stands like the bench: he is
named. Who is meant by its names is found by the resolver.
"""

import dataclasses
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
from tests.support import DATA, recorded_spec, replayed

from tipoff.app.instance import ReplaySpec
from tipoff.app.replay import parse_span
from tipoff.core.clock import SimClock
from tipoff.core.home import Profile
from tipoff.leagues.nba.league import NBA
from tipoff.leagues.nba.sources import balldontlie
from tipoff.leagues.nba.world.data import OF_THE_FIRST
from tipoff.leagues.nba.world.recorded import RecordedNba, RecordedSeasons
from tipoff.store.duck import DuckWarehouse

ANALYTICS = ("player_boxscores", "team_games", "player_games")
STEPS = (
    "schedule",
    "nba_player_boxscores",
    "nba_team_boxscores",
    "bdl_player_boxscores",
    "players",
    "box_names",
    *ANALYTICS,
)
NEVER = datetime(2100, 1, 1, tzinfo=UTC)
SHOWN = 60  # cells that are named; all are counted
Rows = Mapping[tuple[Any, ...], Mapping[str, Any]]
Tables = Mapping[str, Rows]


def specs(data: Path, span: str) -> dict[str, ReplaySpec]:
    """Return the three replays: of both sources, and of each while the other one is silent."""
    season, days = parse_span(span, RecordedSeasons(), data)
    league = dataclasses.replace(
        NBA, steps=tuple(step for step in NBA.steps if step.name in STEPS), summary_sql={}, checks=(), funnel_sql=""
    )
    made = {}
    for name, silent in (("both", ""), ("first", "second_at"), ("second", "boxed_at")):
        world = RecordedNba(data, season.name)
        for game in world.data.games if silent else ():
            setattr(game, silent, NEVER)
        made[name] = recorded_spec(world, days, league=league)
    return made


def analytics(spec: ReplaySpec) -> tuple[Tables, dict[str, int]]:
    """Replay, and return the rows of each table by their key, and how the names of the second source were found."""
    with tempfile.TemporaryDirectory() as folder:
        replayed(Path(folder), spec)
        warehouse = DuckWarehouse(Path(folder) / "warehouse.duckdb", profile=Profile.REPLAY)
        warehouse.prepare(spec.league.steps)
        tables = [step.table for step in spec.league.steps]
        bounds = {"season_start": spec.days[0], "season_end": spec.days[1]}

        def rows(name: str) -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = warehouse.query(f"SELECT * FROM season.{name}", tables, bounds).to_pylist()  # noqa: S608 -- a declared table
            return found

        found = {
            name: {tuple(row[key] for key in NBA.table(name).key): row for row in rows(name)} for name in ANALYTICS
        }
        names = Counter("found" if row["player_id"] else "waits" for row in rows("box_names"))
        warehouse.close()
    return found, dict(names)


def differences(one: Tables, other: Tables) -> dict[str, Any]:
    """Return by table which rows stand on one side alone, and which cells differ; where a row is from may differ."""
    found = {}
    for name in ANALYTICS:
        mine, theirs, columns = one[name], other[name], [column.name for column in NBA.table(name).columns]
        cells = [
            f"{'|'.join(map(str, key))} {column}: {mine[key][column]} and {theirs[key][column]}"
            for key in sorted(mine.keys() & theirs.keys())
            for column in columns
            if column != "source" and mine[key][column] != theirs[key][column]
        ]
        found[name] = {
            "rows": len(mine.keys() & theirs.keys()),
            "on one side alone": sorted("|".join(map(str, key)) for key in mine.keys() ^ theirs.keys()),
            "cells that differ": dict(Counter(cell.partition(":")[0].split()[-1] for cell in cells)),
            "the first of them": cells[:SHOWN],
        }
    return found


def played(world: RecordedNba, days: tuple[date, date]) -> set[tuple[Any, ...]]:
    """Return who played in which game, as the league's own log has it."""
    games = (game for game in world.data.games if days[0] <= game.day <= days[1])
    return {(game.game_id, row["PLAYER_ID"]) for game in games for row in game.players}


def unseen(world: RecordedNba) -> set[tuple[Any, ...]]:
    """Return who played for less than half a minute, in which nothing was counted: the second source has him on the bench."""
    names = ("MIN", "PTS", "REB", "AST", "STL", "BLK", "TOV", *OF_THE_FIRST)
    rows = ((game.game_id, row) for game in world.data.games for row in game.players)
    return {(game_id, row["PLAYER_ID"]) for game_id, row in rows if not any(row[name] for name in names)}


def on_the_bench(world: RecordedNba, days: Iterable[date]) -> int:
    """Count who stands in the second source's lists and did not play, as it answers when all is over."""
    n, counted = 0, ("pts", "reb", "ast", "stl", "blk", "turnover", *(name.lower() for name in OF_THE_FIRST))
    with httpx.Client(transport=world.transport(SimClock(NEVER))) as client:
        for day in days:
            for game in client.get(balldontlie.URL, params={"date": day.isoformat()}).json()["data"]:
                players = game["home_team"]["players"] + game["visitor_team"]["players"]
                n += sum(player["min"] == "00" and not any(player[name] for name in counted) for player in players)
    return n


def two_sources(data: Path, span: str) -> tuple[bool, dict[str, Any]]:
    """Replay a span three times, and hold the analytics against each other and against who played."""
    asked = specs(data, span)
    made = {name: analytics(spec) for name, spec in asked.items()}
    both, world = asked["both"], RecordedNba(data, asked["both"].season.name)
    truth = played(world, both.days)
    found: dict[str, Any] = {
        "span": span,
        "games": len({game for game, _ in truth}),
        "played": len(truth),
        "played, and nothing was counted": sorted(map(str, truth & unseen(world))),
        "on the bench in the second source's lists": on_the_bench(world, _days(both)),
        "sources": {},
    }
    for name, (tables, names) in made.items():
        games = set(tables["player_games"])
        found["sources"][name] = {
            "rows": {table: len(rows) for table, rows in tables.items()},
            "names of the second source": names,
            "played and without a game": sorted(map(str, truth - games)),
            "with a game and not played": sorted(map(str, games - truth)),
            "counts that are unknown": sum(None in row.values() for row in tables["player_games"].values()),
        }
    for name in ("first", "second"):
        found[f"both and the {name} alone"] = differences(made["both"][0], made[name][0])
    sources = found["sources"]
    is_whole = (
        not any(one["with a game and not played"] for one in sources.values())
        and not any(sources[name]["played and without a game"] for name in ("both", "first"))
        and sources["second"]["played and without a game"] == found["played, and nothing was counted"]
    )
    first = found["both and the first alone"].values()
    return is_whole and not any(one["on one side alone"] or one["cells that differ"] for one in first), found


def _days(spec: ReplaySpec) -> list[date]:
    return [day for day in spec.season.days() if spec.days[0] <= day <= spec.days[1]]


def main() -> None:
    """Print what was found."""
    if DATA is None:
        sys.exit("TIPOFF_DATA is not set: the sources are compared on recorded seasons")
    _, found = two_sources(DATA, sys.argv[1] if len(sys.argv) > 1 else "2023-24")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
