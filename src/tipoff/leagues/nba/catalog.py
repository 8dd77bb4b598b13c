"""The NBA's day on one page, in order: what is owed for a slate, from when, by when, what it waits for."""

import hashlib
import inspect
from datetime import date, timedelta
from functools import partial
from types import ModuleType

from tipoff.core.obligation import AT_START, SLATE_UNIT, Anchor, Moment, Timing
from tipoff.core.slate import Season
from tipoff.core.step import Edge, PublishWork, PythonWork, SourceWork, SqlWork, Step
from tipoff.core.window import BEFORE, KNOWN, SLATE, Input
from tipoff.leagues import oddsapi
from tipoff.leagues.checks.publication import guards
from tipoff.leagues.declare import at as _at
from tipoff.leagues.declare import hours as _hours
from tipoff.leagues.declare import statement
from tipoff.leagues.identity import names, resolve
from tipoff.leagues.nba import form, form_tables, markets, memory, name_tables, publication, rows, scores, tables, who
from tipoff.leagues.nba.features import CONTRACT
from tipoff.leagues.nba.models.system import System, Training
from tipoff.leagues.nba.sources import balldontlie, people, schedule, statsnba
from tipoff.leagues.nba.sources.lines import POINTS
from tipoff.leagues.nba.systems.catalog import INDEPENDENT, SERVING, SYSTEMS
from tipoff.leagues.nba.systems.market_aware import MARKET_AWARE
from tipoff.leagues.nba.words import WORDS
from tipoff.leagues.predict import decisions

_sql = partial(statement, "nba")
_GAMES_OVER = Moment(Anchor.LAST_START, _hours(3))  # the last box score is expected by then
_NEXT_MORNING = _at(34)  # 10:00 New York
_BEFORE_TIP = Moment(Anchor.FIRST_START, -timedelta(minutes=30))

AFTER_GAMES = Timing(opens=_GAMES_OVER, due=_NEXT_MORNING)
CORRECTED = Timing(  # results are corrected for a day or two
    opens=_GAMES_OVER, due=_NEXT_MORNING, refresh=_hours(12), settles=_at(58), poll_max=_hours(1)
)
MORNING = Timing(opens=_at(9), due=_BEFORE_TIP)
UNTIL_TIP = Timing(opens=_at(9), due=_BEFORE_TIP, closes=AT_START)
AT_LAST = Timing(opens=Moment(Anchor.FIRST_START, -_hours(1.5)), due=AT_START, closes=AT_START)
MARKET = Timing(opens=_at(10), due=_BEFORE_TIP, closes=AT_START, refresh=_hours(2))
EVENTS = Timing(opens=_at(10), due=_BEFORE_TIP, closes=AT_START, refresh=_hours(6))

_WHAT_IS_ON = Edge(table="schedule", cascades=False)
_WHO = Edge(table="candidates", cascades=False)  # who they are: what changes of them comes through the systems
_BY_GAME = timedelta(0)  # the market of one game waits for no other: patience ends at once
_LISTED = (Edge(table="players", optional=True), Edge(table="player_games", optional=True, cascades=False))
_LINE_SPELLINGS = ("game_id", "player_key", "player_name")
_BOX_SPELLINGS = ("game_id", "bdl_player_id", "player_name", "team")
_SIDES = ("game_id", "home_team", "away_team")


_FORM_COLUMNS = ("day", "game_id", "player_id", "team", "opponent", *form.COUNTED)
TRAINING = Timing(opens=_at(9), due=_BEFORE_TIP, closes=Moment(Anchor.FIRST_START, _hours(0)))


def _trains_on(day: date, _season: Season) -> bool:
    """Mondays and Thursdays."""
    return day.weekday() in {0, 3}


def _training(trained: Training) -> Step:
    """Return the step that trains what a system rests on."""
    is_read = {one.table for one in trained.learns_from}
    return Step(
        table=trained.table,
        work=PythonWork(inputs=trained.learns_from, transform=trained.train, constants=trained.rests_on),
        timing=TRAINING,
        units=SLATE_UNIT,
        edges=(
            Edge(table="player_form", quality=0.5),
            *((Edge(table="main_lines", optional=True, cascades=False),) if "main_lines" in is_read else ()),
        ),
        owed_on=_trains_on,
        same_as=trained.same_as,
    )


def _predicting(system: System) -> Step:
    """Return the step that fills a system's own table."""
    is_of_market = system is MARKET_AWARE
    lines = Edge(table="main_lines", minimum=0.0, patience=_BY_GAME)
    return Step(
        table=system.table,
        work=PythonWork(inputs=system.features, transform=system.predict, constants=system.rests_on),
        timing=AT_LAST if is_of_market else UNTIL_TIP,
        edges=(_WHAT_IS_ON, *system.edges, *((lines,) if is_of_market else ())),
        rows_as=() if is_of_market else (system.features[0].table,),  # what it is made of, player by player
        optional=is_of_market,
    )


def _source(module: ModuleType) -> str:
    """Return a hash of a module's source: what a step's version must change with."""
    return hashlib.sha256(inspect.getsource(module).encode()).hexdigest()[:16]


STEPS = (
    Step(
        table=tables.SCHEDULE,
        work=SourceWork(source=schedule.SOURCE, requests=schedule.requests, parse=schedule.parse),
        timing=Timing(opens=_at(-6), due=_at(10), settles=_at(36), refresh=_hours(6)),
        units=SLATE_UNIT,
        same_as=("f18ccfc896de", "5108c2bf0180"),  # recorded and live, when a start that is not known yet was refused
    ),
    Step(
        table=tables.NBA_PLAYER_BOXSCORES,
        work=SourceWork(
            source=statsnba.SOURCE,
            requests=statsnba.player_requests,
            parse=statsnba.parse_players,
            inputs=(Input("schedule", SLATE),),
        ),
        timing=CORRECTED,
        edges=(_WHAT_IS_ON,),
    ),
    Step(
        table=tables.NBA_TEAM_BOXSCORES,
        work=SourceWork(
            source=statsnba.SOURCE,
            requests=statsnba.team_requests,
            parse=statsnba.parse_teams,
            inputs=(Input("schedule", SLATE),),
        ),
        timing=CORRECTED,
        edges=(_WHAT_IS_ON,),
    ),
    Step(
        table=tables.BDL_PLAYER_BOXSCORES,
        work=SourceWork(
            source=balldontlie.SOURCE,
            key=balldontlie.KEY,
            requests=balldontlie.requests,
            parse=balldontlie.parse,
            inputs=(Input("schedule", SLATE),),
        ),
        timing=Timing(  # looked at again, also when it said that it does not cover the day
            opens=Moment(Anchor.LAST_START, _hours(6)),
            due=_at(40),
            refresh=_hours(12),
            settles=_at(58),
            poll_max=_hours(2),
        ),
        edges=(_WHAT_IS_ON,),
        optional=True,
    ),
    Step(
        table=tables.ODDS_EVENTS,
        work=SourceWork(
            source=oddsapi.SOURCE,
            key=oddsapi.KEY,
            requests=POINTS.event_requests,
            parse=POINTS.parse_events,
            inputs=(Input("schedule", SLATE),),
        ),
        timing=EVENTS,
        edges=(_WHAT_IS_ON,),
        optional=True,
    ),
    Step(
        table=tables.PLAYER_LINES,
        work=SourceWork(
            source=oddsapi.SOURCE,
            key=oddsapi.KEY,
            requests=POINTS.line_requests,
            parse=POINTS.parse_lines,
            inputs=(Input("odds_events", SLATE),),
            keeps_history=True,
        ),
        timing=MARKET,
        edges=(Edge(table="odds_events", minimum=0.0, patience=_BY_GAME),),
        optional=True,
    ),
    Step(
        table=name_tables.PLAYERS,
        work=SourceWork(source=statsnba.SOURCE, requests=who.list_requests, parse=who.parse_list),
        timing=Timing(opens=_at(9), due=_at(34), settles=_at(34)),
        units=SLATE_UNIT,
        optional=True,
        parsers=(people.player_index,),
    ),
    Step(
        table=name_tables.BOX_NAMES,
        work=PythonWork(
            inputs=(Input("bdl_player_boxscores", SLATE, _BOX_SPELLINGS), *who.KNOWN),
            transform=who.name_boxes,
            constants=(_source(resolve), _source(names)),
            asks=True,
        ),
        timing=Timing(opens=_GAMES_OVER, due=_at(41)),
        edges=(Edge(table="bdl_player_boxscores", minimum=0.0, patience=_BY_GAME), *_LISTED),
        optional=True,
        rows_as=("bdl_player_boxscores",),
        same_as=("eea5f613a9e2",),  # when everybody was looked through for each name
    ),
    Step(
        table=tables.PLAYER_BOXSCORES,
        work=SqlWork(sql=_sql("player_boxscores")),
        timing=AFTER_GAMES,
        edges=(
            Edge(table="nba_player_boxscores", minimum=0.0, patience=_hours(8), needed=False),
            Edge(table="bdl_player_boxscores", optional=True, stands_in_for="nba_player_boxscores"),
            Edge(table="box_names", optional=True, stands_in_for="nba_player_boxscores"),
        ),
        rows_as=("nba_player_boxscores",),
    ),
    Step(
        table=tables.SOURCE_AGREEMENT,
        work=SqlWork(sql=_sql("source_agreement")),
        timing=Timing(opens=_GAMES_OVER, due=_at(42)),
        edges=(
            Edge(table="nba_player_boxscores", minimum=0.0, patience=_hours(8)),
            Edge(table="bdl_player_boxscores", minimum=0.0, patience=_hours(8)),
            Edge(table="box_names", optional=True),
        ),
        optional=True,
    ),
    Step(
        table=tables.TEAM_GAMES,
        work=SqlWork(sql=_sql("team_games")),
        timing=AFTER_GAMES,
        edges=(
            Edge(table="nba_team_boxscores", minimum=0.0, patience=_hours(8), needed=False),
            Edge(table="bdl_player_boxscores", optional=True, stands_in_for="nba_team_boxscores"),
        ),
        rows_as=("nba_team_boxscores",),
    ),
    Step(
        table=tables.PLAYER_GAMES,
        work=SqlWork(sql=_sql("player_games")),
        timing=AFTER_GAMES,
        rows_as=("player_boxscores",),
    ),
    Step(
        table=name_tables.LINE_NAMES,
        work=PythonWork(
            inputs=(Input("player_lines", KNOWN, _LINE_SPELLINGS), Input("schedule", SLATE, _SIDES), *who.KNOWN),
            transform=who.name_lines,
            constants=(_source(resolve), _source(names)),
            asks=True,
        ),
        timing=Timing(opens=_at(10), due=_BEFORE_TIP),
        edges=(_WHAT_IS_ON, Edge(table="player_lines", minimum=0.0, patience=_BY_GAME), *_LISTED),
        optional=True,
        same_as=(
            "408d38131481",
            "37be7558fb54",
        ),  # as the names of box scores; when it picked who is present for each spelling
    ),
    Step(
        table=tables.CANDIDATES,
        work=SqlWork(sql=_sql("candidates"), empty="no history"),
        timing=MORNING,
        edges=(_WHAT_IS_ON, Edge(table="line_names", optional=True)),
        same_as=("3ef827a90899",),  # when it numbered all of a player's games, and not those of his last day alone
    ),
    Step(
        table=tables.MAIN_LINES,
        work=SqlWork(sql=_sql("main_lines")),
        timing=UNTIL_TIP,
        edges=(
            _WHAT_IS_ON,
            Edge(table="player_lines", minimum=0.0, patience=_BY_GAME),
            Edge(table="line_names", minimum=0.0, patience=_BY_GAME),
        ),
        optional=True,
    ),
    Step(
        table=tables.PLAYER_FEATURES,
        work=SqlWork(sql=_sql("player_features")),
        timing=MORNING,
        rows_as=("candidates",),
    ),
    Step(
        table=form_tables.PLAYER_FORM,
        work=PythonWork(
            inputs=(Input("candidates", SLATE), Input("player_games", BEFORE, _FORM_COLUMNS)),
            transform=rows.make_form,
            constants=(CONTRACT, _source(form), _source(memory), markets.digests()),
        ),
        timing=MORNING,
        rows_as=("candidates",),
        same_as=(
            "0d8311a35877",  # when players and teams were numbered by another hand
            "765aa51b4f28",  # when no seasons were loaded beside the model's
        ),
    ),
    *(_training(system.trained) for system in SYSTEMS if system.trained),
    *(_predicting(system) for system in SYSTEMS),
    Step(
        table=tables.PUBLISHED_PREDICTIONS,
        work=PublishWork(
            inputs=(
                *(Input(system.name, SLATE) for system in SYSTEMS),
                Input("candidates", SLATE),
                Input("main_lines", SLATE),
                Input("schedule", SLATE),
            ),
            transform=publication.publish_predictions,
            constants=(decisions.LEAST_EDGE, _source(publication)),
            guards=guards(WORDS, start="tipoff_at", side="recommendation", lines="main_lines", made_at="quoted_at"),
        ),
        timing=UNTIL_TIP,
        edges=(
            _WHAT_IS_ON,
            *(system.edge() for system in INDEPENDENT),
            _WHO,
            Edge(table="market_aware", optional=True),
            Edge(table="main_lines", optional=True),
        ),
        rows_as=("moving_average",),
    ),
    Step(
        table=form_tables.PUBLISHED_MARKETS,
        work=PublishWork(
            inputs=(
                *(Input(system.name, SLATE) for system in SERVING),
                Input("candidates", SLATE),
                Input("schedule", SLATE),
            ),
            transform=publication.publish_markets,
            constants=(_source(publication),),
            guards=guards(WORDS, start="tipoff_at"),
        ),
        timing=UNTIL_TIP,
        edges=(_WHAT_IS_ON, *(system.edge() for system in SERVING), _WHO),
        rows_as=tuple(system.name for system in SERVING),
    ),
    Step(
        table=tables.GRADES,
        work=SqlWork(sql=_sql("grades")),
        timing=Timing(opens=_GAMES_OVER, due=_at(36)),
        edges=(
            *(system.edge(patience=_BY_GAME) for system in INDEPENDENT),
            Edge(table="market_aware", optional=True),
            Edge(table="main_lines", optional=True),
        ),
        rows_as=("moving_average", "market_aware"),  # a row a player of each; a third has one for each of his markets
    ),
    Step(
        table=form_tables.SCORES,
        work=PythonWork(
            inputs=(
                *(Input(system.name, SLATE) for system in SYSTEMS),
                Input("player_games", SLATE),
                Input("main_lines", SLATE),
            ),
            transform=scores.score_slate,
            constants=(decisions.LEAST_EDGE, _source(scores)),
        ),
        timing=Timing(opens=_GAMES_OVER, due=_at(36)),
        units=SLATE_UNIT,
        edges=(
            *(Edge(table=system.name, optional=True) for system in SYSTEMS),
            Edge(table="main_lines", optional=True),
        ),
    ),
)
