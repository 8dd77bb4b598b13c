"""Work that is marked as done in a table, for good, before it is done."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.flows import apart
from tipoff_audit.reading.index import Scope
from tipoff_audit.reading.names import last_name, names_in

_MARKS = re.compile(
    r"\bUPDATE\s+\S+\s+SET\b[^;]*?\b(?:\w*(?:status|state)\w*\s*=\s*'(?:done|completed?|processed|finished|success|loaded|sent|exported)'"
    r"|(?:is_)?(?:done|completed?|processed|finished|loaded|sent|exported)\s*=\s*(?:TRUE|1)\b)",
    re.IGNORECASE,
)
_UPDATES = re.compile(r"\bUPDATE\b", re.IGNORECASE)
_AGAIN = re.compile(r"'(?:pending|queued|new|open|failed|error|retry|ready)'|=\s*(?:FALSE|0)\b", re.IGNORECASE)


def marked_before_done(file: File) -> None:
    """Report an item that is marked as done, and committed as such, before what is made of it is written."""
    for scope in file.index.scopes:
        if scope.kind != "function":
            continue
        marks = [call for call in scope.calls if _sql(file, call, _MARKS)]
        if marks and not any(_sql(file, call, _AGAIN) and _sql(file, call, _UPDATES) for call in scope.calls):
            for mark in marks:
                _judge(file, scope, mark)


def _sql(file: File, call: ast.Call, wanted: re.Pattern[str]) -> bool:
    text = file.effects.sql(call) if last_name(call.func) == "execute" and call.args else None
    return text is not None and wanted.search(text) is not None


def _judge(file: File, scope: Scope, mark: ast.Call) -> None:
    """Judge a mark: the commit that makes it stand, and the first write of the same item after it, where none stands before."""
    items = set().union(*map(names_in, mark.args[1:]))
    if not items:
        return
    loop = next((one for one in file.index.parents(mark) if isinstance(one, ast.For)), None)
    items |= names_in(loop.target) if loop is not None else set()
    beside = [call for call in scope.calls if not apart(file, mark, call)]
    writes = [call for call in beside if _writes(file, call, items)]
    commit = next((one for one in beside if last_name(one.func) == "commit" and one.lineno > mark.lineno), None)
    if commit is None or any(call.lineno < mark.lineno for call in writes):
        return
    for call in (one for one in writes if one.lineno > commit.lineno):
        message = (
            f"an item is marked as done, for good, before {last_name(call.func)}() on line {call.lineno} has succeeded"
        )
        advice = "if that fails, nobody does it again; mark it afterwards"
        file.say("cleared-before-io", mark, Level.NOTE, f"{message}: {advice}", guards="write")
        return


def _writes(file: File, call: ast.Call, items: set[str]) -> bool:
    """Whether a call surely writes one of these items, and is no mark itself."""
    effect, of = file.effects.of(call), set().union(*map(names_in, [*call.args, *call.keywords]))
    return effect.kind == "write" and effect.sure and bool(of & items) and not _sql(file, call, _MARKS)
