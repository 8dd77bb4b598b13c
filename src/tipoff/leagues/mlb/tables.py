"""MLB's tables of form, features, models, predictions and grades, beside the raw ones."""

from tipoff.core.schema import DAY, Floor, Phase, Table, date_column, flag, instant, integer, number, text
from tipoff.leagues.mlb.columns import (
    CHANCES,
    GAME,
    IS_HOME,
    LEAGUE,
    MOST_STRIKEOUTS,
    OPPONENT,
    PITCHER,
    PITCHER_KEY,
    PITCHER_NAME,
    SYSTEM,
    TEAM,
    may_empty,
    table,
)
from tipoff.leagues.mlb.models.features import NAMES
from tipoff.leagues.mlb.models.form import HALF_LIVES, SUMS
from tipoff.leagues.mlb.models.history import SPOTS
from tipoff.leagues.mlb.models.strikeouts import SYSTEMS
from tipoff.leagues.mlb.raw import (
    BATTER_BOXSCORES,
    BATTER_GAMES,
    BATTER_SPLITS,
    LINE_UP_TABLE,
    PITCHER_BOXSCORES,
    PITCHER_GAMES,
    PLAYERS,
    PROBABLE_PITCHERS,
    SCHEDULE,
    TEAM_BOXSCORES,
    TEAM_GAMES,
)

__all__ = [
    "BATTER_BOXSCORES",
    "BATTER_GAMES",
    "BATTER_NUMBERS",
    "BATTER_SPLITS",
    "CHANCES",
    "FEATURE_COLUMNS",
    "FORM",
    "GRADES",
    "LINE_UP_STRIKEOUTS",
    "LINE_UP_TABLE",
    "PITCHER_BOXSCORES",
    "PITCHER_FEATURES",
    "PITCHER_GAMES",
    "PITCHER_NUMBERS",
    "PLAYERS",
    "PREDICTIONS",
    "PROBABLE_PITCHERS",
    "PROJECTED_FEATURES",
    "PROJECTED_PREDICTIONS",
    "PUBLISHED_PREDICTIONS",
    "SCHEDULE",
    "SEASON_FORM",
    "STRIKEOUT_MODEL",
    "SUM_NAMES",
    "TEAM_BOXSCORES",
    "TEAM_GAMES",
]

_SUM_COLUMNS = tuple(number(f"{name}_{half_life}", places=6) for half_life in HALF_LIVES for name in SUMS)
BATTER_NUMBERS = ("odds_right", "odds_left", "on_base_ratio", "known_appearances", "side")
_BATTER_COLUMNS = tuple(number(name, places=6) for name in BATTER_NUMBERS)
SUM_NAMES = tuple(column.name for column in _SUM_COLUMNS)
SEASON_FORM = table(
    Phase.MODELS,
    "season_form",
    ("kind", "entity"),
    text("kind", required=True),
    text("entity", required=True),
    integer("career_starts", 0, 2000, measure="starts"),
    *_BATTER_COLUMNS,
    *_SUM_COLUMNS,
    about="Decayed sums with which pitchers, batters, clubs, parks, umpires and catchers begin the season.",
    units=(),
)
PITCHER_NUMBERS = (
    "days_rest",
    "start_rest",
    "rest_before",
    "last_was_relief",
    "relief_of_5",
    "games_14",
    "last_game_bf",
    "k_of_3",
    "k_of_5",
    "k_of_10",
    "k_spread_10",
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
FORM = table(
    Phase.FEATURES,
    "form",
    ("kind", "entity"),
    text("kind", required=True),
    text("entity", required=True),
    *(number(name, places=6) for name in PITCHER_NUMBERS),
    *_BATTER_COLUMNS,
    *_SUM_COLUMNS,
    about="Form that morning of everyone who may have to do with the day; a pitcher's numbers are NULL for the others.",
    units=(),
)
STRIKEOUT_MODEL = table(
    Phase.MODELS,
    "strikeout_model",
    ("name",),
    text("name", required=True),
    text("model_text", required=True),
    integer("n_starts", 0, required=True),
    date_column("trained_through"),
    text("features", required=True),
    text("library", required=True),
    integer("seed", 0),
    about="What was learnt from the seasons before this one; empty where there were too few starts.",
    units=(),
)
FEATURE_COLUMNS = (*NAMES, "k_of_3", "k_of_5", "k_spread_10")


def _features(name: str, about: str) -> Table:
    return table(
        Phase.FEATURES,
        name,
        ("game_id", "pitcher_id"),
        GAME,
        PITCHER,
        PITCHER_NAME,
        PITCHER_KEY,
        TEAM,
        OPPONENT,
        IS_HOME,
        text("throws"),
        *(number(column, places=6) for column in FEATURE_COLUMNS),
        *(number(f"chance_{spot}", 0, 1, measure="ratio") for spot in range(1, 10)),
        *(integer(name, 1) for name in SPOTS),
        text("flags", required=True),
        about=about,
        floor=Floor(rows=1, filled=("expected_rate",)),
    )


PROJECTED_FEATURES = _features(
    "projected_features",
    "What is known of a probable starter in the morning, against the nine who last batted for his opponent.",
)
PITCHER_FEATURES = _features(
    "pitcher_features",
    "What is known of a starter before his game, against the nine who will bat; unknown is NULL.",
)


def _strikeout_analysis(name: str, about: str) -> Table:
    return table(
        Phase.FEATURES,
        name,
        ("game_id", "pitcher_id", "spot"),
        GAME,
        PITCHER,
        TEAM,
        OPPONENT,
        integer("spot", 1, 9, required=True),
        integer("batter_id", 1),
        number("strikeout_chance", 0, 1, measure="ratio", required=True),
        number("plate_appearances", 0, 6, measure="plate appearances", required=True),
        number("expected_strikeouts", 0, 6, measure="strikeouts", required=True),
        number("variance", 0, 6, required=True),
        about=about,
        floor=Floor(rows=9),
    )


LINE_UP_STRIKEOUTS = _strikeout_analysis(
    "line_up_strikeouts",
    "From the bottom up: each of the nine against the starter, over what falls to him while the starter pitches.",
)


def _predictions(name: str, about: str) -> Table:
    return Table(
        league=LEAGUE,
        phase=Phase.PREDICTIONS,
        name=name,
        key=("game_id", "pitcher_id", "system"),
        unit_columns=("game_id",),
        columns=(
            DAY,
            GAME,
            PITCHER,
            PITCHER_NAME,
            PITCHER_KEY,
            TEAM,
            OPPONENT,
            IS_HOME,
            SYSTEM,
            number("predicted_strikeouts", 0, 25, measure="strikeouts", places=4, required=True),
            number("mean_strikeouts", 0, 25, measure="strikeouts", places=4, required=True),
            number("raw_mean", 0, 25, measure="strikeouts", places=6, required=True),
            number("variance", 0, 60, places=4, required=True),
            number("expected_batters", 0, 45, measure="batters", places=4),
            *(number(name, 0, 1, measure="ratio", places=6, required=True) for name in CHANCES),
            integer("career_starts", 0, 2000, measure="starts"),
            number("own_line", 0.5, 25, measure="strikeouts", places=1),
            number("own_over_chance", 0, 1, measure="ratio", places=6),
            text("pass_reason", required=True),
            date_column("model_day"),
            instant("first_pitch_at"),
            instant("made_at", required=True, volatile=True),
        ),
        about=about,
        floor=Floor(rows=4),
    )


PROJECTED_PREDICTIONS = _predictions(
    "projected_predictions",
    "What each system predicts in the morning, of the probable starters and the projected nine.",
)
PREDICTIONS = _predictions(
    "predictions",
    "What each system predicts of the starters and the nine as announced, frozen at first pitch. The number is the median, which "
    "lies between whole counts.",
)
PUBLISHED_PREDICTIONS = table(
    Phase.PUBLISHED,
    "published_predictions",
    ("game_id", "pitcher_id"),
    GAME,
    instant("first_pitch_at"),
    PITCHER,
    PITCHER_NAME,
    TEAM,
    OPPONENT,
    IS_HOME,
    text("line_up", required=True),
    *(number(system, 0, 25, measure="strikeouts", places=2) for system in SYSTEMS),
    *(number(name, 0, 1, measure="ratio", places=4) for name in CHANCES),
    number("own_line", 0.5, 25, measure="strikeouts", places=1),
    number("own_over_chance", 0, 1, measure="ratio", places=4),
    text("pass_reason", required=True),
    about="What readers read: each system's number, the whole distribution, the chance of over, reasons to pass.",
    floor=Floor(rows=1),
)
GRADES = table(
    Phase.GRADES,
    "grades",
    ("game_id", "pitcher_id", "system", "line_up"),
    GAME,
    PITCHER,
    SYSTEM,
    text("line_up", required=True),
    number("predicted_strikeouts", 0, 25, measure="strikeouts", places=4, required=True),
    number("mean_strikeouts", 0, 25, measure="strikeouts", places=4, required=True),
    number("raw_mean", 0, 25, measure="strikeouts", places=6, required=True),
    number("variance", 0, 60, places=4, required=True),
    may_empty(integer("actual_strikeouts", 0, MOST_STRIKEOUTS, measure="strikeouts")),
    integer("actual_batters", 0, 70, measure="batters"),
    integer("career_starts", 0, 2000, measure="starts"),
    may_empty(number("error", -25, 25, measure="strikeouts", places=4)),
    may_empty(number("abs_error", 0, 25, measure="strikeouts", places=4)),
    may_empty(number("crps", 0, 25, measure="strikeouts", places=6)),
    flag("is_void", required=True),
    may_empty(text("void_reason")),
    flag("is_retrospective", required=True),
    number("own_line", 0.5, 25, measure="strikeouts", places=1),
    number("own_over_chance", 0, 1, measure="ratio", places=6),
    may_empty(flag("is_over")),
    about="Each prediction against what happened; void where he did not start. One that was broken off is graded when it ends.",
)
