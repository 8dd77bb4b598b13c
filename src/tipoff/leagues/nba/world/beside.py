"""What a world answers beside nba.com, balldontlie and the-odds-api: ESPN's scoreboard, box score pages, agreed lines."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from html import escape
from typing import Any

from tipoff.leagues.identity.names import name_key
from tipoff.leagues.nba.sources.lines import AGREED
from tipoff.leagues.nba.sources.reference import BOX_STATS, SITE_CODES, page_of
from tipoff.leagues.nba.world.data import Row, Stand, WorldGame
from tipoff.leagues.quotes import Quote, agreed

PAGE_AFTER = timedelta(hours=6)  # from the box score to the page

_ESPN_CODES = {"GSW": "GS", "NOP": "NO", "NYK": "NY", "SAS": "SA", "UTA": "UTAH", "WAS": "WSH"}
_BETTINGPROS_CODES = {"NOP": "NOR", "PHX": "PHO", "UTA": "UTH"}
_STATES = {"STATUS_SCHEDULED": "pre", "STATUS_IN_PROGRESS": "in", "STATUS_FINAL": "post", "STATUS_POSTPONED": "post"}


def scoreboard(games: Iterable[WorldGame], day: date, now: datetime) -> dict[str, Any]:
    """Return ESPN's scoreboard of a day: the games as they stand on it."""
    shown = [(game, stand) for game in games for stand in game.stands_at(now) if stand.day == day]
    events = [_event(game, stand, now) for game, stand in shown]
    return {"leagues": [{"id": "46", "abbreviation": "NBA", "slug": "nba"}], "events": events}


def _event(game: WorldGame, stand: Stand, now: datetime) -> dict[str, Any]:
    found, start = f"4016{game.game_id[-5:]}", f"{stand.tipoff_at:%Y-%m-%dT%H:%MZ}"
    sides = [
        {"homeAway": side, "team": {"abbreviation": _ESPN_CODES.get(code, code)}}
        for side, code in (("home", game.home), ("away", game.away))
    ]
    status = {"type": {"name": _status(game, stand, now)}}
    status["type"]["state"] = _STATES[status["type"]["name"]]
    competition = {"id": found, "date": start, "type": {"id": "1", "abbreviation": "STD"}, "competitors": sides}
    return {
        "id": found,
        "date": start,
        "season": {"year": game.day.year, "type": 2},
        "competitions": [competition | {"status": status}],
        "status": status,
    }


def _status(game: WorldGame, stand: Stand, now: datetime) -> str:
    if stand.off:
        return "STATUS_POSTPONED"
    if stand.day != game.day or now < game.tipoff_at:
        return "STATUS_SCHEDULED"
    return "STATUS_FINAL" if now >= game.ends_at else "STATUS_IN_PROGRESS"


def box_page(game: WorldGame, idle: Mapping[str, Sequence[Row]]) -> str:
    """Return basketball-reference.com's page of a game; `idle` do not play."""
    parts = [
        f'<link rel="canonical" href="https://www.basketball-reference.com/boxscores/{page_of(game.day, game.home)}.html" />'
    ]
    for code in (game.away, game.home):
        name = f"box-{SITE_CODES.get(code, code)}-game"
        own = [row for row in game.players if row["TEAM_ABBREVIATION"] == code]
        rows = [_man(row, _counts(row)) for row in own]
        rows.insert(5, '<tr class="thead"><th data-stat="player">Reserves</th><th data-stat="mp">MP</th></tr>')
        rows += [_man(row, '<td data-stat="reason" colspan="20">Did Not Play</td>') for row in idle[code]]
        total = '<tfoot><tr><th data-stat="player">Team Totals</th></tr></tfoot>'
        parts.append(f'<table id="{name}-basic"><tbody>{"".join(rows)}</tbody>{total}</table>')
        parts.append(f'<table id="{name}-advanced"><tbody>{"".join(_man(row, "") for row in own)}</tbody></table>')
    return f"<!DOCTYPE html><html><body>{''.join(parts)}</body></html>"


def _man(row: Row, cells: str) -> str:
    name = row["PLAYER_NAME"]
    key = f"{name_key(name)[:7]}{row['PLAYER_ID']}"
    return f'<tr><th data-append-csv="{key}" data-stat="player"><a href="/players/{key}.html">{escape(name)}</a></th>{cells}</tr>'


def _counts(row: Row) -> str:
    counts = {theirs: row.get("PTS" if ours == "points" else ours.upper()) for ours, theirs in BOX_STATS.items()}
    told = {"mp": f"{row['MIN']}:00"} | {name: "" if value is None else value for name, value in counts.items()}
    return "".join(f'<td data-stat="{name}">{value}</td>' for name, value in told.items())


def props(games: Iterable[WorldGame], now: datetime) -> dict[str, Any]:
    """Return the lines on which the books of these games agree."""
    return agreed(AGREED.sport, AGREED.number, [_quoted(game, now) for game in games])


def _quoted(game: WorldGame, now: datetime) -> tuple[int, datetime, tuple[str, str], Sequence[Quote]]:
    home, away = (_BETTINGPROS_CODES.get(code, code) for code in game.sides)
    return int(game.game_id), game.tipoff_at, (home, away), game.lines_at(now)
