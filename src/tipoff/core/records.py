"""What the ledger keeps of a league's work, as frozen values: one for each kind of row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from tipoff.core.proof import Proof


@dataclass(frozen=True, slots=True, kw_only=True)
class TickRecord:
    """A tick that did something; `n_quiet` ticks before it did nothing."""

    at: datetime
    build: str
    settings_hash: str
    n_quiet: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """What a tick decided for a slate of an output."""

    at: datetime
    output: str
    day: date
    verb: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One attempt."""

    id: int
    output: str
    day: date
    state: str  # started, finished, failed, expired
    as_of: datetime
    started_at: datetime
    lease_until: datetime
    ended_at: datetime | None
    n_changed: int | None
    error_kind: str | None
    error: str | None
    hint: str | None

    @property
    def is_failure(self) -> bool:
        """Whether it went wrong; that a source has not published yet is no failure."""
        return self.state == "expired" or (self.state == "failed" and self.error_kind != "not yet")

    @property
    def is_cut_off(self) -> bool:
        """Whether its process was stopped or ended before the lease ran out: it failed at nothing."""
        return self.state == "expired" and self.ended_at is not None and self.ended_at < self.lease_until


@dataclass(frozen=True, slots=True, kw_only=True)
class ObligationRecord:
    """What is owed of one output on one day, as it was last judged."""

    output: str
    day: date
    state: str
    since: datetime
    due_at: datetime
    not_before: datetime | None
    failures: int
    n_units: int
    n_proven: int
    n_excused: int
    missing: tuple[str, ...]
    excused: Mapping[str, str]
    verb: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GameRecord:
    """A game as a day's schedule has it."""

    game_id: str
    day: date
    home: str
    away: str
    starts_at: datetime | None
    status: str
    evidence: str
    first_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRecord:
    """What a provider answered to one request of a run."""

    source: str
    url: str
    status: int
    sha256: str
    n_rows: int
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalRecord:
    """When a unit first arrived."""

    output: str
    day: date
    unit: str
    first_at: datetime
    due_at: datetime | None  # when the unit was due, as far as that was known


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRecord:
    """What was found at an instant."""

    id: int
    at: datetime
    league: str
    output: str
    day: date
    check: str
    cause: str
    severity: int
    ok: bool
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRecord:
    """How one edge of a slate stands."""

    output: str
    day: date
    input: str
    is_open: bool
    held_at: datetime | None
    opened_at: datetime | None
    coverage: float
    missing: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRecord:
    """What is to be known of a unit: partial, retrospective, outdated, overtaken."""

    output: str
    day: date
    unit: str
    kind: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictRecord:
    """An earlier write that held rows."""

    output: str
    day: date
    since: datetime
    kind: str
    holder: str
    clears_at: datetime | None
    attempts: int
    resolved_at: datetime | None
    resolution: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRecord:
    """A gate that a person let be open."""

    id: int
    league: str
    output: str
    day: date
    input: str
    by: str
    reason: str
    made_at: datetime
    until: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HaltRecord:
    """A person's word that a publication stands as it is, until it expires or is ended; without an output, every one."""

    id: int
    league: str
    output: str
    by: str
    reason: str
    made_at: datetime
    until: datetime
    ended_at: datetime | None
    ended_by: str | None

    def holds(self, output: str, at: datetime) -> bool:
        """Whether `output` may not be published at an instant."""
        return self.output in ("", output) and self.made_at <= at < min(self.until, self.ended_at or self.until)

    @property
    def text(self) -> str:
        """Who has halted it, until when, why."""
        return f"halted by {self.by} until {self.until:%Y-%m-%d %H:%M} UTC: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRecord:
    """What a check last measured of a day; `value` is None where it was not measurable."""

    day: date
    check: str
    status: str  # ok, failed, accepted, not measurable
    severity: int
    value: float | None
    required: float | None
    measure: str
    failing: tuple[str, ...]
    note: str
    cause: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRecord:
    """How often a check was evaluated, fired, and could not be measured."""

    rule: str
    evaluated: int
    fired: int
    not_measurable: int
    first_at: datetime
    fired_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BeatRecord:
    """The newest sign of life of a controller, the monitor or the sentinel."""

    name: str
    at: datetime
    build: str
    note: str


class Records(Protocol):
    """What checks ask of one league's ledger; see `tipoff.ledger.reader.LeagueRecords`."""

    league: str

    def ticks(self, *, since: datetime | None = None, before: datetime | None = None) -> Sequence[TickRecord]:
        """Return the ticks from `since` until before `before`, in their order."""

    def decisions(self, *, since: datetime, before: datetime | None = None) -> Sequence[DecisionRecord]:
        """Return the decisions of a time."""

    def runs(
        self,
        *,
        output: str = "",
        day: date | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
    ) -> Sequence[RunRecord]:
        """Return the runs of an output, of a day, or begun in a time."""

    def run_starts(self, *, since: datetime, before: datetime) -> Sequence[datetime]:
        """Return when runs began."""

    def requests(self, *, since: datetime, before: datetime | None = None) -> Sequence[tuple[str, datetime]]:
        """Return which source was asked when."""

    def obligation(self, output: str, day: date) -> ObligationRecord | None:
        """Return what is owed, if it was planned."""

    def obligations(self, *, day: date) -> Sequence[ObligationRecord]:
        """Return what is owed of a day."""

    def conflicts(
        self, *, output: str = "", day: date | None = None, unresolved: bool = False
    ) -> Sequence[ConflictRecord]:
        """Return conflicts, the oldest first."""

    def arrivals(self, day: date, output: str = "") -> Sequence[ArrivalRecord]:
        """Return when the units of a day first arrived."""

    def marks(self, day: date) -> Sequence[MarkRecord]:
        """Return what is marked of a day's units."""

    def games(self, day: date) -> Sequence[GameRecord]:
        """Return the games of a day's schedule."""

    def proof(self, output: str, day: date) -> Proof | None:
        """Return what was read back, if anything was proven."""

    def beats(self) -> Mapping[str, BeatRecord]:
        """Return each side's newest sign of life in this home, by name."""
