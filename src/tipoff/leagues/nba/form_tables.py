"""The tables of form, distributions and their scores."""

from tipoff.core.schema import DAY, Floor, Phase, Table, date_column, flag, instant, integer, number, text
from tipoff.leagues.nba.features import FEATURES
from tipoff.leagues.nba.tables import GAME, LEAGUE, NAME, PLAYER, TEAM, game_table

PLAYER_FORM = game_table(
    Phase.FEATURES,
    "player_form",
    ("game_id", "player_id"),
    GAME,
    PLAYER,
    *(number(one.name, one.low, one.high, measure=f"{one.measure}: {one.window}", places=5) for one in FEATURES),
    about="What the games of earlier days tell of a candidate: half-lives, minutes × rate, who is missing, the opponent.",
    floor=Floor(rows=4, filled=tuple(one.name for one in FEATURES if one.required)),
)

CALIBRATION = Table(
    league=LEAGUE,
    phase=Phase.MODELS,
    name="calibration",
    key=("market",),
    unit_columns=(),
    columns=(
        DAY,
        text("market", required=True),
        text("levels", required=True),
        integer("n_rows", 0, required=True),
        date_column("trained_through"),
        text("features", required=True),
        text("form_model", required=True),
        text("library", required=True),
        number("coverage_80", 0, 1, measure="ratio", places=4),
        number("own_over_next", 0, 10, measure="ratio", places=4),
        flag("is_serving", required=True),
        text("doubt", required=True),
    ),
    about="Per market, at which of its own levels the form model really has each quantile, told from the season so far; "
    "`form_model` is the one that it corrects. `own_over_next`: its error on a player's games over that on his next ones.",
)


_SYSTEM_FLOOR = Floor(rows=4, distinct=(("median", 3),))


def system_table(name: str, about: str, *, floor: Floor = _SYSTEM_FLOOR) -> Table:
    """Declare the table of one prediction system: what it gives for each candidate and market, frozen at tip-off."""
    return game_table(
        Phase.PREDICTIONS,
        name,
        ("game_id", "player_id", "market"),
        GAME,
        PLAYER,
        text("market", required=True),
        number("mean", 0, 150, measure="count", places=3),
        number("median", 0, 150, measure="count", places=4, required=True),
        number("low_80", -0.5, 150, measure="count", places=3),
        number("high_80", 0, 180, measure="count", places=3),
        text("quantiles"),
        number("line_slope", 0, 2, measure="ratio", places=4),
        text("form_model"),
        date_column("calibration_day"),
        instant("tipoff_at", required=True),
        instant("made_at", required=True, volatile=True),
        about=about,
        floor=floor,
    )


PUBLISHED_MARKETS = game_table(
    Phase.PUBLISHED,
    "published_markets",
    ("game_id", "player_id", "market"),
    GAME,
    instant("tipoff_at", required=True),
    PLAYER,
    NAME,
    TEAM,
    text("market", required=True),
    number("mean", 0, 150, measure="count", places=2, required=True),
    number("median", 0, 150, measure="count", places=2, required=True),
    number("low_80", 0, 150, measure="count", places=2, required=True),
    number("high_80", 0, 180, measure="count", places=2, required=True),
    about="What readers read of every market: mean, median and 80 % interval of each count.",
    floor=Floor(rows=4),
)

SCORES = Table(
    league=LEAGUE,
    phase=Phase.GRADES,
    name="scores",
    key=("market", "system", "metric"),
    unit_columns=(),
    columns=(
        DAY,
        text("market", required=True),
        text("system", required=True),
        text("metric", required=True),
        integer("n", 1, measure="predictions", required=True),
        number("value", -150, 150, measure="the metric's", required=True, places=6),
    ),
    about="A slate's grades by market, system and metric: the mean over those who played, and of how many.",
)
