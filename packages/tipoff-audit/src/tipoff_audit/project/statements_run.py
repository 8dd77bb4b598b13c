"""Statements that a client runs and whose errors it passes over: the script and its files of SQL, taken together."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from tipoff_audit.finding import Finding, Level
from tipoff_audit.project.texts import Sources, Texts
from tipoff_audit.reading.context import TESTS
from tipoff_audit.reading.facts import FileFacts
from tipoff_audit.rules.shell_data import sql_runs

_SET_UP = re.compile(
    r"(^|[/_.-])(set_?up|init\w*|install\w*|bootstrap|provision\w*|create_?(db|database|user|schema)|reset\w*|dev\w*|local|tests?|seeds?|fixtures?"
    r"|migrat\w*|entrypoint|demo|restore\w*|playground|benchmarks?|vagrant|dump\w*)([/_.-]|$)",
    re.IGNORECASE,
)  # whoever runs it looks at what it says, or nothing works without it

_BESIDE = re.compile(
    r"(^|[/_.-])(qa(qc)?|qc|checks?|reports?|exports?|stats?|statistics|summar\w*|analysis|archive\w*|maintenance|vacuum|views?)([/_.-]|$)",
    re.IGNORECASE,
)


_ADVICE = {
    "psql": "say `-v ON_ERROR_STOP=1`",
    "sqlcmd": "say `-b`",
    "sqlplus": "begin the file with `WHENEVER SQLERROR EXIT FAILURE`",
}
_MAKES = re.compile(r"(^|/)(GNU)?[Mm]akefile$|\.mk$")
_MAKE = re.compile(r"\bmake\s+(-\S+\s+)*[a-z]")


def passed_over(facts: Sequence[FileFacts], texts: Texts | None) -> Iterator[Finding]:
    """Yield one finding for each script that lets a client pass over errors in statements which change rows.

    `texts`: the tree's files that hold a word, for the makefiles among them.
    """
    known: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for file in facts:
        for what in file.shared.get("changes", ()):
            known[PurePosixPath(file.path).name].append((file.path, what))
    runs = [(file.path, file.shared["sql_runs"]) for file in facts if "sql_runs" in file.shared]
    if known and texts is not None:
        runs += [(path, _rows(text)) for path, text in texts(frozenset({"psql"}))["psql"] if _MAKES.search(path)]
    for path, rows in runs:
        if TESTS.search(path):
            continue
        found = [one for row in rows if (one := _told(path, row, known))]
        if found:
            line, tool, what, text, _ = min(found, key=lambda one: (one[4] or _is_beside(one[2]), one[0]))
            others = f"; so do {len(found) - 1} more in this file" if len(found) > 1 else ""
            message = f"`{tool}` ends with status 0 where a statement fails ({what}), and what follows goes on without it{others}"
            yield Finding(
                rule="swallowed-exit",
                path=path,
                line=line,
                column=1,
                end_line=line,
                level=Level.NOTE if _SET_UP.search(path) or path.endswith((".yml", ".yaml")) else Level.WARNING,
                message=f"{message}; {_ADVICE[tool]}",
                guards="statements",
                symbol="",
                text=text,
            )


def _rows(text: str) -> list[list[Any]]:
    lines = text.splitlines()
    return [[line, *row, lines[line - 1].strip()] for line, *row in sql_runs(text)]


def _told(
    path: str, row: list[object], known: dict[str, list[tuple[str, str]]]
) -> tuple[int, str, str, str, bool] | None:
    """Return the line, what fails there, its text, and whether a table is made anew rather than changed."""
    line, tool, name, what, text = row
    if not name:
        return (int(str(line)), str(tool), f"`{what}`", str(text), _is_made(str(what))) if what else None
    alike = known.get(PurePosixPath(str(name)).name, [])
    if not alike or _SET_UP.search(str(name)):
        return None
    near = max(alike, key=lambda one: _common(one[0], path))
    return int(str(line)), str(tool), f"`{near[1]}` in {near[0]}", str(text), _is_made(near[1])


def _is_beside(text: str) -> bool:
    return _BESIDE.search(text.rpartition("/")[2]) is not None


def _is_made(what: str) -> bool:
    return what.upper().startswith(("CREATE", "REFRESH", "EVERY", "\\I"))


def _common(one: str, other: str) -> int:
    return sum(first == second for first, second in zip(one.split("/"), other.split("/"), strict=False))


def why_alone(finding: Finding, sources: Sources) -> str:
    """Return that nothing in the tree starts the script; "" where a file names it, or where it begins by itself."""
    name = PurePosixPath(finding.path).name
    if _MAKES.search(finding.path):
        others = ((path, text) for path, text in sources.holding("make") if not path.endswith((".md", ".rst", ".txt")))
        is_begun = any(_MAKE.search(text) for path, text in others if not _MAKES.search(path))
        return "" if is_begun else "whoever calls make by hand reads what it says"
    if finding.path.endswith(".py"):
        return ""  # of Python it is known who reaches it
    stem = PurePosixPath(finding.path).stem
    words = re.findall(r"[A-Za-z_]\w*", stem)
    if not words:
        return ""
    longest = max(words, key=len)
    for path, text in sources.holding(longest):
        if path != finding.path and name in text and not path.endswith((".md", ".rst", ".txt")):
            return ""
    return "nothing in the tree starts it: whoever runs it by hand reads what it says"
