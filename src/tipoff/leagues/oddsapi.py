"""the-odds-api.com, of any sport: events of the coming days, and of each event one market of players, line by book."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.clock import league_day, midnight
from tipoff.core.door import Unfit, identifier, instant, number, shown, text
from tipoff.core.parsing import BROKEN, Aside, Use, shaped
from tipoff.core.payload import Parsed, Payload, Reject, Request
from tipoff.core.provider import CreditHeaders, Provider, RefusalMeaning
from tipoff.core.schema import KNOWN_AT, Column, integer
from tipoff.core.schema import instant as instant_column
from tipoff.core.schema import number as number_column
from tipoff.core.schema import text as text_column
from tipoff.core.step import Context
from tipoff.leagues.entries import Record, Tally, UnexpectedGame, part, read_json
from tipoff.leagues.identity.games import GameIndex, ListedGame
from tipoff.leagues.identity.names import name_key

SOURCE = "the-odds-api"
KEY = "odds_api_key"
NOT_OFFERED = "not offered"
EVENS = 100
PROVIDER = Provider(
    base="https://api.the-odds-api.com",
    headers=(("User-Agent", "tipoff (a prediction pipeline; asks each page once and waits)"),),
    at_once=4,
    every=timedelta(milliseconds=50),  # thirty a second
    credits=CreditHeaders(used="x-requests-used", remaining="x-requests-remaining"),
    says=(
        ("out_of_usage_credits", RefusalMeaning.CREDITS),
        ("deactivated_key", RefusalMeaning.PLAN),
        ("missing_key", RefusalMeaning.BAD_KEY),
        ("invalid_key", RefusalMeaning.BAD_KEY),
        ("exceeded_freq_limit", RefusalMeaning.TOO_OFTEN),
    ),
    terms="By key, 500 credits a month without payment; a request costs markets × regions, past odds ten times that.",
)
EVENT_COLUMNS = (
    text_column("game_id", required=True),
    text_column("event_id", required=True),
    text_column("home_team", required=True),
    text_column("away_team", required=True),
    instant_column("commence_at", required=True),
    KNOWN_AT,
)
LINE_KEY = ("game_id", "book", "player_key", "line", "quoted_at")
_ON = frozenset({"scheduled", "live", "final"})
_PUT_OFF = timedelta(days=7)  # the farthest start that is believed of an event, from the one that was known
_STALE, _AHEAD = timedelta(days=30), timedelta(hours=1)  # a quote is no older, and no clock further ahead
_BETWEEN = timedelta(hours=2)  # a game of two begins this long after the other at the least


def line_columns(most: float, measure: str) -> tuple[Column, ...]:
    """Return the columns of a table of quotes, of lines up to `most`."""
    return (
        text_column("game_id", required=True),
        text_column("event_id", required=True),
        text_column("book", required=True),
        text_column("player_name", required=True),
        text_column("player_key", required=True),
        number_column("line", 0.5, most, measure=measure, places=2, required=True),
        integer("over_price", -20000, 20000, measure="american odds"),
        integer("under_price", -20000, 20000, measure="american odds"),
        instant_column("quoted_at", required=True),
        KNOWN_AT,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A league's market of players. `sport` and `name` are the provider's, `clubs` our codes by its names.

    `start` is the schedule's column of a game's start, `goes_on_from` the one that says on which day it began, if
    an earlier one: of such a game nothing is offered any more. Events are kept in `odds_events`, lines in `player_lines`.
    """

    sport: str
    name: str
    clubs: Mapping[str, str]
    start: str
    goes_on_from: str = ""

    @property
    def url(self) -> str:
        """Where the sport's events are."""
        return f"{PROVIDER.base}/v4/sports/{self.sport}/events"

    def event_requests(self, context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
        """Ask for the events that begin on the slate's day."""
        begin = midnight(context.slate.day).astimezone(UTC)
        end = begin + timedelta(hours=30)
        return [
            Request(
                source=SOURCE,
                url=self.url,
                params=(
                    ("apiKey", f"{{{KEY}}}"),
                    ("commenceTimeFrom", f"{begin:%Y-%m-%dT%H:%M:%SZ}"),
                    ("commenceTimeTo", f"{end:%Y-%m-%dT%H:%M:%SZ}"),
                    ("dateFormat", "iso"),
                ),
                secrets=(KEY,),
            )
        ]

    def parse_events(self, payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
        """Return the events of the slate's games, found by their sides and New York date; of a game under two ids the first.

        On neutral ground the market may have the sides swapped: a line is of the game, whoever is at home in it.
        """
        rows, begun = [], {}
        for row in inputs["schedule"].to_pylist():
            if self.goes_on_from and row[self.goes_on_from]:
                begun[row["game_id"]] = f"it began on {row[self.goes_on_from]}"
            elif row["status"] in _ON:
                rows.append(row)
        tally = Tally()
        tally.each(part(payload, read_json(payload)), lambda event: self._event(event, rows, context))
        tally.must_be_recognised(payload)
        tally.once("game_id", by="event_id")
        return tally.parsed(excused=begun)

    def _event(self, event: Mapping[str, Any], rows: Sequence[Record], context: Context) -> Record:
        if event.get("sport_key", self.sport) != self.sport:
            raise Aside(Use.OTHER_COMPETITION)
        begins, day = instant(event["commence_time"], "commence_time"), context.slate.day
        if league_day(begins) != day:
            raise Aside(Use.OTHER_DAY)
        names = text(event["home_team"], "home_team"), text(event["away_team"], "away_team")
        sides = self.clubs.get(names[0], ""), self.clubs.get(names[1], "")
        if sides[0] and sides[0] == sides[1]:
            msg = f"{sides[0]} would play against itself"
            raise Unfit(msg)
        meant = [row for row in rows if {row["home_team"], row["away_team"]} == {*sides}]
        index = GameIndex.of(
            ListedGame(game_id=row["game_id"], day=day, home=row["home_team"], away=row["away_team"]) for row in meant
        )
        number = meant.index(game_meant(meant, begins, self.start)) + 1 if len(meant) > 1 else 0
        found = index.find(*sides, day, number=number)
        if found is None:
            msg = f"no game {names[1]} at {names[0]} stands on {day}"
            if all(sides) and begins > context.as_of:
                raise UnexpectedGame(msg)
            raise Aside(Use.NO_GAME, msg)
        return {
            "day": day,
            "game_id": found.game.game_id,
            "event_id": identifier(event["id"], "the event's id"),
            "home_team": found.game.home,
            "away_team": found.game.away,
            "commence_at": begins,
        }

    def line_requests(self, context: Context, inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
        """Ask for the market of each asked game that has an event."""
        return [
            Request(
                source=SOURCE,
                url=f"{self.url}/{row['event_id']}/odds",
                params=(
                    ("apiKey", f"{{{KEY}}}"),
                    ("markets", self.name),
                    ("oddsFormat", "american"),
                    ("regions", "us"),
                ),
                secrets=(KEY,),
                unit=row["game_id"],
                cost=1,  # markets × regions
                closes_at=row["commence_at"],
            )
            for row in inputs["odds_events"].to_pylist()
            if row["game_id"] in context.units
        ]

    def parse_lines(self, payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
        """Return one row a book, player and line, over and under side by side; an empty market excuses its game.

        What was quoted after the start is not of this market: it is left out, with a note. An answer whose bookmakers name no
        market that is known is none: only an answer without any quote says that nothing is offered.
        """
        document = read_json(payload)
        books = part(payload, document, "bookmakers")
        game_id = payload.request.unit
        base = {"day": context.slate.day, "game_id": game_id, "event_id": self._event_id(payload, document)}
        begins, asked_at = _begins(payload, document), max(payload.fetched_at, context.as_of)
        tally = Tally()
        pairs: dict[tuple[str, str, float], Record] = {}
        for book in books:
            for market in _markets(self.name, book, tally):
                _quotes(book, market, begins, asked_at, tally, base, pairs)
        tally.must_be_recognised(payload)
        tally.rows = list(pairs.values())
        known = any(row["game_id"] == game_id for row in inputs["player_lines"].select(["game_id"]).to_pylist())
        said_nothing = not tally.uses
        return tally.parsed(excused={game_id: NOT_OFFERED} if said_nothing and not known else {})

    def _event_id(self, payload: Payload, document: Mapping[str, Any]) -> str:
        try:
            found = identifier(document.get("id"), "the event's id")
        except Unfit as error:
            raise shaped(payload, str(error)) from error
        asked = payload.request.url.removeprefix(f"{self.url}/").removesuffix("/odds")
        if payload.request.url.startswith(self.url) and found != asked:
            raise shaped(payload, f"asked for the event {asked}, it is of {found}")
        return found


def game_meant(games: Sequence[Record], begins: datetime, start: str) -> Record:
    """Return which of the games of the same two clubs on one day an event means: the one whose start is nearest.

    A second game whose start is not known yet is meant by an event that begins hours after every start that is.
    """
    known = [game for game in games if game[start] is not None]
    unknown = [game for game in games if game[start] is None]
    if unknown and all(begins - game[start] >= _BETWEEN for game in known):
        return unknown[0]
    return min(known, key=lambda game: abs(game[start] - begins))


def _begins(payload: Payload, document: Mapping[str, Any]) -> datetime | None:
    """Return when the event begins; where the answer says nothing that can be believed, what was known before."""
    try:
        return instant(document.get("commence_time"), "commence_time", near=payload.request.closes_at, within=_PUT_OFF)
    except Unfit:
        return payload.request.closes_at


def _markets(name: str, book: Any, tally: Tally) -> Sequence[Mapping[str, Any]]:  # noqa: ANN401 -- JSON
    """Return a book's markets that are known; one that is suspended has no list."""
    found, others = [], set()
    try:
        markets = _listed(book, "markets")
    except BROKEN as error:
        tally.reject(error, book)
        return ()
    for market in markets:
        try:
            key = market["key"]
        except BROKEN as error:
            tally.reject(error, market)
        else:
            found += [market] if key == name else []
            others |= {shown(key)} if key != name else set()
    if others and not found:
        tally.aside(Use.UNKNOWN)
        tally.rejects.append(Reject(f"no market that is known: {', '.join(sorted(others))}"[:200], shown(book)))
    return found


def _listed(told: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list that must be there; one that is suspended is None."""
    found = told[name]
    if found is not None and not isinstance(found, list):
        msg = f"{name} is {shown(found, longest=40)}, no list"
        raise Unfit(msg)
    return found or []


def _quotes(  # noqa: PLR0913 -- a book's market, and where its rows go
    book: Mapping[str, Any],
    market: Mapping[str, Any],
    begins: datetime | None,
    asked_at: datetime,
    tally: Tally,
    base: Record,
    pairs: dict[tuple[str, str, float], Record],
) -> None:
    """Read one market; without an instant of its own it has its book's."""
    try:
        key = identifier(book["key"], "the book")
        quoted_at = instant(
            market.get("last_update") or book.get("last_update"), "last_update", near=asked_at, within=_STALE
        )
        outcomes = _listed(market, "outcomes")
    except BROKEN as error:
        tally.reject(error, market)
        return
    if quoted_at > asked_at + _AHEAD:
        tally.reject(Unfit(f"{key} would have quoted at {quoted_at:%Y-%m-%d %H:%M}, which is yet to come"), market)
        return
    if begins is not None and quoted_at >= begins:
        tally.aside(Use.LEFT_OUT, max(1, len(outcomes)))
        tally.notes.append(f"{key} quoted at {quoted_at:%H:%M} UTC, after the start: left out")
        return
    if not outcomes:
        tally.aside(Use.LEFT_OUT)  # suspended
    told = base | {"book": key, "quoted_at": quoted_at}
    is_decimal = any(map(_has_decimal_price, outcomes))
    for outcome in outcomes:
        tally.one(outcome, lambda found: _outcome(found, told, pairs, is_decimal=is_decimal))


def _has_decimal_price(outcome: Any) -> bool:  # noqa: ANN401 -- JSON
    price = outcome.get("price") if isinstance(outcome, dict) else None
    return isinstance(price, float) and 1 < price < EVENS and not price.is_integer()


def _outcome(
    outcome: Mapping[str, Any], told: Record, pairs: dict[tuple[str, str, float], Record], *, is_decimal: bool
) -> Record:
    side = {"Over": "over_price", "Under": "under_price"}.get(outcome["name"])
    if side is None:
        raise Aside(Use.UNKNOWN, f"the side {shown(outcome['name'], longest=40)} is not known")
    name, line = text(outcome["description"], "the name"), number(outcome["point"], "the line")
    if line is None:
        msg = f"{name} has no line"
        raise Unfit(msg)
    price = american(outcome["price"])
    if is_decimal and price is not None and price > 0:
        msg = f"the price {price} stands among decimal ones"
        raise Unfit(msg)
    fresh = told | {
        "player_name": name,
        "player_key": name_key(name),
        "line": line,
        "over_price": None,
        "under_price": None,
    }
    row = pairs.setdefault((told["book"], fresh["player_key"], line), fresh)
    if row[side] not in {None, price}:
        msg = f"{outcome['name']} {line:g} of {name} has two prices, {row[side]} and {price}"
        raise Unfit(msg)
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
