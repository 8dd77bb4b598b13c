"""What every parser needs: JSON or a clear error, each entry accounted for, one bad value at the cost of its row alone."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from tipoff.core.door import Unfit, shown
from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.parsing import BROKEN, Aside, Use, shaped
from tipoff.core.payload import Parsed, Payload, Reject

Record = dict[str, Any]
BadRow = Unfit  # a row that cannot be used; the text says why


_RECOGNISED = frozenset(set(Use) - {Use.UNREADABLE, Use.UNKNOWN})
_TOLD = frozenset({Use.UNKNOWN, Use.NO_GAME})  # asides that are rejects too


class UnexpectedGame(Aside):
    """An entry that names a game between teams of the league, yet to begin, that the schedule does not have."""

    def __init__(self, note: str) -> None:
        super().__init__(Use.NO_GAME, note)


class Tally:
    """Rows, rejects and asides of one answer: every entry of it is in exactly one of them."""

    def __init__(self) -> None:
        self.rows: list[Record] = []
        self.rejects: list[Reject] = []
        self.notes: list[str] = []
        self.uses: Counter[Use] = Counter()

    def each(self, items: Iterable[Any], read: Callable[[Any], Record]) -> None:
        """Read every item, alone."""
        for item in items:
            self.one(item, read)

    def one(self, item: Any, read: Callable[[Any], Record]) -> None:  # noqa: ANN401 -- JSON
        """Read one item: a row, an aside, or a reject with its reason."""
        try:
            row = read(item)
        except Aside as aside:
            self.uses[aside.use] += 1
            if aside.use in _TOLD or aside.is_told:
                is_game = isinstance(aside, UnexpectedGame)
                self.rejects.append(Reject(shown(str(aside)), shown(item), names_game=is_game))
            elif aside.note:
                self.notes.append(shown(aside.note))
        except BROKEN as error:
            self.reject(error, item)
        else:
            self.rows.append(row)
            self.uses[Use.USED] += 1

    def reject(self, error: Exception, item: Any) -> None:  # noqa: ANN401 -- JSON
        """Take up an item that cannot be read."""
        reason = str(error) if isinstance(error, Unfit) else f"{type(error).__name__}: {error}"
        self.uses[Use.UNREADABLE] += 1
        self.rejects.append(Reject(shown(reason), shown(item)))

    def aside(self, use: Use, n_items: int = 1) -> None:
        """Take up entries that were told apart before they were read."""
        self.uses[use] += n_items

    def once(self, key: str, *, by: str) -> None:
        """Keep the first row of each `key`; a second is left out, with a note that names both by their `by`."""
        first: dict[Any, Record] = {}
        for row in self.rows:
            other = first.setdefault(row[key], row)
            if other is not row:
                self.uses.update({Use.USED: -1, Use.LEFT_OUT: 1})
                self.notes.append(f"{row[key]} is named twice, as {other[by]} and {row[by]}: the first counts")
        self.rows = list(first.values())

    @property
    def n_entries(self) -> int:
        """How many entries there were."""
        return sum(self.uses.values())

    @property
    def n_recognised(self) -> int:
        """How many of them some rule recognised."""
        return sum(n for use, n in self.uses.items() if use in _RECOGNISED)

    def must_be_recognised(self, payload: Payload) -> None:
        """Refuse with a `SourceError` an answer that has entries, of which no rule recognises any."""
        if self.n_entries and not self.n_recognised:
            first = self.rejects[0].reason if self.rejects else "nothing is known of any"
            raise shaped(payload, f"none of its {self.n_entries} entries can be read ({first})")

    def parsed(self, *, excused: Mapping[str, str] | None = None, notes: Iterable[str] = ()) -> Parsed:
        """Return what the answer held."""
        return Parsed(
            rows=self.rows,
            rejects=tuple(self.rejects),
            excused=excused or {},
            notes=(*notes, *dict.fromkeys(self.notes)),
            uses={use.value: n for use, n in sorted(self.uses.items(), key=lambda pair: pair[0].value) if n},
        )


def read_json(payload: Payload) -> Any:  # noqa: ANN401 -- JSON
    """Return the payload's JSON, the last few remembered; raises `SourceError` for none, so that it is asked again."""
    try:
        decoded = _of_a_game if len(payload.body) < _LARGE else _of_a_season
        return decoded(payload.sha256, payload.body)
    except (ValueError, RecursionError) as error:
        kind = "an HTML page" if payload.body.lstrip()[:1] == b"<" else "no JSON"
        msg = f"{payload.request.source} answered with {kind} ({len(payload.body)} bytes, archived as {payload.sha256[:12]})"
        hint = "it is asked again; look at the archived payload"
        raise SourceError(msg, kind=ErrorKind.TRANSIENT, hint=hint) from error


def between(body: bytes, *marks: bytes) -> bytes | None:
    """Return what stands between the last two of `marks`, each found after the one before; None where one is not there.

    In one pass: a pattern would look for the end anew from each beginning that has none, for hours in a page of a megabyte.
    """
    at = 0
    for mark in marks[:-1]:
        found = body.find(mark, at)
        if found < 0:
            return None
        at = found + len(mark)
    end = body.find(marks[-1], at)
    return body[at:end] if end >= 0 else None


def _decoded(_sha: str, body: bytes) -> Any:  # noqa: ANN401 -- JSON
    if len(body) > _MOST_VALUES and sum(map(body.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        msg = f"more than {_MOST_VALUES} values"
        raise ValueError(msg)
    try:
        return json.loads(body)
    except ValueError:  # a byte that is no UTF-8, or a number of thousands of digits, costs its own row alone
        return json.loads(body.decode("utf-8", "replace"), parse_int=_whole)


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MOST_DIGITS else digits[:_MOST_DIGITS]


# far more than any count has, and few enough for Python to read; a longer one stays text, and is no number
_MOST_DIGITS = 400
_LARGE = 200_000  # bytes
_MOST_VALUES = 3_000_000  # a season's log has 900,000; 30 MB of empty lists would take 750 MB of memory
_of_a_season = lru_cache(maxsize=4)(_decoded)
_of_a_game = lru_cache(maxsize=32)(_decoded)  # of a slate's games each is read by several outputs in turn


def empty(payload: Payload, problem: str) -> SourceError:
    """Return the error for an answer of a known shape that names nothing where there is something."""
    msg = f"{payload.request.source} answered with nothing: {shown(problem)} (archived as {payload.sha256[:12]})"
    return SourceError(msg, kind=ErrorKind.TRANSIENT, hint="it is asked again; look whether the provider has it")


def part(payload: Payload, document: Any, *path: str | int, kind: type = list) -> Any:  # noqa: ANN401 -- JSON
    """Return the part of a document at `path`; raises `SourceError` where there is none, or it is not of `kind`."""
    found = document
    for name in path:
        try:
            found = found[name]
        except (KeyError, IndexError, TypeError) as error:
            raise shaped(payload, f"no {name!r} where {'.'.join(map(str, path))} should be") from error
    if not isinstance(found, kind):
        raise shaped(payload, f"{'.'.join(map(str, path)) or 'it'} is no {kind.__name__}")
    return found
