"""What the oracle holds against an evening: what could have been made and is not, what is lost untold, or only called lost."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tipoff.core.clock import midnight
from tipoff.core.fault import Fault
from tipoff.drills.drill import Drill
from tipoff.drills.evening import is_clear, spans_of
from tipoff.drills.fuzz import EVENINGS, GROUNDS, composed
from tipoff.drills.oracle import judge_drill
from tipoff.drills.truth import Truth, Unit
from tipoff.leagues.checks.probes import REMADE

DAY = date(2030, 1, 8)
NEXT = DAY + timedelta(days=1)
START = datetime(2030, 1, 9, 0, 5, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
LINE_UPS: Unit = ("line_ups", DAY, "one")
FEATURES: Unit = ("pitcher_features", DAY, "one")
PREDICTED: Unit = ("predictions", DAY, "one")
PROJECTED: Unit = ("projected_predictions", DAY, "one")
PUBLISHED: Unit = ("published_predictions", DAY, "one")
GRADES: Unit = ("grades", DAY, "one")
TOMORROWS: Unit = ("predictions", NEXT, "two")
RESUMED: Unit = ("grades", NEXT, "one")  # a game that goes on
RESULTS: Unit = ("pitcher_boxscores", NEXT, "two")
ALL = (LINE_UPS, FEATURES, PREDICTED, PROJECTED, PUBLISHED, GRADES, TOMORROWS, RESULTS)


def fault(begin: datetime, end: datetime, kind: str = "http", how: str = "refuse") -> Fault:
    return Fault(kind=kind, how=how, begin=begin, end=end)


def why(  # noqa: PLR0913 -- what an evening may be like
    *faults: Fault,
    gone: tuple[Unit, ...] = (),
    other: tuple[Unit, ...] = (),
    told: tuple[Unit, ...] | None = None,
    goes_on: bool = False,
    looked: datetime = START - 40 * MINUTE,
    checked: tuple[Unit, ...] = (),
    **more: Any,
) -> list[str]:
    """Return what is held against an evening in which these units are lost, or stand otherwise; `told` are called lost.

    Of `checked` a check has told that they are not what their inputs give.
    """
    twin, truth = Truth(), Truth(**more)
    for each in (twin, truth):
        each.starts |= {(DAY, "one"): START, (NEXT, "two"): START + 24 * HOUR}
        each.content |= dict.fromkeys((*ALL, RESUMED) if goes_on else ALL, (1, "as it was"))
        each.seen |= dict.fromkeys([LINE_UPS, FEATURES, PUBLISHED], START - 80 * MINUTE)
    twin.arrivals |= dict.fromkeys([LINE_UPS, FEATURES, PREDICTED], looked)
    twin.seen[LINE_UPS] = twin.seen[FEATURES] = looked
    for unit in gone:
        del truth.content[unit]
    truth.content |= dict.fromkeys(other, (1, "another"))
    truth.told |= {(f"{output}.{REMADE}", "data", output, str(day)): START for output, day, _ in checked}
    for output, day, name in gone if told is None else told:
        truth.losses[output, day] = (name,)
        truth.named.add((output, day))
    drill = Drill(name="d", fault="f", rows=(), first_day=DAY, league="mlb", faults=faults, fuzzed=True, evening=True)
    return list(judge_drill(drill, twin, truth, {}).why)


@pytest.mark.parametrize(("ended", "is_lost"), [(20, False), (29, False), (31, True), (90, True)])
def test_what_closes_may_be_lost_only_where_no_time_was_left_after_the_fault_and_the_machines_own_wait(
    ended: int, *, is_lost: bool
) -> None:
    found = why(fault(START - 3 * HOUR, START - ended * MINUTE), gone=(LINE_UPS,))

    assert found == (["lost: line_ups 2030-01-08 one"] if is_lost else [])


def test_what_could_be_made_between_two_faults_must_be_there() -> None:
    long_before, until_start = fault(START - 9 * HOUR, START - 8 * HOUR), fault(START - 30 * MINUTE, START)

    assert why(long_before, until_start, gone=(LINE_UPS,)) == ["lost: line_ups 2030-01-08 one"]


LATE = fault(START - HOUR, START + HOUR)


@pytest.mark.parametrize(
    ("gone", "lost"),
    [
        ((LINE_UPS, FEATURES), []),
        ((FEATURES,), []),
        ((LINE_UPS, PROJECTED), ["lost: projected_predictions 2030-01-08 one"]),
        ((LINE_UPS, RESULTS), ["lost: pitcher_boxscores 2030-01-09 two"]),
        ((LINE_UPS, PUBLISHED), ["lost: published_predictions 2030-01-08 one"]),
    ],
    ids=[
        "it needs them",
        "it closes by itself",
        "it needs none",
        "of another day",
        "something else was there, and time",
    ],
)
def test_what_needs_what_is_lost_is_lost_with_it_and_nothing_else_is(gone: tuple[Unit, ...], lost: list[str]) -> None:
    assert why(LATE, gone=gone) == lost


@pytest.mark.parametrize(
    ("gone", "lost"),
    [
        ((LINE_UPS, FEATURES, PREDICTED, PROJECTED), []),
        ((LINE_UPS, FEATURES, PREDICTED), [RESUMED]),
        ((), [RESUMED]),
    ],
    ids=["nothing was predicted of it", "the projected stood", "both stood"],
)
def test_a_game_that_goes_on_has_no_grades_where_all_that_was_predicted_when_it_began_is_lost(
    gone: tuple[Unit, ...], lost: list[Unit]
) -> None:
    all_day = fault(START - 24 * HOUR, START + HOUR)
    found = why(all_day, gone=(*gone, *((GRADES,) if gone else ()), RESUMED), told=gone, goes_on=True)

    assert [line for line in found if RESUMED[0] in line] == [f"lost: {' '.join(map(str, unit))}" for unit in lost]


@pytest.mark.parametrize(
    ("other", "wrong"),
    [((GRADES, TOMORROWS), ()), ((GRADES, RESULTS), (RESULTS,)), ((TOMORROWS,), (TOMORROWS,))],
    ids=["made of it", "not made of it", "made of what is as it was"],
)
def test_from_the_next_morning_on_nothing_stands_otherwise_but_what_rests_on_the_lost(
    other: tuple[Unit, ...], wrong: tuple[Unit, ...]
) -> None:
    gone: tuple[Unit, ...] = (LINE_UPS, FEATURES, PREDICTED) if GRADES in other else ()

    found = why(LATE, gone=(LINE_UPS, FEATURES) if gone else (), other=other + gone[2:])

    assert found == [f"other content than the twin's: {' '.join(map(str, unit))}" for unit in wrong]


@pytest.mark.parametrize(
    ("ended", "found"),
    [
        (HOUR, ["made after its close, and could have been before: predictions 2030-01-08 one"]),
        (-HOUR, []),
    ],
    ids=["in time", "too late"],
)
def test_what_could_be_made_before_its_close_is_not_made_after_it_and_where_it_had_to_be_its_grades_say_so(
    ended: timedelta, found: list[str]
) -> None:
    late = {PREDICTED: START + 2 * HOUR}
    due = {PREDICTED[:2]: START + 2 * HOUR}
    grades = ["other content than the twin's: grades 2030-01-08 one"] if found else []

    assert why(fault(START - 3 * HOUR, START - ended), other=(GRADES,), arrivals=late, due=due) == found + grades


@pytest.mark.parametrize(
    ("came", "found"),
    [
        (40, []),
        (41, ["made after its close, and could have been before: pitcher_features 2030-01-08 one"]),
    ],
    ids=["at the next look", "later"],
)
def test_what_a_source_said_at_the_twins_look_could_be_made_from_the_next_look_on(came: int, found: list[str]) -> None:
    looked, until_start = START - 50 * MINUTE, fault(START - 45 * MINUTE, START + HOUR, "executor", "late")
    arrivals = {LINE_UPS: looked + came * MINUTE, FEATURES: START + HOUR}
    due = {unit[:2]: START + HOUR for unit in arrivals}

    assert why(until_start, looked=looked, arrivals=arrivals, due=due) == found


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, ["lost, and not told: line_ups 2030-01-08 one"]),
        ({"off": {(DAY, "one")}}, []),
        ({"losses": {("line_ups", DAY): ("one",)}}, ["lost, and named by no incident: line_ups of 2030-01-08"]),
    ],
    ids=["nobody says it", "its game was put off", "no incident does"],
)
def test_a_loss_is_told_and_named_by_an_incident_unless_its_game_was_put_off(
    more: dict[str, Any], told: list[str]
) -> None:
    assert why(LATE, gone=(LINE_UPS,), told=(), **more) == told


@pytest.mark.parametrize(
    ("looked", "checked", "told"),
    [
        (80, (LINE_UPS,), []),
        (80, (), ["lost, and not told: pitcher_features 2030-01-08 one"]),
        (40, (LINE_UPS,), ["lost, and not told: pitcher_features 2030-01-08 one"]),
    ],
    ids=["a check told of its input", "nobody told of its input", "as of another instant than the twin's"],
)
def test_what_was_made_in_time_with_nothing_is_told_of_by_the_check_of_its_input(
    looked: int, checked: tuple[Unit, ...], told: list[str]
) -> None:
    all_evening = fault(START - 2 * HOUR, START + HOUR)

    assert why(all_evening, gone=(FEATURES,), told=(), looked=START - looked * MINUTE, checked=checked) == told


def test_nothing_is_called_lost_that_was_made_or_is_off() -> None:
    made = why(LATE, told=(LINE_UPS,))
    off = why(LATE, gone=(LINE_UPS,), off={(DAY, "one")})

    assert made == ["called lost, and made: line_ups of 2030-01-08: one"]
    assert off == ["called lost, and off: line_ups of 2030-01-08: one"]


def test_waits_of_faults_that_follow_one_another_grow_together() -> None:
    first = fault(START, START + HOUR, "ledger", "locked")
    second = fault(START + 2 * HOUR, START + 3 * HOUR, "ledger", "locked")

    assert spans_of([second, first]) == [(START, START + 3 * HOUR + 150 * MINUTE)]
    assert spans_of([first]) == [(START, START + HOUR + 1.25 * 61 * MINUTE)]


@pytest.mark.parametrize(
    ("begin", "end", "clear"), [(-2, 1, True), (0, 1, False), (0, 2, False), (1, 3, True), (5, 6, True), (3, 3, False)]
)
def test_an_instant_is_clear_where_nothing_was_wrong(begin: int, end: int, *, clear: bool) -> None:
    spans = [(START, START + 2 * HOUR), (START + 8 * HOUR, START + 9 * HOUR)]

    assert is_clear(spans, START + begin * HOUR, START + end * HOUR) is clear


@pytest.mark.parametrize("league", GROUNDS)
def test_every_fourth_composition_lies_in_an_evening_in_which_games_begin_and_the_others_do_not(league: str) -> None:
    day_ends, one_day = timedelta(minutes=GROUNDS[league].until), timedelta(days=1)
    drills = [composed(5, number, league) for number in range(60)]

    evenings = [drill for drill in drills if drill.evening]
    latest = [
        max((each.end - midnight(DAY)) % one_day for each in drill.faults) for drill in drills if not drill.evening
    ]

    assert [drill.name.rpartition("-")[2] for drill in evenings] == [str(number) for number in range(3, 60, 4)]
    assert max(latest) <= day_ends
    assert all(any((each.begin - midnight(DAY)) % one_day > day_ends for each in drill.faults) for drill in evenings)
    assert EVENINGS.keys() == GROUNDS.keys()
