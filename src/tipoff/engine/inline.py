"""Work done here and now: each claim as it is handed out. What a replay does, whose clock stands still meanwhile."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from tipoff.core.errors import CallFailed, what_of
from tipoff.engine.claim import Claim, Outcome


class Inline:
    """See `tipoff.engine.claim.Executor`. An attempt without an end (None) is lost, as a worker that dies loses it."""

    def __init__(self, attempt: Callable[[Claim], Outcome | None]) -> None:
        self._attempt = attempt
        self._back: list[Outcome] = []

    def hand_out(self, claims: Sequence[Claim]) -> None:
        """Make each run."""
        outcomes = [self._attempt(claim) for claim in claims]
        self._back += [outcome for outcome in outcomes if outcome is not None]

    def returned(self) -> Sequence[Outcome]:
        """Return how they ended."""
        found, self._back = self._back, []
        return found

    def holds(self, run_id: int) -> bool:  # noqa: ARG002 -- nothing is ever on its way
        """Hold nothing."""
        return False


def call_here(
    function: Callable[..., object],
    arguments: Sequence[object],
    limit: timedelta,  # noqa: ARG001 -- nobody can end it here
) -> tuple[object, float]:
    """Call a step's function in this process, as `tipoff.engine.run.Call`; one that would end it is a `CallFailed`."""
    try:
        return function(*arguments), 0.0
    except SystemExit as error:
        raise CallFailed(what_of(error)) from error
