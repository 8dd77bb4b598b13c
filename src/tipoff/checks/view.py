"""One slate as it stands: its rows, profiles, what is recorded of it, and its outputs made anew."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, cached_property
from typing import Any

import pyarrow as pa

from tipoff.checks.profile import profile_of
from tipoff.core.errors import PipelineError
from tipoff.core.league import League
from tipoff.core.proof import Proof, UnitProof
from tipoff.core.records import ArrivalRecord, ObligationRecord, RunRecord
from tipoff.core.schema import Table
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context, PublishWork, PythonWork, SqlWork
from tipoff.core.window import KNOWN, SLATE
from tipoff.ledger import Ledger
from tipoff.ledger.reader import LeagueRecords
from tipoff.store.dialect import CompiledStep
from tipoff.store.rows import check, conform, hash_units
from tipoff.store.warehouse import Warehouse, WriteRequest


class RecordsOnce:
    """See `Records`; what was read once, of the whole day, is not read again: a look is over before the ledger changes."""

    def __init__(self, records: LeagueRecords) -> None:
        self.league = records.league
        self.ticks, self.decisions = cache(records.ticks), cache(records.decisions)
        self.games, self.marks, self.obligations = (
            cache(records.games),
            cache(records.marks),
            cache(records.obligations),
        )
        self.run_starts, self.requests = records.run_starts, records.requests
        self.conflicts, self.beats = records.conflicts, records.beats
        self._runs, self._arrivals, self._proofs = cache(records.runs), cache(records.arrivals), cache(records.proofs)

    def runs(
        self,
        *,
        output: str = "",
        day: date | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> Sequence[RunRecord]:
        """See `Records.runs`."""
        found = self._runs(day=day, since=since, before=before)
        return [run for run in found if output in {"", run.output}]

    def obligation(self, output: str, day: date) -> ObligationRecord | None:
        """See `Records.obligation`."""
        return next((owed for owed in self.obligations(day=day) if owed.output == output), None)

    def arrivals(self, day: date, output: str = "") -> Sequence[ArrivalRecord]:
        """See `Records.arrivals`."""
        return [arrival for arrival in self._arrivals(day) if output in {"", arrival.output}]

    def proof(self, output: str, day: date) -> Proof | None:
        """See `Records.proof`."""
        return self._proofs(day).get(output)


Profiles = Mapping[str, Mapping[str, float]]
_SMALL = 2**18  # bytes


@dataclass(slots=True)
class Seen:
    """What a look has read of a slate and asked of it, for the next look at it."""

    rows: dict[str, pa.Table] = field(default_factory=dict)
    profiles: dict[str, Profiles] = field(default_factory=dict)
    answers: dict[str, tuple[object, pa.Table]] = field(default_factory=dict)  # with what they were found on

    def small(self) -> "Seen":
        """Return what is worth keeping: answers of checks, not the history that was read."""
        answers = {sql: kept for sql, kept in self.answers.items() if kept[1].nbytes <= _SMALL}
        return Seen(rows=self.rows, profiles=self.profiles, answers=answers)


@dataclass(kw_only=True)
class SlateView:
    """One slate; see `tipoff.core.check.View`.

    Its rows are read back at each look. What the look before has worked out of a table's rows is taken over where they are the
    same; and what a SELECT gave, where besides nothing was written of the other days that it reads.
    """

    day: date
    now: datetime
    season: Season
    league: League
    warehouse: Warehouse
    ledger: Ledger
    loaded: Mapping[str, CompiledStep]
    profiles_before: Callable[[str, date], Sequence[Profiles]]
    before: Seen = field(default_factory=Seen)
    seen: Seen = field(default_factory=Seen)
    _values: dict[tuple[str, str], Sequence[Any]] = field(default_factory=dict)

    def table(self, name: str) -> Table:
        """Return a table's declaration."""
        return self.league.table(name)

    def rows(self, table: str) -> pa.Table:
        """Return the slate's rows of a table as they stand."""
        if table not in self.seen.rows:
            rows, known = self.warehouse.stored(self.table(table), self.day), self.before.rows.get(table)
            self.seen.rows[table] = known if known is not None and known.equals(rows) else rows
        return self.seen.rows[table]

    def values(self, table: str, column: str) -> Sequence[Any]:
        """Return one column of the slate's rows."""
        if (table, column) not in self._values:
            self._values[table, column] = self.rows(table).column(column).to_pylist()
        return self._values[table, column]

    def ask(self, sql: str) -> pa.Table:
        """Return what a SELECT gives; what several checks ask is asked once."""
        if sql not in self.seen.answers:
            found_on, known = self._found_on(sql), self.before.answers.get(sql)
            if known is None or known[0] != found_on:
                known = (
                    found_on,
                    self.warehouse.ask(sql, league=self.league.name, day=self.day, season=self.season, as_of=self.now),
                )
            self.seen.answers[sql] = known
        return self.seen.answers[sql][1]

    def _found_on(self, sql: str) -> object:
        """Return what differs where a SELECT may give something else than it gave at the look before."""
        marks: list[object] = [object()] if "@as_of" in sql else []
        for read in self.warehouse.questions.of(sql, self.league.name).inputs:
            if read.window == SLATE:
                marks.append(id(self.rows(read.table)))  # of the same rows it is the same table, which both looks hold
            elif read.window == KNOWN:
                marks.append(object())
            else:
                days = read.window.bounds(self.day, self.season)
                marks += [id(self.rows(read.table))] if days[0] <= self.day <= days[1] else []
                marks.append(self.warehouse.n_writes(self.table(read.table), days))
        return tuple(marks)

    def profile(self, table: str) -> Profiles:
        """Return what the table looks like on the day."""
        if table not in self.seen.profiles:
            is_same = self.rows(table) is self.before.rows.get(table)
            known = self.before.profiles.get(table) if is_same else None
            self.seen.profiles[table] = profile_of(self.table(table), self.rows(table)) if known is None else known
        return self.seen.profiles[table]

    def usual(self, table: str) -> Sequence[Profiles]:
        """Return the table's profiles of the slates before, newest first."""
        return self.profiles_before(table, self.day)

    # --- making anew

    @cached_property
    def records(self) -> RecordsOnce:
        """What the ledger keeps of the league's work; read once for all checks of this look."""
        return RecordsOnce(self.ledger.of(self.league.name))

    @cached_property
    def _overtaken(self) -> set[tuple[str, str]]:
        return {(mark.output, mark.unit) for mark in self.ledger.of(self.league.name).marks(self.day)}

    @cached_property
    def _slate(self) -> Slate:
        return Slate(self.league.name, self.season, self.day, tuple(self.ledger.of(self.league.name).slate(self.day)))

    def remade(self, output: str) -> tuple[Sequence[str], int] | None:
        """See `tipoff.core.check.View`."""
        loaded, proof = self.loaded[output], self.records.proof(output, self.day)
        if proof is None:
            return None
        table = loaded.step.table
        stands = hash_units(table, conform(table, self.rows(output)))
        apart = {unit for unit, found in proof.units.items() if proof.version_of(found) != loaded.version}
        apart |= {unit for unit in (*stands, *proof.units) if self._is_apart(output, unit)}
        proven = {
            unit: found
            for unit, found in proof.units.items()
            if found.as_of is not None and not found.retrospective and unit not in apart
        }
        failing: list[str] = []
        for as_of in sorted({found.as_of for found in proven.values() if found.as_of is not None}):
            units = {unit: found for unit, found in proven.items() if found.as_of == as_of}
            made = self._hashed(loaded, as_of, units)
            failing += [unit for unit in units if made.get(unit) != stands.get(unit)]
        failing += [unit for unit in stands if unit not in proven and unit not in apart]
        return failing, len(proven)

    def _is_apart(self, output: str, unit: str) -> bool:
        off = {game.game_id for game in self._slate.games if game.status.is_off}
        return (output, unit) in self._overtaken or unit.partition("|")[0] in off

    def _hashed(
        self, loaded: CompiledStep, as_of: datetime, units: Mapping[str, UnitProof]
    ) -> dict[str, tuple[int, str]]:
        """Return what the output comes out as by unit; a transform that cannot work on what stands makes nothing."""
        table = loaded.step.table
        try:
            return hash_units(table, check(table, self.day, conform(table, self._made(loaded, as_of, units))).good)
        except (PipelineError, pa.ArrowException, LookupError, ValueError, TypeError, ArithmeticError):
            return {}

    def _made(self, loaded: CompiledStep, as_of: datetime, units: Mapping[str, UnitProof]) -> pa.Table:
        work = loaded.step.work
        if isinstance(work, SqlWork):
            asked = WriteRequest(
                step=loaded.step,
                season=self.season,
                day=self.day,
                fence=0,
                as_of=as_of,
                step_version=loaded.version,
                units=dict.fromkeys(units, ""),
            )
            return self.warehouse.select(loaded, asked)
        if not isinstance(work, PythonWork | PublishWork):
            msg = f"{loaded.step.name} is not made from tables"
            raise TypeError(msg)
        inputs = {}
        for read in work.inputs:
            table = self.table(read.table)
            if read.window == KNOWN:
                inputs[read.table] = self.warehouse.read(
                    table, read.window, day=self.day, season=self.season, as_of=as_of, columns=read.columns
                )
                continue
            names = read.columns or table.names
            if read.window == SLATE:
                rows = self.rows(read.table).select(names)
            else:
                columns = ", ".join(f"t.{name}" for name in names)
                rows = self.ask(f"SELECT {columns} FROM {read.window.name}.{read.table} AS t")  # noqa: S608 -- declared names
            order = [name for name in ("day", *table.key) if name in rows.schema.names]
            inputs[read.table] = rows.sort_by([(name, "ascending") for name in order])
        return work.transform(Context(slate=self._slate, units=frozenset(units), as_of=as_of), inputs).rows
