"""What the ledger says of one cause's end and its kin: what reads what, what was cut off, what has worked since it was lost."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.checked import KNOWN, owed, ran
from tests.nba import TODAY

from tipoff.core.home import Profile
from tipoff.core.severity import Severity
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Batch, Ledger, watching
from tipoff.ledger.alerts import AlertStore
from tipoff.watch.incidents import REOPENS, SETTLE
from tipoff.watch.monitor import Monitor, inputs_of

HOUR = timedelta(hours=1)
SOURCE, OUTPUT = "source:the-odds-api", "odds_events"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path / "ledger.db", profile=Profile.REPLAY)) as ledger:
        yield ledger


def write(ledger: Ledger, table: str, *rows: dict[str, object]) -> None:
    batch = Batch()
    for row in rows:
        batch.add(table, row)
    ledger.commit(batch)


def test_a_slate_is_made_of_what_its_step_declares_to_read_of_the_same_day() -> None:
    inputs = inputs_of(NBA.steps)

    assert inputs("player_lines") == {"odds_events"}
    assert inputs("quantile_regression") == {"player_form"}  # no schedule, and not what is calibrated on earlier days
    assert inputs("candidates") == frozenset()  # SQL
    assert inputs("schedule") == frozenset()


def is_open_later(folder: Path, ledger: Ledger, state: str, later: timedelta, *runs: dict[str, object]) -> bool:
    """Whether the incident of a source whose output ended as `state` is still open so long after the trouble."""
    finding = {"league": "nba", "output": OUTPUT, "day": TODAY, "check": "run_ends_well", "cause": SOURCE, "at": KNOWN}
    shown = {
        "severity": int(Severity.ERROR),
        "ok": False,
        "coverage": 0.0,
        "required": 1.0,
        "missing": "[]",
        "note": "503",
    }
    write(ledger, "obligations", owed(OUTPUT, state))
    write(ledger, "findings", finding | shown)
    write(ledger, "runs", *runs)
    with closing(AlertStore(folder / "ledger.db", profile=Profile.REPLAY)) as store:
        monitor = Monitor(
            league=NBA,
            days=(TODAY, TODAY),
            ledger=lambda: ledger,
            store=store,
            channels=(),
            send=lambda _channel, _message: None,
            build="b",
        )
        for after in (timedelta(0), later - SETTLE, later):
            monitor.look(KNOWN + after)
        [incident] = store.rows(select(watching.incidents))
    return incident["closed_at"] is None


def test_a_source_of_which_something_is_lost_is_not_over_before_it_has_answered_again(
    tmp_path: Path, ledger: Ledger
) -> None:
    assert is_open_later(tmp_path, ledger, "lost", 12 * HOUR)


def test_a_source_that_has_answered_since_something_was_lost_is_over(tmp_path: Path, ledger: Ledger) -> None:
    answered = ran(1, "player_lines", "finished", KNOWN + HOUR, day=TODAY + timedelta(days=1))

    assert not is_open_later(tmp_path, ledger, "lost", 12 * HOUR, answered)


def test_a_source_that_answered_only_before_something_was_lost_is_not_over(tmp_path: Path, ledger: Ledger) -> None:
    assert is_open_later(tmp_path, ledger, "lost", 12 * HOUR, ran(1, OUTPUT, "finished", KNOWN - HOUR))


def test_a_source_that_nobody_asks_any_more_is_over_a_day_after_the_loss(tmp_path: Path, ledger: Ledger) -> None:
    assert not is_open_later(tmp_path, ledger, "lost", REOPENS + SETTLE)


def test_a_source_of_which_nothing_is_lost_is_over_when_all_is_made(tmp_path: Path, ledger: Ledger) -> None:
    assert not is_open_later(tmp_path, ledger, "proven", 12 * HOUR)
