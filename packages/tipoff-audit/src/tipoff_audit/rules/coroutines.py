"""Coroutines that are called and not awaited: nothing of them is done, and asked for a truth value they are always true."""

import ast
from typing import Any

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import FUNCTIONS, Scope
from tipoff_audit.reading.names import last_name, words

_OF_ASYNCIO = frozenset({"asyncio.sleep", "asyncio.wait_for", "asyncio.wait", "asyncio.to_thread", "anyio.sleep"})
_HARMLESS = frozenset({"abstractmethod", "override", "staticmethod", "classmethod"})  # decorators: it stays a coroutine
_ENDS = frozenset(
    {"close", "aclose", "shutdown", "stop", "disconnect", "cleanup", "cancel"}
)  # the process ends all the same
_NOTHING_DONE = "is not awaited: nothing of it is done"
_ALWAYS_TRUE = "is not awaited: as a condition it is always true, and nothing of it is done"


def unawaited(file: File) -> None:
    """Report coroutines of this file, and of asyncio, that are called and let go, or asked whether they are true."""
    own: dict[str, list[Scope]] = {}
    for scope in file.index.scopes:
        if isinstance(scope.node, FUNCTIONS):
            own.setdefault(scope.name, []).append(scope)
    for call in file.index.calls:
        how = _used(file, call)
        if not how:
            continue
        full = file.names.callee(call).full
        here = own.get(full, [])
        if full in _OF_ASYNCIO or (len(here) == 1 and is_coroutine(here[0]) and not _decorated(here[0])):
            message = f"`{last_name(call.func)}` is a coroutine and {how}"
            ends = set(words(last_name(call.func))) & _ENDS or file.scope(call).name.endswith("__del__")
            level = Level.WARNING if ends else Level.ERROR
            file.say("ignored-result", call, level, f"{message}; write `await`", guards="work")


def _used(file: File, call: ast.Call) -> str:
    """Return what is wrong where a coroutine stands like this: let go, or a condition; "" where it may be right."""
    node: ast.AST = call
    parent = file.index.up.get(node)
    if isinstance(parent, ast.Expr):
        return _NOTHING_DONE
    while isinstance(parent, ast.BoolOp) or (isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not)):
        node, parent = parent, file.index.up.get(parent)
    asked = isinstance(parent, ast.If | ast.While | ast.IfExp | ast.Assert) and parent.test is node
    is_part = node is not call and isinstance(node, ast.UnaryOp)
    return _ALWAYS_TRUE if asked or is_part else ""


def is_coroutine(scope: Scope) -> bool:
    """Whether a function is a coroutine: asynchronous, and no generator."""
    return isinstance(scope.node, ast.AsyncFunctionDef) and not any(
        isinstance(part, ast.Yield) for part in ast.walk(scope.node)
    )


def _decorated(scope: Scope) -> bool:
    return isinstance(scope.node, FUNCTIONS) and any(
        last_name(decorator) not in _HARMLESS for decorator in scope.node.decorator_list
    )


def defined(file: File) -> list[list[Any]]:
    """Return the names of the functions of this file: those that are coroutines for certain, and all others."""
    functions = [scope for scope in file.index.scopes if isinstance(scope.node, FUNCTIONS)]
    made = {scope.name.rpartition(".")[2] for scope in functions if is_coroutine(scope) and not _decorated(scope)}
    others = {scope.name.rpartition(".")[2] for scope in functions if not is_coroutine(scope) or _decorated(scope)}
    return [[sorted(made), sorted(others)]] if made or others else []


def let_go(file: File) -> list[list[Any]]:
    """Return the calls of others' methods, in coroutines, that are let go or asked whether they are true.

    Each: name, what is wrong if it is a coroutine, line, column, last line, text, symbol. A name of one word is everybody's.
    """
    found = []
    for call in file.index.calls:
        name = last_name(call.func)
        if not isinstance(call.func, ast.Attribute) or len(words(name)) < 2:  # noqa: PLR2004
            continue
        scope = file.scope(call)
        how = _used(file, call) if isinstance(scope.node, ast.AsyncFunctionDef) else ""
        if how:
            text = file.index.line(call.lineno)
            place = [call.lineno, call.col_offset + 1, call.end_lineno or call.lineno]
            found.append([name, how, *place, text, scope.name])
    return found
