"""The sample league's providers behind real sockets, some of them slow; run as a program, a controller that asks them."""

import dataclasses
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tipoff.app import live
from tipoff.app.live import LiveSpec, sample_live
from tipoff.cli.sentinel import say, stopper
from tipoff.config import Settings, read_settings
from tipoff.core.clock import Clock, RealClock, pause
from tipoff.leagues.nba.league import NBA
from tipoff.leagues.nba.world.sample import SampleNba

ASKED_OF = "X-Asked-Of"


@dataclass(frozen=True, slots=True)
class Answered:
    """One request as the server got it: of whom, for what, and when its last byte went out."""

    host: str
    target: str
    ended: datetime


@dataclass(slots=True)
class Slow:
    """How long each host takes: before its answer (hangs), and between the first half of it and the last."""

    hangs: Mapping[str, timedelta] = field(default_factory=dict)
    drags: Mapping[str, timedelta] = field(default_factory=dict)
    answered: list[Answered] = field(default_factory=list)
    port: int = 0


@contextmanager
def providers(first_day: date, slow: Slow) -> Iterator[Slow]:
    """Answer as the sample league's providers until the block ends."""
    clock = RealClock()
    world = SampleNba(first_day=first_day, days=live.DAYS, season="sample").transport(clock)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            host = self.headers[ASKED_OF]
            with lock:
                found = world.handle_request(
                    httpx.Request("GET", f"https://{host}{self.path}", headers=dict(self.headers))
                )
                body = found.read()
            pause(slow.hangs.get(host, timedelta(0)))
            try:
                self.send_response(found.status_code)
                for name, value in found.headers.items():
                    if name.lower() != "content-length":
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2])
                self.wfile.flush()
                pause(slow.drags.get(host, timedelta(0)))
                slow.answered.append(Answered(host, self.path, clock.now()))
                self.wfile.write(body[len(body) // 2 :])
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    slow.port = server.server_port
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield slow
    finally:
        server.shutdown()
        server.server_close()


class OverSockets(httpx.BaseTransport):
    """Sends what is asked of any host to one port of this machine."""

    def __init__(self, port: int) -> None:
        self._port, self._wire = port, httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask over a real connection."""
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=self._port)
        headers = {**dict(request.headers), "host": "127.0.0.1", ASKED_OF: request.url.host}
        return self._wire.handle_request(httpx.Request("GET", url, headers=headers, extensions=request.extensions))

    def close(self) -> None:
        """Let go of the connections."""
        self._wire.close()


class Elsewhere(SampleNba):
    """The sample league, whose answers come from the server."""

    port = 0

    def transport(self, clock: Clock) -> httpx.BaseTransport:
        """Return the transport that an HTTP client is given."""
        del clock
        return OverSockets(self.port)


def asking(settings: Settings, slow: Slow) -> LiveSpec:
    """Return a live home whose providers answer at the port of `slow`."""
    known = sample_live(settings, NBA, RealClock())
    assert known.season is not None
    first_day = known.season.first_day

    def world() -> Elsewhere:
        made = Elsewhere(first_day=first_day, days=live.DAYS, season="sample")
        made.port = slow.port
        return made

    return dataclasses.replace(known, world=world)


def main() -> None:
    """Run a controller that asks the port which is named."""
    live.run_controllers([asking(read_settings(), Slow(port=int(sys.argv[1])))], stopper(), monitored=False, said=say)
