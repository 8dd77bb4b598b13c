"""Unknown that becomes nought: `x or 0`, `.get(…, 0)`, `fillna(0)`, on what is counted as quality or measured."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.flows import places
from tipoff_audit.reading.index import Index
from tipoff_audit.reading.names import constant, dotted, last_name, words
from tipoff_audit.reading.words import these
from tipoff_audit.rules.sqlrules import MEASURED

_OF_MODELS = re.compile(
    r"(?<![a-z])(missing|absent|out)(?![a-z])|token|cost|budget|quota|sample_rate|line_?(no|number)|linewidth|sampl|weight|pct_change|(?<![a-z])(diff|shift|map|it)(?![a-z])",
    re.IGNORECASE,
)
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
                _say(file, node, f"`{about} or 0`", is_known_none=not isinstance(node.values[0], ast.Call))
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
            _say(file, call, f"`getattr(…, {constant(call.args[1])!r}, 0)`", is_known_none=False)


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
        _say(file, call, f"`.get({about!r}, 0)`", is_known_none=False)


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
            is_known_none=False,  # of a column as often what a model is to be given
        )


def _columns(node: ast.Subscript) -> str:
    parts = node.slice.elts if isinstance(node.slice, ast.List | ast.Tuple) else [node.slice]
    return " ".join(str(constant(part)) if constant(part) is not None else last_name(part) for part in parts)


def _say(file: File, node: ast.expr, what: str, *, is_known_none: bool = True) -> None:
    """Report it; a warning where an average is taken of it. `is_known_none`: the code says itself that it may be missing."""
    message = f"{what} turns unknown into nought: averages, rates and gates cannot tell the two apart"
    at = [node, *places(file, node)]
    is_taken = is_known_none and any(_averages(file, one) for one in at)
    level = Level.WARNING if is_taken and not _OF_MODELS.search(what) else Level.NOTE
    file.say("zero-for-missing", node, level, f"{message}; {_ADVICE}", guards="read")


_MEANS = these("mean average median std stdev fmean nanmean rolling expanding ewm quantile corr")


_THROUGH = frozenset({"float", "int", "abs", "round"})


def _averages(file: File, node: ast.expr) -> bool:
    """Whether the nought goes into an average."""
    child: ast.AST = node
    for parent in file.index.parents(node):
        if isinstance(parent, ast.Attribute) and parent.attr in _MEANS:
            return True
        if isinstance(parent, ast.Call) and child is not parent.func and last_name(parent.func) not in _THROUGH:
            return _takes_average(file, parent)
        if isinstance(parent, ast.Assign):
            return _is_averaged_later(file, parent)
        if isinstance(parent, ast.Compare | ast.Lambda | ast.stmt):
            return False  # what is chosen by it, and what ends here
        if isinstance(parent, ast.ListComp | ast.GeneratorExp) and any(one.ifs for one in parent.generators):
            return False  # only what is there is taken
        child = parent
    return False


def _takes_average(file: File, call: ast.Call) -> bool:
    """Whether the call makes an average of what it is given, or keeps it in a list of which one is made."""
    name = last_name(call.func)
    if name in {"append", "extend"} and isinstance(call.func, ast.Attribute):
        return _list_is_averaged(file, call, dotted(call.func.value))
    return name in _MEANS or (name == "sum" and _is_divided(file, call))


def _is_divided(file: File, call: ast.Call) -> bool:
    above = file.index.up.get(call)
    return isinstance(above, ast.BinOp) and isinstance(above.op, ast.Div) and above.left is call


def _is_averaged_later(file: File, made: ast.Assign) -> bool:
    target = made.targets[0]
    if isinstance(target, ast.Name) and isinstance(made.value, ast.ListComp):
        return _list_is_averaged(file, made, target.id)
    return isinstance(target, ast.Subscript) and _column_is_averaged(file, target)


def _list_is_averaged(file: File, node: ast.AST, name: str) -> bool:
    """Whether the function takes an average of the list: `mean(values)`, `sum(values) / len(values)`."""
    taken = [call for call in file.scope(node).calls if call.args and dotted(call.args[0]) == name]
    return any(last_name(call.func) not in {"append", "extend"} and _takes_average(file, call) for call in taken)


def _column_is_averaged(file: File, target: ast.Subscript) -> bool:
    """Whether the function takes an average over the column that was filled."""
    column = constant(target.slice)
    return isinstance(column, str) and any(
        last_name(call.func) in _MEANS
        and call.lineno >= target.lineno
        and any(constant(part) == column for part in ast.walk(call))
        for call in file.scope(target).calls
    )
