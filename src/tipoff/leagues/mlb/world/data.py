"""What an MLB world is made of: games as they were played, where the schedule showed them when, what became known when."""

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tipoff.core.errors import UsageError
from tipoff.leagues.mlb.sources.teams import BY_RETROSHEET
from tipoff.leagues.mlb.world.files import Files, Record
from tipoff.leagues.mlb.world.people import People
from tipoff.leagues.quotes import Quote
from tipoff.sources.world import chance

SIDES = ("home", "away")
PITCHED = {
    "outs": "p_ipouts",
    "battersFaced": "p_bfp",
    "strikeOuts": "p_k",
    "baseOnBalls": "p_w",
    "hits": "p_h",
    "homeRuns": "p_hr",
    "runs": "p_r",
}
BATTED = {"atBats": "b_ab", "hits": "b_h", "baseOnBalls": "b_w", "homeRuns": "b_hr", "strikeOuts": "b_k"}
_ZONES = {
    "America/Chicago": "CHC CWS HOU KC MIL MIN STL TEX",
    "America/Denver": "COL",
    "America/Phoenix": "AZ",
    "America/Los_Angeles": "ATH LAA LAD SD SEA SF",
}
_BY_CLUB = {club: zone for zone, clubs in _ZONES.items() for club in clubs.split()}
_BY_SITE = {  # where nobody is at home. Source: Retrosheet's park codes
    "TOK": "Asia/Tokyo",
    "SEO": "Asia/Seoul",
    "LON": "Europe/London",
    "MEX": "America/Mexico_City",
    "MNT": "America/Monterrey",
    "OMA": "America/Chicago",
    "DYE": "America/Chicago",
    "BIR": "America/Chicago",
    "SJU": "America/Puerto_Rico",
}
_CLOCK = re.compile(r"(1[0-2]|[1-9]):([0-5]\d)([AP]M)")
ALWAYS = datetime.min.replace(tzinfo=UTC)
_PLAYED_FIRST = timedelta(minutes=80)  # of a game that is broken off
_TURN = 6  # days in which a rotation comes round
_CHANGED = 0.06  # starters who are not the man named the morning before
_LATE = 0.04  # games whose numbers come hours after their end
_FIELD = tuple(f"start_f{number}" for number in range(1, 11))
_SPLIT = "RESP_BAT_ID", "RESP_BAT_HAND_CD", "RESP_PIT_HAND_CD"
_ORDER = tuple(f"start_l{number}" for number in range(1, 10))


@dataclass(frozen=True, slots=True)
class Stand:
    """How the schedule shows a game on one day, from an instant on: `off` once it was put off or broken off there."""

    since: datetime
    day: date
    starts_at: datetime
    off: str = ""  # postponed or suspended


@dataclass(slots=True)
class Club:
    """One club's side of a game."""

    code: str
    order: tuple[int, ...]
    positions: dict[int, str]
    pitchers: list[tuple[int, Record]]
    totals: Record
    probable: int
    named_at: datetime  # from when the schedule names the man who in fact starts
    line_up_at: datetime
    batters: dict[int, Record] = field(default_factory=dict)


@dataclass(slots=True)
class WorldGame:
    """A game that was played."""

    pk: int
    day: date  # on which it began
    starts_at: datetime
    ends_at: datetime
    known_at: datetime  # from when its numbers stand in the feed
    number: int
    double: str  # N, Y: one after the other, S: two admissions
    innings: int
    venue: int
    umpire: int
    night: bool
    temperature: str
    home: Club
    away: Club
    stands: list[Stand]
    to_be_determined_until: datetime | None = None
    resumed_on: date | None = None
    broken_at: datetime | None = None
    quotes: list[tuple[datetime, list[Quote]]] = field(default_factory=list)  # as the market stood, from an instant on

    def break_off(self, again: datetime, on: date) -> None:
        """Break the game off after eighty minutes; it goes on `again`."""
        left = max(timedelta(minutes=60), self.ends_at - self.starts_at - _PLAYED_FIRST)
        late = self.known_at - self.ends_at
        self.resumed_on, self.broken_at = on, self.starts_at + _PLAYED_FIRST
        self.ends_at = again + left
        self.known_at = self.ends_at + late
        told = self.broken_at + timedelta(minutes=90)
        self.stands += [Stand(told, self.day, self.starts_at, off="suspended"), Stand(told, on, again)]

    def put_off(self, planned: datetime, day: date, called: datetime) -> None:
        """Say that the game stood on `day` first, until it was `called` off."""
        self.stands = [
            Stand(ALWAYS, day, planned),
            Stand(called, day, planned, off="postponed"),
            Stand(called, self.day, self.starts_at),
        ]

    def stands_at(self, now: datetime) -> Stand:
        """Return how the schedule shows it last at `now`."""
        return [stand for stand in self.stands if stand.since <= now][-1]

    def side(self, name: str) -> Club:
        """Return the home or the away club."""
        return self.home if name == "home" else self.away

    @property
    def last_day(self) -> date:
        """The day on which it ended."""
        return self.resumed_on or self.day


def number_of(text: str) -> int:
    """Return a number for a park or an umpire: of our own, for Retrosheet has codes."""
    return 1_000 + zlib.crc32(text.encode()) % 15_000_000


def read_season(files: Files, people: People, year: int, seed: int) -> list[WorldGame]:
    """Return a regular season's games, in the order in which they began."""
    infos = [row for row in files.season("gameinfo", year) if row["gametype"] == "regular"]
    infos.sort(key=lambda row: (row["date"], row["gid"]))
    pitching: dict[tuple[str, str], list[Record]] = {}
    for row in files.season("pitching", year, ("gid", "team", "id", "p_seq", "stattype", "p_gs", *PITCHED.values())):
        if row["stattype"] == "value":
            pitching.setdefault((row["gid"], row["team"]), []).append(row)
    totals = {(row["gid"], row["team"]): row for row in files.season("teamstats", year) if row["stattype"] == "value"}
    batters: dict[tuple[str, str], list[Record]] = {}
    for row in files.first("mlb", f"retrosheet_batting_{year}*.csv.gz", ("gid", "team", "id", *BATTED.values())):
        batters.setdefault((row["gid"], row["team"]), []).append(row)
    _must_be_whole(files, year, infos, {"pitching": pitching, "teamstats": totals})
    games = []
    for place, row in enumerate(infos, start=1):
        clubs = [
            _club(
                team,
                people,
                pitching[row["gid"], team],
                totals[row["gid"], team],
                batters.get((row["gid"], team), ()),
            )
            for team in (row["hometeam"], row["visteam"])
        ]
        games.append(_game(year * 10_000 + place, row, clubs[0], clubs[1], seed))
    _doubles(games)
    _suspended(games, {year * 10_000 + place: row for place, row in enumerate(infos, start=1)})
    announce(games, seed)
    _postponed(games, seed)
    return sorted(games, key=lambda game: (game.starts_at, game.pk))


def _must_be_whole(
    files: Files, year: int, infos: list[Record], beside: Mapping[str, Mapping[tuple[str, str], object]]
) -> None:
    """Refuse a season of which one file says nothing of a game that another has, or of a club that is none of the thirty."""
    sides = [(row["gid"], row[name]) for row in infos for name in ("hometeam", "visteam")]
    for kind, rows in beside.items():
        lacks = [gid for gid, team in sides if (gid, team) not in rows]
        if lacks:
            path = files.path_of(kind, year)
            msg = f"{path} says nothing of {lacks[0]}, nor of {len(set(lacks)) - 1} other games that {year} has"
            raise UsageError(msg, hint="restore the file; it may have been cut short")
    for gid, team in sides:
        if team not in BY_RETROSHEET:
            msg = f"{gid} is a game of {team}, which is no MLB club"
            raise UsageError(msg, hint=f"mend its row in {files.path_of('gameinfo', year)}")


def appeared(files: Files, people: People, year: int) -> set[int]:
    """Return who began or pitched in a regular season's games."""
    regular = {
        row["gid"] for row in files.season("gameinfo", year, ("gid", "gametype")) if row["gametype"] == "regular"
    }
    began = files.season("teamstats", year, ("gid", "stattype", *_ORDER))
    pitched = files.season("pitching", year, ("gid", "stattype", "id"))
    return {
        people.of(row[name]).number
        for rows, names in ((began, _ORDER), (pitched, ("id",)))
        for row in rows
        if row["stattype"] == "value" and row["gid"] in regular
        for name in names
    }


def _club(team: str, people: People, pitchers: list[Record], totals: Record, batters: Iterable[Record]) -> Club:
    pitchers = sorted(pitchers, key=lambda one: int(one["p_seq"]))
    positions = {
        people.of(totals[name]).number: str(place) for place, name in enumerate(_FIELD, start=1) if totals[name]
    }
    return Club(
        code=BY_RETROSHEET[team],
        order=tuple(people.of(totals[name]).number for name in _ORDER),
        positions=positions,
        pitchers=[(people.of(one["id"]).number, one) for one in pitchers],
        totals=totals,
        probable=people.of(pitchers[0]["id"]).number,
        named_at=ALWAYS,
        line_up_at=datetime.max.replace(tzinfo=UTC),
        batters={people.of(one["id"]).number: one for one in batters},
    )


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def _zone(row: Record) -> ZoneInfo:
    return ZoneInfo(_BY_SITE.get(row["site"][:3]) or _BY_CLUB.get(BY_RETROSHEET[row["hometeam"]], "America/New_York"))


def _start(row: Record) -> datetime:
    """Return when a game began; where the record has no hour, it is modelled: five past seven in the evening, past one by day."""
    found = _CLOCK.fullmatch(row["starttime"])
    at = time(19 if row["daynight"] == "night" else 13, 5)
    if found:
        at = time(int(found[1]) % 12 + (12 if found[3] == "PM" else 0), int(found[2]))
    return datetime.combine(_day(row["date"]), at, tzinfo=_zone(row)).astimezone(UTC)


def _game(pk: int, row: Record, home: Club, away: Club, seed: int) -> WorldGame:
    starts_at = _start(row)
    day = _day(row["date"])
    ends_at = starts_at + timedelta(minutes=int(row["timeofgame"] or 0) or 180)
    known_at = ends_at + timedelta(minutes=5 + int(20 * chance(seed, pk, "box")))
    if chance(seed, pk, "late") < _LATE:
        known_at += timedelta(minutes=120 + int(180 * chance(seed, pk, "how late")))
    return WorldGame(
        pk=pk,
        day=day,
        starts_at=starts_at,
        ends_at=ends_at,
        known_at=known_at,
        number=int(row["number"]) or 1,
        double="N" if row["number"] == "0" else "S",
        innings=int(row["innings"] or 9),
        venue=number_of(row["site"]),
        umpire=number_of(row["umphome"] or "nobody"),
        night=row["daynight"] == "night",
        temperature=row["temp"] if row["temp"] not in {"", "0", "unknown"} else "",
        home=home,
        away=away,
        stands=[Stand(ALWAYS, day, starts_at)],
    )


def _doubles(games: list[WorldGame]) -> None:
    """Tell double-headers played one after the other, whose second start is not known before the first ends."""
    firsts = {
        (game.day, game.home.code, game.away.code): game for game in games if game.number == 1 and game.double != "N"
    }
    swapped = {(day, away, home): game for (day, home, away), game in firsts.items()}
    for game in games:
        first = (firsts | swapped).get((game.day, game.home.code, game.away.code)) if game.number == 2 else None  # noqa: PLR2004
        if first is None:
            continue
        if game.starts_at < first.ends_at:  # the record has one start for both, or none of its own
            length = game.ends_at - game.starts_at
            game.starts_at = first.ends_at + timedelta(minutes=40)
            game.known_at += game.starts_at + length - game.ends_at
            game.ends_at = game.starts_at + length
            game.stands = [Stand(game.stands[0].since, game.day, game.starts_at)]
        if game.starts_at < first.ends_at + timedelta(minutes=75):
            game.double = first.double = "Y"
            game.to_be_determined_until = first.ends_at


def _suspended(games: list[WorldGame], rows: Mapping[int, Record]) -> None:
    """Break off the games that went on another day. The hour at which each went on is modelled: before the day's own game."""
    by_day: dict[tuple[date, str], list[WorldGame]] = {}
    for game in games:
        by_day.setdefault((game.day, game.home.code), []).append(game)
    for game in games:
        row = rows[game.pk]
        if not row["suspend"] or _day(row["suspend"]) <= game.day:
            continue
        that_day = by_day.get((_day(row["suspend"]), game.home.code), [])
        own = min((other.starts_at for other in that_day), default=None)
        left = max(timedelta(minutes=60), game.ends_at - game.starts_at - _PLAYED_FIRST)
        at_one = datetime.combine(_day(row["suspend"]), time(13, 5), tzinfo=_zone(row)).astimezone(UTC)
        again = at_one if own is None else min(own - left - timedelta(minutes=40), at_one)
        game.break_off(again, _day(row["suspend"]))


def announce(games: list[WorldGame], seed: int) -> None:
    """Model when each line-up comes, and who is named before: six in a hundred are not the man who starts."""
    rotation: dict[tuple[str, int], set[int]] = {}  # by club and day
    for game in games:
        for side in SIDES:
            club = game.side(side)
            rotation.setdefault((club.code, game.day.toordinal()), set()).add(club.probable)
    turn = range(-_TURN, _TURN + 1)
    for game in games:
        for side in SIDES:
            club = game.side(side)
            before = timedelta(minutes=95 + int(125 * chance(seed, game.pk, side, "line-up")))
            club.line_up_at = game.starts_at - before
            if game.to_be_determined_until is not None:
                club.line_up_at = max(club.line_up_at, game.starts_at - timedelta(minutes=70))
            if chance(seed, game.pk, side, "changed") < _CHANGED:
                start, day = club.probable, game.day.toordinal()
                others = sorted(set().union(*(rotation.get((club.code, day + n), ()) for n in turn)) - {start})
                if not others:
                    continue
                club.probable = others[int(len(others) * chance(seed, game.pk, side, "who"))]
                club.named_at = club.line_up_at - timedelta(minutes=int(200 * chance(seed, game.pk, side, "when")))
                if start == club.probable:
                    msg = "the man named is the one who starts"
                    raise AssertionError(msg)


def _postponed(games: list[WorldGame], seed: int) -> None:
    """Tell from double-headers which day was rained out: one of the same series on which neither club played.

    Retrosheet has no list of postponements; the day is an inference, its hour a model: some are called off an hour before.
    """
    played = {(game.day, club.code) for game in games for club in (game.home, game.away)}
    series = {(game.day, game.home.code, game.away.code) for game in games}
    for game in games:
        if game.double == "N" or game.number != 2 or game.resumed_on:  # noqa: PLR2004 -- the second of two
            continue
        pair = game.home.code, game.away.code
        for back in range(1, 4):
            day = game.day - timedelta(days=back)
            if {(day, pair[0]), (day, pair[1])} & played:
                continue
            if not {(day - timedelta(days=1), *pair), (day + timedelta(days=1), *pair)} & series:
                continue
            planned = datetime.combine(day, time(19, 5), tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)
            called = planned - timedelta(minutes=50 + int(360 * chance(seed, game.pk, "rain")))
            game.put_off(planned, day, called)
            break


def splits_of(files: Files) -> dict[int, list[Record]]:
    """Return batters' totals by the pitcher's hand, by season, of the regular season; of two files the newer one's."""
    found: dict[int, dict[tuple[str, ...], Record]] = {}
    for row in files.each("mlb", "batting_platoon_*.csv.gz"):
        if row["PHASE"] == "R":
            found.setdefault(int(row["YEAR"]), {})[tuple(row[name] for name in _SPLIT)] = row
    return {year: list(rows.values()) for year, rows in found.items()}
