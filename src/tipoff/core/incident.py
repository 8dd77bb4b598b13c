"""Incidents: a problem with a beginning, one cause and an end, and what stands behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from tipoff.core.severity import Severity

NOT_TOLD = -1


@dataclass(frozen=True, slots=True)
class Trouble:
    """One finding as a watcher sees it: what is broken, and one thing that shows it."""

    league: str
    cause: str
    check: str
    severity: Severity
    note: str
    at: datetime
    day: date
    output: str = ""

    @property
    def effect(self) -> str:
        """The name of what it shows: `output|day|check`."""
        return f"{self.output}|{self.day}|{self.check}"


@dataclass(slots=True, kw_only=True)
class Incident:
    """One problem. `effects` are what shows it, each with the instant at which it was met again."""

    id: int = 0
    league: str
    cause: str
    check: str
    what: str
    severity: Severity
    told: int = NOT_TOLD
    told_by: str = ""
    step: int = 0
    opened_at: datetime
    changed_at: datetime
    closed_at: datetime | None = None
    effects: dict[str, datetime | None] = field(default_factory=dict)
    radius_told: int = 0
    n_findings: int = 0
    acked_by: str | None = None
    acked_until: datetime | None = None
    snoozed_until: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.closed_at is None

    @property
    def days(self) -> list[str]:
        """The league's days that it touches, as ISO dates, in order."""
        return sorted({effect.split("|")[1] for effect in self.effects})

    @property
    def unmet(self) -> list[str]:
        """The effects that are not met."""
        return [effect for effect, met_at in self.effects.items() if met_at is None]

    def is_acked(self, now: datetime) -> bool:
        """Whether somebody has taken it on, and that still holds."""
        return self.acked_by is not None and (self.acked_until is None or now < self.acked_until)

    def outputs(self) -> Mapping[str, list[str]]:
        """Return the days by output; the empty name stands for the whole day."""
        found: dict[str, list[str]] = {}
        for effect in self.effects:
            output, day, _ = effect.split("|", 2)
            if day not in found.setdefault(output, []):
                found[output].append(day)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentEvent:
    """What became of an incident, or what somebody did about it."""

    at: datetime
    by: str
    kind: str
    note: str
