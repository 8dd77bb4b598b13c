"""Stores that go wrong: a table that is held, a quota used up, a full disk, a locked ledger, what others take away or change."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from tipoff.core.clock import Clock
from tipoff.core.errors import ErrorKind, LedgerError, WarehouseError, WriteConflict
from tipoff.core.fault import Fault
from tipoff.core.home import Home, Profile
from tipoff.core.schema import Table
from tipoff.ledger import Batch, Lease, Ledger
from tipoff.store.duck import DuckWarehouse
from tipoff.store.warehouse import WriteRequest, WriteResult


class FaultyWarehouse(DuckWarehouse):
    """DuckDB as BigQuery can be: rows held by a streaming buffer or another statement, quotas, lost rows, no space."""

    def __init__(self, path: Path, *, at: Callable[[str], None], clock: Clock, faults: Sequence[Fault]) -> None:
        super().__init__(path, profile=Profile.REPLAY, at=at)
        self._clock, self._faults = clock, faults

    def replace(self, asked: WriteRequest, rows: pa.Table) -> WriteResult:
        """See `Warehouse.replace`."""
        table = asked.step.table
        fault = self._fault(table, {"conflict", "quota"})
        if fault and fault.how == "conflict":
            raise WriteConflict(
                table.full_name,
                asked.day,
                clears_at=fault.end if fault.args.get("told") else None,
                reason=fault.args.get("reason", "rows are still in the streaming buffer"),
                holder=fault.args.get("holder", ""),
            )
        if fault:
            msg = f"{table.full_name}: quota exceeded: too many table update operations"
            raise WarehouseError(msg, kind=ErrorKind.QUOTA, hint="the quota comes back by itself")
        return super().replace(asked, rows)

    def _insert(self, table: Table, staged: pa.Table, fence: int) -> None:
        fault = self._fault(table, {"disk full", "lost", "half lost"})
        if fault and fault.how == "disk full":
            msg = "IO Error: could not write to file: No space left on device"
            raise duckdb.IOException(msg)
        if fault:
            staged = staged.slice(0, staged.num_rows // 2 if fault.how == "half lost" else 0)
        super()._insert(table, staged, fence)

    def _fault(self, table: Table, ways: set[str]) -> Fault | None:
        now: datetime = self._clock.now()
        return next((f for f in self._faults if f.how in ways and f.holds(now) and f.fits(table=table.full_name)), None)


class FaultyLedger(Ledger):
    """A ledger that another process locks, whose disk is full, or whose ticks a wrong clock stamps, for a while."""

    def __init__(self, target: Path | str, *, clock: Clock, faults: Sequence[Fault]) -> None:
        super().__init__(target, profile=Profile.REPLAY)
        self._clock, self._faults = clock, faults

    def commit(self, batch: Batch, *, lease: Lease | None = None) -> None:
        """See `Ledger.commit`."""
        now = self._clock.now()
        fault = next((fault for fault in self._faults if fault.holds(now)), None)
        if fault and fault.how == "ticks ahead":
            for row in batch.rows.get("ticks", ()):
                row["at"] += timedelta(hours=fault.args["hours"])
        elif fault:
            msg = f"the ledger could not be written: {fault.args.get('says', 'database is locked')}"
            raise LedgerError(msg, hint="is the disk full, or does another process hold it?")
        super().commit(batch, lease=lease)


class OtherHands:
    """What others do to stores, each once: to files, to rows while the warehouse is open, to its file while it is shut."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._left = list(faults)

    def change(self, home: Home, now: datetime, warehouse: DuckWarehouse | None) -> None:
        """Do what is due at `now`; `warehouse` is none while nobody has it open."""
        for fault in [fault for fault in self._left if fault.holds(now)]:
            if fault.how.startswith("rows"):
                if warehouse is None:
                    continue
                warehouse._db.execute(_statement(fault))  # noqa: SLF001 -- another hand comes in no honest way
            elif fault.how == "warehouse gone":
                if warehouse is not None:
                    continue
                home.warehouse.unlink()
            else:
                _change_document(home, fault)
            self._left.remove(fault)


def _statement(fault: Fault) -> str:
    """Return what takes away or changes the rows of the newest day of a table."""
    table, column = fault.where["table"], fault.args.get("column")
    newest = f"WHERE day = (SELECT max(day) FROM {table})"  # noqa: S608 -- the drill's own names
    return f"UPDATE {table} SET {column} = {column} + 1 {newest}" if column else f"DELETE FROM {table} {newest}"  # noqa: S608


def _change_document(home: Home, fault: Fault) -> None:
    """Take away or change the newest document of an output."""
    path = max(home.published.glob(f"*/{fault.where['output']}/*.json"))
    match fault.how:
        case "document gone":
            path.unlink()
        case "parquet gone":
            path.with_suffix(".parquet").unlink()
        case "document changed":
            document = json.loads(path.read_text("utf-8"))
            name = next(name for name, value in document["rows"][0].items() if isinstance(value, float))
            document["rows"][0][name] += 1
            path.write_text(json.dumps(document), "utf-8")
