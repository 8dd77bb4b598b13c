"""What an answer costs to read does not grow faster than the answer."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tipoff.core.clock import thread_cpu
from tipoff.core.errors import SourceError
from tipoff.core.payload import Payload, Request
from tipoff.leagues.entries import Tally, read_json
from tipoff.leagues.nba.sources.people import roster_page
from tipoff.leagues.nba.sources.reference import espn_roster_page, season_page

BELIEVED_S = 10.0  # of the machine's, for what takes a tenth of one; each took more than half a minute


def payload(body: bytes) -> Payload:
    request = Request(source="provider", url="https://provider.example/page")
    sha = hashlib.sha256(body).hexdigest()
    return Payload(request=request, body=body, sha256=sha, status=200, fetched_at=datetime(2024, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("read", "again"),
    [
        (season_page, b"<a "),
        (season_page, b"<!--"),
        (espn_roster_page, b"window['__espnfitt__']={"),
        (roster_page, b'<script id="__NEXT_DATA__">'),
    ],
    ids=["tags", "comments", "data on a page", "a script on a page"],
)
def test_a_page_of_beginnings_without_an_end_is_read_in_one_pass(
    read: Callable[[Payload], Tally], again: bytes
) -> None:
    began = thread_cpu()

    with pytest.raises(SourceError, match="shape that is not known"):
        read(payload(b"<table id=a></table>" + again * 60_000))

    assert thread_cpu() - began < BELIEVED_S


def test_an_answer_of_more_values_than_any_has_is_not_made_into_objects() -> None:
    with pytest.raises(SourceError, match="no JSON"):
        read_json(payload(b"[" + b"[]," * 1_600_000 + b"[]]"))
