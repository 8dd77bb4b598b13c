"""What stands apart: procedures that nothing calls, copies whose twin is run, frames that are only looked at, examples."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from tipoff_audit.finding import Finding
from tipoff_audit.project.copies import is_twin
from tipoff_audit.project.reach import Module, Reach, Surroundings, reach
from tipoff_audit.reading.context import ARCHIVED, TESTS
from tipoff_audit.reading.facts import FileFacts
from tipoff_audit.reading.reach import ENTRIES
from tipoff_audit.rules.ci_tests import covers

_OF_CONTAINERS = re.compile(r"(^|[_-])(docker|containers?|k8s|kubernetes|lambdas?)([_-]|$)", re.IGNORECASE)
_PROGRAMS = ENTRIES | {"sys", "argparse", "click", "typer", "fire"}  # by these it is started for its work


@dataclass
class Apart:
    """The project's files, asked only for what weighs more than a note."""

    facts: Sequence[FileFacts]
    around: Surroundings
    _shows: set[str] | None = None

    def why(self, finding: Finding) -> str:
        """Return why nobody's work rests on the finding's place, whoever calls whom; "" where somebody's may."""
        if not self.around.is_whole:
            return ""
        if finding.path.endswith(".sql"):
            return self._why_uncalled(finding.symbol)
        if finding.rule == "swallowed-exit":
            return self._why_tested(finding)
        if finding.rule == "rows-skipped" and self._is_looked_at(finding):
            return "only looked at: its shape is told, and nothing keeps it"
        return self._why_copied(finding.path)

    def why_example(self, finding: Finding, known: Reach) -> str:
        """Return which example alone reaches the place, "" where more does."""
        module = known.modules[finding.path]
        users = {path for path in module.importers if not path.endswith("__init__.py")}
        example = module if known.is_example(module) else None
        if example is None and len(users) == 1:
            example = known.modules[next(iter(users))]
        if example is None or not known.is_example(example):
            return ""
        name = self._unrun.why_not(finding.path, finding.symbol)
        return f"an example: what stands under `__main__` in {example.path} alone reaches it" if name else ""

    def why_shown(self, finding: Finding, known: Reach) -> str:
        """Return that the module's own demonstration, or its one day, alone reaches the place; others use the rest."""
        if finding.path not in self._shown(known) or not self._unshown.why_not(finding.path, finding.symbol):
            return ""
        return "nobody's daily work: of what uses its module, only what stands under `__main__` there reaches it"

    def _shown(self, known: Reach) -> set[str]:
        """Return the modules that others import and that show under `__main__`, step by step, what they can do."""
        if self._shows is None:
            self._shows = {
                path
                for path, one in known.modules.items()
                if not one.is_named
                and any(not user.endswith("__init__.py") for user in one.importers)
                and (_is_shown(one) or ("of_one_day" in one.facts.shared and known.is_example(one)))
            }
        return self._shows

    @cached_property
    def _unshown(self) -> Reach:
        """What is reached where nobody starts these."""
        return reach(self.facts, self.around, self._shows or set())

    @cached_property
    def _unrun(self) -> Reach:
        """What is reached where nobody starts the examples."""
        first = reach(self.facts, self.around)
        return reach(self.facts, self.around, {path for path, one in first.modules.items() if first.is_example(one)})

    @cached_property
    def paths(self) -> frozenset[str]:
        """The files of the project."""
        return frozenset(one.path for one in self.facts)

    def why_put_away(self, path: str) -> str:
        """Return which file of the same name and nearly the same lines was put away; "" where none was."""
        own = next((one for one in self.facts if one.path == path), None)
        name = path.rpartition("/")[2]
        away = (one for one in self.facts if one.path.rpartition("/")[2] == name and ARCHIVED.search(one.path))
        twin = next((one for one in away if own is not None and one.path != path and is_twin(own, one)), None)
        return f"{twin.path}, of which it is a copy, was put away" if twin is not None else ""

    @cached_property
    def _called(self) -> set[str]:
        ours = (one for one in self.facts if not TESTS.search(one.path))
        return {name for one in ours for name in one.shared.get("called", ())}

    def _why_uncalled(self, procedure: str) -> str:
        """Return that nothing calls the procedure, where the tree calls others of its own, and each by its name."""
        made = {name for one in self.facts for name in one.shared.get("procedures", ())}
        if not procedure or procedure in self._called or "" in self._called or not made & self._called:
            return ""
        if self.around.words({procedure, procedure.upper()}):
            return ""
        return f"nobody runs it: nothing calls the procedure `{procedure}`, and others of this tree are called"

    def _why_tested(self, finding: Finding) -> str:
        """Return which workflow runs the same tests, or more of them, on each push, and fails where one of them fails."""
        root = finding.path.rpartition(".github/workflows/")[0]
        rows = [(one.path, *row) for one in self.facts for row in one.shared.get("tested", ())]
        asked = [row for row in rows if row[:2] == (finding.path, finding.line)]
        called = {name for one in self.facts for name in one.shared.get("calls", ())}
        for path, line, fails, folder, *chosen in rows if asked else ():
            is_near = path.rpartition(".github/workflows/")[0] == root and folder == asked[0][3]
            is_run = fails == "push" or (fails == "called" and path.rpartition("/")[2] in called)
            if is_run and is_near and covers(chosen, list(asked[0][4:])):
                return f"{path}:{line} runs the same tests on each push, and fails"
        return ""

    def _is_looked_at(self, finding: Finding) -> bool:
        """Whether the rows are only looked at in their own file, and no other takes them from there."""
        stem = finding.path.removesuffix(".py").rpartition("/")[2]
        own = (row for one in self.facts if one.path == finding.path for row in one.shared.get("previews", ()))
        readers = {name for line, names in own if line == finding.line for name in names}
        if not readers:
            return False
        return not any(
            readers & set(taken) or name.rpartition(".")[2] == stem or stem in taken
            for one in self.facts
            if one.path != finding.path
            for _, name, taken, _ in one.shared.get("imports", ())
        )

    def _why_copied(self, path: str) -> str:
        """Return which copy a command names by its path, where none names this one."""
        name = path.rpartition("/")[2]
        alike = [one for one in self.facts if one.path.endswith(f"/{name}") and one.path != path]
        own = next((one for one in self.facts if one.path == path), None)
        if own is None or not alike or not path.endswith(".py"):
            return ""
        group = {path, *(one.path for one in alike)}
        named = {place for one in self.facts if one.path not in group for place in one.shared.get("paths", ())}
        named |= self.around.paths(name)
        if name in named or _tail(path) in named:
            return ""
        for other in alike:
            if _tail(other.path) in named and _tail(other.path) != _tail(path) and is_twin(own, other):
                return f"nobody runs it: {other.path}, of which it is a copy, is what a command names"
        return ""

    def why_contained(self, finding: Finding) -> str:
        """Return which copy, with the same function, a container is built from, where none is built from this one."""
        own = next((one for one in self.facts if one.path == finding.path), None)
        name = finding.symbol.rpartition(".")[2]
        if own is None or name not in _functions_of(own) or self._is_contained(own.path):
            return ""
        for other in self.facts:
            if other.path == own.path or TESTS.search(other.path) or ARCHIVED.search(other.path):
                continue
            if name in _functions_of(other) and self._is_contained(other.path) and is_twin(own, other):
                return f"nobody runs it: {other.path}, of which it is a copy, is what a container is built from"
        return ""

    def _is_contained(self, path: str) -> bool:
        """Whether a folder of its path holds a Dockerfile, or is named for containers."""
        parts = path.split("/")[:-1]
        folders = ("/".join(parts[:n]) for n in range(1, len(parts) + 1))
        return any(map(_OF_CONTAINERS.search, parts)) or any(
            self.around.is_there(f"{one}/Dockerfile") for one in folders
        )


def _functions_of(one: FileFacts) -> set[str]:
    return {row[0].rpartition(".")[2] for row in one.shared.get("functions", ())}


def _is_shown(module: Module) -> bool:
    """Whether what stands under `__main__` prints what it got step by step, rather than to begin the program's work."""
    named = set(module.facts.shared.get("guarded", ()))
    return "print" in named and not named & _PROGRAMS and "application" not in module.facts.shared.get("runs", ())


def _tail(path: str) -> str:
    return "/".join(path.split("/")[-2:])
