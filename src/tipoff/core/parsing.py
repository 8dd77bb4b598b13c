"""What may become of an answer and of each of its entries: read, told apart, or of a shape that nobody knows."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

from tipoff.core.door import Unfit, shown
from tipoff.core.errors import ErrorKind, SourceError
from tipoff.core.payload import Parsed, Payload

# What data of any shape can do to a reader that expects another: each is the row's fault, never the process's.
BROKEN = (
    *(ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError),
    *(AssertionError, csv.Error),  # so the readers of pages and of tables say that they are lost
)


class Use(Enum):
    """What became of one entry of an answer; each entry has exactly one."""

    USED = "used"
    OTHER_DAY = "of another day"
    OTHER_COMPETITION = "of another competition"
    NOT_YET = "not yet"  # known, and not far enough along to be used
    NO_GAME = "of no scheduled game"
    LEFT_OUT = "left out"  # known, and rightly not a row: a man who did not play, a slot without teams
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"  # readable, and nothing that any rule recognises

    __hash__ = object.__hash__  # one is looked up for every entry, and the name's hash is slow


class Aside(Exception):
    """An entry that is no row: what became of it instead. With `is_told` it should not have come, and is a reject."""

    def __init__(self, use: Use, note: str = "", *, is_told: bool = False) -> None:
        super().__init__(note or use.value)
        self.use, self.note, self.is_told = use, note, is_told


def shaped(payload: Payload, problem: str) -> SourceError:
    """Return the error for an answer whose shape nobody knows."""
    msg = f"{payload.request.source} answered in a shape that is not known: {shown(problem)} (archived as {payload.sha256[:12]})"
    error = SourceError(msg, kind=ErrorKind.TRANSIENT, hint="the provider may have changed its format: mend the parser")
    error.mends_itself = False
    return error


@contextmanager
def shape_of(payload: Payload) -> Iterator[None]:
    """Let what breaks a reader in the block be a `SourceError`: the answer has a shape that is not known."""
    try:
        yield
    except BROKEN as error:
        what = str(error) if isinstance(error, Unfit) else f"{type(error).__name__}: {error}"
        raise shaped(payload, what) from error
    except Aside as aside:
        raise shaped(payload, str(aside)) from aside


def parsed_by(parse: Callable[..., Parsed], payload: Payload, *given: object) -> Parsed:
    """Return what `parse` makes of a payload; one of a shape that it does not know is a SourceError."""
    with shape_of(payload):
        return parse(payload, *given)
