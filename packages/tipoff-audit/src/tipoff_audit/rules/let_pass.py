"""What failed and is handed on as if it had not: assertions, errors in place of the answer, commands."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.handlers import answer, caught_types
from tipoff_audit.reading.index import FUNCTIONS
from tipoff_audit.reading.names import constant, dotted, keyword, last_name

_SUCCESS = re.compile(r"^\W*(success|done|ok|completed?|finished)\b", re.IGNORECASE)
_ASKS_STATUS = frozenset({"returncode", "poll", "check_returncode", "wait", "kill", "terminate", "send_signal"})
_BEGINS = frozenset({"subprocess.call", "subprocess.run", "os.system"})


def asserted(file: File) -> None:
    """Report an assertion whose failure is caught where it stands, and only logged: what it was to keep back goes on."""
    for block in file.index.tries:
        if not all(isinstance(node, ast.Assert) for node in block.body) or block.orelse:
            continue
        for handler in block.handlers:
            said = answer(handler, file.effects, file.index)
            kinds = {last_name(kind) for kind in caught_types(handler, file.index)}
            leaves = said.raises or said.returns or said.skips or said.assigns or said.acts or said.exits_well
            if "AssertionError" in kinds and not leaves and not said.records and _goes_on(file, block):
                message = "the assertion has failed, which is only logged, and what it was to keep back goes on"
                file.say("swallowed-gate", handler, Level.NOTE, f"{message}; let it pass, or raise", guards="gate")


def _goes_on(file: File, block: ast.Try) -> bool:
    """Whether something is done, or handed on, after the block."""
    body = getattr(file.index.up.get(block), "body", [])
    return block in body and body.index(block) + 1 < len(body)


def errors_returned(file: File) -> None:
    """Report a handler that returns the error itself, where the function returns what it was asked for."""
    for block in file.index.tries:
        scope = file.scope(block)
        if scope.kind != "function" or re.search(r"isinstance\([^()]*(Exception|Error)\)", file.index.source.text):
            continue
        for handler in block.handlers:
            last = handler.body[-1]
            if (
                not isinstance(last, ast.Return)
                or not isinstance(last.value, ast.Name)
                or last.value.id != handler.name
            ):
                continue
            others = [one.value for one in scope.returns if one is not last and one.value is not None]
            given = [one for one in others if not isinstance(one, ast.Constant) and last_name(one) != handler.name]
            if handler.name and given and not _speaks_of_errors(scope.node):
                message = "the error itself is returned in place of the answer, and whoever called takes it for one"
                file.say("default-on-error", handler, Level.NOTE, f"{message}; let it pass", guards="read")


def _speaks_of_errors(node: ast.AST) -> bool:
    """Whether what the function says of its result names errors, or that it may be of several kinds."""
    said = ast.unparse(node.returns) if isinstance(node, FUNCTIONS) and node.returns is not None else ""
    doc = ast.get_docstring(node) or "" if isinstance(node, FUNCTIONS) else ""
    return (
        re.search(r"Exception|Error|Result|Either", said) is not None
        or re.search(r"return\w*[^.]*\b(exception|error)", doc, re.IGNORECASE) is not None
    )


def statuses(file: File) -> None:
    """Report commands of which the function says that they were done, or whose output it takes, and whose status nobody reads."""
    for call in file.index.calls:
        full = file.names.callee(call).full
        if full in _BEGINS and isinstance(file.index.up.get(call), ast.Expr):
            _told_as_done(file, call, full)
        elif last_name(call.func) == "communicate":
            _taken(file, call)


def _told_as_done(file: File, call: ast.Call, full: str) -> None:
    check = keyword(call, "check")
    above = file.index.up.get(call)
    block = getattr(file.index.up.get(above), "body", []) if above is not None else []
    if (
        (check is not None and constant(check) is not False)
        or above not in block
        or file.scope(call).kind != "function"
    ):
        return
    after = block[block.index(above) + 1 :][:1]
    given = next((one.value for one in after if isinstance(one, ast.Assign | ast.Return)), None)
    said = constant(given) if given is not None else None
    if any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in ast.walk(call)):
        return  # a command that is written out is judged by what it does
    if (isinstance(said, str) and _SUCCESS.search(said)) or (said is True and isinstance(after[0], ast.Return)):
        message = f"`{full}` does not raise where the command fails, and the next line says that it was done"
        file.say("ignored-result", call, Level.NOTE, f"{message}; look at its status", guards="work")


def _taken(file: File, call: ast.Call) -> None:
    """Judge `out, err = process.communicate()` of a process that this function begins."""
    scope, func = file.scope(call), call.func
    above = file.index.up.get(call)
    if scope.kind != "function" or not isinstance(func, ast.Attribute) or not isinstance(func.value, ast.Name):
        return
    made = scope.values.get(func.value.id)
    if not isinstance(made, ast.Call) or file.names.callee(made).full != "subprocess.Popen":
        return
    target = above.targets[0] if isinstance(above, ast.Assign) else None
    names = (
        [one.id if isinstance(one, ast.Name) else "" for one in target.elts] if isinstance(target, ast.Tuple) else []
    )
    told = any(file.index.loads(scope, name) for name in names[1:] if name)
    used = bool(names and names[0]) and bool(file.index.loads(scope, names[0]))
    nodes = [node for node in file.index.inner(scope) if isinstance(node, ast.Attribute) and node.attr in _ASKS_STATUS]
    if used and not told and not any(dotted(node.value) == func.value.id for node in nodes):
        message = "what the process has written is taken for the whole, and nobody looks how it ended"
        file.say("ignored-result", call, Level.NOTE, f"{message}; look at `returncode`", guards="read")


_KEEPS = frozenset({"filter", "filter_by", "exclude", "where"})


def filters_left_out(file: File) -> None:
    """Report a filter that is asked for and left out where what it should keep cannot be read: everything is returned."""
    for block in file.index.tries:
        is_silent = all(len(one.body) == 1 and isinstance(one.body[0], ast.Pass) for one in block.handlers)
        if not block.handlers or not is_silent:
            continue
        for node in [*block.body, *block.orelse]:
            made = node.value if isinstance(node, ast.Assign) else None
            if not isinstance(node, ast.Assign) or not isinstance(made, ast.Call) or last_name(made.func) not in _KEEPS:
                continue
            name = dotted(node.targets[0])
            asks = any(isinstance(one, ast.If) for one in file.index.parents(block))
            if dotted(made.func).partition(".")[0] == name and asks and _is_returned(file, block, name):
                message = "the filter that was asked for is left out where it cannot be read, and all is returned"
                file.say("default-on-error", block.handlers[0], Level.NOTE, f"{message}; raise", guards="read")


def _is_returned(file: File, block: ast.Try, name: str) -> bool:
    return any(isinstance(one.value, ast.Name) and one.value.id == name for one in file.scope(block).returns)


def refusals(file: File) -> None:
    """Report an answer that was refused, which is logged and handed on as none at all."""
    for call in file.index.calls:
        if file.effects.of(call).kind != "log":
            continue
        above = file.index.up.get(call)
        asked = file.index.up.get(above) if isinstance(above, ast.Expr) else None
        if not isinstance(asked, ast.If) or asked.orelse or asked.body[0] is not above or not _is_refusal(asked.test):
            continue
        last, scope = asked.body[-1], file.scope(call)
        if not isinstance(last, ast.Return) or not isinstance(last.value, ast.Constant | None) or constant(last.value):
            continue
        given = [one.value for one in scope.returns if one is not last and one.value is not None]
        is_none = last.value is None or constant(last.value) is None
        if is_none and any(not isinstance(one, ast.Constant) for one in given):
            message = (
                "an answer that was refused is logged and handed on as none, which nobody can tell from nothing there"
            )
            file.say("default-on-error", asked, Level.NOTE, f"{message}; `raise_for_status()`", guards="read")


_FINE = 200


def _is_refusal(test: ast.expr) -> bool:
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return isinstance(test.operand, ast.Attribute) and test.operand.attr == "ok"
    if not isinstance(test, ast.Compare) or len(test.ops) != 1 or not isinstance(test.left, ast.Attribute):
        return False
    return (
        test.left.attr in {"status_code", "status"}
        and isinstance(test.ops[0], ast.NotEq)
        and constant(test.comparators[0]) == _FINE
    )
