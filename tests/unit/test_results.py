"""What a run's end leaves in the book: proofs, failures and their waits, conflicts, what is given up and taken up again."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
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
    at,
    book_of,
    entry_of,
    game,
    judged,
    prove,
    start,
    step,
)

from tipoff.core.clock import midnight
from tipoff.core.errors import (
    ErrorKind,
    LedgerError,
    NotBegun,
    OverTime,
    PipelineError,
    Resting,
    SourceError,
    WarehouseError,
    WriteConflict,
)
from tipoff.core.obligation import Timing
from tipoff.core.proof import Loss, Proof, UnitProof
from tipoff.core.retry import POLICIES
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import Game
from tipoff.core.step import Step
from tipoff.core.window import SLATE, Input
from tipoff.engine.attempts import waits
from tipoff.engine.book import Book, Entry, LiveRun
from tipoff.engine.budget import RunBudget
from tipoff.engine.claim import Outcome
from tipoff.engine.findings import unmet_finding
from tipoff.engine.inputs import made_from
from tipoff.engine.live_runs import LiveRuns
from tipoff.engine.results import LOOK_AGAIN, MOST_POLLS, SOON, Counts, Results
from tipoff.engine.runplan import RunPlan
from tipoff.ledger import Batch
from tipoff.store.warehouse import WriteResult

NIGHT = EVENING + 4 * HOUR
OVERDUE = NIGHT + 12 * HOUR
RAW, MADE = step("raw", SOURCE, AFTER), step("made", SQL, AFTER)
ONE, TWO = game("one"), game("two", "CCC", "DDD")
MINUTE = timedelta(minutes=1)
NO_WAREHOUSE: Any = SimpleNamespace()


class Desk:
    """A book with the results of its runs."""

    def __init__(self, *games: Game, raw: Step = RAW) -> None:
        self.book: Book = book_of({raw: (), MADE: (Input("raw", SLATE),)}, games or (ONE, TWO))
        self.counts = Counts()
        self.results = Results(self.book, NO_WAREHOUSE, lambda _key: 0.0, self.counts)
        self.batch = Batch()

    def entry(self, output: str) -> Entry:
        return entry_of(self.book, output)

    def claim(self, output: str, units: Mapping[str, str], **plan: Any) -> Any:
        entry = self.entry(output)
        told = RunPlan(units=units, as_of=NIGHT, may_be_empty=frozenset(), partial={}, **plan)
        return SimpleNamespace(
            run_id=9,
            step=entry.step,
            loaded=self.book.loaded[output],
            slate=self.book.slates[TODAY],
            season=SEASON,
            plan=told,
            previous=entry.proof,
            inputs=(),
        )

    def ends(self, output: str, units: Mapping[str, str], *, error: PipelineError | None = None, **more: Any) -> None:
        """Let a run of `output` end at `now`: with an error, or with what was written."""
        now = more.pop("now", NIGHT)
        outcome = Outcome(self.claim(output, units, **more.pop("plan", {})), error=error, begun=now)
        outcome.strangers = more.pop("strangers", [])
        outcome.unanswered = more.pop("unanswered", {})
        kind = more.pop("refusal", ErrorKind.TRANSIENT)
        outcome.refusal = SourceError("busy", kind=kind) if outcome.unanswered else None
        if error is None:
            outcome.written = self.written(output, units, **more)
        self.results.take(outcome, now, self.batch)

    def written(self, output: str, units: Mapping[str, str], **more: Any) -> WriteResult:
        refused, missing = more.get("refused", {}), frozenset(more.get("missing", ()))
        known = self.entry(output).proof
        proven = dict(known.units) if known else {}
        for unit, made in more.get("stored", {}).items():
            proven[unit] = dataclasses.replace(proven[unit], made_from=made)
        for unit, version in more.get("made_by", {}).items():
            proven[unit] = dataclasses.replace(proven[unit], step_version=version)
        content = more.get("content", "rows")
        for unit in units.keys() - refused.keys() - missing:
            proven[unit] = UnitProof(unit=unit, n_rows=3, content_hash=f"{content} of {unit}")
        proof = Proof(league="x", output=output, day=TODAY, fence=9, made_at=NIGHT, step_version="v1", units=proven)
        changed = frozenset(more.get("changed", units.keys() - refused.keys() - missing))
        return WriteResult(proof=proof, changed=changed, refused=refused, missing=missing)

    def rows(self, table: str) -> list[Any]:
        return self.batch.rows.get(table, [])


@pytest.fixture
def desk() -> Desk:
    return Desk()


def permanent() -> PipelineError:
    return PipelineError("the code is at fault")


def transient() -> WarehouseError:
    return WarehouseError("gone", kind=ErrorKind.TRANSIENT)


def test_what_said_that_there_is_nothing_and_was_set_aside_is_asked_anew_though_no_rows_are_lost(desk: Desk) -> None:
    prove(desk.book, "raw", TODAY, ["one", "two"], as_of=NIGHT, excuse="nothing is on")

    desk.results.lose(
        [Loss(output="raw", day=TODAY, how="set aside", units=frozenset({"one"}), anew=True)], NIGHT + HOUR, desk.batch
    )

    assert ("raw", TODAY) in desk.results.dirty
    assert desk.entry("raw").look_by == NIGHT + HOUR
    assert desk.rows("findings") == []


@pytest.mark.parametrize(("cut_off", "blamed"), [(("raw", TODAY), "controller"), (("raw", YESTERDAY), "store")])
def test_what_a_run_left_half_done_that_its_controllers_end_cut_off_is_not_blamed_on_the_store(
    desk: Desk, cut_off: tuple[str, date], blamed: str
) -> None:
    prove(desk.book, "raw", TODAY, ["one"], as_of=NIGHT)

    desk.results.lose([Loss(output="raw", day=TODAY, how="half of it")], NIGHT + HOUR, desk.batch, [cut_off])

    assert [row["cause"] for row in desk.rows("findings")] == [blamed]


# --- a run that wrote


def test_what_was_written_is_proven_arrives_and_is_looked_at_by_its_readers(desk: Desk) -> None:
    desk.entry("raw").running = object()  # type: ignore[assignment]

    desk.ends("raw", {"one": "x", "two": "x"})

    entry = desk.entry("raw")
    assert entry.proof is not None
    assert {unit: proof.made_from for unit, proof in entry.proof.units.items()} == {"one": "x", "two": "x"}
    assert (entry.running, entry.tried_at, desk.counts.finished, desk.counts.unchanged) == (None, NIGHT, 1, 0)
    assert {row["unit"]: row["due_at"] for row in desk.rows("arrivals")} == {
        "one": entry.obligation.times["one"].due_at,
        "two": entry.obligation.times["two"].due_at,
    }
    assert len(desk.rows("proofs")) == 1
    assert desk.results.dirty == {("raw", TODAY), ("made", TODAY)}
    assert desk.results.moved == {("raw", TODAY): entry}
    assert desk.batch.run_ends[0]["state"] == "finished"


def test_equal_content_disturbs_nobody_and_is_counted(desk: Desk) -> None:
    desk.ends("raw", {"one": "x"})
    desk.results.dirty.clear()

    desk.ends("raw", {"one": "x"}, changed=())

    assert desk.results.dirty == {("raw", TODAY)}
    assert desk.counts.unchanged == 1


def test_what_a_run_was_not_asked_for_stays_made_from_what_it_was_known_to_be(desk: Desk) -> None:
    """A store that wrote nothing, for the content was equal, still names what it last wrote its units from."""
    desk.ends("raw", {"one": "x", "two": "x"})
    desk.ends("raw", {"one": "y", "two": "y"}, changed=())

    desk.ends("raw", {"one": "z"}, changed=(), stored={"one": "x", "two": "x"})

    proof = desk.entry("raw").proof
    assert proof is not None
    assert {unit: found.made_from for unit, found in proof.units.items()} == {"one": "z", "two": "y"}


def test_what_came_out_as_an_earlier_version_made_it_is_of_the_version_that_looked_last(desk: Desk) -> None:
    """A store that wrote nothing names the earlier one at each run, and each unit in turn would be made anew for ever."""
    desk.ends("raw", {"one": "x", "two": "x"})
    entry = desk.entry("raw")
    assert entry.proof is not None
    now = desk.book.loaded["raw"].version

    entry.proof = dataclasses.replace(entry.proof, step_version="earlier")
    desk.ends("raw", {"one": "x"}, changed=(), made_by={"two": "earlier"})
    of_both = {unit: entry.proof.version_of(found) for unit, found in entry.proof.units.items()}
    desk.ends("raw", {"two": "x"}, changed=(), made_by={"one": "earlier"})
    anew = {unit: entry.proof.version_of(found) for unit, found in entry.proof.units.items()}

    assert of_both == {"one": now, "two": "earlier"}
    assert anew == {"one": now, "two": now}


def test_a_success_ends_the_failures_and_the_wait(desk: Desk) -> None:
    desk.ends("raw", {"one": "x"}, error=transient())
    entry = desk.entry("raw")
    assert (entry.failures, entry.not_before) == (1, NIGHT + MINUTE)

    desk.ends("raw", {"one": "x"})

    assert (entry.failures, entry.not_before, entry.of_kind, entry.cause) == (0, None, ("", 0), "")


def test_a_look_that_was_asked_for_is_done_once_the_schedule_was_seen_since(desk: Desk) -> None:
    entry = desk.entry("raw")
    entry.look_by = NIGHT + MINUTE
    desk.ends("raw", {"one": "x"})
    assert entry.look_by == NIGHT + MINUTE

    entry.look_by = NIGHT
    desk.ends("raw", {"one": "x"})
    assert entry.look_by is None


# --- what came without all of it


def test_a_source_that_lacks_units_is_polled_ever_more_seldom_and_has_not_failed(desk: Desk) -> None:
    entry = desk.entry("raw")
    waits = []
    for _ in range(7):
        desk.ends("raw", {"one": "x", "two": "x"}, missing=["two"])
        assert entry.not_before is not None
        waits.append(entry.not_before - NIGHT)

    assert waits == [HOUR / 2, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, 8 * HOUR, 8 * HOUR]
    assert (entry.polls, entry.failures, entry.attempted) == (7, 0, {})


def test_a_source_that_has_not_published_at_all_is_polled_alike(desk: Desk) -> None:
    desk.ends("raw", {"one": "x"}, error=SourceError("not yet", kind=ErrorKind.NOT_YET))

    entry = desk.entry("raw")
    assert (entry.polls, entry.failures, entry.not_before) == (1, 0, NIGHT + HOUR / 2)
    assert desk.counts.failed == 1


def test_a_source_that_never_comes_is_given_up_after_so_many_polls(desk: Desk) -> None:
    entry = desk.entry("raw")
    entry.polls = MOST_POLLS - 2
    desk.ends("raw", {"one": "x"}, missing=["one"])
    assert entry.attempted == {}

    desk.ends("raw", {"one": "x"}, missing=["one"])

    assert entry.attempted == {"one": "x"}


def test_refused_units_wait_ever_longer_and_are_given_up_in_the_end(desk: Desk) -> None:
    entry = desk.entry("made")
    for n in range(1, POLICIES[ErrorKind.PERMANENT].attempts):
        desk.ends(
            "made", {"one": "x", "two": "y"} if n == 1 else {"one": "x"}, refused={"one": "too few rows"}, now=OVERDUE
        )
        assert (entry.failures, entry.failed_on, entry.attempted) == (n, {"one": "x"}, {})
    assert entry.not_before == OVERDUE + 24 * HOUR
    assert entry.cause == "source:provider"  # its input has not come

    desk.ends("made", {"one": "x"}, refused={"one": "too few rows"}, now=OVERDUE)

    assert entry.attempted == {"one": "x"}


def test_units_without_rows_are_refused_ones(desk: Desk) -> None:
    desk.ends("raw", {"one": "x", "two": "x"})
    desk.ends("made", {"one": "x"}, missing=["one"])

    entry = desk.entry("made")
    assert (entry.failed_on, entry.failures, entry.not_before, entry.cause) == (
        {"one": "x"},
        1,
        NIGHT + HOUR,
        "step:made",
    )


def test_what_stood_without_rows_and_is_made_without_any_and_without_a_reason_is_not_made_of_what_is_there_now(
    desk: Desk,
) -> None:
    for output, was in (("made", "no history"), ("raw", "not offered")):
        desk.ends(output, {"one": "old", "two": "old"})
        entry = desk.entry(output)
        assert entry.proof is not None
        empty = UnitProof(unit="one", n_rows=0, content_hash="", excuse=was, made_from="old")
        entry.proof = dataclasses.replace(entry.proof, units={**entry.proof.units, "one": empty})

        desk.ends(output, {"one": "new", "two": "new"}, missing=["one"])

    made, raw = desk.entry("made").proof, desk.entry("raw").proof
    assert made is not None
    assert raw is not None
    assert {name: unit.made_from for name, unit in made.units.items()} == {"one": "old", "two": "new"}
    assert raw.units["one"].made_from == "new"  # a source has said again that it has none


def test_rows_that_a_step_once_made_none_of_though_its_input_has_changed_are_not_made_of_what_is_there_now(
    desk: Desk,
) -> None:
    desk.ends("made", {"one": "old", "two": "old"})

    desk.ends("made", {"one": "new", "two": "new"}, missing=["one"])

    entry = desk.entry("made")
    assert entry.proof is not None
    assert {name: unit.made_from for name, unit in entry.proof.units.items()} == {"one": "old", "two": "new"}
    assert (entry.failed_on, entry.not_before) == ({"one": "new"}, NIGHT + HOUR)  # and tried again


def test_what_one_group_of_games_failed_on_outlives_the_success_of_another(desk: Desk) -> None:
    entry = desk.entry("made")
    desk.ends("made", {"one": "x"}, refused={"one": "constant"})

    desk.ends("made", {"two": "y"})

    assert (entry.failed_on, entry.failures, entry.not_before) == ({"one": "x"}, 1, NIGHT + HOUR)


def test_six_groups_of_a_slate_that_all_fail_are_given_up_one_by_one_and_none_is_forgotten(desk: Desk) -> None:
    entry = desk.entry("made")
    for _ in range(POLICIES[ErrorKind.PERMANENT].attempts):
        for unit in ("one", "two"):
            desk.ends("made", {unit: "x"}, refused={unit: "constant"}, now=OVERDUE)

    assert entry.attempted == {"one": "x", "two": "x"}


def test_a_source_that_lacks_units_is_asked_no_later_for_what_it_failed_on_before(desk: Desk) -> None:
    desk.ends("raw", {"one": "x"}, error=SourceError("gone", kind=ErrorKind.TRANSIENT))

    desk.entry("raw").missing = ("one", "two")
    desk.ends("raw", {"two": "x"}, missing=["two"])

    entry = desk.entry("raw")
    assert (entry.tries, entry.not_before) == ({"one": 1}, NIGHT + MINUTE)


def test_a_source_that_failed_and_then_has_not_published_is_polled_like_any_other(desk: Desk) -> None:
    entry = desk.entry("raw")
    entry.missing = ("one", "two")
    desk.ends("raw", {"one": "x", "two": "x"}, error=SourceError("gone", kind=ErrorKind.TRANSIENT))

    desk.ends("raw", {"one": "x", "two": "x"}, error=SourceError("not yet", kind=ErrorKind.NOT_YET))

    assert entry.not_before == NIGHT + HOUR / 2


def test_what_a_run_that_was_cut_off_had_written_is_asked_for_no_more_and_hurries_nothing(desk: Desk) -> None:
    entry = desk.entry("raw")
    desk.ends("raw", {"one": "x", "two": "x"}, error=SourceError("gone", kind=ErrorKind.TRANSIENT))
    prove(desk.book, "raw", TODAY, ["one"])

    desk.ends("raw", {"two": "x"}, missing=["two"])

    assert (entry.tries, entry.failures, entry.not_before) == ({}, 0, NIGHT + HOUR / 2)


def test_what_a_source_has_not_published_for_two_units_asked_apart_waits_for_both_beside_one_that_failed() -> None:
    desk = Desk(ONE, TWO, game("three", "EEE", "FFF"))
    entry = desk.entry("raw")
    entry.missing = ("one", "two", "three")
    desk.ends("raw", {"one": "x"}, error=SourceError("gone", kind=ErrorKind.TRANSIENT, retry_after_s=7200))

    for unit in ("two", "three"):
        desk.ends("raw", {unit: "x"}, error=SourceError("not yet", kind=ErrorKind.NOT_YET), now=NIGHT + MINUTE)

    assert [waits(entry, unit, "x", NIGHT + 2 * MINUTE) for unit in entry.missing] == [True, True, True]
    assert not waits(entry, "two", "x", NIGHT + MINUTE + HOUR)


@pytest.mark.parametrize("is_owed", [True, False], ids=["which is owed still", "which is not owed any more"])
@pytest.mark.parametrize(
    "error",
    [Resting("provider", 300), NotBegun("too late")],
    ids=["its source is left alone", "it did not begin"],
)
def test_what_was_not_asked_for_waits_beside_what_failed_before(error: PipelineError, *, is_owed: bool) -> None:
    desk = Desk(ONE, TWO)
    entry = desk.entry("raw")
    entry.missing = ("one", "two") if is_owed else ("two",)
    desk.ends("raw", {"one": "x"}, error=SourceError("gone", kind=ErrorKind.TRANSIENT))

    desk.ends("raw", {"two": "x"}, error=error, now=NIGHT + HOUR)

    assert waits(entry, "two", "x", NIGHT + HOUR)
    assert entry.not_before is not None
    assert not waits(entry, "two", "x", entry.not_before)


@pytest.mark.parametrize("end", ["closed", "given up", "lost by its store"])
def test_what_failed_and_is_not_asked_for_again_hurries_no_poll(end: str) -> None:
    before = step("raw", SOURCE, dataclasses.replace(BEFORE_START, opens=at(0)))
    desk = Desk(game("one", starts_at=NOON), TWO, raw=before if end == "closed" else RAW)
    now, entry = NOON + HOUR if end == "closed" else NIGHT, desk.entry("raw")
    entry.missing = ("one", "two")
    desk.ends("raw", {"one": "x"}, error=SourceError("gone", kind=ErrorKind.TRANSIENT), now=now - HOUR)
    entry.attempted = {"one": "x"} if end == "given up" else {}
    entry.gone = {"one": UnitProof(unit="one", n_rows=3, content_hash="x")} if end == "lost by its store" else {}

    desk.ends("raw", {"two": "x"}, error=SourceError("not yet", kind=ErrorKind.NOT_YET), now=now)

    assert entry.not_before == now + HOUR / 2
    assert waits(entry, "two", "x", now)


@pytest.mark.parametrize("gone", ["excused", "closed"])
def test_what_failed_and_can_be_had_no_more_is_forgotten_when_its_source_answers_for_others(gone: str) -> None:
    before = step("raw", SOURCE, dataclasses.replace(BEFORE_START, opens=at(0)))
    desk = Desk(game("one", starts_at=NOON), TWO, raw=before if gone == "closed" else RAW)
    now, entry = NOON + HOUR if gone == "closed" else NIGHT, desk.entry("raw")
    desk.ends("raw", {"one": "x", "two": "x"}, error=SourceError("gone", kind=ErrorKind.TRANSIENT), now=now - HOUR)
    entry.excused = {"one": "postponed"} if gone == "excused" else {}

    desk.ends("raw", {"two": "x"}, missing=["two"], now=now)

    assert (entry.tries, entry.failures, entry.of_kind, entry.not_before) == ({}, 0, ("", 0), now + HOUR / 2)
    assert waits(entry, "two", "x", now)


# --- a run that failed


def test_waits_grow_with_failures_of_one_kind_in_a_row(desk: Desk) -> None:
    entry = desk.entry("made")
    waits = []
    for error in (transient(), transient(), transient(), permanent(), permanent(), transient()):
        desk.ends("made", {"one": "x"}, error=error)
        assert entry.not_before is not None
        waits.append((entry.not_before - NIGHT) / MINUTE)

    assert waits == [1, 2, 4, 60, 120, 1]
    assert entry.failures == 6


def test_a_transform_that_failed_waits_for_other_input_and_a_source_does_not(desk: Desk) -> None:
    desk.ends("made", {"one": "x"}, error=permanent())
    desk.ends("raw", {"one": "x"}, error=permanent())

    assert desk.entry("made").failed_on == {"one": "x"}
    assert desk.entry("raw").failed_on == {}


def test_a_failure_of_another_kind_is_no_failure_of_its_input(desk: Desk) -> None:
    desk.ends("made", {"one": "x"}, error=permanent())
    desk.ends("made", {"one": "x"}, error=transient())

    assert desk.entry("made").failed_on == {}


def test_the_failures_of_other_units_stand_when_one_fails(desk: Desk) -> None:
    desk.ends("made", {"two": "y"}, error=permanent())
    desk.ends("made", {"one": "x"}, error=permanent())

    assert desk.entry("made").failed_on == {"one": "x", "two": "y"}


def test_after_the_last_attempt_a_unit_is_given_up_until_its_input_changes(desk: Desk) -> None:
    entry = desk.entry("made")
    for _ in range(POLICIES[ErrorKind.PERMANENT].attempts):
        desk.ends("made", {"one": "x"}, error=permanent(), now=OVERDUE)

    assert (entry.attempted, entry.failed_on, entry.not_before) == ({"one": "x"}, {}, None)


@pytest.mark.parametrize(
    ("later", "given_up"), [(HOUR, False), (-HOUR, True)], ids=["one closes yet", "all have closed"]
)
def test_what_a_source_fails_on_is_not_given_up_before_it_closes(later: timedelta, *, given_up: bool) -> None:
    desk = desk_of(step("lines", SOURCE, BEFORE_START))
    now = EVENING - later
    entry = desk.entry("lines")
    for _ in range(POLICIES[ErrorKind.PERMANENT].attempts):
        desk.ends("lines", {"one": "x"}, error=SourceError("418", kind=ErrorKind.PERMANENT), now=now)

    assert bool(entry.attempted) is given_up
    assert entry.not_before == (None if given_up else now + later / 2)


def test_a_provider_that_names_its_wait_is_believed_up_to_two_days(desk: Desk) -> None:
    def refuses(seconds: float) -> SourceError:
        return SourceError("busy", kind=ErrorKind.TRANSIENT, retry_after_s=seconds)

    entry = desk.entry("raw")
    desk.ends("raw", {"one": "x"}, error=refuses(600))
    assert entry.not_before == NIGHT + 10 * MINUTE
    desk.ends("raw", {"one": "x"}, error=refuses(10**6))
    assert entry.not_before == NIGHT + 48 * HOUR
    desk.ends("raw", {"one": "x"}, error=refuses(1))
    assert entry.not_before == NIGHT + 4 * MINUTE  # its own third wait is longer


def test_a_provider_that_is_left_alone_has_not_failed_again(desk: Desk) -> None:
    desk.ends("raw", {"one": "x"}, error=Resting("provider", 300))

    entry = desk.entry("raw")
    assert (entry.failures, entry.not_before) == (0, NIGHT + 5 * MINUTE)
    assert entry.cause == "source:provider"


def test_what_waits_for_a_provider_says_what_it_last_answered_until_it_answers_again(desk: Desk) -> None:
    asked = SourceError("stats answered 500", kind=ErrorKind.TRANSIENT)

    desk.ends("raw", {"one": "x", "two": "x"}, error=asked)
    desk.ends("raw", {"one": "x", "two": "x"}, error=Resting("stats", 300.0))
    waits = judged(desk.book, "raw", NIGHT).reason
    told = unmet_finding(desk.entry("raw"), "source:stats", now=NIGHT, since=NOON)["note"]
    desk.ends("raw", {"one": "x", "two": "x"}, error=SourceError("not yet", kind=ErrorKind.NOT_YET))

    assert waits.startswith("stats answered 500; failed 1 time in a row")
    assert "stats answered 500" in told
    assert "500" not in judged(desk.book, "raw", NIGHT).reason


def test_a_provider_that_is_left_alone_is_asked_no_more_often_than_its_own_failures_would_have_it(desk: Desk) -> None:
    entry = desk.entry("raw")
    for _ in range(5):
        desk.ends("raw", {"one": "x"}, error=SourceError("gone", kind=ErrorKind.TRANSIENT))

    desk.ends("raw", {"one": "x"}, error=Resting("provider", 60))

    assert (entry.failures, entry.not_before) == (5, NIGHT + 16 * MINUTE)


def test_what_stands_and_had_no_answer_is_tried_again_soon_and_the_others_are_no_older_for_it(desk: Desk) -> None:
    prove(desk.book, "raw", TODAY, ["one", "two"], as_of=NIGHT - HOUR)

    desk.ends("raw", {"two": "x"}, unanswered={"one": "x"})

    entry = desk.entry("raw")
    assert (entry.tries, entry.not_before) == ({"one": 1}, NIGHT + MINUTE)
    assert entry.proof is not None
    assert {name: unit.as_of for name, unit in entry.proof.units.items()} == {"one": NIGHT - HOUR, "two": NIGHT}
    assert entry.cause == "source:provider"


def test_what_stands_and_has_no_answer_is_tried_ever_more_seldom_though_others_are_answered() -> None:
    desk = Desk(raw=step("raw", SOURCE, dataclasses.replace(AFTER, refresh=HOUR)))
    prove(desk.book, "raw", TODAY, ["one", "two"], as_of=NIGHT - HOUR)

    for _ in range(3):
        desk.ends("raw", {"two": "x"}, unanswered={"one": "x"})

    assert (desk.entry("raw").tries, desk.entry("raw").not_before) == ({"one": 3}, NIGHT + 4 * MINUTE)


def test_what_stands_and_had_no_answer_waits_for_no_poll_of_a_game_that_is_missing() -> None:
    desk = Desk(raw=step("raw", SOURCE, dataclasses.replace(AFTER, refresh=HOUR)))
    prove(desk.book, "raw", TODAY, ["one"], as_of=NIGHT - HOUR)
    for _ in range(5):
        desk.ends("raw", {"two": "x"}, missing=["two"])
    entry = desk.entry("raw")
    assert entry.not_before is not None
    assert entry.not_before > NIGHT + HOUR

    desk.ends("raw", {"two": "x"}, missing=["two"], unanswered={"one": "x"})
    assert "two" in entry.put_off
    desk.ends("raw", {"two": "x"}, missing=["two"])

    assert entry.not_before <= NIGHT + 2 * MINUTE


def test_credits_that_run_out_beside_games_that_were_answered_are_no_conflict_of_writes(desk: Desk) -> None:
    prove(desk.book, "raw", TODAY, ["one", "two"], as_of=NIGHT - HOUR)

    desk.ends("raw", {"two": "x"}, unanswered={"one": "x"}, refusal=ErrorKind.QUOTA)

    assert (desk.rows("conflicts"), desk.book.resting) == ([], {})


def test_what_has_not_failed_waits_for_a_provider_that_is_left_alone_and_not_for_what_has(desk: Desk) -> None:
    for _ in range(5):
        desk.ends("raw", {"one": "x"}, error=SourceError("gone", kind=ErrorKind.TRANSIENT))

    desk.ends("raw", {"two": "x"}, error=Resting("provider", 60))

    assert desk.entry("raw").not_before == NIGHT + MINUTE


def test_a_run_whose_provider_is_left_alone_is_none_of_the_runs_that_a_day_may_have(desk: Desk) -> None:
    budget, ends, claim = RunBudget(a_day=1), list[Outcome](), desk.claim("raw", {"one": "x"})
    executor: Any = SimpleNamespace(hand_out=lambda _claims: None, returned=lambda: ends)
    live = LiveRuns(desk.book, executor, desk.results, budget)
    claim.live = LiveRun(9, since=NIGHT, until=NIGHT + HOUR)
    free_at = []

    for error in (Resting("provider", 300), Resting("provider", 300), transient()):
        budget.spend(("raw", TODAY), NIGHT)
        ends[:] = [Outcome(claim, error=error, begun=NIGHT)]
        live.hand_out([claim], NIGHT, desk.batch)
        free_at.append(budget.free_at(("raw", TODAY), NIGHT))

    assert free_at == [None, None, midnight(TODAY + timedelta(days=1))]


def test_a_source_that_failed_is_asked_again_at_the_latest_half_way_to_its_end(desk: Desk) -> None:
    entry = desk.entry("raw")
    due_at = entry.obligation.times["one"].due_at
    assert due_at is not None
    for _ in range(9):
        desk.ends("raw", {"one": "x"}, error=SourceError("gone", kind=ErrorKind.TRANSIENT))
    assert entry.not_before == NIGHT + 2 * HOUR

    desk.ends("raw", {"one": "x"}, error=SourceError("gone", kind=ErrorKind.TRANSIENT), now=due_at - HOUR)

    assert entry.not_before == due_at - HOUR / 2


@pytest.mark.parametrize(
    ("error", "waits"),
    [(transient(), 10 * MINUTE), (permanent(), 15 * MINUTE)],
    ids=["may end by itself", "ends with other input"],
)
def test_a_step_is_tried_again_at_the_latest_half_way_to_its_end_or_once_just_before_where_only_other_input_would_help(
    desk: Desk, error: PipelineError, waits: timedelta
) -> None:
    entry = desk.entry("made")
    due_at = entry.obligation.times["one"].due_at
    assert due_at is not None
    for _ in range(5):
        desk.ends("made", {"one": "x"}, error=error)

    desk.ends("made", {"one": "x"}, error=error, now=due_at - 20 * MINUTE)

    assert entry.not_before == due_at - 20 * MINUTE + waits


def test_what_is_tried_before_its_turn_since_its_end_is_near_is_given_up_no_sooner(desk: Desk) -> None:
    entry = desk.entry("made")
    due_at = entry.obligation.times["one"].due_at
    assert due_at is not None
    for n in range(2 * POLICIES[ErrorKind.CONFLICT].attempts):
        desk.ends("made", {"one": "x"}, error=conflict(), now=due_at - 20 * MINUTE + n * MINUTE / 4)
    assert (entry.attempted, entry.failures) == ({}, 48)

    desk.ends("made", {"one": "x"}, error=conflict(), now=due_at)

    assert not entry.attempted
    assert entry.not_before is not None
    assert entry.not_before > due_at


@pytest.mark.parametrize(("error", "given_up"), [(transient(), False), (permanent(), True)])
def test_what_may_end_by_itself_is_not_given_up_before_it_closes_as_a_restart_has_forgotten_why_it_was_tried_so_often(
    error: PipelineError, *, given_up: bool
) -> None:
    desk = desk_of(step("form", SQL, BEFORE_START))
    entry = desk.entry("form")
    entry.tries = {"one": 2 * POLICIES[ErrorKind.TRANSIENT].attempts}

    desk.ends("form", {"one": "x"}, error=error, now=EVENING - HOUR)

    assert bool(entry.attempted) is given_up


def test_a_table_that_is_left_alone_is_tried_again_at_the_latest_half_way_to_an_end(desk: Desk) -> None:
    due_at = desk.entry("made").obligation.times["one"].due_at
    assert due_at is not None
    for n in (9, 5, 2):
        desk.ends("made", {"one": "x", "two": "x"}, error=conflict(), now=due_at - n * HOUR)

    desk.ends("made", {"one": "x", "two": "x"}, error=conflict(), now=due_at - HOUR)

    assert desk.book.resting == {"made": due_at - HOUR / 2}


def test_a_run_that_was_not_begun_is_claimed_again_soon_and_has_not_failed(desk: Desk) -> None:
    desk.ends("made", {"one": "x"}, error=NotBegun("too late"))

    entry = desk.entry("made")
    assert (entry.failures, entry.not_before, entry.cause) == (0, NIGHT + SOON, "")


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (transient(), "warehouse"),
        (WriteConflict("x_raw.made", TODAY, clears_at=None, reason="held"), "table:x_raw.made"),
        (OverTime("slow"), "step:made"),
        (LedgerError("gone"), "step:made"),
    ],
)
def test_a_failure_is_blamed_on_what_failed(desk: Desk, error: PipelineError, cause: str) -> None:
    desk.ends("made", {"one": "x"}, error=error)

    assert desk.entry("made").cause == cause
    assert desk.batch.run_ends[0]["state"] == "failed"
    assert (desk.counts.failed, desk.counts.finished) == (1, 0)


# --- what is given up while a source is gone


def gone(desk: Desk) -> None:
    for _ in range(POLICIES[ErrorKind.TRANSIENT].attempts):
        desk.ends("raw", {"one": "x", "two": "x"}, error=SourceError("gone", kind=ErrorKind.TRANSIENT))


def test_slates_given_up_while_their_source_was_gone_are_taken_up_when_it_answers(desk: Desk) -> None:
    desk.book.set_games(YESTERDAY, (game("old", day=YESTERDAY),))
    gone(desk)
    entry = desk.entry("raw")
    assert (entry.attempted, entry.not_before) == ({"one": "x", "two": "x"}, None)
    other = entry_of(desk.book, "raw", YESTERDAY)
    claim = desk.claim("raw", {"old": "x"})
    claim.slate = desk.book.slates[YESTERDAY]
    outcome = Outcome(claim, begun=NIGHT)
    written = desk.written("raw", {"old": "x"})
    outcome.written = dataclasses.replace(written, proof=dataclasses.replace(written.proof, day=YESTERDAY))
    desk.results.dirty.clear()

    desk.results.take(outcome, NIGHT, desk.batch)

    assert other.proof is not None
    assert (entry.failures, entry.tries, entry.attempted, entry.of_kind) == (0, {}, {}, ("", 0))
    assert ("raw", TODAY) in desk.results.dirty


def of_yesterday(desk: Desk, error: PipelineError | None) -> None:
    """Let the run of yesterday's slate end."""
    claim = desk.claim("raw", {"old": "x"})
    claim.slate = desk.book.slates[YESTERDAY]
    outcome = Outcome(claim, error=error, begun=NIGHT)
    if error is None:
        written = desk.written("raw", {"old": "x"})
        outcome.written = dataclasses.replace(written, proof=dataclasses.replace(written.proof, day=YESTERDAY))
    desk.results.take(outcome, NIGHT, desk.batch)


@pytest.mark.parametrize("silent", [SourceError("gone", kind=ErrorKind.TRANSIENT), Resting("provider", 60)])
def test_a_source_that_answers_again_is_asked_at_once_for_all_that_waits_because_it_did_not(
    desk: Desk, silent: SourceError
) -> None:
    desk.book.set_games(YESTERDAY, (game("old", day=YESTERDAY),))
    of_yesterday(desk, silent)
    desk.ends("raw", {"one": "x", "two": "x"}, error=SourceError("gone", kind=ErrorKind.TRANSIENT))
    assert desk.entry("raw").not_before == NIGHT + MINUTE
    desk.results.dirty.clear()

    of_yesterday(desk, None)

    assert desk.entry("raw").not_before is None
    assert desk.entry("raw").failures == 1
    assert ("raw", TODAY) in desk.results.dirty


REFUSED = SourceError("answered 418", kind=ErrorKind.PERMANENT)


def test_a_source_that_refuses_no_more_is_asked_at_once_for_all_that_waits_because_it_refused(desk: Desk) -> None:
    desk.book.set_games(YESTERDAY, (game("old", day=YESTERDAY),))
    of_yesterday(desk, REFUSED)
    desk.ends("raw", {"one": "x", "two": "x"}, error=REFUSED)
    assert desk.entry("raw").not_before == NIGHT + HOUR
    desk.results.dirty.clear()

    of_yesterday(desk, None)

    assert desk.entry("raw").not_before is None
    assert ("raw", TODAY) in desk.results.dirty


def test_a_source_that_answers_again_is_asked_no_sooner_for_what_it_refuses_for_good(desk: Desk) -> None:
    desk.book.set_games(YESTERDAY, (game("old", day=YESTERDAY),))
    of_yesterday(desk, SourceError("gone", kind=ErrorKind.TRANSIENT))
    desk.ends("raw", {"one": "x", "two": "x"}, error=REFUSED)

    of_yesterday(desk, None)

    assert desk.entry("raw").not_before == NIGHT + HOUR


def test_a_source_that_never_failed_hurries_nothing_that_it_owes(desk: Desk) -> None:
    desk.book.set_games(YESTERDAY, (game("old", day=YESTERDAY),))
    desk.ends("raw", {"one": "x", "two": "x"}, error=SourceError("gone", kind=ErrorKind.TRANSIENT))

    of_yesterday(desk, None)

    assert desk.entry("raw").not_before == NIGHT + MINUTE


def test_a_restart_knows_what_was_given_up(desk: Desk) -> None:
    gone(desk)
    again = Results(desk.book, NO_WAREHOUSE, lambda _key: 0.0, Counts())
    again.take_up()
    outcome = Outcome(desk.claim("raw", {}), begun=NIGHT)
    outcome.written = desk.written("raw", {})

    again.take(outcome, NIGHT, desk.batch)

    assert desk.entry("raw").attempted == {}


def test_a_restart_takes_up_only_what_was_given_up_for_its_source(desk: Desk) -> None:
    entry = desk.entry("raw")
    desk.ends("raw", {"one": "x"}, error=SourceError("gone", kind=ErrorKind.TRANSIENT))
    entry.attempted = {"one": "x"}  # it still waits for its next attempt
    again = Results(desk.book, NO_WAREHOUSE, lambda _key: 0.0, Counts())
    again.take_up()
    again.dirty.clear()
    outcome = Outcome(desk.claim("raw", {"two": "x"}), begun=NIGHT)
    outcome.written = desk.written("raw", {"two": "x"})

    again.take(outcome, NIGHT, desk.batch)

    assert entry.attempted == {"one": "x"}


# --- a start that becomes another while what tells it is being made


def test_what_was_being_made_while_a_start_became_another_is_made_anew_and_what_was_begun_after_is_not() -> None:
    tells = step("tells", SQL, BEFORE_START)
    desk = desk_of(tells, reads=[Input("schedule", SLATE)])
    begun = desk.claim("tells", {"one": "x", "two": "x"})
    later = dataclasses.replace(ONE, starts_at=EVENING + HOUR)

    desk.book.set_games(TODAY, (later, TWO))
    for claim in (begun, desk.claim("tells", {"one": "x"})):
        outcome = Outcome(claim, begun=NIGHT)
        outcome.written = desk.written("tells", claim.plan.units)
        desk.results.take(outcome, NIGHT, desk.batch)
        proof = desk.entry("tells").proof
        assert proof is not None
        assert (desk.entry("tells").moved.get("one") == proof.units["one"]) == (claim is begun)
        assert "two" not in desk.entry("tells").moved


# --- conflicts


def conflict(**more: Any) -> WriteConflict:
    return WriteConflict("x_raw.made", TODAY, clears_at=more.pop("clears_at", None), reason="held", **more)


def test_a_conflict_is_logged_with_its_holder_and_counts_its_attempts(desk: Desk) -> None:
    desk.ends("made", {"one": "x"}, error=conflict(holder="someone"))
    desk.ends("made", {"one": "x"}, error=conflict(holder="someone"), now=NIGHT + HOUR)

    found = desk.entry("made").conflict
    assert found is not None
    assert (found.since, found.kind, found.units, found.holder, found.attempts) == (
        NIGHT,
        "conflict",
        '["one"]',
        "someone",
        2,
    )
    assert [row["resolution"] for row in desk.rows("conflicts")] == [None, None]


def test_a_conflict_ends_by_itself_when_the_rows_can_be_written(desk: Desk) -> None:
    desk.ends("made", {"one": "x"}, error=conflict())

    desk.ends("made", {"one": "x"}, now=NIGHT + HOUR)

    assert desk.entry("made").conflict is None
    assert (desk.rows("conflicts")[-1]["resolution"], desk.rows("conflicts")[-1]["resolved_at"]) == (
        "auto",
        NIGHT + HOUR,
    )


def test_a_conflict_that_outlasts_its_attempts_is_given_up(desk: Desk) -> None:
    for _ in range(POLICIES[ErrorKind.CONFLICT].attempts):
        desk.ends("made", {"one": "x"}, error=conflict())

    assert desk.rows("conflicts")[-1]["resolution"] == "gave up"
    assert desk.entry("made").conflict is None


def test_a_conflict_of_what_is_no_longer_owed_is_waived(desk: Desk) -> None:
    desk.ends("made", {"one": "x"}, error=conflict())

    desk.results.conflicts.end(desk.entry("made"), "waived", NIGHT, desk.batch)
    desk.results.conflicts.end(desk.entry("made"), "waived", NIGHT, desk.batch)

    assert [row["resolution"] for row in desk.rows("conflicts")] == [None, "waived"]


def test_a_table_of_whose_slate_more_than_half_conflicts_is_left_alone_as_a_whole(desk: Desk) -> None:
    desk.ends("made", {"one": "x"}, error=conflict())
    assert desk.book.resting == {}  # half is not more than half

    desk.ends("made", {"one": "x", "two": "x"}, error=conflict())
    assert desk.book.resting == {"made": NIGHT + 5 * MINUTE}
    assert desk.results.conflicts.is_probing("made")
    assert not desk.results.conflicts.is_probing("raw")

    desk.ends("made", {"one": "x", "two": "x"}, error=conflict())  # of the same round: one failure of its table
    assert desk.book.resting == {"made": NIGHT + 5 * MINUTE}
    later = NIGHT + 5 * MINUTE
    desk.ends("made", {"one": "x", "two": "x"}, error=conflict(), now=later)
    assert desk.book.resting == {"made": later + 10 * MINUTE}


def test_a_table_is_no_longer_left_alone_once_it_could_be_written(desk: Desk) -> None:
    desk.ends("made", {"one": "x", "two": "x"}, error=conflict())
    desk.results.dirty.clear()

    desk.ends("made", {"one": "x"}, now=NIGHT + HOUR)

    assert desk.book.resting == {}
    assert ("made", TODAY) in desk.results.dirty
    desk.ends("made", {"one": "x", "two": "x"}, error=conflict(), now=NIGHT + HOUR)
    assert desk.book.resting == {"made": NIGHT + HOUR + 5 * MINUTE}  # its next rest is a first one


def test_rows_that_are_being_freed_are_waited_for_slate_by_slate(desk: Desk) -> None:
    desk.ends("made", {"one": "x", "two": "x"}, error=conflict(clears_at=NIGHT + HOUR))

    assert desk.book.resting == {}
    assert desk.entry("made").not_before == NIGHT + 5 * MINUTE


def test_a_used_up_quota_is_a_conflict_too(desk: Desk) -> None:
    desk.ends("made", {"one": "x"}, error=WarehouseError("spent", kind=ErrorKind.QUOTA))

    found = desk.entry("made").conflict
    assert found is not None
    assert (found.kind, found.holder, found.clears_at) == ("quota", "", None)


# --- every attempt counts, however it ends


def running(desk: Desk, live: Callable[..., Any] = SimpleNamespace) -> Entry:
    entry = desk.entry("made")
    entry.running, entry.asked = live(run_id=7, until=NIGHT), frozenset({"one"})
    return entry


def test_a_run_that_never_reports_is_expired_told_and_counts_as_a_failure(desk: Desk) -> None:
    entry = running(desk)

    entry.error = "stats answered 503"
    desk.results.expire(entry, NIGHT, desk.batch)

    assert (entry.running, entry.tries, entry.failures, entry.not_before) == (None, {"one": 1}, 1, NIGHT + MINUTE)
    assert (entry.cause, desk.counts.expired) == ("executor", 1)
    assert entry.error == "run 7 was handed out and never reported"  # not what the one before had said
    [finding] = desk.rows("findings")
    assert (finding["check"], finding["cause"], finding["output"], finding["day"]) == (
        "decisions_are_executed",
        "executor",
        "made",
        TODAY,
    )
    assert finding["note"] == "run 7 was handed out and never reported; it is made again"
    assert desk.batch.run_ends == [{"id": 7, "state": "expired", "ended_at": NIGHT}]
    assert desk.results.moved == {("made", TODAY): entry}


def test_what_never_came_to_its_end_is_tried_again_at_the_latest_half_way_to_its_close(desk: Desk) -> None:
    due_at = desk.entry("made").obligation.times["one"].due_at
    assert due_at is not None
    now = due_at - 20 * MINUTE
    for _ in range(6):
        entry = running(desk)
        desk.results.expire(entry, now, desk.batch)

    assert entry.not_before == now + 10 * MINUTE
    for _ in range(3):
        cut_off(desk, now=now)
    assert entry.not_before == now + 10 * MINUTE


def test_what_is_not_running_cannot_expire(desk: Desk) -> None:
    desk.results.expire(desk.entry("made"), NIGHT, desk.batch)

    assert not desk.batch
    assert desk.counts.expired == 0


def cut_off(desk: Desk, now: datetime = NIGHT, **more: Any) -> Entry:
    row = {"league": "x", "output": "made", "day": TODAY, "units": '["one"]'}
    desk.results.cut_off(row | more, now)
    return desk.entry("made")


def test_a_run_that_ended_with_its_controller_is_tried_again_at_once_and_then_ever_more_seldom(desk: Desk) -> None:
    entry = cut_off(desk)
    assert (entry.failures, entry.not_before) == (1, None)

    cut_off(desk)
    assert entry.not_before == NIGHT + 2 * MINUTE
    cut_off(desk)
    assert entry.not_before == NIGHT + 4 * MINUTE
    assert desk.counts.expired == 3
    assert desk.results.moved == {("made", TODAY): entry}


def test_a_cut_off_run_of_another_league_or_of_what_is_no_longer_owed_counts_for_nothing_here(desk: Desk) -> None:
    assert cut_off(desk, league="y").failures == 0
    assert cut_off(desk, output="gone").failures == 0
    assert desk.results.moved == {}


# --- games that the schedule lacks


def test_a_game_that_a_source_names_and_the_schedule_lacks_has_the_schedule_looked_at_now(desk: Desk) -> None:
    desk.ends("raw", {"one": "x"}, strangers=["no game A at B stands on this day"])

    assert desk.entry("schedule").look_by == NIGHT
    assert ("schedule", TODAY) in desk.results.dirty
    [finding] = [row for row in desk.rows("findings") if row["check"] == "games_are_expected"]
    assert (finding["severity"], finding["cause"]) == (2, "source:provider")
    assert "no game A at B stands on this day" in finding["note"]


SOLD = step("sold", SOURCE, BEFORE_START)
RESULTS = Timing(opens=start(3), due=at(34), refresh=12 * HOUR, settles=at(58))
FIRST, SECOND = step("first", SOURCE, RESULTS), step("second", SOURCE, RESULTS)


def desk_of(*steps: Step, reads: Sequence[Input] = ()) -> Desk:
    """Return a desk of other steps, each of which reads the same."""
    made = Desk()
    made.book = book_of(dict.fromkeys(steps, reads), (ONE, TWO))
    made.results = Results(made.book, NO_WAREHOUSE, lambda _key: 0.0, made.counts)
    return made


def sold_but_lacking() -> Desk:
    desk = desk_of(SOLD)
    desk.ends("sold", {"one": "x"}, now=NOON, strangers=["no game A at B stands on this day"])
    return desk


def schedule_is_seen(desk: Desk, now: datetime) -> None:
    """Let the schedule be looked at, with the same content as before."""
    prove(desk.book, "schedule", TODAY, [WHOLE_SLATE], as_of=now, made=made_from(()))
    desk.results._look_further(desk.entry("schedule"), None, now)  # noqa: SLF001 -- without a store


def test_a_game_that_is_sold_is_looked_for_every_half_hour_until_the_last_has_begun() -> None:
    desk, soon = sold_but_lacking(), NOON + LOOK_AGAIN
    assert desk.entry("schedule").look_by == NOON

    desk.entry("schedule").look_by = None
    schedule_is_seen(desk, NOON)
    assert judged(desk.book, "schedule", soon - MINUTE).plans == ()
    assert judged(desk.book, "schedule", soon - MINUTE).wake_at == soon
    [plan] = judged(desk.book, "schedule", soon).plans
    assert plan.is_fresh

    schedule_is_seen(desk, EVENING)
    assert desk.book.lacking == {}


def test_a_game_that_the_schedule_gains_is_looked_for_no_more() -> None:
    desk = sold_but_lacking()
    desk.book.league = dataclasses.replace(desk.book.league, read_games=lambda rows: rows)
    store: Any = Rows([ONE, TWO, game("three", "EEE", "FFF")])

    Results(desk.book, store, lambda _key: 0.0, Counts()).read_games(TODAY, NOON, desk.batch)

    assert desk.book.lacking == {}


def corrects_itself(desk: Desk, output: str, now: datetime, *, content: str = "other rows") -> None:
    desk.ends(output, {"one": "x", "two": "x"}, now=now, content=content)


@pytest.mark.parametrize(
    ("seen_at", "corrected_at", "content", "is_asked"),
    [
        (50, 52, "other rows", True),
        (50, 52, "rows", False),  # nothing has changed
        (51.5, 52, "other rows", False),  # asked just now
        (40, 41.5, "other rows", False),  # it is asked by itself
    ],
)
def test_where_one_source_of_results_corrects_itself_the_others_are_asked_once_more(
    seen_at: float,
    corrected_at: float,
    content: str,
    is_asked: bool,  # noqa: FBT001 -- a row of the table
) -> None:
    desk, begin = desk_of(FIRST, SECOND), midnight(TODAY)
    prove(desk.book, "first", TODAY, ["one", "two"], as_of=begin + 50 * HOUR)
    prove(desk.book, "second", TODAY, ["one", "two"], as_of=begin + seen_at * HOUR)
    now = begin + corrected_at * HOUR

    corrects_itself(desk, "first", now, content=content)

    assert desk.entry("second").look_by == (now if is_asked else None)
    assert (("second", TODAY) in desk.results.dirty) is is_asked
    assert desk.entry("first").look_by is None


# --- the schedule's games


class Rows:
    """A warehouse whose schedule says what it is told to say."""

    def __init__(self, games: list[Game]) -> None:
        self.games = games
        self.asked: dict[str, Any] = {}

    def read(self, table: Any, window: Any, **more: Any) -> list[Game]:
        self.asked = {"table": table.name, "window": window, **more}
        return self.games


def test_the_days_games_are_what_its_schedule_now_says_and_what_it_no_longer_names_stays(desk: Desk) -> None:
    three = game("three", "EEE", "FFF")
    store: Any = Rows([ONE, three])
    league = dataclasses.replace(desk.book.league, read_games=lambda rows: rows)
    desk.book.league = league
    results = Results(desk.book, store, lambda _key: 0.0, Counts())

    results.read_games(TODAY, NOON, desk.batch)

    assert {each.game_id for each in desk.book.slates[TODAY].games} == {"one", "two", "three"}
    assert [row["game_id"] for row in desk.rows("games")] == ["three"]
    assert results.dirty == {("raw", TODAY), ("made", TODAY)}
    assert store.asked == {"table": "schedule", "window": SLATE, "day": TODAY, "season": SEASON, "as_of": NOON}


def test_a_changed_schedule_is_read_at_once(desk: Desk) -> None:
    store: Any = Rows([ONE, TWO, game("three", "EEE", "FFF")])
    desk.book.league = dataclasses.replace(desk.book.league, read_games=lambda rows: rows)
    desk.results = Results(desk.book, store, lambda _key: 0.0, desk.counts)

    desk.ends("schedule", {WHOLE_SLATE: "x"}, content="new")

    assert "three" in judged(desk.book, "raw", NIGHT).missing


def test_what_kept_a_schedule_from_being_seen_is_what_it_was_late_for_once_it_is_seen(desk: Desk) -> None:
    entry = desk.entry("schedule")
    desk.ends("schedule", {WHOLE_SLATE: "x"}, changed=[])
    assert (entry.blame, entry.met_at) == ("", None)
    desk.ends("schedule", {WHOLE_SLATE: "x"}, error=SourceError("gone", kind=ErrorKind.TRANSIENT))

    desk.ends("schedule", {WHOLE_SLATE: "x"}, changed=[], now=NIGHT + HOUR)
    desk.ends("schedule", {WHOLE_SLATE: "x"}, changed=[], now=NIGHT + 7 * HOUR)

    assert (entry.blame, entry.met_at) == ("source:provider", NIGHT + HOUR)


def test_where_a_clock_was_put_back_what_was_never_judged_is_not_written_down_before_it_is(desk: Desk) -> None:
    desk.entry("raw").since = NOON

    desk.results.go_back(HOUR)

    assert desk.results.moved.keys() == {("raw", TODAY)}
    assert desk.results.dirty == desk.book.entries.keys()
