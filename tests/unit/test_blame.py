"""What an unmet obligation is blamed on: what its late units wait for, not what others of its slate wait for."""

from datetime import timedelta

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
from tipoff.engine.findings import moves, root_cause

EARLY = EVENING - 5 * HOUR
LINE_UPS = step("line_ups", SOURCE, BEFORE_START)
FORM = step("form", timing=Timing(opens=at(9), due=at(10)), units=SLATE_UNIT)
FEATURES = step("features", timing=BEFORE_START)


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
    source.blame = "source:provider"
    moves(source, judged(book, "line_ups", late).state, late)
    prove(book, "line_ups", TODAY, ["early"])

    moves(source, judged(book, "line_ups", late).state, late)
    assert judged(book, "features", late).state is State.LATE

    assert source.state is State.OPEN
    assert root_cause(book, entry_of(book, "features")) == "source:provider"


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
