"""The product's own BigQuery warehouse on the emulator, filled with rows of any day at once.

The emulator runs on DuckDB, of another version and with its own translation: it shows that the statements are BigQuery's grammar
and that two translations agree. It is no proof of what BigQuery itself would give.
"""

import io
from collections.abc import Mapping
from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from tests.conformance.cases import TABLES
from tests.emulator.double import Double

from tipoff.core.rows import table_from_records
from tipoff.core.schema import Phase
from tipoff.leagues.nba.league import NBA
from tipoff.store.bigquery.warehouse import BigQueryWarehouse
from tipoff.store.dialect import CompiledStep

_EVER = date(1990, 1, 1)


class Emulated:
    """A warehouse in a place of its own, whose tables are emptied and filled behind its back."""

    def __init__(self, double: Double) -> None:
        place = double.place()
        self.warehouse = BigQueryWarehouse(place, home="conformance", now=lambda: datetime(2024, 1, 22, tzinfo=UTC))
        self.loaded: Mapping[str, CompiledStep] = self.warehouse.prepare(NBA.steps)
        for table in TABLES.values():
            if table.phase is Phase.PUBLISHED:
                self.warehouse.mirror(table, _EVER, table_from_records(table, []))
        self._place, self._filled = place, set[str]()
        self._client = bigquery.Client(
            project=place.project,
            credentials=AnonymousCredentials(),
            client_options=ClientOptions(api_endpoint=place.endpoint),
        )

    def hold(self, inputs: Mapping[str, pa.Table]) -> None:
        """Let the tables hold exactly these rows."""
        for name in sorted(self._filled):
            sql = f"DELETE FROM {self._place.table(TABLES[name])} WHERE day >= '{_EVER}'"  # noqa: S608 -- declared names
            self._client.query(sql, retry=None, job_retry=None, timeout=60).result(retry=None, timeout=60)
        self._filled = {name for name, rows in inputs.items() if rows.num_rows}
        for name in sorted(self._filled):
            self._load(name, inputs[name])

    def put(self, name: str, day: date, rows: pa.Table) -> None:
        """Let a table hold exactly these rows of a day: two jobs, where a proper write takes six."""
        sql = f"DELETE FROM {self._place.table(TABLES[name])} WHERE day = '{day}'"  # noqa: S608 -- declared names
        self._client.query(sql, retry=None, job_retry=None, timeout=60).result(retry=None, timeout=60)
        if rows.num_rows:
            self._load(name, rows)
        self.warehouse._slices.forget(TABLES[name].full_name, day)  # noqa: SLF001 -- it was changed behind its back

    def _load(self, name: str, rows: pa.Table) -> None:
        file = io.BytesIO()
        pq.write_table(rows.append_column("_run", pa.array([0] * rows.num_rows, pa.int64())), file)
        file.seek(0)
        config = bigquery.LoadJobConfig(source_format="PARQUET", write_disposition="WRITE_APPEND")
        target = f"{self._place.project}.{self._place.table(TABLES[name])}"
        self._client.load_table_from_file(file, target, job_config=config, num_retries=0).result(retry=None, timeout=60)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()
        self.warehouse.close()
