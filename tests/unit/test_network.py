"""The network: what it learns that a line does not, and that the same rows give the same weights."""

import numpy as np

from tipoff.leagues.nba.models import network


def taught(n: int = 20_000) -> tuple[np.ndarray, np.ndarray]:
    dice = np.random.Generator(np.random.PCG64(3))
    rows = dice.standard_normal((n, 3))
    true = np.column_stack([rows[:, 0] * rows[:, 1], np.abs(rows[:, 2])])
    return rows, true


def test_products_and_bends_are_learnt() -> None:
    rows, true = taught()
    noise = np.random.Generator(np.random.PCG64(4)).standard_normal(true.shape)

    inner, outer = network.train(rows, true + 0.3 * noise, seed=1)

    assert inner.shape == (1 + rows.shape[1], network.UNITS * network.MEMBERS)
    told = network.predict(rows, inner, outer)
    for at in range(true.shape[1]):
        found = told[:, at]
        assert np.abs(found - true[:, at]).mean() < 0.35 * np.abs(true[:, at] - np.median(true[:, at])).mean()


def test_the_same_rows_and_seed_give_the_same_weights() -> None:
    rows, true = taught(3_000)

    one, same, other = (network.train(rows, true, seed=seed) for seed in (1, 1, 2))

    np.testing.assert_array_equal(one[0], same[0])
    np.testing.assert_array_equal(one[1], same[1])
    assert (one[0] != other[0]).any()
