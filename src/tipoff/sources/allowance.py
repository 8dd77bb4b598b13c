"""A month's credits: whether a request may be made now, given what is left, until when, and how near its games are."""

from datetime import UTC, datetime, timedelta

from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.outside import Credits
from tipoff.core.retry import SEEN_AGAIN
from tipoff.sources.refusals import next_month

_EVEN = 0.9  # share of an even spending that must be left for requests far from their close
# how long before the close it is asked: with plenty, with little
_FAR, _NEAR = timedelta(hours=14), timedelta(minutes=90)
_WITHOUT_CLOSE = timedelta(hours=2)


def wait_for(left: Credits | None, *, cost: int, closes_at: datetime | None, now: datetime) -> timedelta | None:
    """Return None where a request of `cost` credits may be made now, else how long it waits for nearness.

    With more left than an even spending over the month would leave, everything is asked. With less, what is far from its close
    waits: the nearer the games, the sooner they are asked, so that what is left is spent on the lines that are used.
    """
    if left is None or cost == 0 or is_old(left, now):
        return None
    even = left.allowance * _EVEN * ((next_month(now) - now) / _month(now))
    if left.remaining >= even:
        return None
    share = left.remaining / even if even else 1.0
    ahead = _NEAR + (_FAR - _NEAR) * share
    if closes_at is None:
        return _WITHOUT_CLOSE if share < 1 / 2 else None
    return closes_at - ahead - now if closes_at - now > ahead else None


def must_be_left(left: Credits | None, *, source: str, cost: int, now: datetime) -> None:
    """Refuse with a `SourceError`, which says until when to wait, a request that the credits do not cover.

    Each `SEEN_AGAIN` one tries all the same, since a plan can be enlarged.
    """
    if left is None or cost == 0 or left.remaining >= cost or is_old(left, now):
        return
    if now - left.at >= SEEN_AGAIN:
        return
    rest = min(next_month(now) - now, SEEN_AGAIN - (now - left.at))
    msg = f"{source}: the credits of the month are spent ({left.used} of {left.allowance})"
    hint = (
        f"they come back on {next_month(now):%Y-%m-%d}; a larger plan is noticed within {SEEN_AGAIN.seconds // 3600} h"
    )
    raise SourceError(msg, kind=ErrorKind.QUOTA, hint=hint, retry_after_s=rest.total_seconds())


def is_old(left: Credits, now: datetime) -> bool:
    """Whether what was said of the credits was said in an earlier month."""
    at, now = left.at.astimezone(UTC), now.astimezone(UTC)
    return (at.year, at.month) != (now.year, now.month)


def _month(now: datetime) -> timedelta:
    end = next_month(now)
    return end - (end - timedelta(days=1)).replace(day=1)
