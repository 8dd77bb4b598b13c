"""Budgets: how many requests a provider is asked in a day; what goes beyond waits for the next."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from tipoff.core.errors import ErrorKind, SourceError


class Budget:
    """Counts requests by provider and UTC day. Providers that are not named have no limit."""

    def __init__(self, limits: Mapping[str, int]) -> None:
        self._limits = limits
        self._spent: dict[tuple[str, date], int] = {}

    def spend(self, source: str, now: datetime) -> None:
        """Take up one request.

        Raises:
            SourceError: The day's budget is spent; it says until when to wait.
        """
        limit = self._limits.get(source)
        if limit is None:
            return
        day = now.astimezone(UTC).date()
        spent = self._spent.get((source, day), 0)
        if spent >= limit:
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
            msg = f"the budget of {limit} requests a day to {source} is spent"
            rest_s = (midnight - now).total_seconds()
            raise SourceError(msg, kind=ErrorKind.QUOTA, hint="it goes on tomorrow, or raise it", retry_after_s=rest_s)
        self._spent[source, day] = spent + 1
