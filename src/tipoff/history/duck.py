"""History into DuckDB: the rows and the batch's name in one transaction, by the process that owns the file."""

import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date

import duckdb
import pyarrow.parquet as pq

from tipoff.core.errors import ErrorKind, ShapeError, WarehouseError
from tipoff.history.pace import LoadOutcome
from tipoff.history.sink import BatchUpload, LoadAnswer
from tipoff.ledger.streams import DATASET, LOG, Stream, views_of
from tipoff.store.ctrl_c import ctrl_c
from tipoff.store.dialect import duck_type, told_type


class DuckSink:
    """See `HistorySink`. The connection must be of its own: it has its own transactions."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._db = connection

    def prepare(self, streams: Sequence[Stream]) -> None:
        """See `HistorySink.prepare`."""
        self._run("BEGIN")
        try:
            self._run(f"CREATE SCHEMA IF NOT EXISTS {DATASET}")
            self._run(f"CREATE TABLE IF NOT EXISTS {DATASET}._applied_batches (id VARCHAR PRIMARY KEY, stream VARCHAR)")
            for stream in streams:
                columns = ", ".join(f'"{column.name}" {duck_type(column.type)}' for column in stream.columns)
                self._run(f"CREATE TABLE IF NOT EXISTS {stream.table} ({columns})")
            sql = "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = ?"
            stands = {(table, column): kind for table, column, kind in self._run(sql, [DATASET]).fetchall()}
            for stream in streams:
                self._add_columns(stream, stands)
                for statement in views_of(stream):
                    self._run(statement)
            self._run("COMMIT")
        finally:
            self._rollback()

    def _add_columns(self, stream: Stream, stands: Mapping[tuple[str, str], str]) -> None:
        for column in stream.columns:
            wanted, found = told_type(column.type), stands.get((stream.name + LOG, column.name))
            if found is None:
                self._run(f'ALTER TABLE {stream.table} ADD COLUMN "{column.name}" {wanted}')
            elif found != wanted:
                msg = f"{stream.table}.{column.name} is {found}, declared as {wanted}"
                raise ShapeError(msg, hint="only new columns are added by themselves; move the table aside")

    def _rollback(self) -> None:
        with suppress(duckdb.TransactionException):  # one that has ended by itself
            self._db.execute("ROLLBACK")

    def reached(self, streams: Sequence[Stream], home: str, since: date) -> dict[str, int]:
        """See `HistorySink.reached`."""
        where = "WHERE event_day >= ? AND event_home = ?"
        asked = (
            f"SELECT ?, coalesce(max(event_number), 0) FROM {stream.table} {where}"  # noqa: S608 -- declared names
            for stream in streams
        )
        values = [value for stream in streams for value in (stream.name, since, home)]
        return dict(self._run(" UNION ALL ".join(asked), values).fetchall())

    def apply(self, upload: BatchUpload) -> LoadAnswer:
        """See `HistorySink.apply`."""
        rows = pq.read_table(io.BytesIO(upload.content), use_threads=False, pre_buffer=False)  # noqa: F841 -- read by its name in the SQL
        names = ", ".join(f'"{column.name}"' for column in upload.stream.columns)
        applied = f"{DATASET}._applied_batches"
        try:
            with ctrl_c:
                if self._db.execute(f"SELECT 1 FROM {applied} WHERE id = ?", [upload.batch_id]).fetchone():  # noqa: S608 -- declared names
                    return LoadAnswer(LoadOutcome.APPLIED)
                self._db.execute("BEGIN")
                # tipoff: allow append-without-key -- in one transaction with the batch's name, which is a primary key
                self._db.execute(f"INSERT INTO {upload.stream.table} ({names}) SELECT {names} FROM rows")  # noqa: S608 -- declared names
                self._db.execute(f"INSERT INTO {applied} VALUES (?, ?)", [upload.batch_id, upload.stream.name])  # noqa: S608 -- declared names
                self._db.execute("COMMIT")
        except duckdb.Error as error:
            msg = f"the batch {upload.batch_id} could not be applied: {str(error).splitlines()[0]}"
            hint = "nothing was written; it is tried again"
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint=hint) from error
        finally:
            self._rollback()
        return LoadAnswer(LoadOutcome.APPLIED)

    def _run(self, sql: str, values: Sequence[object] = ()) -> duckdb.DuckDBPyConnection:
        try:
            with ctrl_c:
                return self._db.execute(sql, list(values))
        except duckdb.Error as error:
            msg = f"the tables of history cannot be made: {str(error).splitlines()[0]}"
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT, hint="it is tried again") from error
