"""Fixes of Python, on a syntax tree that keeps every blank and comment: a missing `f`, a naive now, a handler that raises."""

import ast
import builtins
from collections.abc import Collection, Mapping

import libcst as cst
from libcst import matchers as m
from libcst.codemod import CodemodContext
from libcst.codemod.visitors import AddImportsVisitor
from libcst.metadata import MetadataWrapper, PositionProvider

TREE_FIXES = frozenset({"missing-f", "naive-now", "handler-raises"})
_NOW = {"now", "utcnow", "today"}
_FROM = {"fromtimestamp", "utcfromtimestamp"}


def mended(text: str, wanted: Mapping[int, Collection[str]]) -> str:
    """Return `text` with the rules of each line of `wanted` mended, where that is safe; else as it was.

    Raises:
        libcst.ParserSyntaxError: The text is newer Python than libcst reads.
    """
    if text.startswith("\ufeff"):
        return "\ufeff" + mended(text[1:], wanted)
    wrapper = MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    context = CodemodContext(wrapper=wrapper)
    mender = _Mender(context, wanted, _names_at(text))
    tree = wrapper.visit(mender)
    return AddImportsVisitor(context).transform_module(tree).code


class _Mender(m.MatcherDecoratableTransformer):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(
        self, context: CodemodContext, wanted: Mapping[int, Collection[str]], names: Mapping[int, frozenset[str]]
    ) -> None:
        super().__init__()
        self.context, self.wanted, self.names = context, wanted, names

    def _asks(self, node: cst.CSTNode, rule: str) -> bool:
        where = self.get_metadata(PositionProvider, node)
        return any(rule in self.wanted.get(line, ()) for line in range(where.start.line, where.end.line + 1))

    def leave_SimpleString(self, original_node: cst.SimpleString, updated_node: cst.SimpleString) -> cst.BaseExpression:  # noqa: N802
        if not self._asks(original_node, "missing-f"):
            return updated_node
        where = self.get_metadata(PositionProvider, original_node)
        return _with_f(updated_node, self.names.get(where.start.line, frozenset()))

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:  # noqa: N802
        if self._asks(original_node, "handler-raises"):
            return _keywords_outside(updated_node)
        if self._asks(original_node, "naive-now"):
            return self._aware(updated_node)
        return updated_node

    def _aware(self, call: cst.Call) -> cst.Call:
        """Give the clock a zone: UTC, from wherever `datetime` came."""
        if not m.matches(call.func, m.Attribute()):
            return call
        function = cst.ensure_type(call.func, cst.Attribute)
        name = function.attr.value
        n_wanted = 0 if name in _NOW else 1
        if name not in _NOW | _FROM or len(call.args) != n_wanted or any(arg.star or arg.keyword for arg in call.args):
            return call
        owner = function.value
        zone: cst.BaseExpression
        if m.matches(owner, m.Attribute(attr=m.Name("datetime"))):  # datetime.datetime.now, dt.datetime.now
            module = cst.ensure_type(owner, cst.Attribute).value
            zone = cst.Attribute(cst.Attribute(module.deep_clone(), cst.Name("timezone")), cst.Name("utc"))
        elif m.matches(owner, m.Name("datetime")):
            AddImportsVisitor.add_needed_import(self.context, "datetime", "timezone")
            zone = cst.Attribute(cst.Name("timezone"), cst.Name("utc"))
        else:  # date.today() has no zone to give
            return call
        aware = cst.Name("now" if name in _NOW else "fromtimestamp")
        return call.with_changes(func=function.with_changes(attr=aware), args=[*call.args, cst.Arg(zone)])


def _with_f(node: cst.SimpleString, names: frozenset[str]) -> cst.BaseExpression:
    prefix = node.prefix.lower()
    if set(prefix) & set("fbu") or "{{" in node.value or "}}" in node.value:
        return node
    text = "f" + node.value
    try:
        tree = ast.parse(text, mode="eval")
        made = cst.parse_expression(text)
    except (SyntaxError, cst.ParserSyntaxError):
        return node
    used = {one.id for one in ast.walk(tree) if isinstance(one, ast.Name)}
    return made if used and used <= names else node


def _keywords_outside(call: cst.Call) -> cst.Call:
    """Move keywords out of a `type(error, exc_info=True)`, which raises, to the call that they were meant for."""
    inside = m.Call(func=m.Name("type"), args=[m.Arg(keyword=None), m.AtLeastN(m.Arg(keyword=m.Name()), n=1)])
    moved: list[cst.Arg] = []
    args: list[cst.Arg] = []
    for arg in call.args:
        if m.matches(arg.value, inside):
            wrong = cst.ensure_type(arg.value, cst.Call)
            moved += wrong.args[1:]
            kind = wrong.with_changes(args=[wrong.args[0].with_changes(comma=cst.MaybeSentinel.DEFAULT)])
            args.append(arg.with_changes(value=kind))
        else:
            args.append(arg)
    given = {arg.keyword.value for arg in args if arg.keyword}
    args += [arg for arg in moved if arg.keyword and arg.keyword.value not in given]
    return call.with_changes(args=args) if moved else call


def _names_at(text: str) -> dict[int, frozenset[str]]:
    """Return, by line, the names that are bound there for certain: the module's, those of the functions around, the builtins."""
    tree = ast.parse(text)
    found: dict[int, frozenset[str]] = {}

    def note(body: list[ast.stmt], outer: frozenset[str], extra: frozenset[str]) -> None:
        names = outer | extra | _bound(body)
        for statement in body:
            for line in range(statement.lineno, (statement.end_lineno or statement.lineno) + 1):
                found[line] = names
        for inner in _functions(body):
            arguments = [
                *inner.args.posonlyargs,
                *inner.args.args,
                *inner.args.kwonlyargs,
                inner.args.vararg,
                inner.args.kwarg,
            ]
            note(inner.body, names, frozenset(one.arg for one in arguments if one))

    note(tree.body, frozenset(dir(builtins)), frozenset())
    return found


def _functions(body: list[ast.stmt]) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return the functions in `body` that are in no other function."""
    found: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.append(node)
        else:
            waiting.extend(ast.iter_child_nodes(node))
    return found


def _bound(body: list[ast.stmt]) -> frozenset[str]:
    """Return the names that `body` binds, outside the functions and classes in it."""
    names: set[str] = set()
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
        waiting.extend(ast.iter_child_nodes(node))
    return frozenset(names)
