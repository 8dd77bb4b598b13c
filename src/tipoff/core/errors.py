"""What can go wrong, by what helps: waiting, a person, or nothing."""

import os
from collections.abc import Sequence
from datetime import date, datetime
from enum import Enum
from traceback import walk_tb

from tipoff.core.proof import Loss

_STANDARD_LIBRARY = os.__file__.removesuffix("os.py")


class ErrorKind(Enum):
    """How a failure is treated; every error carries one."""

    CONFLICT = "conflict"  # an earlier write holds the rows: parked 5, 10, 20, 40 min
    TRANSIENT = "transient"  # backoff, then again
    NOT_YET = "not yet"  # the source has not published: not a failure
    QUOTA = "quota"  # a budget is used up: hold and tell
    PERMANENT = "permanent"  # repeating cannot help


class PipelineError(Exception):
    """Something could not be done; `hint` says what to do next."""

    kind: ErrorKind = ErrorKind.PERMANENT

    def __init__(self, message: str, *, hint: str = "", kind: ErrorKind | None = None) -> None:
        super().__init__(message)
        self.hint, self.kind = hint, kind or self.kind

    def __reduce__(self) -> tuple[object, ...]:
        """Come out of another process as it was, whatever its constructor asks for."""
        return _as_it_was, (type(self), self.args, self.__dict__)


def _as_it_was(kind: type[PipelineError], args: tuple[object, ...], facts: dict[str, object]) -> PipelineError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(facts)
    return error


def what_of(error: BaseException) -> str:
    """Return an error's type, what it says, and the line that raised it: the last one that is no library's."""
    places = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    file, line = next((place for place in reversed(places) if _is_own(place[0])), places[-1] if places else ("", 0))
    where = f" at {file.rsplit('/', 1)[-1]}:{line}" if file else ""
    return f"{type(error).__name__}: {_text_of(error)}{where}"


def _is_own(file: str) -> bool:
    is_installed = "/site-packages/" in file or file.startswith(_STANDARD_LIBRARY)
    return file.startswith("/") and ("/site-packages/tipoff" in file or not is_installed)


def _text_of(error: BaseException) -> str:
    told = [part for part in error.args if isinstance(part, str | int | float)]
    own = type(error).__str__ in {Exception.__str__, BaseException.__str__, OSError.__str__, KeyError.__str__}
    return str(error) if own else "; ".join(str(part) for part in told) or "(it does not say what)"


class UsageError(PipelineError):
    """A command, setting or folder is wrong: exit code 2."""


class NoLedger(UsageError):
    """Nothing has been begun in this home: there is no ledger, or its file or database holds none."""


class EarlierLedger(UsageError):
    """The ledger is as an earlier version made it; who is to work in it upgrades it when it starts."""


class ShapeError(PipelineError):
    """Rows do not have the declared table's columns, types, keys or day."""


class SourceError(PipelineError):
    """A provider's answer cannot be used; where there was one it is in the archive under `sha256`, with its `status`.

    `mends_itself`: whether it may pass without a person, as a refusal or an empty answer does.
    """

    mends_itself: bool = True
    status: int = 0
    sha256: str = ""
    n_bytes: int = 0

    def __init__(self, message: str, *, kind: ErrorKind, hint: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message, hint=hint, kind=kind)
        self.retry_after_s = retry_after_s


class Resting(SourceError):
    """A provider that asked for it, or has failed several times in a row, is left alone for a while; no failure of its own."""

    HINT = "it is asked again when its rest is over"

    def __init__(self, source: str, rest_s: float) -> None:
        super().__init__(
            f"{source} is left alone, as it asked or for failing several times in a row",
            kind=ErrorKind.TRANSIENT,
            hint=self.HINT,
            retry_after_s=rest_s,
        )


class NotBegun(PipelineError):
    """A run's lease ended before it was begun: nothing was done, and it is claimed again."""

    kind = ErrorKind.TRANSIENT


class Closed(PipelineError):
    """Every unit of a run closed before it could be written."""


class OverTime(PipelineError):
    """A run has used up its step's time limit; nothing was written."""

    kind = ErrorKind.TRANSIENT


class InputGone(PipelineError):
    """Rows that a run was to read do not stand as they were proven; nothing was made of what is left."""

    kind = ErrorKind.TRANSIENT

    def __init__(self, output: str, day: date, losses: Sequence[Loss]) -> None:
        first = losses[0]
        super().__init__(
            f"{output} of {day} cannot be made: of {first.output} of {first.day} {first.how}",
            hint="it is made again when its input stands again",
        )
        self.losses = tuple(losses)


class CallFailed(PipelineError):
    """What was called in another process raised something that no rule foresaw."""


class ProcessEnded(PipelineError):
    """The process in which a step ran has ended in the midst of it."""


class WriteConflict(PipelineError):
    """Rows that must change are still held by an earlier write.

    Nothing of the table is free before `held_until`, and by `clears_at` something is; None where that is not known.
    """

    kind = ErrorKind.CONFLICT

    def __init__(  # noqa: PLR0913 -- what is held, until when, by whom
        self,
        table: str,
        day: date,
        *,
        clears_at: datetime | None,
        reason: str,
        holder: str = "",
        held_until: datetime | None = None,
    ) -> None:
        until = f"after {clears_at:%H:%M} UTC" if clears_at else "later"
        super().__init__(f"cannot rewrite {table} for {day}: {reason}", hint=f"it is tried again {until}")
        self.table, self.day, self.holder = table, day, holder
        self.clears_at, self.held_until = clears_at, held_until


class WarehouseError(PipelineError):
    """The warehouse refused or lost a statement."""


class Damaged(WarehouseError):
    """What is published of an output for a day cannot be read; it may be the only copy, so nobody writes over it."""

    def __init__(self, output: str, day: date, *, why: str, where: str) -> None:
        super().__init__(
            f"{output} of {day} cannot be read as it is published: {why}",
            kind=ErrorKind.PERMANENT,
            hint=f"restore {where}, or move it away: it is published anew where its games have not begun",
        )
        self.output, self.day = output, day


class LedgerError(PipelineError):
    """The ledger could not be read or written: nothing of a batch was, and the controller must not go on without it.

    Whatever reads or writes the ledger, or a store of its kind, raises it; only what else it means there is said at each.
    One that is damaged is so for good: waiting does not help.
    """

    kind = ErrorKind.TRANSIENT


class LeaseLost(PipelineError):
    """Another controller has taken over: this one must stand by."""

    kind = ErrorKind.CONFLICT


class Fenced(PipelineError):
    """A later run has already published this slate; this one came back from the dead."""
