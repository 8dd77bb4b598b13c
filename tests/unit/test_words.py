"""What people read: messages, the digest's and the scorecard's figures, the hours of a channel."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.core.incident import Incident
from tipoff.core.severity import Severity
from tipoff.leagues.nba.league import NBA
from tipoff.views.boundary import boundary_lines
from tipoff.views.trace import Trace, trace_lines
from tipoff.watch.messages import RUNBOOKS, lines_of, named, runbook_of, story, title_of
from tipoff.watch.scorecard import budgets, scorecard_lines, sparkline, streak

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)


def incident(cause: str = "source:feed", **more: Any) -> Incident:
    said: dict[str, Any] = {
        "id": 7,
        "league": "east",
        "cause": cause,
        "check": "obligation_is_met",
        "what": "feed answered 503",
        "severity": Severity.ERROR,
        "opened_at": NOW,
        "changed_at": NOW,
        "effects": {"games|2024-01-09|obligation_is_met": None, "scores|2024-01-10|obligation_is_met": None},
    }
    return Incident(**said | more)


def test_a_title_says_how_bad_what_and_how_far() -> None:
    title = title_of(incident(), "opened")

    assert title == "[east] ERROR: feed gives no usable answers (2 outputs of 2024-01-09 to 2024-01-10)"


def test_a_title_says_what_became_of_it() -> None:
    signs = {kind: title_of(incident(), kind).split(":")[0] for kind in ("worsened", "escalated", "reopened", "closed")}

    assert signs == {
        "worsened": "[east] NOW ERROR",
        "escalated": "[east] STILL ERROR",
        "reopened": "[east] AGAIN ERROR",
        "closed": "[east] OVER",
    }


def test_a_message_says_what_to_do_and_how_to_take_it_on() -> None:
    lines = lines_of(incident(), "opened", "feed answered 503", NOW, by="monitor")

    assert lines[0] == "feed answered 503"
    assert "why: tipoff why east games 2024-01-09" in lines
    assert lines[-1] == "take it on: tipoff incident ack 7"
    assert any(line.startswith("Tipoff itself: ") for line in lines)


def test_a_message_of_the_sentinel_names_its_own_number() -> None:
    lines = lines_of(incident("controller"), "opened", "it is silent", NOW, by="sentinel")

    assert lines[-1] == "take it on: tipoff incident ack s7"


def test_the_end_asks_for_nothing() -> None:
    lines = lines_of(incident(), "closed", "all that it touched is in order again, after 5 h", NOW, by="monitor")

    assert not any(line.startswith(("you:", "take it on:")) for line in lines)


def test_a_story_tells_all_that_became_of_it() -> None:
    acts = [{"at": NOW, "kind": "acked", "by": "ada", "note": "mine"}]

    assert story(incident(), acts, NOW, by="monitor")[-1] == "  2024-01-10 12:00 acked by ada: mine"


@given(st.sampled_from(sorted(RUNBOOKS)), st.text(max_size=30))
def test_every_cause_has_a_name_and_a_runbook(kind: str, name: str) -> None:
    cause = f"{kind}:{name}"

    assert runbook_of(cause) is RUNBOOKS[kind]
    assert named(cause)


def test_a_cause_that_nobody_has_thought_of_is_treated_as_a_check() -> None:
    assert runbook_of("comet") is RUNBOOKS["check"]
    assert named("comet") == "comet does not hold"


# --- the scorecard


def day(n: int, *, clean: bool = True, late: dict[str, int] | None = None) -> dict[str, Any]:
    return {
        "league": "nba",
        "day": (NOW + timedelta(days=n)).date(),
        "complete": 1.0,
        "on_time": 1.0,
        "quality": None,
        "checks_ok": 1.0,
        "n_lost": 0,
        "n_incidents": 0 if clean else 1,
        "n_false": 0,
        "detect_s": None if clean else 1800.0,
        "repair_s": None if clean else 7200.0,
        "self_healed": None,
        "mae": 5.0 + n,
        "quota_ratio": None,
        "is_clean": clean,
        "late_by_phase": json.dumps(late or {}),
        "failed_by_source": "{}",
    }


def test_a_streak_ends_at_the_last_day_that_was_not_clean() -> None:
    assert streak([day(0), day(1, clean=False), day(2), day(3)]) == 2
    assert streak([day(0), day(1, clean=False)]) == 0
    assert streak([]) == 0


def test_a_budget_is_a_share_of_what_thirty_days_allow() -> None:
    n_grades = sum(step.phase.value == "grades" and not step.optional for step in NBA.steps)
    allowed = 0.02 * n_grades * 30

    left = budgets([day(0), day(1, late={"grades": 1})], NBA)

    assert left["raw"] == 1
    assert abs(left["grades"] - (1 - 1 / allowed)) < 1e-9
    assert budgets([], NBA) == {}


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=60))
def test_a_sparkline_has_a_bar_for_each_value_and_a_space_for_none(values: list[float | None]) -> None:
    bars = sparkline(values)

    assert len(bars) == len(values)
    assert [bar == " " for bar in bars] == [value is None for value in values]
    known = [(value, bar) for value, bar in zip(values, bars, strict=True) if value is not None]
    assert all(one[1] <= other[1] for one in known for other in known if one[0] <= other[0])


def test_days_none_of_which_was_clean_are_no_full_bars() -> None:
    assert (sparkline([0.0, 0.0]), sparkline([1.0, 1.0])) == ("▁▁", "██")


def test_a_scorecard_says_what_is_to_be_known() -> None:
    lines = scorecard_lines([day(0), day(1, clean=False), day(2)], NBA)

    assert lines[0] == "nba 2024-01-10 to 2024-01-12: 3 days, 1 clean in a row"
    assert "  told 0.5 h after due, over 2.0 h after told" in lines
    assert "  error budget left: all of it" in lines


def test_a_scorecard_without_a_day_says_so() -> None:
    assert "no day has been scored yet; a monitor does it" in scorecard_lines([], NBA)[0]


@pytest.mark.parametrize(("n_checks", "last"), [(0, "no check has looked at its day"), (9, "no check fails for it")])
def test_a_game_that_no_check_has_looked_at_is_not_said_to_fail_none(n_checks: int, last: str) -> None:
    way = Trace(league="nba", game_id="7", standings=(), stops=(), failing=(), n_checks=n_checks)

    assert trace_lines(way) == ["nba 7 (times in UTC)", f"  {last}"]


def test_a_day_of_which_nothing_was_decided_has_no_empty_table_of_edges() -> None:
    assert boundary_lines([], "nba", date(2024, 3, 9)) == [
        "nba 2024-03-09: nothing was decided of this day, so that nothing was expected"
    ]
