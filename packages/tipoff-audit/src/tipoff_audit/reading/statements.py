"""SQL as a parsed statement: its bounds on columns as pairs, its windows, and pieces of one made whole."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # what it cannot read is no news for who asked for an audit

LONGEST = 30_000  # characters; a longer text is data
_TEMPLATE = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_ALONE = re.compile(
    r"^[ \t]*\{\{\s*(?:config|log|set_\w+|run_hooks)\b[^{}]*(?:\{[^{}]*\}[^{}]*)*\}\}[ \t]*$", re.MULTILINE
)
_DOUBLE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_PERCENT = re.compile(r"%\((\w+)\)s|%s")
_DOLLAR = re.compile(r"\$\{(\w+)\}")
_WORD = re.compile(r"[A-Za-z_]\w*")
_WRAPPERS = frozenset(
    {"isoformat", "strftime", "str", "format", "date", "repr", "int", "float", "self", "get", "strip", "Y", "m", "d"}
)
_FRAMES = re.compile(r"\b(ROWS|RANGE|GROUPS)\b", re.IGNORECASE)
_CTE = re.compile(r"\s*+,?\s*+[A-Za-z_]\w*\s+AS\s*\(\s*(?:SELECT|WITH)\b", re.IGNORECASE)
_CONDITION = re.compile(r"\s*(WHERE|AND|OR)\b", re.IGNORECASE)
_STATEMENT = re.compile(
    r"[\s(;]*+(?:(?:--[^\n]*\n|/\*[\s\S]*?\*/)\s*+)*[\s(]*+(SELECT|WITH|INSERT|CREATE|MERGE|UPDATE|DELETE|DECLARE|SET|BEGIN|TRUNCATE|DROP|REPLACE)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Bound:
    """A comparison of a column with a value: `column op value`, op one of <, <=, >, >=, =.

    `value`: the name by which the value is known (`analysis_date` for `DATE('{analysis_date}')`), with the table's
    before it where it
    is a column. `shifted`: days are added or taken away.
    """

    column: str
    op: str
    value: str
    shifted: bool
    is_column: bool  # the value is a column of another table
    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A statement, and how far its places lie behind those of the text that it came from."""

    tree: exp.Expression
    text: str
    ahead: int

    def at(self, node: exp.Expression) -> int:
        """Return where `node` stands in the text."""
        starts = [one.meta["start"] for one in node.find_all(exp.Identifier) if "start" in one.meta]
        return max(0, min(starts, default=0) - self.ahead)

    def frame_at(self, node: exp.Expression) -> int:
        """Return where the frame of a window stands; where it has none, where its function does."""
        last = max((one.meta["start"] for one in node.find_all(exp.Identifier) if "start" in one.meta), default=0)
        found = _FRAMES.search(self.text, last) if node.args.get("spec") is not None else None
        return max(0, found.start() - self.ahead) if found else self.at(node)


def hole_name(expression: str) -> str:
    """Return the name by which a hole's value is known: `analysis_date` for `self.opts['analysis_date']`."""
    names = [name for name in _WORD.findall(expression.partition("!")[0]) if name not in _WRAPPERS]
    return names[-1] if names else "x"


def _marked(mark: str, expression: str, width: int) -> str:
    made = f"{mark}{hole_name(expression)}"
    lines = "\n" * expression.count("\n")
    return made + lines + " " * (width - len(made) - len(lines))


def plain(text: str) -> str:
    """Return the SQL with its templates and holes turned to names, so that it can be parsed; places mostly stay."""
    text = _TEMPLATE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    text = _ALONE.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
    text = _DOUBLE.sub(lambda found: _marked("J_", found[1], len(found[0])), text)
    text = _DOLLAR.sub(lambda found: _marked("H_", found[1], len(found[0])), text)
    text = _PERCENT.sub(lambda found: f"@{found[1] or 'p'}" + " " * (len(found[0]) - 1 - len(found[1] or "p")), text)
    return _holes(text) if "{" in text else text


def _holes(text: str) -> str:
    parts: list[str] = []
    begin = 0
    while (at := text.find("{", begin)) >= 0:
        end = _closing(text, at)
        if end < 0:
            break
        inner = text[at + 1 : end]
        parts += [text[begin:at], _marked("H_", inner.partition(":")[0] if "[" not in inner else inner, end + 1 - at)]
        begin = end + 1
    return "".join([*parts, text[begin:]])


def _closing(text: str, at: int) -> int:
    """Return where the brace that opens at `at` closes, within some lines; -1 where it does not."""
    depth = 0
    for place in range(at, min(len(text), at + 400)):
        depth += (text[place] == "{") - (text[place] == "}")
        if not depth:
            return place
    return -1


def parsed(text: str) -> list[Piece]:
    """Return the statements of a text, or the one that a piece can be made into; none where it cannot be parsed."""
    if len(text) > LONGEST:
        return []
    sql = plain(text)
    before, after = "", ""
    if _CTE.match(sql):
        before, after, sql = "WITH ", " SELECT 1", re.sub(r"^\s*,", " ", sql).rstrip().rstrip(",")
    elif condition := _CONDITION.match(sql):
        before = "SELECT 1 FROM t " if condition[1].upper() == "WHERE" else "SELECT 1 FROM t WHERE TRUE "
    elif not _STATEMENT.match(sql):
        before, sql = "SELECT ", sql.rstrip().rstrip(",")
    for dialect in ("bigquery", "snowflake"):
        try:
            trees = sqlglot.parse(f"{before}{sql}{after}", dialect=dialect)
        except (SqlglotError, RecursionError, ValueError):
            continue
        return [Piece(tree, f"{before}{sql}", len(before)) for tree in trees if isinstance(tree, exp.Expression)]
    return []


_OPS: dict[type[exp.Expression], str] = {exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=", exp.EQ: "="}
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "="}
_SHIFTS = (
    exp.Interval,
    exp.DateSub,
    exp.DateAdd,
    exp.TimestampSub,
    exp.TimestampAdd,
    exp.TsOrDsAdd,
    exp.DatetimeAdd,
    exp.DatetimeSub,
    exp.Sub,
    exp.Add,
)


def selects(piece: Piece) -> Iterator[exp.Select]:
    """Yield each SELECT, however deep."""
    yield from piece.tree.find_all(exp.Select)


def bounds(piece: Piece, select: exp.Select) -> list[Bound]:
    """Return the comparisons by which a SELECT chooses its rows, those of the SELECTs in it apart."""
    found: list[Bound] = []
    parts = [
        select.args.get("where"),
        select.args.get("qualify"),
        *(join.args.get("on") for join in select.args.get("joins") or ()),
    ]
    for part in parts:
        if part is None:
            continue
        for node in part.walk(prune=lambda one: isinstance(one, exp.Subquery | exp.Select)):
            found += _compared(piece, node)
    return found


def _compared(piece: Piece, node: exp.Expression) -> list[Bound]:
    if isinstance(node, exp.Between):
        column = _column(node.this)
        if column is None:
            return []
        pairs = ((">=", node.args["low"]), ("<=", node.args["high"]))
        return [_bound(piece, column, op, value, node) for op, value in pairs if _value_name(value)]
    op = _OPS.get(type(node))
    if op is None:
        return []
    left, right = node.this, node.expression
    for one, other, how in ((left, right, op), (right, left, _TURNED[op])):
        column = _column(one)
        if column is not None and _value_name(other):
            return [_bound(piece, column, how, other, node)]
    return []


def _bound(piece: Piece, column: exp.Column, op: str, value: exp.Expression, node: exp.Expression) -> Bound:
    return Bound(
        column=f"{column.table}.{column.name}" if column.table else column.name,
        op=op,
        value=_value_name(value),
        shifted=any(isinstance(part, _SHIFTS) for part in value.walk()),
        is_column=any(isinstance(part, exp.Column) and not part.name.startswith(("H_", "J_")) for part in value.walk()),
        at=piece.at(column),
        text=" ".join(node.sql(dialect="bigquery").replace("'H_", "'").replace("H_", "").split()),
    )


def _column(node: exp.Expression) -> exp.Column | None:
    """Return the column that is compared, within a cast or a function of it; None where it is none."""
    while isinstance(
        node, exp.Cast | exp.TryCast | exp.Date | exp.TsOrDsToDate | exp.Paren | exp.TimestampTrunc | exp.DateTrunc
    ):
        node = node.this
    if isinstance(node, exp.Column) and not node.name.startswith(("H_", "J_", "$")):
        return node
    return None


def _value_name(node: exp.Expression) -> str:
    """Return the name of a parameter, a hole, or another table's column; "" for literals and calls of nothing."""
    for part in node.walk():
        if isinstance(part, exp.Parameter | exp.Placeholder):
            return part.name or (part.this.name if isinstance(part.this, exp.Expression) else "")
        if isinstance(part, exp.Literal) and part.is_string and part.this.strip().startswith(("H_", "J_")):
            return str(part.this.strip()[2:])
        if isinstance(part, exp.Column):
            if part.name.startswith(("H_", "J_")):
                return part.name[2:]
            return f"{part.table}.{part.name}" if part.table else part.name
    return ""


def is_aggregate(select: exp.Select) -> bool:
    """Whether the SELECT makes numbers of several rows."""
    if select.args.get("group") is not None:
        return True
    return any(
        isinstance(part, exp.AggFunc | exp.Window)
        for one in select.expressions
        for part in one.walk(prune=lambda node: isinstance(node, exp.Select))
    )


def tables(piece: Piece) -> str:
    """Return the names of the tables that are read and written, as one text."""
    return " ".join(".".join(part.name for part in table.parts) for table in piece.tree.find_all(exp.Table))


_SIDES = re.compile(r"player|team|club|pitcher|batter", re.IGNORECASE)
_GAMES = re.compile(r"game|match|date|day", re.IGNORECASE)


def is_of_all_games(window: exp.Expression, event: re.Pattern[str]) -> bool:
    """Whether a window is over a player's or a team's rows, a row a game, of which nothing was left out by when it was."""
    by = " ".join(column.name for one in window.args.get("partition_by") or () for column in one.find_all(exp.Column))
    select = window.find_ancestor(exp.Select)
    if select is None or not _SIDES.search(by) or _GAMES.search(by):
        return False
    compared = (column.name for one in select.root().find_all(exp.Predicate) for column in one.find_all(exp.Column))
    is_by_game = any(re.search(r"game|match", one.alias_or_name, re.IGNORECASE) for one in select.expressions)
    return is_by_game and not any(map(event.search, compared))
