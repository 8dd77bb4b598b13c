"""Sums over what each has done, newest first: exponential means, medians, spreads. Arrays in, arrays out."""

from dataclasses import dataclass

import numpy as np

from tipoff.leagues.predict.arrays import Floats, Ints


@dataclass(frozen=True, slots=True)
class Runs:
    """Rows grouped by who they are of, each group's newest row first.

    `order` sorts the rows so; `starts` and `counts` bound each group in that order, `rank` counts its rows from 0; `group_of`
    gives the group of an id, or -1.
    """

    order: Ints
    starts: Ints
    counts: Ints
    rank: Ints
    ids: Ints
    group_of: Ints

    def weights(self, half_life: float) -> Floats:
        """Return each row's weight, in order: half as much for every `half_life` games further back."""
        return np.asarray(0.5 ** (self.rank / half_life), dtype=np.float64)

    def sums(self, ordered: Floats) -> Floats:
        """Return each group's sum of rows that stand in order."""
        return np.asarray(np.add.reduceat(ordered, self.starts, axis=0), dtype=np.float64)

    def means(self, ordered: Floats, half_life: float) -> Floats:
        """Return each group's exponential mean of the columns (n, k), in order."""
        weights = self.weights(half_life)
        return np.asarray(self.sums(ordered * weights[:, None]) / self.sums(weights)[:, None], dtype=np.float64)

    def nth(self, ordered: Floats, n: int) -> Floats:
        """Return each group's n-th newest value, NaN where it has fewer."""
        there = self.counts > n
        return np.where(there, ordered[np.where(there, self.starts + n, self.starts)], np.nan)

    def last(self, ordered: Floats, n: int) -> Floats:
        """Return each group's last n rows of the columns (rows, k) as (groups, n, k), NaN where it has fewer."""
        found = np.full((len(self.starts), n, ordered.shape[1]), np.nan)
        recent = self.rank < n
        groups = np.repeat(np.arange(len(self.starts)), self.counts)
        found[groups[recent], self.rank[recent]] = ordered[recent]
        return found


def runs(ids: Ints, when: Ints, n_ids: int) -> Runs:
    """Group rows by `ids` (below `n_ids`); `when` rises with time and tells a group's rows apart."""
    order = np.lexsort((-when, ids))
    ordered = ids[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    counts = np.diff(np.r_[starts, len(ids)])
    rank = np.arange(len(ids)) - np.repeat(starts, counts)
    group_of = np.full(n_ids, -1, dtype=np.int64)
    group_of[ordered[starts]] = np.arange(len(starts))
    return Runs(order, starts, counts, rank, ordered[starts], group_of)


def medians(last: Floats) -> Floats:
    """Return the medians over the games of (groups, n, k), leaving out what is NaN; every group has a game."""
    ordered = np.sort(last, axis=1)  # NaN comes last
    known = np.sum(~np.isnan(ordered[:, :, 0]), axis=1)
    groups = np.arange(len(last))
    return np.asarray((ordered[groups, (known - 1) // 2] + ordered[groups, known // 2]) / 2, dtype=np.float64)


def spreads(last: Floats) -> Floats:
    """Return the standard deviations over the games of (groups, n, k), leaving out what is NaN; nought for a single game."""
    known = ~np.isnan(last)
    n = known.sum(axis=1)
    mean = np.where(known, last, 0.0).sum(axis=1) / n
    apart = np.where(known, last - mean[:, None, :], 0.0)
    return np.asarray(np.sqrt((apart**2).sum(axis=1) / n), dtype=np.float64)
