"""What only a person can answer: the question that a unit's making leaves open, and the ruling that answers it."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something in a unit that a person decides, or has decided: then it is not open.

    `subject` is what is asked about, as the source wrote it; `options` are what it may be, the likeliest first.
    `here_only`: a ruling on it counts for one unit alone, for elsewhere another answer may be right.
    """

    unit: str
    subject: str
    reason: str
    options: tuple[str, ...] = ()
    is_open: bool = True
    here_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A person's answer about a subject: in one unit, or wherever it stands (unit "")."""

    id: int
    subject: str
    unit: str
    value: str
    by: str
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionRecord:
    """A question as the ledger has it: of which output and day, and since when."""

    output: str
    day: date
    unit: str
    subject: str
    reason: str
    options: tuple[str, ...]
    here_only: bool
    state: str  # open, answered, gone
    since: datetime
