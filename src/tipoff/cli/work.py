"""Commands that work: replay and demo."""

import dataclasses
import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import click
from msgspec import structs
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tipoff.cli.show import EXIT_WRONG, answer, as_json, print_json
from tipoff.config import Settings, read_settings
from tipoff.core.clock import league_day
from tipoff.core.errors import UsageError
from tipoff.core.fault import Fault

DEMO_DAYS = 14


@click.command("replay")
@click.argument("leagues", nargs=-1, required=True)
@click.argument("span", metavar="SEASON|DAY|FROM..TO")
@click.option(
    "--world", type=click.Choice(["recorded", "sample"]), default="recorded", show_default=True, help="Who answers."
)
@click.option("--seed", type=int, default=7, show_default=True, help="Seed of what the world models.")
@click.option(
    "--faults", default="", help="What goes wrong: a fault file (TOML), or `season` for a whole season's mixture."
)
@click.option("--watch", "watched", is_flag=True, help="With monitor, sentinel, checks, digests and scorecard.")
@click.option("--history", is_flag=True, help="The ledger's history flows to the warehouse (tipoff_history).")
@click.option("--crash-at", default="", hidden=True, help="Die by SIGKILL at POINT:N, for the crash tests.")
@as_json
def replay_command(  # noqa: PLR0913 -- options
    leagues: tuple[str, ...],
    span: str,
    *,
    world: str,
    seed: int,
    faults: str,
    watched: bool,
    history: bool,
    crash_at: str,
    as_json: bool,
) -> None:
    """Replay a season, or days of it, on a simulated clock. Several leagues share it, each over its own days."""
    told: dict[str, Any] = {"world": world, "seed": seed, "faults": faults}
    told |= {"crash_at": crash_at, "watched": watched, "history": history}
    reports = run_and_report(read_settings(), leagues, span, **told)
    if as_json:
        told_of = [{"ok": not is_wrong(report), **report} for report in reports]
        document = told_of[0] if len(leagues) == 1 else dict(zip(leagues, told_of, strict=True))
        print_json(document, ok=not any(map(is_wrong, reports)))
    else:
        from tipoff.leagues.catalog import content_named  # noqa: PLC0415 -- only for people
        from tipoff.views.report import render_text  # noqa: PLC0415 -- only for people

        for league, report in zip(leagues, reports, strict=True):
            for line in render_text(report, content_named(league).report_lines(report)):
                click.echo(line)
    sys.exit(EXIT_WRONG if any(map(is_wrong, reports)) else 0)


@click.command("record")
@click.argument("league")
@click.argument("span", metavar="SEASON|DAY|FROM..TO")
@as_json
def record_command(league: str, span: str, *, as_json: bool) -> None:
    """Fetch a season, or days of it, to be replayed. The live providers are asked; TIPOFF_DATA keeps it.

    A day is kept when every game of it is there; the same command goes on from what is kept.
    """
    from tipoff.app import record as app  # noqa: PLC0415 -- imports every store
    from tipoff.app.providers import live_world  # noqa: PLC0415 -- as above
    from tipoff.core.clock import RealClock  # noqa: PLC0415 -- as above

    settings = read_settings()
    say = partial(click.echo, err=True)
    done = app.record(settings, league, span, live_world(settings, league), RealClock(), say)
    not_whole = {str(day): why for day, why in done.not_whole.items()}
    document, ok = dataclasses.asdict(done) | {"not_whole": not_whole}, done.whole >= done.days
    answer(document, app.render_text(done), ok=ok, as_json=as_json)


@click.command("backfill")
@click.argument("league")
@click.argument("span", metavar="DAY|FROM..TO")
@click.option("--output", "--table", default="", help="Only this output.")
@click.option("--dry-run", is_flag=True, help="Only say what would be made, asked and waited for.")
@click.option(
    "--world", type=click.Choice(["recorded", "sample"]), default=None, help="Who answers; else as the home has it."
)
@click.option("--seed", type=int, default=7, show_default=True, help="Seed of what the world models.")
@as_json
def backfill_command(  # noqa: PLR0913 -- options
    league: str, span: str, *, output: str, dry_run: bool, world: str | None, seed: int, as_json: bool
) -> None:
    """Make what is missing or outdated of past days, in order. What is not made is listed with its reason."""
    from tipoff.app import backfill  # noqa: PLC0415 -- imports every store
    from tipoff.app import replay as app  # noqa: PLC0415 -- imports every store

    settings = read_settings()
    with _bar() as bar:
        task = bar.add_task(f"backfill {league} {span}", total=None, runs=0)
        report = _backfill_live(settings, league, span, output, lambda n: bar.update(task, runs=n), dry_run=dry_run)
        if report is None:
            spec = app.spec_of_home(settings, league, span, world=world or "", seed=seed)
            spec = dataclasses.replace(spec, scope=backfill.scope_of(spec.league, output))
            report = backfill.backfill(
                settings, spec, dry_run=dry_run, progress=lambda at: bar.update(task, runs=at.n_runs)
            )
    ok = not report.get("not_made")
    answer(report, backfill.render_text(report), ok=ok, as_json=as_json)


def _backfill_live(  # noqa: PLR0913 -- as the command is told
    settings: Settings, league: str, span: str, output: str, shown: Callable[[int], None], *, dry_run: bool
) -> dict[str, Any] | None:
    """Have a live home's controller make past days; None where the league is not live in this home."""
    from tipoff.app import requests  # noqa: PLC0415 -- imports every store
    from tipoff.app.backfill import scope_of  # noqa: PLC0415 -- as above
    from tipoff.app.providers import as_worked_on  # noqa: PLC0415 -- as above
    from tipoff.app.replay import span_of_home  # noqa: PLC0415 -- as above

    declared = as_worked_on(settings, league)
    if declared is None:
        return None
    _, days = span_of_home(settings, declared, span)
    return dict(
        requests.backfill_live(
            settings,
            declared,
            days,
            scope_of(declared, output),
            dry_run=dry_run,
            progress=lambda answer: shown(answer.get("made", {}).get("finished", 0)),
        )
    )


@click.command("reparse")
@click.argument("league")
@click.argument("span", metavar="DAY|FROM..TO")
@click.option("--output", default="", help="Only this output.")
@as_json
def reparse_command(league: str, span: str, *, output: str, as_json: bool) -> None:
    """Make raw rows anew from the archive. Today's parsers read it; no provider is asked."""
    from tipoff.app import reparse  # noqa: PLC0415 -- imports every store
    from tipoff.app.replay import span_of_home  # noqa: PLC0415 -- as above
    from tipoff.leagues.catalog import league_named  # noqa: PLC0415 -- with the app

    settings, declared = read_settings(), league_named(league)
    season, days = span_of_home(settings, declared, span)
    report = reparse.reparse(settings, declared, season, days, output)
    answer(report, reparse.render_text(report), ok=not report["not_made"], as_json=as_json)


@click.command("demo")
@click.option(
    "--days",
    type=click.IntRange(1, 60),
    default=DEMO_DAYS,
    show_default=True,
    help="How many days of the sample league.",
)
def demo_command(days: int) -> None:
    """Replay a sample league and show how its days went. It is synthetic: all names are invented."""
    from tipoff.leagues.catalog import content_named  # noqa: PLC0415 -- with the app
    from tipoff.ledger import Ledger  # noqa: PLC0415 -- with the app
    from tipoff.views.grid import grid_heads, grid_legend, grid_row, read_grid  # noqa: PLC0415 -- with the app
    from tipoff.views.report import render_text  # noqa: PLC0415 -- with the app

    settings = read_settings()
    if settings.home == Settings().home:  # never among somebody's own days
        settings = structs.replace(settings, home=Path(".tipoff/demo"))
    click.echo("The sample league is synthetic: real team codes, invented players, games and lines.")
    home, content = settings.place, content_named("nba")
    heads, shown = grid_heads(tuple(step.name for step in content.league.steps)), set[date]()

    def show(until: date) -> None:
        with Ledger(home.ledger, read_only=True) as ledger:
            grid = read_grid(ledger, content.league)
        for day in grid.days:
            if day <= until and day not in shown:
                for line in () if shown else heads:
                    click.echo(line)
                shown.add(day)
                click.echo(grid_row(grid, day))
        if until == date.max:
            for line in ["", *grid_legend(grid)]:
                click.echo(line)

    [report] = run_and_report(settings, ["nba"], f"sample:{days}", world="sample", seed=7, watched=True, day_over=show)
    show(date.max)
    for line in [
        "",
        *render_text(report, content.report_lines(report)),
        "",
        f"look around: TIPOFF_HOME={home.root} tipoff status",
    ]:
        click.echo(line)
    sys.exit(EXIT_WRONG if is_wrong(report) else 0)


def is_wrong(report: dict[str, Any]) -> bool:
    """Whether the replay ended with something missing, late or lost."""
    return bool(report["games"]["missing"] or report["obligations"].get("lost") or report["obligations"].get("late"))


def run_and_report(  # noqa: PLR0913 -- what a replay is told
    settings: Settings,
    leagues: Sequence[str],
    span: str,
    *,
    world: str,
    seed: int,
    faults: str = "",
    crash_at: str = "",
    watched: bool = False,
    history: bool = False,
    day_over: Callable[[date], None] | None = None,
) -> list[dict[str, Any]]:
    """Replay and return each league's report, with a bar on standard error, or `day_over` called with each day at noon after."""
    from tipoff.app import replay as app  # noqa: PLC0415 -- imports every store

    told_of: dict[str, Any] = {"world": world, "seed": seed, **_faults(faults, world)}
    made = [app.replay_spec(settings, league, span, together=len(leagues) > 1, **told_of) for league in leagues]
    if len({spec.league.name for spec in made}) != len(made):
        msg = f"a league is named twice: {' '.join(leagues)}"
        raise UsageError(msg, hint="name each league once")
    specs = [dataclasses.replace(spec, history=history and spec is made[0]) for spec in made]  # a home has one history
    first, last = min(spec.days[0] for spec in specs), max(spec.days[1] for spec in specs)
    named, newest_over, told = " ".join(leagues), first - timedelta(days=1), ""
    with _bar(disable=day_over is not None) as bar:
        task = bar.add_task(f"{named} {span}", total=(last - first).days + 1, runs=0)

        def shown(at: Any) -> None:  # noqa: ANN401 -- app.loop.Progress
            nonlocal newest_over, told
            if at.trouble and at.trouble != told:
                bar.console.print(
                    f"the controller is started again: {at.trouble}", markup=False, highlight=False, soft_wrap=True
                )
            told = at.trouble
            day = league_day(at.now)
            bar.update(task, completed=(day - first).days, description=f"{named} {day}", runs=at.n_runs)
            over = league_day(at.now - timedelta(hours=36))
            if day_over is not None and over > newest_over:
                newest_over = over
                day_over(over)

        disturbed = _disturbances([fault for spec in specs for fault in spec.world.faults], crash_at)
        return app.together_report(settings, specs, progress=shown, watched=watched, **disturbed)


def _faults(said: str, world: str) -> dict[str, Any]:
    """Return what a replay is told of faults: those of a file, or that a recorded season has its mixture of them."""
    if not said or (said == "season" and world == "recorded"):
        return {"disturbed": bool(said)}
    from tipoff.drills.faults.files import faults_of  # noqa: PLC0415 -- few replays have any

    return {"faults": partial(faults_of, Path(said))}


def _disturbances(faults: Sequence[Fault], crash_at: str) -> dict[str, Any]:
    """Return the parts and outages that the faults ask for, and the hook that kills; nothing where nothing disturbs."""
    if not faults and not crash_at:
        return {}
    from tipoff.drills.faults.hooks import kill_at  # noqa: PLC0415 -- as below
    from tipoff.drills.faults.parts import FaultyParts, outages_of  # noqa: PLC0415 -- imports every store

    hook = {"at": kill_at(crash_at)} if crash_at else {}
    return hook | {"parts": FaultyParts(faults), "outages": outages_of(faults)} if faults else hook


def _bar(*, disable: bool = False) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[runs]} runs"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    shows = console.is_terminal and not disable  # elsewhere nothing is left of it but an empty line
    return Progress(*columns, console=console, transient=True, refresh_per_second=4, disable=not shows)
