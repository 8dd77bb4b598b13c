"""The NBA as it is run live: the same tables and rules, asked of the league's own files first, and what only they give."""

import dataclasses
from datetime import timedelta

from tipoff.core.lateness import Bounds
from tipoff.core.obligation import SLATE_UNIT, Anchor, Moment, Timing, Units
from tipoff.core.step import Edge, PythonWork, SourceWork, Step
from tipoff.core.window import LATEST, SLATE, Input
from tipoff.leagues.nba import earlier, live_tables
from tipoff.leagues.nba.beside import BESIDE
from tipoff.leagues.nba.catalog import CORRECTED, MORNING, STEPS
from tipoff.leagues.nba.memory import CAREER
from tipoff.leagues.nba.sources import balldontlie, boxes, injuries, nbacom, people, plays, schedule, statsnba

_SIDES = (Input("schedule", SLATE),)  # who is at home, for the log
_WORK = {
    "schedule": SourceWork(source=nbacom.SOURCE, requests=nbacom.schedule_requests, parse=schedule.parse),
    "nba_player_boxscores": SourceWork(
        source=nbacom.SOURCE, requests=nbacom.player_requests, parse=nbacom.parse_players, inputs=_SIDES
    ),
    "nba_team_boxscores": SourceWork(
        source=nbacom.SOURCE, requests=nbacom.team_requests, parse=nbacom.parse_teams, inputs=_SIDES
    ),
}
_LEARNED = {  # a late box score moves what rests on it no further than it can bear
    "nba_player_boxscores": Bounds(earlier=timedelta(hours=5), later=timedelta(hours=2)),
    "nba_team_boxscores": Bounds(earlier=timedelta(hours=5), later=timedelta(hours=2)),
    "bdl_player_boxscores": Bounds(earlier=timedelta(hours=8), later=timedelta(hours=6)),
}
_READERS = (boxes.read_box, statsnba.parse_players, statsnba.parse_teams)  # part of the steps' versions


_EARLIER = live_tables.EARLIER_GAMES.name
_OF_CAREERS = ("game_id", "player_id", "season", "played_on", *CAREER)


def _live(step: Step) -> Step:
    timing = dataclasses.replace(step.timing, learns=_LEARNED.get(step.name))
    if step.name == "player_form" and isinstance(
        step.work, PythonWork
    ):  # careers go on from the seasons that were loaded
        known = dataclasses.replace(step.work, inputs=(*step.work.inputs, Input(_EARLIER, LATEST, _OF_CAREERS)))
        return dataclasses.replace(
            step, work=known, edges=(*step.edges, Edge(table=_EARLIER, optional=True)), same_as=()
        )
    work = _WORK.get(step.name)
    if work is None:
        return dataclasses.replace(step, timing=timing)
    return dataclasses.replace(step, work=work, timing=timing, parsers=_READERS)


_BY_LEARNING = dataclasses.replace(CORRECTED, learns=Bounds(earlier=timedelta(hours=5), later=timedelta(hours=8)))
_BEFORE_THE_FIRST = Timing(
    opens=Moment(Anchor.MIDNIGHT, timedelta(hours=9)),
    due=Moment(Anchor.FIRST_START, -timedelta(minutes=30)),
    closes=Moment(Anchor.FIRST_START, timedelta(0)),
    refresh=timedelta(hours=2),
)
_BEYOND = (
    Step(
        table=live_tables.EARLIER_GAMES,
        work=SourceWork(source=statsnba.SOURCE, requests=earlier.requests, parse=earlier.parse),
        timing=MORNING,
        units=Units(by_game=False, parts=earlier.seasons),
        optional=True,
        owed_on=earlier.is_owed,
    ),
    Step(
        table=live_tables.ABSENCES,
        work=SourceWork(source=nbacom.SOURCE, requests=nbacom.absence_requests, parse=nbacom.parse_absences),
        timing=_BY_LEARNING,
        optional=True,
        parsers=(boxes.read_box,),
    ),
    Step(
        table=live_tables.PLAYS,
        work=SourceWork(source=nbacom.SOURCE, requests=nbacom.play_requests, parse=nbacom.parse_plays),
        timing=dataclasses.replace(_BY_LEARNING, refresh=None),
        optional=True,
        parsers=(plays.read_plays,),
    ),
    Step(
        table=live_tables.INJURIES,
        work=SourceWork(
            source=balldontlie.SOURCE,
            key=balldontlie.KEY,
            requests=balldontlie.injury_requests,
            parse=balldontlie.parse_injuries,
            follow=balldontlie.next_injuries,
        ),
        timing=_BEFORE_THE_FIRST,
        units=SLATE_UNIT,
        optional=True,
        parsers=(people.balldontlie_injuries,),
    ),
    Step(
        table=live_tables.INJURY_REPORT,
        work=SourceWork(source=injuries.SOURCE, requests=injuries.requests, parse=injuries.parse, inputs=_SIDES),
        timing=_BEFORE_THE_FIRST,
        units=SLATE_UNIT,
        optional=True,
        parsers=(injuries.read_report,),
    ),
)
LIVE_STEPS = (*(_live(step) for step in STEPS), *_BEYOND, *BESIDE)
