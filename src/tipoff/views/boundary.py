"""The boundary between two outputs of a slate: what one expected of the other, what came, what is missing, how good it is."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date

from tipoff.core.league import League
from tipoff.core.proof import Proof
from tipoff.core.records import GateRecord, ObligationRecord
from tipoff.core.step import Step
from tipoff.core.window import Input
from tipoff.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Boundary:
    """One edge of one slate. `expected` counts input units; over earlier days they are those of the games that matter."""

    output: str
    input: str
    window: str
    gate: str  # open, held, waived, optional, or unknown: not judged yet
    reason: str
    expected: int | None
    arrived: int | None
    missing: tuple[str, ...]
    excused: Mapping[str, str]
    quarantined: int
    coverage: float | None
    quality: float | None


def read_boundaries(ledger: Ledger, league: League, day: date, inputs: Mapping[str, Sequence[Input]]) -> list[Boundary]:
    """Return every edge of the slate's day, in the catalog's order; `inputs`: what each output reads."""
    records = ledger.of(league.name)
    of_day = {owed.output: owed for owed in records.obligations(day=day)}
    gates = {(gate.output, gate.input): gate for gate in records.gates(day=day)}
    held = {(gate.output, gate.input) for gate in records.within(day, day).held_gates()}
    proofs, rejects = records.proofs(day), records.counts("rejects", "output", day=day)
    return [
        _boundary(step, read, gates.get((step.name, read.table)), held, of_day, proofs, rejects)
        for step in league.steps
        if step.name in of_day
        for read in inputs[step.name]
        if read.table != step.name
    ]


def _boundary(  # noqa: PLR0913 -- what is known of one edge
    step: Step,
    read: Input,
    gate: GateRecord | None,
    held: AbstractSet[tuple[str, str]],
    of_day: Mapping[str, ObligationRecord],
    proofs: Mapping[str, Proof],
    rejects: Mapping[str, int],
) -> Boundary:
    state = "unknown" if gate is None else "held" if (step.name, read.table) in held else "open"
    if step.edge(read.table).optional:
        state = "optional"
    reason = gate.reason if gate else ""
    source = of_day.get(read.table) if read.window.name in {"slate", "known"} else None
    missing = source.missing if source else gate.missing if gate else ()
    units = proofs[read.table].units.values() if source and read.table in proofs else ()
    excused = dict(source.excused) if source else {}
    excused |= {unit.unit: unit.excuse for unit in units if unit.excuse}
    expected = source.n_units - len(excused) if source else None
    whole = [not unit.partial for unit in units if not unit.excuse]
    return Boundary(
        output=step.name,
        input=read.table,
        window=read.window.name,
        gate="waived" if reason.startswith("waived by") else state,
        reason=reason,
        expected=expected,
        arrived=expected - len(missing) if expected is not None else None,
        missing=missing,
        excused=excused,
        quarantined=rejects.get(read.table, 0) if source else 0,
        coverage=gate.coverage if gate else None,
        quality=sum(whole) / len(whole) if whole else None,
    )


def boundary_lines(boundaries: Iterable[Boundary], league: str, day: date) -> list[str]:
    """Return the report as aligned text; what is missing or excused follows by name."""
    boundaries = list(boundaries)
    if not boundaries:
        return [f"{league} {day}: nothing was decided of this day, so that nothing was expected"]
    lines = [f"{league} {day}: what each output expected of its inputs, and what came"]
    lines.append(f"  {'output':<24}{'input':<24}{'window':<9}{'gate':<9}{'came':>10}  {'quality':>7}  {'bad rows':>8}")
    for edge in boundaries:
        came = f"{edge.arrived} of {edge.expected}" if edge.expected is not None else _share(edge.coverage)
        lines.append(
            f"  {edge.output:<24}{edge.input:<24}{edge.window:<9}{edge.gate:<9}{came:>10}  {_share(edge.quality):>7}"
            f"  {edge.quarantined or '-':>8}"
        )
        if edge.missing:
            lines.append(f"      missing: {', '.join(edge.missing[:8])}{' …' if len(edge.missing) > 8 else ''}")  # noqa: PLR2004 -- a line's length
        reasons = sorted({f"{reason}" for reason in edge.excused.values()})
        if reasons:
            lines.append(f"      excused: {len(edge.excused)} ({'; '.join(reasons)})")
        if edge.gate in {"held", "waived"}:
            lines.append(f"      {edge.reason}")
    return lines


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"
