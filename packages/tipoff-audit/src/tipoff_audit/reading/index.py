"""One walk over a tree: what the rules ask for, by kind, with each node's parent and scope."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from tipoff_audit.reading.source import Source
from tipoff_audit.reading.words import these

Function = ast.FunctionDef | ast.AsyncFunctionDef
FRAME_WRITERS = these(
    "to_csv to_parquet to_json to_excel to_feather to_pickle write_text write_bytes write_csv write_parquet"
)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_STRUCTURE = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)


@dataclass(slots=True, eq=False)
class Scope:
    """A module, a class or a function, and what is bound, called, raised and returned in it (inner functions apart)."""

    name: str
    node: ast.Module | ast.ClassDef | Function
    kind: Literal["module", "class", "function"]
    parent: "Scope | None" = None
    values: dict[str, ast.expr] = field(default_factory=dict)  # the last plain assignment to each name
    bound: dict[str, list[int]] = field(default_factory=dict)  # the lines on which each name is bound
    notes: dict[str, ast.expr] = field(default_factory=dict)  # annotations of names
    calls: list[ast.Call] = field(default_factory=list)
    returns: list[ast.Return] = field(default_factory=list)
    raises: list[ast.Raise] = field(default_factory=list)
    assigns: list[ast.Assign] = field(default_factory=list)
    named: set[str] = field(default_factory=set)  # every name that is read
    looked: set[str] = field(default_factory=set)  # every name that is looked up on something
    members: dict[str, "Scope"] = field(default_factory=dict)  # functions and classes that stand directly in it

    @property
    def of_class(self) -> "Scope | None":
        """The class in whose method this stands."""
        scope: Scope | None = self
        while scope is not None and scope.kind != "class":
            scope = scope.parent
        return scope

    def bind(self, name: str, line: int) -> None:
        """Remember that `name` is bound on `line`."""
        self.bound.setdefault(name, []).append(line)


@dataclass(slots=True, eq=False)
class Index:
    """A Python file, sorted by what the rules ask for, in the order of the text."""

    source: Source
    lines: list[str]
    module: Scope
    up: dict[ast.AST, ast.AST] = field(default_factory=dict)
    scope_of: dict[ast.AST, Scope] = field(default_factory=dict)  # of the nodes in the lists below
    scopes: list[Scope] = field(default_factory=list)
    imports: dict[str, str] = field(default_factory=dict)
    modules: list[tuple[ast.Import | ast.ImportFrom, Scope]] = field(default_factory=list)  # the statements that import
    calls: list[ast.Call] = field(default_factory=list)
    tries: list[ast.Try] = field(default_factory=list)
    withs: list[ast.With | ast.AsyncWith] = field(default_factory=list)
    loops: list[ast.For | ast.AsyncFor | ast.While] = field(default_factory=list)
    strings: list[ast.Constant] = field(default_factory=list)
    joined: list[ast.JoinedStr] = field(default_factory=list)
    compares: list[ast.Compare] = field(default_factory=list)
    binaries: list[ast.BinOp] = field(default_factory=list)
    ors: list[ast.BoolOp] = field(default_factory=list)
    dicts: list[ast.Dict] = field(default_factory=list)
    bare: list[ast.Attribute] = field(default_factory=list)  # attributes that stand alone, as statements
    attributes: set[str] = field(default_factory=set)  # every name that is looked up on something
    _inner: dict[Scope, tuple[ast.AST, ...]] = field(default_factory=dict)
    _loads: dict[Scope, dict[str, list[ast.Name]]] = field(default_factory=dict)
    _shared: dict[Scope, frozenset[str]] = field(default_factory=dict)
    loaded: set[str] = field(default_factory=set)  # every name that is read
    # what writes a whole frame or text to a file, by whose
    frames: dict[str, list[ast.Call]] = field(default_factory=dict)
    # statements to which nothing comes: what stands before them leaves
    dead: list[ast.stmt] = field(default_factory=list)
    is_script: bool = False  # somebody runs it by hand: it asks for `__main__`

    @property
    def path(self) -> str:
        """The file's path."""
        return self.source.path

    def parents(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what stands around `node`, from the inside out."""
        while (found := self.up.get(node)) is not None:
            yield found
            node = found

    def inner(self, scope: Scope) -> tuple[ast.AST, ...]:
        """Return all nodes of a scope, those of the functions that stand in it too; it is walked once."""
        if scope not in self._inner:
            self._inner[scope] = tuple(ast.walk(scope.node))
        return self._inner[scope]

    def shared(self, scope: Scope) -> frozenset[str]:
        """Return the names that a scope, or a function that stands in it, declares to be another's."""
        if scope not in self._shared:
            said = [node.names for node in self.inner(scope) if isinstance(node, ast.Global | ast.Nonlocal)]
            self._shared[scope] = frozenset(name for names in said for name in names)
        return self._shared[scope]

    def loads(self, scope: Scope, name: str) -> list[ast.Name]:
        """Return where a scope, or a function that stands in it, reads a name."""
        if scope not in self._loads:
            found = self._loads[scope] = {}
            for node in self.inner(scope):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    found.setdefault(node.id, []).append(node)
        return self._loads[scope].get(name, [])

    def scope(self, node: ast.AST) -> Scope:
        """Return the scope in which `node` stands."""
        while node not in self.scope_of:
            node = self.up[node]
        return self.scope_of[node]

    def line(self, number: int) -> str:
        """Return the stripped text of a line."""
        return self.lines[number - 1].strip() if 0 < number <= len(self.lines) else ""

    def segment(self, node: ast.expr) -> str:
        """Return the text of the lines on which `node` stands."""
        return "\n".join(self.lines[node.lineno - 1 : node.end_lineno])

    def literal(self, node: ast.expr) -> str:
        """Return the text of the lines on which `node` stands, with blanks where what is before and after it stands."""
        lines = self.lines[node.lineno - 1 : node.end_lineno]
        end = node.end_col_offset or 0
        lines[-1] = lines[-1].encode()[:end].decode(errors="replace")
        begin = len(lines[0].encode()[: node.col_offset].decode(errors="replace"))
        lines[0] = " " * begin + lines[0][begin:]
        return "\n".join(lines)


def index(source: Source, tree: ast.Module) -> Index:  # noqa: C901 -- one loop over all nodes, for speed
    """Walk over the tree once."""
    module = Scope(name=_module_name(source.path), node=tree, kind="module")
    found = Index(source=source, lines=source.text.split("\n"), module=module)
    found.is_script = '"__main__"' in source.text or "'__main__'" in source.text
    found.scope_of[tree] = module
    found.scopes.append(module)
    stack: list[tuple[ast.AST, Scope]] = [(child, module) for child in reversed(tree.body)]
    up = found.up
    for statement in tree.body:
        up[statement] = tree
    while stack:
        node, scope = stack.pop()
        enter = _ENTER.get(type(node))
        inner = (enter(found, node, scope) or scope) if enter else scope
        children: list[ast.AST] = []
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, list):
                children += [child for child in value if isinstance(child, ast.AST)]
            elif isinstance(value, ast.AST):
                children.append(value)
        outside = len(stack)
        for child in reversed(children):
            if isinstance(child, ast.Name):
                if isinstance(child.ctx, ast.Load):
                    found.loaded.add(child.id)
                    inner.named.add(child.id)
                else:
                    inner.bind(child.id, child.lineno)
                up[child] = node
            elif not isinstance(child, _STRUCTURE):
                up[child] = node
                stack.append((child, inner))
        if inner is not scope:
            _outside(node, scope, stack, outside)
    return found


def _outside(node: ast.AST, scope: Scope, stack: list[tuple[ast.AST, Scope]], begin: int) -> None:
    """Take decorators for the scope where the function stands: they are evaluated there."""
    outer = {id(decorator) for decorator in getattr(node, "decorator_list", ())}
    for place in range(begin, len(stack)):
        if id(stack[place][0]) in outer:
            stack[place] = (stack[place][0], scope)


def _module_name(path: str) -> str:
    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    if "src" in parts:
        parts = parts[parts.index("src") + 1 :]
    return ".".join(part for part in parts if part)


def _function(found: Index, node: ast.AST, scope: Scope) -> Scope:
    assert isinstance(node, FUNCTIONS)  # noqa: S101 -- by the table below
    scope.bind(node.name, node.lineno)
    inner = Scope(name=f"{scope.name}.{node.name}", node=node, kind="function", parent=scope)
    arguments = node.args
    extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]:
        inner.bind(argument.arg, node.lineno)
        if argument.annotation is not None:
            inner.notes[argument.arg] = argument.annotation
    scope.members[node.name] = inner
    found.scope_of[node] = inner
    found.scopes.append(inner)
    return inner


def _class(found: Index, node: ast.AST, scope: Scope) -> Scope:
    assert isinstance(node, ast.ClassDef)  # noqa: S101 -- by the table below
    scope.bind(node.name, node.lineno)
    inner = Scope(name=f"{scope.name}.{node.name}", node=node, kind="class", parent=scope)
    scope.members[node.name] = inner
    found.scope_of[node] = inner
    found.scopes.append(inner)
    return inner


def _call(found: Index, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.Call)  # noqa: S101 -- by the table below
    found.calls.append(node)
    found.scope_of[node] = scope
    scope.calls.append(node)
    if isinstance(node.func, ast.Attribute) and node.func.attr in FRAME_WRITERS:
        owner = getattr(node.func.value, "id", "") or getattr(node.func.value, "attr", "")
        found.frames.setdefault(owner, []).append(node)


def _assign(found: Index, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.Assign)  # noqa: S101 -- by the table below
    for target in node.targets:
        _value(target, node.value, scope)
    scope.assigns.append(node)
    found.scope_of[node] = scope


def _annotated(found: Index, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.AnnAssign)  # noqa: S101 -- by the table below
    if isinstance(node.target, ast.Name):
        scope.notes[node.target.id] = node.annotation
    if node.value is not None:
        _value(node.target, node.value, scope)
    found.scope_of[node] = scope


def _value(target: ast.expr, value: ast.expr, scope: Scope) -> None:
    if isinstance(target, ast.Name):
        scope.values[target.id] = value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, given in zip(target.elts, value.elts, strict=True):
            _value(one, given, scope)
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
        owner = scope.of_class
        if owner is not None:
            owner.values.setdefault(f"self.{target.attr}", value)


def _import(found: Index, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.Import | ast.ImportFrom)  # noqa: S101 -- by the table below
    origin = ""
    found.modules.append((node, scope))
    if isinstance(node, ast.ImportFrom):
        origin = _origin(found.module.name, node) + "."
    for alias in node.names:
        name = alias.asname or (alias.name if origin else alias.name.partition(".")[0])
        found.imports[name] = origin + alias.name if alias.asname or origin else name
        scope.bind(name, node.lineno)


def _origin(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    base = parts[: len(parts) - node.level] if len(parts) >= node.level else []
    return ".".join([*base, node.module] if node.module else base)


def _string(found: Index, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.Constant)  # noqa: S101 -- by the table below
    if isinstance(node.value, str) and len(node.value) > 5:  # noqa: PLR2004 -- shorter says nothing
        found.strings.append(node)
        found.scope_of[node] = scope


def _listed(name: str) -> Callable[[Index, ast.AST, Scope], None]:
    def enter(found: Index, node: ast.AST, scope: Scope) -> None:
        getattr(found, name).append(node)
        found.scope_of[node] = scope

    return enter


def _attribute(found: Index, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.Attribute)  # noqa: S101 -- by the table below
    found.attributes.add(node.attr)
    scope.looked.add(node.attr)
    if isinstance(found.up.get(node), ast.Expr):
        found.bare.append(node)
        found.scope_of[node] = scope


def _return(found: Index, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.Return)  # noqa: S101 -- by the table below
    scope.returns.append(node)
    _leave(found, node)


def _raise(found: Index, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.Raise)  # noqa: S101 -- by the table below
    scope.raises.append(node)
    _leave(found, node)


def _leave(found: Index, node: ast.stmt) -> None:
    """Remember what stands after a statement that always leaves: nothing comes there."""
    above = found.up[node]
    for name in ("body", "orelse", "finalbody"):
        block = getattr(above, name, None)
        if isinstance(block, list) and block and block[-1] is not node and node in block:
            found.dead += block[block.index(node) + 1 :]


def _if(found: Index, node: ast.AST, _scope: Scope) -> None:
    assert isinstance(node, ast.If)  # noqa: S101 -- by the table below
    if isinstance(node.test, ast.Constant) and not node.test.value:
        found.dead += node.body


def _handler(_found: Index, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.ExceptHandler)  # noqa: S101 -- by the table below
    if node.name:
        scope.bind(node.name, node.lineno)


def _or(found: Index, node: ast.AST, scope: Scope) -> None:
    assert isinstance(node, ast.BoolOp)  # noqa: S101 -- by the table below
    if isinstance(node.op, ast.Or):
        found.ors.append(node)
        found.scope_of[node] = scope


_ENTER: dict[type[ast.AST], Callable[[Index, ast.AST, Scope], Scope | None]] = {
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.ClassDef: _class,
    ast.Call: _call,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.Constant: _string,
    ast.JoinedStr: _listed("joined"),
    ast.Try: _listed("tries"),
    ast.TryStar: _listed("tries"),
    ast.With: _listed("withs"),
    ast.AsyncWith: _listed("withs"),
    ast.For: _listed("loops"),
    ast.AsyncFor: _listed("loops"),
    ast.While: _listed("loops"),
    ast.Compare: _listed("compares"),
    ast.BinOp: _listed("binaries"),
    ast.BoolOp: _or,
    ast.Dict: _listed("dicts"),
    ast.Attribute: _attribute,
    ast.If: _if,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.ExceptHandler: _handler,
}
