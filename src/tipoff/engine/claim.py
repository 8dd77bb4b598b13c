"""A run that may be made, and how it ended."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

import pyarrow as pa

from tipoff.core.errors import Closed, ErrorKind, Fenced, NotBegun, OverTime, PipelineError, SourceError
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.proof import InputProof, Proof
from tipoff.core.question import Question, Ruling
from tipoff.core.slate import Game, Season, Slate
from tipoff.core.step import Context, Step
from tipoff.engine.book import LiveRun
from tipoff.engine.runplan import RunPlan
from tipoff.store.dialect import CompiledStep
from tipoff.store.warehouse import WriteResult


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
    loaded: CompiledStep
    slate: Slate
    season: Season
    plan: RunPlan
    previous: Proof | None
    attempt: int
    started_at: datetime
    live: LiveRun
    inputs: tuple[InputProof, ...] = ()
    due_at: datetime | None = None  # the first of its units
    failed_at: datetime | None = None  # when the attempt before it had failed
    failed: frozenset[str] = frozenset()  # units whose last attempt has: a provider is asked for them after all others
    rulings: tuple[Ruling, ...] = ()  # where its step asks people
    read_games: Callable[[pa.Table], Sequence[Game]] | None = (
        None  # where its rows are the schedule that games are read from
    )

    @property
    def context(self) -> Context:
        """What its transform is told."""
        plan = self.plan
        return Context(slate=self.slate, units=frozenset(plan.units), as_of=plan.as_of, rulings=self.rulings)

    @property
    def step(self) -> Step:
        """The declaration of what is run."""
        return self.loaded.step

    @property
    def excused(self) -> set[str]:
        """The asked units that are excused so far."""
        units = self.previous.units if self.previous else {}
        return {unit for unit in self.plan.units if unit in units and units[unit].excuse}

    def numbered(self, run_id: int) -> "Claim":
        """Return the claim with the number under which the ledger has it."""
        self.live.run_id = run_id
        return dataclasses.replace(self, run_id=run_id)

    @property
    def lease_until(self) -> datetime:
        """Until when it may write, as things stand."""
        return self.live.until


@dataclass(slots=True)
class Outcome:
    """How a run ended."""

    claim: Claim
    written: WriteResult | None = None
    error: PipelineError | None = None
    fetches: list[FetchNote] = field(default_factory=list)
    parse_rejects: list[tuple[str, str]] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)  # games that its source names and the schedule lacks
    notes: list[str] = field(default_factory=list)
    withheld: dict[str, str] = field(default_factory=dict)  # units that a guard keeps from going out, with reasons
    questions: tuple[Question, ...] = ()
    unread: set[str] = field(default_factory=set)  # excused units of which a newer answer cannot be read
    unanswered: dict[str, str] = field(default_factory=dict)  # asked units that stand, and that no answer came for
    refusal: SourceError | None = None  # what came instead
    came_at: dict[str, datetime] = field(default_factory=dict)  # when the first rows of each unit were known
    begun: datetime | None = None  # by the clock; it may have been claimed earlier
    ended: datetime | None = None
    cpu_ms: float = 0.0  # of its own thread and of the processes that worked for it

    @property
    def took(self) -> timedelta:
        """How long it took."""
        return self.ended - self.begun if self.begun and self.ended else timedelta(0)


class Executor(Protocol):
    """Makes claimed runs: here and now, or beside the ticking. It only carries; the ledger decides."""

    def hand_out(self, claims: Sequence[Claim]) -> None:
        """Take claims, what is due first first."""

    def returned(self) -> Sequence[Outcome]:
        """Return what has come back since the last time."""

    def holds(self, run_id: int) -> bool:
        """Whether it will still bring the end of a run. One that nobody holds expires with its lease, and is made again."""


class StepFailed(PipelineError):
    """A transform raised something that no rule foresaw; it is recorded with its type and place."""

    def __init__(self, step: str, day: date, what: str) -> None:
        super().__init__(
            f"{step} of {day} raised {what}",
            hint="the step's code or its input is at fault; it is tried again when either changes",
        )


def has_ended(outcome: Outcome | None) -> bool:
    """Whether a run has come back with a write that was read back, or with an error; anything else is no end."""
    return outcome is not None and (outcome.error is not None or outcome.written is not None)


def must_begin(claim: Claim, now: datetime) -> None:
    """Refuse with `NotBegun` to begin a run after its lease: those before it took too long, or it was handed out long ago."""
    if now > claim.lease_until:
        msg = f"run {claim.run_id} of {claim.step.name} {claim.slate.day} was not begun within its lease"
        raise NotBegun(msg, hint="nothing was done; it is claimed again")


def in_time(claim: Claim, now: datetime, begun: datetime) -> Claim:
    """Return the claim, whose work began at `begun`, with those of its units that may still be written at `now`.

    Raises:
        OverTime: Its step's time limit has passed.
        Fenced: Its lease has ended: another run may have been made in its place.
        Closed: All of its units have closed.
    """
    what = f"run {claim.run_id} of {claim.step.name} {claim.slate.day}"
    if now - begun > claim.step.time_limit:
        msg = f"{what} took longer than {claim.step.time_limit}"
        raise OverTime(msg, hint="is a provider slow, or the work too large for its limit?")
    if now > claim.lease_until:
        msg = f"{what} has come back after its lease ended"
        raise Fenced(msg, hint="nothing is to be done: it was made again")
    closed = {unit for unit, at in claim.plan.closes.items() if at <= now}
    if not closed:
        return claim
    units = {unit: made for unit, made in claim.plan.units.items() if unit not in closed}
    if not units:
        msg = f"{what} was ready after its close; nothing was written"
        raise Closed(msg, hint="what is not out before tip-off is not published")
    return dataclasses.replace(claim, plan=dataclasses.replace(claim.plan, units=units))


def failed_fetch(request: Request, error: SourceError, *, payload: Payload | None = None) -> FetchNote:
    """Note what could not be used: an answer that was refused, or one that could not be read."""
    return FetchNote(
        request=request,
        status=payload.status if payload else error.status,
        sha256=payload.sha256 if payload else error.sha256,
        n_bytes=len(payload.body) if payload else error.n_bytes,
        n_rows=0,
        n_rejects=0,
        outcome="not yet" if error.kind is ErrorKind.NOT_YET else "refused" if error.status else "error",
        note=str(error),
    )


def accounted(payload: Payload, parsed: Parsed) -> FetchNote:
    """Note an answer that was read: whether it had rows, an excuse, or nothing of the slate."""
    outcome = "rows" if parsed.rows else "recognised empty" if parsed.excused else "nothing for this slate"
    return noted(payload, outcome, n_rows=len(parsed.rows), n_rejects=len(parsed.rejects))


def noted(payload: Payload, outcome: str, *, n_rows: int = 0, n_rejects: int = 0) -> FetchNote:
    """Note an answer and what became of it."""
    return FetchNote(
        request=payload.request,
        status=payload.status,
        sha256=payload.sha256,
        n_bytes=len(payload.body),
        n_rows=n_rows,
        n_rejects=n_rejects,
        outcome=outcome,
    )
