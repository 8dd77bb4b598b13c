"""What the oracle lets differ from a quiet twin: what a fault explains, and nothing beside it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tipoff.drills.drill import Drill
from tipoff.drills.oracle import judge_drill
from tipoff.drills.truth import Truth, Unit

DAY = date(2030, 1, 8)
NEXT, LATER = DAY + timedelta(days=1), DAY + timedelta(days=2)
EARLY, LATE = (datetime(2030, 1, 9, hour, tzinfo=UTC) for hour in (16, 23))
HOUR = timedelta(hours=1)
DRILL = Drill(name="d", fault="f", rows=(), first_day=DAY, league="mlb", fuzzed=True)
STARTS = {(NEXT, "early"): EARLY, (NEXT, "late"): LATE, (LATER, "other"): LATE + 24 * HOUR}


def wrong(twin: Truth, truth: Truth, *units: Unit) -> bool:
    """Whether it is held against a drill that these units are not as the twin's."""
    for each, hashed in ((twin, "as it was"), (truth, "another")):
        each.starts |= STARTS
        each.due["grades", DAY] = LATE + 48 * HOUR
        each.content |= dict.fromkeys(units, (1, hashed))
    return any("other content" in why for why in judge_drill(DRILL, twin, truth, {}).why)


@pytest.mark.parametrize(
    ("unit", "is_wrong"),
    [
        (("predictions", NEXT, "early"), False),
        (("published_predictions", NEXT, "early"), False),
        (("predictions", NEXT, "late"), True),
        (("predictions", LATER, "other"), False),
        (("pitcher_features", NEXT, "early"), True),
        (("predictions", DAY, "before"), True),
    ],
    ids=["made by then", "behind it", "made since", "graded by it", "before it", "that day's own"],
)
def test_predictions_differ_where_a_grade_came_after_they_were_made_and_where_their_grades_are_read(
    unit: Unit, *, is_wrong: bool
) -> None:
    twin, truth = (Truth(arrivals={("grades", DAY, "before"): EARLY + after * HOUR}) for after in (-9, -3))
    for game, before in (("early", 4), ("late", 2)):
        truth.seen["predictions", NEXT, game] = EARLY - before * HOUR

    assert wrong(twin, truth, unit) is is_wrong


@pytest.mark.parametrize(("seen", "is_wrong"), [(3, False), (4, True), (1, True)], ids=["in time", "old", "the same"])
def test_what_a_source_says_until_a_start_differs_where_its_last_look_was_another_and_no_older_than_it_may_be(
    seen: int, *, is_wrong: bool
) -> None:
    unit = ("probable_pitchers", NEXT, "early")
    twin, truth = (Truth(seen={unit: EARLY - before * HOUR}) for before in (1, seen))

    assert wrong(twin, truth, unit, ("projected_features", NEXT, "early")) is is_wrong


@pytest.mark.parametrize(
    ("changed", "n_rows", "is_wrong"),
    [(3, 1, False), (5, 1, True), (3, 2, True)],
    ids=["since", "before", "other rows"],
)
def test_what_was_made_as_of_another_change_of_the_schedule_may_tell_another_start(
    changed: int, n_rows: int, *, is_wrong: bool
) -> None:
    unit = ("predictions", NEXT, "early")
    twin, truth = (Truth(seen={unit: EARLY - before * HOUR}) for before in (4, 2))
    truth.changes = twin.changes = {NEXT: [EARLY - changed * HOUR]}
    truth.starts = twin.starts = dict(STARTS)
    twin.content[unit], truth.content[unit] = (1, "as it was"), (n_rows, "another")

    assert any("other content" in why for why in judge_drill(DRILL, twin, truth, {}).why) is is_wrong


def test_what_is_made_over_and_over_is_held_against_a_drill_however_few_runs_the_others_need() -> None:
    truth = Truth(told={("runs_are_bounded", "source:statsapi", "line_ups", str(NEXT)): EARLY}, n_runs=9)

    why = judge_drill(DRILL, Truth(n_runs=9), truth, {}).why

    assert f"made over and over: line_ups of {NEXT}" in why
