"""How each league of a home stands: from the ledger, what the sentinel keeps for itself, the archive and the stores."""

from collections.abc import Sequence
from datetime import datetime

from tipoff.app.limits import limits_of
from tipoff.config import Settings
from tipoff.ledger import Ledger
from tipoff.ledger.alerts import read_other
from tipoff.ledger.stores import lost_files
from tipoff.store.archive import Archive
from tipoff.views.status import Status, read_home, status_of


def statuses(ledger: Ledger, settings: Settings, leagues: Sequence[str], now: datetime) -> list[Status]:
    """Return how the leagues stand, in their order."""
    others, beats = read_other(settings.place.sentinel, now)
    sentinel_at = beats["sentinel"]["at"] if "sentinel" in beats else None
    named = (*settings.mute, *_strange_provider(settings))
    aside = Archive(settings.place.archive).aside().values()
    homes = [
        read_home(
            ledger,
            league,
            now,
            sentinel_at=sentinel_at,
            sentinel_incidents=others,
            aside=aside,
            lost=lost_files(ledger, settings.place, league),
            named=named,
        )
        for league in leagues
    ]
    return [status_of(home, limits_of(settings)) for home in homes]


def _strange_provider(settings: Settings) -> list[str]:
    if not settings.providers:
        return []
    from tipoff.app.providers import strange_provider  # noqa: PLC0415 -- imports every league

    said = strange_provider(settings)
    return [said] if said else []
