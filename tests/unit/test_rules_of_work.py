"""Breakers, floors, budgets, the last look before a write, the sentinel: values that stand alone."""

import dataclasses
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.nba import NOW, SEASON, TODAY

from tipoff.core.errors import Closed, Fenced, NotBegun, OverTime, what_of
from tipoff.core.gate import Evidence, decide
from tipoff.core.retry import Breaker
from tipoff.core.rows import table_from_records
from tipoff.core.schema import DAY, Floor, Phase, Table, integer, text
from tipoff.core.slate import Slate
from tipoff.drills.faults.work import Unspeakable
from tipoff.engine.book import LiveRun
from tipoff.engine.claim import Claim, StepFailed, in_time, must_begin
from tipoff.engine.runplan import RunPlan
from tipoff.leagues.mlb.league import MLB
from tipoff.leagues.mlb.models.strikeouts import SYSTEMS, WITHOUT_TREES
from tipoff.leagues.nba.league import NBA
from tipoff.leagues.nba.sources.reading import game_id
from tipoff.store import dialect
from tipoff.store.rows import below_floor, conform
from tipoff.store.staging import too_few
from tipoff.store.warehouse import WriteRequest

MINUTE = timedelta(minutes=1)
TIP = NOW + timedelta(hours=1)


def claim(*, lease_until: datetime = NOW + 6 * MINUTE, **changes: Any) -> Claim:
    step = NBA.step("published_predictions")
    tables = {known.name: known.table for known in NBA.steps}
    units = {"early": "a", "late": "b"}
    closes = {"early": TIP, "late": TIP + timedelta(hours=2)}
    plan = RunPlan(units=units, as_of=NOW, may_be_empty=frozenset(), partial={}, closes=closes)
    made = Claim(
        run_id=7,
        loaded=dialect.load(step, tables),
        slate=Slate("nba", SEASON, TODAY),
        season=SEASON,
        plan=plan,
        previous=None,
        attempt=1,
        started_at=NOW,
        live=LiveRun(7, since=NOW, until=lease_until),
        due_at=TIP,
    )
    return dataclasses.replace(made, **changes)


def test_what_closed_while_the_run_was_on_its_way_is_not_written() -> None:
    late = claim(started_at=TIP - MINUTE, lease_until=TIP + 5 * MINUTE)

    assert in_time(late, TIP - timedelta(seconds=1), TIP - MINUTE).plan.units.keys() == {"early", "late"}
    assert in_time(late, TIP, TIP - MINUTE).plan.units.keys() == {"late"}


def test_a_run_whose_every_unit_has_closed_writes_nothing() -> None:
    after = TIP + timedelta(hours=2)

    with pytest.raises(Closed, match="after its close"):
        in_time(claim(lease_until=after + MINUTE), after, after - MINUTE)


def test_a_run_that_took_too_long_writes_nothing() -> None:
    with pytest.raises(OverTime, match="took longer"):
        in_time(claim(), NOW + 4 * MINUTE, NOW)


def test_a_run_that_comes_back_after_its_lease_may_not_write_nor_begin() -> None:
    with pytest.raises(Fenced, match="after its lease ended"):
        in_time(claim(), NOW + 7 * MINUTE, NOW + 6 * MINUTE)
    with pytest.raises(NotBegun, match="not begun"):
        must_begin(claim(), NOW + 7 * MINUTE)


def test_a_breaker_rests_after_its_limit_ever_longer_and_a_success_ends_it() -> None:
    breaker = Breaker(2, 5 * MINUTE, 15 * MINUTE)
    breaker.failed(NOW)
    assert not breaker.rest(NOW)
    rests = []
    for _ in range(4):
        breaker.failed(NOW)
        rests.append(breaker.rest(NOW))

    assert rests == [5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 15 * MINUTE]
    assert not breaker.rest(NOW + 15 * MINUTE)
    breaker.succeeded()
    breaker.failed(NOW)
    assert not breaker.rest(NOW)


@pytest.mark.parametrize(
    ("floor", "says"),
    [
        (Floor(rows=3), "2 rows, where there must be 3"),
        (Floor(sums=(("n", 30),)), "the sum of n is 21"),
        (Floor(distinct=(("who", 2),)), "who has 1 different values"),
        (Floor(filled=("extra",)), "extra is NULL in 1 of 2 rows"),
        (Floor(rows=2, sums=(("n", 21),), distinct=(("n", 2),), filled=("n",)), None),
    ],
)
def test_a_unit_below_its_floor_is_refused_with_the_reason(floor: Floor, says: str | None) -> None:
    columns = (DAY, text("unit"), text("who"), integer("n"), integer("extra"))
    table = Table(
        league="x", phase=Phase.RAW, name="t", columns=columns, key=("unit", "n"), unit_columns=("unit",), floor=floor
    )
    rows = [
        {"day": TODAY, "unit": "a", "who": "one", "n": 20, "extra": 1},
        {"day": TODAY, "unit": "a", "who": "one", "n": 1, "extra": None},
    ]
    found = below_floor(table, conform(table, table_from_records(table, rows)))

    assert found == {} if says is None else says in found["a"]


@pytest.mark.parametrize("output", ["projected_predictions", "predictions"])
@pytest.mark.parametrize(
    ("pitchers", "systems", "said"),
    [
        ((1,), SYSTEMS, {"one": "1 different pitcher_id, where there must be 2"}),
        ((1, 2), SYSTEMS, {}),
        ((1, 2), WITHOUT_TREES, {}),
    ],
    ids=["all systems of one of them", "all systems of both", "no model of trees"],
)
def test_predictions_that_lack_a_pitcher_are_refused_and_those_that_lack_a_system_are_not(
    output: str, pitchers: tuple[int, ...], systems: tuple[str, ...], said: dict[str, str]
) -> None:
    step = MLB.step(output)
    records = [
        {"day": TODAY, "game_id": "one", "pitcher_id": who, "system": name} for who in pitchers for name in systems
    ]
    rows = conform(step.table, table_from_records(step.table, records))
    asked = WriteRequest(
        step=step,
        season=SEASON,
        day=TODAY,
        fence=9,
        as_of=NOW,
        step_version="v",
        units={"one": ""},
        least_rows={"one": 2},
    )

    assert too_few(asked, rows, {"one": (rows.num_rows, "")}) == said


def test_a_floor_names_declared_columns() -> None:
    with pytest.raises(ValueError, match="not declared"):
        Table(league="x", phase=Phase.RAW, name="t", columns=(DAY,), key=("day",), floor=Floor(filled=("gone",)))


def test_an_error_that_cannot_be_told_is_named() -> None:
    error = StepFailed("grades", date(2024, 1, 1), what_of(Unspeakable("what", 3)))

    assert "grades of 2024-01-01 raised Unspeakable: what; 3" in str(error)


@pytest.mark.parametrize("given", [22300001, "22300001", "0022300001", 22300001.0, " 0022300001 "])
def test_a_game_has_one_id_however_it_is_written(given: object) -> None:
    assert game_id(given) == "0022300001"


@given(
    st.dictionaries(st.text(min_size=1, max_size=3), st.sampled_from(Evidence), max_size=10),
    st.fixed_dictionaries({"minimum": st.floats(0, 1), "patience_over": st.booleans()}),
    st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_gate_that_is_open_stays_open_with_more_data_and_better(
    expected: dict[str, Evidence], policy: dict[str, Any], quality: tuple[float, float]
) -> None:
    has, required = quality
    if not decide(expected=expected, quality=quality, **policy).is_open:
        return
    for unit, seen in expected.items():
        more = expected | {unit: Evidence.PROVEN}
        if seen is not Evidence.EXCUSED:
            assert decide(expected=more, quality=((1 + has) / 2, required), **policy).is_open
