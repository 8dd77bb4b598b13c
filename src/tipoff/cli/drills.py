"""`tipoff drill`: make faults happen again, and see what comes of them."""

import dataclasses
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from tipoff.cli.show import EXIT_WRONG, answer, as_json, print_json
from tipoff.core.errors import UsageError

if TYPE_CHECKING:
    from tipoff.drills.oracle import DrillVerdict

_JOBS = min(8, os.cpu_count() or 1)
jobs_option = click.option(
    "--jobs", type=click.IntRange(1, 64), default=_JOBS, show_default=True, help="Processes at work at once."
)


@click.group("drill")
def drill_group() -> None:
    """Make real faults happen again, and judge what came of it. An oracle knows what should have."""


@drill_group.command("list")
@as_json
def list_command(*, as_json: bool) -> None:
    """Show every drill: the fault, and what stops it."""
    from tipoff.drills.drill import catalogue  # noqa: PLC0415 -- imports the leagues

    drills = list(catalogue().values())
    told = [{"name": d.name, "fault": d.fault, "rows": d.rows, "stops_it": d.stops_it} for d in drills]
    lines = [f"{drill.name:<40} {drill.fault}" for drill in drills]
    answer({"drills": told}, [*lines, f"{len(drills)} drills"], ok=True, as_json=as_json)


@drill_group.command("run")
@click.argument("names", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Run every drill.")
@click.option(
    "--control", is_flag=True, help="Switch off the mechanism that stops the fault: each drill must then fail."
)
@click.option(
    "--checks", is_flag=True, help="Also measure every check of the data on each slate, as a watched day does."
)
@jobs_option
@as_json
def run_command(  # noqa: PLR0913 -- one parameter for each option
    names: tuple[str, ...], *, every: bool, control: bool, checks: bool, jobs: int, as_json: bool
) -> None:
    """Run drills by name, or all of them."""
    from tipoff.drills.drill import catalogue  # noqa: PLC0415 -- imports the leagues
    from tipoff.drills.runner import rehearse  # noqa: PLC0415 -- imports everything

    known = catalogue()
    strange = [name for name in names if name not in known]
    if strange or bool(names) is every:
        msg = f"no drill named {strange[0]!r}" if strange else "name some drills, or say --all"
        raise UsageError(msg, hint="see: tipoff drill list")
    chosen = [known[name] for name in names] if names else list(known.values())
    _finish(rehearse(chosen, control=control, jobs=jobs, checks=checks), control=control, as_json=as_json)


@drill_group.command("fuzz")
@click.option("--league", default="", help="In whose sample world; the machine's own drills' where none is named.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the dice.")
@click.option("--count", type=click.IntRange(1, 100_000), default=200, show_default=True, help="How many compositions.")
@jobs_option
@as_json
def fuzz_command(league: str, seed: int, count: int, jobs: int, *, as_json: bool) -> None:
    """Compose faults by dice, and judge what came of each. Kind, place, time and length are thrown; the oracle is the same."""
    from tipoff.drills.drill import OF_THE_MACHINE  # noqa: PLC0415 -- imports the leagues
    from tipoff.drills.fuzz import GROUNDS, composed  # noqa: PLC0415 -- imports the leagues
    from tipoff.drills.runner import rehearse  # noqa: PLC0415 -- imports everything

    if league and league not in GROUNDS:
        msg = f"no dice are made for a league named {league!r}"
        raise UsageError(msg, hint=f"there are some for: {', '.join(GROUNDS)}")
    drills = [composed(seed, number, league or OF_THE_MACHINE) for number in range(count)]
    _finish(rehearse(drills, control=False, jobs=jobs), control=False, as_json=as_json)


def _finish(verdicts: "Iterator[DrillVerdict]", *, control: bool, as_json: bool) -> None:
    """Print verdicts as they come, and leave: with 0 when every drill passed, or every control failed."""
    from tipoff.drills.oracle import line_of  # noqa: PLC0415 -- imports the stores

    told: list[dict[str, Any]] = []
    n_wrong = 0
    for verdict in verdicts:
        n_wrong += verdict.passed is control
        told.append(dataclasses.asdict(verdict))
        if not as_json:
            click.echo(line_of(verdict, control=control))
    if as_json:
        document = {"drills": told, "passed": len(told) - n_wrong, "failed": n_wrong, "control": control}
        print_json(document, ok=not n_wrong)
    else:
        what = "controls fail, as they must" if control else "drills passed"
        click.echo(f"{len(told) - n_wrong} of {len(told)} {what}")
    sys.exit(EXIT_WRONG if n_wrong else 0)
