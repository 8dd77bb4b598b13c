"""How good predicted distributions of a count were: sharpness and calibration together, then calibration alone."""

from dataclasses import dataclass

import numpy as np

from tipoff.leagues.predict.arrays import Floats, Ints
from tipoff.leagues.predict.counts import median


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a reliability diagram: mean predicted chance, how often it happened, of how many."""

    predicted: float
    happened: float
    n: int


def reliability(chances: Floats, happened: Floats, *, bins: int = 10) -> tuple[Bin, ...]:
    """Return the reliability diagram: bins of equal width, empty ones left out."""
    place = np.minimum((chances * bins).astype(np.int64), bins - 1)
    return tuple(
        Bin(float(chances[place == one].mean()), float(happened[place == one].mean()), int((place == one).sum()))
        for one in range(bins)
        if (place == one).any()
    )


def calibration_error(chances: Floats, happened: Floats, *, bins: int = 10) -> float:
    """Return the expected calibration error: the mean distance of the diagram from the diagonal, by rows."""
    found = reliability(chances, happened, bins=bins)
    return float(sum(one.n * abs(one.predicted - one.happened) for one in found) / max(1, len(chances)))


def own_line(distribution: Floats) -> Floats:
    """Return (n,): the half that lies nearest to the median: where a bookmaker's even line would be."""
    return np.asarray(np.maximum(np.floor(median(distribution)), 0.0) + 0.5)


def log_loss(chances: Floats, happened: Floats) -> float:
    """Return the mean negative log likelihood, in nats; chances are kept from 0 and 1."""
    safe = np.clip(chances, 1e-6, 1 - 1e-6)
    return float(-np.mean(happened * np.log(safe) + (1 - happened) * np.log(1 - safe)))


def own_over_next(who: Ints, days: Floats, predicted: Floats, happened: Floats) -> tuple[float, float]:
    """Return the mean error on each one's games as a share of that against his next game, and how many standard errors less.

    Near 1 for whoever does not know the outcome, far below for whoever does; 1 where nobody has two games.
    """
    order = np.lexsort((days, who))
    pairs = who[order][1:] == who[order][:-1]
    said, own, later = predicted[order][:-1][pairs], happened[order][:-1][pairs], happened[order][1:][pairs]
    if not len(said):
        return 1.0, 0.0
    less = np.abs(said - later) - np.abs(said - own)
    sure = float(less.mean() / max(less.std() / np.sqrt(len(less)), 1e-9))
    return float(np.abs(said - own).mean() / max(np.abs(said - later).mean(), 1e-9)), sure
