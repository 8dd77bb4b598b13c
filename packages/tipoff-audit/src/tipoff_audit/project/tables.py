"""Who reads the table into which rows are written: where nobody does, nobody misses them."""

import ast
import re
from dataclasses import dataclass, field

from tipoff_audit.finding import Finding
from tipoff_audit.project.reach import Reach
from tipoff_audit.project.texts import Sources, strings
from tipoff_audit.reading.handlers import inside
from tipoff_audit.reading.index import Index
from tipoff_audit.reading.names import last_name

_WRITTEN = re.compile(
    r"\b(?:INSERT\s+(?:OR\s+\w+\s+|IGNORE\s+)?|REPLACE\s+|MERGE\s+)INTO\s+(?P<table>[\w.\"`\[\]{}]+)", re.IGNORECASE
)
# the table is put in elsewhere; of `{schema}.games` it is not
_HOLE = re.compile(r"\b(FROM|JOIN)\s*($|[{%\"'`]*[{%](?!\w*\}[\"'`]?\.[\"'`]?\w))", re.IGNORECASE)
_ASKS = re.compile(
    r"table|from_?$|select|read|fetch|query|load|count|list|find|dump|export|sync|copy|view|source|ref$|get|backup|model",
    re.IGNORECASE,
)
_OPENS = re.compile(r"connect|session|begin|transaction|acquire|get_(db|conn)|engine", re.IGNORECASE)
_MYSQL = frozenset({"mysql", "pymysql", "MySQLdb"})  # where a statement that fails undoes nothing but itself
_SOME = 20  # tables
_MOST = 60  # characters: longer, it is no name


@dataclass
class Tables:
    """The project's tables, asked for one by one."""

    sources: Sources
    reach: Reach | None
    _read: dict[str, bool] = field(default_factory=dict)
    _made: set[str] | None = None  # all tables into which the tree writes

    def why_unread(self, finding: Finding) -> str:
        """Return that no statement reads the tables into which the block writes; "" where one may, or the tables are unknown."""
        tables = self._written(finding)
        if not tables or any(self.is_read(table) for table in tables) or not self._reads_others(tables):
            return ""
        return f"nobody reads it: no statement that somebody runs takes a row from `{min(tables)}`"

    def _reads_others(self, tables: set[str]) -> bool:
        """Whether the tree reads others of the tables into which it writes: one that only loads is read elsewhere."""
        if self._made is None:
            texts = (text for path, text in self.sources.holding("insert") if path.endswith(".py"))
            found = (match["table"].rpartition(".")[2] for text in texts for match in _WRITTEN.finditer(text))
            self._made = {one.strip('"`[]').lower() for one in found}
        others = sorted(one for one in self._made - tables if one.isidentifier())[:_SOME]
        self.sources.prepare(set(others))
        return any(self.is_read(one) for one in others)

    def _written(self, finding: Finding) -> set[str]:
        name = table_of(finding)
        own = self.sources.one(finding.path, name) if name else None
        block, handler = block_of(own, finding.line) if own is not None else (None, None)
        if own is None or block is None or not _is_by_itself(own, block, handler):
            return set()
        texts = [
            part.value for part in inside(block.body) if isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        found = {match["table"] for text in texts for match in _WRITTEN.finditer(text)}
        if any("{" in one or one.endswith(".") for one in found):
            return set()
        return {one.rpartition(".")[2].strip('"`[]').lower() for one in found} | {name}

    def is_read(self, table: str) -> bool:
        """Whether a statement that somebody reaches takes rows from the table."""
        if table not in self._read:
            self._read[table] = self._is_taken(table)
        return self._read[table]

    def _is_taken(self, table: str) -> bool:
        read = re.compile(
            rf"(?<!DELETE\s)\b(FROM|JOIN|USING)\s+[\w.\"`\[\]{{}}]*\b{re.escape(table)}\b|,\s*[\w.\"`]*\b{re.escape(table)}\b",
            re.IGNORECASE,
        )
        for path, text in self.sources.holding(table):
            if path.endswith(".sql"):
                if read.search(text) or re.search(rf"(ref|source)\s*\([^)]*['\"]{re.escape(table)}['\"]", text):
                    return True
            elif not path.endswith(".py"):
                return True
        return any(self._is_read_in(path, own, table, read) for path, own in self.sources.python(table))

    def _is_read_in(self, path: str, own: Index, table: str, read: re.Pattern[str]) -> bool:
        found = {whole: _text(whole) for whole in (_whole(own, node) for node in strings(own))}
        has_holes = any(_HOLE.search(text) for text in found.values())
        for node, text in found.items():
            if table not in text.lower() or isinstance(own.up.get(node), ast.Expr):
                continue
            if len(text) < _MOST and " " not in text and text.lower().rpartition(".")[2] == table:
                is_asked = has_holes or self._names_it(own, node)
            else:
                is_asked = read.search(text) is not None
            if is_asked and not self._is_idle(path, own, node):
                return True
        return False

    def _names_it(self, own: Index, node: ast.expr) -> bool:
        """Whether the name is handed to what asks for a table, or is that of a class of rows."""
        above = own.up.get(node)
        if isinstance(above, ast.Call):
            return _ASKS.search(last_name(above.func)) is not None
        if isinstance(above, ast.keyword):
            return _ASKS.search(above.arg or "") is not None
        return isinstance(above, ast.Assign) and _ASKS.search(ast.unparse(above.targets[0])) is not None

    def _is_idle(self, path: str, own: Index, node: ast.expr) -> bool:
        """Whether nobody comes to the function in which the name stands."""
        head = len(own.module.name) + 1
        return self.reach is not None and bool(self.reach.why_not(path, own.scope(node).name[head:]))


def _whole(own: Index, node: ast.Constant) -> ast.expr:
    """Return the f-string of which a text is a part, else the text."""
    above = own.up.get(node)
    return above if isinstance(above, ast.JoinedStr) else node


def _text(node: ast.expr) -> str:
    """Return a text in one piece, with {} for what an f-string puts in."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)


def block_of(own: Index, line: int) -> tuple[ast.Try | None, ast.ExceptHandler | None]:
    """Return the block, and the handler of it that stands on the line."""
    found = ((one, handler) for one in own.tries for handler in one.handlers if handler.lineno == line)
    return next(found, (None, None))


def table_of(finding: Finding) -> str:
    """Return the table that the finding names, "" where it names none."""
    name = re.search(r"the (?:INSERT|MERGE) of (\w+)", finding.message)
    return name[1].lower() if name is not None else ""


def _is_by_itself(own: Index, block: ast.Try, handler: ast.ExceptHandler | None) -> bool:
    """Whether what fails takes no other rows with it: the block has a connection of its own, or SQLite or MySQL fails."""
    if any("sqlite" in origin for origin in own.imports.values()):
        return True
    is_mysql = any(origin.partition(".")[0] in _MYSQL for origin in own.imports.values())
    undoes = handler is None or any(
        isinstance(part, ast.Call) and last_name(part.func) == "rollback" for part in inside(handler.body)
    )
    if is_mysql and not undoes:
        return True
    return any(_OPENS.search(last_name(part.func)) for part in inside(block.body) if isinstance(part, ast.Call))
