"""What a call does (write, gate, read, notice, clean-up, work, log, nothing), by libraries, receivers, SQL and names."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tipoff_audit.reading import words as w
from tipoff_audit.reading.facts import Names as Given
from tipoff_audit.reading.index import Index, Scope
from tipoff_audit.reading.names import Callee, Names, constant, keyword, last_name, words
from tipoff_audit.reading.sqltext import looks_like_sql, verbs

Kind = Literal["write", "gate", "read", "notice", "clean-up", "work", "log", ""]
_DEPTH = 4  # how many functions of the same file are followed


@dataclass(frozen=True, slots=True)
class Effect:
    """A call's effect. `sure`: by a library's name or by SQL; a name that somebody chose only suggests it."""

    kind: Kind
    what: str = ""
    sure: bool = False
    sql: tuple[tuple[str, str, int], ...] = ()


_NOTHING = Effect("")
_NO_NAMES = Given()


@dataclass(slots=True)
class Effects:
    """The effects of one file's calls and functions. `given`: names that the settings say write, gate or notify."""

    index: Index
    names: Names
    given: Given = _NO_NAMES
    _known: dict[ast.Call, Effect] = field(default_factory=dict)
    _functions: dict[str, Scope] = field(default_factory=dict)
    _inside: dict[tuple[str, int], tuple[Effect, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find the file's functions by their qualified names."""
        self._functions = {scope.name: scope for scope in self.index.scopes if scope.kind == "function"}

    def of(self, call: ast.Call) -> Effect:
        """Return what the call does by itself, whatever stands in the function that it calls."""
        known = self._known.get(call)
        if known is None:
            known = self._known[call] = self._judge(call)
        return known

    def through(self, call: ast.Call, depth: int = 0) -> tuple[Effect, ...]:
        """Return what the call does, and what the functions of this file that it calls do."""
        own = self.of(call)
        scope = self._functions.get(self.names.callee(call).full)
        name = self.names.callee(call).name
        is_read = (words(name) or [""])[0] in w.ONLY_READ or name.startswith("fetch")
        if scope is None or depth >= _DEPTH or own.kind in {"log", "clean-up"} or is_read:
            return (own,)
        key = (scope.name, depth)
        if key not in self._inside:
            self._inside[key] = ()  # a circle of calls ends here
            found = [
                effect
                for inner in scope.calls
                if not self.is_kept_within(inner)
                for effect in self.through(inner, depth + 1)
            ]
            self._inside[key] = tuple({effect.kind: effect for effect in found if effect.kind and effect.sure}.values())
        return (own, *self._inside[key])

    def is_kept_within(self, call: ast.Call) -> bool:
        """Whether the function that makes the call lets none of its errors out: whoever calls the function never sees them."""
        child: ast.AST = call
        for parent in self.index.parents(call):
            if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                return False
            if isinstance(parent, ast.Try) and child in parent.body and any(map(_lets_nothing_out, parent.handlers)):
                return True
            child = parent
        return False

    @property
    def functions(self) -> Mapping[str, Scope]:
        """The file's functions by their full names."""
        return self._functions

    def function(self, full: str) -> Scope | None:
        """Return the function of this file that has the name."""
        return self._functions.get(full)

    def calls_of(self, call: ast.Call) -> list[ast.Call]:
        """Return the calls in the function of this file that is called."""
        scope = self._functions.get(self.names.callee(call).full)
        return scope.calls if scope is not None else []

    def _judge(self, call: ast.Call) -> Effect:
        callee = self.names.callee(call)
        if callee.name == "replace" and len(call.args) > 1 and not callee.full.startswith("os."):
            return _NOTHING  # in a text
        for kind, given in (("write", self.given.writes), ("gate", self.given.gates), ("notice", self.given.notices)):
            if callee.name in given:
                return Effect(kind, callee.name, sure=True)  # type: ignore[arg-type]
        for judge in (_logs, self._by_sql, self._by_notice, _by_library, self._by_handle, _by_receiver, _by_name):
            effect = judge(call, callee)
            if effect is not None:
                return effect
        return _NOTHING

    def _by_sql(self, call: ast.Call, callee: Callee) -> Effect | None:
        if callee.name not in w.SQL_CALLS or not call.args:
            return None
        text = self.sql(call)
        if text is None:
            return _by_constructor(call.args[0], callee)
        done = tuple(verbs(text))
        if done:
            kind, table, _ = done[0]
            return Effect("write", f"the {kind.upper()}" + (f" of {table}" if table else ""), sure=True, sql=done)
        return Effect("read", "the query", sure=True)

    def sql(self, call: ast.Call) -> str | None:
        """Return the SQL that a call is given, as far as it is known."""
        if not call.args:
            return None
        text = self.names.text(call.args[0], self.index.scope(call))
        return text if text is not None and looks_like_sql(text) else None

    def _by_notice(self, call: ast.Call, callee: Callee) -> Effect | None:
        if callee.name in w.NOTICE_CALLS:
            return Effect("notice", callee.name, sure=True)
        said = {*words(callee.name), *words(callee.receiver)}
        verb = set(words(callee.name))
        if verb & w.TELLS and said & w.NOTICES:
            return Effect("notice", callee.name, sure=True)
        if callee.name in {"post", "request", "urlopen"} and call.args:
            about = {
                word for argument in call.args[:2] for word in words(last_name(argument) or str(constant(argument)))
            }
            if about & (w.NOTICES | {"slack", "webhook"}):
                return Effect("notice", "the post to " + (last_name(call.args[0]) or "a webhook"), sure=True)
        return None

    def _by_handle(self, call: ast.Call, callee: Callee) -> Effect | None:
        """Know a write to a file that was opened for writing."""
        if callee.name in {"write", "writelines"} and callee.receiver:
            opened = self._open_mode(call, callee)
            if opened and opened[0] in "wax":
                return Effect("write", f"{callee.receiver}.{callee.name}", sure=True)
            return _NOTHING if set(words(callee.receiver)) & {"stdout", "stderr", "buffer", "io", "buf"} else None
        if callee.full == "open" or callee.name == "open":
            mode = constant(_mode(call, 1 if callee.full == "open" else 0))
            if isinstance(mode, str) and mode[:1] in {"w", "a", "x"}:
                return Effect("write", "the file opened for writing", sure=True)
        return None

    def _open_mode(self, call: ast.Call, callee: Callee) -> str:
        for parent in self.index.parents(call):
            if isinstance(parent, ast.With | ast.AsyncWith):
                for item in parent.items:
                    if isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == callee.receiver:
                        return _opened(item.context_expr)
        return ""


def _lets_nothing_out(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    is_broad = any(kind is None or last_name(kind) in {"Exception", "BaseException"} for kind in kinds)
    return is_broad and not any(isinstance(node, ast.Raise) for node in ast.walk(handler))


def _opened(node: ast.expr) -> str:
    if isinstance(node, ast.Call) and last_name(node.func) == "open":
        found = constant(_mode(node, 1 if isinstance(node.func, ast.Name) else 0))
        return found if isinstance(found, str) else "r"
    return ""


def _mode(call: ast.Call, place: int) -> ast.expr | None:
    return call.args[place] if len(call.args) > place else keyword(call, "mode")


def _logs(call: ast.Call, callee: Callee) -> Effect | None:
    if callee.full in w.LOG_CALLS:
        return Effect("log")
    if callee.name in w.LOG_METHODS and callee.receiver and w.LOGGERS.search(callee.receiver.rpartition(".")[2]):
        return Effect("log")
    if not callee.receiver and callee.name in {
        "log",
        "warn",
        "debug",
        "log_error",
        "log_warning",
        "log_exception",
        "echo",
    }:
        return Effect("log")
    few = len(call.args) <= 2  # noqa: PLR2004
    return Effect("log") if few and callee.name in {"log_error", "log_exception", "log_warning"} else None


def _by_constructor(node: ast.expr, callee: Callee) -> Effect | None:
    """SQLAlchemy's `insert(table)`, `update(table)`, `delete(table)` and `table.insert()` given to `execute`."""
    if callee.name not in {"execute", "scalar", "scalars"}:
        return None
    inner: ast.AST = node
    while isinstance(inner, ast.Call | ast.Attribute):
        name = last_name(inner)
        if isinstance(inner, ast.Call) and name in {"insert", "update", "delete", "upsert", "merge"}:
            return Effect("write", f"the {name.upper()}", sure=True)
        if isinstance(inner, ast.Call) and name == "select":
            return Effect("read", "the query", sure=True)
        inner = inner.func if isinstance(inner, ast.Call) else inner.value
    return None


def _by_library(call: ast.Call, callee: Callee) -> Effect | None:
    if w.FULL_CLEAN_UPS.search(callee.full):
        return Effect("clean-up", callee.name, sure=True)
    if callee.name in w.WRITES or w.FULL_WRITES.search(callee.full):
        if callee.name == "create_task" and "client" not in callee.receiver.lower():
            return None  # asyncio's, not a queue's
        return Effect("write", callee.name, sure=True)
    if callee.name == "to_csv" or (callee.name == "to_json" and call.args):
        return Effect("write", callee.name, sure=True) if call.args or call.keywords else None
    if callee.name in w.READS or w.FULL_READS.search(callee.full):
        return None if callee.name == "open" else Effect("read", callee.name, sure=True)
    return None


def _by_receiver(_call: ast.Call, callee: Callee) -> Effect | None:  # noqa: PLR0911 -- a return for each case
    receiver = set(words(callee.receiver.rpartition(".")[2])) | set(words(callee.origin.rpartition(".")[2]))
    if not callee.receiver:
        return None
    if receiver & w.GATE_HOLDERS and set(words(callee.name)) & w.GATE_ACTS:
        return Effect("gate", f"{callee.receiver}.{callee.name}", sure=True)
    if "lock" in receiver and (words(callee.name) or [""])[0] in {"acquire", "lock", "try", "obtain", "take"}:
        return Effect("gate", f"{callee.receiver}.acquire", sure=False)
    if callee.name in w.CLEAN_UPS:
        return Effect("clean-up", callee.name)
    if callee.name == "set" and not receiver & w.KEY_STORES:
        return None
    if receiver & w.STORES and not receiver & w.NO_STORES and callee.name in w.STORE_METHODS:
        return Effect("write", f"{callee.receiver}.{callee.name}", sure=True)
    if receiver & w.READ_HOLDERS and (words(callee.name) or [""])[0] in w.READ_VERBS:
        return Effect("read", f"{callee.receiver}.{callee.name}", sure=True)
    return None


def _by_name(call: ast.Call, callee: Callee) -> Effect | None:
    said = words(callee.name)
    if _passes_all_on(call):
        return Effect("work", callee.name)
    if not said or callee.name in w.PURE or callee.name[:1].isupper():
        return None
    return named(callee.name) or (
        Effect("clean-up", callee.name) if callee.name in w.CLEAN_UPS or said[0] in {"close", "cleanup"} else None
    )


_HELD = (["dict"], ["list"], ["set"], ["map"], ["mapping"])  # `add_to_index_dict` writes into memory


def is_predicate(said: list[str]) -> bool:
    """Whether the words ask for leave: is ready, can publish, games are final."""
    for at, word in enumerate(said[:3]):
        rest = set(said[at + 1 :])
        of_kind = {"data", "run", "process"} if word == "is" else set()  # `is_ray_data` asks for a kind, not for leave
        if word in w.PREDICATES and rest & ((w.GATED - of_kind) | w.NEGATIVE):
            return True
    return False


def _passes_all_on(call: ast.Call) -> bool:
    """Whether it is what a decorator does: `function(*args, **kwargs)`."""
    starred = any(isinstance(given, ast.Starred) for given in call.args)
    return starred and any(given.arg is None for given in call.keywords)


def named(name: str) -> Effect | None:  # noqa: PLR0911 -- a return for each case
    """Return what a function of this name would do, if it keeps what it promises."""
    said = words(name)
    first, rest = (said[0] if said else ""), set(said[1:])
    if name in w.NO_GATES or said[-1:] in _HELD:
        return None
    if name.startswith("fetch"):
        return Effect("read", name)
    if first in w.GATES or "gate" in said or is_predicate(said):
        return Effect("gate", name, sure=len(said) > 1)
    if "lock" in rest and first in {"acquire", "take", "get", "obtain"}:
        return Effect("gate", name, sure=True)
    if first in w.WRITE_VERBS and (len(said) == 1 or rest & w.WRITE_OBJECTS or first not in {"store", "archive"}):
        return Effect("write", name, sure=bool(rest & w.WRITE_OBJECTS))
    if first in w.MAYBE_WRITES and (
        rest & {"to", "into"}
        or (first != "load" and {"bigquery", "warehouse", "db", "database", "bq", "gcs", "s3"} & rest)
    ):
        return Effect("write", name, sure=True)
    if first in {"mark", "record", "update", "set", "insert", "post", "put"} and rest & (
        w.WRITE_OBJECTS | {"completed", "complete"}
    ):
        return Effect("write", name)
    if first in w.WORK_VERBS and (first != "load" or "data" not in rest):
        return Effect("work", name)
    if first in w.READ_VERBS and (rest & w.READ_OBJECTS or first in {"fetch", "download", "query", "read"}):
        return Effect("read", name)
    return None
