"""An unknown key that is answered with somebody else's value: `KEYS.get(league, KEYS["nba"])`."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.names import constant, dotted

_MEANT = re.compile(
    r"^_*$|default|other|unknown|fallback|none|generic|base|any|all|misc|else|common|main|standard|info|normal|^\*$|^en(_|-|$)",
    re.IGNORECASE,
)
_STAND_FOR = re.compile(
    r"league|sport|market|team|season|provider|source|book|tenant|customer|client|account|region|country|currency|site|store|shop|env|table|dataset"
    r"|schema|project|bucket|key",
    re.IGNORECASE,
)


def defaults_of_others(file: File) -> None:
    """Report a lookup whose default is another entry of the same mapping."""
    for call in file.index.calls:
        if not isinstance(call.func, ast.Attribute) or call.func.attr != "get" or len(call.args) != 2:  # noqa: PLR2004 -- key, default
            continue
        key, default = call.args
        if (
            not isinstance(default, ast.Subscript)
            or dotted(default.value) != dotted(call.func.value)
            or not dotted(default.value)
        ):
            continue
        other = constant(default.slice)
        if not isinstance(other, str) or _MEANT.search(other) or isinstance(key, ast.Constant):
            continue
        about = f"{dotted(call.func.value)} {dotted(key)} {file.scope(call).name.rpartition('.')[2]}"
        level = Level.WARNING if _STAND_FOR.search(about) else Level.NOTE
        message = f"whatever is not in `{dotted(default.value)}` is taken for {other!r}: its data is read and written under a name that is not its own"
        file.say("default-of-another", call, level, f"{message}; raise on an unknown key", guards="read")
