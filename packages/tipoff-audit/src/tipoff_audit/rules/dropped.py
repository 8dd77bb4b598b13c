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


Place = list[str | int]


def dropped_rows(file: File) -> list[Place]:
    """Report a handler that makes a row None where a caller of this file drops every None; return those without such a caller.

    Each: the function's full name, the handler's line, column and last line, its text, the function.
    """
    found: list[Place] = []
    for block in file.index.tries:
        scope = file.scope(block)
        name = _named(scope)
        if scope.kind != "function" or not set(words(name)[:2]) & _MAKERS or not _gives(block):
            continue
        for handler in block.handlers:
            said = answer(handler, file.effects, file.index)
            kinds = {last_name(kind) for kind in caught_types(handler, file.index)}
            content = breadth(handler, file.index) in {"bare", "broad"} or bool(kinds & _OF_CONTENT)
            if said.returns != "none" or said.raises or said.records or said.acts or not content:
                continue
            if by := _dropper(file, name, scope):
                file.say("default-on-error", handler, Level.NOTE, message(by), guards="read")
            else:
                at = [handler.lineno, handler.col_offset + 1, handler.end_lineno or handler.lineno]
                found.append([scope.name, *at, file.index.line(handler.lineno), scope.name])
    return found


def message(by: str) -> str:
    """Return what is said of a row that `by` passes over."""
    lost = f"what cannot be read becomes None, and `{by}` takes every None out: a row less, uncounted"
    return f"{lost}; quarantine it with its reason, or count it"


def passed_over(file: File) -> list[list[str]]:
    """Return the functions of other files whose None is passed over here: (full name, by whom)."""
    found = []
    for call in file.index.calls:
        full = file.names.callee(call).full
        if not set(words(last_name(call.func))[:2]) & _MAKERS or "." not in full or full in file.effects.functions:
            continue
        if _is_passed_over(file, call):
            found.append([full, _named(file.scope(call))])
    return found


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
            return (
                any(one.ifs and _asks_for_none(one.ifs) for one in parent.generators)
                or any(
                    isinstance(above, ast.ListComp | ast.GeneratorExp) and any(one.ifs for one in above.generators)
                    for above in file.index.parents(parent)
                )
                or (call is getattr(parent, "elt", None) and _is_sifted(file, parent))
            )
        if isinstance(parent, ast.If) and call in ast.walk(parent.test):
            return _in_loop(file, parent)
        if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
            return _in_loop(file, parent) and _tested(file, parent, parent.targets[0].id)
        if isinstance(parent, (ast.stmt, *FUNCTIONS)):
            return False
    return False


def _is_sifted(file: File, made: ast.expr) -> bool:
    """Whether all that is read of the rows, by the name they are given, are those that are not None."""
    above, scope = file.index.up.get(made), file.scope(made)
    if not isinstance(above, ast.Assign) or not isinstance(above.targets[0], ast.Name) or scope.kind != "function":
        return False
    used = [file.index.up.get(node) for node in file.index.loads(scope, above.targets[0].id)]
    return bool(used) and all(isinstance(one, ast.comprehension) and _leaves_none_out(one) for one in used)


def _leaves_none_out(one: ast.comprehension) -> bool:
    name = last_name(one.target)
    return any(
        last_name(test) == name
        or (
            isinstance(test, ast.Compare)
            and last_name(test.left) == name
            and isinstance(test.ops[0], ast.IsNot)
            and isinstance(test.comparators[0], ast.Constant)
        )
        for test in one.ifs
    )


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
