"""All files together: what no single file can show."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tipoff_audit.finding import Finding, Level
from tipoff_audit.project.classes import judge_classes
from tipoff_audit.project.copies import judge_copies
from tipoff_audit.project.reach import Surroundings
from tipoff_audit.project.statements_run import passed_over
from tipoff_audit.project.weighing import weighing
from tipoff_audit.reading.context import TESTS
from tipoff_audit.reading.facts import FileFacts
from tipoff_audit.reading.names import words
from tipoff_audit.reading.try_blocks import TryBlock
from tipoff_audit.reading.words import ONLY_READ, these
from tipoff_audit.rules.dropped import message as of_dropped_rows
from tipoff_audit.rules.verdicts import judge

ALONE = Surroundings()
_DEEPEST = 4  # how many functions a write may be away


def conclude(facts: Sequence[FileFacts], around: Surroundings = ALONE) -> tuple[Finding, ...]:
    """Return all findings, the files' own and the project's, in order of path and line; `around`: what else the tree holds.

    Findings of files that could not be read (`read_source` returned them) are not among them: the caller has those.
    """
    own = {
        (finding.path, finding.line, finding.column, finding.rule): finding
        for file in facts
        for finding in file.findings
    }
    functions = _functions(facts)
    for better in _guards(facts, functions):
        place = (better.path, better.line, better.column)
        for key in [key for key in own if key[:3] == place and own[key].guards in {"work", "read", ""}]:
            del own[key]
        own[*place, better.rule] = better
    for path, line, column in _run_where_named(facts, functions.bases):
        own.pop((path, line, column, "value-dropped"), None)
    beside = [*_unawaited(facts, functions.bases), *_dropped(facts)]
    besides = (one for one in beside if (one.path, one.line, one.column, one.rule) not in own)
    wide = [*_streamed(facts), *_ignored(facts, functions), *besides, *_sleeping(facts)]
    wide += [*judge_classes(facts), *judge_copies(facts), *passed_over(facts, around.texts)]
    found = {*own.values(), *(_softened(one) for one in wide)}
    if all(one.level is Level.NOTE for one in found):
        return tuple(sorted(found))
    here = weighing(facts, functions.find, around)
    return tuple(sorted(here.weighed(finding) for finding in found))


def _softened(finding: Finding) -> Finding:
    return replace(finding, level=Level.NOTE) if TESTS.search(finding.path) else finding


def _rows(facts: Sequence[FileFacts], kind: str) -> Iterator[tuple[str, Any]]:
    for file in facts:
        for row in file.shared.get(kind, ()):
            yield file.path, row


@dataclass(slots=True)
class _Functions:
    """The project's functions, found by their full name or by its last two parts where that is one function."""

    known: dict[str, tuple[Mapping[str, str], list[str]]] = field(default_factory=dict)
    short: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    bases: dict[str, list[str]] = field(default_factory=dict)
    _done: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)

    def find(self, name: str) -> str:
        """Return the function's full name, "" where it is not the project's."""
        if name in self.known:
            return name
        parts = name.split(".")
        alike = self.short.get(".".join(parts[-2:]), []) if len(parts) > 1 else []
        if len(alike) == 1:
            return alike[0]
        owner, _, method = name.rpartition(".")
        for base in self.bases.get(owner, ()):
            found = self.find(f"{base}.{method}") if base != owner else ""
            if found:
                return found
        return ""

    def does(self, name: str, depth: int = 0) -> dict[str, str]:
        """Return what the function does for certain, itself or by what it calls."""
        full = self.find(name)
        if not full or depth > _DEEPEST:
            return {}
        key = (full, depth)
        if key not in self._done:
            self._done[key] = {}  # a circle of calls ends here
            kinds, calls = self.known[full]
            done = dict(kinds)
            for call in calls:
                for kind, what in self.does(call, depth + 1).items():
                    if kind in {"write", "kept", "read"}:
                        done.setdefault(kind, what)
            self._done[key] = done
        return self._done[key]


def _functions(facts: Sequence[FileFacts]) -> _Functions:
    found = _Functions()
    for _, (name, kinds, calls) in _rows(facts, "functions"):
        found.known[name] = (kinds, calls)
        found.short[".".join(name.split(".")[-2:])].append(name)
    for _, (name, bases, *_) in _rows(facts, "classes"):
        found.bases[name] = bases
    return found


def _guards(facts: Sequence[FileFacts], functions: _Functions) -> Iterator[Finding]:
    """Yield the handlers that guard a write which stands in another file."""
    for _, row in _rows(facts, "guards"):
        guard = TryBlock.from_json(row)
        effects = dict(guard.effects)
        for call in guard.calls:
            name = call.rpartition(".")[2]
            if (words(name) or [""])[0] in ONLY_READ or name.startswith("fetch"):
                continue
            for kind, what in functions.does(call).items():
                if kind in {"write", "notice", "read"} and kind not in effects:
                    effects[kind] = (f"{what} (in `{name}`)", True, False)
        if effects != guard.effects:
            better = judge(replace(guard, effects=effects))
            if better is not None:
                yield better


def _sleeping(facts: Sequence[FileFacts]) -> Iterator[Finding]:
    """Yield sleeps in functions that a request handler of another file calls."""
    asked = {name for _, name in _rows(facts, "request_calls")}
    short = {".".join(name.split(".")[-2:]) for name in asked}
    for path, (symbol, line, column, end_line, text) in _rows(facts, "sleeping"):
        if symbol in asked or ".".join(symbol.split(".")[-2:]) in short:
            message = (
                "a request handler calls this: whoever asked waits, and the worker serves nobody else, while it sleeps"
            )
            yield Finding(
                rule="sleep-in-request",
                path=path,
                line=line,
                column=column,
                end_line=end_line,
                level=Level.NOTE,
                message=f"{message}; answer with 503 and Retry-After, or leave the rest to a queue",
                guards="work",
                symbol=symbol,
                text=text,
            )


def _streamed(facts: Sequence[FileFacts]) -> Iterator[Finding]:
    streamed: dict[str, tuple[str, bool]] = {}
    for path, (table, line, sure) in _rows(facts, "streamed"):
        streamed.setdefault(_scoped(path, table), (f"{path}:{line}", sure))
    for path, (table, verb, line, column, end_line, text, symbol) in _rows(facts, "mutated"):
        place, sure = streamed.get(_scoped(path, table), ("", False))
        if place:
            message = (
                f"{verb} of {table.strip('{}')}, which {place} streams to: for 30 to 90 minutes such rows refuse it"
            )
            yield Finding(
                rule="streamed-and-mutated",
                path=path,
                line=line,
                column=column,
                end_line=end_line,
                level=Level.NOTE,
                message=f"{message}; load this table in batches",
                guards="write",
                symbol=symbol,
                text=text,
            )


def _dropped(facts: Sequence[FileFacts]) -> Iterator[Finding]:
    """Yield the handlers that make a row None where a caller in another file drops every None."""
    droppers = {full: by for _, (full, by) in _rows(facts, "passed_over")}
    for path, (full, line, column, end_line, text, symbol) in _rows(facts, "unread_rows"):
        if full in droppers:
            yield Finding(
                rule="default-on-error",
                path=path,
                line=line,
                column=column,
                end_line=end_line,
                level=Level.NOTE,
                message=of_dropped_rows(droppers[full]),
                guards="read",
                symbol=symbol,
                text=text,
            )


def _scoped(path: str, table: str) -> str:
    """Keep a table that is known by a variable's name alone to its file; a constant's name is the project's."""
    return f"{path}:{table}" if table.startswith("{") and not table.isupper() else table


def _is_of(receiver: str, name: str, full: str) -> bool:
    """Whether the thing that is called may well be of the class that has the method."""
    if receiver in {"", "self", "cls", "super()"}:
        return False
    owner = set(words(full.split(".")[-2]))
    return len(words(name)) > 1 and bool(owner & set(words(receiver.rpartition(".")[2])))


def _ignored(facts: Sequence[FileFacts], functions: _Functions) -> Iterator[Finding]:
    telling: dict[str, str] = {}
    takes: dict[str, int] = {}
    kept: set[str] = set()  # of those, the ones that keep themselves what has failed
    by_name: dict[str, set[str]] = defaultdict(set)
    for path, (full, name, is_kept, most) in _rows(facts, "telling"):
        telling[full] = path
        takes[full] = most
        by_name[name].add(full)
        kept |= {full} if is_kept else set()
    defined: dict[str, set[str]] = defaultdict(set)
    for _, (full, _, _, methods, *_) in _rows(facts, "classes"):
        for method in methods:
            defined[method[0]].add(f"{full}.{method[0]}")
    for path, (full, name, receiver, line, column, end_line, text, symbol, is_told, given) in _rows(facts, "ignored"):
        found = full if full in telling else functions.find(full)
        if found not in telling:
            alike = by_name.get(name, set())
            if not (
                receiver
                and receiver not in {"self", "cls", "super()"}
                and alike
                and defined[name] <= alike
                and len(alike) == 1
                and _is_of(receiver, name, next(iter(alike)))
            ):
                continue
            found = next(iter(alike))
        if given > takes[found] >= 0:
            continue  # it raises before it can say no
        level = Level.NOTE if found in kept else _told_level(path, name, symbol, is_told=is_told)
        message = f"`{name}` says by False that it has failed ({telling[found]}), and nobody looks at its answer"
        yield Finding(
            rule="ignored-result",
            path=path,
            line=line,
            column=column,
            end_line=end_line,
            level=level,
            message=f"{message}; act on it, or let the function raise",
            guards="write",
            symbol=symbol,
            text=text,
        )


_BESIDE = these(  # what is written is made again, or stands beside the work
    """cache cached caches token tokens report reports status notification notifications notify message messages
    briefing heal event events mock log logs receipt backup default defaults if maybe next background note notes pdf
    html markdown file chart plot image documentation docs readme"""
)
_SEEN = these("heartbeat heartbeats session sessions presence ping")  # whoever misses it, or is asked anew, sees it
_KEEPS = these("save store persist insert commit upload write lock acquire enqueue")
_AGAIN = these("load init initialize default defaults create reset test selftest canary dry log metadata ensure setup")
_ANSWERS = these(
    "get is has check verify validate authenticate find fetch read list show"
)  # what it keeps stands beside


def _told_level(path: str, name: str, symbol: str, *, is_told: bool) -> Level:
    """Return warning where what failed is told as done, a note where it is made again or stands beside the work."""
    is_kept = words(name)[:1] and words(name)[0] in _KEEPS
    caller = words(symbol.rpartition(".")[2])
    if (
        not is_told
        or not is_kept
        or set(words(name)) & _BESIDE
        or {*words(name), *caller} & _SEEN
        or set(caller) & _AGAIN
        or set(caller[:1]) & _ANSWERS
        or "mock" in path
    ):
        return Level.NOTE
    return Level.WARNING


def _unawaited(facts: Sequence[FileFacts], bases: Mapping[str, list[str]]) -> Iterator[Finding]:
    """Yield coroutines of another file that are not awaited.

    Every function of that name in the project is a coroutine, or the method of the class above that `self` has is one.
    """
    made: set[str] = set()
    others: set[str] = set()
    methods: set[str] = set()
    for path, (coroutines, plain, full) in _rows(facts, "defined"):
        if not TESTS.search(path):
            made.update(coroutines)
            others.update(plain)
            methods.update(full)
    short: dict[str, list[str]] = defaultdict(list)
    for full in bases:
        short[full.rpartition(".")[2]].append(full)
    for path, (name, how, line, column, end_line, text, symbol, owner) in _rows(facts, "let_go"):
        is_alone = len(words(name)) > 1 and name in made and name not in others
        full = next(iter(short[owner[1:]]), "") if owner.startswith("*") and len(short[owner[1:]]) == 1 else owner
        if is_alone or (full and _is_above(f"{full}.{name}", methods, bases)):
            yield Finding(
                rule="ignored-result",
                path=path,
                line=line,
                column=column,
                end_line=end_line,
                level=Level.NOTE,  # a library's method may bear the same name
                message=f"`{name}`, in this project a coroutine, {how}; write `await`",
                guards="work",
                symbol=symbol,
                text=text,
            )


def _run_where_named(facts: Sequence[FileFacts], bases: Mapping[str, list[str]]) -> Iterator[tuple[str, int, int]]:
    """Yield where what is named and not called of `self` is a property, of its class or of one above: it runs."""
    properties = {name for _, name in _rows(facts, "properties")}
    short: dict[str, list[str]] = defaultdict(list)
    for name in bases:
        short[name.rpartition(".")[2]].append(name)
    tree = {
        name: [alike[0] if len(alike := short[base.rpartition(".")[2]]) == 1 else base for base in above]
        for name, above in bases.items()
    }
    for path, (line, column, owner, name) in _rows(facts, "named"):
        if _is_above(f"{owner}.{name}", properties, tree):
            yield path, line, column


def _is_above(method: str, methods: set[str], bases: Mapping[str, list[str]], depth: int = 0) -> bool:
    """Whether the method, or the one that it is inherited from, is among `methods`."""
    owner, _, name = method.rpartition(".")
    return method in methods or (
        depth < _DEEPEST
        and any(_is_above(f"{base}.{name}", methods, bases, depth + 1) for base in bases.get(owner, ()))
    )
