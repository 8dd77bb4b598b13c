"""Sending beside the looks: a receiver that drips delays neither the next look nor another channel."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select
from tests.live import SECOND, wait_until
from tests.receivers import Received, http_receiver

from tipoff.app.chores import AtOnce
from tipoff.app.monitor import _monitored
from tipoff.app.sentinel import ByChannel, run_sentinel
from tipoff.config import ChannelSettings, Settings
from tipoff.core.clock import RealClock, Stop
from tipoff.core.errors import LedgerError
from tipoff.core.severity import Severity
from tipoff.ledger import Ledger, watching
from tipoff.ledger.alerts import AlertChanges, AlertStore
from tipoff.watch import send as sending
from tipoff.watch.notices import Channel, Message, NotSent, notice_row

PATIENCE = 60 * SECOND


@contextmanager
def sentinel_looks(settings: Settings) -> Iterator[None]:
    """Have the sentinel of a home look, in a thread."""
    stop = Stop()
    looking = threading.Thread(
        target=run_sentinel,
        args=(settings, ["nba"], RealClock(), stop),
        kwargs={"said": lambda _line: None},
        daemon=True,
    )
    looking.start()
    try:
        yield
    finally:
        stop.set()
        looking.join(timeout=30)


def waits_for(store: AlertStore, *channels: str) -> None:
    now = RealClock().now()
    message = Message(kind="opened", league="nba", severity=Severity.ERROR, title="a title", lines=("a line",))
    rows = [notice_row(Channel(name=name, url=""), message, key=name, now=now) for name in channels]
    store.write(AlertChanges(notices=rows))


def states(store: AlertStore) -> dict[str, str]:
    return {row["channel"]: row["state"] for row in store.rows(select(watching.notices))}


def set_up(monkeypatch: pytest.MonkeyPatch, home: Path, **receivers: Received) -> Settings:
    channels = {}
    for name, receiver in receivers.items():
        monkeypatch.setenv(f"{name.upper()}_HOOK", f"slackhook+http://127.0.0.1:{receiver.port}/hook")
        channels[name] = ChannelSettings(url_env=f"{name.upper()}_HOOK")
    return Settings(home=home, channels=channels, look_every_s=0.2)


def test_a_receiver_that_drips_delays_neither_the_next_look_nor_another_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_S", 3600.0)
    with http_receiver() as dripping, http_receiver() as quick:
        dripping.drips = 3600.0  # one byte, and the next in an hour
        settings = set_up(monkeypatch, tmp_path, slow=dripping, other=quick)
        store = AlertStore(tmp_path / "sentinel.db", create=True)
        waits_for(store, "slow", "other")
        looks: set[datetime] = set()

        with sentinel_looks(settings):
            wait_until(lambda: bool(dripping.bodies), PATIENCE)
            wait_until(lambda: states(store)["other"] == "sent", PATIENCE)
            wait_until(lambda: len(looks) >= 4, PATIENCE, lambda: looks.add(store.heartbeats()["sentinel"]["at"]))
            assert states(store) == {"slow": "claimed", "other": "sent"}
            assert len(quick.bodies) == len(dripping.bodies) == 1
            dripping.stop.set()
        store.close()


def test_a_channel_that_fails_as_no_rule_foresaw_keeps_no_other_channel_from_being_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tipoff.app.sentinel.InThread", lambda *_given: AtOnce())
    channels, sent = [Channel(name=name, url="") for name in ("bad", "good")], list[str]()

    def send(channel: Channel, _message: Message) -> None:
        if channel.name == "bad":
            raise KeyError(channel.name)
        sent.append(channel.name)

    store, senders = AlertStore(tmp_path / "sentinel.db", create=True), ByChannel(tmp_path / "sentinel.db")
    waits_for(store, "bad")
    senders.flush(store, channels, send, RealClock().now())
    waits_for(store, "good")
    with pytest.raises(LedgerError, match="KeyError: 'bad'"):
        senders.flush(store, channels, send, RealClock().now())
    store.close()

    assert sent == ["good"]


def test_a_league_of_which_a_look_fails_keeps_no_later_league_from_being_looked_at(
    tmp_path: Path,
) -> None:
    looked: list[str] = []

    def look(league: str) -> None:
        looked.append(league)
        if league == "nba":
            msg = "it cannot be written"
            raise LedgerError(msg)

    monitors: list[Any] = [
        SimpleNamespace(forget=lambda: None, look=lambda _now, league=league: look(league)) for league in ("nba", "mlb")
    ]
    with Ledger(tmp_path / "ledger.db") as ledger, pytest.raises(LedgerError, match="it cannot be written"):
        _monitored(monitors, ledger, RealClock().now())

    assert looked == ["nba", "mlb"]


def test_what_a_channel_refuses_is_written_down_by_its_own_thread_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with http_receiver() as refusing:
        refusing.status = 500
        settings = set_up(monkeypatch, tmp_path, ops=refusing)
        store = AlertStore(tmp_path / "sentinel.db", create=True)
        waits_for(store, "ops")

        with sentinel_looks(settings):
            wait_until(lambda: bool(store.rows(select(watching.notices))[0]["error"]), PATIENCE)
        [row] = store.rows(select(watching.notices))
        store.close()

    assert (row["state"], row["error"], row["attempts"]) == ("waiting", "ops answered 500", 1)


def test_asking_a_switch_that_drips_for_ever_leaves_no_thread_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PING_TIMEOUT_S", 0.1)
    with http_receiver() as dripping:
        dripping.drips = 0.02
        before = set(threading.enumerate())
        answers = {sending.ping(f"http://127.0.0.1:{dripping.port}/") for _ in range(3)}
        for thread in (one for one in threading.enumerate() if one.name.startswith("asking") and one not in before):
            thread.join(8.0)  # the head comes in ten seconds

            assert not thread.is_alive()

    assert answers <= {"WholeTimeout", "ReadTimeout"}  # that, where a busy machine lets no byte through for a while


def test_a_channel_that_drips_for_ever_holds_a_few_threads_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.3)
    with http_receiver() as dripping:
        dripping.drips = 3600.0
        channel = Channel(name="trickle", url=f"json://127.0.0.1:{dripping.port}/")
        message = Message(kind="opened", league="nba", severity=Severity.ERROR, title="a title", lines=("a line",))
        for _ in range(8):
            with pytest.raises(NotSent, match="did not answer within"):
                sending.send(channel, message)
        dripping.stop.set()

        assert len(dripping.bodies) <= 5


def test_where_no_thread_can_be_begun_a_switch_is_not_asked_and_the_look_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: object) -> None:
        msg = "can't start new thread"
        raise RuntimeError(msg)

    monkeypatch.setattr(threading, "_start_new_thread", refused)

    assert sending.ping("http://127.0.0.1:9/") == "NoAnswer"
