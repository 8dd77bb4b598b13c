"""What the commands do: which world and days are meant, replaying them, the report."""

import resource
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from tipoff.app.crash import kill_at, never
from tipoff.app.instance import Instance, ReplaySpec, clock_of
from tipoff.app.lock import lock
from tipoff.app.loop import Outage, Progress, look_at_nothing, replay
from tipoff.app.parts import Parts
from tipoff.app.warehouses import open_warehouse
from tipoff.app.watching import Watch
from tipoff.checks.examine import Examiner
from tipoff.config import Settings
from tipoff.core.build import build
from tipoff.core.clock import RealClock, midnight, stopwatch
from tipoff.core.errors import UsageError
from tipoff.core.fault import faults_of
from tipoff.core.league import League
from tipoff.core.profile import Profile
from tipoff.core.slate import Season
from tipoff.leagues.catalog import league_named
from tipoff.leagues.nba.league import SAMPLE, sample_season
from tipoff.leagues.nba.world.recorded import RecordedNba
from tipoff.leagues.nba.world.sample import SampleNba
from tipoff.ledger import Ledger, schema
from tipoff.ledger.facts import home_clock, league_facts
from tipoff.store.published import Published
from tipoff.store.warehouse import Warehouse
from tipoff.views.report import season_report

SAMPLE_DAYS = len(SAMPLE.days())
AFTER_THE_LAST_DAY = timedelta(days=4)  # what has not come by then is shown as late


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A replay's end, for the views: what ran, what it cost."""

    counts: Mapping[str, int]
    wall_s: float
    peak_rss_mb: float
    summaries: Mapping[str, Mapping[str, object]]
    queries: Mapping[str, int]


def run_replay(  # noqa: PLR0913 -- a replay and what disturbs it
    settings: Settings,
    spec: ReplaySpec,
    *,
    progress: Callable[[Progress], None],
    crash_at: str = "",
    watched: bool = False,
    parts: Parts | None = None,
    outages: Sequence[Outage] = (),
) -> Replayed:
    """Replay `spec` in the settings' home, going on from where its clock stands.

    `parts` are what it is built from, if not the honest ones; `outages` the times without ticks.

    Raises:
        UsageError: The home belongs to another world, another process has it, or its clock is past these days.
    """
    began = stopwatch()
    home = settings.place
    with lock(home):
        clock = clock_of(home, spec)
        stage = Instance(settings, spec, clock, at=kill_at(crash_at) if crash_at else never, parts=parts)
        watch = watch_of(spec, stage, outages) if watched else None
        try:
            look = watch.look if watch else look_at_nothing
            replay(stage, clock, until=end_of(spec), progress=progress, outages=outages, look=look)
            summaries = _summaries(spec, stage.warehouse)
        finally:
            if watch:
                watch.close()
            stage.close()
    return Replayed(
        counts=dict(stage.counts),
        wall_s=round(stopwatch() - began, 3),
        peak_rss_mb=peak_rss_mb(),
        summaries=summaries,
        queries=dict(stage.queries),
    )


def watch_of(spec: ReplaySpec, stage: Instance, outages: Sequence[Outage]) -> Watch:
    """Return what watches a replay of `spec`: messages are kept in the ledger, and sent to nobody."""
    return Watch(
        league=spec.league,
        season=spec.season,
        days=spec.days,
        home=stage.home,
        stores=stage,
        outages=outages,
        build=build(),
    )


def measure(settings: Settings, league: League, day: date) -> None:
    """Measure every check on a day of a home, and write it down.

    Raises:
        UsageError: A controller works in the home.
    """
    home = settings.place
    with lock(home):
        ledger = Ledger(home.ledger)
        warehouse = _warehouse(settings, ledger)
        try:
            examiner = Examiner(
                league=league,
                season=_season_of(ledger, league, day),
                loaded=warehouse.prepare(league.steps),
                warehouse=warehouse,
                ledger=ledger,
                published=Published(home.published),
                stopwatch=stopwatch,
            )
            now = _home_clock(ledger)
            examiner.record(day, examiner.examine(day, now), now)
        finally:
            warehouse.close()
            ledger.close()


def funnel(settings: Settings, league: League, day: date) -> list[dict[str, Any]]:
    """Return how far each player came on the way to a prediction of `day`; see `League.funnel_sql`.

    Raises:
        UsageError: A controller works in the home.
    """
    home = settings.place
    with lock(home):
        ledger = Ledger(home.ledger)
        warehouse = _warehouse(settings, ledger)
        try:
            warehouse.prepare(league.steps)
            season = _season_of(ledger, league, day)
            found = warehouse.ask(
                league.funnel_sql, league=league.name, day=day, season=season, as_of=_home_clock(ledger)
            ).to_pylist()
            return sorted(found, key=lambda row: (row["team"], row["player_name"]))
        finally:
            warehouse.close()
            ledger.close()


def _warehouse(settings: Settings, ledger: Ledger) -> Warehouse:
    now = RealClock().now
    return open_warehouse(settings, settings.place, ledger, profile=Profile.LIVE, at=never, now=now)


def _season_of(ledger: Ledger, league: League, day: date) -> Season:
    """Return the season of a day; the sample league's is as long as its home says."""
    days = [row["day"] for row in ledger.rows(select(schema.games.c.day).where(schema.games.c.league == league.name))]
    if league_facts(ledger, league.name).world == "sample" and days:
        return Season(SAMPLE.name, min(days), max(*days, day))
    return league.season_of(day)


def _home_clock(ledger: Ledger) -> datetime:
    return home_clock(ledger) or RealClock().now()


def end_of(spec: ReplaySpec) -> datetime:
    """Return when a replay of `spec` ends at the latest."""
    return midnight(spec.days[1]) + AFTER_THE_LAST_DAY


def _summaries(spec: ReplaySpec, warehouse: Warehouse) -> dict[str, dict[str, object]]:
    tables = [step.table for step in spec.league.steps]
    bounds = {"season_start": spec.days[0], "season_end": spec.days[1]}
    return {name: warehouse.query(sql, tables, bounds).to_pylist()[0] for name, sql in spec.league.summary_sql.items()}


def peak_rss_mb() -> float:
    """Return the most memory that this process has held; Linux lets a child inherit its parent's peak in `getrusage`."""
    status = Path("/proc/self/status")
    if not status.exists():
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    [peak] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return round(int(peak.split()[1]) / 1024, 1)


def replay_spec(  # noqa: PLR0913 -- what a replay is told
    settings: Settings, league: str, span: str, *, world: str, seed: int, faults: str = ""
) -> ReplaySpec:
    """Return what `tipoff replay LEAGUE SPAN` means, with its world built.

    `span` is a season, FROM..TO, or in the sample world `sample:DAYS`. `faults`: a fault file (TOML), or `season` for the mixture
    of a whole recorded season.

    Raises:
        UsageError: The league, season or days are not known; TIPOFF_DATA is not set or cannot be read.
    """
    declared = league_named(league)
    if world == "sample":
        season = sample_season(_days(span))
        told = faults_of(Path(faults), season.first_day) if faults else ()
        n_days = len(season.days())
        made = SampleNba(first_day=season.first_day, days=n_days, season=season.name, seed=seed, faults=told)
        days = season.first_day, season.last_day
        return ReplaySpec(league=declared, season=season, days=days, world=made)
    season, days = parse_span(span, declared)
    if settings.data is None:
        msg = "TIPOFF_DATA is not set: the recorded world needs a folder of recorded seasons"
        raise UsageError(
            msg, hint="set TIPOFF_DATA, or use the synthetic league: tipoff replay nba sample:14 --world sample"
        )
    recorded = RecordedNba(settings.data, season.name, seed=seed, disturbed=faults == "season")
    if faults and faults != "season":
        recorded.faults = faults_of(Path(faults), days[0])
    return ReplaySpec(league=declared, season=season, days=days, world=recorded)


def _days(span: str) -> int:
    name, _, days = span.partition(":")
    if name != "sample" or not days.isdigit() or not 1 <= int(days) <= SAMPLE_DAYS:
        msg = f"{span!r} is no span of the sample world"
        raise UsageError(msg, hint=f"write sample:14; at most sample:{SAMPLE_DAYS}")
    return int(days)


def parse_span(span: str, league: League) -> tuple[Season, tuple[date, date]]:
    """Read `2023-24` or `2024-03-01..2024-03-31`.

    Raises:
        UsageError: It is neither, the season is not known, or the days do not lie in one season.
    """
    if ".." not in span:
        season = league.season(span)
        return season, (season.first_day, season.last_day)
    try:
        first, last = (date.fromisoformat(part) for part in span.split("..", 1))
    except ValueError as error:
        msg = f"{span!r} is neither a season nor FROM..TO"
        raise UsageError(msg, hint="write 2023-24 or 2024-03-01..2024-03-31") from error
    if last < first:
        msg = f"{span!r} ends before it begins"
        raise UsageError(msg, hint="write the earlier day first")
    season = league.season_of(first)
    if not season.first_day <= last <= season.last_day:
        msg = f"{span!r} goes beyond the season {season.name}, which ends on {season.last_day}"
        raise UsageError(msg, hint="replay one season at a time")
    return season, (first, last)


def replay_report(  # noqa: PLR0913 -- a replay and what disturbs it
    settings: Settings,
    spec: ReplaySpec,
    *,
    progress: Callable[[Progress], None],
    crash_at: str = "",
    watched: bool = False,
    parts: Parts | None = None,
    outages: Sequence[Outage] = (),
) -> dict[str, Any]:
    """Replay, and return the report: what the ledger says of the season, the accuracy, what it cost."""
    replayed = run_replay(
        settings, spec, progress=progress, crash_at=crash_at, watched=watched, parts=parts, outages=outages
    )
    ledger = Ledger(settings.place.ledger, read_only=True)
    try:
        report = season_report(ledger, spec.league, spec.season)
    finally:
        ledger.close()
    games = spec.world.game_days(*spec.days)
    return (
        report
        | {"simulated_days": (spec.days[1] - spec.days[0]).days + 1, "slates": games}
        | {name: dict(values) for name, values in replayed.summaries.items()}
        | {"this_time": dict(replayed.counts), "warehouse": dict(replayed.queries)}
        | {"wall_s": replayed.wall_s, "peak_rss_mb": replayed.peak_rss_mb}
    )
