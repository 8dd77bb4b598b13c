"""The sentinel: from outside, is it alive and does anything come of it. It imports nothing of the engine; its judge is pure."""

import dataclasses
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tipoff.core.clock import AHEAD, Hours, is_ahead, league_day
from tipoff.core.errors import EarlierLedger, LedgerError, NoLedger, UsageError
from tipoff.core.incident import Incident, Trouble
from tipoff.core.severity import Severity
from tipoff.core.wording import length
from tipoff.ledger import LEASE, Lease, Ledger
from tipoff.ledger.alerts import AlertStore, by_cause, read_incidents
from tipoff.ledger.facts import NoSeason, league_facts
from tipoff.ledger.reader import LeagueRecords
from tipoff.watch.incidents import TOLD_FROM, is_of_home
from tipoff.watch.notices import Channel, Flush, Send, dead_channels, flush, still_known, take_up

NAME = "sentinel"
ALIVE_CHECK, SEASON_CHECK = "controller_is_alive", "season_is_known"
_BEHIND_CONTROLLER = frozenset({"decisions_are_executed", "digest_is_sent", "monitor_is_alive", "obligation_is_told"})
_STORES_CHECK = "stores_are_there"
_BEHIND_LEDGER = _BEHIND_CONTROLLER | {ALIVE_CHECK, _STORES_CHECK}


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceLimits:
    """When silence is told, and how loudly. Source: the 45 and 169 hours in which nobody knew."""

    warn_after: timedelta = timedelta(minutes=75)  # a replay's ticks lie 30 min apart, and a slow answer delays one
    error_after: timedelta = timedelta(hours=2)
    critical_after: timedelta = timedelta(hours=6)
    digest_after: timedelta = timedelta(minutes=30)  # past its due time
    monitor_after: timedelta = timedelta(hours=1)
    overdue_after: timedelta = timedelta(hours=2)  # past its due time, and no incident tells of it
    settle_after: timedelta = timedelta(0)  # in order for so long, and it is over: what comes and goes is one incident
    ledger_after: timedelta = timedelta(0)  # of the sentinel's own life: a home without a ledger may still be made
    active: Mapping[str, Hours] = field(default_factory=dict)  # by league; at all hours for one that is not named

    def silence(self, league: str, alive_at: datetime, now: datetime) -> Severity | None:
        """Return how bad it is that nothing has been heard since `alive_at`, in the league's hours; None while it is not."""
        hours = self.active.get(league)
        gap = hours.spent(alive_at, now) if hours else now - alive_at
        if gap >= self.critical_after:
            return Severity.CRITICAL
        if gap >= self.error_after:
            return Severity.ERROR
        return Severity.WARNING if gap >= self.warn_after else None


LIVE = SilenceLimits(
    warn_after=timedelta(minutes=5),
    monitor_after=timedelta(minutes=10),
    settle_after=timedelta(minutes=5),
    ledger_after=timedelta(minutes=5),
)
REPLAYED = SilenceLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the ledger says of one league."""

    league: str
    lease: Lease | None
    alive_at: datetime | None  # when the controller last showed itself
    unexecuted: int  # RUN decisions since the last run that came to an end
    unexecuted_since: datetime | None
    overdue: tuple[tuple[str, date, datetime], ...]  # output, day, due: late, and in no incident
    digest_due: tuple[date, datetime] | None  # the oldest digest that is not sent, and since when it should be
    monitor_at: datetime | None
    started_at: datetime | None = None  # the first tick that did something
    ahead_at: datetime | None = None  # a sign of life that lies in the future: no sign of life, but of a wrong clock
    signs: tuple[datetime | None, ...] = ()  # of the controller, as they stand: whoever lives changes them
    is_over: bool = False  # the season has ended and nothing is owed
    no_season: NoSeason | None = None  # the controller waits for the schedule
    off: tuple[str, ...] = ()  # what is not made for want of a key, or not yet


def judge_silence(facts: Facts, now: datetime, limits: SilenceLimits = REPLAYED) -> list[Trouble]:
    """Return what is wrong at `now`: nobody decides, nobody executes, nobody watches, nobody tells."""
    if facts.lease is None and facts.alive_at is None and facts.ahead_at is None:
        return []  # never started: nothing is owed yet
    return list(_troubles(facts, now, limits))


def _troubles(facts: Facts, now: datetime, limits: SilenceLimits) -> Iterator[Trouble]:
    if facts.is_over:
        return
    if facts.ahead_at is not None:
        yield _clock_trouble(facts.league, facts.ahead_at, now)
    alive_at = facts.alive_at or now
    silent = limits.silence(facts.league, alive_at, now)
    if silent is not None:
        host = f" on {facts.lease.holder.partition(' ')[0]}" if facts.lease else ""
        note = f"the controller{host} has decided nothing since {alive_at:%Y-%m-%d %H:%M} UTC, for {length(now - alive_at)}"
        yield Trouble(facts.league, "controller", ALIVE_CHECK, silent, note, now, league_day(alive_at))
    if facts.no_season is not None and silent is None:
        yield from _about_season(facts, facts.no_season, now, limits)
    if facts.unexecuted and facts.unexecuted_since is not None and silent is None:
        severity = limits.silence(facts.league, facts.unexecuted_since, now)
        if severity is not None:
            since = f"{facts.unexecuted_since:%Y-%m-%d %H:%M} UTC"
            note = f"{facts.unexecuted} decisions to run since {since}, and no run came to an end"
            day = league_day(facts.unexecuted_since)
            yield Trouble(facts.league, "executor", "decisions_are_executed", severity, note, now, day)
    if facts.digest_due is not None and silent is None:
        day, due_at = facts.digest_due
        if now - due_at >= limits.digest_after:
            note = f"the digest of {day} was due at {due_at:%H:%M} UTC and was not sent"
            yield Trouble(facts.league, "monitor", "digest_is_sent", Severity.ERROR, note, now, day)
    if silent is None:
        yield from _about_monitor(facts, alive_at, now, limits)


def _is_mute(facts: Facts, found: Sequence[Trouble], now: datetime, limits: SilenceLimits) -> bool:
    """Whether the monitor has fallen silent with its controller: what it told before speaks for nothing that fails since."""
    is_stopped = any(trouble.check == ALIVE_CHECK and trouble.severity >= TOLD_FROM for trouble in found)
    return is_stopped and (facts.monitor_at is None or now - facts.monitor_at >= limits.monitor_after)


def _about_season(facts: Facts, waits: NoSeason, now: datetime, limits: SilenceLimits) -> Iterator[Trouble]:
    severity = limits.silence(facts.league, waits.since, now)
    if severity is not None:
        yield Trouble(facts.league, "controller", SEASON_CHECK, severity, waits.text, now, league_day(waits.since))


def _about_monitor(facts: Facts, alive_at: datetime, now: datetime, limits: SilenceLimits) -> Iterator[Trouble]:
    """Yield that the monitor does not look while the controller lives, and what nobody tells in its stead."""
    looked_at = facts.monitor_at or facts.started_at
    if looked_at is None or alive_at - looked_at < limits.monitor_after:
        return
    said = f"has not looked since {looked_at:%Y-%m-%d %H:%M} UTC"
    if facts.monitor_at is None:
        said = f"has never looked, and the controller works since {looked_at:%Y-%m-%d %H:%M} UTC"
    severity = Severity.CRITICAL if now - looked_at >= limits.critical_after else Severity.ERROR
    day = league_day(looked_at)
    yield Trouble(facts.league, "monitor", "monitor_is_alive", severity, f"the monitor {said}", now, day)
    for output, day, due_at in facts.overdue:
        if now - due_at >= limits.overdue_after:
            note = f"{output} of {day} was due at {due_at:%Y-%m-%d %H:%M} UTC, and nobody was told"
            yield Trouble(facts.league, "monitor", "obligation_is_told", Severity.ERROR, note, now, day, output)


def _clock_trouble(league: str, ahead_at: datetime, now: datetime) -> Trouble:
    when, ahead = f"{ahead_at:%Y-%m-%d %H:%M} UTC", f"lies {length(ahead_at - now)} ahead of this clock"
    note = f"an instant of the ledger, {when}, {ahead}: a host's clock is wrong, or was put back"
    return Trouble(league, "clock", "clocks_agree", Severity.ERROR, note, now, league_day(now))


def unreadable(league: str, error: Exception, now: datetime) -> Trouble:
    """Return the trouble that the ledger cannot be read: critical, for nothing else can be known."""
    note = f"the ledger cannot be read: {error}"
    return Trouble(league, "ledger", "ledger_is_readable", Severity.CRITICAL, note, now, league_day(now))


def read_facts(ledger: Ledger, league: str, now: datetime) -> Facts:
    """Read what the judge needs; a lease lasts by its length beyond a sign of life, of who has shown no other.

    Who shows itself after each tick is not alive by its lease: that is taken also by one whose every tick fails.
    """
    lease, known = ledger.lease(f"controller {league}"), league_facts(ledger, league)
    records = ledger.of(league)
    # in a replay each league has its own time: another's sign of life, or that of a page beside it, is none of this clock
    on_this_clock = {league} if known.clock_at and not known.live_since else {"", league}
    beats = {name: beat.at for name, beat in records.beats().items() if name.partition(" ")[2] in on_this_clock}
    first, newest = records.first_and_last_tick()
    last = newest if newest is None or newest <= now + AHEAD else records.first_and_last_tick(until=now + AHEAD)[1]
    shown = beats.get(f"controller {league}")
    signs = (newest, lease.until - LEASE if lease and shown is None else None, shown)
    seen = [at for at in (last, *signs) if at is not None]
    believed = [at for at in seen if not is_ahead(at, now)]
    alive_at = min(max(believed), now) if believed else None
    ahead_at = max((at for at in (*seen, *beats.values()) if is_ahead(at, now)), default=None)
    monitor_at = beats.get(f"monitor {league}")
    unexecuted, since = records.unended_since_the_last()
    return Facts(
        league=league,
        lease=lease,
        alive_at=alive_at,
        unexecuted=unexecuted,
        unexecuted_since=since,
        overdue=_overdue(records, read_incidents(ledger.rows, league, now), now)
        if f"monitor {league}" in beats
        else (),
        digest_due=_digest_due(records, now),
        monitor_at=monitor_at if monitor_at is None or not is_ahead(monitor_at, now) else first,
        started_at=first,
        is_over=known.is_over,
        no_season=known.no_season,
        off=known.off,
        ahead_at=ahead_at,
        signs=signs,
    )


def _overdue(records: LeagueRecords, told: Sequence[Incident], now: datetime) -> tuple[tuple[str, date, datetime], ...]:
    slates = {effect.rpartition("|")[0] for one in told if one.is_open for effect in one.effects}
    return tuple(
        (owed.output, owed.day, owed.due_at)
        for owed in records.obligations(states=["late"])
        if owed.due_at < now and owed.output != "digest" and f"{owed.output}|{owed.day}" not in slates
    )


def _digest_due(records: LeagueRecords, now: datetime) -> tuple[date, datetime] | None:
    first = records.first_due("digest", states=["waiting", "running"])
    if first is None or first.due_at >= now:
        return None
    # one that is on its way began when a monitor was there to send it: a home begun, or back, later in the day is not behind
    return first.day, max(first.due_at, first.since) if first.state == "running" else first.due_at


Signs = tuple[datetime | None, ...]


@dataclass(slots=True)
class Witness:
    """Remembers when signs of life last changed before its eyes, by its own clock."""

    _changed: dict[str, tuple[Signs, datetime]] = field(default_factory=dict)

    def alive_at(self, name: str, signs: Signs, said: datetime | None, now: datetime) -> datetime | None:
        """Return when `name` was last alive; `said` is what its signs say themselves, where that is believed.

        Signs that do not change are no life, whatever instants they name; those that change are, though their clock is wrong.
        """
        known = self._changed.get(name)
        if known is None:
            self._changed[name] = signs, now
            return said
        if known[0] != signs:
            self._changed[name] = signs, now
            return said or now
        return min(at for at in (said, known[1]) if at is not None)

    def go_back(self, by: timedelta) -> None:
        """Move what is remembered back, as the clock was."""
        self._changed = {name: (signs, at - by) for name, (signs, at) in self._changed.items()}


@dataclass(slots=True, kw_only=True)
class Sentinel:
    """Looks at a ledger from outside, and keeps what it told in a store of its own."""

    ledger: Path | str  # where it lies
    leagues: Sequence[str]
    store: AlertStore
    channels: Sequence[Channel]
    send: Send
    build: str
    limits: SilenceLimits = REPLAYED
    flush: Flush = flush
    # which stores of a league have lost files that are proven
    lost: Callable[[Ledger, str], Sequence[str]] = lambda _ledger, _league: ()
    _opened: Ledger | None = None
    _known: list[Incident] | None = None
    _looked_at: datetime | None = None
    _stays: bool = False
    _before_at: datetime | None = None  # the last look of the one that it goes on from
    _silent_at: dict[str, datetime] = field(default_factory=dict)  # when a controller was last found silent
    _since: datetime | None = None  # its first look
    _witness: Witness = field(default_factory=Witness)
    _off: dict[str, Sequence[str]] = field(default_factory=dict)  # by league, as last seen
    # by league, the checks of which this look can say nothing
    _hidden: dict[str, frozenset[str]] = field(default_factory=dict)

    def go_on(self) -> None:
        """Stay, from where the one before it ended: one that is begun for each look has no time to give to who was away."""
        self._before_at = self.store.heartbeats().get(NAME, {}).get("at")
        self._stays = True

    def look(self, now: datetime) -> list[Trouble]:
        """Do one look and tell what is to be told; returns what is wrong. Raises `LedgerError` for its own store."""
        self._since = self._since or now
        put_back = self._put_back(now)
        found, elsewhere = self._judged(now)
        found += put_back
        found += dead_channels(self.store, self.channels, self.leagues[0], now)
        # what is of the home is told as of the first league that has it
        firsts = {trouble.cause: trouble.league for trouble in reversed(found)}
        found = [one for one in found if not is_of_home(one.cause) or one.league == firsts[one.cause]]
        troubles = [trouble for trouble in found if trouble.severity >= TOLD_FROM]  # what is less, it only returns
        known = self.store.incidents(now=now) if self._known is None else self._known
        standing = {(t.league, t.effect) for t in troubles}
        incidents, to_store = take_up(
            self.store,
            known,
            troubles,
            self.channels,
            now,
            by=NAME,
            off=lambda league: self._off.get(league, ()),
            is_met=lambda league, effect: (league, effect) not in standing and not self._is_hidden(league, effect),
            elsewhere=by_cause(elsewhere),
            settle=self.limits.settle_after,
        )
        self._known = None
        note = json.dumps({"pid": os.getpid(), "stays": self._stays})
        self.store.write(to_store, beat=(NAME, now, self.build, note))
        self._looked_at = now
        self._known = still_known(incidents, now)
        self.flush(self.store, self.channels, self.send, now)
        return found

    def forget(self) -> None:
        """Read incidents anew at the next look: a person may have acted on them."""
        self._known = None

    def told(self, _now: datetime) -> tuple[list[Incident], dict[str, dict[str, Any]]]:
        """Return what it has told and when it looked, for a monitor in the same process."""
        beat = {"at": self._looked_at} if self._looked_at else None
        return list(self._known or ()), {NAME: beat} if beat else {}

    def _judged(self, now: datetime) -> tuple[list[Trouble], list[Incident]]:
        troubles: list[Trouble] = []
        elsewhere: list[Incident] = []
        self._hidden = {}
        for league in self.leagues:
            try:
                if self._opened is None:
                    self._opened = Ledger(self.ledger, read_only=True)
                self._opened.must_stand()
                facts = read_facts(self._opened, league, now)
                self._off[league] = facts.off
                found = judge_silence(self._as_seen(facts, now), now, self.limits)
                if any(trouble.cause == "controller" for trouble in found) or self._was_away(facts.monitor_at, now):
                    self._silent_at[league] = now
                is_back = now - self._silent_at.get(league, datetime.min.replace(tzinfo=UTC))
                late = is_back < self.limits.monitor_after  # the monitor comes back with the controller
                if late:
                    self._hidden[league] = _BEHIND_CONTROLLER
                troubles += [trouble for trouble in found if not late or trouble.cause != "monitor"]
                if lost := "; ".join(self.lost(self._opened, league)):
                    troubles.append(Trouble(league, "store", _STORES_CHECK, Severity.ERROR, lost, now, league_day(now)))
                if not _is_mute(facts, found, now, self.limits):
                    elsewhere += read_incidents(self._opened.rows, league, now)
            except (UsageError, LedgerError, ValueError, TypeError, KeyError) as error:
                self._let_go()  # a damaged file also shows as values that are none
                self._hidden[league] = _BEHIND_LEDGER
                # where this side has only just begun, those who make or upgrade the ledger may be starting too
                may_come = isinstance(error, NoLedger | EarlierLedger)
                if not (may_come and now - (self._since or now) < self.limits.ledger_after):
                    troubles.append(unreadable(league, error, now))
        return troubles, elsewhere

    def _was_away(self, monitor_at: datetime | None, now: datetime) -> bool:
        """Whether this side slept, or was not there, since a look at which the monitor lived: that comes back as well."""
        before, after = self._looked_at or self._before_at, self.limits.monitor_after
        if before is None or monitor_at is None:
            return False
        return now - before > after >= before - monitor_at

    def _put_back(self, now: datetime) -> list[Trouble]:
        """Return that this clock was put back since the last look, if it was; what is remembered goes back with it."""
        before = self._looked_at
        if before is None or not is_ahead(before, now):
            return []
        self._silent_at = {league: at - (before - now) for league, at in self._silent_at.items()}
        self._witness.go_back(before - now)
        return [_clock_trouble(self.leagues[0], before, now)]

    def _as_seen(self, facts: Facts, now: datetime) -> Facts:
        """Return the facts, with the controller alive when its signs of life last changed before these eyes."""
        if not any(facts.signs):
            return facts  # it has never shown itself
        said = facts.alive_at if facts.ahead_at is None else None
        alive_at = self._witness.alive_at(facts.league, facts.signs, said, now)
        return dataclasses.replace(facts, alive_at=alive_at)

    def _is_hidden(self, league: str, effect: str) -> bool:
        """Whether nothing can be said of an effect now: what cannot be seen is not in order again."""
        return effect.rpartition("|")[2] in self._hidden.get(league, ())

    def _let_go(self) -> None:
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def close(self) -> None:
        """Let go of the ledger and of its own store."""
        self._let_go()
        self.store.close()
