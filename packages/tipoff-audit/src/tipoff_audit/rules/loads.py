"""Writes to a warehouse: streamed, a job for each row, appended without a key."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading import words as w
from tipoff_audit.reading.context import File
from tipoff_audit.reading.index import FUNCTIONS
from tipoff_audit.reading.names import constant, dotted, keyword, last_name, names_in, words
from tipoff_audit.reading.sqltext import KEYED, table_name

_STREAMS = frozenset({"insert_rows_json", "insertAll", "insert_rows_from_dataframe"})


def streaming_inserts(file: File) -> list[list[object]]:
    """Report streaming writes; return the tables that are streamed to: (table, line, whether for certain)."""
    tables: list[list[object]] = []
    for call in file.index.calls:
        if not _streams(file, call):
            continue
        name = last_name(call.func)
        sure = file.is_googles(file.names.callee(call).origin)
        message = (
            f"`{name}` streams: for 30 to 90 minutes these rows refuse UPDATE, DELETE and MERGE; a repeat doubles them"
        )
        file.say(
            "streaming-insert",
            call,
            Level.NOTE,  # it harms where the table is changed too: streamed-and-mutated says where
            f"{message}; load them in a batch (load_table_from_json)",
            guards="write",
        )
        table = _table(file, call)
        if table:
            tables.append([table, call.lineno, sure])
    return tables


def streaming_by_another_name(file: File) -> None:
    """Report a streaming method that is handed on, or looked up by its name."""
    if not file.index.attributes & _STREAMS and not any(node.value in _STREAMS for node in file.index.strings):
        return
    for node, parent in list(file.index.up.items()):
        name = node.attr if isinstance(node, ast.Attribute) else ""
        handed_on = name in _STREAMS and not (isinstance(parent, ast.Call) and parent.func is node)
        looked_up = isinstance(parent, ast.Call) and last_name(parent.func) == "getattr" and constant(node) in _STREAMS
        if handed_on or looked_up:
            message = (
                "a streaming insert under another name: for 30 to 90 minutes its rows refuse UPDATE, DELETE and MERGE"
            )
            file.say("streaming-insert", node, Level.NOTE, f"{message}; load them in a batch", guards="write")


def _streams(file: File, call: ast.Call) -> bool:  # noqa: PLR0911 -- a return for each library
    callee = file.names.callee(call)
    if callee.name in _STREAMS:
        return True
    about = f"{callee.origin} {callee.receiver}"
    if callee.name == "insert_rows":
        near = f"{callee.receiver} {'.'.join(callee.origin.split('.')[-2:])}"
        if re.search(r"(sql|postgres|mysql|presto|trino|db)_?(hook|conn)", near, re.IGNORECASE):
            return False
        return bool(w.BIGQUERY.search(near)) or (
            file.names_bigquery and bool(re.search(r"client", near, re.IGNORECASE))
        )
    if callee.name == "append_rows":
        return bool(re.search(r"BigQueryWrite|write_client|bigquery_storage|bqstorage|stream", about, re.IGNORECASE))
    if callee.name == "AppendRowsStream":
        return True
    if callee.name in {"WriteToBigQuery", "writeTableRows"}:
        method = keyword(call, "method")
        return method is not None and "STREAMING" in str(constant(method) or last_name(method)).upper()
    return False


def _table(file: File, call: ast.Call) -> str:
    given = call.args[0] if call.args else keyword(call, "table")
    if (
        isinstance(given, ast.Call)
        and last_name(given.func) in {"get_table", "table", "Table", "TableReference"}
        and given.args
    ):
        given = given.args[-1]
    if given is None:
        return ""
    text = file.names.text(given, file.scope(call))
    if text:
        return table_name(text)
    made = file.scope_value(given) if isinstance(given, ast.Name) else None
    if isinstance(made, ast.Call) and made.args:
        inner = file.names.text(
            made.args[0] if last_name(made.func) != "table" or len(made.args) == 1 else made.args[-1], file.scope(call)
        )
        if inner:
            return table_name(inner)
    return f"{{{last_name(given)}}}" if last_name(given) else ""


def mutated_tables(file: File) -> list[list[object]]:
    """Return what the file changes by DML: (table, verb, line, column, end line, text, symbol)."""
    found: list[list[object]] = []
    for call in file.index.calls:
        for kind, table, _ in file.effects.of(call).sql:
            if kind in {"update", "delete", "merge"} and table:
                place = [call.lineno, call.col_offset + 1, call.end_lineno or call.lineno]
                found.append([table, kind.upper(), *place, file.index.line(call.lineno), file.scope(call).name])
    return found


_BATCHES = re.compile(
    r"chunk|batch|page|group|part|block|slice|day|date|month|year|season|table|file|path|uri|url|blob|dataset|frame|df|shard|attempt|retry|bucket"
    r"|window|^i$|^_$|^n$|^start$|range|league|schema|name$|config|spec|source",
    re.IGNORECASE,
)
_JOBS = re.compile(r"^(load_table_from_\w+|to_gbq|write_pandas|copy_expert|copy_from)$")
_WAREHOUSES = re.compile(
    r"bigquery|snowflake|redshift|athena|databricks|(^|[._])bq(_|$)|warehouse|synapse|clickhouse", re.IGNORECASE
)


def loads_per_row(file: File) -> None:
    """Report a load job, a commit or a single-row INSERT for each row of a loop."""
    for call in file.index.calls:
        loop = _row_loop(file, call)
        if loop is None:
            continue
        what = _per_row(file, call, loop)
        if what:
            costs = (
                "slow, and half of it stays when one fails"
                if "commit" in what
                else "a table takes 1,500 load jobs a day"
            )
            message = f"{what} for each `{last_name(loop.target) or 'row'}` of the loop: {costs}"
            file.say(
                "load-per-row", call, Level.NOTE, f"{message}; gather the rows and write them once", guards="write"
            )


def loads_of_one_row(file: File) -> None:
    """Report a load job for one row at each call of a function: a hundred calls are a hundred jobs."""
    loaders: dict[str, int] = {}  # the functions that load what they are handed, and the place of that
    for call in file.index.calls:
        scope = file.scope(call)
        if not _JOBS.match(last_name(call.func)) or scope.kind != "function" or not call.args:
            continue
        rows = call.args[0]
        if isinstance(rows, ast.Name) and rows.id in (taken := parameters(scope.node)):
            loaders[scope.name] = taken.index(rows.id)
            continue
        made = file.scope_value(rows) if isinstance(rows, ast.Name) else rows
        if isinstance(made, ast.Call) and last_name(made.func) in {"DataFrame", "from_records"} and made.args:
            made = made.args[0]
        if not (isinstance(made, ast.List) and len(made.elts) == 1 and not isinstance(made.elts[0], ast.Starred)):
            continue
        name = scope.name.rpartition(".")[2]
        message = f"`{name}` starts a load job for one row at each call: a table takes 1,500 load jobs a day"
        file.say("load-per-row", call, Level.NOTE, f"{message}; gather the rows and write them once", guards="write")
    _handed_one_row(file, loaders)


def parameters(node: ast.AST) -> list[str]:
    """Return the names of a function's arguments that are given by their place, without the method's own object."""
    if not isinstance(node, FUNCTIONS):
        return []
    names = [one.arg for one in [*node.args.posonlyargs, *node.args.args]]
    return names[1:] if names[:1] in (["self"], ["cls"]) else names


def _handed_one_row(file: File, loaders: dict[str, int]) -> None:
    """Report the calls of this file that hand one row to a function that starts a load job for what it is handed."""
    for call in file.index.calls if loaders else ():
        place = loaders.get(file.names.callee(call).full)
        if place is None or len(call.args) <= place:
            continue
        rows, scope = call.args[place], file.scope(call)
        one = isinstance(rows, ast.List) and len(rows.elts) == 1 and not isinstance(rows.elts[0], ast.Starred)
        if one and scope.kind == "function":
            name = scope.name.rpartition(".")[2]
            message = f"`{name}` starts a load job for one row at each call: a table takes 1,500 load jobs a day"
            file.say(
                "load-per-row", call, Level.NOTE, f"{message}; gather the rows and write them once", guards="write"
            )


_Loop = ast.For | ast.AsyncFor | ast.comprehension


def _row_loop(file: File, call: ast.Call) -> _Loop | None:
    """Return the innermost loop over rows in which the call is made each time."""
    child: ast.AST = call
    for parent in file.index.parents(call):
        inner, child = child, parent
        if isinstance(parent, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
            return None if _is_batched(parent.generators[0]) else parent.generators[0]
        if isinstance(parent, ast.For | ast.AsyncFor):
            return None if inner is parent.iter or _is_batched(parent) else parent
        if isinstance(parent, (*FUNCTIONS, ast.If, ast.Lambda, ast.While, ast.ExceptHandler)):
            if isinstance(parent, ast.If) and not any(
                isinstance(part, ast.Mod | ast.GtE | ast.Gt) for part in ast.walk(parent.test)
            ):
                continue
            return None
    return None


def _is_batched(loop: _Loop) -> bool:
    """Whether the loop goes over batches, days, tables or files rather than rows."""
    names = [part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name)]
    source = last_name(loop.iter)
    if (
        isinstance(loop.iter, ast.Call)
        and source in {"enumerate", "tqdm", "sorted", "list", "reversed"}
        and loop.iter.args
    ):
        names = names[1:] if source == "enumerate" else names
        source = last_name(loop.iter.args[0])
    of_batches = re.search(r"chunk|batch|pages|groups|partition|range|split|dates|days", source)
    return bool(of_batches) or any(_BATCHES.search(name) for name in names)


def _per_row(file: File, call: ast.Call, loop: _Loop) -> str:
    callee = file.names.callee(call)
    if _JOBS.match(callee.name):
        return f"a load job (`{callee.name}`)"
    if callee.name == "commit" and callee.receiver and _writes_rows(file, loop):
        return "a commit"
    effect = file.effects.of(call)
    about = f"{callee.origin} {callee.receiver}"
    if effect.sql and effect.sql[0][0] in {"insert", "merge", "update"} and _WAREHOUSES.search(about):
        return f"a {effect.sql[0][0].upper()} statement to the warehouse"
    names = names_in(loop.target)
    if any(isinstance(part, ast.Name) and part.id in names for given in call.args for part in ast.walk(given)):
        for inner in file.effects.through(call)[1:]:
            if _JOBS.match(inner.what):
                return f"a load job (`{inner.what}`, in `{callee.name}`)"
    return ""


def _writes_rows(file: File, loop: _Loop) -> bool:
    if isinstance(loop, ast.comprehension):
        return False
    return any(
        isinstance(node, ast.Call)
        and last_name(node.func) != "commit"
        and (file.effects.of(node).kind == "write" or last_name(node.func) in {"add", "merge", "execute"})
        for part in loop.body
        for node in ast.walk(part)
    )


def appends(file: File) -> None:
    """Report an append that a second run doubles."""
    for call in file.index.calls:
        for given in call.keywords:
            if given.arg == "write_disposition" and _says_append(given.value):
                _append(file, call, given.value, "WRITE_APPEND")
            elif given.arg == "if_exists" and file.names.text(given.value, file.scope(call)) == "append":
                _append(file, call, call, f'`{last_name(call.func)}(…, if_exists="append")`')
            elif (
                given.arg == "mode"
                and constant(given.value) in {"a", "append"}
                and last_name(call.func)
                in {"to_csv", "saveAsTable", "save", "to_json", "write_deltalake", "mode", "parquet"}
            ):
                _append(file, call, call, f"`{last_name(call.func)}` in append mode")
        if (
            last_name(call.func) == "mode"
            and call.args
            and constant(call.args[0]) == "append"
            and "write" in dotted(call.func)
        ):
            _append(file, call, call, '`mode("append")`')
    for scope in file.index.scopes:
        for node in scope.assigns:
            target = node.targets[0]
            if isinstance(target, ast.Attribute) and target.attr == "write_disposition" and _says_append(node.value):
                _append_in(file, scope.calls, node, "WRITE_APPEND")


def appends_by_default(file: File) -> None:
    """Report a load job that says nothing of the rows that are there: it appends; and rows added to a file's end."""
    for call in file.index.calls:
        name = last_name(call.func)
        if (
            name.startswith("load_table_from_")
            and keyword(call, "job_config") is None
            and keyword(call, "job_id") is None
        ):
            if len(call.args) < 3:  # noqa: PLR2004 -- rows, table, and no more
                _append(file, call, call, f"`{name}` appends where nothing else is said, and does so")
        elif name == "open" and _mode_of(call)[:1] == "a" and _ROW_FILES.search(_text_of(file, call)):
            _append(file, call, call, "rows are added to the file's end")
        elif (done := file.effects.of(call).sql) and done[0][0] == "insert":
            text = file.effects.sql(call) or ""
            plain = re.search(r"\bVALUES\b", text, re.IGNORECASE) and not KEYED.search(text)
            if plain and not re.match(r"(tmp|temp|stag|_)", done[0][1]):
                _append(file, call, call, f"a plain INSERT into {done[0][1].strip('{}') or 'this table'}")


_ROW_FILES = re.compile(r"\.(jsonl|ndjson|csv|tsv|jsonlines)$")


def _mode_of(call: ast.Call) -> str:
    place = 1 if isinstance(call.func, ast.Name) else 0
    return str(constant(call.args[place] if len(call.args) > place else keyword(call, "mode")) or "r")


def _text_of(file: File, call: ast.Call) -> str:
    """Return the last literal of the path that is opened."""
    given = call.args[0] if isinstance(call.func, ast.Name) and call.args else call.func
    texts = [part.value for part in ast.walk(given) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return texts[-1] if texts else file.names.text(given, file.scope(call)) or ""


def _says_append(node: ast.expr) -> bool:
    return constant(node) == "WRITE_APPEND" or last_name(node) == "WRITE_APPEND"


def _append(file: File, call: ast.Call, node: ast.AST, what: str) -> None:
    _append_in(file, file.scope(call).calls, node, what)


def _has_a_key(file: File, calls: list[ast.Call]) -> bool:
    """Whether some of the calls make an append safe to repeat: a delete, a merge, a job's id, a look at what is there."""
    for other in calls:
        effect = file.effects.of(other)
        if any(kind in {"delete", "merge"} for kind, _, _ in effect.sql) or keyword(other, "job_id") is not None:
            return True
        said = words(last_name(other.func))
        if (
            said[:1]
            and said[0] in {"delete", "truncate", "merge", "upsert", "dedupe", "drop"}
            and said != ["drop", "na"]
        ):
            return True
        if said and {"existing", "already", "dedup", "drop_duplicates", "duplicates", "exists"} & set(said):
            return True
        target = " ".join(
            str(file.names.text(given, file.scope(other)) or last_name(given)) for given in other.args[:2]
        )
        if last_name(other.func).startswith(("load_table", "to_gbq", "to_sql")) and re.search(
            r"stag|tmp|temp", target, re.IGNORECASE
        ):
            return True
    return False


def _append_in(file: File, calls: list[ast.Call], node: ast.AST, what: str) -> None:
    scope = file.scope(node)
    if calls is not scope.calls:
        if _has_a_key(file, calls):
            return
    else:
        if scope not in file.keyed:
            file.keyed[scope] = _has_a_key(file, calls)
        if file.keyed[scope]:
            return
    line = getattr(node, "lineno", 1)
    message = f"{what} without a key: the same run, repeated, doubles the rows"
    file.say(
        "append-without-key",
        node,
        Level.NOTE,
        f"{message}; delete the slice in the same transaction, MERGE on the key, or give a deterministic job_id",
        guards="write",
        line=line,
    )
