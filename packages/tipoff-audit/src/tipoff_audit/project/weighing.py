"""What a finding weighs in its project: a note where nobody calls the code, less where it is shelved or seen by hand."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tipoff_audit.finding import Finding, Level
from tipoff_audit.project.apart import Apart
from tipoff_audit.project.given import Given
from tipoff_audit.project.losses import Losses
from tipoff_audit.project.pipes import Pipes
from tipoff_audit.project.reach import Module, Reach, Surroundings, reach
from tipoff_audit.project.statements_run import why_alone
from tipoff_audit.project.tables import Tables
from tipoff_audit.project.texts import Sources
from tipoff_audit.reading.context import ARCHIVED, TESTS
from tipoff_audit.reading.facts import FileFacts

_SHELVED = re.compile(
    r"(^|[/_-])(archived?|old|legacy|deprecated|obsolete|sandbox|scratch|playground|experiments?|explor\w*|reconnaissance"
    r"|prototypes?|poc|simulat(ions?|ors?)|qa|probes?|demos?|notebooks?|tutorials?|samples?|mocks?|unused)([/_-]|$)",
    re.IGNORECASE,
)  # what nobody runs every day
_TAUGHT = re.compile(
    r"(^|[/_-])(courses?|labs?|tutorials?|exercises?|workshops?|lessons?|homework|examples?|chapters?|appendi(x|ces))[\d_-]*\w*/",
    re.IGNORECASE,
)  # folders of what is taught: whoever runs it looks on
_TRIAL = re.compile(r"self_?test|smoke|demo|sanity", re.IGNORECASE)  # of the module by itself
_AT_A_DESK = re.compile(
    r"(^|/)\.(claude|cursor|vscode|idea|devcontainer|windsurf|codex|gemini|aider|continue|zed|githooks|husky)/"
)  # what an editor, an assistant or a person's own git runs: whoever sits there reads what it says
_ENOUGH = 30  # functions: of a few files' callers nobody knows

_ONCE = re.compile(r"(^|/)(debug|check|diagnose|inspect|setup|seed|expand|repair|fix|one_?off|try|verify)_[^/]*\.py$")
_SEEN_BY_HAND = frozenset({"swallowed-write", "ignored-result", "handler-raises", "lost-after-delete"})


@dataclass(slots=True)
class Weighing:
    """Who reaches what, for each function those that call it, and the scripts that somebody runs by hand."""

    around: Surroundings
    apart: Apart
    reach: Reach | None = None  # None where there is too little code to say
    by_hand: set[str] = field(default_factory=set)  # scripts that nothing in the project imports or starts
    callers: Mapping[str, set[str]] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)  # the file in which each function stands
    given: Given | None = None
    tables: Tables | None = None
    pipes: Pipes | None = None
    losses: Losses | None = None

    def __post_init__(self) -> None:
        """Open the tree's texts, where there are any."""
        if self.around.texts is not None:
            sources = Sources(self.around.texts)
            self.tables = Tables(sources, self.reach)
            self.pipes = Pipes(sources, self.tables)
            self.losses = Losses(sources)
            self.given = Given(sources, self.reach) if self.reach is not None else None

    def weighed(self, finding: Finding) -> Finding:
        """Return the finding at the level that it has here."""
        if finding.level is Level.NOTE:
            return finding
        if why := self._why_not(finding):
            return replace(finding, level=Level.NOTE, message=f"{finding.message} ({why})")
        if _SHELVED.search(finding.path) and not ARCHIVED.search(finding.path):
            finding = replace(finding, level=Level(finding.level - 1))
        is_aside = _TAUGHT.search(finding.path) or ARCHIVED.search(finding.path)
        is_trial = is_aside or _TRIAL.search(finding.symbol.rpartition(".")[2])
        return (
            replace(finding, level=Level.NOTE) if is_trial or self._is_seen_by_hand(finding) else self._asked(finding)
        )

    def _asked(self, finding: Finding) -> Finding:
        """Return the finding, a note where the tree's own texts say that nobody comes there, or nobody reads what is lost."""
        if not self.around.is_whole or finding.level is Level.NOTE:
            return finding
        try:
            return self._answered(finding)
        except (RecursionError, MemoryError):
            return finding  # a file is nested too deeply, and what it says is not known

    def _answered(self, finding: Finding) -> Finding:
        why = self.given.why_closed(finding) if self.given is not None else ""
        if finding.rule == "rows-skipped" and finding.path.endswith(".sql") and self.pipes is not None:
            why = self.pipes.why_idle(finding)
        if not why and finding.rule == "swallowed-write" and self.tables is not None and self.losses is not None:
            why = self.tables.why_unread(finding) or self.losses.why_slight(finding)
            if not why and (done := self.losses.why_for_good(finding)):
                message = finding.message if done in finding.message else f"{finding.message} ({done})"
                return replace(finding, level=Level.ERROR, message=message)
        if not why and finding.rule == "swallowed-exit" and finding.guards == "statements" and self.losses is not None:
            why = why_alone(finding, self.losses.sources)
        return replace(finding, level=Level.NOTE, message=f"{finding.message} ({why})") if why else finding

    def _why_not(self, finding: Finding) -> str:
        """Return why nobody runs it, "" where somebody may."""
        above, is_workflow, _ = finding.path.partition("/.github/workflows/")
        if is_workflow and not self.around.is_there(f"{above}/.git"):
            return "nobody runs it: GitHub reads the workflows of a repository's own .github, not those of a folder"
        if _AT_A_DESK.search(finding.path):
            return "nobody's daily work: an editor, an assistant or somebody's own git runs it"
        module = self.reach.modules.get(finding.path) if self.reach is not None else None
        dead = module.facts.shared.get("dead", ()) if module is not None else ()
        if why := next((why for first, last, why in dead if first <= finding.line <= last), ""):
            return f"nobody comes there: {why}"
        if self.reach is None or module is None:
            return self.apart.why(finding)
        why = self._why_alone(finding, module) or self.reach.why_not(finding.path, finding.symbol)
        if not why and finding.rule == "made-up-data":
            why = self.apart.why_example(finding, self.reach)
        why = why or self.apart.why_shown(finding, self.reach) or self.apart.why_contained(finding)
        return why or ("" if module.is_imported else self.apart.why(finding))

    def _why_alone(self, finding: Finding, module: Module) -> str:
        """Return why what a file does that nothing else uses is nobody's daily work, "" where it may be."""
        shared = module.facts.shared
        if module.is_alone and shared.get("exported"):
            return "nobody's daily work: it was exported from a notebook, and nothing imports, starts or names it"
        if finding.rule == "rows-skipped" and module.is_alone and shared.get("of_one_day"):
            return f"of one day, or of one machine: nothing imports, starts or names it, and {shared['of_one_day'][0]}"
        if module.is_alone and (newer := self._newer(finding.path)):
            return f"nobody runs it: nothing imports, starts or names it, and {newer}"
        if finding.rule != "made-up-data" or module.is_imported:
            return ""
        if shared.get("canned"):
            return "a demonstration: its program reads nothing at all, and nothing imports it"
        is_script = any(shared.get("by_hand", ())) and "application" not in shared.get("runs", ())
        return "run by hand, if at all: nothing imports, starts or names it" if is_script and module.is_alone else ""

    def _newer(self, path: str) -> str:
        """Return that it was put aside, that a later version stands beside it, or that its twin was put away; else ""."""
        if _SHELVED.search(path.rpartition("/")[0]):
            return "its folder says that it is no daily work"
        head, _, version = path.removesuffix(".py").rpartition("_v")
        if version.isdigit() and f"{head}_v{int(version) + 1}.py" in self.apart.paths:
            return f"{head}_v{int(version) + 1}.py stands beside it"
        return self.apart.why_put_away(path)

    def _is_seen_by_hand(self, finding: Finding) -> bool:
        """Whether somebody reads what it says: it stands in a script that is run by hand, or only such scripts call it."""
        if finding.rule not in _SEEN_BY_HAND or finding.guards == "input":
            return False  # what was given to a command and is gone is not there to be run again
        callers = self.callers.get(finding.symbol, ())
        places = {self.places.get(caller, "") for caller in callers}
        return finding.path in self.by_hand or bool(places and places <= self.by_hand)


def weighing(facts: Sequence[FileFacts], find: Callable[[str], str], around: Surroundings) -> Weighing:
    """Read who calls whom, where there is enough code to say so; `find`: a function's full name by the name that a call has."""
    functions = list(_functions(facts))
    if len(functions) < _ENOUGH:
        return Weighing(around, Apart(facts, around))
    callers: dict[str, set[str]] = defaultdict(set)
    for _, (name, _, calls) in functions:
        for call in calls:
            callers[find(call)].add(name)
    places = {name: path for path, (name, *_) in functions}
    return Weighing(around, Apart(facts, around), reach(facts, around), _by_hand(facts), callers, places)


def _by_hand(facts: Sequence[FileFacts]) -> set[str]:
    """Return the scripts that no other file of the project imports, starts or names."""
    starters: dict[str, set[str]] = defaultdict(set)
    for file in facts:
        for name in file.shared.get("starts", ()):
            starters[name].add(file.path)
    return {
        file.path
        for file in facts
        if (once := _ONCE.search(file.path) is not None) | (is_script := any(file.shared.get("by_hand", ())))
        and ((once and is_script) or not starters[file.path.rpartition("/")[2].removesuffix(".py")] - {file.path})
    }


def _functions(facts: Sequence[FileFacts]) -> Iterator[tuple[str, list[Any]]]:
    for file in facts:
        if not TESTS.search(file.path):
            yield from ((file.path, row) for row in file.shared.get("functions", ()))
