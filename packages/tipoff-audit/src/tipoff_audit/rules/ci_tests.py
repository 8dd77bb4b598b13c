"""Which tests a workflow runs, and whether it fails where one of them fails."""

import re
import shlex
from itertools import pairwise
from typing import Any, NamedTuple

from tipoff_audit.reading.source import Source

CONTINUES = re.compile(
    r"^\s*-?\s*(continue-on-error|allow_failure|ignore_failure|ignoreErrors|continueOnError|failFast)\s*:\s*(true|yes|on|'true'|\"true\")\s*(#.*)?$",
    re.IGNORECASE,
)
SET_PLUS = re.compile(r"^\s*(?:-\s*)?(?:run:\s*)?set\s+\+(e|o\s+errexit|\w*e\w*)\b")


def step(lines: list[str], number: int) -> list[str]:
    """Return the lines of the step (or job) of a CI file in which line `number` stands."""
    while number > 1 and lines[number - 2].rstrip().endswith("\\"):
        number -= 1  # the command begins further up
    own = lines[number - 1]
    depth = len(own) - len(own.lstrip())
    begin = number - 1
    while begin > 0 and not (
        lines[begin].lstrip().startswith("- ") and len(lines[begin]) - len(lines[begin].lstrip()) <= depth
    ):
        if lines[begin].strip() and len(lines[begin]) - len(lines[begin].lstrip()) < depth - 2:
            break
        begin -= 1
    first = len(lines[begin]) - len(lines[begin].lstrip())
    end = number
    while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > first):
        end += 1
    return lines[begin:end]


_PYTEST = re.compile(r"(?:^|\s)pytest(?P<given>\s[^|;&#]*)?(?P<rest>.*)")
_OF_NO_CHOICE = re.compile(
    r"-[vqsxl]+|-r\w+|--(tb|color|durations|maxfail|timeout|junitxml|junit-xml|html|dist|reruns)=\S+|--verbose|--quiet|--strict-markers"
    r"|--cov\S*|--self-contained-html|--no-header|--showlocals|--disable-warnings|--exitfirst"
)
_WITH_A_VALUE = frozenset({"-n", "-p", "-o", "--tb", "--maxfail", "--timeout", "--reruns"})
_INTO = re.compile(r"\s\d?>+\s*(&\d|\S+)")
_JOB = re.compile(r"^ {2}(?P<name>[\w-]+):\s*(#.*)?$")
_NEEDS = re.compile(r"^ {4}needs:\s*(?P<names>.+)$")


def is_run_before(lines: list[str], number: int, command: str) -> bool:
    """Whether a job that this one waits for runs the same tests, or more of them, and fails where one of them fails."""
    jobs: dict[str, list[str]] = {}
    name, own = "", ""
    for at, line in enumerate(lines, 1):
        if found := _JOB.match(line):
            name = found["name"]
        jobs.setdefault(name, []).append(line)
        own = name if at == number else own
    asked = _selected(command)
    if asked is not None and asked.is_part:
        return True  # by name somebody has picked a few tests out of those that another run has as well
    needed = [found["names"] for line in jobs[own] if (found := _NEEDS.match(line))]
    if asked is None or len(needed) != 1:
        return False
    for other in re.findall(r"[\w-]+", needed[0]):
        given = jobs.get(other, [])
        if any(CONTINUES.match(line) or SET_PLUS.match(line) for line in given):
            continue
        run = [one for line in given if "pip" not in line and (one := _selected(line)) is not None]
        if any(one.places == asked.places and one.left_out <= asked.left_out and not one.is_part for one in run):
            return True
    return False


class _Selected(NamedTuple):
    """The places that a line tests, what it leaves out there, and whether it picks some by their names."""

    places: frozenset[str]
    left_out: frozenset[str]
    is_part: bool


def _selected(line: str) -> _Selected | None:
    """Return what a line tests; None where nobody knows, or it may fail unseen."""
    found = _PYTEST.search(_INTO.sub("", line))
    if found is None or found["rest"]:
        return None
    places, left_out, waits, is_part = set(), set(), "", False
    try:
        given = shlex.split(found["given"] or "")
    except ValueError:
        return None
    for part in given:
        if waits in {"-k", "-m"}:
            words = part.split(" and ")
            is_part |= waits == "-k" and not all(word.strip().startswith("not ") for word in words)
            if not is_part and not all(word.strip().startswith("not ") for word in words):
                return None
            left_out |= {word.strip() for word in words if word.strip().startswith("not ")}
            waits = ""
        elif waits:
            waits = ""
        elif part in {"-k", "-m"} | _WITH_A_VALUE:
            waits = part
        elif not part.startswith("-"):
            places.add(part.strip("./"))
        elif not _OF_NO_CHOICE.fullmatch(part):
            return None
    return _Selected(frozenset(places), frozenset(left_out), is_part)


_ON_EACH_PUSH = re.compile(
    r"^on:\s*\[?.*\b(push|pull_request)\b|^\s*-?\s*[\"']?(push|pull_request)[\"']?\s*:?\s*$", re.MULTILINE
)
_OF_SOME_FILES = re.compile(r"^\s*paths(-ignore)?:", re.MULTILINE)
_IF = re.compile(r"^\s*-?\s*if:(?!\s*(\$\{\{\s*)?(always|success)\(\))")
_FOLDER = re.compile(r"^\s*working-directory:\s*(?P<one>\S+)|^\s*(?:-?\s*run:\s*)?cd\s+(?P<other>[^\s;&]+)")


def tested(source: Source) -> list[list[Any]]:
    """Return which tests a workflow runs: (line, when a failure fails, folder, places, what is left out).

    When: `push`, `called` where another workflow calls this one, "" where nobody sees it, or a part is run.
    """
    lines = source.text.splitlines()
    if ".github/workflows/" not in source.path or "pytest" not in source.text:
        return []
    head, _, _ = source.text.partition("\njobs:")
    when = "called" if "workflow_call:" in head else "push" if _is_daily(head) else ""
    found: list[list[Any]] = []
    begun = ""
    for number, line in enumerate(lines, 1):
        text = begun + re.sub(r"(^|\s)#.*$", "", line)
        begun = f"{text.rstrip()[:-1].rstrip()} " if text.rstrip().endswith("\\") else ""
        command, is_excused, _ = text.partition("||")
        chosen = _selected(command) if not begun and "pip " not in command else None
        if chosen is None:
            continue
        own = [*step(lines, number), *_of_job(lines, number)]
        may_fail = is_excused or any(CONTINUES.match(one) or SET_PLUS.match(one) or _IF.match(one) for one in own)
        folder = [said["one"] or said["other"] for one in own if (said := _FOLDER.match(one))]
        fails = "" if may_fail or chosen.is_part else when
        found.append([number, fails, "/".join(folder), sorted(chosen.places), sorted(chosen.left_out)])
    return found


def _is_daily(head: str) -> bool:
    return _ON_EACH_PUSH.search(head) is not None and _OF_SOME_FILES.search(head) is None


_CALLS = re.compile(r"^\s+uses:\s*\./\.github/workflows/(?P<name>[\w.-]+)\s*(#.*)?$")
_OF_CHANGES = re.compile(
    r"^\s*if:.*needs\.\w*(change|filter|detect|path)\w*\.outputs\."
)  # of the same files as the tests


def called_workflows(source: Source) -> list[str]:
    """Return the workflows that this one calls on each push, where they may not fail."""
    head, _, _ = source.text.partition("\njobs:")
    if ".github/workflows/" not in source.path or not _is_daily(head):
        return []
    lines = source.text.splitlines()
    jobs = [begin for begin, line in enumerate(lines) if _JOB.match(line)]
    found = []
    for begin, end in pairwise([*jobs, len(lines)]):
        own = lines[begin:end]
        is_unsure = any(CONTINUES.match(one) or (_IF.match(one) and not _OF_CHANGES.match(one)) for one in own)
        found += [said["name"] for one in own if (said := _CALLS.match(one)) and not is_unsure]
    return found


def covers(mine: list[list[str]], others: list[list[str]]) -> bool:
    """Whether who runs `mine` (places and what is left out there) runs all of the others as well."""
    (places, left_out), (asked, asked_without) = mine, others
    is_within = all(any(one == place or one.startswith(f"{place}/") for place in places) for one in asked)
    return (not places or (bool(asked) and is_within)) and set(left_out) <= set(asked_without)


def _of_job(lines: list[str], number: int) -> list[str]:
    """Return what is said of the job of a line as a whole: the lines before its steps."""
    begin = next((at for at in range(number - 1, 0, -1) if _JOB.match(lines[at])), 0)
    end = next((at for at in range(begin, number) if lines[at].strip() == "steps:"), begin)
    return lines[begin:end]
