"""A report as a page of Markdown, for a build's summary."""

from collections import Counter
from collections.abc import Iterator

from tipoff_audit.finding import Finding
from tipoff_audit.output.text import AROUND, shown, summary_lines
from tipoff_audit.report import Report

MOST_ROWS = 200  # a build's summary ends at 1 MiB


def summary(report: Report) -> str:
    """Return counts by rule, then the worst findings one by one."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield "## What can be lost in silence"
    yield ""
    for line in summary_lines(report):
        yield f"- {cell(line)}"
    for note in report.notes:
        yield f"- {cell(note)}"
    if report.findings:
        yield from _counts(report)
        yield from _rows(report)
    if report.gone:
        yield ""
        yield f"{len(report.gone)} entries of the baseline are no longer in the code; `--write-baseline` takes them out."


def _counts(report: Report) -> Iterator[str]:
    counts = Counter((-one.level, one.rule) for one in report.findings)
    words = {-one.level: one.level.name.lower() for one in report.findings}
    yield ""
    yield "| level | rule | findings |"
    yield "|---|---|--:|"
    for (level, rule), n in sorted(counts.items()):
        yield f"| {words[level]} | {rule} | {n} |"


def _rows(report: Report) -> Iterator[str]:
    yield ""
    yield "| level | around | where | rule | what |"
    yield "|---|---|---|---|---|"
    for one in report.findings[:MOST_ROWS]:
        yield _row(one)
    if len(report.findings) > MOST_ROWS:
        yield ""
        yield f"and {len(report.findings) - MOST_ROWS} more, none of them worse than the last one above."


def _row(one: Finding) -> str:
    around = AROUND.get(one.guards, one.guards)
    where = cell(f"{one.path}:{one.line}")
    return f"| {one.level.name.lower()} | {around} | {where} | {one.rule} | {cell(one.message)} |"


def cell(text: str) -> str:
    """Return `text` as it is read, whatever it holds of what Markdown or HTML would take for its own."""
    marks = "\\`*_{}[]<>|~#$&@"
    return "".join(f"\\{ch}" if ch in marks else ch for ch in shown(text))
