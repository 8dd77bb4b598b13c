"""Loads of SQL that leave rows out: which of them nobody runs any longer, are a sandbox's, are checked, or are read by nobody."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from tipoff_audit.finding import Finding
from tipoff_audit.project.tables import Tables
from tipoff_audit.project.texts import Sources
from tipoff_audit.reading.sqltext import without_comments

_NAME = r"(?P<{}>[\w.\"]+(?![\w.\"&{{$]))"  # one with a hole in it is no name
_PIPE = re.compile(
    rf"CREATE\s+(?:OR\s+REPLACE\s+)?PIPE\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME.format('pipe')}", re.IGNORECASE
)
_COPY = re.compile(rf"\bCOPY\s+INTO\s+{_NAME.format('table')}", re.IGNORECASE)
_DROP = re.compile(rf"\bDROP\s+(?:PIPE|TABLE)\s+(?:IF\s+EXISTS\s+)?{_NAME.format('name')}", re.IGNORECASE)
_ALTER = re.compile(rf"\bALTER\s+PIPE\s+(?:IF\s+EXISTS\s+)?{_NAME.format('name')}", re.IGNORECASE)
_MADE = re.compile(
    rf"\bMODEL\s*\([^;]*?\bname\s+{_NAME.format('model')}"
    rf"|\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:\w+\s+)?(?:TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME.format('table')}",
    re.IGNORECASE,
)
_MATERIALIZES = re.compile(r"\{%-?\s*materialization\s+(?P<name>\w+)")
_CREATES = r"(?:CREATE\s+(?:OR\s+REPLACE\s+)?(?:\w+\s+)?(?:PIPE|TABLE)\s+(?:IF\s+NOT\s+EXISTS\s+)?|\bRENAME\s+TO\s+)"
_TAKES_DOWN = re.compile(
    r"(^|[/._-])(down|undo|rollback|revert|tear_?down|clean_?up|uninstall|destroy|reset|drop)", re.IGNORECASE
)
_NUMBER = re.compile(r"(?:^|/)V?(\d+)[^/]*$", re.IGNORECASE)
_TRIED = re.compile(r"^(?P<stem>\w*?)(?P<mark>_?(?:sand(?:box)?|dev(?:elopment)?))$", re.IGNORECASE)
_LIVE = ("prod", "production", "prd")
_SOME = 20  # models


class _Load(NamedTuple):
    path: str
    at: int
    pipe: str  # "" where the load is a statement of its own
    table: str


@dataclass
class Pipes:
    """The tree's own statements, asked for what a load of SQL is worth."""

    sources: Sources
    tables: Tables

    def why_idle(self, finding: Finding) -> str:
        """Return why nobody misses what the load leaves out; "" where somebody may."""
        text = next((text for path, text in self._all if path == finding.path), "")
        place = sum(len(line) + 1 for line in text.split("\n")[: finding.line - 1])
        if "ignore_errors" in finding.message.lower():
            return self._why_unread(text, place)
        if unused := self._why_unused(text, place):
            return unused
        loads = [one for one in self._loads if one.path == finding.path and one.at <= place + len(finding.text)]
        if not loads or ";" in text[loads[-1].at : place]:
            return ""
        own = loads[-1]
        beside = (one for one in self._loads if one.pipe and one[0] == own.path and one.table == own.table)
        pipes = [own] if own.pipe else [own, *beside]
        return (
            next((why for one in pipes if (why := self._why_gone(one))), "")
            or self._why_checked(own)
            or self._why_tried(own)
        )

    @cached_property
    def _all(self) -> list[tuple[str, str]]:
        """The files of SQL that load, drop, pause or check, without their comments."""
        words = {"copy", "drop", "pipe", "ignore_errors"}
        self.sources.prepare(words)
        found = {path: text for word in words for path, text in self.sources.holding(word) if path.endswith(".sql")}
        return [(path, without_comments(text)) for path, text in sorted(found.items())]

    @cached_property
    def _loads(self) -> list[_Load]:
        return [load for path, text in self._all for load in _loads_in(path, text)]

    def _why_gone(self, own: _Load) -> str:
        """Return which statement drops the pipe or the table, or makes the pipe anew with another target; "" for none."""
        for path, text in self._all:
            first = own.at if path == own.path else 0
            if (path != own.path and _TAKES_DOWN.search(path)) or _is_before(path, own.path):
                continue
            for found in _DROP.finditer(text, first):
                name = _plain(found["name"])
                is_ours = name in {own.pipe, own.table} and ("." in name or path == own.path)
                if is_ours and name == own.table and self._is_passed_on(own, path, text):
                    continue
                if is_ours and not re.search(_CREATES + _as_pattern(name), text[found.end() :], re.IGNORECASE):
                    line = text.count("\n", 0, found.start()) + 1
                    return f"nobody runs it any longer: {path}:{line} drops {name}"
        return self._why_made_anew(own)

    def _is_passed_on(self, own: _Load, path: str, text: str) -> bool:
        """Whether the table holds rows on their way: who drops it has taken them, or has loaded them himself."""
        taken = re.search(rf"\b(FROM|JOIN|USING)\s+{_as_pattern(own.table)}", text, re.IGNORECASE)
        return taken is not None or (path == own.path and not own.pipe)

    def _why_made_anew(self, own: _Load) -> str:
        for other in self._loads:
            if not own.pipe or other.pipe != own.pipe or other.table == own.table:
                continue
            if other.path == own.path:
                is_later = other.at > own.at
            else:
                text = next(text for path, text in self._all if path == other.path)
                paused = (_plain(found["name"]) for found in _ALTER.finditer(text, 0, other.at))
                is_later = "." in own.pipe and (own.pipe in paused or _is_before(own.path, other.path))
            if is_later:
                return f"nobody runs it any longer: {other.path} makes {own.pipe} anew, for {other.table}"
        return ""

    def _why_checked(self, own: _Load) -> str:
        """Return which file asks the history of the copies, or the load itself, for what was left out."""
        names = [own.table.rpartition(".")[2], own.pipe.rpartition(".")[2]]
        asked = re.compile(rf"\b({'|'.join(re.escape(one) for one in names if one)})\b", re.IGNORECASE)
        for word in ("copy_history", "validate_pipe_load", "validate"):
            for path, text in self.sources.holding(word):
                if asked.search(" ".join(re.findall(rf"\b{word}\s*\([^;]*", text, re.IGNORECASE))):
                    return f"checked: {path} asks {word} for it"
        return ""

    def _why_tried(self, own: _Load) -> str:
        """Return that it is a sandbox's, or developers', and that no statement elsewhere reads the table."""
        parts = [*own.table.split(".")[:-1], *own.path.lower().split("/")[:-1]]
        place = next((part for part in parts if self._is_tried(part)), "")
        if not place:
            return ""
        name = _as_pattern(own.table)
        prefix = "" if "." in own.table else r"[\w.\"]*"
        read = re.compile(rf"\b(FROM|JOIN|USING)\s+{prefix}{name}", re.IGNORECASE)
        for path, text in self.sources.holding(own.table.rpartition(".")[2]):
            if place not in path.lower().split("/") and path != own.path and read.search(text):
                return ""
        return f"tried out: {place} is a sandbox, and no statement elsewhere reads {own.table}"

    def _is_tried(self, part: str) -> bool:
        """Whether a database, a schema or a folder is a sandbox by its name: `sandbox`, or `xsand` where the tree has `xprod`."""
        found = _TRIED.match(part)
        if found is None:
            return False
        if found["mark"].strip("_") == "sandbox":
            return True
        joint = "_" if found["mark"].startswith("_") else ""
        return any(self.sources.holding(f"{found['stem']}{joint}{live}") for live in _LIVE)

    def _why_unused(self, text: str, place: int) -> str:
        """Return that the load stands in a materialization of dbt's by which no model is made."""
        begun = list(_MATERIALIZES.finditer(text, 0, place))
        if not begun or "endmaterialization" in text[begun[-1].end() : place]:
            return ""
        name = begun[-1]["name"]
        used = re.compile(rf"materialized['\"]?\s*[=:]\s*['\"]?{name}\b")
        if any(used.search(other) for _, other in self.sources.holding(name)):
            return ""
        return f"nobody runs it: no model is materialized as `{name}`"

    def _why_unread(self, text: str, place: int) -> str:
        """Return that no statement reads the model or the table, where others that the tree makes are read."""
        made = [one for one in _made_in(text) if one[0] <= place]
        name = made[-1][1] if made else ""
        if not name or self.tables.is_read(name):
            return ""
        others = {other for _, one in self._all for _, other in _made_in(one)}
        others |= {
            other
            for path, one in self.sources.holding("model")
            if path.endswith(".sql")
            for _, other in _made_in(without_comments(one))
        }
        if not any(self.tables.is_read(other) for other in sorted(others - {name})[:_SOME]):
            return ""
        return f"nobody reads it: no statement that somebody runs takes a row from `{name}`"


def _loads_in(path: str, text: str) -> Iterator[_Load]:
    for found in _COPY.finditer(text):
        begun = [one for one in _PIPE.finditer(text, 0, found.start()) if ";" not in text[one.end() : found.start()]]
        yield _Load(path, found.start(), _plain(begun[-1]["pipe"]) if begun else "", _plain(found["table"]))


def _made_in(text: str) -> Iterator[tuple[int, str]]:
    for found in _MADE.finditer(text):
        yield found.start(), _plain(found["model"] or found["table"]).rpartition(".")[2]


def _plain(name: str) -> str:
    return name.replace('"', "").lower()


def _as_pattern(name: str) -> str:
    return r"\.".join(rf"\"?{re.escape(part)}\"?" for part in name.split(".")) + r"(?![\w.])"


def _is_before(path: str, other: str) -> bool:
    """Whether both files bear numbers, and the first one's is the lower: it has been run before."""
    one, two = _NUMBER.search(path), _NUMBER.search(other)
    return one is not None and two is not None and int(one[1]) < int(two[1])
