"""Rows and files that are deleted before what replaces them is safe."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading import words as w
from tipoff_audit.reading.context import File
from tipoff_audit.reading.flows import apart, chain
from tipoff_audit.reading.handlers import answer, breadth
from tipoff_audit.reading.index import FRAME_WRITERS, Scope
from tipoff_audit.reading.names import constant, dotted, keyword, last_name, words
from tipoff_audit.reading.words import these

_TRANSACTIONS = re.compile(
    r"(^|[._])(begin|transaction|atomic|begin_nested|unit_of_work|transactional|session_scope)(\(\))?$"
)
_DELETERS = these("delete clear truncate purge wipe empty remove drop")
_FILLERS = tuple(
    sorted(
        these(
            """load_table insert to_gbq to_sql bulk write save copy append executemany add_all put upload upsert store create"""
        )
    )
)
_TEXTS = FRAME_WRITERS | {"write", "writelines"}  # a file is not the table's rows
_FILLS_IT = these(
    "set put create insert upsert write save add update upload_from_string upload_from_filename upload_from_file"
)
_TEMPORARY = re.compile(r"tmp|temp|stag|scratch|lock|pid|sock|backup|bak|old|stale|cache", re.IGNORECASE)


def lost_after_delete(file: File) -> None:
    """Report rows or files that are deleted before what replaces them is safe."""
    for scope in file.index.scopes:
        calls = sorted(scope.calls, key=lambda call: (call.lineno, call.col_offset))
        for place, call in enumerate(calls):
            target = _deleted(file, call)
            if not target:
                continue
            after = _refilled(file, calls[place + 1 :], target, call)
            if after is not None and (why := _why_lost(file, scope, call, after)):
                what = target if target != "?" else "what was there"
                message = f"{what} is deleted here and written again on line {after.lineno}, {why}"
                file.say(
                    "lost-after-delete",
                    call,
                    Level.NOTE,
                    f"{message}; write first and swap, or do both in one transaction",
                    guards="write",
                )


def _deleted(file: File, call: ast.Call) -> str:  # noqa: PLR0911 -- a return for each case
    """Return what is deleted: a table, a path's text, "?" where only the function's name says so."""
    effect = file.effects.of(call)
    if effect.sql and _prunes(file.effects.sql(call) or ""):
        return ""
    for kind, table, _ in effect.sql:
        if kind == "delete" and not any(other[0] == "insert" for other in effect.sql):
            return table or "?"
    callee = file.names.callee(call)
    if callee.full in {"shutil.rmtree", "os.remove", "os.unlink"} and call.args:
        return _path(file, call.args[0])
    if callee.name in {"unlink", "rmtree"} and isinstance(call.func, ast.Attribute):
        return _path(file, call.func.value)
    if (
        callee.name == "delete"
        and not call.args
        and re.search(r"firestore|storage|blob|document|(^|[._])(ref|doc)$", f"{callee.origin} {callee.receiver}")
    ):
        return "it:" + callee.receiver
    said = words(callee.name)
    if (
        said[:1]
        and said[0] in _DELETERS
        and set(said[1:]) & {"rows", "slice", "day", "partition", "table", "existing", "date", "records", "predictions"}
    ):
        return "?"
    if (
        callee.name in {"delete", "delete_many", "delete_table"}
        and set(words(callee.receiver.rpartition(".")[2])) & w.STORES
    ):
        return "?"
    if callee.name == "delete" and re.search(r"(filter|filter_by|query|objects|where)(\(\))?$", callee.receiver):
        return "?"
    return "the slice" if callee.name == "execute" and call.args and _constructs(call.args[0], "delete") else ""


_OLDER = re.compile(r"\bWHERE\b(?P<which>[^;]*)", re.IGNORECASE)


def _prunes(sql: str) -> bool:
    """Whether it only takes away what is older than some time: nothing of it is written again."""
    found = _OLDER.search(sql)
    which = found["which"] if found else ""
    older = re.search(r"(time|date|_at|_ts|timestamp|expires?)\w*\s*<", which, re.IGNORECASE)
    return older is not None and not re.search(r">|[^<]=|BETWEEN|\bIN\b|\bLIKE\b", which, re.IGNORECASE)


def _helpers(file: File) -> dict[str, tuple[set[str], set[str], bool]]:
    """Return what the file's functions empty and fill by SQL, and whether each commits by itself."""
    found = {}
    for scope in file.index.scopes:
        done = [part for call in scope.calls for part in file.effects.of(call).sql]
        if scope.kind == "function" and done:
            emptied = {table for kind, table, _ in done if kind == "delete"}
            filled = {table for kind, table, _ in done if kind in {"insert", "load", "copy"}}
            commits = any(last_name(call.func) in {"commit", "result"} for call in scope.calls)
            found[scope.name] = (emptied - filled, filled, commits)
    return found


def lost_between_helpers(file: File) -> None:
    """Report one function that empties a table and another that fills it, each committed by itself, called in turn."""
    helpers = _helpers(file)
    for scope in file.index.scopes:
        calls = [(call, helpers[name]) for call in scope.calls if (name := file.names.callee(call).full) in helpers]
        for place, (call, (emptied, _, commits)) in enumerate(calls):
            for other, (_, filled, _) in calls[place + 1 :]:
                if commits and emptied & filled and scope.name not in helpers and not apart(file, call, other):
                    table = min(emptied & filled)
                    message = f"{table} is emptied and committed here, and filled on line {other.lineno} in another transaction"
                    file.say("lost-after-delete", call, Level.NOTE, f"{message}; do both in one", guards="write")


_OF_A_DAY = these("day date slate week month")


def replaced_by_a_day(file: File) -> None:
    """Report a table that is replaced by the rows of the one day which the function was handed: all other days are gone."""
    for call in file.index.calls:
        scope = file.scope(call)
        if (
            last_name(call.func) not in {"to_sql", "to_gbq"}
            or constant(keyword(call, "if_exists")) != "replace"
            or not call.args
        ):
            continue
        frame = call.func.value if isinstance(call.func, ast.Attribute) else None
        table = file.names.text(call.args[0], scope)
        if not isinstance(frame, ast.Name) or table is None or "{" in table or _TEMPORARY.search(table):
            continue
        if day := _marked_by(scope, frame.id):
            message = f"`{table}` is replaced as a whole by the rows of one `{day}`: all others are gone"
            advice = "delete the slice and append, in one transaction"
            file.say("lost-after-delete", call, Level.NOTE, f"{message}; {advice}", guards="write")


def _marked_by(scope: Scope, frame: str) -> str:
    """Return the function's own argument, a day, that is put into a column of the frame."""
    arguments = getattr(scope.node, "args", None)
    taken = {one.arg for one in arguments.args} if isinstance(arguments, ast.arguments) else set()
    days = {name for name in taken if set(words(name)) & _OF_A_DAY}
    for node in scope.assigns:
        target, value = node.targets[0], node.value
        columns = [value] if isinstance(target, ast.Subscript) and dotted(target.value) == frame else []
        if isinstance(value, ast.Call) and last_name(value.func) == "assign" and dotted(target) == frame:
            columns += [given.value for given in value.keywords]
        if found := {one.id for one in columns if isinstance(one, ast.Name)} & days:
            return min(found)
    return ""


def _path(file: File, node: ast.expr) -> str:
    """Return the path that is deleted; a temporary one, or one that has no name, is nobody's loss."""
    made = file.scope_value(node) if isinstance(node, ast.Name) else None
    told = [part.value for part in ast.walk(made) if isinstance(part, ast.Constant)] if made is not None else []
    text = dotted(node)
    if "?" in text or _TEMPORARY.search(" ".join([text, *map(str, told)])):
        return ""
    return "path:" + text


def _constructs(node: ast.expr, name: str) -> bool:
    return any(isinstance(part, ast.Call) and last_name(part.func) == name for part in ast.walk(node))


def _refilled(file: File, calls: list[ast.Call], target: str, call: ast.Call) -> ast.Call | None:
    for other in calls:
        if apart(file, call, other):
            continue
        if target.startswith("it:"):
            if dotted(other.func).rpartition(".")[0] == target[3:] and last_name(other.func) in _FILLS_IT:
                return other
            continue
        if target.startswith("path:"):
            if _writes_path(file, other, target.removeprefix("path:")):
                return other
            continue
        effect = file.effects.of(other)
        kinds = [(kind, table) for kind, table, _ in effect.sql]
        if any(
            kind in {"insert", "load", "copy"} and (table == target or target in {"?", "the slice"} or not table)
            for kind, table in kinds
        ):
            return other
        callee = file.names.callee(other)
        if target == "the slice" and callee.name == "execute" and other.args and _constructs(other.args[0], "insert"):
            return other
        sure = effect.sure or (words(callee.name) or [""])[0] in w.WRITE_VERBS | {"insert", "load"}
        if (
            not kinds
            and effect.kind == "write"
            and sure
            and callee.name.startswith(_FILLERS)
            and callee.name not in _TEXTS
        ):
            return other
    return None


def _writes_path(file: File, call: ast.Call, path: str) -> bool:
    callee = file.names.callee(call)
    if callee.name in {"write_text", "write_bytes"}:
        return callee.receiver == path
    if callee.name == "open":
        mode = next(
            (str(constant(given)) for given in [*call.args[1:], keyword(call, "mode")] if given is not None), "r"
        )
        named = callee.receiver == path or any(dotted(given) == path for given in call.args)
        return named and mode[:1] in "wax"
    first = (words(callee.name) or [""])[0]
    return first in {"write", "save", "dump", "copy", "move", "to", "export", "copytree", "copyfile"} and any(
        dotted(given) == path for given in call.args
    )


def _why_lost(file: File, scope: Scope, delete: ast.Call, insert: ast.Call) -> str:
    if _swallowed(file, insert, delete):
        return "where a failure is swallowed"
    around = _transaction(file, delete)
    if around is not None:
        apart = all(parent is not around for _, parent in chain(file, insert))
        return "in a transaction of its own" if apart and _TRANSACTIONS.search(_context(around)) else ""
    if _deleted(file, delete).startswith("path:"):
        return "and a failure between the two leaves nothing"
    committed = [
        call
        for call in scope.calls
        if delete.lineno <= call.lineno <= insert.lineno
        and last_name(call.func) == "commit"
        and call not in {delete, insert}
    ]
    if committed:
        return "after the delete has been committed"
    about = file.names.callee(delete)
    both = f"{about.origin} {about.receiver} {file.names.callee(insert).origin}"
    if (
        w.BIGQUERY.search(both)
        or last_name(insert.func).startswith(("load_table", "to_gbq"))
        or "autocommit=True" in file.index.source.text
    ):
        return "in two jobs and no transaction"
    return ""


def _swallowed(file: File, call: ast.Call, beside: ast.Call) -> bool:
    """Whether a failure of `call` is swallowed by a handler that does not guard `beside` too, or that follows a separate job."""
    around = {id(parent) for _, parent in chain(file, beside)}
    for child, parent in chain(file, call):
        if isinstance(parent, ast.Try) and child in parent.body and id(parent) not in around:
            for handler in parent.handlers:
                said = answer(handler, file.effects, file.index)
                if breadth(handler) != "narrow" and not said.raises and not said.records:
                    return True
    return False


def _transaction(file: File, call: ast.Call) -> ast.With | ast.AsyncWith | None:
    """Return the block that makes one transaction of what stands in it."""
    for _, parent in chain(file, call):
        if isinstance(parent, ast.With | ast.AsyncWith):
            text = _context(parent)
            if _TRANSACTIONS.search(text) or text.rpartition(".")[2] in {"conn", "connection", "db", "con"}:
                return parent
    return None


def _context(block: ast.With | ast.AsyncWith) -> str:
    texts = [dotted(item.context_expr) for item in block.items]
    return next((text for text in texts if _TRANSACTIONS.search(text)), texts[0])
