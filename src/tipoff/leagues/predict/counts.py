"""Distributions of a count of successes in a random number of trials, taken in turn by several with their own chances."""

from collections.abc import Sequence

import numpy as np

from tipoff.leagues.predict.arrays import Floats

MOST_TRIALS = 40
MOST_SUCCESSES = 25
_SELDOM = 1e-6  # the chance of what never happened
_STEP = 5.0  # in log odds: further than any line-up is from another
_SPREAD = 1.0  # in trials: how far a neighbour still tells about an expectation
_NODES = ((-np.sqrt(3.0), 1 / 6), (0.0, 2 / 3), (np.sqrt(3.0), 1 / 6))  # Gauss-Hermite, three nodes


def log_odds(chance: Floats) -> Floats:
    """Return the logarithm of the odds; never and always are taken for one in a million, and all but one."""
    held = np.clip(chance, _SELDOM, 1 - _SELDOM)
    return np.asarray(np.log(held / (1 - held)))


def chance_of(odds: Floats) -> Floats:
    """Return the chance that a logarithm of odds stands for."""
    return np.asarray(1 / (1 + np.exp(-odds)))


class Trials:
    """How the number of trials spreads about its expectation, learnt from pairs of the two.

    `grid` is (g,) of expectations, `table` (g, MOST_TRIALS + 1) the chance of each number at each.
    """

    def __init__(self, grid: Sequence[float], table: Floats) -> None:
        self.grid, self.table = np.asarray(grid, dtype=np.float64), table

    @classmethod
    def learn(cls, expected: Floats, happened: Floats, *, grid: Sequence[float] = tuple(range(3, 31))) -> "Trials":
        """Learn from residuals near each expectation of the grid, smoothed over neighbours."""
        table = np.empty((len(grid), MOST_TRIALS + 1))
        residuals = happened - expected
        for row, centre in enumerate(grid):
            weights = np.exp(-0.5 * ((expected - centre) / _SPREAD) ** 2)
            numbers = np.clip(np.round(centre + residuals), 1, MOST_TRIALS).astype(np.int64)
            counted = np.bincount(numbers, weights=weights, minlength=MOST_TRIALS + 1)
            # far from all that was learnt the floor is one of what was counted there, too
            share = min(1.0, float(counted.sum())) or 1.0
            smooth = np.convolve(counted + 1e-9 * share, [0.25, 0.5, 0.25], "same")
            smooth[0] = 0.0
            table[row] = smooth / smooth.sum()
        return cls(grid, table)

    def at(self, expected: Floats) -> Floats:
        """Return (n, MOST_TRIALS + 1): the chance of each number of trials, between the two nearest of the grid."""
        inside = np.clip(expected, self.grid[0], self.grid[-1] - 1e-6)
        low = np.searchsorted(self.grid, inside, side="right") - 1
        share = ((inside - self.grid[low]) / (self.grid[low + 1] - self.grid[low]))[:, None]
        return np.asarray(self.table[low] * (1 - share) + self.table[low + 1] * share)


def successes(chances: Floats, trials: Floats, *, shake: float) -> Floats:
    """Return (n, MOST_SUCCESSES + 1): the chance of each number of successes, the last of so many or more.

    Args:
        chances: (n, k) of those who take the trials in turn, the first again after the last.
        trials: (n, MOST_TRIALS + 1) the chance of each number of trials.
        shake: Standard deviation, in log odds, of what moves all chances of a row together (a day's form).
    """
    shaken = np.concatenate([chance_of(log_odds(chances) + shake * node) for node, _ in _NODES])
    found = _in_turn(shaken, np.tile(trials, (len(_NODES), 1))).reshape(len(_NODES), len(chances), -1)
    return np.asarray(sum(weight * one for (_, weight), one in zip(_NODES, found, strict=True)))


def _in_turn(chances: Floats, trials: Floats) -> Floats:
    current = np.zeros((len(chances), MOST_SUCCESSES + 1))
    current[:, 0] = 1.0
    found = trials[:, :1] * current
    for number in range(1, trials.shape[1]):
        chance = chances[:, (number - 1) % chances.shape[1]][:, None]
        following = current * (1 - chance)
        following[:, 1:] += current[:, :-1] * chance
        following[:, -1] += current[:, -1] * chance[:, 0]
        current = following
        found += trials[:, number : number + 1] * current
    return found


def expectation(chances: Floats, trials: Floats) -> Floats:
    """Return (n,): the expected number of successes."""
    turns = np.arange(trials.shape[1] - 1) % chances.shape[1]
    at_least = np.cumsum(trials[:, ::-1], axis=1)[:, ::-1][:, 1:]  # the chance that the n-th trial takes place
    return np.asarray((chances[:, turns] * at_least).sum(axis=1))


def moved_to(chances: Floats, trials: Floats, wanted: Floats) -> Floats:
    """Return the chances, all moved alike in log odds, with which `wanted` (above 0) is expected, or as near as trials allow."""
    moved = np.clip(chances, _SELDOM, 1 - _SELDOM)
    for _ in range(6):
        step = np.log(wanted / expectation(moved, trials)) / (1 - moved.mean(axis=1))
        step = np.clip(step, -_STEP, _STEP)
        moved = chance_of(log_odds(moved) + step[:, None])
    return moved


def moments(distribution: Floats) -> tuple[Floats, Floats]:
    """Return mean and variance, each (n,)."""
    numbers = np.arange(distribution.shape[1])
    mean = distribution @ numbers
    return mean, distribution @ numbers**2 - mean**2


def median(distribution: Floats) -> Floats:
    """Return (n,): the median, each count spread evenly over the unit about it, so that it is no whole number."""
    below = np.cumsum(distribution, axis=1)
    place = (below >= 0.5).argmax(axis=1)  # noqa: PLR2004 -- half
    rows = np.arange(len(distribution))
    return np.asarray(place + 0.5 - (below[rows, place] - 0.5) / distribution[rows, place])


def over(distribution: Floats, line: float) -> Floats:
    """Return (n,): the chance of more than `line`, as a share of more and less: what equals the line is a push."""
    numbers = np.arange(distribution.shape[1])
    more, less = distribution[:, numbers > line].sum(axis=1), distribution[:, numbers < line].sum(axis=1)
    return np.asarray(more / (more + less))
