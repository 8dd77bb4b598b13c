"""Games as each provider names them: its own id, the day, the sides, the start. What ties one game's names together."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from tipoff.core.clock import league_day
from tipoff.core.door import Unfit, calendar_date, identifier, shown, text
from tipoff.core.parsing import Aside, Use
from tipoff.core.payload import Payload
from tipoff.leagues.entries import Record, Tally, part
from tipoff.leagues.nba.sources.boxes import result_set
from tipoff.leagues.nba.sources.reading import count, counted_game, instant, team_code
from tipoff.leagues.nba.sources.teams import BY_ODDS_NAME

SPORT = "basketball_nba"
_SIDES = 2


def _game(provider: str, found: str, day: date, sides: tuple[str, str], start: datetime | None, status: str) -> Record:  # noqa: PLR0913 -- a row
    if sides[0] == sides[1]:
        msg = f"{sides[0]} would play against itself"
        raise Unfit(msg)
    return {
        "provider": provider,
        "provider_game_id": found,
        "day": day,
        "home_team": sides[0],
        "away_team": sides[1],
        "tipoff_at": start,
        "status": status,
    }


def _read(payload: Payload, items: list[Any], row: Callable[[Any], Record]) -> Tally:
    tally = Tally()
    tally.each(items, row)
    tally.must_be_recognised(payload)
    return tally


def scoreboard_v3(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    """Return the games of stats.nba.com's (and the CDN's) scoreboard of one day; an off day names none."""
    board = part(payload, document, "scoreboard", kind=dict)
    day = calendar_date(board["gameDate"], "gameDate")

    def row(game: Mapping[str, Any]) -> Record:
        found = counted_game(game["gameId"])
        sides = tuple(team_code(game[side]["teamTricode"]) for side in ("homeTeam", "awayTeam"))
        return _game("nba", found, day, (sides[0], sides[1]), instant(game["gameTimeUTC"]), _nba_status(game))

    return _read(payload, part(payload, board, "games"), row)


def _nba_status(game: Mapping[str, Any]) -> str:
    if "PPD" in shown(game.get("gameStatusText")).upper():
        return "postponed"
    return {1: "scheduled", 2: "live", 3: "final"}[game["gameStatus"]]


def scoreboard_v2(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    """Return the games of the older scoreboard; its times are texts, so the start is not taken from it."""

    def row(game: Mapping[str, Any]) -> Record:
        found = counted_game(game["GAME_ID"])
        sides = (team_code(count(game["HOME_TEAM_ID"], "home")), team_code(count(game["VISITOR_TEAM_ID"], "visitor")))
        status = {1: "scheduled", 2: "live", 3: "final"}[game["GAME_STATUS_ID"]]
        return _game("nba", found, calendar_date(game["GAME_DATE_EST"], "GAME_DATE_EST"), sides, None, status)

    return _read(payload, result_set(payload, document, "GameHeader"), row)


def schedule_file(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    """Return every game of a season's file that counts."""
    games = [game for day in part(payload, document, "leagueSchedule", "gameDates") for game in day["games"]]

    def row(game: Mapping[str, Any]) -> Record:
        found = counted_game(game["gameId"])
        if not game["homeTeam"]["teamId"] and not game["awayTeam"]["teamId"]:
            raise Aside(Use.LEFT_OUT)
        sides = (team_code(game["homeTeam"]["teamTricode"]), team_code(game["awayTeam"]["teamTricode"]))
        day = calendar_date(game["gameDateEst"], "gameDateEst")
        return _game("nba", found, day, sides, instant(game["gameDateTimeUTC"]), _nba_status(game))

    return _read(payload, games, row)


def balldontlie(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    """Return balldontlie's games, by day or alone; `date` is the league's day."""
    data = part(payload, document, "data", kind=object)

    def row(game: Mapping[str, Any]) -> Record:
        sides = (team_code(game["home_team"]["abbreviation"]), team_code(game["visitor_team"]["abbreviation"]))
        start = instant(game["datetime"]) if game.get("datetime") else None
        status = "final" if game["status"] == "Final" else "scheduled" if not game.get("period") else "live"
        found = identifier(game["id"], "id") if "id" in game else f"{game['date']}{sides[1]}{sides[0]}"
        return _game("balldontlie", found, calendar_date(game["date"], "date"), sides, start, status)

    return _read(payload, data if isinstance(data, list) else [data], row)


def espn(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    """Return ESPN's scoreboard; its dates are UTC, midnight in New York where the start is not set.

    An event of which a club is not decided (of the cup, of the play-in) is no game yet.
    """

    def row(event: Mapping[str, Any]) -> Record:
        [competition] = event["competitions"]
        kind = (competition.get("type") or {}).get("abbreviation")
        if event["season"]["type"] not in {2, 3, 5} or kind == "ALLSTAR":  # regular, play-offs, play-in
            raise Aside(Use.OTHER_COMPETITION)
        sides = competition["competitors"]
        if any(_is_undecided(side["team"]) for side in sides):
            raise Aside(Use.LEFT_OUT)
        by_side = {side["homeAway"]: team_code(side["team"]["abbreviation"]) for side in sides}
        at = instant(event["date"])
        start = at if competition.get("timeValid", True) else None
        state = event["status"]["type"]["state"]
        status = {"pre": "scheduled", "in": "live", "post": "final"}[state]
        if "POSTPONED" in shown(event["status"]["type"]["name"]):
            status = "postponed"
        found = identifier(event["id"], "id")
        return _game("espn", found, league_day(at), (by_side["home"], by_side["away"]), start, status)

    return _read(payload, part(payload, document, "events"), row)


def _is_undecided(team: Mapping[str, Any]) -> bool:
    """Whether it is a place that some club will take: "TBD", or one of two; its number is below zero."""
    return team["abbreviation"] == "TBD" or shown(team.get("id")).startswith("-")


def bettingpros(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    """Return BettingPros' events; `scheduled` is UTC without saying so, its codes are its own."""

    def row(event: Mapping[str, Any]) -> Record:
        if event["sport"] != "NBA":
            raise Aside(Use.OTHER_COMPETITION)
        start = instant(f"{text(event['scheduled'], 'scheduled')}+00:00")
        sides = (team_code(event["home"]), team_code(event["visitor"]))
        status = {"closed": "final", "complete": "final", "inprogress": "live"}.get(event["status"], "scheduled")
        return _game("bettingpros", identifier(event["id"], "id"), league_day(start), sides, start, status)

    return _read(payload, part(payload, document, "events"), row)


def odds_events(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    """Return the-odds-api's events, now or of the past (there they stand in `data`)."""
    events = part(payload, document, "data") if isinstance(document, Mapping) else part(payload, document)

    def row(event: Mapping[str, Any]) -> Record:
        if event["sport_key"] != SPORT:
            raise Aside(Use.OTHER_COMPETITION)
        start = instant(event["commence_time"])
        sides = tuple(BY_ODDS_NAME.get(text(event[side], side), "") for side in ("home_team", "away_team"))
        if "" in sides:
            msg = f"unknown club {shown(event['home_team'])} or {shown(event['away_team'])}"
            raise Unfit(msg)
        return _game("the-odds-api", identifier(event["id"], "id"), league_day(start), (sides[0], sides[1]), start, "")

    return _read(payload, events, row)


def data_nba(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    """Return the one game of a file of data.nba.com, which is not served any more."""

    def row(game: Mapping[str, Any]) -> Record:
        sides = (team_code(game["hls"]["ta"]), team_code(game["vls"]["ta"]))
        start = instant(f"{game['gdtutc']}T{game['utctm']}:00+00:00")
        status = "final" if shown(game.get("stt")).startswith("Final") else ""
        return _game("nba", counted_game(game["gid"]), calendar_date(game["gdte"], "gdte"), sides, start, status)

    return _read(payload, [part(payload, document, "g", kind=dict)], row)


def log_rows(payload: Payload, document: Any, name: str) -> Tally:  # noqa: ANN401 -- JSON
    """Return the games that a team's or player's log names, each once a side."""

    def row(item: Mapping[str, Any]) -> Record:
        named = {key.upper(): value for key, value in item.items()}
        found = counted_game(named["GAME_ID"])
        own, mark, other = _sides(text(named["MATCHUP"], "MATCHUP"))
        sides = (other, own) if mark == "@" else (own, other)
        day = _day(text(named["GAME_DATE"], "GAME_DATE"))
        points = count(named.get("PTS"), "PTS")
        return _game("nba", found, day, sides, None, "final" if named.get("WL") else "live") | {"points": points}

    return _read(payload, result_set(payload, document, name), row)


def _sides(matchup: str) -> tuple[str, str, str]:
    mark = " @ " if " @ " in matchup else " vs. "
    own, _, other = matchup.partition(mark)
    return team_code(own.strip()), mark.strip(), team_code(other.strip())


def _day(written: str) -> date:
    """Read `2024-01-05`, `2024-01-05T00:00:00` or `JAN 05, 2024`."""
    if written[:4].isdigit():
        return calendar_date(written, "GAME_DATE")
    try:
        return datetime.strptime(written.title(), "%b %d, %Y").replace(tzinfo=UTC).date()
    except ValueError as error:
        msg = f"GAME_DATE is {shown(written, longest=40)}"
        raise Unfit(msg) from error
