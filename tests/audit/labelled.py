"""The labelled cases: code as pipelines have it, each wrong once and right once, and where a finding is due.

A line of a wrong version ends in a marker, two blanks, ``#!`` and words: ``slug`` (a finding is due here), ``?slug`` (a second
rule may rightly speak here) or ``|slug`` (the fault lies in several lines together: a finding is due on one of the lines so
marked, and may stand on the others). Markers are taken away before anything reads the code. A right version has none: no rule
at all may speak in it.
"""

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

CASES = Path(__file__).parent / "cases"
UNREADABLE = "unreadable"
SLUGS = frozenset(
    {
        "swallowed-write",
        "swallowed-gate",
        "swallowed-notice",
        "default-on-error",
        "log-only-handler",
        "handler-raises",
        "swallowed-raise",
        "lost-after-delete",
        "ignored-result",
        "cleared-before-io",
        "streaming-insert",
        "streamed-and-mutated",
        "load-per-row",
        "missing-f",
        "sql-from-values",
        "inclusive-cutoff",
        "window-includes-current",
        "naive-now",
        "sql-clock",
        "endless-retry",
        "retry-without-jitter",
        "sleep-in-request",
        "append-without-key",
        "zero-for-missing",
        "no-op-override",
        "uncalled-override",
        "copied-file",
        "swallowed-exit",
        UNREADABLE,
    }
)
SMALL = 3  # of a file that cannot be read there are few ways to be wrong
MARKER = re.compile(r"  #! (?P<words>\S.*)$")
KEYS = {"name", "row", "bad", "good"}

Place = tuple[str, int]
Labels = Mapping[Place, frozenset[str]]


class BadCaseError(ValueError):
    """A case is not well formed, and would judge the auditor by a label that nobody meant."""

    def __init__(self, where: str, what: str) -> None:
        super().__init__(f"{where}: {what}")


@dataclass(frozen=True, slots=True)
class Case:
    """One version of one case: its files without markers, and what is due, what may be said, on which lines."""

    slug: str
    name: str
    row: int
    kind: Literal["bad", "good"]
    files: Mapping[str, str]
    expected: Labels
    either: Mapping[str, frozenset[Place]]
    allowed: Labels

    @property
    def due(self) -> int:
        """The number of findings that must come."""
        return sum(map(len, self.expected.values())) + len(self.either)

    def write(self, root: Path) -> None:
        """Put the files below a folder, where the auditor reads them."""
        for path, text in self.files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")

    def missed(self, found: Iterable[tuple[str, int, str]]) -> list[str]:
        """Return what was due and is not among the findings (path, line, slug)."""
        got = set(found)
        sure = [
            f"{path}:{line} {slug}"
            for (path, line), slugs in self.expected.items()
            for slug in sorted(slugs)
            if (path, line, slug) not in got
        ]
        choice = [
            f"one of {sorted(places)} {slug}"
            for slug, places in self.either.items()
            if not any((path, line, slug) in got for path, line in places)
        ]
        return sure + choice

    def strays(self, found: Iterable[tuple[str, int, str]]) -> list[str]:
        """Return the findings (path, line, slug) that nobody marked as due or as allowed."""
        return [
            f"{path}:{line} {slug}"
            for path, line, slug in sorted(set(found))
            if slug not in self.expected.get((path, line), ())
            and slug not in self.allowed.get((path, line), ())
            and (path, line) not in self.either.get(slug, ())
        ]


def load(folder: Path = CASES, slugs: AbstractSet[str] = SLUGS) -> Iterator[Case]:
    """Yield the wrong and the right version of every case; `slugs` are the words that its labels may be.

    Raises:
        BadCaseError: a case is not well formed; the message says which and how.
    """
    names: set[str] = set()
    for path in sorted(folder.glob("*.toml")):
        if path.stem not in slugs:
            raise BadCaseError(path.name, f"there is no rule {path.stem}")
        for raw in tomllib.loads(path.read_text(encoding="utf-8")).get("case", []):
            bad, good = read_case(path.stem, raw, slugs)
            if bad.name in names:
                raise BadCaseError(path.name, f"{bad.name!r} names two cases")
            names.add(bad.name)
            yield bad
            yield good


def read_case(slug: str, raw: Mapping[str, Any], slugs: AbstractSet[str] = SLUGS) -> tuple[Case, Case]:
    """Return a case's wrong and right version.

    Raises:
        BadCaseError: a label that nobody meant, or code that does not parse.
    """
    name = raw.get("name", "without a name")
    where = f"{slug}, {name!r}"
    if not set(raw) >= KEYS or set(raw) - KEYS - {"origin"}:
        raise BadCaseError(where, f"it has {sorted(raw)}, and must have {sorted(KEYS)}")
    if not isinstance(raw["row"], int) or (raw["row"] == 0) != ("origin" in raw):
        raise BadCaseError(where, "it comes from a row of the catalogue, or from row 0 and an origin")
    bad = _read(where, "bad", raw["bad"], slugs)
    good = _read(where, "good", raw["good"], slugs)
    if slug not in bad.due:
        raise BadCaseError(where, f"no line of the wrong version is marked with {slug}")
    if good.due or good.allowed:
        raise BadCaseError(where, "the right version has a marker")
    if bad.files == good.files:
        raise BadCaseError(where, "both versions are the same")
    for version in (bad, good):
        if slug != UNREADABLE or version is good:
            _parse(where, version.files)
    return bad.case(slug, raw, "bad"), good.case(slug, raw, "good")


@dataclass(frozen=True, slots=True)
class _Version:
    files: Mapping[str, str]
    expected: dict[Place, frozenset[str]]
    either: dict[str, frozenset[Place]]
    allowed: dict[Place, frozenset[str]]

    @property
    def due(self) -> set[str]:
        return {slug for slugs in self.expected.values() for slug in slugs} | set(self.either)

    def case(self, slug: str, raw: Mapping[str, Any], kind: Literal["bad", "good"]) -> Case:
        return Case(slug, raw["name"], raw["row"], kind, self.files, self.expected, self.either, self.allowed)


def _read(where: str, kind: str, files: Mapping[str, str], slugs: AbstractSet[str]) -> _Version:
    if not files:
        raise BadCaseError(where, f"the {kind} version has no file")
    version = _Version({path: _stripped(text) for path, text in files.items()}, {}, {}, {})
    for path, text in files.items():
        for number, line in enumerate(text.split("\n"), 1):
            words = _words(f"{where}, {path}:{number}", number, line, slugs)
            sure = frozenset(word for word in words if word[0] not in "?|")
            maybe = frozenset(word[1:] for word in words if word[0] == "?")
            if sure:
                version.expected[path, number] = sure
            if maybe:
                version.allowed[path, number] = maybe
            for slug in (word[1:] for word in words if word[0] == "|"):
                version.either[slug] = version.either.get(slug, frozenset()) | {(path, number)}
    for slug, places in version.either.items():
        if len(places) == 1:
            raise BadCaseError(where, f"{places} is the only choice for {slug}")
    return version


def _words(where: str, number: int, line: str, slugs: AbstractSet[str]) -> list[str]:
    marker = MARKER.search(line)
    rest = MARKER.sub("", line)
    if "#!" in rest and not (number == 1 and rest.startswith("#!/")):
        raise BadCaseError(where, "a marker is two blanks, #!, a blank and slugs, at the end of the line")
    words = marker["words"].split() if marker else []
    unknown = [word for word in words if word.lstrip("?|") not in slugs or len(word) - len(word.lstrip("?|")) > 1]
    if unknown:
        raise BadCaseError(where, f"there is no rule {unknown}")
    return words


def _stripped(text: str) -> str:
    return "\n".join(MARKER.sub("", line) for line in text.split("\n"))


def _parse(where: str, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        try:
            if path.endswith(".py"):
                ast.parse(text)
            elif path.endswith((".yml", ".yaml")):
                yaml.safe_load(text)
        except (SyntaxError, ValueError, yaml.YAMLError) as error:
            raise BadCaseError(where, f"{path} does not parse: {error}") from error
