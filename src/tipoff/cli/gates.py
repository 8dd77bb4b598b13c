"""`tipoff gate`, `tipoff halt`: what holds, and a person's word; `tipoff boundary`: what came over each edge of a slate."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import click

from tipoff.cli.show import (
    DAY,
    EXIT_HELD,
    EXIT_WRONG,
    WORDS,
    YEARS,
    answer,
    as_json,
    by_option,
    league_here,
    open_ledger,
)
from tipoff.config import read_settings
from tipoff.core.clock import LEAGUE_ZONE, RealClock, league_day
from tipoff.core.errors import UsageError
from tipoff.core.league import League
from tipoff.core.schema import Phase
from tipoff.core.step import PublishWork, Step
from tipoff.core.window import Input
from tipoff.ledger import Ledger
from tipoff.ledger.facts import home_now, league_facts, season_of
from tipoff.store.dialect import load
from tipoff.views.boundary import boundary_lines, read_boundaries
from tipoff.views.status import halt_line, waiver_line


class InstantParam(click.ParamType[datetime]):
    """An instant: 2024-03-01T18:00, New York unless it names its zone."""

    name = "instant"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the instant, or say how it is written."""
        if isinstance(value, datetime):
            return value
        try:
            at = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no instant; write it as 2024-03-01T18:00", param, ctx)
        if not YEARS[0] <= at.year <= YEARS[1]:
            self.fail(f"{value!r} lies in no year of a league: nothing is said for ever", param, ctx)
        return at if at.tzinfo else at.replace(tzinfo=LEAGUE_ZONE)


@click.group("gate")
def gate_group() -> None:
    """See what holds, and waive it with a reason and an end."""


@gate_group.command("list")
@click.argument("league")
@as_json
def list_command(league: str, *, as_json: bool) -> None:
    """Show the gates that hold now, and every waiver."""
    with open_ledger() as ledger:
        records = ledger.of(league_here(league).name)
        held, waived = records.held_gates(), records.waivers()
    lines = [f"HELD {gate.output} {gate.day} by {gate.input}: {gate.reason}" for gate in held]
    for waiver in waived:
        ended = f"; revoked {waiver.revoked_at:%Y-%m-%d %H:%M} UTC" if waiver.revoked_at else ""
        lines.append(f"{waiver.id} {waiver_line(waiver)}{ended}")
    lines.append(f"{len(held)} gates hold, {len(waived)} waivers were ever made")
    answer({"held": held, "waivers": waived}, lines, ok=not held, as_json=as_json, code=EXIT_HELD)


@gate_group.command("waive")
@click.argument("league")
@click.argument("output")
@click.argument("day", type=DAY)
@click.argument("input_", metavar="INPUT")
@click.option("--reason", type=WORDS, required=True, help="Why it need not hold; shown wherever the gate is.")
@click.option(
    "--until", required=True, type=InstantParam(), help="When it holds again (New York, unless a zone is named)."
)
@by_option
def waive_command(league: str, output: str, day: date, input_: str, *, reason: str, until: datetime, by: str) -> None:  # noqa: PLR0913 -- options
    """Let OUTPUT of DAY be made without all of INPUT."""
    declared = league_here(league)
    step = declared.step(output)
    inputs = sorted({read.table for read in _inputs(declared, step)})
    if isinstance(step.work, PublishWork) and input_ in {guard.__name__ for guard in step.work.guards}:
        msg = f"{input_} is a guard of {output}, and a guard has no waiver: what it holds is wrong in itself"
        raise UsageError(msg, hint=f"mend what it names; tipoff why {declared.name} {output} {day} says what that is")
    if input_ not in inputs:
        msg = f"{output} waits for no {input_!r}"
        raise UsageError(msg, hint=f"it waits for: {', '.join(inputs)}" if inputs else "it waits for nothing")
    with open_ledger(read_only=False) as ledger:
        now = ledger_now(ledger, declared.name)
        _must_be_whole("waiver", until, reason, now)
        row = {"league": declared.name, "output": output, "day": day, "input": input_, "reason": reason}
        number = ledger.add("waivers", row | {"by": by, "made_at": now, "until": until})
    what = f"{output} of {day} is made without all of {input_} until {_instant(until)}"
    click.echo(f"waiver {number}: {what}; the next tick sees it")


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _inputs(league: League, step: Step) -> Sequence[Input]:
    return load(step, {other.name: other.table for other in league.steps}).inputs


@gate_group.command("revoke")
@click.argument("number", type=click.IntRange(1, 2**63 - 1))
def revoke_command(number: int) -> None:
    """End waiver NUMBER now."""
    with open_ledger(read_only=False) as ledger:
        done = ledger.revoke_waiver(number, now=home_now(ledger))
    if not done:
        msg = f"there is no waiver {number} that has not ended"
        raise UsageError(msg, hint="see: tipoff gate list LEAGUE")
    click.echo(f"waiver {number} is revoked")


@click.command("halt")
@click.argument("league")
@click.argument("output", default="")
@click.option(
    "--reason", type=WORDS, default="", help="Why nothing may be published; shown wherever the publication is."
)
@click.option("--until", type=InstantParam(), help="When it goes on by itself (New York, unless a zone is named).")
@click.option("--end", "ends", is_flag=True, help="End the halt of OUTPUT, or of every publication, now.")
@by_option
@as_json
def halt_command(  # noqa: PLR0913 -- options
    league: str, output: str, *, reason: str, until: datetime | None, ends: bool, by: str, as_json: bool
) -> None:
    """Stop what is published, until an instant. OUTPUT alone, or everything; --end lets it go on. Else show what is halted."""
    from tipoff.store.published import Published  # noqa: PLC0415 -- imports Arrow

    declared = league_here(league)
    published = [step.name for step in declared.steps if step.phase is Phase.PUBLISHED]
    if output and output not in published:
        msg = f"{output!r} is not published: there is nothing to halt"
        raise UsageError(msg, hint=f"published are: {', '.join(published) or 'none'}")
    if ends and (reason or until):
        msg = "a halt is ended, or made with a reason and an end: not both"
        raise UsageError(msg, hint="write only --end, or only --reason and --until")
    with open_ledger(read_only=False) as ledger:
        now = ledger_now(ledger, declared.name)
        if ends:
            n_ended = ledger.end_halts(declared.name, output, now=now, by=by)
            if not n_ended:
                msg = f"{output or 'every publication'} of {declared.name} is not halted"
                raise UsageError(msg, hint=f"see: tipoff halt {declared.name}")
        elif reason or until:
            _must_be_whole("halt", until, reason, now)
            row = {"league": declared.name, "output": output, "by": by, "reason": reason}
            ledger.add("halts", row | {"made_at": now, "until": until})
        halts = ledger.of(declared.name).halts(now)
        Published(read_settings().place.published).mark(declared.steps, halts, league_day(now))
    lines = list(map(halt_line, halts)) or [f"nothing of {declared.name} is halted"]
    ok = bool(ends or reason) or not halts
    answer({"league": declared.name, "halts": halts}, lines, ok=ok, as_json=as_json, code=EXIT_HELD)


def _must_be_whole(what: str, until: datetime | None, reason: str, now: datetime) -> None:
    if until is None or until <= now:
        said = "no end" if until is None else f"{_instant(until)} is over: this home's clock stands at {_instant(now)}"
        msg = f"a {what} expires by itself, and needs an end that lies ahead: {said}"
        tomorrow = now.astimezone(LEAGUE_ZONE) + timedelta(days=1)
        raise UsageError(msg, hint=f"name one: --until {tomorrow:%Y-%m-%d}T18:00")
    if not reason:
        msg = f"a {what} needs a reason"
        raise UsageError(msg, hint="say why: --reason 'the provider has confirmed that …'")


@click.command("boundary")
@click.argument("league")
@click.argument("day", type=DAY)
@as_json
def boundary_command(league: str, day: date, *, as_json: bool) -> None:
    """Show for each input of a day what was expected and came. Also what is missing by name, excused, quarantined."""
    declared = league_here(league)
    with open_ledger() as ledger:
        inputs = {step.name: _inputs(declared, step) for step in declared.steps}
        found = read_boundaries(ledger, declared, day, inputs)
        if not found:
            season_of(ledger, declared.name, day)  # a day of none has no edges, and that is no answer
    held, lacking = any(edge.gate == "held" for edge in found), any(edge.missing for edge in found)
    document, lines = {"league": declared.name, "day": day, "edges": found}, boundary_lines(found, declared.name, day)
    answer(document, lines, ok=not (held or lacking), as_json=as_json, code=EXIT_HELD if held else EXIT_WRONG)


def ledger_now(ledger: Ledger, league: str) -> datetime:
    """Return what time it is for a league in this home; where nothing was decided yet, that is a usage error."""
    facts = league_facts(ledger, league)
    known = RealClock().now() if facts.live_since else facts.clock_at
    if known is None:
        msg = f"nothing has been decided of {league} in this home yet"
        raise UsageError(msg, hint="start with: tipoff demo")
    return known
