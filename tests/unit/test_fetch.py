"""Fetching: what is archived, and how each failure is told apart."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.payload import Request
from tipoff.sources import fetch
from tipoff.sources.fetch import Fetcher

NOW = datetime(2024, 1, 1, tzinfo=UTC)
REQUEST = Request(
    source="provider", url="https://provider.test/x", params=(("key", "{secret}"),), secrets=("secret",), unit=""
)


class Kept:
    """An archive in memory."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def put(self, body: bytes) -> str:
        self.bodies.append(body)
        return "sha"


def fetcher(answer: Callable[[httpx.Request], httpx.Response]) -> tuple[Fetcher, Kept]:
    kept = Kept()
    client = httpx.Client(transport=httpx.MockTransport(answer))
    return Fetcher(client, kept, secrets={"secret": "hush"}), kept


def test_an_answer_is_archived_as_received_and_the_secret_goes_out_but_is_not_recorded() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=b"body", headers={"etag": '"1"'})

    one, kept = fetcher(answer)
    fetched = one.get(REQUEST, now=NOW)

    assert fetched.payload is not None
    assert (fetched.payload.body, fetched.etag, kept.bodies) == (b"body", '"1"', [b"body"])
    assert asked[0].url.params["key"] == "hush"
    assert "hush" not in repr(fetched.payload.request)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ErrorKind.PERMANENT),
        (403, ErrorKind.TRANSIENT),
        (404, ErrorKind.PERMANENT),
        (408, ErrorKind.TRANSIENT),
        (429, ErrorKind.TRANSIENT),
        (500, ErrorKind.TRANSIENT),
        (503, ErrorKind.TRANSIENT),
    ],
)
def test_a_refusal_is_told_apart_by_what_helps_and_its_body_is_kept(status: int, kind: ErrorKind) -> None:
    one, kept = fetcher(lambda _: httpx.Response(status, content=b"why"))

    with pytest.raises(SourceError) as caught:
        one.get(REQUEST, now=NOW)

    assert caught.value.kind is kind
    assert kept.bodies == [b"why"]
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "seconds"), [("120", 120.0), ("Mon, 01 Jan 2024 00:05:00 GMT", 300.0), ("soon", None)]
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    one, _ = fetcher(lambda _: httpx.Response(429, headers={"retry-after": value}))

    with pytest.raises(SourceError) as caught:
        one.get(REQUEST, now=NOW)

    assert caught.value.retry_after_s == seconds


def test_a_game_that_the_provider_does_not_know_yet_is_no_failure() -> None:
    request = Request(source="provider", url="https://provider.test/x", unit="game")
    one, _ = fetcher(lambda _: httpx.Response(404))

    with pytest.raises(SourceError) as caught:
        one.get(request, now=NOW)

    assert caught.value.kind is ErrorKind.NOT_YET


def test_silence_and_a_reset_are_transient() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    def reset(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("reset", request=request)

    for answer in (silent, reset):
        one, _ = fetcher(answer)
        with pytest.raises(SourceError) as caught:
            one.get(REQUEST, now=NOW)
        assert caught.value.kind is ErrorKind.TRANSIENT


def test_more_than_is_believed_is_refused_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MAX_BYTES", 10)
    one, kept = fetcher(lambda _: httpx.Response(200, content=b"x" * 11))

    with pytest.raises(SourceError, match="more than 10 bytes"):
        one.get(REQUEST, now=NOW)
    assert kept.bodies == []


def test_not_modified_has_no_payload() -> None:
    one, kept = fetcher(lambda _: httpx.Response(304, headers={"etag": '"1"'}))

    assert one.get(REQUEST, now=NOW, etag='"1"').payload is None
    assert kept.bodies == []
