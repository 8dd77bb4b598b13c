"""The league's schedule file, cdn.nba.com: every game of the season, where it now stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.clock import midnight, on_clock
from tipoff.core.door import Unfit, calendar_date, identifier, shown, start_on
from tipoff.core.parsing import Aside, Use, shaped
from tipoff.core.payload import Parsed, Payload, Reject, Request
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import Season
from tipoff.core.step import Context
from tipoff.leagues.entries import Record, Tally, part, read_json
from tipoff.leagues.nba.sources.reading import count, counted_game, game_id, team_code

SOURCE = "nba schedule"
URL = "https://cdn.nba.com/static/json/staticData/scheduleLeagueV2.json"
_STATUS = {1: "scheduled", 2: "scheduled", 3: "final"}
_LONGER = timedelta(days=60)  # a season's end may be put off by so much after its days were last learned
_DECIDED_BY = timedelta(hours=10)  # New York: by then it is known who plays on a day
_LONGEST_NAME = 16  # characters of a season's name
_FIRST_MONTH = 8  # a season that begins in the autumn is named after two years


SEASON_REQUEST = Request(source=SOURCE, url=URL, max_age=timedelta(hours=1))


def season_year(day: date) -> int:
    """Return the year in which the season of a day begins."""
    return day.year if day.month >= _FIRST_MONTH else day.year - 1


def season_name(year: int) -> str:
    """Return the name of the season that begins in a year."""
    return f"{year}-{(year + 1) % 100:02d}"


def season_of(payload: Payload) -> Season:
    """Return the season that a file is of: its name, and the first and last day of its games that count.

    Raises:
        SourceError: It names no such game, or not its season.
    """
    found = _by_day(payload)
    if not found.name:
        raise shaped(payload, "it does not say of which season it is")
    return Season(found.name, min(found.by_day), max(found.by_day))


def requests(_context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the season's file; slates that are asked for within the hour share one answer."""
    return [SEASON_REQUEST]


def parse(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return the slate's games, and those that once stood on it.

    A game that now stands on another day is `moved`; one marked PPD is `postponed`; one that the file no longer names
    stays as it was, with a note: expected sets only grow. A slot whose teams are not decided is no game before its day.
    That a day has no games is believed only of a file of this season that names one of that day or a later.
    """
    season = _remembered(payload.sha256) or _by_day(payload)
    if season.name not in {"", context.slate.season.name}:
        raise shaped(payload, f"it is of the season {season.name}, asked for was {context.slate.season.name}")
    day, tally = context.slate.day, Tally()
    decided_by = on_clock(day, _DECIDED_BY)
    tally.each(season.by_day.get(day, ()), lambda entry: _row(entry, day, may_be_undecided=context.as_of < decided_by))
    tally.rejects += season.rejects
    wanted = {row["game_id"] for row in (*tally.rows, *inputs["schedule"].select(["game_id"]).to_pylist())}
    elsewhere = {game: other for game in wanted for other in season.days_of.get(game, ()) if other != day}
    rows = [_with_new_date(row, elsewhere) for row in _one_each(tally.rows)]
    kept, notes = _kept(inputs["schedule"], {row["game_id"] for row in rows}, elsewhere)
    tally.rows = [*rows, *kept]
    tally.aside(Use.OTHER_DAY, season.n_counted - len(season.by_day.get(day, ())))
    tally.aside(Use.OTHER_COMPETITION, season.n_others)
    tally.aside(Use.UNREADABLE, len(season.rejects))
    unread = tally.uses[Use.UNREADABLE] or tally.uses[Use.UNKNOWN]
    last = context.slate.season.last_day + _LONGER
    if not (tally.rows or unread or any(day <= other <= last for other in season.by_day)):
        dates = f"{min(season.by_day)} to {max(season.by_day)}"
        raise shaped(
            payload, f"its games are from {dates}: it says nothing of {day}, a day of {context.slate.season.name}"
        )
    undecided = "no games scheduled yet: a slot is undecided" if tally.uses[Use.LEFT_OUT] else "no games scheduled"
    return tally.parsed(excused={} if tally.rows or unread else {WHOLE_SLATE: undecided}, notes=notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Season:
    """A season's file: its games that count by day, how many others it names, and what in it cannot be read."""

    name: str
    by_day: Mapping[date, Sequence[Mapping[str, Any]]]
    days_of: Mapping[str, Sequence[date]]
    n_counted: int
    n_others: int
    rejects: tuple[Reject, ...]


_last: dict[str, _Season] = {}


def _remembered(sha: str) -> _Season | None:
    """Return the last file by day, if it is the one with this hash: one file serves several slates."""
    return _last.get(sha)


def _by_day(payload: Payload) -> _Season:
    document = read_json(payload)
    days = part(payload, document, "leagueSchedule", "gameDates")
    dates, tally = Tally(), Tally()
    dates.each(days, lambda day: {"games": _list(day["games"])})
    found: dict[date, list[Mapping[str, Any]]] = {}
    days_of: dict[str, list[date]] = {}

    def read(entry: Mapping[str, Any]) -> Record:
        game, of = counted_game(entry["gameId"]), calendar_date(entry["gameDateEst"], "gameDateEst")
        found.setdefault(of, []).append(entry)
        days_of.setdefault(game, []).append(of)
        return {}

    for day in dates.rows:
        tally.each(day["games"], read)
    tally.rejects += dates.rejects
    n_others, n_counted = tally.uses[Use.OTHER_COMPETITION], tally.uses[Use.USED]
    if not n_counted:
        why = tally.rejects[0].reason if tally.rejects else f"{n_others} of other kinds or leagues"
        raise shaped(payload, f"it names no game of the whole season that counts ({why})")
    name = document["leagueSchedule"].get("seasonYear")
    _last.clear()
    season = _Season(
        name=_name(payload, name) if name else "",
        by_day=found,
        days_of=days_of,
        n_counted=n_counted,
        n_others=n_others,
        rejects=tuple(tally.rejects),
    )
    _last[payload.sha256] = season
    return season


def _name(payload: Payload, value: Any) -> str:  # noqa: ANN401 -- JSON
    try:
        return identifier(value, "seasonYear", longest=_LONGEST_NAME)
    except Unfit as error:
        raise shaped(payload, str(error)) from error


def _list(value: Any) -> list[Any]:  # noqa: ANN401 -- JSON
    if not isinstance(value, list):
        msg = f"games are {shown(value, longest=40)}"
        raise Unfit(msg)
    return value


def _row(entry: Mapping[str, Any], day: date, *, may_be_undecided: bool) -> Record:
    home, away = entry["homeTeam"], entry["awayTeam"]
    if any(side["teamId"] in {0, None} and not side.get("teamTricode") for side in (home, away)):
        if may_be_undecided:
            raise Aside(Use.LEFT_OUT)  # a slot whose teams, or one of them, are not decided
        msg = "its teams are not decided, on its own day"
        raise Unfit(msg)
    codes = [team_code(side["teamTricode"]) for side in (home, away)]
    if codes[0] == codes[1]:
        msg = f"{codes[0]} would play against itself"
        raise Unfit(msg)
    status = _status(entry, home, away)
    final = status == "final"
    return {
        "day": day,
        "game_id": game_id(entry["gameId"]),
        "home_team": codes[0],
        "away_team": codes[1],
        "home_team_id": count(home["teamId"], "teamId"),
        "away_team_id": count(away["teamId"], "teamId"),
        "tipoff_at": _start(entry, day),
        "status": status,
        "moved_to": None,
        "home_score": count(home["score"], "score") if final else None,
        "away_score": count(away["score"], "score") if final else None,
    }


def _start(entry: Mapping[str, Any], day: date) -> datetime | None:
    """Return the start; None while it is to be determined, of which the file says midnight."""
    if shown(entry.get("gameStatusText"), longest=40).strip().upper() in {"TBD", "TBA"}:
        return None
    at = start_on(entry["gameDateTimeUTC"], day)
    return None if at == midnight(day) else at


def _status(entry: Mapping[str, Any], home: Mapping[str, Any], away: Mapping[str, Any]) -> str:
    """Return what becomes of the game; one that is final without a result is `postponed`: so the file shows what was put off."""
    said = shown(entry.get("gameStatusText"), longest=40).upper()
    if any(word in said for word in ("PPD", "POSTPONED")) or entry.get("postponedStatus") == "Y":
        return "postponed"
    if any(word in said for word in ("CNCL", "CANCEL")):
        return "cancelled"
    status = _STATUS.get(count(entry["gameStatus"], "gameStatus") or 0)
    if status is None:
        raise Aside(Use.UNKNOWN, f"gameStatus is {shown(entry['gameStatus'], longest=40)}, which is not known")
    scores = [count(side["score"], "score") for side in (home, away)] if status == "final" else [1]
    if not any(scores):
        return "postponed" if None in scores else "scheduled"  # a result of 0 to 0 is none
    return status


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
