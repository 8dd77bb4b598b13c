"""What a judgement says: what is owed, what is stale, what is lost, what to do now, and when to look again."""

import dataclasses
from datetime import datetime, timedelta

import pytest
from tests.engine import (
    AFTER,
    BEFORE_START,
    EVENING,
    HOUR,
    NOON,
    PUBLISH,
    SOURCE,
    SQL,
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
    waiver,
)

from tipoff.core.clock import midnight
from tipoff.core.obligation import SLATE_UNIT, Gaps, State, Timing, Units, Verb
from tipoff.core.proof import UnitProof
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import GameStatus
from tipoff.core.step import Edge, Work
from tipoff.core.window import BEFORE, LATEST, SLATE, Input
from tipoff.engine import attempts, rules
from tipoff.engine.book import Book, LiveRun
from tipoff.engine.judge import judge
from tipoff.engine.ledger_rows import obligation_row

ONE, TWO = game("one"), game("two", "CCC", "DDD")
NIGHT = EVENING + 4 * HOUR
RAW = step("raw", SOURCE, AFTER)
MADE = step("made", SQL, AFTER)
CHAIN = {RAW: (), MADE: (Input("raw", SLATE),)}


@pytest.fixture
def book() -> Book:
    return book_of(CHAIN, [ONE, TWO])


def test_what_waits_is_neither_proven_nor_missing_and_an_excuse_is_no_proof(book: Book) -> None:
    judged(book, "raw", EVENING)
    before = obligation_row(entry_of(book, "raw"), season="s")
    prove(book, "raw", TODAY, ["one"], as_of=NIGHT)
    prove(book, "raw", TODAY, ["two"], as_of=NIGHT, excuse="not offered")
    after = obligation_row(entry_of(book, "raw"), season="s")

    names = ("n_units", "n_proven", "n_excused")
    assert [before[name] for name in names] == [2, 0, 0]
    assert (before["state"], before["missing"]) == ("waiting", "[]")
    assert [after[name] for name in names] == [2, 1, 1]


# --- standing


def test_nothing_is_done_before_it_opens(book: Book) -> None:
    found = judged(book, "raw", EVENING)

    assert (found.state, found.verb, found.wake_at) == (State.WAITING, Verb.WAIT, EVENING + 3 * HOUR)
    assert (found.plans, found.missing, found.reason) == ((), (), "not yet open")


def test_what_is_open_and_was_never_made_is_run(book: Book) -> None:
    found = judged(book, "raw", NIGHT)

    assert (found.state, found.verb) == (State.OPEN, Verb.RUN)
    assert found.reason == "never made: 2 of 2 units"
    [plan] = found.plans
    assert (set(plan.units), plan.as_of, plan.expected) == ({"one", "two"}, NIGHT, frozenset({"one", "two"}))
    assert not plan.retrospective
    assert not plan.is_fresh


def test_a_live_run_is_waited_for_and_nothing_else_is_begun(book: Book) -> None:
    entry = entry_of(book, "raw")
    judged(book, "raw", NIGHT)
    entry.running = LiveRun(7, since=NIGHT, until=NIGHT + HOUR)
    entry.excused, entry.lost, entry.no_result = {"x": "y"}, frozenset({"l"}), frozenset({"n"})

    found = judge(book, entry, NIGHT)

    assert found is not None
    assert (found.state, found.verb, found.until, found.wake_at) == (
        State.RUNNING,
        Verb.WAIT,
        NIGHT + HOUR,
        NIGHT + HOUR,
    )
    assert found.reason == "run 7 is live"
    assert (found.excused, found.missing, found.lost, found.no_result) == (
        {"x": "y"},
        ("one", "two"),
        frozenset({"l"}),
        frozenset({"n"}),
    )


def test_a_run_whose_lease_ends_within_a_tick_is_expired_before_another_is_made(book: Book) -> None:
    entry = entry_of(book, "raw")
    entry.running = LiveRun(7, since=NIGHT, until=NIGHT + HOUR)

    assert judged(book, "raw", NIGHT + 2 * HOUR).verb is Verb.WAIT
    entry.running = None
    assert judged(book, "raw", NIGHT + 2 * HOUR).verb is Verb.RUN


def test_what_is_proven_from_what_is_there_owes_nothing(book: Book) -> None:
    made_as_judged(book, "raw", NIGHT)

    found = judged(book, "raw", NIGHT)

    assert (found.state, found.verb, found.reason, found.plans) == (State.PROVEN, Verb.SKIP, "nothing is owed", ())


def test_what_is_missing_when_it_is_due_is_late_and_it_is_looked_at_then(book: Book) -> None:
    due_at = midnight(TODAY) + 34 * HOUR
    assert judged(book, "raw", due_at - HOUR).wake_at == due_at - rules.LOOK_BEFORE

    found = judged(book, "raw", due_at)

    assert (found.state, found.missing) == (State.LATE, ("one", "two"))


def test_what_was_due_before_its_output_was_kept_here_is_owed_and_late_for_nobody(book: Book) -> None:
    due_at = midnight(TODAY) + 34 * HOUR

    book.since["raw"] = due_at
    assert judged(book, "raw", due_at + HOUR).state is State.OPEN
    book.since["raw"] = due_at - timedelta(seconds=1)
    assert judged(book, "raw", due_at + HOUR).state is State.LATE


def test_only_what_is_missing_is_told_as_missing(book: Book) -> None:
    made_as_judged(book, "raw", NIGHT)
    proof = entry_of(book, "raw").proof
    assert proof is not None
    del proof.units["one"]  # type: ignore[attr-defined]

    found = judged(book, "raw", NIGHT)

    assert (found.missing, found.reason) == (("one",), "units are missing: 1 of 2 units")


def test_what_is_made_anew_beside_what_is_missing_is_not_told_as_missing() -> None:
    refreshed = step("refreshed", SOURCE, Timing(opens=at(9), due=start(-1), closes=start(), refresh=2 * HOUR))
    book = book_of({refreshed: ()}, [ONE, TWO])
    made = judged(book, "refreshed", NOON).plans[0].units
    prove(book, "refreshed", TODAY, ["one"], made=made["one"], as_of=NOON)

    found = judged(book, "refreshed", NOON + 2 * HOUR)

    assert set(found.plans[0].units) == {"one", "two"}
    assert (found.missing, found.reason) == (("two",), "units are missing: 1 of 2 units")


# --- excuses


def test_without_games_nothing_but_the_schedule_is_owed() -> None:
    whole = step("whole", SQL, at_noon(), SLATE_UNIT)
    book = book_of({whole: ()}, [game("off", status=GameStatus.POSTPONED)])

    assert judged(book, "whole", NOON).excused == {WHOLE_SLATE: "no game is on"}
    assert judged(book, "whole", NOON).state is State.EXCUSED
    assert judged(book, "schedule", NOON).excused == {}


def test_what_may_know_of_a_game_is_owed_on_a_day_without_games_too() -> None:
    list_of_games = step("list", SOURCE, BEFORE_START, units=SLATE_UNIT, of_empty_days=True)
    book = book_of({list_of_games: ()}, [game("off", status=GameStatus.POSTPONED)])

    found = judged(book, "list", NOON)

    assert (found.verb, found.excused) == (Verb.RUN, {})


def at_noon() -> Timing:
    return Timing(opens=at(9), due=at(18))


def test_what_rests_on_an_excused_input_is_excused_with_its_reason(book: Book) -> None:
    prove(book, "raw", TODAY, ["one"], excuse="not covered")

    found = judged(book, "made", NIGHT)

    assert found.excused == {"one": "not covered"}


def test_what_another_input_may_stand_in_for_is_not_excused_with_its_own() -> None:
    raw, made = step("raw", SOURCE), step("made", edges=(Edge(table="raw", needed=False),))
    book = book_of({raw: (), made: (Input("raw", SLATE),)}, [game("one")])
    prove(book, "raw", TODAY, ["one"], excuse="not covered")

    assert judged(book, "made", NIGHT).excused == {}


def test_an_excuse_of_the_moment_is_passed_on_too(book: Book) -> None:
    entry_of(book, "raw").excused = {"one": "called off by hand"}

    assert judged(book, "made", NIGHT).excused == {"one": "called off by hand"}


def test_an_optional_inputs_excuse_excuses_nobody() -> None:
    loose = step("loose", SQL, AFTER, edges=(Edge(table="raw", optional=True),))
    book = book_of({RAW: (), loose: (Input("raw", SLATE),)}, [ONE])
    prove(book, "raw", TODAY, ["one"], excuse="not covered")

    assert judged(book, "loose", NIGHT).excused == {}


def test_what_was_excused_until_its_input_came_late_is_made_and_is_late_only_where_that_fails() -> None:
    book = book_of({RAW: (), MADE: (Input("raw", SLATE),)}, [ONE])
    made = entry_of(book, "made")
    prove(book, "raw", TODAY, ["one"])
    made.excused = {"one": "not offered"}

    came = judged(book, "made", NIGHT + 12 * HOUR)
    made.excused = came.excused

    assert (came.state, came.verb) == (State.OPEN, Verb.RUN)
    assert judged(book, "made", NIGHT + 12 * HOUR).state is State.LATE


def test_of_several_units_of_a_game_all_must_be_excused() -> None:
    parts = step("parts", SOURCE, AFTER, Units(each=("a", "b")))
    book = book_of({parts: (), MADE: (Input("parts", SLATE),)}, [ONE])
    prove(book, "parts", TODAY, ["one|a"], excuse="not offered")

    assert judged(book, "made", NIGHT).excused == {}
    prove(book, "parts", TODAY, ["one|b"], excuse="not offered")
    assert judged(book, "made", NIGHT).excused == {"one": "not offered"}


def test_an_output_whose_units_are_all_signed_zeros_is_excused(book: Book) -> None:
    prove(book, "raw", TODAY, ["one", "two"], excuse="no history", made=stale_free(book))

    assert judged(book, "raw", NIGHT).state is State.EXCUSED


def stale_free(book: Book) -> str:
    return next(iter(judged(book, "raw", NIGHT).plans[0].units.values()))


@pytest.mark.parametrize(
    ("looked", "without", "is_lost"),
    [(4, (), False), (4.1, (), True), (None, (), False), (4.1, ((NOON, None),), False)],
    ids=["a late look", "a look missed", "a ledger that was lost", "no key"],
)
def test_that_a_source_had_nothing_excuses_only_where_it_was_looked_at_again_before_the_close(
    looked: float | None, without: Gaps, *, is_lost: bool
) -> None:
    timing = dataclasses.replace(BEFORE_START, refresh=2 * HOUR)
    lines, told = step("lines", SOURCE, timing), step("told", SQL, BEFORE_START)
    book = book_of({lines: (), told: (Input("lines", SLATE),)}, [ONE], schedule_seen_at=EVENING + HOUR)
    as_of = None if looked is None else EVENING - looked * HOUR
    prove(book, "lines", TODAY, ["one"], excuse="not offered", as_of=as_of)
    book.without = {"lines": without}

    found = judged(book, "lines", EVENING + HOUR)
    entry_of(book, "lines").lost = found.lost

    assert found.state is (State.LOST if is_lost else State.EXCUSED)
    assert judged(book, "told", EVENING + HOUR).excused == ({} if is_lost else {"one": "not offered"})


def test_what_closed_before_it_was_kept_here_was_never_owed() -> None:
    lines = step("lines", SOURCE, BEFORE_START)
    book = book_of({lines: ()}, [ONE, TWO])
    made_as_judged(book, "lines", NOON)
    proof = entry_of(book, "lines").proof
    assert proof is not None
    del proof.units["two"]  # type: ignore[attr-defined]
    book.since["lines"] = EVENING

    assert judged(book, "lines", EVENING - HOUR).excused == {}
    assert judged(book, "lines", EVENING).excused == {"two": "closed before it was kept here"}
    book.since["lines"] = EVENING - timedelta(seconds=1)
    assert judged(book, "lines", EVENING).excused == {}


def test_what_can_be_made_afterwards_is_made_though_it_closed_before_it_was_kept_here() -> None:
    form = step("form", SQL, BEFORE_START)
    book = book_of({form: ()}, [ONE])
    book.since["form"] = EVENING + HOUR

    found = judged(book, "form", EVENING + HOUR)

    assert found.excused == {}
    assert found.plans[0].retrospective


# --- staleness


def test_new_content_of_its_own_input_makes_a_unit_stale_and_no_other(book: Book) -> None:
    prove(book, "raw", TODAY, ["one", "two"])
    made_as_judged(book, "made", NIGHT)

    prove(book, "raw", TODAY, ["two"], content="corrected")

    found = judged(book, "made", NIGHT)
    assert [set(plan.units) for plan in found.plans] == [{"two"}]
    assert (found.state, found.reason) == (State.PROVEN, "its input has changed: 1 of 2 units")


def test_new_content_of_a_shared_input_makes_every_unit_stale() -> None:
    book = book_of({RAW: (), MADE: (Input("raw", BEFORE),)}, [game("old", day=YESTERDAY), ONE, TWO])
    prove(book, "raw", YESTERDAY, ["old"])
    made_as_judged(book, "made", NIGHT)
    assert judged(book, "made", NIGHT).plans == ()

    prove(book, "raw", YESTERDAY, ["old"], content="corrected")

    assert set(judged(book, "made", NIGHT).plans[0].units) == {"one", "two"}


def test_an_unaligned_input_of_the_slate_is_shared_by_all_units() -> None:
    together = step("together", SQL, AFTER, edges=(Edge(table="raw", aligned=False),))
    book = book_of({RAW: (), together: (Input("raw", SLATE),)}, [ONE, TWO])
    prove(book, "raw", TODAY, ["one", "two"])
    made_as_judged(book, "together", NIGHT)

    prove(book, "raw", TODAY, ["one"], content="corrected")

    assert set(judged(book, "together", NIGHT).plans[0].units) == {"one", "two"}


def test_the_slates_own_unit_rests_on_the_whole_of_an_input() -> None:
    whole = step("whole", SQL, AFTER, SLATE_UNIT)
    book = book_of({RAW: (), whole: (Input("raw", SLATE),)}, [ONE, TWO])
    prove(book, "raw", TODAY, ["one", "two"])
    made_as_judged(book, "whole", NIGHT + 4 * HOUR)
    assert judged(book, "whole", NIGHT + 4 * HOUR).plans == ()

    prove(book, "raw", TODAY, ["one"], content="corrected")

    assert judged(book, "whole", NIGHT + 4 * HOUR).plans != ()


def test_an_input_that_does_not_cascade_makes_nothing_stale() -> None:
    calm = step("calm", SQL, AFTER, edges=(Edge(table="raw", cascades=False),))
    book = book_of({RAW: (), calm: (Input("raw", SLATE),)}, [ONE])
    prove(book, "raw", TODAY, ["one"])
    made_as_judged(book, "calm", NIGHT)

    prove(book, "raw", TODAY, ["one"], content="corrected")

    assert judged(book, "calm", NIGHT).plans == ()


def test_a_newer_one_of_what_is_read_as_the_latest_makes_stale() -> None:
    model = step("model", SQL, at_noon(), SLATE_UNIT)
    used = step("used", SQL, AFTER)
    book = book_of({model: (), used: (Input("model", LATEST),)}, [game("old", day=YESTERDAY), ONE])
    prove(book, "model", YESTERDAY, [WHOLE_SLATE])
    entry_of(book, "model").excused = {WHOLE_SLATE: "trained on Mondays"}
    made_as_judged(book, "used", NIGHT)
    assert judged(book, "used", NIGHT).plans == ()

    prove(book, "model", TODAY, [WHOLE_SLATE])

    assert judged(book, "used", NIGHT).plans != ()


def test_what_stands_in_matters_only_for_units_that_the_other_source_lacks() -> None:
    second = step("second", SOURCE, AFTER)
    merged = step(
        "merged",
        SQL,
        AFTER,
        edges=(Edge(table="raw", needed=False), Edge(table="second", optional=True, stands_in_for="raw")),
    )
    book = book_of({RAW: (), second: (), merged: (Input("raw", SLATE), Input("second", SLATE))}, [ONE, TWO])
    prove(book, "raw", TODAY, ["one"])
    made_as_judged(book, "merged", NIGHT + 5 * HOUR)

    prove(book, "second", TODAY, ["one", "two"])

    [plan] = judged(book, "merged", NIGHT + 5 * HOUR).plans
    assert set(plan.units) == {"two"}


def test_what_any_of_several_inputs_would_do_for_waits_for_the_first_of_them_however_long_that_takes() -> None:
    second = step("second", SOURCE, AFTER)
    merged = step("merged", SQL, AFTER, edges=(ONE_OF_TWO, Edge(table="second", optional=True, stands_in_for="raw")))
    book = book_of({RAW: (), second: (), merged: (Input("raw", SLATE), Input("second", SLATE))}, [ONE])
    late = NIGHT + 30 * HOUR
    entry_of(book, "raw").running = LiveRun(1, since=NIGHT, until=late + HOUR)

    with_nothing = judge(book, entry_of(book, "merged"), late)
    prove(book, "second", TODAY, ["one"])
    with_the_second = judged(book, "merged", late)

    assert with_nothing is None
    assert with_the_second.verb is Verb.RUN


ONE_OF_TWO = Edge(table="raw", minimum=0.0, patience=8 * HOUR, needed=False)
WAYS = tuple(Edge(table=name, minimum=0.0, patience=2 * HOUR, one_of="ways") for name in ("first", "second"))


def of_two_ways() -> Book:
    read = (Input("first", SLATE), Input("second", SLATE))
    taker = step("taker", SQL, AFTER, edges=WAYS)
    return book_of({step("first", SQL, AFTER): (), step("second", SQL, AFTER): (), taker: read}, [ONE, TWO])


def test_a_unit_waits_for_every_way_to_the_same_thing_and_then_needs_one() -> None:
    book = of_two_ways()
    prove(book, "first", TODAY, ["one"])

    early, late = judged(book, "taker", NIGHT), judged(book, "taker", NIGHT + 3 * HOUR)

    assert early.plans == ()
    [plan] = late.plans
    assert set(plan.units) == set(plan.partial) == {"one"}


def test_a_unit_is_excused_and_lost_only_where_every_way_is() -> None:
    book = of_two_ways()
    entry_of(book, "first").excused = {"one": "no history", "two": "no history"}
    entry_of(book, "first").lost = entry_of(book, "second").lost = frozenset({"two"})
    prove(book, "second", TODAY, ["one"])

    one_way = judged(book, "taker", NIGHT + 3 * HOUR)
    entry_of(book, "second").excused = {"two": "no history"}

    assert (one_way.excused, one_way.lost) == ({}, frozenset())
    assert judged(book, "taker", NIGHT + 3 * HOUR).excused == {"two": "no history"}
    entry_of(book, "first").excused = entry_of(book, "second").excused = {}
    assert judged(book, "taker", NIGHT + 3 * HOUR).lost == {"two"}


def test_a_unit_is_stale_when_its_step_version_changed_while_its_day_is_open(book: Book) -> None:
    made_as_judged(book, "raw", NIGHT, version="v0")

    assert judged(book, "raw", NIGHT).reason == "its proof is old: 2 of 2 units"
    assert judged(book, "raw", NIGHT + 48 * HOUR).plans == ()
    entry_of(book, "raw").remake = True
    assert judged(book, "raw", NIGHT + 48 * HOUR).plans != ()


def test_of_a_slate_of_two_versions_the_older_units_are_stale(book: Book) -> None:
    made_as_judged(book, "raw", NIGHT)
    entry = entry_of(book, "raw")
    assert entry.proof is not None
    assert judged(book, "raw", NIGHT).plans == ()
    first, *others = entry.proof.units.values()
    units = {unit.unit: unit for unit in (dataclasses.replace(first, step_version="v0"), *others)}

    entry.proof = dataclasses.replace(entry.proof, units=units)

    assert judged(book, "raw", NIGHT).reason == "its proof is old: 1 of 2 units"


def test_what_a_version_made_that_is_declared_to_be_the_same_is_not_outdated() -> None:
    renamed = step("renamed", SQL, AFTER, same_as=("v0",))
    book = book_of({renamed: ()}, [ONE])
    made_as_judged(book, "renamed", NIGHT, version="v0")

    assert judged(book, "renamed", NIGHT).plans == ()


def test_today_and_yesterday_are_open_days() -> None:
    assert rules.is_of_open_day(YESTERDAY, NOON)
    assert not rules.is_of_open_day(YESTERDAY - timedelta(days=1), NOON)


REFRESHED = step("refreshed", SOURCE, Timing(opens=at(9), due=start(-1), closes=start(), refresh=2 * HOUR))


def test_an_old_proof_is_refreshed_and_what_is_half_way_goes_with_it() -> None:
    book = book_of({REFRESHED: ()}, [ONE, TWO, game("three", "EEE", "FFF")])
    made = judged(book, "refreshed", NOON).plans[0].units
    for unit, minutes in (("one", 0), ("two", 60), ("three", 61)):
        prove(book, "refreshed", TODAY, [unit], made=made[unit], as_of=NOON + timedelta(minutes=minutes))

    assert judged(book, "refreshed", NOON + 2 * HOUR - timedelta(minutes=1)).plans == ()
    assert judged(book, "refreshed", NOON + HOUR + timedelta(minutes=30)).wake_at == NOON + 2 * HOUR
    assert set(judged(book, "refreshed", NOON + 2 * HOUR).plans[0].units) == {"one", "two"}


def proof_at(as_of: object) -> UnitProof:
    return UnitProof(unit="u", n_rows=1, content_hash="h", as_of=as_of)  # type: ignore[arg-type]


def test_what_a_clock_that_was_ahead_has_seen_is_to_be_seen_at_once() -> None:
    assert rules.refresh_at(proof_at(NOON + 72 * HOUR), 2 * HOUR, NOON, NOON) == NOON
    assert rules.refresh_at(proof_at(NOON + 72 * HOUR), None, None, NOON) is None


def test_a_refresh_that_would_come_after_the_end_is_not_made() -> None:
    assert rules.refresh_at(proof_at(NOON), 2 * HOUR, NOON + 2 * HOUR, NOON) == NOON + 2 * HOUR
    assert rules.refresh_at(proof_at(NOON), 2 * HOUR, NOON + HOUR, NOON) is None
    assert rules.refresh_at(proof_at(NOON), 2 * HOUR, None, NOON) == NOON + 2 * HOUR
    assert rules.refresh_at(proof_at(None), 2 * HOUR, None, NOON) is None
    assert rules.refresh_at(proof_at(NOON), None, None, NOON) is None


def test_half_way_is_half_of_its_refresh() -> None:
    assert rules.is_half_way(proof_at(NOON), 2 * HOUR, NOON + HOUR)
    assert not rules.is_half_way(proof_at(NOON), 2 * HOUR, NOON + HOUR - timedelta(seconds=1))
    assert not rules.is_half_way(proof_at(NOON), None, NOON + HOUR)
    assert not rules.is_half_way(proof_at(None), HOUR, NOON + HOUR)


# --- closed


def test_what_closed_is_never_made_again_and_marked_where_its_input_has_changed_since() -> None:
    shown = step("shown", PUBLISH, BEFORE_START)
    source = step("source", SOURCE, BEFORE_START)
    book = book_of({source: (), shown: (Input("source", SLATE),)}, [ONE])
    prove(book, "source", TODAY, ["one"])
    made_as_judged(book, "shown", NOON)
    assert judged(book, "shown", EVENING).overtaken == ()

    prove(book, "source", TODAY, ["one"], content="corrected")

    found = judged(book, "shown", EVENING)
    assert (found.overtaken, found.plans, found.state) == (("one",), (), State.PROVEN)


def test_a_publication_that_closes_unmade_is_lost_and_a_feature_is_made_afterwards_as_of_its_close() -> None:
    shown, form = step("shown", PUBLISH, BEFORE_START), step("form", SQL, BEFORE_START)
    book = book_of({shown: (), form: ()}, [ONE], schedule_seen_at=EVENING + HOUR)

    lost, late = judged(book, "shown", EVENING + HOUR), judged(book, "form", EVENING + HOUR)

    assert (lost.state, lost.verb, lost.lost, lost.plans) == (State.LOST, Verb.SKIP, frozenset({"one"}), ())
    assert lost.reason == "closed before it was made: one"
    [plan] = late.plans
    assert (plan.as_of, plan.retrospective, plan.closes) == (EVENING, True, {})


@pytest.mark.parametrize("fate", ["made after its close", "lost", "excused", "there", "not published", "nor were rows"])
def test_a_publication_without_rows_is_lost_where_what_it_lays_out_came_and_was_not_published_or_never_will_come(
    fate: str,
) -> None:
    shown, form = step("shown", PUBLISH, BEFORE_START), step("form", SQL, BEFORE_START)
    book = book_of({form: (), shown: (Input("form", SLATE),)}, [ONE], schedule_seen_at=EVENING + HOUR)
    source = entry_of(book, "form")
    if fate == "lost":
        source.lost = frozenset({"one"})
    else:
        proof = prove(book, "form", TODAY, ["one"], excuse="no history" if fate in {"excused", "nor were rows"} else "")
        made = dataclasses.replace(proof.units["one"], retrospective=fate == "made after its close")
        book.set_proof(dataclasses.replace(proof, units={"one": made}))
    made_of = next((plan.units["one"] for plan in judged(book, "shown", EVENING - HOUR).plans), "")
    before = "what was there before" if fate in {"not published", "nor were rows"} else made_of
    prove(book, "shown", TODAY, ["one"], made=before, excuse="nobody is predicted yet")

    found = judged(book, "shown", EVENING + HOUR)

    is_lost = fate in {"lost", "made after its close", "not published"}
    assert (found.state is State.LOST, found.lost, found.missing) == (
        is_lost,
        frozenset({"one"} if is_lost else ()),
        ("one",) if is_lost else (),
    )


@pytest.mark.parametrize(
    ("starts_at", "seen", "work", "is_made"),
    [
        (None, 11, PUBLISH, True),
        (None, 13, PUBLISH, False),
        (None, 13, SQL, True),
        (EVENING + HOUR, 13, PUBLISH, True),
    ],
    ids=["seen lately", "out of sight", "nobody reads it", "its start is known"],
)
def test_nothing_is_published_of_a_game_that_may_have_begun_while_its_schedule_cannot_be_had(
    starts_at: datetime | None, seen: int, work: Work, *, is_made: bool
) -> None:
    shown = step("shown", work, BEFORE_START)
    book = book_of({shown: ()}, [game("one", starts_at=starts_at)], schedule_seen_at=EVENING - seen * HOUR)

    found = judged(book, "shown", EVENING)

    assert bool(found.plans) is is_made
    if not is_made:
        assert (found.verb, found.wake_at) == (Verb.WAIT, EVENING + attempts.LEAST_WAIT)
        assert found.reason == "its game may have begun, and the schedule does not say when: one"


@pytest.mark.parametrize(
    ("hours", "seen", "state"),
    [(47, 30, State.OPEN), (60, 35, State.LOST), (240, 239, State.LOST)],
    ids=["the day after", "its day is over", "and its schedule is asked again"],
)
def test_a_game_whose_start_was_never_known_is_lost_to_a_publication_once_its_day_is_over(
    hours: int, seen: int, state: State
) -> None:
    shown, midnight_at = step("shown", PUBLISH, BEFORE_START), midnight(TODAY)
    book = book_of({shown: ()}, [game("one", starts_at=None)], schedule_seen_at=midnight_at + seen * HOUR)

    found = judged(book, "shown", midnight_at + hours * HOUR)

    assert (found.state, found.lost) == (state, frozenset({"one"} if state is State.LOST else ()))
    assert not found.plans


def test_a_day_before_a_home_began_has_no_publication_to_lose() -> None:
    shown, midnight_at = step("shown", PUBLISH, BEFORE_START), midnight(TODAY)
    book = book_of({shown: ()}, [game("one", starts_at=None)], schedule_seen_at=midnight_at + 239 * HOUR)
    book.since["shown"] = midnight_at + 200 * HOUR

    assert judged(book, "shown", midnight_at + 240 * HOUR).lost == frozenset()


def test_games_that_closed_at_different_instants_are_made_in_runs_of_their_own() -> None:
    form = step("form", SQL, BEFORE_START)
    later = game("later", "CCC", "DDD", starts_at=EVENING + HOUR)
    book = book_of({form: ()}, [ONE, later, game("open", "EEE", "FFF", starts_at=EVENING + 9 * HOUR)])

    plans = judged(book, "form", EVENING + 2 * HOUR).plans

    assert [(set(plan.units), plan.as_of) for plan in plans] == [
        ({"one"}, EVENING),
        ({"later"}, EVENING + HOUR),
        ({"open"}, EVENING + 2 * HOUR),
    ]
    assert plans[2].closes == {"open": EVENING + 9 * HOUR}


def test_only_providers_and_readers_lose_what_has_closed() -> None:
    assert rules.is_lost_once_closed(SOURCE)
    assert rules.is_lost_once_closed(PUBLISH)
    assert not rules.is_lost_once_closed(SQL)


# --- attempts that gave nothing


def test_what_gave_no_rows_is_not_tried_again_from_the_same_input(book: Book) -> None:
    prove(book, "raw", TODAY, ["one", "two"])
    [plan] = judged(book, "made", NIGHT).plans
    entry_of(book, "made").attempted = {"one": plan.units["one"]}

    found = judged(book, "made", NIGHT)

    assert [set(plan.units) for plan in found.plans] == [{"two"}]
    entry_of(book, "made").attempted = dict(plan.units)
    again = judged(book, "made", NIGHT)
    assert (again.verb, again.reason) == (Verb.ABORT, "made without rows, or refused, from this input: one, two")
    prove(book, "raw", TODAY, ["one"], content="corrected")
    assert set(judged(book, "made", NIGHT).plans[0].units) == {"one"}


def test_what_closed_and_gave_no_rows_is_not_tried_again_either() -> None:
    form = step("form", SQL, BEFORE_START)
    book = book_of({form: ()}, [ONE])
    entry_of(book, "form").attempted = dict(judged(book, "form", EVENING).plans[0].units)

    assert judged(book, "form", EVENING).verb is Verb.ABORT


# --- waiting, holding, order


def test_what_reads_something_that_is_being_made_is_judged_again_afterwards(book: Book) -> None:
    prove(book, "raw", TODAY, ["one", "two"])
    entry = entry_of(book, "made")

    assert judge(book, entry, NIGHT, frozenset({("raw", TODAY)})) is None
    assert judge(book, entry, NIGHT, frozenset({("raw", YESTERDAY), ("made", TODAY)})) is not None
    made_as_judged(book, "made", NIGHT)
    assert judge(book, entry, NIGHT, frozenset({("raw", TODAY)})) is not None  # nothing is to be made


def test_what_is_made_of_one_thing_by_two_ways_waits_until_both_have_been_made_anew() -> None:
    who, features, system = step("who"), step("features"), step("system")
    read = {RAW: (), who: (Input("raw", SLATE),), features: (Input("who", SLATE),), system: (Input("features", SLATE),)}
    book = book_of(read | {step("out"): (Input("system", SLATE), Input("who", SLATE))}, [ONE])
    for name in ("raw", "who", "features", "system"):
        prove(book, name, TODAY, ["one"])
    out = entry_of(book, "out")

    assert judge(book, out, NIGHT, frozenset({("features", TODAY)})) is None  # and then the system's turn has come
    assert judge(book, out, NIGHT, frozenset({("features", YESTERDAY)})) is not None
    assert judge(book, out, NIGHT, frozenset({("raw", TODAY)})) is not None  # a provider holds up nobody


def test_a_held_gate_holds_names_why_and_is_looked_at_when_it_may_open() -> None:
    made = step("made", SQL, AFTER, edges=(Edge(table="raw", patience=2 * HOUR),))
    book = book_of({RAW: (), made: (Input("raw", SLATE),)}, [ONE, TWO], schedule_seen_at=NIGHT)
    prove(book, "raw", TODAY, ["one"])

    found = judged(book, "made", NIGHT)

    assert (found.state, found.verb, found.plans) == (State.HELD, Verb.HOLD, ())
    assert found.reason.startswith("raw: two has not arrived") or found.reason.startswith("raw: 50%")
    assert found.wake_at == EVENING + 5 * HOUR
    assert not found.gates["raw"].is_open


def test_a_waived_gate_lets_through_and_the_unit_is_marked_partial() -> None:
    made = step("made", SQL, AFTER, edges=(Edge(table="raw", aligned=False),))
    book = book_of({RAW: (), made: (Input("raw", SLATE),)}, [ONE, TWO])
    book.waivers["made", TODAY, "raw"] = waiver(NIGHT + HOUR)

    [plan] = judged(book, "made", NIGHT).plans

    assert plan.partial == {"one": ("one", "two"), "two": ("one", "two")}
    assert judged(book, "made", NIGHT + HOUR).plans == ()


def test_a_source_that_has_not_published_all_is_asked_again_when_its_wait_is_over(book: Book) -> None:
    entry = entry_of(book, "raw")
    entry.not_before, entry.tried_at = NIGHT + HOUR, NIGHT

    found = judged(book, "raw", NIGHT)

    assert (found.verb, found.reason) == (Verb.WAIT, "the source has not published all of it")
    assert (found.until, found.wake_at) == (NIGHT + HOUR, NIGHT + HOUR)


def test_what_needs_a_lost_input_is_lost_with_it() -> None:
    source, shown = step("source", SOURCE, BEFORE_START), step("shown", SQL, AFTER)
    book = book_of({source: (), shown: (Input("source", SLATE),)}, [ONE, TWO], schedule_seen_at=EVENING + HOUR)
    prove(book, "source", TODAY, ["two"])
    assert judged(book, "source", EVENING + HOUR).lost == {"one"}

    found = judged(book, "shown", NIGHT)

    assert (found.state, found.lost) == (State.LOST, frozenset({"one"}))
    assert found.verb is Verb.HOLD or [set(plan.units) for plan in found.plans] == [{"two"}]


# --- no result


def test_a_result_that_its_source_answers_without_past_its_due_time_is_none() -> None:
    book = book_of(CHAIN, [ONE, TWO])
    due_at = midnight(TODAY) + 34 * HOUR
    prove(book, "raw", TODAY, ["one"], made=stale_free(book), as_of=due_at)
    entry = entry_of(book, "raw")
    entry.polls = 3

    assert judged(book, "raw", due_at - HOUR).no_result == frozenset()
    entry.not_before = due_at + HOUR
    found = judged(book, "raw", due_at)

    assert (found.no_result, found.state) == (frozenset({"two"}), State.LATE)
    assert found.reason == "past its due time its source answers without a result, and holds nothing else: two"
    assert judged(book, "made", due_at).no_result == {"two"}


def test_where_most_of_a_slate_is_missing_it_is_the_source_that_has_nothing() -> None:
    three = game("three", "EEE", "FFF")
    book = book_of(CHAIN, [ONE, TWO, three])
    due_at = midnight(TODAY) + 34 * HOUR
    entry_of(book, "raw").polls = 3
    prove(book, "raw", TODAY, ["one"], made=stale_free(book), as_of=due_at)
    assert judged(book, "raw", due_at).no_result == frozenset()

    entry_of(book, "raw").excused = {"two": "postponed"}
    book.set_games(TODAY, (ONE, game("two", "CCC", "DDD", status=GameStatus.POSTPONED), three))
    assert judged(book, "raw", due_at).no_result == {"three"}


@pytest.mark.parametrize(("polls", "failures", "is_none"), [(1, 0, True), (0, 0, False), (5, 1, False)])
def test_a_source_that_fails_or_was_not_asked_says_nothing(polls: int, failures: int, *, is_none: bool) -> None:
    book = book_of(CHAIN, [ONE])
    times = entry_of(book, "raw").obligation.times["one"]
    due_at = midnight(TODAY) + 34 * HOUR

    assert rules.has_no_result(times, ONE, SOURCE, polls=polls, failures=failures, now=due_at) is is_none
    assert not rules.has_no_result(times, ONE, SQL, polls=9, failures=0, now=due_at)
    assert not rules.has_no_result(times, None, SOURCE, polls=9, failures=0, now=due_at)
    assert not rules.has_no_result(times, game("x", starts_at=None), SOURCE, polls=9, failures=0, now=due_at)


def test_what_is_made_before_a_game_is_no_result() -> None:
    book = book_of({REFRESHED: ()}, [ONE])
    times = entry_of(book, "refreshed").obligation.times["one"]

    assert not rules.has_no_result(times, ONE, SOURCE, polls=9, failures=0, now=EVENING)


# --- what a run is told


def test_a_run_is_told_how_many_rows_each_unit_must_have() -> None:
    counted = step("counted", SQL, AFTER, rows_as=("raw",))
    whole = step("whole", SQL, AFTER, SLATE_UNIT, rows_as=("raw",))
    both = step("both", SQL, AFTER, rows_as=("raw", "counted"))
    read = (Input("raw", SLATE),)
    book = book_of({RAW: (), counted: read, whole: read, both: read}, [ONE, TWO])
    prove(book, "raw", TODAY, ["one"], n_rows=7)
    prove(book, "raw", TODAY, ["two"], n_rows=4)

    assert judged(book, "counted", NIGHT).plans[0].least_rows == {"one": 7, "two": 4}
    assert judged(book, "whole", NIGHT).plans[0].least_rows == {WHOLE_SLATE: 11}
    prove(book, "raw", TODAY, ["one"], excuse="none")
    assert judged(book, "whole", NIGHT).plans[0].least_rows == {WHOLE_SLATE: 4}
    prove(book, "counted", TODAY, ["two"], n_rows=5)
    assert judged(book, "both", NIGHT).plans[0].least_rows == {"two": 9}


def test_rows_are_counted_by_what_is_not_read_itself_only_where_what_is_made_of_it_stands() -> None:
    announced, guessed = step("announced", SQL, AFTER), step("guessed", SQL, AFTER)
    edges = (Edge(table="announced", optional=True), Edge(table="guessed", optional=True))
    shown = step("shown", SQL, AFTER, edges=edges, rows_as=("raw",))
    read = (Input("announced", SLATE), Input("guessed", SLATE))
    book = book_of({RAW: (), announced: (Input("raw", SLATE),), guessed: (), shown: read}, [ONE, TWO])
    prove(book, "raw", TODAY, ["one", "two"], n_rows=2)
    prove(book, "guessed", TODAY, ["one", "two"], n_rows=1)
    prove(book, "announced", TODAY, ["two"], n_rows=2)

    assert judged(book, "shown", NIGHT).plans[0].least_rows == {"two": 2}


def test_a_unit_whose_teams_have_not_played_may_be_empty() -> None:
    form, whole = step("form", SQL, AFTER), step("whole", SQL, AFTER, SLATE_UNIT)
    new = game("new", "EEE", "FFF")
    book = book_of({form: (), whole: ()}, [game("old", day=YESTERDAY), ONE, new])

    assert judged(book, "form", NIGHT).plans[0].may_be_empty == {"new"}
    assert judged(book, "whole", NIGHT).plans[0].may_be_empty == frozenset()
    first = book_of({form: (), whole: ()}, [ONE])
    assert judged(first, "whole", NIGHT).plans[0].may_be_empty == {WHOLE_SLATE}
