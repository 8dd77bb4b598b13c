"""What history promises on every ledger and in every warehouse: each event arrives once, as it was."""

import io
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from sqlalchemy import insert, select, update
from tests.history import NOW, SLATE, Jobs, finding, finished, looks, outbox, started, tick, ticks, written

from tipoff.core.errors import LedgerError, ShapeError
from tipoff.core.quota import Kind
from tipoff.history.duck import DuckSink
from tipoff.history.findings import ROOM, Troubles
from tipoff.history.pace import PACE, Pace
from tipoff.history.seal import seal
from tipoff.history.sink import HistorySink
from tipoff.ledger import Ledger, batches, schema, watching
from tipoff.ledger.batches import SealedBatch as Sealed
from tipoff.ledger.history import history_batches, revisions
from tipoff.ledger.quota_use import QuotaGuard, read_used
from tipoff.ledger.streams import STREAMS, begin_streams

SCORE = {
    "league": "x",
    "day": NOW.date(),
    "complete": 1 / 7,
    "n_lost": 0,
    "n_incidents": 1,
    "n_false": 0,
    "is_clean": True,
    "late_by_phase": "{}",
    "failed_by_source": "{}",
    "at": NOW,
}
Rows = Callable[[str], list[dict[str, Any]]]


def of_duck(db: duckdb.DuckDBPyConnection) -> Rows:
    def rows(name: str) -> list[dict[str, Any]]:
        found = db.sql(f"SELECT * FROM tipoff_history.{name} ORDER BY event_number").to_arrow_table()  # noqa: S608 -- a test's own
        return found.to_pylist()  # type: ignore[no-any-return]

    return rows


@pytest.fixture(params=["duckdb", "jobs"])
def sink(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[HistorySink, Rows]]:
    """A warehouse, and how to read a stream of it."""
    if request.param == "jobs":
        jobs = Jobs()
        yield jobs, lambda name: jobs.rows[name]
        return
    db = duckdb.connect(str(tmp_path / "w.duckdb"))
    db.execute("SET TimeZone='UTC'")
    yield DuckSink(db.cursor()), of_duck(db)
    db.close()


def sealed(ledger: Ledger, name: str, *, pace: Pace = PACE, now: datetime = NOW) -> Sealed | None:
    stream = next(stream for stream in STREAMS if stream.name == name)
    standing = batches.standings(ledger, [stream])[name]
    return seal(ledger, stream, standing, home="h", pace=pace, now=now)


def content(ledger: Ledger, batch: Sealed) -> list[dict[str, Any]]:
    return pq.read_table(io.BytesIO(batches.content_of(ledger, batch))).to_pylist()  # type: ignore[no-any-return]


def test_what_is_written_arrives_as_it_was(ledger: Ledger, sink: tuple[HistorySink, Rows]) -> None:
    box = outbox(ledger, sink[0])
    ledger.commit(written(("ticks", tick(1)), ("findings", finding()), ("runs", started(1)), ("scorecards", SCORE)))

    box.look(NOW)

    [found] = sink[1]("findings")
    assert (found["event_id"], found["event_at"], found["event_day"]) == ("h:findings:1", NOW, NOW.date())
    assert (found["note"], found["coverage"], found["ok"]) == ('it\'s "so"\n{}', 0.1 + 0.2, False)
    [score] = sink[1]("scorecards")
    assert (score["complete"], score["is_clean"], score["mae"], score["day"]) == (1 / 7, True, None, NOW.date())
    assert [row["id"] for row in sink[1]("ticks")] == [1]


def test_a_row_that_is_updated_gives_an_event_for_each_change(ledger: Ledger, sink: tuple[HistorySink, Rows]) -> None:
    box = outbox(ledger, sink[0])
    ledger.commit(written(("runs", started(1)), ("scorecards", SCORE)))
    ledger.commit(written(("scorecards", SCORE | {"n_lost": 2}), ends=[finished(1, NOW + timedelta(minutes=1))]))

    box.look(NOW + timedelta(minutes=2))

    runs = sink[1]("runs")
    assert [(row["state"], row["cpu_ms"]) for row in runs] == [("started", None), ("finished", 1 / 3)]
    assert [row["event_at"] for row in runs] == [NOW, NOW + timedelta(minutes=1)]
    assert [row["n_lost"] for row in sink[1]("scorecards")] == [0, 2]


def test_writing_what_stands_already_is_no_event(ledger: Ledger) -> None:
    begin_streams(ledger, NOW)
    ledger.commit(written(("scorecards", SCORE)))
    ledger.commit(written(("scorecards", SCORE)))

    assert len(ledger.rows(select(revisions))) == 1


def test_a_change_that_is_rolled_back_is_no_event(ledger: Ledger) -> None:
    begin_streams(ledger, NOW)

    with pytest.raises(LedgerError):
        ledger.commit(written(("scorecards", SCORE), ("facts", {"league": "", "key": "bad", "value": None})))

    assert ledger.rows(select(revisions)) == []


def test_what_stood_before_history_began_is_taken_up_once(ledger: Ledger, sink: tuple[HistorySink, Rows]) -> None:
    ledger.commit(written(("ticks", tick(1)), ("runs", started(1)), ("runs", started(2)), ends=[finished(1)]))

    box = outbox(ledger, sink[0])
    box.begin(NOW)
    box.look(NOW)

    assert [(row["id"], row["state"]) for row in sink[1]("runs")] == [(1, "finished"), (2, "started")]
    assert len(sink[1]("ticks")) == 1


def test_a_sealed_batch_never_changes_though_its_rows_do(ledger: Ledger) -> None:
    begin_streams(ledger, NOW)
    ledger.commit(written(("runs", started(1))))
    batch = sealed(ledger, "runs")
    assert batch is not None

    before = content(ledger, batch)
    ledger.commit(written(ends=[finished(1)]))

    assert content(ledger, batch) == before
    assert before[0]["state"] == "started"


def test_numbers_of_events_never_come_again(ledger: Ledger) -> None:
    begin_streams(ledger, NOW)
    ledger.commit(written(("runs", started(1)), ("runs", started(2))))
    first = sealed(ledger, "runs")
    ledger.commit(written(("runs", started(3))))
    second = sealed(ledger, "runs")

    assert first is not None
    assert second is not None
    assert second.lo > first.hi


def test_batches_are_cut_at_their_number_of_rows_and_of_days(ledger: Ledger) -> None:
    begin_streams(ledger, NOW)
    for number in range(1, 8):
        ledger.commit(ticks([number], NOW + timedelta(days=number)))

    one = sealed(ledger, "ticks", pace=Pace(rows=4))
    two = sealed(ledger, "ticks", pace=Pace(days=2))

    assert one is not None
    assert two is not None
    assert (one.lo, one.hi, one.n_rows, one.n_days) == (1, 4, 4, 4)
    assert (two.lo, two.hi, two.n_rows, two.n_days) == (5, 6, 2, 2)


def test_of_two_who_seal_the_same_rows_one_is_refused_and_nothing_is_doubled(target: Path | str) -> None:
    one, other = Ledger(target), Ledger(target)
    begin_streams(one, NOW)
    one.commit(ticks(range(1, 4)))
    [stream] = [stream for stream in STREAMS if stream.name == "ticks"]
    stale = batches.standings(other, [stream])["ticks"]
    assert seal(one, stream, stale, home="h", pace=PACE, now=NOW)

    with pytest.raises(LedgerError):
        seal(other, stream, stale, home="h", pace=PACE, now=NOW)

    assert len(other.rows(select(history_batches.c.id))) == 1
    one.close()
    other.close()


def test_a_writer_that_has_not_committed_is_waited_for_and_not_passed_over(server: str) -> None:
    from tests.postgres import fresh  # noqa: PLC0415 -- only this test makes its own

    ledger, writer = Ledger(fresh(server)), Ledger(server)
    begin_streams(ledger, NOW)
    row = {name: value for name, value in finding().items() if name != "id"}

    with ThreadPoolExecutor(1) as pool, writer.transaction() as connection:
        connection.execute(insert(schema.findings).values(**row | {"note": "early"}))  # takes number 1
        ledger.commit(written(("findings", row | {"note": "late"})))  # takes number 2, and is committed first
        waiting = pool.submit(sealed, ledger, "findings")
        connection.commit()
    batch = waiting.result()

    assert batch is not None
    assert [event["note"] for event in content(ledger, batch)] == ["early", "late"]
    ledger.close()
    writer.close()


def test_content_that_was_damaged_is_not_sent(ledger: Ledger) -> None:
    jobs = Jobs(says=["lost"])
    box = outbox(ledger, jobs)
    ledger.commit(ticks([1]))
    box.look(NOW)
    with ledger.writing() as connection:
        connection.execute(update(history_batches).values(content=b"other", state="sealed", not_before=None))
    jobs.jobs.clear()
    jobs.rows["ticks"].clear()

    box.look(NOW + timedelta(minutes=4))

    assert jobs.rows["ticks"] == []
    assert any("not what was sealed" in row["note"] for row in ledger.rows(select(schema.findings)))


def test_an_upsert_in_the_ledger_keeps_its_own_numbers_beside_the_triggers(ledger: Ledger) -> None:
    begin_streams(ledger, NOW)
    waiver = {**SLATE, "input": "i", "by": "me", "reason": "why", "made_at": NOW, "until": NOW + timedelta(days=1)}

    assert [ledger.add("waivers", waiver), ledger.add("waivers", waiver)] == [1, 2]
    assert ledger.revoke_waiver(2, now=NOW)
    assert len(ledger.rows(select(revisions).where(revisions.c.source == "waivers"))) == 3


def test_what_is_used_adds_up_by_hour_and_is_forgotten_after_a_day(ledger: Ledger) -> None:
    at = [NOW]
    guard = QuotaGuard(ledger, lambda: at[0])
    guard.record(Kind.LOAD, "d.t")
    guard.record(Kind.LOAD, "d.t", 2)
    at[0] = NOW + timedelta(hours=23, minutes=59)
    guard.record(Kind.DML, "d.t")

    assert guard.used() == {("load", "d.t"): 3, ("dml", "d.t"): 1}
    at[0] = NOW + timedelta(hours=25)
    assert guard.used() == {("dml", "d.t"): 1}
    assert read_used(ledger.rows, NOW, length=timedelta(hours=1)) == {("load", "d.t"): 3}


def test_the_guard_tells_each_level_once_and_again_when_it_was_left(ledger: Ledger) -> None:
    at = [NOW]
    guard = QuotaGuard(ledger, lambda: at[0])

    def told(n: int) -> list[int]:
        guard.record(Kind.LOAD, "d.t", n)
        found = [int(use.level) for use in guard.news()]
        guard.noted()
        return found

    assert [told(700), told(100), told(10), told(400), told(300)] == [[], [50], [], [80], [95]]
    at[0] = NOW + timedelta(hours=26)
    assert told(0) == []
    assert told(800) == [50]


def test_a_level_is_noted_as_told_once_its_finding_is_written_and_no_sooner(ledger: Ledger) -> None:
    guard = QuotaGuard(ledger, lambda: NOW)
    guard.record(Kind.LOAD, "d.t", 800)
    Troubles(ledger, "nba").quotas(guard, NOW)  # and its process dies before it tells

    troubles = Troubles(ledger, "nba")
    troubles.quotas(QuotaGuard(ledger, lambda: NOW), NOW)
    troubles.tell()
    troubles.quotas(QuotaGuard(ledger, lambda: NOW), NOW)
    troubles.tell()

    assert [row["check"] for row in ledger.rows(select(schema.findings.c.check))] == [ROOM]


def test_duckdb_has_a_view_of_each_event_once_and_one_of_the_newest_revisions(ledger: Ledger, tmp_path: Path) -> None:
    db = duckdb.connect(str(tmp_path / "w.duckdb"))
    box = outbox(ledger, DuckSink(db.cursor()))
    ledger.commit(written(("runs", started(1)), ("runs", started(2))))
    ledger.commit(written(ends=[finished(2)]))
    box.look(NOW)
    db.execute("INSERT INTO tipoff_history.runs_log SELECT * FROM tipoff_history.runs_log")  # a doubled load

    assert len(of_duck(db)("runs_log")) == 6
    assert len(of_duck(db)("runs")) == 3
    newest = {row["id"]: row["state"] for row in of_duck(db)("runs_newest")}
    assert newest == {1: "started", 2: "finished"}
    db.close()


class StoppedAt:
    """A connection that is stopped, as by Ctrl-C, at the first statement that holds `word`."""

    def __init__(self, db: duckdb.DuckDBPyConnection, word: str) -> None:
        self.db, self.word = db, word

    def execute(self, sql: str, *values: Any) -> Any:
        if self.word and self.word in sql:
            self.word = ""
            raise KeyboardInterrupt
        rows = sys._getframe(1).f_locals.get("rows")  # noqa: F841, SLF001 -- the sink's, which its SQL reads by name
        return self.db.execute(sql, *values)


def test_who_was_stopped_while_a_batch_is_applied_applies_it_whole_the_next_time(
    ledger: Ledger, tmp_path: Path
) -> None:
    db = duckdb.connect(str(tmp_path / "w.duckdb"))
    stopped: Any = StoppedAt(db.cursor(), "INSERT INTO tipoff_history._applied")
    box = outbox(ledger, DuckSink(stopped))
    ledger.commit(ticks([1, 2]))
    with pytest.raises(KeyboardInterrupt):
        box.look(NOW)
    box.look(NOW + timedelta(minutes=10))

    assert [row["id"] for row in of_duck(db)("ticks_log")] == [1, 2]
    db.close()


def test_a_new_column_is_added_and_another_type_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    db = duckdb.connect(str(tmp_path / "w.duckdb"))
    sink = DuckSink(db.cursor())
    sink.prepare(STREAMS)
    db.execute("DROP VIEW tipoff_history.ticks; ALTER TABLE tipoff_history.ticks_log DROP n_quiet")
    box = outbox(ledger, sink)
    ledger.commit(ticks([1]))
    box.look(NOW)
    assert of_duck(db)("ticks")[0]["n_quiet"] == 1

    db.execute("DROP VIEW tipoff_history.ticks; ALTER TABLE tipoff_history.ticks_log ALTER n_quiet TYPE VARCHAR")
    with pytest.raises(ShapeError, match=r"ticks_log\.n_quiet is VARCHAR"):
        sink.prepare(STREAMS)
    db.close()


def test_history_begins_where_it_stood_when_the_home_is_opened_again(target: Path | str) -> None:
    jobs = Jobs()
    for number in range(1, 4):
        ledger = Ledger(target)
        box = outbox(ledger, jobs)
        ledger.commit(ticks([number]))
        box.look(datetime(2024, 1, 10, 12, 5 * number, tzinfo=UTC))
        ledger.close()

    assert jobs.ids("ticks") == ["h:ticks:1", "h:ticks:2", "h:ticks:3"]
    assert {column.name for column in watching.scorecards.columns} >= {"quota_ratio"}


def test_old_rows_leave_the_ledger_only_when_they_are_applied_and_never_the_newest(ledger: Ledger) -> None:
    jobs, streams = Jobs(), [stream for stream in STREAMS if stream.name == "ticks"]
    box = outbox(ledger, jobs, streams=streams, keep=timedelta(days=60))
    box.look(NOW)
    ledger.commit(ticks([1, 2, 3]))
    jobs.is_down = True
    box.look(NOW + timedelta(days=100))
    assert len(ledger.rows(select(schema.ticks))) == 3

    jobs.is_down = False
    box.look(NOW + timedelta(days=102))
    box.look(NOW + timedelta(days=104))
    assert [row["id"] for row in ledger.rows(select(schema.ticks))] == [3]
    ledger.commit(ticks([4], NOW + timedelta(days=103)))
    box.look(NOW + timedelta(days=106))
    box.look(NOW + timedelta(days=108))
    assert [row["id"] for row in ledger.rows(select(schema.ticks))] == [4]
    assert jobs.ids("ticks") == [f"h:ticks:{number}" for number in range(1, 5)]


# --- a ledger that was restored


def test_a_ledger_that_went_back_numbers_new_events_behind_those_that_are_known(ledger: Ledger) -> None:
    """The warehouse is given what a lost ledger had handed over; new events must not be taken for those."""
    jobs = Jobs()
    lost = [{"event_home": "h", "event_id": f"h:ticks:{n}", "event_number": n} for n in range(1, 9)]
    jobs.rows["ticks"] = [dict(row) for row in lost]
    ledger.commit(ticks(range(1, 4)))
    box = outbox(ledger, jobs)
    ledger.commit(ticks(range(4, 6)))

    looks(box, NOW, timedelta(minutes=10))

    assert jobs.ids("ticks")[8:] == [f"h:ticks:{n}" for n in (1, 2, 3, 9, 10)]
    assert any("the ledger has gone back" in row["note"] for row in ledger.rows(select(schema.findings.c.note)))


def test_going_back_twice_is_found_twice_and_once_found_is_not_found_again(ledger: Ledger) -> None:
    jobs = Jobs()
    for far, new in ((8, range(1, 3)), (8, range(3, 5)), (40, range(5, 7))):
        jobs.rows.setdefault("ticks", []).append({"event_home": "h", "event_id": f"lost {far}", "event_number": far})
        box = outbox(ledger, jobs)
        ledger.commit(ticks(new))
        looks(box, NOW, timedelta(minutes=10))

    ours = [row["event_number"] for row in jobs.rows["ticks"] if not row["event_id"].startswith("lost")]
    assert ours == [9, 10, 11, 12, 41, 42]


def test_what_was_written_while_the_warehouse_could_not_be_asked_is_numbered_behind_too(ledger: Ledger) -> None:
    jobs = Jobs(is_down=True)
    jobs.rows["ticks"] = [{"event_home": "h", "event_id": "lost", "event_number": 8}]
    for new in (range(1, 3), range(3, 5)):  # two starts, and nobody answers
        box = outbox(ledger, jobs)
        ledger.commit(ticks(new))
        box.look(NOW)
    jobs.is_down = False

    looks(outbox(ledger, jobs), NOW + timedelta(hours=1), timedelta(minutes=10))

    assert [row["event_number"] for row in jobs.rows["ticks"]] == [8, 9, 10, 11, 12]
