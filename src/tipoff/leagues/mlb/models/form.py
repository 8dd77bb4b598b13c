"""Form: decayed sums of what pitchers, batters, clubs, parks, umpires and catchers did on earlier days.

Strikeouts are laid beside what the batters' earlier seasons alone would have led one to expect, so that a hard line-up is no
bad form. The sums are linear: what a season begins with is carried as sums, and only the season's own days are added.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tipoff.leagues.mlb.models.batters import LEAGUE, Rates, line_up, rates_before
from tipoff.leagues.mlb.models.decay import decayed_before, last_before
from tipoff.leagues.mlb.models.history import BATTERS, Appearances, AtBat, Splits
from tipoff.leagues.predict.arrays import Floats, Ints
from tipoff.leagues.predict.counts import chance_of, log_odds

HALF_LIVES = (15, 60, 200, 600)  # days
SUMS = (
    "strikeouts",  # a pitcher's in starts; a club's, park's ... of all pitchers
    "expected",  # strikeouts that were to be expected
    "faced",  # batters in starts; of a staff: more than usual
    "starts",
    "relief_strikeouts",
    "relief_expected",
    "walks",
    "hits",
    "runs",
    "all_faced",
    "on_base",
    "games",
)
KINDS = ("pitcher", "batter", "club", "venue", "umpire", "catcher", "staff", "league")
_COLUMN = {name: place for place, name in enumerate(SUMS)}
_BY_ORDER = np.array([4.65, 4.55, 4.45, 4.34, 4.24, 4.13, 4.0, 3.9, 3.77])  # plate appearances by place in the order
SHARE = _BY_ORDER / _BY_ORDER.sum()
_MOST = 40
TURNS = np.array([[n // BATTERS + (spot < n % BATTERS) for spot in range(BATTERS)] for n in range(_MOST + 1)], float)
_RELIEF = 1.10  # in relief a pitcher strikes out more
STARTER = 0.93  # a starter of whom nothing is known, relative to the league
_LEAGUE_OWN = 4000.0  # plate appearances of which the league's usual rate is believed before any are seen
_OWN = 25.0  # expected strikeouts to which a pitcher is shrunk where his batters are to be judged
_EPOCH = 719_163  # the ordinal of 1970-01-01


@dataclass(frozen=True, slots=True)
class History:
    """Earlier days, with what was to be expected of each pitcher's game and of each club at bat."""

    appearances: Appearances
    at_bat: AtBat
    expected: Floats  # (n,) of appearances: strikeouts of a usual pitcher of LEAGUE against these batters
    club_expected: Floats  # (n,) of at_bat: of those who in fact pitched, as known that morning
    more_faced: Floats  # (n,) of appearances: batters more than usual of a starter


@dataclass(frozen=True, slots=True)
class Carried:
    """Sums as of one day, by kind: ids in ascending order, and (n, half-lives, SUMS)."""

    day: int
    ids: Mapping[str, Ints]
    sums: Mapping[str, Floats]

    def at(self, kind: str, asked: Ints, at: Ints) -> Floats:
        """Return what is left of them at later days, zeros for those not known."""
        ids, found = self.ids.get(kind), np.zeros((len(asked), len(HALF_LIVES), len(SUMS)))
        if ids is None or not len(ids):
            return found
        place = np.minimum(np.searchsorted(ids, asked), len(ids) - 1)
        has = ids[place] == asked
        factor = 0.5 ** ((at - self.day)[:, None] / np.array(HALF_LIVES)[None, :])
        found[has] = self.sums[kind][place[has]] * factor[has][:, :, None]
        return found


def season_of(days: Ints) -> Ints:
    """Return the calendar years of ordinals: a season lies within one."""
    years = (days - _EPOCH).astype("datetime64[D]").astype("datetime64[Y]")
    return np.asarray(years.astype(np.int64) + 1970)


def history(appearances: Appearances, at_bat: AtBat, splits: Splits) -> History:
    """Lay every pitcher's game beside its expectation. The batters of each season are told from the seasons before it."""
    row = facing_row(appearances, at_bat)
    expected = expected_strikeouts(appearances, at_bat, row, splits)
    past = History(appearances, at_bat, expected, np.zeros(len(at_bat.day)), np.zeros(len(row)))
    pitchers = sums_before(past, "pitcher", appearances.pitcher, appearances.day)
    league = league_sums(past, appearances.day)
    own = expected * relative(pitchers, league) * level(league)
    club_expected = np.bincount(row, weights=own, minlength=len(at_bat.day)).astype(np.float64)
    return History(appearances, at_bat, expected, club_expected, appearances.faced - usual_faced(league))


def facing_row(appearances: Appearances, at_bat: AtBat) -> Ints:
    """Return for each pitcher's game the row of the club that he faced."""
    return _row_of(at_bat, at_bat.facing, appearances.game, appearances.club)


def own_starters(at_bat: AtBat) -> Ints:
    """Return for each club at bat its own starter: whom the other club of the game faced; -2 where that is not known."""
    row = _row_of(at_bat, at_bat.club, at_bat.game, at_bat.facing)
    has = (at_bat.game[row] == at_bat.game) & (at_bat.club[row] == at_bat.facing)
    return np.where(has, at_bat.starter[row], -2)


def _row_of(at_bat: AtBat, clubs: Ints, game: Ints, club: Ints) -> Ints:
    span = np.int64(100_000)  # more than there are clubs
    keys = at_bat.game * span + clubs
    order = np.argsort(keys, kind="stable")
    return order[np.minimum(np.searchsorted(keys[order], game * span + club), len(keys) - 1)]


def expected_strikeouts(appearances: Appearances, at_bat: AtBat, row: Ints, splits: Splits) -> Floats:
    """Return (n,): what a usual pitcher would strike out of the batters faced, a starter's in their order."""
    return expected_of(appearances, at_bat, row, rates_by_season(splits, appearances.day))


def expected_of(appearances: Appearances, at_bat: AtBat, row: Ints, rates: Mapping[int, Rates]) -> Floats:
    """Return `expected_strikeouts` of batters whose rates are at hand, by season."""
    own, years = own_starters(at_bat), season_of(appearances.day)
    found = np.zeros(len(row))
    for year in np.unique(years):
        mine = np.flatnonzero(years == year)
        rows = row[mine]
        against = line_up(
            rates[int(year)],
            at_bat.batters[rows],
            appearances.left[mine],
            own[rows],
            designated=at_bat.designated[rows],
        )
        chances = chance_of(log_odds(np.asarray(LEAGUE)) + against.odds)
        faced = np.clip(np.nan_to_num(appearances.faced[mine]), 0, _MOST)
        in_order = (chances * TURNS[faced.astype(np.int64)]).sum(axis=1)
        found[mine] = np.where(appearances.is_starter[mine] > 0, in_order, faced * (chances @ SHARE))
    return found


def events(past: History, kind: str) -> tuple[Ints, Ints, Floats]:
    """Return whose, when and (n, SUMS) what of one kind."""
    if kind in {"pitcher", "staff"}:
        return _of_pitchers(past, kind)
    at_bat = past.at_bat
    values = np.zeros((len(at_bat.day), len(SUMS)))
    values[:, _COLUMN["strikeouts"]], values[:, _COLUMN["expected"]] = at_bat.strikeouts, past.club_expected
    if kind == "club":
        values[:, _COLUMN["runs"]], values[:, _COLUMN["on_base"]] = at_bat.runs, at_bat.on_base
        values[:, _COLUMN["games"]] = 1.0
    if kind == "batter":
        groups, days = at_bat.batters.ravel(), np.repeat(at_bat.day, BATTERS)
        return groups, days, np.repeat(values, BATTERS, axis=0)
    groups = {"club": at_bat.club, "venue": at_bat.venue, "umpire": at_bat.umpire, "catcher": at_bat.catcher}[kind]
    return groups, at_bat.day, values


def _of_pitchers(past: History, kind: str) -> tuple[Ints, Ints, Floats]:
    seen = past.appearances
    start = seen.is_starter
    values = np.zeros((len(seen.day), len(SUMS)))
    if kind == "staff":
        values[:, _COLUMN["faced"]], values[:, _COLUMN["starts"]] = past.more_faced * start, start
        return seen.club, seen.day, values
    for name, value in {
        "strikeouts": seen.strikeouts * start,
        "expected": past.expected * start,
        "faced": seen.faced * start,
        "starts": start,
        "relief_strikeouts": seen.strikeouts * (1 - start),
        "relief_expected": past.expected * (1 - start),
        "walks": seen.walks,
        "hits": seen.hits,
        "runs": seen.runs,
        "all_faced": seen.faced,
    }.items():
        values[:, _COLUMN[name]] = value
    return seen.pitcher, seen.day, values


def sums_before(past: History, kind: str, asked: Ints, at: Ints, carried: Carried | None = None) -> Floats:
    """Return (m, half-lives, SUMS) of the asked as of the morning of each day."""
    groups, days, values = events(past, kind)
    used = np.flatnonzero(np.any(values != 0, axis=0)) if len(values) else np.zeros(0, dtype=np.int64)
    found = np.zeros((len(asked), len(HALF_LIVES), len(SUMS)))
    found[:, :, used] = decayed_before(groups, days, values[:, used], asked, at, HALF_LIVES)
    return found if carried is None else found + carried.at(kind, asked, at)


def league_sums(past: History, at: Ints, carried: Carried | None = None) -> Floats:
    """Return (m, half-lives, SUMS) of all pitchers together; batters faced only of starts."""
    days, place = np.unique(at, return_inverse=True)
    seen = past.appearances
    values = np.zeros((len(seen.day), len(SUMS)))
    values[:, _COLUMN["strikeouts"]], values[:, _COLUMN["expected"]] = seen.strikeouts, past.expected
    values[:, _COLUMN["faced"]] = seen.faced * seen.is_starter
    values[:, _COLUMN["starts"]] = seen.is_starter
    everybody, nobody = np.zeros(len(seen.day), dtype=np.int64), np.zeros(len(days), dtype=np.int64)
    found = decayed_before(everybody, seen.day, values, nobody, days, HALF_LIVES)
    if carried is not None:
        found = found + carried.at("league", nobody, days)
    return found[place]


def column(sums: Floats, name: str, half_life: int) -> Floats:
    """Return (m,) one sum of one half-life."""
    return np.asarray(sums[:, HALF_LIVES.index(half_life), _COLUMN[name]])


def level(league: Floats) -> Floats:
    """Return (m,): all pitchers' strikeouts relative to expectation of late."""
    own = _LEAGUE_OWN * LEAGUE
    return np.asarray((column(league, "strikeouts", 200) + own) / (column(league, "expected", 200) + own))


def usual_faced(league: Floats) -> Floats:
    """Return (m,): batters that a starter faces, over the league and of late."""
    return np.asarray((column(league, "faced", 60) + 20 * 22.0) / (column(league, "starts", 60) + 20))


def relative(pitchers: Floats, league: Floats) -> Floats:
    """Return (m,): a pitcher's strikeouts in starts relative to the league, shrunk, of 60 days: to judge his batters by."""
    usual = level(league)
    made, expected = column(pitchers, "strikeouts", 60), column(pitchers, "expected", 60)
    return np.asarray((made + _OWN * usual) / ((expected + _OWN) * usual))


def relative_rate(pitchers: Floats, league: Floats, half_life: int, own: float, *, relief: float = 0.6) -> Floats:
    """Return (m,): strikeouts relative to the league with relief work, shrunk to a newcomer's by `own` expected strikeouts."""
    made = (
        column(pitchers, "strikeouts", half_life) + relief * column(pitchers, "relief_strikeouts", half_life) / _RELIEF
    )
    expected = column(pitchers, "expected", half_life) + relief * column(pitchers, "relief_expected", half_life)
    usual = level(league)
    return np.asarray((made + own * STARTER * usual) / ((expected + own) * usual))


def batter_form(batters: Floats) -> Floats:
    """Return (m,): what to add to a batter's log odds for how his clubs struck out, with him in the order, of late.

    A club's surplus over expectation is laid to each of its nine; over a season the one who is always there keeps it.
    """
    made, expected = column(batters, "strikeouts", 200), column(batters, "expected", 200)
    return np.asarray(np.clip(3.0 * (made - expected) / (expected + 400.0), -0.6, 0.6))


def recent(appearances: Appearances, asked: Ints, at: Ints) -> dict[str, Floats]:
    """Return (m,) each: a pitcher's last starts and games, also of the season before; NaN where there is none."""
    start, day = appearances.is_starter > 0, appearances.day.astype(np.float64)
    told = np.column_stack([appearances.faced, appearances.strikeouts, appearances.outs, day])
    faced, strikeouts, outs, start_day = last_before(
        appearances.pitcher[start], appearances.day[start], told[start], asked, at, 10
    )
    told = np.column_stack([day, appearances.is_starter, appearances.faced])
    game_day, is_start, last_faced = last_before(appearances.pitcher, appearances.day, told, asked, at, 6)
    today = at.astype(np.float64)
    with np.errstate(invalid="ignore"):
        soon = (today[:, None] - game_day <= 14).sum(axis=1)  # noqa: PLR2004 -- two weeks
    return {
        "days_rest": today - game_day[:, 0],
        "start_rest": today - start_day[:, 0],
        "rest_before": start_day[:, 0] - start_day[:, 1],
        "last_was_relief": 1 - is_start[:, 0],
        "relief_of_5": np.nansum(1 - is_start[:, :5], axis=1),
        "games_14": soon.astype(np.float64),
        "last_game_bf": last_faced[:, 0],
        "k_of_3": _mean(strikeouts[:, :3]),
        "k_of_5": _mean(strikeouts[:, :5]),
        "k_of_10": _mean(strikeouts),
        "k_spread_10": _spread(strikeouts),
        "bf_of_10": _mean(faced),
        "outs_of_3": _mean(outs[:, :3]),
    } | {f"bf_{back}_ago": faced[:, back - 1] for back in range(1, 6)}


def season_counts(appearances: Appearances, asked: Ints, at: Ints) -> dict[str, Floats]:
    """Return (m,) each: starts, batters faced, strikeouts and relief games of the season so far."""
    values = np.column_stack(
        [appearances.is_starter, appearances.faced, appearances.strikeouts, 1 - appearances.is_starter]
    )
    groups = appearances.pitcher * 10_000 + season_of(appearances.day)
    found = decayed_before(groups, appearances.day, values, asked * 10_000 + season_of(at), at, (1e9,))[:, 0]
    names = ("season_starts", "season_bf", "season_k", "season_relief")
    return {name: np.round(found[:, place]) for place, name in enumerate(names)}


def starts_before(appearances: Appearances, asked: Ints, at: Ints) -> Floats:
    """Return (m,): starts of all earlier days that are at hand."""
    values = appearances.is_starter[:, None]
    return np.round(decayed_before(appearances.pitcher, appearances.day, values, asked, at, (1e9,))[:, 0, 0])


def _mean(values: Floats) -> Floats:
    has = ~np.isnan(values)
    total = np.where(has, values, 0.0).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / np.where(has.any(axis=1), has.sum(axis=1), np.nan))


def _spread(values: Floats) -> Floats:
    mean = _mean(values)
    n = (~np.isnan(values)).sum(axis=1)
    squares = np.nansum((values - mean[:, None]) ** 2, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.sqrt(squares / np.where(n > 1, n - 1, np.nan)))


def rates_by_season(splits: Splits, at: Ints) -> dict[int, Rates]:
    """Return the batters' rates before each season that is asked for."""
    return {int(year): rates_before(splits, int(year)) for year in np.unique(season_of(at))}
