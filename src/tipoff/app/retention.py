"""Retention: what is older than the settings keep leaves the archive, once a day, and never what something still needs."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from tipoff.app.chores import Chores
from tipoff.core.home import Home
from tipoff.ledger import Ledger
from tipoff.ledger.retention import needed_answers, oldest_open_day
from tipoff.store.archive import Archive

_EVERY = timedelta(days=1)
_BEFORE = timedelta(days=3)  # an open day's answers may have been asked for so long before it


@dataclass(slots=True, kw_only=True)
class Retention:
    """Lets go of old answers of a home, beside the ticking."""

    home: Home
    keep: timedelta
    chores: Chores[str]
    _looked_at: datetime | None = None

    def look(self, ledger: Ledger, now: datetime) -> None:
        """Hand out the day's work, where it is time.

        Raises:
            LedgerError: The ledger cannot be read.
        """
        self.chores.done()
        if self._looked_at is None or now - self._looked_at >= _EVERY:
            self._looked_at = now
            self.chores.hand_out(
                "archive", partial(forget, self.home, ledger, self.keep, now), due_at=now, can_wait=True
            )


def forget(home: Home, ledger: Ledger, keep: timedelta, now: datetime) -> int:
    """Let go of what is older than `keep` and needed by nothing; returns the bytes freed.

    Answers of a day of which anything is owed stay, and those that a provider may say are unchanged.
    """
    until, oldest = (now - keep).date(), oldest_open_day(ledger)
    if oldest is not None:
        until = min(until, oldest - _BEFORE)
    return Archive(home.archive).forget_before(until, needed_answers(ledger))
