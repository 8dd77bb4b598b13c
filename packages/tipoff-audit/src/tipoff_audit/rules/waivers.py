"""Inline waivers: `# tipoff: allow RULE[, RULE] [until YYYY-MM-DD] -- reason`.

A waiver without a reason, past its day, of an unknown rule or of nothing is itself a finding.
"""

import io
import re
import tokenize
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from tipoff_audit.finding import Finding, Level
from tipoff_audit.rules.rule import Rule

MARK = "tipoff:"
_WAIVER = re.compile(r"(?:#|--)\s*tipoff:\s*(?P<said>.*?)\s*$")
_SAID = re.compile(
    r"allow\s+(?P<rules>[\w-]+(?:\s*,\s*[\w-]+)*)(?:\s+until\s+(?P<until>\S+))?(?:\s+--\s*(?P<reason>.*))?$"
)
_FORM = "write it as `# tipoff: allow RULE until YYYY-MM-DD -- reason` (until may be left out)"
BAD, UNUSED = "bad-waiver", "unused-waiver"

WAIVER_RULES = (
    Rule(
        slug=BAD,
        claim="a waiver that gives no reason, is past its day, or names no rule",
        why="A waiver is a promise by somebody who knew better at that time. Without a reason nobody can tell whether it still "
        "holds; past its day it must be decided anew. The finding that it waived stands again.",
        incident="Jobs were paused for the off-season without a day on which they come back: 30 days later nobody had "
        "resumed them.",
        rows=(12,),
        bad="try:\n    save(rows)\nexcept Exception:  # tipoff: allow swallowed-write\n    pass\n",
        good="try:\n    save(rows)\n"
        "except Exception:  # tipoff: allow swallowed-write until 2030-06-01 -- the caller counts them\n    failed += 1\n",
        place="loader.py",
        beside="ruff has no waiver with a day or a reason; its own `noqa` is left to it (RUF100).",
        fix="Give the reason after `--`, renew the day, or mend what is waived.",
    ),
    Rule(
        slug=UNUSED,
        claim="a waiver of something that is not there",
        why="What it waived was mended or has moved. Left standing it would let the next such fault through unseen.",
        incident="Hooks and monitors that could match nothing stood for months, and everybody thought that they guarded.",
        rows=(94,),
        bad="total = a + b  # tipoff: allow swallowed-write -- the caller counts\n",
        good="total = a + b\n",
        place="loader.py",
        beside="RUF100 does the same for `noqa`.",
        fix="Delete the comment.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One waiver as it is written, and the lines that it is about: those of the statement that it stands in or above."""

    line: int
    column: int
    first: int
    last: int
    rules: tuple[str, ...]
    until: str
    reason: str
    text: str
    wrong: str = ""  # why it cannot be taken

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Waiver":
        """Read what `to_json` gave."""
        return cls(**{**values, "rules": tuple(values["rules"])})


@dataclass(frozen=True, slots=True)
class Waived:
    """A finding that somebody allowed, and how."""

    finding: Finding
    waiver: Waiver


def read_waivers(kind: str, text: str) -> tuple[Waiver, ...]:
    """Return the waivers in a file's comments; a string that looks like one is none."""
    if MARK not in text:
        return ()
    comments, spans = _python_comments(text) if kind == "python" else _line_comments(text)
    starts = [first for first, _ in spans]
    found = []
    for line, column, comment in comments:
        match = _WAIVER.match(comment)
        if match is None:
            continue
        place = bisect_right(starts, line) - 1
        inside = place >= 0 and spans[place][0] <= line <= spans[place][1]
        after = spans[place + 1] if place + 1 < len(spans) else (line, line)
        first, last = spans[place] if inside else after
        place_of = {"line": line, "column": column, "first": first, "last": last}
        found.append(_waiver(match["said"], place_of, comment))
    return tuple(found)


def _waiver(said: str, place: Mapping[str, int], text: str) -> Waiver:
    match = _SAID.match(said)
    if match is None:
        return Waiver(**place, rules=(), until="", reason="", text=text, wrong=f"it cannot be understood: {_FORM}")
    rules = tuple(rule.strip() for rule in match["rules"].split(","))
    until, reason = match["until"] or "", (match["reason"] or "").strip()
    wrong = "" if reason else f"it gives no reason: {_FORM}"
    if until and not _is_day(until):
        wrong = f"{until} is no day: {_FORM}"
    return Waiver(**place, rules=rules, until=until, reason=reason, text=text, wrong=wrong)


def _is_day(word: str) -> bool:
    try:
        date.fromisoformat(word)
    except ValueError:
        return False
    return len(word) == len("2030-01-01")


Comment = tuple[int, int, str]
Span = tuple[int, int]


def _python_comments(text: str) -> tuple[list[Comment], list[Span]]:
    """Return the comments, and the first and last line of each logical line."""
    comments: list[Comment] = []
    spans: list[Span] = []
    first = 0
    quiet = {tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER}
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                comments.append((token.start[0], token.start[1] + 1, token.string))
            elif token.type == tokenize.NEWLINE:
                spans.append((first or token.start[0], token.start[0]))
                first = 0
            elif token.type not in quiet and not first:
                first = token.start[0]
    except (tokenize.TokenError, IndentationError, UnicodeDecodeError):  # the last line, or \r amid one (3.12)
        pass
    return comments, spans


def _line_comments(text: str) -> tuple[list[Comment], list[Span]]:
    """Return what follows the first `#` or `--` before the mark in each line, and each line that is not a comment alone."""
    comments: list[Comment] = []
    spans: list[Span] = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _WAIVER.search(line) if MARK in line else None
        if match:
            comments.append((number, match.start() + 1, match.group()))
        if line[: match.start() if match else None].strip():
            spans.append((number, number))
    return comments, spans


def apply(
    findings: Sequence[Finding],
    waivers: Sequence[tuple[str, Waiver]],
    *,
    today: date,
    rules: Collection[str],
    asked: Collection[str],
) -> tuple[list[Finding], list[Waived]]:
    """Return what stands, with what is wrong with the waivers themselves, and what is waived.

    Args:
        findings: What the rules found.
        waivers: With the path of the file that each stands in.
        today: A waiver holds until the end of its day.
        rules: Every rule that there is.
        asked: The rules that were asked: only of these can a waiver be unused.
    """
    by_path: dict[str, list[Waiver]] = {}
    for path, waiver in waivers:
        by_path.setdefault(path, []).append(waiver)
    standing: list[Finding] = []
    waived: list[Waived] = []
    used: set[tuple[str, int, str]] = set()
    for finding in findings:
        for waiver in by_path.get(finding.path, ()):
            if finding.rule not in waiver.rules or not waiver.first <= finding.line <= waiver.last:
                continue
            used.add((finding.path, waiver.line, finding.rule))
            if not waiver.wrong and not _is_over(waiver, today):
                waived.append(Waived(finding, waiver))
                break
        else:
            standing.append(finding)
    for path, waiver in waivers:
        standing += _troubles(
            path, waiver, today, rules, {rule for rule in asked if (path, waiver.line, rule) not in used}
        )
    return standing, waived


def _is_over(waiver: Waiver, today: date) -> bool:
    return bool(waiver.until) and _is_day(waiver.until) and today > date.fromisoformat(waiver.until)


def _troubles(
    path: str, waiver: Waiver, today: date, rules: Collection[str], idle: Collection[str]
) -> Iterator[Finding]:
    unknown = [rule for rule in waiver.rules if rule not in rules]
    if waiver.wrong:
        yield _trouble(BAD, path, waiver, f"this waiver does not hold: {waiver.wrong}")
    elif unknown:
        yield _trouble(BAD, path, waiver, f"this waiver names no rule: there is no {', '.join(unknown)}")
    elif _is_over(waiver, today):
        yield _trouble(BAD, path, waiver, f"this waiver ended on {waiver.until}: mend what it waived, or decide anew")
    for rule in waiver.rules:
        if rule in idle and rule in rules and not waiver.wrong:
            yield _trouble(UNUSED, path, waiver, f"this waiver allows {rule}, and there is none here: delete it")


def _trouble(rule: str, path: str, waiver: Waiver, message: str) -> Finding:
    return Finding(
        rule=rule,
        path=path,
        line=waiver.line,
        column=waiver.column,
        end_line=waiver.line,
        level=Level.ERROR if rule == BAD else Level.WARNING,
        message=message,
        guards="gate",
        symbol="",
        text=waiver.text.strip(),
    )
