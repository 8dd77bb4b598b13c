"""Which leagues there are, by name, and what each needs to be run live."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tipoff.core.errors import UsageError
from tipoff.core.league import League
from tipoff.core.payload import Payload, Request
from tipoff.core.provider import Provider
from tipoff.core.slate import Season
from tipoff.core.step import Step
from tipoff.leagues.nba import providers as nba_providers
from tipoff.leagues.nba.league import NBA
from tipoff.leagues.nba.live import LIVE_STEPS
from tipoff.leagues.nba.sources import schedule as nba_schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveContent:
    """What a league brings to be run live: who is asked, with which keys, by which steps, and where its season is written.

    `keys` are the settings' names, each with what is off without it. `season_of` reads the answer to `season_request`.
    """

    providers: Sequence[Provider]
    keys: Mapping[str, str]
    steps: tuple[Step, ...]
    season_request: Request
    season_of: Callable[[Payload], Season]


LEAGUES = {NBA.name: NBA}
LIVE = {
    NBA.name: LiveContent(
        providers=nba_providers.PROVIDERS,
        keys=nba_providers.KEYS,
        steps=LIVE_STEPS,
        season_request=nba_schedule.SEASON_REQUEST,
        season_of=nba_schedule.season_of,
    )
}


def league_named(name: str) -> League:
    """Return the league.

    Raises:
        UsageError: There is none of that name.
    """
    if name not in LEAGUES:
        msg = f"there is no league {name!r}"
        raise UsageError(msg, hint="leagues: " + ", ".join(sorted(LEAGUES)))
    return LEAGUES[name]


def live_content(name: str) -> LiveContent:
    """Return what a league brings to be run live.

    Raises:
        UsageError: It has no live providers.
    """
    if name not in LIVE:
        msg = f"{name} has no live providers"
        raise UsageError(msg, hint="run it with --world sample")
    return LIVE[name]
