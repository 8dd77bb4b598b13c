"""Status: in five seconds, whether today is complete and what is wrong."""

from dataclasses import dataclass
from datetime import date, datetime

from tipoff.core.league import League
from tipoff.core.obligation import State
from tipoff.core.records import ObligationRecord, WaiverRecord
from tipoff.ledger import Ledger
from tipoff.ledger.facts import league_facts
from tipoff.views.flow import Flow, flow_lines, read_flow

_WRONG = (State.LATE.value, State.LOST.value)


@dataclass(frozen=True, slots=True)
class Status:
    """A home at a glance."""

    league: str
    world: str
    clock_at: datetime | None
    last_tick_at: datetime | None
    today: date | None
    today_states: dict[str, str]
    wrong: list[ObligationRecord]
    running: int
    failed_last_day: int
    waivers: list[WaiverRecord]
    history: Flow

    @property
    def ok(self) -> bool:
        """Whether nothing is late or lost."""
        return not self.wrong


def read_status(ledger: Ledger, league: League) -> Status:
    """Return the league's status as the ledger stands; `today` is the newest day that is planned."""
    facts, records = league_facts(ledger, league.name), ledger.of(league.name)
    today, runs = records.newest_day(), records.runs_by_state()
    return Status(
        league=league.name,
        world=facts.world,
        clock_at=facts.clock_at,
        last_tick_at=records.first_and_last_tick()[1],
        today=today,
        today_states={owed.output: owed.state for owed in records.obligations(day=today)} if today else {},
        wrong=records.obligations(states=_WRONG),
        running=runs.get("started", 0),
        failed_last_day=runs.get("failed", 0),
        waivers=live_waivers(ledger, league),
        history=read_flow(ledger, facts.clock_at),
    )


def live_waivers(ledger: Ledger, league: League) -> list[WaiverRecord]:
    """Return the waivers that hold at the home's clock."""
    clock_at = league_facts(ledger, league.name).clock_at
    return ledger.of(league.name).live_waivers(clock_at) if clock_at else []


def waiver_line(waiver: WaiverRecord) -> str:
    """Return one waiver as a line."""
    until = f"{waiver.until:%Y-%m-%d %H:%M} UTC"
    return f"WAIVED {waiver.output} {waiver.day} for {waiver.input} by {waiver.by} until {until}: {waiver.reason}"


def status_lines(status: Status) -> list[str]:
    """Return the lines that a person reads; the first one is the answer."""
    if status.today is None:
        return [f"{status.league}: nothing is planned in this home yet. Start with: tipoff demo"]
    settled = {State.PROVEN.value, State.EXCUSED.value}
    waits = {name: state for name, state in status.today_states.items() if state not in settled}
    answer = "complete" if not waits else f"{len(status.today_states) - len(waits)} of {len(status.today_states)} met"
    lines = [f"{status.league} {status.today}: {answer}" + ("" if status.ok else f"; {len(status.wrong)} LATE OR LOST")]
    lines += [f"  {name:<26} {state}" for name, state in waits.items()]
    for owed in status.wrong[:10]:
        lines.append(
            f"  {owed.state.upper()} {owed.output} {owed.day}: {owed.reason} -> tipoff why {status.league} "
            f"{owed.output} {owed.day}"
        )
    lines += [f"  {waiver_line(waiver)}" for waiver in status.waivers]
    clock = f"{status.clock_at:%Y-%m-%d %H:%M} UTC" if status.clock_at else "never"
    lines.append(
        f"  world {status.world}, clock at {clock}, {status.running} running, {status.failed_last_day} failed runs"
    )
    return lines + flow_lines(status.history)
