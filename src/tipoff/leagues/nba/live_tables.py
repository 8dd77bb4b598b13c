"""What live sources give beyond the recorded seasons: who did not play and why, who is hurt, play by play."""

from tipoff.core.schema import DAY, KNOWN_AT, Floor, Phase, Table, date_column, flag, integer, number, text
from tipoff.leagues.nba.tables import LEAGUE

_GAME = text("game_id", required=True)
_NAME = text("player_name", required=True)
_KEY = text("player_key", required=True)

ABSENCES = Table(
    league=LEAGUE,
    phase=Phase.RAW,
    name="nba_absences",
    key=("game_id", "player_id"),
    columns=(
        DAY,
        _GAME,
        integer("player_id", 1, required=True),
        _NAME,
        _KEY,
        text("team", required=True),
        text("status", required=True),
        text("reason"),
        KNOWN_AT,
    ),
    about="cdn.nba.com: who was with his club and did not play, or was inactive, and the reason where one is given.",
)
PLAYS = Table(
    league=LEAGUE,
    phase=Phase.RAW,
    name="nba_plays",
    key=("game_id", "n"),
    columns=(
        DAY,
        _GAME,
        integer("n", 1, required=True),
        integer("period", 0, 20, required=True),
        number("seconds_left", 0, 1200, measure="seconds", places=2, required=True),
        text("team"),
        integer("player_id", 1),
        text("kind"),
        text("detail"),
        flag("made"),
        number("x", -1000, 1000, measure="tenths of a foot from the basket", places=2),
        number("y", -1000, 1000, measure="tenths of a foot from the basket", places=2),
        number("distance_ft", 0, 100, measure="feet", places=2),
        text("area"),
        text("description"),
        KNOWN_AT,
    ),
    about="cdn.nba.com, or stats.nba.com in its place: a game's events in order, shots with their place.",
    floor=Floor(rows=150, distinct=(("team", 2), ("period", 4))),
)
INJURIES = Table(
    league=LEAGUE,
    phase=Phase.RAW,
    name="bdl_injuries",
    key=("bdl_player_id",),
    unit_columns=(),
    columns=(
        DAY,
        integer("bdl_player_id", 1, required=True),
        _NAME,
        _KEY,
        text("team"),
        text("status", required=True),
        text("reason"),
        KNOWN_AT,
    ),
    about="balldontlie: who is listed as hurt before the day's first game.",
)
INJURY_REPORT = Table(
    league=LEAGUE,
    phase=Phase.RAW,
    name="nba_injury_report",
    key=("game_id", "team", "player_key"),
    unit_columns=(),
    columns=(
        DAY,
        _GAME,
        _NAME,
        _KEY,
        text("team", required=True),
        text("status", required=True),
        text("reason"),
        KNOWN_AT,
    ),
    about="The league's injury report, a PDF: who is out, doubtful, questionable or probable for which game of the day, and why.",
)
EARLIER_GAMES = Table(
    league=LEAGUE,
    phase=Phase.RAW,
    name="nba_earlier_games",
    key=("game_id", "player_id"),
    unit_columns=("season",),
    columns=(
        DAY,
        _GAME,
        integer("player_id", 1, required=True),
        text("season", required=True),
        date_column("played_on", required=True),
        integer("minutes", 0, 100, measure="minutes", required=True),
        integer("points", 0, 120, measure="points", required=True),
        integer("reb", 0, 60, measure="rebounds", required=True),
        integer("ast", 0, 40, measure="assists", required=True),
        integer("fg3m", 0, 30, measure="three-pointers made", required=True),
        KNOWN_AT,
    ),
    about="stats.nba.com: who played in the seasons before, that the shipped models do not know; loaded once, on the first day.",
)
