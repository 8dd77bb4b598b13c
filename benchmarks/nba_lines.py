"""The recorded points lines of a season: one a player game, the median of the books' last before the start, with its chance."""

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tipoff.leagues.identity.names import name_key
from tipoff.leagues.predict.decisions import no_vig

_SEASON = "2023-24"  # the only one with prices
_EASTERN = ZoneInfo("America/New_York")
_SUFFIXES = ("jr", "sr", "ii", "iii", "iv")


def plain(name: str) -> str:
    """Return a name's key without what follows the family name."""
    key = name_key(name)
    return next((key.removesuffix(end) for end in _SUFFIXES if key.endswith(end)), key)


def lines_of(folder: Path, season: str) -> dict[tuple[int, str], tuple[float, float]]:
    """Return by day (since 1970) and plain name the line and the market's chance of over, both the books' medians."""
    if season != _SEASON:
        return {}
    rows = pq.read_table(folder / "odds" / "nba_player_props_2024-03_05.parquet")
    rows = rows.filter(pc.equal(rows.column("market"), "player_points")).to_pylist()
    quotes: dict[tuple[int, str], dict[str, dict[tuple[object, float], dict[str, float]]]] = {}
    for row in rows:
        if row["last_update"] >= row["commence_time"] or row["price"] is None:
            continue
        local = datetime.fromisoformat(row["commence_time"]).astimezone(_EASTERN)
        day = (local.date() - date(1970, 1, 1)).days
        books = quotes.setdefault((day, plain(row["player_name"])), {})
        sides = books.setdefault(row["book"], {}).setdefault((row["last_update"], row["point"]), {})
        sides[row["side"]] = row["price"]
    found = {}
    for key, books in quotes.items():
        last = [_last(offers) for offers in books.values()]
        known = [one for one in last if one]
        if known:
            line = float(np.median([one[0] for one in known]))
            near = [one[1] for one in known if abs(one[0] - line) < 0.6]
            found[key] = (line, float(np.median(near)) if near else 0.5)
    return found


def _last(offers: dict[tuple[object, float], dict[str, float]]) -> tuple[float, float] | None:
    """Return a book's newest line, of several the best balanced, and its no-vig chance of over."""
    newest = max(at for at, _ in offers)  # type: ignore[type-var]
    both = [
        (abs(no_vig(sides["Over"], sides["Under"]) - 0.5), line, no_vig(sides["Over"], sides["Under"]))
        for (at, line), sides in offers.items()
        if at == newest and {"Over", "Under"} <= set(sides)
    ]
    return min(both)[1:] if both else None
