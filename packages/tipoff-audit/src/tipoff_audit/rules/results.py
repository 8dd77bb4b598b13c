"""Results that tell of failure and that nobody looks at."""

import ast
import re
from typing import Any

from tipoff_audit.finding import Level
from tipoff_audit.reading import words as w
from tipoff_audit.reading.context import File
from tipoff_audit.reading.flows import chain
from tipoff_audit.reading.handlers import breadth
from tipoff_audit.reading.index import FUNCTIONS, Scope
from tipoff_audit.reading.names import constant, last_name, words
from tipoff_audit.reading.words import these

_TOLD = these(
    """flush save acquire send write store persist publish upload push insert commit lock deliver notify enqueue load sync submit
    merge upsert ingest append export backfill"""
)
_MAYBE = these(
    "if maybe unless exists needed changed or"
)  # False says that there was nothing to do, or it sees to it itself
_RECORDS = these("record mark register notify alert capture message report requeue quarantine interlock")
_RAISES = re.compile(r"required|strict|raise|must|(^|_)check$", re.IGNORECASE)
_OF_NO_WEIGHT = re.compile(r"\b(advisory|best[- ]effort|non[- ]critical|not critical)\b", re.IGNORECASE)
_IS_THERE = re.compile(r"\bDO\s+NOTHING\b|\bINSERT\s+(OR\s+)?IGNORE\b", re.IGNORECASE)  # No may mean that it is there
_WARNS = frozenset({"warning", "warn"})
_KEPT = re.compile(r"fail|error|status|state|health|available|connected|pending|dirty|retry|dead", re.IGNORECASE)


def ignored_results(file: File) -> list[list[object]]:
    """Report results that tell of failure and that nobody takes; return the calls that other files' functions decide."""
    asked: list[list[object]] = []
    for call in file.index.calls:
        parent = file.index.up.get(call)
        if isinstance(parent, ast.Await):
            parent = file.index.up.get(parent)
        if not isinstance(parent, ast.Expr):
            continue
        why = _ignored(file, call)
        callee = file.names.callee(call)
        if why:
            file.say(
                "ignored-result",
                call,
                Level.NOTE,
                why,
                guards="gate" if "lock" in why else "write",
            )
        elif set(words(callee.name)[:1]) & _TOLD:
            scope = file.scope(call).name
            place = [call.lineno, call.col_offset + 1, call.end_lineno or call.lineno]
            text = file.index.line(call.lineno)
            if any(constant(one.value) is True and _RAISES.search(one.arg or "") for one in call.keywords):
                continue  # asked to raise where it fails
            told = _told_as_done(file, parent)
            given = -1 if any(isinstance(one, ast.Starred) for one in call.args) else len(call.args)
            asked.append([callee.full, callee.name, callee.receiver, *place, text, scope, told, given])
    return asked


def unasked_completed(file: File) -> None:
    """Report loops over futures as they complete in which nobody asks them how they have ended."""
    for loop in file.index.loops:
        made = [part for part in ast.walk(loop.iter) if isinstance(part, ast.Call)] if isinstance(loop, ast.For) else []
        if not any(file.names.callee(call).full == "concurrent.futures.as_completed" for call in made):
            continue
        asked = {part.attr for part in file.index.inner(file.scope(loop)) if isinstance(part, ast.Attribute)}
        name = last_name(loop.target) if isinstance(loop, ast.For) else ""
        used = [part for one in loop.body for part in ast.walk(one) if isinstance(part, ast.Name) and part.id == name]
        if name and not asked & _HOW and all(isinstance(file.index.up[part], ast.Subscript) for part in used):
            message = (
                "nobody asks these futures how they have ended: their errors are never raised, and they pass for done"
            )
            advice = f"call `{name}.result()`"
            file.say("ignored-result", loop, Level.NOTE, f"{message}; {advice}", guards="work", line=loop.lineno)


_HOW = these("result exception add_done_callback")
_NEXT = 12  # statements: what is said later is about something else
_SAVED = re.compile(r"(saved|stored|persisted|written)['\"]\s*:\s*True")
_WELL = re.compile(
    r"success['\"]?\s*[:=]\s*True|status['\"]?\s*[:=]\s*['\"](ok|success|saved|updated|done|created|scheduled|queued)\b"
)


def _told_as_done(file: File, statement: ast.Expr) -> bool:
    """Whether whoever asked is told in words that it was done: by an answer in its block, or by `saved: True` further down."""
    above = file.index.up[statement]
    blocks = [getattr(above, name, None) for name in ("body", "orelse", "finalbody")]
    block = next(block for block in blocks if isinstance(block, list) and statement in block)
    begin = block.index(statement) + 1
    after = (part for later in block[begin : begin + _NEXT] for part in ast.walk(later))
    end = getattr(file.scope(statement).node, "end_lineno", 0)
    rest = "\n".join(file.index.lines[statement.lineno : end])
    return any(_says_done(part) for part in after) or _SAVED.search(rest) is not None


def _says_done(part: ast.AST) -> bool:
    return isinstance(part, ast.Return) and part.value is not None and _WELL.search(ast.unparse(part.value)) is not None


def _ignored(file: File, call: ast.Call) -> str:  # noqa: PLR0911 -- a return for each library
    callee = file.names.callee(call)
    is_lock = re.search(r"lock|mutex|sem|lease", f"{callee.receiver} {callee.origin.rpartition('.')[2]}", re.IGNORECASE)
    if callee.name in {"acquire", "try_acquire", "try_lock"} and callee.receiver and is_lock:
        if _tells_by_raising(file, call):
            return ""
        bounded = call.args or call.keywords or callee.name != "acquire"
        return (
            "the lock may not have been got, and nobody looks: act on the answer of `acquire`, or let it raise"
            if bounded
            else ""
        )
    about = f"{callee.origin} {callee.receiver}"
    if callee.name == "query" and w.is_bigquery(callee.origin, callee.receiver) and not file.effects.of(call).sql:
        return f"`{callee.name}` only starts a job: its failure is told by `.result()`, which nobody calls"
    if callee.name == "publish" and (
        "pubsub_v1" in about or "PublisherClient" in about or re.search(r"publisher(_client)?(\(\))?$", callee.receiver)
    ):
        return "`publish` returns a future, and nobody asks it whether the message was taken: call `.result()`"
    if callee.name in {"post", "put", "patch"} and re.match(r"(requests|httpx)(\.|$)", callee.origin):
        return (
            ""
            if _in_broad(file, call)
            else f"the answer of `{callee.name}` is not looked at: a 500 passes for success; call `raise_for_status()`"
        )
    if callee.name in {"batch_write_item", "put_records", "put_record_batch", "send_message_batch", "publish_batch"}:
        return f"`{callee.name}` takes what it can and returns the rest, and nobody looks at it: write again what was not taken"
    if callee.name == "send" and callee.origin.startswith("socket."):
        return "`send` may send a part and says how much: use `sendall`"
    return ""


def _tells_by_raising(file: File, call: ast.Call) -> bool:
    """Whether the code around it counts on an error where the lock is not got."""
    if re.search(r"file_?lock|portalocker|zookeeper|kazoo", file.names.callee(call).origin, re.IGNORECASE):
        return True
    child: ast.AST = call
    for parent in file.index.parents(call):
        if isinstance(parent, ast.Try) and child in parent.body and parent.handlers:
            return True
        if isinstance(parent, FUNCTIONS):
            return False
        child = parent
    return False


def _in_broad(file: File, call: ast.Call) -> bool:
    return any(
        isinstance(parent, ast.Try) and any(breadth(handler) != "narrow" for handler in parent.handlers)
        for _, parent in chain(file, call)
    )


def telling_functions(file: File) -> list[list[Any]]:
    """Return the functions that say by False that they failed.

    Each: qualified name, name, whether that is kept elsewhere too, how many arguments it takes by their place.
    """
    found: list[list[Any]] = []
    for scope in file.index.scopes:
        name = scope.name.rpartition(".")[2]
        if scope.kind != "function" or not set(words(name)[:1]) & _TOLD or set(words(name)) & _MAYBE:
            continue
        noes = [done for done in scope.returns if _says_no(done.value) and not _has_nothing_to_do(file, done)]
        if noes and _answers(scope):
            lines = file.index.lines[getattr(scope.node, "lineno", 1) - 1 : getattr(scope.node, "end_lineno", 1)]
            text = "\n".join(lines)
            is_kept = all(_is_kept(file, done) for done in noes) or bool(
                _OF_NO_WEIGHT.search(text) or _IS_THERE.search(text) or _is_of_cache(file, scope)
            )
            found.append([scope.name, name, is_kept, _takes(scope)])
    return found


_READS = these("read_bytes read_text load loads open read_parquet read_csv read_json read_pickle")
_OF_A_PLACE = these("path file dir folder key cache")


def _is_of_cache(file: File, scope: Scope) -> bool:
    """Whether it fills a cache, by the name of its place, that another function reads and does without where it is missing."""
    module = file.index.module
    own = {name for name in scope.named & (module.bound.keys() | module.members.keys()) if {*words(name)} & _OF_A_PLACE}
    if not any("cache" in words(name) for name in own):
        return False
    return any(
        other is not scope
        and other.kind == "function"
        and bool(other.named & own)
        and bool({last_name(call.func) for call in other.calls} & _READS)
        and any(_is_nothing(done.value) or _is_choice(done.value) for done in other.returns)
        for other in file.index.scopes
    )


def _is_nothing(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _is_choice(value: ast.expr | None) -> bool:
    return isinstance(value, ast.IfExp) and _is_nothing(value.orelse)


def _takes(scope: Scope) -> int:
    """Return how many arguments a function takes by their place, the method's own object left out; -1 for any number."""
    node = scope.node
    if not isinstance(node, FUNCTIONS) or node.args.vararg is not None:
        return -1
    is_method = scope.parent is not None and scope.parent.kind == "class"
    is_static = any(last_name(mark) == "staticmethod" for mark in node.decorator_list)
    return len(node.args.posonlyargs) + len(node.args.args) - (is_method and not is_static)


def _before(file: File, done: ast.stmt) -> list[ast.stmt]:
    """Return what stands before a statement in its block."""
    above = file.index.up[done]
    blocks = [getattr(above, name, None) for name in ("body", "orelse", "finalbody")]
    block: list[ast.stmt] = next((block for block in blocks if isinstance(block, list) and done in block), [done])
    return block[: block.index(done)]


def _is_kept(file: File, done: ast.Return) -> bool:
    """Whether what failed has been kept, or told to somebody, before False is given back: a log line is neither."""
    before = _before(file, done)
    if file.index.up[done] is file.scope(done).node:
        before = before[-1:]  # the function's own lines are its work
    return any(_keeps(part) for one in before for part in ast.walk(one))


def _keeps(part: ast.AST) -> bool:
    """Whether it puts down that something has failed: `self.last_error = …`, `state["failed"] = True`, `record_failure(…)`."""
    if isinstance(part, ast.Assign):
        return any(
            isinstance(target, ast.Attribute | ast.Subscript) and _KEPT.search(ast.unparse(target)) is not None
            for target in part.targets
        )
    if not isinstance(part, ast.Call):
        return False
    if last_name(part.func) in _WARNS:
        return True  # whoever wrote it did not hold it for much
    name = words(last_name(part.func))
    is_list = name[:1] in (["append"], ["add"]) and isinstance(part.func, ast.Attribute)
    if is_list and isinstance(part.func, ast.Attribute):
        return isinstance(part.func.value, ast.Attribute) and _KEPT.search(ast.unparse(part.func.value)) is not None
    return bool(set(name[:1]) & _RECORDS)


def _has_nothing_to_do(file: File, done: ast.Return) -> bool:
    """Whether it is returned where the question was whether there is anything to do: `if self.exists(...): return False`."""
    parent = file.index.up.get(done)
    asks = parent.test if isinstance(parent, ast.If) and done in parent.body else done.value
    if asks is not None and "rowcount" in ast.unparse(asks):
        return True  # the row is there already
    if not isinstance(parent, ast.If) or not isinstance(parent.test, ast.Call) or done not in parent.body:
        return False
    asked = words(last_name(parent.test.func))
    return asked[:1] in (["can"], ["has"], ["is"], ["exists"], ["was"]) or asked[-1:] == ["exists"]


def _says_no(node: ast.expr | None) -> bool:
    """Whether the value may be False, and says that something did not work."""
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not)
    return constant(node) is False or isinstance(node, ast.Compare)


def _answers(scope: Scope) -> bool:
    """Whether the function has more than one answer."""
    values = [done.value for done in scope.returns if done.value is not None]
    return len({repr(constant(value)) for value in values}) > 1 or any(
        not isinstance(value, ast.Constant) for value in values
    )
