"""Pages of basketball-reference.com, and the data that ESPN's pages carry."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pyarrow as pa

from tipoff.core.door import Unfit, identifier, shown, text
from tipoff.core.parsing import Aside, Use, shaped
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.step import Context
from tipoff.leagues.entries import Record, Tally, between, part, read_json
from tipoff.leagues.identity.names import name_key
from tipoff.leagues.nba.sources.boxes import COUNTED
from tipoff.leagues.nba.sources.reading import count, minutes, team_code

SOURCE = "basketball-reference"
URL = "https://www.basketball-reference.com/boxscores/{page}.html"
SITE_CODES = {"BKN": "BRK", "CHA": "CHO", "PHX": "PHO"}  # where the site has another than the league
_ESPN = b"window['__espnfitt__']", b"=", b";</script>"
_OWN_PAGE = re.compile(rb'<link rel="canonical" href="[^"]*/boxscores/(\w+)\.html"', re.ASCII)
_GAME = re.compile(r"(\d{4})(\d{2})(\d{2})0([A-Z]{3})")
_BOX = re.compile(r"box-([A-Z]{3})-game-basic")
BOX_STATS = {
    "fgm": "fg",
    "fga": "fga",
    "fg3m": "fg3",
    "fg3a": "fg3a",
    "ftm": "ft",
    "fta": "fta",
    "oreb": "orb",
    "dreb": "drb",
    "reb": "trb",
    "ast": "ast",
    "stl": "stl",
    "blk": "blk",
    "tov": "tov",
    "pf": "pf",
    "points": "pts",
}
_CELLS = 200_000  # more than any page of the site has


class _Tables(HTMLParser):
    """Collects a page's tables by id: rows of cells by `data-stat`; a cell's key stands beside its text under `NAME:key`."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[dict[str, str]]] = {}
        self._table: list[dict[str, str]] | None = None
        self._row: dict[str, str] | None = None
        self._cell = ""
        self._n_cells = 0
        self._in_body = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "table":
            self._table = self.tables.setdefault(told.get("id", ""), [])
        elif tag in {"tbody", "thead", "tfoot"}:
            self._in_body = tag == "tbody"
        elif tag == "tr" and self._table is not None and self._in_body:
            self._row = {"class": told.get("class", "")}
            self._table.append(self._row)
        elif tag in {"td", "th"} and self._row is not None and self._n_cells < _CELLS:
            self._n_cells += 1
            self._cell = told.get("data-stat", "")
            self._row[self._cell] = ""
            key = told.get("data-append-csv") or told.get("csk")
            if key:
                self._row[f"{self._cell}:key"] = key

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._cell = ""
        elif tag == "tr":
            self._row = None
        elif tag == "table":
            self._table = None

    def handle_data(self, data: str) -> None:
        if self._cell and self._row is not None:
            self._row[self._cell] += data


def tables_of(payload: Payload) -> Mapping[str, list[dict[str, str]]]:
    """Return the tables of a page by their ids.

    The parser is not told that the page has ended: it would go through each tag that has no end anew.

    Raises:
        SourceError: It is no page.
    """
    found = _Tables()
    found.feed(payload.body.decode("utf-8", "replace"))
    if not found.tables:
        raise shaped(payload, "the page has no table")
    return found.tables


def season_page(payload: Payload) -> Tally:
    """Return the games of a month's page of the site's schedule."""
    rows = tables_of(payload).get("schedule")
    if rows is None:
        raise shaped(payload, "no table named schedule")
    tally = Tally()
    tally.each(rows, _season_row)
    tally.must_be_recognised(payload)
    return tally


def _season_row(row: Mapping[str, str]) -> Record:
    if "thead" in row["class"] or "date_game:key" not in row:
        raise Aside(Use.LEFT_OUT)  # the heading again, or a line that says "Playoffs"
    day, home = _game_of(row["date_game:key"])
    away = team_code(row["visitor_team_name:key"].partition(".")[0])
    points = [count(row.get(name) or None, name) for name in ("home_pts", "visitor_pts")]
    return {
        "provider": "basketball-reference",
        "provider_game_id": identifier(row["date_game:key"], "the game"),
        "day": day,
        "home_team": home,
        "away_team": away,
        "tipoff_at": None,
        "status": "final" if None not in points else "scheduled",
    }


def _game_of(key: str) -> tuple[date, str]:
    found = _GAME.fullmatch(key)
    if found is None:
        msg = f"{shown(key, longest=40)} is no game of the site"
        raise Unfit(msg)
    year, month, day, code = found.groups()
    return date(int(year), int(month), int(day)), team_code(code)


def box_requests(context: Context, inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the page of each asked game; where there is none, for that of the other club: on neutral ground it may be his."""
    return [
        replace(_request(game, "home_team"), instead=_request(game, "away_team"))
        for game in inputs["schedule"].to_pylist()
        if game["game_id"] in context.units
    ]


def _request(game: Record, side: str) -> Request:
    return Request(source=SOURCE, url=URL.format(page=page_of(game["day"], game[side])), unit=game["game_id"])


def page_of(day: date, home: str) -> str:
    """Return the name of a game's page."""
    return f"{day:%Y%m%d}0{SITE_CODES.get(home, home)}"


def parse_box(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return who played in the game that was asked for, of both clubs; the page says itself which one it is."""
    [game] = (row for row in inputs["schedule"].to_pylist() if row["game_id"] == payload.request.unit)
    pages = [page_of(game["day"], game[side]) for side in ("home_team", "away_team")]
    named_page = _OWN_PAGE.search(payload.body)
    if named_page is None or named_page.group(1).decode() not in pages:
        raise shaped(payload, f"asked for the page {' or '.join(pages)}, it is another")
    tally = box_page(payload)
    sides, named = {game["home_team"], game["away_team"]}, {row["team"] for row in tally.rows}
    if named != sides:
        raise shaped(
            payload, f"asked for {' and '.join(sorted(sides))}, it has {' and '.join(sorted(named)) or 'nobody'}"
        )
    tally.rows = [row | {"day": context.slate.day, "game_id": game["game_id"]} for row in tally.rows]
    return tally.parsed()


def box_page(payload: Payload) -> Tally:
    """Return a game's players; who did not play is left out with the reason in the page's words."""
    tally = Tally()
    for name, rows in tables_of(payload).items():
        found = _BOX.fullmatch(name)
        if found:
            code = team_code(found.group(1))
            tally.each(rows, lambda row, code=code: _box_row(row, code))  # type: ignore[misc]
    if not tally.n_entries:
        raise shaped(payload, "no table of a game's box score")
    tally.must_be_recognised(payload)
    return tally


def _box_row(row: Mapping[str, str], code: str) -> Record:
    if "thead" in row["class"]:
        raise Aside(Use.LEFT_OUT)
    name = text(row["player"], "the name")
    if row.get("reason"):
        raise Aside(Use.LEFT_OUT)
    counts = {ours: count(row.get(BOX_STATS[ours]) or None, ours) for ours in COUNTED}
    found = identifier(row["player:key"], "the player")
    base = {"br_player_id": found, "player_name": name, "player_key": name_key(name), "team": code}
    return base | {"minutes": minutes(row["mp"])} | counts


def espn_roster_page(payload: Payload) -> Tally:
    """Return the roster that a page of ESPN carries as data."""
    found = between(payload.body, *_ESPN)
    if found is None:
        raise shaped(payload, "the page carries no data")
    inner = replace(payload, body=found, sha256=f"{payload.sha256}#data")
    roster = part(payload, read_json(inner), "page", "content", "roster", kind=dict)
    code = team_code(part(payload, roster, "team", kind=dict).get("abbrev"))

    def row(man: Mapping[str, Any]) -> Record:
        name = text(man["name"], "name")
        return {
            "provider": "espn",
            "provider_player_id": identifier(man["id"], "id"),
            "player_name": name,
            "player_key": name_key(name),
            "team": code,
        }

    tally = Tally()
    tally.each(part(payload, roster, "athletes"), row)
    tally.must_be_recognised(payload)
    return tally
