"""What the emulator lacks, laid around it: a test double written from public documents, never compared with Google's BigQuery.

It adds the streaming buffer, 409 for a job id that is known, job ids of uploads as the client gives them, parameters in scripts,
the refusal of a second statement that changes a table while another does, limits on how often a table is loaded, and faults on
order: an answer before the work (503, serialize, reset, rate, quota, denied), late (slow, unless a job is cancelled), or none
after it (lost). `POST /double` gives
orders and tells what was seen.
"""

import asyncio
import json
import re
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.emulator.binding import bound, is_script
from tests.emulator.buffer import Buffer, Name, changed

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

UPLOAD_ID: ContextVar[str | None] = ContextVar("upload_id", default=None)
SERIALIZE = "Could not serialize access to table {} due to concurrent update"
RATE = "Exceeded rate limits: too many table update operations for this table"
QUOTA = "Quota exceeded: Your table exceeded quota for imports or query appends per table"
DENIED = "Access Denied: Project p: User does not have bigquery.datasets.create permission in project p."
DEAR = "Query exceeded limit for bytes billed: 1000000. 10485760 or higher required."
STOPPED = "Job execution was cancelled: User requested cancellation"
BACKEND = "Error encountered during execution. Retrying may solve the problem."
_TEN_S, _DAY_S, _WINDOW_S = 10.0, 86_400.0, 1800.0
_TABLE = re.compile(r"^/bigquery/v2/projects/([^/]+)/datasets/([^/]+)/tables/([^/]+)(/insertAll)?$")


@dataclass
class Asked:
    """One request, read whole."""

    scope: Message
    body: bytes
    job: dict[str, Any] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def project(self) -> str:
        parts = self.path.split("/projects/", 1)
        return parts[1].split("/")[0] if len(parts) > 1 else ""

    @property
    def job_id(self) -> str:
        return str(self.job.get("jobReference", {}).get("jobId") or "")

    @property
    def query(self) -> dict[str, Any]:
        found: dict[str, Any] = self.job.get("configuration", {}).get("query", {})
        return found

    @property
    def sql(self) -> str:
        return str(self.query.get("query", ""))

    @property
    def bound(self) -> str:
        parameters = self.query.get("queryParameters", ())
        return bound(self.sql, parameters) if parameters else self.sql

    @property
    def loads(self) -> Name | None:
        target = self.job.get("configuration", {}).get("load", {}).get("destinationTable")
        return (target["projectId"], target["datasetId"], target["tableId"]) if target else None


@dataclass
class Order:
    """A fault: what goes wrong (503, serialize, reset, lost, slow:S), how often, for which requests."""

    kind: str
    match: str = "."
    count: int = 1
    skip: int = 0

    def takes(self, asked: Asked) -> bool:
        """Whether it strikes now; its count goes down."""
        said = f"{asked.method} {asked.path} {asked.body[:20_000].decode('latin-1')}"
        if self.count < 1 or not re.search(self.match, said):
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.count -= 1
        return True


class Layer:
    """The application around the emulator's. `types` gives a table's columns, `now` seconds since 1970."""

    def __init__(self, app: App, types: Callable[[Name], Mapping[str, str]], now: Callable[[], float]) -> None:
        self._app, self._types, self._wall = app, types, now
        self._at: float | None = None  # a simulated instant, where one is set
        self.buffer = Buffer(self.now, _WINDOW_S)
        self._orders: list[Order] = []
        self._known: set[tuple[str, str]] = set()
        self._changing: Counter[Name] = Counter()
        self._deletes = True  # whether a DELETE changes its table; False: as if none found a row
        self._uploads: dict[str, str] = {}
        self._loads: dict[Name, list[float]] = defaultdict(list)
        self._per_10_s, self._per_day = 1_000_000, 1_000_000
        self._cancelled = asyncio.Event()
        self.seen: Counter[str] = Counter()
        self.statements: Counter[str] = Counter()

    def now(self) -> float:
        """Return the present instant, simulated or not."""
        return self._wall() if self._at is None else self._at

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = await _read(scope, receive)
        if asked.path == "/double":
            await _reply(send, 200, self._ordered(asked))
            return
        await self._answer(asked, send)

    def _ordered(self, asked: Asked) -> dict[str, Any]:
        order = json.loads(asked.body or b"{}")
        if "fault" in order:
            self._orders.append(Order(**order["fault"]))
        if "at" in order:
            self._at = order["at"]
        if order.get("forget"):
            self._orders.clear()
            self.buffer.clear()
            self.seen.clear()
            self.statements.clear()
            self._per_10_s = self._per_day = 1_000_000
            self._deletes = True
        self._deletes = order.get("deletes", self._deletes)
        self._per_10_s = order.get("per_10_s", self._per_10_s)
        self._per_day = order.get("per_day", self._per_day)
        self.buffer.window_s = order.get("window_s", self.buffer.window_s)
        return {"seen": dict(self.seen), "statements": dict(self.statements), "now": self.now()}

    async def _answer(self, asked: Asked, send: Send) -> None:
        fault = next((order.kind for order in self._orders if order.takes(asked)), "")
        if fault:
            self.seen[f"fault {fault.partition(':')[0]}"] += 1
        if fault == "reset":
            raise ConnectionResetError(fault)
        if asked.path.endswith("/cancel"):
            self.seen["cancel"] += 1
            self._cancelled.set()
        refused = _ordered_refusal(fault) or self._refusal(asked)
        is_change = asked.sql and not refused
        changes = changed(asked.bound, asked.project, by_deletion=self._deletes) if is_change else set()
        busy = next((name for name in changes if self._changing[name]), None)
        if busy:
            self.seen["at the same time"] += 1
            refused = _error(400, "invalidQuery", SERIALIZE.format(f"{busy[0]}:{busy[1]}.{busy[2]}"))
        if refused:
            await _reply(send, *refused)
            return
        self._changing.update(changes)
        try:
            if fault.startswith("slow:") and await self._is_cancelled_within(float(fault[5:])):
                await _reply(send, *_error(400, "stopped", STOPPED))
                return
            await self._forward(asked, _swallow if fault == "lost" else send)
        finally:
            self._changing.subtract(changes)
        if fault == "lost":  # the work is done and nobody hears of it
            raise ConnectionResetError(fault)

    async def _is_cancelled_within(self, seconds: float) -> bool:
        """Wait, and return whether somebody cancelled a job meanwhile."""
        self._cancelled.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._cancelled.wait()
        return self._cancelled.is_set()

    def _refusal(self, asked: Asked) -> tuple[int, dict[str, Any]] | None:
        """Return what BigQuery would refuse and the emulator does not."""
        is_new_job = asked.method == "POST" and asked.path.endswith("/jobs")
        if not is_new_job or asked.job.get("configuration", {}).get("dryRun"):
            return None
        key = (asked.project, asked.job_id)
        if asked.job_id and key in self._known:
            self.seen["409"] += 1
            return _error(409, "duplicate", f"Already Exists: Job {key[0]}:US.{key[1]}")
        if asked.sql:
            self.seen["query job"] += 1
            self.statements[asked.sql] += 1
            text = self.buffer.refuses(asked.bound, asked.project, self._types)
            if text:
                self.seen["streaming buffer"] += 1
                return _error(400, "invalidQuery", text)
        if asked.loads is not None:
            self.seen["load job"] += 1
            limited = self._limited(asked.loads)
            if limited:
                return limited
        if asked.job_id:
            self._known.add(key)
        return None

    def _limited(self, name: Name) -> tuple[int, dict[str, Any]] | None:
        now, loads = self.now(), self._loads[name]
        if sum(now - at < _TEN_S for at in loads) >= self._per_10_s:
            self.seen["rate limit"] += 1
            return _error(403, "rateLimitExceeded", RATE)
        if sum(now - at < _DAY_S for at in loads) >= self._per_day:
            self.seen["quota"] += 1
            return _error(403, "quotaExceeded", QUOTA)
        loads.append(now)
        return None

    async def _forward(self, asked: Asked, send: Send) -> None:
        """Hand a request on, as the emulator can take it."""
        table = _TABLE.match(asked.path)
        if table and table[4] and asked.method == "POST":
            await self._app(asked.scope, _receive(asked.body), self._taking_in(asked, table, send))
            return
        if table and asked.method == "GET" and self.buffer.held((table[1], table[2], table[3])):
            await self._with_buffer(asked, (table[1], table[2], table[3]), send)
            return
        token = UPLOAD_ID.set(self._upload_id(asked))
        try:
            body = _for_the_emulator(asked)
            send = self._noting_sessions(asked, send) if asked.path.startswith("/upload") else send
            await self._app(_sized(asked.scope, body), _receive(body), send)
        finally:
            UPLOAD_ID.reset(token)

    def _upload_id(self, asked: Asked) -> str | None:
        if not asked.path.startswith("/upload"):
            return None
        session = parse_qs(asked.scope.get("query_string", b"").decode()).get("upload_id", [""])[0]
        return self._uploads.get(session) if session else asked.job_id or None

    def _noting_sessions(self, asked: Asked, send: Send) -> Send:
        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                session = dict(message["headers"]).get(b"x-guploader-uploadid", b"").decode()
                if session and asked.job_id:
                    self._uploads[session] = asked.job_id
            await send(message)

        return noting

    def _taking_in(self, asked: Asked, table: re.Match[str], send: Send) -> Send:
        """Return a `send` that takes streamed rows in before their writer hears of it."""

        async def taking_in(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                self.buffer.add((table[1], table[2], table[3]), [row["json"] for row in json.loads(asked.body)["rows"]])
                self.seen["streamed"] += 1
            await send(message)

        return taking_in

    async def _with_buffer(self, asked: Asked, name: Name, send: Send) -> None:
        parts: list[bytes] = []
        status = 200

        async def collect(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            parts.append(message.get("body", b""))

        await self._app(asked.scope, _receive(asked.body), collect)
        await _reply(send, status, json.loads(b"".join(parts)) | {"streamingBuffer": self.buffer.metadata(name)})


async def _read(scope: Message, receive: Receive) -> Asked:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False) and message["type"] == "http.request"
    asked = Asked(scope, body)
    if scope["method"] == "POST" and scope["path"].endswith("/jobs"):
        asked.job = _job_of(scope, body)
    return asked


def _job_of(scope: Message, body: bytes) -> dict[str, Any]:
    kind = dict(scope["headers"]).get(b"content-type", b"")
    if b"multipart" in kind:  # the first part is the job, the second the file
        body = body[body.index(b"{") :].split(b"\r\n--", 1)[0].split(b"\n--", 1)[0]
    found: dict[str, Any] = json.loads(body)
    return found


def _for_the_emulator(asked: Asked) -> bytes:
    """Return the body with what the emulator would not take written otherwise: `*/*` for a file, parameters of a script."""
    if b"multipart" in dict(asked.scope["headers"]).get(b"content-type", b""):
        return re.sub(rb"(?i)content-type: \*/\*", b"content-type: application/octet-stream", asked.body, count=1)
    parameters = asked.query.get("queryParameters")
    if parameters and is_script(asked.sql):
        asked.query["query"] = bound(asked.sql, parameters)
        asked.query.pop("queryParameters")
        return json.dumps(asked.job).encode()
    return asked.body


def _sized(scope: Message, body: bytes) -> Message:
    headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
    return {**scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}


def _receive(body: bytes) -> Receive:
    """Return a channel that gives `body` once; asked again it waits, as a client that stays connected does."""
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            await asyncio.Event().wait()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _swallow(_message: Message) -> None:
    """Let an answer be lost."""


async def _reply(send: Send, status: int, answer: Mapping[str, Any]) -> None:
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


_REFUSALS = {
    "503": (503, "backendError", BACKEND),
    "serialize": (400, "invalidQuery", SERIALIZE.format("a table")),
    "rate": (403, "rateLimitExceeded", RATE),
    "quota": (403, "quotaExceeded", QUOTA),
    "denied": (403, "accessDenied", DENIED),
    "dear": (400, "bytesBilledLimitExceeded", DEAR),
}


def _ordered_refusal(fault: str) -> tuple[int, dict[str, Any]] | None:
    return _error(*_REFUSALS[fault]) if fault in _REFUSALS else None


def _error(status: int, reason: str, message: str) -> tuple[int, dict[str, Any]]:
    first = {"reason": reason, "domain": "global", "message": message}
    return status, {"error": {"code": status, "message": message, "errors": [first]}}
