"""The recorded seasons as files: schedules, game logs of players and teams; what is cut short or lacks a column is refused."""

import csv
import gzip
import hashlib
import re
import zlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from tipoff.core.errors import UsageError
from tipoff.leagues.nba.sources.teams import TEAMS
from tipoff.leagues.nba.world.data import Row

_BOX = "GAME_ID GAME_DATE MATCHUP TEAM_ID TEAM_ABBREVIATION MIN FGM FGA FTM FTA REB AST PTS"
_LOGGED = frozenset(_BOX.split())
_NEEDED = {"team": _LOGGED, "player": _LOGGED | {"PLAYER_ID", "PLAYER_NAME"}}  # columns of the game logs
_DRAWN = frozenset({"game_id", "game_date", "home_team", "away_team", "home_pts", "away_pts"})  # and of a schedule
_OF_A_SIDE = ["GAME_ID", "GAME_DATE", "MATCHUP", "TEAM_ABBREVIATION", "PTS"]
_SIDES = 2
_SEASON = re.compile(r"\d{4}-\d\d")  # a second download ends in ` (1)`
_CUT = "restore the file; it may have been cut short"


def season_names(data: Path) -> list[str]:
    """Return the seasons of which a file is in the folder, oldest first."""
    if not data.is_dir():
        msg = f"the data folder {data} is not there"
        raise UsageError(msg, hint="set TIPOFF_DATA to a folder of recorded seasons, or replay --world sample")
    folder = data / "nba"
    paths = (*folder.glob("player_gamelogs_*.csv.gz"), *folder.glob("schedule_*.csv"))
    return sorted(filter(_SEASON.fullmatch, {path.name.partition(".")[0].rpartition("_")[2] for path in paths}))


def played_on(row: dict[str, str]) -> date:
    """Return the day of a schedule's row."""
    return date.fromisoformat(row["game_date"])


class Files:
    """A season's files in the data folder."""

    def __init__(self, root: Path, season: str) -> None:
        there = season_names(root)
        self.root, self.season = root, season
        if season not in there:
            msg = f"{root} holds no NBA season {season}"
            raise UsageError(msg, hint=f"it holds: {', '.join(there) or 'none'}")

    @property
    def has_logs(self) -> bool:
        """Whether the game logs of players and teams are both there."""
        return all(self._log(kind).exists() for kind in _NEEDED)

    def schedule(self) -> list[dict[str, str]]:
        """Return the season's games, a row each: as its schedule has them; without one, as the teams' game log does.

        Raises:
            UsageError: It cannot be read, names no game, lacks a column, or a row lacks its day.
        """
        name = f"schedule_{self.season}.csv"
        path = self.path("nba", name)
        if not path.exists():
            return self._in_log()
        rows = self.records(name)
        if not rows:
            msg = f"{path} names no game of the season {self.season}"
            raise UsageError(msg, hint="restore the season's schedule; it may have been cut short")
        _must_have(path, rows[0], _DRAWN)
        for line, row in enumerate(rows, start=2):
            try:
                played_on(row)
            except (TypeError, ValueError) as error:
                msg = f"{path} cannot be read: line {line} says {row['game_date']!r} for a day"
                raise UsageError(msg, hint=_CUT) from error
        return rows

    def games(self) -> list[dict[str, str]]:
        """Return the games that were played, a row each: the schedule's that have a result, and those of the teams' log beside.

        What lies after the last day of either game log is not played yet: a season may be in progress.

        Raises:
            UsageError: A file cannot be read, there is no such game, or one is of a club that is none of the thirty.
        """
        days = [self.log(kind, ("GAME_DATE",))["GAME_DATE"].to_pylist() for kind in _NEEDED]
        last = min(max((str(day)[:10] for day in logged if day), default="") for logged in days)
        drawn = [row for row in self.schedule() if row["home_pts"] and row["away_pts"]]
        seen = {row["game_id"] for row in drawn}
        beside = [row for row in self._in_log() if row["game_id"] not in seen]
        games = [row for row in (*drawn, *beside) if row["game_date"] <= last]
        if not games:
            msg = f"{self.root} has no game of the season {self.season} with a box score"
            raise UsageError(msg, hint="restore the season's game logs; they may have been cut short")
        for row in games:
            strange = {row["home_team"], row["away_team"]} - TEAMS.keys()
            if strange:
                msg = f"the game {row['game_id']} of {row['game_date']} is of no NBA club: {', '.join(sorted(strange))}"
                raise UsageError(msg, hint=f"mend its row in the season's files in {self.root / 'nba'}")
        return games

    def _in_log(self) -> list[dict[str, str]]:
        """Return the games of the teams' game log, a row each.

        The home side is the one with `vs.`; of a game on neutral ground both rows say `@`, and a schedule alone knows who is at
        home: without one, it is the side that comes first by its code.
        """
        sides: dict[str, list[Row]] = {}
        for row in self.log("team").select(_OF_A_SIDE).to_pylist():
            if None in row.values():
                lacks = ", ".join(sorted(name for name in row if row[name] is None))
                msg = f"{self._log('team')} lacks {lacks} in a row of the game {row['GAME_ID']}"
                raise UsageError(msg, hint=_CUT)
            sides.setdefault(row["GAME_ID"], []).append(row)
        return [_from_log(rows) for rows in sides.values() if len(rows) == _SIDES]

    def _log(self, kind: str) -> Path:
        return self.path("nba", f"{kind}_gamelogs_{self.season}.csv.gz")

    def path(self, *parts: str) -> Path:
        """Return a file's path."""
        return self.root.joinpath(*parts)

    def records(self, name: str) -> list[dict[str, str]]:
        """Read a CSV, gzipped or not, as text."""
        path = self.path("nba", name)
        try:
            content = path.read_bytes()
            text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
        except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
            raise _unreadable(path, error) from error
        return list(csv.DictReader(text.splitlines()))

    def log(self, kind: str, columns: Sequence[str] = ()) -> pa.Table:
        """Read the game log of players or teams, identifiers as text: all columns, or those named.

        Raises:
            UsageError: It cannot be read or lacks a column that a box score is made of.
        """
        path = self._log(kind)
        try:
            options = pyarrow.csv.ConvertOptions(
                column_types={"GAME_ID": pa.string(), "SEASON_ID": pa.string()},
                strings_can_be_null=True,
                include_columns=list(columns),
            )
            found = pyarrow.csv.read_csv(path, convert_options=options)
        except (OSError, pa.ArrowInvalid) as error:
            raise _unreadable(path, error) from error
        except KeyError:  # of those named
            _must_have(path, (), frozenset(columns))
            raise
        for field in found.schema:
            if pa.types.is_binary(field.type):
                raise _unreadable(path, f"{field.name} is not UTF-8")
        if not columns:
            _must_have(path, found.column_names, _NEEDED[kind])
        return found

    def parquet(self, *parts: str, filters: Any) -> pa.Table:  # noqa: ANN401 -- pyarrow's filters
        """Read a parquet file's rows that pass."""
        path = self.path(*parts)
        try:
            return pq.read_table(path, filters=filters)
        except (OSError, pa.ArrowInvalid) as error:
            raise _unreadable(path, error) from error

    def fingerprint(self, seed: int) -> str:
        """Return a hash of the season's files and the seed."""
        sha = hashlib.sha256(f"{self.season}|{seed}".encode())
        for path in sorted((*self.root.glob(f"nba/*{self.season}*"), *self.root.glob("odds/nba_player_props*"))):
            sha.update(f"{path.name}|{path.stat().st_size}".encode())
            sha.update(hashlib.sha256(path.read_bytes()).digest())
        return sha.hexdigest()[:16]


def log_of(data: Path, season: str) -> Sequence[Row]:
    """Return the log of players of a season, none where it is not recorded."""
    if season not in season_names(data):
        return ()
    return [row | {"GAME_DATE": str(row["GAME_DATE"])} for row in Files(data, season).log("player").to_pylist()]


def _from_log(rows: list[Row]) -> dict[str, str]:
    """Return a game's row as a schedule has it, from both sides' rows of the game log."""
    home, away = sorted(rows, key=lambda row: (" @ " in row["MATCHUP"], row["TEAM_ABBREVIATION"]))
    return {
        "game_id": home["GAME_ID"],
        "game_date": str(home["GAME_DATE"])[:10],
        "home_team": home["TEAM_ABBREVIATION"],
        "away_team": away["TEAM_ABBREVIATION"],
        "home_pts": str(home["PTS"]),
        "away_pts": str(away["PTS"]),
    }


def _must_have(path: Path, columns: Sequence[str] | dict[str, str], needed: frozenset[str]) -> None:
    lacks = sorted(needed.difference(columns))
    if lacks:
        msg = f"{path} lacks the columns {', '.join(lacks)}"
        raise UsageError(msg, hint="restore the file as it was published: its first line names its columns")


def _unreadable(path: Path, error: Exception | str) -> UsageError:
    if isinstance(error, FileNotFoundError):
        return UsageError(f"{path} is not there", hint="a season has game logs of players and of teams, gzipped")
    return UsageError(f"{path} cannot be read: {error}", hint=_CUT)
