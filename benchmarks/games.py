"""Which game is meant by each row of the recorded files: `python -m benchmarks.games`; needs TIPOFF_DATA.

Every game that an odds, schedule or box-score file names is found among the league's own, or is
excused by name. The league's own are:
of the NBA the schedules of 2015-16 to 2023-24 and, without ids, the play-off games of the second source's logs; of MLB
Retrosheet's games of 2015 to 2023 and those of the starts of 2025.
"""

import csv
import gzip
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from benchmarks.payload_fuzz import payload_of
from tipoff.core.clock import league_day
from tipoff.leagues.identity.games import GameIndex, ListedGame
from tipoff.leagues.mlb.sources import teams as mlb_teams
from tipoff.leagues.nba.sources.forms import read_any
from tipoff.leagues.nba.sources.teams import BY_ODDS_NAME, tricode

Named = tuple[str, str, date, int]  # home, away, the day as written, which of several that day (0: not said)
_PLAY_IN = ((4, 11), (5, 22))  # between a regular season and its play-offs
_BUBBLE_PLAY_IN = date(2020, 8, 15)
_CUP_FINAL = date(2023, 12, 9)
_NBA_CODES = {"NOH": "NOP", "NOK": "NOP", "NJN": "BKN", "NJ": "BKN", "SEA": "OKC"}


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV, gzipped or not."""
    opening = gzip.open if path.suffix == ".gz" else open
    with opening(path, "rt", encoding="utf-8-sig") as file:
        yield from csv.DictReader(file)


def code(written: str) -> str:
    """Return the NBA's own code for a file's; a half of a game is of the game."""
    upper = written.upper().removesuffix(" 1ST HALF")
    return tricode(_NBA_CODES.get(upper, upper)) or upper


def both_sides(logs: Iterator[dict[str, Any]]) -> dict[Named, str]:
    """Return the games of a log with two rows each, with their kind."""
    found: dict[Named, str] = {}
    for row in logs:
        mark = " @ " if " @ " in row["MATCHUP"] else " vs. "
        own, other = (code(side.strip()) for side in row["MATCHUP"].split(mark))
        sides = (other, own) if mark == " @ " else (own, other)
        found[*sides, date.fromisoformat(str(row["GAME_DATE"])[:10]), 0] = str(row.get("SEASON_TYPE", "Regular Season"))
    return found


def nba_games(data: Path) -> list[ListedGame]:
    """Return the league's own games."""
    listed = []
    for path in sorted((data / "nba").glob("schedule_*.csv")):
        for row in rows(path):
            drawn = (row["inferred_original_date"], row.get("planned_date_2023_09_16"))
            day = date.fromisoformat(row["game_date"])
            moved = tuple(date.fromisoformat(other) for other in drawn if other and other != str(day))
            listed.append(
                ListedGame(
                    game_id=row["game_id"], day=day, home=row["home_team"], away=row["away_team"], other_days=moved
                )
            )
    logs = pq.read_table(
        data / "nba" / "second_source_player_logs.parquet", columns=["MATCHUP", "GAME_DATE", "SEASON_TYPE"]
    )
    late = [
        row for row in logs.group_by(logs.column_names).aggregate([]).to_pylist() if row["SEASON_TYPE"] == "Playoffs"
    ]
    for home, away, day, _ in both_sides(iter(late)):
        listed.append(ListedGame(game_id=f"{day:%Y%m%d}_{away}_{home}", day=day, home=home, away=away))
    return list({game.game_id: game for game in listed}.values())


def nba_files(data: Path) -> dict[str, tuple[set[Named], bool]]:
    """Return the games that each file names, and whether it may tell days by another clock."""
    found: dict[str, tuple[set[Named], bool]] = {}
    for path in sorted((data / "nba").glob("*_gamelogs_*.csv.gz")):
        found[path.name] = set(both_sides(rows(path))), False
    found["schedule_*.csv"] = (
        {
            (row["home_team"], row["away_team"], date.fromisoformat(row["game_date"]), 0)
            for path in (data / "nba").glob("schedule_*.csv")
            for row in rows(path)
        },
        False,
    )
    logs = pq.read_table(data / "nba" / "second_source_player_logs.parquet", columns=["MATCHUP", "GAME_DATE"])
    found["second_source_player_logs"] = (
        set(both_sides(iter(logs.group_by(logs.column_names).aggregate([]).to_pylist()))),
        False,
    )
    found["second_source_team_logs"] = set(both_sides(rows(data / "nba" / "second_source_team_logs.csv.gz"))), False
    fixtures = data / "nba" / "fixture_list_2023-24_utc.csv.gz"
    found["fixture_list (as drawn, UTC)"] = (
        {
            (BY_ODDS_NAME[row["Home Team"]], BY_ODDS_NAME[row["Away Team"]], _fixture_day(row["Date"]), 0)
            for row in rows(fixtures)
        },
        False,
    )
    odds = data / "odds"
    table = pq.read_table(
        odds / "nba_player_props_2024-03_05.parquet", columns=["home_team", "away_team", "commence_time"]
    )
    found["nba_player_props (UTC)"] = (
        {
            (BY_ODDS_NAME[row["home_team"]], BY_ODDS_NAME[row["away_team"]], _local(row["commence_time"]), 0)
            for row in table.group_by(table.column_names).aggregate([]).to_pylist()
        },
        False,
    )
    found["nba_pra_props (UTC dates)"] = (
        {
            (BY_ODDS_NAME[row["home_team"]], BY_ODDS_NAME[row["away_team"]], date.fromisoformat(row["event_date"]), 0)
            for row in rows(odds / "nba_pra_props_2023-24.csv.gz")
        },
        True,
    )
    found["nba_prizepicks (no home side)"] = (
        {
            (code(row["team"]), code(row["opponent"]), _local(row["start_time"]), 0)
            for row in rows(odds / "nba_prizepicks_2023-02-23_28.csv.gz")
        },
        False,
    )
    found["nba_game_lines"] = (
        {
            (code(row["home"]), code(row["away"]), datetime.strptime(row["dates"], "%m/%d/%Y").date(), 0)  # noqa: DTZ007
            for row in rows(odds / "nba_game_lines_2008_2023.csv.gz")
        },
        True,  # a few are a day late
    )
    found["nba_spreads"] = (
        {
            (code(row["home"]), code(row["away"]), date.fromisoformat(row["date"]), 0)
            for row in rows(odds / "nba_spreads_2018_2024.csv.gz")
        },
        False,
    )
    for provider in ("basketball-reference", "bettingpros", "espn"):
        read = [read_any(payload_of(body))[1] for body in _answers(data / "payloads" / provider)]
        found[f"answers of {provider}"] = (
            {
                (row["home_team"], row["away_team"], row["day"], 0)
                for tally in read
                for row in (tally.rows if tally else ())
                if "provider_game_id" in row
            },
            False,
        )
    return found


def _answers(folder: Path) -> Iterator[bytes]:
    return (gzip.decompress(path.read_bytes()) for path in sorted(folder.glob("*.gz")))


def _fixture_day(written: str) -> date:
    return league_day(datetime.strptime(written, "%d/%m/%Y %H:%M").replace(tzinfo=UTC))


def _local(written: str) -> date:
    return league_day(datetime.fromisoformat(written))


def nba_excuse(named: Named, games: GameIndex, days: dict[str, tuple[date, date]]) -> str:
    """Return why a game is none of those listed; empty where nothing says so."""
    day = named[2]
    season = next((name for name, (first, last) in days.items() if first <= day <= last), "")
    if day < min(first for first, _ in days.values()):
        return "before the first season in the data"
    if day == _CUP_FINAL:
        return "final of the cup, which counts in no log"
    if not season and (day == _BUBBLE_PLAY_IN or _PLAY_IN[0] <= (day.month, day.day) <= _PLAY_IN[1]):
        return (
            "play-in, of which no log is in the data" if day.year >= 2020 else "play-offs of a season without their log"
        )
    if not season and day.year < 2018:
        return "play-offs of a season without their log"
    del games
    return ""


def mlb_games(data: Path) -> list[ListedGame]:
    """Return Retrosheet's games, and those of the starts of 2025; of a double-header in their order."""
    listed = []
    for path in sorted((data / "mlb").glob("retrosheet_gameinfo_*.csv.gz")):
        for row in sorted(rows(path), key=lambda row: (row["date"], row["number"])):
            day = datetime.strptime(row["date"], "%Y%m%d").date()  # noqa: DTZ007
            listed.append(ListedGame(game_id=row["gid"], day=day, home=row["hometeam"], away=row["visteam"]))
    starts = pq.read_table(data / "mlb" / "statcast_starts_2025-03_2025-06.parquet").to_pylist()
    for row in sorted(starts, key=lambda row: (row["game_date"], row["game_pk"])):
        if row["is_home"]:
            day = row["game_date"].date()
            sides = {"home": row["pitcher_team"], "away": row["opponent_team"]}
            listed.append(ListedGame(game_id=str(row["game_pk"]), day=day, **sides))
    return list({game.game_id: game for game in listed}.values())


def mlb_files(data: Path) -> dict[str, tuple[set[Named], bool]]:
    """Return the games that the odds name: the workbooks' by row, the strikeout lines' by start."""
    retrosheet = {
        row["Team_Code_Odds_DF"]: row["Abbreviation_Retrosheet"]
        for row in rows(data / "registries" / "mlb_team_codes_sbr_retrosheet.csv")
    }
    # the registry has the two clubs of Los Angeles the wrong way round
    retrosheet |= {"LOS": "LAN", "LAA": "ANA"}
    found: set[Named] = set()
    seen: Counter[tuple[str, str, date]] = Counter()
    visitor: dict[str, str] = {}
    for row in rows(data / "odds" / "mlb_game_odds_2010_2021.csv.gz"):
        if row["vh"] in {"V", "N"} and not visitor:
            visitor = row
            continue
        text = row["date_mmdd"].zfill(4)
        day = date(int(row["season"]), int(text[:2]), int(text[2:]))
        sides = retrosheet.get(row["team"], row["team"]), retrosheet.get(visitor["team"], visitor["team"])
        visitor = {}
        seen[*sides, day] += 1
        found.add((*sides, day, seen[*sides, day]))
    clubs = {name: short for short, team in mlb_teams.TEAMS.items() for name in team.names}
    columns = ["event_id", "home_team", "away_team"]
    table = pq.read_table(
        data / "odds" / "mlb_k_props_consensus_2025-06.parquet", columns=[*columns, "committed_at", "game_start"]
    )
    last: dict[str, dict[str, Any]] = {}  # a start is put off under the same event
    for row in sorted(table.to_pylist(), key=lambda row: row["committed_at"]):
        last[row["event_id"]] = row
    lines: set[Named] = set()
    by_day: Counter[tuple[str, str, date]] = Counter()
    for row in sorted(last.values(), key=lambda row: row["game_start"]):
        key = clubs[row["home_team"]], clubs[row["away_team"]], _local(row["game_start"])
        by_day[key] += 1
        lines.add((*key, by_day[key]))
    return {"mlb_game_odds": (found, False), "mlb_k_props": (lines, False)}


def mlb_excuse(named: Named, games: GameIndex, days: dict[str, tuple[date, date]]) -> str:
    """Return why a game is none of those listed."""
    home, away, day, _ = named
    if day < min(first for first, _ in days.values()):
        return "before the first season in the data"
    for later in range(1, 4):
        if games.find(home, away, day + timedelta(days=later), number=2) is not None:
            return "put off: the two played twice on a day soon after"
    return ""


Excuse = Callable[[Named, GameIndex, dict[str, tuple[date, date]]], str]


def measured(
    files: dict[str, tuple[set[Named], bool]],
    games: list[ListedGame],
    excuse: Excuse,
    days: dict[str, tuple[date, date]],
) -> dict[str, Any]:
    """Return for each file how many of its games were found by which rule, or excused, and which are neither."""
    index, report = GameIndex.of(games), {}
    for name, (named, around) in files.items():
        rules: Counter[str] = Counter()
        excused: Counter[str] = Counter()
        lost = []
        for one in sorted(named, key=lambda one: (one[2], one)):
            home, away, day, number = one
            found = index.find(home, away, day, around=around, number=number)
            if found is not None:
                rules[found.rule] += 1
            elif why := excuse(one, index, days):
                excused[why] += 1
            else:
                lost.append(f"{day} {away} at {home}" + (f" ({number})" if number > 1 else ""))
        report[name] = {"games": len(named), "found": dict(rules), "excused": dict(excused), "neither": lost}
    return report


def seasons(data: Path) -> dict[str, tuple[date, date]]:
    """Return the first and last day of each NBA season in the data."""
    found = {}
    for path in sorted((data / "nba").glob("schedule_*.csv")):
        days = [date.fromisoformat(row["game_date"]) for row in rows(path)]
        found[path.stem[9:]] = min(days), max(days)
    return found


def games_are_found(data: Path) -> tuple[bool, dict[str, Any]]:
    """Return whether every game is found or excused, and for each file by which rule."""
    report = measured(nba_files(data), nba_games(data), nba_excuse, seasons(data))
    report |= measured(mlb_files(data), mlb_games(data), mlb_excuse, {"": (date(2015, 4, 1), date(2025, 6, 30))})
    return not any(file["neither"] for file in report.values()), report


if __name__ == "__main__":
    ok, found = games_are_found(Path(os.environ["TIPOFF_DATA"]))
    print(json.dumps(found, indent=1))
    sys.exit(0 if ok else 1)
