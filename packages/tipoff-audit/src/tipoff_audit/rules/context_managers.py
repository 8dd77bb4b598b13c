"""Context managers that swallow what the block raises which they are put around."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.handlers import answer, breadth, inside
from tipoff_audit.reading.index import FUNCTIONS
from tipoff_audit.reading.names import constant, last_name

_MAKERS = frozenset({"contextmanager", "asynccontextmanager"})
_SAYS_SO = re.compile(  # by its name it is there to take errors
    r"suppress|ignor|swallow|catch|quiet|silen|tolerat|safe|try|guard|protect|expect|raises|assert|error|except|fail|fallback|best_effort|never|capture|report|log",
    re.IGNORECASE,
)


def swallowing_managers(file: File) -> None:
    """Report a broad handler around the `yield` of a context manager that does not raise again."""
    for block in file.index.tries:
        scope = file.scope(block)
        if not isinstance(scope.node, FUNCTIONS) or _SAYS_SO.search(scope.name.rpartition(".")[2]):
            continue
        if not any(last_name(one) in _MAKERS for one in scope.node.decorator_list):
            continue
        if not any(isinstance(node, ast.Yield) for node in inside(block.body)):
            continue
        for handler in block.handlers:
            said = answer(handler, file.effects, file.index)
            if breadth(handler) not in {"bare", "broad"} or said.raises or said.records or _yields(handler):
                continue
            message = f"`with {scope.name.rpartition('.')[2]}(…)` ends well whatever its block raises"
            file.say("swallowed-raise", handler, Level.NOTE, f"{message}; raise again after tidying up", guards="work")


def swallowing_exits(file: File) -> None:
    """Report `__exit__` that answers True whatever the block raised."""
    for scope in file.index.scopes:
        owner = scope.of_class
        node = scope.node
        if not isinstance(node, FUNCTIONS) or node.name not in {"__exit__", "__aexit__"} or owner is None:
            continue
        own = owner.name.rpartition(".")[2]
        last = node.body[-1]
        if scope.raises or _SAYS_SO.search(own) or not isinstance(last, ast.Return) or constant(last.value) is not True:
            continue
        if all(constant(done.value) is True for done in scope.returns) and not _asks_which(node):
            message = f"`with {own}(…)` ends well whatever its block raises"
            file.say("swallowed-raise", last, Level.NOTE, f"{message}; return None", guards="work")


def _asks_which(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it looks at which error it is, or keeps it for later."""
    extra = [node.args.vararg.arg] if node.args.vararg else []
    given = [*extra, *(one.arg for one in node.args.args[1:])]
    calls = [part for part in inside(node.body) if isinstance(part, ast.Call)]
    kept = [part.value for part in inside(node.body) if isinstance(part, ast.Assign)]
    handed = {part.id for one in [*calls, *kept] for part in ast.walk(one) if isinstance(part, ast.Name)}
    return bool(handed & set(given))


def _yields(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Yield) for node in inside(handler.body))
