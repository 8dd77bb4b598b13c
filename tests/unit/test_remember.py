"""Taking up the past: under the names that the catalog has now, and what it has no more owes nothing."""

import dataclasses
import json
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from tests.engine import (
    AFTER,
    BEFORE_START,
    EVENING,
    HOUR,
    NOON,
    SEASON,
    SOURCE,
    SQL,
    TODAY,
    YESTERDAY,
    book_of,
    game,
    judged,
    made_as_judged,
    prove,
    step,
)

from tipoff.core.gate import Evidence
from tipoff.core.obligation import State
from tipoff.core.proof import Proof
from tipoff.core.window import SLATE, Input
from tipoff.engine.book import Book
from tipoff.engine.remember import outputs_since, remember
from tipoff.engine.results import Counts, Results
from tipoff.engine.starting import silence_before
from tipoff.ledger import Batch, LedgerSnapshot

MINUTE = timedelta(minutes=1)
NIGHT = EVENING + 4 * HOUR
RAW, OTHER = step("raw", SOURCE, AFTER), step("other", SQL, AFTER)
ONE = game("one")
NO_WAREHOUSE: Any = SimpleNamespace()


def snapshot(**more: Any) -> LedgerSnapshot:
    nothing: dict[str, Any] = {
        "proofs": [],
        "games": [ONE],
        "obligations": [],
        "unended_runs": [],
        "held_gates": [],
        "open_conflicts": [],
        "last_tick": {"at": NOON},
        "blames": [],
        "since_outputs": {},
        "gaps": {},
        "since": NOON,
        "questions": [],
    }
    return LedgerSnapshot(**nothing | more)


def row(output: str, **more: Any) -> dict[str, Any]:
    known = {
        "league": "x",
        "output": output,
        "day": TODAY,
        "state": "late",
        "since": NOON,
        "reason": "why",
        "failures": 2,
        "polls": 3,
        "not_before": NIGHT,
        "attempted": {"one": "m"},
        "missing": ["one"],
        "excused": {"two": "postponed"},
        "n_excused": 1,
        "verb": "WAIT",
    }
    return known | more


def proof_of(output: str, fence: int = 1) -> Proof:
    book = book_of({step(output): ()}, [ONE])
    return dataclasses.replace(prove(book, output, TODAY, ["one"]), fence=fence)


def taken_up(known: LedgerSnapshot, *steps: Any, stored: Any = ()) -> tuple[Book, Batch, int]:
    book = book_of(dict.fromkeys(steps or (RAW, OTHER), ()), [])
    batch = Batch()
    results = Results(book, NO_WAREHOUSE, lambda _key: 0.0, Counts())
    fence = remember(book, results, known, stored, batch, days=(SEASON.first_day, SEASON.last_day), now=NIGHT)
    return book, batch, fence


def test_what_is_known_of_an_obligation_is_taken_up() -> None:
    book, _, fence = taken_up(snapshot(proofs=[proof_of("raw")], obligations=[row("raw")]))

    entry = book.entries["raw", TODAY]
    assert (entry.state, entry.since, entry.reason, entry.failures, entry.polls) == (State.LATE, NOON, "why", 2, 3)
    assert (entry.not_before, entry.attempted, entry.missing) == (NIGHT, {"one": "m"}, ("one",))
    assert (entry.excused, entry.decided, entry.tries) == ({"two": "postponed"}, ("WAIT", "why"), {"one": 2})
    assert book.evidence("raw", TODAY, "one") is Evidence.PROVEN
    assert fence == 0


@pytest.mark.parametrize(
    ("state", "came_at", "met_at"),
    [("proven", NOON, NOON), ("proven", None, NOON + HOUR), ("open", NOON, NOON), ("late", NOON, None)],
    ids=["made again since", "excused", "some of it came", "late again"],
)
def test_what_was_told_as_late_is_remembered_as_met_since_it_first_came(
    state: str, came_at: datetime | None, met_at: datetime | None
) -> None:
    owed = row("raw", state=state, since=NOON + HOUR)
    blame = {"output": "raw", "day": TODAY, "cause": "source:provider", "met_at": came_at}

    book, _, _ = taken_up(snapshot(obligations=[owed], blames=[blame]))

    assert (book.entries["raw", TODAY].blame, book.entries["raw", TODAY].met_at) == ("source:provider", met_at)


def test_a_start_that_became_another_just_before_an_end_makes_anew_what_is_not_closed() -> None:
    form, schedule = step("form", SQL, BEFORE_START), (Input("schedule", SLATE),)
    later = dataclasses.replace(ONE, starts_at=EVENING + HOUR)
    before = book_of({form: schedule}, [ONE])
    made_as_judged(before, "form", NOON)
    kept = [entry.proof for entry in before.entries.values() if entry.proof]

    def found(changed_at: datetime, now: datetime) -> tuple[Any, ...]:
        book, known = (
            book_of({form: schedule}, []),
            snapshot(proofs=kept, games=[later], changes={(TODAY, "one"): changed_at}),
        )
        results = Results(book, NO_WAREHOUSE, lambda _key: 0.0, Counts())
        remember(book, results, known, (), Batch(), days=(SEASON.first_day, SEASON.last_day), now=now)
        judgement = judged(book, "form", now)
        return [[*plan.units] for plan in judgement.plans], judgement.overtaken

    assert found(NOON + MINUTE, NOON + HOUR) == ([["one"]], ())
    assert found(NOON, NOON + HOUR) == found(NOON + MINUTE, NIGHT) == ([], ())


def test_a_proof_that_only_the_stores_have_is_adopted() -> None:
    book, batch, fence = taken_up(snapshot(proofs=[proof_of("raw", 1)]), stored=[proof_of("raw", 5)])

    proof = book.entries["raw", TODAY].proof
    assert proof is not None
    assert (proof.fence, fence) == (5, 5)
    assert [written["fence"] for written in batch.rows["proofs"]] == [5]
    assert "arrivals" not in batch.rows  # what it has was there before


def test_what_came_just_before_a_crash_has_its_arrival() -> None:
    stored = dataclasses.replace(proof_of("raw", 5), made_at=EVENING)

    _, batch, _ = taken_up(snapshot(last_run=5), stored=[stored])

    [arrived] = batch.rows["arrivals"]
    assert (arrived["output"], arrived["unit"], arrived["first_at"], arrived["run_id"]) == ("raw", "one", EVENING, 5)


def test_when_what_a_lost_or_older_ledger_never_numbered_came_is_not_made_up() -> None:
    stored = dataclasses.replace(proof_of("raw", 5), made_at=EVENING)

    _, batch, _ = taken_up(snapshot(last_run=4), stored=[stored])

    assert [written["fence"] for written in batch.rows["proofs"]] == [5]
    assert "arrivals" not in batch.rows


@pytest.mark.parametrize(
    ("fence", "last_run", "seen"),
    [(5, 5, EVENING - HOUR), (4, 4, None), (4, 5, EVENING - HOUR)],
    ids=["it knows", "it is lost, or older", "a crash came before it heard of the last run"],
)
def test_when_a_source_last_had_nothing_of_what_has_closed_the_ledger_alone_knows(
    fence: int, last_run: int, seen: datetime | None
) -> None:
    lines = step("lines", SOURCE, BEFORE_START)
    before = book_of({lines: ()}, [ONE])
    stored, known = (
        dataclasses.replace(
            prove(before, "lines", TODAY, ["one"], excuse="not offered", as_of=EVENING - hours * HOUR), fence=number
        )
        for hours, number in ((9, 5), (1, fence))
    )

    book, _, _ = taken_up(snapshot(proofs=[known], last_run=last_run), lines, stored=[stored])

    proof = book.entries["lines", TODAY].proof
    assert proof is not None
    assert proof.units["one"].as_of == seen


def test_what_the_catalog_has_no_more_keeps_its_proof_and_owes_nothing() -> None:
    _, batch, _ = taken_up(snapshot(proofs=[proof_of("gone")], obligations=[row("gone")]))

    [written] = batch.rows["obligations"]
    assert (written["state"], written["reason"], written["verb"]) == ("excused", "the catalog has it no more", "SKIP")
    assert (json.loads(written["missing"]), json.loads(written["excused"]), written["n_excused"]) == (
        [],
        {"two": "postponed", "one": "the catalog has it no more"},
        2,
    )
    assert "proofs" not in batch.rows


def test_what_is_settled_stays_as_it_is_when_its_step_goes_and_the_digest_is_no_step() -> None:
    settled = [row("gone", state="proven"), row("gone2", state="excused"), row("digest")]

    assert "obligations" not in taken_up(snapshot(obligations=settled))[1].rows


def test_a_renamed_output_goes_on_with_what_was_made_under_its_former_name() -> None:
    renamed = step("present", SOURCE, AFTER)
    renamed = dataclasses.replace(renamed, table=dataclasses.replace(renamed.table, formerly=("raw",)))

    book, batch, _ = taken_up(snapshot(proofs=[proof_of("raw")], obligations=[row("raw")]), renamed)

    entry = book.entries["present", TODAY]
    assert (entry.failures, entry.missing) == (2, ("one",))
    assert entry.proof is not None
    assert entry.proof.output == "present"
    assert [written["output"] for written in batch.rows["proofs"]] == ["present"]
    [retired] = batch.rows["obligations"]
    assert (retired["output"], retired["state"], retired["reason"]) == ("raw", "excused", "it is present now")


def test_once_there_is_something_under_the_present_name_it_stands() -> None:
    renamed = step("present", SOURCE, AFTER)
    renamed = dataclasses.replace(renamed, table=dataclasses.replace(renamed.table, formerly=("raw",)))
    proofs = [proof_of("raw", 1), proof_of("present", 4)]
    rows = [row("raw", state="excused"), row("present", failures=0)]

    book, batch, _ = taken_up(snapshot(proofs=proofs, obligations=rows), renamed)

    entry = book.entries["present", TODAY]
    assert entry.proof is not None
    assert (entry.proof.fence, entry.failures, batch.rows) == (4, 0, {})


# --- since when


def since(known: LedgerSnapshot, *steps: Any) -> dict[str, datetime]:
    league = book_of(dict.fromkeys(steps or (RAW, OTHER), ()), []).league
    return outputs_since(league, known, NOON, NIGHT)


def test_in_a_new_home_every_output_is_kept_since_the_home_is() -> None:
    assert set(since(snapshot(last_tick=None)).values()) == {NOON}


def test_an_output_that_is_added_is_kept_since_then_and_that_is_remembered() -> None:
    known = snapshot(obligations=[row("raw"), row("schedule")])

    assert since(known) == {"schedule": NOON, "raw": NOON, "other": NIGHT}
    assert since(dataclasses.replace(known, since_outputs={"other": NOON + HOUR}))["other"] == NOON + HOUR


def test_an_output_that_was_renamed_is_not_new() -> None:
    renamed = dataclasses.replace(OTHER, table=dataclasses.replace(OTHER.table, formerly=("raw",)))

    assert since(snapshot(obligations=[row("raw")]), renamed)["other"] == NOON
    assert since(snapshot(proofs=[proof_of("raw")]), renamed)["other"] == NOON


def test_a_day_on_which_no_game_is_on_owes_after_a_restart_what_it_owed_before() -> None:
    schedule = dataclasses.replace(proof_of("raw"), output="schedule", day=YESTERDAY)
    waiting = row("raw", day=YESTERDAY, state="waiting", missing=[], excused={}, n_excused=0)

    book, _, _ = taken_up(snapshot(proofs=[schedule], obligations=[waiting]))

    assert book.entries["raw", YESTERDAY].state is State.WAITING
    assert judged(book, "raw", NIGHT, day=YESTERDAY).state is State.EXCUSED


@pytest.mark.parametrize(("beat", "silent"), [(None, True), (-3 * HOUR, True), (-HOUR / 2, False)])
def test_quiet_ticks_that_a_kill_took_with_it_are_no_silence(beat: timedelta | None, silent: bool) -> None:  # noqa: FBT001 -- a case
    known = snapshot(last_tick={"at": NIGHT - 5 * HOUR}, beat_at=NIGHT + beat if beat is not None else None)

    found = silence_before(known, NIGHT)

    assert (found is not None) is silent
    assert found is None or found[0] == (NIGHT + beat if beat is not None else NIGHT - 5 * HOUR)
