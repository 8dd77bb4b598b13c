"""Values that cannot be read and are made missing, and the rows that are taken out for it: a row less, and nobody counts it."""

import ast

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import Scope
from tipoff_audit.reading.names import constant, dotted, keyword, last_name

_TAKES_OUT = frozenset({"dropna", "drop_nulls"})
_ADVICE = "let it fail, or count and keep what cannot be read"


def coerced_rows(file: File) -> None:
    """Report a column whose unreadable values become missing, where the same function takes the rows without it out."""
    takers: dict[Scope, list[ast.Call]] = {}
    for call in file.index.calls:
        if last_name(call.func) in _TAKES_OUT:
            takers.setdefault(file.scope(call), []).append(call)
    for call in file.index.calls if takers else ():
        name, scope = last_name(call.func), file.scope(call)
        loose = name in {"to_numeric", "to_datetime"} and constant(keyword(call, "errors")) == "coerce"
        loose |= name == "cast" and constant(keyword(call, "strict")) is False
        column = _column(file, call) if loose else ""
        later = (other for other in takers.get(scope, ()) if column and _is_after(call, other))
        out = next((other for other in later if column in _subset(file, other)), None)
        if out is not None and not _is_counted(scope):
            lost = f"line {_line(out)} takes its rows out, uncounted"
            message = f"what cannot be read of `{column}` becomes missing, and {lost}"
            file.say("rows-skipped", call, Level.NOTE, f"{message}; {_ADVICE}", guards="read")


def _is_after(call: ast.Call, other: ast.Call) -> bool:
    return _line(other) >= call.lineno and other is not call


def _line(call: ast.Call) -> int:
    return call.func.end_lineno or call.lineno


def _column(file: File, call: ast.Call) -> str:
    """Return the column whose values are read again and put back: of `frame["points"] = …`, or of `pl.col("points").cast(…)`."""
    if last_name(call.func) == "cast":
        inner = call.func.value if isinstance(call.func, ast.Attribute) else None
        is_col = isinstance(inner, ast.Call) and last_name(inner.func) == "col" and inner.args
        said = constant(inner.args[0]) if is_col and isinstance(inner, ast.Call) else None
        above = file.index.up.get(call)
        return said if isinstance(said, str) and not isinstance(above, ast.Attribute) else ""
    above = file.index.up.get(call)
    target = above.targets[0] if isinstance(above, ast.Assign) else None
    said = constant(target.slice) if isinstance(target, ast.Subscript) else None
    given = constant(call.args[0].slice) if call.args and isinstance(call.args[0], ast.Subscript) else None
    return said if isinstance(said, str) and given == said else ""


def _subset(file: File, call: ast.Call) -> set[str]:
    """Return the columns for whose sake rows are taken out, where they are named."""
    given = keyword(call, "subset") or (call.args[0] if call.args else None)
    if isinstance(given, ast.Name):
        given = file.scope_value(given)
    parts = given.elts if isinstance(given, ast.List | ast.Tuple | ast.Set) else [given] if given is not None else []
    return {said for part in parts if isinstance(said := constant(part), str)}


def _is_counted(scope: Scope) -> bool:
    """Whether the function counts rows, or looks for the missing ones, itself."""
    for call in scope.calls:
        if last_name(call.func) in {"isna", "isnull", "is_null", "notna", "null_count"} or dotted(call.func) == "len":
            return True
    return "shape" in scope.looked or "height" in scope.looked
