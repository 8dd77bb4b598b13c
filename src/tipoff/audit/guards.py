"""A try and one of its handlers, judged by what the protected block does; as plain values, for other files may know more."""

import ast
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from tipoff.audit import words as w
from tipoff.audit.deeds import Deed, Deeds, named
from tipoff.audit.finding import Finding, Level
from tipoff.audit.handlers import Answer, answer, breadth, caught_types, inside
from tipoff.audit.index import FUNCTIONS, Index
from tipoff.audit.names import dotted, last_name, words
from tipoff.audit.words import these

_CLOSING = these("close cleanup shutdown teardown stop terminate aclose disconnect dispose")
_DECIDES = (
    w.GATED
    | w.WRITE_OBJECTS
    | w.READ_OBJECTS
    | w.GATES - {"assert", "ensure", "check", "require"}
    | {"schema", "lock", "rows"}
)
_LOCAL = {
    "the file opened for writing",
    "renames",
    "rename",
    "replace",
    "move",
    "copy",
    "copyfile",
    "copy2",
    "dump",
    "save",
}  # files
_NOTHING_DONE = frozenset({"none", "empty", "zero", "false", "value", "input"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What a broad handler guards and answers. `deeds`: kind to (what, whether it is sure, whether it is done right here)."""

    path: str
    line: int
    column: int
    end_line: int
    text: str
    symbol: str
    caught: str
    breadth: str
    deeds: dict[str, tuple[str, bool, bool]]
    calls: list[str] = field(default_factory=list)
    raised: str = ""  # the deliberate raise that it swallows
    logs: bool = False
    returns: str = ""
    assigns: str = ""
    exits_well: bool = False
    yields_value: bool = False  # the block returns something where it succeeds
    acts: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return the guard that `to_json` wrote."""
        return cls(**values | {"deeds": {kind: tuple(told) for kind, told in values["deeds"].items()}})


def guards(index: Index, deeds: Deeds) -> list[Guard]:
    """Return the file's broad handlers that neither raise nor record."""
    found = []
    for block in index.tries:
        for place, handler in enumerate(block.handlers):
            made = _guard(block, handler, block.handlers[:place], deeds, index)
            if made is not None:
                found.append(made)
    quiet = [block for block in index.withs if any(suppresses_all(item.context_expr) for item in block.items)]
    return found + [_suppressed(block, deeds, index) for block in quiet]


def suppresses_all(node: ast.expr) -> bool:
    """Whether it is `contextlib.suppress(Exception)`."""
    if not isinstance(node, ast.Call) or last_name(node.func) != "suppress":
        return False
    return any(last_name(kind) in {"Exception", "BaseException"} for kind in node.args)


def _guard(
    block: ast.Try, handler: ast.ExceptHandler, earlier: list[ast.ExceptHandler], deeds: Deeds, index: Index
) -> Guard | None:
    how = breadth(handler)
    if how == "narrow" or _is_import(block):
        return None
    said = answer(handler, deeds, index)
    if said.raises or said.records or _retried(block, index):
        return None
    if how == "root" and (said.logs or said.acts or said.assigns or said.returns in {"none", "false", "value"}):
        return None
    return _made(
        index,
        handler,
        caught="any error" if handler.type is None else " and ".join(filter(None, map(dotted, caught_types(handler)))),
        breadth=how,
        raised=_deliberate(block, earlier) if how != "root" else "",
        said=said,
        body=block.body,
        deeds=deeds,
    )


def _suppressed(block: ast.With | ast.AsyncWith, deeds: Deeds, index: Index) -> Guard:
    return _made(
        index, block, caught="Exception", breadth="broad", raised="", said=Answer(), body=block.body, deeds=deeds
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
    deeds: Deeds,
) -> Guard:
    done, calls, gives = _protected(body, deeds)
    return Guard(
        path=index.path,
        line=node.lineno,
        column=node.col_offset + 1,
        end_line=node.end_lineno or node.lineno,
        text=index.line(node.lineno),
        symbol=index.scope(node).name,
        caught=caught,
        breadth=breadth,
        raised=raised,
        deeds=done,
        calls=calls,
        logs=said.logs,
        returns=said.returns,
        assigns=said.assigns,
        exits_well=said.exits_well,
        yields_value=gives,
        acts=said.acts,
    )


def _is_import(block: ast.Try) -> bool:
    return all(isinstance(node, ast.Import | ast.ImportFrom | ast.Assign | ast.Pass) for node in block.body) and any(
        isinstance(node, ast.Import | ast.ImportFrom) for node in block.body
    )


def _retried(block: ast.Try, index: Index) -> bool:
    """Whether the block stands in a loop that it leaves where it succeeds, and that ends in a raise or in another attempt."""
    for parent in index.parents(block):
        if isinstance(parent, FUNCTIONS):
            return False
        if isinstance(parent, ast.For | ast.AsyncFor | ast.While):
            return any(isinstance(node, ast.Break | ast.Return) for node in inside([*block.body, *block.orelse]))
    return False


def _deliberate(block: ast.Try, earlier: list[ast.ExceptHandler]) -> str:
    """Return the error that the block raises on purpose and that no earlier handler takes."""
    taken = {last_name(kind) for handler in earlier for kind in caught_types(handler)}
    stack: list[ast.AST] = list(reversed(block.body))
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


def _protected(body: list[ast.stmt], deeds: Deeds) -> tuple[dict[str, tuple[str, bool, bool]], list[str], bool]:
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
        if isinstance(node, ast.Try) and any(breadth(handler) in {"bare", "broad"} for handler in node.handlers):
            stack.extend(node.orelse + node.finalbody)
            continue
        if isinstance(node, ast.Call):
            for far, deed in enumerate(deeds.through(node)):
                _add(done, deed, here=not far)
            full = deeds.names.callee(node).full
            if full and full not in calls:
                calls.append(full)
        stack.extend(reversed(list(ast.iter_child_nodes(node))))
    return done, calls, gives


def _add(done: dict[str, tuple[str, bool, bool]], deed: Deed, *, here: bool) -> None:
    if not deed.kind or deed.kind == "log":
        return
    known = done.get(deed.kind)
    if known is None or (here, deed.sure) > (known[2], known[1]):
        done[deed.kind] = (deed.what, deed.sure, here)


def judge(guard: Guard) -> Finding | None:  # noqa: PLR0911 -- a return for each case
    """Return what is wrong with the handler, if anything is lost by it."""
    if guard.raised and (guard.calls or guard.deeds) and not guard.acts and guard.returns != "value":
        return _swallowed_raise(guard)
    name = guard.symbol.rpartition(".")[2]
    write, gate = guard.deeds.get("write"), guard.deeds.get("gate")
    if name.strip("_") in _CLOSING or name in {"__del__", "__exit__", "__aexit__"}:
        return None if write is None or not (write[1] and write[2]) else _around_write(guard, write)
    own = named(name)
    is_gate = own is not None and own.kind == "gate"
    if is_gate and not (write is not None and write[1] and write[2]):
        return _around_gate(guard, name, sure=True)
    if write is not None and write[2]:
        return _around_write(guard, write)
    if gate is not None and gate[2]:
        return _around_gate(guard, gate[0], sure=gate[1])
    if write is not None:
        return _around_write(guard, write)
    return _around_the_rest(guard)


def _swallowed_raise(guard: Guard) -> Finding:
    meant = bool(
        set(words(guard.raised))
        & {*w.NEGATIVE, *w.GATES, *w.GATED, "quota", "incomplete", "refused", "gate", "conflict", "drift"}
    )
    level = Level.ERROR if meant or guard.deeds.get("write", ("", False, False))[1] else Level.WARNING
    message = f"`raise {guard.raised}` in this block is swallowed by its own `except {guard.caught}`: {_answers(guard)}"
    return _found(
        guard,
        "swallowed-raise",
        level,
        f"{message}; let it pass (catch it first and raise), or narrow the handler",
        "gate",
    )


def _around_write(guard: Guard, write: tuple[str, bool, bool]) -> Finding | None:
    what, sure, here = write
    if guard.returns == "false" and guard.yields_value:
        return None  # told by its result: whether callers look at it is asked of them
    level = Level.ERROR if sure and (here or not guard.logs) else Level.WARNING
    is_local = what.split(" (in")[0] in _LOCAL or what.endswith((".write", ".writelines"))
    if is_local and (guard.logs or not here):
        level = Level.WARNING
    if {"cache", "cached", "telemetry", "track"} & set(words(f"{guard.path} {guard.symbol} {what}")):
        level = Level.NOTE  # what is only remembered can be made again
    if (
        guard.returns in {"success", "true"}
        or guard.exits_well
        or (guard.yields_value and guard.returns in _NOTHING_DONE - {"value"})
    ):
        message = f"{what} may have failed, and the handler {_answers(guard)} as if it had been done"
        return _found(guard, "default-on-error", level, f"{message}; raise, or record the failure", "write")
    if guard.returns == "value" and guard.yields_value:
        return None
    message = (
        f"`except {guard.caught}` around {what}: a failed write {_answers(guard)}, and its rows are lost in silence"
    )
    return _found(guard, "swallowed-write", level, f"{message}; raise, or record what was not written", "write")


def _around_gate(guard: Guard, what: str, *, sure: bool) -> Finding | None:
    if _closes(guard, what) or (guard.acts and not guard.returns):
        return None
    level = (
        Level.ERROR
        if sure and (set(words(what)) & _DECIDES or named(guard.symbol.rpartition(".")[2]))
        else Level.WARNING
    )
    message = f"`except {guard.caught}` around {what}: when it cannot be evaluated the gate {_answers(guard)}, and stands open"
    return _found(guard, "swallowed-gate", level, f"{message}; hold where unsure: raise, or return what blocks", "gate")


def _closes(guard: Guard, what: str) -> bool:
    """Whether the handler's answer is the one that holds."""
    own = guard.symbol.rpartition(".")[2]
    asked = words(own) if named(own) else words(what)
    negative = bool(set(asked) & w.NEGATIVE) and asked[0] in {*w.PREDICATES, "check"}
    if guard.returns in {"true", "success"}:
        return negative
    if guard.returns in {"false", "none", "zero"}:
        return asked[:1] != [] and not negative and (asked[0] in w.PREDICATES or guard.returns == "false")
    if guard.returns == "empty":
        return asked[:1] == ["get"]
    if guard.assigns:
        return False
    return guard.returns == "value"


def _around_the_rest(guard: Guard) -> Finding | None:
    read, notice, work = guard.deeds.get("read"), guard.deeds.get("notice"), guard.deeds.get("work")
    if guard.breadth == "root" and not (notice or read):
        return None
    if guard.returns == "input" and (guard.deeds.keys() - {"clean-up"} or guard.calls):
        level = (
            Level.ERROR
            if set(words(guard.symbol.rpartition(".")[2])) & {"filter", "exclude", "dedupe", "drop", "remove"}
            else Level.WARNING
        )
        message = f"the handler returns its input as it came, as if the work had been done on it: {_answers(guard)}"
        return _found(guard, "default-on-error", level, f"{message}; raise, or say that it was not done", "work")
    about = read or work
    if about is not None and (
        guard.returns in {"success", "true", "empty", "zero"} or (guard.returns == "none" and guard.yields_value)
    ):
        message = f"{about[0]} failed, and the handler {_answers(guard)}: nobody can tell it from a true answer"
        return _found(
            guard,
            "default-on-error",
            Level.WARNING,
            f"{message}; raise, or return what says that it is unknown",
            "read" if read else "work",
        )
    if guard.exits_well:
        message = "the process ends with exit status 0 after an error that nobody has seen"
        return _found(guard, "default-on-error", Level.WARNING, f"{message}; end with another status", "work")
    return _gone_on(guard, read, notice, work)


def _gone_on(guard: Guard, read: object, notice: object, work: object) -> Finding | None:  # noqa: PLR0911 -- a return for each case
    if guard.returns in {"value", "false"} or guard.acts:
        return None
    if notice is not None and read is None and work is None:
        if guard.logs:
            return None
        message = f"`except {guard.caught}` around {_what(notice)}: an alert that cannot be sent leaves no trace"
        return _found(guard, "swallowed-notice", Level.WARNING, f"{message}; record that nobody was told", "notice")
    if read is not None and guard.assigns:
        rule = "default-on-error" if guard.logs else "swallowed-notice"
        message = (
            f"{_what(read)} failed, and `{guard.assigns}` becomes a default that nobody can tell from a true answer"
        )
        return _found(guard, rule, Level.WARNING, f"{message}; raise, or record that it is unknown", "read")
    if not guard.logs and read is not None:
        message = f"`except {guard.caught}` around {_what(read)}: what could not be read {_answers(guard)} in silence"
        return _found(
            guard, "swallowed-notice", Level.WARNING, f"{message}; raise, or record that it is unknown", "read"
        )
    if work is None and read is None:
        return None
    message = f"`except {guard.caught}` around {_what(work or read)} only logs, and goes on as if it had been done"
    if not guard.logs:
        message = f"`except {guard.caught}` around {_what(work)} does not even log, and goes on as if it had been done"
    return _found(
        guard, "log-only-handler", Level.WARNING, f"{message}; raise, or count and record the failure", "work"
    )


def _what(deed: object) -> str:
    return f"`{deed[0]}`" if isinstance(deed, tuple) and deed[0] else "work"


def _answers(guard: Guard) -> str:
    said = {
        "none": "returns None",
        "true": "returns True",
        "false": "returns False",
        "empty": "returns something empty",
        "zero": "returns a number",
        "input": "returns its input",
        "success": "reports success",
        "value": "returns another value",
    }.get(guard.returns)
    if guard.exits_well:
        said = "exits with status 0"
    if said:
        return said if not guard.logs else f"is logged and {said}"
    return "is only logged" if guard.logs else "is passed over"


def _found(guard: Guard, rule: str, level: Level, message: str, guarded: str) -> Finding:
    return Finding(
        rule=rule,
        path=guard.path,
        line=guard.line,
        column=guard.column,
        end_line=guard.end_line,
        level=level,
        message=message,
        guards=guarded,
        symbol=guard.symbol,
        text=guard.text,
    )
