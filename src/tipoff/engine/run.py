"""Doing one run: read, make, write, read back. However it ends, the outcome says so."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

import pyarrow as pa

from tipoff.core.errors import ErrorKind, PipelineError, SourceError
from tipoff.core.payload import Fetched, Parsed, Payload, Request
from tipoff.core.proof import InputProof, Proof
from tipoff.core.rows import arrow_schema, same_rows, table_from_records
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """What a source said last for a slate, and which units it was asked about, made from what."""

    version: str
    shas: tuple[tuple[Request, str], ...]
    units: Mapping[str, str]

    def are_known(self, last: "_Answers | None") -> bool:
        """Whether `last` was led to by the same answers for at least these units."""
        return (
            last is not None
            and (self.version, self.shas) == (last.version, last.shas)
            and self.units.items() <= last.units.items()
        )


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
        self._answers: dict[tuple[str, date], _Answers] = {}

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
        match work:
            case SqlWork():
                rows = self._warehouse.select(claim.loaded, _asked(claim, {}, evidence=True))
                made = Made(rows=rows, excused=_signed_zeros(claim, rows, work.empty))
            case PythonWork() | PublishWork():
                made = work.transform(context, self._read(claim, work.inputs))
                outcome.notes += made.notes
            case SourceWork():
                self._load(claim, context, work, outcome)
                return
        self._write(claim, made, outcome, evidence=True)

    def _write(self, claim: Claim, made: Made, outcome: Outcome, *, evidence: bool) -> None:
        self._at("made")
        asked = _asked(claim, made.excused, evidence=evidence)
        writer: Writer = self._published if isinstance(claim.step.work, PublishWork) else self._warehouse
        outcome.written = writer.replace(asked, made.rows)

    def _load(self, claim: Claim, context: Context, work: SourceWork, outcome: Outcome) -> None:
        """Ask for every request of the slate; each payload is archived before it is parsed, and accounted for.

        The same answers as last time, for the same units, need no second look when all that they were asked for is
        proven. What is missing is looked at again: the same answer a day later can be evidence.
        """
        tables = self._read(claim, work.inputs)
        payloads, failures = self._payloads(work.requests(context, tables), context, outcome)
        answers = _Answers(
            version=claim.loaded.version,
            shas=tuple((payload.request, payload.sha256) for payload in payloads),
            units=dict(claim.plan.units),
        )
        key = (claim.step.name, claim.slate.day)
        is_whole = claim.previous is not None and claim.plan.units.keys() <= claim.previous.units.keys()
        if claim.previous and is_whole and not failures and answers.are_known(self._answers.get(key)):
            outcome.fetches += [_note(payload, "unchanged") for payload in payloads]
            outcome.written = Written(proof=claim.previous, changed=frozenset())
            return
        self._answers.pop(key, None)
        own = self._own(claim)
        made = self._parse(claim, context, payloads, tables | {claim.step.name: own}, outcome)
        if (
            claim.previous is not None
            and not failures
            and not made.excused
            and same_rows(claim.step.table, made.rows, own)
        ):
            missing = claim.plan.units.keys() - claim.previous.units.keys()
            outcome.written = Written(proof=claim.previous, changed=frozenset(), missing=frozenset(missing))
            self._answers[key] = answers
            return
        if failures and not made.rows.num_rows and not made.excused:
            raise failures[0]
        self._write(claim, made, outcome, evidence=False)
        if not failures and outcome.written is not None and not outcome.written.refused:
            self._answers[key] = answers

    def _payloads(
        self, requests: Sequence[Request], context: Context, outcome: Outcome
    ) -> tuple[list[Payload], list[SourceError]]:
        payloads: list[Payload] = []
        failures: list[SourceError] = []
        for request in requests:
            try:
                payloads.append(self._payload(request, context))
            except SourceError as error:
                failures.append(error)
                outcome.fetches.append(_failed(request, error))
        return payloads, failures

    def _payload(self, request: Request, context: Context) -> Payload:
        fetched = self._fetch(request, now=context.as_of)
        if fetched.payload is None:
            msg = f"{request.source} says that nothing has changed, and nothing is kept of what it said before"
            raise SourceError(msg, kind=ErrorKind.TRANSIENT)
        return fetched.payload

    def _parse(
        self,
        claim: Claim,
        context: Context,
        payloads: Sequence[Payload],
        inputs: Mapping[str, pa.Table],
        outcome: Outcome,
    ) -> Made:
        """Return the rows of all payloads; an answer that cannot be read is noted, and the others go on."""
        work = claim.step.work
        if not isinstance(work, SourceWork):
            raise TypeError(work)
        records: list[dict[str, object]] = []
        excused: dict[str, str] = {}
        unreadable: list[SourceError] = []
        for payload in payloads:
            try:
                parsed = work.parse(payload, context, inputs)
            except SourceError as error:
                unreadable.append(error)
                outcome.fetches.append(_failed(payload.request, error, sha256=payload.sha256))
                continue
            records += parsed.rows
            excused |= parsed.excused
            outcome.parse_rejects += [(reject.reason, reject.row) for reject in parsed.rejects]
            outcome.notes += parsed.notes
            outcome.fetches.append(_accounted(payload, parsed))
        if unreadable and not records and not excused:
            raise unreadable[0]
        for record in records:
            record["known_at"] = context.as_of
        return Made(rows=table_from_records(claim.step.table, records), excused=excused)

    def _own(self, claim: Claim) -> pa.Table:
        """Return the slate's rows that the step's own table already has."""
        table = claim.step.table
        if claim.previous is None or not claim.previous.n_rows:
            return arrow_schema(table).empty_table()
        plan = claim.plan
        return self._warehouse.read(table, SLATE, day=claim.slate.day, season=claim.season, as_of=plan.as_of)

    def _read(self, claim: Claim, inputs: tuple[Input, ...]) -> dict[str, pa.Table]:
        return {
            read.table: self._warehouse.read(
                self._tables[read.table],
                read.window,
                day=claim.slate.day,
                season=claim.season,
                as_of=claim.plan.as_of,
                columns=read.columns,
            )
            for read in inputs
        }


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


def _failed(request: Request, error: SourceError, *, sha256: str = "") -> FetchNote:
    return FetchNote(
        request=request, status=0, sha256=sha256, n_bytes=0, n_rows=0, n_rejects=0, outcome="error", note=str(error)
    )


def _accounted(payload: Payload, parsed: Parsed) -> FetchNote:
    outcome = "rows" if parsed.rows else "recognised empty" if parsed.excused else "nothing for this slate"
    return _note(payload, outcome, n_rows=len(parsed.rows), n_rejects=len(parsed.rejects))


def _note(payload: Payload, outcome: str, *, n_rows: int = 0, n_rejects: int = 0) -> FetchNote:
    return FetchNote(
        request=payload.request,
        status=payload.status,
        sha256=payload.sha256,
        n_bytes=len(payload.body),
        n_rows=n_rows,
        n_rejects=n_rejects,
        outcome=outcome,
    )
