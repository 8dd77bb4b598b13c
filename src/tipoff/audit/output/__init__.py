"""The forms in which a report is told."""

from collections.abc import Callable, Mapping

from tipoff.audit.output.github import annotations
from tipoff.audit.output.json import document
from tipoff.audit.output.markdown import summary
from tipoff.audit.output.sarif import log
from tipoff.audit.output.text import words
from tipoff.audit.report import Report

FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": words,
    "json": document,
    "sarif": log,
    "github": annotations,
    "markdown": summary,
}
