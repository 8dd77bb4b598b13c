"""History into BigQuery: one load job a batch, under an id made of its content; Google's client is imported when it is used."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tipoff.core.errors import ErrorKind, ShapeError, WarehouseError
from tipoff.store.history.pace import Outcome
from tipoff.store.history.sink import Parcel
from tipoff.store.history.streams import DATASET, LOG, Stream, views_of

if TYPE_CHECKING:
    from google.cloud import bigquery

_TIMEOUT_S = 30.0
_TRANSIENT_CODES = frozenset({408, 409, 429, 500, 502, 503, 504})
_QUOTA_REASONS = frozenset({"quotaExceeded"})
_TRANSIENT_REASONS = frozenset(
    {"rateLimitExceeded", "backendError", "internalError", "jobRateLimitExceeded", "timeout"}
)


class BigQuerySink:
    """See `HistorySink`. Retries of the library are off: the outbox decides when a batch is sent again, and under which id."""

    def __init__(self, client: "bigquery.Client", *, dataset: str = DATASET, location: str | None = None) -> None:
        """Send to `client`'s project; `dataset` takes the place of `tipoff_history`, where several homes share a project."""
        self._client, self._dataset, self._location = client, dataset, location

    def _table(self, stream: Stream) -> str:
        return f"{self._client.project}.{self._dataset}.{stream.name}{LOG}"

    def prepare(self, streams: Sequence[Stream]) -> None:
        """See `HistorySink.prepare`."""
        from google.cloud import bigquery  # noqa: PLC0415 -- heavy, and only BigQuery needs it

        dataset = bigquery.Dataset(f"{self._client.project}.{self._dataset}")
        if self._location:
            dataset.location = self._location
        with _Told("the tables of history cannot be made"):
            self._client.create_dataset(dataset, exists_ok=True, retry=None, timeout=_TIMEOUT_S)
            for stream in streams:
                self._prepare(stream)

    def _prepare(self, stream: Stream) -> None:
        from google.cloud import bigquery  # noqa: PLC0415 -- see `prepare`

        fields = [
            bigquery.SchemaField(column.name, column.type.value, mode="REQUIRED" if column.required else "NULLABLE")
            for column in stream.columns
        ]
        wanted = bigquery.Table(self._table(stream), schema=fields)
        wanted.time_partitioning = bigquery.TimePartitioning(field="event_day")
        wanted.labels = {"part": "history", "table": stream.name}
        table = self._client.create_table(wanted, exists_ok=True, retry=None, timeout=_TIMEOUT_S)
        if table.schema is None or len(table.schema) < len(fields):
            table = self._client.get_table(self._table(stream), retry=None, timeout=_TIMEOUT_S)
        found = {field.name: _plain(field.field_type) for field in table.schema}
        for field in fields:
            if field.name in found and found[field.name] != _plain(field.field_type):
                msg = f"{self._table(stream)}.{field.name} is {found[field.name]}, declared as {field.field_type}"
                raise ShapeError(msg, hint="only new columns are added by themselves; move the table aside")
        new = [
            bigquery.SchemaField(field.name, field.field_type) for field in fields if field.name not in found
        ]  # what is added later cannot be required
        if new:
            table.schema = [*table.schema, *new]
            self._client.update_table(table, ["schema"], retry=None, timeout=_TIMEOUT_S)
        for statement in views_of(stream, "`"):
            sql = statement.replace(f"{DATASET}.", f"{self._dataset}.")
            self._client.query(sql, retry=None, job_retry=None, timeout=_TIMEOUT_S).result(
                retry=None, job_retry=None, timeout=_TIMEOUT_S
            )

    def apply(self, parcel: Parcel) -> Outcome:
        """See `HistorySink.apply`."""
        from google.api_core.exceptions import Conflict  # noqa: PLC0415 -- see `prepare`

        with _Told(f"the batch {parcel.batch_id} could not be handed over"):
            if parcel.was_sent:
                return self._look(parcel)
            try:
                job = self._load(parcel)
            except Conflict:
                return self._look(parcel)  # it arrived before, and the answer was lost
            return _outcome(job)

    def _load(self, parcel: Parcel) -> Any:  # noqa: ANN401 -- a job of Google's client
        from google.cloud import bigquery  # noqa: PLC0415 -- see `prepare`

        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
            labels={"part": "history", "table": parcel.stream.name, "league": parcel.league or "none"},
        )
        return self._client.load_table_from_file(
            io.BytesIO(parcel.content),
            self._table(parcel.stream),
            size=len(parcel.content),  # in one request, not in an upload of several
            job_id=parcel.job_id,
            location=self._location,
            job_config=config,
            num_retries=0,
            timeout=_TIMEOUT_S,
        )

    def _look(self, parcel: Parcel) -> Outcome:
        from google.api_core.exceptions import NotFound  # noqa: PLC0415 -- see `prepare`

        try:
            job = self._client.get_job(parcel.job_id, location=self._location, retry=None, timeout=_TIMEOUT_S)
        except NotFound:
            return Outcome.MISSING
        target = getattr(job, "destination", None)
        if target is None or target.table_id != parcel.stream.name + LOG or target.dataset_id != self._dataset:
            msg = f"the job {parcel.job_id} is not the load of {self._table(parcel.stream)}"
            raise WarehouseError(
                msg, kind=ErrorKind.PERMANENT, hint="another program uses ids of this kind in the project"
            )
        return _outcome(job)


def _outcome(job: Any) -> Outcome:  # noqa: ANN401 -- a job of Google's client
    if job.state != "DONE":
        return Outcome.RUNNING
    return Outcome.BURNT if job.error_result else Outcome.APPLIED


def _plain(kind: str) -> str:
    """Return a type by its name in SQL; the API gives some by their old names."""
    return {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}.get(kind, kind)


def kind_of(code: int | None, reasons: Sequence[str]) -> ErrorKind:
    """Return how an error of the API is treated, by its HTTP code (none: no answer came) and its reasons."""
    if _QUOTA_REASONS & set(reasons):
        return ErrorKind.QUOTA
    if code is None or code in _TRANSIENT_CODES or _TRANSIENT_REASONS & set(reasons):
        return ErrorKind.TRANSIENT
    return ErrorKind.PERMANENT


class _Told:
    """Turns what Google's client raises into a `WarehouseError`, with its kind."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Translate what was raised."""
        from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError  # noqa: PLC0415 -- see `prepare`
        from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 -- see `prepare`
        from requests.exceptions import RequestException  # noqa: PLC0415 -- Google's client speaks through it

        if isinstance(error, GoogleAPICallError):
            reasons = [str(found.get("reason", "")) for found in error.errors if isinstance(found, dict)]
            msg = f"{self._what}: {error.code} {', '.join(reasons)} {error.message}"
            raise WarehouseError(msg[:600], kind=kind_of(error.code, reasons), hint="the batch is kept") from error
        if isinstance(error, GoogleAuthError):
            msg = f"{self._what}: {error}"
            raise WarehouseError(msg[:600], kind=ErrorKind.PERMANENT, hint="are the credentials there?") from error
        if isinstance(error, GoogleAPIError | RequestException | ConnectionError | TimeoutError):
            msg = f"{self._what}: {type(error).__name__}: {error}"
            raise WarehouseError(
                msg[:600], kind=ErrorKind.TRANSIENT, hint="it may have arrived: it is looked for"
            ) from error
