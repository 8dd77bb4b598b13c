"""Commands whose status nobody reads, by what follows them; pages of errors that are kept for data."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import FUNCTIONS
from tipoff_audit.reading.names import constant, dotted, last_name
from tipoff_audit.reading.words import these
from tipoff_audit.rules.shell import examine_lines
from tipoff_audit.rules.shell_data import sql_runs

_TAKES_AWAY = these("remove unlink rmtree")
_MOVES = these("move rename replace")
_STARTS = these("system run call Popen check_call check_output BashOperator SSHOperator getoutput")
# what any command may be made with
_OF_ANY = these("sys sys.executable str Path os os.path os.path.join shlex shlex.quote")
_CARRIES = re.compile(
    r"(^|[\s/'\"])(bq\s+load|psql|pg_restore|mysql|mysqlimport|mongoimport|mongorestore|aws\s+s3\s+(cp|sync|mv)|gsutil\s+(-m\s+)?(cp|rsync|mv)"
    r"|gcloud\s+storage\s+(cp|rsync)|rsync|scp|rclone\s+(copy|sync)|hdfs\s+dfs\s+-(put|copyFromLocal)|hadoop\s+fs\s+-(put|copyFromLocal)|cp|cat|sed\s+-\w*i\w*|snowsql|sqlldr|clickhouse-client"
    r"|ogr2ogr|shp2pgsql|raster2pgsql|osm2pgsql)(\s|$|['\"])"
)

_STEP = re.compile(r"[\w-]+\.(py|sh|R|r|jl)\b|\b(Rscript|spark-submit|scrapy\s+crawl|dbt\s+(run|build))\b")
_SERVES = re.compile(
    r"\b(streamlit|uvicorn|gunicorn|flask|server|serve|app\.py|gui|tests?|pytest|pip|install|setup|plot\w*|start_\w+|docker|dashboard|visuali[sz]e?\w*|chmod|http|git)\b|&\s*$",
    re.IGNORECASE,
)


def weight(file: File, call: ast.Call, said: str) -> tuple[Level, str]:
    """Return what a command is worth whose status nobody reads, and what is done after it all the same."""
    after = list(_following(file, call))
    given = _names(file, call)
    for other in after if _CARRIES.search(said) else ():
        if _removed(other) & given:
            return Level.ERROR, f"line {other.lineno} takes away what it was given"
    if (own := _step(said)) and not _may_fail(file, call):
        for other in after:
            if last_name(other.func) in _STARTS and file.names.callee(other).full.startswith(("os.", "subprocess.")):
                next_one = _step(
                    " ".join([*(text for one in other.args[:1] for text in _texts(one)), *of_names(file, other)])
                )
                if _names(file, other) & given - _OF_ANY or (next_one and not _are_alike(own, next_one)):
                    return Level.WARNING, f"line {other.lineno} goes on without what it makes"
    return Level.NOTE, ""


_MEANT = re.compile(
    r"fail[- ]?open|best[- ]effort|\boptional\b(?! (flag|arg|param|option|setting|value))|non[- ]?(fatal|critical)|never block",
    re.IGNORECASE,
)


def _may_fail(file: File, call: ast.Call) -> bool:
    """Whether the comment above a command, or above its `try`, says that it may fail."""
    number = call.lineno - 1
    while number > 0 and re.match(r"\s*(#|try:)", file.index.line(number)):
        if _MEANT.search(file.index.line(number)):
            return True
        number -= 1
    return False


def _step(said: str) -> str:
    """Return the step of a chain that a command runs, "" where it runs none."""
    found = _STEP.search(said)
    return found[0] if found is not None and not _SERVES.search(said) else ""


def _are_alike(one: str, other: str) -> bool:
    """Whether two steps do the same with different things, `scrape_nba.py` and `scrape_nfl.py`: none waits for the other."""
    words = [re.split(r"[\W_]+", name.lower())[:-1] for name in (one, other)]
    are_named_so = len(words[0]) > 1 and words[0][:1] == words[1][:1] and not re.search(r"\d", one + other)
    return one == other or are_named_so


def _removed(call: ast.Call) -> set[str]:
    """Return what a call takes away, or moves."""
    name, owner = last_name(call.func), dotted(call.func).rpartition(".")[0]
    if owner in {"os", "shutil", "os.path"} and name in _TAKES_AWAY | _MOVES:
        return {
            ast.unparse(part)
            for one in call.args[:1]
            for part in ast.walk(one)
            if isinstance(part, ast.Name | ast.Attribute)
        }
    return {owner} if name == "unlink" and owner else set()


def _names(file: File, call: ast.Call) -> set[str]:
    """Return the names of what the command is given, those of the text that it is made of too."""
    parts: list[ast.expr] = [*call.args[:1]]
    values = file.scope(call).values
    parts += [
        values[part.id]
        for one in list(parts)
        for part in ast.walk(one)
        if isinstance(part, ast.Name) and part.id in values
    ]
    return {ast.unparse(part) for one in parts for part in ast.walk(one) if isinstance(part, ast.Name | ast.Attribute)}


def of_names(file: File, call: ast.Call) -> list[str]:
    """Return the texts of the names that a command is given."""
    values = file.scope(call).values
    made = [values[one.id] for one in call.args[:1] if isinstance(one, ast.Name) and one.id in values]
    return [text for one in made for text in _texts(one)]


def _following(file: File, node: ast.AST) -> Iterator[ast.Call]:
    """Yield what is called after a node in the blocks around it, in its function."""
    child = node
    for parent in file.index.parents(node):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(parent, name, None)
            if isinstance(block, list) and child in block:
                for statement in block[block.index(child) + 1 :]:
                    yield from (part for part in ast.walk(statement) if isinstance(part, ast.Call))
        if isinstance(parent, FUNCTIONS):
            return
        child = parent


def commands_of_sql(file: File) -> list[list[Any]]:
    """Return where a command that is started gives `psql` or the like statements: as `sql_runs` does, and the text."""
    if not any(tool in file.index.source.text for tool in ("psql", "sqlcmd", "sqlplus")):
        return []
    found = []
    for call in file.index.calls:
        if last_name(call.func) not in _STARTS:
            continue
        texts = [*call.args, *(given.value for given in call.keywords)]
        values = file.scope(call).values
        texts += [values[one.id] for one in texts if isinstance(one, ast.Name) and one.id in values]
        for one in texts:
            for text in _texts(one):
                found += [[call.lineno, *row, file.index.line(call.lineno)] for _, *row in sql_runs(text)]
    return found


def excused_commands(file: File) -> None:
    """Report commands that are started with a `|| true`, or the like, in their own text."""
    for call in file.index.calls:
        if last_name(call.func) not in _STARTS:
            continue
        for text in (text for one in (*call.args, *(one.value for one in call.keywords)) for text in _texts(one)):
            for found in examine_lines(replace(file.index.source, kind="shell", text=text)) if "||" in text else ():
                file.say("swallowed-exit", call, Level.NOTE, found.message, guards="work")


def _texts(node: ast.expr) -> list[str]:
    if isinstance(node, ast.List | ast.Tuple):
        parts = [constant(one) for one in node.elts]
        return [" ".join(one if isinstance(one, str) else "{}" for one in parts)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return _texts(node.func.value)
    value = constant(node)
    return [value] if isinstance(value, str) else []


_ASKED = these("get post request")
_LIBRARIES = ("requests.", "httpx.")
_STATUS = these("raise_for_status status_code ok is_success is_error reason")
_STRICT = re.compile(
    r"\.(zip|gz|xlsx?|parquet|pdf|png|jpe?g|gif|svg|ico|webp|tar|tgz|7z|pkl|pickle|whl|exe|deb|dmg|mp[34]|pem|joblib|onnx|bz2|xz)\b"
)


def saved_answers(file: File) -> None:
    """Report answers that are written to a file, whatever the other side has said."""
    if "requests" not in file.index.imports and "httpx" not in file.index.imports:
        return
    for call in file.index.calls:
        if last_name(call.func) not in {"write", "write_text", "write_bytes"} or len(call.args) != 1:
            continue
        body = call.args[0]
        if not isinstance(body, ast.Attribute) or body.attr not in {"content", "text"}:
            continue
        scope = file.scope(call)
        answer = body.value
        if isinstance(answer, ast.Name):
            if any(isinstance(node, ast.Attribute) and node.attr in _STATUS for node in file.index.inner(scope)):
                continue
            answer = scope.values.get(answer.id, answer)
        if not isinstance(answer, ast.Call) or not file.names.callee(answer).full.startswith(_LIBRARIES):
            continue
        if last_name(answer.func) not in _ASKED:
            continue
        kept = _kept(file, call)
        message = "the page of a 404 or a 500 is kept for what was asked for: `requests` raises nothing of itself"
        if kept:
            message = f"{message}, and {kept}"
        file.say(
            "ignored-result",
            call,
            Level.NOTE,
            f"{message}; call `raise_for_status()` first",
            guards="read",
        )


def _kept(file: File, call: ast.Call) -> str:
    """Return why the page stays: it is not asked for again where the file is there. What a strict reader opens fails there."""
    scope = file.scope(call)
    texts = " ".join(
        str(node.value)
        for node in file.index.inner(scope)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    if _STRICT.search(f"{texts} "):
        return ""
    if any(
        isinstance(one, ast.With) and "self.output()" in ast.unparse(one.items[0].context_expr)
        for one in file.index.parents(call)
    ):
        return "its task counts as done, for its output is there"
    for other in scope.calls:
        if (
            last_name(other.func) in {"exists", "isfile", "is_file"}
            and other.lineno < call.lineno
            and _skips(file, other, call)
        ):
            return f"line {other.lineno} does not ask again where the file is there"
    return ""


def _skips(file: File, asked: ast.Call, call: ast.Call) -> bool:
    """Whether the write stands under a question whether the file is not there, or behind one that leaves where it is."""
    for parent in file.index.parents(asked):
        if isinstance(parent, ast.If):
            is_around = parent in file.index.parents(call)
            negated = isinstance(parent.test, ast.UnaryOp) and isinstance(parent.test.op, ast.Not)
            leaves = isinstance(parent.body[-1], ast.Return | ast.Continue) and not negated
            under = any(call in ast.walk(one) for one in (parent.body if negated else parent.orelse))
            return (
                under
                if is_around
                else leaves
                and not any(
                    isinstance(node, ast.Call) and last_name(node.func) in {"makedirs", "mkdir", "remove", "unlink"}
                    for one in parent.body
                    for node in ast.walk(one)
                )
            )
        if isinstance(parent, ast.stmt):
            return False
    return False
