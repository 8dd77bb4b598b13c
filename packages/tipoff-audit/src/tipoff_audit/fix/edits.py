"""What can be changed without knowing more than the file says: each fix as text to put in place of text, by its preconditions.

A fix is here only where nothing changes but the fault: a hole that nothing filled is filled, an argument reaches the call that it
was meant for, a job is waited for whose failure nobody would have seen. What changes numbers (`<=` to `<`, a frame's end), what a
surrounding `set -e` or a comparison may count on, and what needs a name that the file does not have, is left to a person.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tipoff_audit.finding import Finding
from tipoff_audit.reading.index import FUNCTIONS, Index, Scope
from tipoff_audit.reading.names import Names, last_name


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Text that takes the place of what stands from `begin` to `end`."""

    begin: int
    end: int
    text: str


class Places:
    """Where a syntax tree's nodes stand in the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def at(self, line: int, column: int) -> int:
        """Return the place in the text; columns of a tree count bytes."""
        row = self._lines[line - 1]
        return self._starts[line - 1] + (column if row.isascii() else len(row.encode()[:column].decode()))

    def begin(self, node: ast.expr | ast.keyword) -> int:
        """Return where the node begins."""
        return self.at(node.lineno, node.col_offset)

    def end(self, node: ast.expr) -> int:
        """Return where it ends."""
        return self.at(node.end_lineno or node.lineno, node.end_col_offset or 0)


def missing_f(found: Index, places: Places, one: Finding) -> Iterator[Edit]:
    """Put an f before a string whose holes are names that are bound there for certain; to ask more of them might raise."""
    for node in found.strings:
        if (
            not node.lineno <= one.line <= (node.end_lineno or node.lineno)
            or not isinstance(node.value, str)
            or "{" not in node.value
        ):
            continue
        literal = places.text[places.begin(node) : places.end(node)]
        opening = re.match(r"([rR]?)(\"\"\"|'''|\"|')", literal)
        if opening is None or re.search(r"\{\{|\}\}", literal) or _is_joined(literal, opening[2]):
            return
        if _OF_BRACES.search(literal):
            return  # it speaks of the braces themselves
        try:
            made = ast.parse(f"f{literal}", mode="eval").body
        except SyntaxError:
            return
        holes = [part for part in ast.walk(made) if isinstance(part, ast.FormattedValue)]
        known, asked = _known(found, node), _asked_before(found, node)
        if holes and all(hole.format_spec is None and _is_there(hole.value, known, asked) for hole in holes):
            yield Edit(places.begin(node), places.begin(node), "f")
        return


def _is_there(value: ast.expr, known: set[str], asked: set[str]) -> bool:
    """Whether to ask for the value cannot raise: a name that is bound, what has just been asked for, or the type of an error."""
    if isinstance(value, ast.Name):
        return value.id in known
    if isinstance(value, ast.Attribute) and value.attr == "__name__" and isinstance(value.value, ast.Call):
        kind = value.value
        is_type = isinstance(kind.func, ast.Name) and kind.func.id == "type" and "type" not in known
        return is_type and len(kind.args) == 1 and not kind.keywords and _is_there(kind.args[0], known, asked)
    return isinstance(value, ast.Attribute) and ast.dump(value) in asked


def _asked_before(found: Index, node: ast.AST) -> set[str]:
    """Return the attributes of `self` that the statements before it in its blocks have set, or have asked for, for certain."""
    asked: set[str] = set()
    child = node
    for above in found.parents(node):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(above, name, None)
            if isinstance(block, list) and child in block:
                asked |= {one for earlier in block[: block.index(child)] for one in _asks(earlier)}
        if isinstance(above, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            break
        child = above
    return asked


def _asks(statement: ast.stmt) -> Iterator[str]:
    """Yield the attributes of `self` that a plain statement sets, or asks for whatever its values are."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr) or statement.value is None:
        return
    waiting: list[ast.AST] = [statement]
    while waiting:
        part = waiting.pop()
        if isinstance(part, _PERHAPS):
            continue  # what is asked for there may not be
        if isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "self":
            yield ast.dump(ast.Attribute(value=part.value, attr=part.attr, ctx=ast.Load()))
        waiting.extend(ast.iter_child_nodes(part))


_PERHAPS = (
    *(ast.BoolOp, ast.IfExp, ast.Lambda, ast.Compare),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


_OF_BRACES = re.compile(
    r"place.?holder|template|braces?\b|literal|wildcard|format string|to be (filled|replaced)", re.IGNORECASE
)


def _is_joined(literal: str, quote: str) -> bool:
    """Whether several literals stand side by side: an f before the first would fill only that one."""
    inner = literal.partition(quote)[2]
    return re.search(rf"(?<!\\){quote}", inner[: -len(quote)]) is not None


def _known(found: Index, node: ast.AST) -> set[str]:
    """Return the names that are bound where `node` stands whatever way the program came there."""
    known: set[str] = set()
    child = node
    for above in found.parents(node):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(above, name, None)
            if isinstance(block, list) and child in block:
                known |= {one for earlier in block[: block.index(child)] for one in _bound_by(earlier)}
        if isinstance(above, ast.For | ast.AsyncFor) and child in above.body:
            known |= _names(above.target)
        elif isinstance(above, ast.With | ast.AsyncWith):
            known |= {one for item in above.items if item.optional_vars for one in _names(item.optional_vars)}
        elif isinstance(above, ast.ExceptHandler) and above.name:
            known.add(above.name)
        elif isinstance(above, FUNCTIONS):
            extra = [one for one in (above.args.vararg, above.args.kwarg) if one]
            every = [*above.args.posonlyargs, *above.args.args, *above.args.kwonlyargs, *extra]
            return known | {one.arg for one in every} | _of_module(found)
        elif isinstance(above, ast.Lambda | ast.ClassDef):
            return set()
        child = above
    return known - set(found.imports)


def _of_module(found: Index) -> set[str]:
    """Return what the file itself binds for certain, its modules apart: `{time}` may be a logger's own."""
    body = found.module.node.body
    return {name for one in body for name in _bound_by(one)} - set(found.imports)


def _bound_by(statement: ast.stmt) -> set[str]:
    """Return the names that a statement binds, however it goes."""
    if isinstance(statement, ast.Assign):
        return {name for target in statement.targets for name in _names(target)}
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        return _names(statement.target)
    if isinstance(statement, ast.With | ast.AsyncWith):
        return {name for one in statement.body for name in _bound_by(one)}
    return set()


def _names(target: ast.expr) -> set[str]:
    return {part.id for part in ast.walk(target) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}


def arguments_outside(found: Index, places: Places, one: Finding) -> Iterator[Edit]:
    """Move keywords out of a `type(error, exc_info=True)`, which raises, to the call that they were meant for."""
    for call in found.calls:
        if not call.lineno <= one.line <= (call.end_lineno or call.lineno):
            continue
        for wrong in call.args:
            if not (isinstance(wrong, ast.Call) and isinstance(wrong.func, ast.Name) and wrong.func.id == "type"):
                continue
            names = {given.arg for given in call.keywords}
            moved = wrong.keywords
            if len(wrong.args) != 1 or not moved or any(given.arg is None or given.arg in names for given in moved):
                continue
            texts = [places.text[places.begin(given) : places.end(given.value)] for given in moved]
            yield Edit(places.end(wrong.args[0]), places.end(wrong) - 1, "")
            yield Edit(places.end(call) - 1, places.end(call) - 1, f", {', '.join(texts)}")
            return


def awaited(found: Index, places: Places, one: Finding) -> Iterator[Edit]:
    """Wait for a job that is begun and let go, so that its failure is an error, and for a coroutine of which nothing is done."""
    for call in found.calls:
        if (call.lineno, call.col_offset + 1) != (one.line, one.column) or not isinstance(found.up.get(call), ast.Expr):
            continue
        if last_name(call.func).startswith("load_table_from_") or (_JOB in one.message and _is_googles(found, call)):
            yield Edit(places.end(call), places.end(call), ".result()")
        elif _COROUTINE in one.message and _ends(found, call):
            yield Edit(places.begin(call), places.begin(call), "await ")
        return


_JOB, _COROUTINE = "only starts a job", "is a coroutine and is not awaited: nothing of it is done"


def _is_googles(found: Index, call: ast.Call) -> bool:
    """Whether the client is made by Google's own class in this file."""
    origin = Names(found).callee(call).origin
    return origin in {"google.cloud.bigquery.Client", "google.cloud.bigquery.client.Client"}


def _ends(found: Index, call: ast.Call) -> bool:
    """Whether it may be awaited where it stands: in a coroutine, and it comes to its end by itself.

    It does where it is a function of this file that has no loop but over values that are there, locks nothing, waits for
    nobody, and calls such functions of the file alone; those of other files may be asked, not awaited.
    """
    at = found.scope(call)
    full = Names(found).callee(call).full
    return isinstance(at.node, ast.AsyncFunctionDef) and full != at.name and _comes_to_its_end(found, full, {at.name})


def _is_for_others(found: Index, method: Scope) -> bool:
    """Whether a class below may have another in its place: it does nothing by itself, or its class leaves things to others."""
    assert isinstance(method.node, FUNCTIONS)  # noqa: S101 -- a function's
    of_class = method.of_class
    if of_class is None:
        return False
    does = [part for part in method.node.body if not isinstance(part, ast.Pass) and not _is_said(part)]
    is_below = any(
        last_name(base) == of_class.name.rpartition(".")[2]
        for scope in found.scopes
        if isinstance(scope.node, ast.ClassDef)
        for base in scope.node.bases
    )
    left = {"ABC", "abstractmethod", "NotImplementedError", "Protocol"}
    return not does or is_below or any(isinstance(p, ast.Name) and p.id in left for p in found.inner(of_class))


def _is_said(part: ast.stmt) -> bool:
    """Whether it is words alone, or a line of the log."""
    if not isinstance(part, ast.Expr):
        return False
    called = part.value
    return isinstance(called, ast.Constant) or (isinstance(called, ast.Call) and last_name(called.func) in _LOGS)


_LOGS = frozenset({"debug", "info", "warning", "print", "log"})


def _comes_to_its_end(found: Index, full: str, seen: set[str]) -> bool:  # noqa: PLR0911 -- a return for each that may not
    scopes = [one for one in found.scopes if one.name == full and isinstance(one.node, FUNCTIONS)]
    if len(scopes) != 1 or full in seen or _is_for_others(found, scopes[0]):
        return False
    names = Names(found)
    for part in found.inner(scopes[0]):
        if isinstance(part, ast.While | ast.AsyncFor | ast.AsyncWith | ast.Yield | ast.YieldFrom):
            return False
        if isinstance(part, ast.With) and not all(isinstance(item.context_expr, ast.Call) for item in part.items):
            return False  # a lock that whoever awaits it may hold
        if isinstance(part, ast.Call) and last_name(part.func) == "acquire":
            return False
        if isinstance(part, ast.Await):
            called = part.value
            if not isinstance(called, ast.Call):
                return False
            inner = names.callee(called).full
            if inner != "asyncio.sleep" and not _comes_to_its_end(found, inner, seen | {full}):
                return False
    return True


def called(found: Index, places: Places, one: Finding) -> Iterator[Edit]:
    """Call what is named as a statement: `connection.commit` does nothing without its brackets."""
    for node in found.bare:
        if (node.lineno, node.col_offset + 1) == (one.line, one.column):
            yield Edit(places.end(node), places.end(node), "()")
            return


def whole_age(found: Index, places: Places, one: Finding) -> Iterator[Edit]:
    """Ask an age for all of its seconds, those of its days too."""
    for compare in found.compares:
        if (compare.lineno, compare.col_offset + 1) != (one.line, one.column):
            continue
        for node in ast.walk(compare):
            if isinstance(node, ast.Attribute) and node.attr == "seconds" and _is_length(found, node.value):
                yield Edit(places.end(node) - len("seconds"), places.end(node), "total_seconds()")
            elif isinstance(node, ast.Name):
                yield from _of_a_named_length(found, places, node)
        return


def _is_length(found: Index, node: ast.expr) -> bool:
    """Whether it is one instant less another, also where that has a name of its own."""
    value = _meant(found, node) if isinstance(node, ast.Name) else node
    return isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub)


def _meant(found: Index, name: ast.Name) -> ast.expr | None:
    """Return what the function gives a name, if it gives it one meaning."""
    scope = found.scope(name)
    return scope.values.get(name.id) if len(scope.bound.get(name.id, ())) == 1 else None


def _of_a_named_length(found: Index, places: Places, name: ast.Name) -> Iterator[Edit]:
    """Where the seconds have a name, ask for all of them, if the name is put beside numbers and goes nowhere else."""
    value = _meant(found, name)
    if not isinstance(value, ast.Attribute) or value.attr != "seconds" or not _is_length(found, value.value):
        return
    scope = found.scope(name)
    if scope.kind == "function" and all(
        isinstance(found.up.get(load), ast.Compare) for load in found.loads(scope, name.id)
    ):
        yield Edit(places.end(value) - len("seconds"), places.end(value), "total_seconds()")


def handed_over(found: Index, places: Places, one: Finding) -> Iterator[Edit]:
    """Hand a column the function that makes its default, in place of what it has made at the start."""
    for call in found.calls:
        column = last_name(call.func) in {"Column", "mapped_column", "DateTimeField", "DateField", "UUIDField"}
        for given in call.keywords if column else ():
            made = given.value
            if given.arg != "default" or (made.lineno, made.col_offset + 1) != (one.line, one.column):
                continue
            if isinstance(made, ast.Call) and not made.args and not made.keywords:
                yield Edit(places.end(made.func), places.end(made), "")
            elif _is_of_sqlalchemy(found, call) and not _names_a_variable(found, made):
                yield Edit(places.begin(made), places.begin(made), "lambda: ")


def _is_of_sqlalchemy(found: Index, call: ast.Call) -> bool:
    """Whether it is a column that asks a function for its default, whatever the function is called."""
    return Names(found).callee(call).full in {
        *("sqlalchemy.Column", "sqlalchemy.schema.Column"),
        *("sqlalchemy.orm.mapped_column", "sqlmodel.Column"),
    }


def _names_a_variable(found: Index, made: ast.expr) -> bool:
    """Whether the value asks for anything but what the file imports: that may have changed until it is asked for."""
    names = [part.id for part in ast.walk(made) if isinstance(part, ast.Name)]
    return any(name not in found.imports and name not in {"str", "int"} for name in names)


FIXES: Mapping[str, Callable[[Index, Places, Finding], Iterator[Edit]]] = {
    "missing-f": missing_f,
    "handler-raises": arguments_outside,
    "ignored-result": awaited,
    "value-dropped": called,
    "wrong-time": whole_age,
    "made-once": handed_over,
}
