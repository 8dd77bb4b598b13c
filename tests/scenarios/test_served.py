"""The site's server and those who hold a place of it: half a request, a trickle, an answer that nobody takes."""

import logging
import os
import resource
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from tipoff.web import serve

SOON_S, AT_MOST_S = 0.3, 20
LENGTH = 64_000_000  # more than the buffers between the two take
WHOLE = b"GET /short HTTP/1.1\r\nhost: localhost\r\n\r\n"
HALF = b"GET /short HTTP/1.1\r\nhost: loc"


async def _short(_: Request) -> PlainTextResponse:  # in no other thread, for which a busy machine may wait longer
    return PlainTextResponse("here")


def _long(_: Request) -> PlainTextResponse:
    return PlainTextResponse("x" * LENGTH)


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    monkeypatch.setattr(serve, "HEAD_S", SOON_S)
    monkeypatch.setattr(serve, "ANSWER_S", SOON_S)
    site = Starlette(routes=[Route("/short", _short), Route("/long", _long)])
    served = serve.Served(site, host="127.0.0.1", port=0, token="")
    served.begin()
    yield "127.0.0.1", int(served.url.rpartition(":")[2])
    served.end()


def _ended(connection: socket.socket) -> bool:
    """Whether the server lets go of a connection, whatever it says before, within a time that is not waited for else."""
    connection.settimeout(AT_MOST_S)
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


def test_half_a_request_on_every_place_keeps_nobody_out_for_long(address: tuple[str, int]) -> None:
    with ExitStack() as held:
        halves = [held.enter_context(socket.create_connection(address)) for _ in range(serve.MOST_AT_ONCE)]
        for half in halves:
            half.sendall(HALF)

        assert all(_ended(half) for half in halves)

        with socket.create_connection(address) as asking:
            asking.sendall(WHOLE)
            assert asking.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_half_a_second_request_ends_as_well(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as asking:
        asking.sendall(WHOLE)
        assert asking.recv(65536).startswith(b"HTTP/1.1 200 ")
        asking.sendall(HALF)

        assert _ended(asking)


def test_a_head_that_comes_byte_by_byte_gets_no_more_time_than_another(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as trickle:
        trickle.sendall(HALF)
        is_over = False
        for _ in range(int(AT_MOST_S / 0.05)):
            is_over = bool(select.select([trickle], [], [], 0.05)[0])
            if is_over:
                break
            trickle.sendall(b"x")

        assert is_over


def test_an_answer_that_nobody_takes_is_let_go(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as deaf:
        deaf.sendall(b"GET /long HTTP/1.1\r\nhost: localhost\r\n\r\n")
        select.select([deaf], [], [], AT_MOST_S)  # its answer has begun
        with socket.create_connection(address) as half:  # its time ends after that of the answer
            half.sendall(HALF)
            assert _ended(half)
        deaf.settimeout(AT_MOST_S)

        taken = 0
        while found := deaf.recv(1 << 20):
            taken += len(found)

        assert taken < LENGTH


def test_who_holds_places_and_asks_nothing_keeps_nobody_out_who_asks(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "HEAD_S", 3 * AT_MOST_S)
    with ExitStack() as held:
        idle = [held.enter_context(socket.create_connection(address)) for _ in range(2 * serve.MOST_OPEN)]
        while len(idle) >= serve.MOST_AT_ONCE:
            over = select.select(idle, [], [], AT_MOST_S)[0]
            assert over
            idle = [one for one in idle if one not in over]

        with socket.create_connection(address) as asking:
            asking.sendall(WHOLE)
            assert asking.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_where_no_more_files_may_be_opened_it_waits_and_writes_nothing(
    address: tuple[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(address) as before:
        before.sendall(WHOLE)
        assert before.recv(65536).startswith(b"HTTP/1.1 200 ")  # the server has begun
    with socket.socket() as asking, caplog.at_level(logging.ERROR):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (asking.fileno() + 1, hard))
        filled = []
        try:
            while True:
                filled.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            asking.connect(address)
            asking.sendall(WHOLE)
            is_answered = bool(select.select([asking], [], [], SOON_S)[0])
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            for file in filled:
                os.close(file)
        asking.settimeout(AT_MOST_S)
        answer = asking.recv(65536)

    assert not is_answered
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert caplog.records == []
