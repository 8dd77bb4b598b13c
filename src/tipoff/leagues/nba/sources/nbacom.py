"""What is asked of nba.com live, by this rule: the files of cdn.nba.com first, stats.nba.com where they give no answer.

Both are the league's own, with the same ids: they fill the same tables.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pyarrow as pa

from tipoff.core.parsing import Use, shaped
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.step import Context
from tipoff.leagues.entries import Record, Tally, read_json
from tipoff.leagues.nba.sources import schedule, statsnba
from tipoff.leagues.nba.sources.boxes import Box, read_box
from tipoff.leagues.nba.sources.plays import is_over, read_plays

SOURCE = "cdn.nba.com"
BOX_URL = "https://cdn.nba.com/static/json/liveData/boxscore/boxscore_{game_id}.json"
SCHEDULE_URL = "https://stats.nba.com/stats/scheduleleaguev2"
PLAYS_URL = "https://cdn.nba.com/static/json/liveData/playbyplay/playbyplay_{game_id}.json"
STATS_PLAYS_URL = "https://stats.nba.com/stats/playbyplayv3"
EVERYBODY_PLAYED = "everybody played"
SHARED_FOR = timedelta(minutes=5)  # the players' and the teams' step read one file


def schedule_requests(context: Context, inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for the season's file; without it for stats.nba.com's, which has the same form."""
    other = Request(
        source=statsnba.SOURCE,
        url=SCHEDULE_URL,
        params=(("LeagueID", "00"), ("Season", context.slate.season.name)),
        max_age=timedelta(hours=1),
    )
    return [dataclasses.replace(request, instead=other) for request in schedule.requests(context, inputs)]


def player_requests(context: Context, inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for each asked game's file; without it for the players' log of the day."""
    return _box_requests(context, statsnba.player_requests(context, inputs))


def team_requests(context: Context, inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for each asked game's file; without it for the teams' log of the day."""
    return _box_requests(context, statsnba.team_requests(context, inputs))


def _box_requests(context: Context, logs: Sequence[Request]) -> Sequence[Request]:
    [log] = logs
    return [
        Request(
            source=SOURCE,
            url=BOX_URL.format(game_id=game_id),
            unit=game_id,
            max_age=SHARED_FOR,
            instead=dataclasses.replace(log, unit=game_id, max_age=SHARED_FOR),
        )
        for game_id in sorted(context.units)
    ]


def parse_players(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return the players of the game that was asked for; one that is not over has none."""
    if payload.request.source == statsnba.SOURCE:
        return _of_game(statsnba.parse_players(payload, context, inputs), payload.request.unit)
    return _parsed(payload, context, _box(payload, inputs).players)


def parse_teams(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return both teams' rows of the game that was asked for."""
    if payload.request.source == statsnba.SOURCE:
        return _of_game(statsnba.parse_teams(payload, context, inputs), payload.request.unit)
    box = _box(payload, inputs)
    for row, other in zip(box.teams.rows, reversed(box.teams.rows), strict=True):
        row["plus_minus"] = _margin(row, other)
    return _parsed(payload, context, box.teams)


def absence_requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for each asked game's file, which the box scores read too; no other source gives the reasons."""
    return [
        Request(source=SOURCE, url=BOX_URL.format(game_id=game_id), unit=game_id, max_age=SHARED_FOR)
        for game_id in sorted(context.units)
    ]


def parse_absences(payload: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return who did not play; a game over in which everybody of both teams played is excused."""
    box = _box(payload, inputs)
    if box.game_id != payload.request.unit:
        raise shaped(payload, f"asked for {payload.request.unit}, it is of {box.game_id}")
    names = ("game_id", "player_id", "player_name", "player_key", "team", "status", "reason")
    rows = [{name: row[name] for name in names} | {"day": context.slate.day} for row in box.absent]
    is_over = {row["team"] for row in box.players.rows} == {box.home, box.away}
    return Parsed(
        rows=rows if is_over else [],
        rejects=tuple(box.players.rejects),
        excused={box.game_id: EVERYBODY_PLAYED} if is_over and not rows and not box.players.rejects else {},
    )


def play_requests(context: Context, _inputs: Mapping[str, pa.Table]) -> Sequence[Request]:
    """Ask for each asked game's events; without its file for stats.nba.com's."""
    return [
        Request(
            source=SOURCE,
            url=PLAYS_URL.format(game_id=game_id),
            unit=game_id,
            instead=Request(
                source=statsnba.SOURCE,
                url=STATS_PLAYS_URL,
                params=(("EndPeriod", "0"), ("GameID", game_id), ("StartPeriod", "0")),
                unit=game_id,
            ),
        )
        for game_id in sorted(context.units)
    ]


def parse_plays(payload: Payload, context: Context, _inputs: Mapping[str, pa.Table]) -> Parsed:
    """Return a game's events once it is over."""
    tally = read_plays(payload, read_json(payload))
    if not is_over(tally.rows):
        tally.aside(Use.NOT_YET, len(tally.rows))
        tally.uses[Use.USED] = 0
        tally.rows = []
    return _parsed(payload, context, tally)


def _box(payload: Payload, inputs: Mapping[str, pa.Table]) -> Box:
    """Return the box score, whose clubs are those of the schedule, whoever of them is at home."""
    box = read_box(payload, read_json(payload))
    for row in inputs["schedule"].to_pylist() if "schedule" in inputs else ():
        if row["game_id"] == box.game_id and {row["home_team"], row["away_team"]} != {box.home, box.away}:
            msg = f"{box.game_id} is {row['away_team']} at {row['home_team']} in the schedule, {box.away} at {box.home} here"
            raise shaped(payload, msg)
    return box


def _margin(row: Record, other: Record) -> float | None:
    is_known = row is not other and row["points"] is not None and other["points"] is not None
    return float(row["points"] - other["points"]) if is_known else None


def _parsed(payload: Payload, context: Context, tally: Tally) -> Parsed:
    tally.must_be_recognised(payload)
    found = {row["game_id"] for row in tally.rows}
    if found - {payload.request.unit}:
        tally.notes.append(f"asked for {payload.request.unit}, it is of {', '.join(sorted(found))}")
    tally.rows = [row | {"day": context.slate.day} for row in tally.rows if row["game_id"] == payload.request.unit]
    return tally.parsed()


def _of_game(parsed: Parsed, game_id: str) -> Parsed:
    """Keep one game's rows of a day's log: each game that has no file asks for the log of its own."""
    return dataclasses.replace(parsed, rows=[row for row in parsed.rows if row["game_id"] == game_id])
