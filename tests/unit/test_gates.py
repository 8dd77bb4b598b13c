"""Gates: which units of an output may be made, from what is known of what they read."""

import dataclasses
from datetime import timedelta

import pytest
from tests.engine import (
    AFTER,
    EVENING,
    HOUR,
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
    start,
    step,
    waiver,
)

from tipoff.core.gate import Evidence, Verdict, decide
from tipoff.core.obligation import SLATE_UNIT, Timing, Units
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import Game
from tipoff.core.step import Edge, Step
from tipoff.core.window import BEFORE, LATEST, SLATE, Input, Window
from tipoff.engine import gates
from tipoff.engine.book import Book
from tipoff.engine.gates import Expected, may_be_empty, own_lacking, own_units, without_hope

NIGHT = EVENING + 4 * HOUR
LONG = 100 * HOUR
ONE, TWO, THREE = game("one"), game("two", "CCC", "DDD"), game("three", "EEE", "FFF")
RAW = step("raw", SOURCE, AFTER)
NOW_DUE = EVENING + 100 * HOUR


def reads(edge: Edge, units: Units | None = None, *, name: str = "made") -> Step:
    return step(name, SQL, AFTER, units, edges=(edge,))


def opened(book: Book, now: object = NIGHT, output: str = "made") -> set[str]:
    entry = entry_of(book, output)
    _, by_unit = gates.gates(book, entry, now, dict.fromkeys(entry.obligation.units, "x"))  # type: ignore[arg-type]
    return {unit for unit, verdicts in by_unit.items() if all(verdict.is_open for verdict in verdicts)}


def verdict_of(book: Book, unit: str, now: object = NIGHT, output: str = "made") -> Verdict:
    _, by_unit = gates.gates(book, entry_of(book, output), now, {unit: "x"})  # type: ignore[arg-type]
    [verdict] = by_unit[unit]
    return verdict


# --- an aligned input


def test_until_patience_ends_a_unit_waits_for_the_whole_slate() -> None:
    book = book_of({RAW: (), reads(Edge(table="raw", patience=2 * HOUR)): (Input("raw", SLATE),)}, [ONE, TWO])
    prove(book, "raw", TODAY, ["one"])

    assert opened(book, NIGHT) == set()
    assert opened(book, EVENING + 5 * HOUR) == {"one"}


def test_once_patience_has_ended_games_that_never_come_hold_their_own_units_alone() -> None:
    book = book_of({RAW: (), reads(Edge(table="raw", minimum=0.8)): (Input("raw", SLATE),)}, [ONE, TWO, THREE])
    prove(book, "raw", TODAY, ["one"])

    assert opened(book, NOW_DUE) == {"one"}
    assert verdict_of(book, "one", NOW_DUE).missing == ()
    assert verdict_of(book, "two", NOW_DUE).reason == "two has not arrived"


def test_a_later_games_input_is_not_waited_for_before_it_can_be_there() -> None:
    late = game("late", "CCC", "DDD", starts_at=EVENING + 5 * HOUR)
    book = book_of({RAW: (), reads(Edge(table="raw", patience=LONG)): (Input("raw", SLATE),)}, [ONE, late])
    prove(book, "raw", TODAY, ["one"])

    assert opened(book, NIGHT) == {"one"}
    assert opened(book, EVENING + 8 * HOUR) == set()


def test_a_unit_without_its_own_input_is_held_though_another_one_may_stand_in_until_patience_ends() -> None:
    edge = Edge(table="raw", minimum=0.0, patience=2 * HOUR, needed=False)
    book = book_of({RAW: (), reads(edge): (Input("raw", SLATE),)}, [ONE, TWO])

    assert opened(book, NIGHT) == set()
    assert opened(book, EVENING + 5 * HOUR) == {"one", "two"}
    assert not verdict_of(book, "one", EVENING + 5 * HOUR).is_partial


def test_an_optional_input_holds_nobody_and_says_nothing() -> None:
    book = book_of({RAW: (), reads(Edge(table="raw", optional=True)): (Input("raw", SLATE),)}, [ONE])
    entry = entry_of(book, "made")

    worst, by_unit = gates.gates(book, entry, NIGHT, {"one": "x"})

    assert (worst, by_unit) == ({}, {"one": []})


def test_an_input_that_is_not_owed_that_day_is_unknown_and_holds() -> None:
    rare = step("rare", SOURCE, AFTER, owed_on=lambda *_of: False)
    for needed in (True, False):
        edge = Edge(table="rare", needed=needed)
        book = book_of({rare: (), reads(edge): (Input("rare", SLATE),)}, [ONE])

        assert opened(book, NOW_DUE) == set()
        assert verdict_of(book, "one", NOW_DUE).coverage == 0.0


# --- an input with several units a game


PARTS = step("parts", SOURCE, AFTER, Units(each=("a", "b")))


def test_of_several_systems_the_missing_one_lowers_its_own_line_only() -> None:
    book = book_of({PARTS: (), reads(Edge(table="parts")): (Input("parts", SLATE),)}, [ONE, TWO])
    prove(book, "parts", TODAY, ["one|a"])

    assert opened(book, NIGHT) == set()
    assert opened(book, NOW_DUE) == {"one"}
    assert verdict_of(book, "one", NOW_DUE).missing == ("one|b",)
    assert verdict_of(book, "one", NOW_DUE).is_partial


def test_a_game_is_held_only_when_no_system_of_it_has_come() -> None:
    book = book_of({PARTS: (), RAW: ()}, [ONE])
    assert own_lacking(book, "parts", ONE, "one") == "one|a"

    prove(book, "parts", TODAY, ["one|a"], excuse="not offered")
    assert own_lacking(book, "parts", ONE, "one") == "one|b"
    prove(book, "parts", TODAY, ["one|b"])
    assert own_lacking(book, "parts", ONE, "one") is None


def test_a_unit_rests_on_its_own_unit_of_an_input_of_the_same_units_and_else_on_its_games() -> None:
    book = book_of({PARTS: (), RAW: ()}, [ONE])

    assert own_units(book, "parts", ONE, "one|b") == ["one|b"]
    assert own_units(book, "parts", ONE, "one") == ["one|a", "one|b"]
    assert own_units(book, "raw", ONE, "one|b") == ["one"]


# --- inputs of the slate


def test_an_input_made_for_the_whole_slate_is_needed_whole() -> None:
    whole = step("whole", SQL, AFTER, SLATE_UNIT)
    book = book_of({whole: (), reads(Edge(table="whole", minimum=0.0)): (Input("whole", SLATE),)}, [ONE])

    assert verdict_of(book, "one", NOW_DUE).reason == "slate has not arrived"
    prove(book, "whole", TODAY, [WHOLE_SLATE])
    assert opened(book) == {"one"}


def test_an_unaligned_input_counts_every_unit_of_the_slate_open_or_not() -> None:
    late = game("late", "CCC", "DDD", starts_at=EVENING + 5 * HOUR)
    edge = Edge(table="raw", aligned=False, minimum=0.5, patience=2 * HOUR)
    book = book_of({RAW: (), reads(edge): (Input("raw", SLATE),)}, [ONE, late])
    prove(book, "raw", TODAY, ["one"])

    assert opened(book, NIGHT) == set()
    assert verdict_of(book, "one", EVENING + 5 * HOUR) == Verdict(
        is_open=True, coverage=0.5, missing=("late",), reason="opened on partial data"
    )


def test_the_latest_one_that_is_owed_is_what_is_waited_for() -> None:
    model = step(
        "model", SQL, Timing(opens=at(9), due=at(18)), SLATE_UNIT, owed_on=lambda day, _season: day == YESTERDAY
    )
    edge = Edge(table="model")
    book = book_of({model: (), reads(edge): (Input("model", LATEST),)}, [game("old", day=YESTERDAY), ONE])

    assert verdict_of(book, "one").missing == (str(YESTERDAY),)
    prove(book, "model", YESTERDAY, [WHOLE_SLATE])
    assert opened(book) == {"one"}


def test_of_the_latest_one_in_parts_what_is_missing_is_waited_for_until_patience_ends() -> None:
    parts = Units(by_game=False, parts=lambda _slate: ["2028", "2029"])
    seasons = step("seasons", SOURCE, AFTER, parts)
    edge = Edge(table="seasons", minimum=0.5, patience=2 * HOUR)
    book = book_of({seasons: (), reads(edge): (Input("seasons", LATEST),)}, [ONE])

    prove(book, "seasons", TODAY, ["2028"])
    assert verdict_of(book, "one", EVENING + HOUR).missing == (f"{TODAY} 2029",)
    assert opened(book, EVENING + HOUR) == set()
    assert verdict_of(book, "one", NOW_DUE).reason == "opened on partial data"
    prove(book, "seasons", TODAY, ["2029"], excuse="nobody is named", n_rows=0)
    assert opened(book, EVENING + HOUR) == {"one"}


def test_where_no_latest_one_is_owed_nothing_is_waited_for() -> None:
    model = step("model", SQL, Timing(opens=at(9), due=at(18)), SLATE_UNIT, owed_on=lambda *_of: False)
    book = book_of({model: (), reads(Edge(table="model")): (Input("model", LATEST),)}, [ONE])

    assert opened(book) == {"one"}


# --- history


def history(edge: Edge, n: int = 4, window: Window = BEFORE) -> Book:
    """Return a book in which AAA and BBB have played on `n` days before, and others yesterday."""
    old = [game(f"g{k}", day=YESTERDAY - timedelta(days=k)) for k in range(n)]
    other = game("other", "XXX", "YYY", day=YESTERDAY)
    return book_of({RAW: (), reads(edge): (Input("raw", window),)}, [*old, other, ONE])


def test_history_is_the_last_games_of_both_teams_and_all_of_yesterdays() -> None:
    book = history(Edge(table="raw", last_games=2))

    missing = verdict_of(book, "one").missing

    assert missing == (f"{YESTERDAY - timedelta(days=1)} g1", f"{YESTERDAY} g0", f"{YESTERDAY} other")


def test_history_is_cut_at_its_window() -> None:
    book = history(Edge(table="raw", last_games=4), window=Window.parse("last1"))

    assert verdict_of(book, "one").missing == (f"{YESTERDAY} g0", f"{YESTERDAY} other")


def test_the_slates_own_unit_counts_all_games_before() -> None:
    edge = Edge(table="raw", last_games=1)
    old = [game(f"g{k}", day=YESTERDAY - timedelta(days=k)) for k in range(3)]
    book = book_of({RAW: (), reads(edge, SLATE_UNIT): (Input("raw", BEFORE),)}, [*old, ONE])

    assert len(verdict_of(book, WHOLE_SLATE).missing) == 3


def test_one_game_that_never_came_does_not_hold_the_next_days_publications() -> None:
    book = history(Edge(table="raw", minimum=0.8), n=1)
    prove(book, "raw", YESTERDAY, ["other"])
    assert opened(book, NOW_DUE) == set()

    entry_of(book, "raw", YESTERDAY).no_result = frozenset({"g0"})

    assert opened(book) == {"one"}
    assert verdict_of(book, "one").missing == (f"{YESTERDAY} g0",)
    assert verdict_of(book, "one").is_partial


def test_quality_is_the_share_of_the_window_that_was_made_on_whole_input() -> None:
    book = history(Edge(table="raw", minimum=0.0, quality=0.5), n=2)
    prove(book, "raw", YESTERDAY, ["g0", "other"], partial=True)
    prove(book, "raw", YESTERDAY - timedelta(days=1), ["g1"])
    prove(book, "raw", TODAY, ["one"])
    assert verdict_of(book, "one", NOW_DUE).reason == "33% of the input was made on whole input, 50% required"

    prove(book, "raw", YESTERDAY, ["other"])

    assert opened(book, NOW_DUE) == {"one"}


def test_without_any_proof_quality_holds_nobody() -> None:
    first = book_of({RAW: (), reads(Edge(table="raw", quality=0.9)): (Input("raw", BEFORE),)}, [ONE])

    assert opened(first) == {"one"}


# --- what is told


def test_the_worst_verdict_is_told_for_each_input() -> None:
    book = book_of({RAW: (), reads(Edge(table="raw")): (Input("raw", SLATE),)}, [ONE, TWO])
    prove(book, "raw", TODAY, ["one"])
    entry = entry_of(book, "made")

    for units in (["one", "two"], ["two", "one"]):
        worst, _ = gates.gates(book, entry, NOW_DUE, dict.fromkeys(units, "x"))
        assert worst["raw"].reason == "two has not arrived"


def test_a_waiver_opens_what_is_held_until_it_expires_and_says_who_signed_it() -> None:
    held = Verdict(is_open=False, coverage=0.5, missing=("two",), reason="50%")
    signed = waiver(NIGHT)
    one_second = timedelta(seconds=1)

    found = gates.waived(held, signed, NIGHT - one_second)

    assert (found.is_open, found.missing) == (True, ("two",))
    assert found.reason == "waived by me until 2024-05-11 03:00 UTC: because"
    assert gates.waived(held, signed, NIGHT) is held
    assert gates.waived(held, None, NIGHT) is held
    is_open = dataclasses.replace(held, is_open=True)
    assert gates.waived(is_open, signed, NIGHT - one_second) is is_open


def test_what_other_units_lack_on_an_aligned_edge_takes_nothing_from_this_one() -> None:
    book = book_of({RAW: (), reads(Edge(table="raw")): (Input("raw", SLATE),)}, [ONE])
    [aligned] = book.readings["made"]
    lacks = Verdict(is_open=True, coverage=0.5, missing=("two",))
    units = {"two": Evidence.MISSING}

    def alone(**more: object) -> tuple[str, ...]:
        expected = Expected(units=units, minimum=0.5, **more)  # type: ignore[arg-type]
        return gates.lacking_alone(lacks, aligned, expected).missing

    assert alone() == ()
    assert alone(own="two") == ("two",)
    assert alone(is_own=True) == ("two",)
    loose = dataclasses.replace(aligned, is_aligned=False)
    assert gates.lacking_alone(lacks, loose, Expected(units=units, minimum=0.5)) is lacks


# --- without hope


def lost_input(*earlier: Game, **edge: object) -> Book:
    source = step("source", SOURCE, Timing(opens=at(9), due=start(-1), closes=start()))
    made = reads(Edge(table="source", **edge))  # type: ignore[arg-type]
    book = book_of({source: (), made: (Input("source", SLATE),)}, [*earlier, ONE, TWO])
    entry_of(book, "source").lost = frozenset({"one"})
    return book


def test_what_needs_a_lost_input_is_without_hope_and_what_needs_another_is_not() -> None:
    book = lost_input()

    assert without_hope(book, entry_of(book, "made"), ["one", "two"]) == ["one"]
    prove(book, "source", TODAY, ["one"])
    assert without_hope(book, entry_of(book, "made"), ["one", "two"]) == []


@pytest.mark.parametrize("edge", [{"optional": True}, {"needed": False}, {"aligned": False}])
def test_what_does_not_need_a_lost_input_has_hope(edge: dict[str, bool]) -> None:
    book = lost_input(**edge)

    assert without_hope(book, entry_of(book, "made"), ["one"]) == []


def test_with_one_of_two_systems_lost_there_is_hope_for_the_other() -> None:
    book = book_of({PARTS: (), reads(Edge(table="parts")): (Input("parts", SLATE),)}, [ONE])
    entry_of(book, "parts").lost = frozenset({"one|a"})
    assert without_hope(book, entry_of(book, "made"), ["one"]) == []

    entry_of(book, "parts").lost = frozenset({"one|a", "one|b"})
    assert without_hope(book, entry_of(book, "made"), ["one"]) == ["one"]


def test_a_unit_may_be_empty_once_nothing_that_stands_in_for_another_will_come() -> None:
    timing = Timing(opens=at(9), due=start(-1), closes=start())
    first, second = (step(name, SOURCE, timing) for name in ("first", "second"))
    made = dataclasses.replace(
        reads(Edge(table="first", needed=False)),
        edges=(Edge(table="first", needed=False), Edge(table="second", optional=True)),
    )
    played = [game("g", day=YESTERDAY), game("h", "CCC", "DDD", day=YESTERDAY)]
    book = book_of({first: (), second: (), made: (Input("first", SLATE), Input("second", SLATE))}, [*played, ONE, TWO])
    entry = entry_of(book, "made")

    entry_of(book, "first").lost = frozenset({"one", "two"})
    assert not may_be_empty(book, entry, "one"), "the second may still come"
    entry_of(book, "second").lost = frozenset({"one"})
    assert [unit for unit in ("one", "two") if may_be_empty(book, entry, unit)] == ["one"]
    prove(book, "second", TODAY, ["one"])
    assert not may_be_empty(book, entry, "one")


def test_a_unit_without_what_it_needs_may_not_be_empty_whatever_optional_input_is_lost() -> None:
    book = lost_input(game("g", day=YESTERDAY), optional=True)

    assert not may_be_empty(book, entry_of(book, "made"), "one")


# --- the decision itself


def test_a_unit_without_a_result_is_missing_and_waits_for_nobody() -> None:
    found = decide(
        expected={"a": Evidence.PROVEN, "b": Evidence.NO_RESULT}, minimum=1.0, patience_over=False, quality=(1.0, 1.0)
    )

    assert found == Verdict(is_open=True, coverage=1.0, missing=("b",), reason="opened on partial data")


def test_the_minimum_is_of_what_is_expected() -> None:
    expected = {str(n): Evidence.PROVEN if n < 4 else Evidence.UNKNOWN for n in range(5)}

    assert decide(expected=expected, minimum=0.8, patience_over=True).is_open
    below = decide(expected=expected, minimum=0.81, patience_over=True)
    assert (below.is_open, below.reason) == (False, "80% of the expected set, 81% required")
    waiting = decide(expected=expected, minimum=0.8, patience_over=False)
    assert waiting.reason == "80% of the expected set; waiting for the rest until patience ends"


def test_a_judgement_holds_for_its_gate(  # the two meet
) -> None:
    book = book_of({RAW: (), reads(Edge(table="raw")): (Input("raw", SLATE),)}, [ONE])

    assert judged(book, "made", NIGHT).gates["raw"].missing == ("one",)
