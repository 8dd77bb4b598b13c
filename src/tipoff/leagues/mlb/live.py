"""MLB as it is run live: the everyday steps, for the recorded world speaks the provider's format; lines; what is kept raw."""

from tipoff.core.obligation import AT_START, Timing
from tipoff.core.step import Edge, PublishWork, PythonWork, SourceWork, SqlWork, Step
from tipoff.core.window import SLATE, Input
from tipoff.leagues import oddsapi
from tipoff.leagues.checks import publication
from tipoff.leagues.declare import first, hours, own, statement
from tipoff.leagues.mlb import columns, lines
from tipoff.leagues.mlb.beside import BESIDE
from tipoff.leagues.mlb.catalog import AFTER, PUBLISHED, STEPS
from tipoff.leagues.mlb.lines import STRIKEOUTS
from tipoff.leagues.predict import decisions

_EVENTS = Timing(opens=first(-8), due=own(-0.5), closes=AT_START, refresh=hours(6))
_QUOTES = Timing(opens=first(-8), due=own(-0.5), closes=AT_START, refresh=hours(2))
_WHAT_IS_ON = Edge(table="schedule", cascades=False)
_PREDICTED = (Input("predictions", SLATE), Input("projected_predictions", SLATE))


def _alone(table: str) -> Edge:
    """One game waits for no other."""
    return Edge(table=table, minimum=0.0, patience=hours(0))


_LINES = (
    Step(
        table=lines.ODDS_EVENTS,
        work=SourceWork(
            source=oddsapi.SOURCE,
            key=oddsapi.KEY,
            requests=STRIKEOUTS.event_requests,
            parse=STRIKEOUTS.parse_events,
            inputs=(Input("schedule", SLATE),),
        ),
        timing=_EVENTS,
        edges=(_WHAT_IS_ON,),
        optional=True,
    ),
    Step(
        table=lines.PLAYER_LINES,
        work=SourceWork(
            source=oddsapi.SOURCE,
            key=oddsapi.KEY,
            requests=STRIKEOUTS.line_requests,
            parse=STRIKEOUTS.parse_lines,
            inputs=(Input("odds_events", SLATE),),
            keeps_history=True,
        ),
        timing=_QUOTES,
        edges=(_alone("odds_events"),),
        optional=True,
    ),
    Step(
        table=lines.MAIN_LINES,
        work=SqlWork(sql=statement("mlb", "main_lines")),
        timing=PUBLISHED,
        edges=(
            _alone("player_lines"),
            Edge(table="probable_pitchers", optional=True),
            Edge(table="line_ups", optional=True),
        ),
        optional=True,
    ),
    Step(
        table=lines.LINE_CHANCES,
        work=PythonWork(
            inputs=(Input("main_lines", SLATE), *_PREDICTED),
            transform=lines.tell_chances,
            constants=(decisions.LEAST_EDGE,),
        ),
        timing=PUBLISHED,
        edges=(
            _alone("main_lines"),
            Edge(table="predictions", optional=True),
            Edge(table="projected_predictions", optional=True),
        ),
        optional=True,
    ),
    Step(
        table=lines.PUBLISHED_LINES,
        work=PublishWork(
            inputs=(Input("line_chances", SLATE), Input("main_lines", SLATE), Input("schedule", SLATE)),
            transform=lines.publish_lines,
            guards=publication.guards(
                columns.WORDS,
                start="first_pitch_at",
                told_apart_by=("game_number", "resumed_from"),
                side="recommendation",
                lines="main_lines",
                made_at="quoted_at",
            ),
        ),
        timing=PUBLISHED,
        edges=(_WHAT_IS_ON, _alone("line_chances"), Edge(table="main_lines", optional=True)),
        optional=True,
    ),
    Step(
        table=lines.LINE_GRADES,
        work=SqlWork(sql=statement("mlb", "line_grades"), empty="no line"),
        timing=AFTER,
        edges=(
            _WHAT_IS_ON,
            Edge(
                table="line_chances", minimum=0.0, patience=hours(0), needed=False
            ),  # a game that goes on is graded by what was told on the day on which it began
            _alone("pitcher_boxscores"),
            *(Edge(table=name, optional=True, cascades=False) for name in ("predictions", "projected_predictions")),
        ),
        optional=True,
    ),
)
LIVE_STEPS = (*STEPS, *_LINES, *BESIDE)
