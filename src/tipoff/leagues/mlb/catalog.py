"""MLB's day on one page, in order: what is owed for a slate, from when, by when, what it waits for."""

from datetime import date, timedelta

from tipoff.core.obligation import AT_START, SLATE_UNIT, Timing, Units
from tipoff.core.slate import Season
from tipoff.core.step import Edge, PublishWork, PythonWork, SourceWork, SqlWork, Step
from tipoff.core.window import BEFORE, LATEST, SLATE, Input, Window, WindowKind
from tipoff.leagues.checks import publication
from tipoff.leagues.declare import at, first, hours, last, own, statement
from tipoff.leagues.mlb import columns, tables
from tipoff.leagues.mlb.models import history, strikeouts
from tipoff.leagues.mlb.models.features import NAMES
from tipoff.leagues.mlb.sources import feed, schedule, seasons
from tipoff.leagues.mlb.steps import morning, predictions, season, starts

_LEARNT = Window(WindowKind.SEASONS, 4)  # the three seasons that models learn from, and one of history before them
_RECENT = Window(WindowKind.SEASONS, 1)  # a pitcher's last ten starts may lie in the season before
_NEXT_MORNING = at(34)  # 10:00 New York
# Games abroad begin at five in the morning: what comes before a game is told from the day's first start, not from an hour.
ONCE = Timing(opens=first(-10), due=first(-4))
MORNING = Timing(opens=first(-8), due=first(-3))
NAMED = Timing(
    opens=first(-7.25), due=own(-1), closes=AT_START, refresh=hours(3)
)  # the third look: just before it is due
PROJECTED = Timing(opens=first(-8), due=own(-1), closes=AT_START)
# One answer a game, for all games at once every forty minutes: a slate's outputs are made no more often than a day allows.
LINE_UPS = Timing(
    opens=first(-3.5), due=own(-0.4), closes=AT_START, poll=timedelta(minutes=40), poll_max=timedelta(minutes=40)
)
CONFIRMED = Timing(opens=first(-3.5), due=own(-0.25), closes=AT_START)
PUBLISHED = Timing(opens=first(-8), due=own(-0.25), closes=AT_START)
_GAMES_OVER = last(3.25)  # most games are over by then, and told together
BOXES = Timing(opens=_GAMES_OVER, due=_NEXT_MORNING, refresh=hours(24), settles=at(58), poll_max=hours(1))
AFTER = Timing(opens=_GAMES_OVER, due=_NEXT_MORNING)

_WHAT_IS_ON = Edge(table="schedule", cascades=False)
_AT_ONCE = timedelta(0)  # one game's line-up waits for no other
_SCHEDULE = (Input("schedule", SLATE),)
_LEARNS_FROM = (
    Input("pitcher_boxscores", _LEARNT, history.APPEARANCES),
    Input("team_boxscores", _LEARNT, history.AT_BAT),
    Input("batter_splits", LATEST),
    Input("players", LATEST),
)
_LAST_STARTS = ("day", "game_id", "pitcher_id", "team", "is_starter", "outs", "batters_faced", "strikeouts")
_NINE = ("day", "game_id", "team", "has_designated_hitter", *history.SPOTS)
_GRADED = ("day", "system", "line_up", "raw_mean", "actual_strikeouts")


def _first_day(day: date, season: Season) -> bool:
    """Once a season, on its first day."""
    return day == season.first_day


STEPS = (
    Step(
        table=tables.SCHEDULE,
        work=SourceWork(source=schedule.SOURCE, requests=schedule.requests, parse=schedule.parse),
        timing=Timing(
            opens=at(-8), due=at(10), settles=at(36), refresh=hours(6), refresh_unknown=timedelta(minutes=40)
        ),
        units=SLATE_UNIT,
    ),
    Step(
        table=tables.PLAYERS,
        work=SourceWork(source=seasons.SOURCE, requests=seasons.player_requests, parse=seasons.parse_players),
        timing=ONCE,
        units=Units(by_game=False, parts=seasons.finished_and_this),
        owed_on=_first_day,
    ),
    Step(
        table=tables.BATTER_SPLITS,
        work=SourceWork(source=seasons.SOURCE, requests=seasons.split_requests, parse=seasons.parse_splits),
        timing=ONCE,
        units=Units(by_game=False, parts=seasons.finished),
        owed_on=_first_day,
    ),
    Step(
        table=tables.PROBABLE_PITCHERS,
        work=SourceWork(
            source=schedule.SOURCE, requests=schedule.requests, parse=schedule.parse_probable, inputs=_SCHEDULE
        ),
        timing=NAMED,
        edges=(_WHAT_IS_ON,),
        optional=True,
    ),
    Step(
        table=tables.LINE_UP_TABLE,
        work=SourceWork(source=feed.SOURCE, requests=feed.requests, parse=feed.parse_line_ups, inputs=_SCHEDULE),
        timing=LINE_UPS,
        edges=(_WHAT_IS_ON,),
    ),
    Step(
        table=tables.PITCHER_BOXSCORES,
        work=SourceWork(source=feed.SOURCE, requests=feed.requests, parse=feed.parse_pitchers, inputs=_SCHEDULE),
        timing=BOXES,
        edges=(_WHAT_IS_ON,),
    ),
    Step(
        table=tables.TEAM_BOXSCORES,
        work=SourceWork(source=feed.SOURCE, requests=feed.requests, parse=feed.parse_teams, inputs=_SCHEDULE),
        timing=BOXES,
        edges=(_WHAT_IS_ON,),
    ),
    Step(
        table=tables.BATTER_BOXSCORES,
        work=SourceWork(source=feed.SOURCE, requests=feed.requests, parse=feed.parse_batters, inputs=_SCHEDULE),
        timing=BOXES,
        edges=(_WHAT_IS_ON,),
    ),
    Step(
        table=tables.SEASON_FORM,
        work=PythonWork(inputs=_LEARNS_FROM, transform=season.make_season_form),
        timing=ONCE,
        units=SLATE_UNIT,
        owed_on=_first_day,
    ),
    Step(
        table=tables.STRIKEOUT_MODEL,
        work=PythonWork(
            inputs=_LEARNS_FROM, transform=season.train_strikeouts, constants=(NAMES, strikeouts.LEAST_STARTS)
        ),
        timing=ONCE,
        units=SLATE_UNIT,
        owed_on=_first_day,
    ),
    Step(
        table=tables.FORM,
        work=PythonWork(
            inputs=(
                Input("season_form", LATEST),
                Input("pitcher_games", BEFORE, (*history.APPEARANCES, "expected_strikeouts", "more_faced")),
                Input("team_games", BEFORE, (*history.AT_BAT, "expected_strikeouts")),
                Input("pitcher_boxscores", _RECENT, _LAST_STARTS),
            ),
            transform=morning.make_form,
        ),
        timing=MORNING,
        units=SLATE_UNIT,
    ),
    Step(
        table=tables.PITCHER_GAMES,
        work=PythonWork(
            inputs=(Input("pitcher_boxscores", SLATE), Input("team_boxscores", SLATE), Input("form", SLATE)),
            transform=morning.make_pitcher_games,
        ),
        timing=AFTER,
        rows_as=("pitcher_boxscores",),
        same_as=("bdbd71ed43c3",),  # when form was read anew for each run
    ),
    Step(
        table=tables.TEAM_GAMES,
        work=SqlWork(sql=statement("mlb", "team_games")),
        timing=AFTER,
        rows_as=("team_boxscores",),
    ),
    Step(
        table=tables.BATTER_GAMES,
        work=SqlWork(sql=statement("mlb", "batter_games")),
        timing=AFTER,
        rows_as=("batter_boxscores",),
    ),
    Step(
        table=tables.PROJECTED_FEATURES,
        work=PythonWork(
            inputs=(
                Input("probable_pitchers", SLATE),
                Input("schedule", SLATE),
                Input("form", SLATE),
                Input("team_games", BEFORE, _NINE),
                Input("players", LATEST),
            ),
            transform=starts.project_features,
        ),
        timing=PROJECTED,
        edges=(_WHAT_IS_ON, Edge(table="probable_pitchers", minimum=0.0, patience=_AT_ONCE)),
        optional=True,
    ),
    Step(
        table=tables.PITCHER_FEATURES,
        work=PythonWork(inputs=(Input("line_ups", SLATE), Input("form", SLATE)), transform=starts.make_features),
        timing=CONFIRMED,
        edges=(Edge(table="line_ups", minimum=0.0, patience=_AT_ONCE),),
        rows_as=("line_ups",),
    ),
    Step(
        table=tables.PROJECTED_PREDICTIONS,
        work=PythonWork(
            inputs=(
                Input("projected_features", SLATE),
                Input("strikeout_model", LATEST),
                Input("grades", BEFORE, _GRADED),
                Input("schedule", SLATE),
            ),
            transform=predictions.predict_projected,
        ),
        timing=PROJECTED,
        edges=(
            _WHAT_IS_ON,
            Edge(table="projected_features", minimum=0.0, patience=_AT_ONCE),
            Edge(table="grades", optional=True, cascades=False),
        ),
        rows_as=("projected_features",),
        rows_of="pitcher_id",
        optional=True,
    ),
    Step(
        table=tables.PREDICTIONS,
        work=PythonWork(
            inputs=(
                Input("pitcher_features", SLATE),
                Input("strikeout_model", LATEST),
                Input("grades", BEFORE, _GRADED),
                Input("schedule", SLATE),
            ),
            transform=predictions.predict_confirmed,
        ),
        timing=CONFIRMED,
        edges=(
            _WHAT_IS_ON,
            Edge(table="pitcher_features", minimum=0.0, patience=_AT_ONCE),
            Edge(table="grades", optional=True, cascades=False),
        ),
        rows_as=("pitcher_features",),
        rows_of="pitcher_id",
    ),
    Step(
        table=tables.LINE_UP_STRIKEOUTS,
        work=PythonWork(
            inputs=(Input("pitcher_features", SLATE), Input("predictions", SLATE)),
            transform=predictions.analyse_line_up,
        ),
        same_as=("9c5bf2026aad",),  # when it laid out the whole slate for each game
        timing=CONFIRMED,
        edges=(
            Edge(table="pitcher_features", minimum=0.0, patience=_AT_ONCE),
            Edge(table="predictions", minimum=0.0, patience=_AT_ONCE),
        ),
    ),
    Step(
        table=tables.PUBLISHED_PREDICTIONS,
        work=PublishWork(
            inputs=(Input("predictions", SLATE), Input("projected_predictions", SLATE), *_SCHEDULE),
            transform=predictions.publish,
            guards=publication.guards(
                columns.WORDS, start="first_pitch_at", told_apart_by=("game_number", "resumed_from")
            ),
        ),
        same_as=("fe5a336ce65b",),  # as the sum laid open
        timing=PUBLISHED,
        edges=(
            _WHAT_IS_ON,
            Edge(table="predictions", optional=True),
            Edge(table="projected_predictions", optional=True),
        ),
        rows_as=("projected_features",),
    ),
    Step(
        table=tables.GRADES,
        work=SqlWork(sql=statement("mlb", "grades"), empty="nobody was predicted"),
        timing=Timing(opens=_GAMES_OVER, due=at(36)),
        edges=(
            _WHAT_IS_ON,
            # a game that goes on is graded by what was predicted the day before; what was lost then holds nothing now
            Edge(table="predictions", minimum=0.0, patience=_AT_ONCE, needed=False),
            Edge(table="projected_predictions", optional=True),
        ),
        rows_as=("predictions", "projected_predictions"),
    ),
)
