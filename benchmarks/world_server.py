"""Worlds behind real sockets: each provider under a path of its own, answering as it would at the clock's instant.

`python -m benchmarks.world_server LEAGUES PORT FIRST_DAY DAYS SEASON SEED CLOCK ILL` serves sample leagues (nba, or nba,mlb) on a
clock that a file sets, with three proxies; a share ILL of its answers is given as providers do at their worst. It prints the
settings to use.
"""

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from benchmarks.local_provider import WAYS, Handler, LocalProxy, proxy
from tipoff.core.clock import Clock
from tipoff.core.provider import Provider
from tipoff.core.slate import Season
from tipoff.drills.set_clock import SetClock
from tipoff.leagues.catalog import live_content, sample_of
from tipoff.sources.world import World, chance

_UNKNOWN = 404
_DROPPED = {"host", "connection", "accept-encoding"}
SPENT = b'{"message":"Usage quota has been reached","error_code":"OUT_OF_USAGE_CREDITS"}'
ILL: Mapping[str, Callable[[Handler], None]] = {
    "403": lambda handler: handler.answer(403, b"no"),
    "429": lambda handler: handler.answer(429, b"{}", Retry_After="60"),
    "500": lambda handler: handler.answer(500, b"<html>"),
    "leads to this machine": lambda handler: handler.answer(302, b"", Location="http://127.0.0.1:1/"),
    "bomb": WAYS["bomb"],
    "cut off": WAYS["truncated"],
    "cut pack": WAYS["cut-pack"],
    "endless": WAYS["endless"],
    "hangs": WAYS["hang"],
    "leads in a circle": WAYS["loop"],
}


class WorldHandler(Handler):
    """Hands each request to a world's transport, under the host that its path begins with; those that are down say 503.

    Whoever tries something out tells it by paths: /down/HOST, /spent/HOST, /again/HOST, /dead/PROXY, /alive/PROXY, /counts.
    """

    transport: httpx.BaseTransport
    down: set[str]
    spent: set[str]
    asked: list[str]
    ill: float  # the share of answers that are given as in `ILL`
    counts: Counter[str]
    proxies: Sequence[LocalProxy]

    def respond(self) -> None:
        """Answer as the provider would, or as one does at its worst."""
        parts = urlsplit(self.path)
        _, host, rest = f"{parts.path}/".split("/", 2)
        rest = rest.removesuffix("/")
        if "." not in host:
            self._told(host, rest)
            return
        self.asked.append(f"{host}/{rest}")
        way = self._way(host)
        self.counts[way] += 1
        match way:
            case "down":
                self.answer(503, b"{}", Retry_After="60")
            case "credits spent":
                self.answer(401, SPENT)
            case "well":
                self._well(f"https://{host}/{rest}" + (f"?{parts.query}" if parts.query else ""))
            case _:
                ILL[way](self)

    def _way(self, host: str) -> str:
        if host in self.down:
            return "down"
        if host in self.spent:
            return "credits spent"
        dice = chance("ill", len(self.asked))
        return list(ILL)[int(dice / self.ill * len(ILL))] if dice < self.ill else "well"

    def _well(self, url: str) -> None:
        headers = [(name, value) for name, value in self.headers.items() if name.lower() not in _DROPPED]
        answer = self.transport.handle_request(httpx.Request("GET", url, headers=headers))
        kept = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
        self.answer(answer.status_code, answer.read(), **kept)

    def _told(self, what: str, of: str) -> None:
        match what:
            case "down":
                self.down.add(of)
            case "spent":
                self.spent.add(of)
            case "again":
                self.down.discard(of)
                self.spent.discard(of)
            case "dead" | "alive":
                self.proxies[int(of)].works = what == "alive"
        asked = {f"by proxy {n}": found.n_asked for n, found in enumerate(self.proxies)}
        self.json(self.counts | asked if what == "counts" else {})


class Several(httpx.BaseTransport):
    """Several leagues' worlds as one: of each request the first that knows the page answers."""

    def __init__(self, *transports: httpx.BaseTransport) -> None:
        self._transports = transports

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer as whoever knows the page."""
        answers = (transport.handle_request(request) for transport in self._transports)
        known = (answer for answer in answers if answer.status_code != _UNKNOWN)
        return next(known, httpx.Response(_UNKNOWN, json={"message": "nobody knows this page"}))


def serve_world(
    port: int, worlds: Sequence[World], clock: Clock, *, ill: float = 0.0, proxies: Sequence[LocalProxy] = ()
) -> tuple[ThreadingHTTPServer, type[WorldHandler]]:
    """Serve worlds on a port of this machine (0: a free one), in a thread of its own."""
    state = {"down": set(), "spent": set(), "asked": [], "counts": Counter(), "ill": ill, "proxies": proxies}
    kind = type("Bound", (WorldHandler,), {"transport": Several(*(world.transport(clock) for world in worlds))} | state)
    server = ThreadingHTTPServer(("127.0.0.1", port), kind)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server, kind


def settings_of(port: int, providers: Sequence[Provider]) -> str:
    """Return the lines of `tipoff.toml` that lead every provider to the server, by the pool."""
    lines = [
        f'[providers."{provider.host}"]\nbase = "http://127.0.0.1:{port}/{provider.host}"\nevery_s = 0\nroute = "pool"\n'
        for provider in providers
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    leagues, port, first, days, season, seed, clock, ill = sys.argv[1:]
    since = date.fromisoformat(first)
    played = Season(season, since, since + timedelta(days=int(days) - 1))
    names = leagues.split(",")
    with ExitStack() as opened:
        pool = [opened.enter_context(proxy()) for _ in range(3)]
        made = [sample_of(name).world(played, seed=int(seed), faults=()) for name in names]
        found, _ = serve_world(int(port), made, SetClock(Path(clock)), ill=float(ill), proxies=pool)
        asked = {provider.host: provider for name in names for provider in live_content(name).providers}
        told = {"settings": settings_of(found.server_port, list(asked.values()))}
        print(json.dumps(told | {"port": found.server_port, "proxies": [one.url for one in pool]}), flush=True)
        threading.Event().wait()
