"""What is computed, changed or given and reaches nobody: values that are let go, copies, keys given twice, rows left out."""

import ast
import re
from typing import Any

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.names import constant, dotted, keyword, last_name
from tipoff_audit.reading.words import these

_FRAMES = ("pandas", "polars", "pyspark", "geopandas", "modin", "dask", "cudf")
_CLEANS = these("dropna fillna drop_duplicates astype ffill bfill interpolate drop_nulls fill_null dropDuplicates")
_FORMS = these("withColumn withColumnRenamed with_columns sort_values")
_ORDERS = these("reset_index set_index sort_index")
_OF_TEXT = these("strip lstrip rstrip lower upper capitalize")
_NOTEBOOK = re.compile(r"^# (In\[|%%|COMMAND -|Databricks notebook)", re.MULTILINE)
_SCRATCH = re.compile(r"scratch|notebook|playground|nbconvert", re.IGNORECASE)  # a value is shown there
_DONE_BY_CALL = these("commit rollback flush save")
_OF_A_PAGE = these("style css styles layout marker font sx")


def dropped_values(file: File) -> None:
    """Report methods that give back a new value and are called as if they changed the old one."""
    has_frames = any(origin.startswith(_FRAMES) for origin in file.index.imports.values())
    is_notebook: object = None
    for call in file.index.calls:
        if not isinstance(file.index.up.get(call), ast.Expr) or not isinstance(call.func, ast.Attribute):
            continue
        what = _of_a_frame(call) if has_frames else ""
        what = what or _of_a_text(call)
        if not what:
            continue
        if is_notebook is None:
            is_notebook = _NOTEBOOK.search(file.index.source.text) is not None or _SCRATCH.search(file.index.path)
        if not is_notebook:
            message = f"`{call.func.attr}` changes nothing in place: it gives back {what}, which nobody takes"
            file.say("value-dropped", call, Level.NOTE, f"{message}; assign it", guards="work")


def _of_a_frame(call: ast.Call) -> str:
    """Return what a frame's method gives back, "" where it may change the frame itself, or is no frame's."""
    assert isinstance(call.func, ast.Attribute)  # noqa: S101 -- asked before
    name, given = call.func.attr, {one.arg for one in call.keywords}
    if given & {"inplace", None} or dotted(call.func.value) in {"self", "cls", "super()"}:
        return ""
    is_frames = name in _CLEANS | _FORMS | _ORDERS
    is_frames = is_frames or (name == "drop" and bool(given & {"columns", "axis"}))
    is_frames = is_frames or (name == "rename" and bool(given & {"columns", "index"}))
    return "a new frame" if is_frames else ""


def _of_a_text(call: ast.Call) -> str:
    assert isinstance(call.func, ast.Attribute)  # noqa: S101 -- asked before
    if call.keywords or isinstance(call.func.value, ast.Call):
        return ""
    name, texts = call.func.attr, [constant(one) for one in call.args]
    if name == "replace" and len(texts) == 2 and all(isinstance(one, str) for one in texts):  # noqa: PLR2004 -- old and new
        return "a new text"
    is_texts = name in {"strip", "lstrip", "rstrip"} and all(isinstance(one, str) for one in texts)
    return "a new text" if is_texts or (name in _OF_TEXT - {"lower", "upper"} and not texts) else ""


def never_called(file: File) -> None:
    """Report `connection.commit` without its brackets."""
    for node in file.index.bare:
        if node.attr in _DONE_BY_CALL and not _is_flushed_anyway(file, node):
            message = f"`{dotted(node)}` is named and not called: nothing is done"
            is_slight = node.attr == "rollback" and _is_undone_anyway(file, node)
            level = Level.NOTE if is_slight else Level.WARNING
            file.say("value-dropped", node, level, f"{message}; write `{node.attr}()`", guards="write")


def _is_flushed_anyway(file: File, node: ast.Attribute) -> bool:
    """Whether the block that opened the file ends here: to close it writes all that was kept back."""
    said = file.index.up.get(node)
    block = file.index.up.get(said) if said is not None else None
    if node.attr != "flush" or not isinstance(block, ast.With | ast.AsyncWith) or block.body[-1] is not said:
        return False
    opened = (
        one.context_expr
        for one in block.items
        if one.optional_vars is not None and dotted(one.optional_vars) == dotted(node.value)
    )
    return any(isinstance(one, ast.Call) and last_name(one.func) == "open" for one in opened)


def named_of_self(file: File) -> list[list[Any]]:
    """Return what is named and not called of `self`, which may be a property: (line, column, the class, the name)."""
    found = []
    for node in file.index.bare:
        owner = next((one for one in file.index.parents(node) if isinstance(one, ast.ClassDef)), None)
        if owner is not None and node.attr in _DONE_BY_CALL and dotted(node.value) == "self":
            name = next(scope.name for scope in file.index.scopes if scope.node is owner)
            found.append([node.lineno, node.col_offset + 1, name, node.attr])
    return found


def _is_undone_anyway(file: File, node: ast.Attribute) -> bool:
    """Whether a connection that stays as it failed is closed next, rolled back further out, or fails aloud at the next item."""
    owner, above = dotted(node.value), list(file.index.parents(node))
    blocks = [parent for parent in above if isinstance(parent, ast.Try)]
    if not blocks:
        return False
    own, scope = blocks[0], file.scope(node)
    rolls = (
        other for outer in blocks[1:] for handler in outer.handlers for part in handler.body for other in ast.walk(part)
    )
    if any(isinstance(other, ast.Call) and dotted(other.func) == f"{owner}.rollback" for other in rolls):
        return True
    loop = next((parent for parent in above if isinstance(parent, ast.For | ast.AsyncFor | ast.While)), None)
    if loop is None:
        last = own.end_lineno or own.lineno
        after = [dotted(call.func) for call in scope.calls if call.lineno > last]
        return f"{owner}.close" in after and all(name.endswith(".close") for name in after)
    asked = (call for call in scope.calls if loop.lineno <= call.lineno < own.lineno and _takes(call, owner))
    return any(_is_bare(file, call, loop) for call in asked)


def _takes(call: ast.Call, owner: str) -> bool:
    """Whether a call is given the connection, or is a method of it."""
    return dotted(call.func).startswith(f"{owner}.") or any(dotted(one) == owner for one in call.args)


def _is_bare(file: File, call: ast.Call, loop: ast.AST) -> bool:
    """Whether the call stands in the loop itself, in no handler's block: what it raises ends the loop."""
    for parent in file.index.parents(call):
        if parent is loop:
            return True
        if isinstance(parent, ast.Try | ast.For | ast.AsyncFor | ast.While):
            return False
    return False


def changed_copies(file: File) -> None:
    """Report rows of `iterrows` that are changed: they are copies, and the frame stays as it was."""
    for loop in file.index.loops:
        if not isinstance(loop, ast.For) or not isinstance(loop.iter, ast.Call):
            continue
        if last_name(loop.iter.func) != "iterrows" or not isinstance(loop.target, ast.Tuple):
            continue
        row = loop.target.elts[-1]
        changes = _changes(file, loop, row.id) if isinstance(row, ast.Name) else []
        if changes:
            message = f"`{dotted(changes[0].value)}` is a copy of the frame's row: what is written into it is lost"
            file.say(
                "value-dropped", changes[0], Level.WARNING, f"{message}; write to the frame by `.at`", guards="work"
            )


def _changes(file: File, loop: ast.For, row: str) -> list[ast.Subscript]:
    """Return where the row is written into, if nothing reads it as a whole, or what was written, afterwards."""
    names = [node for part in loop.body for node in ast.walk(part) if isinstance(node, ast.Name) and node.id == row]
    changes: list[ast.Subscript] = []
    asked: list[ast.Subscript] = []
    for name in names:
        above = file.index.up.get(name)
        if not isinstance(above, ast.Subscript) or not isinstance(name.ctx, ast.Load):
            return []
        (changes if isinstance(above.ctx, ast.Store) else asked).append(above)
    written = {str(constant(one.slice)) for one in changes}
    first = min((one.lineno for one in changes), default=0)
    is_read = any(one.lineno > first and str(constant(one.slice)) in written | {"None"} for one in asked)
    return [] if is_read else changes


def keys_given_twice(file: File) -> None:
    """Report tables in the code that give one key twice, with two values: the first is lost. Each table once."""
    for table in file.index.dicts:
        names = [(type(one), one) for one in map(constant, table.keys) if _is_key(one)]
        if len(names) == len(set(names)) or _is_style(file, table):
            continue
        seen: dict[tuple[type, str | int], ast.expr] = {}
        lost: list[ast.expr] = []
        for key, value in zip(table.keys, table.values, strict=True):
            name = constant(key)
            if not isinstance(name, str | int) or key is None or not _is_key(name):
                continue
            if (type(name), name) in seen and _differ(seen[type(name), name], value):
                lost.append(key)
            seen[type(name), name] = value
        if lost:
            others = f", and {len(lost) - 1} others," if len(lost) > 1 else ""
            message = f"the key `{constant(lost[0])}`{others} stands twice in this table: the first value is lost"
            file.say("value-dropped", lost[0], Level.NOTE, f"{message}; keep one, or name them apart", guards="read")


def _is_key(name: object) -> bool:
    """Whether it is a key: not a comment, and not what is left of a mark."""
    return isinstance(name, int) or (isinstance(name, str) and re.match(r"\w|\$|-|[^\x00-\x7f]", name) is not None)


def _differ(one: ast.expr, other: ast.expr) -> bool:
    """Whether two values say something else: neither two wordings of a label, nor one thing that is asked for in two ways."""
    if (
        isinstance(constant(one), str)
        and isinstance(constant(other), str)
        and " " in f"{constant(one)}{constant(other)}"
    ):
        return False
    parts = [
        {ast.dump(part) for part in ast.walk(value) if isinstance(part, ast.Name | ast.Constant | ast.List)}
        for value in (one, other)
    ]
    is_plain = isinstance(one, ast.Constant) or isinstance(other, ast.Constant)
    return ast.dump(one) != ast.dump(other) and (is_plain or not (parts[0] <= parts[1] or parts[1] <= parts[0]))


def _is_style(file: File, table: ast.Dict) -> bool:
    above = file.index.up.get(table)
    name = above.arg if isinstance(above, ast.keyword) else ""
    if isinstance(above, ast.Assign):
        name = last_name(above.targets[0])
    return bool(set(re.split(r"[_\W]+", (name or "").lower())) & _OF_A_PAGE)


def skipped_rows(file: File) -> None:
    """Report readers that are told to leave out what they cannot read, without a word."""
    for call in file.index.calls:
        how = ""
        if keyword(call, "nrows") is not None or last_name(call.func) == "read_fwf":
            continue  # a look at the first rows; places in a line, which every line has
        if constant(keyword(call, "on_bad_lines")) == "skip":
            how = 'on_bad_lines="skip"'
        elif last_name(call.func) == "option" and [constant(one) for one in call.args][1:] == ["DROPMALFORMED"]:
            how = "DROPMALFORMED"
        elif last_name(call.func) in {"LoadJobConfig", "ExternalConfig"}:
            most = constant(keyword(call, "max_bad_records"))
            how = f"max_bad_records={most}" if isinstance(most, int) and most > 0 and _is_heeded(file, call) else ""
        if how:
            message = f"`{how}`: rows that cannot be read are left out, uncounted, and the load ends as done"
            readers = looked_at(file, call)
            is_slight = readers == set() or _is_of_texts(call) or _says_skipped(file, call) or _is_own_copy(file, call)
            is_slight |= _is_looked_over(file, call)
            is_ours = how.startswith("on_bad_lines") and not _is_fetched(call)
            is_loaded = _is_loaded(file, call)
            level = Level.NOTE if is_slight or (is_ours and not is_loaded) else Level.WARNING
            level = Level.ERROR if level is not Level.NOTE and is_loaded and not is_ours else level
            file.say("rows-skipped", call, level, f"{message}; let it fail, or count and keep them", guards="read")


_FORMAT = re.compile(r"['\"]?\b(SourceFormat\.)?(PARQUET|AVRO|ORC|DATASTORE_BACKUP)\b['\"]?$")


def _is_heeded(file: File, config: ast.Call) -> bool:
    """Whether BigQuery heeds the allowance: not for Parquet, Avro and ORC, nor a frame, which goes as Parquet."""
    said = keyword(config, "source_format")
    if said is None and last_name(config.func) == "ExternalConfig" and config.args:
        said = config.args[0]
    above = file.index.up.get(config)
    name = ""
    if isinstance(above, ast.Assign) and len(above.targets) == 1 and isinstance(above.targets[0], ast.Name):
        name = above.targets[0].id
    scope = file.scope(config)
    if name and said is None:
        own = (node for node in ast.walk(scope.node) if isinstance(node, ast.Assign) and node.lineno > config.lineno)
        said = next((node.value for node in own if dotted(node.targets[0]) == f"{name}.source_format"), None)
    if said is not None:
        return not _FORMAT.search(ast.unparse(said))
    if isinstance(above, ast.keyword):
        loads = [file.index.up.get(above)]
    else:
        loads = [call for call in scope.calls if name and any(_names(one, name) for one in _given(call))]
    return not loads or any(not _is_of_a_frame(one) for one in loads)


def _given(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(one.value for one in call.keywords)]


def _names(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_of_a_frame(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Call) and last_name(node.func) == "load_table_from_dataframe"


_LOOKS = these("shape columns head tail dtypes describe info empty sample")
_SHOWS = these("print len list info debug warning error display write")
_DEEPEST = 4  # functions that hand on what another has read


def previews(file: File) -> list[list[Any]]:
    """Return where rows are left out of what is only looked at: (line, the functions that hand it on)."""
    lines = {one.line for one in file.findings if one.rule == "rows-skipped" and one.level is not Level.NOTE}
    found = ((call.lineno, looked_at(file, call)) for call in file.index.calls if call.lineno in lines)
    return [[line, sorted(readers)] for line, readers in found if readers]


_A_DAY = re.compile(r"(?<!\d)20\d\d-[01]\d-[0-3]\d(?!\d)")
_A_PLACE = re.compile(r"[A-Za-z]:[\\/]|/(home|Users|root)/")


def of_one_day(file: File) -> list[str]:
    """Return by what a program that leaves rows out is of one day, or of one machine: by its name, or by a text in its code."""
    if not any(one.rule == "rows-skipped" and one.level is not Level.NOTE for one in file.findings):
        return []
    if found := _A_DAY.search(file.index.path):
        return [f"its name says {found[0]}"]
    for node in file.index.strings:
        found = None if isinstance(file.index.up.get(node), ast.Expr) else _A_DAY.search(str(node.value))
        if found or _A_PLACE.match(str(node.value)):
            return [f"line {node.lineno} says {found[0] if found else 'where it lies on one machine'}"]
    return []


def looked_at(file: File, node: ast.expr, depth: int = 0) -> set[str] | None:
    """Return the functions that hand on the frame, if whatever becomes of it in this file is a look at its shape; else None."""
    above = file.index.up.get(node)
    if isinstance(above, ast.Return) and depth < _DEEPEST:
        scope = file.scope(node)
        callers = [other for other in file.index.calls if file.names.callee(other).full == scope.name]
        found = [looked_at(file, other, depth + 1) for other in callers]
        if not found or None in found:
            return None
        return {scope.name.rpartition(".")[2]}.union(*(one for one in found if one is not None))
    if isinstance(above, ast.Assign) and len(above.targets) == 1 and isinstance(above.targets[0], ast.Name):
        name, scope = above.targets[0].id, file.scope(node)
        uses = [
            part
            for part in ast.walk(scope.node)
            if isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Load)
        ]
        found = [looked_at(file, part, depth) for part in uses]
        return None if not found or None in found else set().union(*(one for one in found if one is not None))
    if isinstance(above, ast.Attribute):
        return set() if above.attr in _LOOKS and _is_shown(file, above) else None
    is_told = isinstance(above, ast.Call) and last_name(above.func) in _SHOWS
    return set() if is_told and isinstance(above, ast.expr) and _is_shown(file, above) else None


def _is_shown(file: File, node: ast.AST) -> bool:
    """Whether the value is printed, logged, asked or let go of; neither kept nor handed on."""
    while (above := file.index.up.get(node)) is not None:
        if isinstance(above, ast.Expr):
            return True
        if isinstance(above, ast.If | ast.While | ast.Assert):
            return above.test is node
        if isinstance(above, ast.Call) and node is not above.func and last_name(above.func) not in _SHOWS | {"join"}:
            return False
        if not isinstance(above, ast.expr):
            return False
        node = above
    return False


_LOADS = these(
    """to_sql to_gbq write_pandas load_table_from_dataframe copy_expert copy_from copy_records_to_table executemany
    insert_many add_all commit bulk_create bulk_insert_mappings bulk_save_objects"""
)


def _is_loaded(file: File, call: ast.Call) -> bool:
    """Whether the function that reads the rows, or one that calls it, puts them into a table: there they are missing for good."""
    reader = file.scope(call)
    callers = {file.scope(other) for other in file.index.calls if file.names.callee(other).full == reader.name}
    done = (
        effect.what for scope in (reader, *callers) for other in scope.calls for effect in file.effects.through(other)
    )
    return any(what.startswith(("the INSERT", "the COPY")) or what.rpartition(".")[2] in _LOADS for what in done)


_FROM_OUTSIDE = re.compile(r"(String|Bytes)IO\(|https?://|\b(\w+_)?(url|uri|link)\b", re.IGNORECASE)


def _is_fetched(call: ast.Call) -> bool:
    """Whether the rows come from somebody else, by an address or out of an answer: what lies on the disk somebody has seen."""
    return bool(call.args) and _FROM_OUTSIDE.search(ast.unparse(call.args[0])) is not None


def _is_looked_over(file: File, call: ast.Call) -> bool:
    """Whether a report or an audit reads the rows, by the file's name or the function's: whoever reads it decides."""
    own = f"{file.index.path.rpartition('/')[2]} {file.scope(call).name.rpartition('.')[2]}"
    return _LOOKS_OVER.search(own) is not None


_LOOKS_OVER = re.compile(r"(?<![a-z])(audit|report|inspect|compare|diff|explore|preview|check)(?![a-z])", re.IGNORECASE)


def _is_own_copy(file: File, call: ast.Call) -> bool:
    """Whether the function has written the file itself, at another time: its lines are whole."""
    read = ast.dump(call.args[0]) if call.args else ""
    return any(
        last_name(other.func).startswith("to_") and other.args and ast.dump(other.args[0]) == read
        for other in file.scope(call).calls
    )


def _is_of_texts(call: ast.Call) -> bool:
    """Whether each column is read as text: then a row is left out only where it is ragged."""
    kind = keyword(call, "dtype")
    return kind is not None and (last_name(kind) in {"str", "object"} or constant(kind) in {"str", "string", "object"})


_SKIPS = re.compile(
    r"(skip|bad|malformed|corrupt|broken|ragged|invalid)\w* (line|row|record)|(line|row|record)s? (skip|ruin)",
    re.IGNORECASE,
)


def _says_skipped(file: File, call: ast.Call) -> bool:
    """Whether a comment or a line of the log beside it says that rows are left out."""
    first, last = max(0, call.lineno - 5), (call.end_lineno or call.lineno) + 4
    return any(_SKIPS.search(line) for line in file.index.lines[first:last])
