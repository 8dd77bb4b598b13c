"""MLB as a league: its catalog, its checks, how its schedule is read."""

from datetime import date

from tipoff.core.league import League
from tipoff.core.slate import Season
from tipoff.leagues.declare import games_by, statement
from tipoff.leagues.mlb.catalog import STEPS
from tipoff.leagues.mlb.checks import CHECKS

SAMPLE = Season("sample", date(2030, 1, 7), date(2030, 3, 7))  # far from every real season


MLB = League(
    name="mlb",
    steps=STEPS,
    schedule="schedule",
    read_games=games_by("first_pitch_at"),
    summary_sql={
        "predictions": statement("mlb", "summary"),
        "totals": statement("mlb", "totals"),
    },
    checks=CHECKS,
    funnel_sql=statement("mlb", "funnel"),
    entry_rule="who is announced, or named, as a club's starter",
)
