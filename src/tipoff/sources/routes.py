"""By which way a host is asked: directly or by a proxy of the pool, chosen by how each has done."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import httpx

from tipoff.core.outside import ProxyHealth
from tipoff.core.provider import Provider, Route
from tipoff.sources.memory import Memory
from tipoff.sources.proxies import DIRECT, Result, after, change, choose


class Pool:
    """The proxies of the settings, named by their addresses without credentials. Safe for several threads."""

    def __init__(self, proxies: Sequence[str], *, memory: Memory, dice: Callable[[], float]) -> None:
        """Take up the proxies' addresses, which may hold credentials; a wrong one raises `ValueError`."""
        self._proxies = {shown(address): httpx.Proxy(address) for address in proxies}
        self._memory, self._dice = memory, dice
        self._lock = threading.Lock()
        self._on_trial: set[tuple[str, str]] = set()

    @property
    def proxies(self) -> Mapping[str, httpx.Proxy]:
        """The proxies by name."""
        return self._proxies

    def names(self, provider: Provider) -> list[str]:
        """Return the ways that a provider may be asked by."""
        match provider.route:
            case Route.DIRECT:
                return [DIRECT]
            case Route.PROXY:
                return list(self._proxies)
            case Route.POOL:
                return list(self._proxies) or [DIRECT]

    def take(self, provider: Provider, now: datetime, *, tried: Sequence[str] = ()) -> str | None:
        """Return the way to ask by, or None where each is left alone. Each one taken must be `given_back`.

        A proxy whose rest is over is tried by one request at a time.
        """
        names = [name for name in self.names(provider) if name not in tried]
        if names == [DIRECT]:
            return DIRECT
        host = provider.host
        with self._lock:
            health = self._memory.proxies(host)
            free = [name for name in names if (name, host) not in self._on_trial]
            found = choose(free, health, now, self._dice, host)
            if found is None and provider.route is Route.POOL and DIRECT not in tried:
                return DIRECT  # the pool is out: better directly than not at all
            known = health.get(found or "")
            if found and known is not None and known.rests_until is not None:
                self._on_trial.add((found, host))
        return found

    def give_back(self, name: str, provider: Provider, result: Result, *, took: timedelta, now: datetime) -> None:
        """Take up how a request by `name` ended."""
        if name == DIRECT:
            return
        host = provider.host
        with self._lock:
            self._on_trial.discard((name, host))
            before = self._memory.proxies(host).get(name, ProxyHealth(proxy=name, host=host))
            then = after(before, result, took=took, now=now)
            self._memory.keep_proxy(then, change(before, then, now))


def shown(address: str) -> str:
    """Return a proxy's address without its credentials."""
    url = httpx.URL(address)
    return f"{url.scheme}://{url.host}:{url.port or 80}"
