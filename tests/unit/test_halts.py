"""The rules of halts, on the judgement itself and on the documents."""

import dataclasses
import json
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from tests.engine import (
    BEFORE_START,
    EVENING,
    HOUR,
    NOON,
    PUBLISH,
    SEASON,
    TODAY,
    book_of,
    entry_of,
    game,
    prove,
    step,
)

from tipoff.core.clock import league_day
from tipoff.core.errors import WarehouseError
from tipoff.core.gate import Evidence
from tipoff.core.obligation import State, Verb
from tipoff.core.records import HaltRecord
from tipoff.core.rows import table_from_records
from tipoff.core.schema import Phase
from tipoff.engine.book import Book
from tipoff.engine.halts import Halts, under_halt
from tipoff.engine.judge import Judgement, judge
from tipoff.store.published import Published
from tipoff.store.warehouse import WriteRequest

PAGE = step("page", PUBLISH, BEFORE_START)
FEATURES = step("features", timing=BEFORE_START)
CLOSED = EVENING + HOUR


def halt(output: str = "", *, until: datetime = CLOSED, ended_at: datetime | None = None) -> HaltRecord:
    return HaltRecord(
        id=1,
        league="x",
        output=output,
        by="ada",
        reason="the lines are wrong",
        made_at=NOON - HOUR,
        until=until,
        ended_at=ended_at,
        ended_by="ada" if ended_at else None,
    )


def judged(book: Book, at: datetime, halts: list[HaltRecord], output: str = "page") -> Judgement:
    found = judge(book, entry_of(book, output), at)
    assert found is not None
    return under_halt(halts, entry_of(book, output), found, at)


@pytest.fixture
def book() -> Book:
    return book_of({PAGE: (), FEATURES: ()}, [game("g")], schedule_seen_at=EVENING + HOUR / 2)


def test_what_is_halted_is_held_until_the_halt_expires_and_says_by_whom(book: Book) -> None:
    found = judged(book, NOON, [halt()])

    assert (found.state, found.verb, found.plans, found.until) == (State.HELD, Verb.HOLD, (), CLOSED)
    assert found.reason.startswith("halted by ada until ")
    assert found.reason.endswith(": the lines are wrong")
    assert judged(book, NOON, [halt(until=NOON + HOUR)]).wake_at == NOON + HOUR


def test_what_is_halted_is_not_late_past_its_due(book: Book) -> None:
    assert judged(book, EVENING - HOUR / 2, []).state is State.LATE
    assert judged(book, EVENING - HOUR / 2, [halt()]).state is State.HELD


@pytest.mark.parametrize("halts", [[], [halt("other")], [halt(until=NOON)], [halt(ended_at=NOON)]])
def test_what_is_not_halted_or_not_any_more_is_made(book: Book, halts: list[HaltRecord]) -> None:
    assert judged(book, NOON, halts).verb is Verb.RUN


def test_a_halt_of_every_publication_stops_no_other_work(book: Book) -> None:
    assert judged(book, NOON, [halt()], "features").verb is Verb.RUN
    assert judged(book, NOON, [halt("page")]).verb is Verb.HOLD


def test_what_closes_under_a_halt_is_excused_for_good_and_not_lost(book: Book) -> None:
    assert judged(book, CLOSED + HOUR, []).state is State.LOST

    for over in (halt(until=CLOSED), halt(until=CLOSED, ended_at=EVENING + HOUR / 2)):
        found = judged(book, CLOSED + 9 * HOUR, [over])
        assert (found.state, found.missing, found.lost) == (State.EXCUSED, (), frozenset())
        assert found.excused["g"] == over.text
    ended_before = halt(until=CLOSED, ended_at=EVENING - HOUR)
    assert judged(book, CLOSED + HOUR, [ended_before]).state is State.LOST


def test_a_publication_that_is_out_stays_proven_and_is_not_brought_up_to_date(book: Book) -> None:
    prove(book, "page", TODAY, ["g"], as_of=NOON, made="of another input")

    found = judged(book, NOON + HOUR, [halt()])

    assert (found.state, found.verb, found.plans) == (State.PROVEN, Verb.HOLD, ())
    assert book.evidence("page", TODAY, "g") is Evidence.PROVEN


def test_publications_are_judged_anew_when_a_halt_begins_and_when_it_ends(book: Book) -> None:
    marked: list[tuple[int, str]] = []
    halts = Halts(lambda found, since: marked.append((len(found), str(since))))
    day = str(league_day(NOON))

    assert halts.take(book, [], NOON) == []
    assert halts.take(book, [halt()], NOON) == [("page", TODAY)]
    assert halts.take(book, [halt()], NOON + HOUR) == []
    assert halts.take(book, [halt()], CLOSED) == [("page", TODAY)]
    assert marked == [(0, day), (1, day), (0, day)]


# --- the documents

SHOWN = dataclasses.replace(PAGE, table=dataclasses.replace(PAGE.table, phase=Phase.PUBLISHED))
REQUEST = WriteRequest(
    step=SHOWN, season=SEASON, day=TODAY, fence=1, as_of=NOON, step_version="v1", units={"g": ""}, written_at=NOON
)


def rows(part: str) -> pa.Table:
    return table_from_records(SHOWN.table, [{"day": TODAY, "game_id": "g", "part": part}])


def published(folder: Path, *, halted: str = "") -> Published:
    return Published(folder, now=lambda: NOON, halted=lambda _league, _output: halted)


def test_a_halt_is_looked_at_where_a_file_is_replaced_and_the_file_stands_as_it_stood(tmp_path: Path) -> None:
    published(tmp_path).replace(REQUEST, rows("one"))
    before = {path.name: path.read_bytes() for path in tmp_path.rglob("*.*")}

    with pytest.raises(WarehouseError, match="page of 2024-05-10 is halted by ada"):
        published(tmp_path, halted=halt().text).replace(
            dataclasses.replace(REQUEST, fence=2, evidence=True), rows("two")
        )

    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*.*")} == before


def test_a_document_says_by_whom_it_is_halted_and_nothing_once_that_has_ended(tmp_path: Path) -> None:
    store = published(tmp_path)
    store.replace(REQUEST, rows("one"))
    path = store.path(SHOWN, TODAY)
    before = path.read_bytes()

    store.mark([SHOWN], [halt("other")], TODAY)
    store.mark([SHOWN], [halt("page")], TODAY + timedelta(days=1))
    assert path.read_bytes() == before
    store.mark([SHOWN], [halt("page")], TODAY)
    marked = json.loads(path.read_text())
    assert marked["halted"] == {"by": "ada", "reason": "the lines are wrong", "until": CLOSED.isoformat()}
    assert (store.losses([SHOWN]), len(store.survey(SHOWN.table.league)[0]), marked["rows"][0]["part"]) == (
        [],
        1,
        "one",
    )

    store.mark([SHOWN], [], TODAY)
    assert path.read_bytes() == before


def test_a_document_says_what_was_off_when_it_was_written_and_nothing_where_nothing_was(tmp_path: Path) -> None:
    off = {SHOWN.table.league: ["lines: off, the key is not set"]}
    store = Published(tmp_path, now=lambda: NOON, off=lambda league: off.get(league, ()))

    store.replace(REQUEST, rows("one"))
    without = json.loads(store.path(SHOWN, TODAY).read_text())
    off.clear()
    store.replace(dataclasses.replace(REQUEST, fence=2, evidence=True), rows("two"))
    with_one = json.loads(store.path(SHOWN, TODAY).read_text())

    assert (without["off"], without["rows"][0]["part"]) == (["lines: off, the key is not set"], "one")
    assert ("off" in with_one, with_one["rows"][0]["part"]) == (False, "two")
    assert store.losses([SHOWN]) == []
