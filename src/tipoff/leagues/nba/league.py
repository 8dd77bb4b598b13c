"""The NBA as a league: its seasons, its catalog, how its schedule is read."""

from datetime import date, timedelta

from tipoff.core.league import League
from tipoff.core.slate import Season
from tipoff.leagues.declare import games_by, statement
from tipoff.leagues.nba.catalog import STEPS
from tipoff.leagues.nba.checks.catalog import CHECKS

SAMPLE = Season("sample", date(2030, 1, 7), date(2030, 3, 7))  # far from every real season


def sample_season(days: int) -> Season:
    """Return the sample world's season of so many days."""
    return Season(SAMPLE.name, SAMPLE.first_day, SAMPLE.first_day + timedelta(days=days - 1))


NBA = League(
    name="nba",
    steps=STEPS,
    schedule="schedule",
    read_games=games_by("tipoff_at"),
    summary_sql={"predictions": statement("nba", "summary")},
    checks=CHECKS,
    funnel_sql=statement("nba", "funnel"),
    entry_rule="who played in one of the club's last five games, or has a line",
)
