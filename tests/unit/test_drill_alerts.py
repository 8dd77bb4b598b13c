"""What a drill counts as told too often."""

from datetime import UTC, datetime, timedelta

import pytest

from tipoff.drills.alerts import too_many
from tipoff.drills.truth import Truth
from tipoff.watch.incidents import REOPENS

OPENED = datetime(2030, 1, 8, 5, 30, tzinfo=UTC)
OVER = OPENED + timedelta(hours=3)


@pytest.mark.parametrize(
    ("over", "again", "told"),
    [
        (OVER, OVER + REOPENS, []),
        (OVER, OVER + REOPENS - timedelta(minutes=1), ["2 incidents of source:nba"]),
        (None, OVER + 2 * REOPENS, ["2 incidents of source:nba"]),
    ],
)
def test_a_cause_that_comes_back_is_one_too_many_unless_it_was_over_for_as_long_as_parts_two_incidents(
    over: datetime | None, again: datetime, told: list[str]
) -> None:
    truth = Truth(incidents=[("source:nba", OPENED, over), ("source:nba", again, again + timedelta(hours=1))])

    assert too_many(truth, Truth(), n_faults=2) == told


@pytest.mark.parametrize(("n_faults", "told"), [(2, []), (1, ["4 messages of source:nba: 2 opened, 2 closed"])])
def test_a_second_fault_may_open_again_what_had_ended(n_faults: int, told: list[str]) -> None:
    truth = Truth(incidents=[("source:nba", OPENED, OVER)])
    truth.messages.update({("source:nba", "opened"): 2, ("source:nba", "closed"): 2})

    assert too_many(truth, Truth(), n_faults) == told
