"""Where two calls of a function stand to each other."""

import ast

from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import FUNCTIONS
from tipoff_audit.reading.names import last_name


def apart(file: File, one: ast.AST, other: ast.AST) -> bool:
    """Whether the two stand in different arms of an if or a match, or the first one's block ends before the other."""
    above_other = {id(parent): child for child, parent in chain(file, other)}
    for child, parent in chain(file, one):
        if isinstance(parent, ast.ExceptHandler) and id(parent) not in above_other:
            return True
        if isinstance(parent, ast.Match) and id(parent) in above_other and above_other[id(parent)] is not child:
            return True
        if isinstance(parent, ast.If):
            if id(parent) in above_other:
                return _arm(parent, child) != _arm(parent, above_other[id(parent)])
            if isinstance(parent.body[-1], ast.Return | ast.Raise | ast.Continue | ast.Break) and child in parent.body:
                return True
    return any(
        isinstance(parent, ast.ExceptHandler)
        for _, parent in chain(file, other)
        if not any(parent is mine for _, mine in chain(file, one))
    )


def _arm(parent: ast.If, child: ast.AST) -> str:
    return "body" if child in parent.body else "else" if child in parent.orelse else "test"


def chain(file: File, node: ast.AST) -> list[tuple[ast.AST, ast.AST]]:
    """Return each (child, parent) above the node, up to the function around it."""
    found = []
    for parent in file.index.parents(node):
        found.append((node, parent))
        if isinstance(parent, FUNCTIONS):
            break
        node = parent
    return found


def places(file: File, node: ast.expr) -> list[ast.expr]:
    """Return where the value of `node` is taken: at the end of its chain of calls, or where the name it is given is read."""
    value = outermost(file, node)
    parent = file.index.up.get(value)
    if not isinstance(parent, ast.Assign | ast.AnnAssign) or parent.value is not value:
        return [value]
    target = parent.targets[0] if isinstance(parent, ast.Assign) else parent.target
    if not isinstance(target, ast.Name):
        return [value]
    return [outermost(file, part) for part in file.index.loads(file.scope(node), target.id) if part in file.index.up]


def outermost(file: File, node: ast.expr) -> ast.expr:
    """Return the end of a chain that makes no other thing of it: `x.date().isoformat()`, `str(x)`, `x - day`, `float(x)`."""
    while True:
        parent = file.index.up.get(node)
        above = file.index.up.get(parent) if parent is not None else None
        if isinstance(parent, ast.Attribute) and isinstance(above, ast.Call) and above.func is parent:
            node = above
        elif isinstance(parent, ast.BinOp | ast.IfExp | ast.BoolOp | ast.UnaryOp) or _keeps_value(parent, node):
            node = parent  # type: ignore[assignment]
        else:
            return node


def _keeps_value(parent: ast.AST | None, node: ast.expr) -> bool:
    return isinstance(parent, ast.Call) and node in parent.args and last_name(parent.func) in _SAME


_SAME = frozenset({"str", "int", "float", "round", "abs", "max", "min"})
