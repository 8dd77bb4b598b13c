"""Doing one run: read, make, write, read back. However it ends, the outcome says so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

import pyarrow as pa

from tipoff.core.errors import ErrorKind, PipelineError, SourceError
from tipoff.core.payload import Fetched, Parsed, Payload, Request
from tipoff.core.proof import InputProof, Proof
from tipoff.core.rows import arrow_schema, table_from_records
from tipoff.core.schema import Table
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context, Made, PublishWork, PythonWork, SourceWork, SqlWork, Step
from tipoff.core.window import SLATE, Input
from tipoff.engine.judge import RunPlan
from tipoff.store.dialect import Loaded
from tipoff.store.warehouse import Asked, Warehouse, Written


class Writer(Protocol):
    """What a run writes through: the warehouse, or the published files."""

    def replace(self, asked: Asked, rows: pa.Table) -> Written:
        """See `tipoff.store.warehouse.Warehouse.replace`."""
        ...


class Fetch(Protocol):
    """Asks a provider, archives the answer, and classifies what went wrong."""

    def __call__(self, request: Request, *, now: datetime) -> Fetched:
        """Return the answer; raises SourceError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchNote:
    """What the ledger records of one payload: how it was accounted for."""

    request: Request
    status: int
    sha256: str
    n_bytes: int
    n_rows: int
    n_rejects: int
    outcome: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A run that may be made: its fence, its obligation, its plan."""

    run_id: int
    loaded: Loaded
    slate: Slate
    season: Season
    plan: RunPlan
    previous: Proof | None
    attempt: int
    inputs: tuple[InputProof, ...] = ()

    @property
    def step(self) -> Step:
        """The declaration of what is run."""
        return self.loaded.step


@dataclass(slots=True)
class Outcome:
    """How a run ended."""

    claim: Claim
    written: Written | None = None
    error: PipelineError | None = None
    fetches: list[FetchNote] = field(default_factory=list)
    parse_rejects: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    cpu_ms: float = 0.0


class StepFailed(PipelineError):
    """A transform raised something that no rule foresaw; it is recorded with its type and place."""

    def __init__(self, step: str, day: date, error: Exception) -> None:
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f" at {place.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{place.tb_lineno}" if place else ""
        super().__init__(
            f"{step} of {day} raised {type(error).__name__}: {error}{where}",
            hint="the step's code or its input is at fault; it is tried again when either changes",
        )


class Runner:
    """Makes claimed runs, one at a time."""

    def __init__(  # noqa: PLR0913 -- what a run touches
        self,
        *,
        warehouse: Warehouse,
        published: Writer,
        tables: Mapping[str, Table],
        fetch: Fetch,
        stopwatch: Callable[[], float],
        at: Callable[[str], None],
    ) -> None:
        self._warehouse = warehouse
        self._published = published
        self._tables = tables
        self._fetch = fetch
        self._stopwatch = stopwatch
        self._at = at

    def attempt(self, claim: Claim) -> Outcome:
        """Make one run once. A PipelineError says what helps; anything else is permanent until something changes."""
        outcome = Outcome(claim)
        started = self._stopwatch()
        try:
            self._make(claim, outcome)
        except PipelineError as error:
            outcome.error = error
        except Exception as error:  # noqa: BLE001 -- the one broad handler: every run's end is recorded in the ledger
            outcome.error = StepFailed(claim.step.name, claim.slate.day, error)
        outcome.cpu_ms = (self._stopwatch() - started) * 1000
        return outcome

    def _make(self, claim: Claim, outcome: Outcome) -> None:
        context = Context(slate=claim.slate, units=frozenset(claim.plan.units), as_of=claim.plan.as_of)
        work = claim.step.work
        evidence = True
        match work:
            case SqlWork():
                rows = self._warehouse.select(claim.loaded, _asked(claim, {}, evidence=True))
                excused = _signed_zeros(claim, rows, work.empty)
            case PythonWork() | PublishWork():
                made = work.transform(context, self._read(claim, work.inputs))
                rows, excused = made.rows, dict(made.excused)
                outcome.notes += made.notes
            case SourceWork():
                made = self._collect(claim, context, work, outcome)
                rows, excused, evidence = made.rows, dict(made.excused), False
        self._at("made")
        asked = _asked(claim, excused, evidence=evidence)
        writer: Writer = self._published if isinstance(work, PublishWork) else self._warehouse
        outcome.written = writer.replace(asked, rows)

    def _read(self, claim: Claim, inputs: tuple[Input, ...], *, own: bool = False) -> dict[str, pa.Table]:
        tables = {}
        for read in inputs:
            declared = self._tables[read.table]
            tables[read.table] = self._warehouse.read(
                declared, read.window, day=claim.slate.day, season=claim.season, as_of=claim.plan.as_of
            )
        if own:
            table = claim.step.table
            tables[table.name] = (
                self._warehouse.read(
                    table,
                    SLATE,
                    day=claim.slate.day,
                    season=claim.season,
                    as_of=claim.plan.as_of,
                )
                if claim.previous is not None and claim.previous.n_rows
                else arrow_schema(table).empty_table()
            )
        return tables

    def _collect(self, claim: Claim, context: Context, work: SourceWork, outcome: Outcome) -> Made:
        """Ask for every request of the slate; each payload is archived before it is parsed, and accounted for."""
        tables = self._read(claim, work.inputs, own=True)
        records: list[dict[str, object]] = []
        excused: dict[str, str] = {}
        failures: list[SourceError] = []
        requests = work.requests(context, tables)
        for request in requests:
            try:
                payload, parsed = self._one(request, context, work, tables)
            except SourceError as error:
                failures.append(error)
                outcome.fetches.append(_failed(request, error))
                continue
            records += parsed.rows
            excused |= parsed.excused
            outcome.parse_rejects += [(reject.reason, reject.row) for reject in parsed.rejects]
            outcome.notes += parsed.notes
            outcome.fetches.append(_accounted(payload, parsed))
        if failures and not records and not excused:
            raise failures[0]
        known_at = context.as_of
        for record in records:
            record["known_at"] = known_at
        return Made(rows=table_from_records(claim.step.table, records), excused=excused)

    def _one(
        self, request: Request, context: Context, work: SourceWork, tables: Mapping[str, pa.Table]
    ) -> tuple[Payload, Parsed]:
        fetched = self._fetch(request, now=context.as_of)
        if fetched.payload is None:
            msg = f"{request.source} says that nothing has changed, and nothing is kept of what it said before"
            raise SourceError(msg, kind=ErrorKind.TRANSIENT)
        return fetched.payload, work.parse(fetched.payload, context, tables)


def _asked(claim: Claim, excused: Mapping[str, str], *, evidence: bool) -> Asked:
    work = claim.step.work
    return Asked(
        step=claim.step,
        season=claim.season,
        day=claim.slate.day,
        fence=claim.run_id,
        as_of=claim.plan.as_of,
        step_version=claim.loaded.version,
        units=claim.plan.units,
        previous=claim.previous,
        excused={unit: reason for unit, reason in excused.items() if unit in claim.plan.units},
        inputs=claim.inputs,
        evidence=evidence,
        retrospective=claim.plan.retrospective,
        keeps_history=isinstance(work, SourceWork) and work.keeps_history,
    )


def _signed_zeros(claim: Claim, rows: pa.Table, empty: str) -> dict[str, str]:
    """Excuse the asked units without rows that rightly have none: nothing was expected of any earlier day."""
    if not empty:
        return {}
    columns = claim.step.table.unit_columns
    present = set(zip(*(rows.column(name).to_pylist() for name in columns), strict=True)) if columns else set()
    found = {"|".join(str(part) for part in parts) for parts in present}
    return {unit: empty for unit in claim.plan.may_be_empty if unit not in found}


def _failed(request: Request, error: SourceError) -> FetchNote:
    return FetchNote(
        request=request, status=0, sha256="", n_bytes=0, n_rows=0, n_rejects=0, outcome="error", note=str(error)
    )


def _accounted(payload: Payload, parsed: Parsed) -> FetchNote:
    outcome = "rows" if parsed.rows else "recognised empty" if parsed.excused else "nothing for this slate"
    return FetchNote(
        request=payload.request,
        status=payload.status,
        sha256=payload.sha256,
        n_bytes=len(payload.body),
        n_rows=len(parsed.rows),
        n_rejects=len(parsed.rejects),
        outcome=outcome,
    )
