"""What is asked of a provider and what its answer holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One GET. `secrets` names query parameters whose values come from the settings and are never recorded."""

    source: str
    url: str
    params: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    secrets: tuple[str, ...] = ()
    unit: str = ""  # the unit that the answer is about, when it is about one
    max_age: timedelta = timedelta(0)  # an answer this young may be used again, for another slate too
    anew: bool = False  # all of it, and not whether it has changed: what came last may be what could not be used
    cost: int = 0  # credits that it takes up, by the provider's own rule
    closes_at: datetime | None = None  # when its answer is worth nothing any more
    instead: "Request | None" = None  # asked where this gets no answer: the next source by the league's own rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """An archived answer: the bytes as received, their sha256, and when the last of them arrived."""

    request: Request
    body: bytes
    sha256: str
    status: int
    fetched_at: datetime


WITHOUT_IT = "it is made anew without it"  # what is told of what was made of an answer that was set aside


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """A person's word that an archived answer is not to be used, nor believed if it comes again."""

    sha256: str
    at: datetime
    by: str
    reason: str

    @property
    def text(self) -> str:
        """What it says."""
        return f"payload {self.sha256[:12]} was set aside by {self.by} at {self.at:%Y-%m-%d %H:%M} UTC: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What asking gave; `note` is what a person should know of it: that most of the month's credits are spent."""

    payload: Payload
    note: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be used, and why; `row` is a bounded excerpt.

    `names_game`: it names a game of the slate's day, between teams of the league, that the schedule does not have.
    """

    reason: str
    row: str
    names_game: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What a payload held: rows by column name, rejected rows, units it says will not come, and odd observations.

    A payload that holds nothing must say in `excused` which units it excuses and why, or be a `SourceError`: an
    answer that nothing recognises is never an empty day.
    """

    rows: list[dict[str, object]]
    rejects: tuple[Reject, ...] = ()
    excused: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    uses: Mapping[str, int] = field(default_factory=dict)  # what became of each entry, and of how many
