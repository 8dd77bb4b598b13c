"""A try and one of its handlers, judged by what the protected block does; as plain values, for other files may know more."""

import ast
import re
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from tipoff_audit.reading.effects import Effect, Effects, named
from tipoff_audit.reading.handlers import Answer, answer, breadth, caught_types, inside, suppresses_all
from tipoff_audit.reading.index import FRAME_WRITERS, FUNCTIONS, Index
from tipoff_audit.reading.names import constant, dotted, keyword, last_name, names_in, words
from tipoff_audit.reading.sqltext import FROM_ELSEWHERE, KEYED
from tipoff_audit.reading.words import these


@dataclass(frozen=True, slots=True, kw_only=True)
class TryBlock:
    """What a broad handler guards and answers. `effects`: kind to (what, whether it is sure, whether it is done right here)."""

    path: str
    line: int
    column: int
    end_line: int
    text: str
    symbol: str
    caught: str
    breadth: str
    effects: dict[str, tuple[str, bool, bool]]
    calls: list[str] = field(default_factory=list)
    raised: str = ""  # the deliberate raise that it swallows
    logs: bool = False
    returns: str = ""
    assigns: str = ""
    exits_well: bool = False
    yields_value: bool = False  # the block returns something where it succeeds
    acts: bool = False
    skips: bool = False
    keyed: bool = False  # a default is kept under the item's key, as if it had been measured
    flagged: bool = False  # its answer says in so many words that all is well: `{"is_consistent": True}`
    skipped: str = ""  # the skip that is raised in place of the error
    emptied: str = ""  # what is raised in place of the error says that there is nothing
    passes: bool = False  # the loop goes on to what is asked next, and who answers nothing has answered yes
    is_meant: bool = False  # a comment says that it does not matter
    declared: bool = False  # the function's docstring, or a comment before the block, says what comes where it fails
    warns: bool = False  # told as a warning: whoever wrote it did not hold it for an error
    quiet: bool = False  # nothing is logged, or only what few ever read: at debug or info
    keyed_rows: bool = False  # the rows have a key by which the next run writes them again
    is_script: bool = False  # somebody may run its file by hand
    printed: bool = False  # told on the screen of whoever runs the script by hand
    copied: bool = False  # the block writes once more what was written outside of it, or nothing
    of_failure: bool = False  # what is written tells of another error, or stands in the log beside it
    collects: bool = False  # the block gathers something of each item of a loop
    each: bool = False  # it stands in a loop over items
    fixed: bool = False  # the items are written in the code itself, and written again by the next run
    executes: bool = (
        False  # the statement that writes stands in the block itself, rather than in a function that it calls
    )
    again: bool = False  # it stands in something that is done over and over: a service's loop, a sweep
    holds: bool = False  # what the gate lets through stands in the block itself, or its answer is no until it says yes

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the guard that `to_json` wrote."""
        return cls(**values | {"effects": {kind: tuple(told) for kind, told in values["effects"].items()}})


def try_blocks(index: Index, effects: Effects) -> list[TryBlock]:
    """Return the file's broad handlers that neither raise nor record."""
    found = []
    for block in index.tries:
        for place, handler in enumerate(block.handlers):
            made = _guard(block, handler, block.handlers[:place], effects, index)
            if made is not None:
                found.append(made)
    quiet = [block for block in index.withs if any(suppresses_all(item.context_expr, index) for item in block.items)]
    for block in index.tries:
        found += [
            made for handler in block.handlers if (made := _left_open(block, handler, effects, index)) is not None
        ]
    return found + [_suppressed(block, effects, index) for block in quiet]


def _left_open(block: ast.Try, handler: ast.ExceptHandler, effects: Effects, index: Index) -> TryBlock | None:
    """Return the handler of a question that leaves standing the yes that was there before it."""
    scope = index.scope(block)
    own = named(scope.name.rpartition(".")[2])
    if (
        own is None
        or own.kind != "gate"
        or not (breadth(handler, index) != "narrow" or is_of_another_side(handler, index))
    ):
        return None
    said = answer(handler, effects, index)
    if said.raises or said.returns or said.records:
        return None
    asked = {
        name.id
        for node in inside(block.body)
        if isinstance(node, ast.Assign)
        for name in node.targets
        if isinstance(name, ast.Name)
    }
    again = {
        name.id
        for node in inside(handler.body)
        if isinstance(node, ast.Assign)
        for name in node.targets
        if isinstance(name, ast.Name)
    }
    before = {
        last_name(node.targets[0])
        for node in scope.assigns
        if node.lineno < block.lineno and constant(node.value) is True and isinstance(node.value, ast.Constant)
    }
    given = {done.value.id for done in scope.returns if isinstance(done.value, ast.Name)}
    if not (asked & before & given) - again:
        return None
    said.returns = "true"
    return _made(
        index, handler, caught="any error", breadth="preset", raised="", said=said, body=block.body, effects=effects
    )


def _guard(
    block: ast.Try, handler: ast.ExceptHandler, earlier: list[ast.ExceptHandler], effects: Effects, index: Index
) -> TryBlock | None:
    how = breadth(handler, index)
    wanted = (
        how != "narrow"
        or _reads_content(block, handler, effects, index)
        or _goes_on_without(block, handler, effects, index)
        or isinstance(handler.body[-1], ast.Raise)
    )
    if _is_import(block) or not wanted:
        return None
    said = answer(handler, effects, index)
    if how == "narrow" and _goes_on_without(block, handler, effects, index):
        made = _made(
            index,
            handler,
            caught=dotted(caught_types(handler)[0]),
            breadth="unlocked",
            raised="",
            said=said,
            body=block.body,
            effects=effects,
        )
        return None if said.raises else made
    skips_last = how == "narrow" and _ends_in_a_skip(handler, said, index)
    if how == "narrow" and not skips_last and (said.returns != "empty" or said.logs or said.acts):
        return None
    if (said.raises and not skips_last) or said.records or _retried(block, index):
        return None
    if how == "root" and (said.logs or said.acts or said.assigns or said.returns in {"none", "false", "value"}):
        return None
    return _made(
        index,
        handler,
        caught="any error" if handler.type is None else " and ".join(filter(None, map(dotted, caught_types(handler)))),
        breadth=how,
        raised=_deliberate(block.body, earlier) if how != "root" else "",
        said=said,
        body=block.body,
        effects=effects,
    )


_OF_ANSWERS = re.compile(
    r"(HTTP|Http|Connection|Connect|Timeout|Request|Client|API|Api|Database|Operational|Network)\w*(Error|Exception)$|^(Timeout|Error)$"
)


def _ends_in_a_skip(handler: ast.ExceptHandler, said: Answer, index: Index) -> bool:
    """Whether whatever another side answered is told as a skip, in the handler's last line."""
    last = handler.body[-1]
    name = last_name(last.exc) if isinstance(last, ast.Raise) and last.exc is not None else ""
    return bool(name) and name == said.skipped and is_of_another_side(handler, index)


def is_of_another_side(handler: ast.ExceptHandler, index: Index) -> bool:
    """Whether it is for what a server, a warehouse or the line to it may say."""
    return any(_OF_ANSWERS.search(last_name(kind)) for kind in caught_types(handler, index))


def _goes_on_without(block: ast.Try, handler: ast.ExceptHandler, effects: Effects, index: Index) -> bool:
    """Whether a lock or lease is refused, and the handler does what the lock was for."""
    kinds = {word for kind in caught_types(handler, index) for word in words(last_name(kind))}
    if not kinds & {"lock", "locked", "lease", "mutex", "semaphore"}:
        return False
    done = {effects.names.callee(node).full for node in inside(block.body) if isinstance(node, ast.Call)}
    again = [node for node in inside(handler.body) if isinstance(node, ast.Call) and effects.of(node).kind != "log"]
    return any(effects.names.callee(node).full in done for node in again)


_READERS = these("parse read fetch load extract games rows decode scrape")
_CONTENT = these("ValueError KeyError TypeError IndexError JSONDecodeError AttributeError LookupError")


def _reads_content(block: ast.Try, handler: ast.ExceptHandler, effects: Effects, index: Index) -> bool:
    """Whether the block takes a payload apart, and the handler takes whatever is wrong with the payload."""
    if not {last_name(kind) for kind in caught_types(handler, index)} <= _CONTENT:
        return False
    calls = [node for node in inside(block.body) if isinstance(node, ast.Call)]
    name = words(index.scope(block).name.rpartition(".")[2])
    return set(name[:1]) <= _READERS and any(
        effects.names.callee(call).full in {"json.loads", "json.load"} for call in calls
    )


def _suppressed(block: ast.With | ast.AsyncWith, effects: Effects, index: Index) -> TryBlock:
    raised = _deliberate(block.body, [])
    return _made(
        index,
        block,
        caught="Exception",
        breadth="broad",
        raised=raised,
        said=Answer(),
        body=block.body,
        effects=effects,
    )


def _made(  # noqa: PLR0913 -- one value from its parts
    index: Index,
    node: ast.ExceptHandler | ast.With | ast.AsyncWith,
    *,
    caught: str,
    breadth: str,
    raised: str,
    said: Answer,
    body: list[ast.stmt],
    effects: Effects,
) -> TryBlock:
    done, calls, gives = _protected(body, effects)
    collects = _collects(index, node, body) and not _gathers(node)
    if collects and any(call.endswith("result") for call in calls):
        done.setdefault("work", ("a worker's result", True, True))
    if said.unwritten:
        done.setdefault("write", ("what its own message speaks of", False, False))
    return TryBlock(
        path=index.path,
        line=node.lineno,
        column=node.col_offset + 1,
        end_line=node.end_lineno or node.lineno,
        text=index.line(node.lineno),
        symbol=index.scope(node).name,
        caught=caught,
        breadth=breadth,
        raised=raised,
        effects=done,
        calls=calls,
        logs=said.logs,
        returns=said.returns,
        assigns=said.assigns,
        exits_well=said.exits_well,
        yields_value=gives or _answers_well(index, node),
        each=_is_of_each(index, node),
        fixed=_is_of_the_code(index, node, effects),
        executes=any(
            isinstance(part, ast.Call) and effects.of(part).kind == "write" and effects.of(part).what.startswith("the ")
            for part in inside(body)
        ),
        again=_comes_again(index, node),
        collects=collects,
        acts=said.acts or (not said.returns and _has_a_second_way(index, node, body)) or _puts_back(index, node),
        skips=said.skips,
        skipped=said.skipped,
        emptied=said.emptied,
        passes=said.skips and not said.returns and _says_yes_in_the_end(index, node),
        flagged=said.flagged,
        keyed=said.keyed,
        is_meant=_is_meant(index, node),
        declared=_is_declared(index, node),
        warns=said.warns and not said.loud,
        quiet=not (said.warns or said.loud),
        keyed_rows=_is_keyed(body, effects) or _empties_after(body) or _is_moved(body, effects),
        is_script=index.is_script,
        printed=said.printed and index.is_script,
        copied=_is_copy(index, body),
        of_failure=_is_of_failure(index, node, body) or ("write" in done and _is_told_beside(index, node, effects)),
        holds=_holds(body, effects, index),
    )


def _has_a_second_way(index: Index, node: ast.AST, body: list[ast.stmt]) -> bool:
    """Whether the block ends in a return where it succeeds, and what stands after it is done where it fails."""
    child = index.up.get(node)
    if not isinstance(body[-1], ast.Return) or child is None:
        return False
    for parent in index.parents(child):
        beside = getattr(parent, "body", [])
        if child in beside and beside[-1] is not child:
            return True
        if isinstance(parent, FUNCTIONS):
            return False
        child = parent
    return False


def _puts_back(index: Index, node: ast.ExceptHandler | ast.With | ast.AsyncWith) -> bool:
    """Whether the handler puts the rows back into what the function has emptied before."""
    calls = [part for part in inside(node.body) if isinstance(part, ast.Call)]
    filled = {dotted(call.func).rpartition(".")[0] for call in calls if last_name(call.func) in _FILLS} - {""}
    if not filled or not isinstance(node, ast.ExceptHandler):
        return False
    scope = index.scope(node)
    before = [call for call in scope.calls if call.lineno < node.lineno and last_name(call.func) == "clear"]
    emptied = {dotted(call.func).rpartition(".")[0] for call in before}
    return bool(filled & emptied)


_FILLS = these("extend append appendleft extendleft insert update put put_nowait")


def _is_of_failure(index: Index, node: ast.AST, body: list[ast.stmt]) -> bool:
    """Whether the block stands in the handler of another error and writes what that one was."""
    above = next((one for one in index.parents(node) if isinstance(one, ast.ExceptHandler | ast.FunctionDef)), None)
    if not isinstance(above, ast.ExceptHandler) or not above.name:
        return False
    told = {above.name}
    for part in inside(above.body):
        if isinstance(part, ast.Assign) and names_in(part.value) & told:
            told |= {last_name(target) for target in part.targets}
    return any(told & names_in(given) for part in inside(body) if isinstance(part, ast.Call) for given in part.args)


def _is_told_beside(index: Index, node: ast.AST, effects: Effects) -> bool:
    """Whether whoever calls the function logs beside it, as a warning at least, what it hands over to be written."""
    scope = index.scope(node)
    name = scope.name.rpartition(".")[2]
    callers = [
        call
        for call in index.calls
        if last_name(call.func) == name and effects.names.callee(call).full == scope.name and call.args
    ]
    return bool(callers) and all(_is_logged_beside(index, call) for call in callers)


def _is_logged_beside(index: Index, call: ast.Call) -> bool:
    given = set().union(*map(names_in, call.args)) - {"self"}
    step = index.up.get(call)
    beside = getattr(index.up.get(step), "body", []) if isinstance(step, ast.Expr) else []
    logged = (one.value for one in beside if isinstance(one, ast.Expr) and isinstance(one.value, ast.Call))
    return any(last_name(one.func) in _LOUD and given & set().union(*map(names_in, one.args)) for one in logged)


_LOUD = these("warning error critical exception")


def _is_keyed(body: list[ast.stmt], effects: Effects) -> bool:
    """Whether what is written, here or in a function of this file, replaces what stands under its key."""
    calls = [node for node in inside(body) if isinstance(node, ast.Call)]
    calls += [inner for call in calls for inner in effects.calls_of(call)]
    texts = [effects.sql(call) or "" for call in calls]
    if any(map(KEYED.search, texts)) or any("on_conflict" in dotted(call.func) for call in calls):
        return True
    return any(constant(keyword(call, "if_exists")) == "replace" for call in calls)


def _is_moved(body: list[ast.stmt], effects: Effects) -> bool:
    """Whether the rows are taken from a table in which they stay."""
    return any(FROM_ELSEWHERE.search(effects.sql(node) or "") for node in inside(body) if isinstance(node, ast.Call))


def _empties_after(body: list[ast.stmt]) -> bool:
    """Whether a buffer is emptied where the block has succeeded: what was not written is still in it."""
    calls = [node.value for node in body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    return any(isinstance(call.func, ast.Attribute) and call.func.attr == "clear" for call in calls)


_OVER_AND_OVER = re.compile(
    r"periodic|worker|loop|monitor|sweep|reap|clean|heartbeat|poll|refresh|_queue_job$|process_\w*queue|watch|daemon|background|keep_?alive|tick|scheduler|listen|consume|serve|on_kill|on_exit|atexit",
    re.IGNORECASE,
)


def _comes_again(index: Index, node: ast.AST) -> bool:
    if _OVER_AND_OVER.search(index.scope(node).name.rpartition(".")[2]):
        return True
    for parent in index.parents(node):
        if isinstance(parent, ast.While):
            return True
        if isinstance(parent, FUNCTIONS):
            return False
    return False


def _is_of_each(index: Index, node: ast.AST) -> bool:
    for parent in index.parents(node):
        if isinstance(parent, (*FUNCTIONS, ast.For, ast.AsyncFor)):
            return isinstance(parent, ast.For | ast.AsyncFor)
    return False


_FORMS = these(
    """text dumps range items keys values enumerate list dict tuple sorted zip len append str int float format join
    isoformat now strftime"""
)


def _is_of_the_code(index: Index, node: ast.AST, effects: Effects) -> bool:
    """Whether a loop around it writes a table that stands in the code, `SUPPLY_CHAINS.items()`, and asks for nothing else."""
    for parent in index.parents(node):
        if isinstance(parent, FUNCTIONS):
            return False
        if isinstance(parent, ast.For | ast.AsyncFor) and dotted(parent.iter).partition(".")[0].isupper():
            calls = [part for part in inside(parent.body) if isinstance(part, ast.Call)]
            return all(effects.of(call).kind in {"write", "log"} or last_name(call.func) in _FORMS for call in calls)
    return False


def _collects(index: Index, node: ast.AST, body: list[ast.stmt]) -> bool:
    """Whether a loop goes over items around the block, and the block gathers what each gives."""
    for parent in index.parents(node):
        if isinstance(parent, ast.For | ast.AsyncFor):
            break
        if isinstance(parent, (*FUNCTIONS, ast.While)):
            return False
    else:
        return False
    if any(isinstance(part, ast.Return) for part in inside(body)):
        return False  # the first that answers is taken
    return _gathers_in(body)


def _gathers(node: ast.AST) -> bool:
    """Whether the handler gathers something too: the failure stands among what the others gave."""
    return isinstance(node, ast.ExceptHandler) and _gathers_in(node.body)


def _gathers_in(body: list[ast.stmt]) -> bool:
    return any(
        (isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store))
        or isinstance(part, ast.Yield | ast.YieldFrom)
        or (
            isinstance(part, ast.Call)
            and isinstance(part.func, ast.Attribute)
            and part.func.attr in {"append", "extend", "update", "add"}
        )
        for part in inside(body)
    )


def _answers_well(index: Index, node: ast.AST) -> bool:
    """Whether the function says elsewhere, by True or a value, that it worked."""
    if isinstance(node, ast.With | ast.AsyncWith):
        return False
    given = [
        (done, done.value.elts[0] if isinstance(done.value, ast.Tuple) and done.value.elts else done.value)
        for done in index.scope(node).returns
    ]
    return any(
        isinstance(said, ast.Constant)
        and constant(said) not in {None, False}
        and not any(parent is node for parent in index.parents(done))
        for done, said in given
    )


def _says_yes_in_the_end(index: Index, node: ast.AST) -> bool:
    """Whether the function, where nothing held it up, ends in `return True` or in a tuple that begins with True."""
    last = getattr(index.scope(node).node, "body", [None])[-1]
    given = last.value if isinstance(last, ast.Return) else None
    first = given.elts[0] if isinstance(given, ast.Tuple) and given.elts else given
    return constant(first) is True


_MEANT = re.compile(
    r"best[- _]?effort|non[- ]?(critical|fatal|blocking|essential)|not (critical|fatal|essential|important)"
    r"|optional|(do|does|must|should|ca|wo)"
    r"(n't| not|nnot) (fail|break|block|crash|prevent|abort|stop|interrupt|affect|matter|raise)|(ok|okay|fine"
    r"|safe|harmless) (to|if)|never (fail|break|crash|raise)"
    r"|that'?s (ok|okay|fine)|already (exist|there|present)|duplicates?\b"
    r"|ignor(e|ing)|purposely|on purpose|deliberate|intentional|swallow|fall ?back|tolerat|anyway|assum(e"
    r"|ing)|nice to have|cosmetic|#.*\bskip",
    re.IGNORECASE,
)


def _is_meant(index: Index, node: ast.AST) -> bool:
    """Whether a comment at the handler, or the message that it logs, says that the failure is to be passed over."""
    begin, end = getattr(node, "lineno", 1), getattr(node, "end_lineno", 0) or 0
    return any(_MEANT.search(line) for line in index.lines[begin - 1 : min(end, begin + 6)])


_DECLARED = re.compile(
    r"(on|upon) (any )?(\w+ ){0,2}(errors?|failures?|exceptions?)\b|never (blocks?|raises?|fails?|breaks?)|silently"
    r"|must (never|not) (break|block|fail|raise|stop|abort|crash)|swallowed|secondary|best[- ]?effort|falls? ?back"
    r"|optional(ly)?\b|for (inspection|debugging|diagnosis|analytics|telemetry|statistics)|may not exist",
    re.IGNORECASE,
)


def _is_declared(index: Index, node: ast.AST) -> bool:
    """Whether whoever calls it can read, in the docstring or in a comment above, what comes where it fails."""
    made = index.scope(node).node
    document = ast.get_docstring(made, clean=False) if isinstance(made, FUNCTIONS) else None
    if _DECLARED.search(document or ""):
        return True
    above = next((parent.lineno for parent in index.parents(node) if isinstance(parent, ast.Try)), 1) - 1
    return any(
        "#" in line and _DECLARED.search(line.partition("#")[2]) for line in index.lines[max(0, above - 3) : above]
    )


_FEW = 20  # of the same name: in a file of thousands nobody is looked for


def _is_copy(index: Index, body: list[ast.stmt]) -> bool:
    """Whether the block's only write repeats one that stands outside of any handler, or touches a file."""
    written = [node for node in inside(body) if isinstance(node, ast.Call) and last_name(node.func) in FRAME_WRITERS]
    if len(written) != 1:
        return False
    (call,) = written
    if call.args and constant(call.args[0]) == "":
        return True
    scope, around = index.scope(call), _tries(index, call)[1:]
    owner = last_name(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    others = index.frames.get(owner, [])[:_FEW] if owner else []
    return any(index.scope(other) is scope and set(_tries(index, other)) <= set(around) for other in others)


def _tries(index: Index, node: ast.AST) -> list[ast.AST]:
    return [parent for parent in index.parents(node) if isinstance(parent, ast.Try)]


def _is_import(block: ast.Try) -> bool:
    return all(isinstance(node, ast.Import | ast.ImportFrom | ast.Assign | ast.Pass) for node in block.body) and any(
        isinstance(node, ast.Import | ast.ImportFrom) for node in block.body
    )


_AGAIN = re.compile(r"attempt|retr(y|ies)|tries|backoff|delay", re.IGNORECASE)


def _retried(block: ast.Try, index: Index) -> bool:
    """Whether the block stands in a loop that tries the same again: it leaves it, on whatever path, where it succeeds.

    A loop over items goes to the next one after a failure: only an exit that every success takes makes it an attempt of many.
    """
    for parent in index.parents(block):
        if isinstance(parent, FUNCTIONS):
            return False
        if isinstance(parent, ast.For | ast.AsyncFor | ast.While):
            straight = [*block.body, *block.orelse, *parent.body]
            if any(isinstance(node, ast.Break | ast.Return) for node in straight):
                return True
            leaves = any(isinstance(node, ast.Break | ast.Return) for node in inside([*block.body, *block.orelse]))
            return leaves and _is_of_attempts(parent)
    return False


def _is_of_attempts(loop: ast.For | ast.AsyncFor | ast.While) -> bool:
    if isinstance(loop, ast.While):
        return True
    said = [
        part.id if isinstance(part, ast.Name) else part.attr
        for part in [*ast.walk(loop.target), *ast.walk(loop.iter)]
        if isinstance(part, ast.Name | ast.Attribute)
    ]
    return any(_AGAIN.search(name) or name in {"range", "count"} for name in said)


def _deliberate(body: list[ast.stmt], earlier: list[ast.ExceptHandler]) -> str:
    """Return the error that the block raises on purpose and that no earlier handler takes."""
    taken = {last_name(kind) for handler in earlier for kind in caught_types(handler)}
    stack: list[ast.AST] = list(reversed(body))
    while stack:
        node = stack.pop()
        if isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            continue
        if isinstance(node, ast.Try) and node.handlers:
            stack.extend(node.orelse + [part for handler in node.handlers for part in handler.body])
            continue
        if isinstance(node, ast.Raise) and node.exc is not None:
            name = last_name(node.exc.func if isinstance(node.exc, ast.Call) else node.exc)
            if name and name not in taken and name[:1].isupper():
                return name
        stack.extend(reversed(list(ast.iter_child_nodes(node))))
    return ""


def _holds(body: list[ast.stmt], effects: Effects, index: Index) -> bool:
    """Whether an error of the gate keeps back what it guards: that stands after it in the block, or waits for a yes."""
    for place, statement in enumerate(body):
        calls = [node for node in inside([statement]) if isinstance(node, ast.Call)]
        if any(effects.of(call).kind == "gate" for call in calls):
            after = list(inside(body[place + 1 :]))
            if any(isinstance(node, ast.Call) and effects.of(node).kind not in {"log", "gate"} for node in after):
                return True
            if any(
                isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store) for node in after
            ):
                return True
            if any(isinstance(node, ast.Return) and not isinstance(node.value, ast.Constant | None) for node in after):
                return True  # what it lets through is returned from the block itself
            assigned = [node for node in inside([statement]) if isinstance(node, ast.Assign)]
            return any(_was_no(node, index) for node in assigned)
    return False


def _was_no(statement: ast.Assign, index: Index) -> bool:
    """Whether the name that takes the gate's answer says no before."""
    name = last_name(statement.targets[0])
    return any(
        last_name(earlier.targets[0]) == name
        and constant(earlier.value) in {False, None}
        and isinstance(earlier.value, ast.Constant)
        for earlier in index.scope(statement).assigns
        if earlier.lineno < statement.lineno
    )


def _protected(body: list[ast.stmt], effects: Effects) -> tuple[dict[str, tuple[str, bool, bool]], list[str], bool]:
    """Return what the block does, the functions that other files may know, and whether it returns something."""
    done: dict[str, tuple[str, bool, bool]] = {}
    calls: list[str] = []
    gives = False
    stack: list[ast.AST] = list(reversed(body))
    while stack:
        node = stack.pop()
        if isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            continue
        if isinstance(node, ast.Return) and node.value is not None:
            gives = gives or not (isinstance(node.value, ast.Constant) and node.value.value is None)
        if isinstance(node, ast.Try) and any(_keeps(handler) for handler in node.handlers):
            stack.extend(node.orelse + node.finalbody)
            continue
        if isinstance(node, ast.Call):
            own, *inner = effects.through(node)
            _add(done, own, here=True)
            for effect in inner:  # what a function is named for, and does by its SQL, is done right here
                _add(done, effect, here=own.kind == "write" and effect.kind == "write" and bool(effect.sql))
            full = effects.names.callee(node).full
            if full and full not in calls:
                calls.append(full)
        stack.extend(reversed(list(ast.iter_child_nodes(node))))
    return done, calls, gives


def _keeps(handler: ast.ExceptHandler) -> bool:
    """Whether the inner handler lets nothing out to the outer one."""
    if breadth(handler) not in {"bare", "broad"}:
        return False
    return not any(isinstance(node, ast.Raise) for node in inside(handler.body))


def _add(done: dict[str, tuple[str, bool, bool]], effect: Effect, *, here: bool) -> None:
    if not effect.kind or effect.kind == "log":
        return
    known = done.get(effect.kind)
    if known is None or (here, effect.sure, bool(effect.sql)) > (known[2], known[1], known[0].startswith("the ")):
        done[effect.kind] = (effect.what, effect.sure, here)
