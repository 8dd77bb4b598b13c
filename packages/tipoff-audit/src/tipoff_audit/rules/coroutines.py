"""Coroutines that are called and not awaited: nothing of them is done, and asked for a truth value they are always true."""

import ast
from collections.abc import Mapping
from typing import Any

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import FUNCTIONS, Scope
from tipoff_audit.reading.names import dotted, last_name, words
from tipoff_audit.reading.words import these

_OF_ASYNCIO = frozenset({"asyncio.sleep", "asyncio.wait_for", "asyncio.wait", "asyncio.to_thread", "anyio.sleep"}) | {
    f"asyncio.{made}"
    for made in ("Queue.put", "Queue.get", "Queue.join", "Event.wait", "Lock.acquire", "Semaphore.acquire")
}
_HARMLESS = frozenset(  # decorators: it stays a coroutine
    {
        "abstractmethod",
        "override",
        "staticmethod",
        "classmethod",
        "alru_cache",
        "retry",
        "on_exception",
        "on_predicate",
        "backoff",
    }
)
_ENDS = frozenset(
    {"close", "aclose", "shutdown", "stop", "disconnect", "cleanup", "cancel"}
)  # the process ends all the same
_DEEPEST = 6  # classes above
_NOTHING_DONE = "is not awaited: nothing of it is done"
_KEPT = "is not awaited: what is kept is no value, and nothing of it is done"
_ALWAYS_TRUE = "is not awaited: as a condition it is always true, and nothing of it is done"


def unawaited(file: File) -> None:
    """Report coroutines of this file, and of asyncio, that are called and let go, or asked whether they are true."""
    own: dict[str, list[Scope]] = {}
    for scope in file.index.scopes:
        if isinstance(scope.node, FUNCTIONS):
            own.setdefault(scope.name, []).append(scope)
    awaited: set[str] | None = None
    for call in file.index.calls:
        how = _used(file, call)
        if not how:
            continue
        full = file.names.callee(call).full
        here = own.get(full) or _inherited(file, call, own)
        if (
            full in _OF_ASYNCIO
            or _is_wrapped(call)
            or (len(here) == 1 and is_coroutine(here[0]) and not _decorated(here[0]))
        ):
            message = f"`{last_name(call.func)}` is a coroutine and {how}"
            ends = set(words(last_name(call.func))) & _ENDS or file.scope(call).name.endswith("__del__")
            is_slight = ends or _is_begun_later(file, call) or _is_awaited_by_others(file, call)
            level = Level.NOTE if is_slight or _does_nothing(file, here) else Level.WARNING
            if level is Level.WARNING and _writes(file, here):
                level, message = Level.ERROR, f"{message}, and what it would write is lost"
            file.say("ignored-result", call, level, f"{message}; write `await`", guards="work")
        elif isinstance(file.scope(call).node, ast.AsyncFunctionDef) and how == _NOTHING_DONE and not here:
            awaited = _awaited(file) if awaited is None else awaited
            if dotted(call.func) in awaited:
                message = (
                    f"`{dotted(call.func)}` is awaited elsewhere in this file, and not here: nothing of it is done"
                )
                file.say("ignored-result", call, Level.NOTE, f"{message}; write `await`", guards="work")


def returned_unawaited(file: File) -> None:
    """Report coroutines of this file that another one returns as they are, where all others await them."""
    functions = [scope for scope in file.index.scopes if isinstance(scope.node, ast.AsyncFunctionDef)]
    if not functions:
        return
    made = {scope.name for scope in functions if is_coroutine(scope) and not _decorated(scope)}
    for call in file.index.calls:
        full = file.names.callee(call).full
        scope = file.scope(call)
        if full not in made or not isinstance(file.index.up.get(call), ast.Return) or not is_coroutine(scope):
            continue
        asked = [file.index.up.get(one) for one in file.index.calls if file.names.callee(one).full == full]
        n_awaited = sum(isinstance(one, ast.Await) for one in asked)
        if n_awaited > sum(isinstance(one, ast.Return) for one in asked):
            message = (
                f"`{last_name(call.func)}` is a coroutine and is handed on as it is: who awaits this one gets another"
            )
            file.say("ignored-result", call, Level.NOTE, f"{message}; write `await`", guards="work")


def _does_nothing(file: File, here: list[Scope]) -> bool:
    """Whether the coroutine calls nothing but the log: a line is all that is missed."""
    return len(here) == 1 and {file.effects.of(call).kind for call in here[0].calls} == {"log"}


def _writes(file: File, here: list[Scope]) -> bool:
    """Whether the coroutine writes, for certain: rows, a file, a store."""
    calls = [call for scope in here for call in scope.calls]
    return any(effect.kind == "write" and effect.sure for call in calls for effect in file.effects.through(call))


def _is_begun_later(file: File, call: ast.Call) -> bool:
    """Whether the function hands the coroutine to somebody else as well: a timer, or a listener."""
    name = dotted(call.func)
    return any(
        dotted(given) == name
        for other in file.scope(call).calls
        for given in [*other.args, *(one.value for one in other.keywords)]
    )


def _is_awaited_by_others(file: File, call: ast.Call) -> bool:
    """Whether it is let go where an object is made, and whoever makes one awaits it: `await made.begin()`."""
    if not file.scope(call).name.endswith(".__init__") or not dotted(call.func).startswith("self."):
        return False
    name = last_name(call.func)
    return any(other.endswith(f".{name}") and not other.startswith("self.") for other in _awaited(file))


def _is_wrapped(call: ast.Call) -> bool:
    """Whether it is `sync_to_async(function)(…)`."""
    return isinstance(call.func, ast.Call) and last_name(call.func.func) == "sync_to_async"


def _awaited(file: File) -> set[str]:
    """Return the methods that the file awaits somewhere."""
    calls = [call for call in file.index.calls if isinstance(file.index.up.get(call), ast.Await)]
    return {dotted(call.func) for call in calls if isinstance(call.func, ast.Attribute)}


def _inherited(file: File, call: ast.Call, own: Mapping[str, list[Scope]], depth: int = 0) -> list[Scope]:
    """Return the method of a base class in this file that `self.name()` calls."""
    at, func = file.scope(call).of_class, call.func
    if not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name) or func.value.id != "self":
        return []
    while at is not None and isinstance(at.node, ast.ClassDef) and depth < _DEEPEST:
        found = own.get(f"{at.name}.{func.attr}")
        if found:
            return found
        if len(at.node.bases) != 1:
            return []
        base = file.names.origin(at.node.bases[0], file.index.module)
        at = next((scope for scope in file.index.scopes if scope.name == base and scope.kind == "class"), None)
        depth += 1
    return []


def _used(file: File, call: ast.Call) -> str:
    """Return what is wrong where a coroutine stands like this: let go, or a condition; "" where it may be right."""
    node: ast.AST = call
    parent = file.index.up.get(node)
    if isinstance(parent, ast.Expr):
        return _NOTHING_DONE
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
        return _ALWAYS_TRUE if _is_only_asked(file, call, parent.targets[0].id) else ""
    while isinstance(parent, ast.BoolOp) or (isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.Not)):
        node, parent = parent, file.index.up.get(parent)
    asked = isinstance(parent, ast.If | ast.While | ast.IfExp | ast.Assert) and parent.test is node
    is_part = node is not call and isinstance(node, ast.UnaryOp)
    return _ALWAYS_TRUE if asked or is_part else ""


def _is_only_asked(file: File, call: ast.Call, name: str) -> bool:
    """Whether the function asks the name whether it is true, and does nothing else with it."""
    scope = file.scope(call)
    loads = file.index.loads(scope, name) if scope.kind == "function" and len(scope.bound.get(name, ())) == 1 else []
    above = [(file.index.up.get(load), load) for load in loads]
    return bool(loads) and all(
        isinstance(one, ast.If | ast.While | ast.IfExp) and one.test is load for one, load in above
    )


def _declared(file: File, call: ast.Call) -> str:
    """Return the class, after a `*`, that the signature declares the receiver to be: of an argument, or kept of one in `self`."""
    func, scope = call.func, file.scope(call)
    if not isinstance(func, ast.Attribute):
        return ""
    if isinstance(func.value, ast.Name) and isinstance(scope.node, FUNCTIONS):
        found = _of_arguments(scope.node).get(func.value.id, "")
        return f"*{found}" if found else ""
    if not dotted(func.value).startswith("self.") or dotted(func.value).count(".") != 1 or scope.of_class is None:
        return ""
    begun = f"{scope.of_class.name}.__init__"
    for made in file.index.scopes:
        if made.name == begun and isinstance(made.node, FUNCTIONS):
            given = _of_arguments(made.node)
            for one in made.assigns:
                if dotted(one.targets[0]) == dotted(func.value) and isinstance(one.value, ast.Name):
                    found = given.get(one.value.id, "")
                    return f"*{found}" if found else ""
    return ""


def _of_arguments(node: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, str]:
    """Return the classes of the arguments of a function, by their names."""
    given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return {one.arg: last_name(one.annotation) for one in given if isinstance(one.annotation, ast.Name | ast.Attribute)}


_RUNS_OTHERS = these(
    """gather create task tasks ensure future run wait shield spawn schedule submit append add put isawaitable iscoroutine await
    retry limit bounded timeout start execute coroutine coroutines async loop call print"""
)


def _is_kept(file: File, call: ast.Call) -> bool:
    """Whether what is not awaited is kept under a name, and all that reads it takes it for the value itself."""
    above, scope = file.index.up.get(call), file.scope(call)
    if not isinstance(above, ast.Assign) or len(above.targets) != 1 or not isinstance(above.targets[0], ast.Name):
        return False
    name = above.targets[0].id
    loads = file.index.loads(scope, name) if len(scope.bound.get(name, ())) == 1 else []
    return bool(loads) and all(_is_value(file, node) for node in loads)


def _is_value(file: File, node: ast.Name) -> bool:
    above = file.index.up.get(node)
    if isinstance(above, ast.keyword):
        above = file.index.up.get(above)
    if isinstance(above, ast.Call):
        return above.func is not node and not set(words(last_name(above.func))) & _RUNS_OTHERS
    return isinstance(above, ast.Subscript | ast.FormattedValue | ast.Compare | ast.BinOp | ast.Dict)


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
    """Return the names of the functions of this file: those that are coroutines for certain, all others, and methods in full."""
    functions = [scope for scope in file.index.scopes if isinstance(scope.node, FUNCTIONS)]
    made = {scope.name.rpartition(".")[2] for scope in functions if is_coroutine(scope) and not _decorated(scope)}
    others = {scope.name.rpartition(".")[2] for scope in functions if not is_coroutine(scope) or _decorated(scope)}
    methods = [scope.name for scope in functions if scope.of_class is not None and is_coroutine(scope)]
    return [[sorted(made), sorted(others), sorted(methods)]] if made or others else []


def let_go(file: File) -> list[list[Any]]:
    """Return the calls of others' methods, in coroutines, that are let go or asked whether they are true.

    Each: name, what is wrong if it is a coroutine, line, column, last line, text, symbol, the class on whose self it is
    called. Without that a name of one word is everybody's.
    """
    found = []
    for call in file.index.calls:
        name = last_name(call.func)
        scope = file.scope(call)
        is_own = dotted(call.func) == f"self.{name}" and scope.of_class is not None
        is_imported = isinstance(call.func, ast.Name) and "." in file.index.imports.get(name, "")
        declared = _declared(file, call)
        is_known = is_own or bool(declared)
        if not (isinstance(call.func, ast.Attribute) or is_imported) or (len(words(name)) < 2 and not is_known):  # noqa: PLR2004
            continue
        how = _used(file, call) if isinstance(scope.node, ast.AsyncFunctionDef) or is_imported else ""
        if (
            (is_imported or declared)
            and not how
            and isinstance(scope.node, ast.AsyncFunctionDef)
            and _is_kept(file, call)
        ):
            how = _KEPT
        if how:
            text = file.index.line(call.lineno)
            place = [call.lineno, call.col_offset + 1, call.end_lineno or call.lineno]
            found.append(
                [name, how, *place, text, scope.name, scope.of_class.name if is_own and scope.of_class else declared]
            )
    return found
