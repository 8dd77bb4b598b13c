"""History into BigQuery: one load job a batch, under an id made of its content. Importing this imports Google's client."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date

from tipoff.core.errors import ErrorKind, ShapeError, WarehouseError
from tipoff.history.pace import LoadOutcome
from tipoff.history.sink import BatchUpload, LoadAnswer
from tipoff.ledger.streams import DATASET, LOG, Stream, views_of
from tipoff.store.bigquery.client import Client, Sent
from tipoff.store.bigquery.errors import Meaning, Refused
from tipoff.store.bigquery.target import Target, labels

_MOST_CLUSTERS = 4  # columns by which BigQuery clusters
_MADE = "the tables of history cannot be made"


class BigQuerySink:
    """See `HistorySink`. The outbox decides when a batch is sent again, and under which id.

    It waits for no job: a batch whose job runs is looked at a minute later, and the tick that it is looked at in goes on.
    """

    def __init__(self, target: Target) -> None:
        self._target, self._client = target, Client(target)

    def _table(self, stream: Stream) -> str:
        return f"{self._target.dataset(DATASET)}.{stream.name}{LOG}"

    def _job_id(self, upload: BatchUpload) -> str:
        """Return the job's id in this place: a home that is pointed elsewhere sends what is left there."""
        return f"{upload.job_id}-{self._target.prefix}".rstrip("-_")

    def prepare(self, streams: Sequence[Stream]) -> None:
        """See `HistorySink.prepare`."""
        with _doing(_MADE):
            self._client.create_dataset(self._target.dataset(DATASET), labels(part="history"))
            for stream in streams:
                wanted = {column.name: column.type.value for column in stream.columns}
                self._make(stream, wanted)
                for statement in views_of(stream, "`"):
                    view = statement.split()[4].rpartition(".")[2]
                    found = self._client.fields(f"{self._target.dataset(DATASET)}.{view}")
                    if not found.keys() >= wanted.keys():  # a view has the columns that its table had when it was made
                        self._client.query(self._target.here(statement), {}, labels(part="history", table=stream.name))

    def _make(self, stream: Stream, wanted: dict[str, str]) -> None:
        """Make a stream's table, cut by day and clustered by what its rows are asked by, or add the columns that it lacks."""
        table, said = self._table(stream), labels(part="history", table=stream.name)
        found = self._client.fields(table)
        if not found:
            # none is REQUIRED: a Parquet file's columns are taken for NULLABLE, and BigQuery refuses such a load
            cluster = ("event_home", *(name for name in stream.key if name in wanted))[:_MOST_CLUSTERS]
            self._client.create_table(table, wanted, said, day="event_day", cluster=cluster)
            return
        for name, kind in wanted.items():
            if found.get(name, kind) != kind:
                msg = f"{stream.table}.{name} is {found[name]}, declared as {kind}"
                raise ShapeError(msg, hint="only new columns are added by themselves; move the table aside")
            if name not in found:
                self._client.query(f"ALTER TABLE {table} ADD COLUMN IF NOT EXISTS `{name}` {kind}", {}, said)

    def reached(self, streams: Sequence[Stream], home: str, since: date) -> dict[str, int]:
        """See `HistorySink.reached`."""
        where = "WHERE event_day >= @since AND event_home = @home"
        asked = [
            f"SELECT @name{n} AS stream, COALESCE(MAX(event_number), 0) AS n FROM {self._table(stream)} {where}"  # noqa: S608 -- declared names
            for n, stream in enumerate(streams)
        ]
        names = {f"name{n}": stream.name for n, stream in enumerate(streams)}
        with _doing("how far history has come cannot be asked"):
            rows = self._client.query(
                " UNION ALL ".join(asked), {"since": since, "home": home, **names}, labels(part="history")
            )
        return {row["stream"]: row["n"] for row in rows.to_pylist()}

    def apply(self, upload: BatchUpload) -> LoadAnswer:
        """See `HistorySink.apply`."""
        job_id, table = self._job_id(upload), self._table(upload.stream)
        with _doing(f"the batch {upload.batch_id} could not be handed over"):
            if not upload.was_sent:
                said = labels(part="history", table=upload.stream.name, league=upload.league)
                try:
                    return _answer(self._client.append(table, upload.content, said, job_id=job_id))
                except Refused as refused:
                    if refused.verdict.meaning is not Meaning.APPLIED:
                        raise  # else it arrived before, and the answer was lost
            sent = self._client.sent(job_id)
        if sent is not None and sent.target != table:
            msg = f"the job {job_id} is not the load of {table}"
            raise WarehouseError(msg, kind=ErrorKind.PERMANENT, hint="another program uses ids of this kind here")
        return _answer(sent) if sent else LoadAnswer(LoadOutcome.MISSING)


def _answer(sent: Sent) -> LoadAnswer:
    if not sent.has_ended:
        return LoadAnswer(LoadOutcome.RUNNING)
    return LoadAnswer(LoadOutcome.BURNT, sent.error) if sent.error else LoadAnswer(LoadOutcome.APPLIED)


@contextmanager
def _doing(what: str) -> Iterator[None]:
    """Say what could not be done; without an answer it may have been done all the same."""
    try:
        yield
    except Refused as refused:
        msg, verdict = f"{what}: {refused}", refused.verdict
        raise WarehouseError(msg, kind=verdict.kind, hint=verdict.hint) from refused
