"""Writes of a loop on one connection of PostgreSQL: after the first that fails all that follow fail."""

import ast
import re
from collections.abc import Iterator

from tipoff_audit.reading.handlers import caught_types, inside
from tipoff_audit.reading.index import Index
from tipoff_audit.reading.names import dotted, last_name

DRIVERS = ("psycopg2", "psycopg")
_EXECUTES = frozenset({"execute", "executemany", "copy_expert", "copy_from"})
_NAMES = frozenset({"Error", "DatabaseError", "InternalError"})
_BEGINS = frozenset({"rollback", "begin_nested", "savepoint", "transaction", "begin", "atomic"})
_CONNECTS = re.compile(r"connect|acquire|session|pool|get_conn|getconn|engine", re.IGNORECASE)
_OWN = re.compile(r"autocommit|savepoint|isolation_level|\.reset\(", re.IGNORECASE)
_OTHERS = frozenset({"sqlite3", "aiosqlite", "pymysql", "mysql", "pyodbc", "oracledb", "duckdb", "clickhouse_driver"})


def why_aborted(own: Index, block: ast.Try, handler: ast.ExceptHandler) -> str:
    """Return what one failure does to the others, where the connection is PostgreSQL's; "" where it does nothing to them."""
    if _OWN.search(own.source.text) or any(origin.partition(".")[0] in _OTHERS for origin in own.imports.values()):
        return ""  # each statement by itself, or a connection of which nobody knows whose it is
    scope = own.scope(block)
    loop = next((one for one in own.parents(block) if isinstance(one, ast.For | ast.AsyncFor)), None)
    if loop is None or own.scope(loop) is not scope or _leaves(handler, own):
        return ""
    writes = [call for call in _calls(block.body) if last_name(call.func) in _EXECUTES]
    within = [*block.body, *block.orelse]
    is_another = any(_CONNECTS.search(dotted(call.func)) for call in _calls(loop.body)) or any(
        one in {*_around(own, block, loop), *inside(within)} and not _is_cursor(one) for one in own.withs
    )
    if not writes or is_another or any(last_name(call.func) in _BEGINS for call in scope.calls):
        return ""
    commits = [call for call in scope.calls if last_name(call.func) == "commit" and call.lineno > block.lineno]
    skipped = set(_calls(within))
    if not commits or any(call in _calls(loop.body) and call not in skipped for call in commits):
        return ""  # a commit ends the transaction, aborted or not
    line = commits[0].lineno
    is_within = loop.lineno <= line <= (loop.end_lineno or line)
    undone = "" if is_within else f", and the commit on line {line} undoes what had been written before"
    return f"PostgreSQL leaves the transaction aborted: each later write of the loop fails too{undone}"


def imports_driver(own: Index) -> bool:
    """Whether the file imports a driver that leaves the transaction aborted."""
    return any(origin.partition(".")[0] in DRIVERS for origin in own.imports.values())


def catches_aborted(handler: ast.ExceptHandler, own: Index) -> bool:
    """Whether a handler names what the driver raises for each statement in an aborted transaction."""
    return bool({last_name(kind) for kind in caught_types(handler, own)} & _NAMES)


def _is_cursor(block: ast.With | ast.AsyncWith) -> bool:
    """Whether a block opens cursors alone: a connection's own block ends its transaction."""
    return all(dotted(getattr(item.context_expr, "func", item)).endswith("cursor") for item in block.items)


def _leaves(handler: ast.ExceptHandler, own: Index) -> bool:
    """Whether the loop ends there, or somebody else is asked to mend it."""
    parts, called = list(inside(handler.body)), {last_name(call.func) for call in _calls(handler.body)}
    mends = [
        handler,
        *(scope.node for scope in own.scopes if scope.kind == "function" and scope.name.rpartition(".")[2] in called),
    ]
    if any("rollback" in ast.unparse(node).lower() for node in mends):
        return True
    return any(isinstance(one, ast.Raise | ast.Return | ast.Break) for one in parts) or any(
        last_name(call.func) in _BEGINS or _CONNECTS.search(dotted(call.func)) for call in _calls(handler.body)
    )


def _calls(statements: list[ast.stmt]) -> Iterator[ast.Call]:
    return (node for node in inside(statements) if isinstance(node, ast.Call))


def _around(own: Index, block: ast.AST, loop: ast.AST) -> list[ast.AST]:
    """Return what stands around a block, up to a loop."""
    found: list[ast.AST] = []
    for parent in own.parents(block):
        if parent is loop:
            return found
        found.append(parent)
    return found
