"""Asking over real sockets: whatever a provider does, one request ends in time, in bounded memory, with a reason."""

import dataclasses
import socket
import ssl
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
from benchmarks.local_provider import Handler, Local, provider, proxy

from tipoff.core.clock import stopwatch
from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.home import Profile
from tipoff.core.payload import Request
from tipoff.core.provider import CreditHeaders, Provider, RefusalMeaning, RequestLimits, Route
from tipoff.sources.ask import Asker
from tipoff.sources.live import LiveWorld
from tipoff.sources.memory import InProcess, Memory
from tipoff.sources.proxies import shown
from tipoff.store.archive import Archive

BASE = "https://provider.example"
NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
QUICK = RequestLimits(
    connect=timedelta(seconds=1),
    read=timedelta(milliseconds=400),
    whole=timedelta(milliseconds=900),
    max_bytes=2 * 1024 * 1024,
    max_wire_bytes=1024 * 1024,
    redirects=3,
)


@pytest.fixture
def local() -> Iterator[Local]:
    with provider() as found:
        yield found


def known(local: Local, **changes: object) -> Provider:
    told: dict[str, object] = {
        "base": BASE,
        "home": local.url,
        "limits": QUICK,
        "credits": CreditHeaders(used="x-requests-used", remaining="x-requests-remaining"),
        "says": (("out_of_usage_credits", RefusalMeaning.CREDITS),),
    }
    return Provider(**(told | changes))  # type: ignore[arg-type]


_open: list[Asker] = []


@pytest.fixture(autouse=True)
def connections_are_closed() -> Iterator[None]:
    yield
    while _open:
        _open.pop().close()


def asker(tmp_path: Path, *providers: Provider, proxies: tuple[str, ...] = (), memory: Memory | None = None) -> Asker:
    world = LiveWorld(providers=providers, secret=lambda _: "hush", dice=lambda: 0.0, proxies=proxies)
    made = world.asker(Archive(tmp_path / "archive", profile=Profile.REPLAY), memory or InProcess())
    _open.append(made)
    return made


def request(path: str, **more: object) -> Request:
    return Request(source="provider", url=f"{BASE}/{path}", **more)  # type: ignore[arg-type]


def now() -> datetime:
    return NOW


def test_an_answer_comes_over_real_sockets_packed_or_not(local: Local, tmp_path: Path) -> None:
    one = asker(tmp_path, known(local))

    assert one(request("ok"), now=now).payload.body == b'{"data": [1]}'
    assert one(request("packed"), now=now).payload.body == b'{"data": [1, 2]}'


@pytest.mark.parametrize(
    ("path", "says", "kind"),
    [
        ("drip", "did not answer in time", ErrorKind.TRANSIENT),
        ("drip-head", "did not answer in time", ErrorKind.TRANSIENT),
        ("hang", "did not answer in time", ErrorKind.TRANSIENT),
        ("truncated", "could not be asked", ErrorKind.TRANSIENT),
        ("cut-pack", "cut before its end", ErrorKind.TRANSIENT),
        ("bomb", "more than 2097152 bytes", ErrorKind.TRANSIENT),
        ("bomb-in-bomb", "not asked for", ErrorKind.TRANSIENT),
        ("endless", "more than 1048576 bytes", ErrorKind.TRANSIENT),
        ("loop", "leads on and on", ErrorKind.TRANSIENT),
        ("nowhere", "answered 404", ErrorKind.TRANSIENT),
        ("status?code=503&retry=7", "answered 503", ErrorKind.TRANSIENT),
        ("status?code=401&body=OUT_OF_USAGE_CREDITS", "credits of the month are spent", ErrorKind.QUOTA),
        ("status?code=401&body=INVALID_KEY", "key is not valid", ErrorKind.PERMANENT),
    ],
)
def test_whatever_a_provider_does_a_request_ends_in_time_with_a_reason(
    local: Local, tmp_path: Path, path: str, says: str, kind: ErrorKind
) -> None:
    one, began = asker(tmp_path, known(local)), stopwatch()

    with pytest.raises(SourceError, match=says) as caught:
        one(request(path), now=now)

    assert caught.value.kind is kind
    assert stopwatch() - began < 2


def test_a_bomb_costs_no_more_memory_than_is_believed_of_an_answer(local: Local, tmp_path: Path) -> None:
    one = asker(tmp_path, known(local, limits=RequestLimits(max_bytes=2 * 1024 * 1024)))
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        with pytest.raises(SourceError):
            one(request("packed"), now=now) and one(request("bomb-in-bomb"), now=now)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 40 * 1024 * 1024


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:1/",
        "http://localhost/",
        "http://[::1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/",
        "http://elsewhere.example/",
        "ftp://provider.example/",
        "http://user:word@provider.example/",
    ],
)
def test_a_redirect_to_another_host_or_to_this_machine_is_not_followed(
    local: Local, tmp_path: Path, target: str
) -> None:
    one = asker(tmp_path, known(local))

    with pytest.raises(SourceError, match="not one of its hosts"):
        one(request(f"onward?to={quote(target, safe='')}"), now=now)


@pytest.mark.parametrize("target", ["javascript:1", "data:,x", "http://xn--/", "http://[::1"])
def test_a_redirect_to_what_is_no_address_is_an_answer_that_cannot_be_used(
    local: Local, tmp_path: Path, target: str
) -> None:
    one = asker(tmp_path, known(local))

    with pytest.raises(SourceError, match="could not be asked") as caught:
        one(request(f"onward?to={quote(target, safe='')}"), now=now)

    assert caught.value.kind is ErrorKind.TRANSIENT


@pytest.mark.parametrize(
    ("scheme", "host", "says", "look"),
    [
        ("https", "127.0.0.1", r"\(\[SSL.*wrong version number", "clock right"),
        ("http", "nobody.invalid", r"\(Name or service not known\)", "a network"),
        ("http", "refused", r"\(Connection refused\)", "a network"),
    ],
)
def test_why_a_provider_cannot_be_reached_is_told_as_the_machine_says_it(  # noqa: PLR0913 -- a case
    local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, host: str, says: str, look: str
) -> None:
    found = socket.getaddrinfo

    def knows_itself(name: str, *rest: Any, **more: Any) -> Any:
        if name == "nobody.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return found(name, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", knows_itself)
    with socket.create_server(("127.0.0.1", 0)) as shut:
        refused = f"127.0.0.1:{shut.getsockname()[1]}"
    home = f"{scheme}://{refused if host == 'refused' else f'{host}:{urlsplit(local.url).port}'}"

    with pytest.raises(SourceError, match=rf"cannot be reached {says}") as caught:
        asker(tmp_path, known(local, home=home))(request("ok"), now=now)

    assert look in caught.value.hint


@pytest.mark.parametrize("cookie", ["who=\xe9t\xe9", "\xe9=1", "who=me"])
def test_whatever_cookie_a_provider_sets_it_is_asked_again(local: Local, tmp_path: Path, cookie: str) -> None:
    one = asker(tmp_path, known(local))
    one(request(f"cookie?set={quote(cookie)}"), now=now)

    assert one(request("ok"), now=now).payload.body == b'{"data": [1]}'


def test_cookies_of_which_each_has_another_name_make_no_request_longer_than_servers_take(
    local: Local, tmp_path: Path
) -> None:
    one = asker(tmp_path, known(local))

    for n in range(100):
        one(request(f"cookie?set=n{n}={'v' * 190}"), now=now)

    sent = [asked.headers.get("Cookie", "") for asked in local.asked]
    assert max(map(len, sent)) < 4100
    assert "n98=" in sent[-1]


def test_a_redirect_within_the_provider_is_followed(local: Local, tmp_path: Path) -> None:
    one = asker(tmp_path, known(local))

    assert one(request("onward?to=/ok"), now=now).payload.body == b'{"data": [1]}'


@pytest.mark.parametrize(
    ("length", "behind"),
    [(13, b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"data": 9}'), (13, b"}"), (5, b"")],
)
def test_what_stands_behind_an_answers_end_is_not_the_answer_to_the_next_request(
    local: Local, tmp_path: Path, length: int, behind: bytes
) -> None:
    def too_long(handler: Handler) -> None:
        handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n{"data": [7]}' % length + behind)

    local.extra["/long"] = too_long
    one = asker(tmp_path, known(local))

    assert one(request("long"), now=now).payload.body == b'{"data": [7]}'[:length]
    assert one(request("ok"), now=now).payload.body == b'{"data": [1]}'


def test_connections_that_a_provider_closes_as_they_are_used_again_cost_no_request(
    local: Local, tmp_path: Path
) -> None:
    one, all_open = asker(tmp_path, known(local, at_once=4)), threading.Barrier(4, timeout=5)
    local.extra |= {"/first": lambda handler: _answer_once(handler, all_open.wait), "/page": _answer_once}
    with ThreadPoolExecutor(4) as threads:  # four connections are kept, of which each is closed as it is asked again
        list(threads.map(lambda n: one(request("first", params=(("n", n),)), now=now), "1234"))

    answer = one(request("page"), now=now).payload

    assert answer.body == b'{"data": [1]}'
    assert local.paths() == ["/first"] * 4 + ["/page"] * 5


@pytest.mark.parametrize("says_goodbye", [True, False])
def test_an_answer_that_ends_with_its_connection_is_whole_only_where_its_end_was_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, says_goodbye: bool
) -> None:
    # ciphers without a certificate: what is tried out is how a connection ends, not who is at its other end
    client, server = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    for context in (client, server):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
    monkeypatch.setattr(httpx, "create_ssl_context", lambda: client)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)

    def answer() -> None:
        connection = listener.accept()[0]
        connection.settimeout(5)
        with server.wrap_socket(connection, server_side=True) as stream:
            stream.recv(65_536)
            stream.sendall(b"HTTP/1.1 200 OK\r\n\r\npitch,speed\n1,95\n")
            if says_goodbye:
                with suppress(OSError):  # whoever has read its end waits for no answer to it
                    stream.unwrap()
            else:
                stream.shutdown(socket.SHUT_RDWR)

    with listener, ThreadPoolExecutor(1) as pool:
        answered = pool.submit(answer)
        one = asker(tmp_path, Provider(base=BASE, home=f"https://127.0.0.1:{listener.getsockname()[1]}", limits=QUICK))

        if says_goodbye:
            assert one(request("csv"), now=now).payload.body == b"pitch,speed\n1,95\n"
            one.close()
        else:
            with pytest.raises(SourceError, match="could not be asked") as raised:
                one(request("csv"), now=now)
            assert raised.value.kind is ErrorKind.TRANSIENT
        answered.result()


def test_a_provider_that_ends_every_connection_without_a_word_is_asked_once(local: Local, tmp_path: Path) -> None:
    one = asker(tmp_path, known(local))
    local.extra["/page"] = lambda handler: setattr(handler, "close_connection", True)

    with pytest.raises(SourceError, match="could not be asked"):
        one(request("page"), now=now)

    assert local.paths() == ["/page"]


def _answer_once(handler: Handler, before: Callable[[], object] = bool) -> None:
    """Answer the first request of a connection; at the next, end it without a word."""
    handler.close_connection = "has_answered" in vars(handler)
    if not handler.close_connection:
        vars(handler)["has_answered"] = before()
        handler.json({"data": [1]})


def test_a_provider_of_the_internet_that_resolves_to_this_machine_is_not_asked(local: Local, tmp_path: Path) -> None:
    port = local.url.rpartition(":")[2]
    one = asker(tmp_path, Provider(base=f"http://localhost:{port}", limits=QUICK))

    with pytest.raises(SourceError, match="ForbiddenAddress"):
        one(Request(source="provider", url=f"http://localhost:{port}/ok"), now=now)
    assert not local.asked


def test_a_provider_of_whose_addresses_one_is_silent_is_asked_at_the_next(
    local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, found = urlsplit(local.url).port, socket.getaddrinfo

    def two(host: str, *rest: Any, **more: Any) -> list[Any]:
        addresses = ("127.0.0.2", "127.0.0.1") if host == "two.example" else (host,)
        return [line for address in addresses for line in found(address, *rest, **more)]

    with socket.create_server(("127.0.0.2", port or 0), backlog=0) as full, ExitStack() as waiting:
        for _ in range(4):  # more than it lets wait: the system answers nobody who comes after
            one = waiting.enter_context(socket.socket())
            one.settimeout(0)
            one.connect_ex(full.getsockname())
        monkeypatch.setattr(socket, "getaddrinfo", two)
        limits = dataclasses.replace(QUICK, connect=timedelta(milliseconds=200))
        asked = asker(tmp_path, known(local, home=f"http://two.example:{port}", limits=limits))

        assert asked(request("ok"), now=now).payload.body == b'{"data": [1]}'


def test_a_name_that_never_resolves_ends_its_requests_in_time_and_one_thread_waits_for_it(
    local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answers, found = list[str](), threading.Event(), socket.getaddrinfo

    def hangs(host: str, *rest: Any, **more: Any) -> Any:
        if host == "never.example":
            asked.append(host)
            answers.wait()
        return found("127.0.0.1", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    port = urlsplit(local.url).port
    one, began = asker(tmp_path, known(local, home=f"http://never.example:{port}")), stopwatch()

    for _ in range(2):
        with pytest.raises(SourceError, match="cannot be reached"):
            one(request("ok"), now=now)
    took, n_asked = stopwatch() - began, len(asked)
    answers.set()

    assert (took < 4, n_asked) == (True, 1)
    assert one(request("ok"), now=now).payload.body == b'{"data": [1]}'


def test_a_name_whose_thread_could_not_be_begun_is_looked_up_by_the_next_request(
    local: Local, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = asker(tmp_path, known(local))

    def refuses(_thread: threading.Thread) -> None:
        msg = "can't start new thread"
        raise RuntimeError(msg)

    with monkeypatch.context() as full:
        full.setattr(threading.Thread, "start", refuses)
        with pytest.raises(RuntimeError, match="thread"):
            one(request("ok"), now=now)

    assert one(request("ok"), now=now).payload.body == b'{"data": [1]}'


def test_a_tag_that_is_not_ascii_goes_back_as_it_came_also_after_a_restart(local: Local, tmp_path: Path) -> None:
    memory = InProcess()
    first = asker(tmp_path, known(local), memory=memory)(request("tagged"), now=now)
    again = asker(tmp_path, known(local), memory=memory)(request("tagged"), now=now)

    assert again.payload.body == first.payload.body
    assert local.asked[1].headers["If-Modified-Since"] == "Mon, 01 Jan 2024 00:00:00 GMT"


def test_no_more_requests_are_open_at_once_than_a_provider_allows(local: Local, tmp_path: Path) -> None:
    one = asker(tmp_path, known(local, at_once=4, limits=RequestLimits()))
    began = stopwatch()
    with ThreadPoolExecutor(12) as threads:
        bodies = list(threads.map(lambda n: one(request(f"slow?n={n}"), now=now).payload.body, range(12)))

    assert len(set(bodies)) == 12
    assert local.most_open == 4
    assert stopwatch() - began < 4


def test_of_many_threads_that_ask_the_same_one_asks(local: Local, tmp_path: Path) -> None:
    one = asker(tmp_path, known(local, limits=RequestLimits()))
    shared = request("slow", max_age=timedelta(hours=1))
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda _: one(shared, now=now).payload.sha256, range(6)))

    assert len(set(found)) == 1
    assert local.paths() == ["/slow"]


def test_requests_to_one_provider_keep_their_distance(local: Local, tmp_path: Path) -> None:
    one = asker(tmp_path, known(local, every=timedelta(milliseconds=120)))
    began = stopwatch()
    for n in range(4):
        one(request(f"ok?n={n}"), now=now)

    assert stopwatch() - began >= 0.36


def test_credits_are_counted_from_the_answer(local: Local, tmp_path: Path) -> None:
    memory = InProcess()
    asker(tmp_path, known(local), memory=memory)(request("credits?used=9000&remaining=1000"), now=now)

    found = memory.credits("provider.example")

    assert found is not None
    assert (found.used, found.remaining) == (9000, 1000)


def test_a_proxy_that_dies_is_out_within_three_failures_and_comes_back_by_itself(local: Local, tmp_path: Path) -> None:
    memory, at = InProcess(), [NOW]
    with proxy() as dead, proxy() as alive:
        # the dice prefer the first
        one = asker(tmp_path, known(local, route=Route.POOL), proxies=(dead.url, alive.url), memory=memory)
        dead.works = False
        for n in range(8):
            one(request(f"ok?n={n}"), now=lambda: at[0])
        asked_while_dead = dead.n_asked
        dead.works = True
        at[0] = NOW + timedelta(seconds=61)
        for n in range(8, 12):
            one(request(f"ok?n={n}"), now=lambda: at[0])

    assert asked_while_dead == 3
    assert alive.n_asked == 8
    assert dead.n_asked == 3 + 4
    assert [(change.was, change.now) for change in memory.changes] == [("working", "resting"), ("resting", "working")]


def test_that_nothing_is_there_yet_is_held_against_no_proxy_and_a_refusal_is(local: Local, tmp_path: Path) -> None:
    memory, says = InProcess(), (("<code>accessdenied</code>", RefusalMeaning.ABSENT),)
    with proxy() as one_proxy:
        one = asker(tmp_path, known(local, route=Route.PROXY, says=says), proxies=(one_proxy.url,), memory=memory)
        for body in ("<Code>AccessDenied</Code>",) * 4 + ("go away",):
            with pytest.raises(SourceError):
                one(request(f"status?code=403&body={body}"), now=now)

    [health] = memory.proxies("provider.example").values()
    assert (health.n_asked, health.n_failed, memory.changes) == (5, 1, [])


def test_a_pool_that_is_out_is_asked_directly_where_that_is_allowed_and_else_said(local: Local, tmp_path: Path) -> None:
    with proxy() as dead:
        dead.works = False
        one = asker(tmp_path / "a", known(local, route=Route.POOL), proxies=(dead.url,))
        assert one(request("ok"), now=now).payload.body == b'{"data": [1]}'
        other = asker(tmp_path / "b", known(local, route=Route.PROXY), proxies=(dead.url,))
        for n in range(3):
            with pytest.raises(SourceError, match=r"could not be asked by http://127\.0\.0\.1"):
                other(request(f"ok?{n}"), now=now)
        with pytest.raises(SourceError, match=r"no proxy works for provider\.example"):
            other(request("ok?9"), now=now)


def test_a_proxys_credentials_are_never_named(local: Local, tmp_path: Path) -> None:
    memory = InProcess()
    with proxy() as one_proxy:
        address = one_proxy.url.replace("http://", "http://me:hush@")
        one = asker(tmp_path, known(local, route=Route.PROXY), proxies=(address,), memory=memory)
        one(request("ok"), now=now)

    assert "hush" not in repr(memory.proxies("provider.example"))


def test_a_proxy_that_is_dead_or_refuses_is_named_as_what_failed_without_its_credentials(tmp_path: Path) -> None:
    behind = known(Local(url="https://127.0.0.1:1"), route=Route.PROXY)
    with socket.create_server(("127.0.0.1", 0)) as shut:
        dead = f"127.0.0.1:{shut.getsockname()[1]}"

    with pytest.raises(SourceError, match=rf"by http://{dead}: the proxy cannot be reached \(Connection refused\)"):
        asker(tmp_path / "a", behind, proxies=(f"http://me:hush@{dead}",))(request("ok"), now=now)
    with proxy() as refusing, pytest.raises(SourceError, match=r"the proxy answered 407") as caught:
        asker(tmp_path / "b", behind, proxies=(refusing.url.replace("//", "//me:hush@"),))(request("ok"), now=now)

    assert (caught.value.hint, "hush" in str(caught.value)) == ("it wants other credentials: TIPOFF_PROXIES", False)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("http://me:hush@[::1]:3128", "http://[::1]:3128"),
        ("https://a.b", "https://a.b:443"),
        ("http://a", "http://a:80"),
    ],
)
def test_a_proxys_name_is_an_address_that_could_be_written_again(address: str, name: str) -> None:
    assert shown(address) == name


def test_threads_of_several_providers_do_not_wait_for_each_other(tmp_path: Path) -> None:
    with provider() as slow, provider() as quick:
        one = asker(
            tmp_path,
            known(slow, base="https://slow.example", at_once=1, limits=RequestLimits()),
            known(quick, base="https://quick.example", limits=RequestLimits()),
        )
        waiting = threading.Thread(
            target=lambda: one(Request(source="slow", url="https://slow.example/slow"), now=now), daemon=True
        )
        waiting.start()
        began = stopwatch()
        one(Request(source="quick", url="https://quick.example/ok"), now=now)
        took = stopwatch() - began
        waiting.join()

    assert took < 0.4


def test_a_slate_of_fifteen_games_from_eight_sources_is_there_within_ten_seconds(tmp_path: Path) -> None:
    games, sources = 15, 8
    with ExitStack() as servers:
        found = [servers.enter_context(provider()) for _ in range(sources)]
        bases = [f"https://source{n}.example" for n in range(sources)]
        told = [
            known(local, base=base, at_once=4, limits=RequestLimits()) for base, local in zip(bases, found, strict=True)
        ]
        one = asker(tmp_path, *told)
        asked = [
            Request(source=f"source{n}", url=f"{base}/slow?game={game}")
            for n, base in enumerate(bases)
            for game in range(games)
        ]
        began = stopwatch()
        with ThreadPoolExecutor(4 * sources) as threads:
            payloads = list(threads.map(lambda request: one(request, now=now).payload, asked))
        took = stopwatch() - began

    assert len(payloads) == games * sources
    assert max(local.most_open for local in found) <= 4
    assert took < 10
