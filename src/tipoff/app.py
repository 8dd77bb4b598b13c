"""The only place that constructs anything: a home's stores, a world or the real providers, the controller."""

import hashlib
import importlib.metadata
import json
import os
import resource
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from tipoff.config import Settings
from tipoff.core.clock import SimClock, midnight, stopwatch
from tipoff.core.errors import UsageError
from tipoff.core.league import League
from tipoff.core.payload import Fetched, Payload, Request
from tipoff.core.profile import Profile
from tipoff.core.slate import Season
from tipoff.engine.controller import Controller
from tipoff.engine.past import Identity
from tipoff.engine.plan import opening_of
from tipoff.engine.run import Runner
from tipoff.leagues.catalog import league_named
from tipoff.leagues.nba.league import SAMPLE, sample_season
from tipoff.sim.crash import kill_at, never
from tipoff.sim.nba_recorded import RecordedNba
from tipoff.sim.nba_sample import SampleNba
from tipoff.sim.replay import Progress, replay
from tipoff.sim.world import World
from tipoff.sources.fetch import Fetcher
from tipoff.store.archive import Archive
from tipoff.store.duck import DuckWarehouse
from tipoff.store.home import Home
from tipoff.store.ledger import Batch, Ledger
from tipoff.store.published import Published
from tipoff.views.report import season_report

SAMPLE_DAYS = len(SAMPLE.days())
AFTER_THE_LAST_DAY = timedelta(days=4)  # what has not come by then is shown as late


class SharedFetch:
    """Fetching with one answer for all who ask within its age, and the last answer again where the provider says so."""

    def __init__(self, fetcher: Fetcher, archive: Archive) -> None:
        self._fetcher = fetcher
        self._archive = archive
        self._last: dict[Request, tuple[Payload, str]] = {}

    def __call__(self, request: Request, *, now: datetime) -> Fetched:
        """Return an answer with a payload; see `tipoff.engine.run.Fetch`."""
        last = self._last.get(request)
        if last is not None and request.max_age and now - last[0].fetched_at <= request.max_age:
            return Fetched(payload=last[0], status=last[0].status, etag=last[1])
        fetched = self._fetcher.get(request, now=now, etag=last[1] if last else None)
        if fetched.payload is None and last is not None:
            payload = Payload(
                request=request, body=last[0].body, sha256=last[0].sha256, status=last[0].status, fetched_at=now
            )
            fetched = Fetched(payload=payload, status=fetched.status, etag=last[1])
        if fetched.payload is not None and (request.max_age or fetched.etag):
            self._last[request] = (fetched.payload, fetched.etag)
        return fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySpec:
    """What is to be replayed, and in which world."""

    league: League
    season: Season
    days: tuple[date, date]
    world: World


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A replay's end, for the views: what ran, what it cost."""

    counts: Mapping[str, int]
    wall_s: float
    peak_rss_mb: float
    summaries: Mapping[str, Mapping[str, object]]
    queries: Mapping[str, int]


def run_replay(
    settings: Settings, spec: ReplaySpec, *, progress: Callable[[Progress], None], crash_at: str = ""
) -> Replayed:
    """Replay `spec` in the settings' home, going on from where its clock stands.

    Raises:
        UsageError: The home belongs to another world, another process has it, or its clock is past these days.
    """
    began = stopwatch()
    home = Home(settings.home)
    at = kill_at(crash_at) if crash_at else never
    with home.lock():
        ledger = Ledger(home.ledger, profile=Profile.REPLAY)
        warehouse = DuckWarehouse(home.warehouse, profile=Profile.REPLAY, at=at)
        try:
            clock = _clock(ledger, spec)
            controller = _controller(settings, spec, home, clock, ledger, warehouse, at)
            until = midnight(spec.days[1]) + AFTER_THE_LAST_DAY
            replay(controller, clock, until=until, progress=progress)
            summaries = _summaries(spec, warehouse)
            queries = dict(warehouse.counts)
        finally:
            warehouse.close()
            ledger.close()
    counts = controller.counts
    return Replayed(
        counts={
            "ticks": counts.ticks,
            "finished": counts.finished,
            "failed": counts.failed,
            "expired": counts.expired,
            "unchanged": counts.unchanged,
        },
        wall_s=round(stopwatch() - began, 3),
        peak_rss_mb=peak_rss_mb(),
        summaries=summaries,
        queries=queries,
    )


def _clock(ledger: Ledger, spec: ReplaySpec) -> SimClock:
    """Return the home's clock; a new home takes the world's fingerprint, a known one must have the same."""
    known = ledger.home()
    world = {"world": spec.world.name, "fingerprint": spec.world.fingerprint, "season": spec.season.name}
    if not known:
        batch = Batch()
        for key, value in (world | {"league": spec.league.name, "about": json.dumps(spec.world.describe())}).items():
            batch.add("home", {"key": key, "value": value})
        ledger.commit(batch)
    other = [key for key, value in world.items() if known.get(key, value) != value]
    if other:
        was, is_now = ({key: facts.get(key) for key in other} for facts in (known, world))
        msg = f"this home belongs to another world: it was made with {was}, asked for is {is_now}"
        raise UsageError(msg, hint="set TIPOFF_HOME to another folder")
    start = opening_of(spec.league, spec.season, spec.days[0])
    at = datetime.fromisoformat(known["clock_at"]) if "clock_at" in known else start
    return SimClock(max(at, start))


def _controller(  # noqa: PLR0913 -- the one place where the parts meet
    settings: Settings,
    spec: ReplaySpec,
    home: Home,
    clock: SimClock,
    ledger: Ledger,
    warehouse: DuckWarehouse,
    at: Callable[[str], None],
) -> Controller:
    archive = Archive(home.archive, profile=Profile.REPLAY)
    published = Published(home.published, profile=Profile.REPLAY, at=at)
    client = httpx.Client(transport=spec.world.transport(clock), timeout=30.0)
    secrets = {"odds_api_key": "simulated", "balldontlie_key": "simulated"}
    fetch = SharedFetch(Fetcher(client, archive, secrets=secrets), archive)
    loaded = warehouse.prepare(spec.league.steps)
    runner = Runner(
        warehouse=warehouse,
        published=published,
        tables={step.name: step.table for step in spec.league.steps},
        fetch=fetch,
        now=clock.now,
        stopwatch=stopwatch,
        at=at,
    )
    return Controller(
        league=spec.league,
        season=spec.season,
        days=spec.days,
        loaded=loaded,
        ledger=ledger,
        warehouse=warehouse,
        published_proofs=published.proofs,
        executor=runner,
        identity=Identity(
            build=build(), settings_hash=settings.hash, worker=f"inline-{os.getpid()}", holder="the owner of this home"
        ),
        jitter=steady_jitter,
        at=at,
    )


def _summaries(spec: ReplaySpec, warehouse: DuckWarehouse) -> dict[str, dict[str, object]]:
    tables = [step.table for step in spec.league.steps]
    bounds = {"season_start": spec.days[0], "season_end": spec.days[1]}
    return {name: warehouse.query(sql, tables, bounds).to_pylist()[0] for name, sql in spec.league.summary_sql.items()}


def steady_jitter(name: str) -> float:
    """Return a number in [0, 1) that is the same for the same name, so that a replay repeats itself."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32


def peak_rss_mb() -> float:
    """Return the most memory that this process has held; Linux lets a child inherit its parent's peak in `getrusage`."""
    status = Path("/proc/self/status")
    if not status.exists():
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    [peak] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return round(int(peak.split()[1]) / 1024, 1)


def build() -> str:
    """Return which Tipoff this is."""
    return importlib.metadata.version("tipoff")


def replay_spec(settings: Settings, league: str, span: str, *, world: str, seed: int) -> ReplaySpec:
    """Return what `tipoff replay LEAGUE SPAN` means, with its world built.

    `span` is a season, FROM..TO, or in the sample world `sample:DAYS`.

    Raises:
        UsageError: The league, season or days are not known; TIPOFF_DATA is not set or cannot be read.
    """
    declared = league_named(league)
    if world == "sample":
        season = sample_season(_days(span))
        made = SampleNba(first_day=season.first_day, days=len(season.days()), season=season.name, seed=seed)
        return ReplaySpec(league=declared, season=season, days=(season.first_day, season.last_day), world=made)
    season, days = parse_span(span, declared)
    if settings.data is None:
        msg = "TIPOFF_DATA is not set: the recorded world needs a folder of recorded seasons"
        raise UsageError(
            msg, hint="set TIPOFF_DATA, or use the synthetic league: tipoff replay nba sample:14 --world sample"
        )
    return ReplaySpec(
        league=declared, season=season, days=days, world=RecordedNba(settings.data, season.name, seed=seed)
    )


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


def replay_report(
    settings: Settings, spec: ReplaySpec, *, progress: Callable[[Progress], None], crash_at: str = ""
) -> dict[str, Any]:
    """Replay, and return the report: what the ledger says of the season, the accuracy, what it cost."""
    replayed = run_replay(settings, spec, progress=progress, crash_at=crash_at)
    ledger = Ledger(Home(settings.home).ledger, read_only=True)
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
