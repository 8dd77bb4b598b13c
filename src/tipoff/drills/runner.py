"""Running drills: each in a home of its own, beside a quiet twin that is made once for all that share its days."""

import dataclasses
import multiprocessing
import os
import signal
import tempfile
import threading
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import date, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

from tipoff.app.chores import AtOnce
from tipoff.app.instance import Instance
from tipoff.app.loop import Progress, replay
from tipoff.app.recounts import Recounts
from tipoff.core.clock import SimClock, midnight, process_cpu
from tipoff.core.errors import PipelineError
from tipoff.core.fault import Fault
from tipoff.core.home import Home
from tipoff.core.slate import Season
from tipoff.drills.alerts import look_at_alerts
from tipoff.drills.controls import switched_off
from tipoff.drills.drill import Drill
from tipoff.drills.instance import drill_instance
from tipoff.drills.oracle import DrillVerdict, judge_drill, look_at
from tipoff.drills.refusals import REFUSALS
from tipoff.drills.truth import Truth
from tipoff.engine.plan import opening_of
from tipoff.leagues.catalog import league_named, sample_of

AFTERWARDS = timedelta(days=4)
SEED = 7


class Rehearsal:
    """Runs drills, and keeps their quiet twins."""

    def __init__(self, *, checks: bool = False) -> None:
        """Keep nothing yet; with `checks`, every check examines the drills' slates."""
        self._checks = checks
        self._twins: dict[tuple[str, date, int, bool], Truth] = {}

    def twin(self, drill: Drill) -> Truth:
        """Return what a replay of the drill's days leaves behind without its faults."""
        key = drill.league, drill.first_day, drill.days, drill.checks or self._checks
        if key not in self._twins:
            self._twins[key] = self._play(drill, ())[0]
        return self._twins[key]

    def run(self, drill: Drill, *, control: bool = False) -> DrillVerdict:
        """Run one drill; as a `control`, with the mechanism that stops its fault switched off: it must then fail."""
        if drill.refused:
            with switched_off(drill.control if control else ""):
                return self._refuse(drill)
        twin = self.twin(drill)
        with switched_off(drill.control if control else ""):
            truth, alarms = self._play(drill, drill.faults)
        return judge_drill(drill, twin, truth, alarms)

    def _play(self, drill: Drill, faults: Sequence[Fault]) -> tuple[Truth, dict[str, datetime]]:
        league, season = league_named(drill.league), _season(drill.first_day, drill.days)
        world = sample_of(league.name).world(season, seed=SEED, faults=faults)
        clock = SimClock(opening_of(league, season, season.first_day))
        with tempfile.TemporaryDirectory() as folder:
            instance, outages, watch = drill_instance(
                Path(folder), league, season, world, clock, faults, checks=drill.checks or self._checks
            )
            clock_began = clock.now()

            changed = any(fault.how == "rows changed" for fault in faults)
            recounts = Recounts(league, instance, AtOnce()) if changed else None

            def look(now: datetime) -> None:
                if now > clock_began:
                    watch.look(now)
                if recounts and instance.is_open:
                    _recount(recounts, instance, now)

            until = midnight(season.last_day) + AFTERWARDS
            try:
                replay(instance, clock, until=until, progress=_nothing, outages=outages, look=look)
                truth = look_at(
                    league,
                    (season.first_day, season.last_day),
                    instance.warehouse,
                    instance.ledger,
                    Path(folder) / "published",
                )
                look_at_alerts(truth, Home(Path(folder)))
            finally:
                watch.close()
                instance.close()
        return truth, dict(watch.troubles)

    def _refuse(self, drill: Drill) -> DrillVerdict:
        """Load a league that must be refused, with a sentence that says why."""
        change, says = REFUSALS[drill.refused["change"]], drill.refused["says"]
        season, honest = _season(drill.first_day, 1), league_named(drill.league)
        clock = SimClock(opening_of(honest, season, drill.first_day))
        world = sample_of(drill.league).world(season, seed=SEED, faults=())
        with tempfile.TemporaryDirectory() as folder:
            said = ""
            try:
                for league in (honest, change(honest)):
                    instance, _, watch = drill_instance(Path(folder), league, season, world, clock, ())
                    try:
                        instance.open()
                    finally:
                        watch.close()
                        instance.close()
            except PipelineError as error:
                said = str(error)
        passed = says in said
        why = () if passed else (f"not refused: {said or 'it was loaded'}",)
        found = f"refused at the start: {said[:120]}" if passed else ""
        return DrillVerdict(
            name=drill.name,
            fault=drill.fault,
            passed=passed,
            detected_after_s=0.0 if passed else None,
            found_by=found,
            why=why,
        )


def _season(first_day: date, days: int) -> Season:
    return Season("sample", first_day, first_day + timedelta(days=days - 1))


def _recount(recounts: Recounts, instance: Instance, now: datetime) -> None:
    """Recount all that is due, one slate a look."""
    for _ in range(len(instance.proven()) + 2):
        recounts.look(now)


def _nothing(_progress: Progress) -> None:
    """Show nothing."""


_rehearsal: list[Rehearsal] = []  # one in each process, with its quiet twins


def rehearse(
    drills: Iterable[Drill], *, control: bool, jobs: int, checks: bool = False
) -> Generator[DrillVerdict, None, None]:
    """Run `drills` in `jobs` processes and yield their verdicts in order; one that crashes has failed, with its error.

    One that ends its process takes down those beside it: they and it are run again, each in a process of its own.
    """
    left, alone = list(drills), 0
    with tempfile.TemporaryDirectory() as folder:
        while left:
            n = 1 if alone else len(left)
            pool = ProcessPoolExecutor(min(jobs, n), initializer=_begin, initargs=(folder,))
            try:
                futures: list[Future[DrillVerdict]] = [pool.submit(_one, drill, control, checks) for drill in left[:n]]
                for future in futures:
                    error = future.exception()
                    if isinstance(error, BrokenProcessPool) and not alone:
                        alone = jobs + 1
                        break
                    drill = left.pop(0)
                    yield _ended(drill, error) if error else future.result()
            finally:  # who has seen enough waits for no drill that is still to begin
                pool.shutdown(cancel_futures=True)
            alone = max(0, alone - 1)


def _begin(folder: str) -> None:
    """Let Ctrl-C end a process of drills at once, and so its parent's end; whoever has begun it takes their homes away."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    tempfile.tempdir = folder
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _ended(drill: Drill, error: BaseException) -> DrillVerdict:
    why = (f"it ended with {type(error).__name__}: {str(error)[:300]}",)
    return DrillVerdict(name=drill.name, fault=drill.fault, passed=False, why=why)


def _one(drill: Drill, control: bool, checks: bool) -> DrillVerdict:  # noqa: FBT001 -- given to another process
    if not _rehearsal:
        _rehearsal.append(Rehearsal(checks=checks))
    began = process_cpu()
    verdict = _rehearsal[0].run(drill, control=control)
    return dataclasses.replace(verdict, cpu_s=round(process_cpu() - began, 2))
