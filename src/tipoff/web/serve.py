"""Serving the site: on loopback, or beyond it with a token; in a thread beside the controller, or as a process of its own."""

import asyncio
import errno
import ipaddress
import socket
import threading
from datetime import timedelta
from operator import itemgetter

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from tipoff.core.clock import pause
from tipoff.core.errors import UsageError

MOST_AT_ONCE = 32  # connections; beyond it those go that ask nothing
# connections, those that ask nothing too: each holds a file of the process, which its work needs
MOST_OPEN = 2 * MOST_AT_ONCE
HEAD_S = 10.0  # within which a request's head is there whole
ANSWER_S = 60.0  # within which its answer is made, and has been taken
_IDLE_S, _END_S = 5, 5
_NO_MORE = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_AGAIN = timedelta(seconds=0.1)


class _Door(socket.socket):
    """A listening socket that takes in `MOST_OPEN` connections, and lets go of who comes beyond.

    asyncio would take in whoever comes; where the process may open no more files it tries two thousand times at once, and
    writes a traceback of each.
    """

    def __init__(self, listening: socket.socket) -> None:
        super().__init__(listening.family, listening.type, listening.proto, fileno=listening.detach())
        self._inside: list[socket.socket] = []

    def accept(self) -> tuple[socket.socket, object]:
        """See `socket.socket.accept`; a `BlockingIOError` where nobody is to be taken in now."""
        self._inside = [one for one in self._inside if one.fileno() >= 0]
        try:
            connection, address = super().accept()
        except OSError as error:
            if error.errno in _NO_MORE:
                pause(_AGAIN)  # in the server's own thread, which is told of whoever waits at every turn
                raise BlockingIOError from error
            raise
        if len(self._inside) >= MOST_OPEN:
            connection.close()
            raise BlockingIOError
        self._inside.append(connection)
        return connection, address


class _Connection(H11Protocol):
    """A connection with an end: who sends half a request, or takes no answer, holds his place for a while only."""

    end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)  # type: ignore[arg-type]  # of sockets it is always a stream's
        self._bound()
        if len(self.connections) >= MOST_AT_ONCE:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        asked = self.cycle
        super().data_received(data)
        if self.cycle is not asked:  # more bytes of the same head give no more time
            self._bound()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._bound()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.end is not None:
            self.end.cancel()

    @property
    def is_asked(self) -> bool:
        """Whether an answer is being made."""
        return self.cycle is not None and not self.cycle.response_complete

    def _bound(self) -> None:
        if self.end is not None:
            self.end.cancel()
        seconds = ANSWER_S if self.is_asked or self.transport.get_write_buffer_size() else HEAD_S
        self.end = self.loop.call_later(seconds, self.transport.abort)

    def _make_room(self) -> None:
        """Let go of who has held a place the longest without asking: idle connections alone would have all others refused."""
        others = [one for one in self.connections - {self} if isinstance(one, _Connection) and not one.is_asked]
        idle = [(one.end.when(), one.transport) for one in others if one.end and not one.transport.is_closing()]
        if idle:
            min(idle, key=itemgetter(0))[1].abort()


class Served:
    """A server on a port that is already held: that it cannot be had is known before anything else begins."""

    def __init__(self, application: Starlette, *, host: str, port: int, token: str) -> None:
        """Take the port; raises `UsageError` where it is taken, or lies beyond loopback without a token."""
        if not token and not is_loopback(host):
            msg = f"{host} can be reached from other machines, and there is no token"
            raise UsageError(msg, hint="set TIPOFF_WEB_TOKEN (or TIPOFF_WEB_TOKEN_FILE), or stay on 127.0.0.1")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = _Door(socket.create_server((host, port), family=family))
        except OSError as error:
            msg = f"the port {port} of {host} cannot be had: {error.strerror}"
            raise UsageError(
                msg, hint="set TIPOFF_WEB_PORT to a free one, or 0 for any; `tipoff up --no-web`"
            ) from error
        self._server = uvicorn.Server(
            uvicorn.Config(
                application,
                loop="asyncio",
                http=_Connection,
                log_config=None,
                log_level="error",  # what strangers send that is no request is no news
                access_log=False,
                server_header=False,
                limit_concurrency=MOST_OPEN,
                timeout_keep_alive=_IDLE_S,
                timeout_graceful_shutdown=_END_S,
                h11_max_incomplete_event_size=16 * 1024,
                lifespan="off",
                ws="none",
            )
        )
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    @property
    def url(self) -> str:
        """Where it answers."""
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def begin(self) -> None:
        """Answer from now on, in a thread."""
        self._thread.start()

    def end(self) -> None:
        """Finish what is being answered, and let go of the port."""
        self._server.should_exit = True
        self._thread.join(timeout=2 * _END_S)
        self._socket.close()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
