"""Look-ahead in Python: inclusive cut-offs, and windows that hold the row that is to be predicted."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.names import constant, dotted, keyword, last_name

_EVENT = re.compile(
    r"(^|_)(date|day|at|ts|time|timestamp|tipoff|tip_off|played_on|start|when|index|on)$|date$|game_day", re.IGNORECASE
)
_CUT = re.compile(
    r"cut_?off|as_?of|analysis|target_(date|day)|game_(date|day)|prediction_(date|day)|predict_(date|day)|slate|current_(date|day|game)|up_?to"
    r"|reference_(date|day)|ref_date|forecast|decision|label_(date|day)|match_day|run_date|tip_?off|obs_date|train_end|eval_date|feature_(date|day)|match_date|^(day|date|today)$",
    re.IGNORECASE,
)
_KNOWN = re.compile(
    r"known|loaded|created|published|available|ingest|updated|inserted|recorded|fetched|scraped|received|quoted|snapshot|captured|expires?|due|"
    r"modified|seen|start_date|end_date|valid|observed|deadline|not_before|next_",
    re.IGNORECASE,
)
_CUMULATIVE = frozenset({"cumsum", "cummean", "cummax", "cummin", "cumprod"})


def inclusive_cutoffs(file: File) -> None:
    """Report `game_date <= cutoff` in code that makes features."""
    for node in file.index.compares:
        for place, operator in enumerate(node.ops):
            if not isinstance(operator, ast.LtE | ast.GtE):
                continue
            left = node.left if place == 0 else node.comparators[place - 1]
            if len(node.ops) > place + 1 and isinstance(node.ops[place + 1], ast.LtE | ast.Lt):
                continue  # it lies between: what is valid then
            if isinstance(operator, ast.GtE) and not _STRONG.search(_name(left)):
                continue  # a lower bound of the left side
            event, cut = (
                (left, node.comparators[place]) if isinstance(operator, ast.LtE) else (node.comparators[place], left)
            )
            if (
                _is_event(event)
                and not _is_lower(file, event)
                and _is_cut(cut, event)
                and file.is_feature(node, _name(cut))
                and not _is_check(file, node)
            ):
                message = f"`{_name(event)} <= {_name(cut)}` lets in the day that is to be predicted, with its result"
                names = (_name(event), _name(cut))
                if not any(_ENDS.search(name) for name in names) and not _is_step(file, node):
                    file.say("inclusive-cutoff", node, Level.NOTE, f"{message}; use `<`", guards="look-ahead")
    for call in file.index.calls:
        _between(file, call)
        _at_most(file, call)


_STRONG = re.compile(
    r"cut_?off|as_?of|analysis|target|predict|decision|slate|(game|match|label|event)_(date|day)|tip_?off",
    re.IGNORECASE,
)
_ENDS = re.compile(r"(^|_)(test|valid|validation|period|window|range)?_?end(_|$)|_end$|end_ts|^end", re.IGNORECASE)


def _is_step(file: File, node: ast.Compare) -> bool:
    """Whether a loop is left or goes on by it: `if date >= day: break`."""
    parent = file.index.up.get(node)
    return isinstance(parent, ast.If) and isinstance(parent.body[-1], ast.Break | ast.Continue | ast.Return)


def _name(node: ast.expr) -> str:
    """Return what a value is called: the column of `df["game_date"]`, the attribute, the name."""
    if isinstance(node, ast.Subscript):
        key = constant(node.slice)
        return key if isinstance(key, str) else last_name(node)
    if isinstance(node, ast.Call):
        if last_name(node.func) in {
            "to_datetime",
            "Timestamp",
            "col",
            "date",
            "datetime",
            "str",
            "fromisoformat",
            "isoformat",
            "lit",
            "normalize",
        }:
            inner = node.args[0] if node.args else node.func.value if isinstance(node.func, ast.Attribute) else None
            said = constant(inner)
            return said if isinstance(said, str) else _name(inner) if inner is not None else ""
        return ""
    if isinstance(node, ast.Attribute) and node.attr == "dt":
        return _name(node.value)
    return last_name(node)


def _is_event(node: ast.expr) -> bool:
    name = _name(node)
    return (
        bool(_EVENT.search(name))
        and not _KNOWN.search(name)
        and isinstance(node, ast.Subscript | ast.Attribute | ast.Name | ast.Call)
    )


_LOWER = re.compile(
    r"cut_?off|as_?of|(^|_)(since|from|begin|oldest|earliest|ago|lookback|look_back|floor)(_|$)", re.IGNORECASE
)


def _is_lower(file: File, node: ast.expr) -> bool:
    """Whether the smaller side is where a look back begins: a day less some days, or what is called so."""
    if _LOWER.search(_name(node)):
        return True
    made = file.scope_value(node) if isinstance(node, ast.Name) else node
    return any(
        (isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub))
        or (
            isinstance(part, ast.Call)
            and last_name(part.func) in {"timedelta", "Timedelta", "relativedelta", "DateOffset"}
        )
        for part in ast.walk(made or node)
    )


def _is_cut(node: ast.expr, event: ast.expr) -> bool:
    return bool(_CUT.search(_name(node))) and not _KNOWN.search(_name(node)) and dotted(node) != dotted(event)


def _is_check(file: File, node: ast.Compare) -> bool:
    """Whether the comparison is an assertion that something lies before the cut-off, not a choice of rows."""
    parent = file.index.up.get(node)
    return isinstance(parent, ast.Assert) or (
        isinstance(parent, ast.If) and any(isinstance(step, ast.Raise) for step in parent.body)
    )


def _between(file: File, call: ast.Call) -> None:
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr not in {"between", "is_between"} or len(call.args) < 2:  # noqa: PLR2004 -- low, high
        return
    third = call.args[2] if len(call.args) > 2 else None  # noqa: PLR2004 -- low, high, inclusive
    how = constant(keyword(call, "inclusive") or keyword(call, "closed") or third)
    if how in {"left", "neither", "none", False}:
        return
    high = call.args[1]
    if _is_event(func.value) and _is_cut(high, func.value) and file.is_feature(call, _name(high)):
        message = f"`.between(…, {_name(high)})` takes in the cut-off day itself"
        file.say("inclusive-cutoff", call, Level.NOTE, f'{message}; say `inclusive="left"`', guards="look-ahead")


def _at_most(file: File, call: ast.Call) -> None:
    """Judge `frame["date"].le(cutoff)`."""
    func = call.func
    if not isinstance(func, ast.Attribute) or func.attr != "le" or len(call.args) != 1:
        return
    event, cut = func.value, call.args[0]
    if _is_event(event) and not _is_lower(file, event) and _is_cut(cut, event) and file.is_feature(call, _name(cut)):
        message = f"`{_name(event)}.le({_name(cut)})` lets in the day that is to be predicted, with its result"
        if not any(_ENDS.search(name) for name in (_name(event), _name(cut))):
            file.say("inclusive-cutoff", call, Level.NOTE, f"{message}; use `lt`", guards="look-ahead")


def current_rows(file: File) -> None:
    """Report `rolling`, `expanding`, `ewm` and cumulative sums over rows that are not shifted."""
    for call in file.index.calls:
        func = call.func
        if not isinstance(func, ast.Attribute):
            continue
        if func.attr.startswith("rolling_") and ".over(" in f"{_above(file, call)}(":
            if _shifted(file, call):
                continue
        elif func.attr in {"rolling", "expanding", "ewm"}:
            if not _is_frame(call, func.attr) or _closed(call) or _shifted(file, call):
                continue
        elif func.attr in _CUMULATIVE and not call.args:
            if _shifted(file, call) or _subtracted(file, call) or not _grouped(func.value):
                continue
        else:
            continue
        if not file.is_feature(call, *_around(file, call)) or _SHOWN.search(file.scope(call).name.rpartition(".")[2]):
            continue
        message = f"`.{func.attr}(…)` takes in the current row, the very game that is to be predicted"
        file.say(
            "window-includes-current",
            call,
            Level.NOTE,
            f'{message}; shift(1) first, or closed="left"',
            guards="look-ahead",
        )


_SIDES = re.compile(r"player|team|club|pitcher|batter|goalie|horse|jockey|driver|fighter", re.IGNORECASE)
_OF_A_GAME = re.compile(r"game|match|date|day|week|fixture|event|(^|_)race", re.IGNORECASE)


def whole_groups(file: File) -> None:
    """Report a mean over all games of a player or a team, the later ones too, that stands beside each of them."""
    for call in file.index.calls:
        if not (isinstance(call.func, ast.Attribute) and call.func.attr == "transform" and call.args):
            continue
        group = next(
            (one for one in ast.walk(call.func) if isinstance(one, ast.Call) and last_name(one.func) == "groupby"), None
        )
        given = [*group.args, *(one.value for one in group.keywords)] if group is not None else []
        keys = [str(one.value) for key in given for one in ast.walk(key) if isinstance(one, ast.Constant)]
        if constant(call.args[0]) not in {"mean", "median", "std"} or any(map(_OF_A_GAME.search, keys)):
            continue
        parent = next(one for one in file.index.parents(call) if isinstance(one, ast.stmt))
        is_column = isinstance(parent, ast.Assign) and not re.search(r"fillna|train", ast.unparse(parent))
        is_told = is_column and file.is_feature(call, *_around(file, call)) and not _shifted(file, call)
        if is_told and any(map(_SIDES.search, keys)):
            message = "`transform` takes in all games of its group, later ones too: a feature that knows the result"
            advice = "take `expanding()` or `rolling()` over shifted rows"
            file.say("window-includes-current", call, Level.NOTE, f"{message}; {advice}", guards="look-ahead")


_SHOWN = re.compile(
    r"chart|plot|report|describe|summary|render|show|display|figure|(^|_)page(_|$)|monitor|dashboard", re.IGNORECASE
)
_LABELS = re.compile(
    r"target|label|(^|_)y(_|$)|next|future|tomorrow|ahead|outcome|forward|return|result|lead", re.IGNORECASE
)


def _above(file: File, call: ast.Call) -> str:
    """Return the names of what is called on the call's result."""
    names = []
    up = file.index.up.get(call)
    while isinstance(up, ast.Attribute | ast.Call):
        if isinstance(up, ast.Attribute):
            names.append(f".{up.attr}(")
        up = file.index.up.get(up)
    return "".join(names)


def future_rows(file: File) -> None:
    """Report `shift(-1)` in code that makes features, where it makes no label; and gaps that are filled from what comes after."""
    for call in file.index.calls:
        if not isinstance(call.func, ast.Attribute) or not file.is_feature(call):
            continue
        name = call.func.attr
        backwards = (
            name == "shift"
            and call.args
            and isinstance(call.args[0], ast.UnaryOp)
            and isinstance(call.args[0].op, ast.USub)
        )
        filled = name in {"bfill", "backfill"} or (
            name == "fillna" and constant(keyword(call, "method")) in {"bfill", "backfill"}
        )
        if not backwards and not filled:
            continue
        about = [*_around(file, call), file.scope(call).name.rpartition(".")[2]]
        if any(_LABELS.search(text) or _SHOWN.search(text) for text in about):
            continue
        parent = next((one for one in file.index.parents(call) if isinstance(one, ast.stmt)), None)
        if not isinstance(parent, ast.Assign):
            continue
        what = (
            "`shift` of a negative number takes a later row"
            if backwards
            else f"`{name}` fills a gap with what was measured later"
        )
        file.say(
            "window-includes-current",
            call,
            Level.NOTE,
            f"{what}: a feature that knows what comes after; shift forwards, or leave the gap",
            guards="look-ahead",
        )


def _is_frame(call: ast.Call, name: str) -> bool:
    return name != "rolling" or bool(call.args or call.keywords)


def _closed(call: ast.Call) -> bool:
    return constant(keyword(call, "closed")) in {"left", "neither"}


def _grouped(node: ast.expr) -> bool:
    return "groupby" in dotted(node) or "group_by" in dotted(node)


def _around(file: File, call: ast.Call) -> list[str]:
    """Return the names that the result is given."""
    for parent in file.index.parents(call):
        if isinstance(parent, ast.Assign):
            return [_name(target) for target in parent.targets]
        if isinstance(parent, ast.keyword) and parent.arg:
            return [parent.arg]
        if isinstance(parent, ast.stmt):
            return []
    return []


def _shifted(file: File, call: ast.Call) -> bool:
    """Whether the rows are shifted before or after: in the chain, or in what the receiver was made by."""
    above: ast.AST | None = call
    while isinstance(above, ast.Attribute | ast.Call | ast.Subscript | ast.keyword | ast.Lambda | ast.BinOp):
        if isinstance(above, ast.Attribute) and above.attr in {"shift", "lag"}:
            return True
        above = file.index.up.get(above)
    if isinstance(above, ast.Assign) and isinstance(above.targets[0], ast.Subscript):
        column = constant(above.targets[0].slice)
        if isinstance(column, str) and _is_shifted_later(file, above, column):
            return True
    inner: ast.AST = call.func.value if isinstance(call.func, ast.Attribute) else call
    return _has_shift(file, call, inner, depth=0)


def _is_shifted_later(file: File, made: ast.Assign, column: str) -> bool:
    """Whether the column that the rows go into is shifted further down in the function."""
    for call in file.scope(made).calls:
        func = call.func
        if call.lineno > made.lineno and isinstance(func, ast.Attribute) and func.attr == "shift":
            shifted = func.value
            if isinstance(shifted, ast.Subscript) and constant(shifted.slice) == column:
                return True
    return False


def _has_shift(file: File, call: ast.Call, node: ast.AST, depth: int) -> bool:  # noqa: PLR0911 -- a return for each case
    if "shift" in dotted(node) or ".lag(" in dotted(node):
        return True
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    if depth > 2:  # noqa: PLR2004 -- a name of a name
        return False
    if isinstance(node, ast.Subscript):
        key = constant(node.slice)
        if isinstance(key, str) and re.search(r"prev|prior|lag|shift|before", key):
            return True
        return _has_shift(file, call, node.value, depth + 1)
    if isinstance(node, ast.Name):
        if re.search(r"prev|prior|lag|shift|before|history|past", node.id):
            return True
        made = file.scope(call).values.get(node.id)
        return made is not None and _has_shift(file, call, made, depth + 1)
    return False


def _subtracted(file: File, call: ast.Call) -> bool:
    parent = file.index.up.get(call)
    return isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Sub)
