"""Files audited as texts: what the tests of the auditor share."""

from collections.abc import Mapping

from tipoff_audit.finding import Finding
from tipoff_audit.project.conclude import ALONE, conclude
from tipoff_audit.project.reach import Surroundings
from tipoff_audit.reading.source import read_source
from tipoff_audit.rules.examine import examine


def audited(files: Mapping[str, str], around: Surroundings = ALONE) -> list[Finding]:
    """Return the findings of a project that consists of `files`: path to text; `around`: what else it holds."""
    facts, found = [], []
    for path, text in files.items():
        source = read_source(path, text.encode())
        if isinstance(source, Finding):
            found.append(source)
        else:
            facts.append(examine(source))
    return sorted([*found, *conclude(facts, around)])


def said(text: str, path: str = "jobs/example.py") -> list[tuple[str, int]]:
    """Return (rule, line) of each finding in one file."""
    return [(finding.rule, finding.line) for finding in audited({path: text})]
