"""A season fetched from the live providers into a data folder, day by day: what is whole stays, the rest is asked again."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from tipoff.app.providers import live_league
from tipoff.app.replay import days_of
from tipoff.config import Settings
from tipoff.core.clock import Clock, league_day
from tipoff.core.errors import SourceError, UsageError
from tipoff.core.home import Profile
from tipoff.core.league import League
from tipoff.core.parsing import parsed_by, shape_of
from tipoff.core.payload import Payload, Request
from tipoff.core.rows import arrow_schema, table_from_records
from tipoff.core.slate import GameStatus, Season, Slate
from tipoff.core.step import Context, SourceWork
from tipoff.core.wording import counted
from tipoff.leagues.catalog import CONTENTS, content_named
from tipoff.ledger import Ledger
from tipoff.ledger.outside import OutsideStore
from tipoff.sources.ask import Asker
from tipoff.sources.content import Recorder
from tipoff.sources.live import LiveWorld
from tipoff.store.archive import Archive, write_whole

GIVEN_UP_AFTER = 3  # days in a row for which no provider answered
Row = dict[str, Any]
Say = Callable[[str], None]


@dataclass(slots=True)
class Recording:
    """What came of it: the days that are whole in the folder, and why others are not."""

    season: str = ""
    days: int = 0
    whole: int = 0
    asked: int = 0
    not_whole: dict[date, str] = field(default_factory=dict)


def record(  # noqa: PLR0913 -- what recording touches
    settings: Settings, league: str, span: str, world: LiveWorld, clock: Clock, say: Say
) -> Recording:
    """Fetch what is not yet whole of a season, or of some days of one, and write the season's files of all that is.

    Raises:
        UsageError: There is no data folder, or it has the season from elsewhere, or the span is none.
        SourceError: No provider gives the season's schedule.
    """
    content = content_named(league)
    recorder = content.live.recorder if content.live else None
    if recorder is None:
        msg = f"{league} cannot be recorded"
        able = [name for name, one in CONTENTS.items() if one.live and one.live.recorder]
        raise UsageError(msg, hint=f"leagues that can: {', '.join(able)}")
    first, last, name = _span_of(recorder, span)
    folder = _folder(settings, league, name)
    settings.place.root.mkdir(parents=True, exist_ok=True)
    Ledger(settings.place.ledger).close()  # made, where there is none: the asker remembers in it
    memory = OutsideStore(settings.place.ledger)
    asker = world.asker(Archive(settings.place.archive, profile=Profile.LIVE), memory)
    try:
        work = _Work(live_league(content.league), recorder, asker, clock, folder, say)
        return work.record(name, first, last)
    finally:
        asker.close()
        memory.close()


def _span_of(recorder: Recorder, span: str) -> tuple[date | None, date | None, str]:
    days = days_of(span)
    if days is None:
        recorder.schedule_requests(span)  # refuses what is no season's name before a folder is named after it
        return None, None, span
    names = {recorder.season_named(day) for day in days}
    if len(names) > 1:
        msg = f"{span} does not lie in one season"
        raise UsageError(msg, hint="record each season by itself")
    return *days, names.pop()


def _folder(settings: Settings, league: str, season: str) -> Path:
    """Return where the season's days are kept; a season that came from elsewhere is left as it is."""
    if settings.data is None:
        msg = "there is no data folder to record into"
        raise UsageError(msg, hint="set TIPOFF_DATA to a folder; it is made where it is not there")
    files, days = settings.data / league, settings.data / league / "recorded" / season
    there = sorted(path.name for path in files.glob(f"*_{season}*")) if not days.exists() else []
    if there:
        msg = f"{files} has the season {season} from elsewhere: {there[0]}"
        raise UsageError(msg, hint="record into a folder of its own")
    days.mkdir(parents=True, exist_ok=True)
    return days


@dataclass(slots=True)
class _Work:
    league: League
    recorder: Recorder
    asker: Asker
    clock: Clock
    folder: Path
    say: Say
    _n_asked: int = 0

    def record(self, name: str, first: date | None, last: date | None) -> Recording:
        season, payload = self._schedule(name)
        done = Recording(season=name)
        days = [
            day
            for day in season.days()
            if (first or day) <= day <= (last or day) and day < league_day(self.clock.now())
        ]
        begun, failures = self.clock.now(), 0
        slates = [(day, rows) for day in days if (rows := self._games(payload, season, day)).num_rows]
        todo = [(day, rows) for day, rows in slates if not self._path(day).exists()]
        done.days = len(slates)
        for n, (day, rows) in enumerate(todo):
            try:
                why = self._day(season, day, rows)
                failures = 0
            except SourceError as error:
                why, failures = f"{error} ({error.hint})", failures + 1
            if why:
                done.not_whole[day] = why
            self.say(_progress(day, why, n + 1, len(todo), self.clock.now() - begun))
            if failures == GIVEN_UP_AFTER:
                self.say("no provider answers: run the same command again later, it goes on from here")
                break
        self._write(name)
        done.whole = sum(self._path(day).exists() for day, _ in slates)
        done.asked = self._n_asked
        return done

    def _schedule(self, name: str) -> tuple[Season, Payload]:
        """Return the season as the first provider tells it whose schedule is of it."""
        failure: SourceError | None = None
        for request in self.recorder.schedule_requests(name):
            try:
                payload = self._ask(request)
                with shape_of(payload):
                    season = self.recorder.season_of(payload)
            except SourceError as error:
                failure = error
                continue
            if season.name == name:
                return season, payload
        if failure is not None:
            raise failure
        msg = f"no provider gives the schedule of {name}"
        raise UsageError(msg, hint="is it a season that was played?")

    def _ask(self, request: Request) -> Payload:
        self._n_asked += 1
        return self.asker(request, now=self.clock.now).payload

    def _parsed(self, output: str, payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> list[Row]:
        found = parsed_by(self._source(output).parse, payload, context, inputs).rows
        return [row | {"known_at": payload.fetched_at} for row in found]

    def _games(self, payload: Payload, season: Season, day: date) -> pa.Table:
        table = self.league.table(self.league.schedule)
        context = Context(slate=Slate(self.league.name, season, day), units=frozenset(), as_of=self.clock.now())
        nothing = {table.name: arrow_schema(table).empty_table()}
        rows = self._parsed(self.league.schedule, payload, context, nothing)
        return table_from_records(table, [row for row in rows if row["status"] == GameStatus.FINAL.value])

    def _day(self, season: Season, day: date, schedule: pa.Table) -> str:
        games = tuple(self.league.games(schedule))
        units = frozenset(game.game_id for game in games)
        slate = Slate(self.league.name, season, day, games)
        context = Context(slate=slate, units=units, as_of=self.clock.now())
        inputs = {self.league.schedule: schedule}
        kept: dict[str, list[Row]] = {self.league.schedule: schedule.to_pylist()}
        for output in self.recorder.outputs:
            rows = list(self._rows(output, context, inputs))
            lacking = sorted(units - {row["game_id"] for row in rows})
            if lacking:
                return f"{output} lacks {', '.join(lacking)}"
            kept[output] = rows
        write_whole(self._path(day), json.dumps(kept, default=str).encode(), fsync=False)
        return ""

    def _rows(self, output: str, context: Context, inputs: Mapping[str, pa.Table]) -> Iterator[Row]:
        for request in self._source(output).requests(context, inputs):
            yield from self._parsed(output, self._ask(request), context, inputs)

    def _source(self, output: str) -> SourceWork:
        work = self.league.step(output).work
        if not isinstance(work, SourceWork):
            raise TypeError(work)
        return work

    def _path(self, day: date) -> Path:
        return self.folder / f"{day}.json"

    def _write(self, name: str) -> None:
        days = [json.loads(path.read_bytes()) for path in sorted(self.folder.glob("*.json"))]
        for file, content in self.recorder.files(name, days).items() if days else ():
            write_whole(self.folder.parents[1] / file, content, fsync=False)


def _progress(day: date, why: str, n: int, of: int, took: timedelta) -> str:
    left = took / n * (of - n)
    minutes = f", about {max(1, round(left.total_seconds() / 60))} min left" if n < of else ""
    return f"{day}: {why or 'whole'} ({n} of {of} days{minutes})"


def render_text(done: Recording) -> Sequence[str]:
    """Return what a person reads of it."""
    lines = [f"{done.season}: {done.whole} of {done.days} days are whole, {counted(done.asked, 'request')}"]
    lines += [f"  {day}: {why}" for day, why in done.not_whole.items()]
    return lines
