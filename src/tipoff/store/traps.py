"""The lint of SQL: an expression that means something else on another engine, or at another time, is refused by name.

These are the tempting ones, each with its reason; whatever else is not on the list of `portable.py` is refused there. They were
measured on DuckDB and on an emulator of BigQuery, or are written in BigQuery's reference.
"""

from sqlglot import exp

from tipoff.core.errors import ShapeError

_CLOCKS = (exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentTime, exp.CurrentDatetime)
_CHANCE = {"RAND", "UUID", "ANY_VALUE", "FARM_FINGERPRINT", "NORMALIZE"}  # as the parser names them
_ROUGH = {
    "APPROX_QUANTILES",
    "APPROX_QUANTILE",
    "APPROX_COUNT_DISTINCT",
    "APPROX_DISTINCT",
    "APPROX_TOP_COUNT",
    "APPROX_TOP_K",
    "APPROX_TOP_SUM",
}
_WEEKS = {"DAYOFWEEK", "ISOWEEK", "WEEK", "ISOYEAR"}
_NUMBERED = (exp.RowNumber, exp.FirstValue, exp.LastValue, exp.Lag, exp.Lead)


def refuse_traps(tree: exp.Expr, name: str) -> None:
    """Read `tree`, in BigQuery's dialect, from end to end.

    Raises:
        ShapeError: It holds a known trap.
    """
    for node in tree.walk():
        trap = _trap(node) or _join_trap(node)
        if trap:
            msg = f"{name}: {trap}: {node.sql(dialect='bigquery')[:80]}"
            raise ShapeError(msg, hint="it means something else on another engine, or at another time")


def _trap(node: exp.Expr) -> str:  # noqa: C901, PLR0911, PLR0912 -- one answer a trap
    if isinstance(node, _CLOCKS):
        return "steps have no clock: use @day or @as_of"
    if isinstance(node, exp.Between) and isinstance(node.this, exp.Column) and node.this.name == "day":
        return "BETWEEN on the day includes both ends: the window says which days are read"
    if isinstance(node, exp.Func) and _function_name(node) in _CHANCE:
        return "chance and engine-bound functions are refused"
    if isinstance(node, exp.Func) and _function_name(node) in _ROUGH:
        return "each engine is roughly right in its own way: count or sort exactly"
    if isinstance(node, exp.Extract) and _unit(node.this) in _WEEKS:
        return "weeks and weekdays are counted differently"
    if isinstance(node, exp.DateTrunc | exp.TimestampTrunc | exp.DatetimeTrunc) and _unit(node.args["unit"]) in _WEEKS:
        return "weeks begin on different days"
    if isinstance(node, exp.DateDiff) and _unit(node.args.get("unit")) != "DAY":
        return "one engine counts whole months, another the bounds that are crossed: count days"
    if isinstance(node, exp.TimestampDiff | exp.DatetimeDiff) and _unit(node.args.get("unit")) != "MICROSECOND":
        return "one engine counts whole units, another the bounds that are crossed: count microseconds"
    if isinstance(node, exp.ArrayAgg | exp.Unnest | exp.Array):
        return "arrays are not portable here"
    if isinstance(node, exp.GroupConcat | exp.Format):
        return "text is put together differently"
    if isinstance(node, exp.CountIf):
        return "of unknown values it is 0 on one engine and unknown on another: COUNT(IF(…, 1, NULL))"
    if isinstance(node, exp.Div) and not _is_number(node.expression):
        return "a division by zero is an error on one engine and no number on another: SAFE_DIVIDE"
    if isinstance(node, exp.IntDiv) and any(isinstance(side, exp.Binary) for side in (node.this, node.expression)):
        return "DIV of a sum loses its brackets in translation: put them inside, DIV((a + b), 2)"
    if isinstance(node, exp.Window) and isinstance(node.this, _NUMBERED) and not node.args.get("order"):
        return "the rows have no order"
    return ""


def _join_trap(node: exp.Expr) -> str:
    """Return what is wrong with a join: BigQuery refuses an outer one that has no equality of the two sides."""
    if isinstance(node, exp.Join) and node.method == "NATURAL":
        return "a natural join is on whatever columns are read of both sides: name them, USING (…)"
    if not isinstance(node, exp.Join) or node.side not in {"LEFT", "RIGHT", "FULL"} or node.args.get("using"):
        return ""
    on = node.args.get("on")
    parts = on.flatten() if isinstance(on, exp.And) else [on]
    if any(isinstance(part, exp.EQ) and part.left.find(exp.Column) and part.right.find(exp.Column) for part in parts):
        return ""
    return "an outer join needs an equality of its two sides"


def _unit(node: exp.Expr | None) -> str:
    """Return a date part's name: WEEK also for WEEK(MONDAY)."""
    return "" if node is None else node.sql(dialect="bigquery").upper().partition("(")[0].strip("'")


def _is_number(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and not node.is_string and float(node.this) != 0


def _function_name(node: exp.Func) -> str:
    return (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).upper()
