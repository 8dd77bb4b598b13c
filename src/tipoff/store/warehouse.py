"""The warehouse's seam: what every engine (DuckDB, BigQuery) promises to the machine above."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

import pyarrow as pa

from tipoff.core.payload import Reject
from tipoff.core.proof import InputProof, Loss, Proof
from tipoff.core.schema import Table
from tipoff.core.slate import Season
from tipoff.core.step import Step
from tipoff.core.window import Input, Window
from tipoff.store.dialect import CompiledStep, Questions


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRequest:
    """What a write is asked to do, fixed before it begins.

    `units` are the only ones that may change; each maps to the digest of what it is made from. `excused` are units that owe no
    rows, with reasons. `evidence`: it is known why a unit may become poorer (its input changed); without it such a unit is
    refused. `partial` are units made without all of their input; `least_rows` is how many rows a unit must have, where another
    output says it. `written_at` is the instant of the write itself, `as_of` the one that the run sees. `lost` are units whose
    rows are written whatever their proof says, for they do not stand as it says; each with the hash that they must have, where
    they can only be as they were. `unread` are units of which nobody could read the newest answer: no earlier excuse of theirs
    stands, nor of a unit all of whose rows are refused.
    """

    step: Step
    season: Season
    day: date
    fence: int
    as_of: datetime
    step_version: str
    units: Mapping[str, str]
    excused: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[InputProof, ...] = ()
    evidence: bool = False
    retrospective: bool = False
    partial: frozenset[str] = frozenset()
    least_rows: Mapping[str, int] = field(default_factory=dict)
    written_at: datetime | None = None
    keeps_history: bool = False
    lost: Mapping[str, str] = field(default_factory=dict)
    closes: Mapping[str, datetime] = field(default_factory=dict)  # when each unit may no longer be written
    withheld: Mapping[str, str] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResult:
    """What a write left behind.

    `proof` is the whole state of (output, day) as read back. `changed` are the units whose content differs from
    before. `refused` maps units that were left as they were to the reason (a range, a key, a regression); `missing` are
    asked units for which there was neither a row nor an excuse. `rejects` are the quarantined rows. `doubts` are units that
    were stored with less than was hoped for.
    """

    proof: Proof
    changed: frozenset[str]
    refused: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    rejects: tuple[Reject, ...] = ()
    doubts: Mapping[str, str] = field(default_factory=dict)


class Warehouse(Protocol):
    """Tables of the phases; one writer at a time for each table. `counts` says how often what was asked of it."""

    counts: Counter[str]
    questions: Questions

    def prepare(self, steps: Iterable[Step]) -> Mapping[str, CompiledStep]:
        """Create what one league declares, bind its steps on empty tables, and return them loaded, by output name.

        Raises:
            ShapeError: A table stands there with other columns or types; a step reads an undeclared table or a table
                without a window, uses a clock or table function, or cannot be translated.
        """

    def select(self, loaded: CompiledStep, asked: WriteRequest) -> pa.Table:
        """Run a SQL step's SELECT for the slate and return its rows, of the declared columns, unwritten."""

    def read(  # noqa: PLR0913 -- what a slice is
        self,
        table: Table,
        window: Window,
        *,
        day: date,
        season: Season,
        as_of: datetime,
        columns: tuple[str, ...] = (),
        max_bytes: int = 0,
    ) -> pa.Table:
        """Return the rows of `table` that the window lets through, in key order; of all declared columns, or of `columns`.

        `max_bytes` is what this may bill where reading is billed; 0 leaves it to the settings.
        """

    def replace(self, asked: WriteRequest, rows: pa.Table) -> WriteResult:
        """Make the asked units hold exactly `rows`, with the proof, or leave everything as it was.

        Rows of other units are ignored. A unit whose content is equal to what stands there is not touched.

        Raises:
            WriteConflict: An earlier write still holds rows; nothing was changed.
            ShapeError: A column is missing or of another type, or a row is of another day.
            Fenced: A higher fence has already published this output and day.
        """

    def proofs(self, *, since: int = 0) -> Sequence[Proof]:
        """Return, for each output and day, the proof with the highest fence above `since`, as stored beside the data."""

    def recount(self, table: Table, day: date) -> Mapping[str, tuple[int, str]]:
        """Read the rows of one day back and return rows and content hash by unit: the truth, whatever a proof says."""

    def losses(self, league: str) -> Sequence[Loss]:
        """Return the slates of a league that do not have as many rows as their proofs say."""

    def gone(self, league: str, inputs: Iterable[Input], *, day: date, season: Season) -> Sequence[Loss]:
        """Return the slates in the windows of `inputs` that do not have as many rows as their proofs say."""

    def query(self, sql: str, tables: Iterable[Table], parameters: Mapping[str, object]) -> pa.Table:
        """Run a read-only SELECT in BigQuery's dialect whose tables are named `season.<table>` and return its rows.

        Parameters @season_start and @season_end (dates) bound every table.
        """

    def ask(self, sql: str, *, league: str, day: date, season: Season, as_of: datetime) -> pa.Table:
        """Run a check's SELECT, with windows as in a step, and return its rows; read-only. Raises `ShapeError` for others."""

    def stored(self, table: Table, day: date, units: Iterable[str] | None = None) -> pa.Table:
        """Read the rows of one day back, or of some units, past everything that is kept: what others have changed is seen."""

    def n_writes(self, table: Table, days: tuple[date, date]) -> int:
        """Return how often rows of these days, the first and the last included, were written here since it was opened."""

    def mirror(self, table: Table, day: date, rows: pa.Table) -> None:
        """Let checks read a table that is published as files: hold exactly `rows` of `day`."""

    def interrupt(self, thread: int) -> None:
        """End the statement that `thread` waits for, where the engine can: it comes back with an error."""

    def close(self) -> None:
        """Let go of the store."""
