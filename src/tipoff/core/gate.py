"""The gate: which units of an output may be made, told from the evidence on one edge.

The expected set of a unit is what its input window should hold. Open at 100 % at once; at the edge's minimum only
when its patience is at an end; otherwise held. No evidence is not good news: an input that nothing is known of holds.
A game of which there is no result, though its source answers, holds nobody: what is made without it is marked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import partial


class Evidence(Enum):
    """What is known of one expected input unit."""

    PROVEN = "proven"
    EXCUSED = "excused"
    MISSING = "missing"
    NO_RESULT = "no result"  # its source answers without it, past its due time
    UNKNOWN = "unknown"  # nothing has been read of it: counts as missing


_NOT_COUNTED = (Evidence.EXCUSED, Evidence.NO_RESULT)  # a tuple compares by identity: an enum's hash is slow


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
    as expected nor as missing, units without a result are missing and hold nobody. `needs_own` is the input unit without
    which this unit cannot be made at all.
    """
    counted = [seen for seen in expected.values() if seen not in _NOT_COUNTED]
    n_lacking = sum(seen is not Evidence.PROVEN for seen in counted)
    coverage = 1 - n_lacking / len(counted) if counted else 1.0
    present = (Evidence.PROVEN, Evidence.EXCUSED)
    missing = tuple(sorted(unit for unit, seen in expected.items() if seen not in present))
    held = partial(Verdict, is_open=False, coverage=coverage, missing=missing)
    has, required = quality
    if has < required:
        return held(reason=f"{has:.0%} of the input was made on whole input, {required:.0%} required")
    if not missing:
        return Verdict(is_open=True, coverage=coverage)
    if needs_own is not None and needs_own in missing:
        return held(reason=f"{needs_own} has not arrived")
    if coverage < minimum:
        return held(reason=f"{coverage:.0%} of the expected set, {minimum:.0%} required")
    if n_lacking and not patience_over:
        return held(reason=f"{coverage:.0%} of the expected set; waiting for the rest until patience ends")
    return Verdict(is_open=True, coverage=coverage, missing=missing, reason="opened on partial data")
