"""What nobody ever gives: a branch that an argument opens is closed where every call leaves the argument as it is."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tipoff_audit.finding import Finding
from tipoff_audit.project.reach import Reach
from tipoff_audit.project.texts import Sources, strings
from tipoff_audit.reading.index import FUNCTIONS, Index, Scope
from tipoff_audit.reading.names import last_name

_DEEPEST = 3  # functions that hand on what they were given
_PLAIN = frozenset(
    {"staticmethod", "classmethod", "property", "abstractmethod", "override", "asynccontextmanager", "contextmanager"}
)
_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_CLOSED = {  # by what is asked of a value: the kinds of values of which none can open it
    "true": {"none", "false"},
    "false": {"true"},
    "none": {"true", "false", "some"},
    "some": {"none"},
}
_TURNED = {"true": "false", "false": "true", "none": "some", "some": "none"}


@dataclass
class Given:
    """Who gives which argument, asked for one by one."""

    sources: Sources
    reach: Reach

    def why_closed(self, finding: Finding) -> str:
        """Return which argument nobody gives, so that nobody comes to the finding's line; "" where somebody may come."""
        name = finding.symbol.rpartition(".")[2]
        own = self.sources.one(finding.path, name) if name else None
        scope = next((one for one in own.scopes if one.name == finding.symbol), None) if own is not None else None
        if own is None or scope is None or scope.kind != "function":
            return ""
        nodes = (node for node in ast.walk(scope.node) if getattr(node, "lineno", 0) == finding.line)
        node = next((one for one in nodes if isinstance(one, ast.stmt | ast.ExceptHandler | ast.expr)), None)
        return self._closed(own, node, 0) if node is not None else ""

    def _closed(self, own: Index, node: ast.AST, depth: int) -> str:
        scope = _function(own, node)
        if scope is None:
            return ""
        for test, wanted in _conditions(own, node, scope):
            for part, asked in _asked(test, wanted):
                if why := self._never(own, scope, part, asked, depth):
                    return why
        why = ""
        for other, call in self._calls(own, scope) if depth < _DEEPEST else ():
            why = self._closed(other, call, depth + 1)
            if not why:
                break
        return why

    def _never(self, own: Index, scope: Scope, part: ast.expr, asked: str, depth: int) -> str:
        """Return that the condition's part is never what is asked of it."""
        name = last_name(part)
        taker: Scope | None = scope
        if isinstance(part, ast.Attribute):
            taker, name = self._attribute(own, scope, part.attr)
        elif any(min(scope.bound[name]) < line <= part.lineno for line in scope.bound.get(name, ())):
            return ""
        kinds = self._kinds(own, taker, name, depth) if taker is not None and name else set()
        if not kinds or not kinds <= _CLOSED[asked]:
            return ""
        what = "always" if asked == "none" else "never"
        return f"nobody comes there: `{name}` of `{_called(taker)}` is {what} given" if taker is not None else ""

    def _attribute(self, own: Index, scope: Scope, name: str) -> tuple[Scope | None, str]:
        """Return the `__init__` that alone sets an attribute, and its argument that it is set to."""
        owner = scope.of_class
        first = owner.members.get("__init__") if owner is not None else None
        if first is None:
            return None, ""
        for _, other in self.sources.python(name):
            for node in other.up:
                is_set = isinstance(node, ast.Attribute) and node.attr == name and not isinstance(node.ctx, ast.Load)
                if is_set and not (other is own and other.scope(node) is first):
                    return None, ""
        values = [
            one.value for one in first.assigns if any(ast.unparse(target) == f"self.{name}" for target in one.targets)
        ]
        notes = [
            node.value
            for node in ast.walk(first.node)
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == f"self.{name}"
        ]
        values += [one for one in notes if one is not None]
        value = values[0] if len(values) == 1 else None
        return (first, value.id) if isinstance(value, ast.Name) else (None, "")

    def _kinds(self, own: Index, scope: Scope, name: str, depth: int) -> set[str]:
        """Return the kinds of values that are given for an argument; none where nobody knows all who give it."""
        node = scope.node
        if not isinstance(node, FUNCTIONS) or depth > _DEEPEST:
            return set()
        places = [one.arg for one in [*node.args.posonlyargs, *node.args.args]]
        if name not in {*places, *(one.arg for one in node.args.kwonlyargs)}:
            return set()
        is_method = scope.parent is not None and scope.parent.kind == "class"
        found: set[str] = set()
        for other, call in self._calls(own, scope):
            if any(isinstance(one, ast.Starred) for one in call.args) or any(one.arg is None for one in call.keywords):
                return set()
            place = places.index(name) - is_method if name in places else len(call.args)
            value = next((one.value for one in call.keywords if one.arg == name), None)
            if value is None:
                value = call.args[place] if 0 <= place < len(call.args) else _default(node, name)
            kinds = self._kind(other, call, value, depth)
            if not kinds:
                return set()
            found |= kinds
        return found

    def _kind(self, own: Index, call: ast.Call, value: ast.expr | None, depth: int) -> set[str]:
        if value is None:
            return set()
        if isinstance(value, ast.Constant):
            return {"none" if value.value is None else "true" if value.value else "false"}
        scope = _function(own, call)
        if (
            isinstance(value, ast.Name)
            and scope is not None
            and isinstance(scope.node, FUNCTIONS)
            and value.id in scope.bound
        ):
            lines = scope.bound[value.id]
            if lines == [scope.node.lineno]:
                return self._kinds(own, scope, value.id, depth + 1)
        is_choice = any(isinstance(part, ast.Constant) and part.value is None for part in ast.walk(value))
        return set() if is_choice else {"some"}

    def _calls(self, own: Index, scope: Scope) -> list[tuple[Index, ast.Call]]:
        """Return who calls the function, or makes its class; none where it may be called otherwise, or others bear its name."""
        name = _called(scope)
        node = scope.node
        marks = {last_name(mark) for mark in getattr(node, "decorator_list", ())}
        module = self.reach.modules.get(own.path)
        is_hook = name.startswith("__") or (scope.parent is not None and scope.parent.kind == "function")
        if marks - _PLAIN or is_hook or module is None or module.is_offered or len(name) < len("x_y"):
            return []
        if any(not path.endswith((".py", ".md")) for path, _ in self.sources.holding(name)):
            return []  # a setting or a script may call it
        found = []
        for path, other in self.sources.python(name):
            head = len(other.module.name) + 1
            if any(one.name.rpartition(".")[2] == name and one is not _named(scope) for one in other.scopes):
                return []
            calls = {id(call.func): call for call in other.calls if last_name(call.func) == name}
            dead = {id(part) for one in other.dead for part in ast.walk(one)}
            for node_ in _uses(other, name):
                call = calls.get(id(node_))
                if call is None and not _is_note(other, node_):
                    return []
                if (
                    call is not None
                    and id(call) not in dead
                    and not self.reach.why_not(path, other.scope(call).name[head:])
                ):
                    found.append((other, call))
        return found


def _named(scope: Scope) -> Scope:
    is_first = scope.name.endswith(".__init__") and scope.parent is not None
    return scope.parent if is_first and scope.parent is not None else scope


def _called(scope: Scope) -> str:
    """Return the name by which the function is called: of `__init__`, its class's."""
    return _named(scope).name.rpartition(".")[2]


def _function(own: Index, node: ast.AST) -> Scope | None:
    above = next((one for one in own.parents(node) if isinstance(one, FUNCTIONS)), None)
    return own.scope_of[above] if above is not None else None


def _uses(own: Index, name: str) -> Iterator[ast.AST]:
    """Yield where a file names it, but for its definition and its import; a text that is its name may call it."""
    for node in own.up:
        if isinstance(node, ast.Name | ast.Attribute) and last_name(node) == name and isinstance(node.ctx, ast.Load):
            yield node
    yield from (node for node in strings(own) if node.value == name and not _is_offered(own, node))


def _is_offered(own: Index, node: ast.AST) -> bool:
    return any(isinstance(one, ast.Assign) and last_name(one.targets[0]) == "__all__" for one in own.parents(node))


def _is_note(own: Index, node: ast.AST) -> bool:
    """Whether it stands in an annotation, or asks what something is."""
    child = node
    for above in own.parents(node):
        if isinstance(above, ast.arg) or (isinstance(above, ast.AnnAssign) and above.annotation is child):
            return True
        if isinstance(above, FUNCTIONS):
            return above.returns is child
        if isinstance(above, ast.Call):
            return last_name(above.func) == "isinstance"
        child = above
    return False


def _conditions(own: Index, node: ast.AST, scope: Scope) -> Iterator[tuple[ast.expr, bool]]:
    """Yield what must be so, or must not, where somebody comes to the node: branches around it, and exits before it."""
    child = node
    for above in own.parents(node):
        if isinstance(above, ast.If | ast.IfExp):
            body = above.body if isinstance(above.body, list) else [above.body]
            orelse = above.orelse if isinstance(above.orelse, list) else [above.orelse]
            if child in body or child in orelse:
                yield above.test, child in body
        for name in ("body", "orelse", "finalbody"):
            block = getattr(above, name, None)
            if isinstance(block, list) and child in block:
                before = (one for one in block[: block.index(child)] if isinstance(one, ast.If) and not one.orelse)
                yield from ((one.test, False) for one in before if isinstance(one.body[-1], _LEAVES))
        if above is scope.node:
            return
        first = above.body[0] if isinstance(child, ast.ExceptHandler) and isinstance(above, ast.Try) else None
        if isinstance(first, ast.If) and not first.orelse and isinstance(first.body[-1], _LEAVES):
            yield first.test, False  # what failed came after it
        child = above


def _asked(test: ast.expr, wanted: bool) -> Iterator[tuple[ast.expr, str]]:  # noqa: FBT001 -- what the test must be
    """Yield the names of which the test asks something, and what."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield from _asked(test.operand, not wanted)
    elif isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And if wanted else ast.Or):
        for one in test.values:
            yield from _asked(one, wanted)
    elif isinstance(test, ast.Name) or (isinstance(test, ast.Attribute) and ast.unparse(test.value) == "self"):
        yield test, "true" if wanted else "false"
    elif isinstance(test, ast.Compare) and len(test.ops) == 1 and ast.unparse(test.comparators[0]) == "None":
        asked = "none" if isinstance(test.ops[0], ast.Is | ast.Eq) else "some"
        yield from ((part, asked if wanted else _TURNED[asked]) for part, _ in _asked(test.left, wanted=True))


def _default(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> ast.expr | None:
    places = [*node.args.posonlyargs, *node.args.args]
    ahead = len(places) - len(node.args.defaults)
    for at, one in enumerate(places):
        if one.arg == name and at >= ahead:
            return node.args.defaults[at - ahead]
    return next(
        (value for one, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if one.arg == name), None
    )
