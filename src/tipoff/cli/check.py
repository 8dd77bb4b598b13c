"""`tipoff check`: comprehensive views of a day's data, of the work itself, of what crossed each boundary."""

import dataclasses
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import click

from tipoff.cli.show import DAY, answer, as_json, league_here, now_here, open_ledger
from tipoff.config import read_settings
from tipoff.core.errors import UsageError
from tipoff.core.league import League
from tipoff.core.severity import Severity
from tipoff.views import health as views

Command = Callable[..., Any]


@click.group("check")
def check_group() -> None:
    """See whether a day's data are right and the work is well."""


def _common(command: Command) -> Command:
    """Add what every view has: JSON, Markdown, and from which severity on it exits with 1."""
    options = (
        as_json,
        click.option("--markdown", is_flag=True, help="Print a Markdown table, for a build's summary."),
        click.option("--every", is_flag=True, help="Also show what is in order."),
        click.option(
            "--fail-on",
            type=click.Choice(["warning", "error", "critical"]),
            default="error",
            show_default=True,
            help="The least severity that makes it exit with 1.",
        ),
    )
    for option in options:
        command = option(command)
    return command


def _finish(  # noqa: PLR0913 -- the common options
    title: str, lines: Sequence[views.ClaimLine], *, as_json: bool, markdown: bool, every: bool, fail_on: str
) -> None:
    worst = views.worst(lines)
    ok = worst < Severity[fail_on.upper()]
    text = views.render_markdown(title, lines) if markdown else [title, *views.render_text(lines, every=every)]
    answer({"title": title, "lines": lines, "worst": worst.name.lower()}, text, ok=ok, as_json=as_json)


def _last_day(league: League) -> date:
    with open_ledger() as ledger:
        day = views.last_day(ledger, league, now_here())
    if day is None:
        msg = f"no day of {league.name} is over in this home"
        raise UsageError(msg, hint="name a day with --date, or see: tipoff status")
    return day


@check_group.command("health")
@click.argument("league")
@click.option("--date", "day", type=DAY, help="The day; the last one that is over, where none is named.")
@click.option("--measure", is_flag=True, help="Measure anew; a running controller is asked to.")
@_common
def health_command(league: str, day: date | None, *, measure: bool, **shown: Any) -> None:  # noqa: ANN401 -- the common options
    """Show what the checks measured of a day's data."""
    declared = league_here(league)
    day = day or _last_day(declared)
    if measure:
        from tipoff.app.requests import answered  # noqa: PLC0415 -- imports every store

        answered(read_settings(), declared, "measure", day=day.isoformat())
    with open_ledger() as ledger:
        lines = views.health(ledger, declared, day)
    _finish(f"{declared.name} {day}: the data", lines, **shown)


@check_group.command("workflow")
@click.argument("league")
@click.option("--hours", type=click.FloatRange(0.5, 24 * 60), default=24.0, show_default=True, help="How far back.")
@_common
def workflow_command(league: str, hours: float, **shown: Any) -> None:  # noqa: ANN401 -- the common options
    """Show whether decisions are made and executed. Also what waits."""
    declared, now = league_here(league), now_here()
    with open_ledger() as ledger:
        lines = views.workflow(ledger, declared, now, hours=hours)
    _finish(f"{declared.name}: the work of {hours:g} h to {now:%Y-%m-%d %H:%M} UTC", lines, **shown)


@check_group.command("transitions")
@click.argument("league")
@click.option("--date", "day", type=DAY, help="The last day; the last one that is over, where none is named.")
@click.option("--days", type=click.IntRange(1, 400), default=3, show_default=True, help="How many days.")
@_common
def transitions_command(league: str, day: date | None, days: int, **shown: Any) -> None:  # noqa: ANN401 -- the common options
    """Show by day and phase how much of what is owed is proven."""
    declared = league_here(league)
    last = day or _last_day(declared)
    span = [last - timedelta(days=back) for back in reversed(range(days))]
    with open_ledger() as ledger:
        lines = views.transitions(ledger, declared, span)
    _finish(f"{declared.name} {span[0]} to {last}: what crossed from phase to phase", lines, **shown)


@check_group.command("reconcile")
@click.argument("league")
@click.option("--date", "day", type=DAY, help="The day; the last one that is over, where none is named.")
@_common
def reconcile_command(league: str, day: date | None, **shown: Any) -> None:  # noqa: ANN401 -- the common options
    """Show games by output against the schedule. And whether what stands is what was written."""
    declared = league_here(league)
    day = day or _last_day(declared)
    with open_ledger() as ledger:
        lines = views.reconcile(ledger, declared, day)
    from tipoff.app.requests import stores_lack  # noqa: PLC0415 -- imports every store

    lines.append(views.stores_have_it(stores_lack(read_settings(), declared, day)))
    _finish(f"{declared.name} {day}: reconciled", lines, **shown)


@check_group.command("rules")
@click.argument("league")
@click.option("--every", is_flag=True, help="Also show the rules that fire, and those that are young.")
@as_json
def rules_command(league: str, *, every: bool, as_json: bool) -> None:
    """Show how often each check, gate and filter fired. Of how many looks, and what its threshold could be."""
    from tipoff.views.rules import rule_lines, rules  # noqa: PLC0415 -- only when it is asked for

    with open_ledger() as ledger:
        found = rules(ledger, league_here(league))
    document = {"rules": [dataclasses.asdict(rule) | {"word": rule.word} for rule in found]}
    answer(document, rule_lines(found, every=every), ok=True, as_json=as_json)
