"""Buffers cleared, messages acknowledged and cursors moved before the I/O that they stand for is done."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.flows import apart, chain
from tipoff_audit.reading.index import Scope
from tipoff_audit.reading.names import constant, dotted, last_name, names_in, words
from tipoff_audit.reading.words import these

_BUFFERS = re.compile(
    r"buf|batch|pending|queue|rows|events|items|records|messages|entries|outbox|lines|points|unsent|unsaved|backlog|data|stash|logs|metrics|spool|accumulat",
    re.IGNORECASE,
)
_CURSORS = re.compile(
    r"(?<!db_)(?<!sql_)cursor$|(^|_)offset$|watermark|checkpoint|bookmark|last_(seen|id|processed|sync|synced|loaded|event|read|exported)"
    r"|high_water|since_id|^(save|set|store|advance|commit|update|persist|write|move)_(cursor|offset|progress|position)s?$",
    re.IGNORECASE,
)
_ACKS = these("ack acknowledge basic_ack task_done delete_message xack commit_offsets ack_message complete_message")
_MOST = 100  # so much is cleared in one function by nobody who writes by hand


def cleared_before_io(file: File) -> None:
    """Report a buffer cleared, a message acknowledged, a cursor advanced, before its I/O is done."""
    for scope in file.index.scopes:
        if scope.kind != "function" or scope.name.rpartition(".")[2] in {
            "__init__",
            "reset",
            "clear",
            "setup",
            "start",
            "connect",
            "open",
        }:
            continue
        writes: dict[str, list[ast.Call]] = {}
        derived: dict[str, set[str]] = {}
        for node, what, how in _cleared(scope)[:_MOST]:
            if how not in writes:
                writes[how] = [call for call in scope.calls if _is_io(file, call, how)]
            if any(call.lineno <= getattr(node, "lineno", 0) and call is not node for call in writes[how]):
                continue
            if what not in derived:
                derived[what] = _derived(scope, what)
            _judge_cleared(file, scope, node, what, how, writes[how], derived[what])


def _is_io(file: File, call: ast.Call, how: str) -> bool:
    """Whether the call is I/O that a cleared buffer, an acknowledged message or a moved cursor stands for."""
    name = last_name(call.func)
    if name in _ACKS or _CURSORS.search(name) or (name in {"clear", "commit"} and "consumer" in dotted(call.func)):
        return False
    effects = file.effects.through(call)
    first = (words(name) or [""])[0]
    if first in {"set", "update", "start"} or {"event", "signal", "hook", "metric", "heartbeat", "telemetry"} & set(
        words(name)
    ):
        return False
    if how == "acknowledged" and isinstance(call.func, ast.Name) and first in {"handle", "process", "work", "consume"}:
        return True
    if any(effect.kind == "write" and (effect.sure or how == "cleared" or name[:1] != "_") for effect in effects):
        return True
    sends = {"deliver", "ship", "publish", "send", "post"} if how == "cleared" else set()
    return first in {"process", "handle"} | sends and effects[0].kind != "log"


def _cleared(scope: Scope) -> list[tuple[ast.AST, str, str]]:
    found: list[tuple[ast.AST, str, str]] = []
    for call in scope.calls:
        name, receiver = last_name(call.func), dotted(call.func).rpartition(".")[0]
        if name == "clear" and receiver and _BUFFERS.search(receiver):
            found.append((call, receiver, "cleared"))
        elif name in _ACKS or (name == "commit" and "consumer" in receiver):
            found.append((call, receiver or name, "acknowledged"))
        elif name in {"put", "set", "save", "update"} and len(call.args) == 2 and _is_cursor(call.args[0]):  # noqa: PLR2004 -- key, value
            found.append((call, str(constant(call.args[0])), "advanced"))
        elif (
            (words(name) or [""])[0]
            in {"set", "save", "update", "advance", "store", "write", "commit", "persist", "move"}
            and _CURSORS.search(name)
            and call.args
        ):
            found.append((call, name, "advanced"))
    body = getattr(scope.node, "body", [])
    shared = {name for part in body if isinstance(part, ast.Global) for name in part.names}
    for node in scope.assigns:
        found += _assigned(node, shared)
    return found


_KEYS = re.compile(
    r"^(since|cursor|offset|watermark|checkpoint|bookmark|high_water\w*|last_\w+|since_id|position)$", re.IGNORECASE
)


def _is_cursor(node: ast.expr) -> bool:
    said = constant(node)
    return isinstance(said, str) and bool(_KEYS.match(said))


def _assigned(node: ast.Assign, shared: set[str]) -> list[tuple[ast.AST, str, str]]:
    targets = [(target, node.value) for target in node.targets]
    if (
        isinstance(node.targets[0], ast.Tuple)
        and isinstance(node.value, ast.Tuple)
        and len(node.targets[0].elts) == len(node.value.elts)
    ):
        targets = list(zip(node.targets[0].elts, node.value.elts, strict=True))
    found: list[tuple[ast.AST, str, str]] = []
    for target, value in targets:
        if isinstance(target, ast.Name) and target.id in shared and is_empty(value):
            found.append((node, target.id, "cleared"))
        if not isinstance(target, ast.Attribute | ast.Subscript):
            continue
        text = dotted(target)
        key = constant(target.slice) if isinstance(target, ast.Subscript) else ""
        if is_empty(value) and isinstance(target, ast.Attribute) and _BUFFERS.search(text):
            found.append((node, text, "cleared"))
        elif _CURSORS.search(target.attr if isinstance(target, ast.Attribute) else str(key)) and _is_position(value):
            found.append((node, str(key or text), "advanced"))
    return found


def _is_position(node: ast.expr) -> bool:
    """Whether the value is taken from what is in hand: the last row's id, the greatest instant; not made anew."""
    if isinstance(node, ast.Constant):
        return False
    made = last_name(node.func) if isinstance(node, ast.Call) else ""
    if (words(made) or [""])[0] in {"emit", "write", "send", "publish", "save", "flush", "process"}:
        return False  # the result of the I/O itself
    return not re.search(r"cursor|open|connect|monotonic|time$|now$|^tell$|^create", made)


def is_empty(node: ast.expr | None) -> bool:
    """Whether a list, a mapping, a set or a frame is made that holds nothing."""
    if isinstance(node, ast.List | ast.Tuple):
        return not node.elts
    if isinstance(node, ast.Dict):
        return not node.keys
    return (
        isinstance(node, ast.Call)
        and last_name(node.func) in {"list", "deque", "dict", "defaultdict", "set", "DataFrame"}
        and not node.args
    )


def _judge_cleared(  # noqa: PLR0913 -- what was cleared, how, what comes after, and what is made of it
    file: File, scope: Scope, node: ast.AST, what: str, how: str, writes: list[ast.Call], derived: set[str]
) -> None:
    line = getattr(node, "lineno", 0)
    later = [call for call in writes if call.lineno > line and call is not node and not apart(file, node, call)]
    if how == "advanced" and isinstance(node, ast.Assign):  # what it stands in may be what is written
        root = dotted(node.targets[0]).partition(".")[0].partition("[")[0]
        later = [call for call in later if root not in _names_in(call)]
    if how != "advanced":
        root = what.partition(".")[0]
        whole = [call for call in later if any(isinstance(given, ast.Name) and given.id == root for given in call.args)]
        if root not in {"self", "cls"} and "." in what and whole:
            return  # what is written is the thing itself, with the cleared part
        later = [call for call in later if _names_in(call) & derived]
    if not later or _under_handler(file, node) or (how == "cleared" and _put_back(file, scope, what, line)):
        return
    if how == "advanced" and re.search(r"old_|rollback", _lines(file, scope, 0)):
        return
    does = {"cleared": "is cleared", "acknowledged": "is acknowledged", "advanced": "is moved on"}[how]
    after_it = f"{last_name(later[0].func)}() on line {later[0].lineno}"
    message = f"`{what}` {does} before {after_it} has succeeded: if that fails, nothing comes again"
    file.say("cleared-before-io", node, Level.NOTE, f"{message}; do it after the I/O", guards="write")


def _names_in(node: ast.AST) -> set[str]:
    """Return the names that the arguments of a call are made of."""
    given = [*node.args, *[one.value for one in node.keywords]] if isinstance(node, ast.Call) else [node]
    return {
        part.id
        for one in given
        for part in ast.walk(one)
        if isinstance(part, ast.Name) and part.id not in {"self", "cls"}
    }


def _derived(scope: Scope, what: str) -> set[str]:
    """Return the names that were made from `what`, in up to three steps."""
    root = what.partition(".")[0]
    found = {root} if root not in {"self", "cls"} else set()
    steps = [(target, node.value) for node in scope.assigns for target in node.targets]
    loops = [
        (node.target, node.iter)
        for node in ast.walk(scope.node)
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension)
    ]
    for _ in range(3):
        for target, value in [*steps, *loops]:
            made = any(dotted(part) == what for part in ast.walk(value) if isinstance(part, ast.Attribute | ast.Name))
            if made or _names_in(value) & found:
                found |= names_in(target) - {"self", "cls"}
    return found


def _lines(file: File, scope: Scope, begin: int) -> str:
    first = begin or getattr(scope.node, "lineno", 1) - 1
    return "\n".join(file.index.lines[first : getattr(scope.node, "end_lineno", first)])


def _put_back(file: File, scope: Scope, what: str, line: int) -> bool:
    """Whether a failure puts back what was taken."""
    bare = re.escape(what)
    again = rf"{bare}\s*(\.(extend|append|extendleft|appendleft|insert)|\[:0\]|=\s*[^\[{{\s])"
    text = _lines(file, scope, line)
    return (
        re.search(again, text) is not None
        or re.search(r"\b_?(re_?queue|restore|put_back|give_back|unread|nack)\w*\(", text) is not None
    )


def _under_handler(file: File, node: ast.AST) -> bool:
    return any(isinstance(parent, ast.ExceptHandler) for _, parent in chain(file, node))
