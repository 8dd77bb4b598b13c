"""How long to wait before the next attempt: values that never sleep."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from tipoff.core.errors import ErrorKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """A ladder of waits with an end."""

    attempts: int  # including the first
    first_wait: timedelta
    max_wait: timedelta  # before jitter, which adds up to a quarter

    def waits(self, jitter: Callable[[], float]) -> Iterator[timedelta]:
        """Yield the `attempts - 1` waits; `jitter` returns a number in [0, 1)."""
        wait = self.first_wait
        for _ in range(self.attempts - 1):
            yield wait * (1 + jitter() / 4)
            wait = min(wait * 2, self.max_wait)

    def wait_after(self, failures: int, jitter: float) -> timedelta | None:
        """Return the wait after the `failures`-th failure in a row (1 is the first), or None: no attempt is left."""
        if failures >= self.attempts:
            return None
        doubled: timedelta = self.first_wait * 2 ** min(failures - 1, 30)
        wait: timedelta = min(doubled, self.max_wait) * (1 + jitter / 4)
        return wait


POLICIES: dict[ErrorKind, RetryPolicy] = {
    ErrorKind.CONFLICT: RetryPolicy(attempts=8, first_wait=timedelta(minutes=5), max_wait=timedelta(minutes=40)),
    ErrorKind.TRANSIENT: RetryPolicy(attempts=40, first_wait=timedelta(minutes=1), max_wait=timedelta(hours=1)),
    ErrorKind.QUOTA: RetryPolicy(attempts=60, first_wait=timedelta(minutes=30), max_wait=timedelta(hours=2)),
    ErrorKind.REGRESSION: RetryPolicy(attempts=60, first_wait=timedelta(hours=1), max_wait=timedelta(hours=8)),
    ErrorKind.PERMANENT: RetryPolicy(attempts=1, first_wait=timedelta(0), max_wait=timedelta(0)),
}
