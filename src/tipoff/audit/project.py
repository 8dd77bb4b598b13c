"""All files together: what no single file can show."""

from collections.abc import Sequence

from tipoff.audit.facts import FileFacts
from tipoff.audit.finding import Finding


def conclude(facts: Sequence[FileFacts]) -> tuple[Finding, ...]:
    """Return all findings, the files' own and the project's, in order of path and line.

    Findings of files that could not be read (`read_source` returned them) are not among them: the caller has those.
    """
    return tuple(sorted(finding for file in facts for finding in file.findings))
