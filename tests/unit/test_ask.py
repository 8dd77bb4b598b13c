"""Asking: what is archived, how each failure is told apart, how credits are kept, which proxy is used."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.core.errors import CallFailed, ErrorKind, PipelineError, Resting, SourceError
from tipoff.core.outside import Credits, ProxyHealth
from tipoff.core.payload import Request, SetAside
from tipoff.core.provider import CreditHeaders, Provider, RefusalMeaning, RequestLimits
from tipoff.core.retry import LONGEST_ASKED, SEEN_AGAIN
from tipoff.sources import allowance, ask, host
from tipoff.sources.ask import Asker
from tipoff.sources.exchange import Exchange
from tipoff.sources.live import asker_of_world
from tipoff.sources.memory import InProcess
from tipoff.sources.proxies import DIRECT, Pool, Result, after, choose
from tipoff.sources.refusals import retry_after
from tipoff.sources.transport import is_public
from tipoff.store.archive import Archive, KeptAnswer

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
REQUEST = Request(
    source="provider", url="https://provider.test/x", params=(("key", "{secret}"),), secrets=("secret",), unit=""
)
PROVIDER = Provider(
    base="https://provider.test",
    credits=CreditHeaders(used="x-used", remaining="x-left"),
    says=(("out_of_credits", RefusalMeaning.CREDITS), ("deactivated", RefusalMeaning.PLAN)),
)


class Kept(Archive):
    """An archive in memory."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.noted: list[KeptAnswer] = []
        self.unused: dict[str, SetAside] = {}

    def aside(self) -> dict[str, SetAside]:
        return self.unused

    def put(self, body: bytes) -> str:
        self.bodies.append(body)
        return f"sha{self.bodies.index(body)}"

    def note(self, answer: KeptAnswer) -> None:
        self.noted.append(answer)

    def get(self, sha: str) -> bytes:
        return self.bodies[int(sha.removeprefix("sha"))]


class Lost(Kept):
    """An archive that has lost what it kept."""

    def get(self, sha: str) -> bytes:
        msg = f"nothing under {sha}"
        raise PipelineError(msg)


def now() -> datetime:
    return NOW


def asker(
    answer: Callable[[httpx.Request], httpx.Response], *, kept: Kept | None = None, memory: InProcess | None = None
) -> tuple[Asker, Kept]:
    kept = kept or Kept()
    secrets = {"secret": "hush"}
    made = asker_of_world(
        httpx.MockTransport(answer),
        kept,
        secret=lambda name: secrets.get(name, ""),
        providers=(PROVIDER,),
        memory=memory,
    )
    return made, kept


def counted(asked: list[httpx.Request], response: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(response.status_code, content=response.content)

    return answer


def refused(status: int, body: bytes = b"why", **headers: str) -> SourceError:
    one, kept = asker(lambda _: httpx.Response(status, content=body, headers=headers))
    with pytest.raises(SourceError) as caught:
        one(REQUEST, now=now)
    assert kept.bodies == [body]
    assert (caught.value.status, caught.value.sha256, caught.value.n_bytes) == (status, "sha0", len(body))
    assert "hush" not in str(caught.value) + caught.value.hint
    return caught.value


def test_an_answer_is_archived_as_received_and_the_secret_goes_out_but_is_not_recorded() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, content=b"body")

    one, kept = asker(answer)
    payload = one(REQUEST, now=now).payload

    assert (payload.body, payload.fetched_at, kept.bodies) == (b"body", NOW, [b"body"])
    assert asked[0].url.params["key"] == "hush"
    assert "hush" not in repr(payload.request)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (202, ErrorKind.TRANSIENT),
        (204, ErrorKind.TRANSIENT),
        (206, ErrorKind.TRANSIENT),
        (300, ErrorKind.PERMANENT),
        (301, ErrorKind.PERMANENT),
        (302, ErrorKind.TRANSIENT),
        (303, ErrorKind.TRANSIENT),
        (305, ErrorKind.PERMANENT),
        (307, ErrorKind.TRANSIENT),
        (400, ErrorKind.PERMANENT),
        (401, ErrorKind.PERMANENT),
        (402, ErrorKind.PERMANENT),
        (403, ErrorKind.TRANSIENT),
        (404, ErrorKind.TRANSIENT),
        (408, ErrorKind.TRANSIENT),
        (429, ErrorKind.TRANSIENT),
        (500, ErrorKind.TRANSIENT),
        (503, ErrorKind.TRANSIENT),
    ],
)
def test_a_refusal_is_told_apart_by_what_helps_and_is_kept_with_its_status(status: int, kind: ErrorKind) -> None:
    assert refused(status).kind is kind


@pytest.mark.parametrize(
    ("status", "body", "says", "kind"),
    [
        (401, b'{"error_code":"OUT_OF_CREDITS"}', "the credits of the month are spent", ErrorKind.QUOTA),
        (401, b'{"error_code":"BAD"}', "the key is not valid", ErrorKind.PERMANENT),
        (401, b'{"error_code":"DEACTIVATED_KEY"}', "the plan behind the key has ended", ErrorKind.PERMANENT),
    ],
)
def test_spent_credits_a_bad_key_and_an_ended_plan_are_three_messages(
    status: int, body: bytes, says: str, kind: ErrorKind
) -> None:
    error = refused(status, body)

    assert says in str(error)
    assert error.kind is kind


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("1.5", 1.5),
        ("Wed, 10 Jan 2024 12:05:00 GMT", 300.0),
        ("Mon, 01 Jan 2024 12:05:00 GMT", 0.0),
        (str(int(NOW.timestamp()) + 90), 90.0),
        ("9" * 20, SEEN_AGAIN.total_seconds()),
        ("86400", 86400.0),
        ("172800", 172800.0),
        ("259200", LONGEST_ASKED.total_seconds()),
        ("Mon, 01 Jan 9999 00:00:00 GMT", SEEN_AGAIN.total_seconds()),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_a_date_or_an_epoch_and_is_bounded(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == seconds


@given(st.text())
def test_no_retry_after_is_longer_than_is_believed(value: str) -> None:
    wait = retry_after({"retry-after": value}, NOW)

    assert wait is None or 0 <= wait <= LONGEST_ASKED.total_seconds()


def test_a_game_that_the_provider_does_not_know_yet_is_no_failure() -> None:
    request = Request(source="provider", url="https://provider.test/x", unit="game")
    one, _ = asker(lambda _: httpx.Response(404))

    with pytest.raises(SourceError) as caught:
        one(request, now=now)

    assert caught.value.kind is ErrorKind.NOT_YET


@pytest.mark.parametrize(
    ("status", "asked"), [(404, ["/x", "/other"]), (429, ["/x"]), (503, ["/x"]), (403, ["/x"]), (200, ["/x"])]
)
def test_another_page_of_a_provider_is_asked_for_only_where_it_says_that_the_first_is_not_there(
    status: int, asked: list[str]
) -> None:
    paths: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.path)
        return httpx.Response(status if request.url.path == "/x" else 200, content=b"body")

    one, _ = asker(answer)
    other = dataclasses.replace(REQUEST, url="https://provider.test/other", unit="g")
    request = dataclasses.replace(REQUEST, unit="g", instead=other)

    if status in {200, 404}:
        assert one(request, now=now).payload.request.url.endswith(asked[-1])
    else:
        with pytest.raises(SourceError, match=f"{status}"):
            one(request, now=now)
    assert paths == asked


def test_where_neither_page_is_there_it_is_asked_again_later() -> None:
    one, _ = asker(lambda _: httpx.Response(404))
    other = dataclasses.replace(REQUEST, url="https://provider.test/other", unit="g")

    with pytest.raises(SourceError, match="does not know g yet") as caught:
        one(dataclasses.replace(REQUEST, unit="g", instead=other), now=now)

    assert caught.value.kind is ErrorKind.NOT_YET


def test_silence_and_a_reset_are_transient() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    def reset(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("reset", request=request)

    for answer in (silent, reset):
        one, _ = asker(answer)
        with pytest.raises(SourceError) as caught:
            one(REQUEST, now=now)
        assert caught.value.kind is ErrorKind.TRANSIENT


def test_a_key_that_is_not_set_asks_nothing() -> None:
    asked: list[httpx.Request] = []
    one, _ = asker(counted(asked, httpx.Response(200)))

    with pytest.raises(SourceError, match="needs other, which is not set"):
        one(Request(source="provider", url="https://provider.test/x", secrets=("other",)), now=now)
    assert not asked


def test_what_has_not_changed_is_the_archived_answer_again() -> None:
    sent: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(dict(request.headers))
        if "if-none-match" in request.headers:
            return httpx.Response(304)
        return httpx.Response(200, content=b"body", headers={"etag": '"1"', "last-modified": "then"})

    memory, kept = InProcess(), Kept()
    asker(answer, kept=kept, memory=memory)[0](REQUEST, now=now)
    fetched = asker(answer, kept=kept, memory=memory)[0](REQUEST, now=now)  # another life of the process

    assert (fetched.payload.body, len(kept.bodies), len(sent)) == (b"body", 1, 2)
    assert (sent[1]["if-none-match"], sent[1]["if-modified-since"]) == ('"1"', "then")


def test_what_has_not_changed_and_is_lost_is_asked_for_anew() -> None:
    given: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        given.append(304 if "if-none-match" in request.headers else 200)
        return httpx.Response(given[-1], content=b"body", headers={"etag": '"1"'})

    memory, kept = InProcess(), Lost()
    for _ in range(2):
        fetched = asker(answer, kept=kept, memory=memory)[0](REQUEST, now=now)

    assert (fetched.payload.body, given) == (b"body", [200, 304, 200])


def test_nothing_changed_said_to_one_who_knows_nothing_is_an_error() -> None:
    one, _ = asker(lambda _: httpx.Response(304))

    with pytest.raises(SourceError, match="nothing is kept"):
        one(REQUEST, now=now)


def test_a_young_answer_serves_who_asks_within_its_age() -> None:
    asked: list[httpx.Request] = []
    one, _ = asker(counted(asked, httpx.Response(200, content=b"x")))
    request = Request(source="provider", url="https://provider.test/x", max_age=timedelta(hours=1))

    for minutes in (0, 59, 61):
        one(request, now=lambda minutes=minutes: NOW + timedelta(minutes=minutes))  # type: ignore[misc]

    assert len(asked) == 2


def test_what_came_broken_under_the_tag_of_the_whole_is_asked_for_without_the_tag() -> None:
    bodies = iter([b"", b"{}"])

    def answer(asked: httpx.Request) -> httpx.Response:
        return (
            httpx.Response(304)
            if "if-none-match" in asked.headers
            else httpx.Response(200, content=next(bodies), headers={"etag": "a"})
        )

    one, _ = asker(answer)
    anew = dataclasses.replace(REQUEST, anew=True)

    assert [one(request, now=now).payload.body for request in (REQUEST, REQUEST, anew, REQUEST)] == [
        b"",
        b"",
        b"{}",
        b"{}",
    ]


def test_an_answer_that_is_asked_for_anew_takes_the_place_of_a_young_one() -> None:
    answers = iter([b"<html>", b"{}"])
    one, _ = asker(lambda _: httpx.Response(200, content=next(answers)))
    shared = Request(source="provider", url="https://provider.test/x", max_age=timedelta(hours=1))
    anew = dataclasses.replace(shared, max_age=timedelta(0))

    assert [one(request, now=now).payload.body for request in (shared, shared, anew, shared)] == [
        b"<html>",
        b"<html>",
        b"{}",
        b"{}",
    ]


def test_of_young_answers_no_more_bytes_are_held_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ask, "_MOST_YOUNG", 10)
    asked: list[httpx.Request] = []
    one, _ = asker(counted(asked, httpx.Response(200, content=b"xxxx")))
    pages = [
        Request(source="provider", url=f"https://provider.test/{name}", max_age=timedelta(hours=1)) for name in "aba"
    ]
    for page in [*pages, Request(source="provider", url="https://provider.test/c", max_age=timedelta(hours=1)), *pages]:
        one(page, now=now)

    assert [str(request.url)[-1] for request in asked] == ["a", "b", "c", "a", "b"]


def test_a_host_that_fails_again_and_again_is_left_alone_and_then_asked_once_more() -> None:
    asked: list[httpx.Request] = []
    one, _ = asker(counted(asked, httpx.Response(500)))
    at = [NOW]

    for _ in range(host.HOST_FAILURES + 2):
        with pytest.raises(SourceError):
            one(REQUEST, now=lambda: at[0])
    assert len(asked) == host.HOST_FAILURES
    with pytest.raises(Resting):
        one(REQUEST, now=lambda: at[0])
    at[0] = NOW + host.HOST_REST
    with pytest.raises(SourceError, match="answered 500"):
        one(REQUEST, now=lambda: at[0])


def test_however_often_a_host_has_failed_it_is_asked_again_in_the_last_half_hour_before_a_start() -> None:
    failing = host.Host(PROVIDER, InProcess())
    for _ in range(20):
        failing.failed(SourceError("gone", kind=ErrorKind.TRANSIENT), NOW)

    failing.must_not_rest(REQUEST, NOW + timedelta(minutes=20))
    with pytest.raises(Resting):
        failing.must_not_rest(REQUEST, NOW + timedelta(minutes=19))


def test_a_host_that_asks_for_rest_gets_it_from_everybody() -> None:
    one, _ = asker(lambda _: httpx.Response(429, headers={"retry-after": "120"}))
    with pytest.raises(SourceError, match="asked too often"):
        one(REQUEST, now=now)

    with pytest.raises(Resting) as caught:
        one(Request(source="another", url="https://provider.test/y"), now=now)

    assert caught.value.retry_after_s == 120


def test_a_shorter_rest_does_not_shorten_a_longer_one_that_was_asked_for() -> None:
    memory = InProcess()
    hosts = host.Host(PROVIDER, memory), host.Host(PROVIDER, memory)  # as of two who were answered at the same time
    for one, seconds in zip(hosts, (86400, 60), strict=True):
        error = SourceError("asked too often", kind=ErrorKind.TRANSIENT, retry_after_s=seconds)
        error.status = 429
        one.failed(error, NOW)

    with pytest.raises(Resting) as caught:
        hosts[1].must_not_rest(REQUEST, NOW + timedelta(hours=1))

    assert caught.value.retry_after_s == 23 * 3600


def test_a_host_that_is_known_already_is_not_asked_once_it_has_asked_another_asker_for_rest() -> None:
    asked = list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(429 if request.url.path == "/x" else 200, headers={"retry-after": "86400"})

    ledger = InProcess()
    of_one_league, of_another = (asker(answer, memory=ledger)[0] for _ in range(2))
    of_another(dataclasses.replace(REQUEST, url="https://provider.test/y"), now=now)
    with pytest.raises(SourceError, match="asked too often"):
        of_one_league(REQUEST, now=now)
    with pytest.raises(Resting) as caught:
        of_another(REQUEST, now=lambda: NOW + timedelta(hours=23))

    assert (caught.value.retry_after_s, asked) == (3600, ["/y", "/x"])


@pytest.mark.parametrize("behind", [timedelta(microseconds=5), timedelta(seconds=1), timedelta(minutes=1)])
def test_the_longest_rest_holds_for_one_whose_clock_is_a_moment_behind(behind: timedelta) -> None:
    one, _ = asker(lambda _: httpx.Response(429, headers={"retry-after": "172800"}))
    with pytest.raises(SourceError, match="asked too often"):
        one(REQUEST, now=now)

    with pytest.raises(Resting):
        one(REQUEST, now=lambda: NOW - behind)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("86400", ""),
        ("259200", "it asks to be left alone for 72 h, and is for 48"),
        ("9" * 20, "it asks to be left alone for more than a month, and is for 6 h"),
    ],
)
def test_a_wait_that_is_not_honoured_in_full_is_told(value: str, told: str) -> None:
    said = str(refused(429, b"why", **{"retry-after": value}))

    assert said.partition("; ")[2] == told


@pytest.mark.parametrize(
    ("second", "wait_s"),
    [
        (httpx.Response(500), None),
        (httpx.Response(429, headers={"retry-after": "120"}), 120.0),
        (httpx.Response(429, headers={"retry-after": "172800"}), 86400.0),
    ],
)
def test_a_rest_that_one_host_asked_for_does_not_silence_the_one_that_is_asked_instead(
    second: httpx.Response, wait_s: float | None
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return second if request.url.host == "other.test" else httpx.Response(429, headers={"retry-after": "86400"})

    one, _ = asker(answer)
    request = dataclasses.replace(REQUEST, instead=Request(source="other", url="https://other.test/x"))
    waits, resting, told = list[float | None](), list[bool](), list[bool]()
    for _ in range(2):  # refused at first, then left alone
        with pytest.raises(SourceError) as caught:
            one(request, now=now)
        waits.append(caught.value.retry_after_s)
        resting.append(isinstance(caught.value, Resting))
        told.append(caught.value.hint == Resting.HINT)  # by which the ledger knows that nobody was asked

    assert waits == [wait_s, wait_s]
    assert resting == told == [False, wait_s is not None]  # who is asked and fails counts as a failure, and as a run


BLOCKING = Provider(base="https://provider.test", at_once=2, every=timedelta(seconds=1), blocks=timedelta(hours=24))
PAGES = [Request(source="provider", url=f"https://provider.test/{n}") for n in range(3)]


@pytest.mark.parametrize(("headers", "hours"), [({}, 24), ({"retry-after": "129600"}, 36)], ids=["declared", "named"])
def test_a_host_that_blocks_is_asked_once_until_its_block_is_over_whoever_asks_and_after_a_restart(
    headers: dict[str, str], hours: int
) -> None:
    asked, memory, kept = list[str](), InProcess(), Kept()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(429, headers=headers)

    for life in range(3):  # of the process
        one = asker_of_world(
            httpx.MockTransport(answer), kept, secret=lambda _: "", providers=(BLOCKING,), memory=memory
        )
        for page in PAGES:
            with pytest.raises(SourceError) as caught:
                one(page, now=lambda life=life: NOW + timedelta(hours=11 * life))  # type: ignore[misc]
        assert isinstance(caught.value, Resting)
        assert caught.value.retry_after_s == (hours - 11 * life) * 3600

    assert asked == ["/0"]
    for page in PAGES:
        with pytest.raises(SourceError):
            one(page, now=lambda: NOW + timedelta(hours=hours))
    assert asked == ["/0", "/0"]


def test_a_request_that_waits_for_its_turn_is_not_sent_when_the_host_has_asked_for_rest_meanwhile() -> None:
    asked, turns = list[str](), list[timedelta]()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200 if request.url.path == "/0" else 429)

    def wait(length: timedelta) -> None:
        turns.append(length)
        if len(turns) == 1:  # another thread is answered while this one waits
            with pytest.raises(SourceError, match="asked too often; it blocks who does so for 24 h"):
                one(PAGES[1], now=now)

    memory = InProcess()
    one = Asker(
        exchange=Exchange(clients={DIRECT: httpx.Client(transport=httpx.MockTransport(answer))}, secret=lambda _: ""),
        archive=Kept(),
        memory=memory,
        pool=Pool((), memory=memory, dice=lambda: 0.0),
        providers=[BLOCKING],
        pause=wait,
    )
    one(PAGES[0], now=now)
    with pytest.raises(Resting):
        one(PAGES[2], now=now)

    assert asked == ["/0", "/1"]


def test_a_rest_that_was_written_by_a_clock_far_ahead_holds_nobody_up() -> None:
    memory = InProcess()
    memory.keep_proxy(ProxyHealth(proxy="", host="provider.test", rests_until=NOW + timedelta(days=400)), None)
    one, _ = asker(lambda _: httpx.Response(200), memory=memory)

    assert one(REQUEST, now=now).payload.status == 200


# --- credits


def credits_left(remaining: int, *, used: int | None = None, at: datetime = NOW) -> Credits:
    return Credits(
        provider="provider.test", used=1000 - remaining if used is None else used, remaining=remaining, at=at
    )


def test_credits_are_read_from_the_providers_headers_for_every_process() -> None:
    memory = InProcess()
    answer = httpx.Response(200, headers={"x-used": "812", "x-left": "188"})
    asker(lambda _: answer, memory=memory)[0](REQUEST, now=now)

    found = memory.credits("provider.test")

    assert found is not None
    assert (found.used, found.remaining, found.is_nearly_spent) == (812, 188, True)


@pytest.mark.parametrize(("used", "says"), [(799, ""), (800, "over four fifths of the month's credits")])
def test_who_has_spent_four_fifths_of_the_credits_is_warned(used: int, says: str) -> None:
    answer = httpx.Response(200, headers={"x-used": str(used), "x-left": str(1000 - used)})

    assert asker(lambda _: answer)[0](REQUEST, now=now).note.startswith(says)
    assert bool(asker(lambda _: answer)[0](REQUEST, now=now).note) is bool(says)


def test_spent_credits_ask_nothing_until_they_may_have_come_back() -> None:
    memory = InProcess()
    asked: list[httpx.Request] = []
    memory.keep_credits(credits_left(0))
    one, _ = asker(counted(asked, httpx.Response(200)), memory=memory)
    request = Request(source="provider", url="https://provider.test/x", cost=1)

    with pytest.raises(SourceError, match="credits of the month are spent") as caught:
        one(request, now=now)
    assert caught.value.kind is ErrorKind.QUOTA
    one(request, now=lambda: datetime(2024, 2, 1, 0, 5, tzinfo=UTC))
    assert len(asked) == 1


@given(
    remaining=st.integers(1, 1000),
    ahead=st.integers(0, 40),
    day=st.integers(1, 31),
)
def test_with_few_credits_left_what_is_near_its_close_is_asked_and_what_is_far_waits(
    remaining: int, ahead: int, day: int
) -> None:
    at = datetime(2024, 1, day, 12, tzinfo=UTC)
    left = credits_left(remaining, at=at)

    wait = allowance.wait_for(left, cost=1, closes_at=at + timedelta(hours=ahead), now=at)

    if ahead <= 1:
        assert wait is None
    if wait is not None:
        assert timedelta(0) < wait < timedelta(hours=ahead)
        later = at + wait
        if (later.year, later.month) == (at.year, at.month):
            assert allowance.wait_for(left, cost=1, closes_at=at + timedelta(hours=ahead), now=later) is None


def test_a_full_allowance_waits_for_nothing() -> None:
    left = credits_left(1000, used=0)

    assert allowance.wait_for(left, cost=1, closes_at=NOW + timedelta(hours=30), now=NOW) is None


# --- proxies


def test_three_failures_leave_a_proxy_alone_and_one_success_brings_it_back() -> None:
    health = ProxyHealth(proxy="p", host="h")
    for n in range(3):
        health = after(health, Result.FAILURE, took=timedelta(0), now=NOW + timedelta(seconds=n))
    assert health.rests(NOW + timedelta(seconds=3))
    assert choose(["p"], {"p": health}, NOW + timedelta(seconds=3), lambda: 0.5, "h") is None

    later = NOW + timedelta(seconds=70)
    assert choose(["p"], {"p": health}, later, lambda: 0.5, "h") == "p"
    health = after(health, Result.SUCCESS, took=timedelta(0), now=later)

    assert health.rests_until is None


def test_a_proxy_that_fails_its_trial_rests_longer_each_time_up_to_ten_minutes() -> None:
    health, at, rests = ProxyHealth(proxy="p", host="h"), NOW, []
    for _ in range(12):
        health = after(health, Result.TIMEOUT, took=timedelta(0), now=at)
        if health.rests_until is not None:
            rests.append((health.rests_until - at).total_seconds())
            at = health.rests_until

    assert rests[:4] == [60, 120, 240, 480]
    assert set(rests[4:]) == {600}


@given(st.lists(st.sampled_from(list(Result)), max_size=80), st.integers(0, 3600))
def test_no_history_takes_a_score_out_of_bounds_or_a_proxy_out_for_ever(results: list[Result], gap: int) -> None:
    health, at = ProxyHealth(proxy="p", host="h"), NOW
    for result in results:
        at += timedelta(seconds=gap)
        health = after(health, result, took=timedelta(seconds=gap / 100), now=at)
        assert 0 <= health.score <= 100

    assert not health.rests(at + timedelta(minutes=10))


def test_a_better_proxy_is_chosen_more_often() -> None:
    states = {
        name: ProxyHealth(proxy=name, host="h", score=score, n_asked=50, at=NOW)
        for name, score in (("good", 100.0), ("poor", 25.0))
    }
    picks = [choose(["good", "poor"], states, NOW, lambda n=n: n / 100, "h") for n in range(100)]  # type: ignore[misc]

    assert picks.count("good") == 80


# --- addresses


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 -- an address that is to be refused
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
        ("224.0.0.1", False),
        ("no address", False),
    ],
)
def test_addresses_of_this_machine_and_network_are_not_public(address: str, *, public: bool) -> None:
    assert is_public(address) is public


def test_the_limits_of_a_request_are_of_its_provider() -> None:
    assert Provider(base="https://x.test").limits == RequestLimits()


def test_what_a_person_has_set_aside_is_not_used_when_it_comes_again_nor_kept_from_before() -> None:
    bodies = iter([b"poison", b"poison", b"well"])
    asked, kept = asker(lambda _request: httpx.Response(200, content=next(bodies), headers={"etag": '"1"'}))
    request = dataclasses.replace(REQUEST, max_age=timedelta(hours=1))

    before = asked(request, now=now)
    kept.unused["sha0"] = SetAside(sha256="sha0", at=NOW, by="ann", reason="of another league")
    with pytest.raises(SourceError, match="set aside by ann at 2024-01-10 12:00 UTC: of another league") as refused:
        asked(request, now=now)
    after = asked(request, now=now)

    assert (before.payload.body, after.payload.body) == (b"poison", b"well")
    assert (refused.value.kind, refused.value.sha256) == (ErrorKind.PERMANENT, "sha0")
    assert "aside.jsonl" in refused.value.hint  # the same bytes may be right on another day: that nothing is on


def test_that_nothing_has_changed_since_what_was_set_aside_has_all_of_it_asked_anew() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers.get("if-none-match"):
            return httpx.Response(304)
        return httpx.Response(200, content=b"well" if kept.unused else b"poison", headers={"etag": '"1"'})

    asked, kept = asker(answer)
    asked(REQUEST, now=now)
    kept.unused["sha0"] = SetAside(sha256="sha0", at=NOW, by="ann", reason="of another league")

    found = asked(REQUEST, now=now)

    assert found.payload.body == b"well"


def test_who_asks_while_the_process_lets_go_of_its_connections_is_told_so() -> None:
    one, kept = asker(lambda _: httpx.Response(200))
    one.close()

    with pytest.raises(CallFailed, match=r"provider\.test is not asked: this process lets go of its connections"):
        one(REQUEST, now=now)
    assert not kept.bodies
