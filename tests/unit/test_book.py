"""The book: what is owed, who reads what, what windows hold; it decides nothing."""

from datetime import timedelta

import pytest
from tests.engine import (
    AFTER,
    EVENING,
    HOUR,
    NOON,
    SOURCE,
    SQL,
    TODAY,
    YESTERDAY,
    at,
    book_of,
    entry_of,
    game,
    judged,
    prove,
    step,
    waiver,
)

from tipoff.core.gate import Evidence
from tipoff.core.obligation import SLATE_UNIT, Timing, Units
from tipoff.core.proof import digest_of
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import Game, GameStatus
from tipoff.core.step import Edge
from tipoff.core.window import BEFORE, KNOWN, LATEST, SLATE, Input, Window
from tipoff.engine.inputs import input_proofs, made_from

RAW = step("raw", SOURCE, AFTER)
NIGHT = EVENING + 4 * HOUR
ONE, TWO = game("one"), game("two", "CCC", "DDD")
BEFORE_THAT = YESTERDAY - timedelta(days=1)


def test_a_day_begins_with_its_schedule_and_owes_the_rest_once_its_games_are_known() -> None:
    book = book_of({RAW: ()}, [ONE])

    assert set(book.entries) == {("schedule", TODAY), ("raw", TODAY)}
    book.open_day(TODAY)
    assert book.slates[TODAY].games == (ONE,)  # opening it again forgets nothing
    book.open_day(YESTERDAY)
    assert ("schedule", YESTERDAY) in book.entries
    assert ("raw", YESTERDAY) not in book.entries


def test_what_is_owed_once_a_season_is_owed_on_the_first_day_that_is_made_here() -> None:
    once = step("once", SOURCE, AFTER, SLATE_UNIT, owed_on=lambda day, season: day == season.first_day)

    in_mid_season = book_of({once: ()}, [game("one", day=YESTERDAY), game("two")], begins=YESTERDAY)
    with_its_first_day = book_of({once: ()}, [game("one", day=YESTERDAY), game("two")])

    assert [day for name, day in in_mid_season.entries if name == "once"] == [YESTERDAY]
    assert [day for name, day in with_its_first_day.entries if name == "once"] == []


@pytest.mark.parametrize(
    "off", [(), (game("off", day=YESTERDAY, status=GameStatus.POSTPONED),)], ids=["no game", "none is on"]
)
def test_where_that_day_has_no_games_it_is_owed_on_the_next_that_has(off: tuple[Game, ...]) -> None:
    once = step("once", SOURCE, AFTER, SLATE_UNIT, owed_on=lambda day, season: day == season.first_day)
    book = book_of({once: ()}, [], begins=YESTERDAY)
    tomorrow = TODAY + timedelta(days=1)
    for day, games in ((YESTERDAY, off), (TODAY, (ONE,)), (tomorrow, (game("two", day=tomorrow),))):
        book.open_day(day)
        book.set_games(day, games)

    assert [day for name, day in book.entries if name == "once"] == [
        YESTERDAY,
        TODAY,
    ]  # of an empty day nothing is made


def test_what_is_new_or_changed_is_told_and_nothing_else() -> None:
    book = book_of({RAW: ()}, [ONE])

    assert book.set_games(TODAY, (ONE,)) == []
    assert book.set_games(TODAY, (ONE, TWO)) == [("raw", TODAY)]
    assert entry_of(book, "raw").units_of_game == {"one": ["one"], "two": ["two"]}
    assert book.set_games(YESTERDAY, ()) == [("raw", YESTERDAY)]


def test_an_output_is_owed_on_its_days_alone() -> None:
    rare = step("rare", SQL, AFTER, owed_on=lambda day, _season: day == YESTERDAY)
    book = book_of({rare: ()}, [ONE, game("old", day=YESTERDAY)])

    assert ("rare", YESTERDAY) in book.entries
    assert ("rare", TODAY) not in book.entries


def test_an_obligation_keeps_its_proof_when_its_games_change() -> None:
    book = book_of({RAW: ()}, [ONE])
    prove(book, "raw", TODAY, ["one"])

    book.set_games(TODAY, (ONE, TWO))

    assert book.evidence("raw", TODAY, "one") is Evidence.PROVEN
    assert book.evidence("raw", TODAY, "two") is Evidence.MISSING


def test_equal_content_is_no_change_and_other_content_is() -> None:
    book = book_of({RAW: ()}, [ONE])
    proof = prove(book, "raw", TODAY, ["one"])

    assert not book.set_proof(proof)
    prove(book, "raw", TODAY, ["one"], content="corrected")
    assert book.set_proof(proof)


def test_a_proof_without_an_obligation_counts_in_windows_all_the_same() -> None:
    book = book_of({RAW: ()}, [ONE, game("old", day=YESTERDAY)])
    proof = prove(book, "raw", YESTERDAY, ["old"])
    del book.entries["raw", YESTERDAY]

    assert not book.set_proof(proof)
    assert book.count_units("raw", BEFORE_THAT, YESTERDAY) == 1


# --- who reads what


def readers(window: Window) -> set[tuple[str, object]]:
    days = [game(f"g{n}", day=TODAY - timedelta(days=n)) for n in range(4)]
    book = book_of({RAW: (), step("made"): (Input("raw", window),)}, days)
    return set(book.readers("raw", BEFORE_THAT))


def test_a_change_reaches_who_reads_the_slate_or_what_was_before() -> None:
    assert readers(SLATE) == readers(KNOWN) == {("made", BEFORE_THAT)}
    assert readers(BEFORE) == {("made", YESTERDAY), ("made", TODAY)}
    assert readers(Window.parse("last1")) == {("made", YESTERDAY)}
    assert readers(LATEST) == {("made", BEFORE_THAT), ("made", YESTERDAY), ("made", TODAY)}


def test_nobody_reads_what_no_step_names() -> None:
    book = book_of({RAW: ()}, [ONE])

    assert set(book.readers("raw", TODAY)) == set()
    assert book.readings["raw"] == ()


def test_a_step_that_reads_its_own_earlier_rows_waits_for_none_of_them() -> None:
    book = book_of({step("own"): (Input("own", BEFORE),)}, [ONE])

    assert book.readings["own"] == ()


def test_an_input_is_aligned_where_both_have_units_of_games_and_the_slate_is_the_same() -> None:
    whole, loose = step("whole", SQL, AFTER, SLATE_UNIT), step("loose", edges=(Edge(table="raw", aligned=False),))
    book = book_of(
        {
            RAW: (),
            whole: (),
            step("made"): (Input("raw", SLATE), Input("raw", BEFORE), Input("whole", SLATE)),
            loose: (Input("raw", KNOWN),),
        },
        [ONE],
    )

    assert [(r.is_aligned, r.units_by_game) for r in book.readings["made"]] == [
        (True, True),
        (False, True),
        (False, False),
    ]
    assert not book.readings["loose"][0].is_aligned


# --- what is known


def test_what_is_known_of_a_unit() -> None:
    book = book_of({RAW: ()}, [ONE, TWO, game("three"), game("four"), game("five")])
    prove(book, "raw", TODAY, ["one"])
    prove(book, "raw", TODAY, ["two"], excuse="no history")
    entry = entry_of(book, "raw")
    entry.excused, entry.no_result = {"three": "postponed"}, frozenset({"four"})

    seen = {unit: book.evidence("raw", TODAY, unit) for unit in entry.obligation.units}

    assert seen == {
        "one": Evidence.PROVEN,
        "two": Evidence.EXCUSED,
        "three": Evidence.EXCUSED,
        "four": Evidence.NO_RESULT,
        "five": Evidence.MISSING,
    }
    assert book.evidence("raw", YESTERDAY, "one") is Evidence.UNKNOWN


def test_what_was_excused_by_the_schedule_is_so_even_where_there_are_rows() -> None:
    book = book_of({RAW: ()}, [ONE])
    prove(book, "raw", TODAY, ["one"])
    entry_of(book, "raw").excused = {"one": "postponed"}

    assert book.evidence("raw", TODAY, "one") is Evidence.EXCUSED
    assert book.unit_hashes("raw", TODAY, ["one"]) == ""


def test_the_units_of_a_game_are_its_own_where_nothing_is_owed_yet() -> None:
    parts = step("parts", SOURCE, AFTER, Units(each=("a", "b")))
    book = book_of({parts: ()}, [ONE])

    assert book.units_of_game("parts", TODAY, "one") == ["one|a", "one|b"]
    assert book.units_of_game("parts", TODAY, "other") == []
    assert book.units_of_game("parts", YESTERDAY, "one") == ["one"]


def test_hashes_of_units_are_of_those_that_are_proven() -> None:
    book = book_of({RAW: ()}, [ONE, TWO])
    prove(book, "raw", TODAY, ["one"])

    assert book.unit_hashes("raw", TODAY, ["one", "two"]) == "rows of one,"
    assert book.unit_hashes("raw", YESTERDAY, ["one"]) == ""


# --- games


def test_a_game_that_is_off_is_nobodys_last_game() -> None:
    off = game("off", day=YESTERDAY, status=GameStatus.POSTPONED)
    book = book_of({RAW: ()}, [game("old", day=BEFORE_THAT), off, ONE])

    assert book.own_games(ONE, 5) == {(BEFORE_THAT, "old")}
    assert book.recent_games(ONE, 5) == [(BEFORE_THAT, "old")]
    assert book.earlier_games(TODAY) == [(BEFORE_THAT, "old")]


def test_a_game_that_is_put_off_later_leaves_the_teams_lists_and_comes_back_to_them() -> None:
    old = game("old", day=YESTERDAY)
    book = book_of({RAW: ()}, [old, ONE])

    book.set_games(YESTERDAY, (game("old", day=YESTERDAY, status=GameStatus.MOVED),))
    assert book.own_games(ONE, 5) == set()
    book.set_games(YESTERDAY, (old,))
    assert book.own_games(ONE, 5) == {(YESTERDAY, "old")}


def test_the_last_games_are_the_newest_of_each_side() -> None:
    a = [game(f"a{n}", "AAA", "XXX", day=TODAY - timedelta(days=n)) for n in (1, 2, 3)]
    b = [game(f"b{n}", "YYY", "BBB", day=TODAY - timedelta(days=n)) for n in (4, 5, 6)]
    book = book_of({RAW: ()}, [*a, *b, ONE])

    assert {name for _, name in book.own_games(ONE, 2)} == {"a1", "a2", "b4", "b5"}
    assert [name for _, name in book.recent_games(ONE, 1)] == ["b4", "a1"]


def test_all_of_yesterdays_games_are_recent() -> None:
    book = book_of({RAW: ()}, [game("other", "XXX", "YYY", day=YESTERDAY), ONE])

    assert book.own_games(ONE, 3) == set()
    assert book.recent_games(ONE, 3) == [(YESTERDAY, "other")]


def test_whether_anything_was_played_before() -> None:
    off = game("off", day=YESTERDAY, status=GameStatus.POSTPONED)
    book = book_of({RAW: ()}, [off, ONE])

    assert not book.has_earlier_slates(TODAY, YESTERDAY)
    assert book.has_earlier_slates(TODAY + timedelta(days=1), TODAY)
    assert not book.has_earlier_slates(TODAY + timedelta(days=2), TODAY + timedelta(days=1))


# --- windows


def test_a_windows_digest_is_of_its_days_and_changes_with_any_of_them() -> None:
    days = [game(f"g{n}", day=TODAY - timedelta(days=n)) for n in range(3)]
    book = book_of({RAW: ()}, days)
    for n in range(3):
        prove(book, "raw", TODAY - timedelta(days=n), [f"g{n}"])
    before = book.window_digest("raw", BEFORE_THAT, YESTERDAY)

    assert before == digest_of((str(day), book.digest("raw", day)) for day in (BEFORE_THAT, YESTERDAY))
    prove(book, "raw", TODAY, ["g0"], content="corrected")
    assert book.window_digest("raw", BEFORE_THAT, YESTERDAY) == before
    prove(book, "raw", YESTERDAY, ["g1"], content="corrected")
    assert book.window_digest("raw", BEFORE_THAT, YESTERDAY) != before


def test_units_are_counted_over_a_window() -> None:
    book = book_of({RAW: ()}, [game("old", day=YESTERDAY), ONE, TWO])
    prove(book, "raw", YESTERDAY, ["old"])
    prove(book, "raw", TODAY, ["one", "two"])

    assert book.count_units("raw", YESTERDAY, TODAY) == 3
    assert book.count_units("raw", TODAY, TODAY) == 2
    assert book.count_units("raw", BEFORE_THAT, BEFORE_THAT) == 0
    assert book.count_units("raw", YESTERDAY - timedelta(days=9), BEFORE_THAT) == 0


def test_a_run_sees_of_each_input_its_window_and_one_digest() -> None:
    book = book_of({RAW: (), step("made"): (Input("raw", BEFORE),)}, [game("old", day=YESTERDAY), ONE])
    prove(book, "raw", YESTERDAY, ["old"])

    [seen] = input_proofs(book, entry_of(book, "made"))

    assert (seen.table, seen.window, seen.n_units) == ("raw", "before", 1)
    assert seen.digest == book.window_digest("raw", *BEFORE.bounds(TODAY, book.season))


def test_the_newest_one_is_that_which_is_owed_or_proven_with_rows() -> None:
    model = step("model", SQL, Timing(opens=at(9), due=at(18)), SLATE_UNIT)
    book = book_of({model: ()}, [game("a", day=BEFORE_THAT), game("b", day=YESTERDAY), ONE])
    assert book.newest_owed("model", TODAY) == TODAY
    assert book.newest_proven("model", TODAY) is None

    entry_of(book, "model").excused = {WHOLE_SLATE: "no game is on"}
    prove(book, "model", BEFORE_THAT, [WHOLE_SLATE])
    prove(book, "model", YESTERDAY, [WHOLE_SLATE], excuse="no history")

    assert book.newest_owed("model", TODAY) == YESTERDAY
    assert book.newest_owed("model", BEFORE_THAT) == BEFORE_THAT
    assert book.newest_proven("model", TODAY) == BEFORE_THAT
    assert book.newest_proven("model", BEFORE_THAT - timedelta(days=1)) is None
    assert book.newest_owed("model", BEFORE_THAT - timedelta(days=1)) is None


def test_what_a_unit_is_made_from_is_told_by_its_parts_in_their_order() -> None:
    assert made_from(["a", "b"]) != made_from(["b", "a"])
    assert made_from(["a", "b"]) == made_from(iter(["a", "b"]))
    assert len(made_from([])) == 16


# --- the schedule, waivers, sleep


def test_the_schedule_is_to_be_seen_since_the_latest_instant_that_anybody_asks_for() -> None:
    book = book_of({RAW: ()}, [ONE])
    schedule = entry_of(book, "schedule")

    assert book.have_seen("schedule", TODAY, NOON) == ("schedule", TODAY)
    book.have_seen("schedule", TODAY, NOON - HOUR)
    assert schedule.look_by == NOON
    book.have_seen("schedule", TODAY, NOON + HOUR)
    assert schedule.look_by == NOON + HOUR


def test_when_the_schedule_was_seen_is_what_its_proof_says() -> None:
    assert book_of({RAW: ()}, [ONE], schedule_seen_at=NOON).seen_at(TODAY) == NOON
    assert book_of({RAW: ()}, [ONE], schedule_seen_at=None).seen_at(TODAY) is None
    assert book_of({RAW: ()}, [ONE]).seen_at(YESTERDAY) is None


def test_a_waiver_that_begins_or_ends_has_its_obligation_looked_at_again() -> None:
    book = book_of({RAW: (), step("made"): (Input("raw", SLATE),)}, [ONE])

    assert book.take_waivers([waiver(NIGHT)]) == [("made", TODAY)]
    assert book.waivers["made", TODAY, "raw"].by == "me"
    assert book.take_waivers([waiver(NIGHT)]) == []
    assert book.take_waivers([]) == [("made", TODAY)]
    assert book.take_waivers([waiver(NIGHT, YESTERDAY)]) == []  # of a day that the book does not have


def test_what_is_not_open_sleeps_until_it_is() -> None:
    book = book_of({RAW: ()}, [ONE])
    entry = entry_of(book, "raw")
    assert not entry.sleeps(NOON)

    entry.wake_at = judged(book, "raw", NOON).wake_at

    assert entry.sleeps(NOON)
    assert not entry.sleeps(EVENING + 3 * HOUR)
    entry.wake_at = NOON
    assert not entry.sleeps(NOON - HOUR)
