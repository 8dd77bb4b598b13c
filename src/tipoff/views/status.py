"""Status: in five seconds, whether anything is at work, whether today is complete, what holds it and since when."""

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from tipoff.core.clock import league_day
from tipoff.core.incident import Incident, Trouble
from tipoff.core.obligation import State
from tipoff.core.records import HaltRecord, ObligationRecord, WaiverRecord
from tipoff.core.severity import Severity
from tipoff.core.slate import OFF
from tipoff.core.wording import counted, length, some
from tipoff.ledger import Ledger
from tipoff.ledger.alerts import read_incidents
from tipoff.ledger.facts import SEASON_UNKNOWN, BetweenSeasons, between_seasons, league_facts
from tipoff.ledger.stores import MADE_ANEW
from tipoff.views.flow import Flow, flow_lines, read_flow
from tipoff.watch.messages import between_text, named
from tipoff.watch.sentinel import ALIVE_CHECK, SEASON_CHECK, Facts, SilenceLimits, judge_silence, read_facts

if TYPE_CHECKING:
    from tipoff.core.payload import SetAside  # few homes have any

_SETTLED = frozenset({State.PROVEN.value, State.EXCUSED.value})
_MISSED = frozenset({State.LATE.value, State.LOST.value})
_ASIDE_SHOWN = timedelta(days=7)
_SHOWN = 8  # problems at most; the rest is counted
_NAMED = 4  # outputs of a problem
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeView:
    """All that a status is told from.

    `incidents`: of the monitor and, with an s before their numbers, of the sentinel. `today`: the newest planned day that is not
    after the clock's; `missed`: what is late, and what was lost since yesterday.
    """

    league: str
    is_live: bool
    world: str
    now: datetime | None
    silences: Facts | None
    sentinel_at: datetime | None
    is_over: bool
    today: date | None
    outputs: tuple[ObligationRecord, ...]
    missed: tuple[ObligationRecord, ...]
    incidents: tuple[tuple[str, Incident], ...]
    waivers: tuple[WaiverRecord, ...]
    running: int
    history: Flow
    halts: tuple[HaltRecord, ...] = ()
    asked: int = 0  # names of which only a person can say whose they are
    off: tuple[str, ...] = ()  # what is not made for want of a key, or not yet
    aside: "tuple[SetAside, ...]" = ()  # answers that a person has set aside in the last week
    between: BetweenSeasons | None = None  # live, on a day that lies in no season
    loads: str = ""  # a replay that has not begun: the days of earlier seasons that are loaded first
    lost: tuple[str, ...] = ()  # stores of which files are gone that are proven
    is_free: bool = False  # no game of today is on
    named: tuple[str, ...] = ()  # what the settings name and is not there: a channel's address, a provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that is wrong: how bad, since when, and what a person types to see more."""

    severity: str
    since: datetime | None
    what: str
    see: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A league at a glance; `alive` is None for a replay, where nothing is meant to be at work."""

    league: str
    ok: bool
    alive: bool | None
    complete: bool | None  # None while nothing is planned, or something is owed and not yet due
    at_work: str
    today: str
    problems: tuple[Problem, ...]
    waits_for_you: tuple[str, ...]
    home: HomeView

    @property
    def all_well(self) -> str:
        """What is said where no problem is known: of a replay that nobody watched, that no check has looked."""
        facts = self.home.silences
        unwatched = self.alive is None and facts is not None and facts.monitor_at is None
        return "nothing is late or lost; no check has looked (replay with --watch)" if unwatched else "nothing is wrong"


def read_home(  # noqa: PLR0913 -- what a status is told from
    ledger: Ledger,
    league: str,
    now: datetime,
    *,
    sentinel_at: datetime | None = None,
    sentinel_incidents: Sequence[Incident] = (),
    aside: "Iterable[SetAside]" = (),
    lost: Iterable[str] = (),
    named: Iterable[str] = (),
) -> HomeView:
    """Read what a status is told from; in a replay the home's own clock counts instead of `now`."""
    facts, records = league_facts(ledger, league), ledger.of(league)
    at = now if facts.live_since else facts.clock_at
    today = records.newest_day(before=league_day(at) + timedelta(days=1) if at else None)
    yesterday = today - timedelta(days=1) if today else date.max
    own = read_incidents(ledger.rows, league, at) if at else []
    return HomeView(
        league=league,
        is_live=facts.live_since is not None,
        world=facts.world,
        now=at,
        silences=read_facts(ledger, league, at) if at else None,
        sentinel_at=sentinel_at,
        is_over=facts.is_over,
        today=today,
        outputs=tuple(records.obligations(day=today)) if today else (),
        missed=tuple(
            row
            for row in records.obligations(states=sorted(_MISSED))
            if row.state == State.LATE.value or row.day >= yesterday
        ),
        incidents=(
            *(("", incident) for incident in own if incident.is_open),
            *(("s", one) for one in sentinel_incidents if one.is_open and one.league == league),
        ),
        waivers=tuple(records.live_waivers(at)) if at else (),
        halts=tuple(records.halts(at)) if at else (),
        running=records.counts("runs", "state").get("started", 0),
        asked=records.n_asked(),
        off=facts.off,
        loads=facts.loads,
        aside=tuple(one for one in aside if at and at - one.at < _ASIDE_SHOWN),
        history=read_flow(ledger, at),
        between=between_seasons(ledger, league, league_day(now)) if facts.live_since else None,
        lost=tuple(lost),
        is_free=today is not None and all(game.status in OFF for game in records.games(today)),
        named=tuple(named),
    )


def status_of(home: HomeView, limits: SilenceLimits) -> Status:
    """Tell how a league stands; nothing is read."""
    if home.between is None and all(row.output == "digest" for row in home.outputs):
        home = dataclasses.replace(home, today=None, outputs=())  # a message that is owed is no day that is planned
    silent = (
        []
        if not home.is_live or home.silences is None or home.now is None
        else judge_silence(home.silences, home.now, limits)
    )
    problems = sorted(_problems(home, silent), key=lambda one: (-Severity[one.severity], one.since or _NEVER))
    lost = (Problem(severity=Severity.CRITICAL.name, since=None, what=what, see=MADE_ANEW) for what in home.lost)
    problems = [*lost, *problems]
    is_wrong = any(Severity[problem.severity] >= Severity.ERROR for problem in problems)
    has_started = home.silences is not None and home.silences.alive_at is not None
    alive = has_started and not any(trouble.check == ALIVE_CHECK for trouble in silent) if home.is_live else None
    unmet = [row for row in home.outputs if row.state not in _SETTLED]
    is_missed = any(row.state in _MISSED for row in unmet)
    return Status(
        league=home.league,
        ok=not is_wrong and alive is not False,
        alive=alive,
        complete=None if not home.outputs or (unmet and not is_missed) else not unmet and not home.lost,
        at_work=_at_work(home, alive=alive),
        today=_today(home, unmet),
        problems=tuple(problems),
        waits_for_you=tuple(_waiting(home)),
        home=home,
    )


def _problems(home: HomeView, silent: Sequence[Trouble]) -> Iterator[Problem]:
    known = {incident.cause for _, incident in home.incidents}
    told: set[str] = set()
    for prefix, incident in home.incidents:
        told |= {effect.rpartition("|")[0] for effect in incident.unmet}
        yield Problem(
            severity=Severity(incident.severity).name,
            since=incident.opened_at,
            what=f"{named(incident.cause)}: {incident.what}{_in_order(incident)}",
            see=f"tipoff incident show {prefix}{incident.id}",
        )
    if home.is_live and home.silences is not None:
        yield from _not_begun(home, home.silences)
    for trouble in silent:
        if trouble.check == SEASON_CHECK:
            continue  # told above, from its first minute
        if trouble.cause not in known and trouble.severity >= Severity.WARNING:
            since = home.silences.alive_at if home.silences and trouble.cause == "controller" else None
            see = (
                f"is it running? start it: tipoff up {home.league}"
                if trouble.cause == "controller"
                else "tipoff doctor"
            )
            yield Problem(severity=trouble.severity.name, since=since, what=trouble.note, see=see)
    for what in home.named:
        yield Problem(severity=Severity.WARNING.name, since=None, what=what, see="tipoff doctor")
    for halt in home.halts:
        see = f"tipoff halt {home.league} {halt.output}".rstrip()
        yield Problem(severity=Severity.WARNING.name, since=halt.made_at, what=halt_line(halt), see=see)
    yield from _missed(home, told)


def _missed(home: HomeView, told: Collection[str]) -> Iterator[Problem]:
    """Yield what is late or lost and of no incident that is open, the outputs of a day together."""
    missed: dict[tuple[date, str], list[ObligationRecord]] = {}
    for row in home.missed:
        if f"{row.output}|{row.day}" not in told:
            missed.setdefault((row.day, row.state), []).append(row)
    for (day, state), rows in missed.items():
        lacks = f", {counted(len(rows[0].missing), 'unit')} missing" if rows[0].missing else ""
        what = f"{rows[0].output} of {day} is {state}{lacks}: {rows[0].reason}"
        see = f"tipoff why {home.league} {rows[0].output} {day}"
        if len(rows) > 1:
            what = f"{len(rows)} outputs of {day} are {state}: {some([row.output for row in rows], _NAMED)}"
            see = f"tipoff grid {home.league} --from {day} --to {day}"
        yield Problem(severity=Severity.ERROR.name, since=min(row.due_at for row in rows), what=what, see=see)


def _in_order(incident: Incident) -> str:
    met = [at for at in incident.effects.values() if at is not None]
    return f"; in order again since {max(met):%m-%d %H:%M} UTC, ends by itself" if met and not incident.unmet else ""


def _not_begun(home: HomeView, silences: Facts) -> Iterator[Problem]:
    waits = silences.no_season
    if waits is not None:
        what = f"{SEASON_UNKNOWN}, so nothing is planned: {waits.why}"
        see = f"is there a network? tipoff sources {home.league}"
        yield Problem(severity=Severity.ERROR.name, since=waits.since, what=what, see=see)
    elif silences.alive_at is None and silences.ahead_at is None:
        see = f"tipoff up {home.league}"
        yield Problem(severity=Severity.ERROR.name, since=None, what="no controller has ever worked here", see=see)


def _at_work(home: HomeView, *, alive: bool | None) -> str:
    if home.now is None and home.loads:
        return f"a replay of the {home.world} world, which loads earlier seasons first: the days from {home.loads}"
    if home.now is None:
        return "nothing has run in this home yet: tipoff demo, or tipoff up LEAGUE"
    if alive is None:
        stands = f"clock at {home.now:%Y-%m-%d %H:%M} UTC"
        return f"a replay of the {home.world} world, {'ended' if home.is_over else 'not at its end'}; {stands}"
    sides = {
        "controller": home.silences.alive_at if home.silences else None,
        "monitor": home.silences.monitor_at if home.silences else None,
        "sentinel": home.sentinel_at,
    }
    seen = ", ".join(f"{name} {_ago(at, home.now)}" for name, at in sides.items())
    return f"{'alive' if alive else 'NOT ALIVE'}: {seen}"


def _ago(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "never seen"
    if at > now:
        return f"seen at {at:%Y-%m-%d %H:%M} UTC, ahead of this clock"
    age = now - at
    if age < timedelta(minutes=2):
        return f"seen {age.total_seconds():.0f} s ago"
    return f"last seen {at:%m-%d %H:%M} UTC, {length(age)} ago"


def _today(home: HomeView, unmet: Sequence[ObligationRecord]) -> str:
    if home.between is not None and not unmet:
        return between_text(home.between)
    if home.today is None:
        return "nothing is planned yet"
    day = f"{home.today:%a %Y-%m-%d}"
    met = f"{len(home.outputs) - len(unmet)} of {len(home.outputs)} outputs"
    if home.lost and not unmet:
        return f"{day} is NOT complete: {met} were proven, and a store has lost what is proven"
    if not unmet:
        said = "; no game is on" if home.is_free else ""
        return f"{day} is complete: {met}{said}" + ("; nothing more is owed" if home.is_over else "")
    overdue = sorted((row for row in unmet if row.state in _MISSED), key=lambda row: row.state != State.LOST.value)
    if not overdue:
        ahead = [row for row in unmet if home.now is None or row.due_at > home.now]
        first = min(ahead, key=lambda row: row.due_at, default=None)
        said = f", next due {first.output} at {first.due_at:%m-%d %H:%M} UTC" if first else ""
        past = len(unmet) - len(ahead)
        return f"{day} is on course: {met}{said}" + (f"; {counted(past, 'output')} due before now" if past else "")
    since = min(row.due_at for row in overdue)
    names = ", ".join(f"{row.output} {row.state}" for row in overdue[:_NAMED]) + (" …" if len(overdue) > _NAMED else "")
    return f"{day} is NOT complete since {since:%m-%d %H:%M} UTC: {met}; {names}"


def _waiting(home: HomeView) -> Iterator[str]:
    now = home.now
    untaken = [one for _, one in home.incidents if now and not one.is_acked(now) and one.severity >= Severity.ERROR]
    if untaken:
        yield f"{counted(len(untaken), 'incident')} that nobody has taken on: tipoff incident list {home.league}"
    if home.asked:
        yield f"{counted(home.asked, 'name')} that nobody is certain about: tipoff names {home.league}"
    for row in home.waivers:
        yield waiver_line(row)
    for one in home.aside:
        yield f"{one.text}; all of them: tipoff set-aside {home.league}"


def waiver_line(waiver: WaiverRecord) -> str:
    """Return one waiver as a line."""
    until = f"{waiver.until:%Y-%m-%d %H:%M} UTC"
    return f"WAIVED {waiver.output} {waiver.day} for {waiver.input} by {waiver.by} until {until}: {waiver.reason}"


def halt_line(halt: HaltRecord) -> str:
    """Return one halt as a line."""
    ended = f"; ended {halt.ended_at:%Y-%m-%d %H:%M} UTC by {halt.ended_by}" if halt.ended_at else ""
    return f"{halt.output or 'every publication'} is {halt.text}{ended}"


def live_waivers(ledger: Ledger, league: str) -> list[WaiverRecord]:
    """Return the waivers that hold at the home's clock."""
    clock_at = league_facts(ledger, league).clock_at
    return ledger.of(league).live_waivers(clock_at) if clock_at else []


def status_lines(status: Status) -> list[str]:
    """Return the lines that a person reads: is it alive, is today complete, what is wrong since when, what waits for you."""
    problems = [_line(problem) for problem in status.problems[:_SHOWN]]
    if len(status.problems) > _SHOWN:
        problems.append(f"… and {len(status.problems) - _SHOWN} more: tipoff status {status.league} --json")
    return [
        f"{status.league}: {status.at_work}",
        f"  {status.today}",
        *(f"  {line}" for line in problems or [status.all_well]),
        *(f"  waits for you: {line}" for line in status.waits_for_you),
        *(f"  {line}" for line in status.home.off),
        *flow_lines(status.home.history),
    ]


def _line(problem: Problem) -> str:
    since = f" since {problem.since:%m-%d %H:%M} UTC" if problem.since else ""
    return f"{problem.severity}{since}: {problem.what} -> {problem.see}"
