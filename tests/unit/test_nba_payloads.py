"""Every recorded answer of the NBA's providers is read into rows, or refused with a stated reason."""

import copy
import csv
import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from benchmarks.payload_fuzz import (
    asked_of,
    attempt_of,
    by_step,
    every_source,
    must_hold,
    payload_of,
    read_source,
    recorded,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.nba import scheduled

from tipoff.core.errors import SourceError
from tipoff.core.parsing import Use, shape_of
from tipoff.core.payload import Parsed, Payload
from tipoff.core.rows import table_from_records
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context, SourceWork
from tipoff.leagues.catalog import CONTENTS, live_content
from tipoff.leagues.nba import tables
from tipoff.leagues.nba.sources import boxes, forms, nbacom
from tipoff.leagues.nba.sources.forms import read_any

NOT_USED = 31  # answers of a form that is known and read by nothing
READ = {
    "balldontlie": 10,
    "basketball-reference": 2,
    "bettingpros": 2,
    "cdn.nba.com": 9,
    "data.nba.com": 1,
    "espn": 5,
    "nba.com": 8,
    "stats.nba.com": 35,
    "the-odds-api": 4,
}
OTHER_LEAGUES = {"stats.nba.com/pbpstats_game_details_stats_boxscore_2021900002.json.gz"}  # a game of the G League
NOW = datetime(2024, 1, 1, tzinfo=UTC)


payload = payload_of


@pytest.mark.data
def test_every_recorded_answer_is_read_whole_or_is_of_a_form_that_is_not_used_for_a_reason(data: Path) -> None:
    read, refused, lost = Counter[str](), {}, {}
    for name, body in recorded(data):
        if name in OTHER_LEAGUES:
            with pytest.raises(SourceError, match="not one that counts"):
                read_any(payload(body))
            continue
        form, tally = read_any(payload(body))
        if tally is None:
            refused[name] = form.why
            continue
        read[name.partition("/")[0]] += 1
        unread = tally.uses[Use.UNREADABLE] + tally.uses[Use.UNKNOWN]
        if unread:
            lost[name] = (form.name, unread, tally.n_entries, tally.rejects[:3])

    assert lost == {}
    assert all(refused.values())
    assert len(refused) == NOT_USED
    assert read == READ


@pytest.mark.data
@pytest.mark.parametrize(
    "name", ["cdn.nba.com/liveData_boxscore_0022500775_final", "stats.nba.com/BoxScoreTraditionalV3"]
)
def test_the_players_of_a_box_score_add_up_to_their_team(data: Path, name: str) -> None:
    body = gzip.decompress((data / "payloads" / f"{name}.json.gz").read_bytes())

    box = boxes.read_box(payload(body), json.loads(body))

    for team in box.teams.rows:
        own = [row for row in box.players.rows if row["team"] == team["team"]]
        for what in boxes.COUNTED:
            assert sum(row[what] for row in own) == team[what], (team["team"], what)
    assert {row["is_home"] for row in box.teams.rows} == {True, False}
    assert {row["won"] for row in box.teams.rows} == {True, False}
    assert {row["status"] for row in box.absent} <= {"inactive", "did not play"}
    assert len(box.absent) == box.players.uses[Use.LEFT_OUT] > 0


@pytest.mark.data
@pytest.mark.parametrize("form", ["V2", "V3"])
def test_a_box_score_says_of_every_player_what_the_league_log_says(data: Path, form: str) -> None:
    body = gzip.decompress((data / "payloads" / "stats.nba.com" / f"BoxScoreTraditional{form}.json.gz").read_bytes())
    with gzip.open(data / "nba" / "player_gamelogs_2022-23.csv.gz", "rt") as file:
        log = {int(row["PLAYER_ID"]): row for row in csv.DictReader(file) if row["GAME_ID"] == "0022200552"}

    box = boxes.read_box(payload(body), json.loads(body))

    assert {row["player_id"] for row in box.players.rows} == log.keys()
    for row in box.players.rows:
        other = log[row["player_id"]]
        assert (row["minutes"], row["points"], row["reb"]) == tuple(int(other[name]) for name in ("MIN", "PTS", "REB"))


# --- fuzz


@pytest.mark.parametrize("status", [None, 0, 4, True, "3", "Final", [3]], ids=str)
def test_a_live_file_in_a_state_that_is_not_known_is_an_error(status: Any) -> None:
    document = {"game": BASE["game"] | {"gameStatus": status}}

    with pytest.raises(SourceError, match="gameStatus is"):
        boxes.read_box(payload(json.dumps(document).encode()), document)


BASE: dict[str, Any] = {
    "game": {
        "gameId": "0022300001",
        "gameStatus": 3,
        "homeTeam": {
            "teamId": 1610612738,
            "teamTricode": "BOS",
            "score": 20,
            "statistics": {"points": 20, "minutes": "PT240M00.00S", "reboundsPersonal": 4},
            "players": [
                {
                    "personId": n,
                    "name": f"Player {n}",
                    "played": "1",
                    "statistics": {"minutes": "PT30M19.00S", "points": 10, "plusMinusPoints": -3.0},
                }
                for n in (1, 2)
            ],
        },
        "awayTeam": {
            "teamId": 1610612748,
            "teamTricode": "MIA",
            "score": 10,
            "statistics": {"points": 10, "minutes": "PT240M00.00S", "reboundsPersonal": 4},
            "players": [
                {
                    "personId": 3,
                    "name": "Player 3",
                    "played": "1",
                    "statistics": {"minutes": "PT30M19.00S", "points": 10, "plusMinusPoints": 3.0},
                }
            ],
        },
    }
}


def test_a_box_score_of_other_clubs_than_play_is_an_error_and_no_game_of_them() -> None:
    day, asked = date(2023, 10, 24), payload(json.dumps(BASE).encode())
    asked = replace(asked, request=replace(asked.request, unit="0022300001"))
    slate = Slate("nba", Season("2023-24", day, day), day)
    about = Context(slate=slate, units=frozenset({"0022300001"}), as_of=NOW)

    def stored(away: str) -> dict[str, pa.Table]:
        return {"schedule": table_from_records(tables.SCHEDULE, [scheduled("0022300001", "BOS", away, day=day)])}

    assert len(nbacom.parse_players(asked, about, stored("MIA")).rows) == 3
    for read in (nbacom.parse_players, nbacom.parse_teams):
        with pytest.raises(SourceError, match="is NYK at BOS in the schedule, MIA at BOS here"):
            read(asked, about, stored("NYK"))


@pytest.mark.parametrize("players", [[], [BASE["game"]["awayTeam"]["players"][0], {"personId": 9, "name": None}]])
def test_that_everybody_played_is_believed_only_where_everybody_of_both_teams_can_be_read(players: list[Any]) -> None:
    day, document = date(2023, 10, 24), copy.deepcopy(BASE)
    about = Context(slate=Slate("nba", Season("2023-24", day, day), day), units=frozenset({"0022300001"}), as_of=NOW)

    def excused() -> Mapping[str, str]:
        asked = payload(json.dumps(document).encode())
        asked = replace(asked, request=replace(asked.request, unit="0022300001"))
        return nbacom.parse_absences(asked, about, {}).excused

    assert excused() == {"0022300001": "everybody played"}
    document["game"]["awayTeam"]["players"] = players
    assert excused() == {}


ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.just(10**30),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["\ud83d", "\x00", "00", "9" * 400, "PT", "0022300001\n", "1e300", "NaN", "2024-01-01", "BOS"]),
    st.lists(st.none(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def changed(document: Any, path: tuple[Any, ...], value: Any, *, gone: bool) -> Any:
    found = copy.deepcopy(document)
    inner = found
    for key in path[:-1]:
        inner = inner[key]
    if gone:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return found


PLACES = list(places(BASE))


@given(path=st.sampled_from(PLACES), value=ODD, gone=st.booleans())
@settings(max_examples=400, deadline=None)
def test_one_value_of_the_wrong_kind_costs_its_row_or_its_answer_and_never_the_process(
    path: tuple[Any, ...], value: Any, *, gone: bool
) -> None:
    body = json.dumps(changed(BASE, path, value, gone=gone)).encode()

    try:
        with shape_of(payload(body)):
            box = boxes.read_box(payload(body), json.loads(body))
    except SourceError:
        assert len(path) <= 3  # the shape of the whole: never a value of one player
        return

    must_hold(box.players)
    must_hold(box.teams)
    if "players" in path[:-1]:
        assert len(box.players.rows) >= 2


ENDS = {"read", "refused whole", "not used"}
read_once = cache(attempt_of)  # the answers that are changed, for all seeds


@pytest.mark.data
@given(seed=st.integers(0, 2**32))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_recorded_answer_with_anything_in_it_changed_never_ends_the_process(data: Path, seed: int) -> None:
    attempt, dice = read_once(data), random.Random(seed)  # noqa: S311 -- mutations

    assert {attempt(dice)[0] for _ in range(6)} <= ENDS


def test_every_source_of_every_league_is_among_those_whose_answers_are_changed() -> None:
    assert by_step(every_source()).keys() == {
        (name, step.name) for name in CONTENTS for step in live_content(name).steps if isinstance(step.work, SourceWork)
    }


@given(seed=st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_what_a_live_step_asks_with_anything_in_it_changed_is_read_or_refused(seed: int) -> None:
    attempt, dice = read_once(None), random.Random(seed)  # noqa: S311 -- mutations

    assert {attempt(dice)[0] for _ in range(10)} <= ENDS - {"not used"}


@pytest.mark.parametrize("value", [10**30, 1e300, "x" * 1000, "a\x00b", "\ud83d"])
def test_a_reader_that_lets_through_what_no_store_holds_is_noticed(value: object) -> None:
    asked = next(one for one in asked_of("nba") if one.step.name == "schedule")
    work = asked.step.work
    assert isinstance(work, SourceWork)

    def lax(given: Payload, context: Context, inputs: Mapping[str, pa.Table]) -> Parsed:
        return Parsed(rows=[row | {"status": value} for row in work.parse(given, context, inputs).rows])

    broken = replace(asked, step=replace(asked.step, work=replace(work, parse=lax)))

    with pytest.raises((AssertionError, UnicodeEncodeError)):
        read_source(broken, asked.payload.body)
    assert read_source(asked, asked.payload.body)["used"]


def test_each_form_says_how_it_is_read_or_why_it_is_not() -> None:
    for form in forms.FORMS:
        assert (form.read is None) == bool(form.why), form.name
