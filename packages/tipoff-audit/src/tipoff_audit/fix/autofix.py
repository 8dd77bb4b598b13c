"""From a report to fixed files, in one pass over each: kept only if it still parses, the fault is gone and nothing else came."""

import difflib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tipoff_audit.errors import UsageError
from tipoff_audit.finding import Finding
from tipoff_audit.fix.edits import FIXES, Edit, Places
from tipoff_audit.project.conclude import conclude
from tipoff_audit.reading.index import index
from tipoff_audit.reading.source import Source, read_source
from tipoff_audit.report import Report
from tipoff_audit.rules.examine import examine

_NO_FORM = "it is not of a form that can be changed without knowing more"


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedFile:
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


def autofix(report: Report) -> Iterator[FixedFile]:
    """Yield each file of the report in which something can be fixed, or was tried to be."""
    by_path: dict[str, list[Finding]] = {}
    for finding in (*report.findings, *report.baselined):
        if finding.rule in FIXES:
            by_path.setdefault(finding.path, []).append(finding)
    for path, findings in sorted(by_path.items()):
        try:
            data = Path(report.root, path).read_bytes()
            text = data.decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = f"the file cannot be read as UTF-8: {error}"
            yield FixedFile(path=path, before="", after="", fixed=(), left=tuple((one, why) for one in findings))
            continue
        yield _fixed_file(path, text, findings)


def write_fixed(root: str, file: FixedFile) -> None:
    """Replace the file by what was fixed, with the rights that it has.

    Raises:
        UsageError: It cannot be written, or has changed meanwhile.
    """
    place = Path(root, file.path).resolve()
    new = place.with_name(f".{place.name}.new")
    try:
        if place.read_bytes() != file.before.encode():
            msg = f"{file.path} has changed meanwhile"
            raise UsageError(msg, hint="run it again")
        new.write_bytes(file.after.encode())
        new.chmod(place.stat().st_mode)
        os.replace(new, place)  # noqa: PTH105
    except OSError as error:
        msg = f"{file.path} cannot be written: {error}"
        raise UsageError(msg, hint="what was fixed before it is written; run it again for the rest") from error


def _fixed_file(path: str, text: str, findings: Sequence[Finding]) -> FixedFile:
    """Gather the edits of all findings, make them at once, and hold the whole against what the file said before."""
    plain, ends = _plain(text)
    source = read_source(path, plain.encode())
    if isinstance(source, Finding) or source.tree is None or ends is None:
        why = "the file is not read" if isinstance(source, Finding) else _NO_FORM
        return FixedFile(path=path, before=text, after=text, fixed=(), left=tuple((one, why) for one in findings))
    found, places = index(source, source.tree), Places(plain)
    edits: dict[Edit, None] = {}
    fixed: list[Finding] = []
    left: list[tuple[Finding, str]] = []
    for one in findings:
        wanted = list(FIXES[one.rule](found, places, one))
        if wanted:
            edits |= dict.fromkeys(wanted)
            fixed.append(one)
        else:
            left.append((one, _NO_FORM))
    after = _edited(plain, edits)
    why = _worse(source, after, Counter(one.rule for one in fixed)) if fixed else ""
    if why:
        return FixedFile(path=path, before=text, after=text, fixed=(), left=tuple((one, why) for one in findings))
    whole = ("\ufeff" if text.startswith("\ufeff") else "") + after.replace("\n", ends)
    return FixedFile(path=path, before=text, after=whole, fixed=tuple(fixed), left=tuple(left))


def _plain(text: str) -> tuple[str, str | None]:
    """Return the text as it is parsed, and how its lines end; None where they end in several ways."""
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if "\r" in plain:
        return plain, None
    n_marked = text.count("\r\n")
    return plain, "\n" if not n_marked else "\r\n" if n_marked == text.count("\n") else None


def _edited(text: str, edits: dict[Edit, None]) -> str:
    for edit in sorted(edits, reverse=True):
        text = text[: edit.begin] + edit.text + text[edit.end :]
    return text


def _worse(before: Source, text: str, fixed: Counter[str]) -> str:
    """Return why the change is not to be made: it does not parse, brings something, or leaves what it was to take away."""
    after = read_source(before.path, text.encode())
    if isinstance(after, Finding):
        return "the change would not parse"
    was, now = (Counter(one.rule for one in conclude([examine(source)])) for source in (before, after))
    more = sorted(rule for rule in now if now[rule] > was[rule])
    if more:
        return f"the change would bring {', '.join(more)}"
    return "the change would not be enough" if any(now[rule] > was[rule] - n for rule, n in fixed.items()) else ""
