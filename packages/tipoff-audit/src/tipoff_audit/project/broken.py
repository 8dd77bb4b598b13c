"""Files that no Python reads: they fail aloud wherever they run, so it is asked whether anything starts them."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

from tipoff_audit.finding import Finding, Level
from tipoff_audit.project.reach import Surroundings
from tipoff_audit.reading.context import TESTS
from tipoff_audit.reading.source import BROKEN

_SCHEDULED = re.compile(r"(^|/)dags?/")  # what cannot be loaded there is no workflow, and none is missed
_FEW = 3


def weighed_broken(refused: Sequence[Finding], around: Surroundings) -> list[Finding]:
    """Return what could not be read; a warning where something starts it, one for all of them where they are many."""
    broken = [one for one in refused if one.message.startswith(BROKEN) and not TESTS.search(one.path)]
    known = around.words({_stem(one) for one in broken}) if broken else set()
    asked = [one for one in broken if _stem(one) in known or _SCHEDULED.search(one.path)]
    named = around.paths({_name(one) for one in asked}) if asked else set()
    due = [one for one in asked if _is_due(one, named)]
    others = ", ".join(one.path for one in due[1:])
    is_many = len(due) > _FEW
    told = {one: replace(one, level=Level.WARNING) for one in (due[:1] if is_many else due)}
    if is_many:
        told[due[0]] = replace(
            told[due[0]], message=f"{due[0].message}; nor {len(due) - 1} more that are started: {others}"
        )
    return [told.get(one, one) for one in refused]


def is_aside(finding: Finding) -> bool:
    """Whether a file that was not read is no fault of its own: a template, or what a newer Python reads."""
    return finding.level is Level.NOTE and not finding.message.startswith(BROKEN)


def told_together(refused: Sequence[Finding]) -> list[str]:
    """Return one line for all files that no Python reads."""
    broken = [f"{one.path}:{one.line}" for one in refused if one.message.startswith(BROKEN)]
    more = f" and {len(broken) - _FEW} more" if len(broken) > _FEW else ""
    return [f"not audited, for this Python cannot read them: {', '.join(broken[:_FEW])}{more}"] if broken else []


def _is_due(finding: Finding, named: AbstractSet[str]) -> bool:
    tail = "/".join(finding.path.split("/")[-2:])
    return bool({tail, _name(finding)} & named) or bool(_SCHEDULED.search(finding.path))


def _name(finding: Finding) -> str:
    return finding.path.rpartition("/")[2]


def _stem(finding: Finding) -> str:
    return _name(finding).removesuffix(".py")
