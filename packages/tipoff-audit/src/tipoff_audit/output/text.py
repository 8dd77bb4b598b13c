"""A report for a person: by level, what does most harm first; at the end what was read and what was not."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from tipoff_audit.finding import Finding, Level
from tipoff_audit.report import Evidence, Report

AROUND = {
    "write": "around a write",
    "gate": "around a gate",
    "read": "around a read",
    "notice": "around a notice",
    "clean-up": "around clean-up",
    "work": "around work",
    "look-ahead": "around what is predicted",
    "": "in the code itself",
}
MOST_PLACES = 3  # a line's worth


def words(report: Report) -> str:
    """Return the report as lines of text."""
    return "\n".join([*_findings(report), *_gone(report), *_notes(report), *summary_lines(report)]) + "\n"


def _findings(report: Report) -> Iterator[str]:
    """Group by level, each in the order in which it is to be fixed."""
    for level, group in groupby(report.findings, key=lambda one: one.level):
        found = list(group)
        n_all = len(found) + report.hidden.get(level, 0)
        some = "" if n_all == len(found) else f" of {n_all}"
        may = ", which may be wrong" if level is Level.NOTE else ""
        yield f"{level.name.lower()} ({len(found)}{some}){may}, what does most harm first"
        for one, *others in _told_once(found):
            yield from _finding(one, report)
            if others:
                yield f"      and {len(others)} more of the same: {_places(others)}"
        yield ""
    if report.hidden:
        more = ", ".join(
            f"{n} {level.name.lower()}{'s' if n > 1 else ''}"
            for level, n in sorted(report.hidden.items(), reverse=True)
        )
        yield f"and {more}, not shown (--min-level note shows all)"
        yield ""


def _told_once(found: Sequence[Finding]) -> list[list[Finding]]:
    """Return the findings, each with the others that say the same of other places: one habit is one thing to read."""
    alike: dict[tuple[str, str], list[Finding]] = {}
    for one in found:
        alike.setdefault((one.rule, one.message), []).append(one)
    return list(alike.values())


def _places(found: Sequence[Finding]) -> str:
    few = ", ".join(f"{shown(one.path)}:{one.line}" for one in found[:MOST_PLACES])
    return f"{few} and {len(found) - MOST_PLACES} others (--json names all)" if len(found) > MOST_PLACES else few


def _finding(one: Finding, report: Report) -> Iterator[str]:
    where = f"  in {one.symbol}" if one.symbol else ""
    yield f"  {shown(one.path)}:{one.line}:{one.column} {one.rule} {AROUND.get(one.guards, one.guards)}{where}"
    yield f"      {shown(one.message)}"
    for line in aside(one, report):
        yield f"      {line}"


def aside(one: Finding, report: Report) -> Iterator[str]:
    """Yield what is known beside the finding itself: its copies, who wrote the line, what the code took part in."""
    others = report.copies.get(one, ())
    if others:
        yield f"the same stands in {_places(others)}: mend it here"
    if one in report.origins:
        yield shown(report.origins[one])
    if one.path in report.evidence:
        yield taken_part(report.evidence[one.path])


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
    tests = f"; in tests, not told, {report.n_in_tests}" if report.n_in_tests else ""
    before = f"; in the baseline {len(report.baselined)}" if report.baselined else ""
    yield f"found {counts}{waived}{before}{tests}"


def taken_part(part: Evidence) -> str:
    """Return what a file took part in, in one line."""
    few = ", ".join(part.outputs[:3]) + (f" and {len(part.outputs) - 3} more" if len(part.outputs) > 3 else "")  # noqa: PLR2004
    return f"took part in {part.n_incidents} incidents and {part.n_runs} runs, {part.n_failed} of them failed: {few}"


def shown(text: str) -> str:
    """Return `text` fit for a terminal and any encoding: control characters and broken bytes are written as escapes."""
    return "".join(ch if ch.isprintable() else ch.encode("unicode_escape", "surrogatepass").decode() for ch in text)
