"""A report as SARIF 2.1.0, which code-scanning views open.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/
"""

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from tipoff_audit.build import version
from tipoff_audit.finding import Finding, Level
from tipoff_audit.report import Report
from tipoff_audit.rules.catalog import RULES
from tipoff_audit.rules.rule import Rule
from tipoff_audit.rules.waivers import WAIVER_RULES

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "note"}
Values = dict[str, Any]


def log(report: Report) -> str:
    """Return the report as one SARIF log of one run."""
    return json.dumps(as_values(report), indent=1) + "\n"


def as_values(report: Report) -> Values:
    """Return the log as plain values: all rules with their help, and what is waived or baselined as suppressed results."""
    rules = (*RULES, *WAIVER_RULES)
    index = {rule.slug: place for place, rule in enumerate(rules)}
    names = report.names
    results = [_result(one, index, names) | _related(report.copies.get(one, ())) for one in report.findings]
    results += [
        _result(one, index, names) | _suppressed("external", "it is in the baseline") for one in report.baselined
    ]
    results += [
        _result(one.finding, index, names) | _suppressed("inSource", one.waiver.reason) for one in report.waived
    ]
    notes = [{"level": "note", "message": {"text": note}} for note in report.notes]
    unread = [_unread(one) for one in report.findings if one.rule == "unreadable"]
    run = {
        "tool": {
            "driver": {
                "name": "tipoff-audit",
                "version": version(),
                "semanticVersion": version(),
                "rules": _rules(rules),
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The folder that was audited."}}},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": [*unread, *notes]}],
        "results": results,
        "properties": {"filesRead": report.n_read, "filesNotRead": report.n_unreadable, "lines": report.n_lines},
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rules(rules: Sequence[Rule]) -> list[Values]:
    return [
        {
            "id": rule.slug,
            "name": "".join(word.capitalize() for word in rule.slug.split("-")),
            "shortDescription": {"text": f"{rule.claim[:1].upper()}{rule.claim[1:]}."},
            "fullDescription": {"text": rule.why},
            "help": {"text": _help(rule), "markdown": _help_in_markdown(rule)},
            "defaultConfiguration": {"level": "error"},
            "properties": {"tags": ["reliability", "silent-failure"]}
            | ({"precision": rule.precision} if rule.precision else {}),
        }
        for rule in rules
    ]


def _help(rule: Rule) -> str:
    return f"{rule.why}\n\nWhat happened: {rule.incident}\n\nWhat to do: {rule.fix}"


def _help_in_markdown(rule: Rule) -> str:
    bad, good = (f"```{rule.language}\n{text.rstrip()}\n```" for text in (rule.bad, rule.good))
    return f"{rule.why}\n\n**What happened.** {rule.incident}\n\n**Bad**\n\n{bad}\n\n**Good**\n\n{good}\n\n{rule.fix}"


def _result(one: Finding, index: Mapping[str, int], names: Mapping[Finding, str]) -> Values:
    location: Values = {"physicalLocation": _place(one) | {"region": _region(one)}}
    if one.symbol:
        location["logicalLocations"] = [{"fullyQualifiedName": one.symbol}]
    return {
        "ruleId": one.rule,
        "ruleIndex": index[one.rule],
        "level": LEVELS[one.level],
        "message": {"text": one.message},
        "locations": [location],
        "partialFingerprints": {"tipoffAudit/v1": names[one], "primaryLocationLineHash": f"{names[one][:16]}:1"},
        "properties": {"guards": one.guards},
    }


def _related(copies: Sequence[Finding]) -> Values:
    places = [
        {"physicalLocation": _place(one) | {"region": _region(one)}, "message": {"text": "the same"}} for one in copies
    ]
    return {"relatedLocations": places} if places else {}


def _place(one: Finding) -> Values:
    return {"artifactLocation": {"uri": uri_of(one.path), "uriBaseId": "SRCROOT"}}


def _region(one: Finding) -> Values:
    return {"startLine": one.line, "startColumn": max(1, one.column), "endLine": max(one.line, one.end_line)}


def _suppressed(kind: str, why: str) -> Values:
    return {"suppressions": [{"kind": kind, "status": "accepted", "justification": why}]}


def _unread(one: Finding) -> Values:
    return {"level": "error", "message": {"text": one.message}, "locations": [{"physicalLocation": _place(one)}]}


def uri_of(path: str) -> str:
    """Return a file's name as a relative URI reference; a colon in its first part would be taken for a scheme."""
    return quote(os.fsencode(path), safe="/~!$&'()*+,;=@")
