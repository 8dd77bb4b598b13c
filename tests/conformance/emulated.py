"""Steps, checks and views on an emulator of BigQuery, through Google's own client: reading alone, for the conformance tests.

The emulator runs on DuckDB, of another version and with its own translation: it shows that the statements are BigQuery's grammar
and that two translations agree. It is no proof of what BigQuery itself would give.
"""

import io
import os
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from tipoff.core.schema import Table
from tipoff.core.slate import Season
from tipoff.core.step import Step
from tipoff.core.window import Window
from tipoff.store import dialect
from tipoff.store.rows import conform
from tipoff.store.warehouse import Asked

PLACE = Path(__file__).parents[2] / ".venv-emulator"
PROJECT = "conformance"
_EXTENSION = 'import duckdb; from duckdb_extensions import import_extension as i; i("spatial", con=duckdb.connect())'


class EmulatedWarehouse:
    """As much of a warehouse as steps, checks and views read."""

    def __init__(self, client: bigquery.Client, project: str) -> None:
        self._client, self._project = client, project
        self._tables: dict[str, Table] = {}
        self._questions: dict[str, dialect.Question] = {}
        self._made: set[str] = set()
        self.n_jobs = 0

    def prepare(self, steps: Iterable[Step]) -> dict[str, dialect.Loaded]:
        """Declare the tables, each made when it is first needed, and load the steps."""
        steps = list(steps)
        self._tables = {step.name: step.table for step in steps}
        return {step.name: dialect.load(step, self._tables) for step in steps}

    def _must_exist(self, names: Iterable[str]) -> None:
        for table in (self._tables[name] for name in names if name not in self._made):
            self._client.create_dataset(f"{self._project}.{table.dataset}", exists_ok=True)
            columns = ", ".join(f"{column.name} {column.type.value}" for column in table.columns)
            self._run(f"CREATE TABLE {table.full_name} ({columns}) PARTITION BY day", {})
            self._made.add(table.name)

    def mirror(self, table: Table, day: date, rows: pa.Table) -> None:
        """Hold exactly `rows` of `day`."""
        self._must_exist([table.name])
        self._run(f"DELETE FROM {table.full_name} WHERE day = @day", {"day": day})  # noqa: S608 -- declared names
        self.append(table, rows)

    def fill(self, inputs: Mapping[str, pa.Table]) -> None:
        """Put rows into empty tables, whatever their days."""
        for name, rows in inputs.items():
            self.append(self._tables[name], rows)

    def append(self, table: Table, rows: pa.Table) -> None:
        """Load `rows` beside what stands there."""
        self._must_exist([table.name])
        if not rows.num_rows:
            return
        file = io.BytesIO()
        pq.write_table(rows, file)
        file.seek(0)
        config = bigquery.LoadJobConfig(source_format="PARQUET", write_disposition="WRITE_APPEND")
        self.n_jobs += 1
        target = f"{self._project}.{table.full_name}"
        self._client.load_table_from_file(file, target, job_config=config, num_retries=0).result(retry=None, timeout=60)

    def select(self, loaded: dialect.Loaded, asked: Asked) -> pa.Table:
        """Run a step's SELECT."""
        self._must_exist(read.table for read in loaded.inputs)
        values = dialect.bounds(loaded.inputs, day=asked.day, season=asked.season, as_of=asked.as_of)
        found = self._run(loaded.bigquery, {name: values[name] for name in loaded.parameters})
        return conform(loaded.step.table, found)

    def ask(self, sql: str, *, day: date, season: Season, as_of: datetime) -> pa.Table:
        """Run a check's or a view's SELECT."""
        if sql not in self._questions:
            self._questions[sql] = dialect.question(sql, "check", self._tables)
        asked = self._questions[sql]
        self._must_exist(read.table for read in asked.inputs)
        values = dialect.bounds(asked.inputs, day=day, season=season, as_of=as_of)
        return self._run(asked.bigquery, {name: values[name] for name in asked.parameters})

    def query(self, sql: str, tables: Iterable[Table], parameters: Mapping[str, object]) -> pa.Table:
        """Run a SELECT over the season."""
        asked = dialect.season_query(sql, tables)
        self._must_exist(read.table for read in asked.inputs)
        return self._run(asked.bigquery, {name: parameters[name] for name in asked.parameters})

    def read(  # noqa: PLR0913 -- what a slice is
        self, table: Table, window: Window, *, day: date, season: Season, as_of: datetime, columns: tuple[str, ...] = ()
    ) -> pa.Table:
        """Return a slice in key order."""
        names = columns or table.names
        shown = ", ".join(f"t.{name}" for name in names)
        found = self.ask(
            f"SELECT {shown} FROM {window.name}.{table.name} AS t",  # noqa: S608 -- declared names
            day=day,
            season=season,
            as_of=as_of,
        )
        rows = pa.table({name: found.column(name).cast(_type(table, name)) for name in names})
        order = [name for name in ("day", *table.key) if name in names]
        return rows.sort_by([(name, "ascending") for name in order])

    def close(self) -> None:
        """Let go of the client."""
        self._client.close()

    def _run(self, sql: str, values: Mapping[str, object]) -> pa.Table:
        kinds = {date: "DATE", datetime: "TIMESTAMP", int: "INT64", str: "STRING"}
        parameters = [bigquery.ScalarQueryParameter(name, kinds[type(value)], value) for name, value in values.items()]
        config = bigquery.QueryJobConfig(query_parameters=parameters)
        self.n_jobs += 1
        job = self._client.query(sql, project=self._project, job_config=config, retry=None, job_retry=None, timeout=60)
        return job.result(retry=None, timeout=60).to_arrow(create_bqstorage_client=False)


def _type(table: Table, name: str) -> pa.DataType:
    empty = conform(table, pa.table({column: pa.array([], pa.null()) for column in table.names}))
    return empty.schema.field(name).type


@contextmanager
def emulator() -> Iterator[bigquery.Client]:
    """Start the emulator on a free port, wait until it answers, and end it.

    Raises:
        RuntimeError: It is not set up here, or did not start.
    """
    if not (PLACE / "ready").exists():
        msg = "the emulator is not set up: make .venv-emulator/ready"
        raise RuntimeError(msg)
    subprocess.run([PLACE / "bin" / "python", "-c", _EXTENSION], check=True, timeout=60)
    rest, grpc = _free_ports(2)
    command = [str(PLACE / "bin" / "bqemulator"), "start", "--log-level", "critical"]
    ports = ["--rest-port", str(rest), "--grpc-port", str(grpc)]
    running = subprocess.Popen([*command, *ports], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{rest}"
    try:
        _until_it_answers(running, url)
        os.environ.pop("BIGQUERY_EMULATOR_HOST", None)
        yield bigquery.Client(
            project=PROJECT, credentials=AnonymousCredentials(), client_options=ClientOptions(api_endpoint=url)
        )
    finally:
        running.kill()  # it holds nothing that is worth an orderly end
        running.wait(60)


def _free_ports(n: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


def _until_it_answers(running: "subprocess.Popen[bytes]", url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"{url}/bigquery/v2/projects/{PROJECT}/datasets", timeout=1).read()  # noqa: S310 -- loopback
        except (urllib.error.URLError, OSError):
            try:
                running.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
            msg = f"the emulator ended with {running.returncode} before it answered"
            raise RuntimeError(msg) from None
        else:
            return
    msg = "the emulator did not answer within a minute"
    raise RuntimeError(msg)
