"""Times that are not the time: lengths without their days, zones of the year 1883, months for minutes."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import Scope
from tipoff_audit.reading.names import constant, dotted, keyword, last_name

_WRONG_FORMAT = re.compile(r"%[HI]:?%m|%Y[-/.]?%M[-/.]?%d|%d[-/.]%M[-/.]%[Yy]")
_UTC = frozenset({"UTC", "GMT", "ETC/UTC", "ZULU"})


def wrong_times(file: File) -> None:
    """Report ages without their days, zones handed to a constructor that cannot use them, and formats that mix letters."""
    if "seconds" in file.index.attributes:
        told: set[int] = set()
        for compare in file.index.compares:
            _age(file, compare, told)
    has_pytz = any(origin.startswith("pytz") for origin in file.index.imports.values())
    for call in file.index.calls:
        name = last_name(call.func)
        zone = keyword(call, "tzinfo") if has_pytz and name in {"datetime", "replace", "combine", "time"} else None
        if zone is not None and _is_pytz(file, zone, file.scope(call)):
            message = "a zone of pytz given as `tzinfo` is the local mean time of long ago: off by minutes"
            file.say("wrong-time", call, Level.NOTE, f"{message}; use `localize`, or zoneinfo", guards="read")
        if name in {"strftime", "strptime"} and call.args:
            text = constant(call.args[-1])
            if isinstance(text, str) and _WRONG_FORMAT.search(text):
                message = f"`{text}`: %m is the month and %M the minute"
                file.say("wrong-time", call, Level.NOTE, f"{message}; one stands for the other here", guards="read")


def _age(file: File, compare: ast.Compare, told: set[int]) -> None:
    if len(compare.ops) != 1:
        return
    sides = (_seconds(file, side) for side in (compare.left, compare.comparators[0]))
    age = next((side for side in sides if side is not None), None)
    if age is None or id(age) in told:
        return
    scope = file.scope(compare)
    begun = scope.values.get(last_name(age.right)) if isinstance(age.right, ast.Name) else None
    if any(isinstance(above, ast.While) for above in file.index.parents(compare)):
        return  # a wait of seconds
    if begun is not None and "now" in ast.unparse(begun):
        return  # how long the function itself has taken
    if _is_cut_before(file, compare, age.right) or _counts_days(file, age) or _are_neighbours(age):
        return  # what is old has been taken out above, or its days are counted beside
    told.add(id(age))
    message = "`.seconds` of an age leaves its days out: what is a day old passes for new"
    file.say("wrong-time", compare, Level.NOTE, f"{message}; use `total_seconds()`", guards="gate")


def _counts_days(file: File, age: ast.BinOp) -> bool:
    """Whether the function asks the same length of time for its days."""
    scope = file.scope(age)
    names = {name for name, value in scope.values.items() if value is age}
    return "days" in file.index.attributes and any(
        isinstance(part, ast.Attribute)
        and part.attr == "days"
        and (ast.dump(part.value) == ast.dump(age) or last_name(part.value) in names)
        for part in file.index.inner(scope)
    )


def _is_cut_before(file: File, age: ast.Compare, begun: ast.expr) -> bool:
    """Whether the function has asked before that the instant lies after another: of what is left nothing is days old."""
    return any(
        other.lineno < age.lineno
        and file.scope(other) is file.scope(age)
        and isinstance(other.ops[0], ast.Gt | ast.GtE)
        and ast.dump(other.left) == ast.dump(begun)
        for other in file.index.compares
    )


def _are_neighbours(age: ast.BinOp) -> bool:
    """Whether it lies between two of a series that follow each other: `seen[-1].at - seen[-2].at`."""
    places = [re.sub(r"\[-?\d+\]", "[]", ast.unparse(side)) for side in (age.left, age.right)]
    return places[0] == places[1] and "[]" in places[0]


def _seconds(file: File, node: ast.expr) -> ast.BinOp | None:
    """Return the difference of which the seconds are taken, also where either has a name of its own."""
    node = _made(file, node)
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv):
        node = node.left
    if not isinstance(node, ast.Attribute) or node.attr != "seconds":
        return None
    age = _made(file, node.value)
    return age if isinstance(age, ast.BinOp) and isinstance(age.op, ast.Sub) else None


def _made(file: File, node: ast.expr) -> ast.expr:
    """Return what a name stands for, if the function gives it one meaning."""
    scope = file.scope(node) if isinstance(node, ast.Name) else None
    if scope is None or not isinstance(node, ast.Name) or len(scope.bound.get(node.id, ())) != 1:
        return node
    return scope.values.get(node.id, node)


def _is_pytz(file: File, zone: ast.expr, scope: Scope) -> bool:
    at: Scope | None = scope
    while isinstance(zone, ast.Name) and at is not None:
        made = at.values.get(zone.id)
        if made is not None:
            zone = made
            break
        at = at.parent
    if not isinstance(zone, ast.Call) or not zone.args or dotted(zone.func) not in {"pytz.timezone", "timezone"}:
        return False
    if dotted(zone.func) == "timezone" and file.index.imports.get("timezone") != "pytz.timezone":
        return False
    name = constant(zone.args[0])
    return isinstance(name, str) and name.upper() not in _UTC
