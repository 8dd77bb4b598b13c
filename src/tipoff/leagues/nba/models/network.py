"""A small neural network for several outcomes at once: one hidden layer, several trainings beside one another, numpy alone."""

import numpy as np
from numpy.typing import NDArray

from tipoff.leagues.predict.arrays import Floats

UNITS, MEMBERS = 64, 6  # of the hidden layer in each training; trainings, of which the mean is told
_EPOCHS, _BATCH = 16, 1024
_AT_ONCE = 2048  # rows, whose hidden units are in memory
_RATE, _DECAY = 4e-3, 0.3  # of learning; of weights, which are drawn to nought
_CLOSE = 0.15  # within which errors count as squares; beyond it, each counts as much as it is
_FIRST, _SECOND = 0.9, 0.999  # of Adam's moments, what is kept at each step

Singles = NDArray[np.float32]


def predict(design: Floats, inner: Floats, outer: Floats) -> Floats:
    """Return the outcomes that weights, as `train` gives them, tell of the rows of `design` (n, k): (n, m).

    An outcome is a constant, the row and the hidden units, each times its outer weight. So many rows at once are in hand.
    """
    past = 1 + design.shape[1]
    found = np.empty((len(design), outer.shape[1]), dtype=np.float64)
    for begin in range(0, len(design), _AT_ONCE):
        rows = design[begin : begin + _AT_ONCE]
        units = np.maximum(rows @ inner[1:] + inner[0], 0.0)
        found[begin : begin + _AT_ONCE] = outer[0] + rows @ outer[1:past] + units @ outer[past:]
    return found


def train(design: Floats, wanted: Floats, *, seed: int) -> tuple[Floats, Floats]:
    """Return the weights, inner and outer, that bring `wanted` (n, m) nearest in absolute error; outer ones a column each.

    Columns of `wanted` are of about one size. The same rows and seed give the same numbers on one machine.
    """
    rows, told = design.astype(np.float32), wanted.astype(np.float32)
    members = [_member(rows, told, np.random.Generator(np.random.PCG64([seed, turn]))) for turn in range(MEMBERS)]
    inner = np.concatenate([np.vstack([bias, into]) for into, bias, _, _, _ in members], axis=1)
    plain = np.mean([np.vstack([bias, direct]) for _, _, _, bias, direct in members], axis=0)
    out = np.concatenate([out for _, _, out, _, _ in members]) / MEMBERS
    return inner.astype(np.float64), np.concatenate([plain, out]).astype(np.float64)


def _member(rows: Singles, told: Singles, dice: np.random.Generator) -> list[Singles]:
    """Return one training's weights: into the units, their bias, out of them, the outcomes' bias, and past the units."""
    (n, width), m = rows.shape, told.shape[1]
    into = dice.standard_normal((width, UNITS)) / np.sqrt(width)
    weights = [into, dice.uniform(-0.5, 0.5, UNITS), np.zeros((UNITS, m)), np.zeros(m), np.zeros((width, m))]
    now: list[Singles] = [one.astype(np.float32) for one in weights]
    means, squares = [np.zeros_like(one) for one in now], [np.zeros_like(one) for one in now]
    steps, step = _EPOCHS * -(-n // _BATCH), 0
    for _ in range(_EPOCHS):
        order = dice.permutation(n)
        for begin in range(0, n, _BATCH):
            batch = order[begin : begin + _BATCH]
            step += 1
            rate = _RATE * (1 + np.cos(np.pi * step / steps)) / 2
            for at, slope in enumerate(_slopes(rows[batch], told[batch], now)):
                means[at] += np.float32(1 - _FIRST) * (slope - means[at])
                squares[at] += np.float32(1 - _SECOND) * (slope * slope - squares[at])
                pull = means[at] / np.float32(1 - _FIRST**step)
                pull /= np.sqrt(squares[at] / np.float32(1 - _SECOND**step)) + np.float32(1e-8)
                held = np.float32(_DECAY) * now[at] if at in {0, 2} else np.float32(0)
                now[at] -= np.float32(rate) * (pull + held)
    return now


def _slopes(rows: Singles, told: Singles, now: list[Singles]) -> list[Singles]:
    into, bias, out, constant, past = now
    sums = rows @ into + bias
    felt = np.maximum(sums, np.float32(0))
    apart = felt @ out + constant + rows @ past - told
    off = np.clip(apart / np.float32(_CLOSE), -1, 1) / np.float32(len(rows))
    back = (off @ out.T) * (sums > 0)
    return [rows.T @ back, back.sum(axis=0), felt.T @ off, off.sum(axis=0), rows.T @ off]
