"""Poolers before a server: one that lends each transaction another connection is refused, one that pools by session is not."""

from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from tipoff.core.errors import UsageError
from tipoff.ledger.connect import must_be_ones_own


class Connected:
    """A connection on which, in turn, these processes of the server answer; `told` is the one that was named when it began."""

    def __init__(self, told: int, *answer: int) -> None:
        self.info, self._answer = SimpleNamespace(backend_pid=told), list(answer)

    def execute(self, _statement: str) -> Any:
        return SimpleNamespace(fetchone=lambda: (self._answer.pop(0),))

    def commit(self) -> None:
        """End what has begun."""


def second(*answer: int) -> Any:
    connected = SimpleNamespace(connection=SimpleNamespace(driver_connection=Connected(0, *answer)))

    def another() -> AbstractContextManager[Any]:
        return nullcontext(connected)

    return another


def test_a_server_without_a_pooler_is_asked_nothing_more() -> None:
    must_be_ones_own(Connected(7, 7), second())


def test_a_pooler_that_keeps_a_connection_for_each_session_serves() -> None:
    must_be_ones_own(Connected(1, 7, 7), second(8))


@pytest.mark.parametrize(("mine", "others"), [((7, 7), 7), ((7, 9), 8)])
def test_a_pooler_that_lends_each_transaction_another_connection_is_refused(mine: tuple[int, int], others: int) -> None:
    with pytest.raises(UsageError, match="lends each transaction a connection") as told:
        must_be_ones_own(Connected(1, *mine), second(others))

    assert "pool_mode = session" in (told.value.hint or "")
