"""What a live NBA asks beside what its predictions rest on: a second list of the day's games. Kept raw."""

from tipoff.core.obligation import SLATE_UNIT, Timing
from tipoff.core.schema import DAY, KNOWN_AT, Phase, Table, instant, text
from tipoff.core.step import Edge, SourceWork, Step
from tipoff.core.window import SLATE, Input
from tipoff.leagues.declare import at, first, hours
from tipoff.leagues.nba.sources import espn, games
from tipoff.leagues.nba.tables import GAME, LEAGUE

_SCHEDULE = (Input("schedule", SLATE),)
_WHAT_IS_ON = Edge(table="schedule", cascades=False)
ESPN_GAMES = Table(
    league=LEAGUE,
    phase=Phase.RAW,
    name="espn_games",
    key=("game_id",),
    unit_columns=(),
    columns=(
        DAY,
        GAME,
        text("espn_id", required=True),
        text("home_team", required=True),
        text("away_team", required=True),
        instant("tipoff_at", required=True),
        text("status", required=True),
        KNOWN_AT,
    ),
    about="espn.com: the day's games as it lists them, with its ids.",
)

BESIDE = (
    Step(
        table=ESPN_GAMES,
        work=SourceWork(source=espn.SOURCE, requests=espn.requests, parse=espn.parse, inputs=_SCHEDULE),
        timing=Timing(opens=at(9), due=first(-0.5), closes=first(0), refresh=hours(2)),
        units=SLATE_UNIT,
        edges=(_WHAT_IS_ON,),
        optional=True,
        parsers=(games.espn,),
    ),
)
