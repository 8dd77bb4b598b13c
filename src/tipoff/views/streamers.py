"""Which code streams into a table, by an audit's report that is at hand: a streaming insert leaves no job to be named by."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tipoff.core.errors import UsageError
from tipoff.core.schema import Table

STREAMS = "streaming-insert"  # the rule; see docs/audit-rules.md
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Streamers:
    """The streaming inserts that `tipoff audit PATH --json` found, each with where it stands and what it says."""

    found: tuple[Mapping[str, Any], ...] = ()

    def into(self, table: Table) -> Iterator[str]:
        """Yield in words who streams into `table`; where nobody names it, who streams into a table that is not told."""
        named = [one for one in self.found if re.search(rf"\b{re.escape(table.name)}\b", one["text"])]
        for one in named[:_SHOWN]:
            yield f"by the audit, {one['path']}:{one['line']}{_in(one)} streams into it"
        untold = [one for one in self.found if not re.search(r"""["'`]""", one["text"])]
        if untold and not named:
            places = ", ".join(f"{one['path']}:{one['line']}" for one in untold[:_SHOWN])
            yield f"by the audit, {places} may: it streams into a table that is named elsewhere"


def _in(finding: Mapping[str, Any]) -> str:
    return f" ({finding['symbol']})" if finding.get("symbol") else ""


def read_streamers(report: Path | None) -> Streamers:
    """Return the streaming inserts of a report, none without one; raises `UsageError` where the file is no report."""
    if report is None:
        return Streamers()
    try:
        findings = json.loads(report.read_text("utf-8"))["findings"]
        found = [one for one in findings if one["rule"] == STREAMS]
        for one in found:
            str(one["path"]), int(one["line"]), str(one["text"])
    except (OSError, ValueError, LookupError, TypeError) as error:
        msg = f"{report} is no report of an audit: {type(error).__name__}: {error}"
        raise UsageError(msg, hint="write it: tipoff audit PATH --json > FILE; TIPOFF_AUDIT_REPORT names it") from error
    return Streamers(tuple(found))
