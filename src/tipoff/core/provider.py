"""Providers as values: where each is asked, how often, how much is believed of it, what its credits are called."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from urllib.parse import urlsplit

from tipoff.core.payload import Request

MIB = 1024 * 1024


class Route(Enum):
    """How a provider's hosts are reached."""

    DIRECT = "direct"
    POOL = "pool"  # by a proxy where there are any, else directly
    PROXY = "proxy"  # by a proxy alone


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLimits:
    """What one request may take: seconds to connect, between two pieces, altogether; bytes as they come and unpacked."""

    connect: timedelta = timedelta(seconds=10)
    read: timedelta = timedelta(seconds=20)
    whole: timedelta = timedelta(seconds=60)
    max_bytes: int = 32 * MIB  # unpacked
    max_wire_bytes: int = 16 * MIB
    redirects: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditHeaders:
    """The headers in which a provider says what is left of a month's allowance. A month begins on the first, UTC."""

    used: str
    remaining: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """One host and how it is asked.

    `base`: scheme and host of its addresses. `home`: where it is asked instead, from the settings. `says`: words
    of its refusals (in lower case) and what they mean, looked up before the status.
    """

    base: str
    home: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    at_once: int = 4
    every: timedelta = timedelta(0)  # least time from the beginning of one request to that of the next
    blocks: timedelta = timedelta(0)  # how long it answers nobody who asked too often, where its refusal does not say
    limits: RequestLimits = RequestLimits()
    route: Route = Route.DIRECT
    credits: CreditHeaders | None = None
    says: tuple[tuple[str, "RefusalMeaning"], ...] = ()
    terms: str = ""  # what its terms and robots file say of asking it by program

    @property
    def host(self) -> str:
        """The host of its addresses: the name under which it is known."""
        return urlsplit(self.base).hostname or ""

    @property
    def is_elsewhere(self) -> bool:
        """Whether the settings say that it is to be asked at another address than its own."""
        return bool(self.home) and self.home != self.base

    def address(self, url: str) -> str:
        """Return where `url` is really asked."""
        return self.home.rstrip("/") + url[len(self.base.rstrip("/")) :] if self.is_elsewhere else url


class RefusalMeaning(Enum):
    """What a refusal means, where it is more than its status."""

    BAD_KEY = "the key is not valid"
    CREDITS = "the credits of the month are spent"
    PLAN = "the plan behind the key has ended, or does not include this"
    TOO_OFTEN = "it was asked too often"
    ABSENT = "it has nothing of this yet"


def of_request(request: Request, known: Mapping[str, Provider]) -> Provider:
    """Return who is asked by `request`; a host that nobody declared is asked with the limits of everyone."""
    parts = urlsplit(request.url)
    found = known.get(parts.hostname or "")
    return found if found is not None else Provider(base=f"{parts.scheme}://{parts.netloc}")


def request_key(request: Request) -> str:
    """Return the name under which answers to `request` are remembered; secrets are not in it."""
    parts = (request.source, request.url, request.params, request.headers)
    return hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()
