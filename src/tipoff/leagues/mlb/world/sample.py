"""The sample MLB: real clubs, invented players, games played by dice, batter by batter; the recorded world's own wire format.

Every third day goes otherwise than planned: two games of the same clubs, a line-up forty minutes before the first pitch, a
starter who is scratched, a game that is put off an hour before it, and one that is broken off.
"""

import hashlib
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import httpx

from tipoff.core.clock import Clock, league_day, midnight
from tipoff.core.errors import UsageError
from tipoff.core.fault import Fault
from tipoff.core.slate import Season
from tipoff.leagues.invented import people
from tipoff.leagues.mlb.sources.teams import TEAMS
from tipoff.leagues.mlb.world.data import ALWAYS, Club, Stand, WorldGame, announce, number_of
from tipoff.leagues.mlb.world.files import Record
from tipoff.leagues.mlb.world.people import People, Person
from tipoff.leagues.mlb.world.wire import MlbProviders
from tipoff.leagues.quotes import Quote
from tipoff.sources.world import WorldTransport

_STARTERS, _RELIEVERS, _BATTERS, _NINE = 5, 5, 11, 9
_BOOKS = ("bookone", "booktwo", "bookthree")
_OUTS, _MOST_IN_RELIEF = 27, 4
_WALK, _HIT, _HOME_RUN = 0.085, 0.235, 0.03
_USUAL = 0.22  # strikeouts a batter
_POSITIONS = ("2", "3", "4", "5", "6", "7", "8", "9", "10")
_DOUBLE, _LATE_LINE_UP, _SCRATCHED, _PUT_OFF, _BROKEN_OFF = range(5)  # the first games of every third day
_COUNTED = ("p_ipouts", "p_bfp", "p_k", "p_w", "p_h", "p_hr", "p_r")
_BATTED = ("b_ab", "b_h", "b_w", "b_hr", "b_k")
_MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class _Side:
    """One club's game: whom it sends up and out, and what became of it."""

    code: str
    order: list[int]
    pitchers: list[tuple[int, dict[str, int]]] = field(default_factory=list)
    batters: dict[int, dict[str, int]] = field(default_factory=dict)
    reached: int = 0


class SampleMlb:
    """A seeded synthetic league. Everything is modelled and says so."""

    name = "sample"

    def __init__(self, season: Season, *, seed: int = 7, faults: Sequence[Fault] = ()) -> None:
        self._dice = random.Random(f"{seed}")  # noqa: S311 -- a world's dice, seeded
        self._seed, self.season, self.faults = seed, season, tuple(faults)
        self._people, self._rate, self._rosters = People({}), dict[int, float](), dict[str, list[int]]()
        self._draft()
        self._turn = dict.fromkeys(TEAMS, 0)
        self._made_up: set[str] = set()  # clubs that play the day before's game on the day at hand
        self._numbers = itertools.count(1)
        self.played = [game for place, day in enumerate(season.days()) for game in self._day(day, place)]
        announce(self.played, seed)
        self._go_otherwise(season.days())
        self._happen()
        for game in self.played:
            game.quotes = self._market(game)
        by_year = {year: [game for game in self.played if game.pk // 10_000 == year] for year in self._years()}
        self._providers = MlbProviders(
            lambda year: by_year.get(year, []),
            self._people,
            {season.first_day.year - 1: self._totals()},
            seasons=(season,),
            registered=sorted(self._people.by_number),
        )

    def _years(self) -> range:
        return range(self.season.first_day.year, self.season.last_day.year + 1)

    @property
    def fingerprint(self) -> str:
        """A hash of the seed and the days."""
        season = self.season
        told = f"sample|mlb|{season.name}|{season.first_day}|{season.last_day}|{self._seed}"
        told += "".join(repr(fault) for fault in self.faults if fault.kind == "world")
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def describe(self) -> dict[str, str]:
        """Say that nothing here is real but the clubs."""
        return dict.fromkeys(("box_scores", "line_ups", "probable_pitchers", "lines"), "synthetic, seeded")

    def game_days(self, first: date, last: date) -> int:
        """Return on how many days games began, from `first` to `last`."""
        return len({game.day for game in self.played if first <= game.day <= last})

    def transport(self, clock: Clock) -> httpx.BaseTransport:
        """Return the transport that an HTTP client is given."""
        return WorldTransport(self._providers, clock)

    # --- who plays

    def _draft(self) -> None:
        names = people(self._dice, *(f"{{first}} {letter}. {{last}}" for letter in "ABCD"))
        for place, code in enumerate(TEAMS):
            self._rosters[code] = []
            for rank in range(_STARTERS + _RELIEVERS + _BATTERS):
                number = 990_000 + 100 * place + rank
                is_pitcher = rank < _STARTERS + _RELIEVERS
                throws, bats = self._dice.choice("RRRL"), self._dice.choice("RRLLS")
                born = f"{2030 - self._dice.randint(21, 36)}-0{self._dice.randint(1, 9)}-1{self._dice.randint(0, 9)}"
                person = Person(number, names.pop(), bats, throws, born)
                self._people.by_id[str(number)] = self._people.by_number[number] = person
                self._rate[number] = self._dice.uniform(0.15, 0.32) if is_pitcher else self._dice.uniform(0.13, 0.31)
                self._rosters[code].append(number)

    def _totals(self) -> list[Record]:
        """Return what the batters did in the season before, against either hand."""
        rows = []
        for roster in self._rosters.values():
            for number in roster[_STARTERS + _RELIEVERS :]:
                for against, turns in (("L", 160), ("R", 380)):
                    counts = {"B_PA": turns, "B_SO": round(turns * self._rate[number])}
                    counts |= {"B_H": turns // 4, "B_BB": turns // 12, "B_HP": turns // 90}
                    row = {"RESP_BAT_ID": str(number), "RESP_PIT_HAND_CD": against}
                    rows.append(row | {name: str(count) for name, count in counts.items()})
        return rows

    # --- games

    def _day(self, day: date, place: int) -> list[WorldGame]:
        codes = [code for code in TEAMS if code not in self._made_up]
        self._dice.shuffle(codes)
        games = []
        for number in range(self._dice.randint(6, 9)):
            home, away = codes[2 * number], codes[2 * number + 1]
            is_early = number == _DOUBLE or self._dice.random() < 0.2  # noqa: PLR2004 -- one game in five
            starts_at = midnight(day) + timedelta(hours=13 if is_early else self._dice.choice((19, 20, 22)), minutes=5)
            games.append(self._game(day, starts_at, home, away, number=1))
            if number == _DOUBLE and _is_otherwise(place):
                first = games[-1]
                second = self._game(day, first.ends_at + 40 * _MINUTE, home, away, number=2)
                second.double = first.double = "Y"
                second.to_be_determined_until = first.ends_at
                games.append(second)
        ordinary = [game for game in games if game.number == 1]
        self._made_up = {ordinary[_PUT_OFF].home.code, ordinary[_PUT_OFF].away.code} if _is_otherwise(place) else set()
        return games

    def _game(self, day: date, starts_at: datetime, home: str, away: str, *, number: int) -> WorldGame:
        sides = {code: _Side(code, self._order(code)) for code in (home, away)}
        for code, other in ((home, away), (away, home)):
            self._pitch(sides[code], sides[other])
        if _runs(sides[home]) == _runs(sides[away]):
            sides[home].pitchers[-1][1]["p_r"] += 1
        ends_at = starts_at + self._dice.randint(150, 200) * _MINUTE
        clubs = {code: _club(sides[code], sides[other]) for code, other in ((home, away), (away, home))}
        return WorldGame(
            pk=day.year * 10_000 + next(self._numbers),
            day=day,
            starts_at=starts_at,
            ends_at=ends_at,
            known_at=ends_at + self._dice.randint(5, 25) * _MINUTE,
            number=number,
            double="N",
            innings=9,
            venue=number_of(home),
            umpire=number_of(f"umpire {self._dice.randint(1, 40)}"),
            night=starts_at >= midnight(day) + timedelta(hours=17),
            temperature=str(self._dice.randint(48, 92)),
            home=clubs[home],
            away=clubs[away],
            stands=[Stand(ALWAYS, day, starts_at)],
        )

    def _order(self, code: str) -> list[int]:
        batters = self._rosters[code][_STARTERS + _RELIEVERS :]
        return [*batters[: _NINE - 1], self._dice.choice(batters[_NINE - 1 :])]

    def _pitch(self, side: _Side, other: _Side) -> None:
        """Play what `other` does at bat against `side`'s pitchers: a starter in his turn, and relief until the last out."""
        roster = self._rosters[side.code]
        self._turn[side.code] += 1
        relief = roster[_STARTERS : _STARTERS + _RELIEVERS]
        self._dice.shuffle(relief)
        order, outs = itertools.cycle(other.order), 0
        for place in itertools.count():
            pitcher = roster[self._turn[side.code] % _STARTERS] if place == 0 else relief[(place - 1) % len(relief)]
            most = max(9, round(self._dice.gauss(22, 3.5))) if place == 0 else self._dice.randint(3, _MOST_IN_RELIEF)
            is_known = any(number == pitcher for number, _ in side.pitchers)
            row = dict.fromkeys(_COUNTED, 0)
            if is_known:  # relief that comes round again is one line in the box
                row = next(line for number, line in side.pitchers if number == pitcher)
            else:
                side.pitchers.append((pitcher, row))
            for batter in itertools.islice(order, most):
                outs += self._bat(pitcher, batter, row, other.batters.setdefault(batter, dict.fromkeys(_BATTED, 0)))
                if outs == _OUTS:
                    return

    def _bat(self, pitcher: int, batter: int, row: dict[str, int], line: dict[str, int]) -> int:
        """Play one turn at bat; returns how many are out."""
        row["p_bfp"] += 1
        strikeout = self._rate[pitcher] * self._rate[batter] / _USUAL
        dice = self._dice.random()
        is_walk = strikeout <= dice < strikeout + _WALK
        is_hit = strikeout + _WALK <= dice < strikeout + _WALK + _HIT
        is_home_run = is_hit and dice < strikeout + _WALK + _HOME_RUN
        row["p_k"] += dice < strikeout
        row["p_w"] += is_walk
        row["p_h"] += is_hit
        row["p_hr"] += is_home_run
        row["p_r"] += is_home_run or (is_hit and self._dice.random() < 0.3)  # noqa: PLR2004 -- a man is on
        row["p_ipouts"] += not (is_walk or is_hit)
        line["b_k"] += dice < strikeout
        line["b_w"] += is_walk
        line["b_h"] += is_hit
        line["b_hr"] += is_home_run
        line["b_ab"] += not is_walk
        return int(not (is_walk or is_hit))

    # --- what goes otherwise than planned

    def _go_otherwise(self, days: Sequence[date]) -> None:
        for place, day in enumerate(days):
            games = [game for game in self.played if game.day == day and game.number == 1]
            if not _is_otherwise(place):
                continue
            late, scratched, put_off, broken = games[_LATE_LINE_UP : _BROKEN_OFF + 1]
            late.home.line_up_at = late.away.line_up_at = late.starts_at - 40 * _MINUTE
            club = scratched.home
            others = [number for number in self._rosters[club.code][:_STARTERS] if number != club.pitchers[0][0]]
            club.probable, club.named_at = others[0], scratched.starts_at - 70 * _MINUTE
            club.line_up_at = min(club.line_up_at, scratched.starts_at - 60 * _MINUTE)
            if place + 1 < len(days):
                self._to_the_next_day(put_off, days[place + 1])
                broken.break_off(midnight(days[place + 1]) + timedelta(hours=12), days[place + 1])

    def _to_the_next_day(self, game: WorldGame, day: date) -> None:
        """Let a game be played a day later, in the morning; an hour before its first pitch it is put off."""
        was_on, planned = game.day, game.starts_at
        later = midnight(day) + timedelta(hours=11, minutes=5) - planned
        game.day, game.night = day, False
        game.starts_at, game.ends_at, game.known_at = planned + later, game.ends_at + later, game.known_at + later
        for club in (game.home, game.away):
            club.line_up_at += later
            club.named_at = ALWAYS if club.named_at == ALWAYS else club.named_at + later
        game.put_off(planned, was_on, planned - 60 * _MINUTE)

    def _happen(self) -> None:
        """Let what the faults of kind `world` say come to pass: numbers of a day that come at the fault's end.

        Raises:
            UsageError: A fault is of another kind: what else goes otherwise, every third day has by itself.
        """
        for fault in self.faults:
            if fault.kind == "world" and fault.how != "late":
                msg = f"in the sample MLB a world cannot be {fault.how!r}"
                raise UsageError(msg, hint="write late")
            for game in self.played if fault.kind == "world" else ():
                if game.last_day == league_day(fault.begin):
                    game.known_at = max(game.known_at, fault.end)

    # --- lines

    def _market(self, game: WorldGame) -> list[tuple[datetime, list[Quote]]]:
        """Quote whoever is named: in the morning, two hours and a half before, and once more after the start."""
        found = []
        for at in (
            midnight(game.day) + timedelta(hours=9),
            game.starts_at - 150 * _MINUTE,
            game.starts_at + 40 * _MINUTE,
        ):
            quotes = []
            for club in (game.home, game.away):
                number = club.pitchers[0][0] if at >= club.named_at else club.probable
                line = round(22 * self._rate[number]) + 0.5
                quotes += [
                    Quote(
                        book,
                        self._people.by_number[number].name,
                        line + self._dice.choice((-1, 0, 0, 0, 1)),
                        -115,
                        -105,
                        at,
                    )
                    for book in _BOOKS
                ]
            found.append((at, quotes))
        return found


def _is_otherwise(place: int) -> bool:
    return place % 3 == 1


def _runs(pitching: _Side) -> int:
    return sum(row["p_r"] for _, row in pitching.pitchers)


def _club(side: _Side, other: _Side) -> Club:
    """Return a club's side of a game: its own pitching, and its totals at bat, which are those of the other's pitching."""
    totals = {name: sum(row[f"p_{theirs}"] for _, row in other.pitchers) for name, theirs in _TOTALS.items()}
    return Club(
        code=side.code,
        order=tuple(side.order),
        positions=dict(zip(side.order, _POSITIONS, strict=True)),
        pitchers=[
            (number, _text(row) | {"p_gs": "1" if place == 0 else ""})
            for place, (number, row) in enumerate(side.pitchers)
        ],
        totals=_text(totals | {"b_hbp": 0}),
        probable=side.pitchers[0][0],
        named_at=ALWAYS,
        line_up_at=ALWAYS,
        batters={number: _text(line) for number, line in side.batters.items()},
    )


_TOTALS = {"b_pa": "bfp", "b_k": "k", "b_r": "r", "b_h": "h", "b_w": "w"}


def _text(counts: dict[str, int]) -> Record:
    return {name: str(int(count)) for name, count in counts.items()}
