"""The record of every rule as a person sees it: silent ones first, thresholds beside what would have held, nothing applied."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.checked import MORNING, Slate, checked
from tests.nba import TODAY

from tipoff.app.requests import funnel
from tipoff.core.check import WINDOW
from tipoff.core.errors import UsageError
from tipoff.leagues.nba.league import NBA
from tipoff.views.health import health, render_text
from tipoff.views.rules import rule_lines, rules

KEYS, ACCURACY = "schedule.keys_are_unique", "accuracy"


NO_STORES: Any = None


@pytest.fixture
def slate(tmp_path: Path) -> Iterator[Slate]:
    with checked(tmp_path) as made:
        yield made


def looked_at(name: str, *, evaluated: int = WINDOW, fired: int = 0, not_measurable: int = 0) -> dict[str, object]:
    counts = {"evaluated": evaluated, "fired": fired, "not_measurable": not_measurable}
    return {"league": "nba", "rule": name, "first_at": MORNING, "last_at": MORNING, "fired_at": None} | counts


def measured(name: str, value: float | None, *, back: int = 0, status: str = "ok") -> dict[str, object]:
    fixed = {
        "severity": 2,
        "required": 1.0,
        "measure": "share",
        "failing": "[]",
        "note": "",
        "cause": "",
        "took_ms": 1.0,
    }
    day = TODAY - timedelta(days=back)
    return fixed | {"league": "nba", "day": day, "check": name, "status": status, "value": value, "at": MORNING}


def test_silent_rules_come_first_then_young_ones_then_those_that_fire(slate: Slate) -> None:
    slate.write(
        "rules",
        looked_at("fires", fired=2),
        looked_at("young", evaluated=3),
        looked_at("blind", evaluated=0, not_measurable=WINDOW),
        looked_at("silent"),
    )

    found = [(rule.name, rule.word) for rule in rules(slate.ledger, NBA)]

    assert found == [("blind", "never measurable"), ("silent", "never fired"), ("young", "young"), ("fires", "fires")]


def test_without_every_only_the_silent_are_shown_and_all_are_counted(slate: Slate) -> None:
    slate.write("rules", looked_at("fires", fired=2), looked_at("silent"))

    lines = rule_lines(rules(slate.ledger, NBA), every=False)

    assert [line.split()[:4] for line in lines[:-2]] == [["never", "fired", "check", "silent"]]
    assert lines[-2:] == ["checks: 1 fires, 1 never fired", f"young: looked at fewer than {WINDOW} times"]


def test_beside_a_threshold_stands_what_would_have_held_and_for_a_greatest_one_the_greatest(slate: Slate) -> None:
    slate.write("rules", looked_at(KEYS, fired=1), looked_at(ACCURACY, fired=1))
    slate.write("measured", *(measured(KEYS, 0.9 if n == 5 else 1.0, back=n) for n in range(WINDOW)))
    slate.write("measured", *(measured(ACCURACY, 9.0 if n == 5 else 5.0, back=n) for n in range(WINDOW)))

    found = {rule.name: (rule.required, rule.learned) for rule in rules(slate.ledger, NBA)}

    assert found == {KEYS: (1.0, 0.9), ACCURACY: (7.5, 9.0)}


def test_of_few_days_nothing_is_learned(slate: Slate) -> None:
    slate.write("rules", looked_at(KEYS))
    slate.write("measured", *(measured(KEYS, 0.5, back=n) for n in range(WINDOW - 1)))

    [rule] = rules(slate.ledger, NBA)

    assert rule.learned is None


def test_of_a_league_without_checks_nobody_is_told_to_wait_for_them(slate: Slate) -> None:
    [unmeasured], [none] = (health(slate.ledger, league, TODAY) for league in (NBA, replace(NBA, checks=())))

    assert "they run in the morning" in unmeasured.note
    assert none.note == "its catalog declares no check"


def test_a_league_that_does_not_say_how_far_anybody_comes_is_refused_with_a_sentence() -> None:
    with pytest.raises(UsageError, match="nba does not say how far anybody comes"):
        funnel(replace(NBA, funnel_sql=""), {"day": str(TODAY)}, NO_STORES, MORNING)


def test_what_is_not_measurable_is_shown_as_that_and_never_as_in_order(slate: Slate) -> None:
    unmeasured = measured(KEYS, None, status="not measurable") | {"note": "no lines were recorded"}
    slate.write("measured", unmeasured, measured(ACCURACY, 1.0))

    lines = health(slate.ledger, NBA, TODAY)

    assert [(line.name, line.status, line.is_bad) for line in lines] == [
        (KEYS, "not measurable", False),
        (ACCURACY, "ok", False),
    ]
    words = render_text(lines, every=False)
    assert words == ["1 ok, 1 not measurable", "  not measurable: 1, no lines were recorded"]
