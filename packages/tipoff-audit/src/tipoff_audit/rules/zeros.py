"""Unknown that becomes nought: `x or 0`, `.get(…, 0)`, `fillna(0)`, on what is counted as quality or measured."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import Index
from tipoff_audit.reading.names import constant, dotted, last_name, words
from tipoff_audit.reading.words import these
from tipoff_audit.rules.sqlrules import MEASURED

_PRICES = these("over under odds quote home_odds away_odds")
_ADVICE = "keep it unknown (None, NULL), and let what reads it decide"


def zero_for_missing(file: File) -> None:
    """Report a default of nought for something measured."""
    for node in file.index.ors:
        if _is_nought(node.values[-1]) and len(node.values) == 2:  # noqa: PLR2004 -- `a or 0`
            about = _about(node.values[0])
            target = _target(file.index, node)
            measured = MEASURED.search(about) or (about in _PRICES and MEASURED.search(target))
            if measured and not _is_tally(file.index, node):
                _say(file, node, f"`{about} or 0`")
    for call in file.index.calls:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else last_name(call.func)
        if name in {"get", "pop"} and len(call.args) == 2 and _is_nought(call.args[1]):  # noqa: PLR2004
            _get(file, call)
        elif name in {"fillna", "nan_to_num", "fill_null"}:
            _fill(file, call, name)
        elif (
            name == "coalesce"
            and len(call.args) == 2  # noqa: PLR2004
            and _is_nought(call.args[1])
            and MEASURED.search(_about(call.args[0]))
        ):
            _say(file, call, f"`coalesce({_about(call.args[0])}, 0)`")
        elif (
            name == "getattr"
            and len(call.args) == 3  # noqa: PLR2004
            and _is_nought(call.args[2])
            and MEASURED.search(str(constant(call.args[1])))
        ):
            _say(file, call, f"`getattr(…, {constant(call.args[1])!r}, 0)`")


def _target(index: Index, node: ast.AST) -> str:
    parent = index.up.get(node)
    return last_name(parent.targets[0]) if isinstance(parent, ast.Assign) else ""


def _is_nought(node: ast.expr) -> bool:
    value = constant(node)
    return isinstance(value, int | float) and not isinstance(value, bool) and value == 0


def _about(node: ast.expr) -> str:
    """Return the name under which the value is known: a key, an attribute, a name."""
    if isinstance(node, ast.Subscript):
        key = constant(node.slice)
        return key if isinstance(key, str) else last_name(node)
    if isinstance(node, ast.Call):
        if last_name(node.func) in {"get", "pop"} and node.args:
            key = constant(node.args[0])
            return key if isinstance(key, str) else last_name(node.args[0])
        return (
            _about(node.args[0])
            if last_name(node.func) in {"float", "int", "getattr"} and node.args
            else last_name(node.func)
        )
    return last_name(node)


def _is_tally(index: Index, node: ast.expr) -> bool:
    """Whether it is a count that is being kept: `n[key] = n.get(key, 0) + 1`."""
    parent = index.up.get(node)
    return (
        isinstance(parent, ast.BinOp)
        and isinstance(parent.op, ast.Add)
        and (_counts(parent.right) or _counts(parent.left))
    )


def _counts(node: ast.expr) -> bool:
    return isinstance(constant(node), int) or last_name(node) in {"n", "count", "delta", "amount"}


def _get(file: File, call: ast.Call) -> None:
    key = constant(call.args[0])
    about = key if isinstance(key, str) else last_name(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    if about and MEASURED.search(about) and not _is_tally(file.index, call):
        _say(file, call, f"`.get({about!r}, 0)`")


def _fill(file: File, call: ast.Call, name: str) -> None:
    if name != "nan_to_num" and not (call.args and _is_nought(call.args[0])):
        return
    if name == "nan_to_num" and (len(call.args) > 1 or any(given.arg == "nan" for given in call.keywords)):
        return  # what stands for it is named
    about = last_name(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Subscript):
        about = _columns(call.func.value) or about
    if name == "nan_to_num":
        about = last_name(call.args[0]) if call.args else ""
    if re.search(r"get_dummies|crosstab|value_counts|size\(|count\(", dotted(call.func)):
        return  # nought is what was counted
    if (
        MEASURED.search(about)
        or file.is_feature(call, about)
        or set(words(about)) & {"features", "feature", "stats", "quality", "x"}
    ):
        _say(
            file,
            call,
            f"`{name}(0)` on {about or 'it'}" if name != "nan_to_num" else f"`nan_to_num` of {about or 'it'}",
        )


def _columns(node: ast.Subscript) -> str:
    parts = node.slice.elts if isinstance(node.slice, ast.List | ast.Tuple) else [node.slice]
    return " ".join(str(constant(part)) if constant(part) is not None else last_name(part) for part in parts)


def _say(file: File, node: ast.expr, what: str) -> None:
    message = f"{what} turns unknown into nought: averages, rates and gates cannot tell the two apart"
    file.say("zero-for-missing", node, Level.NOTE, f"{message}; {_ADVICE}", guards="read")
