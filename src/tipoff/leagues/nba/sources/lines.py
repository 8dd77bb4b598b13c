"""Game lines of the-odds-api, now and of the past: moneyline, spread and total by book, one row an outcome."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tipoff.core.door import Unfit, identifier, shown, text
from tipoff.core.parsing import BROKEN, Aside, Use
from tipoff.core.payload import Payload
from tipoff.leagues import bettingpros
from tipoff.leagues.entries import Record, Tally, part
from tipoff.leagues.nba.sources.reading import instant, number
from tipoff.leagues.nba.sources.teams import BY_ODDS_NAME, OTHER_CODES, TEAMS
from tipoff.leagues.oddsapi import Market, american

POINTS = Market(sport="basketball_nba", name="player_points", clubs=BY_ODDS_NAME, start="tipoff_at")
AGREED = bettingpros.Market(
    sport="NBA", number=156, clubs={code: code for code in TEAMS} | OTHER_CODES, start="tipoff_at"
)
MARKETS = frozenset({"h2h", "spreads", "totals"})
_EVEN = 2.0  # a decimal price
_LARGEST = 100.0  # from there on it is an American one, which is not guessed at


def game_lines(payload: Payload, document: Any) -> Tally:  # noqa: ANN401 -- JSON
    """Return every outcome of the markets that are known. What was quoted after the start is left out.

    Prices are read in the form that was asked for (`oddsFormat`), decimal where nothing was: so the provider answers.
    """
    event = part(payload, document, "data", kind=dict) if "data" in document else document
    is_decimal = dict(payload.request.params).get("oddsFormat", "decimal") == "decimal"
    sides = {BY_ODDS_NAME.get(str(event.get(side))) for side in ("home_team", "away_team")}
    begins = instant(event.get("commence_time"))
    tally = Tally()
    for book in part(payload, event, "bookmakers"):
        try:
            key, markets = identifier(book["key"], "the book"), list(book.get("markets") or ())
        except BROKEN as error:
            tally.reject(error, book)
            continue
        for market in markets:
            _market(
                market,
                book,
                tally,
                begins,
                {"event_id": identifier(event["id"], "id"), "book": key},
                sides,
                is_decimal=is_decimal,
            )
    tally.must_be_recognised(payload)
    return tally


def _market(  # noqa: PLR0913 -- a market, where it stands, and where its rows go
    market: Any,  # noqa: ANN401 -- JSON
    book: Mapping[str, Any],
    tally: Tally,
    begins: datetime,
    base: Record,
    sides: set[str | None],
    *,
    is_decimal: bool,
) -> None:
    try:
        kind = identifier(market["key"], "the market")
        at = instant(market.get("last_update") or book.get("last_update"), "last_update")
        outcomes = list(market.get("outcomes") or ())
    except BROKEN as error:
        tally.reject(error, market)
        return
    if kind not in MARKETS:
        tally.aside(Use.UNKNOWN, max(1, len(outcomes)))
        return

    def row(outcome: Mapping[str, Any]) -> Record:
        if at >= begins:
            raise Aside(Use.LEFT_OUT)
        name = text(outcome["name"], "name")
        side = name.lower() if kind == "totals" else BY_ODDS_NAME.get(name)
        if (side not in {"over", "under"}) if kind == "totals" else (side not in sides):
            msg = f"the side {shown(name, longest=40)} is none of this game"
            raise Unfit(msg)
        said = outcome["price"]
        price = _from_decimal(said) if is_decimal else american(said)
        point = number(outcome.get("point"), "point")
        return base | {"market": kind, "side": side, "line": point, "price": price, "quoted_at": at}

    tally.each(outcomes, row)


def _from_decimal(value: Any) -> int | None:  # noqa: ANN401 -- JSON
    """Return the American price for a decimal one."""
    found = number(value, "the price")
    if found is None:
        return None
    if not 1 < found < _LARGEST:
        msg = f"the price {shown(value, longest=40)} is no decimal one"
        raise Unfit(msg)
    return round((found - 1) * 100) if found >= _EVEN else round(-100 / (found - 1))
