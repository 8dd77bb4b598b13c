"""What the skeleton hands over: its steps, and how its schedule is read."""

from collections.abc import Sequence

import pyarrow as pa

from tipoff.core.league import League
from tipoff.core.slate import Game, GameStatus
from tipoff.leagues.skeleton.catalog import STEPS
from tipoff.sources.content import Content


def read_games(rows: pa.Table) -> Sequence[Game]:
    """Return the games that one day's schedule rows name."""
    return [
        Game(
            game_id=row["game_id"],
            day=row["day"],
            home=row["home_team"],
            away=row["away_team"],
            starts_at=row["starts_at"],
            status=GameStatus(row["status"]),
            evidence=f"schedule: {row['status']}",
        )
        for row in rows.to_pylist()
    ]


SKELETON = League(name="skeleton", steps=STEPS, schedule="schedule", read_games=read_games, summary_sql={})
SKELETON_CONTENT = Content(league=SKELETON)
