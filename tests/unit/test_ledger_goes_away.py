"""A replay whose ledger's server goes away under it ends with what happened and what goes on, not with doubts of the address."""

from datetime import UTC, datetime, timedelta

import pytest

from tipoff.app.loop import Works, replay
from tipoff.core.clock import SimClock
from tipoff.core.errors import LedgerError, UsageError
from tipoff.ledger import Ledger

NOW = datetime(2024, 1, 10, 17, tzinfo=UTC)


class Lost:
    """A controller whose server ends its connection."""

    def start(self, _now: datetime, *, after: str = "") -> bool:
        return not after

    def tick(self, _now: datetime) -> int:
        msg = "the ledger could not be written: the connection is lost"
        raise LedgerError(msg)

    def next_wake(self) -> None:
        return None

    def rest(self, _now: datetime) -> None:
        msg = "a controller whose ledger is gone does not rest"
        raise AssertionError(msg)


class OnAServer:
    """Stores whose ledger's server answers `n` times that they are opened, and then refuses."""

    def __init__(self, n: int) -> None:
        self._left = n

    def open(self) -> Works:
        if not self._left:
            Ledger("postgresql://nobody@127.0.0.1:9/none")
        self._left -= 1
        return Lost()

    def close(self) -> None:
        pass


def replayed(*, opened: int) -> None:
    replay(OnAServer(opened), SimClock(NOW), until=NOW + timedelta(days=1), progress=lambda _: None)


def test_a_ledger_that_goes_away_and_is_not_back_yet_ends_a_replay_with_what_goes_on() -> None:
    with pytest.raises(LedgerError, match="went away in the midst of the replay, and is not back yet") as ended:
        replayed(opened=1)

    assert ended.value.hint == "once it is back, the same command goes on from here"


def test_a_ledger_that_was_never_there_is_a_wrong_address() -> None:
    with pytest.raises(UsageError, match="cannot be opened") as ended:
        replayed(opened=0)

    assert "is the address right" in ended.value.hint
