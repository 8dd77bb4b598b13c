"""What is claimed of the NBA's slates, in the catalog's order."""

from dataclasses import replace
from datetime import date, timedelta

from tipoff.checks import work
from tipoff.core.check import Check
from tipoff.leagues.checks import kinds, probes, rests
from tipoff.leagues.checks.generic import Traits, generic
from tipoff.leagues.nba import tables
from tipoff.leagues.nba.catalog import STEPS
from tipoff.leagues.nba.checks import careers, formulas, history, market, predictions, results
from tipoff.leagues.nba.features import FEATURES
from tipoff.leagues.nba.models.features import Feature
from tipoff.leagues.nba.systems.catalog import SYSTEMS
from tipoff.leagues.nba.systems.quantile_regression import QUANTILE_REGRESSION
from tipoff.leagues.nba.tables import GRADES, ODDS_EVENTS, PLAYER_LINES, SCHEDULE
from tipoff.leagues.nba.words import WORDS

_PLAYED = WORDS.played

# Of a player's form, what hardly moves from game to game; the rest is made to move.
_STEADY = {f"{name}_h{life}" for name in ("minutes", "points", "reb", "ast", "fga", "plays") for life in (12, 40)}


def _is_slow(feature: Feature) -> bool:
    """Whether a feature has few values in a slate (a club's number, days, games), or is nought at first or after a break."""
    of_clubs = feature.name.startswith(("team_", "opponent_", "expected_", "missing_", "mates_", "last_margin_"))
    return (
        of_clubs
        or feature.window == "seven days"
        or feature.measure in {"days", "games", "games played", "log of 1 + games", "ratio"}
        or "_sd_" in feature.name
    )


_COUNTS = ("over_price", "under_price", "n_books", "n_quotes", "n_dropped")  # they are formulas' or the books'
_MARGIN = ("plus_minus",)  # the provider's does not always add up to a game's: checks of its own say by how much
_WEEK = ("games_7_days", "minutes_7_days")  # none for all after the all-star break: the second formula holds them
_CERTAIN = ("certainty", "rule", "suggestions")  # alike while every name is known
_OF_A_SYSTEM = Traits(
    irregular=("form_model", "calibration_day", "quantiles", "line_slope"),
    alike=("form_model", "line_slope"),
)
TRAITS = {
    "schedule": Traits(
        irregular=("status", "moved_to", "home_score", "away_score"), sizes=False, alike=("status", "moved_to")
    ),
    "nba_player_boxscores": Traits(irregular=_MARGIN),
    "nba_team_boxscores": Traits(irregular=_MARGIN, alike=("minutes",)),
    "player_boxscores": Traits(alike=("source",)),
    "source_agreement": Traits(alike=tuple(column.name for column in tables.SOURCE_AGREEMENT.columns)),
    "team_games": Traits(irregular=_MARGIN, alike=("minutes",)),
    "player_lines": Traits(
        irregular=("book", "player_key", "player_name"), sizes=False, covers=False, alike=("over_price", "under_price")
    ),
    "main_lines": Traits(
        irregular=("book", "quoted_at", *_COUNTS[2:]), sizes=False, covers=False, alike=("book", "quoted_at", *_COUNTS)
    ),
    "players": Traits(usual=False),
    "line_names": Traits(irregular=_CERTAIN, sizes=False, covers=False, alike=_CERTAIN),
    "box_names": Traits(irregular=_CERTAIN, alike=_CERTAIN),
    "candidates": Traits(irregular=("because",), alike=("because",)),
    "player_features": Traits(
        irregular=("days_rest", "team_days_rest", "games_last_7", "back_to_back", "last_minutes"),
        unknown=("games_last_7",),  # as of a week's in player_form
        slow=(
            *("n_games", "days_rest", "games_last_7", "team_days_rest", "games_share_10"),
            *("team_pace_10", "opponent_def_rating_10", "opponent_pace_10"),
        ),
        alike=("n_team_games", "n_opponent_games"),  # ten for all, soon; the formula's
    ),
    "player_form": Traits(
        irregular=tuple(one.name for one in FEATURES if one.name not in _STEADY),
        unknown=_WEEK,
        slow=tuple(one.name for one in FEATURES if _is_slow(one)),
        alike=("at_home",),  # the formula's
    ),
    "calibration": Traits(usual=False),  # a few rows, each of its own kind
    **{system.name: _OF_A_SYSTEM for system in SYSTEMS},
    "market_aware": replace(_OF_A_SYSTEM, sizes=False, covers=False, remade=False),  # made once, lines go on
    "published_predictions": Traits(
        irregular=("market_aware", "system", "line", "n_books", "p_over", "recommendation", "reason"),
        alike=("n_books", "system"),
    ),
    "grades": Traits(
        irregular=("line", "line_result", "side", "is_correct", "is_retrospective", "void_reason", "is_void"),
        alike=("is_retrospective", "void_reason"),
        rates={"is_void": (0.02, 0.6), "is_correct": (0.3, 0.7)},
    ),
    "scores": Traits(usual=False),
}
_HOUR = timedelta(hours=1)
STOPS = {(date(2020, 3, 12), date(2020, 7, 29)): "the league had stopped the season"}  # Source: its schedule of 2019-20

CHECKS: tuple[Check, ...] = (
    *generic(STEPS, WORDS, TRAITS),
    rests.days_have_games(SCHEDULE, stops=STOPS),
    probes.is_fresh(SCHEDULE, within=7 * _HOUR),  # it is refreshed every six hours
    probes.is_fresh(ODDS_EVENTS, within=7 * _HOUR),
    probes.is_fresh(PLAYER_LINES, within=3 * _HOUR),  # every two
    kinds.history_is_whole(tables.TEAM_GAMES, "schedule", played=_PLAYED),
    kinds.history_is_whole(tables.PLAYER_GAMES, "schedule", played=_PLAYED),
    *results.schedule(),
    *results.box_scores(),
    *market.market(),
    *predictions.predictions(),
    *predictions.model(),
    *formulas.formulas(),
    careers.careers(),
    *history.history(),
    *work.work(),
    probes.accuracy(GRADES, QUANTILE_REGRESSION.name, at_most=7.5, measure="points", least=14),
)
