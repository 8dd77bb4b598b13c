"""A small league of no sport, its book filled by hand: what the engine's rules are tried on, without a store."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow as pa

from tipoff.core.clock import midnight
from tipoff.core.league import League
from tipoff.core.obligation import AT_START, SLATE_UNIT, Anchor, Moment, Timing, Units
from tipoff.core.proof import Proof, UnitProof
from tipoff.core.records import WaiverRecord
from tipoff.core.schema import DAY, WHOLE_SLATE, Phase, Table, text
from tipoff.core.slate import Game, GameStatus, Season
from tipoff.core.step import PublishWork, SourceWork, SqlWork, Step
from tipoff.core.window import Input
from tipoff.engine.book import Book, Entry
from tipoff.engine.inputs import made_from
from tipoff.engine.judge import Judgement, judge
from tipoff.store.dialect import CompiledStep

SEASON = Season("2024", date(2024, 4, 1), date(2024, 9, 30))
TODAY = date(2024, 5, 10)
YESTERDAY = TODAY - timedelta(days=1)
HOUR = timedelta(hours=1)
NOON = midnight(TODAY) + 12 * HOUR
EVENING = midnight(TODAY) + 19 * HOUR


def at(hours: float) -> Moment:
    """Return a moment of the slate's day."""
    return Moment(Anchor.MIDNIGHT, timedelta(hours=hours))


def start(hours: float = 0) -> Moment:
    """Return a moment told from the game's own start."""
    return Moment(Anchor.OWN_START, timedelta(hours=hours))


def nothing(*_given: Any) -> Any:
    """Stand for work that these tests never do."""
    raise AssertionError


SOURCE = SourceWork(source="provider", requests=nothing, parse=nothing)
PUBLISH = PublishWork(inputs=(), transform=nothing)
SQL = SqlWork(sql="")
SCHEDULE_TIMING = Timing(opens=at(-6), due=at(10), settles=at(36), refresh=6 * HOUR)
BEFORE_START = Timing(opens=at(9), due=start(-1), closes=AT_START)
AFTER = Timing(opens=start(3), due=at(34))


def step(name: str, work: Any = SQL, timing: Timing = AFTER, units: Units | None = None, **more: Any) -> Step:
    """Return a step of the league `x`."""
    unit_columns = () if units == SLATE_UNIT else ("game_id", "part") if units and units.each else ("game_id",)
    table = Table(
        league="x",
        phase=Phase.RAW,
        name=name,
        columns=(DAY, text("game_id"), text("part")),
        key=("game_id", "part"),
        unit_columns=unit_columns,
    )
    return Step(table=table, work=work, timing=timing, units=units or Units(), **more)


SCHEDULE = step("schedule", SOURCE, SCHEDULE_TIMING, SLATE_UNIT)


def read_no_games(_rows: pa.Table) -> Sequence[Game]:
    """Return no game."""
    return ()


def book_of(
    steps: Mapping[Step, Iterable[Input]],
    games: Iterable[Game],
    *,
    schedule_seen_at: datetime | None = NOON,
    begins: date | None = None,
) -> Book:
    """Return a book with the days of `games` open; each step reads what it is given."""
    compiled = {each.name: CompiledStep(each, tuple(inputs), "v1") for each, inputs in {SCHEDULE: (), **steps}.items()}
    league = League(name="x", steps=(SCHEDULE, *steps), schedule="schedule", read_games=read_no_games, summary_sql={})
    book = Book(league, SEASON, compiled, begins)
    by_day: dict[date, list[Game]] = {}
    for game in games:
        by_day.setdefault(game.day, []).append(game)
    for day, of_day in sorted(by_day.items()):
        book.open_day(day)
        book.set_games(day, tuple(of_day))
        if schedule_seen_at is not None:
            prove(book, "schedule", day, [WHOLE_SLATE], as_of=schedule_seen_at, made=made_from(()))
    return book


def game(  # noqa: PLR0913 -- what a game is
    game_id: str,
    home: str = "AAA",
    away: str = "BBB",
    *,
    day: date = TODAY,
    starts_at: datetime | None = EVENING,
    status: GameStatus = GameStatus.SCHEDULED,
) -> Game:
    """Return a game."""
    return Game(game_id=game_id, day=day, home=home, away=away, starts_at=starts_at, status=status)


def prove(  # noqa: PLR0913 -- what a proof is
    book: Book,
    output: str,
    day: date,
    units: Iterable[str],
    *,
    as_of: datetime | None = None,
    content: str = "rows",
    made: str = "",
    n_rows: int = 5,
    excuse: str = "",
    version: str = "v1",
    partial: bool = False,
) -> Proof:
    """Let `units` be proven beside what was before; `made` is what they were made from, what is there now where it is empty."""
    entry = book.entries[output, day]
    known = dict(entry.proof.units) if entry.proof else {}
    for unit in units:
        known[unit] = UnitProof(
            unit=unit,
            n_rows=0 if excuse else n_rows,
            content_hash="" if excuse else f"{content} of {unit}",
            made_from=made,
            excuse=excuse,
            as_of=as_of,
            partial=partial,
        )
    proof = Proof(league="x", output=output, day=day, fence=1, made_at=as_of or NOON, step_version=version, units=known)
    book.set_proof(proof)
    return proof


def waiver(until: datetime, day: date = TODAY) -> WaiverRecord:
    """Return a person's word that what is made of the raw output need not wait for it."""
    place = {"league": "x", "output": "made", "day": day, "input": "raw"}
    return WaiverRecord(id=1, by="me", reason="because", made_at=NOON, until=until, revoked_at=None, **place)  # type: ignore[arg-type]


def entry_of(book: Book, output: str, day: date = TODAY) -> Entry:
    """Return an obligation."""
    return book.entries[output, day]


def judged(book: Book, output: str, now: datetime, day: date = TODAY) -> Judgement:
    """Judge an obligation, and take up what became of its units as a controller does."""
    entry = book.entries[output, day]
    found = judge(book, entry, now)
    assert found is not None
    entry.state, entry.excused, entry.missing = found.state, found.excused, found.missing
    entry.lost, entry.no_result = found.lost, found.no_result
    return found


def made_as_judged(book: Book, output: str, now: datetime, day: date = TODAY, **more: Any) -> None:
    """Let everything be proven that a judgement at `now` plans."""
    for plan in judged(book, output, now, day).plans:
        for unit, made in plan.units.items():
            prove(book, output, day, [unit], made=made, as_of=plan.as_of, **more)
