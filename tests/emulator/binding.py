"""Parameters of scripts, written into them as literals: BigQuery takes parameters in scripts, the emulator does not.

Part of a test double; the product's own statements carry parameters and nothing else.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from sqlglot import TokenType
from sqlglot.dialects.bigquery import BigQuery


def is_script(sql: str) -> bool:
    """Whether there is more than one statement."""
    tokens = BigQuery().tokenize(sql)
    return any(token.token_type is TokenType.SEMICOLON for token in tokens[:-1])


def bound(sql: str, parameters: Sequence[Mapping[str, Any]]) -> str:
    """Return `sql` with each @name replaced by its value."""
    values = {parameter["name"]: _literal(parameter) for parameter in parameters}
    tokens = BigQuery().tokenize(sql)
    parts, end = [], 0
    for at, name in pairwise(tokens):
        if at.token_type is TokenType.PARAMETER and name.start == at.end + 1:
            parts += [sql[end : at.start], values[name.text]]
            end = name.end + 1
    return "".join([*parts, sql[end:]])


def _literal(parameter: Mapping[str, Any]) -> str:
    kind, value = parameter["parameterType"], parameter["parameterValue"]
    if kind["type"] == "ARRAY":
        inner = kind["arrayType"]["type"]
        items = [_scalar(inner, item.get("value")) for item in value.get("arrayValues", [])]
        return f"[{', '.join(items)}]" if items else f"CAST([] AS ARRAY<{inner}>)"
    return _scalar(kind["type"], value.get("value"))


def _scalar(kind: str, value: str | None) -> str:
    if value is None:
        return f"CAST(NULL AS {kind})"
    if kind in {"INT64", "FLOAT64", "BOOL", "NUMERIC"}:
        return str(value)
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'" if kind == "STRING" else f"{kind} '{escaped}'"
