"""What the commands do: which world and days are meant, replaying them, the report."""

import dataclasses
import gc
import re
import resource
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from tipoff.app.catching_up import lacking
from tipoff.app.holder import lock
from tipoff.app.instance import Instance, ReplaySpec, clock_of
from tipoff.app.loop import LeagueReplay, Outage, Progress, replay_together
from tipoff.app.parts import Hook, Parts, never
from tipoff.app.providers import must_have_models
from tipoff.app.watching import Watch
from tipoff.config import Settings
from tipoff.core.build import build
from tipoff.core.clock import SimClock, midnight, stopwatch
from tipoff.core.errors import UsageError
from tipoff.core.fault import Fault
from tipoff.core.league import League
from tipoff.core.slate import Season
from tipoff.core.wording import counted
from tipoff.leagues.catalog import NO_WORLD, content_named
from tipoff.ledger import Ledger
from tipoff.ledger.facts import league_facts, season_of
from tipoff.sources.content import Content, Recorded
from tipoff.sources.world import World
from tipoff.store.warehouse import Warehouse
from tipoff.views.report import replay_report

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_GARBAGE = 20_000  # new objects, after which it is looked for: rows come and go by the ten thousand, and leave none
AFTER_THE_LAST_DAY = timedelta(days=4)  # what has not come by then is shown as late


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A replay's end, for the views: what ran, what it cost."""

    counts: Mapping[str, int]
    wall_s: float
    loading_s: float  # of it, for earlier seasons
    peak_rss_mb: float
    summaries: Mapping[str, Mapping[str, object]]
    queries: Mapping[str, int]


def run_together(  # noqa: PLR0913 -- a replay and what disturbs it
    settings: Settings,
    specs: Sequence[ReplaySpec],
    *,
    progress: Callable[[Progress], None],
    at: Hook = never,
    watched: bool = False,
    parts: Parts | None = None,
    outages: Sequence[Outage] = (),
) -> list[Replayed]:
    """Replay leagues in one home on one simulated clock, each going on from where its own stands; raises as `clock_of`, `lock`.

    `parts` are what they are built from, if not the honest ones; `outages` times without ticks; `at` is called at named points.
    """
    began, home = stopwatch(), settings.place
    with lock(home), ExitStack() as opened:
        starts = [clock_of(home, spec).now() for spec in specs]
        clock = SimClock(min(starts))
        instances = [
            opened.enter_context(closing(Instance(settings, spec, clock, at=at, parts=parts))) for spec in specs
        ]
        lines = []
        for spec, instance, start in zip(specs, instances, starts, strict=True):
            line = LeagueReplay(instance, at=start, until=end_of(spec), progress=progress, outages=outages)
            if watched:
                line.look = opened.enter_context(closing(watch_of(spec, instance, outages))).look
            lines.append(line)
        with _seldom_looking_for_garbage():
            replay_together(lines, clock)
            found = [_summaries(spec, instance.warehouse) for spec, instance in zip(specs, instances, strict=True)]
    return [
        Replayed(
            counts=dict(instance.counts),
            wall_s=round(stopwatch() - began, 3),
            loading_s=round(instance.loading_s, 3),
            peak_rss_mb=peak_rss_mb(),
            summaries=summaries,
            queries=dict(instance.queries),
        )
        for instance, summaries in zip(instances, found, strict=True)
    ]


@contextmanager
def _seldom_looking_for_garbage() -> Iterator[None]:
    """Leave the worlds alone, which stay: to look among their records again and again would cost a season seconds."""
    gc.freeze()
    usual = gc.get_threshold()
    gc.set_threshold(_GARBAGE, *usual[1:])
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*usual)


def watch_of(spec: ReplaySpec, instance: Instance, outages: Sequence[Outage]) -> Watch:
    """Return what watches a replay of `spec`: messages are kept in the ledger, and sent to nobody."""
    return Watch(
        league=spec.league,
        season=spec.season,
        days=spec.days,
        home=instance.home,
        stores=instance,
        outages=outages,
        build=build(),
    )


def span_of_home(settings: Settings, league: League, span: str) -> tuple[Season, tuple[date, date]]:
    """Return the season and the days that FROM..TO means in a home; raises `UsageError` where it is no span."""
    days = days_of(span)
    if days is None:
        msg = f"{span!r} is no FROM..TO"
        raise UsageError(msg, hint="write 2024-03-01..2024-03-31")
    with Ledger(settings.place.ledger, read_only=True) as ledger:
        return season_of(ledger, league.name, days[0]), days


def spec_of_home(settings: Settings, league: str, span: str, *, world: str, seed: int) -> ReplaySpec:
    """Return what days of a home's replay mean, by its own world where none is named; raises as `replay_spec`, `season_of`."""
    known = ""
    if settings.place.has_ledger:
        with Ledger(settings.place.ledger, read_only=True) as ledger:
            known = league_facts(ledger, league).world
    world = world or known or "recorded"
    if not known or world != "sample" or days_of(span) is None:
        return replay_spec(settings, league, span, world=world, seed=seed)
    season, days = span_of_home(settings, content_named(league).league, span)
    spec = replay_spec(settings, league, f"{season.name}:{len(season.days())}", world=world, seed=seed)
    if days[1] > season.last_day:
        msg = f"{span!r} goes beyond the season {season.name}, which ends on {season.last_day}"
        raise UsageError(msg, hint=f"known are the days from {season.first_day} to {season.last_day}")
    return dataclasses.replace(spec, days=days)


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
    [peak] = [line for line in status.read_text("utf-8").splitlines() if line.startswith("VmHWM")]
    return round(int(peak.split()[1]) / 1024, 1)


def replay_spec(  # noqa: PLR0913 -- what a replay is told
    settings: Settings,
    league: str,
    span: str,
    *,
    world: str,
    seed: int,
    faults: Callable[[date], Sequence[Fault]] = lambda _first_day: (),
    disturbed: bool = False,
    together: bool = False,
) -> ReplaySpec:
    """Return what `tipoff replay LEAGUE SPAN` means, with its world built.

    `span` is a season, a day, FROM..TO, or in the sample world `sample:DAYS`. `faults` are told by its first day; a recorded
    season may be `disturbed` by its own mixture instead. Leagues `together` have each its season's days.

    Raises:
        UsageError: The league, season or days are not known; TIPOFF_DATA is not set or cannot be read.
    """
    content = content_named(league)
    must_have_models(content)
    made: World
    if world == "sample":
        if content.sample is None:
            msg = f"{league} has no sample world"
            raise UsageError(msg, hint="replay its recorded seasons" if content.recorded else NO_WORLD)
        season = _sample_season(content.sample.season, span)
        told = faults(season.first_day)
        made, days = content.sample.world(season, seed=seed, faults=told), (season.first_day, season.last_day)
        asked = f"{span}, seed {seed}, {counted(len(told), 'fault')}"
        return ReplaySpec(league=content.league, season=season, days=days, world=made, asked=asked)
    if content.recorded is None:
        msg = f"{league} has no recorded world"
        raise UsageError(msg, hint="replay its sample world: --world sample" if content.sample else NO_WORLD)
    days_of(span)
    if settings.data is None:
        msg = "TIPOFF_DATA is not set: the recorded world needs a folder of recorded seasons"
        raise UsageError(
            msg, hint=f"set TIPOFF_DATA, or use the synthetic league: tipoff replay {league} sample:14 --world sample"
        )
    season, days = parse_span(span, content.recorded, settings.data, together=together)
    told = faults(days[0])
    made = content.recorded.world(settings.data, season.name, seed=seed, disturbed=disturbed, faults=told)
    asked = f"seed {seed}, {'the faults of its season' if disturbed else counted(len(told), 'fault')}, {settings.data}"
    spec = ReplaySpec(league=content.league, season=season, days=days, world=made, asked=asked)
    return _going_on(spec, content, content.recorded.names(settings.data))


def _going_on(spec: ReplaySpec, content: Content, recorded: Sequence[str]) -> ReplaySpec:
    """Have a replay go on from the seasons that its models do not know, or say what is off, where they are not recorded."""
    earlier = content.live.earlier if content.live else None
    if earlier is None or not earlier.output or not (names := earlier.missing(spec.season)):
        return spec
    lacks = [name for name in names if name not in recorded]
    if not lacks:
        return dataclasses.replace(spec, league=content.going_on(), goes_on=True)
    off = lacking(dataclasses.replace(earlier, output=""), lacks, None, spec.season.first_day)
    return dataclasses.replace(spec, off=(off,))


def _sample_season(longest: Season, span: str) -> Season:
    name, _, days = span.partition(":")
    most = len(longest.days())
    if name != "sample" or not days.isdigit() or not 1 <= int(days) <= most:
        msg = f"{span!r} is no span of the sample world"
        raise UsageError(msg, hint=f"write sample:14; at most sample:{most}")
    return dataclasses.replace(longest, last_day=longest.first_day + timedelta(days=int(days) - 1))


def days_of(span: str) -> tuple[date, date] | None:
    """Read FROM..TO, or a day; None for what is to be a season's name. Raises `UsageError` for what cannot be read."""
    first_text, dots, last_text = span.partition("..")
    if not dots and not _DAY.fullmatch(span):
        return None
    try:
        first, last = date.fromisoformat(first_text), date.fromisoformat(last_text if dots else first_text)
    except ValueError as error:
        msg = f"{span!r} is neither a season nor FROM..TO: {error}"
        raise UsageError(msg, hint="write 2023-24, 2024-03-01 or 2024-03-01..2024-03-31") from error
    if last < first:
        msg = f"{span!r} ends before it begins"
        raise UsageError(msg, hint="write the earlier day first")
    return first, last


def parse_span(
    span: str, recorded: Recorded, data: Path, *, together: bool = False
) -> tuple[Season, tuple[date, date]]:
    """Read `2023-24`, `2024-03-01` or `2024-03-01..2024-03-31`, whatever seasons the data folder holds.

    Of leagues that are replayed `together` each has the days that lie in a season of its own.

    Raises:
        UsageError: It is neither, the season is not there, or the days do not lie in one season.
    """
    days = days_of(span)
    if days is None:
        season = recorded.season(data, span)
        return season, (season.first_day, season.last_day)
    first, last = days
    names = recorded.names(data)
    seasons: list[Season] = []
    for name in reversed(names):
        seasons.insert(0, recorded.season(data, name))
        if seasons[0].first_day <= first:
            break
    met = [season for season in seasons if season.first_day <= last and first <= season.last_day]
    if not met or (first < met[0].first_day and not together):
        msg = f"{first} lies in no season that {data} holds"
        near = min(seasons, key=lambda one: min(abs(first - one.first_day), abs(first - one.last_day)), default=None)
        nearest = f"; the nearest is {near.first_day}..{near.last_day}" if near else ""
        raise UsageError(msg, hint=f"it holds: {', '.join(names) or 'none'}{nearest}")
    [season, *others] = met
    if others or (last > season.last_day and not together):
        msg = f"{span!r} goes beyond the season {season.name}, which ends on {season.last_day}"
        raise UsageError(msg, hint="replay one season at a time")
    return season, (max(first, season.first_day), min(last, season.last_day))


def together_report(
    settings: Settings,
    specs: Sequence[ReplaySpec],
    *,
    progress: Callable[[Progress], None],
    **told: Any,  # noqa: ANN401 -- as `run_together` is told
) -> list[dict[str, Any]]:
    """Replay leagues on one clock, and return each one's report."""
    replayed = run_together(settings, specs, progress=progress, **told)
    with Ledger(settings.place.ledger, read_only=True) as ledger:
        return [_report(ledger, spec, found) for spec, found in zip(specs, replayed, strict=True)]


def _report(ledger: Ledger, spec: ReplaySpec, replayed: Replayed) -> dict[str, Any]:
    return (
        replay_report(ledger, spec.league, spec.season)
        | {"simulated_days": (spec.days[1] - spec.days[0]).days + 1, "slates": spec.world.game_days(*spec.days)}
        | {name: dict(values) for name, values in replayed.summaries.items()}
        | {"this_time": dict(replayed.counts), "warehouse": dict(replayed.queries)}
        | {"wall_s": replayed.wall_s, "loading_s": replayed.loading_s, "peak_rss_mb": replayed.peak_rss_mb}
    )
