"""What asks for a key: off and excused while none is set, asked for when it comes, told once when it goes."""

import dataclasses
from datetime import timedelta

import pytest
from tests.engine import (
    AFTER,
    BEFORE_START,
    EVENING,
    HOUR,
    NOON,
    SOURCE,
    SQL,
    TODAY,
    YESTERDAY,
    book_of,
    entry_of,
    game,
    judged,
    made_as_judged,
    prove,
    step,
)

from tipoff.core.obligation import State, Verb
from tipoff.core.severity import Severity
from tipoff.core.window import SLATE, Input
from tipoff.engine.book import Book
from tipoff.engine.keys import Keys
from tipoff.ledger import Batch

KEYED = dataclasses.replace(SOURCE, key="lines_key")
LINES, RESULTS = step("lines", KEYED, BEFORE_START), step("results", KEYED, AFTER)
MADE = step("made", SQL, BEFORE_START)
NO_KEY = "no key for provider (TIPOFF_LINES_KEY)"
AFTERNOON = NOON + 2 * HOUR
GAMES = [game("now"), game("before", day=YESTERDAY, starts_at=EVENING - 24 * HOUR)]


@pytest.fixture
def book() -> Book:
    found = book_of({LINES: (), RESULTS: (), MADE: (Input("lines", SLATE),)}, GAMES)
    found.since = dict.fromkeys(("lines", "results", "made"), NOON - timedelta(days=3))
    return found


@pytest.fixture
def set_keys() -> set[str]:
    return set()


@pytest.fixture
def keys(book: Book, set_keys: set[str]) -> Keys:
    return Keys(book, set_keys.__contains__)


def test_without_a_key_nothing_is_asked_and_what_rests_on_it_is_excused_by_its_name(book: Book, keys: Keys) -> None:
    batch = Batch()

    assert set(keys.take(NOON, batch)) == {(name, day) for name in ("lines", "results") for day in (TODAY, YESTERDAY)}

    for day, now in ((TODAY, NOON), (TODAY, EVENING + HOUR), (YESTERDAY, NOON)):
        for output in ("lines", "made"):
            found = judged(book, output, now, day)
            assert (found.state, found.verb, set(found.excused.values())) == (State.EXCUSED, Verb.SKIP, {NO_KEY})
    assert "findings" not in batch.rows
    assert keys.take(NOON, Batch()) == []


def test_when_a_key_comes_todays_are_asked_for_and_what_closed_or_fell_due_before_is_late_for_nobody(
    book: Book, keys: Keys, set_keys: set[str]
) -> None:
    keys.take(NOON, Batch())
    for output, day in (("lines", TODAY), ("lines", YESTERDAY), ("made", YESTERDAY)):
        judged(book, output, NOON, day)
    set_keys.add("lines_key")
    just_before = EVENING - HOUR / 2  # what is due before a start is due
    batch = Batch()

    assert ("lines", TODAY) in keys.take(just_before, batch)

    assert {row["key"] for row in batch.rows["facts"]} == {"without lines", "without results"}
    today = judged(book, "lines", just_before)
    assert (today.state, today.verb, dict(today.excused)) == (State.OPEN, Verb.RUN, {})
    assert judged(book, "made", just_before).state is not State.LATE
    assert judged(book, "lines", just_before, YESTERDAY).excused == {"before": NO_KEY}
    past = judged(book, "results", EVENING, YESTERDAY)
    assert (past.state, past.verb) == (State.OPEN, Verb.RUN)  # results can still be had


def test_a_restart_knows_that_a_key_was_not_there_before(book: Book, set_keys: set[str]) -> None:
    Keys(book, set_keys.__contains__).take(NOON, Batch())
    book.off = {}
    set_keys.add("lines_key")

    changed = Keys(book, set_keys.__contains__).take(AFTERNOON, Batch())

    assert ("lines", TODAY) in changed
    assert ([ended for _, ended in book.gaps["lines"]], book.off) == ([AFTERNOON], {})


def test_a_key_that_has_gone_is_a_warning_once_and_what_is_proven_stands_and_is_not_asked_again(
    book: Book, keys: Keys, set_keys: set[str]
) -> None:
    set_keys.add("lines_key")
    keys.take(NOON, Batch())
    prove(book, "results", YESTERDAY, ["before"], as_of=NOON)
    made_as_judged(book, "results", NOON, YESTERDAY)
    set_keys.clear()
    batch = Batch()

    keys.take(AFTERNOON, batch)
    keys.take(AFTERNOON + HOUR, batch)

    [finding] = batch.rows["findings"]
    assert (finding["check"], finding["cause"], finding["severity"]) == (
        "keys_are_set",
        "source:provider",
        int(Severity.WARNING),
    )
    assert finding["note"].startswith("TIPOFF_LINES_KEY was set and is not any more")
    found = judged(book, "results", AFTERNOON + 30 * HOUR, YESTERDAY)
    assert (found.state, found.plans) == (State.PROVEN, ())


def test_who_cannot_say_whether_a_key_is_set_changes_nothing(book: Book, keys: Keys) -> None:
    unsure = Keys(book, lambda _name: None)

    assert (unsure.take(NOON, Batch()), dict(book.off)) == ([], {})
    keys.take(NOON, Batch())
    off, batch = dict(book.off), Batch()
    book.off = {}  # another process has taken over
    unsure.take(AFTERNOON, batch)

    assert (dict(book.off), batch.rows) == (off, {})


@pytest.mark.parametrize("n_flickers", [1, 3])
def test_a_key_that_flickers_takes_no_accusation_back_and_forgives_what_fell_due_meanwhile(
    book: Book, keys: Keys, set_keys: set[str], n_flickers: int
) -> None:
    set_keys.add("lines_key")
    keys.take(NOON - 2 * HOUR, Batch())
    accused = {("results", YESTERDAY): State.LATE, ("lines", YESTERDAY): State.LOST}
    before = {key: judged(book, key[0], NOON, key[1]).state for key in accused}
    entry_of(book, "results", YESTERDAY).polls = 4

    for number in range(n_flickers):
        set_keys.clear()
        keys.take(NOON + number * HOUR, Batch())
        assert judged(book, "results", NOON + number * HOUR, YESTERDAY).state is State.EXCUSED
        assert judged(book, "lines", NOON + number * HOUR, YESTERDAY).state is State.LOST
        set_keys.add("lines_key")
        keys.take(NOON + number * HOUR + HOUR / 60, Batch())

    assert before == accused
    assert {key: judged(book, key[0], AFTERNOON, key[1]).state for key in accused} == accused
    assert entry_of(book, "results", YESTERDAY).polls == 4
    assert judged(book, "lines", EVENING - HOUR / 2).state is State.LATE  # due after it came again
    set_keys.clear()
    keys.take(NOON + 3 * HOUR, Batch())
    set_keys.add("lines_key")
    keys.take(EVENING - HOUR / 2, Batch())
    assert {judged(book, name, EVENING - HOUR / 2).state for name in ("lines", "made")} & {State.LATE} == set()
    assert judged(book, "results", EVENING, YESTERDAY).state is State.LATE


def test_what_was_lost_while_there_was_a_key_stays_lost_without_it(book: Book, keys: Keys, set_keys: set[str]) -> None:
    set_keys.add("lines_key")
    keys.take(NOON, Batch())
    judged(book, "lines", NOON, YESTERDAY)
    set_keys.clear()

    keys.take(AFTERNOON, Batch())

    assert entry_of(book, "lines", YESTERDAY).state is State.LOST
    assert judged(book, "lines", AFTERNOON, YESTERDAY).state is State.LOST
