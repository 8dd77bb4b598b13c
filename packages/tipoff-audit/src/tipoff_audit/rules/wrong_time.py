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
        for compare in file.index.compares:
            _age(file, compare)
    has_pytz = any(origin.startswith("pytz") for origin in file.index.imports.values())
    for call in file.index.calls:
        name = last_name(call.func)
        zone = keyword(call, "tzinfo") if has_pytz and name in {"datetime", "replace", "combine", "time"} else None
        if zone is not None and _is_pytz(file, zone, file.scope(call)):
            message = "a zone of pytz given as `tzinfo` is the local mean time of long ago: off by minutes"
            file.say("wrong-time", call, Level.WARNING, f"{message}; use `localize`, or zoneinfo", guards="read")
        if name in {"strftime", "strptime"} and call.args:
            text = constant(call.args[-1])
            if isinstance(text, str) and _WRONG_FORMAT.search(text):
                message = f"`{text}`: %m is the month and %M the minute"
                file.say("wrong-time", call, Level.WARNING, f"{message}; one stands for the other here", guards="read")


def _age(file: File, compare: ast.Compare) -> None:
    if len(compare.ops) != 1:
        return
    left, right = compare.left, compare.comparators[0]
    is_less = isinstance(compare.ops[0], ast.Lt | ast.LtE)
    if isinstance(compare.ops[0], ast.Gt | ast.GtE) and _seconds(right) is not None:
        left, is_less = right, True
    age = _seconds(left)
    if age is None or not is_less:
        return
    scope = file.scope(compare)
    begun = scope.values.get(last_name(age.right)) if isinstance(age.right, ast.Name) else None
    if any(isinstance(above, ast.While) for above in file.index.parents(compare)):
        return  # a wait of seconds
    if begun is not None and "now" in ast.unparse(begun):
        return  # how long the function itself has taken
    if _is_cut_before(file, compare, age.right):
        return  # what is old has been taken out above
    message = "`.seconds` of an age leaves its days out: what is a day old passes for new"
    file.say("wrong-time", compare, Level.ERROR, f"{message}; use `total_seconds()`", guards="gate")


def _is_cut_before(file: File, age: ast.Compare, begun: ast.expr) -> bool:
    """Whether the function has asked before that the instant lies after another: of what is left nothing is days old."""
    return any(
        other.lineno < age.lineno
        and file.scope(other) is file.scope(age)
        and isinstance(other.ops[0], ast.Gt | ast.GtE)
        and ast.dump(other.left) == ast.dump(begun)
        for other in file.index.compares
    )


def _seconds(node: ast.expr) -> ast.BinOp | None:
    while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div | ast.FloorDiv):
        node = node.left
    if isinstance(node, ast.Attribute) and node.attr == "seconds" and isinstance(node.value, ast.BinOp):
        return node.value if isinstance(node.value.op, ast.Sub) else None
    return None


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
