"""The judgement on a broad handler: what is lost by its answer, given what it guards."""

from tipoff_audit.finding import Finding, Level
from tipoff_audit.reading import words as w
from tipoff_audit.reading.effects import named
from tipoff_audit.reading.names import words
from tipoff_audit.reading.try_blocks import TryBlock
from tipoff_audit.reading.words import these

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
}
_SWEEPERS = these(
    """clean cleanup clear sweep prune expire purge orphan orphans discard revoke
    remove drop delete cancel stale handle"""
)
_BESIDE_THE_POINT = these(  # what is only remembered, or only counted, can be made again
    "cache cached caches caching telemetry analytics track nux milestone memo memoize banner device first preload bytecode pyc"
)
_FILTERS = these("filter exclude dedupe drop remove eligible clean without only keep select")
_NOTHING_DONE = frozenset({"none", "empty", "zero", "false", "value", "input"})


def _empty_for_broken(guard: TryBlock) -> Finding:
    message = "what cannot be parsed becomes something empty, which stands for a day without any"
    return _found(guard, "default-on-error", Level.NOTE, f"{message}; raise, or let the payload be quarantined", "read")


def judge(guard: TryBlock) -> Finding | None:  # noqa: PLR0911 -- a return for each case
    """Return what is wrong with the handler, if anything is lost by it."""
    if guard.raised and (guard.calls or guard.effects) and not guard.acts and guard.returns != "value":
        return _swallowed_raise(guard)
    if guard.breadth == "narrow":
        return _empty_for_broken(guard)
    name = guard.symbol.rpartition(".")[2]
    write, gate = guard.effects.get("write"), guard.effects.get("gate")
    if name.strip("_") in _CLOSING or name in {"__del__", "__exit__", "__aexit__"}:
        return None if write is None or not (write[1] and write[2]) else _around_write(guard, write)
    own = named(name)
    decides = guard.returns not in {"", "none"} or bool(guard.raised or guard.effects.get("gate"))
    is_gate = own is not None and own.kind == "gate" and decides
    if is_gate and not (write is not None and write[1] and write[2]):
        return _around_gate(guard, name, sure=True)
    if write is not None and write[2]:
        return _around_write(guard, write)
    if gate is not None and gate[2]:
        return _around_gate(guard, gate[0], sure=gate[1])
    if write is not None:
        return _around_write(guard, write)
    return _around_the_rest(guard)


def _swallowed_raise(guard: TryBlock) -> Finding:
    meant = bool(
        set(words(guard.raised))
        & {*w.NEGATIVE, *w.GATES, *w.GATED, "quota", "incomplete", "refused", "gate", "conflict", "drift"}
    )
    level = Level.ERROR if meant or guard.effects.get("write", ("", False, False))[1] else Level.WARNING
    message = f"`raise {guard.raised}` in this block is swallowed by its own `except {guard.caught}`: {_answers(guard)}"
    return _found(
        guard,
        "swallowed-raise",
        level,
        f"{message}; let it pass (catch it first and raise), or narrow the handler",
        "gate",
    )


def _around_write(guard: TryBlock, write: tuple[str, bool, bool]) -> Finding | None:
    what, sure, here = write
    if guard.returns == "false" and guard.yields_value:
        return None  # told by its result: whether callers look at it is asked of them
    level = Level.ERROR if sure and (here or not guard.logs) else Level.WARNING
    is_local = what.split(" (in")[0] in _LOCAL or what.endswith((".write", ".writelines"))
    if is_local and (guard.logs or not here):
        level = Level.WARNING
    if guard.breadth == "root" or (_is_removal(what) and (guard.logs or set(words(guard.symbol)) & _SWEEPERS)):
        level = min(level, Level.WARNING)
    if _BESIDE_THE_POINT & set(words(f"{guard.path} {guard.symbol} {what}")):
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


def _is_removal(what: str) -> bool:
    return what.startswith("the DELETE") or what.split(" (in", maxsplit=1)[0].endswith(
        (".delete", "delete_many", "delete_one")
    )


def _around_gate(guard: TryBlock, what: str, *, sure: bool) -> Finding | None:
    own = named(guard.symbol.rpartition(".")[2])
    leaves = guard.returns == "none" and not guard.yields_value and (own is None or own.kind != "gate")
    if leaves or _closes(guard, what) or ((guard.acts or guard.skips or guard.holds) and not guard.returns):
        return None
    level = (
        Level.ERROR
        if sure and (set(words(what)) & _DECIDES or named(guard.symbol.rpartition(".")[2]))
        else Level.WARNING
    )
    message = f"`except {guard.caught}` around {what}: when it cannot be evaluated the gate {_answers(guard)}, and stands open"
    return _found(guard, "swallowed-gate", level, f"{message}; hold where unsure: raise, or return what blocks", "gate")


def _closes(guard: TryBlock, what: str) -> bool:  # noqa: PLR0911 -- a return for each case
    """Whether the handler's answer is the one that holds."""
    own = guard.symbol.rpartition(".")[2]
    asked = words(own) if named(own) else words(what)
    negative = bool(set(asked) & w.NEGATIVE) and bool({*w.PREDICATES, "check"} & set(asked[:3]))
    if guard.returns in {"true", "success"}:
        return negative
    if guard.returns == "zero":
        return not negative
    if guard.yields_value and guard.returns in {"", "false", "none"} and not guard.assigns and named(own):
        return not negative  # no answer is no, where a yes is something
    if guard.returns in {"false", "none"}:
        return asked[:1] != [] and not negative and (bool(w.PREDICATES & set(asked[:3])) or guard.returns == "false")
    if guard.returns == "empty":
        return asked[:1] == ["get"]
    if guard.assigns:
        return False
    return guard.returns == "value"


def _around_the_rest(guard: TryBlock) -> Finding | None:
    read, notice, work = guard.effects.get("read"), guard.effects.get("notice"), guard.effects.get("work")
    if guard.breadth == "root" and not (notice or read):
        return None
    filters = set(words(guard.symbol.rpartition(".")[2])) & _FILTERS
    if guard.returns == "input" and (guard.effects.keys() - {"clean-up"} or guard.calls or filters):
        level = Level.ERROR if filters else Level.WARNING
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
    if guard.returns == "success" and guard.calls:
        message = f"the handler {_answers(guard)} although what it answers for has failed"
        return _found(guard, "default-on-error", Level.WARNING, f"{message}; say that it failed", "work")
    if guard.exits_well:
        message = "the process ends with exit status 0 after an error that nobody has seen"
        return _found(guard, "default-on-error", Level.WARNING, f"{message}; end with another status", "work")
    return _gone_on(guard, read, notice, work)


def _gone_on(guard: TryBlock, read: object, notice: object, work: object) -> Finding | None:  # noqa: PLR0911 -- a return for each case
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


def _what(effect: object) -> str:
    return f"`{effect[0]}`" if isinstance(effect, tuple) and effect[0] else "work"


def _answers(guard: TryBlock) -> str:
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


def _found(guard: TryBlock, rule: str, level: Level, message: str, guarded: str) -> Finding:
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
