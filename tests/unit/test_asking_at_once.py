"""A run's requests, several at once; and how far a home has caught up."""

import errno
import os
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from tipoff.app import catching_up
from tipoff.app.catching_up import progress
from tipoff.app.executor import SeveralAtOnce
from tipoff.core.errors import CallFailed, Fenced, PipelineError
from tipoff.core.payload import Request
from tipoff.core.slate import Season
from tipoff.engine.controller import Controller
from tipoff.store.archive import write_whole

REQUESTS = [Request(source="s", url=f"https://s.example/{n}") for n in range(9)]


def test_as_many_are_asked_at_once_as_the_provider_allows_and_what_comes_is_in_order() -> None:
    together, three = SeveralAtOnce(lambda _request: 3), threading.Barrier(3, timeout=20)

    def ask(request: Request) -> str:
        three.wait()  # none goes on before three are there
        return request.url

    assert list(together(ask, REQUESTS)) == [request.url for request in REQUESTS]


def test_what_one_request_raises_ends_the_run_with_it() -> None:
    def ask(request: Request) -> str:
        if request is REQUESTS[4]:
            raise Fenced("its lease has ended")
        return request.url

    with pytest.raises(Fenced):
        SeveralAtOnce(lambda _request: 3)(ask, REQUESTS)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_nobody_foresaw_is_no_answer() -> None:
    def ask(request: Request) -> str:
        return {request.url: "" for request in REQUESTS[1:]}[request.url]

    with pytest.raises(CallFailed, match="ended without an answer") as raised:
        SeveralAtOnce(lambda _request: 3)(ask, REQUESTS)

    assert isinstance(raised.value, PipelineError)


def test_the_same_answer_to_two_threads_at_once_is_kept_once_and_fails_neither(tmp_path: Path) -> None:
    path = tmp_path / "payload"

    def meanwhile() -> None:
        other = threading.Thread(target=write_whole, args=(path, b"{}"), kwargs={"fsync": False})
        other.start()
        other.join()

    write_whole(path, b"{}", fsync=False, last_look=meanwhile)

    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("payload", b"{}")]


def test_what_a_full_disk_cut_short_leaves_nothing_beside_what_stood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "payload"
    path.write_bytes(b"before")

    def is_full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", is_full)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"{}", fsync=True)

    assert [(found.name, found.read_bytes()) for found in tmp_path.iterdir()] == [("payload", b"before")]


@pytest.mark.parametrize(
    ("left", "says"),
    [
        (400, "400 outputs of earlier days are to be made"),
        (100, "300 of 400 outputs of earlier days are made, about 1 min left"),
        (0, "the earlier days are made: 400 outputs in 3 min"),
    ],
)
def test_how_far_it_has_come_is_told_with_an_estimate(left: int, says: str) -> None:
    assert progress(left, 400, 180.0).startswith(says)


def test_where_nothing_was_ever_made_it_is_told_since_when() -> None:
    since = datetime(2024, 1, 10, 12, tzinfo=UTC)

    assert progress(400, 400, 600.0, since).startswith(
        "0 of 400 outputs of earlier days are made, none since 2024-01-10"
    )


def test_where_nothing_more_is_made_there_is_no_estimate_and_that_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    said, at_s, left = list[str](), 0.0, 80
    monkeypatch.setattr(catching_up, "stopwatch", lambda: at_s)
    monkeypatch.setattr(catching_up, "n_left", lambda _controller, _now: left)
    season = Season("2029-30", date(2030, 1, 7), date(2030, 1, 27))
    catching = catching_up.CatchingUp("nba", said.append, catching_up.Loading("nba", season, None, said.append))
    begins = datetime(2030, 1, 20, 12, tzinfo=UTC)

    for minute in range(60):
        at_s, left = 60.0 * minute, (80, 40)[minute > 0] if minute < 50 else 0
        catching.look([cast(Controller, None)], begins + timedelta(minutes=minute))

    estimates = [line for line in said if line.endswith("min left")]
    assert [line.partition(" ")[2] for line in said if line not in estimates] == [
        "80 outputs of earlier days are to be made; today's follow what they rest on, and nothing is published before",
        "40 of 80 outputs of earlier days are made, none since 2030-01-20 12:01 UTC: tipoff status says what the rest waits for",
        "the earlier days are made: 80 outputs in 50 min",
    ]
    assert len(estimates) == 5
