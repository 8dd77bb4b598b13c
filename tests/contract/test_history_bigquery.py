"""History into BigQuery, over Google's client, on an emulator with a layer of faults: each event arrives once, as it was."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest
from sqlalchemy import select, update
from tests.emulator.double import Double
from tests.history import NOW, finding, finished, looks, started, ticks, written

from tipoff.core.clock import stopwatch
from tipoff.core.errors import ErrorKind, ShapeError, WarehouseError
from tipoff.core.home import Profile
from tipoff.history.bigquery import BigQuerySink
from tipoff.history.outbox import Outbox
from tipoff.history.pace import PACE, LoadOutcome
from tipoff.history.seal import seal
from tipoff.history.sink import BatchUpload
from tipoff.ledger import Ledger, batches, schema
from tipoff.ledger.history import history_batches
from tipoff.ledger.quota_use import QuotaGuard
from tipoff.ledger.streams import STREAMS
from tipoff.store.bigquery.client import Client
from tipoff.store.bigquery.errors import Refused
from tipoff.store.bigquery.target import Target

SOME = [stream for stream in STREAMS if stream.name in {"ticks", "runs", "findings"}]
UPLOAD = "POST /upload"
HOUR = timedelta(hours=1)


class Flow:
    """A ledger's history on its way into a place of its own."""

    def __init__(self, double: Double, folder: Path) -> None:
        self.place: Target = double.place()
        self.sink = BigQuerySink(self.place)
        self.ledger = Ledger(folder / "ledger.db", profile=Profile.REPLAY)
        self.home = uuid4().hex[:8]
        self.box = self.outbox()

    def reopen(self, folder: Path) -> None:
        """Open the ledger as another process would."""
        self.ledger.close()
        self.ledger = Ledger(folder / "ledger.db", profile=Profile.REPLAY)
        self.box = self.outbox()

    def outbox(self) -> Outbox:
        made = {"home": self.home, "league": "x", "stopwatch": stopwatch}
        box = Outbox(ledger=self.ledger, sink=self.sink, streams=SOME, **made)  # type: ignore[arg-type]
        box.begin(NOW)
        return box

    def rows(self, name: str) -> list[dict[str, Any]]:
        port = Client(self.place)
        sql = f"SELECT * FROM {self.place.dataset('tipoff_history')}.{name} ORDER BY event_number"  # noqa: S608 -- a test's own
        found: list[dict[str, Any]] = port.query(sql, {}, {}).to_pylist()
        port.close()
        return found

    def numbers(self) -> list[int]:
        return [row["event_number"] for row in self.rows("ticks_log")]


@pytest.fixture
def flow(double: Double, tmp_path: Path) -> Iterator[Flow]:
    """History with nothing in it."""
    made = Flow(double, tmp_path)
    yield made
    made.ledger.close()


def test_what_is_written_arrives_as_it_was_and_once(flow: Flow) -> None:
    flow.ledger.commit(written(("findings", finding()), ("runs", started(1))))
    flow.ledger.commit(written(ends=[finished(1)]))
    flow.ledger.commit(ticks(range(1, 4)))

    looks(flow.box, NOW, HOUR / 6, HOUR / 30)

    [found] = flow.rows("findings")
    assert (found["event_at"], found["event_day"], found["coverage"], found["ok"]) == (
        NOW,
        NOW.date(),
        0.1 + 0.2,
        False,
    )
    assert found["note"] == finding()["note"]
    assert [(row["state"], row["cpu_ms"]) for row in flow.rows("runs")] == [("started", None), ("finished", 1 / 3)]
    assert [row["state"] for row in flow.rows("runs_newest")] == ["finished"]
    assert flow.numbers() == [1, 2, 3]


@pytest.mark.parametrize("fault", ["lost", "503", "reset", "rate", "quota", "serialize"])
def test_whatever_befalls_a_load_its_rows_arrive_once(flow: Flow, double: Double, fault: str) -> None:
    flow.box.look(NOW)
    flow.ledger.commit(ticks(range(1, 4)))
    double.fault(fault, match=UPLOAD)

    looks(flow.box, NOW + HOUR, 8 * HOUR, HOUR / 6)

    assert flow.numbers() == [1, 2, 3]
    assert double.seen()[f"fault {fault}"] == 1
    assert {row["state"] for row in flow.ledger.rows(select(history_batches.c.state))} == {"applied"}


def test_a_load_that_is_sent_again_after_a_lost_answer_is_known_by_its_id(flow: Flow, double: Double) -> None:
    flow.box.look(NOW)
    flow.ledger.commit(ticks([1]))
    double.fault("lost", match=UPLOAD)
    flow.box.look(NOW + HOUR)
    with flow.ledger.writing() as connection:  # as if the ledger had been restored from before the send
        connection.execute(update(history_batches).values(state="sealed", not_before=None))

    looks(flow.outbox(), NOW + 2 * HOUR, HOUR / 6, HOUR / 30)

    assert double.seen()["409"] == 1
    assert flow.numbers() == [1]


def upload(flow: Flow, **given: Any) -> BatchUpload:
    [stream] = [stream for stream in SOME if stream.name == "ticks"]
    flow.ledger.commit(ticks([1]))
    standing = batches.standings(flow.ledger, [stream])["ticks"]
    batch = seal(flow.ledger, stream, standing, home=flow.home, pace=PACE, now=NOW)
    assert batch is not None
    content = batches.content_of(flow.ledger, batch)
    known = {"stream": stream, "batch_id": batch.id, "job_id": batch.job_id(flow.home), "content": content}
    return BatchUpload(**known | {"was_sent": False} | given)  # type: ignore[arg-type]


def test_a_load_that_fails_burns_its_id_and_the_next_attempt_goes_through(flow: Flow) -> None:
    flow.sink.prepare(SOME)
    good = upload(flow)
    bad = BatchUpload(
        stream=good.stream, batch_id=good.batch_id, job_id=good.job_id, content=b"no Parquet", was_sent=False
    )

    said = [flow.sink.apply(bad), flow.sink.apply(good)]
    again = BatchUpload(
        stream=good.stream, batch_id=good.batch_id, job_id=good.job_id[:-1] + "1", content=good.content, was_sent=False
    )

    assert [answer.outcome for answer in said] == [LoadOutcome.BURNT, LoadOutcome.BURNT]
    assert said[0].said == said[1].said != ""
    assert flow.sink.apply(again).outcome is LoadOutcome.APPLIED
    assert flow.numbers() == [1]


def test_a_batch_that_was_never_sent_is_missing(flow: Flow) -> None:
    flow.sink.prepare(SOME)

    assert flow.sink.apply(upload(flow, was_sent=True)).outcome is LoadOutcome.MISSING


def test_a_job_of_another_table_is_not_taken_for_the_batchs_own(flow: Flow) -> None:
    flow.sink.prepare(SOME)
    ours = upload(flow)
    assert flow.sink.apply(ours).outcome is LoadOutcome.APPLIED
    [other] = [stream for stream in SOME if stream.name == "runs"]

    with pytest.raises(WarehouseError, match="is not the load of") as raised:
        flow.sink.apply(
            BatchUpload(stream=other, batch_id="b", job_id=ours.job_id, content=ours.content, was_sent=True)
        )
    assert raised.value.kind is ErrorKind.PERMANENT


def made(flow: Flow, **otherwise: str) -> None:
    """Make the table of ticks with some columns of another type, or with none of a name."""
    [stream] = [stream for stream in SOME if stream.name == "ticks"]
    fields = {column.name: column.type.value for column in stream.columns} | otherwise
    port = Client(flow.place)
    port.create_dataset(flow.place.dataset("tipoff_history"), {})
    port.create_table(
        f"{flow.place.dataset('tipoff_history')}.ticks_log", {name: kind for name, kind in fields.items() if kind}, {}
    )
    port.close()


def test_a_new_column_is_added(flow: Flow) -> None:
    made(flow, n_quiet="")
    flow.ledger.commit(ticks([7]))

    flow.box.look(NOW)

    assert [row["n_quiet"] for row in flow.rows("ticks_log")] == [7]


def test_a_view_is_made_anew_when_its_table_has_got_a_column(flow: Flow) -> None:
    flow.sink.prepare(SOME)
    port = Client(flow.place)
    view = f"{flow.place.dataset('tipoff_history')}.ticks"
    old = f"CREATE OR REPLACE VIEW {view} AS SELECT * EXCEPT (n_quiet) FROM {view}_log WHERE event_day > '1900-01-01'"  # noqa: S608 -- a test's own
    port.query(old, {}, {})

    flow.sink.prepare(SOME)

    assert "n_quiet" in port.fields(view)
    port.close()


def test_tables_are_cut_by_day_and_clustered_by_what_they_are_asked_by(flow: Flow, double: Double) -> None:
    flow.sink.prepare(SOME)

    with double.client() as client:
        dataset = f"{flow.place.project}.{flow.place.dataset('tipoff_history')}"
        made = client.get_table(f"{dataset}.runs_log")

    assert made.time_partitioning.field == "event_day"
    assert made.clustering_fields == ["event_home", "id"]


def test_a_ledger_that_was_restored_gives_no_event_a_number_that_is_taken(flow: Flow, tmp_path: Path) -> None:
    flow.ledger.commit(ticks(range(1, 4)))
    looks(flow.box, NOW, HOUR / 6, HOUR / 30)
    flow.ledger.close()
    backup = (tmp_path / "ledger.db").read_bytes()
    flow.reopen(tmp_path)
    flow.ledger.commit(ticks(range(4, 9)))
    looks(flow.box, NOW + HOUR, HOUR / 6, HOUR / 30)
    flow.ledger.close()

    (tmp_path / "ledger.db").write_bytes(backup)
    flow.reopen(tmp_path)
    flow.ledger.commit(ticks(range(4, 6), NOW + 2 * HOUR))
    looks(flow.box, NOW + 2 * HOUR, HOUR / 6, HOUR / 30)

    assert [(row["event_number"], row["id"]) for row in flow.rows("ticks")] == [
        *((n, n) for n in range(1, 9)),
        (9, 4),
        (10, 5),
    ]


def test_a_column_of_another_type_is_refused_and_told(flow: Flow) -> None:
    made(flow, n_quiet="STRING")
    with pytest.raises(ShapeError, match="n_quiet is STRING"):
        flow.sink.prepare(SOME)

    flow.box.look(NOW)

    assert any("n_quiet is STRING" in row["note"] for row in flow.ledger.rows(select(schema.findings.c.note)))


def test_where_the_dataset_is_there_no_right_to_make_one_is_needed(flow: Flow, double: Double) -> None:
    port = Client(flow.place)
    port.create_dataset(flow.place.dataset("tipoff_history"), {})
    port.close()
    double.fault("denied", match="POST .*/datasets ", count=99)
    flow.ledger.commit(ticks([1]))

    flow.box.look(NOW)

    assert flow.numbers() == [1]


def test_no_column_is_required_for_bigquery_refuses_parquet_into_such(flow: Flow, double: Double) -> None:
    flow.sink.prepare(SOME)

    with double.client() as client:
        made = client.get_table(f"{flow.place.project}.{flow.place.dataset('tipoff_history')}.ticks_log")

    assert {field.mode for field in made.schema} == {"NULLABLE"}


def test_a_warehouse_that_does_not_answer_is_told_and_stops_nothing(flow: Flow, double: Double) -> None:
    flow.ledger.commit(ticks([1]))
    double.fault("503", count=1)

    flow.box.look(NOW)
    assert any("503" in row["note"] for row in flow.ledger.rows(select(schema.findings.c.note)))
    flow.box.look(NOW + HOUR)

    assert flow.numbers() == [1]


def test_the_warehouses_own_writes_are_counted_before_they_are_sent(flow: Flow, double: Double) -> None:
    guard = QuotaGuard(flow.ledger, lambda: NOW)
    port = Client(flow.place, guard.record)
    port.create_dataset(flow.place.staging, {})
    port.create_table(f"{flow.place.staging}.t", {"n": "INT64"}, {})
    double.fault("503", match=UPLOAD)

    with pytest.raises(Refused):
        port.load(f"{flow.place.staging}.t", pa.table({"n": [1]}), {}, job_id="one")
    sql = f"DELETE FROM {flow.place.staging}.t WHERE TRUE"  # noqa: S608 -- a test's own
    port.query(sql, {}, {}, job_id="two", changes=("x.t", "x.proofs"))
    port.query("SELECT 1", {}, {})

    assert guard.used() == {("load", ""): 1, ("dml", "x.t"): 1, ("dml", "x.proofs"): 1}
    port.close()
