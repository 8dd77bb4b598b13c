"""Handing messages over: Slack's webhooks in Block Kit; e-mail, Discord, PagerDuty and the rest through apprise."""

import ctypes
import html
import re
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from tipoff.core.clock import stopwatch
from tipoff.core.severity import Severity
from tipoff.watch.notices import Channel, Message, NotSent

if TYPE_CHECKING:
    import apprise
    import httpx

T = TypeVar("T")
TIMEOUT_S = 15.0  # of a message, from the first byte sent to the last one read
PING_TIMEOUT_S = 5.0
_UNENDED = 5  # threads at most that one address holds: each has a file of this process
_READ = 2048  # bytes of an answer at most: what it says stands at its beginning
_PIECES = 512  # of that length that a service of apprise may read: a megabyte
_UNPACKED = {"accept-encoding": "identity"}
_PARTS = 5  # messages at most that a long one becomes where a service has a limit
_MORE = "… and more: tipoff incident list"
_SLACK = ("https://hooks.slack.com/", "slackhook+")
_MOST = 2900  # characters in one of Slack's sections, which hold 3,000
_HEADER = 150  # characters in a header, by Slack's rule
_SECTIONS = 48  # of at most 50 blocks, beside header and context
_CALL = re.compile(r"@(?=(everyone|here|channel|all|room)\b)", re.IGNORECASE)
_SIGNS: Mapping[Severity, str] = {
    Severity.INFO: ":white_check_mark:",
    Severity.WARNING: ":large_yellow_circle:",
    Severity.ERROR: ":red_circle:",
    Severity.CRITICAL: ":rotating_light:",
}


def send(channel: Channel, message: Message) -> None:
    """Hand `message` over to `channel`, within `TIMEOUT_S` in all.

    Raises:
        NotSent: It was refused, nobody answered in time, or what answered was not the service; no address is named.
    """
    if channel.url.startswith(_SLACK):
        _to_slack(channel, message)
    else:
        ended = _within(TIMEOUT_S, f"sending to {channel.name}", lambda: _by_apprise(channel, message))
        if not ended:
            how = f"did not answer within {TIMEOUT_S:g} s" if ended is None else "could not be asked"
            msg = f"{channel.name} {how}"
            raise NotSent(msg, hint=_reached())
        if ended[0] is not None:
            raise ended[0]


def _within(limit_s: float, name: str, work: Callable[[], T]) -> list[T] | None:
    """Do `work` in a thread of its own, for a receiver may drip for ever: its result, none if it raised, None if it lasted.

    It is ended then, at its next byte: a call to the machine that hangs cannot be.

    None as well while too many of that name last; none where the machine lets no thread begin, which ends no look.
    """
    ended: list[T] = []
    if sum(thread.name == name for thread in threading.enumerate()) >= _UNENDED:
        return None

    def until_ended() -> None:
        with suppress(SystemExit):
            ended.append(work())

    thread = threading.Thread(target=until_ended, name=name, daemon=True)
    with suppress(RuntimeError):
        thread.start()
        thread.join(limit_s)
    if thread.is_alive() and thread.ident is not None:  # reading on and on would fill the memory
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
        return None
    return ended


def _to_slack(channel: Channel, message: Message) -> None:
    status, body, error = _answer("POST", channel.url.removeprefix("slackhook+"), TIMEOUT_S, json=blocks(message))
    if error:
        msg = f"{channel.name} could not be reached: {error}"
        raise NotSent(msg, hint=_reached())
    if not _is_success(status):
        msg = f"{channel.name} answered {status}"
        raise NotSent(msg, hint="is the webhook still valid?")
    if _is_page(body):
        msg = f"{channel.name} answered {status} with a page, not as a webhook does"
        raise NotSent(msg, hint="does something that wants a login stand between here and there?")


def _answer(method: str, url: str, limit_s: float, *, json: object = None) -> tuple[int, str, str]:
    """Ask an address once, following nothing: status, the beginning of the answer, and the error's name, never the address."""
    import httpx  # noqa: PLC0415 -- the sentinel stays small until it has something to say

    streams: list[Any] = []

    def traced(event: str, about: dict[str, Any]) -> None:
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            streams.append(about["return_value"])

    def asking() -> tuple[int, str, str]:
        try:
            with (
                httpx.Client(timeout=limit_s, follow_redirects=False) as client,
                client.stream(method, url, json=json, headers=_UNPACKED, extensions={"trace": traced}) as answer,
            ):
                return answer.status_code, _beginning(answer, limit_s), ""
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RuntimeError, OSError, ImportError) as error:
            # the client itself may fail: it reads the machine's proxies and certificates
            return 0, "", type(error).__name__

    ended = _within(limit_s + 0.2, f"asking {hash(url)}", asking)  # its own limits are of each read
    if ended is None and streams:
        with suppress(OSError):  # wakes whoever reads there
            socket.socket.shutdown(streams[-1].get_extra_info("socket"), socket.SHUT_RDWR)
    if not ended:
        return 0, "", "WholeTimeout" if ended is None else "NoAnswer"  # what its thread raised stands where errors go
    return ended[0]


def _beginning(answer: "httpx.Response", limit_s: float) -> str:
    began, body = stopwatch(), b""
    if not answer.is_success:
        return ""
    if answer.headers.get("content-encoding", "identity") != "identity":  # not asked for, and may be gigabytes
        return "<packed>"
    for piece in answer.iter_raw(_READ):
        body += piece
        if len(body) >= _READ or stopwatch() - began > limit_s:
            break
    return body[:_READ].decode(errors="replace").strip()


def _reached() -> str:
    from urllib.request import getproxies_environment  # noqa: PLC0415 -- as above

    named = getproxies_environment()
    if any(address.startswith("socks") for address in named.values()):
        return "the environment names a SOCKS proxy, and none can be used: name one of HTTP"
    if named.keys() & {"http", "https", "all"}:
        return "the environment names a proxy: does it run, take its password, and let this through?"
    return "is its address right, and can it be reached from here?"


def _is_success(status: int) -> bool:
    return 200 <= status < 300  # noqa: PLR2004 -- HTTP's own bounds


def _is_page(body: str) -> bool:
    return body.lstrip("\ufeff").startswith("<")


def blocks(message: Message) -> dict[str, Any]:
    """Return a message as Slack's Block Kit: a header, the lines in sections, where it comes from."""
    sign = ":sunrise:" if message.kind == "digest" else _SIGNS[message.severity]
    if message.kind == "closed":
        sign = _SIGNS[Severity.INFO]
    sections: list[str] = [""]
    for line in (_escaped(line) for line in message.lines if line.strip()):
        if len(sections[-1]) + len(line) > _MOST:
            sections.append("")
        sections[-1] += f"{line}\n"
    if len(sections) > _SECTIONS:
        sections = [*sections[: _SECTIONS - 1], _MORE]
    title = f"{sign} {message.title}"
    text = {"type": "plain_text", "text": title if len(title) <= _HEADER else f"{title[: _HEADER - 1]}…", "emoji": True}
    return {
        "text": message.title,
        "blocks": [
            {"type": "header", "text": text},
            *({"type": "section", "text": {"type": "mrkdwn", "text": part}} for part in sections if part),
            {
                "type": "context",
                "elements": [{"type": "mrkdwn", "text": f"tipoff · {message.league} · {message.kind}"}],
            },
        ],
    }


def _escaped(line: str) -> str:
    """Return a line as Slack's mrkdwn reads it, cut where it is too long, but in no entity."""
    text = html.escape(line, quote=False)
    if len(text) <= _MOST:
        return text
    text = text[: _MOST - 1]
    head, ampersand, tail = text.rpartition("&")
    return f"{head if ampersand and ';' not in tail else text}…"


def _by_apprise(channel: Channel, message: Message) -> NotSent | None:
    """Hand it over to whichever service apprise knows; returns why it was not taken, where it was not."""
    import apprise  # noqa: PLC0415 -- heavy, and only needed once there is something to say

    _read_beginnings()
    kinds = {
        Severity.INFO: apprise.NotifyType.INFO,
        Severity.WARNING: apprise.NotifyType.WARNING,
        Severity.ERROR: apprise.NotifyType.FAILURE,
        Severity.CRITICAL: apprise.NotifyType.FAILURE,
    }
    kind = apprise.NotifyType.SUCCESS if message.kind == "closed" else kinds[message.severity]
    sender = apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False))
    if not sender.add(channel.url):
        msg = f"the address of {channel.name} is none that apprise knows"
        return NotSent(msg, hint="see its list of services; the address is a secret and is not shown")
    message = replace(message, title=_calling_nobody(message.title), lines=tuple(map(_calling_nobody, message.lines)))
    message = min((_fitted(message, service) for service in sender), key=lambda one: len(one.lines))
    text = apprise.NotifyFormat.TEXT  # or a mail shows the lines as one paragraph
    for service in sender:
        if service.service_name != "Telegram":  # which gets HTML in any case, and refuses a bare < in it
            service.notify_format = text  # what becomes HTML has no space at which a line may break
    if not sender.notify(title=message.title, body="\n".join(message.lines), notify_type=kind, body_format=text):
        msg = f"{channel.name} did not take the message"
        return NotSent(msg, hint=_reached())
    return None


@cache
def _read_beginnings() -> None:
    """Let apprise be given the beginning of an answer alone: requests would read and unpack all of it into memory."""
    import requests  # noqa: PLC0415 -- as above

    def beginning(response: requests.Response, *_: object, **__: object) -> None:
        response._content = b"".join(islice(response.iter_content(_READ), _PIECES))  # noqa: SLF001 -- it has no other door

    class Session(requests.Session):
        def __init__(self) -> None:
            super().__init__()
            self.hooks["response"] = [beginning]

    requests.sessions.Session = Session  # type: ignore[misc]  # of requests.post alone; requests.Session stays what it is


def _calling_nobody(line: str) -> str:
    """Return a line in which no name that a provider wrote calls all who are in a room."""
    return _CALL.sub("@\u200b", line)


def _fitted(message: Message, service: "apprise.NotifyBase") -> Message:
    """Let `service` cut what is longer than it takes into several messages, and return as much as fits into `_PARTS`."""
    import apprise  # noqa: PLC0415 -- as above

    service.overflow_mode = apprise.OverflowMode.SPLIT
    room = max(service.body_maxlen - service.title_maxlen - 50, 100) * _PARTS if service.body_maxlen else 0
    lines: list[str] = []
    for line in message.lines:
        room -= len(line) + 1
        if room < len(_MORE):
            return replace(message, lines=(*lines, _MORE))
        lines.append(line)
    return message


# What switches say, with 200, to whom they do not know or do not listen.
_NOT_ASKED = (
    *("not found", "rate limited", "unknown", "invalid", "no such", "expired", "disabled", "unauthorized"),
    *("not exist", "deleted", "archived", "paused", "suspended", "forbidden", "denied", "exceeded", "too many"),
    *('"ok":false', '"success":false', '"status":"error"', '"error":"', "error:"),
)


def ping(url: str) -> str:
    """Show an outside dead-man's switch that this side lives; it tells of pings that do not come.

    Returns why it was not asked, without its address, which is a secret; empty where it was. A switch that answers well and
    says that it does not know the address, or a page, was not asked.
    """
    status, body, error = _answer("GET", url, PING_TIMEOUT_S)
    if error:
        return error
    if not _is_success(status):
        return f"it answered {status}"
    if _is_page(body):
        return "a page answered, not a switch"
    said = body.lower().replace(" ", "")
    said = said.replace('"error":""', "")
    refused = next((words for words in _NOT_ASKED if words.replace(" ", "") in said), "")
    return f"it answered {status}, and says {refused}" if refused else ""
