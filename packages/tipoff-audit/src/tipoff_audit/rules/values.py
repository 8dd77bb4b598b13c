"""SQL into which values are written as text instead of handed over."""

import ast
import re
from collections.abc import Iterator

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import Scope
from tipoff_audit.reading.names import constant, dotted, keyword, last_name, words
from tipoff_audit.reading.sqltext import looks_like_sql
from tipoff_audit.reading.words import these

_VALUE_BEFORE = re.compile(
    r"(?:(?:=|<>|!=|<=|>=|<|>)|\b(?:LIKE|ILIKE|BETWEEN|THEN|ELSE|IN\s*\(|VALUES\s*\((?:[^()]*,)?|ANY\s*\(|DATE|TIMESTAMP|INTERVAL|AND)"
    r"|(?:SELECT|,)(?=\s*')|\(\s*)\s*(?P<quote>E?'%?)?$",
    re.IGNORECASE,
)
_BETWEEN_AND = re.compile(r"\bBETWEEN\s+\S+(\s+\S+)?\s+AND\s*'?$", re.IGNORECASE)
_MARKS = re.compile(
    r"placeholder|marks|params?$|qmark|bind|clause|columns?$|cols$|_sql$|where|filters?$|conditions?$|^ph$|paramstyle|table",
    re.IGNORECASE,
)


def sql_from_values(file: File) -> None:
    """Report SQL into which a value is written: by an f-string, by %, by + or by format."""
    for joined in file.index.joined:
        _joined(file, joined)
    for binary in file.index.binaries:
        if isinstance(binary.op, ast.Mod):
            _percent(file, binary)
        elif isinstance(binary.op, ast.Add) and not isinstance(file.index.up.get(binary), ast.BinOp):
            _plus(file, binary)
    for call in file.index.calls:
        if isinstance(call.func, ast.Attribute) and call.func.attr == "format":
            _format(file, call, call.func.value)


def _joined(file: File, node: ast.JoinedStr) -> None:
    if not node.values or not isinstance(node.values[0], ast.Constant):
        return
    whole = filled(node)
    if not looks_like_sql(whole):
        return
    before = ""
    for place, part in enumerate(node.values):
        if isinstance(part, ast.Constant):
            before += str(part.value)
        elif isinstance(part, ast.FormattedValue):
            following = node.values[place + 1] if place + 1 < len(node.values) else None
            after = str(following.value) if isinstance(following, ast.Constant) else ""
            quoted = _is_value(before, after, part.value, file)
            if quoted:
                _say_values(file, node, part.value)
                return
            before += "x"


def filled(node: ast.JoinedStr) -> str:
    """Return the f-string's text with an x in each hole."""
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)


def _is_value(before: str, after: str, hole: ast.expr, file: File) -> str:
    """Return "quoted" or "bare" where a value is expected in the SQL, "" where a name may stand."""
    found = _VALUE_BEFORE.search(before[-80:])
    if found is not None and _holds_quoted(hole, file):
        return "quoted"
    if found is None or _harmless(hole, file):
        return ""
    if found["quote"] is not None:
        return "quoted"
    word = re.search(r"(\w*)\W*$", found[0])
    weak = (
        word and word[1].upper() in {"AND", "DATE", "TIMESTAMP", "INTERVAL", ""} and found[0].strip()[-1:] not in "=<>"
    )
    between = word and word[1].upper() == "AND" and _BETWEEN_AND.search(before[-120:])
    if weak and not between and "VALUES" not in found[0].upper() and "IN" not in found[0].upper()[:2]:
        return ""
    return "" if re.match(r"[.\w(`\"]|\s*\.", after) else "bare"


def _holds_quoted(hole: ast.expr, file: File) -> bool:
    """Whether it is a list of values with quotes put around each: `", ".join(f"'{name}'" …)`."""
    made = file.scope_value(hole) if isinstance(hole, ast.Name) else hole
    if not isinstance(made, ast.Call) or last_name(made.func) != "join" or not made.args:
        return False
    each = made.args[0].elt if isinstance(made.args[0], ast.GeneratorExp | ast.ListComp) else None
    if isinstance(each, ast.JoinedStr) and each.values:
        return str(constant(each.values[0]) or "")[-1:] == "'"
    return isinstance(each, ast.BinOp) and str(_text(each.left) or "").strip()[:1] == "'"


_MAKERS = these(
    """int len float format literal quote quote_literal escape quote_ident quote_name Identifier adapt bind param placeholder
    format_sql"""
)
_OF_DATES = these("isoformat strftime date timestamp total_seconds year month day isoweekday toordinal hex")
_QUOTED = these("quote quoted escaped literal expr expression ident identifier")


def _harmless(hole: ast.expr, file: File, depth: int = 0) -> bool:  # noqa: PLR0911 -- a return for each case
    """Whether it is no value, or one that cannot hold a quote: a constant, a number, a mark, a name that was quoted."""
    if isinstance(hole, ast.Constant) or _is_arithmetic(hole):
        return True
    if isinstance(hole, ast.JoinedStr):
        return str(constant(hole.values[0]) if hole.values else "")[:1] in set(":@$?%") or looks_like_sql(filled(hole))
    if _is_typed(hole, file):
        return True
    if isinstance(hole, ast.Call):
        name = last_name(hole.func)
        if isinstance(hole.func, ast.Attribute) and name in _OF_DATES:
            return True
        return name in _MAKERS or (name == "join" and _joins_marks(hole, file, depth))
    name = last_name(hole)
    if name.isupper() or _MARKS.search(name) or _QUOTED & set(words(name)):
        return True
    made = file.scope_value(hole) if isinstance(hole, ast.Name) and depth < 2 else None  # noqa: PLR2004 -- a name of a name
    return (
        made is not None
        and made is not hole
        and not isinstance(made, ast.Constant)
        and _harmless(made, file, depth + 1)
    )


def _is_arithmetic(hole: ast.expr) -> bool:
    """Whether it is something less, times or by a number: what comes of it is a number."""
    operators = ast.Sub | ast.Mult | ast.Div | ast.FloorDiv
    if not isinstance(hole, ast.BinOp) or not isinstance(hole.op, operators):
        return False
    numbers = [constant(side) for side in (hole.left, hole.right)]
    return any(isinstance(number, int | float) for number in numbers) and not any(isinstance(n, str) for n in numbers)


_TYPED = frozenset(
    {
        "datetime.date",
        "datetime.datetime",
        "int",
        "float",
        "bool",
        "uuid.UUID",
        "decimal.Decimal",
        "datetime.date.fromisoformat",
    }
)


def _is_typed(hole: ast.expr, file: File) -> bool:
    """Whether it is known to be of a type whose text holds no quote."""
    if not isinstance(hole, ast.Name | ast.Attribute):
        return False
    return file.names.origin(hole, file.scope(hole)) in _TYPED


def _joins_marks(call: ast.Call, file: File, depth: int) -> bool:
    """Whether it is `", ".join("?" for …)`: marks, not values."""
    made = call.args[0] if call.args else None
    if isinstance(made, ast.GeneratorExp | ast.ListComp):
        return _harmless(made.elt, file, depth)
    if isinstance(made, ast.BinOp) and isinstance(made.op, ast.Mult):
        return True
    return made is not None and (
        bool(_MARKS.search(last_name(made))) or (isinstance(made, ast.Name) and _harmless(made, file, depth + 1))
    )


def _say_values(file: File, node: ast.expr, hole: ast.expr) -> None:
    name = last_name(hole) or "a value"
    if _checked(file, hole):
        return
    message = f"`{name}` is written into the SQL as text: a quote in it breaks the statement or changes it"
    file.say("sql-from-values", node, Level.NOTE, f"{message}; hand it over as a parameter", guards="read")


def _checked(file: File, hole: ast.expr) -> bool:
    """Whether the function makes sure of the value before: by a pattern, by a list of what is allowed, as an identifier."""
    if not isinstance(hole, ast.Name):
        return False
    scope = file.scope(hole)
    if scope not in file.checked:
        file.checked[scope] = _checks(scope)
    return file.checked[scope].get(hole.id, hole.lineno + 1) <= hole.lineno


def _checks(scope: Scope) -> dict[str, int]:
    """Return the names that the function makes sure of, each with the first line of it."""
    found: dict[str, int] = {}
    for node in ast.walk(scope.node):
        test = node.test if isinstance(node, ast.If | ast.Assert) else None
        if test is None:
            continue
        for part in ast.walk(test):
            for name in _made_sure_of(part):
                found[name] = min(found.get(name, test.lineno), test.lineno)
    return found


def _made_sure_of(part: ast.AST) -> Iterator[str]:
    if isinstance(part, ast.Compare) and isinstance(part.ops[0], ast.In | ast.NotIn):
        yield last_name(part.left)
    if isinstance(part, ast.Call):
        if last_name(part.func) in {"match", "fullmatch"}:
            yield from (last_name(given) for given in part.args)
        if last_name(part.func) in {"isidentifier", "isalnum", "isdigit"}:
            yield dotted(part.func).partition(".")[0]


_NAMES = re.compile(  # a key that stands for what has a name in the database: no parameter can take its place
    r"(^|_)(table|column|col|schema|sequence|seq|sq|constraint|index|view|trigger|database|suffix|prefix)(_?names?)?$",
    re.IGNORECASE,
)


def _percent(file: File, node: ast.BinOp) -> None:
    text = _text(node.left)
    if text is None and isinstance(node.left, ast.Name | ast.Attribute):
        text = file.names.text(node.left, file.scope(node))
    if text is None or not looks_like_sql(text):
        return
    given = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
    for place, found in enumerate(re.finditer(r"%(?:\((\w+)\))?[sdrf]", text)):
        if found[1] and _NAMES.search(found[1]):
            continue
        hole = given[place] if place < len(given) else given[-1]
        if re.search(
            r"\((\w*_)?(table|column|name|sequence|trigger|index|schema|field|constraint)s?(_\w*)?\)", found[0]
        ):
            continue  # a name of the schema
        quoted = _is_value(text[: found.start()], text[found.end() :], hole, file)
        if quoted and not (found[0].endswith("d") and quoted == "bare"):
            _say_values(file, node, hole)
            return


def _text(node: ast.expr) -> str | None:
    found = constant(node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left), _text(node.right)
        return left + right if left is not None and right is not None else None
    return found if isinstance(found, str) else None


def _plus(file: File, node: ast.BinOp) -> None:
    parts: list[ast.expr] = []
    inner: ast.expr = node
    while isinstance(inner, ast.BinOp) and isinstance(inner.op, ast.Add):
        parts.append(inner.right)
        inner = inner.left
    parts.append(inner)
    parts.reverse()
    first = constant(parts[0])
    if not isinstance(first, str) or not looks_like_sql(first):
        return
    before = ""
    for place, part in enumerate(parts):
        said = constant(part)
        if isinstance(said, str):
            before += said
            continue
        following = constant(parts[place + 1]) if place + 1 < len(parts) else ""
        hole = part.args[0] if isinstance(part, ast.Call) and last_name(part.func) == "str" and part.args else part
        quoted = _is_value(before, str(following or ""), hole, file)
        if quoted:
            _say_values(file, node, hole)
            return
        before += "x"


def _format(file: File, call: ast.Call, receiver: ast.expr) -> None:
    text = file.names.text(receiver, file.scope(call)) if not isinstance(receiver, ast.Constant) else constant(receiver)
    if not isinstance(text, str) or not looks_like_sql(text):
        return
    for place, found in enumerate(re.finditer(r"\{(\w*)(?::[^{}]*)?\}", text)):
        hole = _given(call, found[1], place)
        if hole is not None and _is_value(text[: found.start()], text[found.end() :], hole, file):
            _say_values(file, call, hole)
            return


def _given(call: ast.Call, name: str, place: int) -> ast.expr | None:
    if name and not name.isdigit():
        return keyword(call, name)
    at = int(name) if name else place
    return call.args[at] if at < len(call.args) else None
