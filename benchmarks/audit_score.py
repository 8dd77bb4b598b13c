"""How well the auditor does on the labelled cases: precision and recall, per rule and in all.

A finding is right where its line bears its name as due or as allowed; due and not found is missed; a finding on a right twin or
on a line that nobody marked is wrong. `python -m benchmarks.audit_score` prints the table, what was missed and what was wrong;
`--json` the figures.
"""

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.audit.labelled import CASES, SLUGS, Case, load

from tipoff_audit.finding import Finding
from tipoff_audit.project.conclude import conclude
from tipoff_audit.reading.source import kind_of, read_source
from tipoff_audit.rules.catalog import RULES
from tipoff_audit.rules.examine import examine

LEAST = 0.95  # of each, over all rules
LEAST_UNSEEN = {"precision": 0.9, "recall": 0.75}
UNSEEN = CASES.parent / "unseen"


def found_in(case: Case) -> set[tuple[str, int, str]]:
    """Return the findings of a case's files, read as one project."""
    facts, found = [], []
    for path, text in case.files.items():
        if kind_of(path, text.encode()) is None:
            continue  # no file that the auditor would read
        source = read_source(path, text.encode())
        if isinstance(source, Finding):
            found.append(source)
        else:
            facts.append(examine(source))
    return {(finding.path, finding.line, finding.rule) for finding in [*found, *conclude(facts)]}


def score() -> dict[str, Any]:
    """Return the figures, and each label that was missed and each finding that was wrong."""
    due: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {"found": Counter(), "missed": Counter(), "wrong": Counter()}
    told: dict[str, list[str]] = {"missed": [], "wrong": []}
    n_cases = 0
    for case in load():
        n_cases += case.kind == "bad"
        found = found_in(case)
        due.update(_due(case))
        counts["found"].update(slug for _, _, slug in found)
        for kind, lines in (("missed", case.missed(found)), ("wrong", case.strays(found))):
            counts[kind].update(line.rpartition(" ")[2] for line in lines)
            told[kind] += [f"{case.slug}/{case.name} ({case.kind}): {line}" for line in lines]
    rules = {
        rule.slug: {"expected": due[rule.slug]} | _figures(rule.slug, due, counts) for rule in RULES if due[rule.slug]
    }
    total = {kind: sum(counter.values()) for kind, counter in counts.items()}
    return {
        "n_cases": n_cases,
        "expected": due.total(),
        "precision": _ratio(total["found"] - total["wrong"], total["found"]),
        "recall": _ratio(due.total() - total["missed"], due.total()),
        **total,
        "rules": rules,
        "told": told,
    }


def unseen_score() -> dict[str, Any]:
    """Return the same for the cases that were written without sight of the rules, in sum.

    Where a label names a kind of fault that was no rule's name then, any rule on its line will do.
    """
    kinds = set(tomllib.loads((UNSEEN / "kinds.toml").read_text(encoding="utf-8")))
    due = missed = found = wrong = n_cases = 0
    for case in load(UNSEEN / "cases", SLUGS | kinds):
        n_cases += case.kind == "bad"
        said = found_in(case)
        lines = {(path, line) for path, line, _ in said}
        meant = said | {(path, line, kind) for path, line in lines for kind in kinds}
        marked = {*case.expected, *case.allowed, *(place for places in case.either.values() for place in places)}
        due += case.due
        missed += len(case.missed(meant))
        found += len(said)
        wrong += sum((path, line) not in marked for path, line, _ in said)
    return {
        "n_cases": n_cases,
        "due": due,
        "recall": _ratio(due - missed, due),
        "precision": _ratio(found - wrong, found),
    }


def _due(case: Case) -> Iterator[str]:
    for slugs in case.expected.values():
        yield from slugs
    yield from case.either


def _figures(slug: str, due: Counter[str], counts: dict[str, Counter[str]]) -> dict[str, float | None]:
    found, missed, wrong = (counts[kind][slug] for kind in ("found", "missed", "wrong"))
    return {"precision": _ratio(found - wrong, found), "recall": _ratio(due[slug] - missed, due[slug])}


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _shown(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.3f}"


def audit_score() -> tuple[bool, dict[str, Any]]:
    """Hold precision and recall on the labelled cases against their bound."""
    measured = score()
    measured["unseen"] = unseen = unseen_score()
    enough = measured["precision"] >= LEAST and measured["recall"] >= LEAST and measured["n_cases"] >= 150
    return enough and unseen["precision"] >= LEAST_UNSEEN["precision"] and unseen["recall"] >= LEAST_UNSEEN[
        "recall"
    ], measured


def main() -> None:
    """Print the table."""
    measured = score()
    if "--json" in sys.argv:
        print(json.dumps(measured, indent=1))
        return
    print(f"{'rule':24} {'due':>4} {'precision':>9} {'recall':>7}")
    for slug, figures in measured["rules"].items():
        print(f"{slug:24} {figures['expected']:4} {_shown(figures['precision']):>9} {_shown(figures['recall']):>7}")
    print(f"{measured['n_cases']} cases: precision {measured['precision']:.4f}, recall {measured['recall']:.4f}")
    unseen = unseen_score()
    print(f"{unseen['n_cases']} unseen cases: precision {unseen['precision']:.4f}, recall {unseen['recall']:.4f}")
    for kind, lines in measured["told"].items():
        print(f"{kind}: {len(lines)}")
        if "--quiet" not in sys.argv:
            print("".join(f"  {line}\n" for line in lines), end="")


if __name__ == "__main__":
    main()
