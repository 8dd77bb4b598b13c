"""A connection to PostgreSQL on which a server is given up that takes what it is asked and never answers."""

from typing import Any

import psycopg

from tipoff.core.clock import stopwatch


class Answered(psycopg.Connection[Any]):
    """Waits for an answer as long as it is told to, where the system would for ever.

    The server's disk hangs, or a relay between has lost it: the machine beyond says that all is well.
    """

    longest_s: float | None = None  # that an answer may take; None is as long as it needs

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:  # noqa: ANN401 -- as psycopg has it
        """Wait for what is asked to be answered; raises psycopg's `OperationalError` where it is not in time."""
        began, longest_s = stopwatch(), self.longest_s
        try:
            return super().wait(gen, interval, timeout or longest_s)
        except psycopg.OperationalError as error:
            if longest_s is None or stopwatch() - began < longest_s:
                raise
            self.pgconn.finish()  # or what is asked next would wait for this answer
            msg = f"it took what it was asked, and has given no answer for {longest_s:g} s"
            raise psycopg.OperationalError(msg) from error
