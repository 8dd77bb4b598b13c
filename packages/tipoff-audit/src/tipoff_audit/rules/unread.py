"""Work that runs aside and whose result or error nobody reads: jobs, futures, threads, pools, child processes."""

import ast
import re
from collections.abc import Callable, Mapping

from tipoff_audit.finding import Level
from tipoff_audit.reading import words as w
from tipoff_audit.reading.context import File
from tipoff_audit.reading.handlers import breadth, caught_types
from tipoff_audit.reading.index import FUNCTIONS, Scope
from tipoff_audit.reading.names import constant, dotted, keyword, last_name, names_in, words
from tipoff_audit.reading.words import these
from tipoff_audit.rules.unchecked import of_names, weight

_JOBS = re.compile(r"^(load_table_from_\w+|extract_table|copy_table)$")
_ASKS = these(
    "result exception add_done_callback done as_completed get wait_for outcome ready successful raise_for_status check_returncode"
)
_DATA_COMMANDS = re.compile(
    r"(^|[\s/'\"])(bq|gsutil|pg_dump|pg_restore|psql|mysql|mysqldump|dbt|rsync|spark-submit|sqoop|aws|gcloud|az|mongodump|mongoimport|alembic"
    r"|clickhouse-client|snowsql|sqlldr|bcp|duckdb|sqlite3|kubectl|terraform)(\s|$|['\"])"
)
_NO_MATTER = re.compile(
    r"\b(kill|pkill|clear|cls|open|xdg-open|notify-send|say|sleep|stty|reset|tput|which|where|--version|--help|info|status|rm|mkdir|clean|purge|stop"
    r"|delete|remove|prune|describe|list|exists|get)\b"
)


def unread_results(file: File) -> None:
    """Report what is begun and never asked how it ended."""
    for call in file.index.calls:
        callee = file.names.callee(call)
        judge = _BY_FULL_NAME.get(callee.full) or _BY_NAME.get(callee.name)
        if judge is not None:
            judge(file, call)
        elif _is_job(file, call) or _gives_a_job(file, callee.full):
            _job(file, call)


def _submit(file: File, call: ast.Call) -> None:
    if _is_executor(file, call):
        _future(file, call)
    elif any(origin.partition(".")[0] == "prefect" for origin in file.index.imports.values()):
        _task_run(file, call)


def _task_run(file: File, call: ast.Call) -> None:
    """Report a task of Prefect's that a flow submits, and whose outcome only other tasks wait for."""
    scope, above = file.scope(call), file.index.up.get(call)
    flows = [last_name(one) for one in scope.node.decorator_list] if isinstance(scope.node, FUNCTIONS) else []
    if "flow" not in flows or not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name):
        return
    waited = False
    if isinstance(above, ast.Assign) and isinstance(above.targets[0], ast.Name):
        loads = file.index.loads(scope, above.targets[0].id)
        waited = bool(loads) and all(_is_waited_for(file, node) for node in loads)
    if any(one.value is not None for one in scope.returns) or not (isinstance(above, ast.Expr) or waited):
        return
    message = (
        f"nobody asks how `{call.func.value.id}` has ended: since Prefect 3 the flow ends well where it has failed"
    )
    file.say("ignored-result", call, Level.NOTE, f"{message}; call `.result()`, or return it", guards="work")


def _is_waited_for(file: File, node: ast.AST) -> bool:
    """Whether another task is only begun after it: `wait_for=[it]`."""
    return any(isinstance(one, ast.keyword) and one.arg == "wait_for" for one in file.index.parents(node))


def _imap(file: File, call: ast.Call) -> None:
    if isinstance(file.index.up.get(call), ast.Expr):
        message = f"`{last_name(call.func)}` raises only as its results are read, and nobody reads them"
        file.say("ignored-result", call, Level.NOTE, f"{message}; go over the results", guards="work")


def _is_job(file: File, call: ast.Call) -> bool:
    name = last_name(call.func)
    callee = file.names.callee(call)
    about = f"{callee.origin} {callee.receiver}"
    a_client = re.search(r"client|(^|[._])bq", about, re.IGNORECASE) is not None
    if _JOBS.match(name):
        return name.startswith("load_table_from_") or a_client
    is_bigquery = w.is_bigquery(callee.origin, callee.receiver) or (file.names_bigquery and a_client)
    return name == "query" and is_bigquery and bool(file.effects.of(call).sql)


def _gives_a_job(file: File, full: str) -> bool:
    """Whether a function of this file only begins a job and hands it on to whoever calls."""
    scope = file.effects.function(full)
    given = [done.value for done in scope.returns] if scope is not None else []
    return bool(given) and all(isinstance(one, ast.Call) and _is_job(file, one) for one in given)


_TAKES_ROWS = these("insert_rows_json insert_rows insert_rows_from_dataframe")


def refused_rows(file: File) -> None:
    """Report the list of refused rows that is only counted in a line of the log: the run goes on as if all were taken."""
    for call in file.index.calls:
        above = file.index.up.get(call)
        scope = file.scope(call)
        if last_name(call.func) not in _TAKES_ROWS or scope.kind != "function":
            continue
        if not isinstance(above, ast.Assign) or not isinstance(above.targets[0], ast.Name):
            continue
        used = file.index.loads(scope, above.targets[0].id)
        if used and all(_is_only_doubted(file, node) for node in used):
            message = (
                "of the rows that the table has refused nothing is told: the list is only asked whether it is empty"
            )
            file.say("ignored-result", used[0], Level.NOTE, f"{message}; raise, or keep them", guards="write")
        elif used and all(_is_only_logged(file, node) for node in used):
            message = "rows that the table has refused are told to the log alone, and the work ends as done"
            file.say("ignored-result", used[0], Level.NOTE, f"{message}; raise, or keep them", guards="write")


def _is_only_doubted(file: File, node: ast.AST) -> bool:
    """Whether it stands in `if not errors:` without an else, whose block ends well."""
    above = file.index.up.get(node)
    asked = file.index.up.get(above) if isinstance(above, ast.UnaryOp) and isinstance(above.op, ast.Not) else None
    return (
        isinstance(asked, ast.If)
        and asked.test is above
        and not asked.orelse
        and isinstance(asked.body[-1], ast.Return)
    )


def _is_only_logged(file: File, node: ast.AST) -> bool:
    """Whether it goes to the log, or is asked for whether there is anything to log."""
    asked = file.index.up.get(node)
    if isinstance(asked, ast.If) and asked.test is node:
        return all(
            isinstance(one, ast.Expr) and isinstance(one.value, ast.Call) and file.effects.of(one.value).kind == "log"
            for one in asked.body
        )
    for parent in file.index.parents(node):
        if isinstance(parent, ast.Call) and file.effects.of(parent).kind == "log":
            return True
        if not isinstance(parent, ast.expr | ast.FormattedValue):
            return False
    return False


def _job(file: File, call: ast.Call) -> None:
    if not _is_let_go(file, call):
        return
    message = (
        f"`{last_name(call.func)}` only starts a job: whether it worked is told by `.result()`, which nobody calls"
    )
    asked = any(re.search(r"(^|_)(result|jobs?|wait|done)(_|$)", last_name(one.func)) for one in file.index.calls)
    loads = last_name(call.func).startswith("load_table_from_") and _is_of(file, call, "google.cloud.bigquery.")
    level = Level.ERROR if loads and not asked else Level.NOTE
    file.say("ignored-result", call, level, f"{message}; wait for it, or hand the job on", guards="write")


def _is_of(file: File, call: ast.Call, library: str) -> bool:
    """Whether the method is the library's own for certain, by what its object was made of."""
    return file.names.callee(call).origin.startswith(library)


_TELLS_REFUSALS = {
    "insert_rows_json": "google.cloud.bigquery.",
    "insert_rows_from_dataframe": "google.cloud.bigquery.",
    "put_records": "boto3.",
    "put_record_batch": "boto3.",
    "batch_write_item": "boto3.",
    "send_message_batch": "boto3.",
    "put_events": "boto3.",
}


def unasked_refusals(file: File) -> None:
    """Report what writes a batch, raises nothing where some of it is refused, and says so in an answer that nobody takes."""
    for call in file.index.calls:
        library = _TELLS_REFUSALS.get(last_name(call.func), "")
        if library and _is_of(file, call, library) and _is_let_go(file, call):
            message = (
                f"`{last_name(call.func)}` raises nothing for what is refused: its answer tells it, which nobody reads"
            )
            file.say("ignored-result", call, Level.ERROR, f"{message}; raise where it names any", guards="write")


def _is_let_go(file: File, call: ast.Call) -> bool:  # noqa: PLR0911 -- a return for each case
    """Whether the value goes nowhere: it is thrown away, or kept under a name or in a list that nobody reads."""
    parent = file.index.up.get(call)
    scope = file.scope(call)
    if isinstance(parent, ast.Await):
        parent = file.index.up.get(parent)
    if isinstance(parent, ast.Expr):
        return True
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Name):
        return scope.kind == "function" and not _is_read(file, scope, parent.targets[0].id)
    if isinstance(parent, ast.Assign) and len(parent.targets) == 1 and isinstance(parent.targets[0], ast.Subscript):
        table = parent.targets[0].value
        made = scope.values.get(table.id) if isinstance(table, ast.Name) else None
        return isinstance(made, ast.Dict) and scope.kind == "function" and _only_its_keys(file, scope, table)
    if isinstance(parent, ast.DictComp) and parent.value is call:
        above = file.index.up.get(parent)
        kept = above.targets[0] if isinstance(above, ast.Assign) else None
        return kept is not None and scope.kind == "function" and _only_its_keys(file, scope, kept)
    if (
        isinstance(parent, ast.Call)
        and last_name(parent.func) in {"append", "add"}
        and isinstance(parent.func, ast.Attribute)
    ):
        held = parent.func.value
        return (
            isinstance(held, ast.Name)
            and scope.kind == "function"
            and not _is_read(file, scope, held.id, apart=parent.func)
        )
    if isinstance(parent, ast.ListComp) and parent.elt is call:
        above = file.index.up.get(parent)
        if isinstance(above, ast.Assign) and isinstance(above.targets[0], ast.Name):
            return scope.kind == "function" and not _is_read(file, scope, above.targets[0].id)
        return isinstance(above, ast.Expr)
    return False


_OF_KEYS = these("len sorted list set tuple iter print")


def _only_its_keys(file: File, scope: Scope, table: ast.expr) -> bool:
    """Whether the function asks a table it has made for its keys alone, or their number; the values nobody reads."""
    name = table.id if isinstance(table, ast.Name) else ""
    if not name or name in file.index.shared(scope):
        return False
    for node in file.index.loads(scope, name):
        above = file.index.up.get(node)
        filled = isinstance(above, ast.Subscript) and isinstance(above.ctx, ast.Store)
        counted = isinstance(above, ast.Call) and dotted(above.func) in _OF_KEYS and node in above.args
        asked = isinstance(above, ast.Compare) and node in above.comparators
        keys = isinstance(above, ast.Attribute) and above.attr == "keys"
        if not (filled or counted or asked or keys):
            return False
    return True


def _is_read(file: File, scope: Scope, name: str, apart: ast.AST | None = None) -> bool:
    """Whether the function reads the name, other than to ask how many there are or to put something in."""
    if name in file.index.shared(scope):
        return True
    own = {id(part) for part in ast.walk(apart)} if apart is not None else set()
    for node in file.index.loads(scope, name):
        above = file.index.up.get(node)
        counted = (
            isinstance(above, ast.Call)
            and isinstance(above.func, ast.Name)
            and above.func.id == "len"
            and node in above.args
        )
        if id(node) not in own and not counted:
            return True
    return False


def _is_executor(file: File, call: ast.Call) -> bool:
    return bool(re.search(r"(Thread|Process)PoolExecutor$", _pool_of(file, call))) and bool(call.args)


def _pool_of(file: File, call: ast.Call) -> str:
    """Return what the receiver was made by: `concurrent.futures.ThreadPoolExecutor`, also where a `with` binds it."""
    func = call.func
    if not isinstance(func, ast.Attribute):
        return ""
    if isinstance(func.value, ast.Name):
        for parent in file.index.parents(call):
            if isinstance(parent, ast.With | ast.AsyncWith):
                for item in parent.items:
                    if isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == func.value.id:
                        return file.names.origin(item.context_expr, file.scope(call))
    return file.names.origin(func.value, file.scope(call))


def _future(file: File, call: ast.Call) -> None:
    if not _is_let_go(file, call) and not _only_waited_for(file, call):
        return
    scope = file.scope(call)
    if any(last_name(other.func) in {"add_done_callback", "as_completed"} for other in scope.calls) or _any_keeps(
        file, call
    ):
        return
    what = last_name(call.args[0]) or "the work"
    message = f"`{what}` runs in a pool and nobody asks its future: its error is never raised, and it passes for done"
    file.say(
        "ignored-result",
        call,
        Level.NOTE,
        f"{message}; call `.result()` on each",
        guards=_guards(file, call.args[0]),
    )


def _only_waited_for(file: File, call: ast.Call) -> bool:
    """Whether the futures are kept for `wait(futures)` alone, which raises nothing."""
    scope = file.scope(call)
    waited = [other for other in scope.calls if file.names.callee(other).full.endswith("futures.wait") and other.args]
    if not waited or any(last_name(other.func) in _ASKS for other in scope.calls):
        return False
    kept = {part.id for other in waited for part in ast.walk(other.args[0]) if isinstance(part, ast.Name)}
    for parent in file.index.parents(call):
        if isinstance(parent, ast.Assign):
            return bool(
                kept & {part.id for target in parent.targets for part in ast.walk(target) if isinstance(part, ast.Name)}
            ) and isinstance(file.index.up.get(waited[0]), ast.Expr)
        if (
            isinstance(parent, ast.Call)
            and last_name(parent.func) == "append"
            and isinstance(parent.func, ast.Attribute)
        ):
            return last_name(parent.func.value) in kept and isinstance(file.index.up.get(waited[0]), ast.Expr)
        if isinstance(parent, ast.stmt):
            return False
    return False


def _map(file: File, call: ast.Call) -> None:
    if not _is_executor(file, call) or not isinstance(file.index.up.get(call), ast.Expr):
        return
    what = last_name(call.args[0]) if call.args else "the work"
    if call.args and _any_keeps(file, call):
        return
    message = (
        f"`map` of a pool raises only as its results are read, and nobody reads them: an error in `{what}` is lost"
    )
    file.say(
        "ignored-result",
        call,
        Level.NOTE,
        f"{message}; go over the results",
        guards=_guards(file, call.args[0]),
    )


def _async(file: File, call: ast.Call) -> None:
    if not isinstance(file.index.up.get(call), ast.Expr):
        return
    given = {one.arg for one in call.keywords}
    if (
        "error_callback" in given
        or "task" in file.names.callee(call).receiver
        or file.names.callee(call).receiver[:1].isupper()
    ):
        return  # a queue's: its workers record how it ended
    if not re.search(r"pool", f"{file.names.callee(call).receiver} {file.names.callee(call).origin}", re.IGNORECASE):
        return
    if call.args and _any_keeps(file, call):
        return
    message = "nobody asks how this ended: an error in it is never raised"
    file.say(
        "ignored-result",
        call,
        Level.NOTE,
        f"{message}; keep it and call `.get()`",
        guards="work",
    )


def _looks_for_errors(file: File, scope: Scope) -> bool:
    """Whether the function speaks of exceptions at all, or hands the results on."""
    lines = file.index.lines[getattr(scope.node, "lineno", 1) - 1 : getattr(scope.node, "end_lineno", 1)]
    text = "\n".join(lines).replace("return_exceptions", "")
    if re.search(r"Exception|Error|exc\b", text):
        return True
    return any(
        isinstance(part, ast.Await) for done in scope.returns if done.value is not None for part in ast.walk(done.value)
    )


def _task(file: File, call: ast.Call) -> None:
    if not isinstance(file.index.up.get(call), ast.Expr):
        return
    inner = call.args[0] if call.args else None
    target = inner.func if isinstance(inner, ast.Call) else None
    if target is None or _keeps_its_errors(file, target):
        return
    does = _does(file, target) | (
        {"write"} if words(last_name(target))[:1] and words(last_name(target))[0] in w.WRITE_VERBS else set()
    )
    message = (
        f"nobody keeps the task of `{last_name(target)}`: it may be collected undone, and its error is never raised"
    )
    file.say(
        "ignored-result",
        call,
        Level.NOTE,
        f"{message}; keep it, and await it",
        guards="write" if "write" in does else "work",
    )


def _task_of_a_loop(file: File, call: ast.Call) -> None:
    """Judge `loop.create_task(…)`, whatever the loop is called; a task group keeps its own."""
    if re.search(r"(^|[._])loop$", dotted(call.func.value) if isinstance(call.func, ast.Attribute) else ""):
        _task(file, call)


def _waited(file: File, call: ast.Call) -> None:
    """Judge `await asyncio.wait(tasks)`, which raises nothing: its answer is let go, or those that are done only counted."""
    above = file.index.up.get(call)
    scope = file.scope(call)
    if not isinstance(above, ast.Await) or not _is_let_go_or_counted(file, scope, file.index.up.get(above)):
        return
    ends = _ASKS | {"gather"} if isinstance(file.index.up.get(above), ast.Assign) else _ASKS | {"gather", "cancel"}
    if any(last_name(other.func) in ends and other is not call for other in scope.calls):
        return
    message = "`wait` raises nothing of what went wrong in the tasks, and nobody asks them"
    file.say(
        "ignored-result",
        call,
        Level.NOTE,
        f"{message}; use `gather` or a task group, or call `.result()` on each",
        guards="work",
    )


def _is_let_go_or_counted(file: File, scope: Scope, above: ast.AST | None) -> bool:
    """Whether a statement throws its value away, or gives the first of two a name that is never more than counted."""
    if not isinstance(above, ast.Assign) or not isinstance(above.targets[0], ast.Tuple):
        return isinstance(above, ast.Expr)
    first = next(iter(above.targets[0].elts), None)
    return isinstance(first, ast.Name) and scope.kind == "function" and not _is_read(file, scope, first.id)


def _child(file: File, call: ast.Call) -> None:
    scope = file.scope(call)
    if scope.kind != "function":
        return
    waits = [other for other in scope.calls if last_name(other.func) in {"communicate", "wait"}]
    asked = any(isinstance(node, ast.Attribute) and node.attr == "returncode" for node in file.index.inner(scope))
    kept = any(
        isinstance(file.index.up.get(file.index.up.get(other, other)), ast.Assign)
        for other in waits
        if last_name(other.func) == "wait"
    )
    handed_on = any(
        isinstance(done.value, ast.Name) and done.value.id in _names_of(file, call) for done in scope.returns
    )
    if waits and not asked and not kept and not handed_on:
        message = "the process is waited for, and nobody looks at how it ended"
        file.say("ignored-result", call, Level.NOTE, f"{message}; look at `returncode`", guards="work")


def _names_of(file: File, call: ast.Call) -> set[str]:
    for parent in file.index.parents(call):
        if isinstance(parent, ast.Assign):
            return {part.id for target in parent.targets for part in ast.walk(target) if isinstance(part, ast.Name)}
        if isinstance(parent, ast.stmt):
            return set()
    return set()


def _gathered(file: File, call: ast.Call) -> None:
    if constant(keyword(call, "return_exceptions")) is not True:
        return
    scope = file.scope(call)
    names = {last_name(other.func) for other in scope.calls}
    if (
        (not _is_let_go(file, call) and _looks_for_errors(file, scope))
        or names & {"cancel", "close", "aclose", "shutdown", "exception"}
        or _closes(scope)
    ):
        return
    if _in_finally(file, call):
        return
    message = "`return_exceptions=True` turns errors into results, and nobody looks at them"
    file.say(
        "ignored-result",
        call,
        Level.NOTE,
        f"{message}; look for exceptions among them, or let it raise",
        guards="work",
    )


def _in_finally(file: File, node: ast.AST) -> bool:
    child: ast.AST = node
    for parent in file.index.parents(node):
        if isinstance(parent, ast.Try) and child in parent.finalbody:
            return True
        if isinstance(parent, FUNCTIONS):
            return False
        child = parent
    return False


def _closes(scope: Scope) -> bool:
    return bool(
        set(words(scope.name.rpartition(".")[2]))
        & {"close", "stop", "shutdown", "cancel", "cleanup", "exit", "aexit", "teardown", "disconnect"}
    )


def _thread(file: File, call: ast.Call) -> None:
    """Report a thread that is joined and whose work then passes for done: `join` raises nothing."""
    target = keyword(call, "target")
    scope = file.scope(call)
    parent = file.index.up.get(call)
    if (
        target is None
        or scope.kind != "function"
        or not isinstance(parent, ast.Assign)
        or not isinstance(parent.targets[0], ast.Name)
    ):
        return
    name = parent.targets[0].id
    joins = [
        other for other in scope.calls if dotted(other.func) == f"{name}.join" and not other.args and not other.keywords
    ]
    if constant(keyword(call, "daemon")) is True or any(_in_finally(file, other) for other in joins):
        return  # it serves beside, and ends with what it serves
    what = last_name(target)
    works = (words(what) or [""])[0] in w.WRITE_VERBS | w.WORK_VERBS
    if not joins or not (works or "write" in _does(file, target)) or _serves(file, target):
        return
    message = f"`join` raises nothing of what went wrong in `{what}`: what follows takes its write for done"
    file.say(
        "ignored-result",
        call,
        Level.NOTE,
        f"{message}; run it in a pool and call `.result()`, or hand its error over",
        guards="write",
    )


def _serves(file: File, target: ast.expr) -> bool:
    """Whether the function goes on and on: a service beside, not work that is waited for."""
    full = file.names.origin(target, file.scope(target))
    scope = next((one for one in file.index.scopes if one.name == full), None)
    named = re.search(r"watch|monitor|heartbeat|serve|listen|loop|ferry|worker|consume|handle", last_name(target))
    return bool(named) or (scope is not None and any(isinstance(node, ast.While) for node in file.index.inner(scope)))


def _any_keeps(file: File, call: ast.Call) -> bool:
    """Whether the work, or what it is handed to be run, catches its own errors."""
    return any(_keeps_its_errors(file, given) for given in call.args[:2] if isinstance(given, ast.Name | ast.Attribute))


def _keeps_its_errors(file: File, target: ast.expr) -> bool:
    """Whether the function catches whatever goes wrong in it, or tells of it by a queue that it is handed."""
    full = file.names.origin(target, file.scope(target))
    scope = next((one for one in file.index.scopes if one.name == full and isinstance(one.node, FUNCTIONS)), None)
    if scope is None:
        return bool(re.search(r"safe|quiet|error_handling|catch|wrapper", last_name(target)))
    blocks = [node for node in scope.node.body if isinstance(node, ast.Try | ast.With | ast.While)]
    tries = [
        node
        for block in blocks
        for node in ([block] if isinstance(block, ast.Try) else block.body)
        if isinstance(node, ast.Try)
    ]
    return any(breadth(handler) in {"bare", "broad"} for node in tries for handler in node.handlers)


def _does(file: File, target: ast.expr) -> set[str]:
    """Return what a function of this file does for certain."""
    full = file.names.origin(target, file.scope(target))
    scope = next((one for one in file.index.scopes if one.name == full and isinstance(one.node, FUNCTIONS)), None)
    if scope is None:
        return set()
    return {
        effect.kind
        for inner in scope.calls
        for effect in file.effects.through(inner, 1)
        if effect.sure and effect.what.rpartition(".")[2] not in {"post", "put", "patch", "send", "request"}
    }


def _guards(file: File, target: ast.expr) -> str:
    return "write" if "write" in _does(file, target) else "work"


def _process(file: File, call: ast.Call) -> None:
    full = file.names.callee(call).full
    texts = [
        str(part.value) for part in ast.walk(call) if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    said = " ".join([*texts, *of_names(file, call)])
    if (
        constant(keyword(call, "shell")) is True
        and re.search(r"\b(pg_dump|mysqldump|bq|psql|gsutil|aws|dbt|curl|cat|zcat)\b[^|]*\|(?!\|)", said)
        and "pipefail" not in said
    ):
        message = (
            "this pipe has no `pipefail`: a failure of its first command is not seen, and a part is kept for the whole"
        )
        file.say(
            "swallowed-exit",
            call,
            Level.NOTE,
            f"{message}; run the two as processes, or `set -o pipefail`",
            guards="write",
        )
        return
    check = keyword(call, "check")
    if full == "subprocess.check_call" or (check is not None and constant(check) is not False):
        _caught(file, call, said)
        return
    is_data = _DATA_COMMANDS.search(said) is not None
    if full == "subprocess.Popen":
        _popen(file, call)
        return
    if not isinstance(file.index.up.get(call), ast.Expr) and not _only_its_text(file, call):
        return
    if (constant(check) is False and not is_data) or not said or _NO_MATTER.search(said):
        return
    message = f"`{full}` does not raise where the command fails, and nobody looks at its status"
    advice = "say `check=True`" if full == "subprocess.run" else "use `subprocess.run(…, check=True)`"
    level, lost = weight(file, call, said)
    message = f"{message}, and {lost}" if lost else message
    file.say(
        "ignored-result",
        call,
        level,
        f"{message}; {advice}",
        guards="input" if level is Level.ERROR else "write" if is_data else "work",
    )


def _only_its_text(file: File, call: ast.Call) -> bool:
    """Whether the result is kept, and asked for its output alone."""
    names = _names_of(file, call)
    scope = file.scope(call)
    if len(names) != 1 or scope.kind != "function" or not isinstance(file.index.up.get(call), ast.Assign):
        return False
    used = [node for name in names for node in file.index.loads(scope, name)]
    asked = [file.index.up.get(node) for node in used]
    return bool(used) and all(isinstance(one, ast.Attribute) and one.attr in {"stdout", "stderr"} for one in asked)


def _popen(file: File, call: ast.Call) -> None:
    """Report processes that are waited for, and whose status nobody looks at."""
    scope = file.scope(call)
    if scope.kind != "function":
        return
    asked = any(
        isinstance(node, ast.Attribute) and node.attr in {"returncode", "poll", "check_returncode"}
        for node in file.index.inner(scope)
    )
    if {last_name(other.func) for other in scope.calls} & {"kill", "terminate", "send_signal"}:
        return  # it ends because it is told to
    for other in scope.calls:
        if (
            last_name(other.func) == "wait"
            and not asked
            and isinstance(file.index.up.get(other), ast.Expr)
            and not other.args
        ):
            message = "`wait` says how the process ended, and nobody looks at it"
            file.say(
                "ignored-result",
                other,
                Level.NOTE,
                f"{message}; act on its answer",
                guards="work",
            )


def _child_of_many(file: File, call: ast.Call) -> None:
    """Report `child.wait()` in a loop over processes that were begun together, and whose status nobody looks at."""
    scope = file.scope(call)
    if call.args or not isinstance(file.index.up.get(call), ast.Expr) or not isinstance(call.func, ast.Attribute):
        return
    loop = next((one for one in file.index.parents(call) if isinstance(one, ast.For)), None)
    made = _gone_over(scope, loop, call.func.value) if loop is not None else None
    began = made.value if isinstance(made, ast.DictComp) else made.elt if isinstance(made, ast.ListComp) else None
    if not isinstance(began, ast.Call) or not _is_process(file, began):
        return
    asked = {"returncode", "poll", "check_returncode", "kill", "terminate", "send_signal"} & scope.looked
    if not asked:
        message = "`wait` says how the process ended, and nobody looks at it"
        file.say("ignored-result", call, Level.NOTE, f"{message}; act on its answer", guards="work")


def _gone_over(scope: Scope, loop: ast.For, child: ast.expr) -> ast.expr | None:
    """Return what the loop's source was given in its function, where the loop names the child."""
    names = names_in(loop.target)
    source = loop.iter
    if (
        isinstance(source, ast.Call)
        and isinstance(source.func, ast.Attribute)
        and source.func.attr in {"items", "values"}
    ):
        source = source.func.value
    is_ours = isinstance(child, ast.Name) and child.id in names and isinstance(source, ast.Name)
    return scope.values.get(source.id) if is_ours and isinstance(source, ast.Name) else None


def _is_process(file: File, call: ast.Call) -> bool:
    """Whether it begins a process, or a function of this file does that hands it on."""
    full = file.names.callee(call).full
    scope = file.effects.function(full)
    given = [done.value for done in scope.returns] if scope is not None else []
    calls = [one for one in given if isinstance(one, ast.Call)]
    return full == "subprocess.Popen" or (
        bool(calls) and all(file.names.callee(one).full == "subprocess.Popen" for one in calls)
    )


def _caught(file: File, call: ast.Call, said: str) -> None:
    """Report a check whose failure is caught, told, and passed over."""
    if not re.search(r"\b(test|tests|check|validate|verify|lint|pytest|audit)\b", said):
        return
    child: ast.AST = call
    for parent in file.index.parents(call):
        if isinstance(parent, ast.Try) and child in parent.body:
            for handler in parent.handlers:
                leaves = any(isinstance(node, ast.Raise | ast.Return | ast.Continue) for node in ast.walk(handler))
                ends = any(
                    isinstance(node, ast.Call) and last_name(node.func) in {"exit", "_exit", "abort"}
                    for node in ast.walk(handler)
                )
                kinds = {last_name(kind) for kind in caught_types(handler)}
                follows = file.index.up.get(parent)
                body = getattr(follows, "body", [])
                goes_on = parent in body and body.index(parent) + 1 < len(body)
                if (
                    (not kinds or "CalledProcessError" in kinds)
                    and not leaves
                    and not ends
                    and goes_on
                    and not parent.orelse
                ):
                    message = "the check has failed, and what it was to keep back is done all the same"
                    file.say("swallowed-gate", handler, Level.NOTE, f"{message}; let the error pass", guards="gate")
            return
        if isinstance(parent, FUNCTIONS):
            return
        child = parent


_BY_NAME: Mapping[str, Callable[[File, ast.Call], None]] = {
    "submit": _submit,
    "map": _map,
    "imap": _imap,
    "imap_unordered": _imap,
    "apply_async": _async,
    "map_async": _async,
    "starmap_async": _async,
    "gather": _gathered,
    "create_task": _task_of_a_loop,
    "wait": _child_of_many,
}
_BY_FULL_NAME: Mapping[str, Callable[[File, ast.Call], None]] = {
    "asyncio.create_task": _task,
    "asyncio.ensure_future": _task,
    "asyncio.wait": _waited,
    "asyncio.create_subprocess_exec": _child,
    "asyncio.create_subprocess_shell": _child,
    "threading.Thread": _thread,
    "Thread": _thread,
    "subprocess.run": _process,
    "subprocess.call": _process,
    "subprocess.Popen": _process,
    "subprocess.check_call": _process,
    "os.system": _process,
}
