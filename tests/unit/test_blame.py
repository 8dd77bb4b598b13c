"""What an unmet obligation is blamed on: what its late units wait for, not what others of its slate wait for."""

from datetime import datetime, timedelta

import pytest
from tests.engine import (
    BEFORE_START,
    EVENING,
    HOUR,
    PUBLISH,
    SOURCE,
    TODAY,
    at,
    book_of,
    entry_of,
    game,
    judged,
    prove,
    step,
)

from tipoff.core.obligation import SLATE_UNIT, State, Timing
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.step import Edge
from tipoff.core.window import SLATE, Input
from tipoff.engine.book import Entry
from tipoff.engine.findings import moves, root_cause, tells
from tipoff.engine.judge import judge

EARLY = EVENING - 5 * HOUR
LINE_UPS = step("line_ups", SOURCE, BEFORE_START)
FORM = step("form", timing=Timing(opens=at(9), due=at(10)), units=SLATE_UNIT)
FEATURES = step("features", timing=BEFORE_START)


def is_told(entry: Entry, blame: str, now: datetime) -> None:
    moves(entry, State.LATE, now)
    tells(entry, blame)


@pytest.mark.parametrize(
    ("there", "has_form", "cause"),
    [(["early"], False, "step:form"), ([], True, "source:provider"), ([], False, "source:provider")],
    ids=["its own line-up is there, its form is not", "only its line-up is lacking", "both are lacking"],
)
def test_the_game_that_is_late_is_blamed_on_what_it_waits_for_itself(
    there: list[str], cause: str, *, has_form: bool
) -> None:
    read = {LINE_UPS: (), FORM: (), FEATURES: (Input("line_ups", SLATE), Input("form", SLATE))}
    book = book_of(read, [game("early", starts_at=EARLY), game("late", "CCC", "DDD")])
    prove(book, "line_ups", TODAY, there)
    if has_form:
        prove(book, "form", TODAY, [WHOLE_SLATE])

    for output in ("line_ups", "form", "features"):
        found = judged(book, output, EARLY - HOUR / 2)
        entry_of(book, output).gates = {table: (gate.is_open, gate.reason) for table, gate in found.gates.items()}

    assert entry_of(book, "features").missing == ("early", "late")
    assert root_cause(book, entry_of(book, "features")) == cause


@pytest.mark.parametrize("after", [HOUR / 8, 0 * HOUR], ids=["after", "as it is due"])
def test_what_came_after_its_due_is_blamed_on_though_other_games_wait_for_more_of_it(after: timedelta) -> None:
    read = {LINE_UPS: (), FEATURES: (Input("line_ups", SLATE),)}
    book = book_of(read, [game("early", starts_at=EARLY), game("late", "CCC", "DDD")])
    due_at = entry_of(book, "features").obligation.times["early"].due_at
    assert due_at is not None
    source, late = entry_of(book, "line_ups"), due_at + after
    assert judged(book, "line_ups", late).state is State.LATE
    is_told(source, "source:provider", late)
    prove(book, "line_ups", TODAY, ["early"])

    found = judge(book, source, late)
    assert found is not None
    moves(source, found.state, late)
    assert judged(book, "features", late).state is State.LATE

    assert source.state is State.OPEN
    assert root_cause(book, entry_of(book, "features")) == "source:provider"


def test_what_came_in_time_is_not_to_blame_for_having_been_made_again_after_its_readers_were_due() -> None:
    book = book_of({LINE_UPS: (), FEATURES: (Input("line_ups", SLATE),)}, [game("early", starts_at=EARLY)])
    source, reader = entry_of(book, "line_ups"), entry_of(book, "features")
    due_at = reader.obligation.times["early"].due_at
    assert due_at is not None
    is_told(source, "source:provider", due_at - HOUR)
    prove(book, "line_ups", TODAY, ["early"])
    moves(source, State.PROVEN, due_at - HOUR / 2)

    for state, after in ((State.RUNNING, HOUR), (State.PROVEN, 2 * HOUR)):
        moves(source, state, due_at + after)
    reader.missing = judged(book, "features", EARLY).missing

    assert root_cause(book, reader) == "step:features"


def test_what_is_told_again_is_to_blame_for_what_was_due_before_it_came_again() -> None:
    book = book_of({LINE_UPS: (), FEATURES: (Input("line_ups", SLATE),)}, [game("early", starts_at=EARLY)])
    source, reader = entry_of(book, "line_ups"), entry_of(book, "features")
    due_at = reader.obligation.times["early"].due_at
    assert due_at is not None
    for after in (-2 * HOUR, HOUR / 2):
        is_told(source, "source:provider", due_at + after)
        for state in (State.RUNNING, State.PROVEN):
            moves(source, state, due_at + after + HOUR)
    prove(book, "line_ups", TODAY, ["early"])
    reader.missing = judged(book, "features", EARLY).missing

    assert root_cause(book, reader) == "source:provider"


def test_a_publication_that_is_lost_is_blamed_on_what_was_lost_before_it_though_its_gate_lets_that_pass() -> None:
    shown = step("shown", PUBLISH, BEFORE_START, edges=(Edge(table="line_ups", optional=True),))
    book = book_of({LINE_UPS: (), shown: (Input("line_ups", SLATE),)}, [game("early")], schedule_seen_at=EVENING + HOUR)
    prove(book, "shown", TODAY, ["early"], excuse="nobody is predicted yet")

    for output in ("line_ups", "shown"):
        found, entry = judged(book, output, EVENING + HOUR), entry_of(book, output)
        entry.gates, entry.state = {"line_ups": (True, "")} if output == "shown" else {}, found.state
        entry.lost, entry.missing = found.lost, found.missing

    assert entry_of(book, "shown").state is State.LOST
    assert root_cause(book, entry_of(book, "shown")) == "source:provider"


@pytest.mark.parametrize(("until", "blamed"), [(State.LATE, "warehouse"), (State.PROVEN, "step:shown")])
def test_what_was_told_late_is_lost_for_the_same_though_others_of_its_slate_were_made_since(
    until: State, blamed: str
) -> None:
    book = book_of(
        {step("shown", PUBLISH, BEFORE_START): ()}, [game("early", starts_at=EARLY), game("late", "CCC", "DDD")]
    )
    entry = entry_of(book, "shown")
    is_told(entry, "warehouse", EARLY - HOUR / 4)
    moves(entry, until, EARLY)
    entry.cause = ""  # as a run of the other game leaves it

    moves(entry, State.LOST, EARLY + HOUR)

    assert root_cause(book, entry) == blamed


def test_what_reads_the_lost_is_lost_for_what_that_was_told_for_though_it_met_other_trouble_since() -> None:
    book = book_of(
        {LINE_UPS: (), FEATURES: (Input("line_ups", SLATE),)},
        [game("early", starts_at=EARLY), game("late", "CCC", "DDD")],
        schedule_seen_at=EARLY,
    )
    source, reader = entry_of(book, "line_ups"), entry_of(book, "features")
    for entry in (source, reader):
        found = judged(book, entry.obligation.output, EARLY)
        entry.lost, entry.missing = found.lost, found.missing
        entry.gates = {table: (gate.is_open, gate.reason) for table, gate in found.gates.items()}
        is_told(entry, "warehouse", EARLY - HOUR / 4)
        moves(entry, State.LOST, EARLY)
    source.cause = "source:provider"  # as an answer without the other game leaves it

    assert root_cause(book, reader) == "warehouse"


@pytest.mark.parametrize(("after", "blamed"), [(HOUR / 8, "step:features"), (-HOUR / 8, "step:shown")])
def test_a_publication_is_lost_for_what_its_input_came_late_for_though_that_is_late_for_another_game_still(
    after: timedelta, blamed: str
) -> None:
    shown = step("shown", PUBLISH, BEFORE_START, edges=(Edge(table="line_ups", optional=True),))
    book = book_of(
        {LINE_UPS: (), shown: (Input("line_ups", SLATE),)},
        [game("early", starts_at=EARLY), game("late", "CCC", "DDD", starts_at=EARLY)],
        schedule_seen_at=EARLY,
    )
    source, entry = entry_of(book, "line_ups"), entry_of(book, "shown")
    due_at = entry.obligation.times["early"].due_at
    assert due_at is not None
    is_told(source, "step:features", due_at)
    prove(book, "line_ups", TODAY, ["early"], as_of=due_at + after)
    entry.missing, entry.lost = ("early",), frozenset({"early"})
    entry.gates, entry.state = {"line_ups": (True, "")}, State.LOST

    assert root_cause(book, entry) == blamed


@pytest.mark.parametrize(("seen", "blamed"), [(HOUR / 8, "warehouse"), (-HOUR / 8, "step:features")])
def test_what_is_late_as_soon_as_the_schedule_tells_when_its_game_begins_is_blamed_on_what_kept_it_from_being_seen(
    seen: timedelta, blamed: str
) -> None:
    due_at = EARLY - HOUR
    book = book_of({FEATURES: ()}, [game("early", starts_at=EARLY)], schedule_seen_at=due_at + seen)
    schedule, entry = entry_of(book, "schedule"), entry_of(book, "features")
    schedule.blame, schedule.met_at = "warehouse", due_at + seen
    assert entry.obligation.times["early"].due_at == due_at

    found = judged(book, "features", due_at + HOUR / 8)
    entry.missing = found.missing
    moves(entry, found.state, due_at + HOUR / 8)

    assert (entry.state, root_cause(book, entry)) == (State.LATE, blamed)


def test_what_was_told_as_late_for_its_own_trouble_is_not_blamed_on_a_schedule_that_failed_since() -> None:
    due_at = EARLY - HOUR
    book = book_of({FEATURES: ()}, [game("early", starts_at=EARLY)], schedule_seen_at=due_at - HOUR)
    schedule, entry = entry_of(book, "schedule"), entry_of(book, "features")
    entry.missing = judged(book, "features", due_at + HOUR / 8).missing
    is_told(entry, "step:features", due_at)

    schedule.blame, schedule.met_at = "warehouse", due_at + HOUR / 8

    assert root_cause(book, entry) == "step:features"
