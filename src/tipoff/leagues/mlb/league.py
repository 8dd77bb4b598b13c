"""MLB as a league: its catalog, its checks, how its schedule is read."""

from collections.abc import Sequence
from datetime import date

import pyarrow as pa

from tipoff.core.league import League
from tipoff.core.slate import Game, GameStatus, Season
from tipoff.leagues.declare import statement
from tipoff.leagues.mlb.catalog import STEPS
from tipoff.leagues.mlb.checks import CHECKS

SAMPLE = Season("sample", date(2030, 1, 7), date(2030, 3, 7))  # far from every real season


def read_games(rows: pa.Table) -> Sequence[Game]:
    """Return the games that one day's schedule rows name."""
    return [
        Game(
            game_id=row["game_id"],
            day=row["day"],
            home=row["home_team"],
            away=row["away_team"],
            starts_at=row["first_pitch_at"],
            status=GameStatus(row["status"]),
            evidence=f"schedule: {row['status']}" + (f", now on {row['moved_to']}" if row["moved_to"] else ""),
        )
        for row in rows.to_pylist()
    ]


MLB = League(
    name="mlb",
    steps=STEPS,
    schedule="schedule",
    read_games=read_games,
    summary_sql={
        "predictions": statement("mlb", "summary"),
        "totals": statement("mlb", "totals"),
    },
    checks=CHECKS,
    funnel_sql=statement("mlb", "funnel"),
    entry_rule="who is announced, or named, as a club's starter",
)
