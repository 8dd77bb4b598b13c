"""From a report to mended files: each fix is kept only if the file still parses, the finding is gone and no other has come."""

import difflib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tipoff.audit.examine import examine
from tipoff.audit.finding import Finding
from tipoff.audit.fix.text import LINE_FIXES
from tipoff.audit.project import conclude
from tipoff.audit.report import Report
from tipoff.audit.source import read_source
from tipoff.core.errors import UsageError

TREE_FIXES = frozenset(
    {"missing-f", "naive-now", "handler-raises"}
)  # as in `tree`, which is imported when it is needed
FIXABLE = TREE_FIXES | frozenset(LINE_FIXES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """One file before and after; `fixed` are gone from it, `left` are for a person, each with the reason."""

    path: str
    before: str
    after: str
    fixed: tuple[Finding, ...]
    left: tuple[tuple[Finding, str], ...]

    def diff(self) -> str:
        """Return what changes, as a unified diff."""
        before, after = (text.splitlines(keepends=True) for text in (self.before, self.after))
        lines = difflib.unified_diff(before, after, f"a/{self.path}", f"b/{self.path}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def mend(report: Report) -> Iterator[Mended]:
    """Yield each file of the report in which something can be mended, or was tried to be."""
    by_path: dict[str, list[Finding]] = {}
    for finding in (*report.findings, *report.baselined):
        if finding.rule in FIXABLE:
            by_path.setdefault(finding.path, []).append(finding)
    for path, findings in sorted(by_path.items()):
        try:
            data = Path(report.root, path).read_bytes()
            text = data.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = f"the file cannot be read as UTF-8: {error}"
            yield Mended(path=path, before="", after="", fixed=(), left=tuple((one, why) for one in findings))
            continue
        yield _mend_file(path, text, findings)


def write_mended(root: str, mended: Mended) -> None:
    """Replace the file by what was mended, with the rights that it has.

    Raises:
        UsageError: It cannot be written, or has changed meanwhile.
    """
    file = Path(root, mended.path).resolve()
    new = file.with_name(f".{file.name}.new")
    try:
        if file.read_bytes() != mended.before.encode():
            msg = f"{mended.path} has changed meanwhile"
            raise UsageError(msg, hint="run it again")
        new.write_bytes(mended.after.encode())
        new.chmod(file.stat().st_mode)
        os.replace(new, file)  # noqa: PTH105
    except OSError as error:
        msg = f"{mended.path} cannot be written: {error}"
        raise UsageError(msg, hint="what was mended before it is written; run it again for the rest") from error


def _mend_file(path: str, text: str, findings: Sequence[Finding]) -> Mended:
    """Mend from the last line to the first, so that the lines of those that wait do not move."""
    after = text
    fixed: list[Finding] = []
    left: list[tuple[Finding, str]] = []
    n_lines = text.count("\n")
    for finding in sorted(findings, key=lambda one: (-one.line, -one.column)):
        moved = after.count("\n") - n_lines  # an import that was added stands above
        tried, why = _tried(path, after, finding, finding.line + moved)
        if tried is None:
            left.append((finding, why))
        else:
            after = tried
            fixed.append(finding)
    return Mended(path=path, before=text, after=after, fixed=tuple(fixed), left=tuple(left))


def _tried(path: str, text: str, finding: Finding, line: int) -> tuple[str | None, str]:
    """Return the text without the finding, or why it is left to a person."""
    change = _tree_changed if finding.rule in TREE_FIXES else _line_changed
    changed = change(text, finding.rule, line)
    if isinstance(changed, Refusal):
        return None, changed.why
    if changed == text:
        return None, "it is not of a form that can be changed without knowing more"
    before, after = _counts(path, text), _counts(path, changed)
    if after is None or before is None:
        return None, "the change would not parse"
    more = {rule for rule in after if after[rule] > before[rule]}
    if more:
        return None, f"the change would bring {', '.join(sorted(more))}"
    if after[finding.rule] >= before[finding.rule]:
        return None, "the change would not be enough"
    return changed, ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a change was not made."""

    why: str


def _tree_changed(text: str, rule: str, line: int) -> str | Refusal:
    try:
        from libcst import ParserSyntaxError  # noqa: PLC0415 -- an optional part, and slow to import

        from tipoff.audit.fix.tree import mended  # noqa: PLC0415
    except ImportError as error:
        msg = f"mending Python needs libcst: {error}"
        raise UsageError(msg, hint="pip install tipoff[audit]") from error
    try:
        return mended(text, {line: [rule]})
    except ParserSyntaxError as error:
        return Refusal(f"libcst does not read this file: {error.message}")


def _line_changed(text: str, rule: str, line: int) -> str | Refusal:
    lines = text.split("\n")
    ending = "\r" if lines[line - 1].endswith("\r") else ""
    changed = LINE_FIXES[rule](lines[line - 1].removesuffix("\r"))
    if changed is None:
        return Refusal("it is not of a form that can be changed without knowing more")
    return "\n".join([*lines[: line - 1], changed + ending, *lines[line:]])


def _counts(path: str, text: str) -> Counter[str] | None:
    """Return how many findings of each rule the file has by itself; None where it cannot be read."""
    source = read_source(path, text.encode())
    if isinstance(source, Finding):
        return None
    return Counter(one.rule for one in conclude([examine(source)]))
