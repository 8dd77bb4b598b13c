"""A report for a program."""

import json
from dataclasses import asdict
from typing import Any

from tipoff_audit.finding import Finding
from tipoff_audit.report import Report


def document(report: Report) -> str:
    """Return the report as one JSON document; it is ASCII, whatever the files are named."""
    return json.dumps(as_values(report), indent=1) + "\n"


def as_values(report: Report) -> dict[str, Any]:
    """Return the report as plain values."""
    return {
        "root": report.root,
        "summary": {
            "files_read": report.n_read,
            "files_not_read": report.n_unreadable,
            "files_remembered": report.n_remembered,
            "auditor_failed_on": report.n_crashed,
            "lines": report.n_lines,
            "left_out": dict(report.left_out),
            **report.by_level(),
            "waived": len(report.waived),
            "baselined": len(report.baselined),
            "gone_from_baseline": len(report.gone),
            "in_tests": report.n_in_tests,
            "not_shown": sum(report.hidden.values()),
        },
        "findings": [_counted(one, report) for one in report.findings],
        "waived": [
            _finding(one.finding) | {"reason": one.waiver.reason, "until": one.waiver.until or None}
            for one in report.waived
        ],
        "baselined": [_finding(one) for one in report.baselined],
        "gone": [asdict(entry) for entry in report.gone],
        "notes": list(report.notes),
    }


def _counted(one: Finding, report: Report) -> dict[str, Any]:
    part = report.evidence.get(one.path)
    said = _finding(one) | {"fingerprint": report.names[one]}
    if others := report.copies.get(one):
        said |= {"copies": [f"{other.path}:{other.line}" for other in others]}
    if one in report.origins:
        said |= {"origin": report.origins[one]}
    return said if part is None else said | {"evidence": asdict(part)}


def _finding(one: Finding) -> dict[str, Any]:
    return asdict(one) | {"level": one.level.name.lower()}
