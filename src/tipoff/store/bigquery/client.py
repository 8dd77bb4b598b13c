"""The door to BigQuery: the one module that uses Google's client. Every call has a timeout; the library retries nothing.

What goes wrong comes out as `Refused`, judged. When a thing is tried again is decided above, where it is written down.
"""

import io
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import TimeoutError as JobTimeout
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, RefreshError, TransportError
from google.cloud import bigquery
from requests.exceptions import RequestException

from tipoff.core.errors import UsageError
from tipoff.core.quota import PROJECT, Kind
from tipoff.store.bigquery.errors import Refused, Said, verdict_of
from tipoff.store.bigquery.target import Target

_TYPES = {bool: "BOOL", int: "INT64", float: "FLOAT64", str: "STRING", datetime: "TIMESTAMP", date: "DATE"}
_CONNECTION = (RequestException, JobTimeout, ConnectionError, GoogleAuthError)
_DAY_MS = 86_400_000
_PAGE = 50_000  # rows asked for at a time; BigQuery gives fewer where they are wide
T = TypeVar("T")
Count = Callable[[Kind, str], None]  # see `tipoff.ledger.quota_use.QuotaGuard.record`


@dataclass(frozen=True, slots=True)
class StreamingBuffer:
    """What a table's metadata says of rows that were streamed into it and are not yet stored for good."""

    n_rows: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class JobInfo:
    """A job of the project, as its list shows it."""

    job_id: str
    kind: str
    user: str
    labels: Mapping[str, str]
    created_at: datetime | None
    target: str  # dataset.table that it writes to, where that is told


@dataclass(frozen=True, slots=True)
class Sent:
    """A load job that was sent: whether it has ended, what it failed of (empty where nothing), where it writes."""

    has_ended: bool
    error: str
    target: str


class Client:
    """One connection to one target."""

    def __init__(self, target: Target, count: Count = lambda _kind, _table: None) -> None:
        """Make a client, which asks nothing yet; raises as `client_of`. `count` is told of what uses up quotas first."""
        self.target = target
        self.counts: Counter[str] = Counter()
        self._count = count
        self._client = client_of(target)
        self._waited_for: dict[int, Any] = {}  # jobs, by the thread that waits for their end

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    # --- statements

    def query(  # noqa: PLR0913 -- a statement and all that goes with it
        self,
        sql: str,
        values: Mapping[str, object],
        labels: Mapping[str, str],
        *,
        job_id: str | None = None,
        most: int = 0,
        changes: Sequence[str] = (),
    ) -> pa.Table:
        """Run a statement or a script and return its last SELECT's rows; with a job id it is run under that alone.

        It may bill `most` bytes, and never more than the place allows. `changes`: the table that each of its statements changes.
        """
        config = self._config(values, labels, most)
        self.counts["job"] += 1
        for table in changes:
            self._count(Kind.DML, table)
        ask = partial(self._client.query, sql, job_config=config, job_id=job_id, job_retry=None, **self._once())
        return self._ended(self._told(ask, job_id=job_id or ""), job_id or "", rows=True)

    def estimate(self, sql: str, values: Mapping[str, object], labels: Mapping[str, str]) -> int:
        """Return the bytes that a SELECT would read, by a dry run; what it refuses, running would be refused too."""
        config = self._config(values, labels)
        config.dry_run, config.use_query_cache = True, False
        self.counts["dry run"] += 1
        job = self._told(lambda: self._client.query(sql, job_config=config, job_retry=None, **self._once()))
        return int(job.total_bytes_processed or 0)

    def load(self, table: str, rows: pa.Table, labels: Mapping[str, str], *, job_id: str) -> None:
        """Load rows into an empty table, under a job id; into one with rows it is refused."""
        file = io.BytesIO()
        pq.write_table(rows, file)
        self._count(Kind.LOAD, PROJECT)  # each goes into a staging table of its own
        self._ended(self._loading(table, file.getvalue(), labels, job_id, is_empty=True), job_id, rows=False)

    def append(self, table: str, content: bytes, labels: Mapping[str, str], *, job_id: str) -> Sent:
        """Send a job that adds a Parquet file's rows to a table, and do not wait for its end."""
        return _sent(self._loading(table, content, labels, job_id, is_empty=False))

    def _loading(self, table: str, content: bytes, labels: Mapping[str, str], job_id: str, *, is_empty: bool) -> Any:  # noqa: ANN401 -- a job of Google's client
        """Send a job that loads a Parquet file; into a table that must be empty, or behind the rows that it has."""
        write = bigquery.WriteDisposition
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            write_disposition=write.WRITE_EMPTY if is_empty else write.WRITE_APPEND,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            labels=dict(labels),
        )
        self.counts["load"] += 1
        return self._told(
            lambda: self._client.load_table_from_file(
                io.BytesIO(content),
                f"{self.target.project}.{table}",
                size=len(content),  # in one request, not in an upload of several
                num_retries=0,
                job_id=job_id,
                job_config=config,
                timeout=self.target.timeout_s,
            ),
            job_id=job_id,
        )

    def sent(self, job_id: str) -> Sent | None:
        """Return how a load job stands; None where none of that id has arrived."""
        try:
            return _sent(self._client.get_job(job_id, **self._once()))
        except NotFound:
            return None
        except (GoogleAPICallError, *_CONNECTION) as error:
            raise Refused(verdict_of(said(error)), job_id) from error

    def end_of(self, job_id: str) -> Refused | None:
        """Wait for the end of a job sent before; returns what it failed of, if it did. Raises `Refused` for an unknown one."""
        job = self._told(lambda: self._client.get_job(job_id, **self._once()), job_id=job_id)
        try:
            self._ended(job, job_id, rows=False)
        except Refused as refused:
            if refused.ran:
                return refused
            raise
        return None

    def rows(self, table: str) -> pa.Table:
        """Return all rows of a staging table, without a job."""
        self.counts["rows"] += 1
        return self._told(
            lambda: self._client.list_rows(
                self._client.get_table(f"{self.target.project}.{table}", **self._once()),
                page_size=_PAGE,
                **self._once(),
            ).to_arrow(create_bqstorage_client=False)
        )

    def _config(
        self, values: Mapping[str, object], labels: Mapping[str, str], most: int = 0
    ) -> bigquery.QueryJobConfig:
        return bigquery.QueryJobConfig(
            query_parameters=[_parameter(name, value) for name, value in values.items()],
            labels=dict(labels),
            maximum_bytes_billed=min(most, self.target.max_bytes) if most else self.target.max_bytes,
            job_timeout_ms=int(self.target.job_timeout_s * 1000),
            use_legacy_sql=False,
        )

    def _ended(self, job: Any, job_id: str, *, rows: bool) -> Any:  # noqa: ANN401 -- a job of Google's client
        """Wait for a job's end and return its rows; `Refused.ran` says whether the job itself has failed."""
        self._waited_for[threading.get_ident()] = job
        try:
            result = job.result(retry=None, timeout=self.target.job_timeout_s)
            return result.to_arrow(create_bqstorage_client=False) if rows else None
        except (GoogleAPICallError, *_CONNECTION) as error:
            failed = job.error_result
            heard = _said_by_job(failed) if failed else said(error)
            raise Refused(verdict_of(heard), job_id or job.job_id, ran=bool(failed)) from error
        finally:
            del self._waited_for[threading.get_ident()]

    def cancel(self, thread: int) -> None:
        """Cancel the job that a thread waits for, if it does; the thread hears of its end. A request that is lost is counted."""
        job = self._waited_for.get(thread)
        if job is None:
            return
        self.counts["cancel"] += 1
        try:
            self._told(lambda: job.cancel(**self._once()))
        except Refused:
            self.counts["cancel refused"] += 1  # it ends with its own time limit, then

    # --- datasets and tables

    def create_dataset(self, name: str, labels: Mapping[str, str], *, vanishing: bool = False) -> None:
        """Create a dataset unless it is there; the tables of a `vanishing` one are deleted after a day."""
        dataset = bigquery.Dataset(f"{self.target.project}.{name}")
        dataset.location, dataset.labels = self.target.location, dict(labels)
        if vanishing:
            dataset.default_table_expiration_ms = _DAY_MS
        self._told(partial(make_dataset, self._client, dataset, **self._once()))

    def create_table(
        self,
        name: str,
        fields: Mapping[str, str],
        labels: Mapping[str, str],
        *,
        day: str = "",
        cluster: tuple[str, ...] = (),
    ) -> None:
        """Create a table unless it is there; with `day`, partitioned by that column, which every read must then filter."""
        schema = [bigquery.SchemaField(column, kind) for column, kind in fields.items()]
        table = bigquery.Table(f"{self.target.project}.{name}", schema=schema)
        table.labels = dict(labels)
        if day:
            table.time_partitioning = bigquery.TimePartitioning(field=day)
            table.require_partition_filter = True
        if cluster:
            table.clustering_fields = list(cluster)
        self._told(partial(self._client.create_table, table, exists_ok=True, **self._once()))

    def fields(self, table: str) -> dict[str, str]:
        """Return a table's columns with the names of their types in SQL; none where there is no table."""
        try:
            found = self._client.get_table(f"{self.target.project}.{table}", **self._once())
        except NotFound:
            return {}
        except (GoogleAPICallError, *_CONNECTION) as error:
            raise Refused(verdict_of(said(error))) from error
        legacy = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
        return {field.name: legacy.get(field.field_type, field.field_type) for field in found.schema}

    def n_rows(self, table: str) -> int:
        """Return how many rows a table's metadata says that it has; -1 where it does not say."""
        found = self._metadata(table)
        return -1 if found.num_rows is None else int(found.num_rows)

    def drop(self, table: str) -> None:
        """Delete a staging table; one that is not there is no error."""
        self._told(
            partial(self._client.delete_table, f"{self.target.project}.{table}", not_found_ok=True, **self._once())
        )

    def held(self, table: str) -> StreamingBuffer | None:
        """Return what a table's streaming buffer holds; None where it holds nothing."""
        buffer = self._metadata(table).streaming_buffer
        return StreamingBuffer(int(buffer.estimated_rows or 0), buffer.oldest_entry_time) if buffer else None

    def jobs(self) -> list[JobInfo]:
        """Return the project's newest hundred jobs, of all its users."""
        listed = self._told(lambda: list(self._client.list_jobs(max_results=100, all_users=True, **self._once())))
        return [_seen(job) for job in listed]

    def _metadata(self, table: str) -> bigquery.Table:
        return self._told(partial(self._client.get_table, f"{self.target.project}.{table}", **self._once()))

    def _once(self) -> dict[str, Any]:
        return {"retry": None, "timeout": self.target.timeout_s}

    def _told(self, ask: Callable[[], T], *, job_id: str = "") -> T:
        """Ask once; what goes wrong is judged, and the work may or may not have been done."""
        try:
            return ask()
        except (GoogleAPICallError, *_CONNECTION) as error:
            raise Refused(verdict_of(said(error)), job_id) from error


def client_of(target: Target) -> bigquery.Client:
    """Return a client of a place, which asks nothing of the network yet; raises `UsageError` without credentials."""
    options = ClientOptions(api_endpoint=target.endpoint) if target.endpoint else None
    try:
        credentials = AnonymousCredentials() if target.endpoint else None
        return bigquery.Client(
            project=target.project, location=target.location, credentials=credentials, client_options=options
        )
    except (DefaultCredentialsError, OSError) as error:
        msg = f"there are no credentials for the project {target.project}: {str(error).splitlines()[0]}"
        hint = "see docs/how-to/run-on-bigquery.md: a service account, or `gcloud auth application-default login`"
        raise UsageError(msg, hint=hint) from error


def make_dataset(client: bigquery.Client, dataset: bigquery.Dataset, **once: Any) -> None:  # noqa: ANN401 -- what the client takes
    """Create a dataset unless it is there; it is looked for first: creating needs a right even where there is nothing to do."""
    try:
        client.get_dataset(dataset.reference, **once)
    except NotFound:
        client.create_dataset(dataset, exists_ok=True, **once)


def _parameter(name: str, value: object) -> Any:  # noqa: ANN401 -- two classes of Google's client
    if isinstance(value, list | tuple):
        return bigquery.ArrayQueryParameter(name, "STRING", list(value))
    return bigquery.ScalarQueryParameter(name, _TYPES[type(value)], value)


def said(error: BaseException) -> Said:
    """Return what came back, of an error of Google's client, of its credentials, or of the connection."""
    if isinstance(error, GoogleAPICallError):
        first = error.errors[0] if error.errors and isinstance(error.errors[0], dict) else {}
        return Said(int(error.code or 0), str(first.get("reason", "")), str(first.get("message") or error.message))
    is_heard = not isinstance(error.__cause__, TransportError)  # else the metadata server was not reached
    if isinstance(error, RefreshError) and not error.retryable and is_heard:  # Google was asked, and said no
        return Said(401, "authError", f"the credentials are refused: {error}")
    return Said(0, type(error).__name__, f"reply lost: {error}")


def _said_by_job(failed: Mapping[str, Any]) -> Said:
    return Said(200, str(failed.get("reason", "")), str(failed.get("message", "")))


def _sent(job: Any) -> Sent:  # noqa: ANN401 -- a job of Google's client
    error = str(_said_by_job(job.error_result)) if job.error_result else ""
    return Sent(has_ended=job.state == "DONE", error=error, target=_target(job))


def _target(job: Any) -> str:  # noqa: ANN401 -- as above
    target = getattr(job, "destination", None)
    return f"{target.dataset_id}.{target.table_id}" if target is not None else ""


def _seen(job: Any) -> JobInfo:  # noqa: ANN401 -- a job of Google's client
    return JobInfo(
        job_id=str(job.job_id),
        kind=str(job.job_type),
        user=str(job.user_email or ""),
        labels=dict(job.labels or {}),
        created_at=job.created,
        target=_target(job),
    )
