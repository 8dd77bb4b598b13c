"""What the providers send, real and broken: rows, rejects with their reason, or a clear error; never an empty day by mistake."""

import gzip
import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.nba import scheduled

from tipoff.core.clock import midnight
from tipoff.core.errors import SourceError
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.rows import table_from_records
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context
from tipoff.leagues.nba import tables
from tipoff.leagues.nba.sources import balldontlie, oddsapi, schedule, statsnba
from tipoff.leagues.nba.sources.names import player_key

Parse = Callable[[Payload, Context, Mapping[str, pa.Table]], Parsed]


def payload(body: Any, *, unit: str = "") -> Payload:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request(source="provider", url="https://provider.test/x", unit=unit)
    sha = hashlib.sha256(content).hexdigest()
    return Payload(request=request, body=content, sha256=sha, status=200, fetched_at=midnight(date(2024, 1, 1)))


def context(day: date, *units: str) -> Context:
    season = Season("any", day - timedelta(days=100), day + timedelta(days=100))
    return Context(slate=Slate("nba", season, day), units=frozenset(units), as_of=midnight(day) + timedelta(hours=30))


def inputs(*games: dict[str, Any], lines: list[dict[str, Any]] | None = None) -> dict[str, pa.Table]:
    return {
        "schedule": table_from_records(tables.SCHEDULE, games),
        "player_lines": table_from_records(tables.PLAYER_LINES, lines or []),
        "odds_events": table_from_records(tables.ODDS_EVENTS, []),
    }


def real(data: Path, name: str) -> Any:
    return json.loads(gzip.decompress((data / "payloads" / name).read_bytes()))


def log(*rows: dict[str, Any]) -> dict[str, Any]:
    base = {
        "SEASON_ID": "22023",
        "PLAYER_ID": 1,
        "PLAYER_NAME": "Ann Other",
        "TEAM_ID": 1610612738,
        "TEAM_ABBREVIATION": "BOS",
        "GAME_ID": "0022300001",
        "GAME_DATE": "2024-01-05",
        "MATCHUP": "BOS vs. MIA",
        "WL": "W",
        "MIN": 30,
        "PTS": 20,
        "FG_PCT": None,
        "PLUS_MINUS": -4.5,
    }
    merged = [base | row for row in rows]
    return {
        "resultSets": [
            {"name": "LeagueGameLog", "headers": list(base), "rowSet": [list(row.values()) for row in merged]}
        ]
    }


DAY = date(2024, 1, 5)


def test_a_real_team_log_reads_without_a_reject(data: Path) -> None:
    document = real(data, "stats.nba.com/LeagueGameLog.json.gz")

    parsed = statsnba.parse_teams(payload(document), context(date(2025, 10, 22)), inputs())

    right_day = [row for row in parsed.rows if row["day"] == date(2025, 10, 22)]
    assert len(right_day) == 24
    assert {reject.reason.split(",")[-1] for reject in parsed.rejects} == {" asked for was 2025-10-22"}


def test_real_second_box_scores_find_their_games_by_sides_and_day(data: Path) -> None:
    document = real(data, "balldontlie/bdl_box_scores__7a649e12.json.gz")
    day = date(2024, 1, 15)
    games = [
        scheduled(f"g{n}", game["home_team"]["abbreviation"], game["visitor_team"]["abbreviation"], day=day)
        for n, game in enumerate(document["data"])
    ]

    parsed = balldontlie.parse(payload(document), context(day), inputs(*games))

    assert len({row["game_id"] for row in parsed.rows}) == len(games)
    assert not parsed.rejects
    assert all(row["points"] is not None and row["minutes"] is not None for row in parsed.rows)


def test_a_real_empty_answer_is_no_row_and_no_error(data: Path) -> None:
    document = real(data, "balldontlie/bdl_box_scores__d62cc934.json.gz")

    assert balldontlie.parse(payload(document), context(DAY), inputs()).rows == []


def test_real_events_are_matched_on_their_new_york_day(data: Path) -> None:
    document = real(data, "the-odds-api/oddsa_events_his__4c3bc8f6.json.gz")["data"]
    game = scheduled("g", "DAL", "PHX", day=date(2024, 1, 24))

    parsed = oddsapi.parse_events(payload(document), context(date(2024, 1, 24)), inputs(game))

    assert [(row["game_id"], row["event_id"]) for row in parsed.rows] == [("g", "f137689983933840bf2f2a91278eb03b")]


def test_a_real_schedule_file_reads_every_regular_game_of_its_days(data: Path) -> None:
    document = real(data, "cdn.nba.com/pbpstats_schedule_live_nba_2023.json.gz")
    counts: dict[str, int] = {}
    for day in document["leagueSchedule"]["gameDates"]:
        for game in day["games"]:
            if game["gameId"].startswith("002"):
                counts[game["gameDateEst"][:10]] = counts.get(game["gameDateEst"][:10], 0) + 1
    day, expected = max(counts.items(), key=lambda item: item[1])

    parsed = schedule.parse(payload(document), context(date.fromisoformat(day)), inputs())

    assert len(parsed.rows) == expected
    assert not parsed.rejects


@pytest.mark.parametrize(
    "parse",
    [
        schedule.parse,
        statsnba.parse_players,
        statsnba.parse_teams,
        balldontlie.parse,
        oddsapi.parse_events,
        oddsapi.parse_lines,
    ],
)
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<html><body>Bad gateway</body></html>", "an HTML page"),
        (b'{"resultSets": [{"na', "no JSON"),
        (b"\xff\xfe\x00", "no JSON"),
        (b'{"something": "else"}', "shape that is not known"),
        (b"17", "shape that is not known"),
    ],
)
def test_what_nothing_recognises_is_an_error_and_never_an_empty_day(parse: Parse, body: bytes, why: str) -> None:
    with pytest.raises(SourceError, match=why):
        parse(payload(body), context(DAY), inputs())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"GAME_ID": ""}, "GAME_ID is missing"),
        ({"PLAYER_ID": None}, "PLAYER_ID or PLAYER_NAME is missing"),
        ({"TEAM_ABBREVIATION": "XYZ"}, "unknown club"),
        ({"MATCHUP": "XYZ vs. MIA"}, "does not stand in"),
        ({"GAME_DATE": "2024-01-04"}, "asked for was 2024-01-05"),
        ({"PTS": "many"}, "PTS is 'many', no number"),
        ({"MIN": 30.5}, "no whole number"),
    ],
)
def test_a_bad_row_is_rejected_with_its_reason_and_the_good_one_goes_on(change: dict[str, Any], reason: str) -> None:
    parsed = statsnba.parse_players(payload(log(change, {"PLAYER_ID": 2})), context(DAY), inputs())

    [reject] = parsed.rejects
    assert reason in reject.reason
    assert [row["player_id"] for row in parsed.rows] == [2]


def test_home_and_away_are_told_by_the_matchup() -> None:
    away = {"TEAM_ABBREVIATION": "MIA", "MATCHUP": "MIA @ BOS", "PLAYER_ID": 2}

    parsed = statsnba.parse_players(payload(log({}, away)), context(DAY), inputs())

    assert [(row["team"], row["opponent"], row["is_home"]) for row in parsed.rows] == [
        ("BOS", "MIA", True),
        ("MIA", "BOS", False),
    ]


def test_a_second_box_score_with_its_sides_swapped_belongs_to_no_game() -> None:
    sides = {"home_team": "MIA", "visitor_team": "BOS"}
    game = {side: {"abbreviation": code, "players": []} for side, code in sides.items()}
    document = {"data": [game | {"date": str(DAY), "status": "Final"}]}

    parsed = balldontlie.parse(payload(document), context(DAY), inputs(scheduled("g", "BOS", "MIA", day=DAY)))

    assert not parsed.rows
    assert "no game BOS at MIA" in parsed.rejects[0].reason


def test_an_odds_event_with_its_sides_swapped_belongs_to_no_game() -> None:
    event = {"id": "e", "commence_time": f"{DAY}T23:30:00Z", "home_team": "Miami Heat", "away_team": "Boston Celtics"}

    parsed = oddsapi.parse_events(payload([event]), context(DAY), inputs(scheduled("g", "BOS", "MIA", day=DAY)))

    assert not parsed.rows
    assert "no game Boston Celtics at Miami Heat" in parsed.rejects[0].reason


def entry(game_id: str, day: date, *, text: str = "Scheduled", status: int = 1) -> dict[str, Any]:
    return {
        "gameId": game_id,
        "gameStatus": status,
        "gameStatusText": text,
        "gameDateEst": f"{day}T00:00:00Z",
        "gameDateTimeUTC": f"{day}T23:30:00Z",
        "homeTeam": {"teamId": 1, "teamTricode": "BOS", "score": None},
        "awayTeam": {"teamId": 2, "teamTricode": "MIA", "score": None},
    }


def season_file(*entries: dict[str, Any]) -> Payload:
    return payload({"leagueSchedule": {"gameDates": [{"games": list(entries)}]}})


def known(game_id: str, status: str = "scheduled") -> dict[str, Any]:
    return scheduled(game_id, "BOS", "MIA", day=DAY, status=status)


def test_a_postponed_game_stays_on_its_day_as_off_though_it_is_called_final() -> None:
    parsed = schedule.parse(season_file(entry("0022300001", DAY, text="PPD", status=3)), context(DAY), inputs())

    [row] = parsed.rows
    assert (row["status"], row["home_score"]) == ("postponed", None)


def test_a_game_that_now_stands_on_another_day_is_moved() -> None:
    file = season_file(entry("0022300001", date(2024, 2, 1)))

    [row] = schedule.parse(file, context(DAY), inputs(known("0022300001"))).rows

    assert (row["status"], row["moved_to"]) == ("moved", date(2024, 2, 1))


def test_a_game_that_the_file_no_longer_names_stays_expected_and_is_told() -> None:
    file = season_file(entry("0022300002", DAY))

    parsed = schedule.parse(file, context(DAY), inputs(known("0022300001")))

    assert {row["game_id"]: row["status"] for row in parsed.rows} == {
        "0022300001": "scheduled",
        "0022300002": "scheduled",
    }
    assert "no longer names 0022300001" in parsed.notes[0]


def test_a_day_without_games_says_so() -> None:
    parsed = schedule.parse(season_file(entry("0022300001", date(2024, 2, 1))), context(DAY), inputs())

    assert parsed.excused == {"slate": "no games scheduled"}


def test_a_file_without_a_single_game_is_an_error() -> None:
    with pytest.raises(SourceError, match="names no game"):
        schedule.parse(season_file(), context(DAY), inputs())


def test_an_unknown_club_in_the_schedule_is_rejected() -> None:
    bad = entry("0022300001", DAY)
    bad["homeTeam"]["teamTricode"] = "XYZ"

    parsed = schedule.parse(season_file(bad, entry("0022300002", DAY)), context(DAY), inputs())

    assert "unknown club XYZ" in parsed.rejects[0].reason
    assert [row["game_id"] for row in parsed.rows] == ["0022300002"]


def odds(*outcomes: dict[str, Any]) -> dict[str, Any]:
    market = {"key": "player_points", "last_update": "2024-01-05T15:00:00Z", "outcomes": list(outcomes)}
    return {"id": "e", "bookmakers": [{"key": "one", "markets": [market]}]}


def outcome(side: str, price: Any, point: Any = 20.5) -> dict[str, Any]:
    return {"name": side, "description": "Ann Other", "price": price, "point": point}


def test_over_and_under_stand_side_by_side() -> None:
    parsed = oddsapi.parse_lines(
        payload(odds(outcome("Over", -110), outcome("Under", 100)), unit="g"), context(DAY, "g"), inputs()
    )

    [row] = parsed.rows
    assert (row["line"], row["over_price"], row["under_price"], row["player_key"]) == (20.5, -110, 100, "annother")
    assert row["quoted_at"] == datetime.fromisoformat("2024-01-05T15:00:00+00:00")


def test_an_empty_market_is_not_offered() -> None:
    parsed = oddsapi.parse_lines(payload({"id": "e", "bookmakers": []}, unit="g"), context(DAY, "g"), inputs())

    assert parsed.excused == {"g": "not offered"}


def test_a_side_that_nobody_knows_is_rejected() -> None:
    parsed = oddsapi.parse_lines(
        payload(odds(outcome("Maybe", 1), outcome("Over", -110)), unit="g"), context(DAY, "g"), inputs()
    )

    assert len(parsed.rejects) == 1
    assert len(parsed.rows) == 1


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("LeBron James Jr.", "lebronjamesjr"),
        ("Dāvis Bertāns", "davisbertans"),
        ("D'Angelo Russell", "dangelorussell"),
        ("Karl-Anthony Towns", "karlanthonytowns"),
        ("P.J. Washington", "pjwashington"),
        ("Alperen Şengün", "alperensengun"),
        ("Robert Williams III", "robertwilliamsiii"),
        ("Gary Payton II", "garypaytonii"),
    ],
)
def test_every_spelling_has_one_key(name: str, key: str) -> None:
    assert player_key(name) == key
