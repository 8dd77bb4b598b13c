"""Rows that cannot be read become None, and whoever made them takes the None out: a row less, and nobody counts it."""

import ast

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.handlers import answer, breadth, caught_types, inside
from tipoff_audit.reading.index import FUNCTIONS, Scope
from tipoff_audit.reading.names import last_name, words
from tipoff_audit.reading.words import these

_MAKERS = these(
    "parse make build convert to read transform normalize normalise clean extract decode map create load from process format"
)
_OF_CONTENT = these(
    "ValueError KeyError TypeError IndexError JSONDecodeError AttributeError LookupError ValidationError InvalidOperation"
)


def dropped_rows(file: File) -> None:
    """Report a handler that makes a row None where a caller of this file drops every None."""
    for block in file.index.tries:
        scope = file.scope(block)
        name = scope.name.rpartition(".")[2]
        if scope.kind != "function" or not set(words(name)[:2]) & _MAKERS or not _gives(block):
            continue
        for handler in block.handlers:
            said = answer(handler, file.effects, file.index)
            kinds = {last_name(kind) for kind in caught_types(handler, file.index)}
            content = breadth(handler, file.index) in {"bare", "broad"} or bool(kinds & _OF_CONTENT)
            if said.returns != "none" or said.raises or said.records or said.acts or not content:
                continue
            by = _dropper(file, name, scope)
            if by:
                message = f"what cannot be read becomes None, and `{by}` takes every None out: a row less, uncounted"
                file.say(
                    "default-on-error",
                    handler,
                    Level.NOTE,
                    f"{message}; quarantine it with its reason, or count it",
                    guards="read",
                )


def _gives(block: ast.Try) -> bool:
    return any(isinstance(node, ast.Return) and node.value is not None for node in inside([*block.body, *block.orelse]))


def _dropper(file: File, name: str, own: Scope) -> str:
    """Return the function that calls `name` for each of many and passes over None."""
    for call in file.index.calls:
        scope = file.scope(call)
        if scope is own:
            continue
        filters = last_name(call.func) == "filter" and bool(call.args) and isinstance(call.args[0], ast.Constant)
        if filters and any(_is_named(part, name) for part in ast.walk(call.args[-1])):
            return _named(scope)
        if last_name(call.func) == "map" and call.args and last_name(call.args[0]) == name:
            above = file.index.up.get(call)
            if isinstance(above, ast.comprehension) and above.ifs:
                return _named(scope)
        if last_name(call.func) == name and _is_passed_over(file, call):
            return _named(scope)
    return ""


def _is_named(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name | ast.Attribute) and last_name(node) == name


def _named(scope: Scope) -> str:
    return scope.name.rpartition(".")[2]


def _is_passed_over(file: File, call: ast.Call) -> bool:
    for parent in file.index.parents(call):
        if isinstance(parent, ast.comprehension) and parent.ifs:
            return True
        if isinstance(parent, ast.ListComp | ast.GeneratorExp | ast.SetComp):
            return any(one.ifs and _asks_for_none(one.ifs) for one in parent.generators) or any(
                isinstance(above, ast.ListComp | ast.GeneratorExp) and any(one.ifs for one in above.generators)
                for above in file.index.parents(parent)
            )
        if isinstance(parent, ast.If) and call in ast.walk(parent.test):
            return _in_loop(file, parent)
        if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
            return _in_loop(file, parent) and _tested(file, parent, parent.targets[0].id)
        if isinstance(parent, (ast.stmt, *FUNCTIONS)):
            return False
    return False


def _asks_for_none(tests: list[ast.expr]) -> bool:
    return any(isinstance(test, ast.Compare | ast.Name | ast.NamedExpr) for test in tests)


def _in_loop(file: File, node: ast.AST) -> bool:
    for parent in file.index.parents(node):
        if isinstance(parent, ast.For | ast.AsyncFor):
            return True
        if isinstance(parent, FUNCTIONS):
            return False
    return False


def _tested(file: File, node: ast.Assign, name: str) -> bool:
    """Whether the next statements ask only whether there is one: `if row: rows.append(row)`, `if row is None: continue`."""
    above = file.index.up.get(node)
    body = getattr(above, "body", [])
    if node not in body:
        return False
    for after in body[body.index(node) + 1 :][:2]:
        if not isinstance(after, ast.If) or not any(
            isinstance(part, ast.Name) and part.id == name for part in ast.walk(after.test)
        ):
            continue
        if after.orelse or any(
            isinstance(part, ast.AugAssign | ast.Raise) for step in after.body for part in ast.walk(step)
        ):
            return False
        called = {last_name(part.func) for step in after.body for part in ast.walk(step) if isinstance(part, ast.Call)}
        return isinstance(after.body[0], ast.Continue) or bool(called & {"append", "add", "extend"})
    return False
