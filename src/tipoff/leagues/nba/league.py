"""The NBA as a league: its seasons, its catalog, how its schedule is read."""

from collections.abc import Sequence
from datetime import date, timedelta
from importlib.resources import files

import pyarrow as pa

from tipoff.core.league import League
from tipoff.core.slate import Game, GameStatus, Season
from tipoff.leagues.nba.catalog import STEPS
from tipoff.leagues.nba.checks.catalog import CHECKS

# First and last day of each regular season. Source: the league's own game logs.
_SEASONS = {
    "2015-16": ("2015-10-27", "2016-04-13"),
    "2016-17": ("2016-10-25", "2017-04-12"),
    "2017-18": ("2017-10-17", "2018-04-11"),
    "2018-19": ("2018-10-16", "2019-04-10"),
    "2019-20": ("2019-10-22", "2020-08-14"),
    "2020-21": ("2020-12-22", "2021-05-16"),
    "2021-22": ("2021-10-19", "2022-04-10"),
    "2022-23": ("2022-10-18", "2023-04-09"),
    "2023-24": ("2023-10-24", "2024-04-14"),
}
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
    seasons={
        name: Season(name, date.fromisoformat(first), date.fromisoformat(last))
        for name, (first, last) in _SEASONS.items()
    }
    | {SAMPLE.name: SAMPLE},
    steps=STEPS,
    schedule="schedule",
    read_games=read_games,
    summary_sql={"predictions": (files("tipoff.leagues.nba") / "sql" / "summary.sql").read_text()},
    checks=CHECKS,
    funnel_sql=(files("tipoff.leagues.nba") / "sql" / "funnel.sql").read_text(),
    entry_rule="who played in one of the club's last five games, or has a line",
)
