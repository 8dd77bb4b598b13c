"""Conditions whose answer is the same whatever the data are."""

import ast
import re
from collections import defaultdict

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.handlers import inside
from tipoff_audit.reading.names import constant, dotted, keyword, last_name

_NAN = frozenset({"np.nan", "numpy.nan", "math.nan", "np.NaN", "np.NAN", "pd.NaT", "pd.NA"})
_NO = frozenset({"false", "0", "no", "off"})
_MOVES = frozenset({"next", "read", "readline", "pop", "popleft", "recv", "get_nowait", "input"})
_ASKS_THE_SYSTEM = frozenset({"os.getenv", "os.environ.get", "getenv", "environ.get"})
_SHOWN = ("verbose", "debug", "plot", "show", "progress", "cuda", "gpu", "quiet", "color", "reload", "refresh", "force")


def same_answers(file: File) -> None:
    """Report conditions that are always true, or never."""
    asked: set[int] = set()
    for compare in file.index.compares:
        _missing(file, compare)
        above = file.index.up.get(compare)
        if isinstance(above, ast.BoolOp) and id(above) not in asked:
            asked.add(id(above))
            _together(file, above)
    for call in file.index.calls:
        if dotted(call.func) in _ASKS_THE_SYSTEM:
            _setting(file, call)
        elif last_name(call.func) == "add_argument" and last_name(keyword(call, "type") or call.func) == "bool":
            _option(file, call)


def _say(file: File, node: ast.AST, message: str, level: Level) -> None:
    file.say("same-answer", node, level, message, guards="gate")


def _option(file: File, call: ast.Call) -> None:
    """Report an option that takes any word for a yes: a warning where a request gives it; who types one looks on."""
    option = str(constant(call.args[0]) if call.args else "")
    if any(word in option for word in _SHOWN):
        return
    taken = rf"(\[|get\()\s*['\"]{re.escape(option)}['\"]|args\w*\.{re.escape(option)}\b|\*\*\w*args"
    is_asked = not option.startswith("-") and re.search(taken, file.index.source.text) is not None
    message = f"`type=bool`: `{option} False` is true, as is any text that is not empty"
    level = Level.WARNING if is_asked else Level.NOTE
    _say(file, call, f"{message}; use BooleanOptionalAction, or parse the word", level)


def _missing(file: File, compare: ast.Compare) -> None:
    """Report a comparison with a value that is unlike any other, itself too."""
    if len(compare.ops) != 1 or not isinstance(compare.ops[0], ast.Eq | ast.NotEq):
        return
    sides = [compare.left, compare.comparators[0]]
    if dotted(sides[0]) == dotted(sides[1]):
        return
    for side in sides:
        is_nan = dotted(side) in _NAN
        if isinstance(side, ast.Call) and dotted(side.func) == "float" and side.args:
            is_nan = str(constant(side.args[0])).lower() == "nan"
        if is_nan:
            answer = "never" if isinstance(compare.ops[0], ast.Eq) else "always"
            text = ast.unparse(side)
            _say(file, compare, f"nothing equals `{text}`, so this is {answer} true; ask by `isna`", Level.NOTE)
            return


def _together(file: File, both: ast.BoolOp) -> None:
    is_or = isinstance(both.op, ast.Or)
    held: dict[str, set[object]] = defaultdict(set)
    for part in both.values:
        if isinstance(part, ast.Compare) and len(part.ops) == 1:
            value = part.comparators[0]
            if any(isinstance(one, ast.Call) and last_name(one.func) in _MOVES for one in ast.walk(part.left)):
                continue  # each asks another one
            if isinstance(part.ops[0], ast.NotEq if is_or else ast.Eq) and isinstance(value, ast.Constant):
                held[ast.dump(part.left)].add((type(value.value), value.value))
    if any(len(values) > 1 for values in held.values()):
        how, what = ("!=", "always") if is_or else ("==", "never")
        message = f"one value is `{how}` two, so this is {what} true; `in` or `not in` was meant"
        _say(file, both, message, _level_of(file, both))
    elif is_or and _is_asked(file, both):
        word = next((part for part in both.values[1:] if isinstance(constant(part), str) and constant(part)), None)
        if word is not None and isinstance(both.values[0], ast.Compare):
            message = f"`or {constant(word)!r}` is true by itself, so this always is; write `in (…)`"
            _say(file, both, message, _level_of(file, both))


def _level_of(file: File, node: ast.expr) -> Level:
    """Return error where the answer is returned, or lets something raise, leave, write or answer; a note where it only sets."""
    for parent in file.index.parents(node):
        if isinstance(parent, ast.Return | ast.While | ast.Assert | ast.comprehension):
            return Level.ERROR
        if isinstance(parent, ast.If):
            done = list(inside([*parent.body, *parent.orelse]))
            calls = [one for one in done if isinstance(one, ast.Call)]
            if any(isinstance(one, ast.Raise | ast.Return | ast.Continue | ast.Break) for one in done) or any(
                file.effects.of(call).kind in {"write", "gate"} for call in calls
            ):
                return Level.ERROR
            only_sets = all(
                isinstance(one, ast.Expr) and isinstance(one.value, ast.Call) and dotted(one.value.func) == "setattr"
                for one in parent.body
            )
            return Level.NOTE if only_sets else Level.WARNING
        if isinstance(parent, ast.stmt):
            return Level.WARNING
    return Level.WARNING


def _is_asked(file: File, node: ast.expr) -> bool:
    """Whether the value is taken for a yes or a no right here."""
    above = file.index.up.get(node)
    if isinstance(above, ast.UnaryOp):
        return isinstance(above.op, ast.Not)
    if isinstance(above, ast.BoolOp):
        return _is_asked(file, above)
    return isinstance(above, ast.If | ast.While | ast.IfExp | ast.Assert) and above.test is node


def _setting(file: File, call: ast.Call) -> None:
    """Report a setting whose default is a word for no, asked as if the word were no."""
    default = constant(call.args[1]) if len(call.args) == 2 else None  # noqa: PLR2004 -- the name and the default
    if not isinstance(default, str) or default.lower() not in _NO:
        return
    above = file.index.up.get(call)
    if _is_asked(file, call) or (isinstance(above, ast.Call) and dotted(above.func) == "bool"):
        message = f"the default `{default!r}` is a text, and true; compare it with the words for yes"
        _say(file, call, message, Level.NOTE if _is_unread(file, above) else Level.WARNING)


def _is_unread(file: File, value: ast.AST | None) -> bool:
    """Whether the value is only an entry of a dictionary, whose key the file names nowhere else, or asks for doing more."""
    above = file.index.up.get(value) if value is not None else None
    if not isinstance(above, ast.Dict) or value not in above.values:
        return False
    key = str(constant(above.keys[above.values.index(value)] or above))
    named = re.findall(rf"['\"]{re.escape(key)}['\"]|\.{re.escape(key)}\b", file.index.source.text)
    return len(named) < 2  # noqa: PLR2004 -- the entry itself
