"""A clock that somebody sets, so that days can be tried out in minutes: what `up` and `sentinel` take by a hidden option."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from tipoff.core.clock import RealClock
from tipoff.core.errors import UsageError

_LOOK_S = 0.02  # the machine's seconds after which it is looked whether it has been set anew


class SetClock:
    """Goes on from the instant it was set to. `file` holds when it was set, to what, and its speed, as three words.

    It is read at each look: whoever sets the clock writes another file and moves it there, and every process follows.
    """

    def __init__(self, file: Path) -> None:
        self._file, self._real = file, RealClock()

    @property
    def speed(self) -> float:
        """See `RunningClock.speed`."""
        return self._words()[2]

    def now(self) -> datetime:
        """Return the instant that it shows."""
        was_set_at, to, speed = self._words()
        return to + (self._real.now() - was_set_at) * speed

    def timer(self, length: timedelta) -> Callable[[], float]:
        """See `RunningClock.timer`."""
        end = self.now() + length
        return lambda: _LOOK_S if self.now() < end else 0.0

    def _words(self) -> tuple[datetime, datetime, float]:
        try:
            was_set_at, to, speed = self._file.read_text("utf-8").split()
            return datetime.fromisoformat(was_set_at), datetime.fromisoformat(to), float(speed)
        except (OSError, ValueError) as error:
            msg = f"{self._file} sets no clock: {error}"
            raise UsageError(msg, hint="write three words: when it is set, to what, and its speed") from error
