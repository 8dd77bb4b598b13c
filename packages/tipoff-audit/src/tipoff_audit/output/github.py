"""A report as workflow commands, which GitHub shows beside the lines of a pull request."""

from collections.abc import Iterator

from tipoff_audit.finding import Finding, Level
from tipoff_audit.output.text import summary_lines
from tipoff_audit.report import Report

COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def annotations(report: Report) -> str:
    """Return one annotation for each finding, worst first: GitHub shows only the first ten of a level in a step."""
    return "\n".join([*map(_annotation, report.findings), *_gone(report), *_summary(report)]) + "\n"


def _annotation(one: Finding) -> str:
    properties = {
        "file": one.path,
        "line": one.line,
        "endLine": max(one.line, one.end_line),
        "title": f"{one.rule}{f' in {one.symbol}' if one.symbol else ''}",
    }
    said = ",".join(f"{name}={escaped_property(str(value))}" for name, value in properties.items())
    return f"::{COMMANDS[one.level]} {said}::{escaped(one.message)}"


def _gone(report: Report) -> Iterator[str]:
    for entry in report.gone:
        said = f"the baseline still has {entry.rule} for {entry.text!r}, which is no longer there: --write-baseline takes it out"
        yield f"::error file={escaped_property(entry.path)},title=baseline::{escaped(said)}"


def _summary(report: Report) -> Iterator[str]:
    for note in report.notes:
        yield f"::notice::{escaped(note)}"
    for line in summary_lines(report):
        yield escaped(line)


def escaped(text: str) -> str:
    """Return `text` as a command's message: it ends at a line's end, and `%` begins an escape."""
    whole = text.encode("utf-8", "backslashreplace").decode()
    return whole.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escaped_property(text: str) -> str:
    """Return `text` as a command's property: there a colon and a comma would end it too."""
    return escaped(text).replace(":", "%3A").replace(",", "%2C")
