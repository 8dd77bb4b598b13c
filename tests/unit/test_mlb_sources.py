"""statsapi.mlb.com's answers: read as they were recorded, and what a game on two days or a start unknown gives."""

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tipoff.core.errors import SourceError
from tipoff.core.payload import Payload, Request
from tipoff.core.rows import arrow_schema, table_from_records
from tipoff.core.schema import Table
from tipoff.core.slate import Season, Slate
from tipoff.core.step import Context
from tipoff.leagues.mlb import tables
from tipoff.leagues.mlb.league import MLB
from tipoff.leagues.mlb.sources import feed, schedule, seasons
from tipoff.leagues.mlb.sources.teams import BY_NAME, BY_RETROSHEET, TEAMS

DAY = date(2026, 8, 7)
NOW = datetime(2026, 8, 7, 18, tzinfo=UTC)
GAME: dict[str, Any] = {
    "gamePk": 823836,
    "gameType": "R",
    "gameDate": "2026-08-07T23:10:00Z",
    "officialDate": "2026-08-07",
    "status": {"codedGameState": "S", "startTimeTBD": False},
    "teams": {"home": {"team": {"id": 146}}, "away": {"team": {"id": 108}}},
    "gameNumber": 1,
    "doubleHeader": "N",
    "scheduledInnings": 9,
}


def payload(document: Any, unit: str = "", **asked: str) -> Payload:
    body = json.dumps(document).encode()
    request = Request(source="statsapi", url="https://statsapi.mlb.com", unit=unit, params=tuple(asked.items()))
    return Payload(request=request, body=body, sha256=hashlib.sha256(body).hexdigest(), status=200, fetched_at=NOW)


def context(day: date = DAY, *units: str) -> Context:
    season = Season(str(day.year), day, day)
    return Context(slate=Slate("mlb", season, day), units=frozenset(units), as_of=NOW)


def said(*games: Mapping[str, Any]) -> Payload:
    return payload({"dates": [{"games": list(games)}]})


def nothing() -> dict[str, pa.Table]:
    return {"schedule": arrow_schema(tables.SCHEDULE).empty_table()}


def stored(*games: Mapping[str, Any], day: date = DAY) -> dict[str, pa.Table]:
    rows = schedule.parse(said(*games), context(day), nothing()).rows
    return {"schedule": table_from_records(tables.SCHEDULE, [row | {"known_at": NOW} for row in rows])}


def test_a_game_of_the_day_is_one_row_with_its_clubs_and_start() -> None:
    [row] = schedule.parse(said(GAME), context(), nothing()).rows

    assert (row["home_team"], row["away_team"], row["status"]) == ("MIA", "LAA", "scheduled")
    assert row["first_pitch_at"] == datetime(2026, 8, 7, 23, 10, tzinfo=UTC)


def test_the_second_of_two_games_has_no_start_until_it_is_said() -> None:
    second = GAME | {"gameNumber": 2, "doubleHeader": "Y", "status": {"codedGameState": "S", "startTimeTBD": True}}

    [game] = MLB.read_games(stored(second)["schedule"])

    assert game.starts_at is None


def test_a_game_that_was_put_off_says_where_it_went_and_is_not_owed() -> None:
    off = GAME | {"status": {"codedGameState": "D"}, "rescheduleGameDate": "2026-08-08"}

    [game] = MLB.read_games(stored(off)["schedule"])

    assert game.status.is_off
    assert "2026-08-08" in game.evidence


def test_a_game_that_was_broken_off_stands_again_on_the_day_on_which_it_goes_on() -> None:
    broken = GAME | {"status": {"codedGameState": "U"}, "resumeGameDate": "2026-08-08"}
    resumed = GAME | {"resumedFromDate": "2026-08-07", "status": {"codedGameState": "F"}}
    next_day = date(2026, 8, 8)

    [first] = MLB.read_games(stored(broken)["schedule"])
    again = stored(resumed, day=next_day)
    [second] = MLB.read_games(again["schedule"])
    line_ups = feed.parse_line_ups(
        payload({"gameData": {"players": {}}, "liveData": {"boxscore": {"teams": {}}}}, "823836"),
        context(next_day, "823836"),
        again,
    )

    assert first.status.is_off
    assert not second.status.is_off
    assert first.game_id == second.game_id
    assert line_ups.excused == {"823836": "it goes on from 2026-08-07: its line-ups are of then"}


def test_a_day_without_games_is_excused_and_an_answer_without_dates_is_not_believed() -> None:
    assert schedule.parse(payload({"dates": [], "totalGames": 0}), context(), nothing()).excused

    answers: list[dict[str, Any]] = [{"message": "Object not found"}, {"dates": []}, {"dates": [], "totalGames": None}]
    for silent in answers:
        with pytest.raises(SourceError):
            schedule.parse(payload(silent), context(), nothing())


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"gameType": "r"}, "gameType"),
        ({"gameType": None}, "gameType"),
        ({"officialDate": "08/07/2026"}, "officialDate"),
        ({"officialDate": "2025-08-07"}, "of other days"),
        ({"gamePk": "abc"}, "no gamePk"),
        ({"gamePk": "9" * 50}, "no identifier"),
        ({"gamePk": "²"}, "no gamePk"),
        ({"status": {"codedGameState": "Z"}}, "codedGameState"),
        ({"status": {}}, "codedGameState"),
    ],
)
def test_games_of_another_form_kind_or_day_are_an_error_and_never_an_empty_day(
    change: dict[str, Any], why: str
) -> None:
    with pytest.raises(SourceError, match=why):
        schedule.parse(said(GAME | change), context(), nothing())


def test_an_answer_that_counts_games_and_names_none_is_an_error() -> None:
    assert schedule.parse(payload({"dates": [], "totalGames": 0}), context(), nothing()).excused

    with pytest.raises(SourceError, match="counts 15 games"):
        schedule.parse(payload({"dates": [], "totalGames": 15}), context(), nothing())


def test_a_day_of_the_all_star_game_has_no_game_and_one_kind_that_is_not_known_keeps_it_from_being_empty() -> None:
    all_star = GAME | {"gameType": "A"}

    assert schedule.parse(said(all_star), context(), nothing()).excused
    assert not schedule.parse(said(all_star, GAME | {"gameType": "?"}), context(), nothing()).excused


@pytest.mark.parametrize("year", ["9999", "0001", "2027"])
def test_a_start_in_another_year_costs_its_game_alone(year: str) -> None:
    far = GAME | {"gamePk": 5, "gameDate": f"{year}-08-07T23:10:00Z"}

    parsed = schedule.parse(said(GAME, far), context(), nothing())

    assert [row["game_id"] for row in parsed.rows] == ["823836"]
    assert len(parsed.rejects) == 1


def test_a_game_that_goes_on_may_be_told_with_its_first_start_and_with_no_other() -> None:
    resumed = GAME | {"officialDate": "2026-05-01", "resumedFromDate": "2026-05-01"}

    first = schedule.parse(said(resumed | {"gameDate": "2026-05-01T23:10:00Z"}), context(), nothing())
    other = schedule.parse(
        said(GAME, resumed | {"gamePk": 5, "gameDate": "2026-06-01T23:10:00Z"}), context(), nothing()
    )

    assert len(first.rows) == 1
    assert [row["game_id"] for row in other.rows] == ["823836"]


def named(home: int, away: int) -> dict[str, Any]:
    """Return the game with who is named to pitch for each club."""
    men = {"home": home, "away": away}
    return GAME | {
        "teams": {
            side: GAME["teams"][side] | {"probablePitcher": {"id": man, "fullName": f"Man {man}"}}
            for side, man in men.items()
        }
    }


@pytest.mark.parametrize(
    "bad", [None, "x", 17, {"gamePk": None}, GAME | {"teams": None}, {"gamePk": [823836]}], ids=str
)
def test_an_entry_that_is_none_costs_no_other_games_pitchers(bad: Any) -> None:
    parsed = schedule.parse_probable(said(named(7, 8), bad), context(DAY, "823836"), stored(GAME))

    assert [row["pitcher_id"] for row in parsed.rows] == [7, 8]
    assert parsed.rejects


def test_one_man_named_by_both_clubs_of_a_game_costs_that_game_alone() -> None:
    both, good = named(7, 7), named(8, 9) | {"gamePk": 5}

    parsed = schedule.parse_probable(said(both, good), context(DAY, "823836", "5"), stored(GAME, GAME | {"gamePk": 5}))

    assert [(row["game_id"], row["pitcher_id"]) for row in parsed.rows] == [("5", 8), ("5", 9)]
    assert [reject.reason for reject in parsed.rejects] == ["Man 7 would pitch for both clubs"] * 2


def split(**stat: Any) -> dict[str, Any]:
    whole = {"plateAppearances": 40, "strikeOuts": 8, "hits": 9, "baseOnBalls": 3, "hitByPitch": 0}
    return {"season": "2025", "stat": whole | stat, "player": {"id": 7}, "split": {"code": "vr"}}


@pytest.mark.parametrize(
    "bad", [None, "x", split(plateAppearances=None), split(strikeOuts=10**30), split() | {"season": None}]
)
def test_one_bad_total_costs_its_row_alone(bad: Any) -> None:
    parsed = seasons.parse_splits(
        payload({"stats": [{"splits": [split(), bad, split(plateAppearances=50)]}]}, season="2025"), context(), {}
    )

    assert [row["plate_appearances"] for row in parsed.rows] == [50]
    assert len(parsed.rejects) == 1


def test_totals_of_which_none_can_be_read_are_an_error() -> None:
    with pytest.raises(SourceError, match="can be read"):
        seasons.parse_splits(payload({"stats": [{"splits": [None, 1]}]}, season="2025"), context(), {})


EVENING = datetime(2026, 8, 7, 23, tzinfo=UTC)  # when a day begins of whose games no start is known
LONG_BEFORE, JUST_BEFORE = EVENING - timedelta(hours=9), EVENING - timedelta(hours=4)


def named_in(*known: int, season: int, at: datetime) -> Mapping[str, str]:
    """Return what is excused by an answer about a season's players while those of `known` are there."""
    people = [{"id": 7, "fullName": "Man"}]
    rows = [
        row | {"known_at": NOW}
        for one in known
        for row in seasons.parse_players(payload({"people": people}, season=f"{one}"), context(), {}).rows
    ]
    about = replace(context(), as_of=at)
    there = {"players": table_from_records(tables.PLAYERS, rows)}
    return seasons.parse_players(payload({"people": []}, season=f"{season}"), about, there).excused


def test_that_a_season_has_no_players_is_believed_once_others_are_there_and_none_that_is_older() -> None:
    year = DAY.year

    assert named_in(season=year - 3, at=LONG_BEFORE) == {}  # the first look
    assert named_in(year - 2, year - 1, season=year - 3, at=LONG_BEFORE) == {
        f"{year - 3}": f"statsapi names nobody of {year - 3}"
    }
    assert named_in(year - 1, season=year, at=LONG_BEFORE).keys() == {f"{year}"}  # it has not begun


def test_that_a_season_between_two_has_no_players_is_never_believed() -> None:
    year = DAY.year
    for at in (LONG_BEFORE, JUST_BEFORE):
        assert named_in(year - 3, year - 1, season=year - 2, at=at) == {}
        assert named_in(year - 3, season=year - 1, at=at) == {}


def test_where_no_season_is_there_that_is_believed_as_late_as_it_may_be_and_on_no_later_day() -> None:
    year = DAY.year

    assert named_in(season=year - 1, at=JUST_BEFORE).keys() == {f"{year - 1}"}
    assert named_in(season=year - 1, at=JUST_BEFORE + timedelta(days=9)) == {}


def test_totals_of_another_season_than_was_asked_for_are_no_rows_and_no_zero() -> None:
    about = replace(context(), as_of=JUST_BEFORE)

    parsed = seasons.parse_splits(payload({"stats": [{"splits": [split()]}]}, season="2024"), about, {})

    assert (list(parsed.rows), parsed.excused) == ([], {})
    assert len(parsed.rejects) == 1


def over(**change: Any) -> dict[str, Any]:
    """Return the feed of a game that is over: two pitchers and ten batters a side."""
    players = {
        f"ID{n}": {
            "stats": {"pitching": {"outs": 3, "strikeOuts": 1}, "batting": {"atBats": 4, "hits": 1}},
            "position": {"code": "1" if n < 3 else "2"},
        }
        for n in range(1, 13)
    }
    box = {
        "team": {"id": 146},
        "players": players,
        "pitchers": [1, 2],
        "batters": list(range(3, 13)),
        "battingOrder": list(range(3, 12)),
        "teamStats": {"batting": {"plateAppearances": 40}},
    }
    other = box | {"team": {"id": 108}}
    people = {f"ID{n}": {"id": n, "fullName": f"Man {n}"} for n in range(1, 13)}
    return {
        "gamePk": 823836,
        "gameData": {"status": {"codedGameState": "F"}, "players": people, "datetime": {}},
        "liveData": {"boxscore": {"teams": {"home": box | change, "away": other}, "officials": [None, "x"]}},
    }


@pytest.mark.parametrize("bad", [None, "x", 10**30, [1], {"id": 1}, 99])
def test_one_pitcher_or_batter_that_cannot_be_read_costs_no_other(bad: Any) -> None:
    about, games = context(DAY, "823836"), stored(GAME)

    pitchers = feed.parse_pitchers(payload(over(pitchers=[1, bad]), "823836"), about, games)
    batters = feed.parse_batters(payload(over(batters=[12, bad]), "823836"), about, games)

    assert [row["pitcher_id"] for row in pitchers.rows] == [1, 1, 2]
    assert len(pitchers.rejects) == 1
    assert len(batters.rows) == 20


def started(*n_started: int) -> dict[str, Any]:
    """Return the feed of a game that is over whose home pitchers each say whether they started."""
    found = over()
    home = found["liveData"]["boxscore"]["teams"]["home"]
    for man, n in enumerate(n_started, start=1):
        numbers = home["players"][f"ID{man}"]
        home["players"] |= {f"ID{man}": numbers | {"stats": {"pitching": {"outs": 3, "gamesStarted": n}}}}
    teams = found["liveData"]["boxscore"]["teams"]
    teams["away"] = teams["away"] | {"players": over()["liveData"]["boxscore"]["teams"]["away"]["players"]}
    return found


def test_who_started_is_told_by_his_own_numbers_and_whom_a_club_faced_first_by_the_order() -> None:
    about, games = context(DAY, "823836"), stored(GAME)

    first = feed.parse_pitchers(payload(started(1, 0), "823836"), about, games)
    second = feed.parse_pitchers(payload(started(0, 1), "823836"), about, games)
    clubs = feed.parse_teams(payload(started(0, 1), "823836"), about, games)

    assert [row["is_starter"] for row in first.rows] == [True, False, True, False]
    assert [row["is_starter"] for row in second.rows if row["is_home"]] == [False, True]
    assert [row["opposing_starter_id"] for row in clubs.rows if not row["is_home"]] == [1]


@pytest.mark.parametrize("n_started", [(0, 0), (1, 1)])
def test_a_club_of_which_not_one_man_started_is_refused(n_started: tuple[int, int]) -> None:
    parsed = feed.parse_pitchers(payload(started(*n_started), "823836"), context(DAY, "823836"), stored(GAME))

    assert [row["team"] for row in parsed.rows] == ["LAA", "LAA"]
    assert [reject.reason for reject in parsed.rejects] == [
        f"by gamesStarted {sum(n_started)} of its 2 pitchers started"
    ]


@pytest.mark.parametrize("table", [tables.BATTER_BOXSCORES, tables.BATTER_GAMES])
def test_a_man_who_batted_for_both_clubs_of_a_game_has_a_row_for_each(table: Table) -> None:
    batters = feed.parse_batters(payload(over(), "823836"), context(DAY, "823836"), stored(GAME))

    assert [row["batter_id"] for row in batters.rows].count(3) == 2
    assert len({tuple(row[name] for name in table.key) for row in batters.rows}) == len(batters.rows) == 20


def test_the_feed_of_another_game_or_in_a_state_that_is_not_known_is_an_error() -> None:
    about, games, found = context(DAY, "823836"), stored(GAME), over()
    unknown = found | {"gameData": found["gameData"] | {"status": {"codedGameState": "Z"}}}

    for read in (feed.parse_pitchers, feed.parse_batters, feed.parse_teams):
        assert len(read(payload(found, "823836"), about, games).rows) >= 2
        with pytest.raises(SourceError, match="asked for 823836, it is of 5"):
            read(payload(found | {"gamePk": 5}, "823836"), about, games)
        with pytest.raises(SourceError, match="codedGameState is"):
            read(payload(unknown, "823836"), about, games)


@pytest.mark.parametrize("places", [(0, 1), (1, 0)])
def test_a_game_that_is_named_twice_is_as_it_is_where_it_is_on(places: tuple[int, int]) -> None:
    off = GAME | {"status": {"codedGameState": "D"}, "rescheduleGameDate": "2026-08-08"}

    parsed = schedule.parse(said(*[(GAME, off)[place] for place in places]), context(), nothing())

    assert [row["status"] for row in parsed.rows] == ["scheduled"]
    assert parsed.notes == ("823836 is named twice, as scheduled and postponed: the first counts",)


def test_a_game_that_would_go_on_from_a_day_to_come_is_no_excuse() -> None:
    with pytest.raises(SourceError, match="it goes on from 2027-01-01, which is yet to come"):
        schedule.parse(said(GAME | {"resumedFromDate": "2027-01-01"}), context(), nothing())


def test_line_ups_of_two_clubs_with_a_man_in_both_are_an_error() -> None:
    found, about, games = over(), context(DAY, "823836"), stored(GAME)
    teams = found["liveData"]["boxscore"]["teams"]

    with pytest.raises(SourceError, match="would play for both clubs"):
        feed.parse_line_ups(payload(found, "823836"), about, games)
    teams["away"] = teams["away"] | {"battingOrder": list(range(21, 30))}
    with pytest.raises(SourceError, match="1 would play for both clubs"):  # he would pitch for both
        feed.parse_line_ups(payload(found, "823836"), about, games)
    teams["away"] = teams["away"] | {"pitchers": [2]}
    assert len(feed.parse_line_ups(payload(found, "823836"), about, games).rows) == 2


def test_an_order_of_ten_is_none_of_nine() -> None:
    ten = over(battingOrder=list(range(3, 13)))

    parsed = feed.parse_teams(payload(ten, "823836"), context(DAY, "823836"), stored(GAME))

    assert [row["team"] for row in parsed.rows] == ["LAA"]
    assert [reject.reason for reject in parsed.rejects] == ["the nine are 10 men in 10 places"]


def test_totals_of_another_season_than_was_asked_for_or_that_cannot_be_are_rejects() -> None:
    cannot_be = split(strikeOuts=41), split(strikeOuts=20, hits=18)  # of 40, with 3 walks
    asked = payload({"stats": [{"splits": [split(), split() | {"season": "2019"}, *cannot_be]}]}, season="2025")

    parsed = seasons.parse_splits(asked, context(), {})

    assert [row["season"] for row in parsed.rows] == [2025]
    assert len(parsed.rejects) == 3


def test_a_game_that_is_no_longer_named_stays_with_a_note() -> None:
    parsed = schedule.parse(payload({"dates": [], "totalGames": 0}), context(), stored(GAME))

    assert len(parsed.rows) == 1
    assert "no longer names 823836" in parsed.notes[0]


def test_who_is_expected_to_pitch_is_looked_at_shortly_before_the_first_game_falls_due_by_the_looks_there_are() -> None:
    timing = MLB.step("probable_pitchers").timing
    assert timing.refresh is not None
    from_opening_to_due = timing.due.offset - timing.opens.offset  # of the first game, whose start both are told from

    assert timedelta(0) < from_opening_to_due % timing.refresh <= timedelta(minutes=15)


def test_numbers_of_games_and_clubs_may_be_written_with_a_point() -> None:
    with_points = json.loads(json.dumps(GAME), parse_int=float)
    about, games = context(DAY, "823836"), stored(GAME)

    [row] = schedule.parse(said(with_points), context(), nothing()).rows
    pitchers = feed.parse_pitchers(payload(over() | {"gamePk": 823836.0}, "823836"), about, games)

    assert row == schedule.parse(said(GAME), context(), nothing()).rows[0]
    assert pitchers.rows


def test_a_club_that_is_not_known_costs_its_game_alone() -> None:
    strange = GAME | {"gamePk": 5, "teams": {"home": {"team": {"id": 9999}}, "away": {"team": {"id": 108}}}}

    parsed = schedule.parse(said(GAME, strange), context(), nothing())

    assert len(parsed.rows) == 1
    assert "unknown club" in parsed.rejects[0].reason


def test_every_club_has_one_code_by_every_name_that_it_had() -> None:
    assert len(TEAMS) == 30
    assert BY_NAME["Cleveland Indians"] == BY_NAME["Cleveland Guardians"] == "CLE"
    assert BY_RETROSHEET["OAK"] == BY_RETROSHEET["ATH"] == "ATH"


def _recorded(data: Path, pattern: str) -> list[Any]:
    found = [
        json.loads(gzip.decompress(path.read_bytes()))
        for path in sorted((data / "payloads" / "statsapi.mlb.com").glob(pattern))
    ]
    return [one.get("body") or one.get("response") or one for one in found]


@pytest.mark.data
def test_recorded_schedules_are_read_whole(data: Path) -> None:
    documents = [one for one in _recorded(data, "cache_schedule_*") if one["dates"]]

    for document in documents:
        day = date.fromisoformat(document["dates"][0]["date"])
        parsed = schedule.parse(payload(document), context(day), nothing())
        games = sum(len(part["games"]) for part in document["dates"])
        assert not parsed.rejects
        assert sum(parsed.uses.values()) == games
    assert documents


@pytest.mark.data
def test_recorded_feeds_give_two_line_ups_once_both_are_in_and_none_before(data: Path) -> None:
    seen = set()
    for document in _recorded(data, "cache_confirmed_lineup_*"):
        found = document["gameData"]
        boxes = document["liveData"]["boxscore"]["teams"]
        n_in = sum(len(boxes[side]["battingOrder"]) == 9 for side in ("home", "away"))
        day = date.fromisoformat(found["datetime"]["officialDate"])
        game = GAME | {
            "gamePk": found["game"]["pk"],
            "officialDate": str(day),
            "gameDate": f"{day}T23:10:00Z",
            "teams": {side: {"team": {"id": boxes[side]["team"]["id"]}} for side in ("home", "away")},
        }
        unit = str(found["game"]["pk"])

        parsed = feed.parse_line_ups(payload(document, unit), context(day, unit), stored(game, day=day))

        seen.add(n_in)
        assert not parsed.rejects
        assert len(parsed.rows) == (2 if n_in == 2 else 0)
        for row in parsed.rows:
            assert row["starter_throws"] in {"L", "R"}
            assert row["umpire_id"]
    assert seen == {0, 1, 2}


@pytest.mark.data
def test_a_recorded_game_that_is_over_gives_its_pitchers_and_both_clubs_and_they_agree(data: Path) -> None:
    [document] = _recorded(data, "fixture_livefeed*")
    found = document["gameData"]
    day = date.fromisoformat(found["datetime"]["officialDate"])
    unit = str(found["game"]["pk"])
    game = GAME | {
        "gamePk": found["game"]["pk"],
        "officialDate": str(day),
        "gameDate": f"{day}T23:10:00Z",
        "teams": {side: {"team": {"id": found["teams"][side]["id"]}} for side in ("home", "away")},
    }
    inputs, about = stored(game, day=day), context(day, unit)

    pitchers = feed.parse_pitchers(payload(document, unit), about, inputs)
    clubs = feed.parse_teams(payload(document, unit), about, inputs)
    batters = feed.parse_batters(payload(document, unit), about, inputs)

    assert not pitchers.rejects + clubs.rejects + batters.rejects
    threw: list[dict[str, Any]] = list(pitchers.rows)
    hit: list[dict[str, Any]] = list(batters.rows)
    assert sum(row["is_starter"] for row in threw) == 2
    for club in clubs.rows:
        faced = [row for row in threw if row["opponent"] == club["team"]]
        batted = [row for row in hit if row["team"] == club["team"]]
        assert sum(row["strikeouts"] for row in faced) == club["strikeouts"]
        assert sum(row["strikeouts"] or 0 for row in batted) == club["strikeouts"]
        assert sum(row["is_starter"] for row in batted) == 9
