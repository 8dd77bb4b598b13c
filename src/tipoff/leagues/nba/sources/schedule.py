"""The league's schedule file, cdn.nba.com: every game of the season, where it now stands."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.step import Context
from tipoff.leagues.nba.sources.reading import BadRow, Record, each, game_id, instant, read_json, shaped
from tipoff.leagues.nba.sources.teams import tricode

SOURCE = "nba schedule"
URL = "https://cdn.nba.com/static/json/staticData/scheduleLeagueV2.json"
REGULAR_SEASON = "002"
_STATUS = {1: "scheduled", 2: "scheduled", 3: "final"}


def requests(_context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the season's file; slates that are asked for within the hour share one answer."""
    return [Request(source=SOURCE, url=URL, max_age=timedelta(hours=1))]


def parse(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return the slate's games, and those that once stood on it.

    A game that now stands on another day is `moved`; one marked PPD is `postponed`; one that the file no longer names
    stays as it was, with a note: expected sets only grow.
    """
    by_day = _remembered(payload.sha256) or _by_day(payload)
    day = context.slate.day
    rows, rejects = each(by_day.get(day, ()), lambda entry: _row(entry, day))
    wanted = {row["game_id"] for row in (*rows, *inputs["schedule"].select(["game_id"]).to_pylist())}
    elsewhere = _elsewhere(by_day, day, wanted)
    rows = [_with_new_date(row, elsewhere) for row in _one_each(rows)]
    kept, notes = _kept(inputs["schedule"], {row["game_id"] for row in rows}, elsewhere)
    rows += kept
    excused = {} if rows or rejects else {WHOLE_SLATE: "no games scheduled"}
    return Parsed(rows=rows, rejects=rejects, excused=excused, notes=notes)


_Entries = Mapping[date | None, Sequence[Mapping[str, Any]]]
_last: dict[str, _Entries] = {}


def _remembered(sha: str) -> _Entries | None:
    """Return the last file by day, if it is the one with this hash: one file serves several slates."""
    return _last.get(sha)


def _by_day(payload: Payload) -> _Entries:
    document = read_json(payload)
    try:
        entries = [game for day in document["leagueSchedule"]["gameDates"] for game in day["games"]]
    except (KeyError, TypeError) as error:
        raise shaped(payload, f"no {error}") from error
    if not entries:
        raise shaped(payload, "it names no game of the whole season")
    found: dict[date | None, list[Mapping[str, Any]]] = {}
    for entry in entries:
        if game_id(entry.get("gameId", "")).startswith(REGULAR_SEASON):
            found.setdefault(_day(entry), []).append(entry)
    _last.clear()
    _last[payload.sha256] = found
    return found


def _elsewhere(by_day: _Entries, day: date, wanted: set[str]) -> dict[str, date]:
    """Return where else the wanted games stand."""
    return {
        game_id(entry["gameId"]): other
        for other, entries in by_day.items()
        if other is not None and other != day
        for entry in entries
        if game_id(entry["gameId"]) in wanted
    }


def _day(entry: Mapping[str, Any]) -> date | None:
    try:
        return date.fromisoformat(str(entry["gameDateEst"])[:10])
    except (KeyError, ValueError):
        return None  # an entry without a date stands on no slate; it is told when its game is missed


def _row(entry: Mapping[str, Any], day: date) -> Record:
    home, away = entry["homeTeam"], entry["awayTeam"]
    codes = [tricode(str(side["teamTricode"])) for side in (home, away)]
    if None in codes:
        msg = f"unknown club {home['teamTricode']} or {away['teamTricode']}"
        raise BadRow(msg)
    off = "PPD" in str(entry["gameStatusText"]).upper()
    cancelled = "CNCL" in str(entry["gameStatusText"]).upper()
    status = "postponed" if off else "cancelled" if cancelled else _STATUS[int(entry["gameStatus"])]
    tipoff_at: datetime = instant(str(entry["gameDateTimeUTC"]))
    status = _with_result(status, home, away)
    final = status == "final"
    return {
        "day": day,
        "game_id": game_id(entry["gameId"]),
        "home_team": codes[0],
        "away_team": codes[1],
        "home_team_id": int(home["teamId"]),
        "away_team_id": int(away["teamId"]),
        "tipoff_at": tipoff_at,
        "status": status,
        "moved_to": None,
        "home_score": int(home["score"]) if final else None,
        "away_score": int(away["score"]) if final else None,
    }


def _with_result(status: str, home: Mapping[str, Any], away: Mapping[str, Any]) -> str:
    """Return `postponed` for a game that is final without a result: so the file shows a game that was put off."""
    return "postponed" if status == "final" and None in {home["score"], away["score"]} else status


def _one_each(rows: list[Record]) -> list[Record]:
    """Return one row a game: where a game is named twice on a day, what is on wins over what is off."""
    best: dict[str, Record] = {}
    for row in rows:
        known = best.get(row["game_id"])
        if known is None or known["status"] in {"postponed", "cancelled"}:
            best[row["game_id"]] = row
    return list(best.values())


def _with_new_date(row: Record, elsewhere: Mapping[str, date]) -> Record:
    if row["status"] == "postponed" and row["game_id"] in elsewhere:
        return row | {"moved_to": elsewhere[row["game_id"]]}
    return row


def _kept(known: pa.Table, here: set[str], elsewhere: Mapping[str, date]) -> tuple[list[Record], tuple[str, ...]]:
    rows, notes = [], []
    for row in known.to_pylist():
        known_id = row["game_id"]
        if known_id in here:
            continue
        if known_id in elsewhere:
            status = row["status"] if row["status"] == "postponed" else "moved"
            rows.append(row | {"status": status, "moved_to": elsewhere[known_id]})
        else:
            rows.append(row)
            if row["status"] not in {"postponed", "cancelled"}:
                notes.append(f"the schedule no longer names {known_id}, which it had on {row['day']}")
    return rows, tuple(notes)
