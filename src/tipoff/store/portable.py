"""The list of what a statement may be made of: expressions, functions and casts that both engines are known to give alike.

Each function on it has a case with a value from BigQuery's reference in `tests/conformance/functions.toml`; who needs another
adds its case and its name.
"""

from collections.abc import Iterable, Mapping
from itertools import pairwise

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify
from sqlglot.schema import MappingSchema

from tipoff.core.errors import ShapeError
from tipoff.core.schema import ColumnType, Table

_SHAPE: frozenset[type[exp.Expr]] = frozenset(
    {
        exp.Select, exp.From, exp.Where, exp.Join, exp.Group, exp.Having, exp.With, exp.CTE, exp.Subquery, exp.Union,
        exp.Table, exp.TableAlias, exp.Alias, exp.Column, exp.Identifier, exp.Star, exp.Except, exp.Distinct, exp.Paren,
        exp.Literal, exp.RawString, exp.Null, exp.Boolean, exp.Parameter, exp.Var, exp.Interval, exp.DataType, exp.Tuple,
        exp.Window, exp.WindowSpec, exp.Order, exp.Ordered, exp.Case, exp.If,
    }
)  # fmt: skip
_OPERATORS: frozenset[type[exp.Expr]] = frozenset(
    {
        exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Between, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE,
        exp.NullSafeEQ, exp.NullSafeNEQ, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.Cast,
        exp.Exists,
    }
)  # fmt: skip
FUNCTIONS: Mapping[type[exp.Expr], str] = {  # by the name under which `functions.toml` has its case
    exp.Abs: "ABS", exp.Avg: "AVG", exp.Ceil: "CEIL", exp.Coalesce: "COALESCE", exp.Concat: "CONCAT", exp.Count: "COUNT",
    exp.DateAdd: "DATE_ADD", exp.DateDiff: "DATE_DIFF", exp.DateSub: "DATE_SUB", exp.Exp: "EXP", exp.Extract: "EXTRACT",
    exp.FirstValue: "FIRST_VALUE", exp.Floor: "FLOOR", exp.TimeToStr: "FORMAT_TIMESTAMP", exp.Greatest: "GREATEST",
    exp.Lag: "LAG", exp.LastValue: "LAST_VALUE", exp.Lead: "LEAD", exp.Least: "LEAST", exp.Length: "LENGTH", exp.Ln: "LN",
    exp.LogicalAnd: "LOGICAL_AND", exp.LogicalOr: "LOGICAL_OR", exp.Lower: "LOWER", exp.Pad: "LPAD", exp.Max: "MAX",
    exp.Min: "MIN", exp.Nullif: "NULLIF", exp.Pow: "POW", exp.RegexpLike: "REGEXP_CONTAINS",
    exp.RegexpReplace: "REGEXP_REPLACE", exp.Round: "ROUND", exp.RowNumber: "ROW_NUMBER", exp.SafeDivide: "SAFE_DIVIDE",
    exp.Sign: "SIGN", exp.Sqrt: "SQRT", exp.StartsWith: "STARTS_WITH", exp.StddevSamp: "STDDEV_SAMP", exp.Substring: "SUBSTR",
    exp.Sum: "SUM", exp.Timestamp: "TIMESTAMP", exp.TimestampAdd: "TIMESTAMP_ADD", exp.TimestampDiff: "TIMESTAMP_DIFF",
    exp.TimestampSub: "TIMESTAMP_SUB", exp.Trim: "TRIM", exp.Upper: "UPPER", exp.Variance: "VAR_SAMP",
}  # fmt: skip
_HELPERS = frozenset({exp.TsOrDsToTimestamp})  # what the parser puts around an argument
_LISTED = _SHAPE | _OPERATORS | FUNCTIONS.keys() | _HELPERS
_CLOCK = "is refused: steps have no clock, use @day or @as_of"
_CHANCE = "is refused, as are all chance and engine-bound functions"
_ROUGH = "is refused: each engine is roughly right in its own way, count or sort exactly"
_WEEKS = "is refused: weeks begin on different days"
_ARRAY = "is refused: arrays are not portable here"
_TEXT_MADE = "is refused: text is put together differently"
_TEMPTING: Mapping[type[exp.Expr], str] = {
    exp.CurrentDate: _CLOCK, exp.CurrentTimestamp: _CLOCK, exp.CurrentTime: _CLOCK, exp.CurrentDatetime: _CLOCK,
    exp.Rand: _CHANCE, exp.Uuid: _CHANCE, exp.AnyValue: _CHANCE, exp.FarmFingerprint: _CHANCE, exp.Normalize: _CHANCE,
    exp.ApproxQuantiles: _ROUGH, exp.ApproxDistinct: _ROUGH, exp.ApproxTopK: _ROUGH, exp.ApproxTopSum: _ROUGH,
    exp.DateTrunc: _WEEKS, exp.TimestampTrunc: _WEEKS, exp.DatetimeTrunc: _WEEKS,
    exp.Bracket: _ARRAY, exp.ArrayAgg: _ARRAY, exp.Unnest: _ARRAY, exp.Array: _ARRAY,
    exp.GroupConcat: _TEXT_MADE, exp.Format: _TEXT_MADE,
    exp.CountIf: "is refused: of unknown values it is 0 on one engine and unknown on another, COUNT(IF(…, 1, NULL))",
    exp.DatetimeDiff: "is refused: count microseconds, with TIMESTAMP_DIFF",
}  # fmt: skip
_UNITS: Mapping[type[exp.Expr], str] = {exp.DateDiff: "DAY", exp.TimestampDiff: "MICROSECOND"}
_NUMBERED = (exp.RowNumber, exp.FirstValue, exp.LastValue, exp.Lag, exp.Lead)
_STEADY_FORMS = frozenset("YmdHMSF")  # of FORMAT_TIMESTAMP
_PARTS = frozenset({"YEAR", "MONTH", "DAY"})  # of EXTRACT, from a date
_LARGEST = 1e100  # beyond it a quotient may overflow: NULL on one engine, infinity on the other

_INT, _FLOAT, _TEXT, _BOOL, _DATE, _INSTANT = (
    ColumnType.INT.value,
    ColumnType.FLOAT.value,
    ColumnType.TEXT.value,
    ColumnType.BOOL.value,
    ColumnType.DATE.value,
    ColumnType.INSTANT.value,
)
_NUMBERS = frozenset({_INT, _FLOAT})
CASTS = frozenset(
    {(_INT, _FLOAT), (_INT, _TEXT), (_BOOL, _INT), (_BOOL, _TEXT), (_DATE, _TEXT), (_TEXT, _DATE), (_FLOAT, _INT)}
)  # FLOAT64 to INT64 only where the value is whole: see `_cast`
_COMPARED = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Between, exp.In)
_CHOSEN = (exp.Coalesce, exp.Least, exp.Greatest, exp.Nullif)
_RECKONED = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.SafeDivide, exp.Neg, exp.Abs, exp.Avg, exp.Sum, exp.Pow, exp.Sqrt)
_OF_TEXT = (
    exp.Substring, exp.Lower, exp.Upper, exp.Trim, exp.Length, exp.Pad, exp.StartsWith, exp.RegexpLike, exp.RegexpReplace,
)  # fmt: skip
_WHOLE = (exp.Floor, exp.Ceil)


def refuse_unlisted(tree: exp.Expr, name: str) -> None:
    """Refuse with a `ShapeError` what in `tree`, in BigQuery's dialect, is not on the list, or has other arguments."""
    for node in tree.walk():
        unlisted = _TEMPTING.get(type(node), "is not on the list of what both engines give alike")
        wrong = _argument(node) if type(node) in _LISTED else unlisted
        if wrong:
            raise _refused(name, node, wrong)


def refuse_mixed_types(tree: exp.Query, name: str, tables: Mapping[str, Table], made: Table | None = None) -> None:
    """Read the types of all expressions of `tree`, which is used up; `made`: the table whose columns its last SELECT must give.

    Raises:
        ShapeError: A type is turned into another without a cast, by a cast that the engines do differently, or cannot be told.
    """
    windows: dict[str, dict[str, dict[str, str]]] = {}
    for found in tree.find_all(exp.Table):
        if found.db and found.name in tables:
            columns = {column.name: column.type.value for column in tables[found.name].columns}
            windows.setdefault(found.db, {})[found.name] = columns
    schema, typed = MappingSchema(dict(windows), dialect="bigquery"), tree
    for parameter in list(typed.find_all(exp.Parameter)):
        kind = _INSTANT if parameter.name == "as_of" else _DATE
        parameter.replace(exp.cast(exp.Null(), exp.DataType.build(kind, dialect="bigquery")))
    try:
        typed = annotate_types(
            qualify(typed, schema=schema, dialect="bigquery", quote_identifiers=False),
            schema=schema,
            dialect="bigquery",
        )
    except SqlglotError as error:
        msg = f"{name}: the columns of the statement cannot be told: {error}"
        raise ShapeError(msg, hint="name columns as the tables declare them") from error
    for node in typed.walk():
        wrong = _types(node)
        if wrong:
            raise _refused(name, node, wrong)
    declarations = {column.name: column.type.value for column in made.columns} if made else {}
    for shown in typed.selects if made else ():
        declared = declarations.get(shown.alias_or_name, "")
        given = _type(shown)
        if declared and given not in {declared, "NULL"} and (given, declared) != (_INT, _FLOAT):
            raise _refused(name, shown, f"gives {given or 'an unknown type'}, declared is {declared}: cast it by hand")


def _refused(name: str, node: exp.Expr, wrong: str) -> ShapeError:
    msg = f"{name}: {node.sql(dialect='bigquery')[:80]} {wrong}"
    return ShapeError(msg, hint="what a statement may hold stands in docs/how-to/add-a-step.md")


def _argument(node: exp.Expr) -> str:  # noqa: C901, PLR0911, PLR0912 -- one answer a rule
    if isinstance(node, exp.Literal) and not node.is_string and abs(float(node.this)) > _LARGEST:
        return "is so large that a quotient may overflow: NULL on one engine, infinity on the other"
    if isinstance(node, exp.With) and node.args.get("recursive"):
        return "is recursive"
    if isinstance(node, exp.TimeToStr):
        form = node.args["format"]
        if node.args.get("zone"):
            return "names a zone, which is lost in translation"
        if not isinstance(form, exp.Literal) or not _forms(form.this) <= _STEADY_FORMS:
            return f"may use no form but %{', %'.join(sorted(_STEADY_FORMS))}"
    if isinstance(node, exp.Timestamp) and (node.args.get("zone") or node.expression):
        return "names a zone, which is lost in translation"
    if isinstance(node, exp.Substring) and not _at_least(node.args.get("start"), 1):
        return "must begin at a number of at least 1: 0 is the first letter on one engine and none on the other"
    if isinstance(node, exp.Extract) and node.this.name.upper() not in _PARTS:
        return "may take YEAR, MONTH and DAY alone: weeks and weekdays are counted differently"
    if isinstance(node, exp.WindowSpec) and node.args.get("kind") != "ROWS":
        return "must count ROWS"
    if isinstance(node, exp.RegexpLike | exp.RegexpReplace) and not isinstance(
        node.expression, exp.Literal | exp.RawString
    ):
        return "needs a pattern that is written out"
    if isinstance(node, exp.Trim | exp.Length | exp.Upper | exp.Lower) and node.expression:
        return "takes one argument"
    if isinstance(node, exp.Between) and isinstance(node.this, exp.Column) and node.this.name == "day":
        return "includes both ends: the window says which days are read"
    if type(node) in _UNITS and node.text("unit").upper() != _UNITS[type(node)]:
        counted = f"{_UNITS[type(node)].lower()}s"
        return f"is refused: one engine counts whole units, another the bounds that are crossed, count {counted}"
    if isinstance(node, exp.Div) and not _is_number(node.expression):
        return "may divide by zero, an error on one engine and no number on another: SAFE_DIVIDE"
    if isinstance(node, exp.IntDiv) and any(isinstance(side, exp.Binary) for side in (node.this, node.expression)):
        return "loses its brackets in translation: put them inside, DIV((a + b), 2)"
    if isinstance(node, exp.Window) and isinstance(node.this, _NUMBERED) and not node.args.get("order"):
        return "numbers rows that have no order"
    return _joined(node) if isinstance(node, exp.Join) else ""


def _joined(node: exp.Join) -> str:
    """Return what is wrong with a join: BigQuery refuses an outer one that has no equality of the two sides."""
    if node.method == "NATURAL":
        return "is a natural join, on whatever columns are read of both sides: name them, USING (…)"
    if node.side not in {"LEFT", "RIGHT", "FULL"} or node.args.get("using"):
        return ""
    on = node.args.get("on")
    parts = on.flatten() if isinstance(on, exp.And) else [on]
    if any(isinstance(part, exp.EQ) and part.left.find(exp.Column) and part.right.find(exp.Column) for part in parts):
        return ""
    return "is an outer join, which needs an equality of its two sides"


def _is_number(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and float(node.this) != 0


def _forms(text: str) -> set[str]:
    return {after for before, after in pairwise(text) if before == "%"}


def _at_least(node: exp.Expr | None, least: int) -> bool:
    return isinstance(node, exp.Literal) and node.is_int and int(node.this) >= least


def _types(node: exp.Expr) -> str:  # noqa: C901, PLR0911 -- one answer a rule
    if isinstance(node, exp.Cast):
        return _cast(node)
    if isinstance(node, _COMPARED):
        return _alike(_operands(node), "compares")
    if isinstance(node, _CHOSEN):
        return _alike(_operands(node), "chooses among")
    if isinstance(node, exp.If):
        return _alike([node.args.get("true"), node.args.get("false")], "chooses among")
    if isinstance(node, exp.Case):
        return _alike([*(one.args["true"] for one in node.args["ifs"]), node.args.get("default")], "chooses among")
    if isinstance(node, exp.Union):
        rows = zip(node.left.selects, node.right.selects, strict=False)
        return next((wrong for pair in rows if (wrong := _alike(pair, "puts below each other"))), "")
    if isinstance(node, _RECKONED) and {_type(part) for part in _operands(node)} - _NUMBERS - {"NULL"}:
        return "reckons with what is no number"
    if isinstance(node, exp.Mod) and {_type(part) for part in _operands(node)} - {_INT, "NULL"}:
        return "takes the remainder of what is not INT64"
    if isinstance(node, _OF_TEXT) and _type(node.this) not in {_TEXT, "NULL"}:
        return "takes a part of what is no STRING: cast it by hand"
    if isinstance(node, exp.Concat) and {_type(part) for part in _operands(node)} - {_TEXT, "NULL"}:
        return "puts together what is no STRING: cast it by hand"
    return ""


def _cast(node: exp.Cast) -> str:
    given, wanted = _type(node.this), _name(node.to)
    if given in {wanted, "NULL"}:
        return ""
    if given in {_FLOAT, _INSTANT} and wanted == _TEXT:
        return "as text differs (25 or 25.0): write its form out"
    if (given, wanted) not in CASTS:
        return f"casts {given or 'an unknown type'} to {wanted}, which the engines do differently or not at all"
    inner = node.this.unnest()
    if given == _FLOAT and not (
        isinstance(inner, _WHOLE) or (isinstance(inner, exp.Round) and not inner.args.get("decimals"))
    ):
        return "rounds differently: ROUND to no places, FLOOR or CEIL first"
    return ""


def _operands(node: exp.Expr) -> list[exp.Expr | None]:
    parts: list[exp.Expr | None] = []
    for key in ("this", "expression", "low", "high"):
        value = node.args.get(key)
        parts += [value] if isinstance(value, exp.Expr) else []
    parts += [part for part in node.args.get("expressions") or [] if isinstance(part, exp.Expr)]
    query = node.args.get("query")
    inner = query.unnest() if isinstance(query, exp.Expr) else None
    return [*parts, *(inner.selects if isinstance(inner, exp.Query) else ())]


def _alike(parts: Iterable[exp.Expr | None], verb: str) -> str:
    kinds = {_type(part) for part in parts if part is not None} - {"NULL"}
    if "" in kinds:
        return f"{verb} what has a type that cannot be told"
    families = {"a number" if kind in _NUMBERS else kind for kind in kinds}
    return f"{verb} {' and '.join(sorted(families))}: cast one by hand" if len(families) > 1 else ""


def _type(node: exp.Expr | None) -> str:
    """Return the name of an expression's type; NULL where it is nothing but NULL, empty where nobody can tell."""
    if isinstance(node, exp.Tuple):
        node = node.expressions[0]
    if node is None or isinstance(node.unnest(), exp.Null):
        return "NULL"
    return _name(node.type) if node.type is not None else ""


def _name(kind: exp.DataType) -> str:
    if kind.this is exp.DataType.Type.UNKNOWN:
        return ""
    return "NULL" if kind.this is exp.DataType.Type.NULL else kind.sql(dialect="bigquery")
