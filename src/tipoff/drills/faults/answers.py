"""Answers that are wrong in themselves: the rows of a real one, changed, in the provider's own wire format."""

import copy
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from tipoff.core.fault import Fault

Row = dict[str, Any]
Rows = list[Row]
STATS, SECOND, SCHEDULE = "stats.nba.com", "api.balldontlie.io", "cdn.nba.com"
_NAMES = {
    "PTS",
    "MIN",
    "AST",
    "REB",
    "FGM",
    "FGA",
    "FG3M",
    "FG3A",
    "FTM",
    "FTA",
    "OREB",
    "DREB",
    "STL",
    "BLK",
    "TOV",
    "PF",
}


def changed(host: str, document: Any, fault: Fault, now: datetime) -> Any:  # noqa: ANN401 -- JSON
    """Return the provider's document with what the fault does to its rows."""
    document = copy.deepcopy(document)
    change = CHANGES[fault.how]
    if fault.how == "shape":
        return {"version": 2, "payload": document}
    if host == STATS:
        for part in (part for part in document["resultSets"] if "GAME_ID" in part["headers"]):  # no list of players
            rows = [dict(zip(part["headers"], row, strict=True)) for row in part["rowSet"]]
            part["rowSet"] = [[row.get(name) for name in part["headers"]] for row in change(rows, fault, now)]
            part["rowSet"] += [None, "a row"] if fault.how == "poison" else []
    elif host == SCHEDULE:
        for day in document["leagueSchedule"]["gameDates"]:
            day["games"] = change(day["games"], fault, now)
    elif host == SECOND:
        document["data"] = change(document["data"], fault, now)
    elif isinstance(document, list):
        return change(document, fault, now)
    else:
        for book in document.get("bookmakers", ()):
            for market in book["markets"]:
                market["key"] = "unheard of" if fault.how == "other markets" else market["key"]
                market["outcomes"] = change(market["outcomes"], fault, now)
    return document


def _id_of(row: Mapping[str, Any]) -> str:
    for name in ("GAME_ID", "gameId", "id", "date"):
        if name in row:
            return str(row[name])
    return ""


def _games(rows: Rows) -> list[str]:
    return sorted({_id_of(row) for row in rows})


def _empty(_rows: Rows, _fault: Fault, _now: datetime) -> Rows:
    return []


def _zero(rows: Rows, fault: Fault, _now: datetime) -> Rows:
    """Let every count of the first game, or of all games, be nought."""
    games = _games(rows)[: fault.args.get("games", 1000)]
    for row in rows:
        if _id_of(row) in games:
            row.update(dict.fromkeys(_NAMES & row.keys(), 0))
            for side in ("home_team", "visitor_team"):
                for player in row.get(side, {}).get("players", ()):
                    player.update({name: 0 for name in ("pts", "reb", "ast") if name in player})
    return rows


def _null(rows: Rows, fault: Fault, _now: datetime) -> Rows:
    return [row | {fault.args["column"]: None} for row in rows]


def _constant(rows: Rows, fault: Fault, _now: datetime) -> Rows:
    return [row | {fault.args["column"]: fault.args["value"]} for row in rows]


def _wrong_date(rows: Rows, _fault: Fault, _now: datetime) -> Rows:
    """Let the rows carry another date than the one asked for."""
    return [row | {"GAME_DATE": "2029-12-25"} if "GAME_DATE" in row else row | {"date": "2029-12-25"} for row in rows]


def _missing_game(rows: Rows, fault: Fault, _now: datetime) -> Rows:
    """Leave out the last games, of each day or of the day that is named."""
    games = _games([row for row in rows if str(row.get("gameDateEst", "")).startswith(fault.args.get("day", ""))])
    gone = set(games[-fault.args.get("games", 1) :])
    return [row for row in rows if _id_of(row) not in gone]


def _duplicated(rows: Rows, _fault: Fault, _now: datetime) -> Rows:
    return [*rows, *copy.deepcopy(rows)]


def _renamed(rows: Rows, _fault: Fault, _now: datetime) -> Rows:
    """Write names as nobody is known by: initials alone, and a suffix that nobody else uses."""
    for row in rows:
        for name in ("PLAYER_NAME", "description"):
            if name in row:
                first, _, last = row[name].partition(" ")
                row[name] = f"{first[0]}. {last[0]}. IV"
    return rows


def _short_ids(rows: Rows, _fault: Fault, _now: datetime) -> Rows:
    """Give ids as numbers, without their leading zeros."""
    for row in rows:
        for name in ("GAME_ID", "gameId"):
            if name in row:
                row[name] = int(row[name])
    return rows


def _strange_game(rows: Rows, _fault: Fault, _now: datetime) -> Rows:
    """Add the rows of a game that stands on no schedule."""
    games = _games(rows)
    strange = [row | {"GAME_ID": "0029988888"} for row in copy.deepcopy(rows) if games and _id_of(row) == games[0]]
    return [*rows, *strange]


def _bad_row(rows: Rows, fault: Fault, _now: datetime) -> Rows:
    """Spoil one row."""
    return [row | {fault.args["column"]: fault.args["value"]} if n == 0 else row for n, row in enumerate(rows)]


def _bench(rows: Rows, _fault: Fault, _now: datetime) -> Rows:
    """Name players who sat on the bench: no minutes, no counts."""
    sat = []
    for game in _games(rows):
        mine = [row for row in rows if _id_of(row) == game]
        for n, row in enumerate(mine[:2]):
            nothing = dict.fromkeys(_NAMES & row.keys())
            sat.append(row | nothing | {"PLAYER_ID": 990_000 + n, "PLAYER_NAME": f"Bench {n}"})
    return [*rows, *sat]


def _fewer(rows: Rows, _fault: Fault, _now: datetime) -> Rows:
    """Leave out every seventh row."""
    return [row for n, row in enumerate(rows) if n % 7]


def _one_side(rows: Rows, _fault: Fault, _now: datetime) -> Rows:
    """Give of each game only the side that is named first."""
    first: dict[str, Any] = {}
    for row in rows:
        first.setdefault(_id_of(row), row.get("TEAM_ID"))
    return [row for row in rows if row.get("TEAM_ID") == first[_id_of(row)]]


def _corrected(rows: Rows, fault: Fault, _now: datetime) -> Rows:
    """Credit baskets of one player to another of his club, as the league does when it has looked again; scores stay."""
    n = fault.args.get("points", 2) // 2
    of, to = next(_teammates(rows, n), (None, None))
    for row, by in ((of, -n), (to, n)):
        if row is not None:
            row.update({"PTS": row["PTS"] + 2 * by, "FGM": row["FGM"] + by, "FGA": row["FGA"] + by})
    return rows


def _teammates(rows: Rows, n: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield pairs of a club's players in a game of whom the first has made `n` baskets for two points."""
    for of in rows:
        if "PLAYER_ID" not in of or (of["FGM"] or 0) - (of["FG3M"] or 0) < n:
            continue
        for to in rows:
            if to is not of and to["TEAM_ID"] == of["TEAM_ID"] and to["GAME_ID"] == of["GAME_ID"] and to["MIN"]:
                yield of, to


def _final_without_score(rows: Rows, _fault: Fault, _now: datetime) -> Rows:
    """Show a game that is put off as final without a result."""
    for row in rows:
        if row.get("gameStatusText") == "PPD":
            row["gameStatusText"], row["gameStatus"] = "Final", 3
            row["homeTeam"]["score"] = row["awayTeam"]["score"] = None
    return rows


def _swapped(rows: Rows, _fault: Fault, _now: datetime) -> Rows:
    """Swap home and away."""
    pairs = (("home_team", "away_team"), ("home_team", "visitor_team"), ("homeTeam", "awayTeam"))
    for row in rows:
        for one, other in pairs:
            if one in row and other in row:
                row[one], row[other] = row[other], row[one]
                break
    return rows


def _poison(rows: Rows, _fault: Fault, _now: datetime) -> Rows:
    """Give the first rows what no store can hold: half a character in a name, a NUL, a number of thirty digits."""
    poisons: tuple[Row, ...] = ({"PTS": 10**30}, {"PTS": 1e300})
    for row, poison in zip(rows, poisons, strict=False):
        row.update(poison)
    for row in rows[len(poisons) :][:2]:
        row["PLAYER_NAME"] += "\ud800\x00"
    return rows


def _other_dates(rows: Rows, _fault: Fault, _now: datetime) -> Rows:
    """Write each game's date another way, and name none of the instants."""
    return [row | {"gameDateEst": "{1}/{2}/{0}".format(*row["gameDateEst"][:10].split("-"))} for row in rows]


def _never_final(rows: Rows, _fault: Fault, _now: datetime) -> Rows:
    """Show the last game of each day as one that has not begun, for as long as it lasts."""
    for row in rows[-1:]:
        row |= {"gameStatus": 1, "gameStatusText": "7:00 pm ET"}
        for side in ("homeTeam", "awayTeam"):
            row[side] |= {"score": 0}
    return rows


def _shape(rows: Rows, _fault: Fault, _now: datetime) -> Rows:
    return rows


CHANGES: Mapping[str, Callable[[Rows, Fault, datetime], Rows]] = {
    "empty": _empty,
    "zero": _zero,
    "null": _null,
    "constant": _constant,
    "wrong date": _wrong_date,
    "missing game": _missing_game,
    "duplicated": _duplicated,
    "renamed": _renamed,
    "short ids": _short_ids,
    "strange game": _strange_game,
    "bad row": _bad_row,
    "bench": _bench,
    "fewer": _fewer,
    "one side": _one_side,
    "corrected": _corrected,
    "final without score": _final_without_score,
    "swapped": _swapped,
    "shape": _shape,
    "poison": _poison,
    "other dates": _other_dates,
    "other markets": _shape,
    "never final": _never_final,
}
