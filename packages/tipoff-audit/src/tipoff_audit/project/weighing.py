"""What a finding weighs in its project: less where nobody calls the code, or where nothing is written of what it has lost."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tipoff_audit.finding import Finding, Level
from tipoff_audit.reading.context import TESTS
from tipoff_audit.reading.facts import FileFacts

_SHELVED = re.compile(
    r"(^|[/_-])(archived?|old|legacy|deprecated|obsolete|sandbox|scratch|playground|experiments?|explor\w*|reconnaissance"
    r"|prototypes?|poc|demos?|notebooks?|tutorials?|samples?|unused)([/_-]|$)",
    re.IGNORECASE,
)  # what nobody runs every day
_ENOUGH = 30  # functions: of a few files' callers nobody knows
_UP = 2  # how many callers up somebody must write what was read
_OF_WHAT_IS_READ = frozenset({"default-on-error", "log-only-handler"})


@dataclass(slots=True)
class Weighing:
    """The project's functions that nobody calls, and for each the functions that call it."""

    uncalled: set[str] = field(default_factory=set)
    callers: Mapping[str, set[str]] = field(default_factory=dict)
    does: Callable[[str], Mapping[str, str]] | None = None  # None: too little of the code is here to know

    def weighed(self, finding: Finding) -> Finding:
        """Return the finding at the level that it has here."""
        if finding.level is Level.NOTE:
            return finding
        if finding.symbol in self.uncalled or _SHELVED.search(finding.path):
            return replace(finding, level=Level(finding.level - 1))
        is_read = finding.rule in _OF_WHAT_IS_READ and finding.guards in {"read", "work"}
        if is_read and finding.level is Level.WARNING and not self._is_written(finding.symbol):
            return replace(finding, level=Level.NOTE)
        return finding

    def _is_written(self, function: str) -> bool:
        """Whether the function writes, or one that calls it."""
        known, seen = {function}, set[str]()
        for _ in range(_UP + 1):
            if self.does is None or any("write" in self.does(name) for name in known):
                return True
            seen |= known
            known = {caller for name in known for caller in self.callers.get(name, ())} - seen
        return False


def weighing(
    facts: Sequence[FileFacts], find: Callable[[str], str], does: Callable[[str], Mapping[str, str]]
) -> Weighing:
    """Read who calls whom, where there is enough code to say so.

    `find`: a function's full name by the name that a call has; `does`: what it does for certain.
    """
    functions = list(_functions(facts))
    if len(functions) < _ENOUGH:
        return Weighing()
    used: set[str] = set()
    for file in facts:
        if not TESTS.search(file.path):
            used |= set(file.shared.get("uses", ()))
    callers: dict[str, set[str]] = defaultdict(set)
    uncalled = set()
    for name, _, calls, is_entry in functions:
        if not is_entry and name.rpartition(".")[2] not in used:
            uncalled.add(name)
        for call in calls:
            callers[find(call)].add(name)
    return Weighing(uncalled, callers, does)


def _functions(facts: Sequence[FileFacts]) -> Iterator[list[Any]]:
    for file in facts:
        if not TESTS.search(file.path):
            yield from file.shared.get("functions", ())
