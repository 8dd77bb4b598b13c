"""What a check measured: data, never an exception."""

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How bad; ordered."""

    INFO = 0
    WARNING = 1
    ERROR = 2
    CRITICAL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A measured claim. `coverage` and `required` are ratios in [0, 1] unless `measure` says otherwise."""

    check: str
    coverage: float
    required: float
    missing: tuple[str, ...] = ()
    severity: Severity = Severity.ERROR
    measure: str = "ratio"
    note: str = ""

    @property
    def ok(self) -> bool:
        """Whether what was measured is what was required."""
        return self.coverage >= self.required
