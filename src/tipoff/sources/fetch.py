"""Fetching: one GET, bounded in size and time, archived as received, its failure told apart by what helps."""

import email.utils
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import httpx

from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.payload import Fetched, Payload, Request

MAX_BYTES = 32 * 1024 * 1024
_OK, _NOT_MODIFIED, _BAD_REQUEST = 200, 304, 400
_FORBIDDEN, _NOT_FOUND, _TIMEOUT, _TOO_MANY, _SERVER = 403, 404, 408, 429, 500


class Keeps(Protocol):
    """Where payloads are archived."""

    def put(self, body: bytes) -> str:
        """Keep `body`, return its sha256."""
        ...


class Fetcher:
    """Asks providers through one HTTP client. Secrets are put in at the last moment and never recorded."""

    def __init__(self, client: httpx.Client, archive: Keeps, *, secrets: Mapping[str, str]) -> None:
        self._client, self._archive, self._secrets = client, archive, secrets

    def get(self, request: Request, *, now: datetime, etag: str | None = None) -> Fetched:
        """Return the answer, archived; `payload` is None where the provider says that nothing has changed.

        Raises:
            SourceError: No answer, a refusal, or more bytes than are believed; its kind says what helps.
        """
        try:
            status, headers, body = self._ask(request, etag)
        except httpx.TimeoutException as error:
            msg = f"{request.source} did not answer in time"
            raise SourceError(msg, kind=ErrorKind.TRANSIENT, hint="it is asked again") from error
        except httpx.HTTPError as error:
            msg = f"{request.source} could not be asked: {type(error).__name__}"
            raise SourceError(msg, kind=ErrorKind.TRANSIENT, hint="it is asked again") from error
        if status == _NOT_MODIFIED:
            return Fetched(payload=None, status=status, etag=headers.get("etag", ""))
        sha = self._archive.put(body)
        if status != _OK:
            raise refusal(request, status, headers, now)
        payload = Payload(request=request, body=body, sha256=sha, status=status, fetched_at=now)
        return Fetched(payload=payload, status=status, etag=headers.get("etag", ""), n_bytes=len(body))

    def _ask(self, request: Request, etag: str | None) -> tuple[int, httpx.Headers, bytes]:
        headers = {name: self._filled(value, request) for name, value in request.headers}
        if etag:
            headers["If-None-Match"] = etag
        params = {name: self._filled(value, request) for name, value in request.params}
        with self._client.stream("GET", request.url, params=params or None, headers=headers) as response:
            parts, size = [], 0
            for part in response.iter_bytes():
                size += len(part)
                if size > MAX_BYTES:
                    msg = f"{request.source} sent more than {MAX_BYTES} bytes"
                    raise SourceError(msg, kind=ErrorKind.PERMANENT, hint="nothing of it was kept")
                parts.append(part)
            return response.status_code, response.headers, b"".join(parts)

    def _filled(self, value: str, request: Request) -> str:
        for name in request.secrets:
            if f"{{{name}}}" in value:
                value = value.replace(f"{{{name}}}", self._secret(name, request))
        return value

    def _secret(self, name: str, request: Request) -> str:
        if not self._secrets.get(name):
            msg = f"{request.source} needs {name}, which is not set; nothing was asked"
            raise SourceError(msg, kind=ErrorKind.PERMANENT, hint=f"set TIPOFF_{name.upper()}")
        return self._secrets[name]


def refusal(request: Request, status: int, headers: Mapping[str, str], now: datetime) -> SourceError:
    """Return the error for an answer that is no success: what it says, and whether waiting helps."""
    if status == _NOT_FOUND and request.unit:
        msg = f"{request.source} does not know {request.unit} yet (404)"
        return SourceError(msg, kind=ErrorKind.NOT_YET, hint="it is asked again at the next poll")
    waits = status in {_FORBIDDEN, _TIMEOUT, _TOO_MANY} or status >= _SERVER
    kind = ErrorKind.TRANSIENT if waits else ErrorKind.PERMANENT
    retry_after = _retry_after(headers.get("retry-after", ""), now) if status in {_TOO_MANY, 503} else None
    hint = {
        _FORBIDDEN: "the provider refuses this machine or key",
        _TOO_MANY: "too many requests: it is asked again later",
        _NOT_FOUND: "has the provider moved the page?",
    }.get(status, "it is asked again later" if waits else "the request is wrong: mend the source")
    return SourceError(f"{request.source} answered {status}", kind=kind, hint=hint, retry_after_s=retry_after)


def _retry_after(text: str, now: datetime) -> float | None:
    """Read `Retry-After`: seconds, or a date."""
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, (email.utils.parsedate_to_datetime(text) - now).total_seconds())
    except (TypeError, ValueError):
        return None
