"""A report for a person: by level and by what is guarded, worst first; at the end what was read and what was not."""

from collections.abc import Iterator
from itertools import groupby

from tipoff_audit.finding import Finding
from tipoff_audit.report import Evidence, Report

AROUND = {
    "write": "around a write",
    "gate": "around a gate",
    "read": "around a read",
    "notice": "around a notice",
    "clean-up": "around clean-up",
    "work": "around work",
    "": "in the code itself",
}


def words(report: Report) -> str:
    """Return the report as lines of text."""
    return "\n".join([*_findings(report), *_gone(report), *_notes(report), *summary_lines(report)]) + "\n"


def _findings(report: Report) -> Iterator[str]:
    """Group by level and by what is guarded; with a ledger at hand by level alone, in the ledger's order."""
    by_guards = not report.evidence
    for (level, guards), group in groupby(
        report.findings, key=lambda one: (one.level, one.guards if by_guards else None)
    ):
        found = list(group)
        around = "by what the code took part in" if guards is None else AROUND.get(guards, guards)
        yield f"{level.name.lower()} · {around} ({len(found)})"
        for one in found:
            yield from _finding(one, report.evidence.get(one.path))
        yield ""


def _finding(one: Finding, part: Evidence | None) -> Iterator[str]:
    where = f"  in {one.symbol}" if one.symbol else ""
    yield f"  {shown(one.path)}:{one.line}:{one.column} {one.rule}{where}"
    yield f"      {shown(one.message)}"
    if part:
        yield f"      {taken_part(part)}"


def _gone(report: Report) -> Iterator[str]:
    if not report.gone:
        return
    yield f"in the baseline, no longer in the code ({len(report.gone)}): --write-baseline takes them out, and adds nothing"
    for entry in report.gone:
        yield f"  {shown(entry.path)} {entry.rule}  {shown(entry.text)}"
    yield ""


def _notes(report: Report) -> Iterator[str]:
    for note in report.notes:
        yield f"note: {shown(note)}"


def summary_lines(report: Report) -> Iterator[str]:
    """Yield what was read, what was not, and what was found."""
    counts = ", ".join(f"{n} {level}" for level, n in report.by_level().items())
    remembered = f" ({report.n_remembered} as they were)" if report.n_remembered else ""
    yield f"read {report.n_read} files{remembered}, {report.n_lines} lines; not read {report.n_unreadable}"
    if report.left_out:
        reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(report.left_out.items()))
        yield f"left out: {reasons}"
    waived = f"; waived {len(report.waived)}" if report.waived else ""
    before = f"; in the baseline {len(report.baselined)}" if report.baselined else ""
    yield f"found {counts}{waived}{before}"


def taken_part(part: Evidence) -> str:
    """Return what a file took part in, in one line."""
    few = ", ".join(part.outputs[:3]) + (f" and {len(part.outputs) - 3} more" if len(part.outputs) > 3 else "")  # noqa: PLR2004
    return f"took part in {part.n_incidents} incidents and {part.n_runs} runs, {part.n_failed} of them failed: {few}"


def shown(text: str) -> str:
    """Return `text` fit for a terminal and any encoding: control characters and broken bytes are written as escapes."""
    return "".join(ch if ch.isprintable() else ch.encode("unicode_escape", "surrogatepass").decode() for ch in text)
