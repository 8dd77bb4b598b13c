"""How often a batter strikes out against a left- or right-handed pitcher, told from his earlier seasons alone."""

from dataclasses import dataclass

import numpy as np

from tipoff.leagues.mlb.models.history import NOBODY, Splits
from tipoff.leagues.predict.arrays import Floats, Ints
from tipoff.leagues.predict.counts import chance_of, log_odds

LEAGUE = 0.22  # strikeouts a plate appearance of the league to which every rate here is relative
_BY_AGE = (1.0, 0.65, 0.42, 0.27, 0.18)  # what a season counts: last year's, the one before, ...
_NEWCOMER = 1.06  # newcomers strike out more often than the league
_OWN = 140.0  # plate appearances of a newcomer that stand for what is not known
_BY_HAND = 300.0  # plate appearances after which his own record by hand counts as much as what is usual for it
_ON_BASE, _ON_BASE_OWN = 0.32, 60.0
# What a pitcher's hand does to log odds, by how the batter stands (left, right, both). Source: batting splits 2015-18.
_USUAL = np.array([[-0.04, 0.03, 0.0], [0.13, -0.05, 0.0]])  # [against right, against left]
_PITCHER = float(np.log(0.42 / 0.58))  # log odds of a pitcher at bat (before 2022, National League)
PITCHER_ON_BASE = 0.14
KNOWN = 150.0  # weighted plate appearances from which even a pitcher's own record is believed


@dataclass(frozen=True, slots=True)
class Rates:
    """A season's batters before it begins: log odds relative to LEAGUE by pitcher's hand, on-base share, what is known."""

    batters: Ints  # sorted
    by_hand: Floats  # (n, 2): against right, against left
    on_base: Floats
    known: Floats  # weighted plate appearances
    side: Ints

    def of(self, batters: Ints, left: Floats) -> tuple[Floats, Floats, Floats, Ints]:
        """Return log odds, on-base share, what is known and side of (n, 9) batters against (n,) pitchers.

        A batter without an earlier season is a newcomer who bats right.
        """
        place = np.searchsorted(self.batters, batters)
        place = np.minimum(place, len(self.batters) - 1)
        has = self.batters[place] == batters
        hand = np.broadcast_to((left > 0).astype(np.int64)[:, None], batters.shape)
        side = np.where(has, self.side[place], 1)
        newcomer = log_odds(np.asarray(LEAGUE * _NEWCOMER)) + _USUAL[hand, side] - log_odds(np.asarray(LEAGUE))
        odds = np.where(has, self.by_hand[place, hand], newcomer)
        on_base = np.where(has, self.on_base[place], _ON_BASE)
        return odds, on_base, np.where(has, self.known[place], 0.0), side


def rates_before(splits: Splits, season: int) -> Rates:
    """Return every batter's rates as they stood before `season`: a season's totals are known only when it is over."""
    ages = season - 1 - splits.season
    use = (ages >= 0) & (ages < len(_BY_AGE)) & (splits.batter != NOBODY)
    batters, place = np.unique(splits.batter[use], return_inverse=True)
    if not len(batters):
        nobody = np.array([NOBODY], dtype=np.int64)
        return Rates(nobody, np.zeros((1, 2)), np.full(1, _ON_BASE), np.zeros(1), np.ones(1, dtype=np.int64))
    weight = np.asarray(_BY_AGE)[ages[use]]
    appearances, strikeouts = splits.appearances[use] * weight, splits.strikeouts[use] * weight
    league = _league_rates(splits)
    usual_rate = np.array([league[int(year)] for year in splits.season[use]])
    side = np.zeros(len(batters), dtype=np.int64)
    side[place] = splits.side[use]

    def total(values: Floats) -> Floats:
        return np.bincount(place, weights=values, minlength=len(batters)).astype(np.float64)

    known = total(appearances)
    relative = (total(strikeouts) + _OWN * LEAGUE * _NEWCOMER) / (total(appearances * usual_rate) + _OWN * LEAGUE)
    overall = log_odds(np.minimum(LEAGUE * relative, 0.6))
    by_hand = np.empty((len(batters), 2))
    for hand in (0, 1):
        mine = splits.against_left[use] == hand
        faced = total(appearances * mine)
        expected = total(appearances * usual_rate * mine)
        prior = chance_of(overall + _USUAL[hand, side])
        seen = LEAGUE * total(strikeouts * mine) / np.maximum(expected, 1e-9)
        mixed = (faced * seen + _BY_HAND * prior) / (faced + _BY_HAND)
        by_hand[:, hand] = log_odds(np.clip(mixed, 0.03, 0.7)) - log_odds(np.asarray(LEAGUE))
    on_base = (total(splits.on_base[use] * weight) + _ON_BASE * _ON_BASE_OWN) / (known + _ON_BASE_OWN)
    return Rates(batters, by_hand, on_base, known, side)


def _league_rates(splits: Splits) -> dict[int, float]:
    found = {}
    for season in np.unique(splits.season):
        mine = splits.season == season
        faced = splits.appearances[mine].sum()
        found[int(season)] = float(splits.strikeouts[mine].sum() / faced) if faced else LEAGUE
    return found


def line_up(rates: Rates, batters: Ints, left: Floats, starter: Ints, *, designated: Floats) -> "LineUp":
    """Return (n, 9) batters against (n,) pitchers; `starter` is the batting club's own, who bats where nobody bats for him."""
    odds, on_base, known, side = rates.of(batters, left)
    is_pitcher = (batters == starter[:, None]) & (designated[:, None] == 0) & (known < KNOWN)
    odds = np.where(is_pitcher, _PITCHER - log_odds(np.asarray(LEAGUE)), odds)
    on_base = np.where(is_pitcher, PITCHER_ON_BASE, on_base)
    opposite = (side == 2) | (side != np.where(left > 0, 0, 1)[:, None])  # noqa: PLR2004 -- 2: bats from both sides
    return LineUp(odds, on_base, known, opposite.astype(np.float64))


@dataclass(frozen=True, slots=True)
class LineUp:
    """Nine batters against a pitcher, each (n, 9)."""

    odds: Floats  # log odds relative to LEAGUE
    on_base: Floats
    known: Floats
    opposite: Floats  # 1.0 where the batter stands on the other side than the pitcher throws from
