"""Quantiles, chances at lines, calibration and decisions, against what they must be."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipoff.leagues.nba.models import calibration
from tipoff.leagues.nba.models.quantiles import LEVELS, MEDIAN, below, means, over, regress
from tipoff.leagues.predict import decisions

NORMAL = np.array([[20 + 6 * NormalDist().inv_cdf(level) for level in LEVELS]])


def at(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


@pytest.mark.parametrize("line", [5.5, 12.5, 19.5, 20.5, 27.5, 36.5])
def test_the_chance_to_be_over_a_half_line_is_the_distributions(line: float) -> None:
    expected = 1 - NormalDist(20, 6).cdf(line)

    assert over(NORMAL, at(line))[0] == pytest.approx(expected, abs=0.006)


def test_at_a_whole_line_the_chance_leaves_out_the_push() -> None:
    exact = NormalDist(20, 6).cdf(20.5) - NormalDist(20, 6).cdf(19.5)
    expected = (1 - NormalDist(20, 6).cdf(20.5)) / (1 - exact)

    assert over(NORMAL, at(20.0))[0] == pytest.approx(expected, abs=0.006)


def test_no_line_has_no_chance() -> None:
    assert np.isnan(over(NORMAL, at(np.nan))[0])


@given(st.floats(-20, 80), st.floats(0, 30))
def test_a_higher_line_is_never_likelier_to_be_beaten(line: float, more: float) -> None:
    assert over(NORMAL, at(np.floor(line) + 0.5))[0] >= over(NORMAL, at(np.floor(line + more) + 0.5))[0]


def test_the_mean_of_a_skewed_distribution_lies_above_its_median() -> None:
    skewed = np.array([[10 * (-np.log(1 - level)) for level in LEVELS]])

    assert means(skewed)[0] == pytest.approx(10, abs=0.15)
    assert means(skewed)[0] > skewed[0, MEDIAN] + 2


def test_quantile_regression_finds_the_line_below_which_the_share_lies() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    x = rng.uniform(0, 10, 20_000)
    outcome = 3 + 2 * x + rng.normal(0, 1 + 0.2 * x)
    design = np.column_stack([np.ones_like(x), x])

    for level in (0.1, 0.5, 0.9):
        found = regress(design, outcome, level, ridge=1e-6, close=0.05)
        z = NormalDist().inv_cdf(level)
        assert found == pytest.approx([3 + z, 2 + 0.2 * z], abs=0.12)


def test_a_model_that_is_right_is_left_as_it_is() -> None:
    rng = np.random.Generator(np.random.PCG64(2))

    found = calibration.levels(rng.uniform(0, 1, 20_000), np.zeros(20_000))

    assert found == pytest.approx(LEVELS, abs=0.01)


def test_intervals_that_are_too_narrow_are_widened_to_what_they_should_hold() -> None:
    rng = np.random.Generator(np.random.PCG64(3))
    outcome = rng.normal(20, 8, 40_000)  # the model says 6
    quantiles = np.repeat(NORMAL, len(outcome), axis=0)

    to = calibration.levels(below(quantiles, outcome), np.zeros(len(outcome)))
    better = calibration.moved(quantiles[:1], to)[0]

    assert np.mean((outcome > better[2]) & (outcome < better[18])) == pytest.approx(0.8, abs=0.012)
    assert np.mean((outcome > NORMAL[0, 2]) & (outcome < NORMAL[0, 18])) < 0.7


def test_without_outcomes_nothing_is_corrected() -> None:
    assert calibration.levels(at(), at()) == pytest.approx(LEVELS)
    assert calibration.moved(NORMAL, LEVELS) == pytest.approx(NORMAL)


def test_a_side_is_chosen_only_where_it_beats_its_price_by_the_edge() -> None:
    assert decisions.decide(0.60, over_price=-110, under_price=-110).side == "over"
    assert decisions.decide(0.40, over_price=-110, under_price=-110).side == "under"
    assert decisions.decide(0.53, over_price=-110, under_price=-110).side == "pass"
    assert decisions.decide(0.60, over_price=None, under_price=-110).side == "pass"
    assert decisions.decide(0.60, over_price=None, under_price=None).reason == "no price is offered"


def test_a_reason_names_the_chance_and_what_it_has_on_its_price() -> None:
    assert decisions.decide(0.60, over_price=-110, under_price=-110).reason == "over at 60.0%, +7.6% against its price"


def test_the_no_vig_chance_of_equal_prices_is_a_half() -> None:
    assert decisions.no_vig(-110, -110) == pytest.approx(0.5)
    assert decisions.no_vig(-150, 130) == pytest.approx((150 / 250) / (150 / 250 + 100 / 230))
