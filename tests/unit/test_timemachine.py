"""The time machine: over a recorded ledger, when one would have been told, how often, how often in vain."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tipoff.core.errors import UsageError
from tipoff.core.severity import Severity
from tipoff.drills.backtest import LOOK, render_text, replay_ledger
from tipoff.ledger import Batch, Ledger
from tipoff.ledger.alerts import AlertChanges, AlertStore

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
Write = Callable[..., None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def write(path: Path) -> Iterator[Write]:
    """Write ticks (hours from the beginning), findings and arrivals into a ledger."""
    ledger = Ledger(path)

    def rows(
        *, ticks: tuple[float, ...] = (), findings: tuple[dict[str, Any], ...] = (), arrived: float | None = None
    ) -> None:
        batch = Batch()
        batch.fact("world", "sample", league="east")
        for at in ticks:
            counts: dict[str, Any] = dict.fromkeys(("n_judged", "n_run", "n_held", "n_late", "n_quiet"), 0)
            batch.add("ticks", {"league": "east", "at": NOW + at * HOUR, "build": "1", "settings_hash": "s"} | counts)
        for finding in findings:
            said = {
                "league": "east",
                "output": "games",
                "day": date(2024, 1, 9),
                "check": "obligation_is_met",
                "cause": "source:feed",
                "severity": int(Severity.ERROR),
                "ok": False,
                "coverage": 0.0,
                "required": 1.0,
                "missing": "[]",
                "note": "it does not come",
            }
            batch.add("findings", said | finding)
        if arrived is not None:
            slate: dict[str, Any] = {"league": "east", "output": "games", "day": date(2024, 1, 9), "unit": "slate"}
            batch.add("arrivals", slate | {"run_id": 1, "first_at": NOW + arrived * HOUR})
        ledger.commit(batch)

    yield rows
    ledger.close()


def test_a_ledger_in_which_nothing_was_found_tells_nobody(path: Path, write: Write) -> None:
    write(ticks=(0, 0.5, 1, 1.5))

    told = replay_ledger(path)

    assert told.incidents == ()
    assert "nobody would have been told" in render_text(told)[0]


def test_a_stop_of_45_hours_is_told_after_two_hours_and_is_one_incident(path: Path, write: Write) -> None:
    write(ticks=(0, 45, 45.5))

    [incident] = replay_ledger(path).incidents

    assert incident.cause == "controller"
    assert incident.severity == "CRITICAL"
    assert incident.told_at is not None
    assert incident.told_at - NOW <= 2 * HOUR + LOOK
    assert not incident.is_false
    assert incident.closed_at is not None
    assert incident.closed_at - NOW >= 45 * HOUR
    assert incident.n_messages == 4  # opened, critical, not acknowledged for a day, over


def test_a_stop_that_nobody_ended_is_told_too(path: Path, write: Write) -> None:
    write(ticks=(0, 0.5))
    store = AlertStore(path)
    store.write(AlertChanges(), beat=("monitor", NOW + 30 * HOUR, "1", '{"findings": 0}'))
    store.close()

    [incident] = replay_ledger(path).incidents

    assert (incident.cause, incident.severity, incident.closed_at) == ("controller", "CRITICAL", None)


def test_a_controller_with_nothing_to_write_down_is_not_silent(path: Path, write: Write) -> None:
    write(ticks=(0, 0.5))
    store = AlertStore(path)
    store.write(AlertChanges(), beat=("controller east", NOW + 9 * HOUR, "1", "{}"))
    store.write(AlertChanges(), beat=("monitor", NOW + 9 * HOUR, "1", '{"findings": 0}'))
    store.close()

    assert replay_ledger(path).incidents == ()


def test_findings_of_one_cause_are_one_incident_that_ends(path: Path, write: Write) -> None:
    findings = tuple({"at": NOW + n * HOUR} for n in range(5))
    write(findings=findings, arrived=6)

    [incident] = replay_ledger(path).incidents

    assert incident.closed_at is not None
    assert incident.n_messages == 2
    assert not incident.is_false


def test_what_was_in_order_within_a_look_was_told_in_vain(path: Path, write: Write) -> None:
    write(findings=({"at": NOW},), arrived=0.25)

    [incident] = replay_ledger(path).incidents

    assert incident.is_false
    assert (
        f"{incident.n_messages} messages, {incident.n_messages} of them in vain" in render_text(replay_ledger(path))[0]
    )


def test_a_warning_is_an_incident_that_nobody_hears_of(path: Path, write: Write) -> None:
    write(findings=({"at": NOW, "severity": int(Severity.WARNING)},), arrived=1)

    told = replay_ledger(path)

    assert [incident.told_at for incident in told.incidents] == [None]
    assert "0 messages" in render_text(told)[0]


def test_a_file_that_is_no_ledger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs.db").write_text("job,committed_at")

    with pytest.raises(UsageError, match="cannot be opened"):
        replay_ledger(tmp_path / "runs.db")
