"""What MLB's tables share: how one is declared, and the columns that many have."""

from dataclasses import replace

from tipoff.core.schema import DAY, Column, Floor, Phase, Table, flag, integer, text
from tipoff.leagues.checks.kinds import Words

LEAGUE = "mlb"
WORDS = Words(
    played="= 'final' AND s.resumed_from IS NULL",
    on="IN ('scheduled', 'live', 'final') AND s.resumed_from IS NULL",
    game_id="^[0-9]{5,9}$",
    side=("team", "opponent", "is_home"),
    clubs=("home_team", "away_team"),
)
LINE_UPS = ("projected", "confirmed")
MOST_STRIKEOUTS = 21  # of one pitcher in one game: the record is 20 in nine innings, 21 in sixteen
CHANCES = tuple(f"p_{number}" for number in range(16))  # P(K = k); the last one is of 15 and more


def table(  # noqa: PLR0913 -- a declaration
    phase: Phase,
    name: str,
    key: tuple[str, ...],
    *columns: Column,
    about: str,
    floor: Floor = Floor(),  # noqa: B008 -- frozen
    units: tuple[str, ...] = ("game_id",),
) -> Table:
    """Declare a table of the league; its first column is the day."""
    return Table(
        league=LEAGUE,
        phase=phase,
        name=name,
        key=key,
        columns=(DAY, *columns),
        about=about,
        floor=floor,
        unit_columns=units,
    )


def may_empty(column: Column) -> Column:
    """Return a column that may rightly turn NULL again."""
    return replace(column, may_empty=True)


GAME = text("game_id", required=True)
TEAM = text("team", required=True)
OPPONENT = text("opponent", required=True)
IS_HOME = flag("is_home", required=True)
PITCHER = integer("pitcher_id", 1, required=True)
PITCHER_NAME = text("pitcher_name", required=True)
PITCHER_KEY = text("pitcher_key", required=True)
SYSTEM = text("system", required=True)
TWO = Floor(rows=2, distinct=(("team", 2),))
