"""Times that are not the time: lengths without their days, zones of the year 1883, months for minutes."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import Scope
from tipoff_audit.reading.names import constant, dotted, keyword, last_name, words
from tipoff_audit.reading.words import these

_WRONG_FORMAT = re.compile(r"%[HI]:?%m|%Y[-/.]?%M[-/.]?%d|%d[-/.]%M[-/.]%[Yy]")
_OF_NO_WEIGHT = these("cleanup clean prune gc log logged report print display rotate rotation")  # done a little later
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
    left, right = compare.left, compare.comparators[0]
    is_less = isinstance(compare.ops[0], ast.Lt | ast.LtE)
    if _seconds(file, left) is None:
        left, is_less = right, isinstance(compare.ops[0], ast.Gt | ast.GtE)
    age = _seconds(file, left)
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
    is_slight = _is_told(file, compare) or bool(set(words(last_name(age.right))) & _OF_NO_WEIGHT)
    level = Level.WARNING if is_less and not is_slight and not _is_swept(file, age) else Level.NOTE
    message = "`.seconds` of an age leaves its days out: what is a day old passes for new"
    file.say("wrong-time", compare, level, f"{message}; use `total_seconds()`", guards="gate")


def _is_told(file: File, compare: ast.Compare) -> bool:
    """Whether it only picks the words in which something is told."""
    asked = next((above for above in file.index.parents(compare) if isinstance(above, ast.stmt | ast.IfExp)), None)
    if isinstance(asked, ast.IfExp):
        return isinstance(asked.body, ast.JoinedStr) or isinstance(constant(asked.body), str)
    if isinstance(asked, ast.If) and (all(_is_shown(part) for part in asked.body) or _answers_alike(file, asked)):
        return True
    told = asked.body[0] if isinstance(asked, ast.If) and len(asked.body) == 1 else None
    if not isinstance(told, ast.Assign | ast.Return) or told.value is None:
        return False
    return isinstance(told.value, ast.JoinedStr) or isinstance(constant(told.value), str)


_LOGS = frozenset({"debug", "info", "warning", "error", "log", "print"})


def _is_shown(part: ast.stmt) -> bool:
    """Whether a statement only writes to a page, or to the log."""
    if isinstance(part, ast.If):
        return all(_is_shown(one) for one in [*part.body, *part.orelse])
    if not isinstance(part, ast.Expr) or not isinstance(part.value, ast.Call):
        return False
    return dotted(part.value.func).startswith("st.") or last_name(part.value.func) in _LOGS


def _answers_alike(file: File, asked: ast.If) -> bool:
    """Whether it gives back what the function gives back without it, and does nothing besides but tell."""
    *told, last = asked.body
    if asked.orelse or not isinstance(last, ast.Return) or not all(map(_is_shown, told)):
        return False
    node: ast.AST = asked
    for above in file.index.parents(asked):
        body = getattr(above, "body", [])
        after = body[body.index(node) + 1 :] if isinstance(body, list) and node in body else []
        if after:
            return ast.dump(after[0]) == ast.dump(last)
        if not isinstance(above, ast.If) or above.orelse:
            return False
        node = above
    return False


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


_SWEEPS = these("clean cleanup cleaner prune purge sweep sweeper evict eviction expire expired gc trim")
_HOLDS = frozenset({"get", "items", "values", "pop"})


def _is_swept(file: File, age: ast.BinOp) -> bool:
    """Whether the instant is kept in a table out of which a sweep of the same file takes what is old."""
    kept = {dotted(table) for name in ast.walk(age) for table in _tables(file, name)} - {""}
    if not kept:
        return False
    used = file.index.attributes | file.index.loaded
    return any(
        dotted(table) in kept
        for scope in file.index.scopes
        if scope.kind == "function" and set(words(name := scope.name.rpartition(".")[2])) & _SWEEPS and name in used
        for part in (file.index.inner(scope) if scope is not file.scope(age) else ())
        for table in _emptied(part)
    )


def _tables(file: File, node: ast.AST) -> list[ast.expr]:
    """Return what a name was taken out of, or the attribute whose item the node is: `self.kept[key]`, `self.kept.items()`."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute):
        return [node.value]
    if not isinstance(node, ast.Name):
        return []
    found: list[ast.expr] = []
    for part in file.index.inner(file.scope(node)):
        if isinstance(part, ast.Assign):
            targets, value = part.targets, part.value
        elif isinstance(part, ast.For | ast.comprehension):
            targets, value = [part.target], part.iter
        else:
            continue
        if any(isinstance(one, ast.Name) and one.id == node.id for target in targets for one in ast.walk(target)):
            if (
                isinstance(value, ast.Call)
                and last_name(value.func) in _HOLDS
                and isinstance(value.func, ast.Attribute)
            ):
                value = value.func.value
            found.append(value.value if isinstance(value, ast.Subscript) else value)
    return [one for one in found if isinstance(one, ast.Attribute)]


def _emptied(part: ast.AST) -> list[ast.expr]:
    """Return the tables out of which a statement takes something, or which it replaces."""
    if isinstance(part, ast.Delete):
        return [one.value for one in part.targets if isinstance(one, ast.Subscript)]
    if isinstance(part, ast.Assign) and isinstance(part.value, ast.DictComp | ast.ListComp | ast.SetComp):
        return part.targets
    if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr in {"pop", "remove"}:
        return [part.func.value]
    return []


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
