"""Providers that go wrong: refusals, delays, and answers that are not what they should be."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import httpx

from tipoff.core.clock import Clock, SimClock
from tipoff.core.fault import Fault
from tipoff.drills.faults.answers import CHANGES, changed
from tipoff.sources.world import World

_HTML = b"<html><head><title>Access denied</title></head><body>Reference #18.2f</body></html>"
_TIMEOUT = timedelta(seconds=30)


class _Earlier:
    """A clock that is behind."""

    def __init__(self, clock: Clock, behind: timedelta) -> None:
        self._clock, self._behind = clock, behind

    def now(self) -> datetime:
        """Return the instant before."""
        return self._clock.now() - self._behind


class FaultyTransport(httpx.BaseTransport):
    """Answers as the world would, except where a fault holds."""

    def __init__(self, world: World, clock: SimClock, faults: Sequence[Fault]) -> None:
        self._world, self._clock, self._faults = world, clock, faults
        self._honest = world.transport(clock)
        self.n_requests = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, or go wrong."""
        self.n_requests += 1
        now, url = self._clock.now(), str(request.url)
        for fault in self._faults:
            if fault.holds(now) and fault.fits(host=request.url.host, url=url):
                return self._wrong(request, fault)
        return self._honest.handle_request(request)

    def _wrong(self, request: httpx.Request, fault: Fault) -> httpx.Response:  # noqa: C901, PLR0911 -- one line a way
        match fault.how:
            case "status":
                headers = {"retry-after": str(fault.args["retry_after"])} if "retry_after" in fault.args else {}
                return httpx.Response(fault.args["status"], headers=headers, content=b'{"message":"no"}')
            case "hang":
                self._clock.sleep(_TIMEOUT)
                raise httpx.ReadTimeout("", request=request)
            case "slow":
                self._clock.sleep(timedelta(seconds=fault.args["seconds"]))
                return self._honest.handle_request(request)
            case "refuse":
                raise httpx.ConnectError("", request=request)
            case "html":
                return httpx.Response(200, content=_HTML, headers={"content-type": "text/html"})
            case "nothing":
                return httpx.Response(200, content=b"")
            case "unchanged":
                return httpx.Response(304, headers={"etag": '"never seen"'})
            case "stale":
                clock = _Earlier(self._clock, timedelta(hours=fault.args["hours"]))
                return self._world.transport(clock).handle_request(_without_etag(request))
            case "other day":
                return self._honest.handle_request(_of_other_day(request))
        answer = self._honest.handle_request(_without_etag(request))
        body = answer.read()
        if fault.how == "truncated":
            return httpx.Response(200, content=body[: len(body) * 2 // 3])
        if fault.how not in CHANGES:
            raise ValueError(fault.how)
        document = changed(request.url.host, json.loads(body), fault, self._clock.now())
        return httpx.Response(200, content=json.dumps(document).encode())


def _without_etag(request: httpx.Request) -> httpx.Request:
    kept = [(name, value) for name, value in request.headers.items() if name != "if-none-match"]
    return httpx.Request(request.method, request.url, headers=kept)


def _of_other_day(request: httpx.Request) -> httpx.Request:
    """Ask for the day before: what a provider answers that counts days in another zone."""
    params = dict(request.url.params)
    for name in ("DateFrom", "DateTo"):
        if name in params:
            day = datetime.strptime(params[name], "%m/%d/%Y") - timedelta(days=1)  # noqa: DTZ007 -- a date
            params[name] = f"{day:%m/%d/%Y}"
    if "date" in params:
        params["date"] = (datetime.fromisoformat(params["date"]) - timedelta(days=1)).date().isoformat()
    return httpx.Request(request.method, request.url.copy_with(params=params))
