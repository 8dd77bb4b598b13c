"""What the providers send, real and broken: rows, rejects with their reason, or a clear error; never an empty day by mistake."""

import dataclasses
import gzip
import hashlib
import json
import re
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
from tipoff.core.proof import Proof, UnitProof
from tipoff.core.rows import table_from_records
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context
from tipoff.engine.plan import plan_step
from tipoff.leagues.identity.names import name_key
from tipoff.leagues.nba import tables
from tipoff.leagues.nba.league import NBA
from tipoff.leagues.nba.sources import balldontlie, schedule, statsnba
from tipoff.leagues.nba.sources.lines import POINTS, game_lines
from tipoff.leagues.nba.sources.reading import COUNTED, team_code
from tipoff.leagues.nba.words import WORDS
from tipoff.store.staging import stage
from tipoff.store.warehouse import WriteRequest

Parse = Callable[[Payload, Context, Mapping[str, pa.Table]], Parsed]


def payload(body: Any, *, unit: str = "") -> Payload:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request(source="provider", url="https://provider.test/x", unit=unit)
    sha = hashlib.sha256(content).hexdigest()
    return Payload(request=request, body=content, sha256=sha, status=200, fetched_at=midnight(date(2024, 1, 1)))


def context(day: date, *units: str) -> Context:
    season = Season("2023-24", day - timedelta(days=100), day + timedelta(days=100))
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

    parsed = POINTS.parse_events(payload(document), context(date(2024, 1, 24)), inputs(game))

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
        POINTS.parse_events,
        POINTS.parse_lines,
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


def test_an_odds_event_with_its_sides_swapped_is_of_the_game_as_the_schedule_has_it() -> None:
    event = {"id": "e", "commence_time": f"{DAY}T23:30:00Z", "home_team": "Miami Heat", "away_team": "Boston Celtics"}

    parsed = POINTS.parse_events(payload([event]), context(DAY), inputs(scheduled("g", "BOS", "MIA", day=DAY)))

    assert [(row["game_id"], row["home_team"], row["away_team"]) for row in parsed.rows] == [("g", "BOS", "MIA")]


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


def test_a_game_that_was_moved_and_stands_on_its_day_again_is_no_poorer() -> None:
    """A provider that moved every game by mistake, and took it back, was refused for good."""
    moved, again = (known(game) for game in ("0022300001", "0022300001"))
    moved |= {"status": "moved", "moved_to": date(2024, 2, 1)}
    before, after = (table_from_records(tables.SCHEDULE, [row]) for row in (moved, again))
    step = next(step for step in NBA.steps if step.table is tables.SCHEDULE)
    day: dict[str, Any] = {"day": DAY, "fence": 1, "step_version": "v"}
    unit = UnitProof(unit=WHOLE_SLATE, n_rows=1, content_hash="of the one before")
    proof = Proof(league="nba", output="schedule", units={WHOLE_SLATE: unit}, made_at=midnight(DAY), **day)
    asked = WriteRequest(
        step=step, season=context(DAY).slate.season, units={WHOLE_SLATE: ""}, as_of=midnight(DAY), **day
    )

    staged = stage(asked, after, proof, lambda _: before)

    assert not staged.refused
    assert staged.changed == {WHOLE_SLATE}


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


def test_a_clubs_number_may_be_written_with_a_point() -> None:
    assert team_code(1610612766.0) == team_code(1610612766) == "CHA"


def test_an_unknown_club_in_the_schedule_is_rejected() -> None:
    bad = entry("0022300001", DAY)
    bad["homeTeam"]["teamTricode"] = "XYZ"

    parsed = schedule.parse(season_file(bad, entry("0022300002", DAY)), context(DAY), inputs())

    assert "unknown club XYZ" in parsed.rejects[0].reason
    assert [row["game_id"] for row in parsed.rows] == ["0022300002"]


def without(entry: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name not in names}


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (
            {"seasonYear": "2022-23", "gameDates": [{"games": [entry("0022200570", date(2023, 1, 5))]}]},
            "of the season 2022-23",
        ),
        ({"gameDates": [{"games": [without(entry("0022300500", DAY), "gameDateEst")]}]}, "names no game"),
        ({"gameDates": [{"games": [entry("1022400001", DAY)]}]}, "names no game"),
        (
            {"gameDates": [{"games": [entry("0022300500", DAY) | {"gameDateEst": "01/05/2024 00:00:00"}]}]},
            "names no game",
        ),
        ({"gameDates": [{"games": [entry("0012300001", DAY)]}]}, "names no game"),
    ],
)
def test_a_file_of_another_season_league_kind_or_form_is_an_error_and_never_an_empty_season(
    file: dict[str, Any], why: str
) -> None:
    with pytest.raises(SourceError, match=why):
        schedule.parse(payload({"leagueSchedule": file}), context(DAY), inputs())


@pytest.mark.parametrize(
    "days", [[date(2023, 1, 5)], [date(2023, 12, 30), date(2024, 1, 3)], [date(2024, 10, 22)]], ids=str
)
def test_a_file_that_names_no_game_of_the_day_or_later_in_the_season_says_nothing_of_it(days: list[date]) -> None:
    """Of last season without its name, cut off in the past, or of the next season."""
    file = season_file(*(entry(f"002230000{n}", day) for n, day in enumerate(days)))

    with pytest.raises(SourceError, match="it says nothing of 2024-01-05"):
        schedule.parse(file, context(DAY), inputs())


@pytest.mark.parametrize("name", ["2023", 2023, ["2023-24"], "x" * 40])
def test_a_season_by_another_name_is_an_error(name: Any) -> None:
    file = {"leagueSchedule": {"seasonYear": name, "gameDates": [{"games": [entry("0022300001", date(2024, 2, 1))]}]}}

    with pytest.raises(SourceError):
        schedule.parse(payload(file), context(DAY), inputs())


def test_one_entry_without_a_date_keeps_its_day_from_being_called_empty() -> None:
    file = season_file(without(entry("0022300500", DAY), "gameDateEst"), entry("0022300501", date(2024, 2, 1)))

    parsed = schedule.parse(file, context(DAY), inputs())

    assert (parsed.rows, parsed.excused, len(parsed.rejects)) == ([], {}, 1)


def test_a_slot_without_teams_is_no_game_yet_and_no_fault() -> None:
    slot, half = entry("0022301201", DAY), entry("0022301202", DAY)
    slot["homeTeam"] = slot["awayTeam"] = half["awayTeam"] = {"teamId": 0, "teamTricode": "", "score": 0}
    before = dataclasses.replace(context(DAY), as_of=midnight(DAY) - timedelta(days=2))

    parsed = schedule.parse(season_file(slot, half, entry("0022300501", date(2024, 2, 1))), before, inputs())

    assert (parsed.rows, parsed.rejects) == ([], ())
    assert parsed.excused == {"slate": "no games scheduled yet: a slot is undecided"}
    assert parsed.uses == {"left out": 2, "of another day": 1}


@pytest.mark.parametrize(
    "side",
    [
        {"teamId": 0, "teamTricode": "", "score": 0},  # nobody knows on the day itself who plays
        {"id": 1610612738, "teamTricode": "BOS", "score": 0},  # the field has another name
        {"teamId": None, "teamTricode": "BOS", "score": 0},
        None,
    ],
)
def test_games_without_teams_on_their_own_day_or_in_another_form_are_no_undecided_slots(side: Any) -> None:
    slot = entry("0022300001", DAY) | {"homeTeam": side, "awayTeam": side}

    parsed = schedule.parse(season_file(slot, entry("0022300501", date(2024, 2, 1))), context(DAY), inputs())

    assert (parsed.rows, parsed.excused, len(parsed.rejects)) == ([], {}, 1)


def test_a_log_in_which_nobody_has_minutes_is_an_error_and_no_game_without_players() -> None:
    with pytest.raises(SourceError, match="none of the 2 it names has any minutes"):
        statsnba.parse_players(payload(log({"MIN": None}, {"MIN": None, "PLAYER_ID": 2})), context(DAY), inputs())


def test_a_box_score_that_is_final_with_benches_alone_is_an_error() -> None:
    sides = [{"abbreviation": code, "players": [bench(), bench()]} for code in ("BOS", "MIA")]
    game = {"date": str(DAY), "status": "Final", "home_team": sides[0], "visitor_team": sides[1]}

    with pytest.raises(SourceError, match="nobody has played"):
        balldontlie.parse(payload({"data": [game]}), context(DAY), inputs(scheduled("g", "BOS", "MIA", day=DAY)))


def test_a_start_that_is_to_be_determined_is_not_known_and_midnight_is_none() -> None:
    said, silent = entry("0022300001", DAY, text="TBD"), entry("0022300002", DAY)
    silent["gameDateTimeUTC"] = midnight(DAY).isoformat()

    rows = schedule.parse(season_file(said, silent, entry("0022300003", DAY)), context(DAY), inputs()).rows

    assert [row["tipoff_at"] is None for row in rows] == [True, True, False]
    games = NBA.read_games(table_from_records(tables.SCHEDULE, [row | {"known_at": midnight(DAY)} for row in rows]))
    owed = plan_step(NBA.step("published_predictions"), Slate("nba", context(DAY).slate.season, DAY, tuple(games)))
    closes = [times.closes_at for unit, times in sorted(owed.times.items())]
    assert [at is None for at in closes] == [True, True, False]


@pytest.mark.parametrize("year", ["9999", "0001", "2025"])
def test_a_start_in_another_year_is_refused(year: str) -> None:
    bad = entry("0022300001", DAY) | {"gameDateTimeUTC": f"{year}-01-05T23:30:00Z"}

    parsed = schedule.parse(season_file(bad, entry("0022300002", DAY)), context(DAY), inputs())

    assert [row["game_id"] for row in parsed.rows] == ["0022300002"]
    assert len(parsed.rejects) == 1


@pytest.mark.parametrize(
    ("text", "status"),
    [("PPD", "postponed"), ("Postponed", "postponed"), ("CNCL", "cancelled"), ("Canceled", "cancelled")],
)
def test_a_game_that_is_off_is_so_in_whichever_word(text: str, status: str) -> None:
    [row] = schedule.parse(season_file(entry("0022300001", DAY, text=text)), context(DAY), inputs()).rows

    assert row["status"] == status


@pytest.mark.parametrize("start", [None, "", "1900-01-01T05:00:00Z"])
def test_a_start_that_is_to_be_determined_needs_none_in_the_file(start: str | None) -> None:
    file = season_file(entry("0022300001", DAY, text="TBD") | {"gameDateTimeUTC": start})

    [row] = schedule.parse(file, context(DAY), inputs()).rows

    assert row["tipoff_at"] is None


@pytest.mark.parametrize("nothing", [0, "0", 0.0])
def test_a_final_of_nothing_to_nothing_is_no_final(nothing: object) -> None:
    final = entry("0022300001", DAY, text="Final", status=3)
    final["homeTeam"]["score"] = final["awayTeam"]["score"] = nothing

    [row] = schedule.parse(season_file(final), context(DAY), inputs()).rows

    assert (row["status"], row["home_score"]) == ("scheduled", None)


def test_a_game_that_is_under_way_has_no_rows_yet() -> None:
    parsed = statsnba.parse_players(payload(log({"WL": None})), context(DAY), inputs())

    assert (parsed.rows, parsed.rejects, parsed.uses) == ([], (), {"not yet": 1})


@pytest.mark.parametrize(
    "change",
    [
        {"PLAYER_NAME": "\ud83d"},
        {"GAME_DATE": "2024-01-0\ud83d"},
        {"PTS": 10**30},
        {"PTS": 1e300},
        {"PTS": float("inf")},
        {"PLAYER_ID": [1]},
        {"MATCHUP": None},
        {"GAME_ID": {"a": 1}},
        {"WL": "T"},
    ],
)
def test_one_bad_value_costs_its_row_alone(change: dict[str, Any]) -> None:
    parsed = statsnba.parse_players(payload(log(change, {"PLAYER_ID": 2})), context(DAY), inputs())

    assert [row["player_id"] for row in parsed.rows] == [2]
    [reject] = parsed.rejects
    (reject.reason + reject.row).encode()


def test_a_name_with_what_no_store_can_hold_is_cleaned() -> None:
    name = "Ann\x00\x1b[31m \ud83dOther\n"

    [row] = statsnba.parse_players(payload(log({"PLAYER_NAME": name})), context(DAY), inputs()).rows

    assert row["player_name"] == "Ann[31m Other"


@pytest.mark.parametrize("spoiled", [b'"x"', b"9" * 5000, b'"Andr\xe9"'], ids=["text", "digits", "latin-1"])
def test_a_number_of_thousands_of_digits_or_a_byte_of_another_encoding_costs_its_row_alone(spoiled: bytes) -> None:
    document = json.dumps(log({"PTS": 987654}, {"PLAYER_ID": 2})).encode()

    parsed = statsnba.parse_players(payload(document.replace(b"987654", spoiled)), context(DAY), inputs())

    assert [row["player_id"] for row in parsed.rows] == [2]
    assert len(parsed.rejects) == 1


@pytest.mark.parametrize("rows", [[None], ["x"], [17, [1]]])
def test_rows_that_are_none_are_an_error_of_the_source(rows: list[Any]) -> None:
    document = log({})
    document["resultSets"][0]["rowSet"] = rows

    with pytest.raises(SourceError, match="can be read"):
        statsnba.parse_players(payload(document), context(DAY), inputs())


def bench(**counts: int) -> dict[str, Any]:
    return {"player": {"id": 9, "first_name": "B", "last_name": "Nch"}, "min": "00", "pts": 0} | counts


def test_the_bench_of_the_second_source_did_not_play_and_who_did_something_in_no_time_did() -> None:
    who: dict[str, Any] = {"id": 1, "first_name": "A", "last_name": "One"}
    players = [{"player": who, "min": "36", "pts": 24}, bench(), bench(reb=1) | {"player": who | {"id": 2}}]
    home = {"abbreviation": "BOS", "players": players}
    game = {
        "date": str(DAY),
        "status": "Final",
        "home_team": home,
        "visitor_team": {"abbreviation": "MIA", "players": []},
    }

    parsed = balldontlie.parse(payload({"data": [game]}), context(DAY), inputs(scheduled("g", "BOS", "MIA", day=DAY)))

    assert [row["bdl_player_id"] for row in parsed.rows] == [1, 2]
    assert parsed.uses["left out"] == 1


@pytest.mark.parametrize(
    ("status", "use"),
    [
        ("Final", "used"),
        ("Final/OT", "used"),
        ("3rd Qtr", "not yet"),
        ("7:30 pm ET", "not yet"),
        ("Abandoned", "unknown"),
    ],
)
def test_a_status_of_the_second_source_that_is_not_known_is_a_reject(status: str, use: str) -> None:
    players = [{"player": {"id": 1, "first_name": "A", "last_name": "One"}, "min": "36", "pts": 24}]
    sides = {
        side: {"abbreviation": code, "players": players}
        for side, code in (("home_team", "BOS"), ("visitor_team", "MIA"))
    }
    other = {
        side: {"abbreviation": code, "players": []} for side, code in (("home_team", "DEN"), ("visitor_team", "LAL"))
    }
    document = {"data": [{"date": str(DAY), "status": status} | sides, {"date": str(DAY), "status": "Final"} | other]}
    games = inputs(scheduled("g", "BOS", "MIA", day=DAY), scheduled("h", "DEN", "LAL", day=DAY))

    parsed = balldontlie.parse(payload(document), context(DAY), games)

    assert parsed.uses[f"games {use}"] >= 1
    assert len(parsed.rejects) == (use == "unknown")


@pytest.mark.parametrize("name", [["A"], {"a": 1}, True, 7], ids=str)
def test_a_part_of_a_name_that_is_no_text_is_no_name(name: Any) -> None:
    who = [{"id": 1, "first_name": name, "last_name": "One"}, {"id": 2, "first_name": None, "last_name": "Nene"}]
    home = {"abbreviation": "BOS", "players": [{"player": one, "min": "36", "pts": 24} for one in who]}
    game = {
        "date": str(DAY),
        "status": "Final",
        "home_team": home,
        "visitor_team": {"abbreviation": "MIA", "players": []},
    }

    parsed = balldontlie.parse(payload({"data": [game]}), context(DAY), inputs(scheduled("g", "BOS", "MIA", day=DAY)))

    assert [row["player_name"] for row in parsed.rows] == ["Nene"]
    assert len(parsed.rejects) == 1


def odds(*outcomes: dict[str, Any]) -> dict[str, Any]:
    market = {"key": "player_points", "last_update": "2024-01-05T15:00:00Z", "outcomes": list(outcomes)}
    return {"id": "e", "bookmakers": [{"key": "one", "markets": [market]}]}


def outcome(side: str, price: Any, point: Any = 20.5) -> dict[str, Any]:
    return {"name": side, "description": "Ann Other", "price": price, "point": point}


def test_over_and_under_stand_side_by_side() -> None:
    parsed = POINTS.parse_lines(
        payload(odds(outcome("Over", -110), outcome("Under", 100)), unit="g"), context(DAY, "g"), inputs()
    )

    [row] = parsed.rows
    assert (row["line"], row["over_price"], row["under_price"], row["player_key"]) == (20.5, -110, 100, "annother")
    assert row["quoted_at"] == datetime.fromisoformat("2024-01-05T15:00:00+00:00")


def test_an_empty_market_is_not_offered() -> None:
    parsed = POINTS.parse_lines(payload({"id": "e", "bookmakers": []}, unit="g"), context(DAY, "g"), inputs())

    assert parsed.excused == {"g": "not offered"}


def test_a_side_that_nobody_knows_is_rejected() -> None:
    parsed = POINTS.parse_lines(
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
    assert name_key(name) == key


@pytest.mark.parametrize("price", [1.91, 2.0, 3, 5.0, 0, 99, -99.5, 150.5])
def test_a_decimal_price_is_never_stored_as_an_american_one(price: float) -> None:
    good = outcome("Over", -110) | {"description": "Bob Other"}

    parsed = POINTS.parse_lines(payload(odds(outcome("Over", price), good), unit="g"), context(DAY, "g"), inputs())

    assert [row["player_name"] for row in parsed.rows if row["over_price"] is not None] == ["Bob Other"]
    assert "is no American one" in parsed.rejects[0].reason


@pytest.mark.parametrize("price", [101.0, 101, 150])
def test_a_price_of_a_hundred_or_more_among_decimal_ones_is_a_decimal_one_and_refused(price: float) -> None:
    document = odds(outcome("Over", price), outcome("Under", 1.01))
    alone = odds(outcome("Over", price), outcome("Under", -120))

    parsed = POINTS.parse_lines(
        payload(document | {"bookmakers": [*document["bookmakers"], *alone["bookmakers"]]}, unit="g"),
        context(DAY, "g"),
        inputs(),
    )

    assert [(row["over_price"], row["under_price"]) for row in parsed.rows] == [(price, -120)]
    assert [reject.reason for reject in parsed.rejects] == [
        f"the price {price:.0f} stands among decimal ones",
        "the price 1.01 is no American one",
    ]


def test_a_side_that_has_two_prices_in_one_answer_keeps_the_first_and_tells_the_second() -> None:
    document = odds(outcome("Over", -110), outcome("Over", -110), outcome("Over", 105), outcome("Under", -120))

    parsed = POINTS.parse_lines(payload(document, unit="g"), context(DAY, "g"), inputs())

    assert [(row["over_price"], row["under_price"]) for row in parsed.rows] == [(-110, -120)]
    assert [reject.reason for reject in parsed.rejects] == ["Over 20.5 of Ann Other has two prices, -110 and 105"]


def test_what_was_quoted_after_the_start_is_left_out() -> None:
    document = odds(outcome("Over", -8000)) | {"commence_time": "2024-01-05T14:30:00Z"}

    parsed = POINTS.parse_lines(payload(document, unit="g"), context(DAY, "g"), inputs())

    assert (parsed.rows, parsed.excused, parsed.uses) == ([], {}, {"left out": 1})


def test_one_market_without_an_instant_or_a_list_costs_itself_alone() -> None:
    document = odds(outcome("Over", -110))
    market = {"key": "player_points", "outcomes": [outcome("Over", -110, 22.5)]}
    document["bookmakers"] += [
        {"key": "two", "markets": [market]},
        {"key": "three", "markets": None},
        {"key": "four", "last_update": "2024-01-05T12:00:00Z", "markets": [market]},
        None,
    ]

    parsed = POINTS.parse_lines(payload(document, unit="g"), context(DAY, "g"), inputs())

    assert {row["book"] for row in parsed.rows} == {"one", "four"}
    assert len(parsed.rejects) == 2


@pytest.mark.parametrize("markets", [{}, 0, "", "none", ...], ids=str)
def test_a_book_whose_markets_are_no_list_says_nothing_of_what_is_offered(markets: Any) -> None:
    book = {"key": "one"} if markets is ... else {"key": "one", "markets": markets}

    with pytest.raises(SourceError, match="none of its 1 entries can be read"):
        POINTS.parse_lines(payload({"id": "e", "bookmakers": [book]}, unit="g"), context(DAY, "g"), inputs())


@pytest.mark.parametrize("at", ["2023-01-05T15:00:00Z", "2099-01-05T15:00:00Z", "2024-01-06T20:00:00Z"])
def test_what_was_quoted_last_season_or_is_yet_to_come_is_no_quote(at: str) -> None:
    document = odds(outcome("Over", -110)) | {
        "commence_time": "2099-01-01T00:00:00Z"
    }  # a start that hides what is after it
    late = {"key": "two", "markets": [document["bookmakers"][0]["markets"][0] | {"last_update": at}]}
    document["bookmakers"].append(late)

    parsed = POINTS.parse_lines(payload(document, unit="g"), context(DAY, "g"), inputs())

    assert [row["book"] for row in parsed.rows] == ["one"]
    assert len(parsed.rejects) == 1


def test_a_start_that_no_game_is_put_off_to_hides_nothing_that_was_quoted_after_it() -> None:
    asked = payload(odds(outcome("Over", -8000)) | {"commence_time": "2099-01-01T00:00:00Z"}, unit="g")
    closes_at = datetime.fromisoformat("2024-01-05T14:30:00+00:00")
    asked = dataclasses.replace(asked, request=dataclasses.replace(asked.request, closes_at=closes_at))

    assert POINTS.parse_lines(asked, context(DAY, "g"), inputs()).rows == []


def test_an_event_of_a_club_against_itself_is_a_reject_and_no_game_that_the_schedule_lacks() -> None:
    event = {"id": "e", "commence_time": "2024-01-06T00:10:00Z", "home_team": "Boston Celtics"}
    good = event | {"id": "f", "away_team": "Miami Heat"}
    noon = dataclasses.replace(context(DAY), as_of=midnight(DAY) + timedelta(hours=12))

    parsed = POINTS.parse_events(
        payload([good, event | {"away_team": "Boston Celtics"}]), noon, inputs(scheduled("g", "BOS", "MIA", day=DAY))
    )

    assert [row["event_id"] for row in parsed.rows] == ["f"]
    assert [(reject.reason, reject.names_game) for reject in parsed.rejects] == [
        ("BOS would play against itself", False)
    ]


def test_a_market_that_is_none_costs_no_other_of_its_book() -> None:
    document = odds(outcome("Over", -110))
    document["bookmakers"][0]["markets"] += [None, "player_points", {"outcomes": []}]

    parsed = POINTS.parse_lines(payload(document, unit="g"), context(DAY, "g"), inputs())

    assert [row["book"] for row in parsed.rows] == ["one"]
    assert len(parsed.rejects) == 3


def test_without_a_start_of_its_own_an_answer_has_the_one_that_was_known_when_it_was_asked_for() -> None:
    asked = payload(odds(outcome("Over", -8000)), unit="g")
    closes_at = datetime.fromisoformat("2024-01-05T14:30:00+00:00")
    asked = dataclasses.replace(asked, request=dataclasses.replace(asked.request, closes_at=closes_at))

    parsed = POINTS.parse_lines(asked, context(DAY, "g"), inputs())

    assert (parsed.rows, parsed.uses) == ([], {"left out": 1})


def test_the_quotes_of_another_event_than_was_asked_for_are_an_error() -> None:
    asked = payload(odds(outcome("Over", -110)), unit="g")
    asked = dataclasses.replace(asked, request=dataclasses.replace(asked.request, url=f"{POINTS.url}/other/odds"))

    with pytest.raises(SourceError, match="asked for the event other, it is of e"):
        POINTS.parse_lines(asked, context(DAY, "g"), inputs())


def test_books_that_name_no_market_that_is_known_say_nothing_of_what_is_offered() -> None:
    document = odds(outcome("Over", -110))
    document["bookmakers"][0]["markets"][0]["key"] = "player_points_alternate"

    with pytest.raises(SourceError, match="no market that is known"):
        POINTS.parse_lines(payload(document, unit="g"), context(DAY, "g"), inputs())


def test_a_game_under_two_events_is_asked_once_and_told() -> None:
    event = {"commence_time": f"{DAY}T23:30:00Z", "home_team": "Boston Celtics", "away_team": "Miami Heat"}
    games = inputs(scheduled("g", "BOS", "MIA", day=DAY))

    parsed = POINTS.parse_events(payload([event | {"id": "a\n"}, event | {"id": "b"}]), context(DAY), games)

    assert [row["event_id"] for row in parsed.rows] == ["a"]
    assert parsed.notes == ("g is named twice, as a and b: the first counts",)


@pytest.mark.parametrize(
    ("home", "away", "hour", "is_told"),
    [
        ("Boston Celtics", "Miami Heat", 23, True),
        ("Team LeBron", "Team Giannis", 23, False),
        ("Boston Celtics", "Miami Heat", 15, False),
    ],
    ids=["a game that the schedule lacks", "no teams of the league", "it has begun"],
)
def test_a_game_that_the_market_names_before_its_start_and_the_schedule_lacks_is_told_apart(
    home: str, away: str, hour: int, *, is_told: bool
) -> None:
    known = {"id": "k", "commence_time": f"{DAY}T23:30:00Z", "home_team": "Denver Nuggets", "away_team": "Miami Heat"}
    event = {"id": "e", "commence_time": f"{DAY}T{hour}:30:00Z", "home_team": home, "away_team": away}

    noon = dataclasses.replace(context(DAY), as_of=midnight(DAY) + timedelta(hours=12))
    parsed = POINTS.parse_events(payload([known, event]), noon, inputs(scheduled("g", "DEN", "MIA", day=DAY)))

    assert [reject.names_game for reject in parsed.rejects] == [is_told]


@pytest.mark.parametrize(
    "bad",
    [
        {"key": ["h2h"]},
        {"key": None},
        {"key": "h2h", "outcomes": [{"name": "Boston Celtics", "price": 150}]},  # an American price among decimal ones
        {"key": "h2h", "outcomes": [{"name": "Boston Celtics", "price": -170}]},
    ],
)
def test_a_market_of_a_game_that_cannot_be_read_costs_itself_alone(bad: dict[str, Any]) -> None:
    at = {"last_update": "2024-01-05T18:00:00Z"}
    good = {"key": "h2h", "outcomes": [{"name": "Miami Heat", "price": 2.5}]}
    event = {
        "id": "ev1",
        "commence_time": "2024-01-06T00:30:00Z",
        "home_team": "Boston Celtics",
        "away_team": "Miami Heat",
    }
    document = event | {"bookmakers": [{"key": "book", "markets": [at | bad, at | good]}]}

    found = game_lines(payload(document), document)

    assert [(row["side"], row["price"]) for row in found.rows] == [("MIA", 150)]
    assert len(found.rejects) == 1


def test_a_list_of_the_hurt_that_names_nobody_of_the_whole_league_is_an_error_of_the_source() -> None:
    with pytest.raises(SourceError, match="nobody of the whole league is listed as hurt"):
        balldontlie.parse_injuries(payload({"data": [], "meta": {}}), context(DAY), {})


def test_games_that_are_read_are_those_whose_ids_have_the_leagues_form() -> None:
    of_kinds = {f"00{kind}": f"00{kind}2400001" for kind in range(10)}

    formed = {kind for kind, game in of_kinds.items() if re.search(WORDS.game_id, game)}

    assert formed == COUNTED  # the cup's final, 006, among them
