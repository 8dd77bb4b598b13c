"""Checks: declared claims about a slate's data, each with what it measures, what is required, how bad it is, what to do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from tipoff.core.records import Records
from tipoff.core.schema import Table
from tipoff.core.severity import Severity
from tipoff.core.slate import Season

if TYPE_CHECKING:
    import pyarrow as pa

NOTHING = "nothing to look at"
WINDOW = 120  # looks, after which a rule that has never fired is named


class CheckStatus(Enum):
    """What came of a check."""

    OK = "ok"
    FAILED = "failed"
    ACCEPTED = "accepted"  # it fails as it did when a person found it right as it is
    NOT_MEASURABLE = "not measurable"  # shown, never a pass


class Cadence(Enum):
    """When a check is measured."""

    PREGAME = "before tip-off"  # and again in the morning
    MORNING = "the morning after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What a check found. `value` is a share in [0, 1] unless the check's `measure` says otherwise."""

    value: float | None
    failing: tuple[str, ...] = ()
    note: str = ""

    @classmethod
    def nothing(cls, why: str) -> "Measured":
        """Return that there was nothing to measure, and why."""
        return cls(value=None, note=why)


class View(Protocol):
    """What a check written in Python may look at: one slate as it stands, and what is recorded of it."""

    @property
    def day(self) -> date:
        """The slate's day."""

    @property
    def season(self) -> Season:
        """The slate's season."""

    @property
    def now(self) -> datetime:
        """The instant of the look."""

    def rows(self, table: str) -> "pa.Table":
        """Return the slate's rows of a table as they stand."""

    def values(self, table: str, column: str) -> Sequence[Any]:
        """Return one column of the slate's rows."""

    def ask(self, sql: str) -> "pa.Table":
        """Return what a SELECT gives, with windows as in steps."""

    def table(self, name: str) -> Table:
        """Return a table's declaration."""

    @property
    def records(self) -> Records:
        """What the ledger keeps of the league's work."""

    def profile(self, table: str) -> Mapping[str, Mapping[str, float]]:
        """Return what the table looks like on the day, by column."""

    def usual(self, table: str) -> Sequence[Mapping[str, Mapping[str, float]]]:
        """Return the table's profiles of the slates before, newest first."""

    def remade(self, output: str) -> tuple[Sequence[str], int] | None:
        """Make an output anew from what stands; return the units that come out otherwise, of how many; None: not possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One claim. `sql`: a SELECT (BigQuery's dialect, windows as in steps) of `key` and `ok`, a row for each thing looked at.

    Without `sql`, `look` measures. `required` is the least value that is in order, or the greatest where `at_most`. `tables` are
    what it looks at; the most upstream failing one is blamed.
    """

    name: str
    claim: str
    severity: Severity
    tables: tuple[str, ...]
    do: str
    sql: str = ""
    look: Callable[[View], Measured] | None = None
    required: float = 1.0
    at_most: bool = False
    measure: str = "share"
    cadence: Cadence = Cadence.MORNING
    about: str = ""  # the table whose trouble it shows; the last of `tables` where it is not named

    def status(self, measured: Measured) -> CheckStatus:
        """Return what a measurement means."""
        if measured.value is None:
            return CheckStatus.NOT_MEASURABLE
        good = measured.value <= self.required if self.at_most else measured.value >= self.required
        return CheckStatus.OK if good else CheckStatus.FAILED
