"""How often each rule was looked at and fired: checks, gates, what providers' answers are filtered by, the engine's findings."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Integer, func, select

from tipoff.core.check import WINDOW
from tipoff.core.league import League
from tipoff.store.ledger import Ledger, schema, watching


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule and its record.

    `learned`: the threshold that the thousandth worst of what was measured so far would just have met. It is shown for a person
    to decide, and never takes effect by itself.
    """

    kind: str  # check, gate, filter
    name: str
    evaluated: int
    fired: int
    not_measurable: int = 0
    fired_at: datetime | None = None
    required: float | None = None
    learned: float | None = None

    @property
    def word(self) -> str:
        """What is to be said of it: it fires, it never has, it was never measurable, or it is young."""
        if self.fired:
            return "fires"
        if self.evaluated + self.not_measurable < WINDOW:
            return "young"
        return "never fired" if self.evaluated else "never measurable"


def rules(ledger: Ledger, league: League) -> list[Rule]:
    """Return every rule's record in this home, those that never fired over their window first."""
    found = [*_checks(ledger, league), *_gates(ledger, league), *_filters(ledger)]
    rank = {"never measurable": 0, "never fired": 1, "young": 2, "fires": 3}
    return sorted(found, key=lambda rule: (rank[rule.word], rule.kind, rule.name))


def _checks(ledger: Ledger, league: League) -> Iterator[Rule]:
    table, measured = watching.rules, watching.measured
    values: dict[str, list[float]] = defaultdict(list)
    where = (measured.c.league == league.name, measured.c.value.is_not(None))
    for row in ledger.rows(select(measured.c.check, measured.c.value).where(*where)):
        values[row["check"]].append(row["value"])
    declared = {check.name: check for check in league.checks}
    for row in ledger.rows(select(table).where(table.c.league == league.name)):
        check = declared.get(row["rule"])
        seen = sorted(values[row["rule"]], reverse=bool(check and check.at_most))
        yield Rule(
            kind="check",
            name=row["rule"],
            evaluated=row["evaluated"],
            fired=row["fired"],
            not_measurable=row["not_measurable"],
            fired_at=row["fired_at"],
            required=check.required if check else None,
            learned=seen[len(seen) // 1000] if len(seen) >= WINDOW else None,
        )


def _gates(ledger: Ledger, league: League) -> Iterator[Rule]:
    table = schema.gates
    query = (
        select(
            table.c.output,
            table.c.input,
            func.count().label("n"),
            func.count(table.c.held_at).label("held"),
            func.max(table.c.held_at).label("at"),
        )
        .where(table.c.league == league.name)
        .group_by(table.c.output, table.c.input)
    )
    for row in ledger.rows(query):
        name = f"{row['output']} waits for {row['input']}"
        yield Rule(kind="gate", name=name, evaluated=row["n"], fired=row["held"], fired_at=row["at"])


def _filters(ledger: Ledger) -> Iterator[Rule]:
    fetches, rejects = schema.fetches, schema.rejects
    told = select(
        fetches.c.source,
        func.count().label("n"),
        func.sum(func.cast(fetches.c.n_rejects > 0, Integer)).label("fired"),
    ).group_by(fetches.c.source)
    for row in ledger.rows(told):
        yield Rule(kind="filter", name=f"rows of {row['source']} are usable", evaluated=row["n"], fired=row["fired"])
    reasons = select(rejects.c.output, func.count().label("n"), func.max(rejects.c.at).label("at"))
    for row in ledger.rows(reasons.group_by(rejects.c.output)):
        n = int(row["n"])
        yield Rule(kind="filter", name=f"quarantine of {row['output']}", evaluated=n, fired=n, fired_at=row["at"])


def rule_lines(found: list[Rule], *, every: bool) -> list[str]:
    """Return the rules as aligned text: the silent ones, then, with `every`, the rest; and the counts by kind and word."""
    shown = [rule for rule in found if every or rule.word.startswith("never")]
    lines = [_line(rule) for rule in shown]
    counts: dict[str, int] = defaultdict(int)
    for rule in found:
        counts[f"{rule.kind}s: {rule.word}"] += 1
    return [*lines, json.dumps(dict(sorted(counts.items())))[1:-1].replace('"', "")]


def _line(rule: Rule) -> str:
    learned = f", {rule.learned:.4g} would have held" if rule.learned is not None else ""
    required = f"  required {rule.required:.4g}{learned}" if rule.required is not None else ""
    return f"{rule.word:<17}{rule.kind:<7}{rule.name:<58}{rule.fired:>5} of {rule.evaluated}{required}"
