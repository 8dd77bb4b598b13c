"""Answers that lead to the next one, asked for or found in the archive; and whose rows count where several have them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.parsing import shape_of
from tipoff.core.payload import Fetched, Payload, Request
from tipoff.core.schema import Table
from tipoff.core.step import MOST_PAGES, SourceWork

T = TypeVar("T")
Follow = Callable[[Payload], Request | None]
Kept = Callable[[Request, datetime], Sequence[Payload]]
"""Returns the answers to a request that came up to an instant, in the order in which they came; refusals are none."""


class Fetch(Protocol):
    """Asks a provider, archives the answer, and classifies what went wrong."""

    def __call__(self, request: Request, *, now: Callable[[], datetime]) -> Fetched:
        """Return the answer, of the instant `now` at which its last byte came; raises SourceError. Called by several threads."""


class Together(Protocol):
    """Does the same for each of several requests to one provider: one after the other, or some of them at once."""

    def __call__(self, work: Callable[[Request], T], requests: Sequence[Request]) -> Iterable[T]:
        """Return what came of each, in their order; what `work` raises comes from here."""


def in_turn(work: Callable[[Request], T], requests: Sequence[Request]) -> Iterable[T]:
    """Ask one request after the other."""
    return map(work, requests)


@dataclass(frozen=True, slots=True)
class Pages:
    """What came of one request: all of its pages, or none and why."""

    request: Request
    payloads: Sequence[Payload]
    notes: Sequence[str] = ()
    error: SourceError | None = None


def pages_of(first: Request, fetch: Callable[[Request], Fetched], follow: Follow | None) -> Pages:
    """Ask a request and those that follow from its answers."""
    pages: list[Payload] = []
    notes: list[str] = []
    asked: dict[Request, None] = {first: None}
    try:
        while len(pages) < len(asked):
            request = next(reversed(asked))
            fetched = fetch(request)
            pages.append(fetched.payload)
            notes += [fetched.note] if fetched.note else []
            asked |= next_page(pages[-1], follow, asked)
    except SourceError as error:  # of pages some are less than none: what is not on them would seem not to be
        return Pages(request, (), notes, error)
    return Pages(first, pages, notes)


def next_page(payload: Payload, follow: Follow | None, asked: Mapping[Request, None]) -> dict[Request, None]:
    """Return what is asked after an answer: one request, or none; raises `SourceError` where it leads in a circle."""
    if follow is None:
        return {}
    with shape_of(payload):
        request = follow(payload)
    if request is not None and (request in asked or len(asked) > MOST_PAGES):
        msg = f"{payload.request.source} leads in a circle or on and on, after {len(asked)} pages"
        raise SourceError(msg, kind=ErrorKind.TRANSIENT, hint="it is asked again; look at the archived payloads")
    return {} if request is None else {request: None}


def archived(work: SourceWork, requests: Sequence[Request], kept: Kept, until: datetime) -> list[Payload]:
    """Return what is archived of answers to `requests`: all in turn where rows keep their history, else the newest of each."""
    if work.keeps_history:
        return [payload for request in requests for payload in kept(request, until)]
    return [payload for request in requests for payload in _pages(request, work.follow, kept, until)]


def _pages(first: Request, follow: Follow | None, kept: Kept, until: datetime) -> list[Payload]:
    """Return all pages of an answer, or none: of pages some are less than none."""
    pages: list[Payload] = []
    asked: dict[Request, None] = {first: None}
    while len(pages) < len(asked):
        answers = kept(next(reversed(asked)), until)
        if not answers:
            return []
        pages.append(answers[-1])
        asked |= next_page(pages[-1], follow, asked)
    return pages


def first_of_each_key(table: Table, records: Sequence[dict[str, object]]) -> list[dict[str, object]]:
    """Return the first record of each key."""
    found: dict[tuple[object, ...], dict[str, object]] = {}
    for record in records:
        found.setdefault(tuple(record.get(name) for name in table.key), record)
    return list(found.values())
