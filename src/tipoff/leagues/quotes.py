"""The lines of a world, of any sport, as the-odds-api writes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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


def _outcomes(quote: Quote) -> list[dict[str, Any]]:
    sides = (("Over", quote.over), ("Under", quote.under))
    return [
        {"name": side, "description": quote.player, "price": price, "point": quote.line}
        for side, price in sides
        if price is not None
    ]
