"""Calibration walk-forward: at which of its own levels a model's forecasts so far really have each quantile."""

import numpy as np

from tipoff.leagues.nba.models.quantiles import LEVELS, below
from tipoff.leagues.predict.arrays import Floats
from tipoff.leagues.predict.counts import chance_of, log_odds

LIBRARY = f"numpy {np.__version__}"  # with which it is trained; its levels serve with no other
HALF_LIFE_DAYS = 60.0
BEHIND = 1000.0  # outcomes, spread as the model says, that stand behind what the season has shown
# of log odds at a line, before any has been seen: half of how far a model is from the market is its own error
SLOPE = 0.5
BEHIND_SLOPE = 30.0  # what stands behind it: as much as some 500 lines tell
_GRID = np.linspace(0.0, 1.0, 101)


def places(quantiles: Floats, outcome: Floats, *, seed: int) -> Floats:
    """Return where each outcome, a count, lies in its own distribution, in [0, 1]: at a point of its span drawn by `seed`."""
    span = np.random.Generator(np.random.PCG64(seed)).uniform(-0.5, 0.5, len(outcome))
    return below(quantiles, outcome + span)


def levels(places_of_outcomes: Floats, days_ago: Floats) -> Floats:
    """Return for each of LEVELS the model's level below which outcomes lay so often; newer outcomes weigh more."""
    weights = 0.5 ** (days_ago / HALF_LIFE_DAYS)
    order = np.argsort(places_of_outcomes, kind="stable")
    shares = np.cumsum(weights[order]) / max(float(weights.sum()), 1e-9)
    seen = np.interp(_GRID, places_of_outcomes[order], shares) if len(order) else _GRID
    mixed = (weights.sum() * seen + BEHIND * _GRID) / (weights.sum() + BEHIND)
    return np.asarray(np.interp(LEVELS, np.maximum.accumulate(mixed), _GRID), dtype=np.float64)


def moved(quantiles: Floats, to: Floats) -> Floats:
    """Return the quantiles that lie at the model's levels `to`."""
    first = 2 * quantiles[:, :1] - quantiles[:, 1:2]
    last = 2 * quantiles[:, -1:] - quantiles[:, -2:-1]
    wide = np.concatenate([first, quantiles, last], axis=1)
    at = np.r_[0.001, LEVELS, 0.999]
    left = np.clip(np.searchsorted(at, to) - 1, 0, len(at) - 2)
    share = (to - at[left]) / (at[left + 1] - at[left])
    return np.asarray(wide[:, left] * (1 - share) + wide[:, left + 1] * share, dtype=np.float64)


def slope(chances: Floats, happened: Floats) -> float:
    """Return what log odds are to be multiplied by to be as sure as outcomes bear out; SLOPE where there are none."""
    odds, found = log_odds(chances), SLOPE
    for _ in range(8):
        expected = 1 / (1 + np.exp(-found * odds))
        pull = float((odds * (happened - expected)).sum()) - BEHIND_SLOPE * (found - SLOPE)
        found += pull / (float((odds**2 * expected * (1 - expected)).sum()) + BEHIND_SLOPE)
    return round(min(max(found, 0.0), 1.5), 4)


def sloped(chances: Floats, by: Floats) -> Floats:
    """Return the chances with their log odds multiplied."""
    return chance_of(by * log_odds(chances))
