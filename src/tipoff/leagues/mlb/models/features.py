"""The features of a start: the pitcher's form, the nine batters, the clubs, the place and the day."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tipoff.leagues.mlb.models import form
from tipoff.leagues.mlb.models.batters import LEAGUE, Rates, line_up
from tipoff.leagues.mlb.models.form import HALF_LIVES, History, column
from tipoff.leagues.predict.arrays import Floats, Ints
from tipoff.leagues.predict.counts import chance_of, log_odds

_OWN_K = dict(zip(HALF_LIVES, (8.0, 12.0, 15.0, 18.0), strict=True))  # expected strikeouts to which a rate is shrunk
_LONG_REST = 999.0
_PLACES = {"venue": 80.0, "umpire": 80.0, "catcher": 80.0, "club": 60.0}  # expected strikeouts to which each is shrunk

_BY_HALF_LIFE = ("k", "start_k", "relief_k", "seen", "walks", "hits", "runs", "bf", "starts")
_RECENT = (
    "days_rest",
    "start_rest",
    "rest_before",
    "last_was_relief",
    "relief_of_5",
    "games_14",
    "last_game_bf",
    "k_of_10",
    "bf_of_10",
    "outs_of_3",
    "bf_1_ago",
    "bf_2_ago",
    "bf_3_ago",
    "bf_4_ago",
    "bf_5_ago",
    "season_starts",
    "season_bf",
    "season_k",
    "season_relief",
    "career_starts",
)
_OF_THE_DAY = ("at_home", "is_night", "innings", "designated", "temperature", "left_handed", "age", "day_of_year")
_OF_THE_NINE = (
    "nine_career",
    "nine",
    "nine_of_late",
    "nine_on_base",
    "newcomers",
    "opposite",
    "expected_rate",
    "base_strikeouts",
)
NAMES = (  # what models read, in order
    "league",
    "usual_bf",
    *(f"{name}_{half_life}" for half_life in HALF_LIVES for name in _BY_HALF_LIFE),
    *(f"{kind}_{half_life}" for kind in _PLACES for half_life in HALF_LIVES[1:]),
    *("club_runs", "club_on_base", "leash_60", "leash_200"),
    *_RECENT,
    *_OF_THE_DAY,
    *_OF_THE_NINE,
)


@dataclass(frozen=True, slots=True)
class Starts:
    """What is asked for: one element a start. What is not known is NOBODY or NaN."""

    pitcher: Ints
    day: Ints
    club: Ints
    facing: Ints  # the club at bat
    venue: Ints
    umpire: Ints
    catcher: Ints
    opposing_starter: Ints  # the batting club's own, who bats where nobody bats for him
    batters: Ints  # (n, 9)
    left: Floats
    born: Floats
    is_home: Floats
    designated: Floats
    innings: Floats
    night: Floats
    temperature: Floats


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of each start's people and places that morning: sums by kind, and a pitcher's numbers by name."""

    sums: Mapping[str, Floats]  # (n, half-lives, SUMS); of batters (n, 9, half-lives, SUMS)
    pitcher: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Features:
    """One row a start; `columns` by name; `chances` (n, 9): of each batter to strike out against this pitcher."""

    columns: dict[str, Floats]
    chances: Floats

    def matrix(self) -> Floats:
        """Return (n, k) in the order of NAMES."""
        return np.column_stack([self.columns[name] for name in NAMES])


def starts_of(past: History) -> tuple[Starts, Ints]:
    """Return every start of the history, and its row among the appearances."""
    seen, at_bat = past.appearances, past.at_bat
    rows = np.flatnonzero(seen.is_starter > 0)
    row, own = form.facing_row(seen, at_bat)[rows], form.own_starters(at_bat)
    starts = Starts(
        pitcher=seen.pitcher[rows],
        day=seen.day[rows],
        club=seen.club[rows],
        facing=at_bat.club[row],
        venue=at_bat.venue[row],
        umpire=at_bat.umpire[row],
        catcher=at_bat.catcher[row],
        opposing_starter=own[row],
        batters=at_bat.batters[row],
        left=seen.left[rows],
        born=seen.born[rows],
        is_home=1 - at_bat.is_home[row],
        designated=at_bat.designated[row],
        innings=at_bat.innings[row],
        night=at_bat.night[row],
        temperature=at_bat.temperature[row],
    )
    return starts, rows


def past_of(past: History, starts: Starts) -> Past:
    """Return what is known of each start from a history that holds everything before it."""
    day, nine = starts.day, starts.batters.shape
    asked = {
        "pitcher": starts.pitcher,
        "club": starts.facing,
        "venue": starts.venue,
        "umpire": starts.umpire,
        "catcher": starts.catcher,
        "staff": starts.club,
    }
    sums = {kind: form.sums_before(past, kind, ids, day) for kind, ids in asked.items()}
    batters = form.sums_before(past, "batter", starts.batters.ravel(), np.repeat(day, nine[1]))
    sums |= {"league": form.league_sums(past, day), "batter": batters.reshape(*nine, *batters.shape[1:])}
    pitcher = form.recent(past.appearances, starts.pitcher, day)
    pitcher |= form.season_counts(past.appearances, starts.pitcher, day)
    pitcher |= {"career_starts": form.starts_before(past.appearances, starts.pitcher, day)}
    return Past(sums, pitcher)


def features(past: Past, rates: Mapping[int, Rates], starts: Starts) -> Features:
    """Return the features of `starts`, each as of the morning of its day."""
    columns = _pitcher(past) | _places(past)
    columns |= {name: np.array(values) for name, values in past.pitcher.items()}
    for name in ("days_rest", "start_rest", "rest_before"):
        columns[name] = np.nan_to_num(columns[name], nan=_LONG_REST)
    columns |= {
        "at_home": starts.is_home,
        "is_night": starts.night,
        "innings": starts.innings,
        "designated": starts.designated,
        "temperature": starts.temperature,
        "left_handed": starts.left,
        "age": (starts.day - starts.born) / 365.25,
        "day_of_year": _day_of_year(starts.day),
    }
    nine, chances = _nine(past, rates, starts, columns)
    columns |= nine
    columns["base_strikeouts"] = columns["expected_rate"] * columns["bf_60"]
    return Features(columns, chances)


def _day_of_year(days: Ints) -> Floats:
    years = (form.season_of(days) - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    return (days - 719_163 - years).astype(np.float64)


def _pitcher(past: Past) -> dict[str, Floats]:
    pitcher, league = past.sums["pitcher"], past.sums["league"]
    level, usual = form.level(league), form.usual_faced(league)
    columns: dict[str, Floats] = {"league": level, "usual_bf": usual}
    for half_life, own in _OWN_K.items():

        def total(name: str, half_life: int = half_life) -> Floats:
            return column(pitcher, name, half_life)

        everybody = total("all_faced") + own * 3
        columns |= {
            f"k_{half_life}": form.relative_rate(pitcher, league, half_life, own),
            f"start_k_{half_life}": (total("strikeouts") + own * form.STARTER * level)
            / ((total("expected") + own) * level),
            f"relief_k_{half_life}": (total("relief_strikeouts") + own * level)
            / ((total("relief_expected") + own) * level),
            f"seen_{half_life}": total("expected") + total("relief_expected"),
            f"walks_{half_life}": (total("walks") + own * 3 * 0.08) / everybody,
            f"hits_{half_life}": (total("hits") + own * 3 * 0.23) / everybody,
            f"runs_{half_life}": (total("runs") + own * 3 * 0.115) / everybody,
            f"bf_{half_life}": (total("faced") + 1.5 * (usual - 1)) / (total("starts") + 1.5),
            f"starts_{half_life}": total("starts"),
        }
    return columns


def _places(past: Past) -> dict[str, Floats]:
    columns = {}
    for kind, own in _PLACES.items():
        sums = past.sums[kind]
        for half_life in HALF_LIVES[1:]:
            made, expected = column(sums, "strikeouts", half_life), column(sums, "expected", half_life)
            columns[f"{kind}_{half_life}"] = (made + own) / (expected + own)
    club, staff = past.sums["club"], past.sums["staff"]
    games = column(club, "games", 60)
    games = np.where(games > 0, games, np.nan)
    columns |= {"club_runs": column(club, "runs", 60) / games, "club_on_base": column(club, "on_base", 60) / games}
    for half_life in HALF_LIVES[1:3]:
        columns[f"leash_{half_life}"] = column(staff, "faced", half_life) / (column(staff, "starts", half_life) + 10.0)
    return columns


def _nine(
    past: Past, rates: Mapping[int, Rates], starts: Starts, columns: Mapping[str, Floats]
) -> tuple[dict[str, Floats], Floats]:
    years = form.season_of(starts.day)
    odds, on_base, known, opposite = (np.zeros(starts.batters.shape) for _ in range(4))
    for year in np.unique(years):
        mine = years == year
        found = line_up(
            rates[int(year)],
            starts.batters[mine],
            starts.left[mine],
            starts.opposing_starter[mine],
            designated=starts.designated[mine],
        )
        odds[mine], on_base[mine], known[mine], opposite[mine] = found.odds, found.on_base, found.known, found.opposite
    batters = past.sums["batter"]
    of_late = form.batter_form(batters.reshape(-1, *batters.shape[2:])).reshape(odds.shape)
    base = log_odds(LEAGUE * columns["league"])[:, None]
    skill = 0.8 * columns["k_200"] + 0.2 * columns["k_600"]
    pitcher = log_odds(np.clip(LEAGUE * columns["league"] * skill, 0.03, 0.6))[:, None]
    chances = chance_of(pitcher + odds + of_late)
    nine = {
        "nine_career": chance_of(base + odds).mean(axis=1),
        "nine": chance_of(base + odds + of_late).mean(axis=1),
        "nine_of_late": of_late.mean(axis=1),
        "nine_on_base": on_base.mean(axis=1),
        "newcomers": (known < 100).sum(axis=1).astype(np.float64),  # noqa: PLR2004 -- plate appearances
        "opposite": opposite.sum(axis=1),
        "expected_rate": chances @ form.SHARE,
    }
    return nine, chances
