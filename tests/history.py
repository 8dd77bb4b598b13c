"""What the tests of history share: rows for every stream, and a warehouse of jobs that goes wrong as told."""

import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow.parquet as pq

from tipoff.core.clock import stopwatch
from tipoff.core.errors import ErrorKind, WarehouseError
from tipoff.history.outbox import Outbox
from tipoff.history.pace import PACE, LoadOutcome, Pace
from tipoff.history.sink import BatchUpload, HistorySink, LoadAnswer
from tipoff.ledger import Batch, Ledger
from tipoff.ledger.streams import Stream

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
SLATE = {"league": "x", "output": "o", "day": NOW.date()}


def tick(number: int, at: datetime = NOW) -> dict[str, Any]:
    counts = dict.fromkeys(("n_judged", "n_run", "n_held", "n_late", "n_quiet"), number)
    return {"id": number, "at": at, "build": "b", "settings_hash": "s", **counts}


def started(number: int, at: datetime = NOW) -> dict[str, Any]:
    times = {"as_of": at, "started_at": at, "lease_until": at + timedelta(minutes=10)}
    return {"id": number, **SLATE, "units": '["a"]', "state": "started", **times, "attempt": 1, "worker": "w"}


def finished(number: int, at: datetime = NOW) -> dict[str, Any]:
    ends = {"state": "finished", "ended_at": at, "n_rows": 3, "n_changed": 1, "cpu_ms": 1 / 3}
    return {"id": number, **ends, "error_kind": None, "error": None, "hint": None}


def finding(at: datetime = NOW, note: str = 'it\'s "so"\n{}') -> dict[str, Any]:
    return {
        **SLATE,
        "at": at,
        "check": "c",
        "cause": "x",
        "severity": 0,
        "ok": False,
        "coverage": 0.1 + 0.2,
        "required": 1.0,
        "missing": "[]",
        "note": note,
    }


def written(*rows: tuple[str, dict[str, Any]], ends: Sequence[dict[str, Any]] = ()) -> Batch:
    batch = Batch()
    for table, row in rows:
        batch.add(table, row)
    batch.run_ends += ends
    return batch


def ticks(numbers: Iterable[int], at: datetime = NOW) -> Batch:
    return written(*(("ticks", tick(number, at)) for number in numbers))


@dataclass
class Jobs:
    """A warehouse of load jobs, in memory. `says` is what befalls each job that is sent, in order; then all go well.

    Words: lost (done, but the answer does not come), refused (nothing arrives), fails (the job ends with an error), slow (it runs
    until it is asked for twice), quota (no more today), wrong (permanently refused), kept out (the schema cannot be made).
    """

    says: list[str] = field(default_factory=list)
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    # what each is answered with, the last one for ever
    jobs: dict[str, list[LoadOutcome]] = field(default_factory=dict)
    sent: Counter[str] = field(default_factory=Counter)
    is_down: bool = False

    def prepare(self, streams: Sequence[Stream]) -> None:
        if self.is_down:
            msg = "nobody answers"
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT)
        for stream in streams:
            self.rows.setdefault(stream.name, [])

    def reached(self, streams: Sequence[Stream], home: str, since: date) -> dict[str, int]:
        assert since < NOW.date()
        rows = {stream.name: self.rows.get(stream.name, []) for stream in streams}
        return {
            name: max((row["event_number"] for row in found if row["event_home"] == home), default=0)
            for name, found in rows.items()
        }

    def apply(self, upload: BatchUpload) -> LoadAnswer:
        if self.is_down:
            msg = "nobody answers"
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT)
        if upload.job_id in self.jobs:
            return self._answer(upload.job_id)
        if upload.was_sent:
            return LoadAnswer(LoadOutcome.MISSING)
        word = self.says.pop(0) if self.says else ""
        kinds = {"refused": ErrorKind.TRANSIENT, "quota": ErrorKind.QUOTA, "wrong": ErrorKind.PERMANENT}
        if word in kinds:
            raise WarehouseError(word, kind=kinds[word])
        self.sent[upload.stream.name] += 1
        self.jobs[upload.job_id] = {
            "fails": [LoadOutcome.BURNT],
            "slow": [LoadOutcome.RUNNING, LoadOutcome.RUNNING, LoadOutcome.APPLIED],
        }.get(word, [LoadOutcome.APPLIED])
        if word != "fails":
            self.rows[upload.stream.name] += pq.read_table(io.BytesIO(upload.content)).to_pylist()
        if word == "lost":
            msg = "connection reset"
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT)
        return self._answer(upload.job_id)

    def _answer(self, job_id: str) -> LoadAnswer:
        answers = self.jobs[job_id]
        outcome = answers.pop(0) if len(answers) > 1 else answers[0]
        return LoadAnswer(outcome, "it was told to fail" if outcome is LoadOutcome.BURNT else "")

    def ids(self, stream: str) -> list[str]:
        return [row["event_id"] for row in self.rows[stream]]


def outbox(ledger: Ledger, sink: HistorySink, *, pace: Pace = PACE, **given: Any) -> Outbox:
    made = Outbox(ledger=ledger, sink=sink, home="h", league="x", stopwatch=stopwatch, pace=pace, **given)
    made.begin(NOW)
    return made


def looks(box: Outbox, since: datetime, length: timedelta, every: timedelta = timedelta(minutes=1)) -> datetime:
    """Look again and again, and return the instant after the last look."""
    now = since
    while now < since + length:
        box.look(now)
        now += every
    return now
