"""Putting askers together: over real connections, as the settings have them, and over a world's transport."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy
from urllib.parse import urlsplit
from urllib.request import Request

import httpx

from tipoff.core.clock import pause
from tipoff.core.provider import Provider
from tipoff.sources.ask import Asker
from tipoff.sources.exchange import Exchange
from tipoff.sources.memory import InProcess, Memory
from tipoff.sources.proxies import DIRECT, Pool
from tipoff.sources.transport import GuardedTransport
from tipoff.store.archive import Archive

_LONGEST_COOKIES = 4000  # bytes that are sent back; servers take 8,000 of all headers together


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveWorld:
    """What stands outside now. `secret` gives a key by its name, empty where there is none; `dice` a number in [0, 1)."""

    providers: Sequence[Provider]
    secret: Callable[[str], str]
    dice: Callable[[], float]
    proxies: Sequence[str] = ()
    wait: Callable[[timedelta], None] = pause

    def asker(self, archive: Archive, memory: Memory) -> Asker:
        """Return what asks the providers over real connections, direct and by each proxy."""
        pool = Pool(self.proxies, memory=memory, dice=self.dice)
        trusted = {_end(provider.home) for provider in self.providers if provider.is_elsewhere} | {
            (proxy.url.host, proxy.url.port or _default(proxy.url.scheme)) for proxy in pool.proxies.values()
        }

        def is_trusted(host: str, port: int) -> bool:
            return (host, port) in trusted

        ways: dict[str, httpx.Proxy | None] = {DIRECT: None} | dict(pool.proxies)
        clients = {
            way: httpx.Client(
                transport=GuardedTransport(is_trusted=is_trusted, proxy=proxy),
                trust_env=False,
                timeout=30.0,
                cookies=_Cookies(_Sendable()),
            )
            for way, proxy in ways.items()
        }
        return Asker(
            exchange=Exchange(clients=clients, secret=self.secret),
            archive=archive,
            memory=memory,
            pool=pool,
            providers=self.providers,
            pause=self.wait,
        )


class _Cookies(CookieJar):
    """Forgets all cookies where they are more than every server takes: with ever new ones nothing would be answered any more."""

    def set_cookie(self, cookie: Cookie) -> None:
        super().set_cookie(cookie)
        if sum(len(f"{one.name}={one.value}; ") for one in self) > _LONGEST_COOKIES:
            self.clear()


class _Sendable(DefaultCookiePolicy):
    """Takes no cookie that could not be sent back: each later request of its host would break on it."""

    def set_ok(self, cookie: Cookie, request: Request) -> bool:
        return f"{cookie.name}{cookie.value}".isascii() and super().set_ok(cookie, request)


def _end(address: str) -> tuple[str, int]:
    parts = urlsplit(address)
    return parts.hostname or "", parts.port or _default(parts.scheme)


def _default(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def asker_of_world(
    transport: httpx.BaseTransport,
    archive: Archive,
    *,
    secret: Callable[[str], str],
    providers: Sequence[Provider] = (),
    memory: Memory | None = None,
) -> Asker:
    """Return an asker whose answers come from `transport`, at the instants of its clock: nothing waits for a turn."""
    client = httpx.Client(transport=transport, timeout=30.0)
    memory = memory or InProcess()
    return Asker(
        exchange=Exchange(clients={DIRECT: client}, secret=secret),
        archive=archive,
        memory=memory,
        pool=Pool((), memory=memory, dice=lambda: 0.0),
        providers=providers,
        pause=lambda _length: None,
    )
