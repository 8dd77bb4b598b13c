"""statsapi.mlb.com `schedule` by date: the day's games, what was put off, broken off or goes on, and who is named to start."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.door import Unfit, calendar_date, instant, shown, start_on, text
from tipoff.core.parsing import Aside, Use, shaped
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.step import Context
from tipoff.leagues.entries import Record, Tally, part, read_json
from tipoff.leagues.identity.names import name_key
from tipoff.leagues.mlb.sources.reading import ON, club, count, game_id, games_on, person

SOURCE = "statsapi"
URL = "https://statsapi.mlb.com/api/v1/schedule"
KINDS = {
    "R": "regular season",
    "F": "wild card",
    "D": "division series",
    "L": "championship series",
    "W": "world series",
}
REGULAR = "R"
OTHER_KINDS = frozenset("SEAIPCN") | (KINDS.keys() - {REGULAR})  # spring, exhibition, all-star … Source: /gameTypes
_NO_GAMES = "no games scheduled"
_RESUMED = "it goes on from {day}: its starters began then"
STATUS = {  # by codedGameState. Source: statsapi.mlb.com /gameStatus
    "S": "scheduled",
    "P": "scheduled",  # pre-game, also warm-up and delayed start
    "I": "live",
    "N": "live",
    "M": "live",
    "O": "final",
    "F": "final",
    "D": "postponed",
    "C": "cancelled",
    "T": "suspended",
    "U": "suspended",
}


def requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the slate's day, with the pitchers that are named."""
    return [
        Request(
            source=SOURCE,
            url=URL,
            params=(("date", context.slate.day.isoformat()), ("hydrate", "probablePitcher,team"), ("sportId", "1")),
            max_age=timedelta(minutes=20),
        )
    ]


def parse(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return the slate's games of the regular season.

    A game that was broken off is `suspended` on the day on which it began, and stands again, with `resumed_from`, on the day on
    which it goes on. Of one that is named twice the one that is on counts; one no longer named stays as it was: both noted.
    """
    tally = Tally()
    tally.each(_games(payload), lambda game: _row(game, context))
    tally.must_be_recognised(payload)
    if tally.uses[Use.OTHER_DAY] and not tally.rows:
        raise shaped(payload, f"its games are of other days than {context.slate.day}, which was asked for")
    tally.rows.sort(key=lambda row: row["status"] not in ON)
    tally.once("game_id", by="status")
    here = {row["game_id"] for row in tally.rows}
    kept = [row for row in inputs["schedule"].to_pylist() if row["game_id"] not in here]
    notes = [
        f"the schedule no longer names {row['game_id']}, which it had on {row['day']}"
        for row in kept
        if row["status"] in {"scheduled", "live"}
    ]
    tally.rows += kept
    empty = not tally.rows and not tally.rejects
    return tally.parsed(excused={WHOLE_SLATE: _NO_GAMES} if empty else {}, notes=notes)


def _games(payload: Payload) -> list[Any]:
    """Return every game that an answer names; one that names none must say that it counts none."""
    document = read_json(payload)
    dates = part(payload, document, "dates")
    games = [game for number in range(len(dates)) for game in part(payload, dates, number, "games")]
    n_said = document.get("totalGames") if isinstance(document, Mapping) else None
    if n_said != 0 and not games:
        raise shaped(payload, f"it counts {shown(n_said, longest=40)} games and names none")
    return games


def _row(game: Mapping[str, Any], context: Context) -> Record:
    kind = game["gameType"]
    if kind in OTHER_KINDS:
        raise Aside(Use.OTHER_COMPETITION)
    if kind != REGULAR:
        raise Aside(Use.UNKNOWN, f"gameType is {shown(kind, longest=40)}, which is not known")
    day, found = context.slate.day, game_id(game["gamePk"])
    state = game["status"]
    status = STATUS.get(str(state["codedGameState"]))
    if status is None:
        raise Aside(Use.UNKNOWN, f"codedGameState is {shown(state['codedGameState'], longest=40)}, which is not known")
    resumed = game.get("resumedFromDate")
    began = calendar_date(resumed, "resumedFromDate") if resumed else None
    if began and began > day:
        msg = f"it goes on from {began}, which is yet to come"
        raise Unfit(msg)
    official = calendar_date(game["officialDate"], "officialDate")
    if official != day and not resumed and status != "postponed":
        raise Aside(Use.OTHER_DAY)
    later = game.get("resumeGameDate") if status == "suspended" else game.get("rescheduleGameDate")
    final = status == "final"
    home, away = game["teams"]["home"], game["teams"]["away"]
    codes = club(home["team"]["id"]), club(away["team"]["id"])
    if codes[0] == codes[1]:
        msg = f"{codes[0]} would play against itself"
        raise Unfit(msg)
    return {
        "day": day,
        "game_id": found,
        "home_team": codes[0],
        "away_team": codes[1],
        "first_pitch_at": _start(game, state, [day, began] if began else [day]) if status in ON else _told(game, state),
        "status": status,
        "moved_to": calendar_date(later, "the new date") if later and status in {"postponed", "suspended"} else None,
        "resumed_from": began,
        "game_number": count(game.get("gameNumber", 1), "gameNumber"),
        "double_header": text(game.get("doubleHeader", "N"), "doubleHeader", longest=1),
        "scheduled_innings": count(game.get("scheduledInnings"), "scheduledInnings"),
        "kind": KINDS[REGULAR],
        "venue_id": count((game.get("venue") or {}).get("id"), "the venue"),
        "home_score": count(home.get("score"), "score") if final else None,
        "away_score": count(away.get("score"), "score") if final else None,
    }


def _start(game: Mapping[str, Any], state: Mapping[str, Any], days: Sequence[date]) -> datetime | None:
    """Return the first pitch; None while it is to be determined (the second of two games begins when the first ends)."""
    return None if state.get("startTimeTBD") else start_on(game["gameDate"], *days)


def _told(game: Mapping[str, Any], state: Mapping[str, Any]) -> datetime | None:
    """Return the start of a game that is off, which may be that of another day."""
    return None if state.get("startTimeTBD") else instant(game["gameDate"], "gameDate")


def parse_probable(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return whom each club has named; a game of which nobody is named yet has no rows, one that goes on has none to come."""
    games = {row["game_id"]: row for row in games_on(inputs) if row["game_id"] in context.units}
    tally = Tally()
    for game in _games(payload):
        for side in ("home", "away"):
            tally.one(game, lambda entry, side=side: _probable(games, entry, side))  # type: ignore[misc]
    tally.must_be_recognised(payload)
    excused = {
        row["game_id"]: _RESUMED.format(day=row["resumed_from"]) for row in games.values() if row["resumed_from"]
    }
    return tally.parsed(excused=excused)


def _probable(games: Mapping[str, Record], entry: Mapping[str, Any], side: str) -> Record:
    game = games.get(game_id(entry["gamePk"]))
    if game is None or game["resumed_from"]:
        raise Aside(Use.LEFT_OUT)
    pitcher = entry["teams"][side].get("probablePitcher")
    if not pitcher:
        raise Aside(Use.NOT_YET)
    sides = game["home_team"], game["away_team"]
    name, other = text(pitcher["fullName"], "the pitcher's name"), "away" if side == "home" else "home"
    if person(pitcher["id"]) == (entry["teams"][other].get("probablePitcher") or {}).get("id"):
        msg = f"{name} would pitch for both clubs"
        raise Unfit(msg)
    return {
        "day": game["day"],
        "game_id": game["game_id"],
        "team": sides[0] if side == "home" else sides[1],
        "opponent": sides[1] if side == "home" else sides[0],
        "is_home": side == "home",
        "pitcher_id": person(pitcher["id"]),
        "pitcher_name": name,
        "pitcher_key": name_key(name),
    }
