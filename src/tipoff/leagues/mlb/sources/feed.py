"""statsapi.mlb.com `feed/live` of a game: the line-ups before it, and after it who pitched and batted how."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.door import Unfit, number, shown
from tipoff.core.parsing import BROKEN, Aside, Use, shape_of, shaped
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.step import Context
from tipoff.leagues.entries import Record, Tally, part, read_json
from tipoff.leagues.mlb.models.history import BATTERS, SPOTS
from tipoff.leagues.mlb.sources.reading import born, club, count, games_on, hand, named, person
from tipoff.leagues.mlb.sources.schedule import STATUS

SOURCE = "statsapi"
URL = "https://statsapi.mlb.com/api/v1.1/game/{game}/feed/live"
_FIELDS = (
    "gamePk,gameData,game,doubleHeader,gameNumber,datetime,dateTime,officialDate,dayNight,status,codedGameState,players,id,"
    "fullName,birthDate,batSide,pitchHand,code,venue,weather,temp,probablePitchers,home,away,liveData,linescore,"
    "scheduledInnings,boxscore,teams,team,battingOrder,pitchers,batters,person,position,stats,batting,pitching,atBats,hits,"
    "baseOnBalls,hitByPitch,homeRuns,strikeOuts,runs,plateAppearances,gamesStarted,battersFaced,outs,numberOfPitches,teamStats,"
    "officials,official,officialType"
)
_OF_A_GAME = ("day", "game_id", "home_team", "away_team", "game_number", "resumed_from")  # what is read of the schedule
_CATCHER, _PITCHER = "2", "1"
_Side = tuple[str, Mapping[str, Any], Mapping[str, Any]]  # home or away, its box, the other's
_Entries = tuple[Sequence[Any], Callable[[Any], Record]]  # a side's entries, and what reads one


def requests(context: Context, inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for each game's feed; the tables that are read out of one answer share it."""
    return [_request(row) for row in games_on(inputs) if row["game_id"] in context.units]


def _request(row: Record) -> Request:
    return Request(
        source=SOURCE,
        url=URL.format(game=row["game_id"]),
        params=(("fields", _FIELDS),),
        unit=row["game_id"],
        max_age=timedelta(minutes=4),
    )


def parse_line_ups(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return both clubs' nine and starters once both are in; before that, no row. A game that goes on owes none."""
    row = _of_slate(payload, inputs)
    if row["resumed_from"]:
        return Parsed(
            rows=[], excused={row["game_id"]: f"it goes on from {row['resumed_from']}: its line-ups are of then"}
        )
    feed, tally = _feed(payload), Tally()
    with shape_of(payload):
        boxes = feed["liveData"]["boxscore"]["teams"]
        orders = [boxes[side].get("battingOrder") or [] for side in ("home", "away")]
        starters = [_starter(feed, boxes, side) for side in ("home", "away")]
    if any(len(order) < BATTERS for order in orders) or None in starters:
        tally.aside(Use.NOT_YET, 2)
        return tally.parsed()
    with shape_of(payload):
        both = {*orders[0], starters[0]} & {*orders[1], starters[1]}
    if both:
        raise shaped(payload, f"{min(map(str, both))} would play for both clubs")
    for side in ("home", "away"):
        tally.one(side, lambda one: _line_up(feed, row, one, context))
    return tally.parsed()


def parse_pitchers(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return one row a pitcher, once the game is over."""
    return _after(payload, context, inputs, _pitchers)


def parse_teams(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return two rows, once the game is over: each club at bat."""
    return _after(payload, context, inputs, lambda feed, row, side: ([side[0]], lambda _: _at_bat(feed, row, side)))


def parse_batters(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return one row a batter, once the game is over."""
    return _after(payload, context, inputs, _batters)


def _after(
    payload: Payload,
    context: Context,
    inputs: Mapping[str, pa.Table],
    read: Callable[[Mapping[str, Any], Record, _Side], _Entries],
) -> Parsed:
    row, feed, tally = _of_slate(payload, inputs), _feed(payload), Tally()
    with shape_of(payload):
        state = STATUS.get(str(feed["gameData"]["status"]["codedGameState"]))
        boxes = feed["liveData"]["boxscore"]["teams"]
    if state is None:
        raise shaped(payload, f"codedGameState is {shown(feed['gameData']['status']['codedGameState'], longest=40)}")
    if state != "final":
        tally.aside(Use.NOT_YET)
        return tally.parsed()
    for side, other in (("home", "away"), ("away", "home")):
        try:
            entries, one = read(feed, row, (side, boxes[side], boxes[other]))
        except BROKEN as error:
            tally.reject(error, side)
        else:
            tally.each(entries, one)
    tally.rows = [record | {"day": context.slate.day} for record in tally.rows]
    tally.must_be_recognised(payload)
    return tally.parsed()


def _feed(payload: Payload) -> Mapping[str, Any]:
    document: Mapping[str, Any] = read_json(payload)
    part(payload, document, "gameData", "players", kind=dict)
    if str(document.get("gamePk", payload.request.unit)).removesuffix(".0") != payload.request.unit:
        raise shaped(payload, f"asked for {payload.request.unit}, it is of {shown(document['gamePk'], longest=40)}")
    part(payload, document, "liveData", "boxscore", "teams", kind=dict)
    return document


def _of_slate(payload: Payload, inputs: Mapping[str, pa.Table]) -> Record:
    games = inputs["schedule"]
    place = games.column("game_id").to_pylist().index(payload.request.unit)
    return {name: games.column(name)[place].as_py() for name in _OF_A_GAME}


def _common(row: Record, side: str, box: Mapping[str, Any]) -> Record:
    team = row["home_team"] if side == "home" else row["away_team"]
    if club(box["team"]["id"]) != team:
        msg = f"{shown(box['team']['id'])} is not {team}, which the schedule has as {side}"
        raise Unfit(msg)
    return {
        "day": row["day"],
        "game_id": row["game_id"],
        "team": team,
        "opponent": row["away_team"] if side == "home" else row["home_team"],
        "is_home": side == "home",
    }


def _of_the_day(feed: Mapping[str, Any]) -> Record:
    data = feed["gameData"]
    umpires = [
        one
        for one in feed["liveData"]["boxscore"].get("officials") or ()
        if isinstance(one, Mapping) and one.get("officialType") == "Home Plate"
    ]
    lines = feed["liveData"].get("linescore") or {}
    return {
        "venue_id": count((data.get("venue") or {}).get("id"), "the venue"),
        "umpire_id": count(umpires[0]["official"]["id"], "the umpire") if umpires else None,
        "is_night": {"night": True, "day": False}.get(data["datetime"].get("dayNight", "")),
        "temperature": number((data.get("weather") or {}).get("temp"), "the temperature"),
        "scheduled_innings": count(lines.get("scheduledInnings"), "scheduledInnings"),
    }


def _starter(feed: Mapping[str, Any], boxes: Mapping[str, Any], side: str) -> int | None:
    """Return who starts: the first of the club's pitchers where the box names them, else the man named."""
    pitchers = boxes[side].get("pitchers") or []
    if pitchers:
        return person(pitchers[0])
    probable = (feed["gameData"].get("probablePitchers") or {}).get(side) or {}
    return person(probable["id"]) if probable.get("id") else None


def _at(box: Mapping[str, Any], position: str) -> int | None:
    """Return who of the nine (or the pitcher beside them) stands at a position."""
    for player in box["battingOrder"]:
        if (box["players"].get(f"ID{player}") or {}).get("position", {}).get("code") == position:
            return person(player)
    return None


def _nine(box: Mapping[str, Any]) -> Record:
    order = [person(player) for player in box["battingOrder"]]
    if not len(order) == len(set(order)) == BATTERS:
        msg = f"the nine are {len(set(order))} men in {len(order)} places"
        raise Unfit(msg)
    return dict(zip(SPOTS, order, strict=True))


def _has_designated(box: Mapping[str, Any]) -> bool:
    """Whether somebody else bats for the pitcher: none stands in the order as a pitcher."""
    return _at(box, _PITCHER) is None


def _line_up(feed: Mapping[str, Any], row: Record, side: str, _context: Context) -> Record:
    boxes, people = feed["liveData"]["boxscore"]["teams"], feed["gameData"]["players"]
    box = boxes[side]
    starter = _starter(feed, boxes, side) or 0
    about = people.get(f"ID{starter}") or {}
    name, key = named(starter, people)
    return (
        _common(row, side, box)
        | _nine(box)
        | _of_the_day(feed)
        | {
            "catcher_id": _at(box, _CATCHER),
            "starter_id": starter,
            "starter_name": name,
            "starter_key": key,
            "starter_throws": hand(about.get("pitchHand")),
            "starter_birth_date": born(about.get("birthDate")),
            "has_designated_hitter": _has_designated(box),
        }
    )


def _pitchers(feed: Mapping[str, Any], row: Record, told: _Side) -> _Entries:
    side, box, _ = told
    people, common, started = feed["gameData"]["players"], _common(row, side, box), _started(box)
    return list(
        enumerate(box["pitchers"], start=1)
    ), lambda entry: _pitcher(box, people, common, *entry) | {"is_starter": entry[1] == started}


def _started(box: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- JSON
    """Return who started by his own numbers; the first to pitch, where those of nobody say."""
    told = [
        (found, (box["players"].get(f"ID{found}") or {}).get("stats", {}).get("pitching", {}).get("gamesStarted"))
        for found in box["pitchers"]
    ]
    started = [found for found, n_started in told if n_started]
    if all(n_started is None for _, n_started in told):
        started = [found for found, _ in told[:1]]
    if len(started) != 1:
        msg = f"by gamesStarted {len(started)} of its {len(told)} pitchers started"
        raise Unfit(msg)
    return started[0]


def _pitcher(box: Mapping[str, Any], people: Mapping[str, Any], common: Record, place: int, found: Any) -> Record:  # noqa: ANN401 -- JSON
    pitcher = person(found)
    stats, about = box["players"][f"ID{pitcher}"]["stats"]["pitching"], people.get(f"ID{pitcher}") or {}
    name, key = named(pitcher, people)
    return common | {
        "pitcher_id": pitcher,
        "pitcher_name": name,
        "pitcher_key": key,
        "appearance": place,
        "outs": count(stats.get("outs"), "outs"),
        "batters_faced": count(stats.get("battersFaced"), "battersFaced"),
        "strikeouts": count(stats.get("strikeOuts"), "strikeOuts"),
        "walks": count(stats.get("baseOnBalls"), "baseOnBalls"),
        "hits": count(stats.get("hits"), "hits"),
        "home_runs": count(stats.get("homeRuns"), "homeRuns"),
        "runs": count(stats.get("runs"), "runs"),
        "pitches": count(stats.get("numberOfPitches"), "numberOfPitches"),
        "throws": hand(about.get("pitchHand")),
        "birth_date": born(about.get("birthDate")),
    }


def _at_bat(feed: Mapping[str, Any], row: Record, told: _Side) -> Record:
    side, box, other = told
    stats = box["teamStats"]["batting"]
    reached = [count(stats.get(name), name) for name in ("hits", "baseOnBalls", "hitByPitch")]
    on_base = None if reached[0] is None or reached[1] is None else reached[0] + reached[1] + (reached[2] or 0)
    return (
        _common(row, side, box)
        | _nine(box)
        | _of_the_day(feed)
        | {
            "opposing_catcher_id": _at(other, _CATCHER),
            "opposing_starter_id": person(other["pitchers"][0]),
            "plate_appearances": count(stats.get("plateAppearances"), "plateAppearances"),
            "strikeouts": count(stats.get("strikeOuts"), "strikeOuts"),
            "runs": count(stats.get("runs"), "runs"),
            "on_base": on_base,
            "has_designated_hitter": _has_designated(box),
            "game_number": row["game_number"],
        }
    )


def _batters(feed: Mapping[str, Any], row: Record, told: _Side) -> _Entries:
    """Return who batted, each once: the nine, and the others that are named among the batters."""
    side, box, _ = told
    common, people = _common(row, side, box), feed["gameData"]["players"]
    spots: dict[str, tuple[int | None, Any]] = {str(found): (None, found) for found in box.get("batters") or ()}
    spots |= {str(found): (spot, found) for spot, found in enumerate(box["battingOrder"][:BATTERS], start=1)}
    return list(spots.values()), lambda entry: common | _batter(box, people, *entry)


def _batter(box: Mapping[str, Any], people: Mapping[str, Any], spot: int | None, found: Any) -> Record:  # noqa: ANN401 -- JSON
    batter = person(found)
    player, about = box["players"].get(f"ID{batter}") or {}, people.get(f"ID{batter}") or {}
    stats = (player.get("stats") or {}).get("batting") or {}
    if spot is None and not stats:
        raise Aside(Use.LEFT_OUT)  # named among the batters, as a pitcher is where another bats for him
    return {
        "batter_id": batter,
        "batter_name": named(batter, people)[0],
        "spot": spot,
        "is_starter": spot is not None,
        "bats": hand(about.get("batSide")),
        "at_bats": count(stats.get("atBats"), "atBats"),
        "hits": count(stats.get("hits"), "hits"),
        "walks": count(stats.get("baseOnBalls"), "baseOnBalls"),
        "home_runs": count(stats.get("homeRuns"), "homeRuns"),
        "strikeouts": count(stats.get("strikeOuts"), "strikeOuts"),
    }
