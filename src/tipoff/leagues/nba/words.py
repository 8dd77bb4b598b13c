"""How the NBA speaks of its games."""

from tipoff.leagues.checks.kinds import Words

WORDS = Words(
    played="= 'final'",
    on="IN ('scheduled', 'live', 'final')",
    game_id="^00[2456][0-9]{7}$",
    side=("team", "opponent", "is_home"),
    clubs=("home_team", "away_team"),
    history="team_games",
)
