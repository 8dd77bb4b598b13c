"""The NBA as a league: its seasons, its catalog, how its schedule is read."""

from collections.abc import Sequence
from datetime import date, timedelta
from importlib.resources import files

import pyarrow as pa

from tipoff.core.league import League
from tipoff.core.slate import Game, GameStatus, Season
from tipoff.leagues.nba.catalog import STEPS
from tipoff.leagues.nba.checks.catalog import CHECKS

SAMPLE = Season("sample", date(2030, 1, 7), date(2030, 3, 7))  # far from every real season


def sample_season(days: int) -> Season:
    """Return the sample world's season of so many days."""
    return Season(SAMPLE.name, SAMPLE.first_day, SAMPLE.first_day + timedelta(days=days - 1))


def read_games(rows: pa.Table) -> Sequence[Game]:
    """Return the games that one day's schedule rows name."""
    return [
        Game(
            game_id=row["game_id"],
            day=row["day"],
            home=row["home_team"],
            away=row["away_team"],
            starts_at=row["tipoff_at"],
            status=GameStatus(row["status"]),
            evidence=f"schedule: {row['status']}" + (f", now on {row['moved_to']}" if row["moved_to"] else ""),
        )
        for row in rows.to_pylist()
    ]


NBA = League(
    name="nba",
    steps=STEPS,
    schedule="schedule",
    read_games=read_games,
    summary_sql={"predictions": (files("tipoff.leagues.nba") / "sql" / "summary.sql").read_text()},
    checks=CHECKS,
    funnel_sql=(files("tipoff.leagues.nba") / "sql" / "funnel.sql").read_text(),
    entry_rule="who played in one of the club's last five games, or has a line",
)
