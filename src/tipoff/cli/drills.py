"""`tipoff drill`: make faults happen again, and see what comes of them."""

import dataclasses
import os
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

import click

from tipoff.cli.show import EXIT_WRONG, as_json, print_json
from tipoff.core.clock import process_cpu
from tipoff.core.errors import UsageError

if TYPE_CHECKING:
    from tipoff.drills.drill import Drill
    from tipoff.drills.oracle import DrillVerdict
    from tipoff.drills.runner import Rehearsal

_JOBS = min(8, os.cpu_count() or 1)
jobs_option = click.option("--jobs", type=click.IntRange(1, 64), default=_JOBS, help="Processes at work at once.")
_rehearsal: "list[Rehearsal]" = []  # one in each process, with its quiet twins


@click.group("drill")
def drill_group() -> None:
    """Make real faults happen again, under an oracle that knows what should have come of it."""


@drill_group.command("list")
@as_json
def list_command(*, as_json: bool) -> None:
    """Show every drill: the fault, and what stops it."""
    from tipoff.drills.drill import catalogue  # noqa: PLC0415 -- imports the leagues

    drills = list(catalogue().values())
    if as_json:
        told = [{"name": d.name, "fault": d.fault, "rows": d.rows, "stops_it": d.stops_it} for d in drills]
        print_json({"drills": told}, ok=True)
        return
    for drill in drills:
        click.echo(f"{drill.name:<40} {drill.fault}")
    click.echo(f"{len(drills)} drills")


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

    known = catalogue()
    strange = [name for name in names if name not in known]
    if strange or bool(names) is every:
        msg = f"no drill named {strange[0]!r}" if strange else "name some drills, or say --all"
        raise UsageError(msg, hint="see: tipoff drill list")
    chosen = [known[name] for name in names] if names else list(known.values())
    _finish(rehearse(chosen, control=control, jobs=jobs, checks=checks), control=control, as_json=as_json)


@drill_group.command("fuzz")
@click.option("--seed", type=int, default=1, help="Of the dice.")
@click.option("--count", type=click.IntRange(1, 100_000), default=200, help="How many compositions.")
@jobs_option
@as_json
def fuzz_command(seed: int, count: int, jobs: int, *, as_json: bool) -> None:
    """Compose faults by dice (kind, place, time, length), and hold each composition against the same oracle."""
    from tipoff.drills.fuzz import composed  # noqa: PLC0415 -- imports the leagues

    drills = [composed(seed, number) for number in range(count)]
    _finish(rehearse(drills, control=False, jobs=jobs), control=False, as_json=as_json)


def rehearse(drills: "Iterable[Drill]", *, control: bool, jobs: int, checks: bool = False) -> "Iterator[DrillVerdict]":
    """Run `drills` in `jobs` processes and yield their verdicts in order; one that crashes has failed, with its error.

    One that ends its process takes down those beside it: they and it are run again, each in a process of its own.
    """
    left, alone = list(drills), 0
    while left:
        n = 1 if alone else len(left)
        with ProcessPoolExecutor(min(jobs, n)) as pool:
            futures: list[Future[DrillVerdict]] = [pool.submit(_one, drill, control, checks) for drill in left[:n]]
            for future in futures:
                error = future.exception()
                if isinstance(error, BrokenProcessPool) and not alone:
                    alone = jobs + 1
                    break
                drill = left.pop(0)
                yield _ended(drill, error) if error else future.result()
        alone = max(0, alone - 1)


def _ended(drill: "Drill", error: BaseException) -> "DrillVerdict":
    from tipoff.drills.oracle import DrillVerdict  # noqa: PLC0415 -- imports the stores

    why = (f"it ended with {type(error).__name__}: {str(error)[:300]}",)
    return DrillVerdict(name=drill.name, fault=drill.fault, passed=False, why=why)


def _one(drill: "Drill", control: bool, checks: bool) -> "DrillVerdict":  # noqa: FBT001 -- given to another process
    from tipoff.drills.runner import Rehearsal  # noqa: PLC0415 -- imports everything

    if not _rehearsal:
        _rehearsal.append(Rehearsal(checks=checks))
    began = process_cpu()
    verdict = _rehearsal[0].run(drill, control=control)
    return dataclasses.replace(verdict, cpu_s=round(process_cpu() - began, 2))


def _finish(verdicts: "Iterator[DrillVerdict]", *, control: bool, as_json: bool) -> None:
    """Print verdicts as they come, and leave: with 0 when every drill passed, or every control failed."""
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


def line_of(verdict: "DrillVerdict", *, control: bool) -> str:
    """Return what is said of a drill: whether it passed, who noticed its fault when, and when it was over."""
    if verdict.passed is control:
        sign = "PASSED WITHOUT ITS MECHANISM" if control else "FAILED"
    else:
        sign = "fails without" if control else "ok"
    noticed = ""
    if verdict.found_by:
        after = (verdict.detected_after_s or 0) / 60
        noticed = f"noticed after {after:.0f} min by {verdict.found_by}"
    if verdict.healed_after_s is not None:
        noticed += f", healed after {verdict.healed_after_s / 3600:.1f} h"
    return f"{sign:<7} {verdict.name:<40} {noticed or 'nothing to notice'}" + "".join(
        f"\n          {w}" for w in verdict.why
    )
