"""A value by which a function says that it has failed: whether all that call it ask for it, and end by it."""

import ast
import operator
import sys
from collections.abc import Callable, Iterator
from typing import Any

from tipoff_audit.project.texts import Sources
from tipoff_audit.reading.handlers import inside
from tipoff_audit.reading.index import Index, Scope
from tipoff_audit.reading.names import dotted, last_name

_OTHERS = sys.stdlib_module_names | {"numpy", "pandas", "yaml", "joblib", "torch", "toml", "pyarrow"}
_ENDS = frozenset({"exit", "_exit", "SystemExit", "Exit"})
_COMPARES: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.Gt: operator.gt,
    ast.Lt: operator.lt,
}
Call = tuple[Index, ast.Call]


def why_asked(sources: Sources, own: Index, handler: ast.ExceptHandler) -> str:
    """Return that all that call the handler's function ask for what the handler returns, and end by it; else ""."""
    last, scope = handler.body[-1], own.scope(handler)
    if not isinstance(last, ast.Return) or last.value is None or not _says_no(last, scope):
        return ""
    calls = _calls(sources, own, scope)
    value = _constant(last.value)
    if not calls or not all(_is_asked(sources, file, call, value) for file, call in calls):
        return ""
    return "not silent: all that call it ask for what it returns, and end by it"


def _says_no(last: ast.Return, scope: Scope) -> bool:
    """Whether it is a status other than 0, or False or a word where the function returns something else as well."""
    value = _constant(last.value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value != 0
    others = [one.value for one in scope.returns if one.value is not None and _constant(one.value) not in {value, None}]
    return (value is False or isinstance(value, str)) and bool(others)


def _constant(node: ast.expr | None) -> object:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        return -node.operand.value if isinstance(node.operand.value, int) else ast.AST
    return node.value if isinstance(node, ast.Constant) else ast.AST if node is not None else None


def _calls(sources: Sources, own: Index, scope: Scope) -> list[Call] | None:
    """Return all calls that may be the function's; None where it is handed on, or known by another name."""
    name, owner = scope.name.rpartition(".")[2], scope.of_class
    found: list[Call] = []
    for path, file in sources.python(name):
        if any(full.rpartition(".")[2] == name and alias != name for alias, full in file.imports.items()):
            return None
        for node in file.up:
            if not _names(node, name, owner) or _is_anothers(node, file, name, owner, is_own=path == own.path):
                continue
            call = file.up[node]
            if not isinstance(call, ast.Call) or call.func is not node:
                return None
            found.append((file, call))
    return found


def _names(node: ast.AST, name: str, owner: Scope | None) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == name and isinstance(node.ctx, ast.Load)
    return owner is None and isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)


def _is_anothers(node: ast.AST, file: Index, name: str, owner: Scope | None, *, is_own: bool) -> bool:
    """Whether the name is that of a library's function, of another class's method or of another file's function."""
    if isinstance(node, ast.Name):
        return not is_own and name not in file.imports
    root = dotted(node).partition(".")[0]
    if root in {"self", "cls"}:
        around = file.scope(node).of_class
        if around is None or owner is None or not isinstance(around.node, ast.ClassDef):
            return owner is None
        kin = {around.name.rpartition(".")[2], *(last_name(base) for base in around.node.bases)}
        return dotted(node).count(".") == 1 and owner.name.rpartition(".")[2] not in kin
    return file.imports.get(root, "").partition(".")[0] in _OTHERS


def _is_asked(sources: Sources, file: Index, call: ast.Call, value: object) -> bool:
    """Whether the branch that is taken for the value ends the work; or hands it on to somebody who uses it."""
    for node in _kept(file, call):
        branch = _branch(file, node, value)
        if branch is None:
            continue
        if any(isinstance(one, ast.Raise) or _ends(one) for one in inside(branch)):
            return True
        returns = [one for one in inside(branch) if isinstance(one, ast.Return)]
        if any(_hands_on(one, node, value) for one in returns) and _is_used(sources, file, file.scope(call)):
            return True
    return False


def _kept(file: Index, call: ast.Call) -> Iterator[ast.expr]:
    """Yield the call, or where the name is read that it is kept in."""
    node: ast.expr = call
    if isinstance(file.up[node], ast.Await):
        node = file.up[node]  # type: ignore[assignment]
    set_to = file.up[node]
    if not isinstance(set_to, ast.Assign):
        yield node
    elif isinstance(set_to.targets[0], ast.Name):
        loads = file.loads(file.scope(call), set_to.targets[0].id)
        yield from (one for one in loads if one.lineno > set_to.lineno)


def _branch(file: Index, node: ast.expr, value: object) -> list[ast.stmt] | None:
    """Return the statements that run where `node` has the value: of the `if` that asks, or the one it stands in."""
    child: ast.AST = node
    for parent in file.parents(node):
        if isinstance(parent, ast.If) and child is parent.test:
            holds = _holds(parent.test, node, value)
            if holds is None:
                return None
            return parent.body if holds else parent.orelse or _rest(file, parent)
        if isinstance(parent, ast.stmt):
            return [parent] if isinstance(parent, ast.Return) or _ends_by(parent, node) else None
        child = parent
    return None


def _holds(test: ast.expr, node: ast.expr, value: object) -> bool | None:
    if test is node:
        return bool(value)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _holds(test.operand, node, value)
        return None if inner is None else not inner
    if isinstance(test, ast.Compare) and test.left is node and isinstance(test.comparators[0], ast.Constant):
        compare, other = _COMPARES.get(type(test.ops[0])), test.comparators[0].value
        if compare in {operator.gt, operator.lt} and not (isinstance(value, int) and isinstance(other, int)):
            return None
        return compare(value, other) if compare is not None and len(test.ops) == 1 else None
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        return any(_holds(one, node, value) for one in test.values) or None
    return None


def _rest(file: Index, block: ast.If) -> list[ast.stmt]:
    """Return what follows an `if` whose body leaves."""
    body = getattr(file.up[block], "body", [])
    leaves = isinstance(block.body[-1], ast.Return | ast.Continue)
    return body[body.index(block) + 1 :] if leaves and isinstance(body, list) and block in body else []


def _ends(node: ast.AST) -> bool:
    """Whether it is a call that ends the program with another status than 0."""
    if not isinstance(node, ast.Call) or last_name(node.func) not in _ENDS or not node.args:
        return False
    return _constant(node.args[0]) not in {0, None}


def _ends_by(parent: ast.stmt, node: ast.expr) -> bool:
    return any(isinstance(one, ast.Call) and node in one.args and _ends(one) for one in ast.walk(parent))


def _hands_on(one: ast.Return, node: ast.expr, value: object) -> bool:
    if one.value is None:
        return False
    if isinstance(one.value, ast.Constant | ast.UnaryOp):
        return _constant(one.value) == value and type(_constant(one.value)) is type(value)
    return one.value is node or (isinstance(one.value, ast.Name) and last_name(node) == one.value.id)


def _is_used(sources: Sources, file: Index, scope: Scope) -> bool:
    """Whether all that call the function keep what it returns and read it, or use it where they stand."""
    calls = _calls(sources, file, scope) if scope.kind == "function" else None
    return bool(calls) and all(
        not isinstance(other.up[call], ast.Expr) and any(True for _ in _kept(other, call))
        for other, call in calls or ()
    )
