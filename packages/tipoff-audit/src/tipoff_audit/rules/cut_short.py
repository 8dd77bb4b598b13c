"""Loops and counts that are cut short by an error, and look as if they had come to their end."""

import ast
import re

from tipoff_audit.finding import Level
from tipoff_audit.reading.context import File
from tipoff_audit.reading.handlers import answer, breadth, inside
from tipoff_audit.reading.index import Scope
from tipoff_audit.reading.names import constant, dotted, last_name
from tipoff_audit.reading.try_blocks import is_of_another_side


def cut_short(file: File) -> None:
    """Report errors that end a loop over pages as its last page does, and those that become a count of nought."""
    for block in file.index.tries:
        scope = file.scope(block)
        if scope.kind != "function":
            continue
        for handler in block.handlers:
            said = answer(handler, file.effects, file.index)
            if said.raises or said.records or said.acts:
                continue
            is_error = said.logs or breadth(handler) != "narrow" or is_of_another_side(handler, file.index)
            if isinstance(handler.body[-1], ast.Break | ast.Return) and is_error:  # a queue's `Empty` is none
                _as_if_at_its_end(file, scope, block, handler)
            elif said.assigns:
                _counted_as_none(file, scope, block, handler)


def _as_if_at_its_end(file: File, scope: Scope, block: ast.Try, handler: ast.ExceptHandler) -> None:
    loop, last = file.index.up.get(block), handler.body[-1]
    counts = isinstance(loop, ast.For) and last_name(loop.iter) in {"range", "count"}
    if not isinstance(loop, ast.While | ast.For) or not (counts or isinstance(loop, ast.While)):
        return
    if not all(_is_slight(file, one) for one in handler.body[:-1]):
        return
    ends = [part for part in inside(loop.body) if isinstance(part, ast.Break) and part is not handler.body[-1]]
    gathered = _gathered(loop) & {last_name(done.value) for done in scope.returns if done.value is not None}
    if isinstance(last, ast.Return):
        gathered &= {last_name(last.value)} if isinstance(last.value, ast.Name) else set()
    asks = any(effect.kind == "read" for call in _calls(block) for effect in file.effects.through(call))
    if gathered and asks and (ends or (isinstance(loop, ast.While) and not _is_endless(loop))):
        name = min(gathered)
        message = f"an error ends the loop as its last page does, and `{name}` is given back as if it were whole"
        file.say("log-only-handler", handler, Level.NOTE, f"{message}; let the error pass", guards="read")


def refused_pages(file: File) -> None:
    """Report answers that are refused and end a loop over pages as its last page does."""
    for loop in file.index.loops:
        scope = file.scope(loop)
        if not isinstance(loop, ast.While) or not _is_endless(loop) or scope.kind != "function":
            continue
        gathered = _gathered(loop) & {last_name(done.value) for done in scope.returns if done.value is not None}
        refused = [one for one in loop.body if isinstance(one, ast.If) and _REFUSED.search(ast.unparse(one.test))]
        ends = [part for part in inside(loop.body) if isinstance(part, ast.Break)]
        for one in refused if gathered and len(ends) > 1 else ():
            if isinstance(one.body[-1], ast.Break) and all(_is_slight(file, part) for part in one.body[:-1]):
                message = (
                    f"a refusal ends the loop as its last page does, and `{min(gathered)}` is given back as if whole"
                )
                file.say("log-only-handler", one, Level.NOTE, f"{message}; call `raise_for_status()`", guards="read")


_REFUSED = re.compile(r"^\w+\.status(_code)? != 200$|^not \w+\.ok$|^\w+\.status(_code)? >= 400$")


def _is_slight(file: File, node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and file.effects.of(node.value).kind == "log"


def _is_endless(loop: ast.While) -> bool:
    return constant(loop.test) is True


def _calls(block: ast.Try) -> list[ast.Call]:
    return [part for part in inside(block.body) if isinstance(part, ast.Call)]


def _gathered(loop: ast.While | ast.For) -> set[str]:
    """Return the names to which the loop adds, round by round."""
    found: set[str] = set()
    for part in inside(loop.body):
        if isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name) and isinstance(part.op, ast.Add):
            found.add(part.target.id)
        elif isinstance(part, ast.Call) and last_name(part.func) in {"extend", "append"}:
            found.add(dotted(part.func).rpartition(".")[0])
    return found


def _counted_as_none(file: File, scope: Scope, block: ast.Try, handler: ast.ExceptHandler) -> None:
    """Judge `players = []` in a handler, where what follows counts or sums them: nobody is hurt, nothing is owed."""
    emptied = {
        node.targets[0].id
        for node in handler.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.List | ast.Dict | ast.Tuple)
        and not ast.unparse(node.value).strip("[]{}()")
    }
    end = block.end_lineno or block.lineno
    for name in sorted(emptied):
        used = [node for node in file.index.loads(scope, name) if node.lineno > end]
        if used and all(_is_counted(file, node) for node in used) and _is_read(file, block, name):
            message = f"what could not be read becomes an empty `{name}`, and is counted as nought"
            advice = "let the error pass, or say that it is unknown"
            file.say("zero-for-missing", handler, Level.NOTE, f"{message}; {advice}", guards="read")


def _is_counted(file: File, node: ast.AST) -> bool:
    """Whether the value is summed or counted, and what comes of that is given back."""
    counted = False
    for parent in file.index.parents(node):
        if isinstance(parent, ast.Call):
            if dotted(parent.func) not in {"sum", "len"}:
                return False
            counted = True
        elif isinstance(parent, ast.Return | ast.Dict):
            return counted
        elif isinstance(parent, ast.Assign):
            scope, name = file.scope(parent), last_name(parent.targets[0])
            given = [file.index.up.get(one) for one in file.index.loads(scope, name)]
            return counted and bool(given) and all(isinstance(one, ast.Return | ast.Dict) for one in given)
        elif not isinstance(parent, ast.expr | ast.comprehension):
            return False
    return False


def _is_read(file: File, block: ast.Try, name: str) -> bool:
    """Whether the block gives the name what it has read."""
    given = any(isinstance(node, ast.Name) and node.id == name for part in block.body for node in ast.walk(part))
    return given and any(effect.kind == "read" for call in _calls(block) for effect in file.effects.through(call))
