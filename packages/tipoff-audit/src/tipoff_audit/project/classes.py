"""Base methods that do nothing where something is owed, and overrides that nothing calls."""

import ast
import difflib
import html.parser
import json
import logging
import threading
import unittest
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tipoff_audit.finding import Finding, Level
from tipoff_audit.reading.classes import Method
from tipoff_audit.reading.facts import FileFacts
from tipoff_audit.reading.names import words
from tipoff_audit.reading.words import WORK_VERBS, WRITE_VERBS, these

_OWED = (
    WORK_VERBS
    | WRITE_VERBS
    | these(
        "fetch read parse validate check extract get verify download query send notify emit record predict fit grade"
    )
)
_HOOKS = these("on before after pre post handle hook")
_FROM_OUTSIDE = these(
    """setUp tearDown setUpClass tearDownClass run main do_GET do_POST emit format filter default
    visit generic_visit get post put patch delete
    handle process_request process_response dispatch configure ready render forward"""
)


@dataclass(frozen=True, slots=True)
class _Class:
    path: str
    name: str
    bases: list[str]
    is_open: bool
    methods: dict[str, Method]
    calls: frozenset[str]  # on self
    told: bool  # its docstring speaks of subclasses
    line: int
    text: str


def judge_classes(facts: Sequence[FileFacts]) -> Iterator[Finding]:
    """Yield what is wrong with the project's bases and overrides."""
    known: dict[str, _Class] = {}
    short: dict[str, list[str]] = defaultdict(list)
    used: set[str] = set()
    built: set[tuple[str, str]] = set()  # beginnings and ends of names that are put together at run time
    for file in facts:
        used |= set(file.shared.get("uses", ()))
        built |= {(head, tail) for head, tail in file.shared.get("dispatched", ())}
        for name, bases, is_open, methods, calls, told, line, text in file.shared.get("classes", ()):
            made = {row[0]: Method(*row) for row in methods}
            known[name] = _Class(file.path, name, bases, is_open, made, frozenset(calls), told, line, text)
            short[name.rpartition(".")[2]].append(name)
    tree = _Tree(known, short)
    for one in known.values():
        yield from _empty(one, tree)
        yield from _owing(one, tree, used)
        yield from _uncalled(one, tree, _Uses(used, frozenset(built - {("", "")}), free=("", "") in built))


@dataclass(slots=True)
class _Tree:
    known: dict[str, _Class]
    short: dict[str, list[str]]
    children: dict[str, list[_Class]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        """Note of each class which classes name it as a base."""
        for one in self.known.values():
            for base in one.bases:
                parent = self.find(base)
                if parent is not None and parent is not one:
                    self.children[parent.name].append(one)

    def find(self, name: str) -> _Class | None:
        """Return the project's class of that name, by its full name or by its last part where that is one class."""
        if name in self.known:
            return self.known[name]
        alike = self.short.get(name.rpartition(".")[2], [])
        return self.known[alike[0]] if len(alike) == 1 else None

    def above(self, one: _Class, depth: int = 0) -> tuple[list[_Class], bool]:
        """Return the classes above, and whether all of them are the project's."""
        found: list[_Class] = []
        closed = True
        for base in one.bases:
            if base.rpartition(".")[2] in {"ABC", "object", "Generic"}:
                continue
            parent = self.find(base)
            if parent is None or parent is one or depth > 8:  # noqa: PLR2004 -- a circle
                closed = False
                continue
            more, all_known = self.above(parent, depth + 1)
            found += [parent, *more]
            closed = closed and all_known
        return found, closed

    def below(self, one: _Class) -> list[_Class]:
        """Return the classes that name this one as a base."""
        return [
            other
            for other in self.known.values()
            if other is not one and any(self.find(base) is one for base in other.bases)
        ]


def _empty(one: _Class, tree: _Tree) -> Iterator[Finding]:
    if one.is_open:
        return
    empty = [
        method
        for method in one.methods.values()
        if method.body == "noop" and not method.decorated and not method.name.startswith("__")
    ]
    if not empty:
        return
    below = tree.below(one)
    for method in empty:
        first = (words(method.name) or [""])[0]
        overriding = [other for other in below if method.name in other.methods]
        meant = method.told or (one.told and bool(overriding)) or (bool(overriding) and method.name in one.calls)
        owed = first in _OWED and (bool(overriding) or (_is_base(one) and not below))
        if first in _HOOKS or not (owed or (meant and (below or _is_base(one)))):
            continue
        forgotten = [
            other.name.rpartition(".")[2]
            for other in below
            if method.name not in other.methods
            and not any(
                m.name == method.name for up in tree.above(other)[0] if up is not one for m in up.methods.values()
            )
        ]
        missing = f"; {', '.join(sorted(forgotten)[:3])} does not override it" if forgotten else ""
        message = (
            f"`{method.name}` does nothing unless a subclass overrides it: one that forgets loses its work{missing}"
        )
        yield _at(
            one, method, "no-op-override", Level.NOTE, f"{message}; make it abstract, or raise NotImplementedError"
        )


def _alone_without(one: _Class, method: str, above: list[_Class], tree: _Tree) -> bool:
    """Whether every other class below the same base has the method: what several lack is optional."""
    top = next((up for up in above if method in up.methods and up.methods[method].body == "owed"), None)
    if top is None:
        return False
    waiting, leaves = list(tree.children.get(top.name, [])), []
    seen: set[str] = set()
    while waiting:
        child = waiting.pop()
        if child.name in seen:
            continue
        seen.add(child.name)
        below = tree.children.get(child.name, [])
        waiting += below
        if not below and child is not one:
            leaves.append(child)
    return all(
        method in {name for up in [leaf, *tree.above(leaf)[0]] if up is not top for name in up.methods}
        for leaf in leaves
    )


def _owing(one: _Class, tree: _Tree, used: set[str]) -> Iterator[Finding]:
    """Yield a class that is used, and lacks a method that its base raises for and calls itself."""
    name = one.name.rpartition(".")[2]
    above, closed = tree.above(one)
    if not above or not closed or tree.children.get(one.name) or one.is_open or _is_base(one) or name not in used:
        return
    if name.startswith(("_", "Dummy", "Fake", "Mock")) or "Mixin" in name:
        return
    made = {method.name: method for parent in [*reversed(above), one] for method in parent.methods.values()}
    called = {call for parent in [*above, one] for call in parent.calls}
    owed = sorted(method.name for method in made.values() if method.body == "owed" and method.name in called)
    owed = [method for method in owed if _alone_without(one, method, above, tree)]
    if not owed:
        return
    told = f"`{name}` has no `{owed[0]}`, which its base calls and only raises NotImplementedError for"
    yield Finding(
        rule="no-op-override",
        path=one.path,
        line=one.line,
        column=1,
        end_line=one.line,
        level=Level.NOTE,
        message=f"{told}: its work is never done; write it, or make the base's abstract so that this cannot be made",
        guards="work",
        symbol=one.name,
        text=one.text,
    )


def _is_base(one: _Class) -> bool:
    name = one.name.rpartition(".")[2]
    return (
        name.startswith(("Base", "Abstract"))
        or name.endswith(("Base", "ABC"))
        or any(base.rpartition(".")[2] == "ABC" for base in one.bases)
    )


@dataclass(frozen=True, slots=True)
class _Uses:
    """What is called: by its name, or by one that is put together; `free`: getattr of any name."""

    names: set[str]
    built: frozenset[tuple[str, str]]
    free: bool

    def __contains__(self, name: str) -> bool:
        """Whether somebody may call `name`."""
        return name in self.names or any(name.startswith(head) and name.endswith(tail) for head, tail in self.built)


def _uncalled(one: _Class, tree: _Tree, used: _Uses) -> Iterator[Finding]:
    yield from _outside(one, used)
    above, closed = tree.above(one)
    if not above or not closed or one.is_open or any(parent.is_open for parent in above):
        return
    inherited = {name: method for parent in above for name, method in parent.methods.items()}
    for method in one.methods.values():
        name = method.name
        if name in used or name.startswith(("__", "test")) or method.decorated or name in _FROM_OUTSIDE:
            continue
        near = difflib.get_close_matches(
            name, [other for other in inherited if other not in one.methods], n=1, cutoff=0.85
        )
        if name in inherited:
            is_hook = (words(name) or [""])[0] in _HOOKS
            if (inherited[name].body == "real" and not is_hook) or used.free:
                continue  # an interface that others may call
            message = f"`{name}` overrides a hook of the base class, and nothing calls it"
        elif near and not used.free and near[0] in used.names:
            message = f"nothing calls `{name}`; the base class has `{near[0]}`: this override has the wrong name"
        elif method.marked or (words(name) or [""])[0] in _HOOKS:
            message = f"`{name}` looks like a hook of the base class, and nothing calls it"
        else:
            continue
        yield _at(one, method, "uncalled-override", Level.NOTE, f"{message}; call it, rename it, or delete it")


_STANDARD: dict[str, type] = {
    "threading.Thread": threading.Thread,
    "threading.Timer": threading.Timer,
    "ast.NodeVisitor": ast.NodeVisitor,
    "ast.NodeTransformer": ast.NodeTransformer,
    "logging.Handler": logging.Handler,
    "logging.Filter": logging.Filter,
    "logging.Formatter": logging.Formatter,
    "json.JSONEncoder": json.JSONEncoder,
    "unittest.TestCase": unittest.TestCase,
    "html.parser.HTMLParser": html.parser.HTMLParser,
}


def _outside(one: _Class, used: _Uses) -> Iterator[Finding]:
    """Yield methods that miss the name by which a class of the standard library would call them."""
    for base in one.bases:
        known = _STANDARD.get(base)
        if known is None:
            continue
        offered = [name for name in dir(known) if not name.startswith("__") and name not in one.methods]
        for method in one.methods.values():
            name = method.name
            if name in used.names or hasattr(known, name) or name.startswith("__") or method.decorated:
                continue
            node = name.removeprefix("visit_")
            if issubclass(known, ast.NodeVisitor):
                wrong = f"ast has no node {node}" if name.startswith("visit_") and not hasattr(ast, node) else ""
            else:
                near = difflib.get_close_matches(name, offered, n=1, cutoff=0.8)
                wrong = f"{base} calls `{near[0]}`" if near else ""
            if wrong:
                message = f"nothing calls `{name}`: {wrong}; rename it, call it, or delete it"
                yield _at(one, method, "uncalled-override", Level.NOTE, message)


def _at(one: _Class, method: Method, rule: str, level: Level, message: str) -> Finding:
    return Finding(
        rule=rule,
        path=one.path,
        line=method.line,
        column=method.column,
        end_line=method.end_line,
        level=level,
        message=message,
        guards="work",
        symbol=f"{one.name}.{method.name}",
        text=method.text,
    )
