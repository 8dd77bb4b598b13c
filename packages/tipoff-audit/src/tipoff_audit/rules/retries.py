"""Retries that never end, that all come at once, or that sleep while somebody waits for an answer."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.handlers import inside
from tipoff_audit.reading.index import FUNCTIONS, Scope
from tipoff_audit.reading.names import constant, dotted, keyword, last_name
from tipoff_audit.reading.requests import request_functions, sleeps
from tipoff_audit.reading.words import these
from tipoff_audit.rules.cleared_state import is_empty

_ATTEMPT = re.compile(r"attempt|retr(y|ies)|tries|try_|backoff", re.IGNORECASE)
_COUNT = re.compile(
    r"attempt|retr(y|ies)|tries|count|deadline|timeout|elapsed|remaining|budget|max_|limit|until|monotonic|fail",
    re.IGNORECASE,
)
_JITTER = re.compile(r"jitter|random|uniform|rand(int|range)?|secrets|expovariate|gauss|triangular", re.IGNORECASE)


def retries(file: File) -> None:
    """Judge loops, decorators and calls that repeat what failed."""
    endless: set[ast.AST] = set()
    for loop in file.index.loops:
        if isinstance(loop, ast.While) and (_is_endless(file, loop) or (_requeues(loop) and not _bounded(loop))):
            endless.add(loop)
            message = "this retries for ever: no number of attempts, no deadline, no state in which it has failed"
            file.say(
                "endless-retry",
                loop,
                Level.NOTE,
                f"{message}; bound it, then record the failure and raise",
                guards="work",
                line=loop.lineno,
            )
        elif isinstance(loop, ast.For | ast.AsyncFor) and _counts_for_ever(loop) and _is_retry(loop):
            endless.add(loop)
            message = "this counts its attempts and never stops"
            file.say(
                "endless-retry",
                loop,
                Level.NOTE,
                f"{message}; bound it, then record the failure and raise",
                guards="work",
                line=loop.lineno,
            )
    for scope in file.index.scopes:
        if scope.kind == "function":
            _decorators(file, scope)
            _recursion(file, scope)
    requests = request_functions(file)
    for call in file.index.calls:
        if sleeps(file, call):
            _sleep(file, call, requests, endless)
        else:
            _policy(file, call)


def _is_endless(file: File, loop: ast.While) -> bool:
    test = loop.test
    flag = test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else None
    for_ever = isinstance(test, ast.Constant) and bool(test.value)
    if not for_ever and not (
        isinstance(flag, ast.Name | ast.Attribute)
        and not re.search(r"stop|shut|exit|cancel|clos|event|quit", last_name(flag))
    ):
        return False
    if _bounded(loop):
        return False
    name = last_name(flag) if flag is not None else ""
    return _is_retry(loop, name) or _polls(file, loop, name)


def _bounded(loop: ast.While) -> bool:
    """Whether something is counted or timed within the loop."""
    counted = {_said(node.target) for node in inside(loop.body) if isinstance(node, ast.AugAssign)}
    compared = {_said(part) for node in inside(loop.body) if isinstance(node, ast.Compare) for part in ast.walk(node)}
    if counted & compared - {""}:
        return True
    for node in inside(loop.body):
        if isinstance(node, ast.If | ast.While) and any(_COUNT.search(_said(part)) for part in ast.walk(node.test)):
            return True
        if isinstance(node, ast.Call):
            if last_name(node.func) in {"fail_after", "timeout", "wait_for", "move_on_after"}:
                return True
            given = [*node.args, *[one.value for one in node.keywords]]
            if last_name(node.func) != "sleep" and any(
                re.search(r"deadline|attempt|retries|policy", _said(part)) for part in given
            ):
                return True
    return False


def _said(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _is_retry(loop: ast.While | ast.For | ast.AsyncFor, flag: str = "") -> bool:
    """Whether a try within the loop leaves it where it succeeds, and comes again where it fails."""
    for node in loop.body:
        if not isinstance(node, ast.Try) or not node.handlers:
            continue
        leaves = any(_leaves(part, flag) for part in inside([*node.body, *node.orelse])) or any(
            isinstance(part, ast.Break | ast.Return)
            for after in loop.body[loop.body.index(node) + 1 :]
            for part in [after]
        )
        again = any(
            not any(isinstance(part, ast.Raise | ast.Return | ast.Break) for part in inside(handler.body))
            for handler in node.handlers
        )
        if leaves and again and not _waits_for_input(node):
            return True
    return False


_INPUTS = these(
    "input prompt get_nowait recv readline accept next read pop popleft popitem __next__ select poll waitpid getpass send"
)


def _waits_for_input(node: ast.Try) -> bool:
    calls = [part for part in inside(node.body) if isinstance(part, ast.Call)]
    return any(
        last_name(part.func) in _INPUTS or (last_name(part.func) == "get" and "queue" in dotted(part.func).lower())
        for part in calls
    )


def _leaves(node: ast.AST, flag: str) -> bool:
    if isinstance(node, ast.Break | ast.Return):
        return True
    return isinstance(node, ast.Assign) and bool(flag) and last_name(node.targets[0]) == flag


def _polls(file: File, loop: ast.While, flag: str) -> bool:
    """Whether the loop asks somebody outside, sleeps, and asks again."""
    calls = [node for node in inside(loop.body) if isinstance(node, ast.Call)]
    if any(isinstance(node, ast.Raise) for node in inside(loop.body)):
        return False
    counted = {_said(node.target) for node in inside(loop.body) if isinstance(node, ast.AugAssign)} - {""}
    asked = {_said(part) for node in inside(loop.body) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    asked |= {_said(part) for call in calls for given in [*call.args, *call.keywords] for part in ast.walk(given)}
    if counted & asked:
        return False  # page after page
    asks = any(
        file.effects.of(call).kind in {"read", "write", "notice"} and file.effects.of(call).sure for call in calls
    )
    return asks and any(sleeps(file, call) for call in calls) and any(_leaves(node, flag) for node in inside(loop.body))


def _requeues(loop: ast.While) -> bool:
    """Whether what failed is put back where the loop takes it from, with nothing counted."""
    calls = [node for node in inside(loop.body) if isinstance(node, ast.Call)]
    taken = {
        dotted(call.func).rpartition(".")[0]
        for call in calls
        if last_name(call.func) in {"popleft", "pop", "get", "get_nowait"}
    }
    handlers = [node for node in inside(loop.body) if isinstance(node, ast.ExceptHandler)]
    put_back = [
        node
        for handler in handlers
        for node in inside(handler.body)
        if isinstance(node, ast.Call)
        and last_name(node.func) in {"append", "appendleft", "put", "insert", "put_nowait"}
    ]
    return any(
        dotted(call.func).rpartition(".")[0] in taken and all(isinstance(given, ast.Name) for given in call.args)
        for call in put_back
    )


def _counts_for_ever(loop: ast.For | ast.AsyncFor) -> bool:
    return (
        isinstance(loop.iter, ast.Call)
        and dotted(loop.iter.func) in {"itertools.count", "count"}
        and not any(
            isinstance(node, ast.If) and any(_COUNT.search(_said(part)) for part in ast.walk(node.test))
            for node in inside(loop.body)
        )
    )


def _decorators(file: File, scope: Scope) -> None:
    node = scope.node
    if not isinstance(node, FUNCTIONS):
        return
    for decorator in node.decorator_list:
        func = decorator.func if isinstance(decorator, ast.Call) else decorator
        origin = file.names.origin(func, file.index.module)
        if isinstance(decorator, ast.Call):
            continue  # judged as a call
        if isinstance(decorator, ast.Name) and decorator.id in file.index.module.values:
            continue  # made elsewhere, and judged there
        if re.search(r"^(tenacity|retrying)\.retry$", origin):
            message = f"`@{dotted(func)}` without `stop` tries for ever"
            file.say(
                "endless-retry",
                decorator,
                Level.NOTE,
                f"{message}; give it a stop and a failure that is recorded",
                guards="work",
            )


def _policy(file: File, call: ast.Call) -> None:  # noqa: C901 -- a branch for each library
    full, given = file.names.callee(call).full, {one.arg for one in call.keywords}
    if isinstance(call.func, ast.Name) and isinstance(file.scope_value(call.func), ast.Call):
        return  # it is what the policy made, and was judged where it was made
    if re.search(r"(^|\.)(tenacity|retrying)(\.\w+)*\.(retry|Retrying|AsyncRetrying)$", full):
        if "stop" not in given and not any((name or "").startswith("stop") for name in given) and None not in given:
            _say_endless(file, call, f"`{last_name(call.func)}` without `stop` tries for ever")
        elif _unjittered(keyword(call, "wait")) or (
            {"wait_fixed", "wait_exponential_multiplier"} & given and "wait_jitter_max" not in given
        ):
            _say_unjittered(file, call)
    elif re.search(r"(^|\.)backoff\.(on_exception|on_predicate)$", full):
        if not given & {"max_tries", "max_time"} and None not in given:
            _say_endless(file, call, "`backoff` without max_tries or max_time tries for ever")
        elif _is_none(keyword(call, "jitter")):
            _say_unjittered(file, call)
    elif (
        "max_retries" in given
        and _is_none(keyword(call, "max_retries"))
        and last_name(call.func) in {"task", "shared_task", "retry"}
    ):
        _say_endless(file, call, "`max_retries=None` tries for ever")
    elif constant(keyword(call, "retry_jitter")) is False:
        _say_unjittered(file, call)
    elif (
        last_name(call.func) == "Retry"
        and "total" in given
        and _is_none(keyword(call, "total"))
        and "connect" not in given
    ):
        _say_endless(file, call, "`Retry(total=None)` tries for ever")


def ended_empty(file: File) -> None:
    """Report loops that try again a few times, and behind which something empty is the answer."""
    for loop in file.index.loops:
        if not (_is_bounded_retry(loop) and isinstance(loop, ast.For | ast.While) and _is_retry(loop)):
            continue
        above = file.index.up[loop]
        blocks = [getattr(above, name, None) or [] for name in ("body", "orelse", "finalbody")]
        after = [one for block in blocks if loop in block for one in block[block.index(loop) + 1 :]]
        ends = next((one for one in after if not isinstance(one, ast.Expr)), None)
        target = loop.target if isinstance(loop, ast.For) else loop.test
        waits = any(isinstance(part, ast.Call) and last_name(part.func) == "sleep" for part in inside(loop.body))
        is_retry = waits or any(_ATTEMPT.search(_said(part)) for part in ast.walk(target))
        if is_retry and isinstance(ends, ast.Return) and is_empty(ends.value):
            message = "after the last try the answer is something empty, which nobody can tell from a true one"
            file.say("default-on-error", ends, Level.NOTE, f"{message}; raise the last error", guards="read")


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _unjittered(wait: ast.expr | None) -> bool:
    if wait is None:
        return False
    names = [last_name(part.func) for part in ast.walk(wait) if isinstance(part, ast.Call)]
    return (
        bool(names)
        and any(name in {"wait_fixed", "wait_exponential", "wait_incrementing"} for name in names)
        and not any(_JITTER.search(name) for name in names)
    )


def _say_endless(file: File, node: ast.AST, message: str) -> None:
    file.say(
        "endless-retry",
        node,
        Level.NOTE,
        f"{message}; give it a limit and a failure that is recorded",
        guards="work",
    )


def _say_unjittered(file: File, node: ast.AST) -> None:
    message = "these waits are the same for every worker: what failed together comes again together"
    file.say("retry-without-jitter", node, Level.NOTE, f"{message}; add a random part to each wait", guards="work")


def _recursion(file: File, scope: Scope) -> None:
    """Report a function that calls itself from its own handler with the same arguments."""
    name = scope.name.rpartition(".")[2]
    for call in scope.calls:
        if last_name(call.func) != name or dotted(call.func).rpartition(".")[0] not in {"", "self", "cls"}:
            continue
        handler = next(
            (parent for parent in file.index.parents(call) if isinstance(parent, (ast.ExceptHandler, *FUNCTIONS))), None
        )
        if not isinstance(handler, ast.ExceptHandler):
            continue
        given = [*call.args, *[one.value for one in call.keywords]]
        counted = any(isinstance(part, ast.BinOp) for argument in given for part in ast.walk(argument)) or any(
            one.arg and _COUNT.search(one.arg) for one in call.keywords
        )
        own = {argument.arg for argument in _arguments(scope)}
        acts = [part for part in inside(handler.body) if isinstance(part, ast.Call) and part is not call]
        if any(not _idle(file, part) for part in acts):
            continue  # it changes something before it comes again
        if not counted and all(last_name(argument) in own or isinstance(argument, ast.Constant) for argument in given):
            _say_endless(file, call, f"`{name}` calls itself where it failed, with nothing that ends it")


def _idle(file: File, call: ast.Call) -> bool:
    return (
        file.effects.of(call).kind == "log" or sleeps(file, call) or file.names.callee(call).full.startswith("random.")
    )


def _arguments(scope: Scope) -> list[ast.arg]:
    node = scope.node
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs] if isinstance(node, FUNCTIONS) else []


def _sleep(file: File, call: ast.Call, requests: set[str], endless: set[ast.AST]) -> None:
    scope = file.scope(call)
    if scope.name in requests:
        message = "whoever asked waits, and the worker serves nobody else, while this sleeps"
        file.say(
            "sleep-in-request",
            call,
            Level.NOTE,
            f"{message}; answer with 503 and Retry-After, or leave the rest to a queue",
            guards="work",
        )
        return
    loop = next(
        (
            parent
            for parent in file.index.parents(call)
            if isinstance(parent, (ast.For, ast.AsyncFor, ast.While, *FUNCTIONS))
        ),
        None,
    )
    if loop is None or isinstance(loop, FUNCTIONS) or loop in endless or not call.args:
        return
    if not _is_bounded_retry(loop) or _has_jitter(file, scope, call.args[0]):
        return
    _say_unjittered(file, call)


def _is_bounded_retry(loop: ast.AST) -> bool:
    if isinstance(loop, ast.For | ast.AsyncFor):
        said = " ".join(_said(part) for part in [*ast.walk(loop.target), *ast.walk(loop.iter)])
        return (bool(_ATTEMPT.search(said)) or "range" in said or "delay" in said or "wait" in said) and _tries(
            loop.body
        )
    return (
        isinstance(loop, ast.While)
        and any(_ATTEMPT.search(_said(part)) for part in ast.walk(loop))
        and _tries(loop.body)
    )


def _tries(body: list[ast.stmt]) -> bool:
    return any(
        isinstance(node, ast.Try)
        and any(isinstance(part, ast.Break | ast.Return) for part in inside([*node.body, *node.orelse]))
        for node in inside(body)
    ) or any(
        isinstance(node, ast.If) and any(isinstance(part, ast.Break | ast.Return) for part in node.body)
        for node in body
    )


def _has_jitter(file: File, scope: Scope, wait: ast.expr, depth: int = 0) -> bool:
    for part in ast.walk(wait):
        said = _said(part)
        if _JITTER.search(said) or (
            re.search(r"retry_after|backoff\b|policy|waits?$", said) and depth == 0 and isinstance(part, ast.Call)
        ):
            return True
        if isinstance(part, ast.Name) and depth < 2:  # noqa: PLR2004 -- a wait made in two steps
            made = scope.values.get(part.id)
            if made is not None and _has_jitter(file, scope, made, depth + 1):
                return True
        if (
            isinstance(part, ast.Call)
            and isinstance(part.func, ast.Name | ast.Attribute)
            and not dotted(part.func).startswith(("min", "max", "float", "int"))
        ):
            return True  # somebody else's policy
    return False
