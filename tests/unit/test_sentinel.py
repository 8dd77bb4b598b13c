"""The sentinel's judge: what is wrong at an instant, from facts alone."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from tipoff.core.clock import Hours, age, is_ahead, is_fresh
from tipoff.core.errors import UsageError
from tipoff.core.severity import Severity
from tipoff.ledger import LEASE, Lease
from tipoff.ledger.facts import NoSeason
from tipoff.watch.sentinel import LIVE, Facts, SilenceLimits, judge_silence, unreadable

NOW = datetime(2024, 1, 10, 17, tzinfo=UTC)  # noon in New York
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WELL = Facts(
    league="east",
    lease=Lease(name="controller east", holder="one:1", epoch=1, until=NOW + LEASE),
    alive_at=NOW,
    unexecuted=0,
    unexecuted_since=None,
    overdue=(),
    digest_due=None,
    monitor_at=NOW,
    started_at=NOW - timedelta(days=3),
)


def told(facts: Facts, now: datetime = NOW, limits: SilenceLimits = LIVE) -> list[tuple[str, Severity]]:
    return [(trouble.check, trouble.severity) for trouble in judge_silence(facts, now, limits)]


def silent(gap: timedelta) -> Facts:
    return replace(WELL, alive_at=NOW - gap, monitor_at=NOW - gap)


def test_nothing_is_wrong_with_a_home_that_is_well() -> None:
    assert told(WELL) == []


def test_nothing_is_owed_where_nothing_has_started() -> None:
    assert told(replace(WELL, lease=None, alive_at=None, monitor_at=None, started_at=None)) == []


def test_nothing_is_owed_when_the_season_is_over() -> None:
    assert told(replace(silent(timedelta(days=40)), is_over=True)) == []


# --- the gap between decisions


@pytest.mark.parametrize(
    ("gap", "severity"),
    [
        (5 * MINUTE - timedelta(seconds=1), None),
        (5 * MINUTE, Severity.WARNING),
        (2 * HOUR - timedelta(seconds=1), Severity.WARNING),
        (2 * HOUR, Severity.ERROR),
        (6 * HOUR - timedelta(seconds=1), Severity.ERROR),
        (6 * HOUR, Severity.CRITICAL),
        (45 * HOUR, Severity.CRITICAL),
    ],
)
def test_a_silence_is_told_by_its_length(gap: timedelta, severity: Severity | None) -> None:
    assert told(silent(gap)) == ([("controller_is_alive", severity)] if severity is not None else [])


def test_a_silence_says_since_when_and_who() -> None:
    [trouble] = judge_silence(silent(45 * HOUR), NOW, LIVE)

    assert trouble.note == "the controller on one:1 has decided nothing since 2024-01-08 20:00 UTC, for 45 h"
    assert trouble.day == date(2024, 1, 8)
    assert trouble.cause == "controller"


def test_while_nobody_decides_nothing_else_is_told() -> None:
    """What waits behind a stopped controller is its consequence: one message for one cause."""
    facts = replace(
        silent(3 * HOUR),
        unexecuted=9,
        unexecuted_since=NOW - 5 * HOUR,
        digest_due=(date(2024, 1, 10), NOW - HOUR),
        overdue=(("games", date(2024, 1, 9), NOW - 5 * HOUR),),
    )

    assert told(facts) == [("controller_is_alive", Severity.ERROR)]


# --- hours in which silence counts

EVENINGS = replace(LIVE, active={"east": Hours(time(17), time(2))})  # New York, over midnight


def test_silence_outside_a_leagues_hours_does_not_count() -> None:
    two_at_night = datetime(2024, 1, 10, 7, tzinfo=UTC)
    facts = replace(WELL, alive_at=two_at_night, monitor_at=two_at_night)

    assert told(facts, datetime(2024, 1, 10, 22, tzinfo=UTC), EVENINGS) == []
    assert told(facts, datetime(2024, 1, 11, 0, tzinfo=UTC), EVENINGS) == [("controller_is_alive", Severity.ERROR)]


def test_hours_over_midnight_are_counted_on_both_sides_of_it() -> None:
    half_past_eleven = datetime(2024, 1, 11, 4, 30, tzinfo=UTC)
    facts = replace(WELL, alive_at=half_past_eleven, monitor_at=half_past_eleven)

    assert told(facts, half_past_eleven + 2 * HOUR - MINUTE, EVENINGS) == [("controller_is_alive", Severity.WARNING)]
    assert told(facts, half_past_eleven + 2 * HOUR, EVENINGS) == [("controller_is_alive", Severity.ERROR)]


def test_another_leagues_hours_are_not_this_ones() -> None:
    noon = replace(silent(3 * HOUR), league="west")

    assert told(noon, limits=EVENINGS) == [("controller_is_alive", Severity.ERROR)]


@pytest.mark.parametrize(("day", "hours"), [(date(2024, 1, 9), 10), (date(2024, 3, 9), 9), (date(2024, 11, 2), 11)])
def test_a_night_has_the_hours_that_pass_in_it_when_the_clocks_change(day: date, hours: int) -> None:
    """From 17:00 to 03:00 are ten hours; in the night in which clocks go forward nine, in that in which they go back eleven."""
    evening = datetime(day.year, day.month, day.day, 18, tzinfo=UTC)

    spent = Hours(time(17), time(3)).spent(evening, evening + timedelta(hours=24))

    assert spent == timedelta(hours=hours)


# --- decisions that nobody executes


@pytest.mark.parametrize(
    ("since", "severity"), [(HOUR, Severity.WARNING), (2 * HOUR, Severity.ERROR), (169 * HOUR, Severity.CRITICAL)]
)
def test_decisions_of_which_no_run_comes_are_told(since: timedelta, severity: Severity) -> None:
    facts = replace(WELL, unexecuted=12, unexecuted_since=NOW - since)

    [trouble] = judge_silence(facts, NOW, LIVE)
    assert (trouble.cause, trouble.severity) == ("executor", severity)
    assert "12 decisions to run" in trouble.note


def test_a_run_that_has_just_begun_is_nothing() -> None:
    assert told(replace(WELL, unexecuted=1, unexecuted_since=NOW - 4 * MINUTE)) == []


# --- who watches and tells


def test_a_monitor_that_does_not_look_is_told() -> None:
    assert told(replace(WELL, monitor_at=NOW - 9 * MINUTE)) == []
    assert told(replace(WELL, monitor_at=NOW - 10 * MINUTE)) == [("monitor_is_alive", Severity.ERROR)]
    assert told(replace(WELL, monitor_at=NOW - 6 * HOUR)) == [("monitor_is_alive", Severity.CRITICAL)]


def test_a_monitor_that_was_never_started_is_told() -> None:
    facts = replace(WELL, monitor_at=None, started_at=NOW - 11 * MINUTE)

    [trouble] = judge_silence(facts, NOW, LIVE)
    assert "never looked" in trouble.note
    assert told(replace(facts, started_at=NOW - 9 * MINUTE)) == []


def test_behind_a_monitor_that_does_not_look_what_is_overdue_is_told() -> None:
    late, soon = ("games", date(2024, 1, 9), NOW - 2 * HOUR), ("grades", date(2024, 1, 9), NOW - HOUR)
    facts = replace(WELL, monitor_at=NOW - HOUR, overdue=(late, soon))

    assert told(facts) == [("monitor_is_alive", Severity.ERROR), ("obligation_is_told", Severity.ERROR)]
    assert told(replace(facts, monitor_at=NOW)) == []  # a monitor that looks tells of them itself


def test_a_digest_that_was_not_sent_is_told() -> None:
    due = date(2024, 1, 10), NOW - 30 * MINUTE

    assert told(replace(WELL, digest_due=due)) == [("digest_is_sent", Severity.ERROR)]
    assert told(replace(WELL, digest_due=due), NOW - MINUTE) == []


def test_a_ledger_that_cannot_be_read_is_critical() -> None:
    trouble = unreadable("east", UsageError("it is no database"), NOW)

    assert (trouble.cause, trouble.severity) == ("ledger", Severity.CRITICAL)
    assert "it is no database" in trouble.note


def test_an_instant_of_the_future_is_told_and_is_no_sign_of_life() -> None:
    ahead = replace(WELL, alive_at=NOW - 3 * HOUR, ahead_at=NOW + HOUR)

    assert told(ahead) == [("clocks_agree", Severity.ERROR), ("controller_is_alive", Severity.ERROR)]


@pytest.mark.parametrize(
    ("at", "is_one", "is_of_the_future"),
    [(NOW + 2 * MINUTE, False, True), (NOW + MINUTE, True, False), (NOW, True, False), (NOW - HOUR, False, False)],
)
def test_ages_are_never_negative_and_the_future_is_not_fresh(
    at: datetime, *, is_one: bool, is_of_the_future: bool
) -> None:
    assert age(at, NOW) >= timedelta(0)
    assert is_fresh(at, NOW, 30 * MINUTE) is is_one
    assert is_ahead(at, NOW) is is_of_the_future


# --- a controller that cannot learn which season it is


@pytest.mark.parametrize(
    ("gap", "severity"), [(MINUTE, None), (5 * MINUTE, "WARNING"), (2 * HOUR, "ERROR"), (6 * HOUR, "CRITICAL")]
)
def test_a_season_that_cannot_be_learned_is_told_though_the_controller_lives(
    gap: timedelta, severity: str | None
) -> None:
    waits = NoSeason(since=NOW - gap, why="boxes.example cannot be reached")

    found = told(replace(WELL, no_season=waits, started_at=None, monitor_at=None))

    assert found == ([("season_is_known", Severity[severity])] if severity else [])
