"""A fault of the world or of what works on it: which kind, how, where, from when to when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong from `begin` until `end`; `where` narrows it, `args` say how."""

    kind: str
    how: str
    begin: datetime
    end: datetime
    where: Mapping[str, Any] = field(default_factory=dict)
    args: Mapping[str, Any] = field(default_factory=dict)

    def holds(self, now: datetime) -> bool:
        """Whether it is going wrong at `now`."""
        return self.begin <= now < self.end

    def fits(self, **facts: object) -> bool:
        """Whether what is at hand is what `where` names; a text fits when it contains the one named."""
        return all(str(wanted) in str(facts.get(name, "")) for name, wanted in self.where.items())
