"""Gates that stand open where nothing was measured: no check has run, no score is there, no lock was got."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading import words as w
from tipoff_audit.reading.context import File
from tipoff_audit.reading.effects import named
from tipoff_audit.reading.handlers import answer, breadth, caught_types, inside
from tipoff_audit.reading.index import FUNCTIONS, Scope
from tipoff_audit.reading.names import constant, dotted, keyword, last_name, names_in, words
from tipoff_audit.reading.try_blocks import is_of_another_side
from tipoff_audit.reading.words import these

_QUALITY = these("score quality coverage completeness confidence ratio freshness health rate pct percent share")
_FULL = (1, 100)  # what lies between may be a guess on purpose
_ACQUIRES = these("acquire try_acquire try_lock")
_LOCKS = re.compile(r"lock|mutex|semaphore|lease", re.IGNORECASE)
_MEASURES = re.compile(r"check|verdict|result|finding|status|gate|validat|quality", re.IGNORECASE)


def open_gates(file: File) -> None:
    """Report gates that let through what nobody has looked at."""
    for call in file.index.calls:
        if dotted(call.func) == "all" and len(call.args) == 1:
            _none_has_run(file, call)
        elif last_name(call.func) == "get" and len(call.args) == 2:  # noqa: PLR2004 -- key, default
            _full_marks(file, call, constant(call.args[0]), constant(call.args[1]))
        elif last_name(call.func) in _ACQUIRES and _is_lock(file, call):
            _refused(file, call)
    for node in file.index.ors:
        first = node.values[0]
        if isinstance(first, ast.Call) and last_name(first.func) == "get" and len(first.args) == 1:
            _full_marks(file, node, constant(first.args[0]), constant(node.values[-1]))
        elif isinstance(first, ast.Subscript):
            _full_marks(file, node, constant(first.slice), constant(node.values[-1]))
    for block in file.index.tries:
        _timed_out(file, block)
        for handler in block.handlers:
            _passed(file, handler)


def _none_has_run(file: File, call: ast.Call) -> None:
    """Judge `return all(v["passed"] for v in verdicts)`: of no verdicts all have passed."""
    scope, given = file.scope(call), call.args[0]
    own = named(scope.name.rpartition(".")[2])
    if own is None or own.kind != "gate" or not isinstance(given, ast.GeneratorExp | ast.ListComp):
        return
    source, above = given.generators[0].iter, file.index.up.get(call)
    if not isinstance(above, ast.Return) or not isinstance(source, ast.Name) or given.generators[0].ifs:
        return
    made = scope.values.get(source.id)
    asked = [file.index.up.get(node) for node in file.index.loads(scope, source.id) if node is not source]
    about = f"{source.id} {last_name(made) if made is not None else ''}"
    if not isinstance(made, ast.Call) or asked or not _MEASURES.search(f"{about} {ast.unparse(given.elt)}"):
        return  # somebody looks whether there are any, or they are no results of checks
    message = f"`all(…)` of no `{source.id}` is True: where no check has run, the gate stands open"
    file.say("swallowed-gate", call, Level.NOTE, f"{message}; hold where there are none", guards="gate")


def _full_marks(file: File, call: ast.expr, key: object, value: object) -> None:
    """Judge `x.get("score", 100)` that is held against a lower bound: what has no score passes."""
    if (
        not isinstance(value, int | float)
        or not isinstance(key, str)
        or isinstance(value, bool)
        or value not in _FULL
        or not set(words(key)) & _QUALITY
    ):
        return
    scope, above = file.scope(call), file.index.up.get(call)
    used: list[ast.AST] = [call]
    if isinstance(above, ast.Assign) and isinstance(above.targets[0], ast.Name):
        used = [*file.index.loads(scope, above.targets[0].id)]
    for node in used:
        asked = file.index.up.get(node)
        if not isinstance(asked, ast.Compare) or len(asked.ops) != 1 or node is not asked.left:
            continue
        least = _number(file, scope, asked.comparators[0])
        if least is not None and isinstance(asked.ops[0], ast.Lt | ast.LtE | ast.Gt | ast.GtE) and value >= least > 0:
            message = f"what has no `{key}` is given {value}, and passes a bound of {least}: nobody has measured it"
            file.say("swallowed-gate", call, Level.NOTE, f"{message}; hold what was not measured", guards="gate")
            return


_EXPECTED = these("expected scheduled planned required owed wanted due")
_AMOUNTS = _QUALITY - these("score quality confidence freshness health")  # of what is there, not of how good it is
_COVERS = these("coverage completeness")
_IS_COMPLETE = re.compile(r"without|empty|off[- ]?day|\bno (games|rows|items)|nothing", re.IGNORECASE)


def nothing_expected(file: File) -> None:
    """Report shares of what was expected that are whole where nothing was."""
    for binary in file.index.binaries:
        if isinstance(binary.op, ast.Div):
            _nothing_expected(file, binary)


def _nothing_expected(file: File, share: ast.BinOp) -> None:
    """Judge `len(found) / len(expected) if expected else 1.0` that is held against a bound: of nothing all is there."""
    scope, above = file.scope(share), file.index.up.get(share)
    child: ast.AST = share
    while isinstance(above, ast.BinOp) or (isinstance(above, ast.Call) and last_name(above.func) in {"round", "min"}):
        child, above = above, file.index.up.get(above)
    if not isinstance(above, ast.IfExp) or child is above.test or scope.kind != "function":
        return
    value = constant(above.orelse if child is above.body else above.body)
    divisor = names_in(share.right)
    asked = divisor & names_in(above.test)
    if isinstance(value, bool) or value not in _FULL or not any(set(words(name)) & _EXPECTED for name in asked):
        return
    assigned = file.index.up.get(above)
    target = assigned.targets[0] if isinstance(assigned, ast.Assign) else None
    if not isinstance(target, ast.Name) or not set(words(target.id)) & _AMOUNTS:
        return
    bounds = [(node, file.index.up.get(node)) for node in file.index.loads(scope, target.id)]
    is_held = any(_is_at_least(file, scope, node, one, value) for node, one in bounds)
    first, last = getattr(scope.node, "lineno", 1), getattr(scope.node, "end_lineno", 1)
    text = "\n".join(file.index.lines[first - 1 : last])
    if is_held and not _asks_first(file, scope, asked) and not _IS_COMPLETE.search(text):
        message = f"where nothing is expected `{target.id}` is {value}: a list that did not load reads as complete"
        file.say(
            "swallowed-gate", above, Level.NOTE, f"{message}; hold, or say that nothing was to be there", guards="gate"
        )


def _is_at_least(file: File, scope: Scope, node: ast.expr, asked: ast.AST | None, value: object) -> bool:
    """Whether it is held against a lower bound that a whole share meets; of what is named a coverage, against any."""
    if not isinstance(asked, ast.Compare) or len(asked.ops) != 1 or asked.left is not node:
        return False
    least = _number(file, scope, asked.comparators[0])
    if least is None:
        return bool({*words(last_name(node))} & _COVERS)
    is_ordered = isinstance(asked.ops[0], ast.Lt | ast.LtE | ast.GtE)
    return is_ordered and isinstance(value, int | float) and value >= least > 0


def _asks_first(file: File, scope: Scope, names: set[str]) -> bool:
    """Whether the function leaves where one of these names holds nothing."""
    asks = [one for one in file.index.inner(scope) if isinstance(one, ast.If)]
    return any(
        isinstance(one.body[-1], ast.Return | ast.Raise | ast.Continue) and names & names_in(one.test) for one in asks
    )


def _number(file: File, scope: Scope, node: ast.expr) -> int | float | None:
    """Return the number that a bound is, through the name that the module gives it."""
    made = file.index.module.values.get(node.id) if isinstance(node, ast.Name) and node.id not in scope.bound else node
    value = constant(made)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _is_lock(file: File, call: ast.Call) -> bool:
    callee = file.names.callee(call)
    return bool(callee.receiver) and _LOCKS.search(f"{callee.receiver} {callee.origin}") is not None


def _refused(file: File, call: ast.Call) -> None:
    """Report `if not got:` that only logs, where what the lock is for is done all the same."""
    scope, above = file.scope(call), file.index.up.get(call)
    if isinstance(above, ast.Await):
        above = file.index.up.get(above)
    told = file.index.up.get(above) if isinstance(above, ast.UnaryOp) and isinstance(above.op, ast.Not) else None
    if isinstance(told, ast.If) and all(_is_log(file, one) for one in told.body) and not told.orelse:
        _say_refused(file, told)
    if not isinstance(above, ast.Assign) or not isinstance(above.targets[0], ast.Name) or scope.kind != "function":
        return
    told = None
    for node in file.index.loads(scope, above.targets[0].id):
        test = file.index.up.get(node)
        refused = isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
        asks = file.index.up.get(test) if refused and test is not None else test
        if not isinstance(asks, ast.If) or (asks.orelse and not refused):
            return
        if refused and all(_is_log(file, one) for one in asks.body) and not asks.orelse:
            told = asks
        elif refused or not all(_lets_go(one) for one in asks.body):
            return  # it gives up, or only who has got it goes on
    if isinstance(told, ast.If):
        _say_refused(file, told)


def _say_refused(file: File, told: ast.If) -> None:
    if _goes_on(file, told):
        message = "the lock was not got, and what it was for is done all the same"
        file.say("swallowed-gate", told.body[0], Level.NOTE, f"{message}; wait, or give up and say so", guards="gate")


def _is_log(file: File, node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and file.effects.of(node.value).kind == "log"
    )


def _lets_go(node: ast.stmt) -> bool:
    call = node.value if isinstance(node, ast.Expr) else None
    call = call.value if isinstance(call, ast.Await) else call
    return isinstance(call, ast.Call) and last_name(call.func) in {"release", "unlock", "close"}


def _goes_on(file: File, node: ast.stmt) -> bool:
    """Whether something is done after the statement in its block."""
    beside = getattr(file.index.up.get(node), "body", [])
    return node in beside and beside[-1] is not node


def _timed_out(file: File, block: ast.Try) -> None:
    """Report the handler of a lock's own time-out that only logs, where what comes after the block needs the lock."""
    first = block.body[0]
    call = first.value if isinstance(first, ast.Expr) else None
    call = call.value if isinstance(call, ast.Await) else call
    is_one = len(block.body) == 1 and isinstance(call, ast.Call) and not block.orelse
    if (
        not is_one
        or not isinstance(call, ast.Call)
        or last_name(call.func) not in _ACQUIRES
        or not _is_lock(file, call)
    ):
        return
    for handler in block.handlers:
        timed = any("timeout" in last_name(kind).lower() for kind in caught_types(handler, file.index))
        if (
            timed
            and breadth(handler) == "narrow"
            and all(_is_log(file, one) for one in handler.body)
            and _goes_on(file, block)
        ):
            message = "the lock was not got in time, and what it was for is done all the same"
            file.say("swallowed-gate", handler, Level.NOTE, f"{message}; wait, or give up and say so", guards="gate")


_YES = these("ok passed success succeeded passing healthy valid good open allow allowed passes")


_SAFE = these("should need needs needed must require requires required changed refresh update updated outdated missing")


def _passed(file: File, handler: ast.ExceptHandler) -> None:
    """Report a handler of a check that gives back a result of somebody's making which says that all is well."""
    scope = file.scope(handler)
    own = named(scope.name.rpartition(".")[2])
    if own is None or own.kind != "gate" or not isinstance(scope.node, FUNCTIONS):
        return
    said = answer(handler, file.effects, file.index)
    if said.raises or said.records or any(isinstance(node, ast.If) for node in inside(handler.body)):
        return
    asked = set(words(scope.name.rpartition(".")[2]))
    plain = said.returns in {"true", "success"} and breadth(handler) in {"root", "narrow"}
    if plain and not said.acts and not asked & (w.NEGATIVE | _SAFE) and is_of_another_side(handler, file.index):
        message = "the question could not be asked, and the answer is yes: the gate stands open"
        file.say("swallowed-gate", handler, Level.NOTE, f"{message}; raise, or say no", guards="gate")
        return
    last = handler.body[-1]
    value = last.value if isinstance(last, ast.Return) else None
    if not isinstance(value, ast.Call):
        return
    func = value.func
    by_name = isinstance(func, ast.Attribute) and func.attr.lower() in _YES and last_name(func.value)[:1].isupper()
    flags = [given.arg for given in value.keywords if given.arg in _YES and constant(given.value) is True]
    by_flag = bool(flags) and last_name(func)[:1].isupper() and keyword(value, "skipped") is None
    if by_name or by_flag:
        what = f"{dotted(func)}(…)" if by_name else f"{last_name(func)}({flags[0]}=True)"
        message = f"the check could not be made, and `{what}` says that it has passed"
        file.say("swallowed-gate", last, Level.NOTE, f"{message}; say that it is unknown, or raise", guards="gate")
