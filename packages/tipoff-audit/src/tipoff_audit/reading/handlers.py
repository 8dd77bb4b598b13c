"""What a handler catches, and what it does with what it caught."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from tipoff_audit.reading import words as w
from tipoff_audit.reading.effects import Effects
from tipoff_audit.reading.index import FUNCTIONS, Index
from tipoff_audit.reading.names import constant, dotted, last_name, words
from tipoff_audit.reading.words import these

Breadth = Literal["bare", "broad", "root", "narrow"]
_BROAD = frozenset({"Exception", "BaseException", "StandardError"})
_SKIPS = re.compile(r"^(AirflowSkipException|SKIP|TaskSkipped|DagsterSkip)$")
_NOTHING_THERE = re.compile(r"^(Empty[A-Z]\w*|No(Data|Rows?|Results?|Records?|Games?)([A-Z]\w*)?|Nothing\w*)$")
_TELLS_A_WRITE = re.compile(
    r"\b(ca(n.t|nnot|n not)|could(n.t| not)|unable to|fail(ed|s|ure) to|(did|was|were)(n.t| not)|error (while |when )?)\W?(be )?"
    r"(sav(e|ed|ing)|stor(e|ed|ing)|persist(ed|ing)?|writ(e|ten|ing)|upload(ed|ing)?|insert(ed|ing)?|upsert(ed)?|publish(ed|ing)?|commit(ted)?)\b",
    re.IGNORECASE,
)
_TEXT_CALLS = frozenset(
    {"str", "repr", "type", "format", "isinstance", "getattr", "hasattr", "len", "bool", "format_exc", "exc_info"}
)
_FLAGS = these("ok success succeeded healthy done valid passed")
_COUNTS = these("skipped missed lost dropped unsaved undelivered pending bad")
_SUCCESS = these("ok success successful succeeded completed complete done passed healthy ready true published sent 200")


def breadth(handler: ast.ExceptHandler, index: Index | None = None) -> Breadth:
    """Return how much the handler catches; `root`: all that can go wrong with some library's I/O."""
    if handler.type is None:
        return "bare"
    caught = {last_name(kind) for kind in caught_types(handler, index)}
    if caught & _BROAD:
        return "broad"
    return "root" if caught & w.ROOTS else "narrow"


def caught_types(handler: ast.ExceptHandler, index: Index | None = None) -> list[ast.expr]:
    """Return the types that the handler names, through a name that the module gives them."""
    if handler.type is None:
        return []
    return [kind for named in _several(handler.type) for kind in _several(_meant(named, index))]


def _several(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]


def _meant(node: ast.expr, index: Index | None) -> ast.expr:
    made = index.module.values.get(node.id) if index is not None and isinstance(node, ast.Name) else None
    return made if isinstance(made, ast.Name | ast.Tuple | ast.Attribute) else node


def suppresses_all(node: ast.expr, index: Index) -> bool:
    """Whether it is `contextlib.suppress(Exception)`, under whatever names."""
    if not isinstance(node, ast.Call) or not node.args:
        return False
    name = index.imports.get(last_name(node.func), last_name(node.func)).rpartition(".")[2]
    return name == "suppress" and any(last_name(_meant(kind, index)) in _BROAD for kind in node.args)


def inside(nodes: list[ast.stmt]) -> Iterator[ast.AST]:
    """Yield all that is executed where `nodes` are: not the bodies of functions that are only defined there."""
    stack: list[ast.AST] = list(reversed(nodes))
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            stack.extend(reversed(list(ast.iter_child_nodes(node))))


@dataclass(slots=True)
class Answer:
    """What a handler does: each is true if it happens on any path through it."""

    raises: bool = False
    records: bool = False
    logs: bool = False
    loud: bool = False  # logged as an error or with its traceback
    warns: bool = False  # logged as a warning, or printed
    exits_well: bool = False
    skips: bool = False  # goes to the loop's next item, or out of the loop
    returns: str = ""  # none, true, false, empty, zero, input, success, value
    assigns: str = ""  # the first name that is given a default
    acts: bool = False  # calls something else: a second way to do the work
    keyed: bool = False  # a default is kept under an item's key
    flagged: bool = False  # it returns a dictionary that says that all is well
    skipped: str = ""  # the skip that it raises in place of the error
    emptied: str = ""  # what it raises in place of the error says that there is nothing
    printed: bool = False  # it prints
    unwritten: bool = False  # what it logs says that something was not written


def answer(handler: ast.ExceptHandler, effects: Effects, index: Index) -> Answer:
    """Read the handler's body."""
    found = Answer()
    parameters = _parameters(index, handler)
    for node in inside(handler.body):
        if isinstance(node, ast.Raise):
            _raised(found, node)
        elif isinstance(node, ast.Call):
            if not isinstance(index.up.get(node), ast.Raise):  # what is raised keeps nothing by its name
                _call(found, node, effects)
        elif isinstance(node, ast.Continue | ast.Break):
            found.skips = True
        elif isinstance(node, ast.Return):
            found.returns = _returned(node.value, parameters)
            found.flagged = isinstance(node.value, ast.Dict) and _flags(node.value)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            _assigned(found, node)
        elif isinstance(node, ast.Yield) and node.value is not None and constant(node.value) is None:
            found.records = True  # whoever iterates is told
    found.records = found.records or (not found.logs and _takes_traceback(handler))
    if handler.name and not found.records:
        found.records = _kept(handler, effects, index)
    return found


def _raised(found: Answer, node: ast.Raise) -> None:
    name = last_name(node.exc) if node.exc is not None else ""
    if _SKIPS.search(name):
        found.skipped = name
    elif _NOTHING_THERE.search(name):
        found.emptied = name
    else:
        found.exits_well, found.raises = _exit(node, found)


def _parameters(index: Index, handler: ast.ExceptHandler) -> frozenset[str]:
    scope = index.scope(handler)
    if scope.kind != "function":
        return frozenset()
    arguments = scope.node.args  # type: ignore[union-attr]
    return frozenset(argument.arg for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs])


def _exit(node: ast.Raise, found: Answer) -> tuple[bool, bool]:
    well = isinstance(node.exc, ast.Call) and last_name(node.exc.func) == "SystemExit" and _is_nought(node.exc)
    return (found.exits_well or well, found.raises or not well)


def _is_nought(call: ast.Call) -> bool:
    return not call.args or (isinstance(call.args[0], ast.Constant) and call.args[0].value in {0, None})


def _call(found: Answer, node: ast.Call, effects: Effects) -> None:
    name = last_name(node.func)
    if dotted(node.func) in {"sys.exit", "exit", "quit", "os._exit", "ctx.exit"}:
        well = _is_nought(node)
        found.exits_well, found.raises = found.exits_well or well, found.raises or not well
        return
    effect = effects.of(node)
    if effect.kind == "log":
        found.logs = True
        found.printed = found.printed or dotted(node.func) == "print"
        found.warns = found.warns or name in {"warning", "warn", "print", "echo"}
        said_text = " ".join(str(part.value) for part in ast.walk(node) if isinstance(part, ast.Constant))
        found.unwritten = found.unwritten or _TELLS_A_WRITE.search(said_text) is not None
        found.loud = found.loud or name in {"error", "exception", "critical", "fatal", "print_exc"}
        return
    if name in {"safe_reraise", "save_and_reraise_exception", "reraise", "raise_from"}:
        found.raises = True
    said = set(words(name))
    if name == "writelines" and not dotted(node.func).startswith("sys."):
        found.records = True  # what could not be handed on stands in a file
    if (
        effect.kind in {"notice", "write"}
        or said & w.RECORDS
        or name in {"abort", "send_error", "set_exception", "capture_exception"}
    ):
        found.records = True
    elif name in {"append", "add", "put", "extend", "insert"} and isinstance(node.func, ast.Attribute):
        kept = set(words(last_name(node.func.value)))
        found.records = found.records or bool(kept & (w.RECORDS | _COUNTS))
    elif effect.kind in {"work", "read", "gate"} or (
        not effect.kind and name not in w.PURE | _TEXT_CALLS | w.RESPONSES and not name[:1].isupper()
    ):
        found.acts = True


def _assigned(found: Answer, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and isinstance(constant(node.value), int):
        found.records = True  # counted
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        said = set(words(last_name(target))) | _key_words(target)
        if (
            _keeps_traceback(node.value)
            or (said & (w.RECORDS | _COUNTS) and not _is_default(node.value))
            or (said & _FLAGS and constant(node.value) is False)
            or (said & w.RECORDS and constant(node.value) is True)
            or (
                said & {"exit", "rc", "returncode"}
                and isinstance(constant(node.value), int)
                and constant(node.value) != 0
            )
            or (said & {"status", "state", "outcome"} and _says(node.value, w.RECORDS))
            or (isinstance(target, ast.Subscript) and _marks_failure(node.value))
        ):
            found.records = True
        elif isinstance(target, ast.Attribute | ast.Subscript) and isinstance(node.value, ast.BinOp):
            found.acts = True  # put back
        elif isinstance(target, ast.Subscript) and isinstance(node, ast.Assign) and _is_default(node.value):
            found.assigns = found.assigns or last_name(target)
            found.keyed = found.keyed or constant(node.value) is not None
        elif not isinstance(node, ast.AugAssign) and _is_default(node.value):
            found.assigns = found.assigns or last_name(target)


def _marks_failure(node: ast.expr | None) -> bool:
    """Whether what is kept under a key says that it failed: `results[day] = False`, `kinds[item] = {"kind": "ERROR"}`."""
    if constant(node) is False:
        return True
    told = [constant(part) for part in ast.walk(node)] if isinstance(node, ast.Dict | ast.Tuple | ast.Constant) else []
    return any(isinstance(one, str) and set(words(one)) & w.RECORDS for one in told)


def _takes_traceback(handler: ast.ExceptHandler) -> bool:
    """Whether the error's text is kept under a name, for what comes after the handler."""
    values = [node.value for node in inside(handler.body) if isinstance(node, ast.Assign)]
    return any(isinstance(value, ast.Call) and last_name(value.func) in {"format_exc", "exc_info"} for value in values)


def _keeps_traceback(node: ast.expr | None) -> bool:
    """Whether the error's text goes into an object of somebody's making: `TracebackWrapper(format_exc())`."""
    return isinstance(node, ast.Call) and any(
        isinstance(part, ast.Call)
        and part is not node
        and last_name(part.func) in {"format_exc", "exc_info", "format_exception"}
        for part in ast.walk(node)
    )


def _key_words(target: ast.expr) -> set[str]:
    key = constant(target.slice) if isinstance(target, ast.Subscript) else None
    return set(words(key)) if isinstance(key, str) else set()


def _says(node: ast.expr | None, these: frozenset[str]) -> bool:
    said = constant(node)
    return bool(set(words(said if isinstance(said, str) else last_name(node) if node else "")) & these)


def _is_default(node: ast.expr | None) -> bool:
    return _returned(node, frozenset()) in {"none", "empty", "zero", "true", "false", "success"}


def _returned(node: ast.expr | None, parameters: frozenset[str]) -> str:  # noqa: PLR0911 -- a return for each case
    if node is None:
        return "none"
    if isinstance(node, ast.Constant):
        return _constant(node.value)
    if isinstance(node, ast.Name):
        return "input" if node.id in parameters else "value"
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return _pair(node, parameters) if node.elts else "empty"
    if isinstance(node, ast.Dict):
        return _dictionary(node)
    if isinstance(node, ast.Call):
        name = last_name(node.func)
        if name in w.RESPONSES:
            return _response(node)
        return (
            "empty"
            if name in {"DataFrame", "list", "dict", "set", "tuple", "Series", "defaultdict"} and not node.args
            else "value"
        )
    return "success" if isinstance(node, ast.Attribute) and set(words(node.attr)) & _SUCCESS else "value"


def _constant(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return "zero" if value == 0 or isinstance(value, float) else "value"
    if isinstance(value, str):
        return "empty" if not value else "success" if set(words(value)) & _SUCCESS else "value"
    return "value"


def _pair(node: ast.List | ast.Tuple | ast.Set, parameters: frozenset[str]) -> str:
    """Return what the first of several values says: `return "ok", 200`, `return True, None`."""
    kinds = [_returned(item, parameters) for item in node.elts]
    if "success" in kinds or "true" in kinds:
        return "success"
    return "empty" if set(kinds) <= {"none", "empty", "zero"} else "false" if "false" in kinds else "value"


def _dictionary(node: ast.Dict) -> str:
    if not node.keys:
        return "empty"
    for key, value in zip(node.keys, node.values, strict=True):
        said = constant(key)
        if isinstance(said, str) and set(words(said)) & {"status", "ok", "success", "state", "result"}:
            kind = _returned(value, frozenset())
            return "success" if kind in {"success", "true"} else "value"
    return "success" if _flags(node) else "value"


_NO = w.NEGATIVE | {"error", "errors"}
_YES = w.PREDICATES | {"passed", "valid", "consistent", "complete", "ready"}


def _flags(node: ast.Dict) -> bool:
    """Whether a key that asks for leave is answered with True; `isError` asks for none."""
    return any(
        isinstance(name := constant(key), str)
        and (words(name) or [""])[0] in _YES
        and not set(words(name)) & _NO
        and constant(value) is True
        for key, value in zip(node.keys, node.values, strict=True)
    )


def _response(node: ast.Call) -> str:
    """Return what an answer to a request says: `jsonify(status="success")`, `JSONResponse({"ok": True})`."""
    for given in node.keywords:
        if given.arg and set(words(given.arg)) & {"status", "ok", "success", "state", "result"}:
            kind = _returned(given.value, frozenset())
            status = constant(given.value)
            return "success" if kind in {"success", "true"} or status in {200, 201, 202, 204} else "value"
    return _returned(node.args[0], frozenset()) if node.args and isinstance(node.args[0], ast.Dict) else "value"


def _mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))


def _kept(handler: ast.ExceptHandler, effects: Effects, index: Index) -> bool:
    """Whether the error itself goes on to somewhere else than a log: into a list, a result, a state, a call."""
    texts = {handler.name or ""}
    if any(isinstance(node, ast.Lambda) and _mentions(node, handler.name or "") for node in inside(handler.body)):
        return True  # handed to whoever calls it later
    for node in inside(handler.body):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and (
                any(_mentions(node.value, text) for text in texts)
                or (isinstance(node.value, ast.Call) and last_name(node.value.func) in {"format_exc", "exc_info"})
            )
        ):
            texts.add(node.targets[0].id)
    kept = texts - {handler.name}
    end = handler.end_lineno or handler.lineno
    if kept and any(
        isinstance(node, ast.Name) and node.id in kept and isinstance(node.ctx, ast.Load) and node.lineno > end
        for node in index.inner(index.scope(handler))
    ):
        return True  # read after the handler
    return any(
        _goes_on(node, handler, effects, index)
        for node in inside(handler.body)
        if isinstance(node, ast.Name) and node.id in texts and isinstance(node.ctx, ast.Load)
    )


def _goes_on(node: ast.Name, handler: ast.ExceptHandler, effects: Effects, index: Index) -> bool:
    for parent in index.parents(node):
        if parent is handler or isinstance(parent, ast.If | ast.Compare):
            return False
        if isinstance(parent, ast.Call):
            name = last_name(parent.func)
            if effects.of(parent).kind == "log":
                return False
            if name not in _TEXT_CALLS | w.RESPONSES and name not in {
                "join",
                "format",
                "strip",
                "lower",
                "replace",
                "split",
                "rollback",
            }:
                return True
        if isinstance(parent, ast.Return | ast.Yield):
            parts = parent.value.elts if isinstance(parent.value, ast.Tuple) else [parent.value]
            return not any(
                isinstance(part, ast.Dict | ast.Call) and _returned(part, frozenset()) == "success" for part in parts
            )
        if isinstance(parent, ast.Assign | ast.AnnAssign | ast.AugAssign):
            target = parent.targets[0] if isinstance(parent, ast.Assign) else parent.target
            return not isinstance(target, ast.Name)
    return False
