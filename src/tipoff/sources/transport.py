"""Connections to the outside: every read ends with its request, every address is looked at before it is called."""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta

import httpcore
import httpx

from tipoff.core.clock import stopwatch

# of all providers together: one that another thread is about to use is not closed for want of a place
_CONNECTIONS = 64
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_ends: ContextVar[float | None] = ContextVar("ends", default=None)

SocketOptions = Iterable[tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]] | None


class ForbiddenAddress(httpx.ConnectError):
    """An address of this machine or network, which no provider may lead to."""


@contextmanager
def ending_in(length: timedelta) -> Iterator[None]:
    """Let everything that is read or written in the block end within `length`, however slowly it comes."""
    token = _ends.set(stopwatch() + length.total_seconds())
    try:
        yield
    finally:
        _ends.reset(token)


def has_ended() -> bool:
    """Whether the time of the block is over."""
    end = _ends.get()
    return end is not None and stopwatch() >= end


def _within(seconds: float | None, late: type[Exception]) -> float | None:
    end = _ends.get()
    if end is None:
        return seconds
    rest = end - stopwatch()
    if rest <= 0:
        raise late("the whole time of the request is over")
    return rest if seconds is None else min(seconds, rest)


class _Stream(httpcore.NetworkStream):
    """A stream whose every read and write ends with its request.

    The last byte of each read is given when it is asked for. One that nobody came for stands behind an answer's end: it would
    begin the answer to the next request, so the stream says that it can be read, and its connection is used no more.
    """

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner, self._rest = inner, b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._rest:
            found, self._rest = self._rest, b""
            return found
        found = self._inner.read(max_bytes, _within(timeout, httpcore.ReadTimeout))
        if len(found) > 1:
            found, self._rest = found[:-1], found[-1:]
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _within(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: object, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        timeout = _within(timeout, httpcore.ConnectTimeout)
        stream = self._inner.start_tls(ssl_context, server_hostname, timeout)  # type: ignore[arg-type]
        if isinstance(inner := stream.get_extra_info("socket"), ssl.SSLSocket):
            # an end that nobody said is where an answer without a length was cut
            inner.suppress_ragged_eofs = False  # type: ignore[attr-defined]
        return _Stream(stream)

    def get_extra_info(self, info: str) -> object:
        return (info == "is_readable" and bool(self._rest)) or self._inner.get_extra_info(info)


class _Network(httpcore.NetworkBackend):
    """Connects to addresses that may be called, and to no others, whatever their names resolve to."""

    def __init__(self, is_trusted: Callable[[str, int], bool]) -> None:
        self._is_trusted, self._inner = is_trusted, httpcore.SyncBackend()
        self._lock = threading.Lock()
        self._lookups: dict[tuple[str, int], Future[list[str]]] = {}

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: SocketOptions = None,
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for address in self._addresses(host, port):
            try:
                rest = _within(timeout, httpcore.ConnectTimeout)
                return _Stream(self._inner.connect_tcp(address, port, rest, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure if failure is not None else httpcore.ConnectError(f"{host} has no address")

    def _addresses(self, host: str, port: int) -> list[str]:
        """Return where a name leads, found within the request's time: the resolver has no limit of its own.

        It is asked in a thread, one for each name, however many wait for it: none of them can be ended.
        """
        with self._lock:
            lookup = self._lookups.get((host, port))
            if lookup is None:
                lookup = Future()
                threading.Thread(target=self._look_up, args=(host, port, lookup), name="resolves", daemon=True).start()
                self._lookups[host, port] = lookup  # begun: one that is not would be waited for by all who come after
        try:
            addresses = lookup.result(_within(None, httpcore.ConnectError))
        except (OSError, UnicodeError) as error:
            msg = f"{host} cannot be found: {error!r}"
            raise httpcore.ConnectError(msg) from error
        if not self._is_trusted(host, port):
            for address in addresses:
                if not is_public(address):
                    msg = f"{host} leads to {address}, an address of this machine or network"
                    raise ForbiddenAddress(msg)
        return addresses

    def _look_up(self, host: str, port: int, lookup: "Future[list[str]]") -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            lookup.set_result(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except (OSError, UnicodeError) as error:
            lookup.set_exception(error)
        finally:
            with self._lock:
                del self._lookups[host, port]


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, also behind the forms that wrap an older one."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        wrapped = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if wrapped is None and found in _NAT64:
            wrapped = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public(str(wrapped))
    return found.is_global and not found.is_multicast


class GuardedTransport(httpx.HTTPTransport):
    """The transport of live requests, direct or by one proxy: httpx's own, over a network that looks at addresses first."""

    def __init__(self, *, is_trusted: Callable[[str, int], bool], proxy: httpx.Proxy | None = None) -> None:
        """Make the pool that httpx's own makes, but for its network, which httpx lets nobody hand in."""
        context, network = httpx.create_ssl_context(), _Network(is_trusted)
        if proxy is None:
            self._pool = httpcore.ConnectionPool(
                ssl_context=context, max_connections=_CONNECTIONS, keepalive_expiry=30.0, network_backend=network
            )
            return
        self._pool = httpcore.HTTPProxy(
            proxy_url=str(proxy.url),
            proxy_auth=proxy.raw_auth,
            ssl_context=context,
            max_connections=_CONNECTIONS,
            keepalive_expiry=30.0,
            network_backend=network,
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer. Where a connection that was kept open turns out to be closed at its other end, ask at once again.

        Each that fails so is kept no longer: at the latest a new one is made, and its failure is the request's.
        """
        while True:
            events: list[str] = []
            request.extensions["trace"] = lambda event, _, seen=events: seen.append(event)
            try:
                return super().handle_request(request)
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                if "connection.connect_tcp.started" in events:
                    raise
