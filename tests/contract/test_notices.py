"""Messages really sent: to an HTTP server and a mail server, once, again after a failure, and after a killed process."""

import json
import os
import re
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import apprise
import pytest
from benchmarks.local_provider import provider
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select
from tests.receivers import Received, http_receiver, mail_receiver
from tests.support import called, tipoff

from tipoff.core.incident import Incident
from tipoff.core.severity import Severity
from tipoff.ledger import watching
from tipoff.ledger.alerts import CLAIM, AlertChanges, AlertStore
from tipoff.watch import send as sending
from tipoff.watch.incidents import Change
from tipoff.watch.notices import (
    STUCK_AFTER,
    WAITS,
    Channel,
    Message,
    NotSent,
    dead_channels,
    flush,
    notice_row,
    tell,
)
from tipoff.watch.send import blocks, ping, send

NOW = datetime(2024, 1, 10, 17, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
SECRET = "T0PSECRET"  # noqa: S105 -- made up, to look for where it must not be


@pytest.fixture
def store(tmp_path: Path) -> Iterator[AlertStore]:
    store = AlertStore(tmp_path / "sentinel.db", create=True)
    yield store
    store.close()


@pytest.fixture
def http() -> Iterator[Received]:
    with http_receiver() as received:
        yield received


def slack(received: Received, name: str = "ops", **more: Any) -> Channel:
    return Channel(name=name, url=f"slackhook+http://127.0.0.1:{received.port}/{SECRET}", **more)


def message(n: int = 1, *, severity: Severity = Severity.ERROR, kind: str = "opened") -> Message:
    return Message(kind=kind, league="east", severity=severity, title=f"[east] number {n}", lines=("what", "how bad"))


def put(store: AlertStore, channel: Channel, *messages: Message, at: datetime = NOW) -> None:
    rows = [notice_row(channel, m, key=f"{channel.name}|{m.title}", now=at) for m in messages]
    store.write(AlertChanges(notices=rows))


def states(store: AlertStore) -> list[str]:
    return [row["state"] for row in store.rows(select(watching.notices).order_by(watching.notices.c.id))]


def everything(store: AlertStore) -> str:
    return json.dumps([store.rows(select(table)) for table in watching.ALERTS], default=str)


# --- every channel


def test_a_message_arrives_at_slack_as_its_title_and_its_lines(store: AlertStore, http: Received) -> None:
    put(store, slack(http), message())

    assert flush(store, [slack(http)], send, NOW) == 1

    [body] = http.bodies
    assert body["text"] == "[east] number 1"
    assert body["blocks"][0]["text"]["text"] == ":red_circle: [east] number 1"
    assert body["blocks"][1]["text"]["text"] == "what\nhow bad\n"


def test_a_message_arrives_by_mail_as_plain_lines_that_break_where_the_reader_needs_it() -> None:
    with mail_receiver() as box:
        url = f"mailto://127.0.0.1:{box.port}?from=tipoff@example.org&to=you@example.org"
        send(Channel(name="mail", url=url), message())

    [mail] = box.mails
    assert mail["Subject"] == "[east] number 1"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content().splitlines() == ["what", "how bad"]


def test_a_message_arrives_at_a_webhook_through_apprise(http: Received) -> None:
    send(Channel(name="hook", url=f"json://127.0.0.1:{http.port}/hook"), message())

    [body] = http.bodies
    assert (body["title"], body["message"], body["type"]) == ("[east] number 1", "what\nhow bad", "failure")


@pytest.mark.parametrize("how", ["slack", "webhook", "mail"])
def test_what_is_refused_is_not_sent_and_the_address_is_not_named(
    http: Received, how: str, capfd: pytest.CaptureFixture[str]
) -> None:
    http.status = 500
    urls = {
        "slack": slack(http).url,
        "webhook": f"json://127.0.0.1:{http.port}/{SECRET}",
        "mail": f"mailto://{SECRET}:{SECRET}@127.0.0.1:9?from=a@example.org&to=b@example.org",
    }

    with pytest.raises(NotSent) as told:
        send(Channel(name="ops", url=urls[how]), message())

    assert SECRET not in f"{told.value} {told.value.hint} {capfd.readouterr()}"


@pytest.mark.parametrize(
    "url", [f"nowhere://{SECRET}", f"slackhook+http://{SECRET}:99999999/", f"https://hooks.slack.com/\x00{SECRET}"]
)
def test_an_address_that_is_none_is_told_without_naming_it(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotSent) as told:
        send(Channel(name="ops", url=url), message())

    assert SECRET not in f"{told.value} {told.value.hint} {capfd.readouterr()}"
    assert told.value.__cause__ is None


def test_a_receiver_that_hangs_is_given_up_in_time(http: Received, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.3)
    http.hold.clear()

    with pytest.raises(NotSent, match=r"ReadTimeout|WholeTimeout"):
        send(slack(http), message())


@pytest.mark.parametrize("how", ["slack", "webhook"])
def test_a_receiver_that_drips_is_given_up_in_time(http: Received, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.3)
    http.drips = 0.1
    url = {"slack": slack(http).url, "webhook": f"json://127.0.0.1:{http.port}/hook"}[how]

    with pytest.raises(NotSent, match=r"WholeTimeout|ReadTimeout|did not answer within"):
        send(Channel(name="ops", url=url), message())


def test_who_reads_an_answer_without_an_end_is_ended_when_it_is_given_up(
    http: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.3)
    http.drips = 0.1
    with pytest.raises(NotSent, match="did not answer within"):
        send(Channel(name="endless", url=f"json://127.0.0.1:{http.port}/hook"), message())

    for thread in threading.enumerate():
        if thread.name == "sending to endless":
            thread.join(10)
            assert not thread.is_alive()


@pytest.mark.parametrize("how", ["slack", "webhook"])
def test_a_receiver_that_sends_elsewhere_has_taken_nothing(http: Received, how: str) -> None:
    with http_receiver() as elsewhere:
        http.status, http.to = 302, f"http://127.0.0.1:{elsewhere.port}/login"
        url = {"slack": slack(http).url, "webhook": f"json://127.0.0.1:{http.port}/hook"}[how]

        with pytest.raises(NotSent):
            send(Channel(name="ops", url=url), message())

    assert elsewhere.paths == []


def test_a_login_page_is_no_webhook(http: Received) -> None:
    http.says = b"<html>please log in</html>"

    with pytest.raises(NotSent, match="with a page"):
        send(slack(http), message())


def test_an_answer_that_never_ends_is_not_read_to_its_end(http: Received) -> None:
    http.says = b"ok" * 5_000_000

    send(slack(http), message())


def test_of_what_a_service_of_apprise_answers_the_beginning_alone_is_read(http: Received) -> None:
    http.says = b"ok" * 25_000_000

    tracemalloc.start()
    try:
        send(Channel(name="ops", url=f"json://127.0.0.1:{http.port}/hook"), message())
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert most < 20_000_000


# --- services with a limit


@pytest.mark.parametrize(
    ("url", "limit"),
    [
        ("discord://1234567890/abcdefghijklmnop", 2000),
        ("tgram://123456789:abcdefg_hijklmnop/12315544", 4096),
        ("pagerduty://" + "i" * 32 + "@" + "a" * 20, 32768),
        ("pover://" + "u" * 30 + "@" + "t" * 30, 1024),
    ],
)
@pytest.mark.parametrize("n_lines", [3, 40, 4000])
def test_a_long_message_becomes_a_few_that_each_fit_and_says_where_the_rest_is(
    url: str, limit: int, n_lines: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[tuple[str, str]] = []
    [service] = apprise.Apprise(servers=[url])

    def take(_service: object, body: str, title: str = "", **_more: object) -> bool:
        handed.append((title, body))
        return True

    monkeypatch.setattr(type(service), "send", take)
    lines = tuple(f"line {n}: {'x' * 60}" for n in range(n_lines))

    send(
        Channel(name="ops", url=url), Message(kind="digest", league="x", severity=Severity.INFO, title="t", lines=lines)
    )

    whole = "".join(body for _, body in handed).replace("&nbsp;", " ")
    assert 1 <= len(handed) <= 12
    assert all(len(title) + len(body) <= limit for title, body in handed)
    assert lines[0] in whole
    assert (lines[-1] in whole) != ("tipoff incident list" in whole)


@pytest.mark.parametrize(
    "url", ["discord://1234567890/abcdefghijklmnop", "tgram://123456789:abcdefg_hijklmnop/12315544"]
)
def test_what_a_provider_wrote_is_neither_a_tag_that_is_refused_nor_a_call_of_everybody(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Telegram takes every message as HTML; Discord calls whoever stands in one."""
    handed: list[str] = []
    [service] = apprise.Apprise(servers=[url])

    def take(_service: object, body: str, **_more: object) -> bool:
        handed.append(body)
        return True

    monkeypatch.setattr(type(service), "send", take)
    lines = (
        "a page that begins with <!DOCTYPE & <b",
        "@everyone is no name, nor is @HERE; ann@hereford.org is an address",
    )

    send(
        Channel(name="ops", url=url), Message(kind="opened", league="x", severity=Severity.ERROR, title="", lines=lines)
    )

    [text] = handed
    assert ("&lt;!DOCTYPE" in text) == url.startswith("tgram")
    assert ("<!DOCTYPE" in text) == url.startswith("discord")
    assert not re.search("@(everyone|here\\b)", text, re.IGNORECASE)
    assert "ann@hereford.org" in text


# --- Block Kit


def sections(body: dict[str, Any]) -> list[str]:
    return [block["text"]["text"] for block in body["blocks"] if block["type"] == "section"]


@given(st.text(min_size=1, max_size=300), st.lists(st.text(max_size=6000), max_size=80))
def test_any_message_is_valid_block_kit(title: str, lines: list[str]) -> None:
    body = blocks(Message(kind="opened", league="east", severity=Severity.ERROR, title=title, lines=tuple(lines)))

    assert 1 <= len(body["blocks"]) <= 50
    assert body["blocks"][0]["type"] == "header"
    assert 1 <= len(body["blocks"][0]["text"]["text"]) <= 150
    assert all(1 <= len(text) <= 3000 and text.strip() for text in sections(body))
    assert not any(re.search(r"&(?!amp;|lt;|gt;)|[<>]", text) for text in sections(body))
    json.dumps(body).encode()


def test_a_message_too_long_for_slack_says_so() -> None:
    lines = tuple(f"{n} {'&' * 2000}" for n in range(100))

    body = blocks(Message(kind="digest", league="east", severity=Severity.INFO, title="t", lines=lines))

    assert len(body["blocks"]) == 50
    assert "and more" in sections(body)[-1]


# --- at least once


def test_what_is_refused_is_tried_again_with_growing_waits_and_then_given_up(store: AlertStore, http: Received) -> None:
    http.status = 500
    channel = slack(http)
    put(store, channel, message())

    now = NOW
    for wait in WAITS:
        flush(store, [channel], send, now)
        asked = len(http.bodies)
        flush(store, [channel], send, now + wait - timedelta(seconds=1))
        assert len(http.bodies) == asked
        now += wait
        assert states(store) == ["waiting"]
    flush(store, [channel], send, now)

    assert len(http.bodies) == len(WAITS) + 1
    assert states(store) == ["failed"]
    [row] = store.rows(select(watching.notices))
    assert (row["title"], row["error"]) == ("[east] number 1", "ops answered 500")


def test_a_receiver_that_comes_back_gets_what_waited(store: AlertStore, http: Received) -> None:
    http.status = 503
    put(store, slack(http), message())
    flush(store, [slack(http)], send, NOW)

    http.status = 200
    flush(store, [slack(http)], send, NOW + WAITS[0])

    assert states(store) == ["sent"]


@pytest.mark.parametrize("is_claimed", [False, True])
def test_what_a_clock_that_was_ahead_wrote_is_sent_once_it_is_put_back(
    store: AlertStore, http: Received, *, is_claimed: bool
) -> None:
    put(store, slack(http), message(), at=NOW + 72 * HOUR)
    if is_claimed:
        [notice] = store.waiting(NOW + 72 * HOUR)
        store.claim(notice, NOW + 72 * HOUR)

    flush(store, [slack(http)], send, NOW)

    assert states(store) == ["sent"]


def test_a_channel_that_failed_is_not_asked_again_in_the_same_look(store: AlertStore, http: Received) -> None:
    http.status = 500
    put(store, slack(http), *(message(n) for n in range(30)))

    flush(store, [slack(http)], send, NOW)

    assert len(http.bodies) == 1
    assert [row["attempts"] for row in store.waiting(NOW + HOUR)].count(0) == 29


def test_a_channel_that_takes_nothing_is_a_trouble_until_it_takes_something(store: AlertStore, http: Received) -> None:
    http.status = 500
    channel = slack(http)
    put(store, channel, message())
    now = NOW
    for wait in WAITS[: STUCK_AFTER - 1]:
        flush(store, [channel], send, now)
        assert dead_channels(store, [channel], "east", now) == []
        now += wait
    flush(store, [channel], send, now)

    [trouble] = dead_channels(store, [channel], "east", now)
    assert (trouble.cause, trouble.severity) == ("channel:ops", Severity.ERROR)
    assert "4 attempts: ops answered 500" in trouble.note
    assert SECRET not in trouble.note
    assert now - NOW < HOUR

    for wait in WAITS[STUCK_AFTER - 1 :]:
        now += wait
        flush(store, [channel], send, now)
    assert states(store) == ["failed"]
    assert "was given up" in dead_channels(store, [channel], "east", now)[0].note

    http.status = 200
    put(store, channel, message(2), at=now + MINUTE)
    flush(store, [channel], send, now + MINUTE)
    assert dead_channels(store, [channel], "east", now + MINUTE) == []


def test_a_channel_that_is_no_longer_set_up_is_given_up_at_once(store: AlertStore, http: Received) -> None:
    put(store, slack(http), message())

    flush(store, [], send, NOW)

    assert states(store) == ["failed"]


def test_the_same_is_not_written_twice(store: AlertStore, http: Received) -> None:
    put(store, slack(http), message())
    put(store, slack(http), message())

    assert states(store) == ["waiting"]


# --- a killed process

_KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from tipoff.ledger.alerts import AlertStore
from tipoff.watch.notices import Channel, flush
from tipoff.watch.send import send
path, url, moment, now = sys.argv[1:]
def die(*_given):
    os.kill(os.getpid(), signal.SIGKILL)
def sent_and_dead(channel, message):
    send(channel, message)
    die()
flush(
    AlertStore(Path(path)),
    [Channel(name="ops", url=url)],
    die if moment == "between claim and send" else sent_and_dead,
    datetime.fromisoformat(now),
)
"""


def killed(home: Path, channel: Channel, moment: str, now: datetime) -> None:
    command = [sys.executable, "-c", _KILLED, str(home), channel.url, moment, now.isoformat()]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == -9


@pytest.mark.parametrize(("moment", "copies"), [("between claim and send", 1), ("between send and mark", 2)])
def test_a_crash_while_sending_loses_nothing_and_doubles_at_most_once(
    tmp_path: Path, http: Received, moment: str, copies: int
) -> None:
    path, channel = tmp_path / "sentinel.db", slack(http)
    store = AlertStore(path, create=True)
    put(store, channel, message())
    store.close()

    killed(path, channel, moment, NOW)

    store = AlertStore(path)
    assert states(store) == ["claimed"]
    assert flush(store, [channel], send, NOW + CLAIM - MINUTE) == 0  # the claim may still be alive
    assert flush(store, [channel], send, NOW + CLAIM) == 1
    assert flush(store, [channel], send, NOW + 2 * CLAIM) == 0
    assert states(store) == ["sent"]
    store.close()
    assert len(http.bodies) == copies


def test_two_senders_never_send_the_same(store: AlertStore, tmp_path: Path, http: Received) -> None:
    put(store, slack(http), message())
    other = AlertStore(tmp_path / "sentinel.db")
    [seen_by_both] = store.waiting(NOW)

    assert store.claim(seen_by_both, NOW)
    assert not other.claim(seen_by_both, NOW)
    other.close()


# --- who is told what, and when


def incident(severity: Severity, *, league: str = "east", step: int = 0, told: int | None = None) -> Incident:
    return Incident(
        id=1,
        league=league,
        cause="source:feed",
        check="obligation_is_met",
        what="it does not come",
        severity=severity,
        told=int(severity) if told is None else told,
        step=step,
        opened_at=NOW,
        changed_at=NOW,
        effects={"games|2024-01-10|obligation_is_met": None},
    )


def told_to(channels: list[Channel], change: Change) -> list[str]:
    telling = AlertChanges()
    tell([change], channels, telling, NOW, by="monitor")
    return [row["channel"] for row in telling.notices]


def opened(severity: Severity, **more: Any) -> Change:
    return Change(incident=incident(severity, **more), kind="opened", note="it does not come", is_told=True)


ALL = Channel(name="all", url="")
PAGER = Channel(name="pager", url="", least=Severity.CRITICAL)
WEST = Channel(name="west", url="", leagues=("west",))
BOSS = Channel(name="boss", url="", step=2)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (opened(Severity.ERROR), ["all"]),
        (opened(Severity.CRITICAL), ["all", "pager"]),
        (opened(Severity.ERROR, league="west"), ["all", "west"]),
        (opened(Severity.ERROR, step=2), ["all", "boss"]),
        (Change(incident=incident(Severity.ERROR), kind="opened", note="", is_told=False), []),
    ],
)
def test_messages_go_by_severity_league_and_rung(change: Change, names: list[str]) -> None:
    assert told_to([ALL, PAGER, WEST, BOSS], change) == names


def test_the_end_goes_to_whoever_was_told_of_the_worst() -> None:
    change = Change(incident=incident(Severity.CRITICAL, told=3), kind="closed", note="over", is_told=True)

    assert told_to([ALL, PAGER, BOSS], change) == ["all", "pager"]


def test_what_worsens_again_after_it_came_back_is_a_new_message() -> None:
    first = incident(Severity.CRITICAL)
    again = incident(Severity.CRITICAL)
    again.changed_at = NOW + 5 * HOUR
    keys = set()
    for one in (first, again):
        telling = AlertChanges()
        tell([Change(incident=one, kind="worsened", note="", is_told=True)], [ALL], telling, NOW, by="monitor")
        keys |= {row["key"] for row in telling.notices}

    assert len(keys) == 2


def test_a_cause_that_goes_to_and_fro_is_told_once_for_each_name() -> None:
    keys = set()
    for n in range(6):
        one = incident(Severity.ERROR)
        one.cause, one.changed_at = ("source:feed", "step:games")[n % 2], NOW + n * HOUR
        telling = AlertChanges()
        tell([Change(incident=one, kind="renamed", note="", is_told=True)], [ALL], telling, NOW, by="monitor")
        keys |= {row["key"] for row in telling.notices}

    assert len(keys) == 2


NIGHT = (time(22), time(7))  # New York


@pytest.mark.parametrize(
    ("severity", "kind", "now", "n_sent"),
    [
        (Severity.ERROR, "opened", datetime(2024, 1, 11, 5, tzinfo=UTC), 0),  # midnight
        (Severity.CRITICAL, "opened", datetime(2024, 1, 11, 5, tzinfo=UTC), 1),
        (Severity.INFO, "digest", datetime(2024, 1, 11, 5, tzinfo=UTC), 1),
        (Severity.ERROR, "opened", datetime(2024, 1, 11, 12, tzinfo=UTC), 1),  # seven in the morning
        (Severity.ERROR, "opened", datetime(2024, 7, 11, 11, tzinfo=UTC), 1),  # and in summer
    ],
)
def test_at_night_only_what_is_critical_wakes_anybody(  # noqa: PLR0913 -- one row of the table
    store: AlertStore, http: Received, severity: Severity, kind: str, now: datetime, n_sent: int
) -> None:
    channel = slack(http, quiet=NIGHT)
    put(store, channel, message(severity=severity, kind=kind), at=now)

    assert flush(store, [channel], send, now) == n_sent


def test_what_waited_for_the_morning_is_sent_then(store: AlertStore, http: Received) -> None:
    channel = slack(http, quiet=NIGHT)
    put(store, channel, message(), at=datetime(2024, 1, 11, 5, tzinfo=UTC))

    assert flush(store, [channel], send, datetime(2024, 1, 11, 11, 59, tzinfo=UTC)) == 0
    assert flush(store, [channel], send, datetime(2024, 1, 11, 12, tzinfo=UTC)) == 1


def test_an_hour_holds_so_many_messages_the_worst_first_and_the_rest_follow(store: AlertStore, http: Received) -> None:
    channel = slack(http, per_hour=3)
    put(store, channel, *(message(n) for n in range(5)), message(9, severity=Severity.CRITICAL))

    assert flush(store, [channel], send, NOW) == 3
    assert http.bodies[0]["text"] == "[east] number 9"
    assert flush(store, [channel], send, NOW + HOUR - MINUTE) == 0
    assert flush(store, [channel], send, NOW + HOUR) == 3
    assert states(store) == ["sent"] * 6


# --- what is kept tells no secret


def test_what_is_stored_holds_no_address(store: AlertStore, http: Received) -> None:
    http.status = 404
    put(store, slack(http), message())
    flush(store, [slack(http)], send, NOW)

    assert "ops answered 404" in everything(store)
    assert SECRET not in everything(store)


# --- the outside switch


def test_a_ping_asks_its_address(http: Received) -> None:
    ping(f"http://127.0.0.1:{http.port}/ping/abc")

    assert http.paths == ["/ping/abc"]


def test_what_a_ping_is_answered_is_never_unpacked() -> None:
    with provider() as local:
        tracemalloc.start()
        try:
            said = [ping(f"{local.url}/{way}") for way in ("packed", "bomb-in-bomb")]
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert said == ["a page answered, not a switch"] * 2
    assert peak < 40 * 1024 * 1024


@pytest.mark.parametrize("how", ["refused", "an error", "hangs", "no address"])
def test_a_ping_that_fails_or_hangs_stops_nothing(http: Received, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PING_TIMEOUT_S", 0.3)
    do: dict[str, Callable[[], object]] = {
        "an error": lambda: setattr(http, "status", 500),
        "hangs": http.hold.clear,
    }
    do.get(how, lambda: None)()

    ping({"refused": "http://127.0.0.1:9/", "no address": "http://\x00"}.get(how, f"http://127.0.0.1:{http.port}/"))


@pytest.mark.parametrize(
    "machine",
    [{"SSL_CERT_FILE": "/nowhere/ca.pem"}, {"ALL_PROXY": "socks5://127.0.0.1:1"}, {"HTTPS_PROXY": "http://[::1"}],
    ids=lambda machine: next(iter(machine)),
)
def test_what_the_machine_says_of_proxies_and_certificates_is_no_reason_to_end(
    monkeypatch: pytest.MonkeyPatch, machine: dict[str, str]
) -> None:
    for name, value in machine.items():
        monkeypatch.setenv(name, value)

    assert ping("https://127.0.0.1:1/ping") in {"FileNotFoundError", "ImportError", "InvalidURL", "ConnectError"}
    with pytest.raises(NotSent, match="could not be reached") as caught:
        send(Channel(name="ops", url=f"slackhook+https://127.0.0.1:1/{SECRET}"), message())
    assert ("a SOCKS proxy, and none can be used" in caught.value.hint) == ("ALL_PROXY" in machine)
    assert ("names a proxy: does it run" in caught.value.hint) == ("HTTPS_PROXY" in machine)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_client_that_fails_as_no_rule_foresaw_is_an_answer_that_did_not_come(monkeypatch: pytest.MonkeyPatch) -> None:
    def client(**_settings: object) -> object:
        raise AssertionError

    monkeypatch.setattr("httpx.Client", client)

    assert ping("https://127.0.0.1:1/ping") == "NoAnswer"
    with pytest.raises(NotSent, match="could not be reached: NoAnswer"):
        send(Channel(name="ops", url=f"slackhook+https://127.0.0.1:1/{SECRET}"), message())


@pytest.mark.parametrize(
    ("says", "trouble"),
    [
        (b"OK", ""),
        (b"", ""),
        (b"Got it, thanks.", ""),
        (b"OK (not found)", "not found"),
        (b"OK (rate limited)", "rate limited"),
        (b'{"ok": false, "msg": "who is this?"}', '"ok":false'),
        (b'{"ok": true}', ""),
        (b"Unknown check", "unknown"),
        (b"INVALID KEY", "invalid"),
        (b"Monitor was deleted", "deleted"),
        (b"The check does not exist", "not exist"),
        (b"OK (paused)", "paused"),
        (b"Too many requests", "too many"),
        (b'{"success": false}', '"success":false'),
        (b'{"status": "error", "error": "no heartbeat"}', '"status":"error"'),
        (b'{"success": true, "errors": []}', ""),
        (b'{"ok": true, "error": ""}', ""),
        (b"<html>please log in</html>", "a page answered"),
    ],
)
def test_a_switch_is_believed_only_if_it_knows_the_address(http: Received, says: bytes, trouble: str) -> None:
    http.says = says

    told = ping(f"http://127.0.0.1:{http.port}/ping/{SECRET}")

    assert trouble in told
    assert bool(told) == bool(trouble)
    assert SECRET not in told


# --- as a user would


def test_notify_test_sends_to_every_channel_and_says_so(tmp_path: Path, http: Received) -> None:
    done = tipoff("notify", "test", home=tmp_path / "home", TIPOFF_NOTIFY_URL=slack(http).url)

    assert (done.returncode, done.stdout) == (0, "default: sent\n")
    assert http.bodies[0]["text"] == "tipoff: a test"


def test_notify_test_says_what_was_refused_and_shows_no_secret(tmp_path: Path, http: Received) -> None:
    http.status = 403

    done = tipoff("notify", "test", home=tmp_path / "home", TIPOFF_NOTIFY_URL=slack(http).url)

    assert done.returncode == 1
    assert "default: NOT sent: default answered 403 (is the webhook still valid?)" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_notify_test_without_a_channel_says_how_to_make_one(tmp_path: Path) -> None:
    done = tipoff("notify", "test", home=tmp_path / "home")

    assert done.returncode == 2
    assert "TIPOFF_NOTIFY_URL" in done.stderr


def test_channels_of_the_settings_file_are_tested_by_name(tmp_path: Path, http: Received) -> None:
    (tmp_path / "hook").write_text(f"{slack(http).url}\n")
    (tmp_path / "tipoff.toml").write_text(
        f'[channels.ops]\nurl_file = "{tmp_path / "hook"}"\n[channels.pager]\nurl_env = "PAGER_HOOK"\nleast = "critical"\n'
    )
    known = {name: value for name, value in os.environ.items() if not name.startswith("TIPOFF_")}

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        environment = known | {"PAGER_HOOK": f"{slack(http).url}/pager"}
        return called("tipoff", "notify", "test", *more, environment=environment, cwd=tmp_path)

    both, one, none = run(), run("--channel", "pager"), run("--channel", "pagr")

    assert both.stdout == "ops: sent\npager: sent\n"
    assert one.stdout == "pager: sent\n"
    assert (none.returncode, "no channel named 'pagr'" in none.stderr) == (2, True)
    assert http.paths == [f"/{SECRET}", f"/{SECRET}/pager", f"/{SECRET}/pager"]


def test_each_message_says_what_of_its_league_is_off() -> None:
    telling, off = AlertChanges(), {"east": ["lines: off, the key is not set"]}

    changes = [opened(Severity.ERROR), opened(Severity.ERROR, league="west")]
    tell(changes, [ALL], telling, NOW, by="monitor", off=lambda league: off.get(league, ()))

    assert [json.loads(row["body"])[-1] == off["east"][0] for row in telling.notices] == [True, False]


def test_a_store_of_alerts_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    path, found = tmp_path / "home" / "sentinel.db", []

    def look(*_made: object, **_of: object) -> None:
        found.append(path.exists())

    for table in watching.ALERTS:
        event.listen(table, "before_create", look)
    try:
        AlertStore(path, create=True).close()
    finally:
        for table in watching.ALERTS:
            event.remove(table, "before_create", look)

    assert found == [False] * len(watching.ALERTS)
    with AlertStore(path) as store:
        assert store.heartbeats() == {}
    assert [file.name for file in path.parent.iterdir()] == ["sentinel.db"]
