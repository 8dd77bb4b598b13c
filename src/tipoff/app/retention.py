"""Retention: what is older than the settings keep leaves archive and documents, once a day, and never what is still needed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Self

from tipoff.app.chores import Chores
from tipoff.config import Settings
from tipoff.core.errors import LedgerError, PipelineError
from tipoff.core.home import Home
from tipoff.ledger import Ledger
from tipoff.ledger.answers import needed_answers, oldest_open_day
from tipoff.store.archive import Archive
from tipoff.store.published import Published

_EVERY = timedelta(days=1)
_BEFORE = timedelta(days=3)  # an open day's answers may have been asked for so long before it


@dataclass(frozen=True, slots=True)
class Keeps:
    """How long a home keeps answers and published rows; no time at all is for ever."""

    answers: timedelta = timedelta()
    published: timedelta = timedelta()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what the settings say."""
        return cls(timedelta(days=settings.archive_keep_days), timedelta(days=settings.published_keep_days))

    def __bool__(self) -> bool:
        """Whether anything is ever let go."""
        return bool(self.answers or self.published)


@dataclass(slots=True, kw_only=True)
class Retention:
    """Lets go of what is old in a home, beside the ticking."""

    home: Home
    keeps: Keeps
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
            work = partial(forget, self.home, ledger, self.keeps, now)
            self.chores.hand_out("retention", work, due_at=now, can_wait=True)


def forget(home: Home, ledger: Ledger, keeps: Keeps, now: datetime) -> int:
    """Let go of what is older than it is kept and needed by nothing; returns the bytes freed.

    Of a day of which anything is owed all stays, and so do answers that a provider may say are unchanged.

    Raises:
        LedgerError: The ledger cannot be read.
        PipelineError: The disk refused; what was let go before is gone.
    """
    oldest, freed = oldest_open_day(ledger), 0

    def until(keep: timedelta) -> date:
        day = (now - keep).date()
        return day if oldest is None else min(day, oldest - _BEFORE)

    try:
        if keeps.answers:
            freed += Archive(home.archive).forget_before(until(keeps.answers), needed_answers(ledger))
        if keeps.published:
            freed += Published(home.published).let_go(until(keeps.published))
    except OSError as error:
        msg = f"{error.filename or home.root}: {error.strerror}"  # a full disk names no file
        raise PipelineError(msg, hint="is the disk full?") from error
    return freed
