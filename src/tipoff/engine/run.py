"""Doing one run: read, make, write, read back. However it ends, the outcome says so."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar, cast

import pyarrow as pa

from tipoff.core.errors import CallFailed, ErrorKind, InputGone, PipelineError, SourceError, what_of
from tipoff.core.parsing import parsed_by
from tipoff.core.payload import Fetched, Payload, Reject, Request
from tipoff.core.rows import arrow_schema, same_rows, table_from_records, units_of
from tipoff.core.schema import WHOLE_SLATE, Table
from tipoff.core.step import Made, PublishWork, PythonWork, SourceWork, SqlWork
from tipoff.core.window import SLATE, Input
from tipoff.engine.claim import Claim, Outcome, StepFailed, accounted, failed_fetch, in_time, must_begin, noted
from tipoff.engine.pages import Fetch, Follow, Kept, Pages, Together, archived, first_of_each_key, in_turn, pages_of
from tipoff.store.dialect import with_earlier_games
from tipoff.store.rows import check, conform
from tipoff.store.warehouse import Warehouse, WriteRequest, WriteResult

_SHOWN = 400  # characters of a row that is refused
T = TypeVar("T")


class Writer(Protocol):
    """What a run writes through: the warehouse, or the published files."""

    def replace(self, asked: WriteRequest, rows: pa.Table) -> WriteResult:
        """See `tipoff.store.warehouse.Warehouse.replace`."""


class Call(Protocol):
    """Calls a function that a league declares: here, or where it can be ended."""

    def __call__(
        self, function: Callable[..., object], arguments: Sequence[object], limit: timedelta
    ) -> tuple[object, float]:
        """Return what it gives, and the CPU seconds that this took elsewhere.

        Raises:
            OverTime: It took longer than `limit`, and was ended.
            ProcessEnded: It ended its process.
            CallFailed: It raised what is no PipelineError.
        """


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


@dataclass(slots=True, kw_only=True)
class Runner:
    """Makes claimed runs, each in the thread that asks for it."""

    warehouse: Warehouse
    published: Writer
    tables: Mapping[str, Table]
    fetch: Fetch
    kept: Kept
    call: Call
    now: Callable[[], datetime]
    cpu: Callable[[], float]
    at: Callable[[str], None]
    together: Together = in_turn
    _answers: dict[tuple[str, date], _Answers] = field(default_factory=dict)

    def attempt(self, claim: Claim) -> Outcome:
        """Make one run once. A PipelineError says what helps; anything else is permanent until something changes."""
        begun = self.now()
        outcome = Outcome(claim, begun=begun)
        cpu_s = self.cpu()
        try:
            must_begin(claim, begun)
            self._make(claim, outcome)
        except PipelineError as error:
            outcome.error = error
        except Exception as error:  # noqa: BLE001 -- every run's end is recorded in the ledger
            outcome.error = StepFailed(claim.step.name, claim.slate.day, what_of(error))
        outcome.cpu_ms += (self.cpu() - cpu_s) * 1000
        outcome.ended = self.now()
        return outcome

    def _called(self, outcome: Outcome, function: Callable[..., T], *arguments: object) -> T:
        """Call a function of the step within what is left of its time."""
        claim = outcome.claim
        left = claim.step.time_limit - (self.now() - (outcome.begun or self.now()))
        try:
            answer, cpu_s = self.call(function, arguments, max(left, timedelta(0)))
        except CallFailed as error:
            raise StepFailed(claim.step.name, claim.slate.day, str(error)) from error
        outcome.cpu_ms += cpu_s * 1000
        return cast("T", answer)

    def _make(self, claim: Claim, outcome: Outcome) -> None:
        context, work = claim.context, claim.step.work
        self._inputs_must_stand(claim)
        match work:
            case SqlWork():
                compiled = with_earlier_games(claim.loaded, self.tables, claim.plan.earlier)
                rows = self.warehouse.select(compiled, _asked(claim, {}, claim.started_at, evidence=True))
                made = Made(rows=rows, excused=_signed_zeros(claim, rows, work.empty))
            case PythonWork() | PublishWork():
                inputs = self._read(claim, work.inputs)
                made = self._called(outcome, work.transform, context, inputs)
                outcome.notes += made.notes
                outcome.questions = made.questions
                for guard in work.guards if isinstance(work, PublishWork) else ():
                    held = guard(context, inputs, made.rows)
                    outcome.withheld |= {unit: held[unit] for unit in held if unit in context.units}
            case SourceWork():
                self._load(claim, work, outcome)
                return
        self._write(claim, made, outcome, evidence=True)

    def _inputs_must_stand(self, claim: Claim) -> None:
        """Refuse with `InputGone` to make anything of what is left of an input."""
        inputs = [read for read in claim.loaded.inputs if read.table != claim.step.name]
        gone = self.warehouse.gone(claim.slate.league, inputs, day=claim.slate.day, season=claim.season)
        if gone:
            raise InputGone(claim.step.name, claim.slate.day, gone)

    def _write(self, claim: Claim, made: Made, outcome: Outcome, *, evidence: bool) -> None:
        self._games_must_be_readable(claim, made, outcome)
        self.at("made")
        now = self.now()
        claim = outcome.claim = in_time(claim, now, outcome.begun or now)
        asked = dataclasses.replace(
            _asked(claim, made.excused, now, evidence=evidence),
            withheld=dict(outcome.withheld),
            unread=frozenset(outcome.unread),
        )
        writer: Writer = self.published if isinstance(claim.step.work, PublishWork) else self.warehouse
        outcome.written = writer.replace(asked, made.rows)

    def _games_must_be_readable(self, claim: Claim, made: Made, outcome: Outcome) -> None:
        """Let the run fail where its rows are a schedule of which no games can be read: who reads them next has no such end."""
        if claim.read_games is not None:
            rows = check(claim.step.table, claim.slate.day, conform(claim.step.table, made.rows)).good
            self._called(outcome, _read, claim.read_games, rows)

    def _load(self, claim: Claim, work: SourceWork, outcome: Outcome) -> None:
        """Ask for every request of the slate; each payload is archived before it is parsed, and accounted for.

        The same answers as last time, for the same units, need no second look when all that they were asked for is
        proven. What is missing is looked at again: the same answer a day later can be evidence.
        """
        tables = self._read(claim, work.inputs)
        requests = self._called(outcome, work.requests, claim.context, tables)
        requests = sorted(requests, key=lambda request: request.unit in claim.failed)
        if claim.plan.lost and self._made_from_archive(claim, work, requests, tables, outcome):
            return
        payloads, failures = self._payloads(requests, work.follow, outcome)
        answers = _Answers(
            version=claim.loaded.version,
            shas=tuple((payload.request, payload.sha256) for payload in payloads),
            units=dict(claim.plan.units),
        )
        key = (claim.step.name, claim.slate.day)
        is_whole = claim.previous is not None and claim.plan.units.keys() <= claim.previous.units.keys()
        if claim.previous and is_whole and not failures and answers.are_known(self._answers.get(key)):
            outcome.fetches += [noted(payload, "unchanged") for payload in payloads]
            outcome.written = WriteResult(proof=claim.previous, changed=frozenset())
            return
        self._answers.pop(key, None)
        own = self._own(claim)
        made = self._parse(claim, work, payloads, tables | {claim.step.name: own}, outcome)
        if (
            claim.previous is not None
            and not claim.plan.lost
            and not failures
            and not made.excused
            and not outcome.unread
            and same_rows(claim.step.table, made.rows, own)
        ):
            missing = claim.plan.units.keys() - claim.previous.units.keys()
            outcome.written = WriteResult(proof=claim.previous, changed=frozenset(), missing=frozenset(missing))
            self._answers[key] = answers
            return
        if failures and not made.rows.num_rows and not made.excused and not outcome.unread:
            raise failures[0]
        self._write(_of_answered(claim, payloads, outcome), made, outcome, evidence=False)
        if not failures and outcome.written is not None and not outcome.written.refused:
            self._answers[key] = answers

    def _made_from_archive(
        self,
        claim: Claim,
        work: SourceWork,
        requests: Sequence[Request],
        tables: Mapping[str, pa.Table],
        outcome: Outcome,
    ) -> bool:
        """Make lost rows from the answers that they were made from; returns whether any of these tells of what is lost.

        Rows that keep their history come from all answers in turn, the others from the newest.
        """
        payloads = archived(work, requests, self.kept, claim.plan.as_of + claim.step.time_limit)
        if not payloads:
            return False
        own = arrow_schema(claim.step.table).empty_table()
        made = self._parse(claim, work, payloads, dict(tables) | {claim.step.name: own}, outcome)
        told = set(units_of(claim.step.table, made.rows).to_pylist()) | made.excused.keys()
        if not told & claim.plan.lost.keys():
            return False
        self._write(claim, made, outcome, evidence=True)
        return True

    def _payloads(
        self, requests: Sequence[Request], follow: Follow | None, outcome: Outcome
    ) -> tuple[list[Payload], list[SourceError]]:
        payloads: list[Payload] = []
        failures: list[SourceError] = []
        units = outcome.claim.plan.units
        for asked in self.together(partial(self._asked, outcome, follow), requests):
            outcome.notes += [note for note in dict.fromkeys(asked.notes) if note not in outcome.notes]
            if asked.error is not None:
                failures.append(asked.error)
                is_answer = asked.error.kind is ErrorKind.NOT_YET and asked.error.status  # else nobody was asked
                if not is_answer and (made := units.get(asked.request.unit)) is not None:
                    outcome.unanswered[asked.request.unit], outcome.refusal = made, asked.error
                outcome.fetches.append(failed_fetch(asked.request, asked.error))
            payloads += asked.payloads
        return payloads, failures

    def _asked(self, outcome: Outcome, follow: Follow | None, first: Request) -> Pages:
        """Ask a request and those that follow from its answers. Called by several threads."""

        def fetch(request: Request) -> Fetched:
            in_time(outcome.claim, self.now(), outcome.begun or self.now())
            return self.fetch(_as_asked(request, outcome.claim), now=self.now)

        return pages_of(first, fetch, follow)

    def _parse(
        self,
        claim: Claim,
        work: SourceWork,
        payloads: Sequence[Payload],
        inputs: Mapping[str, pa.Table],
        outcome: Outcome,
    ) -> Made:
        """Return the rows of all payloads; an answer that cannot be read is noted, and the others go on."""
        records: list[dict[str, object]] = []
        excused: dict[str, str] = {}
        unreadable: list[SourceError] = []
        for payload in payloads:
            try:
                seen = (
                    dataclasses.replace(claim.context, as_of=payload.fetched_at) if claim.plan.lost else claim.context
                )
                parsed = self._called(outcome, parsed_by, work.parse, payload, seen, inputs)
            except SourceError as error:
                unreadable.append(error)
                unit = payload.request.unit  # one without is about every unit; a slate's own must be named
                outcome.unread |= claim.excused & {unit} if unit else claim.excused - {WHOLE_SLATE}
                outcome.fetches.append(failed_fetch(payload.request, error, payload=payload))
                continue
            excused |= parsed.excused
            known, strangers = _of_the_slate(claim, parsed.rows)
            known_at = max(payload.fetched_at, seen.as_of)  # an answer may have been used before
            for record in known:
                record["known_at"] = known_at
                unit = _unit_of(claim, record)
                outcome.came_at[unit] = min(outcome.came_at.get(unit, known_at), known_at)
            records += known
            parsed = dataclasses.replace(parsed, rows=known, rejects=(*parsed.rejects, *strangers))
            outcome.parse_rejects += [(reject.reason, reject.row) for reject in parsed.rejects]
            outcome.strangers += [reject.reason for reject in parsed.rejects if reject.names_game]
            outcome.notes += parsed.notes
            outcome.fetches.append(accounted(payload, parsed))
        if unreadable and not records and not excused and not outcome.unread:
            raise unreadable[0]
        rows = first_of_each_key(claim.step.table, records) if claim.plan.lost and work.keeps_history else records
        return Made(rows=table_from_records(claim.step.table, rows), excused=excused)

    def _own(self, claim: Claim) -> pa.Table:
        """Return the slate's rows that the step's own table already has."""
        table = claim.step.table
        if claim.previous is None or not claim.previous.n_rows:
            return arrow_schema(table).empty_table()
        plan = claim.plan
        return self.warehouse.read(table, SLATE, day=claim.slate.day, season=claim.season, as_of=plan.as_of)

    def _read(self, claim: Claim, inputs: tuple[Input, ...]) -> dict[str, pa.Table]:
        return {
            read.table: self.warehouse.read(
                self.tables[read.table],
                read.window.with_games(claim.plan.earlier),
                day=claim.slate.day,
                season=claim.season,
                as_of=claim.plan.as_of,
                columns=read.columns,
                max_bytes=claim.step.max_bytes,
            )
            for read in inputs
        }


def _read(read_games: Callable[[pa.Table], object], rows: pa.Table) -> None:
    read_games(rows)


def _of_answered(claim: Claim, payloads: Sequence[Payload], outcome: Outcome) -> Claim:
    """Return the claim without the units that stand and that no answer came for: they are no newer than they were."""
    stands, answered = claim.previous.units if claim.previous else {}, {payload.request.unit for payload in payloads}
    gone = {unit: made for unit, made in outcome.unanswered.items() if unit in stands and unit not in answered}
    units = {unit: made for unit, made in claim.plan.units.items() if unit not in gone}
    outcome.unanswered = gone if units else {}
    return dataclasses.replace(claim, plan=dataclasses.replace(claim.plan, units=units)) if units else claim


def _as_asked(request: Request, claim: Claim) -> Request:
    """Return the request, for an answer of now where one kept from before will not do: the last attempt may have failed on it."""
    age = timedelta(0) if claim.plan.is_fresh else request.max_age
    if claim.failed_at is not None:
        age = min(age, claim.started_at - claim.failed_at)
    instead = _as_asked(request.instead, claim) if request.instead else None
    return dataclasses.replace(request, max_age=age, anew=claim.failed_at is not None, instead=instead)


def _asked(claim: Claim, excused: Mapping[str, str], now: datetime, *, evidence: bool) -> WriteRequest:
    work = claim.step.work
    return WriteRequest(
        step=claim.step,
        season=claim.season,
        day=claim.slate.day,
        fence=claim.run_id,
        as_of=claim.plan.as_of,
        step_version=claim.loaded.version,
        units=claim.plan.units,
        excused={unit: reason for unit, reason in excused.items() if unit in claim.plan.units},
        inputs=claim.inputs,
        evidence=evidence,
        retrospective=claim.plan.retrospective,
        partial=frozenset(claim.plan.partial),
        least_rows=claim.plan.least_rows,
        written_at=now,
        keeps_history=isinstance(work, SourceWork) and work.keeps_history,
        lost=claim.plan.lost,
        closes=claim.plan.closes,
    )


def _signed_zeros(claim: Claim, rows: pa.Table, empty: str) -> dict[str, str]:
    """Excuse the asked units without rows that rightly have none: nothing was expected of any earlier day."""
    if not empty:
        return {}
    columns = claim.step.table.unit_columns
    present = set(zip(*(rows.column(name).to_pylist() for name in columns), strict=True)) if columns else set()
    found = {"|".join(str(part) for part in parts) for parts in present}
    return {unit: empty for unit in claim.plan.may_be_empty if unit not in found}


def _unit_of(claim: Claim, row: Mapping[str, object]) -> str:
    return "|".join(str(row.get(name)) for name in claim.step.table.unit_columns) or WHOLE_SLATE


def _of_the_slate(
    claim: Claim, rows: Sequence[dict[str, object]]
) -> tuple[list[dict[str, object]], tuple[Reject, ...]]:
    """Tell rows of the slate's games from rows of games that stand on no schedule of it."""
    if claim.step.units.each or not claim.step.units.by_game:
        return list(rows), ()
    known, strange = [], []
    for row in rows:
        unit = _unit_of(claim, row)
        if unit in claim.plan.expected:
            known.append(row)
        else:
            strange.append(Reject(f"{unit} stands on no schedule of {claim.slate.day}", str(row)[:_SHOWN]))
    return known, tuple(strange)
