"""Turns: a lease that a clock ahead has written keeps another host off no longer than one of a right clock."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tipoff.engine.starting import Identity
from tipoff.engine.turn import Turn
from tipoff.ledger import LEASE, Ledger

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
AHEAD = timedelta(days=3)
LEAGUE = "x"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.db") as made:
        yield made


def turn(ledger: Ledger, holder: str) -> Turn:
    return Turn(ledger, LEAGUE, Identity(build="b", settings_hash="s", worker=holder, holder=holder))


def test_who_had_a_clock_ahead_and_is_gone_is_waited_for_as_long_as_a_lease_lasts(ledger: Ledger) -> None:
    turn(ledger, "gone").take(NOW + AHEAD)
    other = turn(ledger, "other")

    at_once, soon, then = (other.take(NOW + at)[0] for at in (timedelta(0), LEASE / 2, LEASE))

    assert (at_once, soon) == (None, None)
    assert then is not None
    assert then.until == NOW + 2 * LEASE


def test_who_has_a_clock_ahead_and_works_is_not_taken_for_gone(ledger: Ledger) -> None:
    works, _ = turn(ledger, "works").take(NOW + AHEAD)
    assert works is not None
    other = turn(ledger, "other")

    for n in range(6):
        at = NOW + n * LEASE / 2
        ledger.take_lease(f"controller {LEAGUE}", "works", now=at + AHEAD, length=LEASE)
        assert other.take(at)[0] is None


def test_who_takes_a_turn_knows_when_whoever_had_it_last_showed_himself(ledger: Ledger) -> None:
    before, after = turn(ledger, "one"), turn(ledger, "two")
    before.take(NOW)
    after.take(NOW + 2 * LEASE)

    assert (before.renewed_at, after.renewed_at) == (None, NOW)
