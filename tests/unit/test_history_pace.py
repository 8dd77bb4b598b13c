"""When history is sealed and sent, how long it waits, and when a quota stops it: values that must hold for every input."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.app.history import WithHistory
from tipoff.core.errors import CallFailed, ErrorKind, OverTime, PipelineError
from tipoff.core.quota import LIMITS, Kind, Level, LimitUse, fullest, may, uses
from tipoff.history.outbox import Outbox
from tipoff.history.pace import PACE, LoadOutcome, after_error, after_outcome, is_due, take_slot, wait_after
from tipoff.ledger.streams import DATASET, EVERY_DAY, STREAMS, views_of
from tipoff.store.bigquery.statements import unfiltered
from tipoff.watch.messages import named, runbook_of

ROOT = Path(__file__).parents[2]
NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
DAY = timedelta(hours=24)
T = "tipoff_history.ticks_log"
gaps = st.lists(st.integers(0, 600), min_size=1, max_size=400)


def sent(gaps: list[int]) -> list[datetime]:
    """Return when jobs went, of a sender that asks after each gap of so many seconds, and each time as often as it may."""
    paced_until, found = None, []
    for at in (NOW + timedelta(seconds=s) for s in accumulate(gaps)):
        slot = take_slot(PACE, paced_until, at)
        while slot is not None:
            found.append(at)
            paced_until = slot
            slot = take_slot(PACE, paced_until, at)
    return found


@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=60))
def test_in_any_24_hours_a_table_gets_at_most_720_jobs(gaps: list[int]) -> None:
    times = sent(gaps)

    assert times == sorted(times)
    assert all(bisect_left(times, begin + DAY) - n <= 720 for n, begin in enumerate(times))


def test_a_sender_that_never_rests_gets_almost_all_of_the_720() -> None:
    times = [at for at in sent([1] * 90_000) if at < NOW + DAY]

    assert 700 <= len(times) <= 720


@given(gaps)
def test_whoever_waits_a_slot_may_always_send_one(gaps: list[int]) -> None:
    paced_until = None
    for at in (NOW + timedelta(seconds=s) for s in accumulate(gaps)):
        paced_until = take_slot(PACE, paced_until, at) or paced_until

    assert paced_until is not None
    last = NOW + timedelta(seconds=sum(gaps))
    assert take_slot(PACE, paced_until, last + PACE.slot) is not None


@given(
    st.integers(0, 20_000),
    st.integers(0, 40),
    st.one_of(st.none(), st.integers(0, 400).map(lambda s: timedelta(seconds=s))),
)
def test_a_batch_is_sealed_only_when_it_is_full_or_old_enough_and_has_room(
    n_waiting: int, n_unsent: int, ago: timedelta | None
) -> None:
    due = is_due(PACE, n_waiting=n_waiting, n_unsent=n_unsent, sealed_at=None if ago is None else NOW - ago, now=NOW)

    is_old = ago is None or ago >= timedelta(seconds=120)
    assert due == (n_waiting > 0 and n_unsent < PACE.unsent and (n_waiting >= 5_000 or is_old))


@given(st.sampled_from(ErrorKind), st.integers(0, 10_000))
def test_every_wait_is_bounded_and_none_is_for_ever(kind: ErrorKind, tries: int) -> None:
    assert timedelta(minutes=1) <= wait_after(kind, tries) <= timedelta(hours=6)


@given(st.sampled_from(ErrorKind), st.integers(0, 9), st.integers(0, 9))
def test_after_an_error_a_batch_is_looked_for_under_the_same_id_before_it_is_sent(
    kind: ErrorKind, attempt: int, tries: int
) -> None:
    after = after_error(kind, attempt=attempt, tries=tries, now=NOW)

    assert (after.state, after.attempt, after.tries) == ("sent", attempt, tries + 1)
    assert after.not_before is not None
    assert after.not_before > NOW


@pytest.mark.parametrize(
    ("outcome", "state", "attempt", "tries"),
    [
        (LoadOutcome.APPLIED, "applied", 2, 0),
        (LoadOutcome.RUNNING, "sent", 2, 1),
        (LoadOutcome.BURNT, "sealed", 3, 2),
        (LoadOutcome.MISSING, "sealed", 2, 1),
    ],
)
def test_only_a_burnt_id_is_given_up_for_the_next(outcome: LoadOutcome, state: str, attempt: int, tries: int) -> None:
    after = after_outcome(outcome, attempt=2, tries=1, now=NOW)

    assert (after.state, after.attempt, after.tries) == (state, attempt, tries)


@given(st.integers(0, 40_000), st.integers(1, 200), st.sampled_from([Kind.LOAD, Kind.CHANGE, Kind.PARTITION]))
def test_what_can_wait_never_fills_more_than_95_percent_and_what_cannot_is_never_stopped(
    n: int, more: int, kind: Kind
) -> None:
    limit = next(limit for limit in LIMITS if limit.kind == kind and not limit.of_project)
    used = {(str(kind), T): n}

    assert may(used, kind, T, more) == (n + more <= 0.95 * limit.per_day)
    assert may(used, kind, "another.table", 1)


def test_a_projects_limit_counts_all_tables_together() -> None:
    used = {("load", f"d.t{n}"): 1_000 for n in range(95)}

    assert not may(used, Kind.LOAD, "d.new")
    assert may({("load", ""): 2_000}, Kind.LOAD, "")  # staging tables, each with a load of its own
    assert uses(used)[0].table == ""
    assert fullest(used) == "95% of the load limit of the project (95,000 of 100,000 a day)"


@pytest.mark.parametrize(("n", "shown"), [(749, ""), (750, "50% of the load limit of d.t (750 of 1,500 a day)")])
def test_a_limit_is_shown_from_half_of_it_on(n: int, shown: str) -> None:
    assert fullest({("load", "d.t"): n}) == shown


@pytest.mark.parametrize(
    ("n", "level"), [(0, 0), (749, 0), (750, 50), (1_199, 50), (1_200, 80), (1_424, 80), (1_425, 95), (9_999, 95)]
)
def test_a_level_is_reached_exactly_at_its_share(n: int, level: int) -> None:
    assert LimitUse(limit=LIMITS[0], table=T, n=n).level == Level(level)


def test_every_limit_names_its_source() -> None:
    assert all(limit.source.startswith("https://cloud.google.com/bigquery/") for limit in LIMITS)


def test_dml_is_counted_and_has_no_daily_limit() -> None:
    assert may({("dml", T): 10**6}, Kind.DML, T)
    assert uses({("dml", T): 10**6}) == []


def test_every_stream_can_say_when_its_rows_happened_and_has_its_views() -> None:
    for stream in STREAMS:
        assert set(stream.at) <= {column.name for column in stream.kept}
        assert not stream.source.c[stream.at[-1]].nullable
        assert len(views_of(stream)) == 1 + stream.is_updated


def test_every_view_of_history_names_the_days_that_it_reads() -> None:
    for stream in STREAMS:
        for view, reads in zip(views_of(stream, "`"), (stream.table, f"{DATASET}.{stream.name}"), strict=False):
            assert unfiltered(view, [reads]) == []
            assert unfiltered(view.replace(EVERY_DAY, "TRUE"), [reads]) != []


def test_the_page_about_history_names_every_limit_with_its_source() -> None:
    lines = (ROOT / "docs" / "how-to" / "keep-history-in-the-warehouse.md").read_text().splitlines()

    for limit in LIMITS:
        assert any(f"{limit.per_day:,}" in line and line.endswith(f"{limit.source} |") for line in lines), limit


@pytest.mark.parametrize("cause", ["history", "quota"])
def test_what_the_outbox_tells_has_words_and_a_runbook_of_its_own(cause: str) -> None:
    assert runbook_of(cause) is not runbook_of("no such cause")
    assert named(cause) != f"{cause} does not hold"


@pytest.mark.parametrize("kind", [OverTime, CallFailed])
def test_history_that_does_not_come_back_in_time_or_fails_as_no_rule_foresaw_is_told_and_ends_no_tick(
    kind: type[PipelineError],
) -> None:
    told: list[str] = []
    works: Any = SimpleNamespace(tick=lambda _now: 3)
    outbox: Any = SimpleNamespace(look=print, tell=lambda error, _now: told.append(str(error)))
    errors: list[PipelineError | None] = [kind("history did not end within 10 min"), None]
    chores: Any = SimpleNamespace(
        hand_out=lambda *_given, **_more: None, done=lambda: [("history", error) for error in errors]
    )

    n_runs = WithHistory(works, outbox, chores).tick(NOW)

    assert (n_runs, told) == (3, ["history did not end within 10 min"])


def test_a_clock_that_was_put_back_stops_no_history(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[datetime] = []

    def get_ready(_outbox: Outbox, now: datetime) -> bool:
        looks.append(now)
        return False

    monkeypatch.setattr(Outbox, "_get_ready", get_ready)
    nothing: Any = SimpleNamespace()
    outbox = Outbox(ledger=nothing, sink=nothing, home="h", league="x", stopwatch=lambda: 0.0)

    for at in (NOW, NOW + timedelta(seconds=30), NOW - DAY, NOW - DAY + timedelta(seconds=30)):
        outbox.look(at)

    assert looks == [NOW, NOW - DAY]
