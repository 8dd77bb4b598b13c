"""Answers that go on: pages are asked one after the other, all of them or none, never in a circle."""

from datetime import UTC, datetime

import pytest

from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.payload import Payload, Request
from tipoff.core.step import MOST_PAGES
from tipoff.engine.pages import next_page

NOW = datetime(2024, 1, 1, tzinfo=UTC)


def page(n: int) -> Payload:
    request = Request(source="p", url=f"https://p/{n}")
    return Payload(request=request, body=b"{}", sha256=str(n), status=200, fetched_at=NOW)


def asked(*pages: int) -> dict[Request, None]:
    return {page(n).request: None for n in pages}


def test_the_next_page_is_asked_until_there_is_none() -> None:
    assert next_page(page(1), lambda _: page(2).request, asked(1)) == asked(2)
    assert next_page(page(2), lambda _: None, asked(1, 2)) == {}
    assert next_page(page(2), None, asked(1)) == {}


def test_pages_in_a_circle_or_without_an_end_are_an_error_of_the_source() -> None:
    with pytest.raises(SourceError, match="in a circle") as caught:
        next_page(page(2), lambda _: page(1).request, asked(1, 2))
    assert caught.value.kind is ErrorKind.TRANSIENT
    with pytest.raises(SourceError, match="on and on"):
        next_page(page(0), lambda _: page(999).request, asked(*range(MOST_PAGES + 1)))


def test_a_cursor_that_breaks_its_reader_is_an_error_of_the_source() -> None:
    def broken(_payload: Payload) -> Request | None:
        raise KeyError("meta")

    with pytest.raises(SourceError, match="shape that is not known"):
        next_page(page(1), broken, asked(1))
