"""What a code base says about its own audit: `[tool.tipoff.audit]` of its pyproject.toml; unknown names are refused."""

import difflib
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tipoff_audit.errors import UsageError
from tipoff_audit.finding import Level

FILE = "pyproject.toml"
TABLE = "tool.tipoff.audit"
MAX_BYTES = 2_000_000  # a syntax tree takes a hundred times its text


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings:
    """How a code base is audited; frozen once read.

    `only`: the rules that speak, all where it is empty. `writes`, `gates`, `notices`: names of functions and methods that do
    so here, beside those that the rules know. `baseline`: the file of findings that were there before, if there is one.
    `tests`: whether findings in tests, examples and documents are told.
    """

    paths: tuple[str, ...] = (".",)
    exclude: tuple[str, ...] = ()
    off: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    levels: Mapping[str, Level] = field(default_factory=dict)
    writes: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    fail_on: Level = Level.ERROR
    baseline: str = ""
    max_bytes: int = MAX_BYTES
    tests: bool = False
    notes: tuple[str, ...] = ()  # what is to be told of how they were read

    def speaks(self, rule: str) -> bool:
        """Whether the findings of `rule` are wanted; that a file cannot be read is always told."""
        return rule == "unreadable" or (rule not in self.off and (not self.only or rule in self.only))


_LISTS = ("paths", "exclude", "off", "writes", "gates", "notices")
_NAMES = (*_LISTS, "levels", "fail-on", "baseline", "max-bytes", "tests")


def read_settings(folder: Path, rules: Collection[str]) -> tuple[AuditSettings, Path]:
    """Return the settings of the nearest pyproject.toml at or above `folder` that has any, and the folder that it lies in.

    One that is no TOML may have had some: the defaults come with a note that says so.

    Raises:
        UsageError: It names something unknown (the nearest known name is told), or a value does not fit.
    """
    for place in (folder, *folder.parents):
        file = place / FILE
        if not file.is_file():
            continue
        try:
            document = tomllib.loads(file.read_bytes().decode())
        except (OSError, ValueError, RecursionError) as error:
            note = (
                f"{file} cannot be read, so nothing that it sets holds and the tree is read with the defaults: {error}"
            )
            return AuditSettings(notes=(note,)), place
        table = document.get("tool", {}).get("tipoff", {}).get("audit")
        if table is not None:
            return _parse(table, file, rules), place
    return AuditSettings(), folder


def known_rule(name: str, rules: Collection[str]) -> str:
    """Return `name`.

    Raises:
        UsageError: There is no such rule; the nearest one is told.
    """
    if name not in rules:
        near = difflib.get_close_matches(name, sorted(rules), n=1)
        msg = f"there is no rule {name!r}"
        raise UsageError(msg, hint=f"did you mean {near[0]}?" if near else "all rules: " + ", ".join(sorted(rules)))
    return name


def _parse(table: object, file: Path, rules: Collection[str]) -> AuditSettings:
    if not isinstance(table, dict):
        raise _wrong(file, "", "is no table")
    for name in table:
        if name not in _NAMES:
            near = difflib.get_close_matches(name, _NAMES, n=1)
            hint = f"did you mean {near[0]}?" if near else "there are: " + ", ".join(_NAMES)
            msg = f"{file}: there is no setting {TABLE}.{name}"
            raise UsageError(msg, hint=hint)
    values: dict[str, Any] = {name: _strings(table[name], file, name) for name in _LISTS if name in table}
    if "off" in values:
        values["off"] = _known_off(values["off"], file, rules)
    if "levels" in table:
        values["levels"] = _known_levels(table["levels"], file, rules)
    if "fail-on" in table:
        values["fail_on"] = level_named(table["fail-on"])
    values |= _single(table, file)
    return replace(AuditSettings(), **values)


def _known_off(names: Collection[str], file: Path, rules: Collection[str]) -> frozenset[str]:
    if "unreadable" in names:
        raise _wrong(file, "off", "cannot name unreadable: leave the file out by `exclude`, which the summary shows")
    return frozenset(known_rule(rule, rules) for rule in names)


def _known_levels(levels: object, file: Path, rules: Collection[str]) -> dict[str, Level]:
    if not isinstance(levels, dict):
        raise _wrong(file, "levels", 'is no table; write levels = { "copied-file" = "warning" }')
    if "unreadable" in levels:
        raise _wrong(file, "levels", "cannot name unreadable: what was not read is an error")
    return {known_rule(rule, rules): level_named(word) for rule, word in levels.items()}


def _single(table: Mapping[str, Any], file: Path) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if "baseline" in table:
        if not isinstance(table["baseline"], str):
            raise _wrong(file, "baseline", "is no file's name")
        values["baseline"] = table["baseline"]
    if "max-bytes" in table:
        size = table["max-bytes"]
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise _wrong(file, "max-bytes", "is no positive number")
        values["max_bytes"] = size
    if "tests" in table:
        if not isinstance(table["tests"], bool):
            raise _wrong(file, "tests", "is neither true nor false")
        values["tests"] = table["tests"]
    return values


def level_named(word: object) -> Level:
    """Return the level of that name.

    Raises:
        UsageError: There is none.
    """
    names = [level.name.lower() for level in Level]
    if word not in names:
        msg = f"there is no level {word!r}"
        raise UsageError(msg, hint="levels: " + ", ".join(names))
    return Level[str(word).upper()]


def _strings(value: object, file: Path, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(file, name, 'is no list of names; write it as ["one", "two"]')
    return tuple(value)


def _wrong(file: Path, name: str, what: str) -> UsageError:
    return UsageError(f"{file}: {TABLE}{'.' if name else ''}{name} {what}", hint="see docs/how-to/audit-a-code-base.md")
