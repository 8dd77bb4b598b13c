"""A controller that stops: what has come back is taken in, and only what has not is given up."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support import ledger_rows, sample_spec

from tipoff.app import instance
from tipoff.config import Settings
from tipoff.core.clock import SimClock, midnight
from tipoff.core.errors import ErrorKind, WarehouseError
from tipoff.engine.claim import Claim, Outcome
from tipoff.engine.controller import Controller
from tipoff.engine.inline import Inline
from tipoff.leagues.nba.league import SAMPLE


class OneTickLater(Inline):
    """Makes runs at once, and brings them back only when it is asked for the second time."""

    def hand_out(self, claims: Sequence[Claim]) -> None:
        super().hand_out(claims)
        self._is_new = True

    def returned(self) -> Sequence[Outcome]:
        is_new, self._is_new = getattr(self, "_is_new", False), False
        return () if is_new else super().returned()

    def holds(self, run_id: int) -> bool:  # noqa: ARG002 -- all of them
        return True


NOW = midnight(SAMPLE.first_day)


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> instance.Instance:
    """A home whose runs come back one tick later."""
    monkeypatch.setattr(instance, "Inline", OneTickLater)
    return instance.Instance(Settings(home=tmp_path), sample_spec(1), SimClock(NOW))


def ticked(made: instance.Instance) -> Controller:
    """Return a controller that has begun a run, which has not come back."""
    controller = made.controller()
    controller.start(NOW)
    controller.tick(NOW)
    return controller


def test_a_run_that_has_come_back_when_its_controller_stops_is_not_given_up(
    made: instance.Instance, tmp_path: Path
) -> None:
    controller = ticked(made)

    controller.rest(NOW + timedelta(seconds=1))
    made.close()

    [run] = ledger_rows(tmp_path, "runs")
    assert run["state"] == "finished"
    goes_on = made.controller()
    goes_on.start(NOW + timedelta(seconds=2))
    assert goes_on.tick(NOW + timedelta(seconds=2)) == 0
    made.close()


def test_a_controller_that_stops_lets_go_though_the_warehouse_does_not_answer_and_the_next_takes_up_what_it_has(
    made: instance.Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller = ticked(made)

    def read(*_: object, **__: object) -> None:
        msg = "the warehouse does not answer"
        raise WarehouseError(msg, kind=ErrorKind.TRANSIENT)

    with monkeypatch.context() as gone:
        gone.setattr(controller.warehouse, "read", read)
        controller.rest(NOW + timedelta(seconds=1))
    made.close()

    goes_on = made.controller()
    assert goes_on.start(NOW + timedelta(seconds=2))
    assert [row["state"] for row in ledger_rows(tmp_path, "runs")] == ["expired"]
    assert [len(slate.games) for slate in goes_on.book.slates.values()] == [5]  # as the warehouse has them
    made.close()
