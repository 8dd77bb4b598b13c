"""Attempts: what failed waits and is not forgotten by what did not; and no obligation is made over and over."""

from datetime import timedelta
from itertools import pairwise

import pytest
from tests.engine import (
    BEFORE_START,
    EVENING,
    HOUR,
    NOON,
    SOURCE,
    TODAY,
    at,
    book_of,
    entry_of,
    game,
    judged,
    start,
    step,
)

from tipoff.core.clock import midnight
from tipoff.core.obligation import Timing, Verb
from tipoff.engine.attempts import (
    HELD_AGAIN,
    LAST_LOOK,
    after_hold,
    before_deadline,
    before_end,
    note_failure,
    note_success,
    waits,
)
from tipoff.engine.book import Book, Entry
from tipoff.engine.budget import A_DAY, RunBudget

ONE, TWO = game("one"), game("two", "CCC", "DDD")
MADE = step("made", timing=Timing(opens=at(0), due=at(34)))
ASKED = step("asked", SOURCE, Timing(opens=start(-8), due=start(-1), closes=start()))
KEY = ("made", TODAY)


@pytest.fixture
def book() -> Book:
    return book_of({MADE: (), ASKED: ()}, [ONE, TWO])


@pytest.fixture
def entry(book: Book) -> Entry:
    return entry_of(book, "made")


def failed(entry: Entry, **units: str) -> None:
    note_failure(entry, units)
    entry.failed_on |= units
    entry.not_before = NOON + HOUR


def test_the_failures_of_an_obligation_are_those_of_its_worst_unit(entry: Entry) -> None:
    note_failure(entry, ["one"])
    note_failure(entry, ["one", "two"])

    assert (entry.tries, entry.failures) == ({"one": 2, "two": 1}, 2)


def test_what_one_run_failed_on_is_not_forgotten_when_another_one_succeeds(entry: Entry) -> None:
    failed(entry, one="x")
    entry.attempted = {"one": "w", "two": "w"}

    is_over = note_success(entry, ["two"])

    assert not is_over
    assert (entry.failures, entry.failed_on, entry.attempted) == (1, {"one": "x"}, {"one": "w"})
    assert note_success(entry, ["one"])
    assert (entry.failures, entry.failed_on, entry.attempted, entry.tries) == (0, {}, {}, {})


def test_a_unit_that_failed_waits_unless_its_input_has_changed_since(entry: Entry) -> None:
    failed(entry, one="x")

    assert waits(entry, "one", "x", NOON)
    assert not waits(entry, "one", "changed", NOON)
    assert not waits(entry, "one", "x", NOON + HOUR)


def test_a_unit_that_did_not_fail_does_not_wait_for_one_that_did(entry: Entry) -> None:
    failed(entry, one="x")

    assert not waits(entry, "two", "x", NOON)


def test_what_a_source_had_not_published_waits_though_another_unit_failed_until_any_fails_anew(book: Book) -> None:
    entry = entry_of(book, "asked")
    note_failure(entry, ["one"])
    entry.not_before, entry.put_off = NOON + HOUR, frozenset({"two"})

    assert waits(entry, "two", "x", NOON)
    assert not waits(entry, "two", "x", NOON + HOUR)
    note_failure(entry, ["one"])
    assert not waits(entry, "two", "x", NOON)


def test_a_unit_whose_store_failed_waits_whatever_its_input(entry: Entry) -> None:
    note_failure(entry, ["one"])
    entry.not_before = NOON + HOUR

    assert waits(entry, "one", "anything", NOON)


def test_while_a_source_has_not_published_all_wait_but_a_unit_that_has_opened_since(book: Book) -> None:
    entry = entry_of(book, "asked")
    opens_at = entry.obligation.times["one"].opens_at
    assert opens_at is not None
    entry.not_before = opens_at + 2 * HOUR

    assert waits(entry, "one", "x", opens_at + HOUR)
    entry.tried_at = opens_at
    assert waits(entry, "one", "x", opens_at + HOUR)
    entry.tried_at = opens_at - HOUR
    assert not waits(entry, "one", "x", opens_at + HOUR)


def test_while_a_table_is_left_alone_nothing_is_tried(entry: Entry) -> None:
    assert waits(entry, "one", "x", NOON, NOON + HOUR)
    assert not waits(entry, "one", "x", NOON + HOUR, NOON + HOUR)


def test_a_judgement_makes_what_may_be_tried_and_wakes_for_the_rest(book: Book, entry: Entry) -> None:
    [plan] = judged(book, "made", NOON).plans
    failed(entry, one=plan.units["one"])

    found = judged(book, "made", NOON)

    assert [set(plan.units) for plan in found.plans] == [{"two"}]
    assert found.wake_at == NOON + HOUR


def test_a_judgement_says_how_often_it_failed(book: Book, entry: Entry) -> None:
    [plan] = judged(book, "made", NOON).plans
    failed(entry, **plan.units)

    found = judged(book, "made", NOON)

    assert (found.verb, found.reason, found.until) == (Verb.WAIT, "failed 1 time in a row", NOON + HOUR)


def test_the_nearer_the_end_the_sooner_a_source_that_failed_is_asked_again(book: Book) -> None:
    entry = entry_of(book, "asked")
    due_at = entry.obligation.times["one"].due_at
    closes_at = entry.obligation.times["one"].closes_at
    assert due_at is not None
    assert closes_at is not None
    late = due_at + 100 * HOUR

    assert before_deadline(entry, ["one"], late, due_at - 2 * HOUR) == due_at - HOUR
    assert before_deadline(entry, ["one"], due_at - 1.9 * HOUR, due_at - 2 * HOUR) == due_at - 1.9 * HOUR
    assert before_deadline(entry, ["one"], late, due_at - timedelta(minutes=4)) == due_at + timedelta(minutes=1)
    assert before_deadline(entry, ["one"], late, due_at) == due_at + (closes_at - due_at) / 2
    assert before_deadline(entry, ["one"], late, closes_at) == late
    assert before_deadline(entry, [], late, due_at) == late


def test_a_source_that_has_not_published_is_looked_at_once_more_before_its_unit_is_due_and_before_it_closes(
    book: Book,
) -> None:
    entry = entry_of(book, "asked")
    due_at = entry.obligation.times["one"].due_at
    closes_at = entry.obligation.times["one"].closes_at
    assert due_at is not None
    assert closes_at is not None
    late = closes_at + HOUR

    assert before_end(entry, ["one"], late, due_at - HOUR) == due_at - LAST_LOOK
    assert before_end(entry, ["one"], due_at - HOUR / 2, due_at - HOUR) == due_at - HOUR / 2
    assert before_end(entry, ["one"], late, due_at - LAST_LOOK) == closes_at - LAST_LOOK
    assert before_end(entry, ["one"], late, closes_at - LAST_LOOK) == late
    assert before_end(entry, [], late, due_at - HOUR) == late


def test_what_a_guard_holds_all_day_is_tried_ever_sooner_and_has_not_used_up_its_runs_when_it_is_due(
    book: Book,
) -> None:
    entry = entry_of(book, "asked")
    due_at = entry.obligation.times["one"].due_at
    assert due_at is not None
    tries = [due_at - 10 * HOUR]

    while tries[-1] < due_at:
        tries.append(after_hold(entry, ["one"], tries[-1]))

    waits = [later - earlier for earlier, later in pairwise(tries)]
    assert waits == sorted(waits, reverse=True)
    assert waits[-1] == HELD_AGAIN
    assert len(tries) < A_DAY
    assert after_hold(entry, ["one"], due_at) == due_at + HELD_AGAIN


def test_what_a_guard_holds_waits_alone_and_only_while_its_input_is_the_same(entry: Entry) -> None:
    entry.held = {"one": ("x", NOON + HOUR)}

    assert waits(entry, "one", "x", NOON)
    assert not waits(entry, "one", "changed", NOON)
    assert not waits(entry, "two", "x", NOON)
    assert not waits(entry, "one", "x", NOON + HOUR)


def test_a_judgement_says_what_is_held_and_wakes_when_it_is_tried_again(book: Book, entry: Entry) -> None:
    [plan] = judged(book, "made", NOON).plans
    entry.held = {"one": (plan.units["one"], NOON + HOUR)}
    assert [set(plan.units) for plan in judged(book, "made", NOON).plans] == [{"two"}]

    entry.held["two"] = (plan.units["two"], NOON + 2 * HOUR)
    found = judged(book, "made", NOON)

    assert (found.verb, found.until, found.wake_at) == (Verb.WAIT, NOON + HOUR, NOON + HOUR)
    assert found.reason == "its own checks keep it from going out: one, two"


# --- the budget of runs


def spent(budget: RunBudget, n: int) -> RunBudget:
    for _ in range(n):
        budget.spend(KEY, NOON)
    return budget


def test_a_slate_has_so_many_runs_a_day_and_then_one_in_two_hours_until_the_next() -> None:
    budget = RunBudget(a_day=3, a_tick=9)
    budget.begin(NOON)

    assert spent(budget, 2).free_at(KEY, NOON) is None
    assert spent(budget, 1).free_at(KEY, NOON) == NOON + 2 * HOUR
    assert budget.free_at(KEY, NOON + 2 * HOUR) is None
    assert budget.free_at(("other", TODAY), NOON) is None
    budget.begin(midnight(TODAY + timedelta(days=1)))
    assert budget.free_at(KEY, NOON) is None


def test_what_has_used_up_its_runs_is_looked_at_once_more_before_it_is_due() -> None:
    budget, ends = spent(RunBudget(a_day=3, a_tick=9), 3), [NOON + HOUR, NOON + 9 * HOUR]
    look = NOON + HOUR - LAST_LOOK

    assert budget.free_at(KEY, NOON, ends=ends) == look
    assert budget.free_at(KEY, look, ends=ends) is None
    budget.spend(KEY, look)
    assert budget.free_at(KEY, look, ends=ends) == look + 2 * HOUR


def test_what_had_used_up_its_runs_before_a_restart_is_free_after_a_rest() -> None:
    budget = RunBudget(a_day=3)
    budget.begin(NOON, {KEY: (3, NOON)})

    assert budget.free_at(KEY, NOON) == NOON + 2 * HOUR
    assert budget.free_at(KEY, NOON + 2 * HOUR) is None
    budget.begin(NOON + HOUR, {KEY: (3, NOON)})
    assert budget.free_at(KEY, NOON + HOUR) == NOON + 2 * HOUR  # one restart after the other does not put it off
    assert budget.free_at(KEY, NOON + HOUR, ends=[NOON + HOUR + LAST_LOOK]) is None


def test_each_start_of_the_slates_games_allows_for_a_few_runs_more() -> None:
    budget = spent(RunBudget(a_day=3, a_start=2, a_tick=99), 7)

    assert budget.free_at(KEY, NOON, n_starts=2) == NOON + 2 * HOUR
    assert budget.free_at(KEY, NOON, n_starts=3) is None


def test_a_judgement_is_without_its_runs_once_the_budget_is_used_up(book: Book, entry: Entry) -> None:
    budget, found = RunBudget(a_day=2, a_start=1, a_tick=99), judged(book, "made", NOON)
    slate = book.slates[TODAY]
    assert spent(budget, 2).limit(entry, found, NOON, slate) is found  # both games begin at one instant

    bounded = spent(budget, 1).limit(entry, found, NOON, slate)

    after = NOON + 2 * HOUR
    assert (bounded.plans, bounded.verb, bounded.until, bounded.wake_at) == ((), Verb.WAIT, after, after)
    assert bounded.reason == "it has had 3 runs today, and waits until 2024-05-10 18:00 UTC"


def test_what_has_used_up_its_runs_is_looked_at_once_more_before_it_closes() -> None:
    book = book_of({step("made", SOURCE, BEFORE_START): ()}, [ONE])
    due_at, closes_at = EVENING - HOUR, EVENING
    budget = RunBudget(a_day=0, a_start=0)
    budget.last[KEY] = due_at

    bounded = budget.limit(entry_of(book, "made"), judged(book, "made", due_at), due_at, book.slates[TODAY])

    assert bounded.until == closes_at - LAST_LOOK


def test_a_slate_has_so_many_runs_a_tick_and_then_waits_for_the_next_one() -> None:
    budget = RunBudget(a_day=9, a_tick=3)
    budget.begin(NOON)

    assert spent(budget, 2).free_at(KEY, NOON) is None
    assert spent(budget, 1).free_at(KEY, NOON) == NOON + timedelta(minutes=1)
    budget.begin(NOON + timedelta(minutes=1))
    assert budget.free_at(KEY, NOON + timedelta(minutes=1)) is None


def test_a_restart_does_not_give_the_day_a_new_budget() -> None:
    budget = RunBudget(a_day=3)
    budget.begin(NOON, {KEY: (3, NOON)})

    assert budget.free_at(KEY, NOON) == NOON + 2 * HOUR
    late, again = midnight(TODAY + timedelta(days=1)) - HOUR, RunBudget(a_day=3)
    again.begin(late, {KEY: (3, late)})
    assert again.free_at(KEY, late) == late + HOUR


def test_a_used_up_budget_is_news_once_a_day() -> None:
    budget = RunBudget()
    budget.begin(NOON)

    assert [budget.is_news(KEY), budget.is_news(KEY), budget.is_news(("other", TODAY))] == [True, False, True]
    budget.begin(NOON + 24 * HOUR)
    assert budget.is_news(KEY)
