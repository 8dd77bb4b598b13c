"""The NBA's tables: columns with what they count in and what is believed of them."""

from dataclasses import replace

from tipoff.core.schema import (
    DAY,
    KNOWN_AT,
    Column,
    Floor,
    Phase,
    Table,
    date_column,
    flag,
    instant,
    integer,
    number,
    text,
)
from tipoff.leagues.oddsapi import EVENT_COLUMNS, LINE_KEY, line_columns

LEAGUE = "nba"
SYSTEMS = ("moving_average", "quantile_regression", "market_aware")


# Least that a game's box score holds: well below any game of the nine recorded seasons, of which none is refused.
PLAYED = Floor(
    rows=10,
    sums=(("points", 80), ("minutes", 300)),
    distinct=(("points", 4), ("team", 2)),
    filled=("minutes", "points"),
)
_BOTH_SIDES = Floor(rows=2, distinct=(("team", 2), ("won", 2)), filled=("points",))
_SOME_PLAYERS = Floor(rows=4)


def _may_empty(column: Column) -> Column:
    """Let what rests on another's word be NULL again: a line is withdrawn, a game stands on its day again."""
    return replace(column, may_empty=True)


def game_table(
    phase: Phase,
    name: str,
    key: tuple[str, ...],
    *columns: Column,
    about: str,
    floor: Floor = Floor(),  # noqa: B008 -- frozen
) -> Table:
    """Declare a table of rows of a day's games."""
    return Table(league=LEAGUE, phase=phase, name=name, key=key, columns=(DAY, *columns), about=about, floor=floor)


GAME = text("game_id", required=True)
TEAM = text("team", required=True)
PLAYER = integer("player_id", 1, required=True)
NAME = text("player_name", required=True)
_KEY = text("player_key", required=True)


SHOTS = ("fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "dreb", "reb", "ast", "stl", "blk", "tov", "pf")


def shots(scale: int, *, minutes: int) -> tuple[Column, ...]:
    """Return the counting columns of a box score; `scale` 1 for a player, 5 for a club."""
    return (
        integer("minutes", 0, minutes, measure="minutes"),
        integer("points", 0, 100 + 30 * (scale - 1), measure="points"),
        *(integer(name, 0, 60 * scale) for name in SHOTS),
    )


SCHEDULE = Table(
    league=LEAGUE,
    phase=Phase.RAW,
    name="schedule",
    key=("game_id",),
    unit_columns=(),
    columns=(
        DAY,
        GAME,
        text("home_team", required=True),
        text("away_team", required=True),
        integer("home_team_id", 1),
        integer("away_team_id", 1),
        instant("tipoff_at"),  # none while it is to be determined
        text("status", required=True),
        _may_empty(date_column("moved_to")),
        integer("home_score", 0, 300, measure="points"),
        integer("away_score", 0, 300, measure="points"),
        KNOWN_AT,
    ),
    about="The games that stand, or once stood, on the day.",
)
_SIDE = (TEAM, integer("team_id", 1), text("opponent", required=True), flag("is_home", required=True), flag("won"))
NBA_PLAYER_BOXSCORES = game_table(
    Phase.RAW,
    "nba_player_boxscores",
    ("game_id", "player_id"),
    GAME,
    PLAYER,
    NAME,
    _KEY,
    *_SIDE,
    *shots(1, minutes=70),
    number("plus_minus", -100, 100, measure="points", places=1),
    KNOWN_AT,
    about="stats.nba.com: one row a player who played.",
    floor=PLAYED,
)
NBA_TEAM_BOXSCORES = game_table(
    Phase.RAW,
    "nba_team_boxscores",
    ("game_id", "team"),
    GAME,
    *_SIDE,
    *shots(5, minutes=400),
    number("plus_minus", -100, 100, measure="points", places=1),
    KNOWN_AT,
    about="stats.nba.com: two rows a game.",
    floor=_BOTH_SIDES,
)
BDL_PLAYER_BOXSCORES = game_table(
    Phase.RAW,
    "bdl_player_boxscores",
    ("game_id", "bdl_player_id"),
    GAME,
    integer("bdl_player_id", 1, required=True),
    NAME,
    _KEY,
    TEAM,
    flag("is_home", required=True),
    *shots(1, minutes=70),
    KNOWN_AT,
    about="balldontlie: the second source; its ids are its own.",
    floor=PLAYED,
)
ODDS_EVENTS = game_table(
    Phase.RAW, "odds_events", ("game_id",), *EVENT_COLUMNS, about="the-odds-api: which event is which game."
)
PLAYER_LINES = game_table(
    Phase.RAW,
    "player_lines",
    LINE_KEY,
    *line_columns(80, "points"),
    about="the-odds-api: every quote seen, by book, player and line; the first arrival of each is kept.",
)
PLAYER_BOXSCORES = game_table(
    Phase.ANALYTICS,
    "player_boxscores",
    ("game_id", "player_id"),
    GAME,
    PLAYER,
    NAME,
    _KEY,
    TEAM,
    flag("is_home", required=True),
    *shots(1, minutes=70),
    text("source", required=True),
    about="One box score a player and game: stats.nba.com's; balldontlie's for a game that the first never gave.",
    floor=PLAYED,
)
SOURCE_AGREEMENT = game_table(
    Phase.ANALYTICS,
    "source_agreement",
    ("game_id",),
    GAME,
    integer("n_first", 0),
    integer("n_second", 0),
    integer("n_both", 0),
    integer("n_points_differ", 0),
    integer("n_minutes_differ", 0),
    integer("n_rebounds_differ", 0),
    integer("n_assists_differ", 0),
    about="How far the two sources of box scores agree, by game.",
)
TEAM_GAMES = game_table(
    Phase.ANALYTICS,
    "team_games",
    ("game_id", "team"),
    GAME,
    TEAM,
    text("opponent", required=True),
    flag("is_home", required=True),
    flag("won"),
    integer("points", 0, 250, measure="points"),
    integer("points_allowed", 0, 250, measure="points"),
    integer("minutes", 0, 400, measure="player minutes"),
    number("possessions", 40, 200, measure="possessions"),
    number("plays_used", 0, 250, measure="possessions"),
    number("pace", 50, 150, measure="possessions per 48 minutes"),
    number("off_rating", 40, 200, measure="points per 100 possessions"),
    number("def_rating", 40, 200, measure="points per 100 possessions"),
    about="A club's game: possessions are estimated from both sides' shots, turnovers and free throws.",
    floor=_BOTH_SIDES,
)
PLAYER_GAMES = game_table(
    Phase.ANALYTICS,
    "player_games",
    ("game_id", "player_id"),
    GAME,
    PLAYER,
    NAME,
    _KEY,
    TEAM,
    text("opponent", required=True),
    flag("is_home", required=True),
    *shots(1, minutes=70),
    number("usage_ratio", 0, 1, measure="ratio"),
    number("minutes_ratio", 0, 1.1, measure="ratio"),  # minutes are whole: 49 of 242 / 5 is above 1
    about="A player's game with his share of his club's plays and minutes. Who did not play has no row.",
    floor=PLAYED,
)
CANDIDATES = game_table(
    Phase.FEATURES,
    "candidates",
    ("game_id", "player_id"),
    GAME,
    PLAYER,
    NAME,
    _KEY,
    TEAM,
    text("opponent", required=True),
    flag("is_home", required=True),
    text("because", required=True),
    about="Who is predicted: played in one of his club's last five games, or has a line.",
    floor=_SOME_PLAYERS,
)
MAIN_LINES = game_table(
    Phase.FEATURES,
    "main_lines",
    ("game_id", "player_key"),
    GAME,
    _KEY,
    integer("player_id", 1),
    NAME,
    number("line", 0.5, 80, measure="points", places=2, required=True),
    text("book", required=True),
    instant("quoted_at"),
    integer("over_price", -20000, 20000, measure="american odds"),
    integer("under_price", -20000, 20000, measure="american odds"),
    integer("n_books", 1, required=True),
    integer("n_quotes", 1, required=True),
    integer("n_dropped", 0, required=True),
    about="One line a player and game: each book's newest and best balanced, then the books' lower median. A name that no "
    "player of the two clubs answers to keeps its row without an id.",
    floor=Floor(hoped=(("player_id", 0.25),)),
)
_MEANS = ("points", "minutes")
PLAYER_FEATURES = game_table(
    Phase.FEATURES,
    "player_features",
    ("game_id", "player_id"),
    GAME,
    PLAYER,
    TEAM,
    text("opponent", required=True),
    flag("is_home", required=True),
    integer("n_games", 0, 100, measure="games played", required=True),
    *(number(f"{what}_avg_{span}", 0, 100, measure=what) for what in _MEANS for span in ("5", "10", "20", "season")),
    number("points_std_10", 0, 60, measure="points"),
    number("usage_avg_5", 0, 1, measure="ratio"),
    number("usage_avg_10", 0, 1, measure="ratio"),
    number("fga_avg_5", 0, 60, measure="shots"),
    number("fta_avg_5", 0, 60, measure="free throws"),
    number("last_minutes", 0, 70, measure="minutes"),
    integer("days_rest", 0, 400, measure="days since his last game"),
    integer("games_last_7", 0, 7, measure="games played"),
    integer("team_days_rest", 0, 400, measure="days since his club's last game"),
    flag("back_to_back"),
    number("games_share_10", 0, 1, measure="share of his club's last ten games that he played"),
    number("team_pace_10", 50, 150, measure="possessions per 48 minutes"),
    integer("n_team_games", 0, 10, measure="games"),
    number("opponent_def_rating_10", 40, 200, measure="points per 100 possessions"),
    number("opponent_pace_10", 50, 150, measure="possessions per 48 minutes"),
    integer("n_opponent_games", 0, 10, measure="games"),
    about="What is known of a candidate before his game; means are over games played this season, unknown is NULL.",
    floor=Floor(
        rows=4, distinct=(("points_avg_season", 3),), filled=("points_avg_10", "minutes_avg_5", "last_minutes")
    ),
)
PUBLISHED_PREDICTIONS = game_table(
    Phase.PUBLISHED,
    "published_predictions",
    ("game_id", "player_id"),
    GAME,
    instant("tipoff_at", required=True),
    PLAYER,
    NAME,
    TEAM,
    text("opponent", required=True),
    flag("is_home", required=True),
    *(_may_empty(number(system, 0, 80, measure="points", places=2)) for system in SYSTEMS),
    text("system", required=True),
    number("low_80", 0, 150, measure="points", places=2),
    number("high_80", 0, 180, measure="points", places=2),
    _may_empty(number("line", 0.5, 80, measure="points", places=2)),
    integer("n_books", 0),
    _may_empty(number("p_over", 0, 1, measure="ratio", places=4)),
    _may_empty(text("recommendation")),
    _may_empty(text("reason")),
    about="What readers read: the systems' points beside the main line, the chance to be over it, the 80 % interval, and what "
    "follows at the offered price. A system that is not there has no number; `system` is the one that the rest is told by.",
    floor=Floor(rows=4),
)
GRADES = game_table(
    Phase.GRADES,
    "grades",
    ("game_id", "player_id", "system"),
    GAME,
    PLAYER,
    text("system", required=True),
    number("predicted_points", 0, 80, measure="points", places=4, required=True),
    integer("actual_points", 0, 100, measure="points"),
    number("error", -100, 100, measure="points", places=4),
    number("abs_error", 0, 100, measure="points", places=4),
    flag("is_void", required=True),
    text("void_reason"),
    flag("is_retrospective", required=True),
    number("line", 0.5, 80, measure="points", places=2),
    text("line_result"),
    text("side"),
    flag("is_correct"),
    about="Each prediction against what happened; the line is the last before tip-off, a push is neither right nor wrong.",
)
