"""Runs against a timetable: absence is told, lateness within its grace is not."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from tipoff.core.errors import UsageError
from tipoff.drills.timetable import EARLY, GRACE, ExpectedJob, judge_runs, read_runs, read_timetable

DAY = date(2026, 1, 1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAILY = ExpectedJob(job="feed", at=(time(12),), first=DAY)
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


HOURLY = ExpectedJob(job="feed", at=tuple(time(hour) for hour in range(24)), first=DAY, last=DAY)
MIDNIGHT, HOUR = datetime(2026, 1, 1, tzinfo=UTC), timedelta(hours=1)


def test_a_run_serves_one_slot_and_those_that_were_dropped_are_lost() -> None:
    every_second = {"feed": [MIDNIGHT + n * HOUR + timedelta(minutes=5) for n in range(0, 24, 2)]}

    judged = judge_runs([HOURLY], every_second, MIDNIGHT + 2 * LATER)

    assert [lost.slot.hour for lost in judged.lost] == list(range(1, 24, 2))
    assert set(judged.late["feed"]) == {timedelta(minutes=5)}
    assert judged.extra == 0


def test_six_slots_and_one_run_are_five_lost() -> None:
    six = ExpectedJob(job="feed", at=tuple(time(hour, 23) for hour in range(6)), first=DAY, last=DAY)
    runs = {"feed": [MIDNIGHT + timedelta(hours=4, minutes=45), MIDNIGHT + timedelta(hours=7, minutes=10)]}

    judged = judge_runs([six], runs, MIDNIGHT + LATER)

    assert [lost.slot.hour for lost in judged.lost] == [0, 1, 2, 3, 5]
    assert (judged.extra, len(judged.incidents)) == (1, 2)


def test_two_late_runs_serve_two_slots_and_one_too_many_serves_none() -> None:
    two = ExpectedJob(job="feed", at=(time(0), time(1)), first=DAY, last=DAY)
    late = {"feed": [MIDNIGHT + timedelta(minutes=62), MIDNIGHT + timedelta(minutes=145)]}
    thrice = {"feed": [MIDNIGHT + timedelta(minutes=minutes) for minutes in (3, 63, 66)]}

    assert judge_runs([two], late, MIDNIGHT + LATER).lost == ()
    judged = judge_runs([two], thrice, MIDNIGHT + LATER)
    assert (judged.lost, judged.extra, max(judged.late["feed"])) == ((), 1, timedelta(minutes=3))


def test_a_run_a_little_before_its_slot_serves_it() -> None:
    assert judge_runs([DAILY], daily(*range(21), late=-EARLY), NOON + LATER + GRACE).lost == ()
    early = judge_runs([DAILY], daily(*range(21), late=-2 * EARLY), NOON + LATER + GRACE)
    assert len(early.lost) == 21


def test_a_timetables_zone_keeps_its_hour_when_clocks_change(tmp_path: Path) -> None:
    (tmp_path / "table.toml").write_text(
        '[[job]]\nname = "feed"\nat = ["11:00"]\nfrom = 2026-03-07\nto = 2026-03-08\nzone = "America/New_York"\n'
    )

    [line] = read_timetable(tmp_path / "table.toml")

    assert [slot.hour for slot in line.slots(MIDNIGHT + timedelta(days=100))] == [16, 15]
    (tmp_path / "table.toml").write_text('[[job]]\nname = "x"\nat = ["11:00"]\nfrom = 2026-03-07\nzone = "Nowhere"\n')
    with pytest.raises(UsageError, match="is no timetable"):
        read_timetable(tmp_path / "table.toml")


def test_paused_days_and_days_outside_are_not_expected() -> None:
    line = ExpectedJob(
        job="feed", at=(time(12),), first=DAY, last=date(2026, 1, 4), paused=((date(2026, 1, 2), date(2026, 1, 3)),)
    )

    assert judge_runs([line], daily(0, 3), NOON + LATER).lost == ()


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
