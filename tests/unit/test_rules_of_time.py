"""Windows, moments, waits and gates: values that must hold for every input."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from benchmarks.live_run import set_clock
from hypothesis import given
from hypothesis import strategies as st

from tipoff.core.clock import SimClock, league_day, midnight
from tipoff.core.errors import ErrorKind, LeaseLost, PipelineError, UsageError, WriteConflict
from tipoff.core.gate import Evidence, decide
from tipoff.core.obligation import Anchor, Moment
from tipoff.core.retry import POLICIES, while_freed
from tipoff.core.slate import Game, GameStatus, Season, Slate
from tipoff.core.window import Window
from tipoff.drills.set_clock import SetClock

SEASON = Season("2023-24", date(2023, 10, 24), date(2024, 4, 14))
NOON = midnight(SEASON.first_day) + timedelta(hours=12)
evidences = st.dictionaries(st.text(min_size=1, max_size=3), st.sampled_from(Evidence), max_size=12)


def test_before_ends_the_day_before_and_never_crosses_the_seasons_first_day() -> None:
    assert Window.parse("before").bounds(date(2023, 11, 1), SEASON) == (date(2023, 10, 24), date(2023, 10, 31))
    first, last = Window.parse("before").bounds(SEASON.first_day, SEASON)
    assert first > last


def test_a_window_of_days_stops_at_the_season_too() -> None:
    assert Window.parse("last14").bounds(date(2023, 10, 30), SEASON)[0] == SEASON.first_day
    assert Window.parse("last14").bounds(date(2024, 1, 20), SEASON)[0] == date(2024, 1, 6)


def test_an_unknown_window_is_refused() -> None:
    with pytest.raises(ValueError, match="after"):
        Window.parse("after")


@pytest.mark.parametrize(
    ("day", "utc_hour"),
    [
        (date(2024, 3, 9), 5),
        (date(2024, 3, 10), 5),
        (date(2024, 3, 11), 4),
        (date(2023, 11, 5), 4),
        (date(2023, 11, 6), 5),
    ],
)
def test_the_leagues_midnight_follows_both_clock_changes(day: date, utc_hour: int) -> None:
    assert midnight(day).hour == utc_hour
    assert league_day(midnight(day)) == day
    assert league_day(midnight(day) - timedelta(seconds=1)) == day - timedelta(days=1)


def test_an_evening_game_is_of_its_new_york_day_though_utc_has_the_next() -> None:
    assert league_day(datetime.fromisoformat("2024-01-02T03:30:00+00:00")) == date(2024, 1, 1)


def test_a_clock_never_runs_back() -> None:
    clock = SimClock(midnight(date(2024, 1, 1)))

    with pytest.raises(ValueError, match="cannot go back"):
        clock.advance_to(midnight(date(2023, 12, 31)))


def test_a_clock_that_is_set_stands_or_goes_on_from_there_and_a_wait_on_it_ends_when_it_is_set_ahead(
    tmp_path: Path,
) -> None:
    noon, file = datetime(2030, 1, 7, 12, tzinfo=UTC), tmp_path / "clock"
    set_clock(file, noon, speed=0)
    clock = SetClock(file)
    left = clock.timer(timedelta(hours=1))

    stands, waits = clock.now(), left()
    set_clock(file, noon + timedelta(hours=2), speed=720)

    assert (stands, waits > 0, left()) == (noon, True, 0.0)
    assert clock.now() >= noon + timedelta(hours=2)
    assert clock.speed == 720


@pytest.mark.parametrize("words", ["", "then now fast", "2030-01-07T12:00:00+00:00 2030-01-07T12:00:00+00:00"])
def test_a_file_that_sets_no_clock_is_refused(tmp_path: Path, words: str) -> None:
    (tmp_path / "clock").write_text(words)

    with pytest.raises(UsageError, match="sets no clock"):
        SetClock(tmp_path / "clock").now()


def test_times_are_told_from_the_games_that_are_on() -> None:
    day = date(2024, 1, 1)
    early, late = midnight(day) + timedelta(hours=13), midnight(day) + timedelta(hours=22)
    games = tuple(
        Game(game_id=str(n), day=day, home="A", away="B", starts_at=at, status=status)
        for n, (at, status) in enumerate([(early, GameStatus.POSTPONED), (late, GameStatus.SCHEDULED)])
    )

    assert Moment(Anchor.FIRST_START, timedelta(0)).at(Slate("x", SEASON, day, games)) == late


@given(st.integers(1, 60), st.floats(0, 0.999))
def test_waits_are_bounded(failures: int, jitter: float) -> None:
    for policy in POLICIES.values():
        wait = policy.wait_after(failures, jitter)
        assert wait is None or timedelta(0) <= wait <= policy.max_wait * 1.25


def test_waits_after_a_conflict_are_5_10_20_and_40_minutes_and_outlast_the_streaming_window() -> None:
    policy = POLICIES[ErrorKind.CONFLICT]
    waits = [policy.wait_after(n, 0.0) for n in range(1, 5)]

    assert [wait and wait.total_seconds() / 60 for wait in waits] == [5, 10, 20, 40]
    assert sum((wait for wait in waits if wait), timedelta()) > timedelta(minutes=30)


def test_every_policy_comes_to_an_end() -> None:
    for policy in POLICIES.values():
        assert policy.wait_after(policy.attempts, 0.0) is None


@given(evidences, st.floats(0, 1), st.booleans())
def test_more_data_never_closes_a_gate(expected: dict[str, Evidence], minimum: float, patience_over: bool) -> None:  # noqa: FBT001
    before = decide(expected=expected, minimum=minimum, patience_over=patience_over)

    for unit in expected:
        after = decide(expected=expected | {unit: Evidence.PROVEN}, minimum=minimum, patience_over=patience_over)
        assert after.is_open or not before.is_open


@given(evidences, st.floats(0, 1))
def test_a_gate_with_all_of_its_input_is_open_at_once(expected: dict[str, Evidence], minimum: float) -> None:
    complete = dict.fromkeys(expected, Evidence.PROVEN)

    assert decide(expected=complete, minimum=minimum, patience_over=False).is_open


def test_what_is_unknown_holds() -> None:
    verdict = decide(expected={"a": Evidence.UNKNOWN}, minimum=0.8, patience_over=True)

    assert not verdict.is_open
    assert verdict.missing == ("a",)


def test_eight_of_ten_open_only_when_patience_is_over() -> None:
    expected = {str(n): Evidence.PROVEN if n < 8 else Evidence.MISSING for n in range(10)}

    assert not decide(expected=expected, minimum=0.8, patience_over=False).is_open
    assert decide(expected=expected, minimum=0.8, patience_over=True).is_partial


def test_a_unit_without_its_own_input_is_held_whatever_the_rest() -> None:
    expected = {"own": Evidence.MISSING} | {str(n): Evidence.PROVEN for n in range(99)}

    assert not decide(expected=expected, minimum=0.5, patience_over=True, needs_own="own").is_open


def test_an_excused_unit_is_neither_expected_nor_missing() -> None:
    expected = {"a": Evidence.EXCUSED, "b": Evidence.PROVEN}

    assert decide(expected=expected, minimum=1.0, patience_over=False).coverage == 1.0


def conflict(*, clears_in: int | None, held_for: int | None = None) -> WriteConflict:
    clears_at = None if clears_in is None else NOON + timedelta(minutes=clears_in)
    held_until = None if held_for is None else NOON + timedelta(minutes=held_for)
    return WriteConflict("nba_raw.x", NOON.date(), clears_at=clears_at, reason="held", held_until=held_until)


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (conflict(clears_in=60), 10),
        (conflict(clears_in=60, held_for=-30), 10),
        (conflict(clears_in=25, held_for=25), 25),
        (conflict(clears_in=90), 10),
        (conflict(clears_in=91), None),
        (conflict(clears_in=None), None),
        (LeaseLost("another has it"), None),
    ],
)
def test_rows_that_are_being_freed_are_tried_every_ten_minutes_and_not_before_any_can_be_free(
    error: PipelineError, wait: int | None
) -> None:
    at = while_freed(error, NOON + timedelta(minutes=40), NOON, NOON - timedelta(minutes=90))

    assert at == (None if wait is None else NOON + timedelta(minutes=wait))


def test_a_first_wait_that_is_shorter_stays_as_it_is() -> None:
    at = while_freed(conflict(clears_in=60), NOON + timedelta(minutes=5), NOON, NOON)

    assert at == NOON + timedelta(minutes=5)


def test_rows_that_somebody_streams_into_all_day_are_waited_for_as_long_as_any_others() -> None:
    policy, now, failures = POLICIES[ErrorKind.CONFLICT], NOON, 1
    while (wait := policy.wait_after(failures, jitter=0.0)) is not None:
        minutes = int((now - NOON).total_seconds() // 60)
        freed = conflict(clears_in=minutes + 60)  # the oldest rows are always half an hour old
        now = while_freed(freed, now + wait, now, NOON) or now + wait
        failures += 1

    assert now - NOON > timedelta(hours=10), "at ten minutes apart it would be given up within four"
