"""An unknown key that is answered with somebody else's value: `KEYS.get(league, KEYS["nba"])`."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.names import constant, dotted, last_name

_MEANT = re.compile(
    r"^_*$|default|other|unknown|fallback|none|generic|base|any|all|misc|else|common|main|standard|info|normal|^\*$|^en(_|-|$)",
    re.IGNORECASE,
)


def defaults_of_others(file: File) -> None:
    """Report a lookup whose default is another entry of the same mapping."""
    for node in file.index.ors:
        first, other = node.values[0], node.values[-1]
        if (
            isinstance(first, ast.Call)
            and isinstance(first.func, ast.Attribute)
            and first.func.attr == "get"
            and len(first.args) == 1
        ):
            _judge(file, node, first.func.value, first.args[0], other)
    for block in file.index.tries:
        for handler in block.handlers:
            if handler.type is None or last_name(handler.type) != "KeyError":
                continue
            taken = [
                node.value
                for node in block.body
                if isinstance(node, ast.Return | ast.Assign) and isinstance(node.value, ast.Subscript)
            ]
            given = [node.value for node in handler.body if isinstance(node, ast.Return | ast.Assign)]
            if taken and given and given[0] is not None:
                _judge(file, given[0], taken[0].value, taken[0].slice, given[0])
    for call in file.index.calls:
        if not isinstance(call.func, ast.Attribute) or call.func.attr != "get" or len(call.args) != 2:  # noqa: PLR2004 -- key, default
            continue
        _judge(file, call, call.func.value, call.args[0], call.args[1])


def _judge(file: File, node: ast.AST, mapping: ast.expr, key: ast.expr, default: ast.expr) -> None:
    held = dotted(mapping)
    if not held or not isinstance(default, ast.Subscript) or dotted(default.value) != held:
        return
    other = constant(default.slice)
    if not isinstance(other, str) or _MEANT.search(other) or isinstance(key, ast.Constant):
        return
    message = (
        f"whatever is not in `{held}` is taken for {other!r}: it is read and written under a name that is not its own"
    )
    file.say("default-of-another", node, Level.NOTE, f"{message}; raise on an unknown key", guards="read")
