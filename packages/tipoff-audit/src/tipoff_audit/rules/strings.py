"""Strings that should have been formatted, and SQL that stands in Python."""

import ast
import re
from collections.abc import Sequence

from tipoff_audit.finding import Level
from tipoff_audit.reading import words as w
from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import Scope
from tipoff_audit.reading.names import constant, dotted, last_name, words
from tipoff_audit.reading.sqltext import looks_like_sql, verbs
from tipoff_audit.reading.words import these
from tipoff_audit.rules.sqlrules import examine_sql, unquoted
from tipoff_audit.rules.values import filled

_HOLE = re.compile(r"(?<!\{)(?<![$%])\{([A-Za-z_]\w*(?:\.\w+|\[[^\]{}]*\]|\(\))*)(?:![rsa])?(?::[^{}]*)?\}(?!\})")
_OF_A_TYPE = re.compile(
    r"\{\w+:\s*([A-Z]\w*(\(.*?\))?|\$\w[^{}]*)\}"
)  # `{day:Date}`, `{name: $name}`: filled by the server
_LATER = frozenset(
    {"format", "format_map", "Template", "substitute", "safe_substitute", "render", "from_string", "partial_format"}
)
_PATH = re.compile(r"^(gs|s3|https?|file)://|^/?[\w.{}-]+(/[\w.{}-]+)+(\.\w+)?$")


def missing_f(file: File) -> None:
    """Report SQL, a message or a path with `{name}` that nothing fills."""
    for node in file.index.strings:
        text = node.value
        if not isinstance(text, str) or "{" not in text or len(text) > 20_000:  # noqa: PLR2004 -- a template of that length is data
            continue
        holes = _HOLE.findall(_OF_A_TYPE.sub("", text))
        if not holes or not (_filled_by_names(file, node, holes) or _is_query_option(file, node, text)):
            continue
        use = _use(file, node, text) or _beside(file, node, text, holes)
        if use and not (use == "path" and {re.split(r"[.\[(]", hole)[0] for hole in holes} & set(file.index.imports)):
            message = f"`{{{holes[0]}}}` stays as it is written: this {use} has no f and no .format"
            file.say(
                "missing-f",
                node,
                Level.NOTE,
                f"{message}; put an f before the string",
                guards=("write" if verbs(text) else "read") if use == "SQL" else "",
                line=_line_of(file, node, holes[0]),
            )


def _line_of(file: File, node: ast.Constant, hole: str) -> int:
    """Return the line on which the hole stands, in a string of several."""
    for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
        if f"{{{hole}" in file.index.lines[number - 1]:
            return number
    return node.lineno


def _is_query_option(file: File, node: ast.Constant, text: str) -> bool:
    """Whether the SQL stands as an operator's `query` or `sql`: who runs it later knows no names of ours."""
    parent = file.index.up.get(node)
    if isinstance(parent, ast.Dict):
        key = next((key for key, value in zip(parent.keys, parent.values, strict=True) if value is node), None)
        option = constant(key)
    else:
        option = parent.arg if isinstance(parent, ast.keyword) else None
    return option in {"query", "sql", "bql"} and looks_like_sql(text) and "{{" not in text


def missing_f_in_joined(file: File) -> None:
    """Report a plain string among f-strings that are joined by standing side by side."""
    for node in file.index.joined:
        parts = [str(part.value) for part in node.values if isinstance(part, ast.Constant)]
        if node.lineno == node.end_lineno or not any(_HOLE.search(part) for part in parts):
            continue
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
            plain = re.match(r"\s*([\"'])(?!\1\1)(.*)\1[,)\s]*$", file.index.lines[number - 1])
            holes = _HOLE.findall(plain[2]) if plain else []
            if (
                plain
                and holes
                and any(plain[2] in part for part in parts)
                and _filled_by_names(file, node, holes)
                and not _named_later(file, node)
            ):
                message = (
                    f"`{{{holes[0]}}}` stays as it is written: this piece of the string has no f, its neighbours have"
                )
                file.say("missing-f", node, Level.NOTE, f"{message}; put an f before it", guards="read", line=number)


def _filled_by_names(file: File, node: ast.expr, holes: list[str]) -> bool:
    """Whether each hole names something that is bound where the string stands."""
    scope: Scope | None = file.scope(node)
    known = set(file.index.imports)
    first = True
    while scope is not None:
        if first:
            known |= {name for name, lines in scope.bound.items() if min(lines) <= node.lineno}
        elif scope.kind != "class":
            known |= set(scope.bound)
        first = False
        scope = scope.parent
    return all(re.split(r"[.\[(]", hole)[0] in known | {"self", "cls"} for hole in holes)


def _use(file: File, node: ast.Constant, text: str) -> str:  # noqa: C901, PLR0911 -- a return for each case
    """Return what the string is used as, "" where something may still fill it."""
    parent = file.index.up.get(node)
    if _is_query_option(file, node, text):
        return "SQL"
    if plain := _plain_use(file, parent, node, text):
        return plain
    if isinstance(
        parent, ast.Expr | ast.JoinedStr | ast.FormattedValue | ast.Dict | ast.List | ast.Tuple | ast.Set | ast.Compare
    ):
        return ""
    while isinstance(parent, ast.BinOp | ast.IfExp):
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Mod):
            return ""
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Div) and parent.right is node:
            return "" if _formatted(file, node) or re.search(r"\{\w*\}.*\*|glob", text) else "path"
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
    if isinstance(parent, ast.Call) and last_name(parent.func) == "append" and _condition(file, parent, text):
        return "SQL"
    if isinstance(parent, ast.Call):
        return _argument_use(file, parent, text, sql=sql)
    if isinstance(parent, ast.Return):
        return "SQL" if sql else ""
    return ""


_A_LINE = 200  # characters: what is longer may be a template
_NOT_FOR_F = re.compile(r"[\n$\\]|\{\{|\}\}|</|%[sd(]")  # several lines, formulas, templates of others
_BY_OTHERS = re.compile(
    r"(^|_)(name|help|doc|description|fmt|format|formatter|template|templates|pattern|prompt|prompts|regex|route|rule|path_template|url_template|query_template"
    r"|epilog|usage)$"
)
_TAKES_BRACES = these(
    """replace sub split rsplit partition index find count startswith endswith strip removeprefix removesuffix compile match
    fullmatch search findall finditer join gettext ngettext _ translate tr add_argument add_parser getLogger Formatter
    get_template register add_url_rule route add_route parse evaluate eval exec"""
)


def _beside(file: File, node: ast.Constant, text: str, holes: list[str]) -> str:
    """Return the use of a plain string whose holes stand in f-strings beside it; "" where it may be right."""
    parent = file.index.up.get(node)
    if len(text) > _A_LINE or _NOT_FOR_F.search(text) or _formatted(file, node) or _named_later(file, node):
        return ""
    if isinstance(parent, ast.Dict | ast.List | ast.Tuple):
        others = parent.values if isinstance(parent, ast.Dict) else parent.elts
        is_one = any(other is node for other in others) and not _fills_texts(file)
        return "string" if is_one and set(holes) & _holes_of(others) else ""
    option = parent.arg if isinstance(parent, ast.keyword) else ""
    call = file.index.up.get(parent) if isinstance(parent, ast.keyword) else parent
    if not isinstance(call, ast.Call) or _BY_OTHERS.search(option or "") or _is_filled_by(call, holes):
        return ""
    given = [*call.args, *(one.value for one in call.keywords)]
    if _fills_texts(file):
        return "string" if set(holes) <= _holes_of(given) else ""
    own = file.scope(node)
    bound = all(re.split(r"[.\[(]", hole)[0] in own.bound for hole in holes)
    return "string" if bound and set(holes) <= _holes_of(file.index.joined, file, own) else ""


def _is_filled_by(call: ast.Call, holes: list[str]) -> bool:
    """Whether the call may fill the holes: it is handed values under their names, or its name speaks of templates."""
    name = last_name(call.func)
    roots = {re.split(r"[.\[(]", hole)[0] for hole in holes}
    return (
        name in _TAKES_BRACES
        or name in _LATER
        or bool({"template", "pattern", "format", "prompt", "render", "route", "fill"} & set(words(name)))
        or bool(roots & {one.arg for one in call.keywords})
        or any(one.arg is None for one in call.keywords)
        or (isinstance(call.func, ast.Attribute) and last_name(call.func.value) == "re")
    )


def _fills_texts(file: File) -> bool:
    """Whether the file fills texts in another way: what stands here with braces may be one of them."""
    texts = [call.func for call in file.index.calls if last_name(call.func) in {"format", "format_map", "Template"}]
    return any(not isinstance(one, ast.Attribute) or not isinstance(one.value, ast.Constant) for one in texts)


def _holes_of(given: Sequence[ast.expr], file: File | None = None, scope: Scope | None = None) -> set[str]:
    """Return what the f-strings among them ask for, those of one scope alone where it is named."""
    return {
        ast.unparse(part.value)
        for one in given
        if isinstance(one, ast.JoinedStr) and (file is None or file.scope(one) is scope)
        for part in one.values
        if isinstance(part, ast.FormattedValue)
    }


_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://")
_OPTION = re.compile(r"--?[\w{]\S*$")


def _plain_use(file: File, parent: ast.AST | None, node: ast.Constant, text: str) -> str:  # noqa: PLR0911 -- a return for each case
    """Return the use of a string that is wanted as it stands: a key, an address, an option of a command, what an assertion says.

    Its holes are then names of the same function; one that is filled elsewhere stands under a name of its own.
    """
    bound = file.scope(node).bound
    if not all(re.split(r"[.\[(]", hole)[0] in bound for hole in _HOLE.findall(text)):
        return ""
    if isinstance(parent, ast.Subscript) and parent.slice is node and isinstance(parent.ctx, ast.Store):
        return "key"
    if isinstance(parent, ast.Assert) and parent.msg is node:
        return "message"
    if isinstance(parent, ast.Return) and _ADDRESS.match(text):
        return "path"
    if isinstance(parent, ast.List) and _OPTION.match(text):
        above = file.index.up.get(parent)
        while isinstance(above, ast.BinOp):
            above = file.index.up.get(above)
        return "option" if isinstance(above, ast.keyword) else ""
    if not isinstance(parent, ast.Call) or parent.args[:1] != [node] or not _ADDRESS.match(text):
        return ""
    return "path" if re.match(r"(requests|httpx|session|client)\.", dotted(parent.func)) else ""


_JOINED_LATER = re.compile(r"\.join\([^()\n]*\)\s*\.format\(")  # the parts are filled together
_CONDITION = re.compile(r"\s*[\w.]+\s*(=|<>|!=|<=?|>=?|\bIN\b|\bLIKE\b|\bBETWEEN\b)\s*\S", re.IGNORECASE)


def _is_joined_later(file: File, call: ast.Call) -> bool:
    """Whether it is one of several parts that are joined and filled together."""
    return last_name(call.func) == "append" and _JOINED_LATER.search(file.index.source.text) is not None


def _condition(file: File, call: ast.Call, text: str) -> bool:
    """Whether it is one of several conditions that are joined by AND: another of them has its f."""
    if not _CONDITION.match(text) or not isinstance(call.func, ast.Attribute) or _is_joined_later(file, call):
        return False
    scope, held = file.scope(call), last_name(call.func.value)
    joined = any(
        last_name(other.func) == "join"
        and isinstance(other.func, ast.Attribute)
        and "AND" in str(constant(other.func.value) or "")
        for other in scope.calls
    )
    made = scope.values.get(held)
    others = [part for other in scope.calls if last_name(other.func) == "append" for part in other.args]
    others += made.elts if isinstance(made, ast.List) else []
    return joined and any(isinstance(part, ast.JoinedStr) and len(part.values) > 1 for part in others)


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
    is_told = any(
        file.effects.of(call).kind in {"log", "notice"} or isinstance(file.index.up.get(call), ast.Raise)
        for call in used
    )
    return "message" if is_told or (isinstance(node, ast.AugAssign) and _has_its_f(file, node, name)) else ""


def _has_its_f(file: File, node: ast.AugAssign, name: str) -> bool:
    """Whether the same text is begun by an f-string: what is added to it was meant for one."""
    begun = [one for one in file.scope(node).assigns if last_name(one.targets[0]) == name]
    return any(isinstance(one.value, ast.JoinedStr) and len(one.value.values) > 1 for one in begun)


def _named_later(file: File, node: ast.expr) -> bool:
    """Whether the string is kept under a name that is filled later, or filled right here."""
    for parent in file.index.parents(node):
        if isinstance(parent, ast.Attribute) and parent.attr in _LATER:
            return True
        if isinstance(parent, ast.Assign):
            return _filled_later(file, last_name(parent.targets[0]))
        if isinstance(parent, ast.stmt):
            return False
    return False


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
    if (
        _is_joined_later(file, call)
        or name in _LATER
        or "template" in words(name)
        or "pattern" in words(name)
        or "format" in words(name)
    ):
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
        file.effects.of(call).kind in {"log", "notice"}
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


def sql_in_strings(file: File) -> None:
    """Report what is wrong within SQL that stands in Python, at the line within the string."""
    inner = {id(part) for joined in file.index.joined for part in joined.values}
    for node in [*file.index.strings, *file.index.joined]:
        if id(node) in inner:
            continue
        parent = file.index.up.get(node)
        if isinstance(parent, ast.Expr):
            continue
        text = filled(node) if isinstance(node, ast.JoinedStr) else constant(node)
        if not isinstance(text, str) or not looks_like_sql(text):
            continue
        _in_string(file, node)


def _emptied(file: File, statement: str) -> bool:
    """Whether the file also deletes from the table that is appended to."""
    table = next((table for kind, table, _ in verbs(statement) if kind == "insert"), "")
    deletes = [text for text in file.texts if "DELETE" in text.upper() or "TRUNCATE" in text.upper()]
    return any(kind == "delete" and other == table for text in deletes for kind, other, _ in verbs(text))


def _in_string(file: File, node: ast.expr) -> None:
    segment = unquoted(file.index.literal(node))
    for said in examine_sql(segment, use=file.use_of(node), script=True):
        if said.rule == "append-without-key" and _emptied(file, segment[said.at :]):
            continue
        line = node.lineno + segment.count("\n", 0, said.at)
        file.say(said.rule, node, said.level, said.message, guards=said.guards, line=line)
