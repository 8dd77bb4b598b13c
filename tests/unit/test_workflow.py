"""`tipoff check workflow`: the work of the last hours, by the measures of the work of a day."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.checked import MORNING, Slate, checked, decided, ran, tick
from tests.nba import TODAY

from tipoff.core.severity import Severity
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Batch
from tipoff.views.health import ClaimLine, health, render_text, workflow

HOUR = timedelta(hours=1)


@pytest.fixture
def slate(tmp_path: Path) -> Iterator[Slate]:
    with checked(tmp_path) as made:
        yield made


def lines(slate: Slate) -> dict[str, ClaimLine]:
    return {line.name: line for line in workflow(slate.ledger, NBA, MORNING, hours=3)}


def test_that_nothing_was_measured_of_a_day_before_a_home_went_live_is_no_failure(slate: Slate) -> None:
    batch = Batch()
    batch.fact("live since", str(TODAY), league=NBA.name)
    slate.ledger.commit(batch)

    before, since = (health(slate.ledger, NBA, day) for day in (TODAY - timedelta(days=1), TODAY))

    assert [(line.status, line.name) for line in (*before, *since)] == [
        ("not measurable", "checks_are_run"),
        ("failed", "checks_are_run"),
    ]


@pytest.mark.parametrize(
    ("hours", "severity"), [(1.5, Severity.INFO), (4, Severity.ERROR), (6, Severity.CRITICAL), (9, Severity.CRITICAL)]
)
def test_a_gap_that_began_before_the_first_of_these_hours_is_told_by_its_length(
    slate: Slate, hours: float, severity: Severity
) -> None:
    last = MORNING - HOUR
    slate.write("ticks", tick(1, last - hours * HOUR), tick(2, last))

    line = lines(slate)["decided_without_gap"]

    assert (line.value, line.is_bad) == (hours * 60, severity > Severity.INFO)
    assert line.severity is severity or not line.is_bad


@pytest.mark.parametrize(("n_failed", "severity"), [(10, Severity.WARNING), (11, Severity.ERROR)])
def test_more_than_ten_runs_that_fail_are_an_error_also_where_all_fail_alike(
    slate: Slate, n_failed: int, severity: Severity
) -> None:
    slate.write("runs", *(ran(n, "lines", "failed", MORNING - HOUR, error="no answer") for n in range(1, n_failed + 1)))

    line = lines(slate)["runs_finish"]

    assert (line.is_bad, line.severity, line.failing) == (True, severity, (f"lines {TODAY}: no answer",))


def test_runs_that_a_stop_cut_off_failed_at_nothing(slate: Slate) -> None:
    slate.write("runs", ran(1, "lines", "finished", MORNING - HOUR))
    slate.write("runs", *(ran(n, "lines", "expired", MORNING - HOUR) for n in range(2, 14)))

    assert (lines(slate)["runs_finish"].value, lines(slate)["runs_finish"].is_bad) == (1.0, False)

    silent = {"ended_at": MORNING - HOUR / 2, "lease_until": MORNING - HOUR / 2}  # nobody gave it back
    slate.write("runs", ran(14, "lines", "expired", MORNING - HOUR, **silent))
    assert lines(slate)["runs_finish"].value == 0.5


def test_each_decision_to_run_that_nobody_executed_is_named_once_its_hour_is_over(slate: Slate) -> None:
    early, late = MORNING - 2 * HOUR, MORNING - HOUR / 2
    slate.write(
        "decisions",
        decided(1, "RUN", "schedule", early),
        decided(2, "RUN", "lines", early),
        decided(3, "RUN", "grades", late),
    )
    slate.write("runs", ran(1, "schedule", "finished", early))

    line = lines(slate)["decisions_are_executed"]

    assert (line.value, line.severity) == (0.5, Severity.ERROR)
    assert line.failing == (f"lines {TODAY} at {early:%H:%M}",)


def test_of_hours_in_which_nothing_was_done_nothing_is_said_to_be_in_order(slate: Slate) -> None:
    found = lines(slate)

    for name in ("decided_without_gap", "decisions_are_executed", "runs_end", "runs_finish", "monitor_looks"):
        assert found[name].status == "not measurable", name


@pytest.mark.parametrize(
    ("measure", "text"), [("share", "35.64% of 80% (share)"), ("minutes", "0.3564 of 0.8 (minutes)")]
)
def test_a_share_is_shown_in_percent_and_kept_as_a_ratio(measure: str, text: str) -> None:
    line = ClaimLine(
        name="runs", status="ok", severity=Severity.INFO, value=0.3564, required=0.8, measure=measure, note=""
    )

    assert render_text([line], every=True)[0].endswith(text)
