"""Handlers that fail themselves: the first error is lost, and with it whatever the handler was for."""

import ast
import builtins
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.handlers import breadth, caught_types, inside
from tipoff_audit.reading.index import FUNCTIONS
from tipoff_audit.reading.names import dotted, last_name, words
from tipoff_audit.reading.words import these

_OF_EVERY_ERROR = frozenset(dir(BaseException)) | {"add_note", "__notes__", "winerror"}
_LOGGING = frozenset({"exc_info", "stack_info", "stacklevel", "extra"})
_LEVELS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical", "fatal"})


def raising_handlers(file: File) -> None:
    """Report what would raise within a handler; words that a logger does not take once a file."""
    has_told = False
    for block in file.index.tries:
        unsafe = _bound_only_within(file, block)
        for handler in block.handlers:
            for node in inside(_alive(handler.body)):
                why = _raises(file, block, handler, node, unsafe)
                if why and has_told and "takes no argument" in why:
                    break
                if why:
                    has_told = has_told or "takes no argument" in why
                    file.say(
                        "handler-raises",
                        node,
                        Level.NOTE,
                        f"{why}: the handler itself raises, and the first error is lost",
                        guards="work",
                        line=getattr(node, "lineno", handler.lineno),
                    )
                    break


def _alive(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return the statements that can be reached."""
    ends = (ast.Raise, ast.Return, ast.Continue, ast.Break)
    last = next((place for place, node in enumerate(body) if isinstance(node, ends)), len(body))
    return body[: last + 1]


def returns_in_finally(file: File) -> None:
    """Report a `return`, `break` or `continue` in a `finally`: whatever was raised ends there."""
    for block in file.index.tries:
        for node in _own_jumps(block.finalbody):
            what = dotted(node.func) if isinstance(node, ast.Call) else type(node).__name__.lower()
            message = f"`{what}` in a `finally` takes every error that passes through it, also those that nobody meant to catch"
            file.say("swallowed-raise", node, Level.NOTE, f"{message}; put it after the block", guards="work")


def _own_jumps(body: list[ast.stmt]) -> list[ast.stmt | ast.Call]:
    """Return the jumps out of a finally: a break of a loop within it stays within it; an end of the process that is well, too."""
    found: list[ast.stmt | ast.Call] = []
    stack: list[tuple[ast.AST, bool]] = [(node, False) for node in body]
    while stack:
        node, looped = stack.pop()
        if isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            continue
        if isinstance(node, ast.Return) or (isinstance(node, ast.Break | ast.Continue) and not looped):
            found.append(node)
        if isinstance(node, ast.Call) and dotted(node.func) in {"os._exit", "sys.exit"} and _is_well(node):
            found.append(node)
        inner = looped or isinstance(node, ast.For | ast.AsyncFor | ast.While)
        stack += [(child, inner) for child in ast.iter_child_nodes(node)]
    return found


def _is_well(call: ast.Call) -> bool:
    return not call.args or (isinstance(call.args[0], ast.Constant) and call.args[0].value in {0, None})


def _raises(file: File, block: ast.Try, handler: ast.ExceptHandler, node: ast.AST, unsafe: dict[str, int]) -> str:
    if isinstance(node, ast.Call):
        return _wrong_call(file, node, handler)
    if isinstance(block, ast.TryStar):
        return ""  # what it names is a group
    if (
        isinstance(node, ast.Attribute)
        and handler.name
        and isinstance(node.value, ast.Name)
        and node.value.id == handler.name
    ):
        return _no_attribute(file, handler, node)
    if (
        isinstance(node, ast.Name)
        and isinstance(node.ctx, ast.Load)
        and node.id in unsafe
        and (
            breadth(handler) != "narrow"
            or (_is_of_io(handler) and _is_first(block, node.id))
            or _comes_of_earlier(file, block, handler, unsafe[node.id])
        )
    ):
        return _unbound(file, block, handler, node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and handler.name:
        for one, other in ((node.left, node.right), (node.right, node.left)):
            if (
                isinstance(one, ast.Name)
                and one.id == handler.name
                and (
                    isinstance(other, ast.JoinedStr)
                    or (isinstance(other, ast.Constant) and isinstance(other.value, str))
                )
            ):
                return f"`{handler.name}` is added to a string"
    return ""


_OF_IO = frozenset({"OSError", "IOError", "ConnectionError", "TimeoutError", "FileNotFoundError", "PermissionError"})


def _is_of_io(handler: ast.ExceptHandler) -> bool:
    return bool({last_name(kind) for kind in caught_types(handler)} & _OF_IO)


def _comes_of_earlier(file: File, block: ast.Try, handler: ast.ExceptHandler, bound_at: int) -> bool:
    """Whether the handler is for a library's errors, and what asks it stands before the name is bound, not after."""
    origins = [file.names.origin(kind, file.scope(block)) for kind in caught_types(handler)]
    libraries = {origin.partition(".")[0] for origin in origins if "." in origin}
    asks = [
        part.lineno
        for part in inside(block.body)
        if isinstance(part, ast.Call)
        and (
            file.names.callee(part).full.partition(".")[0] in libraries
            or file.effects.of(part).kind in {"read", "write"}
            or _reads_by_name(part)
        )
    ]
    return bool(libraries and asks) and max(asks) <= bound_at


_READS_AS = these("get fetch request download query read pull ask")


def _reads_by_name(call: ast.Call) -> bool:
    """Whether a function of somebody's making is called as if it asked somewhere else; a dictionary's `get` does not."""
    return isinstance(call.func, ast.Name) and (words(call.func.id) or [""])[0] in _READS_AS


def _is_first(block: ast.Try, name: str) -> bool:
    """Whether the block's first statement is the one that binds the name: whatever fails in it leaves the name unbound."""
    first = block.body[0]
    if isinstance(first, ast.For | ast.AsyncFor):
        return _stores(first.target, name)
    return isinstance(first, ast.Assign) and _stores(first, name) and _can_fail(first.value)


_WITHOUT_ANSWER = these(
    "EndpointConnectionError ConnectTimeoutError ReadTimeoutError NoCredentialsError BotoCoreError ConnectionClosedError"
)


def _wrong_call(file: File, call: ast.Call, handler: ast.ExceptHandler) -> str:
    name = last_name(call.func)
    if (
        isinstance(call.func, ast.Name)
        and name == "type"
        and (call.keywords or len(call.args) not in {1, 3})
        and name not in file.index.module.bound
    ):
        return "`type()` is called with arguments that it does not take"
    if (
        isinstance(call.func, ast.Name)
        and name in {"str", "len", "repr"}
        and any(given.arg in _LOGGING for given in call.keywords)
    ):
        return f"`{name}()` is called with an argument of the logger"
    origin = file.names.callee(call).origin
    if (
        name in _LEVELS
        and origin in {"logging", "logging.getLogger", "logging.Logger"}
        and _is_bound_once(file, call.func)
    ):
        wrong = [given.arg for given in call.keywords if given.arg and given.arg not in _LOGGING | {"msg"}]
        if wrong:
            return f"`{dotted(call.func)}` takes no argument `{wrong[0]}`"
        if not call.args and not any(given.arg == "msg" for given in call.keywords):
            return f"`{dotted(call.func)}` is called without a message"
    if isinstance(call.func, ast.Name) and name == handler.name:
        return f"`{name}` is an error, and is called"
    return ""


def _no_attribute(file: File, handler: ast.ExceptHandler, node: ast.Attribute) -> str:
    if node.attr in _OF_EVERY_ERROR or not isinstance(node.ctx, ast.Load) or _asked(file, handler, node):
        return ""
    types = [kind.id for kind in caught_types(handler) if isinstance(kind, ast.Name)]
    types = types if handler.type is not None else ["BaseException"]
    if node.attr == "response" and (without := sorted(set(types) & _WITHOUT_ANSWER)):
        return f"`{without[0]}` has no attribute `response`"
    missing = []
    for name in types:
        known = getattr(builtins, name, None)
        if not (isinstance(known, type) and issubclass(known, BaseException)) or name in file.index.module.bound:
            continue
        if not hasattr(known, node.attr):
            missing.append(name)
    return f"`{missing[0]}` has no attribute `{node.attr}`" if missing else ""


def _asked(file: File, handler: ast.ExceptHandler, node: ast.Attribute) -> bool:
    """Whether the code has made sure that the attribute is there, or lives with its absence."""
    name = handler.name or ""
    for parent in file.index.parents(node):
        if parent is handler:
            break
        if isinstance(parent, ast.Try):
            return True
    for part in inside(handler.body):
        if (
            isinstance(part, ast.Call)
            and last_name(part.func) in {"hasattr", "isinstance", "getattr", "issubclass", "type"}
            and part.args
            and dotted(part.args[0]) == name
        ):
            return True
        if (
            isinstance(part, ast.Attribute)
            and isinstance(part.ctx, ast.Store)
            and dotted(part.value) == name
            and part.attr == node.attr
        ):
            return True
        if isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Store):
            return True
    return re.search(rf"\.{node.attr}\s*=[^=]|setattr\(.*['\"]{node.attr}['\"]", file.index.source.text) is not None


def _is_bound_once(file: File, func: ast.expr) -> bool:
    """Whether the logger's name has one meaning in the file: not the library's only where another is not there."""
    name = func.value.id if isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) else ""
    at = file.scope(func)
    while name not in at.bound and at.parent is not None:
        at = at.parent
    return len(at.bound.get(name, ())) <= 1


def _bound_only_within(file: File, block: ast.Try) -> dict[str, int]:
    """Return the names that only the block binds, by calls that can fail: each with the line of its first binding."""
    scope = file.scope(block)
    if not isinstance(scope.node, (*FUNCTIONS, ast.Module)) or not block.body:
        return {}
    end = block.body[-1].end_lineno or block.lineno
    caught = {handler.name for other in file.index.tries if file.scope(other) is scope for handler in other.handlers}
    found: dict[str, int] = {}
    for name, lines in scope.bound.items():
        within = [line for line in lines if block.lineno <= line <= end]
        if within and min(lines) == min(within) and name not in caught:
            found[name] = min(within)
    return {name: line for name, line in found.items() if _may_fail_before(block, name)}


_SAFE_CALLS = these(
    """copy split strip items keys values list dict len str set tuple
    range enumerate perf_counter monotonic time now uuid4"""
)


def _may_fail_before(block: ast.Try, name: str) -> bool:
    """Whether something can raise before or while `name` is bound, in the order in which the block is carried out."""
    return _fails_before(block.body, name) is True


def _fails_before(body: list[ast.stmt], name: str) -> bool | None:
    """Return True when something can fail before `name` is bound, False when it is bound first, None when neither is met."""
    return next((found for node in body if (found := _statement(node, name)) is not None), None)


def _statement(node: ast.stmt, name: str) -> bool | None:
    found: bool | None = True
    match node:
        case ast.For() | ast.AsyncFor():
            bound = False if _stores(node.target, name) else _fails_before(node.body, name)
            found = True if _can_fail(node.iter) else bound
        case ast.If() | ast.While():
            either = [_fails_before(body, name) for body in (node.body, node.orelse)]
            found = True if _can_fail(node.test) else next((one for one in either if one is not None), None)
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            found = False if node.name == name else None
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if not _can_fail(value):
            found = False if _stores(node, name) else None
        case ast.Return(value=None) | ast.Return(value=ast.Constant()) | ast.Expr(value=ast.Constant()):
            found = None
        case (
            ast.Import() | ast.ImportFrom() | ast.Pass() | ast.Global() | ast.Nonlocal() | ast.Continue() | ast.Break()
        ):
            found = None
    return found


def _stores(node: ast.AST, name: str) -> bool:
    return any(
        isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Store) for part in ast.walk(node)
    )


def _can_fail(node: ast.expr) -> bool:
    """Whether an expression fails in practice: it calls, waits, or looks something up in what it was given."""
    return any(
        (isinstance(part, ast.Call) and last_name(part.func) not in _SAFE_CALLS)
        or isinstance(part, ast.Await | ast.Yield | ast.YieldFrom)
        or (isinstance(part, ast.Subscript) and isinstance(part.value, ast.Name | ast.Call))
        or (isinstance(part, ast.BinOp) and isinstance(part.op, ast.Div | ast.FloorDiv))
        for part in ast.walk(node)
    )


def _unbound(file: File, block: ast.Try, handler: ast.ExceptHandler, node: ast.Name) -> str:  # noqa: C901, PLR0911 -- a return for each case
    scope = file.scope(block)
    if isinstance(scope.node, FUNCTIONS) and any(
        isinstance(part, ast.Global | ast.Nonlocal) and node.id in part.names for part in scope.node.body
    ):
        return ""
    if node.id == handler.name:
        return ""
    for part in inside(handler.body):
        if part is node:
            break
        if isinstance(part, ast.Name) and part.id == node.id and isinstance(part.ctx, ast.Store):
            return ""
        if isinstance(part, ast.Import | ast.ImportFrom) and node.id in {
            alias.asname or alias.name.partition(".")[0] for alias in part.names
        }:
            return ""
        if (
            isinstance(part, ast.ExceptHandler | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and part.name == node.id
        ):
            return ""
    for parent in file.index.parents(node):
        if parent is handler:
            break
        if isinstance(parent, ast.Try) and any(
            parent_handler.type is None
            or last_name(parent_handler.type) in {"NameError", "UnboundLocalError", "Exception"}
            for parent_handler in parent.handlers
        ):
            return ""
        if isinstance(
            parent,
            ast.comprehension
            | ast.ListComp
            | ast.GeneratorExp
            | ast.SetComp
            | ast.DictComp
            | ast.Lambda
            | ast.FunctionDef,
        ):
            return ""
    if any(
        isinstance(part, ast.Call) and last_name(part.func) in {"locals", "vars", "dir", "globals"}
        for part in inside(handler.body)
    ):
        return ""
    return f"`{node.id}` is bound only within the block, and may not be when it fails"
