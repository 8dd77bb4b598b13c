"""What is known of one file: its own findings, and what only the whole project can judge. Plain values, for a cache."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from tipoff_audit.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names of functions and methods that a project's settings say write, decide or notify."""

    writes: frozenset[str] = frozenset()
    gates: frozenset[str] = frozenset()
    notices: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """A file as it was examined.

    `shared` holds, by kind of fact, rows of plain values (str, int, bool, None and lists of them) for the project-wide pass.
    """

    path: str
    n_lines: int
    findings: tuple[Finding, ...] = ()
    shared: Mapping[str, list[Any]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain values that `json` can write."""
        return {
            "path": self.path,
            "n_lines": self.n_lines,
            "findings": [finding.to_json() for finding in self.findings],
            "shared": dict(self.shared),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the facts that `to_json` wrote; names that many files use are held once."""
        shared: dict[str, list[Any]] = values["shared"]
        if "uses" in shared:
            shared["uses"] = [sys.intern(name) for name in shared["uses"]]
        return cls(
            path=values["path"],
            n_lines=values["n_lines"],
            findings=tuple(Finding.from_json(finding) for finding in values["findings"]),
            shared=shared,
        )
