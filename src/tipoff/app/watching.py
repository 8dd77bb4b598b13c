"""Watching a home: the monitor, the sentinel and the checks put together, for a replay's clock and for the live one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial

from tipoff.app.chores import AtOnce, Chores
from tipoff.app.instance import Instance, OpenStores
from tipoff.app.loop import Outage
from tipoff.checks.examine import Examiner
from tipoff.core.check import Cadence, CheckStatus
from tipoff.core.clock import is_ahead, league_day, midnight, on_clock, stopwatch
from tipoff.core.errors import LedgerError
from tipoff.core.home import Home, Profile
from tipoff.core.incident import Trouble
from tipoff.core.league import League
from tipoff.core.severity import Severity
from tipoff.core.slate import Season, Slate
from tipoff.core.step import SourceWork
from tipoff.engine.findings import WAREHOUSE
from tipoff.leagues.checks.probes import REMADE
from tipoff.ledger import LEASE, Ledger
from tipoff.ledger.alerts import AlertStore
from tipoff.ledger.rows import finding
from tipoff.watch.incidents import TOLD_FROM
from tipoff.watch.monitor import DIGEST_AT, Monitor, SentinelView
from tipoff.watch.notices import Channel, Message
from tipoff.watch.sentinel import REPLAYED, Sentinel

EARLIEST = timedelta(hours=10)  # New York: before this no game begins but those of seasons that are opened abroad
PREGAME_AT = timedelta(minutes=20)  # before the first tip-off: everything is due ten minutes earlier
CHECKED_BEFORE_DIGEST = timedelta(minutes=15)
CHECKED_AGAIN = 2  # mornings after the first one, while results can still be corrected
LACKED = timedelta(days=14)  # for how long a schedule that lacked games is asked again, each morning
CHECKED_AFTER_TICK = timedelta(hours=1)
EXAMINED_AGAIN = timedelta(minutes=10)  # what could not be examined: the warehouse refused, or was not there
Slot = tuple[date, Cadence | None, datetime]  # day, cadence, the midnight of the day on which it was due
RECORD = Channel(name="record", url="", per_hour=100_000)


@dataclass(slots=True)
class CheckTimes:
    """When which slate is examined: before tip-off, the morning after, and again while it can be corrected."""

    league: League
    season: Season
    since: datetime | None = None  # when this home first ran: slates whose schedule was due before are not judged
    done: set[tuple[date, str]] = field(default_factory=set)
    tried: dict[tuple[date, str], datetime] = field(default_factory=dict)  # when one that could not be done was tried
    looked_at: datetime | None = None

    def due(self, now: datetime, first_tip: Callable[[date], datetime | None]) -> list[tuple[date, Cadence | None]]:
        """Return the slates due at `now`, with the cadence (None: every check), until `did` is told of it; the `failed` rest."""
        if self.looked_at is not None and is_ahead(self.looked_at, now):
            self.done.clear()  # the clock was put back: what it called the morning of a day was none
        self.looked_at = now
        today = league_day(now)
        found: list[tuple[date, Cadence | None]] = []
        if (today, "pregame") not in self.done:
            tip = first_tip(today)
            if tip is not None and now >= tip - PREGAME_AT:
                found.append((today, Cadence.PREGAME))
        if now >= on_clock(today, DIGEST_AT - CHECKED_BEFORE_DIGEST):
            for back in range(1 + CHECKED_AGAIN, 0, -1):  # the oldest first: a day is held to those before it
                day, name = today - timedelta(days=back), f"morning {back}"
                if (day, name) not in self.done and self.season.first_day <= day <= self.season.last_day:
                    found.append((day, None))
        return [(day, cadence) for day, cadence in found if self._is_ours(day) and not self._rests(day, cadence, now)]

    def did(self, day: date, cadence: Cadence | None, now: datetime) -> None:
        """Take note that a slate which was due at `now` has been examined."""
        self.done.add(self._name(day, cadence, now))

    def failed(self, day: date, cadence: Cadence | None, now: datetime) -> None:
        """Take note that a slate which was due at `now` could not be examined."""
        self.tried[self._name(day, cadence, now)] = now

    def _rests(self, day: date, cadence: Cadence | None, now: datetime) -> bool:
        tried = self.tried.get(self._name(day, cadence, now))
        return tried is not None and timedelta(0) <= now - tried < EXAMINED_AGAIN

    def _name(self, day: date, cadence: Cadence | None, now: datetime) -> tuple[date, str]:
        return day, "pregame" if cadence is Cadence.PREGAME else f"morning {(league_day(now) - day).days}"

    def _is_ours(self, day: date) -> bool:
        due_at = self.league.step(self.league.schedule).timing.due.at(Slate(self.league.name, self.season, day))
        return self.since is None or due_at is None or self.since <= due_at


@dataclass(slots=True, kw_only=True)
class Watch:
    """Watches a replay: what lives in the controller's process looks while that lives, the sentinel always."""

    league: League
    season: Season
    days: tuple[date, date]
    home: Home
    stores: Instance
    outages: Sequence[Outage] = ()
    build: str
    checks: bool = True
    _times: CheckTimes = field(init=False)
    _monitor: Monitor | None = None
    _sentinel: Sentinel | None = None
    _alert_stores: list[AlertStore] = field(default_factory=list)
    _examiners: dict[int, Examiner] = field(default_factory=dict)
    troubles: dict[str, datetime] = field(default_factory=dict)
    messages: list[tuple[datetime, Message]] = field(default_factory=list)
    _now: datetime | None = None

    def __post_init__(self) -> None:
        self._times = CheckTimes(self.league, self.season)

    def _keep(self, _channel: Channel, message: Message) -> None:
        if self._now is not None:
            self.messages.append((self._now, message))

    def look(self, now: datetime) -> None:
        """Look at `now`, as the sentinel does from outside and, while the controller lives, the monitor from inside."""
        self._now = now
        self._look_inside(now)
        for trouble in (found for found in self._outside(now) if found.severity >= TOLD_FROM):
            self.troubles.setdefault(trouble.check, now)

    def _look_inside(self, now: datetime) -> None:
        if not self.stores.is_open or any(outage.begin <= now < outage.end for outage in self.outages):
            self._monitor = None  # it lives in the controller's process
            return
        try:
            if self.checks:
                self._examine(now)
            self._inside().look(now)
        except LedgerError:  # the controller meets it too, and its next start tells it
            self._monitor, self._examiners = None, {}  # a process whose ledger fails is started again

    def _outside(self, now: datetime) -> list[Trouble]:
        if not self.home.has_ledger:
            return []
        if self._sentinel is None:
            store = AlertStore(self.home.sentinel, profile=Profile.REPLAY, create=True)
            self._alert_stores.append(store)
            self._sentinel = Sentinel(
                ledger=self.home.ledger,
                leagues=[self.league.name],
                store=store,
                channels=(RECORD,),
                send=self._keep,
                build=self.build,
                limits=REPLAYED,
            )
        return self._sentinel.look(now)

    def _inside(self) -> Monitor:
        if self._monitor is None:
            store = AlertStore(self.home.ledger, profile=Profile.REPLAY)
            self._alert_stores.append(store)
            sentinel = self._sentinel
            self._monitor = Monitor(
                league=self.league,
                days=self.days,
                ledger=lambda: self.stores.ledger,
                store=store,
                channels=(RECORD,),
                send=self._keep,
                build=self.build,
                sentinel=SentinelView(read=sentinel.told) if sentinel else None,
            )
        return self._monitor

    # --- checks

    def _examine(self, now: datetime) -> None:
        lease = self.stores.ledger.lease(f"controller {self.league.name}")
        if lease is None or now - (lease.until - LEASE) > CHECKED_AFTER_TICK:
            return  # what is not there while nobody decides is no fault of the data
        examine_due(self._times, self._examiner, self.stores, now, days=self.days)

    def _examiner(self) -> Examiner:
        key = id(self.stores.warehouse)
        if key not in self._examiners:
            self._examiners = {key: examiner_of(self.league, self.season, self.stores)}
        return self._examiners[key]

    def close(self) -> None:
        """Let go of every store."""
        if self._sentinel is not None:
            self._sentinel.close()
        for store in self._alert_stores:
            store.close()


def examiner_of(league: League, season: Season, stores: Instance | OpenStores) -> Examiner:
    """Return what examines the slates of a season on open stores."""
    return Examiner(
        league=league,
        season=season,
        loaded=stores.loaded,
        warehouse=stores.warehouse,
        ledger=stores.ledger,
        published=stores.published,
        stopwatch=stopwatch,
    )


def examine_due(  # noqa: PLR0913 -- what is examined, when and where
    times: CheckTimes,
    examiner: Callable[[], Examiner],
    stores: Instance,
    now: datetime,
    *,
    days: tuple[date, date],
    chores: Chores[Slot] | None = None,
) -> None:
    """Have every slate of `days` examined that is due; one that cannot be is told of, and is due again after a while.

    Sources of whose results a check finds something wrong are asked once more after each examination.

    With `chores` of a thread, what is handed out now is known to be done at a later look.
    """
    league, ledger, chores = times.league.name, stores.ledger, chores or AtOnce()
    for day, cadence in times.due(now, partial(first_tip, ledger, times.league)):
        if days[0] <= day <= days[1]:
            key = day, cadence, midnight(league_day(now))
            chores.hand_out(key, partial(_examine, examiner, day, cadence, now), due_at=now)
    for (day, cadence, at), error in chores.done():
        if error is None:
            if cadence is None:
                stores.look_again(doubted(times.league, ledger, day), now)
            times.did(day, cadence, at)  # last: what could not be handed on is due again
            continue
        if isinstance(error, LedgerError):
            raise error
        times.failed(day, cadence, now)
        note = f"{day} could not be examined: {error} ({error.hint})"
        row = finding((league, "", day), "slate_is_examined", WAREHOUSE, Severity.ERROR, note, now=now)
        ledger.add("findings", row)


def _examine(examiner: Callable[[], Examiner], day: date, cadence: Cadence | None, now: datetime) -> None:
    looks = examiner()
    if cadence is not None:
        looks.record(day, looks.examine(day, now, cadence=cadence), now)
    elif looks.has_changed(day):
        looks.record(day, looks.examine(day, now), now)
        looks.seen(day)


def doubted(league: League, ledger: Ledger, day: date) -> list[tuple[str, date]]:
    """Return the outputs of sources that a failing check of the day looks at, where nothing else is known to be at fault.

    What comes out otherwise when it is made anew from what the sources said casts no doubt on them. And the schedules of the
    fortnight before of which another source named games that they lacked: what was gone from a season's file may be there
    again, after the last look of its day.
    """
    records = ledger.of(league.name)
    failing = {
        one.check
        for one in records.measured(day=day, status=CheckStatus.FAILED.value)
        if one.severity >= Severity.ERROR and one.cause.startswith("data:") and not one.check.endswith(f".{REMADE}")
    }
    tables = {table for check in league.checks if check.name in failing for table in check.tables}
    found = [(step.name, day) for step in league.steps if step.name in tables and isinstance(step.work, SourceWork)]
    lacked = {one.day for one in records.findings(check="games_are_expected")}
    return [*found, *((league.schedule, of) for of in sorted(lacked) if timedelta(0) <= day - of <= LACKED)]


def first_tip(ledger: Ledger, league: League, day: date) -> datetime | None:
    """Return when the day's first game that is on begins; None where there is none.

    Of a day that its schedule says has no games it is when they might have begun: that it has none is to be believed by then.
    """
    records = ledger.of(league.name)
    first = records.first_start(day)
    if first is not None:
        return first
    proof = records.proof(league.schedule, day)
    return on_clock(day, EARLIEST) if proof is not None and not proof.n_rows else None
