"""Box scores of one game, as nba.com writes them: the live file of cdn.nba.com, and stats.nba.com's V2 and V3."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tipoff.core.door import LONGEST_TEXT, Unfit, identifier, shown, text
from tipoff.core.parsing import Aside, Use, shaped
from tipoff.core.payload import Payload
from tipoff.leagues.entries import Record, Tally, empty, part
from tipoff.leagues.identity.names import name_key
from tipoff.leagues.nba.sources.reading import count, counted_game, full_name, minutes, number, team_code

_NOT_OVER, FINAL = (1, 2), 3  # of the live file's `gameStatus`
_LIVE = {
    "fgm": "fieldGoalsMade",
    "fga": "fieldGoalsAttempted",
    "fg3m": "threePointersMade",
    "fg3a": "threePointersAttempted",
    "ftm": "freeThrowsMade",
    "fta": "freeThrowsAttempted",
    "oreb": "reboundsOffensive",
    "dreb": "reboundsDefensive",
    "reb": "reboundsTotal",
    "ast": "assists",
    "stl": "steals",
    "blk": "blocks",
    "tov": "turnovers",
    "pf": "foulsPersonal",
    "points": "points",
}
_V2 = {
    "fgm": "FGM",
    "fga": "FGA",
    "fg3m": "FG3M",
    "fg3a": "FG3A",
    "ftm": "FTM",
    "fta": "FTA",
    "oreb": "OREB",
    "dreb": "DREB",
    "reb": "REB",
    "ast": "AST",
    "stl": "STL",
    "blk": "BLK",
    "tov": "TO",
    "pf": "PF",
    "points": "PTS",
}
COUNTED = tuple(_LIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One game's box score: who played, each side's totals, and who did not play and why."""

    game_id: str
    home: str
    away: str
    players: Tally
    teams: Tally
    absent: tuple[Record, ...]


def read_box(payload: Payload, document: Any) -> Box:  # noqa: ANN401 -- JSON
    """Return the box score that a document holds, in whichever of the three forms.

    A game that is not over holds no rows: each of its entries is `not yet`.

    Raises:
        SourceError: It is none of the three, or of no game that counts.
    """
    if isinstance(document, Mapping) and "game" in document:
        return _sides_of(payload, part(payload, document, "game", kind=dict), is_live=True)
    if isinstance(document, Mapping) and "boxScoreTraditional" in document:
        return _sides_of(payload, part(payload, document, "boxScoreTraditional", kind=dict), is_live=False)
    return _v2(payload, document)


# --- the live file and V3: two sides, each with its players


def _sides_of(payload: Payload, game: Mapping[str, Any], *, is_live: bool) -> Box:
    sides = [(part(payload, game, name, kind=dict), name == "homeTeam") for name in ("homeTeam", "awayTeam")]
    codes = [_code(payload, side) for side, _ in sides]
    found = _game_of(payload, game.get("gameId"))
    over = not is_live or _is_over(payload, game.get("gameStatus"))
    box = _new(found, codes)
    scores = [_total(side, is_live=is_live) for side, _ in sides]
    for n, (side, is_home) in enumerate(sides):
        base = _base(found, codes, n, is_home=is_home, scores=scores) | {"team_id": count(side.get("teamId"), "teamId")}
        players = part(payload, side, "players")
        if not over:
            box.players.aside(Use.NOT_YET, len(players))
            box.teams.aside(Use.NOT_YET)
            continue
        absent: list[Record] = []
        box.players.each(players, _live_player(base, absent) if is_live else _v3_player(base, absent))
        box.teams.one(side, _live_team(base, is_live=is_live))
        box = _with(box, absent)
    return box


def _is_over(payload: Payload, status: Any) -> bool:  # noqa: ANN401 -- JSON
    if status not in (*_NOT_OVER, FINAL) or isinstance(status, bool):
        raise shaped(payload, f"gameStatus is {shown(status, longest=40)}, which is not known")
    return bool(status == FINAL)


def _new(found: str, codes: Sequence[str]) -> Box:
    return Box(game_id=found, home=codes[0], away=codes[1], players=Tally(), teams=Tally(), absent=())


def _with(box: Box, absent: Sequence[Record]) -> Box:
    return Box(
        game_id=box.game_id,
        home=box.home,
        away=box.away,
        players=box.players,
        teams=box.teams,
        absent=(*box.absent, *absent),
    )


def _code(payload: Payload, side: Mapping[str, Any]) -> str:
    try:
        return team_code(side.get("teamTricode") or side.get("teamId"))
    except Unfit as error:
        raise shaped(payload, str(error)) from error


def _game_of(payload: Payload, value: Any) -> str:  # noqa: ANN401 -- JSON
    try:
        return counted_game(value)
    except (Aside, Unfit) as error:
        raise shaped(payload, f"the game {value!r} is not one that counts") from error


def _total(side: Mapping[str, Any], *, is_live: bool) -> float | None:
    try:
        return number(side.get("score") if is_live else side["statistics"]["points"], "the score")
    except (Unfit, KeyError, TypeError):
        return None


def _base(found: str, codes: Sequence[str], n: int, *, is_home: bool, scores: Sequence[float | None]) -> Record:
    own, other = scores[n], scores[1 - n]
    won = own > other if own is not None and other is not None and own != other else None
    return {
        "game_id": found,
        "team": codes[n],
        "opponent": codes[1 - n],
        "is_home": is_home,
        "won": won,
    }


def _live_player(base: Record, absent: list[Record]) -> Callable[[Any], Record]:
    def read(player: Mapping[str, Any]) -> Record:
        who = _who(player, player.get("name"))
        counted = _counts(player["statistics"], _LIVE)
        played = minutes(player["statistics"].get("minutes"))
        if str(player.get("played")) != "1" and not any(counted.values()):
            reason = player.get("notPlayingDescription") or player.get("notPlayingReason") or ""
            absent.append(base | who | _why(player.get("status"), reason))
            raise Aside(Use.LEFT_OUT)
        plus = number(player["statistics"].get("plusMinusPoints"), "plusMinusPoints")
        return base | who | {"minutes": played, "plus_minus": plus} | counted

    return read


def _v3_player(base: Record, absent: list[Record]) -> Callable[[Any], Record]:
    def read(player: Mapping[str, Any]) -> Record:
        name = full_name(player.get("firstName"), player.get("familyName"))
        who, comment = _who(player, name), player.get("comment") or ""
        if player["statistics"].get("minutes") in {"", None} or comment:
            absent.append(base | who | _why("", comment))
            raise Aside(Use.LEFT_OUT)
        counted = _counts(player["statistics"], _LIVE)
        plus = number(player["statistics"].get("plusMinusPoints"), "plusMinusPoints")
        return base | who | {"minutes": minutes(player["statistics"]["minutes"]), "plus_minus": plus} | counted

    return read


def _live_team(base: Record, *, is_live: bool) -> Callable[[Any], Record]:
    def read(side: Mapping[str, Any]) -> Record:
        said = side["statistics"]
        counted = _counts(said, _LIVE)
        if is_live:  # the log counts its players' rebounds alone, here the team's own stand among them
            counted["reb"] = count(said.get("reboundsPersonal"), "reboundsPersonal")
        return base | {"minutes": _team_minutes(said.get("minutes")), "plus_minus": None} | counted

    return read


def _who(player: Mapping[str, Any], name: Any) -> Record:  # noqa: ANN401 -- JSON
    spelt = text(name, "the name")
    person = count(player["personId"], "personId")
    if not person or person < 0:
        msg = f"personId is {player['personId']!r}"
        raise Unfit(msg)
    return {"player_id": person, "player_name": spelt, "player_key": name_key(spelt)}


def _why(status: Any, reason: Any) -> Record:  # noqa: ANN401 -- JSON
    return {
        "status": "inactive" if str(status).upper() == "INACTIVE" else "did not play",
        "reason": text(reason, "the reason", longest=LONGEST_TEXT) if reason else "",
    }


def _counts(said: Mapping[str, Any], names: Mapping[str, str]) -> Record:
    return {ours: count(said.get(theirs), theirs) for ours, theirs in names.items()}


# --- V2: result sets


def result_set(payload: Payload, document: Any, name: str) -> list[Record]:  # noqa: ANN401 -- JSON
    """Return the rows of a result set by column name.

    Raises:
        SourceError: There is none of that name, or it is broken.
    """
    for found in part(payload, document, "resultSets"):
        if isinstance(found, Mapping) and found.get("name") == name:
            headers, rows = part(payload, found, "headers"), part(payload, found, "rowSet")
            return list(_records(headers, rows))
    raise shaped(payload, f"no result set {name}")


def _records(headers: Sequence[Any], rows: Sequence[Any]) -> Iterator[Any]:
    for row in rows:
        is_whole = isinstance(row, list) and len(row) == len(headers)
        yield dict(zip(headers, row, strict=True)) if is_whole else row


def _v2(payload: Payload, document: Any) -> Box:  # noqa: ANN401 -- JSON
    rows = result_set(payload, document, "PlayerStats")
    teams = result_set(payload, document, "TeamStats")
    whole = [row for row in teams if isinstance(row, Mapping)]
    if not whole:
        raise empty(payload, "it names no team: the game has not begun")
    found = _game_of(payload, whole[0].get("GAME_ID"))
    codes = [_v2_code(payload, row) for row in whole[:2]]
    if len(codes) != 2 or codes[0] == codes[1]:  # noqa: PLR2004 -- two sides
        raise shaped(payload, f"it is of {len(codes)} sides")
    scores = [_number_or_none(row.get("PTS")) for row in whole[:2]]
    box, absent = _new(found, codes), list[Record]()
    bases = {code: _v2_base(found, codes, n, scores) for n, code in enumerate(codes)}
    box.players.each(rows, lambda row: _v2_player(row, bases, absent))
    box.teams.each(teams, lambda row: _v2_team(row, bases))
    return _with(box, absent)


def _v2_code(payload: Payload, row: Mapping[str, Any]) -> str:
    try:
        return team_code(row.get("TEAM_ABBREVIATION"))
    except Unfit as error:
        raise shaped(payload, str(error)) from error


def _number_or_none(value: Any) -> float | None:  # noqa: ANN401 -- JSON
    try:
        return number(value, "PTS")
    except Unfit:
        return None


def _v2_base(found: str, codes: Sequence[str], n: int, scores: Sequence[float | None]) -> Record:
    base = _base(found, codes, n, is_home=False, scores=scores)
    return base | {"is_home": None}  # this form does not say who is at home


def _v2_player(row: Mapping[str, Any], bases: Mapping[str, Record], absent: list[Record]) -> Record:
    base = bases[team_code(row["TEAM_ABBREVIATION"])]
    _same_game(row, base)
    spelt = text(row["PLAYER_NAME"], "PLAYER_NAME")
    who = {
        "team_id": count(row["TEAM_ID"], "TEAM_ID"),
        "player_id": int(identifier(row["PLAYER_ID"], "PLAYER_ID")),
        "player_name": spelt,
        "player_key": name_key(spelt),
    }
    comment = row.get("COMMENT") or ""
    if row["MIN"] is None or str(comment).startswith(("DNP", "DND", "NWT")):
        absent.append(base | who | _why("", comment))
        raise Aside(Use.LEFT_OUT)
    plus = number(row.get("PLUS_MINUS"), "PLUS_MINUS")
    return base | who | {"minutes": minutes(row["MIN"]), "plus_minus": plus} | _counts(row, _V2)


def _v2_team(row: Mapping[str, Any], bases: Mapping[str, Record]) -> Record:
    base = bases[team_code(row["TEAM_ABBREVIATION"])]
    _same_game(row, base)
    said = {
        "team_id": count(row["TEAM_ID"], "TEAM_ID"),
        "minutes": _team_minutes(row["MIN"]),
        "plus_minus": number(row.get("PLUS_MINUS"), "PLUS_MINUS"),
    }
    return base | said | _counts(row, _V2)


def _team_minutes(value: Any) -> int | None:  # noqa: ANN401 -- JSON
    """Return a side's minutes, five times the game's, from `265:00` or `PT265M00.00S`."""
    if isinstance(value, str):
        value = value.removeprefix("PT").replace("M", ":").partition(":")[0]
    return count(value, "a side's minutes")


def _same_game(row: Mapping[str, Any], base: Record) -> None:
    if counted_game(row["GAME_ID"]) != base["game_id"]:
        msg = f"it is of the game {row['GAME_ID']}, the others are of {base['game_id']}"
        raise Unfit(msg)
