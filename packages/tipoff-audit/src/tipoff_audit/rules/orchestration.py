"""What tells an orchestrator that all is well where it is not: what runs whatever happened, what skips instead of failing."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.handlers import answer, breadth
from tipoff_audit.reading.index import FUNCTIONS, Scope
from tipoff_audit.reading.names import constant, dotted, keyword, last_name

_ALWAYS = re.compile(r"^(all_done|always|dummy)$", re.IGNORECASE)
_WATCHED = re.compile(r"one_failed|ONE_FAILED|as_teardown|@teardown|watcher")
_TIDIES = re.compile(
    r"clean|tidy|drop|delete|tear_?down|sweep|stop|terminat|remove|notify|alert|mail|slack|page|rm\b|purge|shut_?down|release|finally|log",
    re.IGNORECASE,
)
_ORCHESTRATORS = re.compile(r"airflow|dagster|prefect")
_STEPS = re.compile(r"^(asset|op|task|flow|multi_asset)$")


def orchestration(file: File) -> None:
    """Report rules, sensors and handlers by which a failed run ends green."""
    origins = list(file.index.imports.values())
    if not any(_ORCHESTRATORS.search(origin) for origin in origins):
        return
    watched = _WATCHED.search(file.index.source.text) is not None
    is_read = _IS_READ.search(file.index.source.text) is not None
    for call in file.index.calls:
        rule = keyword(call, "trigger_rule")
        if rule is not None and _ALWAYS.match(str(constant(rule) or last_name(rule))) and not watched:
            _runs_always(file, call, rule)
        soft = keyword(call, "soft_fail")
        if soft is not None and constant(soft) is True:
            message = (
                "a sensor that fails softly is skipped, and all that waits for it: data that never came ends green"
            )
            file.say(
                "swallowed-gate",
                call,
                Level.NOTE,
                f"{message}; let it fail, and tell somebody",
                guards="gate",
                line=soft.lineno,
            )
        if last_name(call.func) in {"ShortCircuitOperator", "BranchPythonOperator"}:
            _asks_and_skips(file, keyword(call, "python_callable"))
        if last_name(call.func) == "PythonOperator" and not is_read:
            _says_no(file, keyword(call, "python_callable"))
        if constant(keyword(call, "return_state")) is True:
            _state(file, call)
    for scope in file.index.scopes:
        if isinstance(scope.node, FUNCTIONS) and any(_STEPS.match(last_name(one)) for one in scope.node.decorator_list):
            _answers_nothing(file, scope)


_SHOWN = re.compile(r"^(name|type|message|timestamp|id)$")


def _state(file: File, call: ast.Call) -> None:
    """Report a task that is asked for its state, and whose state is let go, or only shown."""
    above, scope = file.index.up.get(call), file.scope(call)
    if isinstance(above, ast.Await):
        above = file.index.up.get(above)
    used: list[ast.AST | None] = []
    if isinstance(above, ast.Assign) and isinstance(above.targets[0], ast.Name) and scope.kind == "function":
        used = [file.index.up.get(node) for node in file.index.loads(scope, above.targets[0].id)]
    elif not isinstance(above, ast.Expr):
        return
    if all(isinstance(one, ast.Attribute) and _SHOWN.match(one.attr) for one in used):
        message = "with `return_state=True` the task's failure is not raised, and nobody looks at its state"
        file.say("ignored-result", call, Level.NOTE, f"{message}; call `.result()`, or leave it out", guards="work")


def _runs_always(file: File, call: ast.Call, rule: ast.expr) -> None:
    """Judge a task that runs whatever happened: a clean-up may, as long as something else ends the run; work may not."""
    name = next(
        (last_name(parent.targets[0]) for parent in file.index.parents(call) if isinstance(parent, ast.Assign)),
        last_name(call.func),
    )
    texts = [
        str(part.value) for part in ast.walk(call) if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    about = " ".join(
        [name, *texts, *(last_name(given.value) for given in call.keywords if given.arg == "python_callable")]
    )
    if _TIDIES.search(about) and not _is_only_leaf(file, name):
        return
    message = "this task runs whatever failed before it"
    if _TIDIES.search(about):
        message = "this clean-up runs whatever failed before it, and as the only last task it makes the whole run green"
    advice = "make clean-up a teardown, or let a watcher with `one_failed` end the run"
    file.say("swallowed-gate", call, Level.NOTE, f"{message}; {advice}", guards="gate", line=rule.lineno)


def _is_only_leaf(file: File, name: str) -> bool:
    """Whether the task is the one in which the run ends, as far as `>>` says it."""
    before: set[str] = set()
    after: set[str] = set()
    for node in file.index.binaries:
        if isinstance(node.op, ast.RShift):
            left = node.left.right if isinstance(node.left, ast.BinOp) else node.left
            before |= _tasks(left)
            after |= _tasks(node.right)
    leaves = after - before
    bound = {one for scope in file.index.scopes for one in (scope.bound if scope.kind == "function" else ())}
    return leaves == {name} and not (before & bound)


def _tasks(node: ast.expr) -> set[str]:
    parts = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    return {last_name(part) for part in parts if last_name(part)}


def _asks_and_skips(file: File, target: ast.expr | None) -> None:
    """Report a question that is answered with no where it could not be asked: what follows is skipped, and the run is green."""
    if target is None:
        return
    full = file.names.origin(target, file.scope(target))
    scope = next((one for one in file.index.scopes if one.name == full), None)
    for block in file.index.tries:
        if scope is None or file.scope(block) is not scope:
            continue
        for handler in block.handlers:
            said = answer(handler, file.effects, file.index)
            if breadth(handler) in {"bare", "broad"} and said.returns in {"false", "none", "empty"} and not said.raises:
                message = (
                    "what could not be asked is answered with no: all that follows is skipped, and the run ends green"
                )
                file.say("default-on-error", handler, Level.NOTE, f"{message}; let the error pass", guards="gate")


_IS_READ = re.compile(r"xcom|\.output\b", re.IGNORECASE)
_IS_FAILURE = re.compile(r"fail|error|refus|could not|couldn't|cannot|can't|unable|invalid", re.IGNORECASE)


def _says_no(file: File, target: ast.expr | None) -> None:
    """Report a task's function that says by False that it has failed: Airflow takes any answer for success."""
    full = file.names.origin(target, file.scope(target)) if target is not None else ""
    scope = next((one for one in file.index.scopes if one.name == full), None)
    if scope is None or not any(constant(done.value) is True for done in scope.returns):
        return
    for done in scope.returns:
        block = getattr(file.index.up.get(done), "body", [])
        before = block[: block.index(done)] if done in block else []
        if constant(done.value) is False and any(_tells_of_failure(file, one) for one in before):
            message = (
                "the task has failed and says so by False, which nobody reads: Airflow takes any answer for success"
            )
            file.say("ignored-result", done, Level.NOTE, f"{message}; raise", guards="work")
            return


def _tells_of_failure(file: File, node: ast.stmt) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call) or file.effects.of(call).kind != "log":
        return False
    return (
        last_name(call.func) in {"error", "exception", "critical"} or _IS_FAILURE.search(ast.unparse(call)) is not None
    )


def _answers_nothing(file: File, scope: Scope) -> None:
    """Report a step whose failure is told as an empty result: what follows goes on with nothing."""
    for block in file.index.tries:
        if file.scope(block) is not scope or block not in getattr(scope.node, "body", []):
            continue
        for handler in block.handlers:
            said = answer(handler, file.effects, file.index)
            if (
                breadth(handler) in {"bare", "broad"}
                and said.returns == "none"
                and not said.raises
                and not said.records
                and not said.acts
            ):
                step = dotted(next(one for one in scope.node.decorator_list if _STEPS.match(last_name(one))))  # type: ignore[union-attr]
                message = f"the `{step}` has failed and ends well, with nothing: what follows goes on"
                file.say(
                    "default-on-error",
                    handler,
                    Level.NOTE,
                    f"{message}; let the error pass, or skip with a reason",
                    guards="work",
                )
