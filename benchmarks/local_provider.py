"""Providers on this machine: real sockets, and every way in which a provider goes wrong."""

import gzip
import json
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

BOMB_BYTES = 100 * 1024 * 1024
_PAGE = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as the server got it."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(slots=True)
class Local:
    """A server's state: what it was asked, and how many requests it has had open at once."""

    asked: list[Asked] = field(default_factory=list)
    open_now: int = 0
    most_open: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""
    extra: dict[str, Callable[["Handler"], None]] = field(default_factory=dict)

    def paths(self) -> list[str]:
        """Return the paths that were asked, in order."""
        return [asked.path for asked in self.asked]


class Handler(BaseHTTPRequestHandler):
    """Answers one path well or badly, by its name."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes, and the second would wait 40 ms for the other side
    local: Local

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer; whoever leaves before the end is not answered any more."""
        try:
            self.respond()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def respond(self) -> None:
        """Answer by the first word of the path."""
        parts = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        with self.local.lock:
            self.local.asked.append(Asked(path=parts.path, query=query, headers=dict(self.headers)))
            self.local.open_now += 1
            self.local.most_open = max(self.local.most_open, self.local.open_now)
        try:
            way = self.local.extra.get(parts.path) or WAYS.get(parts.path.split("/")[1])
            if way is None:
                self.answer(404, b'{"message":"nothing here"}')
            else:
                way(self)
        finally:
            with self.local.lock:
                self.local.open_now -= 1

    def query(self) -> Mapping[str, str]:
        """Return the parameters of the request at hand."""
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()}

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def json(self, document: object, **headers: str) -> None:
        """Send a document."""
        self.answer(200, json.dumps(document).encode(), **headers)

    def begin(self, **headers: str) -> None:
        """Send the head of an answer whose body goes on until the connection ends."""
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True


def _pages(handler: Handler) -> None:
    """Page by cursor, as balldontlie does."""
    cursor = int(handler.query().get("cursor", 0))
    rows = [{"id": n} for n in range(cursor, min(cursor + _PAGE, 60))]
    after = cursor + _PAGE
    handler.json({"data": rows, "meta": {"per_page": _PAGE} | ({"next_cursor": after} if after < 60 else {})})


def _drip(handler: Handler) -> None:
    """Send a byte now and then, for ever."""
    handler.begin()
    while True:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)  # noqa: TID251 -- a real server's slowness


def _drip_head(handler: Handler) -> None:
    """Send the head itself a byte at a time."""
    handler.close_connection = True
    for letter in b"HTTP/1.1 200 OK\r\nX-Long: " + b"y" * 500:
        handler.wfile.write(bytes([letter]))
        handler.wfile.flush()
        time.sleep(0.05)  # noqa: TID251 -- a real server's slowness


def _hang(_handler: Handler) -> None:
    time.sleep(1.5)  # noqa: TID251 -- a real server's silence


def _truncated(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"data": [')
    handler.close_connection = True


def _packed(handler: Handler) -> None:
    handler.answer(200, gzip.compress(b'{"data": [1, 2]}'), Content_Encoding="gzip")


def _cut_pack(handler: Handler) -> None:
    handler.answer(200, gzip.compress(b'{"data": [1, 2]}' * 100)[:-12], Content_Encoding="gzip")


def _bomb(handler: Handler) -> None:
    handler.answer(200, BOMB, Content_Encoding="gzip")


def _bomb_in_bomb(handler: Handler) -> None:
    handler.answer(200, gzip.compress(BOMB), Content_Encoding="gzip, gzip")


def _packed_zeros(size: int) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    piece = bytes(1024 * 1024)
    return b"".join([packer.compress(piece) for _ in range(size // len(piece))]) + packer.flush()


def _endless(handler: Handler) -> None:
    handler.begin()
    while True:
        handler.wfile.write(b"z" * 65_536)


def _loop(handler: Handler) -> None:
    handler.answer(302, b"", Location=handler.path)


def _onward(handler: Handler) -> None:
    handler.answer(302, b"", Location=handler.query()["to"])


def _tagged(handler: Handler) -> None:
    """Say that nothing has changed to who knows the tag, which is not ASCII."""
    if handler.headers.get("If-None-Match") == '"\xe9t\xe9"':
        handler.send_response(304)
        handler.end_headers()
        return
    handler.answer(200, b'{"data": []}', ETag='"\xe9t\xe9"', Last_Modified="Mon, 01 Jan 2024 00:00:00 GMT")


def _status(handler: Handler) -> None:
    """Refuse as asked for, as in /status?code=401&body=…&retry=… ."""
    query = handler.query()
    headers = {"Retry_After": query["retry"]} if "retry" in query else {}
    handler.answer(int(query["code"]), query.get("body", "{}").encode(), **headers)


def _credits(handler: Handler) -> None:
    query = handler.query()
    handler.json([], x_requests_used=query["used"], x_requests_remaining=query["remaining"])


def _slow(handler: Handler) -> None:
    time.sleep(0.5)  # noqa: TID251 -- a real server's slowness
    handler.json({"data": [handler.path]})


BOMB = _packed_zeros(BOMB_BYTES)

WAYS: Mapping[str, Callable[[Handler], None]] = {
    "ok": lambda handler: handler.json({"data": [1]}),
    "pages": _pages,
    "drip": _drip,
    "drip-head": _drip_head,
    "hang": _hang,
    "truncated": _truncated,
    "packed": _packed,
    "cut-pack": _cut_pack,
    "bomb": _bomb,
    "bomb-in-bomb": _bomb_in_bomb,
    "endless": _endless,
    "loop": _loop,
    "onward": _onward,
    "cookie": lambda handler: handler.json([], Set_Cookie=handler.query()["set"]),
    "tagged": _tagged,
    "status": _status,
    "credits": _credits,
    "slow": _slow,
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Say nothing: a client may leave."""


@contextmanager
def serving(kind: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on a free port of this machine; gives the address."""
    server = _Server(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


@contextmanager
def provider(extra: Mapping[str, Callable[[Handler], None]] | None = None) -> Iterator[Local]:
    """Serve a provider; gives what it is asked."""
    local = Local(extra=dict(extra or {}))
    with serving(type("Bound", (Handler,), {"local": local})) as url:
        local.url = url
        yield local


@dataclass(slots=True)
class LocalProxy:
    """A proxy's state: whether it works, what came through."""

    works: bool = True
    n_asked: int = 0
    url: str = ""


class _ProxyHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    state: LocalProxy

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Pass a request on, or be dead."""
        self.state.n_asked += 1
        self.close_connection = True
        if not self.state.works:
            return  # the connection ends without a word
        parts = urlsplit(self.path)
        onward = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=5)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        onward.request("GET", target, headers={name: value for name, value in self.headers.items() if name != "Host"})
        answer = onward.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"transfer-encoding", "connection"}:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        try:
            while part := answer.read1(65_536):  # as it comes: an answer without an end must not be held here
                self.wfile.write(part)
        finally:
            onward.close()

    def do_CONNECT(self) -> None:
        """Lend nobody a tunnel: it wants other credentials."""
        self.send_response(407)
        self.send_header("Content-Length", "0")
        self.end_headers()


@contextmanager
def proxy() -> Iterator[LocalProxy]:
    """Serve a forwarding proxy; gives its switch."""
    state = LocalProxy()
    with serving(type("Bound", (_ProxyHandler,), {"state": state})) as url:
        state.url = url
        yield state
