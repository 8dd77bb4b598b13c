"""Strings that should have been formatted, and SQL into which values are written instead of handed over."""

import ast
import re

from tipoff.audit import words as w
from tipoff.audit.context import File
from tipoff.audit.finding import Level
from tipoff.audit.index import Scope
from tipoff.audit.names import constant, keyword, last_name, words
from tipoff.audit.sqlrules import examine_sql, unquoted
from tipoff.audit.sqltext import looks_like_sql, verbs
from tipoff.audit.words import these

_HOLE = re.compile(r"(?<!\{)(?<!\$)\{([A-Za-z_]\w*(?:\.\w+|\[[^\]{}]*\]|\(\))*)(?:![rsa])?(?::[^{}]*)?\}(?!\})")
_LATER = frozenset(
    {"format", "format_map", "Template", "substitute", "safe_substitute", "render", "from_string", "partial_format"}
)
_MESSAGES = frozenset(
    {"Path", "open", "fail", "echo", "write", "print", "Exception", "ValueError", "RuntimeError", "KeyError"}
)
_PATH = re.compile(r"^(gs|s3|https?|file)://|^/?[\w.{}-]+(/[\w.{}-]+)+(\.\w+)?$")


def missing_f(file: File) -> None:
    """Report SQL, a message or a path with `{name}` that nothing fills."""
    for node in file.index.strings:
        text = node.value
        if not isinstance(text, str) or "{" not in text or len(text) > 20_000:  # noqa: PLR2004 -- a template of that length is data
            continue
        holes = _HOLE.findall(text)
        if not holes or not _filled_by_names(file, node, holes):
            continue
        use = _use(file, node, text)
        if use:
            level = Level.ERROR if use == "SQL" else Level.WARNING
            message = f"`{{{holes[0]}}}` stays as it is written: this {use} has no f and no .format"
            file.say(
                "missing-f",
                node,
                level,
                f"{message}; put an f before the string",
                guards="read" if use == "SQL" else "",
            )


def _filled_by_names(file: File, node: ast.Constant, holes: list[str]) -> bool:
    """Whether each hole names something that is bound where the string stands."""
    scope: Scope | None = file.scope(node)
    known = set(file.index.imports)
    first = True
    while scope is not None:
        if first or scope.kind != "class":
            known |= set(scope.bound)
        first = False
        scope = scope.parent
    return all(re.split(r"[.\[(]", hole)[0] in known | {"self", "cls"} for hole in holes)


def _use(file: File, node: ast.Constant, text: str) -> str:  # noqa: PLR0911 -- a return for each case
    """Return what the string is used as, "" where something may still fill it."""
    parent = file.index.up.get(node)
    if isinstance(
        parent, ast.Expr | ast.JoinedStr | ast.FormattedValue | ast.Dict | ast.List | ast.Tuple | ast.Set | ast.Compare
    ):
        return ""
    while isinstance(parent, ast.BinOp | ast.IfExp):
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Mod):
            return ""
        parent = file.index.up.get(parent)
    sql = looks_like_sql(text)
    if isinstance(parent, ast.Assign | ast.AnnAssign | ast.AugAssign):
        return _assigned_use(file, parent, sql=sql)
    if isinstance(parent, ast.Attribute):
        return (
            ""
            if parent.attr in _LATER
            else ("SQL" if sql and parent.attr in {"strip", "replace"} and not _formatted(file, parent) else "")
        )
    if isinstance(parent, ast.keyword):
        parent = file.index.up.get(parent)
    if isinstance(parent, ast.Call):
        return _argument_use(file, parent, text, sql=sql)
    if isinstance(parent, ast.Return):
        return "SQL" if sql else ""
    return ""


def _formatted(file: File, node: ast.AST) -> bool:
    return any(isinstance(parent, ast.Attribute) and parent.attr in _LATER for parent in file.index.parents(node))


def _assigned_use(file: File, node: ast.Assign | ast.AnnAssign | ast.AugAssign, *, sql: bool) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    name = last_name(target)
    if not name or file.scope(node).kind != "function" or _filled_later(file, name):
        return ""
    if sql:
        return "SQL"
    used = [call for call in file.scope(node).calls if any(_is_name(given, name) for given in call.args)]
    if any(last_name(call.func) in {"open", "Path"} for call in used):
        return "path"
    return "message" if any(file.deeds.of(call).kind in {"log", "notice"} for call in used) else ""


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _filled_later(file: File, name: str) -> bool:
    return (
        re.search(
            rf"\b{re.escape(name)}\s*(\.\s*(format|format_map|replace|substitute)\b|%\s*[\w({{])",
            file.index.source.text,
        )
        is not None
    )


def _argument_use(file: File, call: ast.Call, text: str, *, sql: bool) -> str:
    name = last_name(call.func)
    if name in _LATER or "template" in words(name) or "pattern" in words(name) or "format" in words(name):
        return ""
    if sql and (
        name in w.SQL_CALLS
        or name in {"text", "dedent", "QueryJobConfig", "ScriptBuilder", "append"}
        or "query" in words(name)
    ):
        return (
            "SQL"
            if not any(given.arg for given in call.keywords if given.arg in {"format_args", "params_format"})
            else ""
        )
    if (
        file.deeds.of(call).kind in {"log", "notice"}
        and call.args
        and constant(call.args[0]) == text
        and len(call.args) == 1
    ):
        return (
            "message"
            if not [given for given in call.keywords if given.arg not in {"exc_info", "extra", "stack_info", "err"}]
            else ""
        )
    if isinstance(file.index.up.get(call), ast.Raise) and len(call.args) == 1 and not call.keywords:
        return "message"
    if name in {
        "open",
        "Path",
        "read_csv",
        "read_parquet",
        "to_csv",
        "to_parquet",
        "write_text",
        "blob",
        "get_blob",
    } and _PATH.match(text):
        return "path"
    return ""


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
    whole = _filled(node)
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
                _say_values(file, node, part.value, quoted)
                return
            before += "x"


def _filled(node: ast.JoinedStr) -> str:
    """Return the f-string's text with an x in each hole."""
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)


def _is_value(before: str, after: str, hole: ast.expr, file: File) -> str:
    """Return "quoted" or "bare" where a value is expected in the SQL, "" where a name may stand."""
    found = _VALUE_BEFORE.search(before[-80:])
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


_MAKERS = these(
    """int len float literal quote quote_literal escape quote_ident quote_name Identifier adapt bind param placeholder
    format_sql"""
)
_QUOTED = these("quote quoted escaped literal expr expression ident identifier")


def _harmless(hole: ast.expr, file: File, depth: int = 0) -> bool:
    """Whether it is no value, or one that cannot hold a quote: a constant, a number, a mark, a name that was quoted."""
    if isinstance(hole, ast.Constant):
        return True
    if isinstance(hole, ast.JoinedStr):
        return str(constant(hole.values[0]) if hole.values else "")[:1] in set(":@$?%")
    if isinstance(hole, ast.Call):
        name = last_name(hole.func)
        return name in _MAKERS or (name == "join" and _joins_marks(hole, file))
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


def _joins_marks(call: ast.Call, file: File) -> bool:
    """Whether it is `", ".join("?" for …)`: marks, not values."""
    made = call.args[0] if call.args else None
    if isinstance(made, ast.GeneratorExp | ast.ListComp):
        return _harmless(made.elt, file)
    if isinstance(made, ast.BinOp) and isinstance(made.op, ast.Mult):
        return True
    return made is not None and (
        bool(_MARKS.search(last_name(made))) or (isinstance(made, ast.Name) and _harmless(made, file))
    )


_DDL = re.compile(
    r"[^'\"]*['\"\s]*(CREATE|ALTER|DROP|COPY|WITH\s*\(|GRANT|SET|ATTACH)\b", re.IGNORECASE
)  # takes no parameters


def _say_values(file: File, node: ast.expr, hole: ast.expr, how: str) -> None:
    name = last_name(hole) or "a value"
    level = Level.ERROR if how == "quoted" and not _DDL.match(file.index.segment(node)) else Level.WARNING
    if re.search(r"(^|/)(migrations?|versions|alembic)/", file.index.path):
        level = Level.NOTE
    message = f"`{name}` is written into the SQL as text: a quote in it breaks the statement or changes it"
    file.say("sql-from-values", node, level, f"{message}; hand it over as a parameter", guards="read")


def _percent(file: File, node: ast.BinOp) -> None:
    text = _text(node.left)
    if text is None or not looks_like_sql(text):
        return
    given = node.right.elts if isinstance(node.right, ast.Tuple) else [node.right]
    for place, found in enumerate(re.finditer(r"%(?:\(\w+\))?[sdrf]", text)):
        hole = given[place] if place < len(given) else given[-1]
        quoted = _is_value(text[: found.start()], text[found.end() :], hole, file)
        if quoted and not (found[0].endswith("d") and quoted == "bare"):
            _say_values(file, node, hole, quoted)
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
            _say_values(file, node, hole, quoted)
            return
        before += "x"


def _format(file: File, call: ast.Call, receiver: ast.expr) -> None:
    text = file.names.text(receiver, file.scope(call)) if not isinstance(receiver, ast.Constant) else constant(receiver)
    if not isinstance(text, str) or not looks_like_sql(text):
        return
    for place, found in enumerate(re.finditer(r"\{(\w*)(?::[^{}]*)?\}", text)):
        hole = _given(call, found[1], place)
        if hole is not None and (quoted := _is_value(text[: found.start()], text[found.end() :], hole, file)):
            _say_values(file, call, hole, quoted)
            return


def _given(call: ast.Call, name: str, place: int) -> ast.expr | None:
    if name and not name.isdigit():
        return keyword(call, name)
    at = int(name) if name else place
    return call.args[at] if at < len(call.args) else None


def sql_in_strings(file: File) -> None:
    """Report what is wrong within SQL that stands in Python, at the line within the string."""
    inner = {id(part) for joined in file.index.joined for part in joined.values}
    for node in [*file.index.strings, *file.index.joined]:
        if id(node) in inner:
            continue
        parent = file.index.up.get(node)
        if isinstance(parent, ast.Expr):
            continue
        text = _filled(node) if isinstance(node, ast.JoinedStr) else constant(node)
        if not isinstance(text, str) or not looks_like_sql(text):
            continue
        _in_string(file, node)


def _emptied(file: File, statement: str) -> bool:
    """Whether the file also deletes from the table that is appended to."""
    table = next((table for kind, table, _ in verbs(statement) if kind == "insert"), "")
    deletes = [text for text in file.texts if "DELETE" in text.upper() or "TRUNCATE" in text.upper()]
    return any(kind == "delete" and other == table for text in deletes for kind, other, _ in verbs(text))


def _in_string(file: File, node: ast.expr) -> None:
    segment = unquoted(file.index.segment(node))
    feature = file.is_feature(node)
    for said in examine_sql(segment, feature=feature, script=True):
        if said.rule == "append-without-key" and _emptied(file, segment[said.at :]):
            continue
        line = node.lineno + segment.count("\n", 0, said.at)
        file.say(said.rule, node, said.level, said.message, guards=said.guards, line=line)
