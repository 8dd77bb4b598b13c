"""Notices: who is told what, and sending it at least once: a claim that expires, so that a crash neither loses nor floods."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from tipoff.core.clock import LEAGUE_ZONE, league_day
from tipoff.core.errors import PipelineError
from tipoff.core.incident import Incident, Trouble
from tipoff.core.severity import Severity
from tipoff.ledger.alerts import SINCE_CLOSED, AlertChanges, AlertStore
from tipoff.watch.incidents import Change, fold, is_of_home
from tipoff.watch.messages import event_of, lines_of, title_of

Row = dict[str, Any]
# between attempts, then given up
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240, 480))
STUCK_AFTER = 4  # attempts, within the hour: then the other channels are told of it


class NotSent(PipelineError):
    """A message could not be handed over; it is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """Where messages go.

    `least`: the least severity that is sent; `leagues`: none means all; `step`: only what has been escalated so often;
    `quiet`: from and to, New York, when only what is critical is sent; `per_hour`: messages at most.
    """

    name: str
    url: str
    leagues: tuple[str, ...] = ()
    least: Severity = Severity.ERROR
    step: int = 0
    quiet: tuple[time, time] | None = None
    per_hour: int = 20
    digest: bool = True

    def takes(self, league: str, severity: int, step: int) -> bool:
        """Whether a message of this league (empty: of them all), severity and rung of the ladder goes here."""
        is_for_it = not self.leagues or not league or league in self.leagues
        return severity >= self.least and step >= self.step and is_for_it

    def is_quiet(self, now: datetime) -> bool:
        """Whether it is night for whoever reads here."""
        if self.quiet is None:
            return False
        begin, end = self.quiet
        at = now.astimezone(LEAGUE_ZONE).time()
        return begin <= at < end if begin <= end else at >= begin or at < end


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is handed to a sender."""

    kind: str
    league: str
    severity: Severity
    title: str
    lines: tuple[str, ...]


Send = Callable[[Channel, Message], None]


def take_up(  # noqa: PLR0913 -- what is known, what was found, who is told, by whom
    store: AlertStore,
    known: Sequence[Incident],
    troubles: Sequence[Trouble],
    channels: Sequence[Channel],
    now: datetime,
    *,
    by: str,
    off: Callable[[str], Sequence[str]],
    **folding: Any,  # noqa: ANN401 -- as `fold` takes it
) -> tuple[list[Incident], AlertChanges]:
    """Fold what a look has found into what is known; returns all incidents, and what is to be written and told of them."""
    unmet_before = {incident.id: incident.unmet for incident in known}
    changes = fold(known, troubles, now=now, by=by, **folding)
    incidents = [*known, *(change.incident for change in changes if change.incident not in known)]
    store.number(incidents)
    touched = {(trouble.league, trouble.effect) for trouble in troubles}
    to_store = AlertChanges(
        incidents=[
            one
            for one in incidents
            if any((one.league, effect) in touched for effect in one.effects)
            or unmet_before.get(one.id, one.unmet) != one.unmet
        ]
    )
    tell(changes, channels, to_store, now, by=by, off=off)
    return incidents, to_store


def still_known(incidents: Iterable[Incident], now: datetime) -> list[Incident]:
    """Return the incidents that the next look begins with: as `AlertStore.incidents` reads them."""
    return [one for one in incidents if one.is_open or (one.closed_at and now - one.closed_at < SINCE_CLOSED)]


def tell(  # noqa: PLR0913 -- what has changed, who is told, by whom
    changes: Iterable[Change],
    channels: Sequence[Channel],
    to_store: AlertChanges,
    now: datetime,
    *,
    by: str,
    off: Callable[[str], Sequence[str]] = lambda _league: (),
) -> None:
    """Take the changes up: incidents, their history, and for each channel that takes it a notice, which says what is `off`."""
    for change in changes:
        incident = change.incident
        if incident not in to_store.incidents:
            to_store.incidents.append(incident)
        to_store.acts.append((incident, event_of(change.kind, by, change.note, now)))
        if not change.is_told:
            continue
        for channel in channels:
            was_told = incident.severity if change.kind != "closed" else incident.told
            if not channel.takes("" if is_of_home(incident.cause) else incident.league, was_told, incident.step):
                continue
            row = notice_row(
                channel,
                Message(
                    kind=change.kind,
                    league=incident.league,
                    severity=Severity(incident.severity),
                    title=title_of(incident, change.kind),
                    lines=(*lines_of(incident, change.kind, change.note, now, by=by), *off(incident.league)),
                ),
                key=_key(channel, incident, change),
                now=now,
            )
            to_store.notices.append(row)
            to_store.of_incident[row["key"]] = incident


def _key(channel: Channel, incident: Incident, change: Change) -> str:
    """Name what may be told only once; that the cause is another one, once for each cause, however often it changes."""
    level = {"escalated": incident.step, "spread": incident.radius_told, "worsened": int(incident.severity)}
    at = incident.opened_at if change.kind == "renamed" else incident.changed_at
    number = level.get(change.kind, 0)
    return f"{channel.name}|{incident.league}|{incident.cause}|{at:%Y%m%dT%H%M%S}|{change.kind}|{number}"[:160]


def notice_row(channel: Channel, message: Message, *, key: str, now: datetime) -> Row:
    """Return the row of a notice that is to be sent."""
    return {
        "key": key,
        "at": now,
        "league": message.league,
        "incident_id": None,
        "kind": message.kind,
        "severity": int(message.severity),
        "channel": channel.name,
        "title": message.title,
        "body": json.dumps(message.lines),
        "state": "waiting",
        "not_before": now,
        "attempts": 0,
    }


Flush = Callable[[AlertStore, Sequence[Channel], Send, datetime], object]


def flush(store: AlertStore, channels: Sequence[Channel], send: Send, now: datetime) -> int:
    """Send what is waiting, one channel after the other, and wait for it; returns how many were sent. See `flush_channel`."""
    waiting = for_channels(store, channels, now)
    return sum(flush_channel(store, channel, send, waiting.get(channel.name, ()), now) for channel in channels)


def for_channels(store: AlertStore, channels: Sequence[Channel], now: datetime) -> dict[str, list[Row]]:
    """Return what waits, by channel, the worst first; what is for a channel that is no longer set up is given up."""
    known, found = {channel.name for channel in channels}, dict[str, list[Row]]()
    for notice in sorted(store.waiting(now), key=lambda row: (row["severity"] < Severity.CRITICAL, row["id"])):
        if notice["channel"] in known:
            found.setdefault(notice["channel"], []).append(notice)
        else:
            store.not_sent(notice["id"], "there is no such channel any more", again_at=None)
    return found


def flush_channel(store: AlertStore, channel: Channel, send: Send, waiting: Sequence[Row], now: datetime) -> int:
    """Send what waits for one channel; returns how much was sent. A notice is claimed before and marked after it is sent.

    What fails is tried again, then given up. After one failure the channel is not tried again in the same look.
    """
    n_sent = 0
    for notice in waiting:
        if not _may_go(channel, notice, store, now) or not store.claim(notice, now):
            continue
        try:
            send(channel, message_of(notice))
        except NotSent as error:
            attempt = notice["attempts"]
            again_at = now + WAITS[attempt] if attempt < len(WAITS) else None
            store.not_sent(notice["id"], str(error), again_at=again_at)
            return n_sent
        store.sent(notice["id"], now)
        n_sent += 1
    return n_sent


def _may_go(channel: Channel, notice: Row, store: AlertStore, now: datetime) -> bool:
    """Whether it is not night for what can wait, and the hour's share is not used up."""
    is_night = channel.is_quiet(now) and notice["severity"] < Severity.CRITICAL and notice["kind"] != "digest"
    return not is_night and store.n_sent(channel.name, now - timedelta(hours=1)) < channel.per_hour


def dead_channels(store: AlertStore, channels: Sequence[Channel], league: str, now: datetime) -> list[Trouble]:
    """Return a trouble for each channel that has not taken a message in many attempts, and none since."""
    found = []
    for row in store.stuck([channel.name for channel in channels], attempts=STUCK_AFTER):
        fate = "was given up" if row["state"] == "failed" else "has not gone out"
        note = f"a message {fate} after {row['attempts']} attempts: {row['error']}; it says: {row['title']}"
        cause, day = f"channel:{row['channel']}", league_day(row["at"])
        check = f"notices_are_sent to {row['channel']}"  # what shows one is not what shows another
        found.append(Trouble(league, cause, check, Severity.ERROR, note, now, day))
    return found


def message_of(notice: Row) -> Message:
    """Return what a stored notice says."""
    return Message(
        kind=notice["kind"],
        league=notice["league"],
        severity=Severity(notice["severity"]),
        title=notice["title"],
        lines=tuple(json.loads(notice["body"])),
    )
