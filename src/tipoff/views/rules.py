"""The record of every rule as a person sees it: how often it fired, what it requires, what would have held so far."""

import dataclasses
from collections import Counter

from tipoff.core.check import WINDOW
from tipoff.core.league import League
from tipoff.ledger import Ledger
from tipoff.ledger.rulebook import RuleCount, rules_kept

_RANK = {"never measurable": 0, "never fired": 1, "young": 2, "fires": 3}


def rules(ledger: Ledger, league: League) -> list[RuleCount]:
    """Return every rule's record in this home, those that never fired over their window first."""
    found = _with_thresholds(ledger, league, rules_kept(ledger.rows, league.name))
    return sorted(found, key=lambda rule: (_RANK[rule.word], rule.kind, rule.name))


def _with_thresholds(ledger: Ledger, league: League, found: list[RuleCount]) -> list[RuleCount]:
    """Return the rules with what each check requires, and what would have been met so far: shown, never applied."""
    values = ledger.of(league.name).values()
    declared = {check.name: check for check in league.checks}
    shown = []
    for rule in found:
        check = declared.get(rule.name) if rule.kind == "check" else None
        if check is None:
            shown.append(rule)
            continue
        seen = sorted(values.get(rule.name, ()), reverse=check.at_most)
        learned = seen[len(seen) // 1000] if len(seen) >= WINDOW else None
        shown.append(dataclasses.replace(rule, required=check.required, learned=learned))
    return shown


def rule_lines(found: list[RuleCount], *, every: bool) -> list[str]:
    """Return the rules as aligned text: the silent ones, then, with `every`, the rest; and the counts by kind and word."""
    shown = [rule for rule in found if every or rule.is_silent]
    counts = sorted(Counter((rule.kind, rule.word) for rule in found).items())
    kinds = dict.fromkeys(kind for (kind, _), _ in counts)
    said = [f"{kind}s: " + ", ".join(f"{n} {word}" for (of, word), n in counts if of == kind) for kind in kinds]
    return [*map(_line, shown), "; ".join(said), f"young: looked at fewer than {WINDOW} times"]


def _line(rule: RuleCount) -> str:
    learned = f", {rule.learned:.4g} would have held" if rule.learned is not None else ""
    required = f"  required {rule.required:.4g}{learned}" if rule.required is not None else ""
    return f"{rule.word:<17}{rule.kind:<7}{rule.name:<58}{rule.fired:>5} of {rule.evaluated}{required}"
