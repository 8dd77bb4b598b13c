"""What becomes of a row that was not written: the next statement fails, the next run writes it, or it is lost for good."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tipoff_audit.finding import Finding
from tipoff_audit.project.asked import why_asked
from tipoff_audit.project.tables import block_of, table_of
from tipoff_audit.project.texts import Sources, strings
from tipoff_audit.reading.aborted import DRIVERS, catches_aborted, imports_driver, why_aborted
from tipoff_audit.reading.handlers import breadth, inside
from tipoff_audit.reading.index import FUNCTIONS, Index
from tipoff_audit.reading.names import constant, dotted, last_name, words
from tipoff_audit.reading.words import these

_NAME = r"[\w.\"`\[\]{{}}]*\b{}\b[\"`\]]*"
_WRITTEN = re.compile(
    r"\b(?P<verb>INSERT|REPLACE|MERGE|COPY|UPDATE|DELETE)\s+(?:OR\s+\w+\s+|IGNORE\s+)?(?:INTO\s+|FROM\s+)?(?P<table>[\w.\"`\[\]{}]+)",
    re.IGNORECASE,
)
_COLUMNS = re.compile(r"\bINSERT\s+(?:OR\s+\w+\s+)?INTO\s+[^\s(]+\s*\((?P<columns>[\w\s,\"`]+)\)", re.IGNORECASE)
_STATUS = re.compile(r"\bSET\b[^;]*\b(\w*status|state|processed|is_\w+|done|\w+ed_at|last_\w+)\s*=", re.IGNORECASE)
_FAILED = re.compile(r"fail|error|retry|pending|cancel", re.IGNORECASE)
_OF_RUNS = these("run runs job jobs log logs audit history execution executions session sessions stats metrics")
_DONE = these("used done processed seen completed complete imported ingested synced sent handled success succeeded ok")
_MARKS = these("mark set flag update add save record write insert append store remember register log finish put")
_PLACES = these("watermark watermarks bookmark bookmarks checkpoint checkpoints offset offsets")
_KEEPS_PLACE = these("save set update write store put commit advance persist move record")
_TAKEN = these("ack acknowledge basic_ack delete_message delete_message_batch complete_message archive_file")
_POSTS = these("post put patch")
_KEYS = these("id ids key uuid guid code objectid pk")
_TIMES = these("at date time timestamp ts created updated on sinc data dt when")
_TOLD = these("status state error reason message outcome result")
_BY = these("service source by attempts provider worker")
_EXECUTES = these("execute executemany copy_expert copy_from")


@dataclass
class Losses:
    """Lost writes, held against what the function, its callers and the tree's statements do next."""

    sources: Sources
    _chosen: dict[str, str] = field(default_factory=dict)

    def why_slight(self, finding: Finding) -> str:
        """Return why the loss is told or made good: by the next statement, or by what chooses the work; "" where it is not."""
        own, block, handler = self._place(finding)
        if own is None or block is None or handler is None:
            return ""
        if is_marker(own, block):
            return "a marker, where something else had failed or is passed over: its keys are chosen again without it"
        if _fails_next(own, block, handler):
            return "not silent: the connection is left in an aborted transaction, and the next statement on it raises"
        for table in sorted(_tables(finding, block)):
            if why := self._why_chosen(table) or _resumes(own, block, table):
                return f"made good: {why}, and what is missing is chosen again"
        if _compared(own, block):
            return "made good: whoever calls it compares what came with what is there"
        return why_asked(self.sources, own, handler)

    def why_for_good(self, finding: Finding) -> str:
        """Return what records the same items as done afterwards, so that no run writes them again; "" where nothing does."""
        own, block, handler = self._place(finding)
        if own is None or block is None or handler is None:
            return ""
        if _is_of_both_sides(own, block):
            return "the other side has its rows already, and the next run does not know of them"
        tables = _tables(finding, block)
        for node in _afterwards(own, block, handler):
            if self._is_done(node, tables):
                return f"for good: line {node.lineno} goes on to record it as done"
        return why_aborted(own, block, handler) if self._is_postgres(own) else ""

    def _is_postgres(self, own: Index) -> bool:
        """Whether a driver of PostgreSQL is imported here, or by a file from which a name is imported here."""
        if imports_driver(own):
            return True
        modules = {part for origin in own.imports.values() for part in origin.split(".")[-2:]}
        return any(
            path.rpartition("/")[2].removesuffix(".py") in modules and "autocommit" not in text.lower()
            for driver in DRIVERS
            for path, text in self.sources.holding(driver)
        )

    def _place(self, finding: Finding) -> tuple[Index | None, ast.Try | None, ast.ExceptHandler | None]:
        word = finding.symbol.rpartition(".")[2]
        own = self.sources.one(finding.path, word) if word and "." in finding.symbol else None
        return (own, *block_of(own, finding.line)) if own is not None else (None, None, None)

    def _why_chosen(self, table: str) -> str:
        """Return which statement chooses what the table does not hold."""
        if table not in self._chosen:
            self._chosen[table] = next(self._choosers(table), "")
        return self._chosen[table]

    def _choosers(self, table: str) -> Iterator[str]:
        name = _NAME.format(re.escape(table))
        lacks = re.compile(
            rf"\b(?:NOT\s+IN|NOT\s+EXISTS|EXCEPT)\s*\(?\s*SELECT\b[^()]*?\bFROM\s+{name}"
            rf"|\bLEFT\s+(?:OUTER\s+)?JOIN\s+{name}(?:\s+(?:AS\s+)?(?P<alias>(?!ON\b)\w+))?\s+(?:ON|USING)\b[^;\"]{{0,300}}?"
            rf"\b(?:(?P=alias)|{re.escape(table)})\.\w+\s+IS\s+NULL",
            re.IGNORECASE,
        )
        for path, text in self.sources.holding(table):
            if not path.endswith((".py", ".sql")):
                continue
            for found in lacks.finditer(text):
                statement = re.split(r";|\"\"\"|'''", text[max(0, found.start() - 600) : found.start()])[-1]
                if statement.upper().rpartition("SELECT")[2].lstrip().startswith("COUNT"):
                    continue  # it says how many are lacking, and chooses none
                if not re.search(rf"\bDELETE\s+FROM\b|\bUPDATE\b|\bINTO\s+{name}", statement, re.IGNORECASE):
                    yield f"{path}:{text.count(chr(10), 0, found.start()) + 1} asks for what {table} does not hold"

    def _is_done(self, node: ast.Call | ast.Assign, tables: set[str]) -> bool:
        if isinstance(node, ast.Assign):
            return _says_done(node)
        said = words(last_name(node.func))
        about = set(said)
        return (
            last_name(node.func) in _TAKEN
            or (bool(said) and said[0] in _KEEPS_PLACE and bool(about & _PLACES))
            or (last_name(node.func) == "commit" and "consumer" in words(dotted(node.func)))
            or (bool(said) and said[0] in _MARKS and _marks_done(node, about))
            or any(self._is_recorded(text, tables) for text in _texts(node))
        )

    def _is_recorded(self, text: str, tables: set[str]) -> bool:
        """Whether the statement enters the items where the next run looks for what is done, or takes away what they came from."""
        found = _WRITTEN.search(text)
        if found is None:
            return False
        table, verb = found["table"].rpartition(".")[2].strip('"`[]').lower(), found["verb"].upper()
        if not table.isidentifier() or table in tables or set(words(table)) & _OF_RUNS:
            return False
        if verb == "DELETE":
            return re.search(r"\bWHERE\s+\w*(id|key)\s*(=|IN)\s*[\(?%:$@{]", text, re.IGNORECASE) is not None
        if verb == "UPDATE":
            return _STATUS.search(text) is not None and not _FAILED.search(text)
        return bool(set(words(table)) & _DONE or self._why_chosen(table))


def is_marker(own: Index, block: ast.Try) -> bool:
    """Whether what is written are keys, a status and a time, in a handler or in a branch that passes the item over."""
    texts = [text for node in inside(block.body) if isinstance(node, ast.Call) for text in _texts(node)]
    found = [columns for text in texts if (columns := _columns(text))]
    if not found or not all(
        any(set(words(one)) & _TOLD for one in columns)
        and all(set(words(one)) & (_KEYS | _TIMES | _TOLD | _BY) for one in columns)
        for columns in found
    ):
        return False
    child: ast.AST = block
    for parent in own.parents(block):
        if isinstance(parent, ast.ExceptHandler):
            return True
        if (
            isinstance(parent, ast.If)
            and child in parent.body
            and isinstance(parent.body[-1], ast.Continue | ast.Return)
        ):
            return True
        if isinstance(parent, FUNCTIONS):
            return False
        child = parent
    return False


def _columns(text: str) -> list[str]:
    found = _COLUMNS.search(text)
    return [one.strip(' \n\t"`') for one in found["columns"].split(",")] if found is not None else []


def _fails_next(own: Index, block: ast.Try, handler: ast.ExceptHandler) -> bool:
    """Whether a driver that aborts the transaction meets a statement on the same cursor next, and nobody swallows its error."""
    if not imports_driver(own) or re.search("autocommit", own.source.text, re.IGNORECASE):
        return False
    if any(last_name(node.func) in {"rollback", "connect", "cursor"} for node in _calls([*handler.body, *block.body])):
        return False
    used = {dotted(node.func).rpartition(".")[0] for node in _calls(block.body) if last_name(node.func) in _EXECUTES}
    loops = [one for one in own.parents(block) if isinstance(one, ast.For | ast.While)]
    is_own = own.scope(block)
    first = max((one for one in loops if own.scope(one) is is_own), key=lambda one: -one.lineno, default=None)
    for call in is_own.calls:
        if last_name(call.func) not in _EXECUTES or dotted(call.func).rpartition(".")[0] not in used:
            continue
        is_next = call.lineno > (handler.end_lineno or 0) or (first is not None and first.lineno < call.lineno)
        if is_next and not any(_swallows(one, call, own) for one in own.parents(call)):
            return True
    return False


def _swallows(block: ast.AST, call: ast.Call, own: Index) -> bool:
    if not isinstance(block, ast.Try) or own.scope(block) is not own.scope(call):
        return False
    broad = [one for one in block.handlers if breadth(one, own) in {"bare", "broad"} or catches_aborted(one, own)]
    return any(not any(isinstance(node, ast.Raise) for node in inside(one.body)) for one in broad)


def _resumes(own: Index, block: ast.Try, table: str) -> str:
    """Return that the function begins after the highest row that is there, where it is the last rows that were not written."""
    scope = own.scope(block)
    if any(isinstance(one, ast.For | ast.While) for one in own.parents(block)):
        return ""
    highest = re.compile(
        rf"\bMAX\s*\(\s*\w+\s*\)[^;()]*\)?[^;()]*\bFROM\s+{_NAME.format(re.escape(table))}", re.IGNORECASE
    )
    for node in strings(own):
        if highest.search(str(node.value)) and own.scope(node) is scope and node.lineno < block.lineno:
            return f"line {node.lineno} resumes after the highest row of {table}"
    return ""


def _compared(own: Index, block: ast.Try) -> bool:
    """Whether each function of the file that calls this one, more than once or not, takes away first what is there already."""
    name = own.scope(block).name.rpartition(".")[2]
    callers = {own.scope(call) for call in own.calls if last_name(call.func) == name} - {own.scope(block)}
    return bool(callers) and all(
        any(isinstance(node, ast.Constant) and node.value == "left_only" for node in own.inner(scope))
        for scope in callers
    )


def _is_of_both_sides(own: Index, block: ast.Try) -> bool:
    """Whether the row ties our keys to those that another side has just given: it was written there, by a request."""
    scope = own.scope(block)
    for text in (text for node in _calls(block.body) for text in _all_texts(own, node)):
        columns = _columns(text)
        keys = [one for one in columns if set(words(one)) & _KEYS]
        if len(keys) < 2 or not all(set(words(one)) & (_KEYS | _TIMES) for one in columns):  # noqa: PLR2004 -- two sides
            continue
        if any(
            last_name(call.func) in _POSTS and "client" not in dotted(call.func) and call.lineno < block.lineno
            for call in scope.calls
        ):
            return True
    return False


def _afterwards(own: Index, block: ast.Try, handler: ast.ExceptHandler) -> Iterator[ast.Call | ast.Assign]:
    """Yield what is called and set after the handler: in its function, and in those of the file that call it."""
    last = handler.body[-1]
    if not isinstance(last, ast.Return | ast.Raise):
        yield from _done_in(_following(own, block, leaves=isinstance(last, ast.Continue | ast.Break)))
    scope = own.scope(block)
    name = scope.name.rpartition(".")[2]
    for call in own.calls:
        owner = dotted(call.func).rpartition(".")[0]
        if last_name(call.func) == name and owner in {"", "self", "cls"} and own.scope(call) is not scope:
            yield from _done_in(_following(own, call, leaves=False))


def _following(own: Index, node: ast.AST, *, leaves: bool) -> list[ast.stmt]:
    """Return the statements that follow a node in its function; `leaves`: the loop around it goes on to the next item."""
    found: list[ast.stmt] = []
    child = node
    for parent in own.parents(node):
        if isinstance(parent, FUNCTIONS) and not leaves:
            return found + _rest(parent, child)
        if isinstance(parent, FUNCTIONS):
            return found
        if isinstance(parent, ast.For | ast.AsyncFor | ast.While):
            found += [] if leaves else _rest(parent, child)
            leaves = False
        elif not leaves:
            found += _rest(parent, child)
        child = parent
    return found


def _rest(parent: ast.AST, child: ast.AST) -> list[ast.stmt]:
    body = getattr(parent, "body", [])
    if not isinstance(body, list) or child not in body:
        return []
    ends = [*parent.orelse, *parent.finalbody] if isinstance(parent, ast.Try) else []
    return [*body[body.index(child) + 1 :], *ends]


def _done_in(statements: list[ast.stmt]) -> Iterator[ast.Call | ast.Assign]:
    for node in inside(statements):
        if isinstance(node, ast.Call | ast.Assign):
            yield node


def _says_done(node: ast.Assign) -> bool:
    target = node.targets[0]
    if not isinstance(target, ast.Attribute) or dotted(target.value) in {"self", "cls"}:
        return False
    said = set(words(target.attr))
    if constant(node.value) is True:
        return bool(said & _DONE)
    told = constant(node.value)
    text = told if isinstance(told, str) else last_name(node.value)
    return bool(said & {"status", "state"}) and bool(set(words(text or "")) & _DONE)


def _marks_done(node: ast.Call, said: set[str]) -> bool:
    """Whether its name, or what it is told of the status, says that the items are done."""
    if said & _OF_RUNS - {"log"}:
        return False
    told = [constant(one.value) for one in node.keywords if one.arg and set(words(one.arg)) & {"status", "state"}]
    return bool(said & _DONE) or any(isinstance(one, str) and set(words(one)) & _DONE for one in told)


def _tables(finding: Finding, block: ast.Try) -> set[str]:
    """Return the tables into which the block writes, as far as their names are known."""
    texts = (text for node in _calls(block.body) for text in _texts(node))
    found = {match["table"] for text in texts for match in _WRITTEN.finditer(text) if match["verb"].upper() != "DELETE"}
    plain = {one.rpartition(".")[2].strip('"`[]').lower() for one in found} | {table_of(finding)}
    return {one for one in plain if one.isidentifier()}


def _calls(statements: Iterable[ast.stmt]) -> Iterator[ast.Call]:
    return (node for node in inside(list(statements)) if isinstance(node, ast.Call))


def _texts(node: ast.Call) -> list[str]:
    """Return the texts that stand in a call, those of an f-string in one piece."""
    return [text for given in [*node.args, *(one.value for one in node.keywords)] if (text := _text(given))]


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    if isinstance(node, ast.Call) and node.args:
        return _text(node.args[0])
    value = constant(node)
    return value if isinstance(value, str) else ""


def _all_texts(own: Index, node: ast.Call) -> list[str]:
    """Return a call's texts, and those of the names that it is given."""
    values = own.scope(node).values
    return _texts(node) + [_text(values[one.id]) for one in node.args if isinstance(one, ast.Name) and one.id in values]
