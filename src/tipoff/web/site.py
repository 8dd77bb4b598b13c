"""`/health` and `/ready`: what runs here and whether it works, read from the ledger, bounded, without secrets.

Without the token, where one is set, an answer says only whether; what and why is for those who hold it.
"""

import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tipoff.core.clock import age
from tipoff.core.errors import PipelineError
from tipoff.ledger import Ledger
from tipoff.ledger.migrate import HEAD
from tipoff.views.running import Running, read_running, why_not_ready

KEPT = timedelta(seconds=1)  # an answer is read from the ledger once a second at most, however many ask
_NOT_READY, _NOBODY = 503, 401


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteAnswer:
    """What does not change while the process runs."""

    build: str
    commit: str
    settings_hash: str
    token: str
    silent_after: timedelta


class SiteFacts:
    """What the ledger says, kept for a moment; a ledger that cannot be read is a fact as well."""

    def __init__(self, ledger: Path | str, now: Callable[[], datetime]) -> None:
        self._target, self._now = ledger, now
        self._lock = threading.Lock()
        self._read_at: datetime | None = None
        self._running: Running | None = None
        self._trouble = ""

    def read(self) -> tuple[Running | None, str, datetime]:
        """Return what runs, or why that cannot be known, and the instant."""
        with self._lock:
            now = self._now()
            if self._read_at is None or not timedelta(0) <= now - self._read_at < KEPT:  # or the clock was put back
                self._read_at = now
                self._running, self._trouble = self._look()
            return self._running, self._trouble, now

    def _look(self) -> tuple[Running | None, str]:
        if isinstance(self._target, Path) and not self._target.exists():
            return None, "there is no ledger yet"
        try:
            with Ledger(self._target, read_only=True) as ledger:
                return read_running(ledger), ""
        except PipelineError as error:
            return None, f"the ledger cannot be read: {type(error).__name__}"  # its text may name hosts and users


def site(told: SiteAnswer, facts: SiteFacts) -> Starlette:
    """Return the application: two pages, for GET and HEAD alone."""

    def health(request: Request) -> Response:
        running, trouble, now = facts.read()
        return _answer(told, request, {"status": "ok"}, _about(told, running, trouble, now))

    def ready(request: Request) -> Response:
        running, trouble, now = facts.read()
        why = (trouble,) if running is None else why_not_ready(running, now, silent_after=told.silent_after)
        known = _about(told, running, trouble, now) | {"reasons": list(why)}
        status = _NOT_READY if why else 200
        return _answer(told, request, {"ready": not why}, known, status=status)

    return Starlette(routes=[Route("/health", health, methods=["GET"]), Route("/ready", ready, methods=["GET"])])


def _answer(
    told: SiteAnswer, request: Request, plain: dict[str, Any], known: dict[str, Any], *, status: int = 200
) -> Response:
    given = request.headers.get("authorization", "")
    if told.token and given and not hmac.compare_digest(given.encode(), f"Bearer {told.token}".encode()):
        return JSONResponse({"error": "this token is not known"}, _NOBODY, headers={"www-authenticate": "Bearer"})
    shown = plain if told.token and not given else plain | known
    return JSONResponse(shown, status, headers={"cache-control": "no-store"})


def _about(told: SiteAnswer, running: Running | None, trouble: str, now: datetime) -> dict[str, Any]:
    known = {"build": told.build, "commit": told.commit, "config_hash": told.settings_hash, "schema_version": HEAD}
    if running is None:
        return known | {"ledger": trouble}
    tick_age = None if running.last_tick_at is None else round(age(running.last_tick_at, now).total_seconds(), 1)
    parts = {
        part.name: {"build": part.build, "age_s": round(age(part.at, now).total_seconds(), 1)} for part in running.parts
    }
    return known | {"last_tick_age_s": tick_age, "parts": parts, "off": running.off}
