"""Where two calls of a function stand to each other."""

import ast

from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import FUNCTIONS


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
