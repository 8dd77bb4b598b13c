"""What each round of a loop writes where the round before has written: only the last is kept."""

import ast
from collections.abc import Iterator

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import FUNCTIONS
from tipoff_audit.reading.names import constant, keyword, last_name, names_in
from tipoff_audit.reading.words import these

_FILES = these("to_csv to_parquet to_json to_excel to_feather to_pickle write_csv write_parquet")
_SPARK = these("parquet csv json orc save saveAsTable")
_GATHERS = these("append extend update add insert concat merge join combine_first union unionByName vstack hstack")


def overwritten(file: File) -> None:
    """Report writes that replace a table or a file of one name in each round of a loop over several items."""
    for loop in file.index.loops:
        if not isinstance(loop, ast.For | ast.AsyncFor) or _is_again(loop):
            continue
        changed = _changed(loop)
        for call in _calls(loop.body):
            what, name = _replaces(call)
            if (
                name is None
                or not what
                or names_in(name) & changed
                or any(isinstance(one, ast.Call) for one in ast.walk(name))
            ):
                continue
            data = call.func.value if isinstance(call.func, ast.Attribute) else None
            if data is None or not _is_of_round(loop, data) or _is_read(loop, call, name):
                continue
            message = f"each round of the loop replaces {what} that the round before has written: only the last is kept"
            file.say(
                "value-dropped", call, Level.WARNING, f"{message}; write once after the loop, or append", guards="write"
            )


def _replaces(call: ast.Call) -> tuple[str, ast.expr | None]:
    """Return what the call replaces, and the expression that names it."""
    name = last_name(call.func)
    if not isinstance(call.func, ast.Attribute):
        return "", None
    if name == "to_sql" and constant(keyword(call, "if_exists")) == "replace":
        return "the table", keyword(call, "name") or (call.args[0] if call.args else None)
    if name in _FILES:
        mode = keyword(call, "mode")
        if mode is not None and constant(mode) not in {"w", "wb"}:
            return "", None
        given = (
            call.args[0]
            if call.args
            else keyword(call, "path_or_buf") or keyword(call, "path") or keyword(call, "excel_writer")
        )
        is_path = (
            isinstance(given, ast.JoinedStr | ast.BinOp | ast.Subscript)
            or isinstance(constant(given), str)
            or _is_named_path(given)
        )
        return ("the file", given) if is_path else ("", None)
    if name in _SPARK and _is_overwrite(call.func.value) and call.args:
        return "what", call.args[0]
    return "", None


def _is_named_path(node: ast.expr | None) -> bool:
    text = last_name(node).lower() if isinstance(node, ast.Name | ast.Attribute) else ""
    return any(one in text for one in ("path", "file", "csv", "output", "out", "dest"))


def _is_overwrite(node: ast.expr) -> bool:
    return any(
        isinstance(one, ast.Call)
        and last_name(one.func) == "mode"
        and one.args
        and constant(one.args[0]) == "overwrite"
        for one in ast.walk(node)
    )


def _is_again(loop: ast.For | ast.AsyncFor) -> bool:
    """Whether the loop tries one thing until it works, or only over one item."""
    if (
        isinstance(loop.iter, ast.Call)
        and last_name(loop.iter.func) == "range"
        and "attempt" in ast.unparse(loop.target).lower() + ast.unparse(loop.iter).lower()
    ):
        return True
    if isinstance(loop.iter, ast.List | ast.Tuple) and len(loop.iter.elts) < 2:  # noqa: PLR2004 -- one round
        return True
    return any(isinstance(node, ast.Break | ast.Return | ast.Yield) for part in loop.body for node in ast.walk(part))


def _changed(loop: ast.For | ast.AsyncFor) -> set[str]:
    """Return the names that a round may bind."""
    found = names_in(loop.target)
    for part in loop.body:
        for node in ast.walk(part):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
    return found


def _is_of_round(loop: ast.For | ast.AsyncFor, data: ast.expr) -> bool:
    """Whether what is written is of this round alone: not gathered over the rounds, nor changed in place."""
    nodes = [node for part in loop.body for node in ast.walk(part)]
    bound = {
        one.id for node in nodes if isinstance(node, ast.Assign) for one in node.targets if isinstance(one, ast.Name)
    }
    gathered: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Assign):
            gathered |= {one.id for one in node.targets if isinstance(one, ast.Name)} & names_in(node.value)
        elif isinstance(node, ast.AugAssign):
            gathered |= names_in(node.target)
        elif isinstance(node, ast.Call) and last_name(node.func) in _GATHERS and isinstance(node.func, ast.Attribute):
            gathered |= names_in(node.func.value)
    read = names_in(data)
    is_fresh = bool(read & (bound | names_in(loop.target)))
    return is_fresh and not read & gathered and not _made_of(nodes, read & bound, names_in(loop.target), gathered)


def _made_of(nodes: list[ast.AST], names: set[str], items: set[str], gathered: set[str]) -> bool:
    """Whether one of the names is made, over any steps, of what is gathered, or of nothing that the round brings."""
    values: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    values.setdefault(target.id, set()).update(names_in(node.value))
    seen: set[str] = set()
    todo = set(names)
    while todo:
        one = todo.pop()
        seen.add(one)
        todo |= values.get(one, set()) - seen
    return bool(seen & gathered) or (bool(names) and not seen & items)


def _is_read(loop: ast.For | ast.AsyncFor, call: ast.Call, name: ast.expr) -> bool:
    """Whether the round itself takes the file on: it reads it again, uploads it, or hands its name to somebody."""
    text = ast.unparse(name)
    for part in loop.body:
        for node in ast.walk(part):
            if not isinstance(node, ast.Call) or node is call or last_name(node.func) in {"print", "info", "debug"}:
                continue
            given = [*node.args, *(one.value for one in node.keywords)]
            if any(text == ast.unparse(one) for value in given for one in ast.walk(value) if type(one) is type(name)):
                return True
    return False


def _calls(body: list[ast.stmt]) -> Iterator[ast.Call]:
    todo: list[ast.AST] = list(body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Call):
            yield node
        if not isinstance(node, (*FUNCTIONS, ast.Lambda, ast.For, ast.AsyncFor, ast.While)):
            todo += ast.iter_child_nodes(node)
