"""Copies of files and of long functions, and how far they have drifted."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tipoff_audit.finding import Finding, Level
from tipoff_audit.reading.facts import FileFacts

_ALIKE = 0.6  # of the lines of two files, or of two functions, that bear one name
_RENAMED = 0.75  # of the lines of two functions of different names
_FEW = 4  # functions: fewer names are shared by chance
_MARKS = 8  # of the smallest hashes: two that are alike share some of them
_MOST = 12  # places that bear one name and are compared with one another
_EVERYWHERE = frozenset({"__init__.py", "conftest.py", "setup.py", "__main__.py", "main", "__init__"})


@dataclass(frozen=True, slots=True)
class _Text:
    path: str
    kind: str
    name: str
    line: int
    end_line: int
    n_lines: int
    digest: int
    sketch: frozenset[int]


def _text(path: str, row: list[Any]) -> _Text:
    kind, name, line, end_line, n_lines, digest, sketch = row
    return _Text(path, kind, name, line, end_line, n_lines, digest, frozenset(sketch))


def judge_copies(facts: Sequence[FileFacts]) -> Iterator[Finding]:
    """Yield each copy but the first, by path; functions within copied files are told once, by the file."""
    texts = [_text(file.path, row) for file in facts for row in file.shared.get("copies", ())]
    copied: set[str] = set()
    n_functions = Counter(text.path for text in texts if text.kind == "function")
    for text, first in _pairs([text for text in texts if text.kind == "file"]):
        if n_functions[text.path] == 1 and text.digest != first.digest:
            continue  # one long function: told of the function
        copied.add(text.path)
        yield _finding(text, first)
    rest = [text for text in texts if text.kind == "function" and text.path not in copied]
    for text, first in _pairs(rest):
        yield _finding(text, first)


def is_twin(one: FileFacts, other: FileFacts) -> bool:
    """Whether two files are copies of one another, equal or nearly, or have nearly all functions of the smaller in common."""
    mine, others = (
        [_text(file.path, row) for row in file.shared.get("copies", ()) if row[0] == "file"] for file in (one, other)
    )
    if mine and others and _alike(mine[0], others[0]) >= _RENAMED:
        return True
    own, their = ({row.partition("\t")[0] for row in file.shared.get("reach", ())} - {""} for file in (one, other))
    least = min(len(own), len(their))
    return least >= _FEW and len(own & their) / least >= _RENAMED


def _pairs(texts: list[_Text]) -> Iterator[tuple[_Text, _Text]]:
    same: dict[tuple[int, int], list[_Text]] = defaultdict(list)
    named: dict[str, list[_Text]] = defaultdict(list)
    told: set[tuple[str, int]] = set()
    for text in sorted(texts, key=lambda text: (text.path, text.line)):
        same[text.digest, text.n_lines].append(text)
        named[text.name.rpartition(".")[2] if text.kind == "function" else text.name].append(text)
    for group in same.values():
        for text in group[1:]:
            told.add((text.path, text.line))
            yield text, group[0]
    for name, group in named.items():
        if name in _EVERYWHERE or not 1 < len(group) <= _MOST:
            continue
        for place, text in enumerate(group):
            alike = next(
                (first for first in group[:place] if first.path != text.path and _alike(text, first) >= _ALIKE), None
            )
            if alike is not None and (text.path, text.line) not in told:
                told.add((text.path, text.line))
                yield text, alike
    yield from _renamed([text for text in texts if text.kind == "function"], told)


def _renamed(texts: list[_Text], told: set[tuple[str, int]]) -> Iterator[tuple[_Text, _Text]]:
    """Yield functions that are much alike under different names, found by the lines that they share."""
    seen: dict[int, list[_Text]] = defaultdict(list)
    for text in sorted(texts, key=lambda text: (text.path, text.line)):
        marks = sorted(text.sketch)[:_MARKS]
        near = {id(other): other for mark in marks for other in seen[mark][:_MOST] if other.path != text.path}
        alike = next((other for other in near.values() if _alike(text, other) >= _RENAMED), None)
        if alike is not None and (text.path, text.line) not in told:
            told.add((text.path, text.line))
            yield text, alike
        for mark in marks:
            seen[mark].append(text)


def _alike(one: _Text, other: _Text) -> float:
    """Return the share of lines in common, by the smallest hashes of both."""
    size = min(len(one.sketch), len(other.sketch))
    smallest = set(sorted(one.sketch | other.sketch)[:size])
    return len(smallest & one.sketch & other.sketch) / size if size else 0.0


def _finding(text: _Text, first: _Text) -> Finding:
    what = "this file" if text.kind == "file" else f"`{text.name.rpartition('.')[2]}`"
    how = (
        "is a copy of"
        if text.digest == first.digest and text.n_lines == first.n_lines
        else "is a copy that has drifted from"
    )
    place = first.path if text.kind == "file" else f"{first.path}:{first.line}"
    return Finding(
        rule="copied-file",
        path=text.path,
        line=text.line,
        column=1,
        end_line=text.line,
        level=Level.NOTE,
        message=f"{what} {how} {place}: a mend in one leaves the other as it was; keep one, and import it",
        guards="",
        symbol=text.name if text.kind == "function" else "",
        text=text.name,
    )
