"""What the ledger promises: a batch is written whole or not at all, and a failure has a name."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tipoff.core.errors import LedgerError
from tipoff.store.ledger import Batch, Ledger

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "ledger.db")
    yield made
    made.close()


def facts(**values: str | None) -> Batch:
    batch = Batch()
    for key, value in values.items():
        batch.add("home", {"key": key, "value": value})
    return batch


def test_a_batch_is_read_back_as_it_was_written(ledger: Ledger) -> None:
    ledger.commit(facts(league="x", world="sample"))

    assert ledger.home() == {"league": "x", "world": "sample"}


def test_the_newest_row_of_a_key_wins_within_a_batch_and_after_it(ledger: Ledger) -> None:
    batch = facts(clock_at="1")
    batch.add("home", {"key": "clock_at", "value": "2"})
    ledger.commit(batch)
    assert ledger.home() == {"clock_at": "2"}

    ledger.commit(facts(clock_at="3"))
    assert ledger.home() == {"clock_at": "3"}


def test_a_batch_with_one_bad_row_writes_nothing_and_the_next_one_is_written(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="could not be written"):
        ledger.commit(facts(good="1", bad=None))
    assert ledger.home() == {}

    ledger.commit(facts(good="1"))
    assert ledger.home() == {"good": "1"}


def test_a_naive_instant_is_refused_and_nothing_is_written(ledger: Ledger) -> None:
    batch = facts(league="x")
    run = {"id": 1, "league": "x", "output": "o", "day": NOW.date(), "units": "[]", "state": "started", "attempt": 1}
    batch.add("runs", run | {"as_of": NOW, "started_at": NOW.replace(tzinfo=None), "lease_until": NOW, "worker": "w"})

    with pytest.raises(ValueError, match="naive"):
        ledger.commit(batch)
    assert ledger.home() == {}
