"""How a game is written into a ledger row, and read back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from tipoff.core.slate import Game, GameStatus, Season


def game_row(league: str, game: Game, *, now: datetime) -> dict[str, Any]:
    """Return the ledger's row for `game`; `first_seen_at` is kept by the upsert."""
    return {"league": league, **asdict(game), "status": game.status.value, "first_seen_at": now, "changed_at": now}


def read_game(row: Mapping[str, Any]) -> Game:
    """Return the game that `row` holds."""
    return Game(**{name: row[name] for name in Game.__slots__} | {"status": GameStatus(row["status"])})


def read_seasons(rows: Sequence[Mapping[str, Any]]) -> list[Season]:
    """Return the seasons that rows hold, oldest first, each with the first days of those before it, the newest first."""
    begun = [row["first_day"] for row in rows]
    return [
        Season(row["name"], row["first_day"], row["last_day"], tuple(reversed(begun[:place])))
        for place, row in enumerate(rows)
    ]
