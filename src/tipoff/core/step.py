"""Steps: named pure transforms with a declared output, and what a catalog says about each."""

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from tipoff.core.obligation import GAME_UNITS, Timing, Units
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.question import Question, Ruling
from tipoff.core.schema import Phase, Table
from tipoff.core.slate import Season, Slate
from tipoff.core.window import Input

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The policy of one gate: this step's reading of the input `table`.

    `aligned`: unit g of the output rests on unit g of the input alone (same-slate inputs of the same units). `minimum`:
    the share of the expected set at which the gate opens once `patience` has passed since the obligation opened, or when it
    falls due; at 1.0 it opens at once. `optional`: the input lowers nothing, whatever its state. `last_games`: for an input
    over earlier days, the expected set of a game's unit is the last n games of each of its sides and all of yesterday's.
    `cascades`: new content of the input makes this output stale; off for an input that only says what is on (the schedule: its
    games and times already change the obligation itself). `needed`: a unit cannot be made without its own aligned input; off
    where another input can stand in for it once patience has ended. `stands_in_for`: new content matters only for units that the
    named input lacks. `quality`: the least share of the input's proven units that were themselves made on whole input.
    `one_of`: inputs of one such name are ways to the same thing; a unit waits for all of them, and needs one.
    """

    table: str
    minimum: float = 0.8
    patience: timedelta = timedelta(hours=4)
    aligned: bool = True
    optional: bool = False
    last_games: int = 10
    cascades: bool = True
    needed: bool = True
    stands_in_for: str = ""
    quality: float = 0.0
    one_of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a run is told: its slate, the units it makes, the one instant that it sees, what people have ruled."""

    slate: Slate
    units: frozenset[str]
    as_of: datetime
    rulings: tuple[Ruling, ...] = ()  # for a transform that asks people


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a transform made: rows of the declared table, units that it excuses, each with its reason, questions to people."""

    rows: "pa.Table"
    excused: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlWork:
    """One SELECT in BigQuery's dialect. Parameters it may name: @day, @season_start, @as_of.

    `empty`: the reason that excuses a unit for which the SELECT gives no row (a signed zero); without it such a
    unit is not proven.
    """

    sql: str
    empty: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonWork:
    """A pure function of the declared inputs, given as Arrow tables by table name, each narrowed to its window.

    `asks`: it puts questions to people; a ruling on what a unit asked makes that unit stale.
    """

    inputs: tuple[Input, ...]
    transform: Callable[[Context, Mapping[str, "pa.Table"]], Made]
    constants: tuple[object, ...] = ()  # what else the result depends on; part of the version
    asks: bool = False


Guard = Callable[[Context, Mapping[str, "pa.Table"], "pa.Table"], Mapping[str, str]]
"""Given a publication's inputs and rows, returns the units that may not go out, each with the reason."""

MOST_PAGES = 40  # answers that may follow one request


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceWork:
    """Ask a provider, archive its answers, parse them into rows.

    `source` is the provider's name, as findings and breakers know it. `requests` and `parse` are pure. `parse` is given the
    slate's rows already in the table (for merging and for noticing what an answer no longer names). `keeps_history`: rows of
    earlier answers stay, the first arrival of a key keeps its `known_at`. `follow` names what is to be asked after an answer (the
    next page), or nothing; at most `MOST_PAGES` answers follow one request, and no request is made twice. `key` names the setting
    without which nobody is asked: until it is set, nothing is owed.
    """

    source: str
    requests: Callable[[Context, Mapping[str, "pa.Table"]], Sequence[Request]]
    parse: Callable[[Payload, Context, Mapping[str, "pa.Table"]], Parsed]
    inputs: tuple[Input, ...] = ()
    keeps_history: bool = False
    follow: Callable[[Payload], Request | None] | None = None
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishWork:
    """A pure function whose rows become a published document (JSON and Parquet), frozen unit by unit at its close.

    `guards` look at its inputs and rows before they go out: what they name is held, and told.
    """

    inputs: tuple[Input, ...]
    transform: Callable[[Context, Mapping[str, "pa.Table"]], Made]
    constants: tuple[object, ...] = ()
    guards: tuple[Guard, ...] = ()


Work = SqlWork | PythonWork | SourceWork | PublishWork


def every_slate(_day: date, _season: Season) -> bool:
    """Owe the output for every slate."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of a catalog: the output, how it is made, when it is owed, what it waits for."""

    table: Table  # of a published file too: the rows it shows
    work: Work
    timing: Timing
    units: Units = GAME_UNITS
    edges: tuple[Edge, ...] = ()
    optional: bool = False  # lowers a gate, never the grid
    owed_on: Callable[[date, Season], bool] = every_slate  # of a season that begins no sooner than what is made here
    of_empty_days: bool = False  # asked of a day without games too: it may know of one
    rows_as: tuple[str, ...] = ()  # the tables of which each unit's rows, added up, are as many, at the least
    # the column whose different values are counted for `rows_as`, where what is made has several rows of each
    rows_of: str = ""
    time_limit: timedelta = timedelta(minutes=3)
    # what one statement that reads its inputs may bill on BigQuery; a day needs 10 MB a table
    max_bytes: int = 268_435_456
    # earlier versions that made the same: only names have changed since, so their proofs are good
    same_as: tuple[str, ...] = ()
    parsers: tuple[Callable[..., object], ...] = ()  # functions beyond `work`'s own whose source is part of the version

    def __post_init__(self) -> None:
        """Refuse a declaration that counts different values of a column that the table does not have."""
        if self.rows_of and self.rows_of not in self.table.names:
            msg = f"{self.name}: rows_of names {self.rows_of}, which is no column of its table"
            raise ValueError(msg)

    @property
    def name(self) -> str:
        """The output's name within its league."""
        return self.table.name

    @property
    def names(self) -> tuple[str, ...]:
        """The output's name, and those that it had before."""
        return self.table.name, *self.table.formerly

    @property
    def phase(self) -> Phase:
        """The phase of the output."""
        return self.table.phase

    @property
    def own_cause(self) -> str:
        """What its own trouble is blamed on: its provider, or its transform."""
        return f"source:{self.work.source}" if isinstance(self.work, SourceWork) else f"step:{self.name}"

    def edge(self, table: str) -> Edge:
        """Return the policy for reading `table`; the default one where the catalog says nothing."""
        return next((edge for edge in self.edges if edge.table == table), Edge(table=table))

    def version(self, *, parsed_sql: str = "") -> str:
        """Return a hash of the transform and the declaration: what the work is, never when it was committed."""
        sha = hashlib.sha256()
        sha.update(repr((self.table.full_name, self.table.columns, self.table.key, self.table.unit_columns)).encode())
        for part in _sources(self.work, parsed_sql):
            sha.update(part.encode())
        for parser in self.parsers:
            sha.update(_source(parser).encode())
        return sha.hexdigest()[:12]


@cache
def _source(function: Callable[..., object]) -> str:
    return inspect.getsource(function)


def _sources(work: Work, parsed_sql: str) -> list[str]:
    match work:
        case SqlWork():
            return [parsed_sql or work.sql, work.empty]
        case PythonWork() | PublishWork():
            return [_source(work.transform), repr(work.constants), repr(work.inputs)]
        case SourceWork():
            follow = [_source(work.follow)] if work.follow else []
            return [_source(work.requests), _source(work.parse), repr(work.keeps_history), *follow]
