"""How findings, games and seasons are written into rows of the ledger, and read back."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from tipoff.core.severity import Severity
from tipoff.core.slate import Game, GameStatus, Season

_SHOWN = 20  # units named in a row; the rest are counted


def finding(  # noqa: PLR0913 -- the columns of one row
    where: tuple[str, str, Any],
    check: str,
    cause: str,
    severity: Severity,
    note: str,
    *,
    now: datetime,
    missing: Iterable[str] = (),
    coverage: float = 0.0,
    required: float = 1.0,
) -> dict[str, Any]:
    """Return the row of one finding; `where` is league, output and day."""
    league, output, day = where
    return {
        "at": now,
        "league": league,
        "output": output,
        "day": day,
        "check": check,
        "cause": cause,
        "severity": int(severity),
        "ok": False,
        "coverage": coverage,
        "required": required,
        "missing": json.dumps(list(missing)[:_SHOWN]),
        "note": note[:2000],
    }


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
