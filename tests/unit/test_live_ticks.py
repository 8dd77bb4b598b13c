"""Ticking on the real clock: what keeps a home from being opened ends it, from being opened again does not."""

from collections.abc import Iterable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from tipoff.app import live, monitor
from tipoff.core.clock import Stop
from tipoff.core.errors import ErrorKind, LedgerError, PipelineError, UsageError, WarehouseError

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
GONE = LedgerError("the ledger could not be written: the server is gone")
REFUSED = UsageError("the ledger cannot be opened: connection refused")
AWAY = WarehouseError("the warehouse does not answer", kind=ErrorKind.TRANSIENT)


def ticked(
    monkeypatch: pytest.MonkeyPatch, opened: Iterable[PipelineError | None], *, is_stale: bool = False
) -> tuple[list[str], list[str]]:
    """Tick until a second tick is done, `opened` as given; returns what was said, and what starts were told.

    `is_stale`: what beats was connected to a server that has gone, and fails until it has let go.
    """
    duties: Any = SimpleNamespace(begin=lambda: None, look=lambda *_given: None)
    monkeypatch.setattr(live, "wait", lambda *_given: None)
    ends, stop, starts, said = iter(opened), Stop(), list[str](), list[str]()
    ticks = iter([GONE, None])

    def tick(_now: datetime) -> None:
        error = next(ticks)
        if error is not None:
            raise error
        stop.set()

    def start(_now: datetime, *, after: str) -> None:
        starts.append(after)

    def open_stores() -> Any:
        error = next(ends)
        if error is not None:
            raise error
        return SimpleNamespace(start=start, tick=tick, rest=lambda _now: None)

    stage: Any = SimpleNamespace(open=open_stores, close=lambda: None, beside=None, running=())
    clock = SimpleNamespace(timer=lambda _length: lambda: 0.0, now=lambda: NOW)
    spec: Any = SimpleNamespace(
        clock=clock, settings=SimpleNamespace(tick_every_s=1, hash="h"), league=SimpleNamespace(name="x")
    )
    stale = [is_stale]

    def beat(*_given: object, **_more: object) -> None:
        if any(stale):
            raise GONE

    beats: Any = SimpleNamespace(must_stand=lambda: None, write=beat, let_go=stale.clear)
    live._tick(spec, duties, stage, beats, stop, said.append)  # noqa: SLF001 -- the loop itself
    return said, starts


def test_stores_that_cannot_be_opened_again_while_the_network_is_away_are_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said, starts = ticked(monkeypatch, [None, REFUSED, AWAY, AWAY, None])

    assert starts == ["", f"ledger: {GONE}"]
    assert [str(error) in line for error, line in zip((GONE, REFUSED, AWAY), said, strict=False)] == [True] * 3
    assert said[3:] == ["ticking goes on"]


def test_a_league_begins_once_after_an_outage_of_the_ledgers_server(monkeypatch: pytest.MonkeyPatch) -> None:
    said, starts = ticked(monkeypatch, [None, None], is_stale=True)

    assert (starts, said[1:]) == (["", f"ledger: {GONE}"], ["ticking goes on"])


def test_stores_that_cannot_be_opened_at_first_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="refused"):
        ticked(monkeypatch, [REFUSED])


def test_a_monitor_beside_the_ticking_waits_for_stores_that_cannot_be_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    ends, stop, said = iter([REFUSED, REFUSED, GONE, None]), Stop(), list[str]()

    def look_inside(*_given: object) -> None:
        error = next(ends)
        if error is not None:
            raise error
        stop.set()

    monkeypatch.setattr(monitor, "_look_inside", look_inside)
    monkeypatch.setattr(monitor, "wait", lambda *_given: None)
    spec: Any = SimpleNamespace(clock=SimpleNamespace(timer=lambda _length: lambda: 0.0))
    monitor.keep_looking([spec], stop, said.append)

    assert [str(error) in line for error, line in zip((REFUSED, GONE), said, strict=True)] == [True] * 2
