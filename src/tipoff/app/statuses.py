"""How each league of a home stands: from the ledger, what the sentinel keeps for itself, the archive and the stores."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tipoff.app.limits import limits_of
from tipoff.config import Settings
from tipoff.core.errors import LedgerError, UsageError
from tipoff.core.incident import Incident
from tipoff.ledger import Ledger
from tipoff.ledger.alerts import read_other
from tipoff.ledger.stores import lost_files
from tipoff.views.status import Status, read_home, status_of

if TYPE_CHECKING:
    from tipoff.core.payload import SetAside


def statuses(
    ledger: Ledger, settings: Settings, leagues: Sequence[str], now: datetime, *, sends: bool = True
) -> list[Status]:
    """Return how the leagues stand, in their order; where nothing is sent from here, nothing is said of channels."""
    named = [*(settings.mute if sends else ()), *settings.keyless, *_strange_provider(settings)]
    others, beats = _of_the_sentinel(settings, now, named)
    sentinel_at = beats["sentinel"]["at"] if "sentinel" in beats else None
    aside = _aside(settings)
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


def _of_the_sentinel(
    settings: Settings, now: datetime, named: list[str]
) -> tuple[Sequence[Incident], Mapping[str, Mapping[str, Any]]]:
    """Return what the sentinel keeps; that it cannot be read is named, and hides nothing of the ledger."""
    try:
        return read_other(settings.place.sentinel, now)
    except (UsageError, LedgerError) as error:
        named.append(f"what the sentinel keeps cannot be read: {error}")
        return (), {}


def _aside(settings: Settings) -> "Iterable[SetAside]":
    if not settings.place.aside.exists():
        return ()
    from tipoff.store.archive import Archive  # noqa: PLC0415 -- in most homes nothing is set aside

    return Archive(settings.place.archive).aside().values()


def _strange_provider(settings: Settings) -> list[str]:
    if not settings.providers:
        return []
    from tipoff.app.providers import strange_provider  # noqa: PLC0415 -- imports every league

    said = strange_provider(settings)
    return [said] if said else []
