"""Work that goes wrong: runs that never report, report twice or too late, and transforms that give the wrong rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tipoff.app.child import Child
from tipoff.core.clock import Clock, SimClock
from tipoff.core.errors import OverTime
from tipoff.core.fault import Fault
from tipoff.core.schema import ColumnType, Table
from tipoff.core.step import Made, SourceWork
from tipoff.core.window import Input
from tipoff.drills.faults import endings
from tipoff.engine.claim import Claim, Outcome
from tipoff.engine.run import Runner

_HANGS = timedelta(seconds=1)  # by a real clock; on the simulated one it is the step's own limit


class Unspeakable(Exception):
    """An error whose own text cannot be made."""

    def __str__(self) -> str:
        """Fail, as handlers did that looked for an attribute that was not there."""
        raise TypeError(self.args)


class FaultyRunner(Runner):
    """Runs as the honest one does, except where a fault holds."""

    def __init__(self, *, clock: Clock, faults: Sequence[Fault], **parts: Any) -> None:  # noqa: ANN401 -- the honest runner's
        super().__init__(**parts)
        self._clock, self._faults = clock, faults
        self._waiting: list[tuple[datetime, Claim]] = []

    def attempt(self, claim: Claim) -> Outcome | None:  # type: ignore[override]
        """Make one run, or let it be lost."""
        self._come_back()
        fault = self._fault("executor", claim)
        if fault is None:
            return super().attempt(claim)
        match fault.how:
            case "drop":
                return None
            case "late":
                self._waiting.append((self._clock.now() + timedelta(minutes=fault.args["minutes"]), claim))
                return None
            case "lie":
                return Outcome(claim)
        outcome = super().attempt(claim)
        super().attempt(claim)
        return outcome

    def _come_back(self) -> None:
        """Make the runs that were given up long ago; nobody waits for what they say."""
        now = self._clock.now()
        ready = [claim for at, claim in self._waiting if at <= now]
        self._waiting = [(at, claim) for at, claim in self._waiting if at > now]
        for claim in ready:
            super().attempt(claim)

    def _make(self, claim: Claim, outcome: Outcome) -> None:
        fault = self._fault("step", claim)
        if fault and fault.how == "raises":
            msg = "division by zero"
            raise ZeroDivisionError(msg)
        if fault and fault.how == "raises badly":
            raise Unspeakable(claim)
        if fault and fault.how in endings.ENDINGS:
            self._end(claim, outcome, fault.how)
        super()._make(claim, outcome)

    def _end(self, claim: Claim, outcome: Outcome, how: str) -> None:
        """End as the step's own function does: in a process of its own, but where it may be called here.

        Raises:
            OverTime: It hung, for as long as the step may last.
            ProcessEnded: It ended its process.
        """
        if how == "leaves":
            self._called(outcome, endings.ENDINGS[how])
            return
        try:
            Child().call(endings.ENDINGS[how], (), _HANGS)
        except OverTime:
            if isinstance(self._clock, SimClock):
                self._clock.sleep(claim.step.time_limit)
            raise

    def _read(self, claim: Claim, inputs: tuple[Input, ...]) -> dict[str, pa.Table]:
        found = super()._read(claim, inputs)
        fault = self._fault("step", claim)
        if fault and fault.how == "leaks":
            (into, column), (source, of) = fault.args["into"].split("."), fault.args["of"].split(".")
            key = self.tables[into].key
            outcomes = {tuple(row[name] for name in key): row[of] for row in found[source].to_pylist()}
            keys = [tuple(row[name] for name in key) for row in found[into].select(key).to_pylist()]
            leaked = pa.array([outcomes.get(one) for one in keys])
            for name in [name for name in found[into].column_names if name.startswith(column)]:
                found[into] = _with(found[into], name, leaked.cast(found[into].column(name).type))
        return found

    def _write(self, claim: Claim, made: Made, outcome: Outcome, *, evidence: bool) -> None:
        fault = self._fault("step", claim)
        if fault and not isinstance(claim.step.work, SourceWork):
            made = Made(rows=_spoiled(claim.step.table, made.rows, fault), excused=made.excused, notes=made.notes)
        super()._write(claim, made, outcome, evidence=evidence)

    def _fault(self, kind: str, claim: Claim) -> Fault | None:
        now = self._clock.now()
        return next(
            (f for f in self._faults if f.kind == kind and f.holds(now) and f.fits(output=claim.step.name)), None
        )


def _spoiled(table: Table, rows: pa.Table, fault: Fault) -> pa.Table:  # noqa: PLR0911 -- one line a way
    match fault.how:
        case "leaks":
            return rows
        case "empty":
            return rows.slice(0, 0)
        case "half":
            return rows.take(pa.array(range(0, rows.num_rows, 2)))
        case "twice":
            return pa.concat_tables([rows, rows])
        case "wrong day":
            next_days = pc.add(rows.column("day").cast(pa.int32()), pa.scalar(1, pa.int32()))
            return _with(rows, "day", next_days.cast(pa.date32()))
    name = fault.args["column"]
    column = rows.column(name)
    if fault.how == "null":
        return _with(rows, name, pa.nulls(rows.num_rows, column.type))
    if fault.how == "constant":
        value = fault.args["value"]
        return _with(rows, name, pa.array([value] * rows.num_rows, column.type))
    if table.column(name).type in {ColumnType.INT, ColumnType.FLOAT}:
        scaled = pc.multiply(column.cast(pa.float64()), float(fault.args["by"]))
        return _with(rows, name, scaled.cast(column.type, safe=False))
    raise ValueError(fault.how)


def _with(rows: pa.Table, name: str, values: Any) -> pa.Table:  # noqa: ANN401 -- any Arrow array
    return rows.set_column(rows.schema.get_field_index(name), name, values)


def secrets_without(secrets: Mapping[str, str], faults: Sequence[Fault]) -> dict[str, str]:
    """Return the secrets without those that a fault takes away."""
    gone = {fault.args["name"] for fault in faults if fault.kind == "secrets"}
    return {name: value for name, value in secrets.items() if name not in gone}
