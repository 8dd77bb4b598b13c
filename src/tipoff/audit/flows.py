"""The order of things within a function: deleted before it is written, cleared before it is sent."""

import ast
import re

from tipoff.audit import words as w
from tipoff.audit.context import File
from tipoff.audit.finding import Level
from tipoff.audit.handlers import answer, breadth
from tipoff.audit.index import FUNCTIONS, Scope
from tipoff.audit.names import constant, dotted, keyword, last_name, words
from tipoff.audit.words import these

_TRANSACTIONS = re.compile(
    r"(^|[._])(begin|transaction|atomic|begin_nested|unit_of_work|transactional|session_scope)(\(\))?$"
)
_DELETERS = these("delete clear truncate purge wipe empty remove drop")
_FILLERS = tuple(
    sorted(
        these(
            """load_table insert to_gbq to_sql bulk write save copy append executemany add_all put upload upsert store create"""
        )
    )
)
_TEMPORARY = re.compile(r"tmp|temp|stag|scratch|lock|pid|sock|backup|bak|old|stale|cache", re.IGNORECASE)


def lost_after_delete(file: File) -> None:
    """Report rows or files that are deleted before what replaces them is safe."""
    for scope in file.index.scopes:
        calls = sorted(scope.calls, key=lambda call: (call.lineno, call.col_offset))
        for place, call in enumerate(calls):
            target = _deleted(file, call)
            if not target:
                continue
            after = _refilled(file, calls[place + 1 :], target, call)
            if after is not None and (why := _why_lost(file, scope, call, after)):
                what = target if target != "?" else "what was there"
                message = f"{what} is deleted here and written again on line {after.lineno}, {why}"
                is_file = target.startswith("path:") and "swallowed" not in why
                file.say(
                    "lost-after-delete",
                    call,
                    Level.WARNING if is_file else Level.ERROR,
                    f"{message}; write first and swap, or do both in one transaction",
                    guards="write",
                )


def _deleted(file: File, call: ast.Call) -> str:  # noqa: PLR0911 -- a return for each case
    """Return what is deleted: a table, a path's text, "?" where only the function's name says so."""
    deed = file.deeds.of(call)
    for kind, table, _ in deed.sql:
        if kind == "delete" and not any(other[0] == "insert" for other in deed.sql):
            return table or "?"
    callee = file.names.callee(call)
    if callee.full in {"shutil.rmtree", "os.remove", "os.unlink"} and call.args:
        return "" if _TEMPORARY.search(dotted(call.args[0])) else "path:" + dotted(call.args[0])
    if callee.name in {"unlink", "rmtree"} and callee.receiver and not _TEMPORARY.search(callee.receiver):
        return "path:" + callee.receiver
    said = words(callee.name)
    if (
        said[:1]
        and said[0] in _DELETERS
        and set(said[1:]) & {"rows", "slice", "day", "partition", "table", "existing", "date", "records", "predictions"}
    ):
        return "?"
    if (
        callee.name in {"delete", "delete_many", "delete_table"}
        and set(words(callee.receiver.rpartition(".")[2])) & w.STORES
    ):
        return "?"
    if callee.name == "delete" and re.search(r"(filter|filter_by|query|objects|where)(\(\))?$", callee.receiver):
        return "?"
    return "the slice" if callee.name == "execute" and call.args and _constructs(call.args[0], "delete") else ""


def _constructs(node: ast.expr, name: str) -> bool:
    return any(isinstance(part, ast.Call) and last_name(part.func) == name for part in ast.walk(node))


def _refilled(file: File, calls: list[ast.Call], target: str, call: ast.Call) -> ast.Call | None:
    for other in calls:
        if _apart(file, call, other):
            continue
        if target.startswith("path:"):
            if _writes_path(file, other, target.removeprefix("path:")):
                return other
            continue
        deed = file.deeds.of(other)
        kinds = [(kind, table) for kind, table, _ in deed.sql]
        if any(
            kind in {"insert", "load", "copy"} and (table == target or target in {"?", "the slice"} or not table)
            for kind, table in kinds
        ):
            return other
        callee = file.names.callee(other)
        sure = deed.sure or words(callee.name)[0] in w.WRITE_VERBS | {"insert", "load"}
        if not kinds and deed.kind == "write" and sure and callee.name.startswith(_FILLERS):
            return other
    return None


def _writes_path(file: File, call: ast.Call, path: str) -> bool:
    callee = file.names.callee(call)
    if callee.full == "open" or callee.name in {
        "copytree",
        "copy",
        "copy2",
        "copyfile",
        "move",
        "to_parquet",
        "to_csv",
        "mkdir",
        "makedirs",
        "write_table",
    }:
        mode = call.args[1] if len(call.args) > 1 else keyword(call, "mode")
        reads = callee.name == "open" and (mode is None or str(constant(mode)).startswith("r"))
        return (
            not reads and callee.name not in {"mkdir", "makedirs"} and any(dotted(given) == path for given in call.args)
        )
    return callee.name in {"write_text", "write_bytes", "open"} and callee.receiver == path


def _apart(file: File, one: ast.Call, other: ast.Call) -> bool:
    """Whether the two stand in different arms of an if, or the first one's block ends before the other."""
    above_other = {id(parent): child for child, parent in chain(file, other)}
    for child, parent in chain(file, one):
        if isinstance(parent, ast.ExceptHandler) and id(parent) not in above_other:
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


def _why_lost(file: File, scope: Scope, delete: ast.Call, insert: ast.Call) -> str:
    if _swallowed(file, insert, delete):
        return "where a failure is swallowed"
    if _in_transaction(file, delete) or file.deeds.of(insert).kind == "clean-up":
        return ""
    if _deleted(file, delete).startswith("path:"):
        return "and a failure between the two leaves nothing"
    committed = [
        call
        for call in scope.calls
        if last_name(call.func) == "commit"
        and delete.lineno <= call.lineno <= insert.lineno
        and call not in {delete, insert}
    ]
    if committed:
        return "after the delete has been committed"
    about = file.names.callee(delete)
    both = f"{about.origin} {about.receiver} {file.names.callee(insert).origin}"
    if (
        w.BIGQUERY.search(both)
        or last_name(insert.func).startswith(("load_table", "to_gbq"))
        or "autocommit=True" in file.index.source.text
    ):
        return "in two jobs and no transaction"
    return ""


def _swallowed(file: File, call: ast.Call, beside: ast.Call) -> bool:
    """Whether a failure of `call` is swallowed by a handler that does not guard `beside` too, or that follows a separate job."""
    around = {id(parent) for _, parent in chain(file, beside)}
    for child, parent in chain(file, call):
        if isinstance(parent, ast.Try) and child in parent.body and id(parent) not in around:
            for handler in parent.handlers:
                said = answer(handler, file.deeds, file.index)
                if breadth(handler) != "narrow" and not said.raises and not said.records:
                    return True
    return False


def _in_transaction(file: File, call: ast.Call) -> bool:
    for _, parent in chain(file, call):
        if isinstance(parent, ast.With | ast.AsyncWith):
            for item in parent.items:
                text = dotted(item.context_expr)
                if _TRANSACTIONS.search(text) or text.rpartition(".")[2] in {"conn", "connection", "db", "con"}:
                    return True
    return False


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
_EMPTY = (ast.List, ast.Dict, ast.Tuple)


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
        writes = [call for call in scope.calls if _is_io(file, call)]
        if not writes:
            continue
        for node, what, how in _cleared(scope):
            _judge_cleared(file, scope, node, what, how, writes)


def _is_io(file: File, call: ast.Call) -> bool:
    name = last_name(call.func)
    if name in _ACKS or _CURSORS.search(name) or (name in {"clear", "commit"} and "consumer" in dotted(call.func)):
        return False
    deeds = file.deeds.through(call)
    if any(deed.kind == "write" and (deed.sure or name[:1] != "_") for deed in deeds):
        return True
    first = (words(name) or [""])[0]
    if first in {"set", "update"} or {"event", "signal", "task", "hook", "metric", "heartbeat"} & set(words(name)):
        return False
    return first in {"process", "handle", "deliver", "ship", "publish", "send", "post"} and deeds[0].kind != "log"


def _cleared(scope: Scope) -> list[tuple[ast.AST, str, str]]:
    found: list[tuple[ast.AST, str, str]] = []
    for call in scope.calls:
        name, receiver = last_name(call.func), dotted(call.func).rpartition(".")[0]
        if name == "clear" and receiver and _BUFFERS.search(receiver):
            found.append((call, receiver, "cleared"))
        elif name in _ACKS or (name == "commit" and "consumer" in receiver):
            found.append((call, receiver or name, "acknowledged"))
        elif (
            (words(name) or [""])[0]
            in {"set", "save", "update", "advance", "store", "write", "commit", "persist", "move"}
            and _CURSORS.search(name)
            and call.args
        ):
            found.append((call, name, "advanced"))
    for node in scope.assigns:
        found += _assigned(node)
    return found


def _assigned(node: ast.Assign) -> list[tuple[ast.AST, str, str]]:
    targets = [(target, node.value) for target in node.targets]
    if (
        isinstance(node.targets[0], ast.Tuple)
        and isinstance(node.value, ast.Tuple)
        and len(node.targets[0].elts) == len(node.value.elts)
    ):
        targets = list(zip(node.targets[0].elts, node.value.elts, strict=True))
    found: list[tuple[ast.AST, str, str]] = []
    for target, value in targets:
        if not isinstance(target, ast.Attribute | ast.Subscript):
            continue
        text = dotted(target)
        key = constant(target.slice) if isinstance(target, ast.Subscript) else ""
        if _is_empty(value) and isinstance(target, ast.Attribute) and _BUFFERS.search(text):
            found.append((node, text, "cleared"))
        elif _CURSORS.search(target.attr if isinstance(target, ast.Attribute) else str(key)) and _is_position(value):
            found.append((node, str(key or text), "advanced"))
    return found


def _is_position(node: ast.expr) -> bool:
    """Whether the value is taken from what is in hand: the last row's id, the greatest instant; not made anew."""
    if isinstance(node, ast.Constant):
        return False
    made = last_name(node.func) if isinstance(node, ast.Call) else ""
    return not re.search(r"cursor|open|connect|monotonic|time$|now$|^tell$|^create", made)


def _is_empty(node: ast.expr) -> bool:
    if isinstance(node, ast.List | ast.Tuple):
        return not node.elts
    if isinstance(node, ast.Dict):
        return not node.keys
    return (
        isinstance(node, ast.Call)
        and last_name(node.func) in {"list", "deque", "dict", "defaultdict", "set"}
        and not node.args
    )


def _judge_cleared(file: File, scope: Scope, node: ast.AST, what: str, how: str, writes: list[ast.Call]) -> None:  # noqa: PLR0913 -- what was cleared, how, and what comes after
    line = getattr(node, "lineno", 0)
    apart = [call for call in writes if call.lineno > line and call is not node and not _apart_nodes(file, node, call)]
    before = [call for call in writes if call.lineno <= line and call is not node]
    if not apart or before or _under_handler(file, node):
        return
    body = "\n".join(file.index.lines[scope.node.lineno - 1 : scope.node.end_lineno])  # type: ignore[union-attr]
    if how == "cleared":
        read = "\n".join(file.index.lines[scope.node.lineno - 1 : line])  # type: ignore[union-attr]
        after = "\n".join(file.index.lines[line : scope.node.end_lineno])  # type: ignore[union-attr]
        bare = re.escape(what)
        if not re.search(rf"=.*{bare}|\(\s*{bare}|in {bare}", read) or re.search(
            rf"{bare}\s*(\.(extend|append|extendleft|appendleft|insert)|\[:0\]|=\s*[^\[{{\s])", after
        ):
            return
    elif how == "advanced" and ("old_" in body or "rollback" in body):
        return
    does = {"cleared": "is cleared", "acknowledged": "is acknowledged", "advanced": "is moved on"}[how]
    after_it = f"{last_name(apart[0].func)}() on line {apart[0].lineno}"
    message = f"`{what}` {does} before {after_it} has succeeded: if that fails, nothing comes again"
    file.say("cleared-before-io", node, Level.ERROR, f"{message}; do it after the I/O", guards="write")


def _under_handler(file: File, node: ast.AST) -> bool:
    return any(isinstance(parent, ast.ExceptHandler) for _, parent in chain(file, node))


def _apart_nodes(file: File, node: ast.AST, call: ast.Call) -> bool:
    holder = ast.Call(func=ast.Name("x"), args=[], keywords=[])
    file.index.up[holder] = file.index.up.get(node, node)
    chain_parent = file.index.up[holder]
    if isinstance(node, ast.stmt):
        file.index.up[holder] = node
    elif chain_parent is node:
        return False
    apart = _apart(file, holder, call)
    del file.index.up[holder]
    return apart
