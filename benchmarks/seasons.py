"""The recorded seasons that the benchmarks are about."""

from tipoff.config import read_settings
from tipoff.core.errors import UsageError
from tipoff.core.slate import Season
from tipoff.leagues.nba.world.recorded import RecordedSeasons


def season_named(name: str) -> Season:
    """Return a season as its own schedule in TIPOFF_DATA tells it.

    Raises:
        UsageError: TIPOFF_DATA is not set, or lacks the season.
    """
    data = read_settings().data
    if data is None:
        msg = "TIPOFF_DATA is not set"
        raise UsageError(msg, hint="set it to a folder of recorded seasons")
    return RecordedSeasons().season(data, name)
