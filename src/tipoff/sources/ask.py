"""Asking: one GET, bounded in time and size, archived as received whatever it says, its failure told apart by what helps."""

import dataclasses
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import httpx

from tipoff.core.clock import stopwatch
from tipoff.core.errors import ErrorKind, PipelineError, Resting, SourceError
from tipoff.core.outside import Answer, Credits
from tipoff.core.payload import Fetched, Payload, Request
from tipoff.core.provider import MIB, Provider, RefusalMeaning, of_request, request_key
from tipoff.sources import allowance
from tipoff.sources.exchange import Exchange, Received, header
from tipoff.sources.host import Host
from tipoff.sources.memory import Memory
from tipoff.sources.proxies import DIRECT, Pool, Result
from tipoff.sources.refusals import meaning_of, no_answer, refusal, unusable
from tipoff.sources.unpack import BadlyPacked, TooMuch
from tipoff.store.archive import Archive, KeptAnswer

UNUSED_FOR = timedelta(minutes=10)  # how long an answer that nobody came to use is as good as a new one
LONGEST_QUEUE = timedelta(seconds=30)  # how long a request waits for its turn at a host
_MOST_YOUNG = 48 * MIB  # bytes of answers that are held in memory for others to use
_ROUTES = 3  # ways that one request tries
_OK, _NOT_MODIFIED, _FORBIDDEN, _NOT_FOUND, _PROXY_REFUSES, _TOO_MANY = 200, 304, 403, 404, 407, 429

Now = Callable[[], datetime]


class Asker:
    """Asks providers. Safe for several threads. `pause` waits for a host's turn."""

    def __init__(  # noqa: PLR0913 -- what asking touches
        self,
        *,
        exchange: Exchange,
        archive: Archive,
        memory: Memory,
        pool: Pool,
        providers: Iterable[Provider],
        pause: Callable[[timedelta], None],
    ) -> None:
        self._exchange, self._archive, self._memory, self._pool = exchange, archive, memory, pool
        self._providers, self._pause = {provider.host: provider for provider in providers}, pause
        self._lock = threading.Lock()
        self._hosts: dict[str, Host] = {}
        self._in_use: dict[str, tuple[threading.Lock, int]] = {}
        self._young: dict[str, Payload] = {}
        self._n_young = 0  # bytes of their bodies
        self._unused: dict[str, KeptAnswer] = {}

    def __call__(self, request: Request, *, now: Now) -> Fetched:
        """Return the answer, archived; it is of the instant at which its last byte came.

        Where a request gets no answer, what is to be asked instead is asked; that answer names its own request. Whoever did not
        answer, or refused, is asked for nothing else instead: only who says that the page is not there. Where two hosts fail,
        neither waits for the other's rest. An answer younger than the request's `max_age` is given again; so is the last one
        where the provider says that nothing has changed. Of several threads that ask the same, one asks.

        Raises:
            SourceError: No answer, a refusal (archived, with its hash), or more than is believed; its kind says what helps.
        """
        try:
            return self._ask(request, now)
        except SourceError as error:
            other_page = request.instead is not None and request.instead.source == request.source
            if request.instead is None or (other_page and not _is_absent(error)):
                raise
            try:
                return self(request.instead, now=now)
            except SourceError as other:
                raised = error
                if of_request(request, self._providers).host != of_request(request.instead, self._providers).host:
                    raised = _of_two_hosts(error, other)
                raised.add_note(f"{request.instead.source}, asked instead: {other}")
                raise raised from other

    def _ask(self, request: Request, now: Now) -> Fetched:
        key = request_key(request)
        with self._one_at_a_time(key):
            young = self._young.get(key)
            is_young = young is not None and now() - young.fetched_at <= request.max_age
            if young is not None and request.max_age and is_young and young.sha256 not in self._archive.aside():
                return Fetched(payload=dataclasses.replace(young, request=request))
            unused = self._unused_answer(request, key, now())
            if unused is not None:
                return Fetched(payload=unused)
            provider = of_request(request, self._providers)
            host = self._host(provider)
            self._may_ask(request, provider, host, now())
            with self._turn(host, provider):
                host.must_not_rest(request, now())  # as it may have asked since, of whoever's turn was before
                try:
                    fetched = self._fetch(request, key, provider, now)
                except SourceError as error:
                    self._failed(error, host, now())
                    raise
            host.answered()
            if request.max_age or key in self._young:
                self._remember(key, fetched.payload)
            return fetched

    def at_once(self, request: Request) -> int:
        """Return how many requests whoever is asked by this one may be asked at once."""
        return of_request(request, self._providers).at_once

    def close(self) -> None:
        """Close every connection; nothing can be asked any more."""
        self._exchange.close()

    def resume(self, unused: Iterable[KeptAnswer]) -> None:
        """Know what was answered to a process that was killed before it could use it: that is not asked again."""
        self._unused = {request_key(answer.request): answer for answer in unused if answer.status == _OK}

    def _unused_answer(self, request: Request, key: str, now: datetime) -> Payload | None:
        """Return, once, what was answered lately to a process that did not come to use it."""
        answer = self._unused.pop(key, None)
        if answer is None or now - answer.at > UNUSED_FOR:
            return None
        try:
            return _payload(request, self._archive.get(answer.sha256), answer.sha256, answer.at)
        except PipelineError:
            return None

    def _remember(self, key: str, payload: Payload) -> None:
        with self._lock:
            known = self._young.pop(key, None)
            self._young[key] = payload
            self._n_young += len(payload.body) - (len(known.body) if known else 0)
            while self._n_young > _MOST_YOUNG:
                self._n_young -= len(self._young.pop(next(iter(self._young))).body)

    # --- before

    @contextmanager
    def _one_at_a_time(self, key: str) -> Iterator[None]:
        with self._lock:
            lock, n_users = self._in_use.get(key, (threading.Lock(), 0))
            self._in_use[key] = lock, n_users + 1
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, n_users = self._in_use[key]
                if n_users == 1:
                    del self._in_use[key]
                else:
                    self._in_use[key] = lock, n_users - 1

    def _host(self, provider: Provider) -> Host:
        with self._lock:
            if provider.host not in self._hosts:
                self._hosts[provider.host] = Host(provider, self._memory)
            return self._hosts[provider.host]

    def _may_ask(self, request: Request, provider: Provider, host: Host, now: datetime) -> None:
        self._exchange.must_have_keys(request)
        host.must_not_rest(request, now)
        left = self._memory.credits(provider.host) if request.cost else None
        allowance.must_be_left(left, source=request.source, cost=request.cost, now=now)
        wait = allowance.wait_for(left, cost=request.cost, closes_at=request.closes_at, now=now)
        if wait is not None and left is not None:
            msg = f"{request.source}: {left.remaining} of {left.allowance} credits are left, which are kept for what is nearer"
            hint = "it is asked when its games are near; a larger plan asks earlier"
            raise SourceError(msg, kind=ErrorKind.NOT_YET, hint=hint, retry_after_s=max(60.0, wait.total_seconds()))

    @contextmanager
    def _turn(self, host: Host, provider: Provider) -> Iterator[None]:
        if not host.slots.acquire(timeout=LONGEST_QUEUE.total_seconds()):
            n, waited_s = provider.at_once, LONGEST_QUEUE.seconds
            msg = f"{provider.host} is being asked by {n} requests already, for {waited_s} s"
            raise SourceError(msg, kind=ErrorKind.TRANSIENT, hint="it is asked when they have ended")
        try:
            wait = host.turn(provider.every)
            if wait > 0:
                self._pause(timedelta(seconds=wait))
            yield
        finally:
            host.slots.release()

    # --- asking

    def _fetch(self, request: Request, key: str, provider: Provider, now: Now) -> Fetched:
        last = None if request.anew else self._memory.answer(key)
        received = self._by_some_way(request, provider, last, now)
        if received.status == _NOT_MODIFIED:
            payload = self._as_it_was(request, key, last, now())
            if payload is not None:
                return Fetched(payload=payload)
            if last is not None:  # what has not changed is lost: all of it anew
                received = self._by_some_way(request, provider, None, now)
        at = now()
        note = self._note_credits(provider, received, at)
        if received.status == _NOT_MODIFIED:
            msg = f"{request.source} says that nothing has changed, and nothing is kept of what it said before"
            raise SourceError(msg, kind=ErrorKind.TRANSIENT, hint="it is asked again")
        sha = self._archive.put(received.body)
        self._archive.note(KeptAnswer(request=request, status=received.status, sha256=sha, at=at))
        if received.status != _OK:
            error = refusal(request, provider, received.status, received.headers, received.body, at)
            error.status, error.sha256, error.n_bytes = received.status, sha, len(received.body)
            raise error
        aside = self._archive.aside().get(sha)
        if aside is not None:
            msg = f"{request.source} answered once more what is not to be used: {aside.text}"
            hint = "it is asked again, ever more seldom; where it is right now, take its line out of the archive's aside.jsonl"
            unused = SourceError(msg, kind=ErrorKind.PERMANENT, hint=hint)
            unused.status, unused.sha256, unused.n_bytes = received.status, sha, len(received.body)
            raise unused
        etag, modified = header(received.headers, "etag"), header(received.headers, "last-modified")
        if etag or modified:
            self._memory.keep_answer(
                Answer(key=key, source=request.source, sha256=sha, status=_OK, at=at, etag=etag, last_modified=modified)
            )
        return Fetched(payload=_payload(request, received.body, sha, at), note=note)

    def _as_it_was(self, request: Request, key: str, last: Answer | None, at: datetime) -> Payload | None:
        """Return the last answer as one of now, or None where it is not kept any more, or set aside."""
        if last is None or last.sha256 in self._archive.aside():
            return None
        young = self._young.get(key)
        if young is not None and young.sha256 == last.sha256:
            return _payload(request, young.body, last.sha256, at)
        try:
            return _payload(request, self._archive.get(last.sha256), last.sha256, at)
        except PipelineError:
            return None

    def _by_some_way(self, request: Request, provider: Provider, last: Answer | None, now: Now) -> Received:
        tried: list[str] = []
        failure: SourceError | None = None
        while len(tried) < _ROUTES:
            way = self._pool.take(provider, now(), tried=tried)
            if way is None:
                break
            tried.append(way)
            began, result = stopwatch(), Result.FAILURE
            try:
                received = self._exchange.get(request, provider, way, last=last)
                result = _result_of(received, provider)
                if way == DIRECT or received.status != _PROXY_REFUSES:
                    return received
                failure = SourceError(f"the proxy {way} wants other credentials (407)", kind=ErrorKind.TRANSIENT)
            except httpx.TimeoutException as error:
                result = Result.TIMEOUT
                failure = no_answer(request, error, way)
            except httpx.HTTPError as error:
                failure = no_answer(request, error, way)
            except (TooMuch, BadlyPacked) as error:
                result = Result.SUCCESS
                raise unusable(request, error) from error
            finally:
                took = timedelta(seconds=stopwatch() - began)
                self._pool.give_back(way, provider, result, took=took, now=now())
            if way == DIRECT:
                break
        if failure is not None:
            raise failure
        msg = f"no proxy works for {provider.host}"
        hint = "tipoff sources shows them; each is tried again by itself"
        raise SourceError(msg, kind=ErrorKind.TRANSIENT, hint=hint)

    # --- after

    def _failed(self, error: SourceError, host: Host, now: datetime) -> None:
        if error.kind is ErrorKind.TRANSIENT:
            host.failed(error, now)

    def _note_credits(self, provider: Provider, received: Received, at: datetime) -> str:
        """Remember what a provider says of its credits; returns the warning, where there is one."""
        said = provider.credits
        if said is None:
            return ""
        used, remaining = (_whole(received.headers.get(name, "")) for name in (said.used, said.remaining))
        if used is None or remaining is None:
            return ""
        left = Credits(provider=provider.host, used=used, remaining=remaining, at=at)
        self._memory.keep_credits(left)
        return f"over four fifths of the month's credits of {provider.host} are spent" if left.is_nearly_spent else ""


def _result_of(received: Received, provider: Provider) -> Result:
    """Return what an answer says of the way by which it came. That nothing is there yet is an answer like another."""
    is_refused = received.status in {_FORBIDDEN, _PROXY_REFUSES, _TOO_MANY}
    is_absent = is_refused and meaning_of(provider, received.status, received.body) is RefusalMeaning.ABSENT
    return Result.FAILURE if is_refused and not is_absent else Result.SUCCESS


def _is_absent(error: SourceError) -> bool:
    return error.status == _NOT_FOUND or bool(error.status and error.kind is ErrorKind.NOT_YET)


def _of_two_hosts(first: SourceError, second: SourceError) -> SourceError:
    """Return the first host's error, which waits no longer than until one of the two may be asked again.

    It is a failure, whose waits grow, unless both are left alone.
    """
    rest_s = min(first.retry_after_s or 0.0, second.retry_after_s or 0.0) or None
    if isinstance(first, Resting) and not isinstance(second, Resting):
        return SourceError(str(first), kind=first.kind, hint=second.hint, retry_after_s=rest_s)
    first.retry_after_s = rest_s
    return first


def _payload(request: Request, body: bytes, sha: str, at: datetime) -> Payload:
    return Payload(request=request, body=body, sha256=sha, status=_OK, fetched_at=at)


def _whole(text: str) -> int | None:
    text = text.removesuffix(".0")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None  # noqa: PLR2004 -- credits
