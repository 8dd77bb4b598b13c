"""The gate: which units of an output may be made, told from the evidence on one edge.

The expected set of a unit is what its input window should hold. Open at 100 % at once; at the edge's minimum only
when its patience is at an end; otherwise held. No evidence is not good news: an input that nothing is known of holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Evidence(Enum):
    """What is known of one expected input unit."""

    PROVEN = "proven"
    EXCUSED = "excused"
    MISSING = "missing"
    UNKNOWN = "unknown"  # nothing has been read of it: counts as missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The decision for one unit on one edge."""

    is_open: bool
    coverage: float
    missing: tuple[str, ...] = ()
    reason: str = ""

    @property
    def is_partial(self) -> bool:
        """Whether the unit was let through without all of its expected input."""
        return self.is_open and bool(self.missing)


def decide(
    *,
    expected: Mapping[str, Evidence],
    minimum: float,
    patience_over: bool,
    needs_own: str | None = None,
    quality: tuple[float, float] = (1.0, 0.0),
) -> Verdict:
    """Decide for one unit. `quality` is what the proven input has and what is required of it, as shares.

    `expected` maps each input unit that its window should hold to what is known of it; excused units count neither
    as expected nor as missing. `needs_own` is the input unit without which this unit cannot be made at all.
    """
    counted = {unit: seen for unit, seen in expected.items() if seen is not Evidence.EXCUSED}
    missing = tuple(sorted(unit for unit, seen in counted.items() if seen is not Evidence.PROVEN))
    coverage = 1 - len(missing) / len(counted) if counted else 1.0
    has, required = quality
    if has < required:
        reason = f"{has:.0%} of the input was made on whole input, {required:.0%} required"
        return Verdict(is_open=False, coverage=coverage, missing=missing, reason=reason)
    if not missing:
        return Verdict(is_open=True, coverage=1.0)
    if needs_own is not None and needs_own in missing:
        return Verdict(is_open=False, coverage=coverage, missing=missing, reason=f"{needs_own} has not arrived")
    if coverage < minimum:
        reason = f"{coverage:.0%} of the expected set, {minimum:.0%} required"
        return Verdict(is_open=False, coverage=coverage, missing=missing, reason=reason)
    if not patience_over:
        reason = f"{coverage:.0%} of the expected set; waiting for the rest until patience ends"
        return Verdict(is_open=False, coverage=coverage, missing=missing, reason=reason)
    return Verdict(is_open=True, coverage=coverage, missing=missing, reason="opened on partial data")
