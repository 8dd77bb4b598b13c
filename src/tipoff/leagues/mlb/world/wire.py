"""statsapi.mlb.com and the-odds-api in their own wire formats, at an instant: schedule, feeds, seasons, players, lines."""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import httpx

from tipoff.core.slate import Season
from tipoff.leagues.mlb.beside import AGREED
from tipoff.leagues.mlb.sources.teams import TEAMS
from tipoff.leagues.mlb.world import beside
from tipoff.leagues.mlb.world.data import BATTED, PITCHED, SIDES, Club, Stand, WorldGame
from tipoff.leagues.mlb.world.files import Record
from tipoff.leagues.mlb.world.people import People
from tipoff.leagues.quotes import Quote, agreed, bookmakers

_CREDITS = {"x-requests-remaining": "19000", "x-requests-used": "1000"}
_JSON = {"content-type": "application/json;charset=UTF-8"}
_FEED = re.compile(r"/api/v1\.1/game/(\d+)/feed/live")
_HOST, _ODDS = "statsapi.mlb.com", "api.the-odds-api.com"
_EVENTS = "/v4/sports/baseball_mlb/events"
_MARKET = re.compile(_EVENTS + "/([0-9a-f]{32})/odds")
_OVER = timedelta(days=31)  # from a regular season's last day to that of its post-season
Games = Callable[[int], list[WorldGame]]
Appeared = Callable[[int], Collection[int]]
_KEPT = 256  # feeds of games that are over: each is asked for by three tables, and the day after


class MlbProviders:
    """Answers as statsapi.mlb.com, the-odds-api and those beside them would at an instant.

    `games` gives a season's games, `totals` a season's batters by hand; `registered` who is known of one before it begins,
    `appeared` who played in one that is over, where that can be told without all of its games.
    """

    def __init__(  # noqa: PLR0913 -- what a provider knows
        self,
        games: Games,
        people: People,
        totals: Mapping[int, list[Record]],
        *,
        seasons: Sequence[Season] = (),
        registered: Collection[int] = (),
        appeared: Appeared | None = None,
    ) -> None:
        self._games, self._people, self._totals = games, people, totals
        self._seasons, self._registered, self._appeared = seasons, registered, appeared
        self._season = lru_cache(maxsize=2)(self._read)
        self._over = lru_cache(maxsize=_KEPT)(self._feed_of)

    def answer(self, request: httpx.Request, now: datetime) -> httpx.Response:
        """Return the provider's response at `now`; unknown paths are 404."""
        if request.url.host == _ODDS:
            return self._odds(request.url, now)
        if request.url.host != _HOST:
            return self._beside(request.url, now)
        feed = _FEED.fullmatch(request.url.path)
        if feed:
            return self._feed(int(feed.group(1)), now)
        query = request.url.params
        match request.url.path:
            case "/api/v1/seasons/all":
                body = json.dumps({"seasons": [_season(season) for season in self._seasons]})
            case "/api/v1/schedule":
                has_place = "location" in query.get("hydrate", "")
                body = self._schedule(date.fromisoformat(query["date"]), now, has_place=has_place)
            case "/api/v1/sports/1/players":
                body = self._players(int(query["season"]), now)
            case "/api/v1/stats":
                body = self._splits(int(query["season"]), now)
            case _:
                return httpx.Response(404, json={"messageNumber": 11, "message": "Object not found"})
        return _answer(body)

    def _read(self, year: int) -> tuple[dict[date, list[WorldGame]], dict[int, WorldGame]]:
        """Return a season's games by the days on which they stand, and by number."""
        found: dict[date, list[WorldGame]] = {}
        games = self._games(year)
        for game in games:
            for day in {stand.day for stand in game.stands}:
                found.setdefault(day, []).append(game)
        return found, {game.pk: game for game in games}

    # --- schedule

    def _beside(self, url: httpx.URL, now: datetime) -> httpx.Response:
        query = url.params
        match url.host, url.path:
            case "baseballsavant.mlb.com", "/statcast_search/csv":
                day = date.fromisoformat(query["game_date_gt"])
                games = [
                    game for game in self._season(day.year)[0].get(day, ()) if game.day == day and game.known_at <= now
                ]
                return httpx.Response(200, content=beside.pitches(games).encode(), headers={"content-type": "text/csv"})
            case "api.open-meteo.com", "/v1/forecast":
                return _answer(json.dumps(beside.weather(date.fromisoformat(query["start_date"]))))
            case "api.bettingpros.com", "/v3/props" if query["sport"] == AGREED.sport:
                day = date.fromisoformat(query["date"])
                games = [game for game in self._season(day.year)[0].get(day, ()) if game.day == day]
                quoted = [
                    (game.pk, game.starts_at, (game.home.code, game.away.code), _quotes(game, now)) for game in games
                ]
                return _answer(json.dumps(agreed(AGREED.sport, AGREED.number, quoted)))
        return httpx.Response(404, json={"message": f"nothing at {url.host}{url.path}"})

    def _schedule(self, day: date, now: datetime, *, has_place: bool = False) -> str:
        games = []
        for game in self._season(day.year)[0].get(day, ()):
            shown = [stand for stand in game.stands if stand.day == day and stand.since <= now]
            if shown:
                place = {"venue": beside.venue(game.venue)} if has_place else {}
                games.append(json.dumps(self._entry(game, shown[-1], now) | place))
        dates = f'{{"date":"{day}","totalGames":{len(games)},"games":[{",".join(games)}]}}' if games else ""
        return f'{{"totalGames":{len(games)},"dates":[{dates}]}}'

    def _entry(self, game: WorldGame, stand: Stand, now: datetime) -> dict[str, Any]:
        code, said = _state(game, stand, now)
        day = _official(game, stand)
        until = game.to_be_determined_until if day == game.day else None
        unknown = until is not None and now < until
        entry: dict[str, Any] = {
            "gamePk": game.pk,
            "gameType": "R",
            "season": str(game.day.year),
            "gameDate": f"{stand.starts_at:%Y-%m-%dT%H:%M:%SZ}",
            "officialDate": day.isoformat(),
            "status": {"codedGameState": code, "detailedState": said, "statusCode": code, "startTimeTBD": unknown},
            "teams": {side: self._side(game, side, now, code) for side in SIDES},
            "venue": {"id": game.venue},
            "gameNumber": game.number if day == game.day else 1,
            "doubleHeader": game.double if day == game.day else "N",
            "dayNight": "night" if game.night else "day",
            "scheduledInnings": game.innings,
        }
        if stand.off == "postponed":
            entry["rescheduleGameDate"] = game.day.isoformat()
        if stand.off == "suspended" and game.resumed_on:
            entry["resumeGameDate"] = game.resumed_on.isoformat()
        if game.resumed_on == stand.day:
            entry["resumedFromDate"] = game.day.isoformat()
        return entry

    def _side(self, game: WorldGame, side: str, now: datetime, code: str) -> dict[str, Any]:
        club = game.side(side)
        team = TEAMS[club.code]
        found: dict[str, Any] = {"team": {"id": team.team_id, "name": team.names[0], "abbreviation": club.code}}
        found["probablePitcher"] = self._who(_named(club, now))
        if code == "F":
            found["score"] = int(club.totals["b_r"])
        return found

    def _who(self, number: int) -> dict[str, Any]:
        return {"id": number, "fullName": self._people.by_number[number].name, "link": f"/api/v1/people/{number}"}

    # --- the-odds-api

    def _odds(self, url: httpx.URL, now: datetime) -> httpx.Response:
        market = _MARKET.fullmatch(url.path)
        if market is None and url.path != _EVENTS:
            return httpx.Response(404, json={"message": f"nothing at {url.path}"})
        games = [game for game in self._near(now) if now < game.ends_at and not game.stands_at(now).off]
        if market is None:
            first, last = (datetime.fromisoformat(url.params[name]) for name in ("commenceTimeFrom", "commenceTimeTo"))
            events = [_event(game) for game in games if first <= game.starts_at <= last]
            return _answer(json.dumps(events), _CREDITS)
        for game in games:
            if _event_id(game) == market.group(1):
                books = bookmakers("pitcher_strikeouts", _quotes(game, now))
                return _answer(json.dumps(_event(game) | {"bookmakers": books}), _CREDITS)
        return httpx.Response(404, json={"message": "Event not found", "error_code": "EVENT_NOT_FOUND"})

    def _near(self, now: datetime) -> list[WorldGame]:
        by_day = self._season(now.year)[0]
        days = [now.date() + timedelta(days=offset) for offset in range(-1, 3)]
        return list({game.pk: game for day in days for game in by_day.get(day, ())}.values())

    # --- feeds

    def _feed(self, pk: int, now: datetime) -> httpx.Response:
        game = self._season(pk // 10_000)[1].get(pk)
        if game is None:
            return httpx.Response(404, json={"messageNumber": 11, "message": "Object not found"})
        return _answer(
            self._over(pk) if now >= game.known_at else json.dumps(self._written_feed(game, now, over=False))
        )

    def _feed_of(self, pk: int) -> str:
        game = self._season(pk // 10_000)[1][pk]
        return json.dumps(self._written_feed(game, game.known_at, over=True))

    def _written_feed(self, game: WorldGame, now: datetime, *, over: bool) -> dict[str, Any]:
        boxes = {side: self._box(game.side(side), now, over=over) for side in SIDES}
        shown = {int(key[2:]) for box in boxes.values() for key in box["players"]}
        named = {side: _named(game.side(side), now) for side in SIDES}
        known = over or any(now >= game.side(side).line_up_at for side in SIDES)
        code = "F" if over else "I" if now >= game.starts_at else "S"
        stand = game.stands_at(now)
        day = _official(game, stand)
        officials = [{"official": {"id": game.umpire}, "officialType": "Home Plate"}]
        return {
            "gamePk": game.pk,
            "gameData": {
                "game": {
                    "doubleHeader": game.double if day == game.day else "N",
                    "gameNumber": game.number if day == game.day else 1,
                },
                "datetime": {
                    "dateTime": f"{min(stand.starts_at, game.starts_at):%Y-%m-%dT%H:%M:%SZ}",
                    "officialDate": day.isoformat(),
                    "dayNight": "night" if game.night else "day",
                },
                "status": {"codedGameState": code},
                "players": {f"ID{number}": self._player(number) for number in sorted(shown | set(named.values()))},
                "venue": {"id": game.venue},
                "weather": {"temp": game.temperature} if known and game.temperature else {},
                "probablePitchers": {side: {"id": number} for side, number in named.items()},
            },
            "liveData": {
                "linescore": {"scheduledInnings": game.innings},
                "boxscore": {"teams": boxes, "officials": officials if known else []},
            },
        }

    def _player(self, number: int) -> dict[str, Any]:
        person = self._people.by_number[number]
        found: dict[str, Any] = {"id": number, "fullName": person.name}
        if person.born:
            found["birthDate"] = person.born
        if person.bats:
            found["batSide"] = {"code": person.bats}
        if person.throws:
            found["pitchHand"] = {"code": person.throws}
        return found

    def _box(self, club: Club, now: datetime, *, over: bool) -> dict[str, Any]:
        team = {"id": TEAMS[club.code].team_id}
        if not over and now < club.line_up_at:
            return {"team": team, "battingOrder": [], "pitchers": [], "batters": [], "players": {}, "teamStats": {}}
        pitchers = club.pitchers if over else club.pitchers[:1]
        players: dict[str, Any] = {}
        for number in club.order:
            players[f"ID{number}"] = _box_player(number, club.positions.get(number, ""))
        for number, row in pitchers:
            found = players.setdefault(f"ID{number}", _box_player(number, "1"))
            if over:
                found["stats"]["pitching"] = _pitched(row)
        for number, row in club.batters.items() if over else ():
            players.setdefault(f"ID{number}", _box_player(number, ""))["stats"]["batting"] = _batted(row)
        return {
            "team": team,
            "battingOrder": list(club.order),
            "pitchers": [number for number, _ in pitchers],
            "batters": list(dict.fromkeys([*club.order, *(club.batters if over else ())])),
            "players": players,
            "teamStats": {"batting": _team_batted(club.totals)} if over else {},
        }

    # --- seasons

    def _players(self, year: int, now: datetime) -> str:
        if self._appeared and year < now.year:
            return self._people_of({*self._registered, *self._appeared(year)})
        numbers = set(self._registered)
        for games in self._season(year)[0].values() if year <= now.year else ():
            for game in games:
                if game.starts_at <= now or year < now.year:
                    for club in (game.home, game.away):
                        numbers |= {*club.order, *(number for number, _ in club.pitchers)}
        return self._people_of(numbers)

    def _people_of(self, numbers: Collection[int]) -> str:
        return json.dumps({"people": [self._player(number) for number in sorted(numbers)]})

    def _splits(self, year: int, now: datetime) -> str:
        rows = self._totals.get(year, []) if year < now.year else []
        return json.dumps({"stats": [{"splits": _splits(rows, self._people, year)}]})


def _answer(body: str, headers: Mapping[str, str] = {}) -> httpx.Response:
    return httpx.Response(200, content=body.encode(), headers=_JSON | dict(headers))


def _season(season: Season) -> dict[str, str]:
    return {
        "seasonId": season.name,
        "regularSeasonStartDate": str(season.first_day),
        "regularSeasonEndDate": str(season.last_day),
        "seasonEndDate": str(season.last_day + _OVER),
    }


def _quotes(game: WorldGame, now: datetime) -> Sequence[Quote]:
    shown = [quotes for since, quotes in game.quotes if since <= now]
    return shown[-1] if shown else []


def _event_id(game: WorldGame) -> str:
    return hashlib.sha256(f"{game.pk}".encode()).hexdigest()[:32]


def _event(game: WorldGame) -> dict[str, Any]:
    return {
        "id": _event_id(game),
        "sport_key": "baseball_mlb",
        "sport_title": "MLB",
        "commence_time": f"{game.starts_at:%Y-%m-%dT%H:%M:%SZ}",
        "home_team": TEAMS[game.home.code].name,
        "away_team": TEAMS[game.away.code].name,
    }


def _named(club: Club, now: datetime) -> int:
    return club.pitchers[0][0] if now >= club.named_at else club.probable


def _official(game: WorldGame, stand: Stand) -> date:
    """Return whose day it is: that of a new date from when it is named on, and of one that goes on the day on which it began."""
    return min(stand.day, game.day)


def _state(game: WorldGame, stand: Stand, now: datetime) -> tuple[str, str]:
    if stand.off:
        return ("D", "Postponed") if stand.off == "postponed" else ("U", "Suspended: Rain")
    if now >= game.ends_at and stand.day == game.last_day:
        return "F", "Final"
    if now >= stand.starts_at and stand.day in {game.day, game.last_day}:
        return "I", "In Progress"
    return ("P", "Pre-Game") if now >= stand.starts_at - timedelta(hours=5) else ("S", "Scheduled")


def _box_player(number: int, position: str) -> dict[str, Any]:
    return {"person": {"id": number}, "position": {"code": position}, "stats": {"batting": {}, "pitching": {}}}


_TEAM_BATTED = {
    "plateAppearances": "b_pa",
    "strikeOuts": "b_k",
    "runs": "b_r",
    "hits": "b_h",
    "baseOnBalls": "b_w",
    "hitByPitch": "b_hbp",
}


def _numbers(row: Record, names: Mapping[str, str]) -> dict[str, int]:
    return {theirs: int(row[ours]) for theirs, ours in names.items() if row.get(ours) not in {None, ""}}


def _pitched(row: Record) -> dict[str, int]:
    return _numbers(row, PITCHED) | {"gamesStarted": 1 if row["p_gs"] == "1" else 0}


def _batted(row: Record) -> dict[str, int]:
    return _numbers(row, BATTED)


def _team_batted(row: Record) -> dict[str, int]:
    return _numbers(row, _TEAM_BATTED)


def _splits(rows: list[Record], people: People, year: int) -> list[dict[str, Any]]:
    """Return a season's totals by the pitcher's hand; the two sides of who bats from both are one."""
    totals: dict[tuple[int, str], dict[str, int]] = {}
    for row in rows:
        against = {"L": "vl", "R": "vr"}.get(row["RESP_PIT_HAND_CD"])
        if against is not None:
            stat = totals.setdefault((people.of(row["RESP_BAT_ID"]).number, against), dict.fromkeys(_SPLIT, 0))
            for theirs, ours in _SPLIT.items():
                stat[theirs] += int(row[ours])
    return [
        {"season": str(year), "stat": stat, "player": {"id": number}, "split": {"code": against}}
        for (number, against), stat in totals.items()
    ]


_SPLIT = {
    "plateAppearances": "B_PA",
    "strikeOuts": "B_SO",
    "hits": "B_H",
    "baseOnBalls": "B_BB",
    "hitByPitch": "B_HP",
}
