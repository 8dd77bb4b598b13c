"""Runs against a timetable: absence is told, lateness within its grace is not."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from benchmarks.recorded_runs import recorded_runs
from tests.support import tipoff

from tipoff.core.errors import UsageError
from tipoff.watch.timetable import GRACE, Expected, judge_runs, read_runs, read_timetable

DAY = date(2026, 1, 1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAILY = Expected(job="feed", at=(time(12),), first=DAY)
LATER = timedelta(days=20)


def daily(*offsets: int, late: timedelta = timedelta(0)) -> dict[str, list[datetime]]:
    return {"feed": [NOON + timedelta(days=n) + late for n in offsets]}


def test_a_run_within_its_grace_is_late_and_not_lost() -> None:
    judged = judge_runs([DAILY], daily(*range(21), late=GRACE), NOON + LATER + GRACE)

    assert judged.lost == ()
    assert set(judged.late["feed"]) == {GRACE}


def test_a_slot_without_a_run_is_told_when_its_grace_is_over() -> None:
    judged = judge_runs([DAILY], daily(0, 2), NOON + timedelta(days=2, hours=3))

    [lost] = judged.lost
    assert lost.told_at == NOON + timedelta(days=1) + GRACE


def test_slots_lost_in_a_row_are_one_incident_with_two_messages() -> None:
    judged = judge_runs([DAILY], daily(0, 5), NOON + timedelta(days=5, hours=3))

    [incident] = judged.incidents
    assert len(incident.lost) == 4
    assert incident.closed_at == NOON + timedelta(days=5)
    assert incident.n_messages == 2


def test_what_has_not_come_yet_and_may_still_come_is_open() -> None:
    assert judge_runs([DAILY], daily(0), NOON + timedelta(days=1, hours=1)).lost == ()


def test_paused_days_and_days_outside_are_not_expected() -> None:
    line = Expected(
        job="feed", at=(time(12),), first=DAY, last=date(2026, 1, 4), paused=((date(2026, 1, 2), date(2026, 1, 3)),)
    )

    assert judge_runs([line], daily(0, 3), NOON + LATER).lost == ()


def test_every_removed_run_of_the_recorded_history_is_found(data: Path) -> None:
    """Two hundred runs that alone serve a slot are taken away: each of their slots is lost, and nothing else is."""
    ok, measured = recorded_runs(data)

    assert ok
    assert measured["removed_and_found"] == 200
    assert measured["lost_after_removal_beyond"] == 0
    assert measured["late_within_grace"] > 2000
    assert measured["errors_on_late_runs"] == 0


def test_the_command_says_what_was_lost_and_when_one_would_know(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text("job,committed_at\nfeed,2026-01-01T12:10:00Z\nfeed,2026-01-03T12:20:00Z\n")
    (tmp_path / "table.toml").write_text('[[job]]\nname = "feed"\nat = ["12:00"]\nfrom = 2026-01-01\n')

    done = tipoff(
        "replay-incident", str(tmp_path / "runs.csv"), "--timetable", str(tmp_path / "table.toml"), home=tmp_path
    )

    assert done.returncode == 1
    assert "LOST feed 2026-01-02 12:00: told 2026-01-02 13:30 UTC, closed 2026-01-03 12:20" in done.stdout


@pytest.mark.parametrize(
    "text", ["", "[[job]]\nname = 'x'\n", "[[job]]\nname='x'\nat=['25:00']\nfrom=2026-01-01\n", "=="]
)
def test_a_file_that_is_no_timetable_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "table.toml").write_text(text)

    with pytest.raises(UsageError, match="is no timetable"):
        read_timetable(tmp_path / "table.toml")


@pytest.mark.parametrize("text", ["when,job\n", "job,committed_at\nfeed,yesterday\n"])
def test_runs_that_cannot_be_read_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "runs.csv").write_text(text + ("1,feed\n" if "when" in text else ""))

    with pytest.raises(UsageError, match="cannot be read as runs"):
        read_runs(tmp_path / "runs.csv")
