"""The baseline: findings that were there before. It may shrink, never grow."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tipoff_audit.errors import UsageError
from tipoff_audit.finding import Finding, Level

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Old:
    """A finding as a baseline keeps it: what it is, not on which line it stood."""

    path: str
    rule: str
    symbol: str
    text: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Findings held against a baseline.

    `gone`: entries that nothing matches any more. While they stand in the file, what they name could come back unseen.
    """

    new: tuple[Finding, ...]
    old: tuple[Finding, ...]
    kept: tuple[Old, ...]
    gone: tuple[Old, ...]


def fingerprints(findings: Iterable[Finding]) -> dict[Finding, str]:
    """Name each finding by what survives edits above it: its rule, path, symbol and text, and which of the like it is."""
    seen: Counter[tuple[str, str, str, str]] = Counter()
    names: dict[Finding, str] = {}
    for one in sorted(set(findings)):
        key = (one.rule, one.path, one.symbol, one.text)
        whole = "\0".join([*key, str(seen[key])])
        names[one] = hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        seen[key] += 1
    return names


def entries_of(findings: Iterable[Finding], names: Mapping[Finding, str], least: Level = Level.NOTE) -> tuple[Old, ...]:
    """Return the baseline that holds `findings` of `least` and above; a file that cannot be read is never in it."""
    return tuple(
        sorted(
            Old(path=one.path, rule=one.rule, symbol=one.symbol, text=one.text, fingerprint=names[one])
            for one in set(findings)
            if one.rule != "unreadable" and one.level >= least
        )
    )


def compare(
    findings: Sequence[Finding], names: Mapping[Finding, str], entries: Iterable[Old], *, judged: Callable[[Old], bool]
) -> Compared:
    """Hold `findings` against a baseline.

    Args:
        findings: What was found and not waived.
        names: Their fingerprints.
        entries: The baseline.
        judged: Whether this audit could have found that entry again: its file was looked at and its rule asked.
    """
    known = {entry.fingerprint: entry for entry in entries}
    old = tuple(one for one in findings if one.rule != "unreadable" and names[one] in known)
    met = {names[one] for one in old}
    gone = tuple(sorted(entry for name, entry in known.items() if name not in met and judged(entry)))
    return Compared(
        new=tuple(one for one in findings if one.rule == "unreadable" or names[one] not in met),
        old=old,
        kept=tuple(sorted(set(known.values()) - set(gone))),
        gone=gone,
    )


def read_baseline(file: Path) -> tuple[Old, ...]:
    """Return a baseline's entries.

    Raises:
        UsageError: The file is not there, or is no baseline. It is never taken as empty: that would fail everybody's build
            on old findings, and a `--write-baseline` would then take up new ones.
    """
    if file.exists() and not file.is_file():
        msg = f"the baseline {file} is no regular file"
        raise UsageError(msg, hint="name the file that --write-baseline wrote")
    try:
        document = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        msg = f"there is no baseline {file}"
        raise UsageError(msg, hint="make one: tipoff-audit … --baseline FILE --write-baseline") from error
    except (OSError, ValueError) as error:
        msg = f"the baseline {file} cannot be read: {error}"
        raise UsageError(msg, hint="take it from version control again") from error
    if not isinstance(document, dict) or document.get("tipoff-audit-baseline") != FORMAT:
        msg = f"{file} is no baseline of this version"
        raise UsageError(msg, hint="name the file that --write-baseline wrote")
    rows = document.get("findings")
    if not isinstance(rows, list):
        msg = f"the baseline {file} has no list of findings"
        raise UsageError(msg, hint="take it from version control again")
    return tuple(_entry(row, file) for row in rows)


def _entry(row: Any, file: Path) -> Old:  # noqa: ANN401 -- whatever stands in the file
    names = {field.name for field in fields(Old)}
    if not isinstance(row, dict) or set(row) != names or not all(isinstance(value, str) for value in row.values()):
        msg = f"the baseline {file} has an entry that is none: {row!r}"
        raise UsageError(msg, hint="take it from version control again")
    return Old(**row)


def write_baseline(file: Path, entries: Iterable[Old]) -> None:
    """Write a baseline, one entry a line, so that two branches that mended different things can be merged."""
    rows = [
        json.dumps(
            {"rule": one.rule, "path": one.path, "symbol": one.symbol, "text": one.text, "fingerprint": one.fingerprint}
        )
        for one in sorted(entries)
    ]
    text = f'{{"tipoff-audit-baseline": {FORMAT}, "findings": [\n' + ",\n".join(rows) + "\n]}\n"
    new = file.with_name(f".{file.name}.new")
    try:
        new.write_text(text, "utf-8")
        os.replace(new, file)  # noqa: PTH105
    except OSError as error:
        msg = f"the baseline {file} cannot be written: {error}"
        raise UsageError(msg, hint="is the folder there, and may it be written to?") from error
