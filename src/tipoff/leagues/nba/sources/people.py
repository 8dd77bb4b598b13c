"""Players as each provider names them: its own id, the spelling, the team; and who is hurt."""

import dataclasses
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from tipoff.core.door import LONGEST_TEXT, identifier, shown, text
from tipoff.core.parsing import Aside, Use, shaped
from tipoff.core.payload import Payload
from tipoff.leagues.entries import Record, Tally, between, part, read_json
from tipoff.leagues.identity.names import name_key
from tipoff.leagues.nba.sources.boxes import result_set
from tipoff.leagues.nba.sources.reading import full_name, team_code

_ROSTER_ON_A_PAGE = b'<script id="__NEXT_DATA__"', b">", b"</script>"
# its ids count from 1 in this order
_BDL_ORDER = (
    "ATL BOS BKN CHA CHI CLE DAL DEN DET GSW HOU IND LAC LAL MEM",
    "MIA MIL MIN NOP NYK OKC ORL PHI PHX POR SAC SAS TOR UTA WAS",
)
BDL_TEAMS = tuple(code for half in _BDL_ORDER for code in half.split())


def _man(provider: str, found: str, name: str, team: str | None) -> Record:
    return {
        "provider": provider,
        "provider_player_id": found,
        "player_name": name,
        "player_key": name_key(name),
        "team": team,
    }


def of_day(tally: Tally, day: date, own_id: str) -> list[Record]:
    """Return a provider's men as rows of a day's table, in which the provider's own id is the column `own_id`."""
    rows = [row | {"day": day, own_id: int(row["provider_player_id"])} for row in tally.rows]
    return [{name: row[name] for name in row if name not in {"provider", "provider_player_id"}} for row in rows]


def _read(payload: Payload, items: list[Any], row: Callable[[Any], Record]) -> Tally:
    tally = Tally()
    tally.each(items, row)
    tally.must_be_recognised(payload)
    return tally


def player_index(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    """Return stats.nba.com's list of a season's players."""

    def row(item: Mapping[str, Any]) -> Record:
        name = full_name(item["PLAYER_FIRST_NAME"], item["PLAYER_LAST_NAME"])
        team = team_code(item["TEAM_ABBREVIATION"]) if item["TEAM_ABBREVIATION"] else None
        return _man("nba", identifier(item["PERSON_ID"], "PERSON_ID"), name, team)

    return _read(payload, result_set(payload, document, "PlayerIndex"), row)


def all_players(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    """Return everybody who ever played, the team of those who do."""

    def row(item: Mapping[str, Any]) -> Record:
        team = team_code(item["TEAM_ABBREVIATION"]) if item["TEAM_ABBREVIATION"] and item["ROSTERSTATUS"] else None
        name = text(item["DISPLAY_FIRST_LAST"], "DISPLAY_FIRST_LAST")
        return _man("nba", identifier(item["PERSON_ID"], "PERSON_ID"), name, team)

    return _read(payload, result_set(payload, document, "CommonAllPlayers"), row)


def team_roster(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    """Return a team's roster of stats.nba.com."""

    def row(item: Mapping[str, Any]) -> Record:
        team = team_code(item["TeamID"])
        return _man("nba", identifier(item["PLAYER_ID"], "PLAYER_ID"), text(item["PLAYER"], "PLAYER"), team)

    return _read(payload, result_set(payload, document, "CommonTeamRoster"), row)


def espn_roster(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    """Return a team's roster of ESPN's API."""
    team = part(payload, document, "team", kind=dict)
    code = team_code(team.get("abbreviation"))

    def row(man: Mapping[str, Any]) -> Record:
        return _man("espn", identifier(man["id"], "id"), text(man["fullName"], "fullName"), code)

    return _read(payload, part(payload, team, "athletes"), row)


def balldontlie_players(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    """Return balldontlie's players, a page of them or one."""
    data = part(payload, document, "data", kind=object)

    def row(man: Mapping[str, Any]) -> Record:
        team = man.get("team") or {}
        code = team.get("abbreviation") if isinstance(team, Mapping) else None
        name = full_name(man["first_name"], man["last_name"])
        known = team_code(code) if code in BDL_TEAMS else None
        return _man("balldontlie", identifier(man["id"], "id"), name, known)

    return _read(payload, data if isinstance(data, list) else [data], row)


def balldontlie_injuries(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    """Return who balldontlie says is hurt."""

    def row(item: Mapping[str, Any]) -> Record:
        man = item["player"]
        number = man.get("team_id")
        in_range = isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= len(BDL_TEAMS)
        name = full_name(man["first_name"], man["last_name"])
        found = _man("balldontlie", identifier(man["id"], "id"), name, BDL_TEAMS[number - 1] if in_range else None)
        said = item.get("description")
        reason = text(said, "description", longest=LONGEST_TEXT) if said else ""
        return found | {"status": text(item["status"], "status"), "reason": reason}

    return _read(payload, part(payload, document, "data"), row)


def next_cursor(document: Any) -> str | None:  # noqa: ANN401 -- JSON
    """Return where balldontlie goes on, or None: this page is the last."""
    meta = document.get("meta") if isinstance(document, Mapping) else None
    cursor = meta.get("next_cursor") if isinstance(meta, Mapping) else None
    return None if cursor is None else identifier(cursor, "next_cursor")


def roster_page(payload: Payload) -> Tally:
    """Return the roster that a page of nba.com holds as data."""
    found = between(payload.body, *_ROSTER_ON_A_PAGE)
    if found is None:
        raise shaped(payload, "the page holds no data")
    inner = dataclasses.replace(payload, body=found, sha256=f"{payload.sha256}#data")
    players = part(payload, read_json(inner), "props", "pageProps", "team", "roster")

    def row(man: Mapping[str, Any]) -> Record:
        if not man.get("PLAYER_ID"):
            raise Aside(Use.UNKNOWN, f"no player: {shown(man, longest=40)}")
        team = team_code(man["TeamID"])
        return _man("nba", identifier(man["PLAYER_ID"], "PLAYER_ID"), text(man["PLAYER"], "PLAYER"), team)

    return _read(payload, players, row)
