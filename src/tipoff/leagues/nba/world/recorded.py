"""The recorded NBA: real seasons from a data folder, turned back into what the providers sent."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.clock import Clock, league_day
from tipoff.core.fault import Fault
from tipoff.core.slate import Season
from tipoff.leagues.nba.sources.teams import BY_ODDS_NAME, TEAMS
from tipoff.leagues.nba.world.data import (
    OF_THE_FIRST,
    Alter,
    NbaData,
    Row,
    WorldGame,
    alter_data,
    modelled_tipoff,
    stands_of,
    timed,
)
from tipoff.leagues.nba.world.faults import happen
from tipoff.leagues.nba.world.files import Files, log_of, played_on, season_names
from tipoff.leagues.nba.world.season_faults import season_faults
from tipoff.leagues.nba.world.wire import NbaProviders
from tipoff.leagues.quotes import Quote
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
_OF_SECOND = "recorded; what its pull lacks (shots, rebounds by side, fouls, margin) is the first's"
_PLANNED = "planned_date_"  # and the day on which the season was drawn so
_REACH = 3  # seasons before one that a window may read
_AROUND = timedelta(days=7)  # of a season's days, in which its games may be quoted


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
        self._files = Files(data, season)
        self.season = RecordedSeasons().season(data, season)
        played = _read(self._files, season, seed)
        played.earlier = partial(log_of, data)
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


class RecordedSeasons:
    """See `tipoff.sources.content.Recorded`: every season whose files are in the folder, whatever it is called."""

    def names(self, data: Path) -> list[str]:
        """Return the seasons whose files are there, oldest first."""
        return season_names(data)

    def season(self, data: Path, name: str) -> Season:
        """Return a season with its days: from its first game that was played to its last, or of a schedule that stands alone."""
        files = Files(data, name)
        days = [played_on(row) for row in (files.games() if files.has_logs else files.schedule())]
        before = [other for other in season_names(data) if other < name]
        earlier = tuple(min(map(played_on, Files(data, other).schedule())) for other in reversed(before[-_REACH:]))
        return Season(name, min(days), max(days), earlier)

    def world(self, data: Path, name: str, *, seed: int, disturbed: bool, faults: Sequence[Fault] = ()) -> RecordedNba:
        """Return a season's world."""
        made = RecordedNba(data, name, seed=seed, disturbed=disturbed)
        made.faults = faults or made.faults
        return made


def _read(files: Files, season: str, seed: int) -> NbaData:
    rows, log = files.games(), files.log("team")
    quoted, fixed = _quoted(files, [played_on(row) for row in rows]), _fixture_tips(files)
    tips = {place: _half_hour(commence) for place, commence in _commencing(quoted)} | fixed
    n_open = len({row["game_id"] for row in files.schedule()} - {row["game_id"] for row in rows})
    drawn = next((name for row in rows[:1] for name in row if name.startswith(_PLANNED)), "")
    taken = {(played_on(row), row[side]) for row in rows for side in ("home_team", "away_team")}
    games = [_game(row, tips, seed, drawn, taken) for row in rows]
    by_id = {game.game_id: game for game in games}
    _boxes(files.log("player"), "player", by_id)
    _boxes(log, "team", by_id)
    n_second = _second(files, season, by_id)
    n_lines = _lines(quoted, games)
    games.sort(key=lambda game: (game.day, game.tipoff_at, game.game_id))
    return NbaData(
        season=season,
        games=games,
        about={
            "box_scores": "recorded",
            "tip_off_times": "fixture list of the season" if fixed else f"modelled{', or as quoted' * bool(tips)}",
            "publication_delays": "modelled",
            "postponements": "inferred from the schedule's numbering",
            "second_source": _OF_SECOND if n_second else "none for this season",
            "lines": f"{n_lines} recorded quotes" if n_lines else "none for this season",
        }
        | ({"games_left_out": f"{n_open} of the schedule, which the game logs do not reach"} if n_open else {}),
        fingerprint=files.fingerprint(seed),
        has_second=bool(n_second),
    )


def _fixture_tips(files: Files) -> dict[tuple[date, str, str], datetime]:
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


def _game(
    row: dict[str, str],
    tips: dict[tuple[date, str, str], datetime],
    seed: int,
    drawn: str,
    taken: Collection[tuple[date, str]],
) -> WorldGame:
    """Return a game; `drawn` is the column that says when it was to be played as the season was first drawn, if there is one.

    `taken` are the days on which clubs play: who had two games on one was moved to another in time.
    """
    game_id, home, away = row["game_id"], row["home_team"], row["away_team"]
    day = date.fromisoformat(row["game_date"])
    tipoff_at = tips.get((day, home, away)) or modelled_tipoff(game_id, day, home, seed)
    planned = row.get(drawn)
    original = _day(planned) or _day(row["inferred_original_date"] if row.get("moved_inferred") == "1" else "")
    ends_at, boxed_at, second_at = timed(game_id, tipoff_at, seed)
    return WorldGame(
        game_id=game_id,
        home=home,
        away=away,
        day=day,
        tipoff_at=tipoff_at,
        home_score=int(row["home_pts"]),
        away_score=int(row["away_pts"]),
        stands=stands_of(
            game_id,
            day,
            tipoff_at,
            original,
            drawn_late=planned == "",
            makes_room=original != day and not {(original, home), (original, away)}.isdisjoint(taken),
            seed=seed,
        ),
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


def _second(files: Files, season: str, games: dict[str, WorldGame]) -> int:
    if not files.path("nba", "second_source_player_logs.parquet").exists():
        return 0
    table = files.parquet(
        "nba",
        "second_source_player_logs.parquet",
        filters=(pc.field("SEASON") == season) & (pc.field("SEASON_TYPE") == "Regular Season"),
    )
    by_place = {(str(game.day), code): game for game in games.values() for code in (game.home, game.away)}
    logged = {(game.game_id, row["PLAYER_ID"]): row for game in games.values() for row in game.players}
    for row in table.to_pylist():
        team = _SECOND_TO_OURS.get(row["TEAM_ABBREVIATION"], row["TEAM_ABBREVIATION"])
        game = by_place.get((row["GAME_DATE"][:10], team))
        if game is not None:
            first = logged.get((game.game_id, row["PLAYER_ID"]), {})
            game.second.append(_second_row(row, team) | {name.lower(): first.get(name) for name in OF_THE_FIRST})
    return int(table.num_rows)


def _second_row(row: Row, team: str) -> Row:
    first, _, last = row["PLAYER_NAME"].partition(" ")
    made: Row = {"team": team, "id": row["PLAYER_ID"] * 3 + 17, "first_name": first, "last_name": last}
    for theirs, ours in _SECOND_NAMES.items():
        value = row[theirs]
        made[ours] = None if value is None else f"{int(value):02d}" if theirs == "MIN" else int(value)
    return made


def _quoted(files: Files, days: Sequence[date]) -> list[Row]:
    """Return the rows of quoted points of a season's days."""
    first, last = str(min(days) - _AROUND), str(max(days) + _AROUND)
    of_season = (pc.field("file_day") >= first) & (pc.field("file_day") <= last)
    quoted: list[Row] = []
    for path in sorted(files.path("odds").glob("nba_player_props_*.parquet")):
        quoted += files.parquet(
            "odds", path.name, filters=(pc.field("market") == "player_points") & of_season
        ).to_pylist()
    return quoted


def _commencing(quoted: Sequence[Row]) -> Iterator[tuple[tuple[date, str, str], datetime]]:
    """Yield of each row its (New York date, home, away), and when the game begins as the odds have it."""
    for row in quoted:
        commence = datetime.fromisoformat(row["commence_time"])
        home, away = (BY_ODDS_NAME.get(row[name], "") for name in ("home_team", "away_team"))
        yield (league_day(commence), home, away), commence


def _half_hour(at: datetime) -> datetime:
    """Return the half hour before: the odds say ten minutes after it of most games."""
    return at.replace(minute=at.minute // 30 * 30, second=0)


def _lines(quoted: Sequence[Row], games: list[WorldGame]) -> int:
    places = {(game.day, game.home, game.away): game for game in games}
    found: dict[tuple[str, str], dict[tuple[str, str, float], dict[str, Any]]] = {}
    owner: dict[str, WorldGame] = {}
    for row, (place, commence) in zip(quoted, _commencing(quoted), strict=True):
        game = places.get(place)
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
