"""Checks of the day's work, from the ledger alone: each fires on a day that went wrong and is quiet on one that did not."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.checked import KNOWN, MORNING, Slate, checked, decided, every, on_schedule, owed, ran, tick
from tests.nba import TODAY

from tipoff.checks.work import work
from tipoff.core.check import WINDOW, CheckStatus
from tipoff.core.clock import midnight
from tipoff.core.severity import Severity
from tipoff.ledger import schema

CHECKS = {check.name.partition(".")[2]: check for check in work()}
NOON = midnight(TODAY) + timedelta(hours=12)
HOUR = timedelta(hours=1)
Write = Callable[[Slate], None]


@pytest.fixture
def slate(tmp_path: Path) -> Iterator[Slate]:
    with checked(tmp_path) as made:
        yield made


def good(slate: Slate) -> None:
    """Write a day on which everything went well, and a fortnight before it."""
    begin = midnight(TODAY)
    slate.write("ticks", *(tick(n, at) for n, at in enumerate(every(1, 36, begin=begin - HOUR), 1)))
    slate.write("decisions", decided(1, "RUN", "schedule", NOON), decided(2, "HOLD", "grades", NOON))
    slate.write("runs", ran(1, "schedule", "finished", NOON), ran(2, "grades", "failed", NOON, error_kind="not yet"))
    slate.write("obligations", owed("schedule", "proven"), owed("grades", "proven"))
    slate.write("arrivals", _arrived("schedule", KNOWN), _arrived("grades", KNOWN))
    slate.write("heartbeats", {"name": "monitor nba", "at": MORNING - HOUR / 2, "build": "1", "note": "{}"})
    slate.write("fetches", *(_fetched(n, at) for n, at in enumerate(every(24, 14, begin=NOON - 14 * 24 * HOUR), 1)))


def _arrived(output: str, at: object) -> dict[str, object]:
    return {"league": "nba", "output": output, "day": TODAY, "unit": "slate", "first_at": at, "run_id": 1}


def _fetched(number: int, at: object) -> dict[str, object]:
    counts = {"status": 200, "n_bytes": 1, "n_rows": 1, "n_rejects": 0}
    return {
        "id": number,
        "league": "nba",
        "run_id": 1,
        "at": at,
        "source": "s",
        "url": "",
        "sha256": "",
        "outcome": "rows",
        "note": "",
    } | counts


def _gate(back: int) -> dict[str, object]:
    slate = {"league": "nba", "output": "grades", "day": TODAY - timedelta(days=back), "input": "predictions"}
    state = {"is_open": True, "held_at": None, "opened_at": NOON, "coverage": 1.0, "missing": "[]", "reason": ""}
    return slate | state


def write_gates(slate: Slate, n: int) -> None:
    slate.write("gates", *(_gate(back) for back in range(n)))


WRONG: dict[str, tuple[str, Write, str]] = {
    "three hours without a tick": (
        "decided_without_gap",
        lambda s: s.spoil_ledger("DELETE FROM ticks WHERE id IN (14, 15)"),
        "",
    ),
    "a decision that nobody executed": (
        "decisions_are_executed",
        lambda s: s.write("decisions", decided(3, "RUN", "predictions", NOON)),
        f"predictions {TODAY} at 17:00",
    ),
    "an abort without a reason": (
        "aborts_have_reasons",
        lambda s: s.write("decisions", decided(3, "ABORT", "predictions", NOON, reason=" ")),
        f"ABORT of predictions {TODAY}",
    ),
    "a run that never ended": (
        "runs_end",
        lambda s: s.write("runs", ran(3, "predictions", "started", NOON)),
        f"run 3 of predictions {TODAY}",
    ),
    "most runs fail": (
        "runs_finish",
        lambda s: s.write("runs", *(ran(n, "lines", "failed", NOON, error="no answer") for n in (3, 4))),
        f"lines {TODAY}: no answer",
    ),
    "late for half a day": (
        "nothing_waits_long",
        lambda s: s.write("obligations", owed("predictions", "late", due_at=MORNING - 12 * HOUR)),
        "predictions",
    ),
    "held by a write for a day": (
        "nothing_waits_long",
        lambda s: s.write(
            "conflicts",
            {
                "league": "nba",
                "output": "grades",
                "day": TODAY,
                "since": NOON,
                "kind": "conflict",
                "units": "[]",
                "holder": "",
                "clears_at": None,
                "attempts": 1,
                "resolved_at": None,
                "resolution": None,
            },
        ),
        "grades",
    ),
    "what arrived after it was due": (
        "outputs_are_in_time",
        lambda s: s.write("obligations", owed("grades", "proven", due_at=KNOWN - HOUR)),
        "grades",
    ),
    "a storm of requests": (
        "cost_is_usual",
        lambda s: s.write("fetches", *(_fetched(100 + n, NOON) for n in range(101))),
        "s",
    ),
    "two builds on one day": (
        "one_build_and_settings",
        lambda s: s.write("ticks", tick(99, NOON, build="2")),
        "1 with settings s",
    ),
    "a monitor that has not looked": (
        "monitor_looks",
        lambda s: s.write("heartbeats", {"name": "monitor nba", "at": NOON, "build": "1", "note": "{}"}),
        "",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_day_that_went_wrong_is_named_and_one_that_did_not_is_in_order(wrong: str, slate: Slate) -> None:
    name, spoil, failing = WRONG[wrong]
    good(slate)

    before = slate.measure(CHECKS[name])
    spoil(slate)
    after = slate.measure(CHECKS[name])

    assert before.status is CheckStatus.OK, before.measured
    assert after.status is CheckStatus.FAILED, after.measured
    assert not failing or failing in after.measured.failing


@pytest.mark.parametrize("name", CHECKS)
def test_on_a_day_without_any_work_nothing_has_passed(name: str, slate: Slate) -> None:
    assert slate.measure(CHECKS[name]).status is CheckStatus.NOT_MEASURABLE


def test_every_check_of_the_work_is_shown_wrong_above() -> None:
    assert {name for name, *_ in WRONG.values()} == set(CHECKS)


def test_what_the_engine_and_the_sentinel_tell_anyway_sends_no_second_message() -> None:
    loud = {name for name, check in CHECKS.items() if check.severity > Severity.INFO}

    assert loud == {"aborts_have_reasons", "cost_is_usual"}


def test_the_first_day_of_many_games_is_no_storm_after_days_of_few_and_is_one_after_days_as_full(slate: Slate) -> None:
    good(slate)
    slate.write("fetches", *(_fetched(100 + n, NOON) for n in range(101)))
    slate.write("games", *_games(0, 12), *_games(5, 2))

    after_few = slate.measure(CHECKS["cost_is_usual"])
    slate.write("games", *(game for back in range(6, 14) for game in _games(back, 3)))
    after_full = slate.measure(CHECKS["cost_is_usual"])

    assert after_few.status is CheckStatus.NOT_MEASURABLE, after_few.measured
    assert after_full.status is CheckStatus.FAILED, after_full.measured


def _games(back: int, n: int) -> list[dict[str, object]]:
    return [on_schedule(f"{back}-{number}", day=TODAY - timedelta(days=back)) for number in range(n)]


def test_quiet_ticks_folded_into_one_row_are_no_gap(slate: Slate) -> None:
    slate.write("ticks", tick(1, NOON), tick(2, NOON + 6 * HOUR, n_quiet=11))

    found = slate.measure(CHECKS["decided_without_gap"])

    assert (found.status, found.measured.value) == (CheckStatus.OK, 30.0)


def told(slate: Slate) -> list[str]:
    slate.examiner.record(TODAY, slate.examiner.examine(TODAY, MORNING, checks=[]), MORNING)
    query = select(schema.findings.c.cause).where(schema.findings.c.check == "rules_fire")
    return [row["cause"] for row in slate.ledger.rows(query)]


def test_a_gate_that_has_never_held_and_a_filter_that_has_never_refused_are_found_once(slate: Slate) -> None:
    good(slate)
    before = told(slate)
    write_gates(slate, WINDOW)
    slate.write("fetches", *(_fetched(100 + n, NOON) for n in range(WINDOW)))

    assert before == []
    assert told(slate) == ["gate:grades waits for predictions", "filter:rows of s are usable"]
    assert told(slate) == ["gate:grades waits for predictions", "filter:rows of s are usable"]


def test_a_gate_that_held_once_and_a_young_one_are_not_called_silent(slate: Slate) -> None:
    write_gates(slate, WINDOW - 1)
    young = told(slate)
    slate.write("gates", _gate(WINDOW) | {"held_at": NOON})

    assert (young, told(slate)) == ([], [])
