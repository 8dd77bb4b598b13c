"""Retention: answers that are older than the settings keep leave the archive, once a day, and never what is still needed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from tipoff.app.chores import Chores
from tipoff.core.errors import LedgerError, PipelineError
from tipoff.core.home import Home
from tipoff.ledger import Ledger
from tipoff.ledger.answers import needed_answers, oldest_open_day
from tipoff.store.archive import Archive

_EVERY = timedelta(days=1)
_BEFORE = timedelta(days=3)  # an open day's answers may have been asked for so long before it


@dataclass(slots=True, kw_only=True)
class Retention:
    """Lets go of what is old in a home, beside the ticking."""

    home: Home
    keep: timedelta  # how long answers are kept
    chores: Chores[str]
    said: Callable[[str], None]
    _looked_at: datetime | None = None

    def look(self, ledger: Ledger, now: datetime) -> None:
        """Say what of the last work could not be done, and hand out the day's, where it is time."""
        for _, error in self.chores.done():
            if isinstance(error, LedgerError):
                raise error
            if error is not None:
                self.said(f"what is old was not let go, and is tried again in a day: {error}")
        if self._looked_at is None or now - self._looked_at >= _EVERY:
            self._looked_at = now
            work = partial(forget_old_days, self.home, ledger, self.keep, now)
            self.chores.hand_out("retention", work, due_at=now, can_wait=True)


def forget_old_days(home: Home, ledger: Ledger, keep: timedelta, now: datetime) -> int:
    """Let go of answers that are older than they are kept and needed by nothing; returns the bytes freed.

    Those of a day of which anything is owed stay, and so do those that a provider may say are unchanged.

    Raises:
        LedgerError: The ledger cannot be read.
        PipelineError: The disk refused; what was let go before is gone.
    """
    day, oldest = (now - keep).date(), oldest_open_day(ledger)
    until = day if oldest is None else min(day, oldest - _BEFORE)
    try:
        return Archive(home.archive).forget_before(until, needed_answers(ledger))
    except OSError as error:
        msg = f"{error.filename or home.root}: {error.strerror}"  # a full disk names no file
        raise PipelineError(msg, hint="is the disk full?") from error
