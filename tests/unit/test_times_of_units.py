"""Times of units: each opens, is due and closes at its own game's start, where the catalog says so."""

import dataclasses
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.engine import (
    AFTER,
    BEFORE_START,
    EVENING,
    HOUR,
    NOON,
    PUBLISH,
    SEASON,
    SOURCE,
    TODAY,
    YESTERDAY,
    at,
    book_of,
    entry_of,
    game,
    judged,
    made_as_judged,
    prove,
    start,
    step,
)

from tipoff.core import lateness
from tipoff.core.clock import LEAGUE_ZONE, midnight
from tipoff.core.obligation import Anchor, Moment, State, Timing, Verb
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import Game, GameStatus, Season, Slate
from tipoff.core.step import Edge
from tipoff.core.window import BEFORE, SLATE, Input, Window
from tipoff.engine import rules
from tipoff.engine.book import Book
from tipoff.engine.gates import patience_is_over
from tipoff.engine.inputs import made_from
from tipoff.engine.plan import grown, plan_step

EARLY = game("early", "AAA", "BBB", starts_at=midnight(TODAY) + 13 * HOUR)
LATE = game("late", "CCC", "DDD", starts_at=midnight(TODAY) + 22 * HOUR)
UNKNOWN = game("unknown", "EEE", "FFF", starts_at=None)
LINE_UPS = step("line_ups", SOURCE, Timing(opens=start(-4), due=start(-1), closes=start()))
RESULTS = step("results", SOURCE, AFTER)


def test_what_is_due_before_it_opens_or_closes_before_it_is_due_is_no_timing() -> None:
    with pytest.raises(ValueError, match="due, told from midnight, lies before opens"):
        Timing(opens=at(9), due=at(8))
    with pytest.raises(ValueError, match="closes, told from own start, lies before due"):
        Timing(opens=at(9), due=start(-1), closes=start(-2))


def test_a_line_up_is_due_before_its_own_game_and_not_before_the_first_of_the_day() -> None:
    owed = plan_step(LINE_UPS, Slate("x", SEASON, TODAY, (EARLY, LATE)))

    assert EARLY.starts_at is not None
    assert LATE.starts_at is not None
    assert owed.times["early"].due_at == EARLY.starts_at - HOUR
    assert owed.times["late"].due_at == LATE.starts_at - HOUR
    assert (owed.times["late"].opens_at, owed.times["late"].closes_at) == (LATE.starts_at - 4 * HOUR, LATE.starts_at)
    assert (owed.opens_at, owed.due_at) == (EARLY.starts_at - 4 * HOUR, EARLY.starts_at - HOUR)


@pytest.mark.parametrize(
    ("waits", "hours"),
    [
        ([4.0] * 30, 5.0),  # an hour after nine of ten came
        ([3.0] * 18 + [30.0] * 2, 14.0),  # no later than its bound
        ([0.5] * 30, 7.0 - 4),  # no earlier than its bound
        ([4.0] * 19, 7.0),  # of too few nothing is learned
        ([], 7.0),
    ],
)
def test_a_source_is_late_by_how_it_has_come_within_its_declared_bounds(waits: list[float], hours: float) -> None:
    bounds = lateness.Bounds(earlier=4 * HOUR, later=7 * HOUR)
    learning = step("results", SOURCE, dataclasses.replace(AFTER, due=start(7), learns=bounds))
    learned = lateness.learned([wait * HOUR for wait in waits])

    owed = plan_step(learning, Slate("x", SEASON, TODAY, (LATE,)), learned)
    fixed = plan_step(RESULTS, Slate("x", SEASON, TODAY, (LATE,)), learned)

    assert LATE.starts_at is not None
    assert owed.times["late"].due_at == LATE.starts_at + hours * HOUR
    assert fixed == plan_step(RESULTS, Slate("x", SEASON, TODAY, (LATE,)))


def test_the_late_games_line_up_is_not_late_when_the_early_ones_is_due() -> None:
    book = book_of({LINE_UPS: ()}, [EARLY, LATE])
    made_as_judged(book, "line_ups", NOON)
    assert LATE.starts_at is not None

    found = judged(book, "line_ups", NOON + HOUR)

    assert found.state is State.WAITING
    assert found.missing == ()
    assert found.wake_at == LATE.starts_at - 4 * HOUR
    assert judged(book, "line_ups", LATE.starts_at - HOUR).state is State.LATE


def test_only_units_that_are_open_are_made() -> None:
    book = book_of({LINE_UPS: ()}, [EARLY, LATE])

    [plan] = judged(book, "line_ups", NOON).plans

    assert plan.units.keys() == {"early"}
    assert plan.closes == {"early": EARLY.starts_at}


def test_a_unit_that_opens_is_asked_for_though_another_one_waits_for_its_next_attempt() -> None:
    book = book_of({LINE_UPS: ()}, [EARLY, LATE])
    entry = entry_of(book, "line_ups")
    assert LATE.starts_at is not None
    entry.tried_at, entry.not_before = NOON, LATE.starts_at

    assert judged(book, "line_ups", NOON + timedelta(minutes=5)).verb is Verb.WAIT
    assert judged(book, "line_ups", LATE.starts_at - 4 * HOUR).verb is Verb.RUN


def test_a_game_whose_start_is_unknown_is_owed_and_neither_due_nor_closed() -> None:
    publication = step("publication", PUBLISH, BEFORE_START)
    book = book_of({publication: ()}, [EARLY, UNKNOWN])
    times = entry_of(book, "publication").obligation.times["unknown"]
    assert (times.due_at, times.closes_at) == (None, None)

    found = judged(book, "publication", midnight(TODAY) + 47 * HOUR)

    assert "unknown" in found.missing
    assert "unknown" not in found.lost


def test_what_is_told_from_an_unknown_start_has_not_opened_and_says_so() -> None:
    book = book_of({LINE_UPS: ()}, [UNKNOWN])

    found = judged(book, "line_ups", midnight(TODAY) + 30 * HOUR)

    assert (found.state, found.reason, found.wake_at) == (State.WAITING, "its start is not known yet", None)


def test_once_its_start_is_known_a_game_falls_due_and_closes() -> None:
    book = book_of({LINE_UPS: ()}, [UNKNOWN])

    changed = book.set_games(TODAY, (dataclasses.replace(UNKNOWN, starts_at=EVENING),))

    assert ("line_ups", TODAY) in changed
    assert entry_of(book, "line_ups").obligation.times["unknown"].closes_at == EVENING


def test_an_end_of_the_slate_is_no_end_for_a_game_without_a_start_but_an_hour_of_the_day_is() -> None:
    slate = Slate("x", SEASON, TODAY, (EARLY, UNKNOWN))

    assert Moment(Anchor.FIRST_START, -HOUR).bound(slate, UNKNOWN) is None
    assert Moment(Anchor.FIRST_START, -HOUR).bound(slate, EARLY) == midnight(TODAY) + 12 * HOUR
    assert at(34).bound(slate, UNKNOWN) == midnight(TODAY) + 34 * HOUR


def test_a_slates_moments_are_told_from_the_starts_that_are_known_and_else_from_the_evening() -> None:
    first, last = Moment(Anchor.FIRST_START, HOUR), Moment(Anchor.LAST_START, HOUR)

    assert first.at(Slate("x", SEASON, TODAY, (UNKNOWN, LATE))) == midnight(TODAY) + 23 * HOUR
    assert last.at(Slate("x", SEASON, TODAY, (EARLY, LATE))) == midnight(TODAY) + 23 * HOUR
    assert last.at(Slate("x", SEASON, TODAY, (UNKNOWN,))) == EVENING + HOUR
    # of the slate's own unit
    assert start().at(Slate("x", SEASON, TODAY, (EARLY, LATE))) == midnight(TODAY) + 13 * HOUR


def test_a_slate_without_games_opens_and_falls_due_all_the_same() -> None:
    owed = plan_step(RESULTS, Slate("x", SEASON, TODAY))

    assert (owed.opens_at, owed.due_at) == (EVENING + 3 * HOUR, midnight(TODAY) + 34 * HOUR)


def test_games_stand_in_the_order_of_their_starts_and_unknown_ones_come_last() -> None:
    games, _ = grown((), [UNKNOWN, LATE, EARLY])

    assert [each.game_id for each in games] == ["early", "late", "unknown"]


def test_patience_is_of_the_unit_too() -> None:
    edge = Edge(table="results", minimum=0.5, patience=HOUR)
    times = plan_step(LINE_UPS, Slate("x", SEASON, TODAY, (EARLY, LATE))).times
    now = midnight(TODAY) + 10 * HOUR
    assert patience_is_over(times["early"], edge, now)
    assert not patience_is_over(times["late"], edge, now)
    assert patience_is_over(times["late"], Edge(table="results", patience=100 * HOUR), midnight(TODAY) + 21 * HOUR)


# --- suspended, put off, not needed


@pytest.mark.parametrize("status", [s for s in GameStatus if s.is_off])
def test_a_game_that_is_off_owes_nothing_on_that_day(status: GameStatus) -> None:
    book = book_of({RESULTS: ()}, [dataclasses.replace(EARLY, status=status), LATE])

    found = judged(book, "results", midnight(TODAY) + 35 * HOUR)

    assert found.excused == {"early": status.value}
    assert found.missing == ("late",)


def test_a_suspended_game_is_owed_again_on_the_day_on_which_it_is_resumed() -> None:
    begun = game("one", day=YESTERDAY, status=GameStatus.SUSPENDED, starts_at=EVENING - 24 * HOUR)
    book = book_of({RESULTS: ()}, [begun, game("one")])

    assert judged(book, "results", NOON, YESTERDAY).state is State.EXCUSED
    assert judged(book, "results", EVENING + 4 * HOUR).missing == ("one",)


def test_a_game_off_is_told_from_one_that_is_under_way() -> None:
    assert {status for status in GameStatus if status.is_off} == {
        GameStatus.POSTPONED,
        GameStatus.MOVED,
        GameStatus.CANCELLED,
        GameStatus.SUSPENDED,
        GameStatus.NOT_NEEDED,
    }
    assert {status for status in GameStatus if status.has_begun} == {GameStatus.LIVE, GameStatus.FINAL}


# --- a look at the schedule before what cannot be taken back


def see(book: Book, now: datetime) -> None:
    """Let the schedule have been looked at."""
    prove(book, "schedule", TODAY, [WHOLE_SLATE], as_of=now, made=made_from(()))


def lines_closing_at(starts_at_hour: float, *, seen_at_hour: float) -> Book:
    lines = step("lines", SOURCE, BEFORE_START)
    one = game("one", starts_at=midnight(TODAY) + starts_at_hour * HOUR)
    return book_of({lines: ()}, [one], schedule_seen_at=midnight(TODAY) + seen_at_hour * HOUR)


def test_before_a_unit_is_due_and_before_it_closes_the_schedule_is_looked_at_once_more() -> None:
    book = lines_closing_at(19, seen_at_hour=12)
    minute = timedelta(minutes=1)

    before_due = judged(book, "lines", EVENING - HOUR - 16 * minute)
    at_due = judged(book, "lines", EVENING - HOUR - 15 * minute)

    assert before_due.look_by is None
    assert before_due.wake_at == EVENING - HOUR - 15 * minute
    assert at_due.look_by == EVENING - HOUR - 15 * minute
    assert judged(book, "lines", EVENING - 15 * minute).look_by == EVENING - 15 * minute


def test_a_schedule_that_has_been_seen_since_is_not_looked_at_again() -> None:
    book = lines_closing_at(19, seen_at_hour=18.8)

    assert judged(book, "lines", EVENING - timedelta(minutes=5)).look_by is None


def test_the_schedule_is_stale_for_a_look_and_its_answer_must_be_fresh() -> None:
    book = lines_closing_at(19, seen_at_hour=12)
    assert judged(book, "schedule", NOON + HOUR).plans == ()

    key = book.have_seen("schedule", TODAY, NOON + HOUR)

    [plan] = judged(book, "schedule", NOON + HOUR).plans
    assert key == ("schedule", TODAY)
    assert plan.is_fresh
    see(book, NOON + HOUR)
    assert judged(book, "schedule", NOON + HOUR).plans == ()


def test_a_unit_that_closes_unmade_is_lost_only_when_the_schedule_seen_since_has_its_game_on() -> None:
    book = lines_closing_at(19, seen_at_hour=18.9)
    unsure = judged(book, "lines", EVENING)
    assert (unsure.state, unsure.lost, unsure.look_by) == (State.LATE, frozenset(), EVENING)

    see(book, EVENING)
    again = judged(book, "lines", EVENING + timedelta(minutes=1))
    assert (again.state, again.wake_at) == (State.LATE, EVENING + rules.LOOK_AGAIN)

    see(book, EVENING + rules.LOOK_AGAIN)
    assert judged(book, "lines", EVENING + rules.LOOK_AGAIN).lost == {"one"}


def test_a_postponement_seen_after_the_close_excuses_and_loses_nothing() -> None:
    book = lines_closing_at(19, seen_at_hour=19)
    assert judged(book, "lines", EVENING).state is State.LATE

    book.set_games(TODAY, (game("one", status=GameStatus.POSTPONED),))

    found = judged(book, "lines", EVENING + timedelta(minutes=20))
    assert (found.state, found.excused) == (State.EXCUSED, {"one": "postponed"})


def test_a_game_that_the_schedule_has_under_way_at_its_start_is_not_looked_up_again() -> None:
    times = plan_step(LINE_UPS, Slate("x", SEASON, TODAY, (EARLY,))).times["early"]
    begun = dataclasses.replace(EARLY, status=GameStatus.LIVE)

    assert rules.is_confirmed(times, begun, times.closes_at, NOON + HOUR)
    assert not rules.is_confirmed(times, EARLY, times.closes_at, NOON + HOUR)


def test_a_schedule_that_cannot_be_had_excuses_nobody_for_more_than_two_hours() -> None:
    book = lines_closing_at(19, seen_at_hour=12)
    almost = judged(book, "lines", EVENING + 2 * HOUR - timedelta(minutes=1))

    assert (almost.state, almost.wake_at) == (State.LATE, EVENING + 2 * HOUR)
    assert judged(book, "lines", EVENING + 2 * HOUR).state is State.LOST


def test_the_slates_own_unit_asks_for_no_look_at_the_schedule() -> None:
    times = plan_step(LINE_UPS, Slate("x", SEASON, TODAY, (EARLY,))).times["early"]

    assert rules.look_instants(times, None) == ()
    assert rules.is_confirmed(times, None, None, NOON)


# --- two games of one team on a day


FIRST = game("first", "AAA", "BBB", starts_at=midnight(TODAY) + 13 * HOUR)
SECOND = game("second", "AAA", "BBB", starts_at=midnight(TODAY) + 19 * HOUR)
FORM = step("form", timing=Timing(opens=at(9), due=start(-0.5), closes=start()))
NO_EARLIER = Timing(opens=at(9), due=at(34))
DOUBLE = {RESULTS: (), FORM: (Input("results", BEFORE),)}


def test_the_first_game_of_a_double_header_is_history_for_the_second_and_for_no_other_team() -> None:
    slate = Slate("x", SEASON, TODAY, (FIRST, SECOND, LATE))

    assert [each.game_id for each in slate.before(SECOND)] == ["first"]
    assert slate.before(FIRST) == slate.before(LATE) == ()
    unknown = dataclasses.replace(SECOND, starts_at=None)
    assert Slate("x", SEASON, TODAY, (FIRST, unknown)).before(unknown) == (FIRST,)
    assert Slate("x", SEASON, TODAY, (FIRST, unknown)).before(FIRST) == ()


def test_the_second_game_waits_for_the_first_ones_result_and_is_made_with_it_in_a_run_of_its_own() -> None:
    book = book_of(DOUBLE, [FIRST, SECOND, LATE])
    [early] = judged(book, "form", NOON).plans
    assert early.units.keys() == {"first", "late"}
    assert "second" in judged(book, "form", NOON).missing

    prove(book, "results", TODAY, ["first"])
    plans = judged(book, "form", NOON).plans

    assert [(set(plan.units), plan.earlier) for plan in plans] == [({"first", "late"}, ()), ({"second"}, ("first",))]


def test_on_a_homes_first_day_the_second_game_waits_for_the_first_no_longer_than_patience_lasts() -> None:
    book = book_of(DOUBLE, [FIRST, SECOND, LATE])

    plans = judged(book, "form", midnight(TODAY) + 14 * HOUR).plans

    assert "second" in {unit for plan in plans for unit in plan.units}
    one_before = book_of(DOUBLE, [game("g0", "AAA", "BBB", day=YESTERDAY), FIRST, SECOND, LATE])
    assert "second" in judged(one_before, "form", midnight(TODAY) + 14 * HOUR).missing


def test_a_step_without_history_makes_both_games_of_a_double_header_in_one_run() -> None:
    book = book_of({LINE_UPS: ()}, [FIRST, SECOND])

    [plan] = judged(book, "line_ups", EVENING - HOUR).plans

    assert plan.units.keys() >= {"second"}
    assert plan.earlier == ()
    [both] = judged(book_of({step("results", SOURCE, NO_EARLIER): ()}, [FIRST, SECOND]), "results", EVENING).plans
    assert both.units.keys() == {"first", "second"}


def test_a_changed_result_of_the_first_game_makes_the_second_stale_alone() -> None:
    book = book_of(DOUBLE, [FIRST, SECOND, LATE])
    prove(book, "results", TODAY, ["first"])
    made_as_judged(book, "form", NOON)
    assert judged(book, "form", NOON).plans == ()

    prove(book, "results", TODAY, ["first"], content="corrected")

    [plan] = judged(book, "form", NOON).plans
    assert plan.units.keys() == {"second"}
    assert ("form", TODAY) in set(book.readers("results", TODAY))


def test_without_a_double_header_nobody_reads_results_of_his_own_day() -> None:
    book = book_of(DOUBLE, [FIRST, LATE])

    assert ("form", TODAY) not in set(book.readers("results", TODAY))


def test_the_last_games_of_a_team_count_those_of_the_same_day() -> None:
    before = [game(f"g{n}", "AAA", "BBB", day=YESTERDAY - timedelta(days=n)) for n in range(3)]
    book = book_of(DOUBLE, [*before, FIRST, SECOND])

    assert book.own_games(SECOND, 2) == {(TODAY, "first"), (YESTERDAY, "g0")}
    assert book.own_games(FIRST, 2) == {(YESTERDAY, "g0"), (YESTERDAY - timedelta(days=1), "g1")}


def test_only_windows_of_history_are_widened_by_games_of_the_day() -> None:
    assert BEFORE.with_games(("first",)).games == ("first",)
    assert SLATE.with_games(("first",)) == SLATE
    assert BEFORE.with_games(()) == BEFORE
    assert repr(BEFORE.with_games(("first",))) == repr(BEFORE)  # a run's history is no part of a step's version


# --- windows over seasons


def test_a_window_of_seasons_begins_with_the_first_day_of_the_oldest_that_it_names() -> None:
    three = dataclasses.replace(SEASON, earlier=(TODAY.replace(year=2023), TODAY.replace(year=2022)))

    assert Window.parse("seasons1").bounds(TODAY, three) == (TODAY.replace(year=2023), YESTERDAY)
    assert Window.parse("seasons2").bounds(TODAY, three) == (TODAY.replace(year=2022), YESTERDAY)
    assert Window.parse("seasons5").bounds(TODAY, three) == (TODAY.replace(year=2022), YESTERDAY)
    assert Window.parse("seasons2").bounds(TODAY, SEASON) == BEFORE.bounds(TODAY, SEASON)
    assert Window.parse("seasons2").name == "seasons2"


@pytest.mark.parametrize("name", ["seasons", "last", "seasonsx", "lastx", "afterwards"])
def test_a_window_without_its_length_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Window.parse(name)


def test_a_season_need_not_know_of_earlier_ones() -> None:
    assert Season("2024", TODAY, TODAY).earlier == ()


def test_a_schedule_is_looked_at_more_often_once_games_have_begun_while_a_start_is_not_known() -> None:
    day = date(2023, 4, 29)
    first = datetime(2023, 4, 29, 17, 5, tzinfo=UTC)
    at_noon = Moment(Anchor.MIDNIGHT, timedelta(hours=12))
    timing = Timing(opens=at_noon, due=at_noon, refresh=timedelta(hours=6), refresh_unknown=timedelta(minutes=30))
    known = Game(game_id="1", day=day, home="A", away="B", starts_at=first, status=GameStatus.SCHEDULED)
    unknown = dataclasses.replace(known, game_id="2", starts_at=None)
    season = Season("2023", day, day)

    open_ended = Slate("x", season, day, (known, unknown))
    settled = Slate("x", season, day, (known,))

    assert rules.refresh_of(timing, open_ended, first - timedelta(hours=1)) == timedelta(hours=6)
    assert rules.refresh_of(timing, open_ended, first + timedelta(hours=1)) == timedelta(minutes=30)
    assert rules.refresh_of(timing, settled, first + timedelta(hours=1)) == timedelta(hours=6)
    assert rules.refresh_of(timing, None, first) == timedelta(hours=6)


@pytest.mark.parametrize("day", [date(2024, 3, 9), date(2024, 3, 10), date(2024, 11, 3), date(2024, 11, 4)])
def test_eleven_in_new_york_is_eleven_on_the_days_on_which_clocks_change(day: date) -> None:
    eleven = at(11).at(Slate("x", SEASON, day))

    assert eleven is not None
    assert (eleven.astimezone(LEAGUE_ZONE).date(), eleven.astimezone(LEAGUE_ZONE).hour) == (day, 11)


# --- a start that becomes another


OF_SCHEDULE = {FORM: (Input("schedule", SLATE),), RESULTS: (Input("schedule", SLATE),)}


@pytest.mark.parametrize("moves", [timedelta(hours=-2), timedelta(hours=2)], ids=["earlier", "later"])
def test_what_tells_a_start_is_made_anew_where_the_start_becomes_another_before_it_closes(moves: timedelta) -> None:
    book = book_of(OF_SCHEDULE, [FIRST, SECOND])
    made_as_judged(book, "form", NOON)
    assert judged(book, "form", NOON).plans == ()

    book.set_games(TODAY, (FIRST, dataclasses.replace(SECOND, starts_at=midnight(TODAY) + 19 * HOUR + moves)))

    [plan] = judged(book, "form", NOON + timedelta(minutes=30)).plans
    assert plan.units.keys() == {"second"}
    made_as_judged(book, "form", NOON + timedelta(minutes=30))
    assert judged(book, "form", NOON + timedelta(minutes=31)).plans == ()


def test_what_has_closed_when_the_start_becomes_another_is_overtaken_and_stays() -> None:
    book = book_of(OF_SCHEDULE, [FIRST, SECOND])
    made_as_judged(book, "form", NOON)
    night = midnight(TODAY) + 23 * HOUR

    book.set_games(TODAY, (FIRST, dataclasses.replace(SECOND, starts_at=midnight(TODAY) + 20 * HOUR)))

    assert (judged(book, "form", night).plans, judged(book, "form", night).overtaken) == ((), ("second",))


def test_a_start_that_is_told_for_the_first_time_makes_nothing_anew() -> None:
    book = book_of(OF_SCHEDULE, [FIRST, dataclasses.replace(SECOND, starts_at=None)])
    made_as_judged(book, "form", NOON)

    book.set_games(TODAY, (FIRST, SECOND))

    assert judged(book, "form", NOON).plans == ()


def test_a_start_that_was_unknown_for_a_while_and_is_another_then_makes_anew_what_tells_the_first() -> None:
    book = book_of(OF_SCHEDULE, [FIRST, SECOND])
    made_as_judged(book, "form", NOON)
    book.set_games(TODAY, (FIRST, dataclasses.replace(SECOND, starts_at=None)))
    assert judged(book, "form", NOON).plans == ()

    book.set_games(TODAY, (FIRST, dataclasses.replace(SECOND, starts_at=midnight(TODAY) + 21 * HOUR)))

    [plan] = judged(book, "form", NOON + timedelta(minutes=30)).plans
    assert plan.units.keys() == {"second"}
