"""bettingpros.com, of any sport: the line of each player on which the books agree, with its own projection. By key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.clock import league_day
from tipoff.core.door import Unfit, identifier, instant, number, shown, text
from tipoff.core.parsing import BROKEN, Aside, Use, shaped
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.provider import Provider
from tipoff.core.schema import KNOWN_AT, Column, integer
from tipoff.core.schema import number as number_column
from tipoff.core.schema import text as text_column
from tipoff.core.slate import GameStatus
from tipoff.core.step import Context
from tipoff.leagues.entries import Record, Tally, empty, part, read_json
from tipoff.leagues.identity.names import name_key
from tipoff.leagues.oddsapi import NOT_OFFERED, american, game_meant

SOURCE = "bettingpros"
KEY = "bettingpros_key"
PROVIDER = Provider(
    base="https://api.bettingpros.com",
    headers=(("User-Agent", "tipoff (a prediction pipeline; asks each page once and waits)"),),
    at_once=1,
    every=timedelta(seconds=1),
    terms="Undocumented; its own pages use it. Without a key it answers 403 since 2026-08.",
)
URL = f"{PROVIDER.base}/v3/props"
TABLE = "agreed_lines"
LINE_KEY = ("game_id", "player_key", "line")
_PAGE = 1000  # a day has thirty starters, or two hundred players of fifteen games


def line_columns(most: float, measure: str) -> tuple[Column, ...]:
    """Return the columns of a table of agreed lines, of lines up to `most`."""
    return (
        text_column("player_key", required=True),
        text_column("player_name", required=True),
        number_column("line", 0.5, most, measure=measure, places=2, required=True),
        integer("over_price", -20000, 20000, measure="american odds"),
        integer("under_price", -20000, 20000, measure="american odds"),
        number_column("projection", 0, most + 5, measure=measure, places=3),
        KNOWN_AT,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """A league's market of players. `sport` and `number` are the provider's, `clubs` our codes by its own.

    `start` and `goes_on_from` are the schedule's columns, as for the-odds-api. Lines are kept in `agreed_lines`.
    """

    sport: str
    number: int
    clubs: Mapping[str, str]
    start: str
    goes_on_from: str = ""

    def requests(self, context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
        """Ask for the market of the day."""
        params = (
            ("date", context.slate.day.isoformat()),
            ("event_id", "ALL"),
            ("include_events", "true"),
            ("include_markets", "false"),
            ("limit", str(_PAGE)),
            ("market_id", str(self.number)),
            ("sport", self.sport),
        )
        return [Request(source=SOURCE, url=URL, params=params, headers=(("x-api-key", f"{{{KEY}}}"),), secrets=(KEY,))]

    def parse(self, payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
        """Return one row a player and asked game; its table holds other markets too, which are left out.

        A game that the answer names, and whole, without a line of the market is excused, until there is one; so is one that
        goes on from another day.

        Raises:
            SourceError: It is cut off, or names none of the slate's games.
        """
        document, listed, tally = read_json(payload), Tally(), Tally()
        props = part(payload, document, "props")
        if len(props) >= _PAGE:
            raise shaped(payload, f"it was cut off at {_PAGE} lines")
        found = part(payload, document, "events")
        events = {str(event.get("id")).removesuffix(".0"): event for event in found if isinstance(event, Mapping)}
        on = [row for row in inputs["schedule"].to_pylist() if not GameStatus(row["status"]).is_off]
        resumed = {row["game_id"] for row in on if self.goes_on_from and row[self.goes_on_from]}
        games = [row for row in on if row["game_id"] not in resumed]
        listed.each(found, lambda event: self._game(event, games, context))
        listed.must_be_recognised(payload)
        if games and not listed.rows:
            raise empty(payload, f"it names none of the {len(games)} games of {context.slate.day}")
        sold: set[str] = set()  # games of which it has lines, or may have, whether they can be read or not
        tally.each(props, lambda prop: self._prop(prop, events, games, context, sold))
        tally.must_be_recognised(payload)
        sold |= set(inputs[TABLE]["game_id"].to_pylist())
        quiet = resumed | ({row["game_id"] for row in listed.rows} - sold)
        return tally.parsed(excused=dict.fromkeys(context.units & quiet, NOT_OFFERED))

    def _game(self, event: Mapping[str, Any], games: Sequence[Record], context: Context) -> Record:
        """Return the game that an event means."""
        if event.get("sport", self.sport) != self.sport:
            raise Aside(Use.OTHER_COMPETITION)
        begins = instant(f"{text(event['scheduled'], 'scheduled')}+00:00", "scheduled")  # UTC, without saying so
        if league_day(begins) != context.slate.day:  # clubs that meet three days in a row are the same on each
            raise Aside(Use.OTHER_DAY)
        sides = {self._club(event["home"]), self._club(event["visitor"])}
        meant = [row for row in games if {row["home_team"], row["away_team"]} == sides]
        if not meant:
            raise Aside(Use.NO_GAME, f"no game of {' and '.join(sorted(sides))} stands on {context.slate.day}")
        return game_meant(meant, begins, self.start)

    def _prop(
        self,
        prop: Mapping[str, Any],
        events: Mapping[str, Mapping[str, Any]],
        games: Sequence[Record],
        context: Context,
        sold: set[str],
    ) -> Record:
        try:
            market, event = identifier(prop["market_id"], "market_id"), identifier(prop["event_id"], "event_id")
        except BROKEN:
            sold |= {row["game_id"] for row in games}  # it may be of any
            raise
        if market != str(self.number):
            raise Aside(Use.LEFT_OUT)
        game = self._game(events[event], games, context)
        sold.add(game["game_id"])
        if game["game_id"] not in context.units:
            raise Aside(Use.OTHER_DAY)
        name = text(prop["participant"]["name"], "the name")
        over, under = prop["over"], prop["under"]
        line = number(over.get("consensus_line"), "consensus_line")
        if line is None:
            msg = f"{name} has no line"
            raise Unfit(msg)
        return {
            "day": context.slate.day,
            "game_id": game["game_id"],
            "player_key": name_key(name),
            "player_name": name,
            "line": line,
            "over_price": american(over.get("consensus_odds")),
            "under_price": american(under.get("consensus_odds")),
            "projection": number((prop.get("projection") or {}).get("value"), "projection"),
        }

    def _club(self, code: Any) -> str:  # noqa: ANN401 -- JSON
        found = self.clubs.get(code) if isinstance(code, str) else None
        if found is None:
            msg = f"unknown club {shown(code, longest=40)}"
            raise Unfit(msg)
        return found
