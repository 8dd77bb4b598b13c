"""Sums over the past in which an event counts half as much after each half-life: how form is told from history."""

from collections.abc import Sequence

import numpy as np

from tipoff.leagues.predict.arrays import Floats, Ints


def decayed_before(  # noqa: PLR0913 -- a table of events, and what is asked of it
    groups: Ints, days: Ints, values: Floats, asked: Ints, at: Ints, half_lives: Sequence[float]
) -> Floats:
    """Return for each (group `asked`, day `at`) the decayed sums of its group's values of strictly earlier days.

    Args:
        groups: (n,) whose event it is.
        days: (n,) the event's day, as an ordinal.
        values: (n, c) what is summed.
        asked: (m,) whose past is asked for.
        at: (m,) as of which day; events of that day itself are not seen.
        half_lives: In days.

    Returns:
        (m, h, c); a group without a past has zeros.
    """
    if len(asked) and np.all(at == at[0]) and np.all(asked[1:] > asked[:-1]):
        return _as_of(groups, days, values, asked, int(at[0]), half_lives)
    some = np.isin(groups, asked)
    groups, days, values = groups[some], days[some], values[some]
    n, m, width = len(groups), len(asked), values.shape[1]
    groups, days = np.concatenate([groups, asked]), np.concatenate([days, at])
    values = np.concatenate([values, np.zeros((m, width))])
    order = np.lexsort((days, groups))
    groups, days, values = groups[order], days[order], values[order]
    is_first = np.ones(n + m, dtype=bool)
    is_first[1:] = (groups[1:] != groups[:-1]) | (days[1:] != days[:-1])
    starts = np.flatnonzero(is_first)  # one row a group and day, so that a day never sees itself
    if not len(starts):
        return np.zeros((0, len(half_lives), width))
    sums = _running(groups[starts], days[starts], np.add.reduceat(values, starts), np.asarray(half_lives))
    found = np.empty((n + m, len(half_lives), width))
    found[order] = sums[np.cumsum(is_first) - 1]
    return found[n:]


def _as_of(groups: Ints, days: Ints, values: Floats, asked: Ints, day: int, half_lives: Sequence[float]) -> Floats:  # noqa: PLR0913
    """Return what `decayed_before` does where ascending groups are asked for as of one day: each event is weighed once."""
    found = np.zeros((len(asked), len(half_lives), values.shape[1]))
    place = np.minimum(np.searchsorted(asked, groups), len(asked) - 1)
    seen = np.flatnonzero((asked[place] == groups) & (days < day))
    place, values = place[seen], values[seen]
    age = day - days[seen]
    weights = 0.5 ** (np.arange(age.max(initial=0) + 1)[:, None] / np.asarray(half_lives)[None, :])
    for at in range(len(half_lives)):
        weight = weights[age, at]
        for column in range(values.shape[1]):
            found[:, at, column] = np.bincount(place, values[:, column] * weight, minlength=len(asked))
    return found


def _running(groups: Ints, days: Ints, values: Floats, half_lives: Floats) -> Floats:
    """Return the decayed sum before each row; rows are sorted by group and day, one a group and day."""
    sums = np.zeros((len(groups), len(half_lives), values.shape[1]))
    begins = np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]]))
    lengths = np.diff(np.concatenate([begins, [len(groups)]]))
    for place in range(1, int(lengths.max())):  # the n-th row of every group at once: stable where a prefix sum is not
        rows = begins[lengths > place] + place
        gap = days[rows] - days[rows - 1]
        factor = 0.5 ** (gap[:, None] / half_lives[None, :])
        sums[rows] = (sums[rows - 1] + values[rows - 1][:, None, :]) * factor[:, :, None]
    return sums


def last_before(  # noqa: PLR0913 -- as above
    groups: Ints, days: Ints, values: Floats, asked: Ints, at: Ints, n: int
) -> Floats:
    """Return for each asked (group, day) the values of its last `n` rows of strictly earlier days, newest first.

    `values` is (k, c); the result (c, m, n), NaN where the past is shorter.
    """
    found = np.full((values.shape[1], len(asked), n), np.nan)
    if not len(groups):
        return found
    order = np.lexsort((days, groups))
    span = np.int64(10_000_000)  # more than any day's ordinal
    keys = groups[order] * span + days[order]
    position = np.searchsorted(keys, asked * span + at, side="left")
    for back in range(n):
        index = position - 1 - back
        row = order[np.maximum(index, 0)]
        has = (index >= 0) & (groups[row] == asked)
        found[:, has, back] = values[row[has]].T
    return found
