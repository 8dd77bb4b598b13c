"""The NBA's providers, in their own wire formats: schedule file, game logs, second box scores, odds."""

import json
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from tipoff.core.clock import LEAGUE_ZONE, league_day, midnight
from tipoff.leagues.nba.sources.injuries import NOT_YET
from tipoff.leagues.nba.sources.lines import AGREED
from tipoff.leagues.nba.sources.reference import page_of
from tipoff.leagues.nba.sources.teams import TEAMS
from tipoff.leagues.nba.world import beside
from tipoff.leagues.nba.world.data import OF_THE_FIRST, NbaData, Row, Stand, WorldGame
from tipoff.leagues.nba.world.livebox import live_box, live_plays
from tipoff.leagues.nba.world.report import report
from tipoff.leagues.quotes import bookmakers

_COUNTED = "FGM FGA FG_PCT FG3M FG3A FG3_PCT FTM FTA FT_PCT OREB DREB REB AST STL BLK TOV PF PTS PLUS_MINUS"
_PLAYED = "TEAM_ID TEAM_ABBREVIATION TEAM_NAME GAME_ID GAME_DATE MATCHUP WL MIN"
PLAYER_HEADERS = f"SEASON_ID PLAYER_ID PLAYER_NAME {_PLAYED} {_COUNTED} FANTASY_PTS VIDEO_AVAILABLE".split()
TEAM_HEADERS = [name for name in PLAYER_HEADERS if name not in {"PLAYER_ID", "PLAYER_NAME", "FANTASY_PTS"}]
_INDEX_HEADERS = ["PERSON_ID", "PLAYER_LAST_NAME", "PLAYER_FIRST_NAME", "TEAM_ABBREVIATION"]
_SECOND = ("pts", "reb", "ast", "stl", "blk", "turnover", *(name.lower() for name in OF_THE_FIRST))
_WHO = ("id", "first_name", "last_name")
_BENCH_GAMES = 2
_EVENTS_AHEAD = timedelta(days=3)
_REPORT = "Injury-Report_%Y-%m-%d_%I_%M%p"
_ALL_SENT_IN = timedelta(hours=12)  # of the day: before, no visiting club has said who is hurt
_NO_FILE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
)
_JSON = {"content-type": "application/json"}


class NbaProviders:
    """Answers as cdn.nba.com, stats.nba.com, balldontlie, the-odds-api and those beside them would at an instant."""

    def __init__(self, data: NbaData) -> None:
        self._games = data.games
        self._season = data.season
        self._has_second = data.has_second
        self._roster = data.roster
        self._earlier = data.earlier
        self._by_id = {game.game_id: game for game in data.games}
        self._by_event = {game.event_id: game for game in data.games}
        self._by_page = {page_of(game.day, game.home): game for game in data.games}
        self._by_day: dict[date, list[WorldGame]] = {}
        for game in data.games:
            self._by_day.setdefault(game.day, []).append(game)
        self._by_team: dict[str, list[WorldGame]] = {}
        self._changes = sorted(
            {at for game in data.games for at in (game.tipoff_at, game.ends_at, *(s.since for s in game.stands))}
        )
        self._schedule: tuple[int, bytes] = (-1, b"")
        self._fragments: dict[tuple[str, str], str] = {}
        self._routes: dict[tuple[str, str], Callable[[httpx.Request, datetime], httpx.Response]] = {
            ("cdn.nba.com", "/static/json/staticData/scheduleLeagueV2.json"): self._schedule_file,
            ("stats.nba.com", "/stats/leaguegamelog"): self._game_log,
            ("stats.nba.com", "/stats/scheduleleaguev2"): self._schedule_file,
            ("stats.nba.com", "/stats/playerindex"): self._player_index,
            ("api.balldontlie.io", "/v1/box_scores"): self._second_box_scores,
            ("api.balldontlie.io", "/v1/player_injuries"): self._injuries,
            ("api.the-odds-api.com", "/v4/sports/basketball_nba/events"): self._events,
            ("api.bettingpros.com", "/v3/props"): self._props,
            ("site.api.espn.com", "/apis/site/v2/sports/basketball/nba/scoreboard"): self._scoreboard,
        }
        self._files: dict[tuple[str, str], Callable[[str, datetime], httpx.Response]] = {
            ("cdn.nba.com", "/static/json/liveData/boxscore"): self._live_box,
            ("cdn.nba.com", "/static/json/liveData/playbyplay"): self._live_plays,
            ("ak-static.cms.nba.com", "/referee/injury"): self._injury_report,
            ("www.basketball-reference.com", "/boxscores"): self._box_page,
        }

    def answer(self, request: httpx.Request, now: datetime) -> httpx.Response:
        """Return the provider's response at `now`; unknown paths are 404."""
        host, path = request.url.host, request.url.path
        route = self._routes.get((host, path))
        if route is not None:
            return route(request, now)
        folder, _, file = path.rpartition("/")
        named = self._files.get((host, folder))
        if named is not None:
            return named(file.partition(".")[0], now)
        parts = path.split("/")
        if host == "api.the-odds-api.com" and parts[-1] == "odds" and parts[-2] in self._by_event:
            return self._odds(self._by_event[parts[-2]], now)
        return httpx.Response(404, json={"message": f"nothing at {path}"})

    # --- schedule

    def _schedule_file(self, request: httpx.Request, now: datetime) -> httpx.Response:
        version = bisect_right(self._changes, now)
        etag = f'"{self._season}-{version}"'
        if request.headers.get("if-none-match") == etag:
            return httpx.Response(304, headers={"etag": etag})
        if self._schedule[0] != version:
            self._schedule = (version, self._schedule_body(now))
        return httpx.Response(200, content=self._schedule[1], headers=_JSON | {"etag": etag})

    def _schedule_body(self, now: datetime) -> bytes:
        days: dict[date, list[str]] = {}
        for game in self._games:
            for stand in game.stands_at(now):
                days.setdefault(stand.day, []).append(self._schedule_fragment(game, stand, now))
        dates = ",".join(
            f'{{"gameDate":"{day:%m/%d/%Y} 00:00:00","games":[{",".join(games)}]}}'
            for day, games in sorted(days.items())
        )
        head = (
            f'{{"meta":{{"version":1}},"leagueSchedule":{{"seasonYear":"{self._season}","leagueId":"00","gameDates":['
        )
        return f"{head}{dates}]}}}}".encode()

    def _schedule_fragment(self, game: WorldGame, stand: Stand, now: datetime) -> str:
        progress = 0 if now < game.tipoff_at else 1 if now < game.ends_at else 2
        key = (game.game_id, f"{stand.since}{progress}")
        if key not in self._fragments:
            self._fragments[key] = _schedule_game(game, stand, now)
        return self._fragments[key]

    def _live_box(self, name: str, now: datetime) -> httpx.Response:
        """Return a game's live file; before it begins the host says that nobody may read it."""
        game = self._by_id.get(name.removeprefix("boxscore_"))
        if game is None or now < game.tipoff_at:
            return httpx.Response(403, content=_NO_FILE, headers={"content-type": "application/xml"})
        is_over = now >= game.boxed_at
        key = (game.game_id, f"live {is_over}")
        if key not in self._fragments:
            idle = {code: self._idle(game, code) for code in game.sides}
            self._fragments[key] = json.dumps(live_box(game, idle, is_over=is_over))
        return httpx.Response(200, content=self._fragments[key].encode(), headers=_JSON)

    def _live_plays(self, name: str, now: datetime) -> httpx.Response:
        game = self._by_id.get(name.removeprefix("playbyplay_"))
        if game is None or now < game.boxed_at:
            return httpx.Response(403, content=_NO_FILE, headers={"content-type": "application/xml"})
        return _json(live_plays(game))

    # --- stats.nba.com

    def _game_log(self, request: httpx.Request, now: datetime) -> httpx.Response:
        query = request.url.params
        if query.get("Season") != self._season:
            earlier = self._earlier(query["Season"]) if query["PlayerOrTeam"] == "P" else ()
            log = [[row.get(name) for name in PLAYER_HEADERS] for row in earlier]
            found = {"name": "LeagueGameLog", "headers": PLAYER_HEADERS, "rowSet": log}
            return _json({"resource": "leaguegamelog", "parameters": dict(query), "resultSets": [found]})
        first, last = (datetime.strptime(query[name], "%m/%d/%Y").date() for name in ("DateFrom", "DateTo"))  # noqa: DTZ007
        kind = query["PlayerOrTeam"]
        headers = PLAYER_HEADERS if kind == "P" else TEAM_HEADERS
        fragments = [
            self._log_fragment(game, kind, headers)
            for day in _days(first, last)
            for game in self._by_day.get(day, ())
            if game.boxed_at <= now
        ]
        rows = ",".join(fragment for fragment in fragments if fragment)
        body = (
            f'{{"resource":"leaguegamelog","parameters":{json.dumps(dict(query))},"resultSets":'
            f'[{{"name":"LeagueGameLog","headers":{json.dumps(headers)},"rowSet":[{rows}]}}]}}'
        )
        return httpx.Response(200, content=body.encode(), headers=_JSON)

    def _log_fragment(self, game: WorldGame, kind: str, headers: list[str]) -> str:
        key = (game.game_id, kind)
        if key not in self._fragments:
            rows = game.players if kind == "P" else game.teams
            self._fragments[key] = ",".join(json.dumps([row.get(name) for name in headers]) for row in rows)
        return self._fragments[key]

    def _player_index(self, request: httpx.Request, now: datetime) -> httpx.Response:
        """Return the season's players with the team that each is with: of his last game, or of tomorrow's.

        Who has not played yet is listed from the day before he does, whoever has moved too; in truth both are known earlier.
        """
        shown = request.url.params.get("Season") == self._season
        until = league_day(now) + timedelta(days=1)
        people = {who: (name, team) for who, name, team in self._roster}
        for game in self._games:
            if game.day <= until:
                people |= {row["PLAYER_ID"]: (row["PLAYER_NAME"], row["TEAM_ABBREVIATION"]) for row in game.players}
        rows = []
        for player_id, (name, team) in sorted(people.items()) if shown else ():
            first, _, last = name.rpartition(" ")
            rows.append([player_id, last, first, team])
        document = {"name": "PlayerIndex", "headers": _INDEX_HEADERS, "rowSet": rows}
        return _json({"resource": "playerindex", "parameters": dict(request.url.params), "resultSets": [document]})

    # --- balldontlie

    def _second_box_scores(self, request: httpx.Request, now: datetime) -> httpx.Response:
        games = self._by_day.get(date.fromisoformat(request.url.params["date"]), ()) if self._has_second else ()
        shown = [self._second_fragment(game) for game in games if game.second_at <= now and game.second]
        return httpx.Response(200, content=f'{{"data":[{",".join(shown)}]}}'.encode(), headers=_JSON)

    def _second_fragment(self, game: WorldGame) -> str:
        key = (game.game_id, "second")
        if key not in self._fragments:
            self._fragments[key] = json.dumps(
                _second_game(game, {code: self._bench(game, code) for code in game.sides})
            )
        return self._fragments[key]

    def _before(self, game: WorldGame, code: str) -> list[WorldGame]:
        """Return the team's last two games before this one."""
        games = self._by_team.setdefault(code, [other for other in self._games if code in other.sides])
        n = games.index(game)
        return games[max(0, n - _BENCH_GAMES) : n]

    def _bench(self, game: WorldGame, code: str) -> list[Row]:
        """Return who was with the team in its last two games and not in this one, as the second source knows them."""
        present = {row["id"] for row in game.second}
        rows = [row for other in self._before(game, code) for row in other.second if row["team"] == code]
        found = {row["id"]: row for row in rows if row["id"] not in present}
        return [found[name] for name in sorted(found)]

    def _idle(self, game: WorldGame, code: str) -> list[Row]:
        """Return the same as the league's own files know them."""
        present = {row["PLAYER_ID"] for row in game.players}
        rows = [row for other in self._before(game, code) for row in other.players if row["TEAM_ABBREVIATION"] == code]
        found = {row["PLAYER_ID"]: row for row in rows if row["PLAYER_ID"] not in present}
        return [found[name] for name in sorted(found)]

    def _injuries(self, request: httpx.Request, _now: datetime) -> httpx.Response:
        """Return a page of who is listed as hurt: everybody of every sixth game, by cursor."""
        men = {row["id"]: row for game in self._games[::6] for row in game.second}
        after = int(request.url.params.get("cursor", 0))
        page = [men[name] for name in sorted(men) if name > after][: int(request.url.params.get("per_page", 25))]
        rows = [
            {
                "player": {name: row[name] for name in _WHO} | {"team_id": sorted(TEAMS).index(row["team"]) + 1},
                "return_date": "Feb 1",
                "description": "Left ankle; sprain",
                "status": "Out",
            }
            for row in page
        ]
        is_last = not page or page[-1]["id"] == max(men)
        return _json({"data": rows, "meta": {} if is_last else {"next_cursor": page[-1]["id"]}})

    def _injury_report(self, name: str, now: datetime) -> httpx.Response:
        """Return the report of the instant that its name says: who is not with his club on that day, by game."""
        at = datetime.strptime(name, _REPORT).replace(tzinfo=LEAGUE_ZONE)
        if now < at:
            return httpx.Response(403, content=_NO_FILE, headers={"content-type": "application/xml"})
        rows, day = list[tuple[str, ...]](), at.date()
        for game in sorted(self._by_day.get(day, ()), key=lambda game: (game.tipoff_at, game.game_id)):
            shown, (home, away) = game.stands_at(now), game.sides
            if not shown or shown[-1].off or shown[-1].day != day:
                continue
            when = f"{game.tipoff_at.astimezone(LEAGUE_ZONE):%I:%M (ET)}"
            head: tuple[str, ...] = (f"{day:%m/%d/%Y}", when, f"{away}@{home}")
            for code in (away, home):
                is_in = code == home or now >= midnight(day) + _ALL_SENT_IN
                club, men = TEAMS[code].name, self._listed(game, code) if is_in else [("", "", NOT_YET)]
                for cells in men:
                    rows.append((*head, club, *cells))
                    head, club = ("", "", ""), ""
        return httpx.Response(
            200, content=report(f"{at:%m/%d/%y %I:%M %p}", rows), headers={"content-type": "application/pdf"}
        )

    def _listed(self, game: WorldGame, code: str) -> list[tuple[str, str, str]]:
        """Return who is out; where nobody is, one who was hurt and may play."""
        out = [(_turned(row["PLAYER_NAME"]), "Out", "Left Ankle; Sprain") for row in self._idle(game, code)]
        own = [row["PLAYER_NAME"] for row in game.players if row["TEAM_ABBREVIATION"] == code]
        return out or [(_turned(name), "Available", "Right Knee; Soreness") for name in own[:1]]

    # --- beside

    def _scoreboard(self, request: httpx.Request, now: datetime) -> httpx.Response:
        day = datetime.strptime(request.url.params["dates"], "%Y%m%d").date()  # noqa: DTZ007
        return _json(beside.scoreboard(self._games, day, now))

    def _props(self, request: httpx.Request, now: datetime) -> httpx.Response:
        query = request.url.params
        if query["sport"] != AGREED.sport:
            return httpx.Response(404, json={"message": f"nothing of {query['sport']}"})
        return _json(beside.props(self._by_day.get(date.fromisoformat(query["date"]), ()), now))

    def _box_page(self, page: str, now: datetime) -> httpx.Response:
        game = self._by_page.get(page)
        if game is None or now < game.boxed_at + beside.PAGE_AFTER:
            return httpx.Response(404, content=b"<html>Page Not Found (404 error)</html>")
        text = beside.box_page(game, {code: self._idle(game, code) for code in game.sides})
        return httpx.Response(200, content=text.encode(), headers={"content-type": "text/html; charset=UTF-8"})

    # --- the-odds-api

    def _events(self, request: httpx.Request, now: datetime) -> httpx.Response:
        query = request.url.params
        first = datetime.fromisoformat(query.get("commenceTimeFrom", now.isoformat()))
        last = datetime.fromisoformat(query.get("commenceTimeTo", (now + _EVENTS_AHEAD).isoformat()))
        events = []
        for game in self._games:
            shown = game.stands_at(now)
            is_on = bool(shown) and not shown[-1].off and now < game.ends_at
            if is_on and first <= _commences_at(game, shown[-1]) <= last:
                events.append(_event(game, shown[-1]))
        return _json(events)

    def _odds(self, game: WorldGame, now: datetime) -> httpx.Response:
        stand = (game.stands_at(now) or game.stands)[-1]
        return _json(_event(game, stand) | {"bookmakers": bookmakers("player_points", game.lines_at(now))})


def _turned(name: str) -> str:
    """Return a name as the injury report has it: the family's first."""
    given, _, family = name.partition(" ")
    return f"{family}, {given}" if family else given


def _json(document: Any) -> httpx.Response:  # noqa: ANN401 -- any JSON
    headers = _JSON | {"x-requests-remaining": "19000", "x-requests-used": "1000"}
    return httpx.Response(200, content=json.dumps(document).encode(), headers=headers)


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _schedule_game(game: WorldGame, stand: Stand, now: datetime) -> str:
    is_played = not stand.off and stand.day == game.day
    if stand.off:
        status, text, home, away = 3, "PPD", "null", "null"
    elif is_played and now >= game.ends_at:
        status, text, home, away = 3, "Final", str(game.home_score), str(game.away_score)
    elif is_played and now >= game.tipoff_at:
        status, text, home, away = 2, "Live", "0", "0"
    else:
        status, text, home, away = 1, "Scheduled", "0", "0"
    local = stand.tipoff_at.astimezone(LEAGUE_ZONE)
    return (
        f'{{"gameId":"{game.game_id}","gameCode":"{stand.day:%Y%m%d}/{game.away}{game.home}","gameStatus":{status},'
        f'"gameStatusText":"{text}","gameDateEst":"{stand.day}T00:00:00Z","gameDateTimeEst":"{local:%Y-%m-%dT%H:%M:%SZ}",'
        f'"gameDateTimeUTC":"{stand.tipoff_at:%Y-%m-%dT%H:%M:%SZ}","homeTeam":{{"teamId":{TEAMS[game.home].team_id},'
        f'"teamTricode":"{game.home}","score":{home}}},"awayTeam":{{"teamId":{TEAMS[game.away].team_id},'
        f'"teamTricode":"{game.away}","score":{away}}}}}'
    )


def _second_game(game: WorldGame, bench: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """Return balldontlie's form: also who sat on the bench is in a team's list, with `min` "00" and zeros."""

    def side(code: str) -> dict[str, Any]:
        team = TEAMS[code]
        played = [row for row in game.second if row["team"] == code]
        idle = [dict.fromkeys(_SECOND, 0) | {name: row[name] for name in _WHO} | {"min": "00"} for row in bench[code]]
        return {
            "id": team.team_id % 100,
            "full_name": team.name,
            "abbreviation": code,
            "players": [
                {name: row.get(name) for name in ("min", *_SECOND)}
                | {"player": {"id": row["id"], "first_name": row["first_name"], "last_name": row["last_name"]}}
                for row in (*played, *idle)
            ],
        }

    return {
        "date": game.day.isoformat(),
        "status": "Final",
        "postseason": False,
        "home_team_score": game.home_score,
        "visitor_team_score": game.away_score,
        "home_team": side(game.home),
        "visitor_team": side(game.away),
    }


def _commences_at(game: WorldGame, stand: Stand) -> datetime:
    """Return when the odds say that a game begins: until it is moved, as it was drawn first."""
    return game.commence_at + (stand.tipoff_at - game.tipoff_at)


def _event(game: WorldGame, stand: Stand) -> dict[str, Any]:
    return {
        "id": game.event_id,
        "sport_key": "basketball_nba",
        "sport_title": "NBA",
        "commence_time": f"{_commences_at(game, stand).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "home_team": TEAMS[game.home].odds_name,
        "away_team": TEAMS[game.away].odds_name,
    }
