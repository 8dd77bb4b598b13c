"""What a live NBA asks beside what its predictions rest on: another list of games, box scores, agreed lines. Kept raw."""

from tipoff.core.obligation import SLATE_UNIT, Timing
from tipoff.core.schema import DAY, KNOWN_AT, Phase, Table, instant, text
from tipoff.core.step import Edge, SourceWork, Step
from tipoff.core.window import SLATE, Input
from tipoff.leagues import bettingpros
from tipoff.leagues.declare import at, first, hours, last
from tipoff.leagues.nba.catalog import MARKET
from tipoff.leagues.nba.sources import espn, games, reference
from tipoff.leagues.nba.sources.lines import AGREED
from tipoff.leagues.nba.tables import GAME, LEAGUE, NAME, PLAYED, TEAM, game_table, shots

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
        instant("tipoff_at"),
        text("status", required=True),
        KNOWN_AT,
    ),
    about="espn.com: the day's games as it lists them, with its ids.",
)
BR_BOXSCORES = game_table(
    Phase.RAW,
    "br_boxscores",
    ("game_id", "br_player_id"),
    GAME,
    text("br_player_id", required=True),
    NAME,
    text("player_key", required=True),
    TEAM,
    *shots(1, minutes=70),
    KNOWN_AT,
    about="basketball-reference.com: who played, a day after the game, with its ids.",
    floor=PLAYED,
)
AGREED_LINES = game_table(
    Phase.RAW,
    bettingpros.TABLE,
    bettingpros.LINE_KEY,
    GAME,
    *bettingpros.line_columns(80, "points"),
    about="bettingpros.com: each line on which the books agreed, as it first came, and what it projects itself.",
)

BESIDE = (
    Step(
        table=ESPN_GAMES,
        work=SourceWork(source=espn.SOURCE, requests=espn.requests, parse=espn.parse, inputs=_SCHEDULE),
        timing=Timing(opens=at(9), due=first(-0.5), closes=first(0), refresh=hours(2)),
        units=SLATE_UNIT,
        of_empty_days=True,
        edges=(_WHAT_IS_ON,),
        optional=True,
        parsers=(games.espn,),
    ),
    Step(
        table=BR_BOXSCORES,
        work=SourceWork(
            source=reference.SOURCE, requests=reference.box_requests, parse=reference.parse_box, inputs=_SCHEDULE
        ),
        timing=Timing(opens=last(24), due=last(48), closes=last(96), poll=hours(4)),  # once: no refresh
        edges=(_WHAT_IS_ON,),
        optional=True,
        parsers=(reference.box_page,),
    ),
    Step(
        table=AGREED_LINES,
        work=SourceWork(
            source=bettingpros.SOURCE,
            key=bettingpros.KEY,
            requests=AGREED.requests,
            parse=AGREED.parse,
            inputs=_SCHEDULE,
            keeps_history=True,  # a line moves, and of a man who will not play it is gone
        ),
        timing=MARKET,
        edges=(_WHAT_IS_ON,),
        optional=True,
    ),
)
