"""Every form of answer that the NBA's providers are known to give: how each is told, how it is read, or why it is not used."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tipoff.core.parsing import shape_of, shaped
from tipoff.core.payload import Payload
from tipoff.leagues.entries import Tally, read_json
from tipoff.leagues.nba.sources import boxes, games, injuries, lines, people, plays, reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form of answer. `read` returns its rows; without it the form is known and not used, for `why`."""

    name: str
    fits: Callable[[Payload, Any], bool]
    read: Callable[[Payload, Any], Tally] | None = None
    why: str = ""


def read_any(payload: Payload) -> tuple[Form, Tally | None]:
    """Return the form of an answer and its rows; no rows where the form is not used.

    Raises:
        SourceError: It is of no form that is known, or cannot be read.
    """
    document = None if _is_page(payload, None) or _is_pdf(payload, None) else read_json(payload)
    with shape_of(payload):
        for form in FORMS:
            if form.fits(payload, document):
                return form, form.read(payload, document) if form.read else None
    raise shaped(payload, "it is of no form that is known")


def _is_page(payload: Payload, _document: Any) -> bool:  # noqa: ANN401 -- JSON
    return payload.body.lstrip()[:1] == b"<"


def _is_pdf(payload: Payload, _document: Any) -> bool:  # noqa: ANN401 -- JSON
    return payload.body[:5] == b"%PDF-"


def _page_with(mark: bytes) -> Callable[[Payload, Any], bool]:
    return lambda payload, _document: payload.body.lstrip()[:1] == b"<" and mark in payload.body


def _keys(document: Any) -> frozenset[str]:  # noqa: ANN401 -- JSON
    return frozenset(document) if isinstance(document, Mapping) else frozenset()


def _has(*names: str) -> Callable[[Payload, Any], bool]:
    return lambda _payload, document: _keys(document) >= set(names)


def _resource(*names: str) -> Callable[[Payload, Any], bool]:
    return lambda _payload, document: isinstance(document, Mapping) and document.get("resource") in names


def _first(document: Any) -> Any:  # noqa: ANN401 -- JSON
    data = document.get("data") if isinstance(document, Mapping) else None
    return (data[0] if data else {}) if isinstance(data, list) else data


def _data(*names: str) -> Callable[[Payload, Any], bool]:
    return lambda _payload, document: "data" in _keys(document) and _keys(_first(document)) >= set(names)


def _live(*names: str) -> Callable[[Payload, Any], bool]:
    return lambda _payload, document: _keys(document) >= {"game"} and _keys(document["game"]) >= set(names)


def _game_log(name: str) -> Callable[[Payload, Any], Tally]:
    return lambda payload, document: games.log_rows(payload, document, name)


def _box(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    return boxes.read_box(payload, document).players


def _empty(payload: Payload, document: Any) -> bool:  # noqa: ANN401 -- JSON
    del payload
    return isinstance(document, Mapping) and document.get("data") == []


_OTHER_USE = "no feature reads it"
_BOX_SCORE = "Box Score ".encode("utf-16-be")  # how a game book's title begins
FORMS = (
    Form(name="schedule of the season", fits=_has("leagueSchedule"), read=games.schedule_file),
    Form(name="live box score", fits=_live("homeTeam", "gameStatus"), read=_box),
    Form(name="play by play", fits=_live("actions"), read=plays.read_plays),
    Form(name="box score V3", fits=_has("boxScoreTraditional"), read=_box),
    Form(name="box score V2", fits=_resource("boxscore", "boxscoretraditionalv2"), read=_box),
    Form(name="play by play V2", fits=_resource("playbyplay"), read=plays.read_plays),
    Form(name="game log", fits=_resource("leaguegamelog"), read=_game_log("LeagueGameLog")),
    Form(name="game finder", fits=_resource("leaguegamefinderparameters"), read=_game_log("LeagueGameFinderResults")),
    Form(name="team's log", fits=_resource("teamgamelog"), read=_game_log("TeamGameLog")),
    Form(name="teams' logs", fits=_resource("gamelogs"), read=_game_log("TeamGameLogs")),
    Form(name="player's log", fits=_resource("playergamelog"), read=_game_log("PlayerGameLog")),
    Form(name="scoreboard V2", fits=_resource("scoreboardV2"), read=games.scoreboard_v2),
    Form(name="scoreboard V3", fits=_has("scoreboard"), read=games.scoreboard_v3),
    Form(name="player index", fits=_resource("playerindex"), read=people.player_index),
    Form(name="all players", fits=_resource("commonallplayers"), read=people.all_players),
    Form(name="team's roster", fits=_resource("commonteamroster"), read=people.team_roster),
    Form(
        name="file of data.nba.com",
        fits=lambda _p, d: _keys(_keys(d) and d.get("g")) >= {"gid", "hls"},
        read=games.data_nba,
    ),
    Form(name="roster page of nba.com", fits=_page_with(b"__NEXT_DATA__"), read=lambda p, _d: people.roster_page(p)),
    Form(name="ESPN's scoreboard", fits=_has("leagues", "events"), read=games.espn),
    Form(
        name="ESPN's roster",
        fits=lambda _p, d: "athletes" in _keys(_keys(d) and d.get("team")),
        read=people.espn_roster,
    ),
    Form(
        name="ESPN's box score page",
        fits=lambda p, _d: _page_with(b"__espnfitt__")(p, None) and b'"bxscr"' in p.body,
        why="three other sources give box scores",
    ),
    Form(name="ESPN's roster page", fits=_page_with(b"__espnfitt__"), read=lambda p, _d: reference.espn_roster_page(p)),
    Form(
        name="box score page of basketball-reference",
        fits=_page_with(b"-game-basic"),
        read=lambda p, _d: reference.box_page(p),
    ),
    Form(
        name="schedule page of basketball-reference",
        fits=_page_with(b'id="schedule"'),
        read=lambda p, _d: reference.season_page(p),
    ),
    Form(name="BettingPros' events", fits=_has("events", "_parameters"), read=games.bettingpros),
    Form(name="odds of a game, past", fits=lambda _p, d: "bookmakers" in _keys(_first(d) or {}), read=lines.game_lines),
    Form(name="odds events, past", fits=_data("commence_time"), read=games.odds_events),
    Form(name="balldontlie's box scores and games", fits=_data("home_team", "visitor_team"), read=games.balldontlie),
    Form(name="balldontlie's injuries", fits=_data("player", "return_date"), read=people.balldontlie_injuries),
    Form(name="balldontlie's averages", fits=_data("season_type", "stats"), why=_OTHER_USE),
    Form(name="balldontlie's leaders", fits=_data("stat_type", "rank"), why=_OTHER_USE),
    Form(name="balldontlie's advanced figures", fits=_data("pie", "pace"), why=_OTHER_USE),
    Form(
        name="balldontlie's rows by player",
        fits=_data("player", "game", "min"),
        why="the box scores by day hold the same",
    ),
    Form(name="balldontlie's standings", fits=_data("conference_record"), why="they follow from the games"),
    Form(name="balldontlie's teams", fits=_data("conference", "abbreviation"), why="the teams are declared"),
    Form(name="balldontlie's players", fits=_data("first_name", "last_name"), read=people.balldontlie_players),
    Form(name="an empty list of balldontlie", fits=_empty, read=lambda _p, _d: Tally()),
    Form(
        name="figures of stats.nba.com",
        fits=_resource(
            "boxscoresummary",
            "commonplayerinfo",
            "commonteamyears",
            "gamerotation",
            "hustlestatsboxscore",
            "leaguedashplayerstats",
            "leaguedashteamstats",
            "leaguestandings",
            "playernextngames",
            "teaminfocommon",
            "shotchartdetail",
        ),
        why=_OTHER_USE,
    ),
    Form(
        name="other box scores of V3",
        fits=lambda _p, d: any(name.startswith("boxScore") for name in _keys(d)),
        why=_OTHER_USE,
    ),
    Form(name="referees", fits=_has("nba", "gl", "wnba"), why=_OTHER_USE),
    Form(
        name="play by play of data.nba.com",
        fits=lambda _p, d: _keys(_keys(d) and d.get("g")) >= {"gid", "pd"},
        why="the host is not served any more",
    ),
    Form(
        name="game book",
        fits=lambda p, _d: _is_pdf(p, None) and _BOX_SCORE in p.body,
        why="none is at hand whole; the live box score says who did not play, and why",
    ),
    Form(name="injury report", fits=_is_pdf, read=lambda p, _d: injuries.read_report(p)),
)
