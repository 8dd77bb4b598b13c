"""Which leagues there are, by name."""

from tipoff.core.errors import UsageError
from tipoff.core.league import League
from tipoff.leagues.nba.league import NBA

LEAGUES = {NBA.name: NBA}


def league_named(name: str) -> League:
    """Return the league.

    Raises:
        UsageError: There is none of that name.
    """
    if name not in LEAGUES:
        msg = f"there is no league {name!r}"
        raise UsageError(msg, hint="leagues: " + ", ".join(sorted(LEAGUES)))
    return LEAGUES[name]
