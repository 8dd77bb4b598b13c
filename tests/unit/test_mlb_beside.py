"""Pitches, parks, weather and agreed lines: read as they were recorded, and refused where they are not what was asked."""

import csv
import gzip
import hashlib
import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tipoff.core.errors import SourceError
from tipoff.core.parsing import parsed_by
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.rows import arrow_schema, table_from_records
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context
from tipoff.leagues.entries import Record
from tipoff.leagues.mlb import beside, tables
from tipoff.leagues.mlb.sources import statcast, weather

DAY = date(2026, 8, 6)
NOW = datetime(2026, 8, 6, 12, tzinfo=UTC)
START = datetime(2026, 8, 6, 16, 35, tzinfo=UTC)


def payload(body: bytes, unit: str = "", url: str = "https://x.test") -> Payload:
    request = Request(source="x", url=url, unit=unit)
    return Payload(request=request, body=body, sha256=hashlib.sha256(body).hexdigest(), status=200, fetched_at=NOW)


def of(document: Any, unit: str = "") -> Payload:
    return payload(json.dumps(document).encode(), unit)


def context(*units: str, day: date = DAY) -> Context:
    return Context(slate=Slate("mlb", Season(str(day.year), day, day), day), units=frozenset(units), as_of=NOW)


def scheduled(*games: Record) -> dict[str, pa.Table]:
    known = {"day": DAY, "game_number": 1, "double_header": "N", "kind": "regular season", "known_at": NOW}
    known |= {"home_team": "BAL", "away_team": "LAA", "status": "scheduled", "first_pitch_at": START}
    return {"schedule": table_from_records(tables.SCHEDULE, [known | game for game in games])}


def stored(parsed: Parsed, table: Any) -> list[Record]:
    """Return the rows as the table has them: of the declared columns and types."""
    rows = [row | {"known_at": NOW} for row in parsed.rows]
    found: list[Record] = table_from_records(table, rows).to_pylist()
    return found


# --- pitches


def recorded(data: Path, pattern: str) -> bytes:
    [path] = (data / "payloads").glob(pattern)
    return gzip.decompress(path.read_bytes())


@pytest.mark.data
@pytest.mark.parametrize("name", ["raw_darvish_data", "single_game_request_raw", "small_request_raw"])
def test_recorded_pitches_are_added_up_as_a_plain_count_gives(data: Path, name: str) -> None:
    body = recorded(data, f"statcast/{name}.csv.gz")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    at = rows[0].index
    pitches = [(row[at("game_pk")], row[at("pitcher")], row[at("events")]) for row in rows[1:]]
    games = {game for game, *_ in pitches}

    parsed = statcast.parse(payload(body), context(*games), {})

    found = stored(parsed, beside.PITCHES)
    assert sum(row["pitches"] for row in found) == len(pitches) == sum(parsed.uses.values())
    assert sum(row["strikeouts"] for row in found) == sum(event.startswith("strikeout") for *_, event in pitches)
    assert {(row["game_id"], str(row["pitcher_id"])) for row in found} == {(game, man) for game, man, _ in pitches}
    assert all(85 < row["fastball_speed"] < 102 for row in found if row["fastballs"] > 5)


HEAD = (
    "game_pk,game_date,game_type,pitcher,pitch_type,release_speed,events,description,pitcher,at_bat_number,pitch_number"
)


def test_a_mark_of_order_two_columns_of_one_name_and_nulls_are_read_and_other_games_left() -> None:
    lines = [
        HEAD,
        "7,2026-08-06,R,11,FF,95.0,null,swinging_strike,99,1,1",
        "7,2026-08-06,R,11,null,null,strikeout,foul_tip,99,1,2",
        "8,2026-08-06,R,12,FF,91.0,,ball,99,1,1",
        "7,2026-08-06,S,11,FF,91.0,,ball,99,1,1",
    ]

    parsed = statcast.parse(payload(("\ufeff" + "\n".join(lines)).encode()), context("7"), {})

    [row] = stored(parsed, beside.PITCHES)
    assert (row["pitcher_id"], row["pitches"], row["strikeouts"]) == (11, 2, 1)
    assert (row["fastballs"], row["fastball_speed"], row["swings"], row["misses"]) == (1, 95.0, 2, 1)
    assert parsed.uses == {"used": 2, "of another day": 1, "of another competition": 1}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("7,2026-08-06,R,11,FF,95.0,null", "a line of 7 columns"),
        ("7,2026-08-06,Regular,11,FF,95.0,null,ball,11,1,2", "game_type is Regular"),
        ("7,2026-08-06,R,11,FF,95.0,null,ball,11,1,", "a pitch without its number"),
    ],
)
def test_a_line_that_was_cut_or_is_of_a_kind_that_is_not_known_is_a_reject(line: str, reason: str) -> None:
    good = "7,2026-08-06,R,11,FF,95.0,null,ball,11,1,1"

    parsed = statcast.parse(payload(f"{HEAD}\n{line}\n{good}".encode()), context("7"), {})

    assert ([row["pitches"] for row in parsed.rows], [reject.reason for reject in parsed.rejects]) == ([1], [reason])


@pytest.mark.parametrize(
    ("again", "uses", "reason"),
    [
        ("FF,95.0,null,ball", {"used": 1, "left out": 1}, "repeats another pitch exactly"),
        (
            "FF,95.0,null,foul",
            {"used": 1, "unreadable": 1},
            "pitch 2 of at-bat 30 of 7 stands twice with different values",
        ),
    ],
)
def test_a_pitch_that_stands_twice_counts_once_and_is_told(again: str, uses: dict[str, int], reason: str) -> None:
    lines = [HEAD, *(f"7,2026-08-06,R,11,{what},11,30,2" for what in ("FF,95.0,null,ball", again))]

    parsed = statcast.parse(payload("\n".join(lines).encode()), context("7"), {})

    assert [(row["pitches"], row["swings"]) for row in parsed.rows] == [(1, 0)]
    assert ([reject.reason for reject in parsed.rejects], parsed.uses) == ([reason], uses)


def test_an_answer_that_breaks_off_in_the_midst_of_a_line_is_refused_whole() -> None:
    body = f"{HEAD}\n7,2026-08-06,R,11,FF,95.0,null,ball,11,1,1\n7,2026-08-06,R,11,FF,95"

    with pytest.raises(SourceError, match="it breaks off in the midst of a line"):
        statcast.parse(payload(body.encode()), context("7"), {})


def test_a_quote_without_its_end_is_an_error_of_the_source_however_much_it_swallows() -> None:
    line = "7,2026-08-06,R,11,FF,95.0,null,ball,11,1,1\n"

    with pytest.raises(SourceError, match="field larger than"):
        parsed_by(
            statcast.parse, payload(f'{HEAD}\n7,2026-08-06,R,11,"FF,95.0\n{line * 4000}'.encode()), context("7"), {}
        )


def test_an_answer_without_pitches_has_no_rows_and_one_that_is_no_table_or_was_cut_off_is_refused() -> None:
    cut = "\n".join([HEAD, *["7,2026-08-06,R,11,FF,95.0,null,ball,11,1,1"] * statcast.MOST_ROWS])

    assert not statcast.parse(payload(HEAD.encode()), context("7"), {}).rows
    with pytest.raises(SourceError, match="no table"):
        statcast.parse(payload(b"<html>busy</html>"), context("7"), {})
    with pytest.raises(SourceError, match="cut off"):
        statcast.parse(payload(cut.encode()), context("7"), {})


def test_a_game_that_goes_on_is_asked_for_on_the_day_on_which_it_began() -> None:
    games = scheduled({"game_id": "7"}, {"game_id": "8", "resumed_from": date(2026, 8, 5), "game_number": 2})

    asked = statcast.requests(context("7", "8"), games)

    assert [dict(request.params)["game_date_gt"] for request in asked] == ["2026-08-05", "2026-08-06"]


# --- parks and weather


@pytest.mark.data
def test_a_recorded_venue_is_a_park_with_its_place_and_roof(data: Path) -> None:
    venue = json.loads(recorded(data, "statsapi.mlb.com/fixture_livefeed.json.gz"))["gameData"]["venue"]
    document = {"dates": [{"games": [{"gamePk": 7, "venue": venue}, {"gamePk": 8}]}]}

    [row] = stored(weather.parse_parks(of(document), context("7"), scheduled({"game_id": "7"})), beside.PARKS)

    assert (row["venue_name"], row["latitude"], row["roof"]) == ("Rogers Centre", 43.64155, "Retractable")


def forecast(data: Path) -> Any:
    path = min((data / "payloads" / "open-meteo").glob("*.gz"))
    return json.loads(gzip.decompress(path.read_bytes()))["body"]


@pytest.mark.data
def test_the_recorded_forecast_of_the_hour_of_the_first_pitch_is_kept(data: Path) -> None:
    document = forecast(data)
    place = document["hourly"]["time"].index("2026-08-06T16:00")

    [row] = stored(weather.parse(of(document, "7"), context("7"), scheduled({"game_id": "7"})), beside.WEATHER)

    assert row["forecast_of"] == datetime(2026, 8, 6, 16, tzinfo=UTC)
    assert row["temperature"] == document["hourly"]["temperature_2m"][place]
    assert row["wind_direction"] == document["hourly"]["wind_direction_10m"][place]


@pytest.mark.data
def test_degrees_of_another_scale_and_hours_of_another_day_are_refused(data: Path) -> None:
    celsius, other_day = forecast(data), forecast(data)
    celsius["hourly_units"]["temperature_2m"] = "°C"
    later = scheduled({"game_id": "7", "first_pitch_at": datetime(2026, 9, 6, 16, tzinfo=UTC)})

    with pytest.raises(SourceError, match="°C"):
        weather.parse(of(celsius, "7"), context("7"), scheduled({"game_id": "7"}))
    with pytest.raises(SourceError, match="nothing of 2026-09-06"):
        weather.parse(of(other_day, "7"), context("7"), later)


@pytest.mark.data
def test_hours_of_a_zone_of_their_own_are_moved_and_one_without_a_temperature_is_a_reject(data: Path) -> None:
    moved, empty = forecast(data), forecast(data)
    moved["utc_offset_seconds"] = -4 * 3600
    empty["hourly"]["temperature_2m"][moved["hourly"]["time"].index("2026-08-06T16:00")] = None

    [row] = weather.parse(of(moved, "7"), context("7"), scheduled({"game_id": "7"})).rows
    parsed = weather.parse(of(empty, "7"), context("7"), scheduled({"game_id": "7"}))

    assert row["temperature"] == moved["hourly"]["temperature_2m"][moved["hourly"]["time"].index("2026-08-06T12:00")]
    assert (len(parsed.rows), len(parsed.rejects)) == (0, 1)


def test_an_entry_that_is_none_costs_no_other_games_park() -> None:
    venue = {"id": 1, "name": "A", "location": {"defaultCoordinates": {"latitude": 33.8, "longitude": -117.88}}}
    games = [None, {"gamePk": [7]}, {"gamePk": 7, "venue": venue}, {"gamePk": 8}]

    parsed = weather.parse_parks(of({"dates": [{"games": games}]}), context("7"), scheduled({"game_id": "7"}))

    assert ([row["game_id"] for row in parsed.rows], len(parsed.rejects)) == (["7"], 2)


def test_the_one_game_of_a_day_at_a_park_without_coordinates_is_a_reject_and_no_error_of_the_source() -> None:
    games = [{"gamePk": 7, "venue": {"id": 1, "name": "A", "location": {"city": "Osaka"}}}]

    parsed = weather.parse_parks(of({"dates": [{"games": games}]}), context("7"), scheduled({"game_id": "7"}))

    assert ([*parsed.rows], ["defaultCoordinates" in reject.reason for reject in parsed.rejects]) == ([], [True])
    with pytest.raises(SourceError, match="none of its 1 entries"):
        weather.parse_parks(of({"dates": [{"games": [{"id": 7}]}]}), context("7"), scheduled({"game_id": "7"}))


@pytest.mark.data
def test_an_hour_that_cannot_be_read_costs_no_other_hours_weather(data: Path) -> None:
    found = forecast(data)
    found["hourly"]["time"][0] = None

    assert len(weather.parse(of(found, "7"), context("7"), scheduled({"game_id": "7"})).rows) == 1


def test_weather_is_asked_for_at_the_park_and_on_the_day_of_the_first_pitch_in_utc() -> None:
    late = scheduled({"game_id": "7", "first_pitch_at": datetime(2026, 8, 7, 2, 10, tzinfo=UTC)})
    park = {"day": DAY, "game_id": "7", "venue_id": 1, "venue_name": "A", "latitude": 33.8, "longitude": -117.88}
    parks = table_from_records(beside.PARKS, [park | {"roof": "Open", "known_at": NOW}])

    second = late["schedule"].to_pylist()[0] | {"game_id": "8", "first_pitch_at": None, "game_number": 2}
    twice = {"schedule": table_from_records(tables.SCHEDULE, [*late["schedule"].to_pylist(), second])}

    [asked] = weather.requests(context("7"), late | {"parks": parks})
    [other] = weather.requests(
        context("8"), twice | {"parks": table_from_records(beside.PARKS, [parks.to_pylist()[0] | {"game_id": "8"}])}
    )

    told = dict(asked.params)
    assert (told["latitude"], told["longitude"], told["start_date"]) == ("33.8000", "-117.8800", "2026-08-07")
    assert dict(other.params)["start_date"] == "2026-08-07"  # three hours after the first, as far as anybody knows


# --- agreed lines


def none() -> dict[str, pa.Table]:
    return {"agreed_lines": arrow_schema(beside.AGREED_LINES).empty_table()}


def prop(**changes: Any) -> Record:
    side = {"line": 6.5, "odds": 120, "consensus_line": 5.5, "consensus_odds": -115}
    known = {"market_id": 285, "event_id": 1, "participant": {"name": "Ryan Johnson"}, "over": side, "under": side}
    return known | changes


def event(number: int, scheduled_at: str) -> Record:
    return {"id": number, "sport": "MLB", "scheduled": scheduled_at, "home": "BAL", "visitor": "LAA"}


def test_an_agreed_line_is_of_the_game_whose_start_is_nearest_and_other_markets_are_left_out() -> None:
    second = datetime(2026, 8, 6, 22, 5, tzinfo=UTC)
    games = scheduled({"game_id": "7"}, {"game_id": "8", "first_pitch_at": second, "game_number": 2})
    events = [event(1, "2026-08-06 16:35:00"), event(2, "2026-08-06 22:10:00")]
    props = [prop(), prop(event_id=2, projection={"value": 4.8}), prop(market_id=287)]

    parsed = beside.AGREED.parse(of({"events": events, "props": props}), context("7", "8"), games | none())

    one, two = sorted(stored(parsed, beside.AGREED_LINES), key=lambda row: str(row["game_id"]))
    assert (one["game_id"], one["player_key"], one["line"], one["over_price"]) == ("7", "ryanjohnson", 5.5, -115)
    assert (two["game_id"], two["projection"]) == ("8", 4.8)
    assert parsed.uses == {"used": 2, "left out": 1}


def test_a_game_without_a_line_is_excused_and_a_club_or_event_that_is_not_known_is_a_reject() -> None:
    known = event(1, "2026-08-06 16:35:00")
    broken = [prop(event_id=9), prop(event_id=2)]
    document = {"events": [known, known | {"id": 2, "home": "XXX"}], "props": [*broken, prop(market_id=287)]}
    unreadable = {"events": [known], "props": [prop(over={"consensus_line": None}), prop(market_id=287)]}

    parsed, other = (
        beside.AGREED.parse(of(answer), context("7"), scheduled({"game_id": "7"}) | none())
        for answer in (document, unreadable)
    )

    assert (len(parsed.rows), len(parsed.rejects), parsed.excused) == (0, 2, {"7": "not offered"})
    assert (len(other.rows), len(other.rejects), other.excused) == (0, 1, {})


def test_a_line_of_the_second_game_whose_start_is_not_known_is_none_of_the_first() -> None:
    games = scheduled({"game_id": "7"}, {"game_id": "8", "first_pitch_at": None, "game_number": 2})
    events = [event(1, "2026-08-06 16:35:00"), event(2, "2026-08-06 22:10:00")]

    parsed = beside.AGREED.parse(
        of({"events": events, "props": [prop(), prop(event_id=2)]}), context("7", "8"), games | none()
    )

    assert sorted(str(row["game_id"]) for row in parsed.rows) == ["7", "8"]


def test_agreed_lines_of_yesterday_are_none_of_the_same_two_clubs_today() -> None:
    yesterday = {"events": [event(1, "2026-08-05 23:05:00")], "props": [prop()]}

    with pytest.raises(SourceError, match="it names none of the 1 games of 2026-08-06"):
        beside.AGREED.parse(of(yesterday), context("7"), scheduled({"game_id": "7"}) | none())


def test_a_game_that_goes_on_from_another_day_is_not_offered_and_no_event_of_it_is_wanted() -> None:
    goes_on = scheduled({"game_id": "7", "resumed_from": DAY - timedelta(days=1)})

    parsed = beside.AGREED.parse(of({"events": [], "props": []}), context("7"), goes_on | none())

    assert parsed.excused == {"7": "not offered"}
