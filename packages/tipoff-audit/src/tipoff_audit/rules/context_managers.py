"""Context managers that swallow what the block raises which they are put around."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.handlers import answer, breadth, inside
from tipoff_audit.reading.index import FUNCTIONS
from tipoff_audit.reading.names import last_name

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


def _yields(handler: ast.ExceptHandler) -> bool:
    return any(isinstance(node, ast.Yield) for node in inside(handler.body))
