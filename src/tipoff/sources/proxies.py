"""Proxies: how each does for each host, by which way a host is asked next, and when one that failed is tried again."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum

import httpx

from tipoff.core.outside import ProxyChange, ProxyHealth
from tipoff.core.provider import Provider, Route
from tipoff.sources.memory import Memory

DIRECT = ""  # asking without a proxy
FULL = 100.0
_WON, _FAILED, _LATE = 5.0, -15.0, -10.0
_SLOW, _VERY_SLOW = timedelta(seconds=5), timedelta(seconds=10)
_SLOW_COST, _VERY_SLOW_COST = -2.0, -4.0
_OUT_BELOW = 20.0
_RECOVERS_TO, _A_MINUTE = 70.0, 1.0
BREAKS_AFTER = 3  # failures in a row
_FIRST_REST, _LONGEST_REST = timedelta(seconds=60), timedelta(seconds=600)
_FORGIVEN_AFTER = 3  # successes in a row
_COUNTS_FROM = 5  # requests, before which the score says little
_LEAST_WEIGHT = 1.0


class Result(Enum):
    """How a request by a proxy ended, as far as the proxy is concerned."""

    SUCCESS = "success"
    FAILURE = "failure"
    TIMEOUT = "timeout"


def after(health: ProxyHealth, result: Result, *, took: timedelta, now: datetime) -> ProxyHealth:
    """Return the health after one more request.

    Three failures in a row, or a score below 20, leave the proxy alone for 60 s, twice as long each time, at most 600 s; then one
    request tries it, and a further failure leaves it alone again. Three successes in a row forgive one of these times.
    """
    health = replace(recovered(health, now), n_asked=health.n_asked + 1, at=now)
    if result is Result.SUCCESS:
        slow = _VERY_SLOW_COST if took > _VERY_SLOW else _SLOW_COST if took > _SLOW else 0.0
        wins = health.successes + 1
        forgiven = 1 if wins % _FORGIVEN_AFTER == 0 else 0
        return replace(
            health,
            score=_bounded(health.score + (slow or _WON)),
            n_slow=health.n_slow + bool(slow),
            failures=0,
            successes=wins,
            cooldowns=max(0, health.cooldowns - forgiven),
            rests_until=None,
        )
    late = result is Result.TIMEOUT
    was_tried = health.rests_until is not None  # the one request after a rest
    failed = replace(
        health,
        score=_bounded(health.score + (_LATE if late else _FAILED)),
        n_failed=health.n_failed + (not late),
        n_late=health.n_late + late,
        failures=health.failures + 1,
        successes=0,
    )
    if failed.failures < BREAKS_AFTER and failed.score >= _OUT_BELOW and not was_tried:
        return failed
    doubled: timedelta = _FIRST_REST * 2 ** min(failed.cooldowns, 10)
    return replace(failed, cooldowns=failed.cooldowns + 1, rests_until=now + min(doubled, _LONGEST_REST))


def recovered(health: ProxyHealth, now: datetime) -> ProxyHealth:
    """Return the health with what time has mended: a point a minute, up to 70."""
    if health.at is None or health.score >= _RECOVERS_TO or now <= health.at:
        return health
    minutes = (now - health.at) / timedelta(minutes=1)
    return replace(health, score=min(_RECOVERS_TO, health.score + minutes * _A_MINUTE))


def _bounded(score: float) -> float:
    return max(0.0, min(FULL, score))


def weight(health: ProxyHealth, now: datetime) -> float:
    """Return how much more often than another it is chosen: its score; a new one counts as whole, one on trial as half."""
    if health.rests_until is not None:
        return FULL / 2
    return FULL if health.n_asked < _COUNTS_FROM else max(_LEAST_WEIGHT, recovered(health, now).score)


def choose(
    names: Sequence[str], health: Mapping[str, ProxyHealth], now: datetime, dice: Callable[[], float], host: str
) -> str | None:
    """Return the proxy to use for `host`, or None: each is left alone. `dice` gives a number in [0, 1)."""
    states = [(name, health.get(name, ProxyHealth(proxy=name, host=host))) for name in names]
    usable = [(name, weight(state, now)) for name, state in states if not state.rests(now)]
    if not usable:
        return None
    point = dice() * sum(share for _, share in usable)
    for name, share in usable:
        point -= share
        if point < 0:
            return name
    return usable[-1][0]


def change(before: ProxyHealth, then: ProxyHealth, now: datetime) -> ProxyChange | None:
    """Return the turn between two healths, or None."""
    was, is_now = state_of(before), state_of(then)
    if was == is_now and before.rests_until == then.rests_until:
        return None
    return ProxyChange(proxy=then.proxy, host=then.host, at=now, was=was, now=is_now, score=then.score)


def state_of(health: ProxyHealth) -> str:
    """Return the state's name."""
    return "resting" if health.rests_until is not None else "working"


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
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{url.scheme}://{host}:{url.port or (443 if url.scheme == 'https' else 80)}"
