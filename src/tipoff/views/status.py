"""Status: in five seconds, whether today is complete and what is wrong."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from tipoff.core.league import League
from tipoff.core.obligation import State
from tipoff.ledger import Ledger, schema
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
    wrong: list[dict[str, Any]]
    running: int
    failed_last_day: int
    waivers: list[dict[str, Any]]
    history: Flow

    @property
    def ok(self) -> bool:
        """Whether nothing is late or lost."""
        return not self.wrong


def read_status(ledger: Ledger, league: League) -> Status:
    """Return the league's status as the ledger stands; `today` is the newest day that is planned."""
    table = schema.obligations
    facts = league_facts(ledger, league.name)
    clock_at = facts.clock_at
    [newest] = ledger.rows(select(func.max(table.c.day).label("day")).where(table.c.league == league.name))
    today = newest["day"]
    rows = ledger.rows(select(table).where(table.c.league == league.name, table.c.day == today)) if today else []
    wrong = ledger.rows(
        select(table).where(table.c.league == league.name, table.c.state.in_(_WRONG)).order_by(table.c.due_at)
    )
    ticks = schema.ticks
    [tick] = ledger.rows(select(func.max(ticks.c.at).label("at")).where(ticks.c.league == league.name))
    return Status(
        league=league.name,
        world=facts.world,
        clock_at=clock_at,
        last_tick_at=tick["at"],
        today=today,
        today_states={row["output"]: row["state"] for row in rows},
        wrong=[row | {"missing": json.loads(row["missing"])} for row in wrong],
        running=_count(ledger, league, "started"),
        failed_last_day=_count(ledger, league, "failed"),
        waivers=live_waivers(ledger, league),
        history=read_flow(ledger, clock_at),
    )


def live_waivers(ledger: Ledger, league: League) -> list[dict[str, Any]]:
    """Return the waivers that hold at the home's clock."""
    clock_at = league_facts(ledger, league.name).clock_at
    return ledger.live_waivers(league.name, clock_at) if clock_at else []


def waiver_line(row: dict[str, Any]) -> str:
    """Return one waiver as a line."""
    until = f"{row['until']:%Y-%m-%d %H:%M} UTC"
    return f"WAIVED {row['output']} {row['day']} for {row['input']} by {row['by']} until {until}: {row['reason']}"


def _count(ledger: Ledger, league: League, state: str) -> int:
    table = schema.runs
    [row] = ledger.rows(select(func.count().label("n")).where(table.c.league == league.name, table.c.state == state))
    return int(row["n"])


def status_lines(status: Status) -> list[str]:
    """Return the lines that a person reads; the first one is the answer."""
    if status.today is None:
        return [f"{status.league}: nothing is planned in this home yet. Start with: tipoff demo"]
    settled = {State.PROVEN.value, State.EXCUSED.value}
    owed = {name: state for name, state in status.today_states.items() if state not in settled}
    answer = "complete" if not owed else f"{len(status.today_states) - len(owed)} of {len(status.today_states)} met"
    lines = [f"{status.league} {status.today}: {answer}" + ("" if status.ok else f"; {len(status.wrong)} LATE OR LOST")]
    lines += [f"  {name:<26} {state}" for name, state in owed.items()]
    for row in status.wrong[:10]:
        lines.append(
            f"  {row['state'].upper()} {row['output']} {row['day']}: {row['reason']} -> tipoff why {status.league} "
            f"{row['output']} {row['day']}"
        )
    lines += [f"  {waiver_line(row)}" for row in status.waivers]
    clock = f"{status.clock_at:%Y-%m-%d %H:%M} UTC" if status.clock_at else "never"
    lines.append(
        f"  world {status.world}, clock at {clock}, {status.running} running, {status.failed_last_day} failed runs"
    )
    return lines + flow_lines(status.history)
