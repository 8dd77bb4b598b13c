"""Who is who, as tables: the list of players, and who is meant by each spelling of the lines and of the second source."""

from dataclasses import replace

from tipoff.core.schema import DAY, KNOWN_AT, Column, Phase, Table, integer, text
from tipoff.leagues.nba.tables import GAME, LEAGUE, NAME, PLAYER, game_table


def _once_told(column: Column) -> Column:
    """Let what is known of a spelling be NULL again: another man of the name has come, or a ruling was taken back."""
    return replace(column, may_empty=True)


_KEY = text("player_key", required=True)
_WHO = (  # who is meant, of which team; how sure that is, by which rule; whom else it may be
    _once_told(integer("player_id", 1)),
    _once_told(text("of_team")),
    text("certainty", required=True),
    _once_told(text("rule")),
    _once_told(text("suggestions")),
)
PLAYERS = Table(
    league=LEAGUE,
    phase=Phase.RAW,
    name="players",
    key=("player_id",),
    unit_columns=(),
    columns=(DAY, PLAYER, NAME, _KEY, text("team"), KNOWN_AT),
    about="stats.nba.com: the season's players and the teams that they are with, as listed in the morning.",
)
LINE_NAMES = game_table(
    Phase.ANALYTICS,
    "line_names",
    ("game_id", "player_key"),
    GAME,
    _KEY,
    text("spelling", required=True),  # of those that have the key, the first by the alphabet
    *_WHO,
    about="Who is meant by each spelling in a game's lines, of the players of its two teams; nobody where that is not certain.",
)
BOX_NAMES = game_table(
    Phase.ANALYTICS,
    "box_names",
    ("game_id", "bdl_player_id"),
    GAME,
    integer("bdl_player_id", 1, required=True),
    NAME,
    *_WHO,
    about="Who is meant by each row of the second source's box scores, among the players of his team.",
)
