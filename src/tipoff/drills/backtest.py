"""The time machine: over a recorded ledger, with these rules, when would one have been told, how often, how often in vain."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from tipoff.core.clock import league_day
from tipoff.core.errors import UsageError
from tipoff.core.incident import Incident, Trouble
from tipoff.core.severity import Severity
from tipoff.core.wording import counted
from tipoff.ledger import Ledger
from tipoff.ledger.reader import LeagueRecords
from tipoff.watch.incidents import TOLD_FROM, fold, trouble_of
from tipoff.watch.messages import named
from tipoff.watch.sentinel import REPLAYED, read_facts

LOOK = timedelta(minutes=30)
NAME = "monitor"
_SILENCE = "controller_is_alive"


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestMessage:
    """One incident as it would have been: what it was, when people would have heard, how often."""

    league: str
    cause: str
    severity: str
    began_at: datetime
    told_at: datetime | None
    closed_at: datetime | None
    n_messages: int
    is_false: bool  # told, though all that it touched was in order within one look


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """A ledger replayed: from when to when, how many looks, the incidents."""

    begin: datetime | None
    end: datetime | None
    looks: int
    incidents: tuple[BacktestMessage, ...]


def replay_ledger(path: Path, league: str = "") -> Backtest:
    """Look at a recorded ledger every half hour of its time, and fold what it recorded; raises `UsageError` for no ledger."""
    with Ledger(path, read_only=True) as ledger:
        return _replay(ledger, league or _only_league(ledger))


def _only_league(ledger: Ledger) -> str:
    """Return the league of a ledger that has one; raises `UsageError` where it has several, and none is named."""
    known = ledger.leagues()
    if len(known) > 1:
        msg = f"the ledger has {len(known)} leagues, and none is named: {', '.join(known)}"
        raise UsageError(msg, hint=f"add --league {known[0]}")
    return known[0] if known else ""


def _replay(ledger: Ledger, league: str) -> Backtest:
    records = ledger.of(league)
    gaps = [gap for gap in _gaps(ledger, records) if gap.length >= REPLAYED.error_after]
    found = sorted([*_findings(records), *_silences(gaps, league)], key=lambda trouble: trouble.at)
    if not found:
        return Backtest(begin=None, end=None, looks=0, incidents=())
    met = _met(records)
    begin = found[0].at
    last = max([found[-1].at, *met.values(), *(gap.end for gap in gaps if gap.is_over)])
    end = min(last, found[-1].at + timedelta(days=20)) + timedelta(days=1)
    known: list[Incident] = []
    n_messages: dict[int, int] = {}
    told_at: dict[int, datetime] = {}
    place, now, looks = 0, begin, 0
    while now <= end:
        upto = place
        while upto < len(found) and found[upto].at <= now:
            upto += 1
        looks += 1

        def is_met(_league: str, effect: str, at: datetime = now) -> bool:
            output, day, check = effect.split("|", 2)
            if check == _SILENCE:
                return not any(gap.lasts(at) for gap in gaps)
            return met.get((output, day), at) <= at

        changes = fold(known, found[place:upto], is_met=is_met, elsewhere={}, now=now, by=NAME)
        for change in changes:
            if change.incident not in known:
                change.incident.id = len(known) + 1
                known.append(change.incident)
            if change.is_told:
                n_messages[change.incident.id] = n_messages.get(change.incident.id, 0) + 1
                told_at.setdefault(change.incident.id, now)
        place, now = upto, now + LOOK
    return Backtest(
        begin=begin,
        end=end,
        looks=looks,
        incidents=tuple(_told(one, told_at.get(one.id), n_messages.get(one.id, 0)) for one in known),
    )


def _told(incident: Incident, at: datetime | None, n_messages: int) -> BacktestMessage:
    quick = all(met is not None and met - incident.opened_at <= LOOK for met in incident.effects.values())
    return BacktestMessage(
        league=incident.league,
        cause=incident.cause,
        severity=Severity(incident.severity).name,
        began_at=incident.opened_at,
        told_at=at,
        closed_at=incident.closed_at,
        n_messages=n_messages,
        is_false=at is not None and quick and incident.cause != "controller",
    )


def _findings(records: LeagueRecords) -> Iterator[Trouble]:
    for finding in records.findings():
        if finding.severity >= Severity.WARNING and not finding.ok and finding.check != "controller_decides":
            yield trouble_of(finding)  # silences are told below, as they would have been from outside


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """A time without a tick; `is_over`: it is known to have ended. `length` is shorter where quiet ticks left no row."""

    begin: datetime
    end: datetime
    length: timedelta
    is_over: bool = True

    def lasts(self, at: datetime) -> bool:
        """Whether nobody decided at that instant."""
        return self.begin <= at and (at < self.end or not self.is_over)


def _gaps(ledger: Ledger, records: LeagueRecords) -> Iterator[_Gap]:
    """Yield the times between ticks, and that from the controller's last sign of life until somebody last looked."""
    for one, later in itertools.pairwise(records.ticks()):
        yield _Gap(begin=one.at, end=later.at, length=(later.at - one.at) / (later.n_quiet + 1))
    seen_at = max((beat.at for beat in records.beats().values()), default=None)
    if seen_at is None:
        return
    facts = read_facts(ledger, records.league, seen_at)
    if not facts.is_over and facts.alive_at is not None:
        yield _Gap(begin=facts.alive_at, end=seen_at, length=seen_at - facts.alive_at, is_over=False)


def _silences(gaps: Iterable[_Gap], league: str) -> Iterator[Trouble]:
    """Yield what a sentinel would have said of each long gap between ticks, when it would have said it."""
    for gap in gaps:
        for severity, after in ((Severity.ERROR, REPLAYED.error_after), (Severity.CRITICAL, REPLAYED.critical_after)):
            if gap.length >= after:
                note = f"nothing was decided from {gap.begin:%Y-%m-%d %H:%M} to {gap.end:%Y-%m-%d %H:%M} UTC"
                at, day = gap.begin + after, league_day(gap.begin)
                yield Trouble(league, "controller", _SILENCE, severity, note, at, day)


def _met(records: LeagueRecords) -> dict[tuple[str, str], datetime]:
    met: dict[tuple[str, str], datetime] = {}
    for arrival in records.arrivals():
        slate = arrival.output, str(arrival.day)
        met[slate] = max(arrival.first_at, met.get(slate, arrival.first_at))
    return met


def render_text(replayed: Backtest) -> list[str]:
    """Return what a person reads: what would have been told, when, how often."""
    if replayed.begin is None or replayed.end is None:
        return ["nothing was found in this ledger: nobody would have been told anything"]
    told = [one for one in replayed.incidents if one.told_at is not None]
    lines = [
        (
            f"{replayed.begin:%Y-%m-%d} to {replayed.end:%Y-%m-%d}: "
            f"{counted(len(replayed.incidents), 'incident')}, "
            f"{len(told)} of them from {TOLD_FROM.name} on; {sum(one.n_messages for one in told)} messages, "
            f"{sum(one.n_messages for one in told if one.is_false)} of them in vain"
        )
    ]
    for one in told:
        closed = f"closed {one.closed_at:%m-%d %H:%M}" if one.closed_at else "still open"
        vain = ", IN VAIN" if one.is_false else ""
        lines.append(
            f"  {one.severity} {named(one.cause)}: told {one.told_at:%Y-%m-%d %H:%M} UTC, {closed}, "
            f"{one.n_messages} messages{vain}"
        )
    return lines
