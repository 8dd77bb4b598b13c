"""What an audit came to: what stands, what is waived or was there before, and how much was read to know it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tipoff_audit.baseline import Old
from tipoff_audit.finding import Finding, Level
from tipoff_audit.rules.waivers import Waived

GUARDS = ("write", "gate", "read", "notice", "clean-up", "work", "")  # what matters most first


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the code of a file took part in, as a ledger knows it."""

    outputs: tuple[str, ...]
    n_runs: int
    n_failed: int
    n_incidents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One audit of one code base.

    `findings` are those that count, worst first. `n_unreadable` files stand among them, each with its reason: a file that was
    not read is never good news. `left_out`: how many files and folders were not looked at by rule, by reason.
    """

    root: str
    findings: tuple[Finding, ...]
    names: Mapping[Finding, str] = field(default_factory=dict)  # the fingerprint of each, of the waived and the old too
    waived: tuple[Waived, ...] = ()
    baselined: tuple[Finding, ...] = ()
    kept: tuple[Old, ...] = ()  # what the baseline still needs
    gone: tuple[Old, ...] = ()  # what it no longer does
    n_read: int = 0
    n_unreadable: int = 0
    n_crashed: int = 0  # of those, by the auditor's own fault
    n_lines: int = 0
    n_remembered: int = 0  # of those read, from the cache
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    evidence: Mapping[str, Evidence] = field(default_factory=dict)  # by path, where a ledger knows the file
    copies: Mapping[Finding, tuple[Finding, ...]] = field(default_factory=dict)  # the same in other files, told once
    origins: Mapping[Finding, str] = field(default_factory=dict)  # who wrote the line last, and when
    n_in_tests: int = 0  # findings in tests, which are told only when that is asked for
    # not shown: below the level, or beyond the number, asked for
    hidden: Mapping[Level, int] = field(default_factory=dict)

    def failing(self, least: Level) -> int:
        """Return how many findings are at or above `least`."""
        return sum(finding.level >= least for finding in self.findings)

    def by_level(self) -> dict[str, int]:
        """Return how many findings there are of each level, shown or not, worst first."""
        counts = Counter(finding.level for finding in self.findings) + Counter(self.hidden)
        return {level.name.lower(): counts[level] for level in reversed(Level)}


def rank(finding: Finding) -> tuple[int, int, str, int, int, str]:
    """Return the key by which findings are told: the level, what is guarded, the place."""
    guards = GUARDS.index(finding.guards) if finding.guards in GUARDS else len(GUARDS)
    return (-finding.level, guards, finding.path, finding.line, finding.column, finding.rule)


def with_evidence(report: Report, known: Mapping[str, Evidence]) -> Report:
    """Return the report with what a ledger knows of each file.

    Args:
        report: As the audit made it.
        known: By the end of a file's path, from its package's folder on.
    """
    found = {one.path: known[tail] for one in report.findings if (tail := _tail(one.path, known))}
    return replace(report, evidence=found)


def _tail(path: str, known: Mapping[str, Evidence]) -> str:
    parts = path.split("/")
    return next((tail for n in range(len(parts)) if (tail := "/".join(parts[n:])) in known), "")
