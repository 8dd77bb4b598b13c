"""Values that are made once, when the class, function or file is read, and stand for all that come after."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import FUNCTIONS, Scope
from tipoff_audit.reading.names import dotted, keyword, last_name, words
from tipoff_audit.reading.words import these

_FIELDS = these(
    """Column mapped_column Field field DateTimeField DateField TimeField UUIDField CharField StringField IntegerField
    FloatField attrib"""
)
_NOW = frozenset({"now", "utcnow", "today", "uuid4", "uuid1", "time"})
_OF_NOW = ("datetime", "date", "timezone", "uuid", "time", "pendulum", "arrow", "Timestamp")
_THROUGH = these("str isoformat strftime date timestamp int hex")
_MODELS = these("BaseModel SQLModel Base Model")
_ONE_A_RUN = these("config configuration settings options args arguments params parameters")
_CHANGES = these("append extend update add insert setdefault")
_BY_HAND = re.compile(r"schedule(_interval)?[\"']?\s*[=:]\s*(None|[\"']@once)")
_KEPT_ON_PURPOSE = these("cache cached memo seen state registry")


def made_once(file: File) -> None:
    """Report the instant, or the id, of the program's start that is given to each row or object."""
    for call in file.index.calls:
        default = keyword(call, "default") if last_name(call.func) in _FIELDS else None
        if default is not None and _is_now(default):
            _say(file, default, f"`default={ast.unparse(default)}` is made once", "without the brackets")
        start = keyword(call, "start_date")
        if start is not None and last_name(call.func) in {"DAG", "dag", "dict"} and _is_now(start):
            _start(file, start)
    for table in file.index.dicts:
        for key, value in zip(table.keys, table.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "start_date" and _is_now(value):
                _start(file, value)


def made_once_in_signatures(file: File) -> None:
    """Report the same in a class's body, and lists and tables that are an argument's default."""
    for scope in file.index.scopes:
        if isinstance(scope.node, ast.ClassDef) and _is_model(scope.node):
            for part in scope.node.body:
                if isinstance(part, ast.AnnAssign) and part.value is not None and _is_now(part.value):
                    _say(file, part, f"`{ast.unparse(part.value)}` is made once", "`default_factory`")
        elif isinstance(scope.node, FUNCTIONS):
            _shared_defaults(file, scope)


def _is_now(node: ast.expr) -> bool:
    """Whether the value is an instant or an id of its own at each call."""
    while isinstance(node, ast.Call):
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        name = last_name(node.func)
        if name in {"uuid4", "uuid1"} or (name in _NOW and owner is not None and last_name(owner) in _OF_NOW):
            return True
        inner = owner if owner is not None else node.args[0] if node.args else None
        if name not in _THROUGH or inner is None:
            return False
        node = inner
    return False


def _say(file: File, node: ast.AST, what: str, instead: str) -> None:
    message = f"{what}, when the class is read: every row has the value of the program's start"
    file.say("made-once", node, Level.NOTE, f"{message}; give {instead}", guards="write")


def _start(file: File, node: ast.expr) -> None:
    is_begun_by_hand = _BY_HAND.search(file.index.source.text) is not None
    if not is_begun_by_hand and any(origin.startswith("airflow") for origin in file.index.imports.values()):
        message = f"`start_date={ast.unparse(node)}` moves with each reading of the file: the first interval never ends"
        file.say("made-once", node, Level.NOTE, f"{message}, and no run begins; write a day", guards="work")


def _is_model(node: ast.ClassDef) -> bool:
    """Whether many objects are made of the class; of settings there is one a run."""
    if set(words(node.name)) & _ONE_A_RUN:
        return False
    return any(last_name(base) in _MODELS for base in node.bases) or any(
        last_name(one) == "dataclass" for one in node.decorator_list
    )


def _shared_defaults(file: File, scope: Scope) -> None:
    """Report a list or table as an argument's default, that the function fills and gives back: calls share it."""
    assert isinstance(scope.node, FUNCTIONS)  # noqa: S101 -- asked before
    given = scope.node.args
    plain = [*given.posonlyargs, *given.args]
    pairs = [*zip(plain[len(plain) - len(given.defaults) :], given.defaults, strict=True)]
    pairs += [(one, made) for one, made in zip(given.kwonlyargs, given.kw_defaults, strict=True) if made is not None]
    for one, made in pairs:
        is_empty = isinstance(made, ast.List | ast.Dict | ast.Set)
        is_empty = is_empty or (isinstance(made, ast.Call) and dotted(made.func) in {"list", "dict", "set"})
        if is_empty and not set(words(one.arg)) & _KEPT_ON_PURPOSE and _is_filled(file, scope, one.arg):
            message = f"`{one.arg}={ast.unparse(made)}` is made once: what one call puts in, the next one finds"
            file.say("made-once", made, Level.NOTE, f"{message}; begin with None", guards="work")


def _is_filled(file: File, scope: Scope, name: str) -> bool:
    """Whether the function puts something into what its argument holds, and never takes another in its place."""
    if len(scope.bound.get(name, ())) > 1:
        return False
    for load in file.index.loads(scope, name):
        above = file.index.up.get(load)
        if isinstance(above, ast.Subscript) and above.value is load and isinstance(above.ctx, ast.Store):
            return True
        is_method = isinstance(above, ast.Attribute) and above.attr in _CHANGES
        if is_method and above is not None and isinstance(file.index.up.get(above), ast.Call):
            return True
    return False
