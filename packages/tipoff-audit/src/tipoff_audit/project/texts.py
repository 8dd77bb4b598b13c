"""The tree's files as texts, for what only their own words can answer; read for the few findings that would weigh."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from tipoff_audit.finding import Finding
from tipoff_audit.project.look import read_bytes
from tipoff_audit.project.walk import Entry
from tipoff_audit.reading.context import ARCHIVED, TESTS
from tipoff_audit.reading.index import Index, index
from tipoff_audit.reading.source import Source, read_source

MOST_BYTES = 1_000_000  # a longer file holds data
_WORD = re.compile(rb"[A-Za-z_]\w*")

Texts = Callable[[AbstractSet[str]], Mapping[str, Sequence[tuple[str, str]]]]  # by word: the files that hold it


def texts_of(entries: Sequence[Entry], asked: AbstractSet[str]) -> dict[str, list[tuple[str, str]]]:
    """Return, for each word, the files that hold it (path, text), in capitals or not; tests and what is put away apart."""
    wanted = {word.lower().encode(): word for word in asked}
    found: dict[str, list[tuple[str, str]]] = {word: [] for word in asked}
    for entry in {entry.name: entry for entry in entries}.values():
        if entry.n_bytes > MOST_BYTES or TESTS.search(entry.name) or ARCHIVED.search(entry.name):
            continue
        data = read_bytes(entry)
        if isinstance(data, Finding):
            continue
        lower = data.lower()
        if any(word in lower for word in wanted):
            for word in wanted.keys() & set(_WORD.findall(lower)):
                found[wanted[word]].append((entry.name, data.decode(errors="replace")))
    return found


def strings(own: Index) -> list[ast.Constant]:
    """Return a file's texts, the short ones too."""
    return [node for node in own.up if isinstance(node, ast.Constant) and isinstance(node.value, str)]


@dataclass
class Sources:
    """The files that hold a word, read once for each word; the Python ones parsed."""

    texts: Texts
    _held: dict[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    _read: dict[str, Index | None] = field(default_factory=dict)

    def prepare(self, words: AbstractSet[str]) -> None:
        """Look for many words at once."""
        self._held |= self.texts(words - self._held.keys())

    def holding(self, word: str) -> Sequence[tuple[str, str]]:
        """Return the files that hold a word."""
        if word not in self._held:
            self.prepare({word})
        return self._held[word]

    def python(self, word: str) -> Iterator[tuple[str, Index]]:
        """Yield the Python files that hold a word, as far as they can be read."""
        for path, text in self.holding(word):
            found = self._parsed(path, text)
            if found is not None:
                yield path, found

    def one(self, path: str, word: str) -> Index | None:
        """Return a Python file that holds a word."""
        return next((self._parsed(path, text) for other, text in self.holding(word) if other == path), None)

    def _parsed(self, path: str, text: str) -> Index | None:
        if path not in self._read:
            source = read_source(path, text.encode()) if path.endswith(".py") else None
            tree = getattr(source, "tree", None)
            self._read[path] = index(source, tree) if isinstance(source, Source) and tree is not None else None
        return self._read[path]
