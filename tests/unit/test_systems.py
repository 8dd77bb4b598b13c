"""Prediction systems side by side: each in its own table, publication of those that are there, what keeps one from serving."""

import json
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from tests.nba import TODAY, scheduled

from tipoff.core.rows import table_from_records
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context, Made
from tipoff.leagues.nba import markets, publication
from tipoff.leagues.nba.features import CONTRACT, NAMES
from tipoff.leagues.nba.form_tables import CALIBRATION, PLAYER_FORM
from tipoff.leagues.nba.league import NBA
from tipoff.leagues.nba.models import calibration
from tipoff.leagues.nba.models.quantiles import LEVELS, LOW, MEDIAN
from tipoff.leagues.nba.systems import market_aware, quantile_regression
from tipoff.leagues.nba.systems.catalog import SYSTEMS
from tipoff.leagues.nba.tables import CANDIDATES, MAIN_LINES, SCHEDULE
from tipoff.leagues.predict.metrics import own_over_next

NOW = datetime(2024, 1, 20, 18, tzinfo=UTC)
SLATE = Slate("nba", Season("2023-24", date(2023, 10, 24), date(2024, 4, 14)), TODAY, ())
CONTEXT = Context(slate=SLATE, units=frozenset({"today"}), as_of=NOW)
PLAYERS = range(1, 31)
Row = dict[str, Any]


def drawn(median: float, **more: Any) -> Row:
    spread = np.linspace(-8, 8, len(LEVELS)) + median
    made = {"day": TODAY, "game_id": "today", "market": "points", "mean": median, "median": median}
    made |= {"low_80": median - 6, "high_80": median + 6, "quantiles": str(spread.tolist()), "line_slope": 1.0}
    return made | {"tipoff_at": scheduled("today", "AAA", "BBB")["tipoff_at"], "made_at": NOW} | more


_AS: dict[str, Row] = {system.name: {} for system in SYSTEMS} | {"moving_average": {"quantiles": None}}


def published(**medians: float) -> list[Row]:
    """Return what is published when these systems are there, each with one number for everybody; the line is 15.5."""
    inputs = {
        system.name: table_from_records(
            system.table,
            [drawn(medians[system.name], player_id=who) | _AS[system.name] for who in PLAYERS]
            if system.name in medians
            else [],
        )
        for system in SYSTEMS
    }
    who = {"day": TODAY, "game_id": "today", "team": "AAA", "opponent": "BBB", "is_home": True, "because": "played"}
    named = [who | {"player_id": n, "player_name": f"P {n}", "player_key": f"p{n}"} for n in PLAYERS]
    inputs["candidates"] = table_from_records(CANDIDATES, named)
    quoted = {
        "day": TODAY,
        "game_id": "today",
        "book": "one",
        "n_books": 1,
        "n_quotes": 1,
        "n_dropped": 0,
        "player_name": "P",
    }
    lined = [quoted | {"player_key": f"p{n}", "player_id": n, "line": 15.5 if n % 2 else 9.5} for n in PLAYERS]
    inputs["main_lines"] = table_from_records(MAIN_LINES, lined)
    rows: list[Row] = publication.publish_predictions(CONTEXT, inputs).rows.to_pylist()
    return rows


def test_every_system_has_a_step_and_a_table_of_its_own() -> None:
    steps = {system.name: NBA.step(system.name) for system in SYSTEMS}

    assert {step.table.full_name for step in steps.values()} == {f"nba_predictions.{system.name}" for system in SYSTEMS}
    assert all(step.work.transform is system.predict for system in SYSTEMS if (step := steps[system.name]))  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("there", "serves"),
    [
        ({"moving_average": 9.0, "quantile_regression": 11.0}, "quantile_regression"),
        ({"moving_average": 9.0}, "moving_average"),
        ({"quantile_regression": 12.0}, "quantile_regression"),
    ],
)
def test_what_is_there_is_published_and_what_is_missing_leaves_its_own_number_out(
    there: dict[str, float], serves: str
) -> None:
    rows = published(**there)

    assert len(rows) == len(PLAYERS)
    for row in rows:
        assert {system.name: row[system.name] for system in SYSTEMS if row[system.name] is not None} == there
        assert row["system"] == serves
        assert (row["p_over"] is None) == (serves == "moving_average")


def test_a_system_on_one_side_of_nearly_all_lines_does_not_serve_and_another_one_does() -> None:
    rows = published(moving_average=9.0, quantile_regression=60.0)

    assert {row["system"] for row in rows} == {"moving_average"}
    assert {row["quantile_regression"] for row in rows} == {60.0}
    assert {row["p_over"] for row in rows} == {None}


def test_on_few_lines_nothing_is_said_of_sides() -> None:
    points = {("today", who): {"median": 60.0} for who in range(publication.LEAST_LINED - 1)}
    lines = {key: {"line": 15.5} for key in points}

    assert publication.one_sided(points, lines) == ""


def test_who_knows_the_outcome_is_far_better_on_his_own_game_than_on_his_next_and_does_not_serve() -> None:
    dice = np.random.Generator(np.random.PCG64(1))
    who, days = np.repeat(np.arange(100), 20), np.tile(np.arange(20.0), 100)
    happened = dice.poisson(10 + who / 20).astype(np.float64)
    honest = 10 + who / 20

    fair = own_over_next(who, days, honest, happened)
    leaking = own_over_next(who, days, 0.7 * honest + 0.3 * happened, happened)
    few = own_over_next(who[:20], days[:20], 0.7 * honest[:20] + 0.3 * happened[:20], happened[:20])

    assert fair[0] == pytest.approx(1, abs=0.05)
    assert quantile_regression.doubt_of(0.8, 2000, *fair) == ""
    assert "an outcome is among its features" in quantile_regression.doubt_of(0.8, 2000, *leaking)
    assert quantile_regression.doubt_of(0.8, 20, *few) == ""
    assert own_over_next(who[:0], days[:0], honest[:0], happened[:0]) == (1.0, 0.0)


def test_intervals_that_hold_too_few_outcomes_are_not_believed_and_say_why() -> None:
    assert quantile_regression.doubt_of(0.5, 2000, 1.0, 0.0) == "its 80 % intervals held 50% of the season's outcomes"


def trained(**more: Any) -> pa.Table:
    levels = str((LEVELS / 2).tolist())
    row = {"day": TODAY, "market": "points", "levels": levels, "n_rows": 700, "features": CONTRACT}
    row |= {
        "form_model": markets.serving(TODAY).digest,
        "library": calibration.LIBRARY,
        "is_serving": True,
        "doubt": "",
    }
    return table_from_records(CALIBRATION, [row | more])


def distributions(calibrated: pa.Table) -> Made:
    form = {"day": TODAY, "game_id": "today"} | dict.fromkeys(NAMES, 1.0)
    inputs = {
        "player_form": table_from_records(
            PLAYER_FORM, [form | {"player_id": who, "minutes_h5": 10.0 + who} for who in PLAYERS]
        ),
        "calibration": calibrated,
        "schedule": table_from_records(SCHEDULE, [scheduled("today", "AAA", "BBB")]),
    }
    return quantile_regression.predict(CONTEXT, inputs)


def predicted(calibrated: pa.Table) -> tuple[dict[int, float], tuple[str, ...]]:
    made = distributions(calibrated)
    return {row["player_id"]: row["median"] for row in made.rows.to_pylist() if row["market"] == "points"}, made.notes


@pytest.mark.parametrize(
    "other", [{"library": "numpy 1.0.0"}, {"features": "others"}, {"form_model": "another"}], ids=str
)
def test_what_was_trained_with_another_library_or_other_features_is_refused_and_the_form_goes_on(
    other: dict[str, str],
) -> None:
    plain, _ = predicted(trained().slice(0, 0))

    medians, notes = predicted(trained(**other))

    assert medians == plain
    assert f"{next(iter(other.values()))}, here" in notes[0]


def test_a_calibration_that_does_not_serve_corrects_nothing() -> None:
    plain, doubted = predicted(trained().slice(0, 0)), predicted(trained(is_serving=False, doubt="leak"))

    assert doubted == plain
    assert predicted(trained())[0] != plain[0]


def test_no_interval_that_is_told_reaches_below_nought_though_a_distribution_does() -> None:
    made = distributions(trained().slice(0, 0)).rows.to_pylist()

    assert min(json.loads(row["quantiles"])[LOW] for row in made) < 0
    assert min(row["low_80"] for row in made) == 0.0


@pytest.mark.parametrize(
    ("low", "is_wrong"),
    [(0.0, False), (-0.4, False), (-0.3, True), (0.2, True)],
    ids=["as told today", "as an earlier build told it", "of no build", "another"],
)
def test_an_interval_is_read_off_its_distribution_as_today_or_as_an_earlier_build_read_it(
    low: float, *, is_wrong: bool
) -> None:
    quantiles = [-0.5, -0.45, -0.4, *np.linspace(0, 9, len(LEVELS) - 3).round(2).tolist()]
    row = drawn(quantiles[MEDIAN], player_id=1, quantiles=json.dumps(quantiles), low_80=low, high_80=quantiles[-3])
    rows = table_from_records(quantile_regression.TABLE, [row])
    check = next(one for one in NBA.checks if one.name == "quantile_regression.are_read_off_the_quantiles")
    view: Any = SimpleNamespace(rows=lambda _name: rows, table=lambda _name: quantile_regression.TABLE)

    assert check.look is not None
    assert bool(check.look(view).failing) is is_wrong


def test_the_market_draws_the_middle_towards_its_line_and_its_prices_towards_the_likelier_side() -> None:
    quantiles = np.array([np.linspace(2, 22, len(LEVELS))])

    def middle(over: int | None, under: int) -> np.ndarray:
        chance = market_aware.chance_of({"over_price": over, "under_price": under})
        return market_aware.market_middles(quantiles, np.array([20.5]), np.array([chance]))

    even, leaning, unpriced = middle(-110, -110), middle(-150, 125), middle(None, -110)

    assert even[0] == pytest.approx(20.5)
    assert unpriced[0] == pytest.approx(20.5)
    assert leaning[0] > 21
    assert market_aware.toward(quantiles, even)[0, MEDIAN] == pytest.approx(12 + market_aware.WEIGHT * 8.5)


def test_chances_that_are_too_sure_are_drawn_towards_a_half_by_what_happened() -> None:
    dice = np.random.Generator(np.random.PCG64(4))
    true = dice.normal(0, 0.4, 20_000)
    happened = (dice.uniform(size=len(true)) < 1 / (1 + np.exp(-true))).astype(np.float64)
    claimed = 1 / (1 + np.exp(-4 * true))

    found = calibration.slope(claimed, happened)

    assert found == pytest.approx(0.25, abs=0.02)
    assert calibration.slope(np.zeros(0), np.zeros(0)) == calibration.SLOPE
    assert calibration.sloped(np.array([0.8]), np.array([found]))[0] == pytest.approx(0.586, abs=0.01)
