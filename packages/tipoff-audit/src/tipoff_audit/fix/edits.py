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
from tipoff_audit.reading.index import FUNCTIONS, Index
from tipoff_audit.reading.names import last_name


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
        names = {hole.value.id for hole in holes if isinstance(hole.value, ast.Name) and hole.format_spec is None}
        if len(names) == len({ast.dump(hole.value) for hole in holes}) and names and names <= _known(found, node):
            yield Edit(places.begin(node), places.begin(node), "f")
        return


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
    """Wait for a load job that is begun and let go: its failure is then an error."""
    for call in found.calls:
        if (call.lineno, call.col_offset + 1) != (one.line, one.column):
            continue
        if last_name(call.func).startswith("load_table_from_") and isinstance(found.up.get(call), ast.Expr):
            yield Edit(places.end(call), places.end(call), ".result()")
        return


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
            if isinstance(node, ast.Attribute) and node.attr == "seconds" and isinstance(node.value, ast.BinOp):
                yield Edit(places.end(node) - len("seconds"), places.end(node), "total_seconds()")
        return


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


FIXES: Mapping[str, Callable[[Index, Places, Finding], Iterator[Edit]]] = {
    "missing-f": missing_f,
    "handler-raises": arguments_outside,
    "ignored-result": awaited,
    "value-dropped": called,
    "wrong-time": whole_age,
    "made-once": handed_over,
}
