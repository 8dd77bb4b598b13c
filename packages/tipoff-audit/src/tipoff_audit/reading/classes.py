"""Classes as facts: what a base leaves empty, what a subclass overrides, and what anybody calls."""

import ast
import re
from dataclasses import dataclass
from typing import Any

from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import FUNCTIONS, Function, Scope
from tipoff_audit.reading.names import dotted, last_name

_SAYS_OVERRIDE = re.compile(
    r"overrid|subclass|implement(ed)? (by|in)|to be implemented|derived class|child class", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Method:
    """A method: `body` is noop, abstract, owed (it raises NotImplementedError), or real."""

    name: str
    line: int
    column: int
    end_line: int
    text: str
    body: str
    told: bool  # its docstring says that subclasses override it
    decorated: bool
    marked: bool  # decorated with `override`


def classes(file: File) -> list[list[Any]]:
    """Return the file's classes.

    Each: name, resolved bases, whether others may call it (a Protocol, a metaclass), methods, what they call on self, whether
    the class says that it is to be derived from.
    """
    found = []
    for scope in file.index.scopes:
        node = scope.node
        if isinstance(node, ast.ClassDef):
            bases = [_base(file, base, scope) for base in node.bases]
            is_open = any(
                base.rpartition(".")[2] in {"Protocol", "TypedDict", "NamedTuple", "Enum"} for base in bases
            ) or any(given.arg == "metaclass" and last_name(given.value) != "ABCMeta" for given in node.keywords)
            methods = [_method(file, part) for part in node.body if isinstance(part, FUNCTIONS)]
            own = {last_name(call.func) for part in scope.members.values() for call in part.calls if _on_self(call)}
            told = bool(_SAYS_OVERRIDE.search(ast.get_docstring(node, clean=False) or ""))
            found.append(
                [scope.name, bases, is_open, methods, sorted(own), told, node.lineno, file.index.line(node.lineno)]
            )
    return found


def properties(file: File) -> list[str]:
    """Return the methods that run where they are named: `package.module.Class.method`."""
    return [
        f"{scope.name}.{part.name}"
        for scope in file.index.scopes
        if isinstance(scope.node, ast.ClassDef)
        for part in scope.node.body
        if isinstance(part, FUNCTIONS) and any(last_name(one).endswith("property") for one in part.decorator_list)
    ]


def _on_self(call: ast.Call) -> bool:
    func = call.func
    return isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id in {"self", "cls"}


def _base(file: File, node: ast.expr, scope: Scope) -> str:
    inner = node.value if isinstance(node, ast.Subscript) else node
    return file.names.origin(inner, scope.parent or scope) or dotted(inner)


def _method(file: File, node: Function) -> list[Any]:
    """Return the fields of a `Method`, in their order."""
    document = ast.get_docstring(node, clean=False) or ""
    names = {last_name(decorator) for decorator in node.decorator_list}
    told = _SAYS_OVERRIDE.search(document) or _SAYS_OVERRIDE.search(file.index.line(node.lineno + 1))
    place = [node.lineno, node.col_offset + 1, node.end_lineno or node.lineno, file.index.line(node.lineno)]
    return [
        node.name,
        *place,
        _body(node, names),
        bool(told),
        bool(names - {"override", "abstractmethod"}),
        "override" in names,
    ]


def _body(node: Function, decorators: set[str]) -> str:
    if decorators & {"abstractmethod", "abstractproperty", "overload"}:
        return "abstract"
    rest = [part for part in node.body if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))]
    if not rest:
        return "noop"
    if len(rest) == 1 and isinstance(rest[0], ast.Pass):
        return "noop"
    if len(rest) == 1 and isinstance(rest[0], ast.Raise):
        raised = rest[0].exc
        name = last_name(raised) if raised is not None else ""
        return "owed" if name in {"NotImplementedError", "NotImplemented"} else "abstract"
    if len(rest) == 1 and isinstance(rest[0], ast.Return) and _is_nothing(rest[0].value):
        return "noop"
    return "real"


def _is_nothing(node: ast.expr | None) -> bool:
    if node is None or (isinstance(node, ast.Constant) and node.value in {None, True, 0, ""}):
        return True
    if isinstance(node, ast.List | ast.Tuple):
        return not node.elts
    if isinstance(node, ast.Call):
        return last_name(node.func) in {"DataFrame", "list", "dict", "set"} and not node.args
    return isinstance(node, ast.Dict) and not node.keys


def dispatched(file: File) -> list[list[str]]:
    """Return how names are put together for getattr: (prefix, suffix)."""
    found = []
    for call in file.index.calls:
        if last_name(call.func) in {"getattr", "hasattr", "methodcaller", "_dispatch"} and len(call.args) > 1:
            text = file.names.text(call.args[1], file.scope(call))
            if text is None or "{" in text or "%" in text or isinstance(call.args[1], ast.BinOp):
                head, _, tail = re.sub(r"\{\w*\}|%\w", "\0", text or "\0").partition("\0")
                found.append([head, tail.rpartition("\0")[2]])
    return found


def uses(file: File) -> list[str]:
    """Return every name that the file may call: attributes, names, and strings that could be given to getattr."""
    strings = {node.value for node in file.index.strings if isinstance(node.value, str) and node.value.isidentifier()}
    called = {call.func.id for call in file.index.calls if isinstance(call.func, ast.Name)}
    passed = {given.id for call in file.index.calls for given in call.args if isinstance(given, ast.Name)}
    held = {
        part.id
        for value in file.index.module.values.values()
        for part in ast.walk(value)
        if isinstance(value, ast.Dict | ast.List | ast.Tuple | ast.Set) and isinstance(part, ast.Name)
    }
    functions = {scope.name.rpartition(".")[2] for scope in file.index.scopes if scope.kind == "function"}
    imported = {origin.rpartition(".")[2] for origin in file.index.imports.values()}
    taken = file.index.loaded & functions
    return sorted(file.index.attributes | strings | called | passed | held | imported | taken)
