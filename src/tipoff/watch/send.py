"""Handing messages over: Slack's webhooks in Block Kit; e-mail, Discord, PagerDuty and the rest through apprise."""

from collections.abc import Mapping
from typing import Any

from tipoff.core.finding import Severity
from tipoff.watch.notices import Channel, Message, NotSent

TIMEOUT_S = 15.0
PING_TIMEOUT_S = 5.0
_SLACK = ("https://hooks.slack.com/", "slackhook+")
_MOST = 2900  # characters in one of Slack's sections, which hold 3,000
_HEADER = 150  # characters in a header, by Slack's rule
_SECTIONS = 48  # of at most 50 blocks, beside header and context
_SIGNS: Mapping[Severity, str] = {
    Severity.INFO: ":white_check_mark:",
    Severity.WARNING: ":large_yellow_circle:",
    Severity.ERROR: ":red_circle:",
    Severity.CRITICAL: ":rotating_light:",
}


def send(channel: Channel, message: Message) -> None:
    """Hand `message` over to `channel`.

    Raises:
        NotSent: It was refused, or nobody answered; the channel's address is not named.
    """
    if channel.url.startswith(_SLACK):
        _to_slack(channel, message)
    else:
        _by_apprise(channel, message)


def _to_slack(channel: Channel, message: Message) -> None:
    import httpx  # noqa: PLC0415 -- the sentinel stays small until it has something to say

    url = channel.url.removeprefix("slackhook+")
    try:
        with httpx.stream("POST", url, json=blocks(message), timeout=TIMEOUT_S) as answer:  # its body may never end
            status, is_success = answer.status_code, answer.is_success
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        msg = f"{channel.name} could not be reached: {type(error).__name__}"
        raise NotSent(
            msg, hint="is its address right, and can it be reached from here?"
        ) from None  # the error's own text may name the address
    if not is_success:
        msg = f"{channel.name} answered {status}"
        raise NotSent(msg, hint="is the webhook still valid?")


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
        sections = [*sections[: _SECTIONS - 1], "… and more: tipoff incident list"]
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
    signs = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
    text = "".join(signs.get(sign, sign) for sign in line)
    if len(text) <= _MOST:
        return text
    text = text[: _MOST - 1]
    head, ampersand, tail = text.rpartition("&")
    return f"{head if ampersand and ';' not in tail else text}…"


def _by_apprise(channel: Channel, message: Message) -> None:
    import apprise  # noqa: PLC0415 -- heavy, and only needed once there is something to say

    kinds = {
        Severity.INFO: apprise.NotifyType.INFO,
        Severity.WARNING: apprise.NotifyType.WARNING,
        Severity.ERROR: apprise.NotifyType.FAILURE,
        Severity.CRITICAL: apprise.NotifyType.FAILURE,
    }
    kind = apprise.NotifyType.SUCCESS if message.kind == "closed" else kinds[message.severity]
    sender = apprise.Apprise()
    if not sender.add(channel.url):
        msg = f"the address of {channel.name} is none that apprise knows"
        raise NotSent(msg, hint="see its list of services; the address is a secret and is not shown")
    text = apprise.NotifyFormat.TEXT  # or a mail shows the lines as one paragraph
    if not sender.notify(title=message.title, body="\n".join(message.lines), notify_type=kind, body_format=text):
        msg = f"{channel.name} did not take the message"
        raise NotSent(msg, hint="is its address right, and can it be reached from here?")


def ping(url: str) -> str:
    """Show an outside dead-man's switch that this side lives; it tells of pings that do not come.

    Returns why it could not be asked, without its address, which is a secret; empty where it was asked.
    """
    import httpx  # noqa: PLC0415 -- as above

    try:
        with httpx.stream("GET", url, timeout=PING_TIMEOUT_S) as answer:
            return "" if answer.is_success else f"it answered {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        return type(error).__name__
