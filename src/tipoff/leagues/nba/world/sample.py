"""The sample NBA: real club codes, invented players, games played by dice; the same wire formats as the recorded world."""

import hashlib
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import httpx

from tipoff.core.clock import Clock, midnight
from tipoff.core.fault import Fault
from tipoff.core.slate import Season
from tipoff.leagues.invented import people
from tipoff.leagues.nba.sources.schedule import season_year
from tipoff.leagues.nba.sources.teams import TEAMS
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
from tipoff.leagues.nba.world.wire import NbaProviders
from tipoff.leagues.quotes import Quote
from tipoff.sources.world import WorldTransport

_ROSTER = 11
_LEAST_SCORE = 51  # a club has always scored more than fifty
_BOOKS = ("bookone", "booktwo", "bookthree")


@dataclass(slots=True)
class _Player:
    player_id: int
    name: str
    team: str
    minutes: float
    per_minute: float


class SampleNba:
    """A seeded synthetic league. Everything is modelled and says so."""

    name = "sample"

    def __init__(  # noqa: PLR0913 -- what is modelled
        self,
        *,
        first_day: date,
        days: int,
        season: str = "sample",
        seed: int = 7,
        alter: Alter | None = None,
        has_second: bool = True,
        faults: Sequence[Fault] = (),
    ) -> None:
        self._dice = random.Random(seed)  # noqa: S311 -- a world's dice, seeded
        self._seed, self._season = seed, season
        self.season = Season(season, first_day, first_day + timedelta(days=days - 1))
        self._players = self._draft()
        games = list(self._season_games(first_day, days))
        self._data = NbaData(
            season=season,
            games=sorted(games, key=lambda game: (game.day, game.tipoff_at, game.game_id)),
            about=dict.fromkeys(("box_scores", "tip_off_times", "publication_delays", "lines"), "synthetic, seeded"),
            fingerprint=hashlib.sha256(f"sample|{season}|{first_day}|{days}|{seed}".encode()).hexdigest()[:16],
            has_second=has_second,
            earlier=self._log_of,
            roster=[(man.player_id, man.name, man.team) for men in self._players.values() for man in men],
        )
        if alter:
            alter_data(self._data, alter)
        self.faults = tuple(faults)
        happen(self._data, faults)
        self._providers = NbaProviders(self._data)

    @property
    def fingerprint(self) -> str:
        """A hash of the seed and the days."""
        return self._data.fingerprint

    @property
    def data(self) -> NbaData:
        """The games as they were played."""
        return self._data

    def describe(self) -> dict[str, str]:
        """Say that nothing here is real but the clubs' codes."""
        return self._data.about

    def game_days(self, first: date, last: date) -> int:
        """Return on how many days games were played, from `first` to `last`."""
        return len({game.day for game in self._data.games if first <= game.day <= last})

    def _log_of(self, season: str) -> list[Row]:
        """Return another season's log of players: this one's games, so many years of 52 weeks before."""
        years = season_year(self.season.first_day) - int(season[:4])
        rows = [row for game in self._data.games for row in game.players] if years > 0 else []
        return [
            row
            | {
                "SEASON_ID": f"2{season[:4]}",
                "GAME_ID": f"002{season[2:4]}{row['GAME_ID'][5:]}",
                "GAME_DATE": str(date.fromisoformat(row["GAME_DATE"]) - timedelta(weeks=52 * years)),
            }
            for row in rows
        ]

    def transport(self, clock: Clock) -> httpx.BaseTransport:
        """Return the transport that an HTTP client is given."""
        return WorldTransport(self._providers, clock)

    def _draft(self) -> dict[str, list[_Player]]:
        names = people(self._dice, "{first} {last}", "{first} {last} Jr.")
        rosters: dict[str, list[_Player]] = {}
        number = itertools.count(900_001)
        for code in TEAMS:
            rosters[code] = [
                _Player(next(number), names.pop(), code, max(6.0, 36 - 3 * rank), self._dice.uniform(0.3, 0.7))
                for rank in range(_ROSTER)
            ]
        return rosters

    def _season_games(self, first_day: date, days: int) -> Iterator[WorldGame]:
        number = itertools.count(1)
        put_off_from, of_that_day, put_off = first_day + timedelta(days=5), set[str](), False
        for offset in range(days):
            day = first_day + timedelta(days=offset)
            if offset == 7 and offset < days - 1:  # noqa: PLR2004 -- one off day; a season ends with games
                continue
            if offset == days // 2:
                self._trade()
            codes = list(TEAMS)
            self._dice.shuffle(codes)
            for n in range(self._dice.randint(4, 8)):
                sides = codes[2 * n], codes[2 * n + 1]
                is_put_off = offset == 8 and not put_off and not {*sides} & of_that_day  # noqa: PLR2004 -- one is
                put_off |= is_put_off
                of_that_day |= {*sides} if day == put_off_from else set()
                yield self._game(f"00299{next(number):05d}", day, *sides, put_off_from if is_put_off else None)

    def _trade(self) -> None:
        one, two = self._players["BOS"], self._players["MIA"]
        one[3], two[3] = two[3], one[3]
        one[3].team, two[3].team = "BOS", "MIA"

    def _game(self, game_id: str, day: date, home: str, away: str, original: date | None) -> WorldGame:
        tipoff_at = modelled_tipoff(game_id, day, home, self._seed)
        ends_at, boxed_at, second_at = timed(game_id, tipoff_at, self._seed)
        boxes = {code: self._boxes(code) for code in (home, away)}
        scores = {code: max(sum(row["PTS"] for row in rows), _LEAST_SCORE) for code, rows in boxes.items()}
        scores[home] += scores[home] == scores[away]  # there are no ties
        for code, rows in boxes.items():
            short = scores[code] - sum(row["PTS"] for row in rows)
            for n in range(short):
                shooter = rows[n % len(rows)]
                shooter |= {name: shooter[name] + 1 for name in ("FTM", "FTA", "PTS")}
        game = WorldGame(
            game_id=game_id,
            home=home,
            away=away,
            day=day,
            tipoff_at=tipoff_at,
            home_score=scores[home],
            away_score=scores[away],
            stands=stands_of(game_id, day, tipoff_at, original, drawn_late=False, seed=self._seed),
            ends_at=ends_at,
            boxed_at=boxed_at,
            second_at=second_at,
            event_id=hashlib.sha256(f"sample{self._seed}{game_id}".encode()).hexdigest()[:32],
            commence_at=tipoff_at + timedelta(minutes=10),
        )
        margin = scores[home] - scores[away]
        for code, of_all in ((home, 5 * margin), (away, -5 * margin)):
            most = max(60, -(-abs(of_all) // len(boxes[code])))
            _add_up(boxes[code], "PLUS_MINUS", of_all, (-most, most))
        for code, other in ((home, away), (away, home)):
            self._log(game, code, other, boxes[code], won=scores[code] > scores[other])
        game.snapshots = list(self._market(game, [*self._players[home], *self._players[away]]))
        return game

    def _boxes(self, code: str) -> list[Row]:
        rows = []
        for player in self._players[code]:
            if self._dice.random() < 0.12:  # noqa: PLR2004 -- one in eight sits out
                continue
            minutes = max(1, round(self._dice.gauss(player.minutes, 4)))
            wanted = max(0, round(self._dice.gauss(minutes * player.per_minute, 2 + minutes / 8)))
            ftm = min(wanted, self._dice.randint(0, 5))
            fg3m = self._dice.randint(0, (wanted - ftm) // 3)
            fg2m, rest = divmod(wanted - ftm - 3 * fg3m, 2)
            ftm += rest
            missed = self._dice.randint(2, 8)
            oreb, dreb = self._dice.randint(0, 3), self._dice.randint(0, 7)
            rows.append(
                {
                    "PLAYER_ID": player.player_id,
                    "PLAYER_NAME": player.name,
                    "MIN": minutes,
                    "FGM": fg2m + fg3m,
                    "FGA": fg2m + fg3m + missed,
                    "FG3M": fg3m,
                    "FG3A": fg3m + missed // 2,
                    "FTM": ftm,
                    "FTA": ftm + self._dice.randint(0, 2),
                    "OREB": oreb,
                    "DREB": dreb,
                    "REB": oreb + dreb,
                    "AST": self._dice.randint(0, 9),
                    "STL": self._dice.randint(0, 3),
                    "BLK": self._dice.randint(0, 2),
                    "TOV": self._dice.randint(0, 4),
                    "PF": self._dice.randint(0, 5),
                    "PTS": wanted,
                    "PLUS_MINUS": self._dice.randint(-15, 15),
                }
            )
        _add_up(rows, "MIN", 240, (1, 48))
        return rows

    def _log(self, game: WorldGame, code: str, other: str, boxes: list[Row], *, won: bool) -> None:
        team = TEAMS[code]
        common: Row = {
            "SEASON_ID": "2sample",
            "TEAM_ID": team.team_id,
            "TEAM_ABBREVIATION": code,
            "TEAM_NAME": team.name,
            "GAME_ID": game.game_id,
            "GAME_DATE": str(game.day),
            "MATCHUP": f"{code} vs. {other}" if code == game.home else f"{code} @ {other}",
            "WL": "W" if won else "L",
        }
        game.players += [common | box for box in boxes]
        counted = [name for name in boxes[0] if name not in {"PLAYER_ID", "PLAYER_NAME", "PLUS_MINUS"}]
        total: Row = {name: sum(box[name] for box in boxes) for name in counted}
        margin = game.home_score - game.away_score
        game.teams.append(common | total | {"PLUS_MINUS": margin if code == game.home else -margin})
        for box in boxes:
            first, _, last = str(box["PLAYER_NAME"]).partition(" ")
            game.second.append(
                {
                    "team": code,
                    "id": box["PLAYER_ID"] * 3 + 17,
                    "first_name": first,
                    "last_name": last,
                    "min": f"{box['MIN']:02d}",
                    "pts": box["PTS"],
                    "reb": box["REB"],
                    "ast": box["AST"],
                    "stl": box["STL"],
                    "blk": box["BLK"],
                    "turnover": box["TOV"],
                }
                | {name.lower(): box[name] for name in OF_THE_FIRST}
            )

    def _market(self, game: WorldGame, players: list[_Player]) -> Iterator[tuple[datetime, list[Quote]]]:
        """Quote the better half of both sides: in the morning, in the afternoon, and once more after the start."""
        quoted = sorted(players, key=lambda player: -player.minutes)[:12]
        lines = {player.name: int(player.minutes * player.per_minute) + 0.5 for player in quoted}
        instants = (
            midnight(game.day) + timedelta(hours=11),
            game.tipoff_at - timedelta(hours=2, minutes=30),
            game.tipoff_at + timedelta(minutes=40),
        )
        for at in instants:
            quotes = [
                Quote(book, name, line + self._dice.choice((-1, 0, 0, 0, 1)), -110, -110, at)
                for name, line in lines.items()
                for book in _BOOKS
            ]
            yield at, quotes


def _add_up(rows: list[Row], name: str, total: int, bounds: tuple[int, int]) -> None:
    """Change the rows' values one by one, in turn, until they add up to `total`; none leaves its bounds."""
    low, high = bounds
    left = total - sum(row[name] for row in rows)
    while left:
        step = 1 if left > 0 else -1
        free = [row for row in rows if low <= row[name] + step <= high]
        if not free:
            return
        for row in free[: abs(left)]:
            row[name] += step
        left = total - sum(row[name] for row in rows)
