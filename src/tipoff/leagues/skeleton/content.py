"""What the skeleton hands over: its steps, how its schedule is read, and the world in which it is tried."""

from tipoff.core.league import League
from tipoff.leagues.declare import games_by
from tipoff.leagues.skeleton.catalog import STEPS
from tipoff.leagues.skeleton.world import SampleSeasons
from tipoff.sources.content import Content

SKELETON = League(name="skeleton", steps=STEPS, schedule="schedule", read_games=games_by("starts_at"), summary_sql={})
SKELETON_CONTENT = Content(league=SKELETON, sample=SampleSeasons())
