"""How long to wait before the next attempt: values that never sleep."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tipoff.core.errors import ErrorKind, PipelineError, WriteConflict


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """A ladder of waits with an end."""

    attempts: int  # including the first
    first_wait: timedelta
    max_wait: timedelta  # before jitter, which adds up to a quarter

    def wait_after(self, failures: int, jitter: float) -> timedelta | None:
        """Return the wait after the `failures`-th failure in a row (1 is the first), or None: no attempt is left."""
        if failures >= self.attempts:
            return None
        doubled: timedelta = self.first_wait * 2 ** min(failures - 1, 30)
        wait: timedelta = min(doubled, self.max_wait) * (1 + jitter / 4)
        return wait


SOON_FREE = timedelta(minutes=90)  # rows that are freed within this are tried again at most `WHILE_FREED` apart
WHILE_FREED = timedelta(minutes=10)
LONGEST_ASKED = timedelta(hours=48)  # a provider's Retry-After is honoured up to here
NOBODY_MEANS = timedelta(days=31)  # who asks for a longer wait has sent something else than a wait:
SEEN_AGAIN = timedelta(hours=6)  # then it is tried again after this, as are spent credits, since a plan can be enlarged

POLICIES: dict[ErrorKind, RetryPolicy] = {
    ErrorKind.CONFLICT: RetryPolicy(attempts=24, first_wait=timedelta(minutes=5), max_wait=timedelta(minutes=40)),
    ErrorKind.TRANSIENT: RetryPolicy(attempts=100, first_wait=timedelta(minutes=1), max_wait=timedelta(hours=2)),
    ErrorKind.QUOTA: RetryPolicy(attempts=60, first_wait=timedelta(minutes=30), max_wait=timedelta(hours=2)),
    ErrorKind.PERMANENT: RetryPolicy(attempts=8, first_wait=timedelta(hours=1), max_wait=timedelta(hours=24)),
}


@dataclass(slots=True)
class Breaker:
    """Leaves something alone after `limit` failures in a row; each further failure doubles the rest, a success ends it."""

    limit: int
    first_rest: timedelta
    longest: timedelta
    failures: int = 0
    rests_until: datetime | None = None

    def rest(self, now: datetime) -> timedelta:
        """Return how long it is still to be left alone; zero when it may be tried."""
        if self.rests_until is None or now >= self.rests_until:
            return timedelta(0)
        return self.rests_until - now

    def failed(self, now: datetime) -> None:
        """Take up one failure."""
        self.failures += 1
        if self.failures >= self.limit:
            doubled: timedelta = self.first_rest * 2 ** min(self.failures - self.limit, 20)
            self.rests_until = now + min(doubled, self.longest)

    def succeeded(self) -> None:
        """Forget the failures."""
        self.failures, self.rests_until = 0, None


def while_freed(error: PipelineError, after: datetime, now: datetime, since: datetime) -> datetime | None:
    """Return when rows that are being freed are tried again, so that slates are written in the order in which they are free.

    That is `after`, though no later than `WHILE_FREED` from now, nor before anything can be free. None where nothing is known of
    when the rows are free; and where they should have been by now, counted from when the conflict began (`since`): somebody
    streams on, and short waits would use up the attempts of a day in hours.
    """
    if not isinstance(error, WriteConflict) or error.clears_at is None:
        return None
    if error.clears_at - now > SOON_FREE or now - since > SOON_FREE:
        return None
    return max(min(after, now + WHILE_FREED), error.held_until or now)
