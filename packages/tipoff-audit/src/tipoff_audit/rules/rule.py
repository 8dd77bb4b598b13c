"""What a rule says of itself: the claim, the incident it comes from, an example that breaks it and one that keeps it."""

from dataclasses import dataclass
from pathlib import PurePosixPath

_MARK = "#: "  # opens a further file of an example: "#: jobs/flush.py"
_MARK_SQL = "--: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of the catalogue.

    `rows`: of the catalogue of real faults. `bad` and `good`: the text of a file that is read as `place`; a line
    `#: other/path.py` opens a further file. `beside`: the nearest rule of ruff, and what this one adds.
    """

    slug: str
    claim: str
    why: str
    incident: str
    rows: tuple[int, ...]
    place: str
    bad: str
    good: str
    fix: str
    beside: str
    precision: str = ""  # as measured in the field: very-high, high, medium or low; "" where too few were judged

    @property
    def language(self) -> str:
        """The name by which a fence in Markdown colours the examples."""
        return {".sql": "sql", ".sh": "bash", ".yml": "yaml"}.get(PurePosixPath(self.place).suffix, "python")


def example_files(place: str, text: str) -> dict[str, str]:
    """Return an example's files: path to text."""
    files: dict[str, list[str]] = {place: []}
    path = place
    for line in text.splitlines(keepends=True):
        mark = next((mark for mark in (_MARK, _MARK_SQL) if line.startswith(mark)), None)
        if mark:
            path = line.removeprefix(mark).strip()
            files.setdefault(path, [])
        else:
            files[path].append(line)
    return {path: "".join(lines) for path, lines in files.items() if lines}
