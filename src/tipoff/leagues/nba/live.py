"""The NBA as it is run live: the same tables and rules, asked of the league's own files first."""

import dataclasses

from tipoff.core.step import SourceWork, Step
from tipoff.core.window import SLATE, Input
from tipoff.leagues.nba.catalog import STEPS
from tipoff.leagues.nba.sources import boxes, nbacom, schedule, statsnba

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
_READERS = (boxes.read_box, statsnba.parse_players, statsnba.parse_teams)  # part of the steps' versions


def _live(step: Step) -> Step:
    work = _WORK.get(step.name)
    return step if work is None else dataclasses.replace(step, work=work, parsers=_READERS)


LIVE_STEPS = tuple(_live(step) for step in STEPS)
