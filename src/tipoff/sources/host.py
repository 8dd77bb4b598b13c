"""One host: so many requests at once, so far apart, left alone after failures, and for as long as it asks to be."""

import threading
from datetime import datetime, timedelta

from tipoff.core.clock import stopwatch
from tipoff.core.errors import Resting, SourceError
from tipoff.core.outside import ProxyHealth
from tipoff.core.payload import Request
from tipoff.core.provider import Provider
from tipoff.core.retry import LONGEST_ASKED, Breaker
from tipoff.sources.memory import Memory
from tipoff.sources.proxies import DIRECT

HOST_FAILURES, HOST_REST, HOST_LONGEST = 5, timedelta(minutes=5), timedelta(minutes=20)
_APART = timedelta(minutes=1)  # how far the clocks of two threads or machines may be apart
_TOO_MANY, _UNAVAILABLE = 429, 503


class Host:
    """A host's turn-taking. Safe for several threads. The rest that it asked for is known to every asker of one memory."""

    def __init__(self, provider: Provider, memory: Memory) -> None:
        self._name, self._memory = provider.host, memory
        self._lock = threading.Lock()
        self.slots = threading.BoundedSemaphore(provider.at_once)
        self._breaker = Breaker(HOST_FAILURES, HOST_REST, HOST_LONGEST)
        self._next_at = 0.0

    def must_not_rest(self, request: Request, now: datetime) -> None:
        """Refuse a request to a host that is left alone; raises `Resting`."""
        known = self._memory.proxies(self._name).get(DIRECT)  # each time: it may have refused another asker, or process
        asked = known.rests_until - now if known and known.rests_until else timedelta(0)
        if asked > LONGEST_ASKED + _APART:  # written by a clock that has been put back since
            asked = timedelta(0)
        with self._lock:
            rest = max(self._breaker.rest(now), asked, timedelta(0))
        if rest:
            raise Resting(request.source, rest.total_seconds())

    def turn(self, every: timedelta) -> float:
        """Return the seconds until the next request may begin, and take up that place."""
        with self._lock:
            begins = max(stopwatch(), self._next_at)
            self._next_at = begins + every.total_seconds()
            return begins - stopwatch()

    def answered(self) -> None:
        """Forget the failures."""
        with self._lock:
            self._breaker.succeeded()

    def failed(self, error: SourceError, now: datetime) -> None:
        """Take up a failure, and the rest that the host asks for with it."""
        with self._lock:
            self._breaker.failed(now)
        if error.status not in {_TOO_MANY, _UNAVAILABLE} or not error.retry_after_s:
            return
        until = now + min(timedelta(seconds=error.retry_after_s), LONGEST_ASKED)
        known = self._memory.proxies(self._name).get(DIRECT)
        if known and known.rests_until and until < known.rests_until <= now + LONGEST_ASKED + _APART:
            return  # it has asked for longer: who was asked at the same time does not shorten that
        self._memory.keep_proxy(ProxyHealth(proxy=DIRECT, host=self._name, rests_until=until, at=now), None)
