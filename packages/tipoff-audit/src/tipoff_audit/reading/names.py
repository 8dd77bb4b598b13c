"""What a name stands for: through imports, assignments, annotations and attributes of self."""

import ast
import re
from dataclasses import dataclass, field

from tipoff_audit.reading.index import Index, Scope

_DEEPEST = 12  # how many assignments are followed
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def dotted(node: ast.AST) -> str:
    """Return `a.b().c` for the expression, "" where it is not made of names, attributes and calls."""
    parts: list[str] = []
    while True:
        if isinstance(node, ast.Name):
            parts.append(node.id)
            return "".join(reversed(parts))
        if isinstance(node, ast.Attribute):
            parts.append("." + node.attr)
            node = node.value
        elif isinstance(node, ast.Call):
            parts.append("()")
            node = node.func
        elif isinstance(node, ast.Subscript):
            parts.append("[]")
            node = node.value
        elif isinstance(node, ast.Await):
            node = node.value
        else:
            parts.append("?")
            return "".join(reversed(parts)).lstrip(".")


def last_name(node: ast.AST) -> str:
    """Return the name by which the expression is known: `rows` for `self.rows[0]`."""
    while isinstance(node, ast.Subscript | ast.Starred | ast.Await):
        node = node.value
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call):
        return last_name(node.func)
    return ""


def names_in(node: ast.AST) -> set[str]:
    """Return the plain names that stand in a piece of code."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def words(name: str) -> list[str]:
    """Return the words of a name in lower case: `saveRows_to` is save, rows, to."""
    return [word.lower() for word in _WORD.findall(name)]


@dataclass(frozen=True, slots=True)
class Callee:
    """What a call calls: `full` resolved as far as it can be, the last name, the text and the resolved origin of the receiver."""

    full: str
    name: str
    receiver: str
    origin: str


@dataclass(slots=True)
class Names:
    """The names of one file."""

    index: Index
    _callees: dict[ast.Call, Callee] = field(default_factory=dict)

    def callee(self, call: ast.Call) -> Callee:
        """Return what `call` calls."""
        known = self._callees.get(call)
        if known is None:
            known = self._callees[call] = self._callee(call)
        return known

    def _callee(self, call: ast.Call) -> Callee:
        func = call.func
        scope = self.index.scope(call)
        if isinstance(func, ast.Attribute):
            owner = scope.of_class
            if isinstance(func.value, ast.Name) and func.value.id in {"self", "cls"} and owner is not None:
                return Callee(f"{owner.name}.{func.attr}", func.attr, func.value.id, owner.name)
            origin = self.origin(func.value, scope)
            return Callee(f"{origin}.{func.attr}" if origin else func.attr, func.attr, dotted(func.value), origin)
        if isinstance(func, ast.Name):
            full = self.origin(func, scope)
            return Callee(full, func.id, "", "")
        return Callee("", last_name(func), "", "")

    def origin(self, node: ast.AST, scope: Scope, depth: int = 0) -> str:
        """Return where the value of `node` comes from: `google.cloud.bigquery.Client` for a client made by it."""
        if depth > _DEEPEST:
            return ""
        if isinstance(node, ast.Await):
            return self.origin(node.value, scope, depth)
        if isinstance(node, ast.Call):
            return self.origin(node.func, scope, depth + 1)
        if isinstance(node, ast.Attribute):
            return self._attribute(node, scope, depth)
        if isinstance(node, ast.Name):
            return self._name(node.id, scope, depth)
        return ""

    def _attribute(self, node: ast.Attribute, scope: Scope, depth: int) -> str:
        owner = scope.of_class
        if isinstance(node.value, ast.Name) and node.value.id == "self" and owner is not None:
            made = owner.values.get(f"self.{node.attr}")
            if made is not None and depth < _DEEPEST:
                inside = owner.members.get("__init__", scope)
                found = self.origin(made, inside, depth + 1)
                return found or f"self.{node.attr}"
            noted = owner.notes.get(node.attr)
            if noted is not None:
                return self.annotation(noted, owner)
            return f"{owner.name}.{node.attr}" if node.attr in owner.members else f"self.{node.attr}"
        base = self.origin(node.value, scope, depth + 1)
        of_class = self.index.module.members.get(base.rpartition(".")[2])
        if of_class is not None and node.attr in of_class.notes:
            return self.annotation(of_class.notes[node.attr], of_class)
        return f"{base}.{node.attr}" if base else node.attr

    def _name(self, name: str, scope: Scope, depth: int) -> str:
        at: Scope | None = scope
        while at is not None:
            if name in at.values and depth < _DEEPEST:
                made = at.values[name]
                if not (isinstance(made, ast.Name) and made.id == name):
                    found = self.origin(made, at, depth + 1)
                    if found:
                        return found
            if name in at.notes:
                return self.annotation(at.notes[name], at)
            if at.kind != "class" and name in at.members:
                return at.members[name].name
            if name in at.bound and (name not in self.index.imports or at.kind == "function"):
                return self.index.imports.get(name, name)  # imported in the function itself
            at = at.parent
        return self.index.imports.get(name, name)

    def annotation(self, node: ast.AST, scope: Scope) -> str:
        """Return the class that an annotation names: `Client` for `Client | None` and for `Optional[Client]`."""
        if isinstance(node, ast.BinOp):
            return self.annotation(node.left, scope)
        if isinstance(node, ast.Subscript) and last_name(node.value) in {"Optional", "Annotated", "Final", "ClassVar"}:
            inner = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
            return self.annotation(inner, scope)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            head, _, rest = node.value.partition(".")
            full = self.index.imports.get(head, head)
            return f"{full}.{rest}" if rest else full
        if isinstance(node, ast.Attribute | ast.Name):
            text = dotted(node)
            head, _, rest = text.partition(".")
            full = self.index.imports.get(head, head)
            return f"{full}.{rest}" if rest else full
        return ""

    def text(self, node: ast.AST | None, scope: Scope, depth: int = 0) -> str | None:
        """Return the text that `node` is known to be: a literal, or a name of one; an f-string's unknown parts stay `{name}`."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, str) else None
        if isinstance(node, ast.JoinedStr):
            return "".join(self._part(part, scope, depth) for part in node.values)
        if isinstance(node, ast.BinOp):
            return self.text(node.left, scope, depth + 1)
        if isinstance(node, ast.Call):
            inner = node.func.value if isinstance(node.func, ast.Attribute) and node.func.attr == "format" else None
            wrapped = node.args[0] if node.args and last_name(node.func) in {"text", "SQL", "dedent", "sql"} else None
            return self.text(inner or wrapped, scope, depth + 1) if depth < _DEEPEST else None
        if isinstance(node, ast.Name | ast.Attribute) and depth < _DEEPEST:
            return self._known(node, scope, depth)
        return None

    def _part(self, part: ast.expr, scope: Scope, depth: int) -> str:
        if isinstance(part, ast.Constant):
            return str(part.value)
        inner = part.value if isinstance(part, ast.FormattedValue) else part
        if depth < 2 and isinstance(inner, ast.Name | ast.Attribute):  # noqa: PLR2004 -- two steps
            return self.text(inner, scope, depth + 1) or f"{{{last_name(inner)}}}"
        return f"{{{last_name(inner)}}}"

    def _known(self, node: ast.Name | ast.Attribute, scope: Scope, depth: int) -> str | None:
        if isinstance(node, ast.Attribute):
            owner = scope.of_class
            if owner is None:
                return None
            made = owner.values.get(f"self.{node.attr}") or owner.values.get(node.attr)
            return self.text(made, owner, depth + 1)
        at: Scope | None = scope
        while at is not None:
            if node.id in at.values:
                return self.text(at.values[node.id], at, depth + 1)
            at = at.parent
        return None


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """Return the value of a keyword argument."""
    return next((given.value for given in call.keywords if given.arg == name), None)


def constant(node: ast.AST | None) -> object:
    """Return the value of a literal, None for anything else."""
    return node.value if isinstance(node, ast.Constant) else None
