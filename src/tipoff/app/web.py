"""The web beside the controller, or as a process of its own: what the settings say of it, and its sign of life."""

import contextlib
import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta

from tipoff.app.statuses import statuses
from tipoff.config import Settings
from tipoff.core.build import build, commit
from tipoff.core.clock import Stop
from tipoff.core.errors import LedgerError, UsageError
from tipoff.ledger import Ledger
from tipoff.ledger.alerts import AlertChanges, AlertStore
from tipoff.views.grid import newest_grid
from tipoff.web.page import Card
from tipoff.web.serve import Served
from tipoff.web.site import SiteAnswer, site

Now = Callable[[], datetime]
_DAYS_SHOWN = 14


def served_of(settings: Settings, now: Now, *, sends: bool = False) -> Served:
    """Return the site on its port, not yet begun; raises `UsageError` as `Served`. `sends`: messages go out from this process."""
    told = SiteAnswer(
        build=build(),
        commit=commit(),
        settings_hash=settings.hash,
        token=settings.web_token.reveal(),
        silent_after=timedelta(minutes=settings.silence_warn_min),
    )

    def cards(ledger: Ledger, at: datetime) -> list[Card]:
        found = statuses(ledger, settings, ledger.leagues(), at, sends=sends)
        return [Card(one, newest_grid(ledger, one, _DAYS_SHOWN)) for one in found]

    application = site(told, settings.place, cards, now)
    return Served(application, host=settings.web_host, port=settings.web_port, token=told.token)


def run_web(settings: Settings, now: Now, stop: Stop, *, told: Callable[[str], None]) -> None:
    """Serve until `stop` is set, as a process of its own, and show itself in the ledger where there is one."""
    served = served_of(settings, now)
    served.begin()
    told(served.url)
    try:
        while not stop.is_set():
            if settings.place.has_ledger:
                with contextlib.suppress(LedgerError, UsageError):  # /ready tells of the ledger; a heartbeat can wait
                    show_itself(settings, now())
            stop.wait(settings.look_every_s)
    finally:
        served.end()


def show_itself(settings: Settings, now: datetime) -> None:
    """Write the web's heartbeat."""
    note = json.dumps({"pid": os.getpid(), "settings": settings.hash})
    with AlertStore(settings.place.ledger) as store:
        store.write(AlertChanges(), beat=("web", now, build(), note))
