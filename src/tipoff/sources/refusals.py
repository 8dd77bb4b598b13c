"""What an answer that is no success means: whether waiting helps, for how long, and what a person should do."""

import email.utils
import math
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import httpx

from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.payload import Request
from tipoff.core.provider import Provider, RefusalMeaning
from tipoff.core.retry import LONGEST_ASKED, NOBODY_MEANS, SEEN_AGAIN
from tipoff.core.schema import WHOLE_SLATE
from tipoff.sources.transport import ForbiddenAddress

_PAYMENT = 402
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TIMEOUT, _TOO_EARLY, _TOO_MANY = 401, 403, 404, 408, 425, 429
_MOVED, _SERVER, _UNAVAILABLE = 300, 500, 503  # below the first an answer is only none that can be used: 202, 204, 206
_MOVED_FOR_NOW = frozenset({302, 303, 307})  # without saying whither, or it had been followed
_READ = 2000  # bytes of a refusal that are looked at for its words
_EPOCH = 1_000_000_000  # a number of seconds beyond it is an instant, not a wait
_LONGEST_DIGITS = 15
_OTHER_CREDENTIALS = "407"
_HOUR = timedelta(hours=1)

_MEANT: Mapping[RefusalMeaning, tuple[ErrorKind, str]] = {
    RefusalMeaning.BAD_KEY: (ErrorKind.PERMANENT, "put a valid key in {key}; it is read again without a restart"),
    RefusalMeaning.CREDITS: (ErrorKind.QUOTA, "it goes on when the month's credits come back, or with a larger plan"),
    RefusalMeaning.PLAN: (ErrorKind.PERMANENT, "renew the plan, or put another key in {key}"),
    RefusalMeaning.ABSENT: (ErrorKind.NOT_YET, "it is asked again at the next poll"),
    RefusalMeaning.TOO_OFTEN: (ErrorKind.TRANSIENT, "it is asked again later, and less often"),
}
_BY_STATUS = {_UNAUTHORIZED: RefusalMeaning.BAD_KEY, _PAYMENT: RefusalMeaning.PLAN, _TOO_MANY: RefusalMeaning.TOO_OFTEN}


def refusal(  # noqa: PLR0913 -- what was asked, what came back
    request: Request, provider: Provider, status: int, headers: Mapping[str, str], body: bytes, now: datetime
) -> SourceError:
    """Return the error for an answer that is no success."""
    wait = retry_after(headers, now) if status in {_TOO_MANY, _UNAVAILABLE, _FORBIDDEN} else None
    rest = _not_honoured(headers, now) if wait else ""
    if not wait and status == _TOO_MANY and provider.blocks:
        wait, rest = provider.blocks.total_seconds(), f"; it blocks who does so for {provider.blocks / _HOUR:.0f} h"
    meaning = meaning_of(provider, status, body)
    if meaning is not None:
        kind, hint = _MEANT[meaning]
        keys = " or ".join(f"TIPOFF_{name.upper()}" for name in request.secrets) or "the settings"
        if meaning is RefusalMeaning.CREDITS:
            wait, rest = min((next_month(now) - now).total_seconds(), SEEN_AGAIN.total_seconds()), ""
        msg = f"{request.source} answered {status}: {meaning.value}{rest}"
        return SourceError(msg, kind=kind, hint=hint.format(key=keys), retry_after_s=wait)
    if status == _NOT_FOUND and request.unit not in {"", WHOLE_SLATE}:
        msg = f"{request.source} does not know {request.unit} yet (404)"
        return SourceError(msg, kind=ErrorKind.NOT_YET, hint="it is asked again at the next poll")
    is_for_now = status in {_FORBIDDEN, _NOT_FOUND, _TIMEOUT, _TOO_EARLY, *_MOVED_FOR_NOW}
    waits = status < _MOVED or is_for_now or status >= _SERVER
    hint = {
        _FORBIDDEN: "the provider refuses this machine or key; a proxy may help",
        _NOT_FOUND: "has the provider moved the page?",
    }.get(status, "it is asked again later" if waits else "the request is wrong: mend the source")
    kind = ErrorKind.TRANSIENT if waits else ErrorKind.PERMANENT
    return SourceError(f"{request.source} answered {status}{rest}", kind=kind, hint=hint, retry_after_s=wait)


def meaning_of(provider: Provider, status: int, body: bytes) -> RefusalMeaning | None:
    """Return what a refusal means, by the provider's own words before its status: some say 401 for spent credits."""
    words = body[:_READ].decode("utf-8", "replace").lower()
    return next((meaning for said, meaning in provider.says if said in words), _BY_STATUS.get(status))


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return for how long a provider that asks to be left alone is, in seconds; None where it says nothing readable.

    It may be written as seconds, as a date, or as the seconds since 1970 at which it ends. What is longer than `LONGEST_ASKED` is
    cut to it; what nobody means by a wait stops a provider for `SEEN_AGAIN` alone.
    """
    wait = _asked(headers, now)
    if wait is None:
        return None
    longest = LONGEST_ASKED if wait <= NOBODY_MEANS.total_seconds() else SEEN_AGAIN
    return min(max(wait, 0.0), longest.total_seconds())


def _not_honoured(headers: Mapping[str, str], now: datetime) -> str:
    wait = _asked(headers, now)
    if wait is None or wait <= LONGEST_ASKED.total_seconds():
        return ""
    if wait > NOBODY_MEANS.total_seconds():
        return f"; it asks to be left alone for more than a month, and is for {SEEN_AGAIN / _HOUR:.0f} h"
    return f"; it asks to be left alone for {wait / 3600:.0f} h, and is for {LONGEST_ASKED / _HOUR:.0f}"


def _asked(headers: Mapping[str, str], now: datetime) -> float | None:
    waits = (
        _wait(headers.get(name, "").strip(), now) for name in ("retry-after", "x-ratelimit-reset", "ratelimit-reset")
    )
    return next((wait for wait in waits if wait is not None), None)


def _wait(text: str, now: datetime) -> float | None:
    if not text or not text.isascii():
        return None
    if text.replace(".", "", 1).isdigit():
        if len(text) > _LONGEST_DIGITS:
            return math.inf
        seconds = float(text)
        return seconds - now.timestamp() if seconds > _EPOCH else seconds
    try:
        at = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()


def next_month(now: datetime) -> datetime:
    """Return the instant at which the next month begins, UTC: when credits come back."""
    first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def no_answer(request: Request, error: httpx.HTTPError, way: str) -> SourceError:
    """Return the error of a request that got no answer."""
    by = f" by {way}" if way else ""
    if isinstance(error, httpx.TimeoutException):
        return SourceError(
            f"{request.source} did not answer in time{by}", kind=ErrorKind.TRANSIENT, hint="it is asked again"
        )
    if isinstance(error, httpx.ConnectError) and not isinstance(error, ForbiddenAddress):
        beneath = _beneath(error)
        why = f" ({beneath.strerror})" if beneath is not None and beneath.strerror else ""
        is_tls = isinstance(beneath, ssl.SSLError)
        end = "the proxy" if way and not is_tls else httpx.URL(request.url).host
        msg = f"{request.source} could not be asked{by}: {end} cannot be reached{why}"
        look = "is this machine's clock right, and who stands between?" if is_tls else "is there a network?"
        return SourceError(msg, kind=ErrorKind.TRANSIENT, hint=f"it is asked again; {look}")
    status = str(error).partition(" ")[0] if isinstance(error, httpx.ProxyError) else ""
    why = f"the proxy answered {status}" if status.isdigit() else type(error).__name__
    hint = "it wants other credentials: TIPOFF_PROXIES" if status == _OTHER_CREDENTIALS else "it is asked again"
    return SourceError(f"{request.source} could not be asked{by}: {why}", kind=ErrorKind.TRANSIENT, hint=hint)


def _beneath(error: BaseException | None) -> OSError | None:
    """Return what the machine said beneath an error of the client's: that a name is not known, a port shut, a certificate old."""
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__ or error.__context__
    return error


def unusable(request: Request, error: Exception) -> SourceError:
    """Return the error of an answer that is too much, or packed in no way that is known."""
    return SourceError(f"{request.source} sent {error}", kind=ErrorKind.TRANSIENT, hint="nothing of it was kept")
