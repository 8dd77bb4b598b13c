"""The page, `/health` and `/ready`: what runs here and whether it works, read from the ledger, bounded, without secrets.

Without the token, where one is set, /health and /ready say only whether; what and why, and the page, is for those who hold it.
A browser gives it as the password of any name.
"""

import base64
import binascii
import hmac
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from tipoff.core.clock import age
from tipoff.core.errors import NoLedger, PipelineError
from tipoff.core.home import Home
from tipoff.ledger import Ledger
from tipoff.ledger.migrate import HEAD
from tipoff.views.running import Running, read_running, why_not_ready
from tipoff.web.page import NO_LEDGER, Card, headers, page
from tipoff.web.serve import is_loopback

KEPT = timedelta(seconds=1)  # an answer is read from the ledger once a second at most, however many ask
_GONE = "the ledger is gone, and what was made with it stands"
_NOT_READY, _NOBODY, _ELSEWHERE, _BROKEN = 503, 401, 421, 500


T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAnswer:
    """What does not change while the process runs."""

    build: str
    commit: str
    settings_hash: str
    token: str
    silent_after: timedelta


class SiteFacts(Generic[T]):
    """What the ledger says, kept for a moment; a ledger that cannot be read is a fact as well."""

    def __init__(self, home: Home, read: Callable[[Ledger, datetime], T], now: Callable[[], datetime]) -> None:
        self._home, self._reader, self._now = home, read, now
        self._lock = threading.Lock()
        self._read_at: datetime | None = None
        self._known: T | None = None
        self._trouble = ""

    def read(self) -> tuple[T | None, str, datetime]:
        """Return what is known, or why nothing can be, and the instant."""
        with self._lock:
            now = self._now()
            if self._read_at is None or not timedelta(0) <= now - self._read_at < KEPT:  # or the clock was put back
                self._read_at = None  # a look that raises leaves nothing that would be told as of now
                self._known, self._trouble = self._look(now)
                self._read_at = now = self._now()  # whoever waited while it took long needs no look of his own
            return self._known, self._trouble, now

    def _look(self, now: datetime) -> tuple[T | None, str]:
        none = _GONE if self._home.has_work else NO_LEDGER
        if not self._home.has_ledger:
            return None, none
        try:
            with Ledger(self._home.ledger, read_only=True) as ledger:
                return self._reader(ledger, now), ""
        except NoLedger:
            return None, none
        except PipelineError as error:
            return None, f"the ledger cannot be read: {type(error).__name__}"  # its text may name hosts and users


def site(
    told: SiteAnswer,
    home: Home,
    cards: Callable[[Ledger, datetime], Sequence[Card]],
    now: Callable[[], datetime],
) -> Starlette:
    """Return the application: the page, and two answers for machines, for GET and HEAD alone."""
    facts = SiteFacts(home, lambda opened, _: read_running(opened), now)
    shown = SiteFacts(home, cards, now)

    def health(request: Request) -> Response:
        running, trouble, at = facts.read()
        return _answer(told, request, {"status": "ok"}, _about(told, running, trouble, at))

    def ready(request: Request) -> Response:
        running, trouble, at = facts.read()
        why = (trouble,) if running is None else why_not_ready(running, at, silent_after=told.silent_after)
        known = _about(told, running, trouble, at) | {"reasons": list(why)}
        status = _NOT_READY if why else 200
        return _answer(told, request, {"ready": not why}, known, status=status)

    def today(request: Request) -> Response:
        if told.token and not _has(told.token, request):
            asks = {"www-authenticate": 'Basic realm="tipoff: the token is the password", charset="UTF-8"'}
            return PlainTextResponse("the token is needed: it is the password, of any name\n", _NOBODY, headers=asks)
        if not told.token and not _is_of_here(request):
            return PlainTextResponse("without a token it is shown on this machine alone: by localhost\n", _ELSEWHERE)
        found, trouble, at = shown.read()
        return HTMLResponse(page(found or (), trouble, at=at, build=told.build), headers=headers())

    def failed(_: Request, error: Exception) -> Response:
        """Say that what stands in this home cannot be told; the server writes down where and why."""
        said = f"what stands in this home cannot be told ({type(error).__name__}): tipoff doctor, tipoff status\n"
        return PlainTextResponse(said, _BROKEN, headers={"cache-control": "no-store"})

    pages = {"/": today, "/health": health, "/ready": ready}
    routes = [Route(path, endpoint, methods=["GET"]) for path, endpoint in pages.items()]
    application = Starlette(routes=routes, exception_handlers={Exception: failed})
    application.router.redirect_slashes = False  # its address would be made of the host that was asked for
    return application


def _is_of_here(request: Request) -> bool:
    """Whether this machine was asked by a name of its own; a page elsewhere may lead a browser here by one of its own."""
    host = request.headers.get("host", "")
    return is_loopback(host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0])


def _has(token: str, request: Request) -> bool:
    """Whether the request carries the token, as a program or as a browser gives it."""
    given = next((value for name, value in request.headers.raw if name == b"authorization"), b"")
    kind, _, value = given.partition(b" ")
    if kind.lower() == b"basic":
        try:
            value = base64.b64decode(value, validate=True).partition(b":")[2]
        except binascii.Error:
            return False
    elif kind.lower() != b"bearer":
        return False
    return hmac.compare_digest(value, token.encode())


def _answer(
    told: SiteAnswer, request: Request, plain: dict[str, Any], known: dict[str, Any], *, status: int = 200
) -> Response:
    given = "authorization" in request.headers
    if told.token and given and not _has(told.token, request):
        return JSONResponse({"error": "this token is not known"}, _NOBODY, headers={"www-authenticate": "Bearer"})
    may_know = given if told.token else _is_of_here(request)
    return JSONResponse(plain | known if may_know else plain, status, headers={"cache-control": "no-store"})


def _about(told: SiteAnswer, running: Running | None, trouble: str, now: datetime) -> dict[str, Any]:
    known = {"build": told.build, "commit": told.commit, "config_hash": told.settings_hash, "schema_version": HEAD}
    if running is None:
        return known | {"ledger": trouble}
    ticks = [
        part.at for part in running.parts if part.name.startswith("controller ")
    ]  # a quiet tick leaves no other trace
    ticks += [at for at in (running.last_tick_at,) if at is not None]
    tick_age = min((round(age(at, now).total_seconds(), 1) for at in ticks), default=None)
    parts = {
        part.name: {"build": part.build, "age_s": round(age(part.at, now).total_seconds(), 1)} for part in running.parts
    }
    return known | {"last_tick_age_s": tick_age, "parts": parts, "off": running.off}
