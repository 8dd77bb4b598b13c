"""A clock that somebody sets, so that days can be tried out in minutes: what `up` and `sentinel` take by a hidden option."""

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from tipoff.core.clock import RealClock, RunningClock
from tipoff.core.errors import UsageError
from tipoff.core.league import League

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
            was_set_at, to, speed = self._file.read_text().split()
            return datetime.fromisoformat(was_set_at), datetime.fromisoformat(to), float(speed)
        except (OSError, ValueError) as error:
            msg = f"{self._file} sets no clock: {error}"
            raise UsageError(msg, hint="write three words: when it is set, to what, and its speed") from error


def in_time_of(league: League, clock: RunningClock) -> League:
    """Return the league with limits of its steps in time of the clock: work takes the machine's."""
    if clock.speed <= 1:
        return league
    steps = (dataclasses.replace(step, time_limit=step.time_limit * clock.speed) for step in league.steps)
    return dataclasses.replace(league, steps=tuple(steps))
