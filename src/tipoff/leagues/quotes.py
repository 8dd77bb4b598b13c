"""The lines of a world, of any sport, as the-odds-api and bettingpros.com write them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Quote:
    """One book's two prices (American odds) for one line, as quoted at an instant."""

    book: str
    player: str
    line: float
    over: int | None
    under: int | None
    quoted_at: datetime


def bookmakers(market: str, quotes: Sequence[Quote]) -> list[dict[str, Any]]:
    """Return the quotes of a market by book."""
    books: dict[str, list[Quote]] = {}
    for quote in quotes:
        books.setdefault(quote.book, []).append(quote)
    return [
        {
            "key": book,
            "title": book,
            "markets": [
                {
                    "key": market,
                    "last_update": f"{max(q.quoted_at for q in quoted):%Y-%m-%dT%H:%M:%SZ}",
                    "outcomes": [outcome for quote in quoted for outcome in _outcomes(quote)],
                }
            ],
        }
        for book, quoted in books.items()
    ]


def agreed(
    sport: str, market: int, games: Iterable[tuple[int, datetime, tuple[str, str], Sequence[Quote]]]
) -> dict[str, Any]:
    """Return the books' middle line of everyone who is quoted; a game is its number, start, sides (home first) and quotes."""
    events, props = [], []
    for number, starts_at, (home, away), quotes in games:
        scheduled = f"{starts_at:%Y-%m-%d %H:%M:%S}"
        events.append({"id": number, "sport": sport, "scheduled": scheduled, "home": home, "visitor": away})
        lines: dict[str, list[float]] = {}
        for quote in quotes:
            lines.setdefault(quote.player, []).append(quote.line)
        for name, told in lines.items():
            side = {"consensus_line": median(told), "consensus_odds": -110}
            prop = {"market_id": market, "event_id": number, "participant": {"name": name}, "over": side, "under": side}
            props.append(prop | {"projection": {"value": median(told)}})
    return {"events": events, "props": props}


def _outcomes(quote: Quote) -> list[dict[str, Any]]:
    sides = (("Over", quote.over), ("Under", quote.under))
    return [
        {"name": side, "description": quote.player, "price": price, "point": quote.line}
        for side, price in sides
        if price is not None
    ]
