"""What the controller writes into the ledger: rows for decisions, runs, proofs, gates, findings and obligations."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tipoff.core.clock import midnight
from tipoff.core.gate import Verdict
from tipoff.core.obligation import Obligation, State
from tipoff.core.proof import Proof, UnitProof
from tipoff.core.step import SourceWork
from tipoff.engine.book import Conflict, Entry
from tipoff.engine.claim import Claim, Outcome
from tipoff.engine.findings import run_findings
from tipoff.engine.judge import Judgement
from tipoff.engine.starting import Identity
from tipoff.store.warehouse import WriteResult

Row = dict[str, Any]

UNMET = frozenset({State.HELD, State.LATE})  # of which a tick tells how many there are
_SHOWN = 20  # units named in a row; the rest are counted


def tick_row(league: str, mine: Identity, states: list[State], counts: Mapping[str, int], *, now: datetime) -> Row:
    """Return a tick's row; `states` are of all obligations that are unmet, where something was run."""
    who = {"league": league, "build": mine.build, "settings_hash": mine.settings_hash}
    return {"at": now, **who, **counts, "n_held": states.count(State.HELD), "n_late": states.count(State.LATE)}


def decision_row(entry: Entry, judged: Judgement, *, now: datetime) -> Row:
    """Return the row of a decision; the instant is its tick's too."""
    return {
        "at": now,
        **_slate(entry),
        "verb": judged.verb.value,
        "reason": judged.reason,
        "until": judged.until,
        "run_id": None,
    }


def obligation_row(entry: Entry, *, season: str) -> Row:
    """Return the row that mirrors `entry`: what is proven is what was read back, and what waits is neither that nor missing.

    `due_at` is when its first missing unit is due, its last one where none is; the end of its day while no start is known.
    """
    obligation = entry.obligation
    proven = entry.proof.units if entry.proof else {}
    not_made = entry.excused.keys() | set(entry.missing)
    made = [unit for unit in obligation.units if unit in proven and unit not in not_made]
    n_signed = sum(1 for unit in made if proven[unit].excuse)
    dues = [times.due_at for times in obligation.times.values() if times.due_at is not None]
    end_of_day = midnight(obligation.day + timedelta(days=1))
    return {
        **_slate(entry),
        "season": season,
        "state": entry.state.value,
        "since": entry.since,
        "opens_at": obligation.opens_at or midnight(obligation.day),
        "due_at": obligation.due_of(entry.missing) or max(dues, default=obligation.due_at or end_of_day),
        "not_before": entry.not_before,
        "failures": entry.failures,
        "polls": entry.polls,
        "n_units": len(obligation.units),
        "n_proven": len(made) - n_signed,
        "n_excused": len(entry.excused) + n_signed,
        "missing": json.dumps(entry.missing),
        "excused": json.dumps(entry.excused),
        "attempted": json.dumps(entry.attempted),
        "verb": entry.decided[0],
        "reason": entry.reason,
    }


def run_row(claim: Claim, *, worker: str) -> Row:
    """Return the row of a claimed run; the ledger gives it its number."""
    return {
        "league": claim.slate.league,
        "output": claim.step.name,
        "day": claim.slate.day,
        "units": json.dumps(sorted(claim.plan.units)),
        "state": "started",
        "as_of": claim.plan.as_of,
        "started_at": claim.started_at,
        "lease_until": claim.lease_until,
        "attempt": claim.attempt,
        "worker": worker,
    }


def run_end_row(outcome: Outcome, *, now: datetime) -> Row:
    """Return the changes to a run's row when it has ended."""
    error = outcome.error
    return {
        "id": outcome.claim.run_id,
        "state": "failed" if error else "finished",
        "started_at": outcome.begun or outcome.claim.started_at,
        "ended_at": outcome.ended or now,
        "n_rows": outcome.written.proof.n_rows if outcome.written else None,
        "n_changed": len(outcome.written.changed) if outcome.written else None,
        "cpu_ms": outcome.cpu_ms,
        "error_kind": error.kind.value if error else None,
        "error": str(error) if error else None,
        "hint": error.hint if error else None,
    }


def renewed(claim: Claim, written: WriteResult, *, now: datetime) -> Proof:
    """Return the proof after a run, with every asked unit marked as seen at the run's instant and made from its input.

    The other units are what they were known to be: a store that wrote nothing names what it last wrote them from. So is what a
    step made no rows for, and gave no reason: what stands, rows or the reason of old, is of what was there then.
    """
    is_asked = isinstance(claim.step.work, SourceWork)
    units = {name: _as_known(unit, claim) for name, unit in written.proof.units.items()}
    for unit, made in claim.plan.units.items():
        is_empty = not is_asked and unit in written.missing
        if unit in units and unit not in written.refused and not is_empty:
            units[unit] = dataclasses.replace(
                units[unit],
                as_of=claim.plan.as_of,
                made_from=made,
                retrospective=claim.plan.retrospective,
                partial=unit in claim.plan.partial,
                step_version=written.proof.units[unit].step_version,
            )
    return dataclasses.replace(
        written.proof, units=units, step_version=claim.loaded.version, inputs=claim.inputs, made_at=now
    )


def _as_known(stored: UnitProof, claim: Claim) -> UnitProof:
    previous, now = claim.previous, claim.loaded.version
    known = previous.units.get(stored.unit) if previous else None
    if not previous or not known or (known.content_hash, known.excuse) != (stored.content_hash, stored.excuse):
        return stored
    made_by = previous.version_of(known)
    return dataclasses.replace(known, step_version="" if made_by == now else made_by)


def result_rows(outcome: Outcome, own: str, *, now: datetime, blame: str = "") -> Iterable[tuple[str, Row]]:
    """Yield (table, row) for what a run leaves in the ledger beside its proof: fetches, quarantined rows, findings, arrivals."""
    claim = outcome.claim
    slate = {"league": claim.slate.league, "output": claim.step.name, "day": claim.slate.day}
    for note in outcome.fetches:
        asked = {"source": note.request.source, "url": note.request.url}
        said = {name: getattr(note, name) for name in note.__slots__ if name != "request"}
        yield "fetches", {"run_id": claim.run_id, "league": claim.slate.league, "at": now, **asked, **said}
    rejects = list(outcome.parse_rejects)
    if outcome.written:
        rejects += [(reject.reason, reject.row) for reject in outcome.written.rejects]
    for reason, row in rejects:
        yield "rejects", {"run_id": claim.run_id, "at": now, **slate, "reason": reason, "row": row[:2000]}
    yield from (("findings", row) for row in run_findings(outcome, own, rejects, now=now, blame=blame))


def arrival_rows(
    proof: Proof, changed: Iterable[str], known: Proof | None, owed: Obligation, came_at: Callable[[str], datetime]
) -> Iterable[Row]:
    """Yield a row for each changed unit that has arrived for the first time: when it came, and when it was due."""
    for unit in sorted(changed):
        if known is None or unit not in known.units:
            yield {
                "league": proof.league,
                "output": proof.output,
                "day": proof.day,
                "unit": unit,
                "first_at": came_at(unit),
                "run_id": proof.fence,
                "due_at": owed.due_of([unit]),
            }


def gate_row(entry: Entry, table: str, verdict: Verdict, *, now: datetime, held_at: datetime | None) -> Row:
    """Return the row of one gate as it now stands."""
    return {
        **_slate(entry),
        "input": table,
        "is_open": verdict.is_open,
        "held_at": held_at if verdict.is_open else held_at or now,
        "opened_at": now if verdict.is_open else None,
        "coverage": verdict.coverage,
        "missing": json.dumps(verdict.missing[:_SHOWN]),
        "reason": verdict.reason,
    }


def mark_rows(outcome: Outcome, *, now: datetime) -> Iterable[Row]:
    """Yield a mark for each unit made on partial input or after its close."""
    claim = outcome.claim
    slate = {"league": claim.slate.league, "output": claim.step.name, "day": claim.slate.day, "at": now}
    for unit, missing in claim.plan.partial.items():
        yield slate | {"unit": unit, "kind": "partial", "note": f"made without {', '.join(missing[:_SHOWN])}"}
    if claim.plan.retrospective:
        for unit in claim.plan.units:
            yield slate | {"unit": unit, "kind": "retrospective", "note": "made after its close; not published"}


def overtaken_rows(entry: Entry, units: Iterable[str], *, now: datetime) -> Iterable[Row]:
    """Yield a mark for each closed unit whose input, or whose game's start, has changed since."""
    for unit in units:
        note = "its input, or its game's start, has changed since it closed"
        yield {**_slate(entry), "unit": unit, "kind": "overtaken", "at": now, "note": note}


def _slate(entry: Entry) -> Row:
    obligation = entry.obligation
    return {"league": obligation.league, "output": obligation.output, "day": obligation.day}


def conflict_row(entry: Entry, conflict: Conflict, resolution: str, *, now: datetime) -> Row:
    """Return the row of a conflict of `entry`; with a `resolution` (auto, waived, gave up), as it ended."""
    ended = {"resolved_at": now if resolution else None, "resolution": resolution or None}
    return {**_slate(entry), **dataclasses.asdict(conflict), **ended}
