"""Watching from the command line: the live processes, messages, the digest, the scorecard, the time machine."""

import importlib.util
import json
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tipoff.cli.sentinel import CLOCK, say, show, stopper
from tipoff.cli.show import DAY, answer, as_json, league_here, now_here, open_ledger
from tipoff.config import Settings, read_settings
from tipoff.core.clock import RealClock, RunningClock
from tipoff.core.errors import UsageError
from tipoff.core.severity import Severity
from tipoff.leagues.catalog import league_named

if TYPE_CHECKING:
    from tipoff.app.live import LiveSpec
    from tipoff.web.serve import Served


@click.command("up")
@click.argument("leagues", nargs=-1, required=True)
@click.option(
    "--world",
    type=click.Choice(["live", "sample"]),
    default=None,
    help="Who answers: the providers, or the sample league. Else as TIPOFF_WORLD says, or the home; else the providers.",
)
@click.option("--monitor/--no-monitor", "monitored", default=True, help="With the monitor in a thread of its own.")
@click.option(
    "--web/--no-web",
    "served",
    default=True,
    help="With the page, /health and /ready, where the extra `web` is installed.",
)
@CLOCK
def up_command(
    leagues: tuple[str, ...], *, world: str | None, monitored: bool, served: bool, clock: RunningClock
) -> None:
    """Run leagues live until they are stopped. Their controllers work on the real clock, in one process."""
    from tipoff.app.holder import lock  # noqa: PLC0415 -- as below

    settings, stop = read_settings(), stopper()
    lock(settings.place).close()  # who works here already is told of before a provider is asked, or a port had
    lives = _lives_of(settings, leagues, world or "", clock)
    from tipoff.app import live  # noqa: PLC0415 -- imports every store

    for what in lives:
        who = "its providers" if what.shown is not None else "the sample league"
        show(f"{what.league.name}: {who}, live in {settings.home}, a tick every {settings.tick_every_s:g} s")
    web = _web(settings, clock) if served else None
    try:
        live.run_controllers(lives, stop, monitored=monitored, said=say)
    finally:
        if web is not None:
            web.end()


def _lives_of(settings: Settings, leagues: Sequence[str], world: str, clock: RunningClock) -> "list[LiveSpec]":
    twice = sorted({league for league in leagues if leagues.count(league) > 1})
    if twice:
        msg = f"named twice: {', '.join(twice)}"
        raise UsageError(msg, hint="name each league once")
    from tipoff.app.providers import must_be_answered  # noqa: PLC0415 -- as below

    for league in leagues:  # before the first of them leaves its mark in the home
        must_be_answered(settings, league, world)
    return [_live_of(settings, league, world, clock) for league in leagues]


def _live_of(settings: Settings, league: str, world: str, clock: RunningClock) -> "LiveSpec":
    from tipoff.app import live  # noqa: PLC0415 -- imports every store
    from tipoff.app.providers import world_of  # noqa: PLC0415 -- as above

    declared = league_named(league)
    if world_of(settings, league, world) == "live":
        return live.real_live(settings, declared, clock, said=say)
    return live.sample_live(settings, declared, clock)


def _web(settings: Settings, clock: RunningClock) -> "Served | None":
    """Begin to serve the page, /health and /ready; without the extra this is said, and the controller runs without."""
    if any(importlib.util.find_spec(name) is None for name in ("jinja2", "starlette", "uvicorn")):
        show("no page here, and no /health: install the extra, pip install 'tipoff[web]'", err=True)
        return None
    from tipoff.app.web import served_of  # noqa: PLC0415 -- an extra of its own

    web = served_of(settings, clock.now, sends=True)
    web.begin()
    show(f"{web.url}/ is the page; for machines {web.url}/health and {web.url}/ready")
    return web


@click.command("monitor")
@click.argument("leagues", nargs=-1, required=True)
def monitor_command(leagues: tuple[str, ...]) -> None:
    """Run the monitor alone, until it is stopped. Only where `tipoff up` runs with --no-monitor."""
    from tipoff.app.holder import lock  # noqa: PLC0415 -- imports every store
    from tipoff.app.monitor import run_monitor  # noqa: PLC0415 -- as above

    settings, stop = read_settings(), stopper()
    lock(settings.place, "monitor").close()  # another monitor is told of before a provider is asked
    lives = _lives_of(settings, leagues, "", RealClock())
    show(f"{', '.join(leagues)}: looking from inside every {settings.look_every_s:g} s")
    run_monitor(lives, stop, said=say)


@click.command("prove-alive")
@click.argument("league")
@click.argument("side", type=click.Choice(["controller", "monitor", "sentinel"]))
@click.option(
    "--within",
    type=click.FloatRange(1),
    help="Seconds to wait at most; by default as long as the settings let its silence last, and two minutes.",
)
@as_json
def prove_alive_command(league: str, side: str, within: float | None, *, as_json: bool) -> None:
    """Stop one side, and measure how long until another tells. Then it goes on."""
    from tipoff.app.limits import told_after  # noqa: PLC0415 -- imports every store
    from tipoff.drills.alive import prove_alive  # noqa: PLC0415 -- as above

    settings, longest = read_settings(), None if within is None else timedelta(seconds=within)
    silent, looks_every = told_after(settings, side), timedelta(seconds=settings.look_every_s)
    click.echo(f"a silence of the {side} is told after {silent}", err=True)
    missed = prove_alive(settings.place, league, side, told_after=silent, looks_every=looks_every, within=longest)
    line = f"nobody told of the {side} in time"
    if missed.after_s is not None:
        line = f"the {missed.told_by} told of the {side} after {missed.after_s:.1f} s"
    answer(missed, [line], ok=missed.after_s is not None, as_json=as_json)


@click.command("digest")
@click.argument("league")
@click.option(
    "--date",
    "day",
    type=DAY,
    help="The morning; the last one, where none is named. Of an earlier one, how its day stands now.",
)
@as_json
def digest_command(league: str, day: date | None, *, as_json: bool) -> None:
    """Show the morning's digest. Exits with 1 while an incident is open."""
    from tipoff.ledger.alerts import read_incidents  # noqa: PLC0415 -- only when it is asked for
    from tipoff.watch.digest import digest, newest_morning  # noqa: PLC0415 -- as above

    declared, now = league_here(league), now_here()
    with open_ledger() as ledger:
        open_now = [incident for incident in read_incidents(ledger.rows, declared.name, now) if incident.is_open]
        message = digest(ledger, declared, day or newest_morning(ledger, declared, now), now, open_now)
    answer(
        message, (message.title, *message.lines), ok=not open_now and message.severity < Severity.ERROR, as_json=as_json
    )


@click.command("scorecard")
@click.argument("league")
@click.option(
    "--days",
    type=click.IntRange(1, 400),
    default=30,
    show_default=True,
    help="How many days, back from the last one scored.",
)
@as_json
def scorecard_command(league: str, days: int, *, as_json: bool) -> None:
    """Show how the days went. Complete, on time, incidents, accuracy, streak, error budget."""
    from tipoff.watch.scorecard import read_scorecards, scorecard_lines  # noqa: PLC0415 -- only when it is asked for

    declared = league_here(league)
    with open_ledger() as ledger:
        rows = read_scorecards(ledger, declared)[-days:]
    days_of = [row | {name: json.loads(row[name]) for name in ("late_by_phase", "failed_by_source")} for row in rows]
    answer({"days": days_of}, scorecard_lines(rows, declared), ok=True, as_json=as_json)


@click.command("replay-incident")
@click.argument("record", type=click.Path(path_type=Path))
@click.option(
    "--timetable", type=click.Path(path_type=Path), help="When each job is expected (TOML), for a file of runs."
)
@click.option("--league", default="", help="Whose, for a ledger.")
@as_json
def replay_incident_command(record: Path, timetable: Path | None, league: str, *, as_json: bool) -> None:
    """Say when one would have been told of what a RECORD holds. With these rules: how often, how often in vain.

    RECORD is a ledger, or a file of runs (a CSV with job and committed_at) beside a timetable.
    """
    from tipoff.drills import backtest  # noqa: PLC0415 -- only when it is asked for
    from tipoff.drills import timetable as slots  # noqa: PLC0415 -- as above

    if timetable is None and ".csv" in record.suffixes:
        msg = f"{record} is a file of runs, and what was expected of them is not said"
        raise UsageError(msg, hint="add --timetable FILE: each job with its slots; docs/recorded-runs.md shows one")
    if timetable is None:
        told = backtest.replay_ledger(record, league)
        answer(told, backtest.render_text(told), ok=not told.incidents, as_json=as_json)
        return
    expected, times = slots.read_timetable(timetable), slots.read_runs(record)
    until = max((at for found in times.values() for at in found), default=None)
    judged = slots.judge_runs(expected, times, until) if until else None
    lines = slots.render_text(judged) if judged else [f"{record} holds no run"]
    ok = judged is not None and not judged.lost
    answer(judged or {"n_runs": 0}, lines, ok=ok, as_json=as_json)
