"""Earlier seasons, loaded once: the raw history that a season's windows reach back to, a month of slates in one write.

What is loaded is proven as everything is, and retrospective: it was not made in time for anything, and is only read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pyarrow as pa

from tipoff.core.errors import UsageError
from tipoff.core.league import League
from tipoff.core.proof import Proof
from tipoff.core.rows import arrow_schema, table_from_records
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context, SourceWork, Step
from tipoff.core.window import WindowKind
from tipoff.engine.pages import Fetch
from tipoff.store.dialect import CompiledStep
from tipoff.store.duck import DuckWarehouse
from tipoff.store.warehouse import Warehouse, WriteRequest

_AT_ONCE = 30  # days that are written together
_FENCE = 0  # below every run's: what a run makes of such a day later is newer


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """How far back each raw output is read: by output, the first day."""

    league: League
    season: Season
    since: Mapping[str, date]

    @property
    def first_day(self) -> date:
        """The earliest day of all."""
        return min(self.since.values(), default=self.season.first_day)

    def days(self) -> Sequence[date]:
        """Return every day before the season, from the earliest on."""
        n_days = (self.season.first_day - self.first_day).days
        return [self.first_day + timedelta(days=number) for number in range(n_days)]


def past_of(league: League, season: Season, loaded: Mapping[str, CompiledStep]) -> Past:
    """Return what windows reach of earlier seasons; raises `UsageError` where that is not raw: nothing would make it."""
    since: dict[str, date] = {}
    for step in league.steps:
        for read in loaded[step.name].inputs:
            if read.window.kind is WindowKind.SEASONS and season.earlier:
                source = league.step(read.table)
                if not isinstance(source.work, SourceWork):
                    msg = f"{step.name} reads {read.table} of earlier seasons, which is not raw"
                    raise UsageError(msg, hint="let it read what the table is made from")
                first, _ = read.window.bounds(season.first_day, season)
                since[read.table] = min(first, since.get(read.table, first))
    return Past(league=league, season=season, since=since)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loader:
    past: Past
    warehouse: Warehouse
    loaded: Mapping[str, CompiledStep]
    fetch: Fetch
    now: Callable[[], datetime]

    def day(self, day: date, outputs: Sequence[str]) -> bool:
        """Load a day's outputs; returns whether there were games."""
        league, empty = self.past.league, Slate(self.past.league.name, self.past.season, day)
        schedule = self._made(league.step(league.schedule), empty, frozenset({WHOLE_SLATE}), {})[0]
        slate = Slate(league.name, self.past.season, day, tuple(league.games(schedule)))
        if not slate.played:
            return False
        units = frozenset(game.game_id for game in slate.played)
        for name in outputs:
            step = league.step(name)
            rows, excused = self._made(step, slate, units, {league.schedule: schedule})
            self.warehouse.replace(self._asked(step, slate, units, excused), rows)
        return True

    def _made(
        self, step: Step, slate: Slate, units: frozenset[str], inputs: Mapping[str, pa.Table]
    ) -> tuple[pa.Table, dict[str, str]]:
        work = step.work
        if not isinstance(work, SourceWork):
            raise TypeError(work)
        context = Context(slate=slate, units=units, as_of=self.now())
        tables = {**inputs, step.name: inputs.get(step.name, arrow_schema(step.table).empty_table())}
        records: list[dict[str, object]] = []
        excused: dict[str, str] = {}
        for request in work.requests(context, tables):
            parsed = work.parse(self.fetch(request, now=self.now).payload, context, tables)
            records += [record | {"known_at": context.as_of} for record in parsed.rows]
            excused |= parsed.excused
        return table_from_records(step.table, records), excused

    def _asked(self, step: Step, slate: Slate, units: frozenset[str], excused: Mapping[str, str]) -> WriteRequest:
        now = self.now()
        return WriteRequest(
            step=step,
            season=self.past.season,
            day=slate.day,
            fence=_FENCE,
            as_of=now,
            step_version=self.loaded[step.name].version,
            units=dict.fromkeys(units, ""),
            excused={unit: reason for unit, reason in excused.items() if unit in units},
            retrospective=True,
            written_at=now,
        )


def load_past(
    past: Past, warehouse: Warehouse, loaded: Mapping[str, CompiledStep], fetch: Fetch, now: Callable[[], datetime]
) -> int:
    """Load what is not there yet; returns on how many days there were games."""
    loader = _Loader(past=past, warehouse=warehouse, loaded=loaded, fetch=fetch, now=now)
    is_there = _known(past, warehouse.proofs(since=_FENCE - 1))
    n_loaded = 0
    days = past.days()
    for some in (days[place : place + _AT_ONCE] for place in range(0, len(days), _AT_ONCE)):
        wanted = {
            day: [name for name, first in past.since.items() if first <= day and not is_there(name, day)]
            for day in some
        }
        if any(wanted.values()):
            with warehouse.together() if isinstance(warehouse, DuckWarehouse) else nullcontext():
                n_loaded += sum(loader.day(day, outputs) for day, outputs in wanted.items() if outputs)
    return n_loaded


def _known(past: Past, proofs: Iterable[Proof]) -> Callable[[str, date], bool]:
    """Return what says whether a day is there: days are loaded in order, up to the one on which a season was begun here."""
    spans: dict[str, tuple[date, date]] = {}
    loaded: dict[tuple[str, date], date] = {}  # by output and its season's first day, the newest day
    begun: dict[tuple[str, date], date] = {}  # and the first that this home made itself

    def part(output: str, day: date) -> tuple[str, date]:
        return output, max((first for first in past.season.earlier if first <= day), default=date.min)

    for proof in proofs:
        name, day = proof.output, proof.day
        if proof.league == past.league.name and name in past.since and day < past.season.first_day:
            oldest, newest = spans.get(name, (day, day))
            spans[name] = min(oldest, day), max(newest, day)
            if proof.fence == _FENCE:
                loaded[part(name, day)] = max(day, loaded.get(part(name, day), day))
            else:
                begun[part(name, day)] = min(day, begun.get(part(name, day), day))

    def is_there(output: str, day: date) -> bool:
        oldest, newest = spans.get(output, (date.max, date.min))
        season = part(output, day)
        return oldest <= day <= newest and not loaded.get(season, date.min) < day < begun.get(season, date.min)

    return is_there
