"""the-odds-api.com: events of the coming days, and each event's player points, line by book."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.clock import league_day, midnight
from tipoff.core.door import Unfit, identifier, shown, text
from tipoff.core.parsing import BROKEN, Aside, Record, Tally, UnexpectedGame, Use, part, read_json, shaped
from tipoff.core.payload import Parsed, Payload, Reject, Request
from tipoff.core.step import Context
from tipoff.identity.games import GameIndex, ListedGame
from tipoff.identity.names import name_key
from tipoff.leagues.nba.sources.reading import games_by_sides, instant, number
from tipoff.leagues.nba.sources.teams import BY_ODDS_NAME

SOURCE = "the-odds-api"
URL = "https://api.the-odds-api.com/v4/sports/basketball_nba/events"
MARKET = "player_points"
NOT_OFFERED = "not offered"
SPORT = "basketball_nba"
EVENS = 100


def event_requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the events that begin on the slate's day."""
    begin = midnight(context.slate.day).astimezone(UTC)
    end = begin + timedelta(hours=30)
    return [
        Request(
            source=SOURCE,
            url=URL,
            params=(
                ("apiKey", "{odds_api_key}"),
                ("commenceTimeFrom", f"{begin:%Y-%m-%dT%H:%M:%SZ}"),
                ("commenceTimeTo", f"{end:%Y-%m-%dT%H:%M:%SZ}"),
                ("dateFormat", "iso"),
            ),
            secrets=("odds_api_key",),
        )
    ]


def parse_events(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return the events of the slate's games, found by their sides and New York date; of a game under two ids the first.

    On neutral ground the market may have the sides swapped: a line is of the game, whoever is at home in it.
    """
    games = GameIndex.of(
        ListedGame(game_id=row["game_id"], day=context.slate.day, home=home, away=away)
        for (home, away), row in games_by_sides(inputs).items()
    )
    tally = Tally()
    tally.each(part(payload, read_json(payload)), lambda event: _event(event, games, context))
    tally.must_be_recognised(payload)
    first: dict[str, Record] = {}
    for row in tally.rows:
        other = first.setdefault(row["game_id"], row)
        if other is not row:
            tally.notes.append(
                f"{row['game_id']} has two events, {other['event_id']} and {row['event_id']}: the first is asked"
            )
    tally.rows = list(first.values())
    return tally.parsed()


def _event(event: Mapping[str, Any], games: GameIndex, context: Context) -> Record:
    if event.get("sport_key", SPORT) != SPORT:
        raise Aside(Use.OTHER_COMPETITION)
    begins = instant(event["commence_time"], "commence_time")
    if league_day(begins) != context.slate.day:
        raise Aside(Use.OTHER_DAY)
    names = text(event["home_team"], "home_team"), text(event["away_team"], "away_team")
    sides = BY_ODDS_NAME.get(names[0], ""), BY_ODDS_NAME.get(names[1], "")
    found = games.find(*sides, context.slate.day)
    if found is None:
        msg = f"no game {names[1]} at {names[0]} stands on {context.slate.day}"
        if all(sides) and begins > context.as_of:
            raise UnexpectedGame(msg)
        raise Aside(Use.NO_GAME, msg)
    return {
        "day": context.slate.day,
        "game_id": found.game.game_id,
        "event_id": identifier(event["id"], "the event's id"),
        "home_team": found.game.home,
        "away_team": found.game.away,
        "commence_at": begins,
    }


def line_requests(context: Context, inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the points market of each asked game that has an event."""
    return [
        Request(
            source=SOURCE,
            url=f"{URL}/{row['event_id']}/odds",
            params=(
                ("apiKey", "{odds_api_key}"),
                ("markets", MARKET),
                ("oddsFormat", "american"),
                ("regions", "us"),
            ),
            secrets=("odds_api_key",),
            unit=row["game_id"],
            cost=1,  # markets × regions
            closes_at=row["commence_at"],
        )
        for row in inputs["odds_events"].to_pylist()
        if row["game_id"] in context.units
    ]


def parse_lines(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return one row a book, player and line, over and under side by side; an empty market excuses its game.

    What was quoted after the start is not of this market: it is left out, with a note. An answer whose bookmakers name no market
    that is known is none: only an answer without any quote says that nothing is offered.
    """
    document = read_json(payload)
    books = part(payload, document, "bookmakers")
    game_id = payload.request.unit
    base = {"day": context.slate.day, "game_id": game_id, "event_id": _event_id(payload, document)}
    begins = _begins(document)
    tally = Tally()
    pairs: dict[tuple[str, str, float], Record] = {}
    for book in books:
        for market in _markets(book, tally):
            _quotes(book, market, begins, tally, base, pairs)
    tally.must_be_recognised(payload)
    tally.rows = list(pairs.values())
    known = any(row["game_id"] == game_id for row in inputs["player_lines"].select(["game_id"]).to_pylist())
    said_nothing = not tally.uses
    return tally.parsed(excused={game_id: NOT_OFFERED} if said_nothing and not known else {})


def _event_id(payload: Payload, document: Mapping[str, Any]) -> str:
    try:
        return identifier(document.get("id"), "the event's id")
    except Unfit as error:
        raise shaped(payload, str(error)) from error


def _begins(document: Mapping[str, Any]) -> datetime | None:
    try:
        return instant(document.get("commence_time"), "commence_time")
    except Unfit:
        return None


def _markets(book: Any, tally: Tally) -> Sequence[Mapping[str, Any]]:  # noqa: ANN401 -- JSON
    """Return a book's markets that are known; one that is suspended has no list."""
    try:
        markets = book.get("markets") or ()
        found = [market for market in markets if market.get("key") == MARKET]
        others = {shown(market.get("key")) for market in markets} - {MARKET}
    except BROKEN as error:
        tally.reject(error, book)
        return ()
    if others and not found:
        tally.aside(Use.UNKNOWN)
        tally.rejects.append(Reject(f"no market that is known: {', '.join(sorted(others))}"[:200], shown(book)))
    return found


def _quotes(  # noqa: PLR0913 -- a book's market, and where its rows go
    book: Mapping[str, Any],
    market: Mapping[str, Any],
    begins: datetime | None,
    tally: Tally,
    base: Record,
    pairs: dict[tuple[str, str, float], Record],
) -> None:
    """Read one market; without an instant of its own it has its book's."""
    try:
        key = identifier(book["key"], "the book")
        quoted_at = instant(market.get("last_update") or book.get("last_update"), "last_update")
        outcomes = list(market.get("outcomes") or ())
    except BROKEN as error:
        tally.reject(error, market)
        return
    if begins is not None and quoted_at >= begins:
        tally.aside(Use.LEFT_OUT, max(1, len(outcomes)))
        tally.notes.append(f"{key} quoted at {quoted_at:%H:%M} UTC, after the start: left out")
        return
    if not outcomes:
        tally.aside(Use.LEFT_OUT)  # suspended
    told = base | {"book": key, "quoted_at": quoted_at}
    for outcome in outcomes:
        tally.one(outcome, lambda found: _outcome(found, told, pairs))


def _outcome(outcome: Mapping[str, Any], told: Record, pairs: dict[tuple[str, str, float], Record]) -> Record:
    side = {"Over": "over_price", "Under": "under_price"}.get(outcome["name"])
    if side is None:
        raise Aside(Use.UNKNOWN, f"the side {shown(outcome['name'], longest=40)} is not known")
    name, line = text(outcome["description"], "the name"), number(outcome["point"], "the line")
    if line is None:
        msg = f"{name} has no line"
        raise Unfit(msg)
    price = american(outcome["price"])
    fresh = told | {
        "player_name": name,
        "player_key": name_key(name),
        "line": line,
        "over_price": None,
        "under_price": None,
    }
    row = pairs.setdefault((told["book"], fresh["player_key"], line), fresh)
    row[side] = price
    return row


def american(value: Any) -> int | None:  # noqa: ANN401 -- JSON
    """Return an American price, or None where nothing was said.

    American odds are 100 or more, or -100 or less; what lies between is a decimal price, and is not guessed at.

    Raises:
        Unfit: It is none.
    """
    found = number(value, "the price")
    if found is None:
        return None
    if abs(found) < EVENS or found != int(found):
        msg = f"the price {shown(value, longest=40)} is no American one"
        raise Unfit(msg)
    return int(found)
