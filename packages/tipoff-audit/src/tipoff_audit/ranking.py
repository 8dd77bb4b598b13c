"""What to fix first: findings by the harm that they can do, copies told once, and sums by folder, rule and function."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tipoff_audit.finding import Finding, Level
from tipoff_audit.report import Report

FIRST_NOTES = 10  # things: what somebody reads at one sitting
MOST_OF_A_RULE = 4  # of those: a code base has its habits, and ten times one of them hides the others
_HARM = {"write": 40, "gate": 35, "look-ahead": 30, "read": 15, "notice": 10, "work": 10, "clean-up": 5}
_WORSE = {
    "missing-f": 12,
    "streaming-insert": 10,
    "streamed-and-mutated": 10,
    "load-per-row": 10,
    "lost-after-delete": 8,
    "unreadable": 20,
}
_DAILY = re.compile(
    r"(?<![a-z])(dags?|pipelines?|jobs?|etl|ingest\w*|load\w*|flows?|tasks?|scrap\w*|process\w*|workers?|cron|schedul\w*|orchestrat\w*|predict\w*"
    r"|grad(e|es|ing)|backfill|features?|export\w*|sync\w*|publish\w*|execut\w*|writ(e|es|er|ers|ing))(?![a-z])",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"(?<![a-z])(scripts?|tools?|bin|migrations?|examples?|notebooks?|benchmarks?|docs?|archive\w*|old|deprecated|legacy|demos?|sandbox|one_?off|debug)"
    r"(?![a-z])",
    re.IGNORECASE,
)
_MADE_AGAIN = re.compile(
    r"(?<![a-z])(cached?|caches|memo(iz\w*)?|(?<!game_)(?<!box_)logs?|log_event|log_run|telemetry|metrics)(?![a-z])",
    re.IGNORECASE,  # a game's log is data
)
_SHARED = re.compile(r"(^|/)(shared|common|core|libs?|src)(/|$)", re.IGNORECASE)
_DEPLOYED = re.compile(
    r"(^|/)(functions?|cloud_functions?|services?|deploy\w*|build|dist|copies|backup|old)(/|$)", re.IGNORECASE
)


def harm(finding: Finding, n_copies: int = 0) -> int:
    """Return how much is at stake: what is guarded, on what path it stands, how often; less for what is made again (a cache)."""
    about = f"{finding.path} {finding.symbol}"
    daily = 10 if _DAILY.search(about) else 0
    aside = 15 if _ASIDE.search(finding.path) or _MADE_AGAIN.search(finding.symbol.rpartition(".")[2]) else 0
    return _HARM.get(finding.guards, 5) + _WORSE.get(finding.rule, 0) + daily - aside + 2 * min(n_copies, 10)


def ranked(report: Report) -> Report:
    """Return the report with its findings by level, by what a ledger knows of their code, and by harm; copies are told once."""
    canonical, copies = _without_copies(report)

    def weight(one: Finding) -> tuple[int | str, ...]:
        part = report.evidence.get(one.path)
        counts = (part.n_incidents, part.n_failed, part.n_runs) if part else (0, 0, 0)
        known = tuple(-count for count in counts)
        return (
            -one.level,
            *known,
            -harm(one, len(copies.get(one, ()))),
            one.path.count("/"),
            one.path,
            one.line,
            one.column,
            one.rule,
        )

    return replace(report, findings=tuple(sorted(canonical, key=weight)), copies=copies)


def _without_copies(report: Report) -> tuple[list[Finding], Mapping[Finding, tuple[Finding, ...]]]:
    """Return each finding once: the same words in the same function of several files are one, the second with the second."""
    alike: dict[tuple[str, int, str, str, int], list[Finding]] = defaultdict(list)
    n_before: Counter[tuple[str, str, int, str, str]] = Counter()
    for one in sorted(report.findings):
        function = one.symbol.rpartition(".")[2]
        key = (
            (one.rule, one.level, function, one.text)
            if function and one.rule not in {"unreadable", "copied-file"}
            else (one.rule, one.level, one.path, str(one.line))
        )
        alike[*key, n_before[one.path, *key]].append(one)
        n_before[one.path, *key] += 1
    kept: list[Finding] = []
    copies: dict[Finding, tuple[Finding, ...]] = {}
    for group in alike.values():
        first, *others = sorted(group, key=lambda one: (_known(one, report), *_origin(one)))
        kept.append(first)
        if others:
            copies[first] = tuple(others)
    return kept, copies


def _known(one: Finding, report: Report) -> tuple[int, int]:
    """Return the key by which the copy that a ledger has seen at work comes first."""
    part = report.evidence.get(one.path)
    return (-part.n_incidents, -part.n_runs) if part else (0, 0)


def _origin(one: Finding) -> tuple[bool, bool, int, str]:
    """Return the key by which the one to mend is chosen: shared code first, deployed copies last, then the shortest path."""
    return (bool(_DEPLOYED.search(one.path)), not _SHARED.search(one.path), one.path.count("/"), one.path)


def first_notes(notes: Sequence[Finding]) -> list[Finding]:
    """Return the notes that a person reads unasked: the first few things said, no rule at length, wherever each stands.

    Args:
        notes: In the order in which they are to be fixed.
    """
    said = dict.fromkeys((one.rule, one.message) for one in notes if one.rule != "unreadable")
    of_rule: Counter[str] = Counter()
    taken = []
    for rule, message in said:
        of_rule[rule] += 1
        if of_rule[rule] <= MOST_OF_A_RULE:
            taken.append((rule, message))
    first = set(taken[:FIRST_NOTES])
    return [one for one in notes if (one.rule, one.message) in first]


GROUPS: Mapping[str, Callable[[Finding], str]] = {
    "folder": lambda one: one.path.rpartition("/")[0] or ".",
    "rule": lambda one: one.rule,
    "function": lambda one: one.symbol or one.path,
}


def sums(report: Report, by: str) -> list[tuple[str, Counter[Level]]]:
    """Return how many findings there are of each level, by folder, rule or function, the worst first."""
    counts: dict[str, Counter[Level]] = defaultdict(Counter)
    for one in report.findings:
        counts[GROUPS[by](one)][one.level] += 1 + len(report.copies.get(one, ()))
    return sorted(counts.items(), key=lambda pair: (*(-pair[1][level] for level in reversed(Level)), pair[0]))
