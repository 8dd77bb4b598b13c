"""The recorded NBA: real seasons from a data folder, turned back into what the providers sent."""

import csv
import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from tipoff.core.clock import Clock, league_day
from tipoff.core.errors import UsageError
from tipoff.core.fault import Fault
from tipoff.leagues.nba.sources.teams import BY_ODDS_NAME, TEAMS
from tipoff.leagues.nba.world.data import (
    Alter,
    NbaData,
    Quote,
    Row,
    WorldGame,
    alter_data,
    modelled_tipoff,
    stands_of,
    timed,
)
from tipoff.leagues.nba.world.faults import happen
from tipoff.leagues.nba.world.season_faults import season_faults
from tipoff.leagues.nba.world.wire import NbaProviders
from tipoff.sources.world import WorldTransport

_SECOND_NAMES = {
    "MIN": "min",
    "PTS": "pts",
    "REB": "reb",
    "AST": "ast",
    "STL": "stl",
    "BLK": "blk",
    "TOV": "turnover",
}
_SECOND_TO_OURS = {"NOH": "NOP"}


class RecordedNba:
    """A real season. Box scores, results and lines are recorded; when each became known is modelled, by `seed`."""

    name = "recorded"

    def __init__(
        self, data: Path, season: str, *, seed: int = 7, alter: Alter | None = None, disturbed: bool = False
    ) -> None:
        """Read the season; `disturbed`: with the faults of `tipoff.leagues.nba.world.season_faults`.

        Raises:
            UsageError: The folder or one of the season's files is missing or cannot be read.
        """
        self._files = _Files(data, season)
        played = _read(self._files, season, seed)
        self._data = alter_data(played, alter) if alter else played
        self.faults: Sequence[Fault] = season_faults(self._data, seed) if disturbed else ()
        happen(self._data, self.faults)
        self._providers = NbaProviders(self._data)

    @property
    def fingerprint(self) -> str:
        """A hash of the season's files and the seed."""
        return self._data.fingerprint

    @property
    def data(self) -> NbaData:
        """The season as it was played."""
        return self._data

    def describe(self) -> dict[str, str]:
        """Return what is recorded and what is modelled."""
        return self._data.about

    def game_days(self, first: date, last: date) -> int:
        """Return on how many days games were played, from `first` to `last`."""
        return len({game.day for game in self._data.games if first <= game.day <= last})

    def transport(self, clock: Clock) -> httpx.BaseTransport:
        """Return the transport that an HTTP client is given."""
        return WorldTransport(self._providers, clock)


class _Files:
    """A season's files in the data folder."""

    def __init__(self, root: Path, season: str) -> None:
        if not root.is_dir():
            msg = f"the data folder {root} is not there"
            raise UsageError(msg, hint="set TIPOFF_DATA to a folder of recorded seasons, or replay --world sample")
        self.root, self.season = root, season
        if not self.path("nba", f"schedule_{season}.csv").exists():
            there = sorted(path.stem.removeprefix("schedule_") for path in (root / "nba").glob("schedule_*.csv"))
            msg = f"{root} holds no NBA season {season}"
            raise UsageError(msg, hint=f"it holds: {', '.join(there) or 'none'}")

    def path(self, *parts: str) -> Path:
        return self.root.joinpath(*parts)

    def records(self, name: str) -> list[dict[str, str]]:
        """Read a CSV, gzipped or not, as text."""
        path = self.path("nba", name)
        try:
            content = path.read_bytes()
            text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8")
        except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
            raise _unreadable(path, error) from error
        return list(csv.DictReader(text.splitlines()))

    def table(self, name: str) -> pa.Table:
        """Read a gzipped CSV as Arrow, identifiers as text."""
        path = self.path("nba", name)
        try:
            options = pyarrow.csv.ConvertOptions(
                column_types={"GAME_ID": pa.string(), "SEASON_ID": pa.string()}, strings_can_be_null=True
            )
            return pyarrow.csv.read_csv(path, convert_options=options)
        except (OSError, pa.ArrowInvalid) as error:
            raise _unreadable(path, error) from error

    def parquet(self, *parts: str, filters: Any) -> pa.Table:  # noqa: ANN401 -- pyarrow's filters
        path = self.path(*parts)
        try:
            return pq.read_table(path, filters=filters)
        except (OSError, pa.ArrowInvalid) as error:
            raise _unreadable(path, error) from error

    def fingerprint(self, seed: int) -> str:
        sha = hashlib.sha256(f"{self.season}|{seed}".encode())
        for path in sorted((*self.root.glob(f"nba/*{self.season}*"), *self.root.glob("odds/nba_player_props*"))):
            sha.update(f"{path.name}|{path.stat().st_size}".encode())
            sha.update(hashlib.sha256(path.read_bytes()).digest())
        return sha.hexdigest()[:16]


def _unreadable(path: Path, error: Exception) -> UsageError:
    return UsageError(f"{path} cannot be read: {error}", hint="restore the file; it may have been cut short")


def _read(files: _Files, season: str, seed: int) -> NbaData:
    tips = _fixture_tips(files)
    games = [_game(row, tips, seed) for row in files.records(f"schedule_{season}.csv")]
    by_id = {game.game_id: game for game in games}
    _boxes(files.table(f"player_gamelogs_{season}.csv.gz"), "player", by_id)
    _boxes(files.table(f"team_gamelogs_{season}.csv.gz"), "team", by_id)
    n_second = _second(files, season, by_id)
    n_lines = _lines(files, season, games)
    games.sort(key=lambda game: (game.day, game.tipoff_at, game.game_id))
    return NbaData(
        season=season,
        games=games,
        about={
            "box_scores": "recorded",
            "tip_off_times": "fixture list of the season" if tips else "modelled",
            "publication_delays": "modelled",
            "postponements": "inferred from the schedule's numbering",
            "second_source": "recorded" if n_second else "none for this season",
            "lines": f"{n_lines} recorded quotes" if n_lines else "none for this season",
        },
        fingerprint=files.fingerprint(seed),
        has_second=bool(n_second),
    )


def _fixture_tips(files: _Files) -> dict[tuple[date, str, str], datetime]:
    """Return tip-offs by (New York date, home, away), where the season's fixture list is at hand."""
    name = f"fixture_list_{files.season}_utc.csv.gz"
    if not files.path("nba", name).exists():
        return {}
    codes = {team.name: code for code, team in TEAMS.items()} | {"Los Angeles Clippers": "LAC"}
    tips = {}
    for row in files.records(name):
        at = datetime.strptime(row["Date"], "%d/%m/%Y %H:%M").replace(tzinfo=UTC)
        home, away = codes.get(row["Home Team"]), codes.get(row["Away Team"])
        if home and away:
            tips[league_day(at), home, away] = at
    return tips


def _game(row: dict[str, str], tips: dict[tuple[date, str, str], datetime], seed: int) -> WorldGame:
    game_id, home, away = row["game_id"], row["home_team"], row["away_team"]
    day = date.fromisoformat(row["game_date"])
    tipoff_at = tips.get((day, home, away)) or modelled_tipoff(game_id, day, home, seed)
    planned = row.get("planned_date_2023_09_16")
    original = _day(planned) or _day(row["inferred_original_date"] if row["moved_inferred"] == "1" else "")
    ends_at, boxed_at, second_at = timed(game_id, tipoff_at, seed)
    return WorldGame(
        game_id=game_id,
        home=home,
        away=away,
        day=day,
        tipoff_at=tipoff_at,
        home_score=int(row["home_pts"]),
        away_score=int(row["away_pts"]),
        stands=stands_of(game_id, day, tipoff_at, original, drawn_late=planned == "", seed=seed),
        ends_at=ends_at,
        boxed_at=boxed_at,
        second_at=second_at,
        event_id=hashlib.sha256(f"{seed}{game_id}".encode()).hexdigest()[:32],
        commence_at=tipoff_at + timedelta(minutes=10),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _boxes(table: pa.Table, kind: str, games: dict[str, WorldGame]) -> None:
    for batch in table.to_batches(max_chunksize=4000):
        for row in batch.to_pylist():
            game = games.get(row["GAME_ID"])
            if game is None:
                continue
            row["GAME_DATE"] = str(row["GAME_DATE"])
            (game.players if kind == "player" else game.teams).append(row)


def _second(files: _Files, season: str, games: dict[str, WorldGame]) -> int:
    table = files.parquet(
        "nba",
        "second_source_player_logs.parquet",
        filters=(pc.field("SEASON") == season) & (pc.field("SEASON_TYPE") == "Regular Season"),
    )
    by_place = {(str(game.day), code): game for game in games.values() for code in (game.home, game.away)}
    for row in table.to_pylist():
        team = _SECOND_TO_OURS.get(row["TEAM_ABBREVIATION"], row["TEAM_ABBREVIATION"])
        game = by_place.get((row["GAME_DATE"][:10], team))
        if game is not None:
            game.second.append(_second_row(row, team))
    return int(table.num_rows)


def _second_row(row: Row, team: str) -> Row:
    first, _, last = row["PLAYER_NAME"].partition(" ")
    made: Row = {"team": team, "id": row["PLAYER_ID"] * 3 + 17, "first_name": first, "last_name": last}
    for theirs, ours in _SECOND_NAMES.items():
        value = row[theirs]
        made[ours] = None if value is None else str(int(value)) if theirs == "MIN" else int(value)
    return made


def _lines(files: _Files, season: str, games: list[WorldGame]) -> int:
    path = files.path("odds", "nba_player_props_2024-03_05.parquet")
    if season != "2023-24" or not path.exists():
        return 0
    table = files.parquet("odds", path.name, filters=pc.field("market") == "player_points")
    places = {(game.day, game.home, game.away): game for game in games}
    found: dict[tuple[str, str], dict[tuple[str, str, float], dict[str, Any]]] = {}
    owner: dict[str, WorldGame] = {}
    for row in table.to_pylist():
        commence = datetime.fromisoformat(row["commence_time"])
        game = places.get((league_day(commence), BY_ODDS_NAME[row["home_team"]], BY_ODDS_NAME[row["away_team"]]))
        if game is None:
            continue
        owner[row["event_id"]] = game
        game.event_id, game.commence_at = row["event_id"], commence
        quotes = found.setdefault((row["event_id"], row["file_day"]), {})
        quote = quotes.setdefault((row["book"], row["player_name"], row["point"]), {"at": row["last_update"]})
        quote[row["side"]] = row["price"]
    n_quotes = 0
    for (event_id, _), quotes in sorted(found.items()):
        shown = list(_quotes(quotes))
        n_quotes += len(shown)
        owner[event_id].snapshots.append((max(quote.quoted_at for quote in shown), shown))
    for game in owner.values():
        game.snapshots.sort(key=lambda snapshot: snapshot[0])
    return n_quotes


def _quotes(quotes: dict[tuple[str, str, float], dict[str, Any]]) -> Iterator[Quote]:
    for (book, player, line), prices in quotes.items():
        yield Quote(book, player, line, prices.get("Over"), prices.get("Under"), datetime.fromisoformat(prices["at"]))
