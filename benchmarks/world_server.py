"""A world behind real sockets: each provider under a path of its own, answering as it would at the clock's instant.

`python -m benchmarks.world_server PORT FIRST_DAY DAYS SEASON [SEED]` serves the sample league; it prints the settings to use.
"""

import sys
import threading
from collections.abc import Mapping
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx

from tipoff.core.clock import Clock, RealClock
from tipoff.leagues.nba.providers import PROVIDERS
from tipoff.leagues.nba.world.sample import SampleNba

_DROPPED = {"host", "connection", "accept-encoding"}


class WorldHandler(BaseHTTPRequestHandler):
    """Hands each request to a world's transport, under the host that its path begins with."""

    protocol_version = "HTTP/1.1"
    transport: httpx.BaseTransport
    down: set[str]
    asked: list[str]

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer as the provider would."""
        parts = urlsplit(self.path)
        _, host, rest = parts.path.split("/", 2)
        if host in {"down", "again"}:  # how a benchmark takes a provider away, and gives it back
            (self.down.add if host == "down" else self.down.discard)(rest)
            self._send(200, b"{}", {})
            return
        self.asked.append(f"{host}/{rest}")
        if host in self.down:
            self._send(503, b"{}", {"retry-after": "60"})
            return
        url = f"https://{host}/{rest}" + (f"?{parts.query}" if parts.query else "")
        headers = [(name, value) for name, value in self.headers.items() if name.lower() not in _DROPPED]
        answer = self.transport.handle_request(httpx.Request("GET", url, headers=headers))
        self._send(answer.status_code, answer.read(), dict(answer.headers))

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve_world(port: int, world: SampleNba, clock: Clock) -> tuple[ThreadingHTTPServer, type[WorldHandler]]:
    """Serve a world on a port of this machine (0: a free one), in a thread of its own."""
    kind = type("Bound", (WorldHandler,), {"transport": world.transport(clock), "down": set(), "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", port), kind)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server, kind


def settings_of(port: int) -> str:
    """Return the lines of `tipoff.toml` that lead every provider to the server."""
    lines = [
        f'[providers."{provider.host}"]\nbase = "http://127.0.0.1:{port}/{provider.host}"\nevery_s = 0\n'
        for provider in PROVIDERS
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    first = date.fromisoformat(sys.argv[2])
    seed = int(sys.argv[5]) if len(sys.argv) > 5 else 7
    made = SampleNba(first_day=first, days=int(sys.argv[3]), season=sys.argv[4], seed=seed)
    found, _ = serve_world(int(sys.argv[1]), made, RealClock())
    print(settings_of(found.server_port), flush=True)
    threading.Event().wait()
