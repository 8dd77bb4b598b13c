"""The monitor: at each look it takes up what was found, folds it into incidents, tells people, and sends the morning's digest."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from tipoff.core.clock import is_fresh, league_day, on_clock
from tipoff.core.errors import LedgerError, UsageError
from tipoff.core.incident import Incident, Trouble
from tipoff.core.league import League
from tipoff.core.severity import Severity
from tipoff.core.step import SqlWork, Step
from tipoff.core.window import WindowKind
from tipoff.core.wording import some
from tipoff.ledger import Batch, Ledger
from tipoff.ledger.alerts import AlertChanges, AlertStore, by_cause
from tipoff.ledger.facts import league_facts
from tipoff.ledger.home_reader import digest_notices
from tipoff.ledger.reader import LeagueRecords
from tipoff.watch.digest import digest, keep_score
from tipoff.watch.incidents import REOPENS, Inputs, is_of_home, trouble_of
from tipoff.watch.notices import Channel, Flush, Send, dead_channels, flush, notice_row, still_known, take_up

NAME = "monitor"
DIGEST_AT = timedelta(hours=11)  # New York: an hour after the last night's results are due
DIGEST_DUE = timedelta(minutes=45)  # after it is opened
_SHOWN = 6  # lost outputs named in one line
_EPISODE = frozenset({"opened", "reopened", "accepted"})
_BEGINS = timedelta(minutes=10)  # a controller that is started beside this side, and has decided nothing yet
_REASONS = {
    "proven": "sent",
    "running": "on its way",
    "waiting": "not yet due",
    "lost": "nobody was there to send it, or no channel took it",
    "excused": "no channel takes digests; tipoff digest shows it",
}
_SAME_DAY = frozenset({WindowKind.SLATE, WindowKind.KNOWN})
_UNMET = ("late", "held", "open", "running")


def beat_name(league: str) -> str:
    """Return the name under which a league's monitor shows that it looks."""
    return f"{NAME} {league}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelView:
    """The sentinel as the monitor sees it: what it tells and when it looked, and how long it may be silent."""

    read: Callable[[datetime], tuple[Sequence[Incident], Mapping[str, Mapping[str, Any]]]]
    silent_after: timedelta = timedelta(hours=1)


@dataclass(slots=True, kw_only=True)
class Monitor:
    """Watches one league's ledger from inside; writes incidents and notices, never obligations of the league."""

    league: League
    days: tuple[date, date]
    ledger: Callable[[], Ledger]
    store: AlertStore
    channels: Sequence[Channel]
    send: Send
    build: str
    sentinel: SentinelView | None = None
    of_home: bool = True  # the one of its home's leagues' monitors that tells what is nobody's league
    digest_at: timedelta = DIGEST_AT
    since: datetime | None = None
    flush: Flush = flush
    _cursor: int = field(init=False)
    _looked_at: datetime | None = field(init=False)
    _back_at: datetime | None = None  # when both sides had been away: the machine slept, or was off
    _known: list[Incident] | None = None
    _written: date | None = None  # the newest digest that is written
    _is_sending: bool = True  # some digest may not have gone out yet
    _swept: date | None = None

    def __post_init__(self) -> None:
        beat = self.store.heartbeats().get(beat_name(self.league.name))
        self._cursor = int(json.loads(beat["note"])["findings"]) if beat else 0
        self._looked_at = beat["at"] if beat else None

    def look(self, now: datetime) -> None:
        """Do one look: nothing is told twice, and what a crash cut off is done by the next. After a `LedgerError` none was."""
        found, cursor = self._found(now)
        others, beats = self._outside(now)
        known = self.store.incidents(self.league.name, now=now) if self._known is None else self._known
        open_now = [incident for incident in known if incident.is_open]
        standing = self._about_home({incident.cause for incident in open_now}, beats, now)
        troubles = [*found, *standing]
        incidents, to_store = known, AlertChanges()
        if troubles or open_now:
            incidents, to_store = take_up(
                self.store,
                known,
                troubles,
                self.channels,
                now,
                by=NAME,
                off=lambda league: league_facts(self.ledger(), league).off,
                is_met=self._is_met({trouble.effect for trouble in standing}, _days_of(open_now, troubles)),
                # a sentinel that has stopped tells of nothing more, whatever stands open in its store
                elsewhere={} if self._about_sentinel(beats, now) else by_cause(others),
                left=self._left,
                may_end=partial(self._may_end, now),
                inputs=inputs_of(self.league.steps),
            )
        digest_day = self._morning(now, incidents, to_store)
        self._known = None  # a failing write leaves memory behind the store
        note = json.dumps({"findings": cursor, "pid": os.getpid()})  # how far it has read, and its process
        self.store.write(to_store, beat=(beat_name(self.league.name), now, self.build, note))
        self._cursor, self._looked_at = cursor, now
        if digest_day is not None:
            self._owe(digest_day, now)
            self._written = digest_day
        self._known = still_known(incidents, now)
        self.flush(self.store, self.channels, self.send, now)
        self._note_digest(now)

    def forget(self) -> None:
        """Read incidents anew at the next look: a person may have acted on them."""
        self._known = None

    # --- what was found

    def _found(self, now: datetime) -> tuple[list[Trouble], int]:
        found = self._records.findings_after(self._cursor)
        bad = [trouble_of(finding) for finding in found if not finding.ok and finding.severity >= Severity.WARNING]
        if not self.of_home and any(is_of_home(trouble.cause) for trouble in bad):
            others = [one for one in self.store.incidents(now=now) if one.is_open and one.league != self.league.name]
            known = {one.cause for one in others if is_of_home(one.cause)}
            bad = [trouble for trouble in bad if trouble.cause not in known]
        return bad, found[-1].id if found else self._cursor

    def _outside(self, now: datetime) -> tuple[Sequence[Incident], Mapping[str, Mapping[str, Any]]]:
        if self.sentinel is None:
            return (), {}
        try:
            return self.sentinel.read(now)
        except (UsageError, LedgerError):
            return (), {}  # its heartbeat is missing then, which is told

    def _about_home(
        self, told: AbstractSet[str], beats: Mapping[str, Mapping[str, Any]], now: datetime
    ) -> list[Trouble]:
        """Return what is nobody's league; of a monitor that is not the first of its home, what it has `told` and is not over."""
        if not self.of_home and not any(map(is_of_home, told)):
            return []
        dead = dead_channels(self.store, self.channels, self.league.name, now)
        found = [*self._about_sentinel(beats, now), *dead]
        return [trouble for trouble in found if self.of_home or trouble.cause in told]

    def _about_sentinel(self, beats: Mapping[str, Mapping[str, Any]], now: datetime) -> list[Trouble]:
        if self.sentinel is None:
            return []
        beat = beats.get("sentinel")
        if beat is not None and is_fresh(beat["at"], now, self.sentinel.silent_after):
            return []
        if beat is None and self.since is not None and now - self.since < self.sentinel.silent_after:
            return []  # it may be starting, as this side is
        if beat is not None and self._comes_back(beat["at"], now, self.sentinel.silent_after):
            return []
        looked = f"it has not looked since {beat['at']:%Y-%m-%d %H:%M} UTC" if beat else "it has never looked"
        note = f"{looked}: a stop of the controller would go unnoticed"
        return [Trouble(self.league.name, "sentinel", "sentinel_is_alive", Severity.ERROR, note, now, league_day(now))]

    def _comes_back(self, beat_at: datetime, now: datetime, silent_after: timedelta) -> bool:
        """Whether the sentinel may be coming back as this side is: it looked when this one last did, and both were away since."""
        before = self._looked_at
        if before is not None and now - before > silent_after and is_fresh(beat_at, before, silent_after):
            self._back_at = now
        return self._back_at is not None and timedelta(0) <= now - self._back_at < silent_after

    def _is_met(self, standing: AbstractSet[str], days: AbstractSet[date]) -> Callable[[str, str], bool]:
        """Return what says whether an effect is in order: nothing is owed or fails, and it is not among what stands now.

        `days` are those on which anything of an open incident is not met yet; without any, only what bears on no day is met.
        """
        if not days:
            return lambda _league, effect: effect.startswith("|") and effect not in standing
        unmet = self._records.obligations(days=sorted(days), states=_UNMET)
        owed = {(one.output, str(one.day)) for one in unmet}
        # what a check blames on a source or a side is over with what is owed: what closed meanwhile can never be made good
        failed = self._records.measured(days=sorted(days), status="failed")
        failing = {(one.check, str(one.day)) for one in failed if one.cause.startswith(("data:", "check:"))}

        def is_met(_league: str, effect: str) -> bool:
            output, day, check = effect.split("|", 2)
            return (output, day) not in owed and (check, day) not in failing and effect not in standing

        return is_met

    def _may_end(self, now: datetime, incident: Incident) -> bool:
        """Whether what is blamed has worked since a slate was lost, or a day has gone: the loss alone says nothing of its end."""
        makers = [step.name for step in self.league.steps if step.own_cause == incident.cause]
        if not makers:
            return True
        days = [date.fromisoformat(day) for day in incident.days]
        touched = {tuple(effect.split("|", 2)[:2]) for effect in incident.effects}
        lost = [
            owed.since
            for owed in self._records.obligations(days=days, states=["lost"])
            if (owed.output, str(owed.day)) in touched and now - owed.since < REOPENS
        ]
        runs = (run for name in makers for run in self._records.runs(output=name, since=max(lost, default=now)))
        return not lost or any(run.state == "finished" for run in runs)

    def _left(self, incident: Incident) -> str:
        """Return what is left of an incident that is over: what closed unmade, and what a person found right as it is."""
        touched = {tuple(effect.split("|", 2)[:2]) for effect in incident.effects}
        lost = sorted((owed.day, owed.output) for owed in self._records.obligations(states=["lost"]))
        gone = [f"{output} of {day}" for day, output in lost if (output, str(day)) in touched]
        begun_or_accepted = [act for act in self.store.acts(incident.id) if act["kind"] in _EPISODE]
        parts = [f"LOST for good: {some(gone, _SHOWN)}"] if gone else []
        for act in begun_or_accepted[-1:]:  # what was accepted before it came back says nothing of this end
            parts += [f"{act['by']} found right what is left of it: {act['note']}"] if act["kind"] == "accepted" else []
        return "; ".join(parts)

    # --- the digest

    def _morning(self, now: datetime, incidents: Sequence[Incident], to_store: AlertChanges) -> date | None:
        """Write this morning's digest, where it is time and it is not written; returns its day."""
        day = league_day(now)
        first, last = self.days
        self._give_up_missed(day, now)
        if day == self._written or now < on_clock(day, self.digest_at):
            return None
        if self.since is not None and now - self.since < _BEGINS:
            _, decided_at = self._records.first_and_last_tick()
            if decided_at is None or decided_at < self.since:
                return None  # a digest of before the first decision, or of none since a stop, tells nothing
        keep_score(self.ledger(), self.league, self.days, now)
        if not first <= day <= last or self._has_digest(day):
            self._written = day
            return None
        open_now = [incident for incident in incidents if incident.is_open]
        message = digest(self.ledger(), self.league, day, now, open_now)
        for channel in self.channels:
            if channel.digest and (not channel.leagues or self.league.name in channel.leagues):
                key = f"{channel.name}|{self.league.name}|digest|{day}"
                to_store.notices.append(notice_row(channel, message, key=key, now=now))
        return day

    def _give_up_missed(self, day: date, now: datetime) -> None:
        """Mark the digests of days on which nobody was there to send them; of days to come none is, whatever a clock said."""
        if day == self._swept:
            return
        batch = Batch()
        for owed in self._records.obligations(output="digest", states=["waiting", "running", "lost"]):
            if owed.day < day and owed.verb == "WAIT":
                batch.add("obligations", self._digest_row(owed.day, "lost", "SKIP", now))
            elif owed.day >= day and owed.verb == "SKIP":
                batch.add("obligations", self._digest_row(owed.day, "waiting", "WAIT", now))
        self.ledger().commit(batch)
        self._swept = day

    def _has_digest(self, day: date) -> bool:
        owed = self._records.obligation("digest", day)
        return owed is not None and owed.verb == "RUN"

    @property
    def _records(self) -> LeagueRecords:
        return self.ledger().of(self.league.name)

    def _owe(self, day: date, now: datetime) -> None:
        """Write down that the digest of `day` is on its way, and that tomorrow's is owed."""
        self._is_sending = True
        batch = Batch()
        batch.add("obligations", self._digest_row(day, "running", "RUN", now))
        if day < self.days[1]:
            batch.add("obligations", self._digest_row(day + timedelta(days=1), "waiting", "WAIT", now))
        self.ledger().commit(batch)

    def _note_digest(self, now: datetime) -> None:
        """Mark a digest as proven once a channel has taken it, as lost once all have been given up; one for nobody is excused."""
        if not self._is_sending:
            return
        is_sending, batch = False, Batch()
        for owed in self._records.obligations(output="digest", states=["running"]):
            states = digest_notices(self.ledger().rows, self.league.name, owed.day)
            if "sent" not in states and states & {"waiting", "claimed"}:
                is_sending = True
                continue
            fate = "proven" if "sent" in states else "lost" if states else "excused"
            batch.add("obligations", self._digest_row(owed.day, fate, "RUN", now))
        self.ledger().commit(batch)
        self._is_sending = is_sending

    def _digest_row(self, day: date, state: str, verb: str, now: datetime) -> dict[str, Any]:
        opens_at = on_clock(day, self.digest_at)
        is_proven, is_excused = state == "proven", state == "excused"
        return {
            "league": self.league.name,
            "output": "digest",
            "day": day,
            "season": "",
            "state": state,
            "since": now,
            "opens_at": opens_at,
            "due_at": opens_at + DIGEST_DUE,
            "not_before": None,
            "failures": 0,
            "polls": 0,
            "n_units": 1,
            "n_proven": int(is_proven),
            "n_excused": int(is_excused),
            "missing": "[]" if is_proven or is_excused else '["slate"]',
            "excused": json.dumps({"slate": _REASONS[state]}) if is_excused else "{}",
            "attempted": "{}",
            "verb": verb,
            "reason": _REASONS[state],
        }


def _days_of(open_now: Sequence[Incident], troubles: Sequence[Trouble]) -> set[date]:
    """Return the days on which anything of an open incident is not met yet, and those of what was found beside one."""
    unmet = {effect.split("|", 2)[1] for incident in open_now for effect in incident.unmet}
    days = {date.fromisoformat(day) for day in unmet if day}
    return days | {trouble.day for trouble in troubles if open_now and trouble.output}


def inputs_of(steps: Sequence[Step]) -> Inputs:
    """Return what says which outputs of the same day each one reads, as a catalog declares it; SQL declares nothing."""
    read = {
        step.name: frozenset(
            one.table for one in step.work.inputs if one.window.kind in _SAME_DAY and one.table != "schedule"
        )
        for step in steps
        if not isinstance(step.work, SqlWork)
    }
    return lambda output: read.get(output, frozenset())
