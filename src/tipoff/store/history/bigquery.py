"""History into BigQuery: one load job a batch, under an id made of its content. Importing this imports Google's client."""

import io
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from google.api_core.exceptions import Conflict, GoogleAPICallError, NotFound
from google.auth.exceptions import GoogleAuthError
from google.cloud import bigquery
from requests.exceptions import RequestException

from tipoff.core.errors import ErrorKind, ShapeError, WarehouseError
from tipoff.core.schema import Column
from tipoff.store.bigquery.errors import Said, judge
from tipoff.store.bigquery.place import Place, labels
from tipoff.store.bigquery.port import client_of, make_dataset
from tipoff.store.history.pace import Outcome
from tipoff.store.history.sink import Parcel
from tipoff.store.history.streams import DATASET, LOG, Stream, views_of

_OLD_NAMES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}  # as the API gives types back
T = TypeVar("T")


class BigQuerySink:
    """See `HistorySink`. Retries of the library are off: the outbox decides when a batch is sent again, and under which id.

    It waits for no job: a batch whose job runs is looked at a minute later, and the tick that it is looked at in goes on.
    """

    def __init__(self, place: Place) -> None:
        self._place, self._client = place, client_of(place)
        self._once: dict[str, Any] = {"retry": None, "timeout": place.timeout_s}

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _dataset(self) -> str:
        return self._place.dataset(DATASET)

    def _table(self, stream: Stream) -> str:
        return f"{self._place.project}.{self._dataset()}.{stream.name}{LOG}"

    def _job_id(self, parcel: Parcel) -> str:
        """Return the job's id in this place: a home that is pointed elsewhere sends what is left there."""
        return f"{parcel.job_id}-{self._place.prefix}".rstrip("-_")

    def prepare(self, streams: Sequence[Stream]) -> None:
        """See `HistorySink.prepare`."""
        dataset = bigquery.Dataset(f"{self._place.project}.{self._dataset()}")
        dataset.location, dataset.labels = self._place.location, labels(part="history")
        what = "the tables of history cannot be made"
        _told(what, partial(make_dataset, self._client, dataset, **self._once))
        known = _told(what, lambda: {found.table_id for found in self._client.list_tables(dataset, **self._once)})
        for stream in streams:
            if stream.name + LOG in known:
                _told(what, partial(self._add_columns, stream))
            else:
                _told(what, partial(self._create, stream))
            for statement in views_of(stream, "`"):
                if statement.split()[4].rpartition(".")[2] not in known:
                    _told(what, partial(self._query, self._place.here(statement)))

    def _create(self, stream: Stream) -> None:
        table = bigquery.Table(self._table(stream), schema=[_field(column) for column in stream.columns])
        table.time_partitioning = bigquery.TimePartitioning(field="event_day")
        table.labels = labels(part="history", table=stream.name)
        self._client.create_table(table, exists_ok=True, **self._once)

    def _add_columns(self, stream: Stream) -> None:
        table = self._client.get_table(self._table(stream), **self._once)
        found = {field.name: _OLD_NAMES.get(field.field_type, field.field_type) for field in table.schema}
        for column in stream.columns:
            if found.get(column.name, column.type.value) != column.type.value:
                msg = f"{stream.table}.{column.name} is {found[column.name]}, declared as {column.type.value}"
                raise ShapeError(msg, hint="only new columns are added by themselves; move the table aside")
            if column.name not in found:
                added = f"ADD COLUMN IF NOT EXISTS `{column.name}` {column.type.value}"
                self._query(f"ALTER TABLE {self._dataset()}.{stream.name}{LOG} {added}")

    def _query(self, sql: str) -> None:
        job = self._client.query(sql, job_retry=None, **self._once)
        job.result(retry=None, timeout=self._place.timeout_s)

    def apply(self, parcel: Parcel) -> Outcome:
        """See `HistorySink.apply`."""
        what = f"the batch {parcel.batch_id} could not be handed over"
        if not parcel.was_sent:
            try:
                return _told(what, partial(self._load, parcel))
            except _Known:
                pass  # it arrived before, and the answer was lost
        return _told(what, partial(self._look, parcel))

    def _load(self, parcel: Parcel) -> Outcome:
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
            labels=labels(part="history", table=parcel.stream.name, league=parcel.league),
        )
        try:
            job = self._client.load_table_from_file(
                io.BytesIO(parcel.content),
                self._table(parcel.stream),
                size=len(parcel.content),  # in one request, not in an upload of several
                job_id=self._job_id(parcel),
                job_config=config,
                num_retries=0,
                timeout=self._place.timeout_s,
            )
        except Conflict as error:
            raise _Known from error
        return _outcome(job)

    def _look(self, parcel: Parcel) -> Outcome:
        try:
            job = self._client.get_job(self._job_id(parcel), **self._once)
        except NotFound:
            return Outcome.MISSING
        target = getattr(job, "destination", None)
        if target is None or f"{target.dataset_id}.{target.table_id}" != f"{self._dataset()}.{parcel.stream.name}{LOG}":
            msg = f"the job {self._job_id(parcel)} is not the load of {self._table(parcel.stream)}"
            raise WarehouseError(msg, kind=ErrorKind.PERMANENT, hint="another program uses ids of this kind here")
        return _outcome(job)


class _Known(Exception):
    """A job of this id is known."""


def _field(column: Column) -> Any:  # noqa: ANN401 -- a class of Google's client
    # never REQUIRED: a Parquet file's columns are taken for NULLABLE, and BigQuery refuses such a load
    return bigquery.SchemaField(column.name, column.type.value)


def _outcome(job: Any) -> Outcome:  # noqa: ANN401 -- a job of Google's client
    if job.state != "DONE":
        return Outcome.RUNNING
    return Outcome.BURNT if job.error_result else Outcome.APPLIED


def _told(what: str, ask: Callable[[], T]) -> T:
    """Ask once.

    Raises:
        WarehouseError: BigQuery refused, or did not answer: then it may have been done all the same.
    """
    try:
        return ask()
    except GoogleAPICallError as error:
        first = error.errors[0] if error.errors and isinstance(error.errors[0], dict) else {}
        text = str(first.get("message") or error.message)
        verdict = judge(Said(int(error.code or 0), str(first.get("reason", "")), text))
        msg = f"{what}: {verdict.said}"
        raise WarehouseError(msg, kind=verdict.kind, hint=verdict.hint) from error
    except (RequestException, ConnectionError, TimeoutError, GoogleAuthError) as error:
        verdict = judge(Said(0, type(error).__name__, f"reply lost: {error}"))
        msg = f"{what}: {verdict.said}"
        raise WarehouseError(msg, kind=verdict.kind, hint=verdict.hint) from error
