"""One exchange with a provider: keys put in last, redirects followed to its own hosts alone, bounded in time and size."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

import httpx

from tipoff.core.errors import CallFailed, ErrorKind, SourceError
from tipoff.core.outside import Answer
from tipoff.core.payload import Request
from tipoff.core.provider import Provider
from tipoff.sources.transport import ending_in, has_ended
from tipoff.sources.unpack import ACCEPTED, read_bounded

_MOVED = frozenset({301, 302, 303, 307, 308})
_LONGEST_HEADER = 1000  # of an ETag that is sent back


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An answer as it came, unpacked."""

    status: int
    headers: httpx.Headers
    body: bytes


class Exchange:
    """Sends one request by a way (a proxy's name, or none) and reads its answer. Safe for several threads.

    `clients` are by way; `secret` gives a key by its name, empty where there is none. Keys are never recorded.
    """

    def __init__(self, *, clients: Mapping[str, httpx.Client], secret: Callable[[str], str]) -> None:
        self._clients, self._secret = clients, secret

    def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            client.close()

    def must_have_keys(self, request: Request) -> None:
        """Refuse with a `SourceError` a request of whose keys one is not set."""
        for name in request.secrets:
            self._key(name, request)

    def get(self, request: Request, provider: Provider, way: str, *, last: Answer | None = None) -> Received:
        """Return the answer at the end of its redirects; with `last`, it may be that nothing has changed since.

        Raises:
            SourceError: It leads somewhere else than to its provider.
            httpx.HTTPError: No answer, or not in time.
            TooMuch: More bytes than are believed.
            BadlyPacked: It cannot be unpacked.
        """
        client = self._clients[way]
        params = {name: self._filled(value, request) for name, value in request.params}
        url = _url(provider.address(request.url), tuple(params.items()))
        headers = self._headers(request, provider, last)
        with ending_in(provider.limits.whole):
            for _ in range(provider.limits.redirects + 1):
                received, target = _one(client, url, headers, provider)
                if target is None:
                    return received
                if not _is_of(provider, url, target):
                    where = f"{target.scheme}://{target.host}"[:100]
                    msg = f"{request.source} leads to {where}, which is not one of its hosts"
                    hint = "nothing was asked there; declare the host, or mend the address"
                    # a provider that is being mended leads elsewhere too
                    raise SourceError(msg, kind=ErrorKind.TRANSIENT, hint=hint)
                url = target
        msg = f"{request.source} leads on and on: more than {provider.limits.redirects} redirects"
        raise SourceError(msg, kind=ErrorKind.TRANSIENT, hint="it is asked again later")

    def _headers(self, request: Request, provider: Provider, last: Answer | None) -> dict[str, bytes]:
        """Return the headers to send, as bytes: what a provider once sent as its ETag goes back as it came."""
        told = dict(provider.headers) | dict(request.headers)
        headers = {name: self._filled(value, request).encode("latin-1", "replace") for name, value in told.items()}
        headers["Accept-Encoding"] = ACCEPTED.encode()
        if last is not None and last.etag:
            headers["If-None-Match"] = last.etag.encode("latin-1")
        if last is not None and last.last_modified:
            headers["If-Modified-Since"] = last.last_modified.encode("latin-1")
        return headers

    def _filled(self, value: str, request: Request) -> str:
        for name in request.secrets:
            if f"{{{name}}}" in value:
                value = value.replace(f"{{{name}}}", self._key(name, request))
        return value

    def _key(self, name: str, request: Request) -> str:
        found = self._secret(name)
        if not found:
            msg = f"{request.source} needs {name}, which is not set; nothing was asked"
            hint = f"set TIPOFF_{name.upper()}; its file is read again at each attempt"
            raise SourceError(msg, kind=ErrorKind.TRANSIENT, hint=hint)  # nothing was asked: trying again costs nothing
        return found


def header(headers: httpx.Headers, name: str) -> str:
    """Return a header's bytes as Latin-1; empty where it is not there, or too long to be sent back."""
    found = next((value for key, value in headers.raw if key.lower() == name.encode()), b"")
    return found.decode("latin-1") if len(found) <= _LONGEST_HEADER else ""


@lru_cache(maxsize=512)
def _url(address: str, params: tuple[tuple[str, str], ...]) -> httpx.URL:
    """Return an address with its questions. It is gone through sign by sign each time it is read, and asked all day long."""
    asked = httpx.QueryParams(dict(params))
    return httpx.URL(f"{address}{'&' if '?' in address else '?'}{asked}" if params else address)


def _one(
    client: httpx.Client, url: httpx.URL, headers: Mapping[str, bytes], provider: Provider
) -> tuple[Received, httpx.URL | None]:
    limits = provider.limits
    timeout = httpx.Timeout(limits.read.total_seconds(), connect=limits.connect.total_seconds())
    pairs = [(name.encode(), value) for name, value in headers.items()]
    request = client.build_request("GET", url, headers=pairs, timeout=timeout)
    with _to_an_address():  # where it leads is looked at as soon as its head has come
        try:
            response = client.send(request, stream=True)
        except RuntimeError as error:
            if not client.is_closed:
                raise
            msg = f"{url.host} is not asked: this process lets go of its connections"
            raise CallFailed(msg) from error
    try:
        location = response.headers.get("location", "")
        if response.status_code in _MOVED and location:
            return Received(status=response.status_code, headers=response.headers, body=b""), _joined(url, location)
        body = read_bounded(
            _pieces(response),
            response.headers.get("content-encoding", ""),
            most=limits.max_bytes,
            most_on_wire=limits.max_wire_bytes,
            look=_in_time,
        )
        return Received(status=response.status_code, headers=response.headers, body=body), None
    finally:
        response.close()


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    if not isinstance(response.stream, httpx.SyncByteStream):
        raise TypeError(response.stream)
    yield from response.stream


def _in_time() -> None:
    if has_ended():
        raise httpx.ReadTimeout("the whole time of the request is over")


@contextmanager
def _to_an_address() -> Iterator[None]:
    try:
        yield
    except (httpx.InvalidURL, ValueError) as error:
        raise httpx.RemoteProtocolError("it leads to an address that is none") from error


def _joined(url: httpx.URL, location: str) -> httpx.URL:
    with _to_an_address():
        target = url.join(location)
        _ = target.host, target.port
    return target


def _is_of(provider: Provider, came_from: httpx.URL, target: httpx.URL) -> bool:
    """Whether a redirect stays with the provider: its host, by no worse a scheme, at the same port."""
    home = provider.home or provider.base
    base, own = urlsplit(home), httpx.URL(home)
    if target.scheme not in {"http", "https"} or (came_from.scheme == "https" and target.scheme == "http"):
        return False
    if target.userinfo:
        return False
    if (target.host, target.port) == (own.host, own.port):
        return True
    return target.host == own.host and target.port is None and base.port is None
