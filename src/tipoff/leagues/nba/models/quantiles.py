"""Distributions as quantiles: linear quantile regression, and what a row of quantiles says of lines, means and intervals.

Counts are made continuous: a count k stands for the span from k − 1/2 to k + 1/2. So a line of 20.5 lies between 20 and 21, and
the chance of exactly 20 is what lies within its span.
"""

import numpy as np

from tipoff.leagues.predict.arrays import Floats

LEVELS: Floats = np.array([0.025, *(n / 20 for n in range(1, 20)), 0.975], dtype=np.float64)
MEDIAN, LOW, HIGH = 10, 2, 18  # places of the median and of the ends of the 80 % interval
_ROUNDS = 15
_RIDGE = 30.0


def regress(design: Floats, outcome: Floats, level: float, *, ridge: float = _RIDGE, close: float = 0.3) -> Floats:
    """Return the coefficients (k,) of the linear quantile regression of `outcome` (n,) on `design` (n, k).

    By reweighted least squares, a fixed number of rounds: the same rows give the same numbers. The first column is the constant
    and is not held back by `ridge`; within `close` of the fit, errors count as squares.
    """
    held = np.asarray(ridge * np.eye(design.shape[1]), dtype=np.float64)
    held[0, 0] = 0.0
    weights: Floats = np.ones(len(outcome), dtype=np.float64)
    found: Floats = np.zeros(design.shape[1], dtype=np.float64)
    for turn in range(_ROUNDS):
        weighted = design * weights[:, None]
        found = np.asarray(np.linalg.solve(weighted.T @ design + held, weighted.T @ outcome), dtype=np.float64)
        apart = outcome - design @ found
        side = np.where(apart > 0, 2 * level, 2 * (1 - level))
        weights = side / np.maximum(np.abs(apart), max(close, 2.0 * 0.6**turn))
    return found


def below(quantiles: Floats, at: Floats) -> Floats:
    """Return the chance that a row's outcome lies below `at`: between quantiles on a line, beyond them with a thinning tail."""
    upper_pace = np.maximum(quantiles[:, -1] - quantiles[:, -2], 1e-6) / np.log(2)
    lower_pace = np.maximum(quantiles[:, 1] - quantiles[:, 0], 1e-6) / np.log(2)
    place = np.sum(quantiles <= at[:, None], axis=1)
    left = np.clip(place - 1, 0, len(LEVELS) - 2)
    rows = np.arange(len(at))
    low, high = quantiles[rows, left], quantiles[rows, left + 1]
    share = np.clip((at - low) / np.maximum(high - low, 1e-9), 0.0, 1.0)
    inside = LEVELS[left] + share * (LEVELS[left + 1] - LEVELS[left])
    under = LEVELS[0] * np.exp(-np.maximum(quantiles[:, 0] - at, 0.0) / lower_pace)
    over = 1 - (1 - LEVELS[-1]) * np.exp(-np.maximum(at - quantiles[:, -1], 0.0) / upper_pace)
    return np.asarray(np.where(place == 0, under, np.where(place == len(LEVELS), over, inside)), dtype=np.float64)


def over(quantiles: Floats, line: Floats) -> Floats:
    """Return the chance that the count is above `line`, given that it is not the line itself; NaN for no line."""
    at_most = below(quantiles, np.floor(line) + 0.5)
    push = np.where(np.floor(line) == line, at_most - below(quantiles, np.floor(line) - 0.5), 0.0)
    chance = (1 - at_most) / np.maximum(1 - push, 1e-9)
    return np.asarray(np.where(np.isnan(line), np.nan, chance), dtype=np.float64)


def means(quantiles: Floats) -> Floats:
    """Return each row's mean."""
    between = (quantiles[:, 1:] + quantiles[:, :-1]) / 2 @ np.diff(LEVELS)
    pace = (quantiles[:, -1] - quantiles[:, -2]) / np.log(2)
    ends = LEVELS[0] * quantiles[:, 0] + (1 - LEVELS[-1]) * (quantiles[:, -1] + pace)
    return np.asarray(between + ends, dtype=np.float64)
