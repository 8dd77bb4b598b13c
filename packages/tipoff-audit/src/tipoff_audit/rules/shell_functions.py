"""Functions of a script that write down how what they run has ended, for a later line to ask."""

import re
from collections.abc import Iterator
from functools import lru_cache

_LONGEST, _MOST = 2_000, 400  # of a line, and of functions or their lines, that somebody wrote by hand
_BEGINS = re.compile(r"^(?P<depth>\s*)(?:function\s+)?(?P<name>[A-Za-z_][\w:.-]*)\s*(?:\(\s*\))?\s*\{(?P<rest>.*)$")
_CALLS = re.compile(r"^\s*(?:[A-Z_]+=\S+\s+)*(?P<name>[A-Za-z_][\w:.-]*)(?:\s|$)")
_LOCAL = re.compile(r"^\s*(?:local|declare|typeset)\s")
_STATUS = re.compile(
    r"(?:^|[;|&{]|\blocal\s|\bdeclare\s(?:-\w+\s)*)\s*(?P<name>\w+)=[\"']?(?:\$\?|\$\{\?\}|\$\{PIPESTATUS\[0\]\})"
)
_ASKED = re.compile(r"\$\?|\$\{\?\}")
_OWN = re.compile(
    r"^\s*(?:(?:echo|printf|log\w*|true|:|date|local|declare|export|shift|\[)(?:\s|$)|\w+=)"
)  # after it `$?` is its own
_KEEPS = re.compile(r"(?:^|[;&|{]|\bthen\s|\belse\s)\s*(?P<name>\w+)(?P<many>(?:\[[^\]]*\])?\+?)=\(?")
_APPENDS = re.compile(r">>\s*[\"']?(?P<file>[^\s;&|\"']+)")
_READS = r"\$\{{?[#!]?{0}\b|\(\([^)]*\b{0}\b"
_ENDS = re.compile(r"(?:^|[;&|{]|\bthen\s|\belse\s)\s*(?:exit|return)\s+[\"']?(?:[1-9]|\$)", re.MULTILINE)


def is_recorded(text: str, command: str) -> bool:
    """Whether the command is a function of the script that writes down the status of what it runs, and a later line asks."""
    called = _CALLS.match(re.split(r"&&|;|\||\bthen\b|\bdo\b", command)[-1])
    return called is not None and called["name"] in _recorders(text)


@lru_cache(maxsize=1)
def _recorders(text: str) -> frozenset[str]:
    lines = [re.sub(r"(^|\s)#.*$", "", line[:_LONGEST]) for line in text.splitlines()]
    found = _functions(lines)
    if len(found) > _MOST:
        return frozenset()
    return frozenset(name for name, first, last in found if _records(lines[first:last], lines[:first] + lines[last:]))


def _functions(lines: list[str]) -> list[tuple[str, int, int]]:
    """Return the name of each function, and between which lines it stands."""
    found: list[tuple[str, int, int]] = []
    for first, line in enumerate(lines):
        begins = _BEGINS.match(line)
        if begins is None:
            continue
        end = f"{begins['depth']}}}"
        after = range(first + 1, min(first + _MOST, len(lines)))
        last = first if begins["rest"].rstrip().endswith("}") else _first(after, lines, end)
        found.append((begins["name"], first, last + 1))
    return found


def _first(places: range, lines: list[str], begin: str) -> int:
    return next((at for at in places if lines[at].startswith(begin)), places.start - 1)


def _records(body: list[str], others: list[str]) -> bool:
    """Whether it keeps `$?` where it outlives the function, not the status of what it has said since, and others read it."""
    statements = [part for line in body for part in re.split(r";\s*(?!;)", line) if re.search(r"[^\s{}]", part)]
    names = {"?"}
    for before, statement in zip(["", *statements], statements, strict=False):
        status = _STATUS.search(statement)
        asked = _ASKED.search(statement)
        if asked is not None and _OWN.match(before) and not re.search(r"[|&]", statement[: asked.start()]):
            return False
        names |= {status["name"]} if status is not None else set()
    own = {name for part in statements if _LOCAL.match(part) for name in re.findall(r"(\w+)(?:=|\s|$)", part)}
    read = "\n".join(others)
    kept = {name for statement in _by_turns(statements) for name in _kept(statement, names)} - own
    return _ENDS.search(read) is not None and any(re.search(_READS.format(re.escape(one)), read) for one in kept)


def _by_turns(statements: list[str]) -> Iterator[str]:
    """Yield the statements, those that an `if` chooses with `&&` before them."""
    depth = 0
    for statement in statements:
        word = statement.split()[0]
        depth += (word == "if") - (word == "fi")
        yield f"&& {statement}" if depth > 0 else statement


def _kept(statement: str, names: set[str]) -> set[str]:
    """Return the names, of the script's or of files, to which the statement adds the status, or gives it where it is bad."""
    told = any(re.search(rf"\${{?{re.escape(name)}(?!\w)", statement) for name in names)
    found = set()
    for one in _KEEPS.finditer(statement) if told else ():
        if one["many"] or re.search(r"&&|\|\|", statement[: one.start("name")]):  # or the next call would lose it
            found.add(one["name"])
    if told and (written := _APPENDS.search(statement)):
        found |= set(re.findall(r"\$\{?(\w+)", written["file"]))
    return found
