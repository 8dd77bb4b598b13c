"""The forms in which a report is told."""

from collections.abc import Callable, Mapping

from tipoff_audit.output.github import annotations
from tipoff_audit.output.html import page
from tipoff_audit.output.json import document
from tipoff_audit.output.markdown import summary
from tipoff_audit.output.sarif import log
from tipoff_audit.output.text import words
from tipoff_audit.report import Report

FORMATS: Mapping[str, Callable[[Report], str]] = {
    "text": words,
    "json": document,
    "sarif": log,
    "github": annotations,
    "markdown": summary,
    "html": page,
}
