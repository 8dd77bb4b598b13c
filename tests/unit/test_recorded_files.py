"""Season files that end early, lack something or are no season at all: what of them is played, and what is refused by name."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tipoff.core.clock import SimClock
from tipoff.core.errors import UsageError
from tipoff.leagues.mlb.content import RecordedSeasons as MlbSeasons
from tipoff.leagues.mlb.world.files import Files as MlbFiles
from tipoff.leagues.mlb.world.recorded import RecordedMlb
from tipoff.leagues.nba.world.recorded import RecordedNba, RecordedSeasons

Row = dict[str, str]
Change = Callable[[list[Row]], list[Row]]
NBA, MLB = "2097-98", 2097
GAMES = (("0029700001", "2097-10-20", "BOS", "NYK"), ("0029700002", "2097-10-21", "LAL", "DEN"))
BOX = dict.fromkeys("MIN FGM FGA FG3M FG3A FTM FTA OREB DREB REB AST STL BLK TOV PF PTS PLUS_MINUS".split(), "1")  # noqa: SIM905 -- as the log's first line


def write(path: Path, rows: list[Row]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    content = text.getvalue().encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def rows_of(path: Path) -> list[Row]:
    content = path.read_bytes()
    return list(csv.DictReader((gzip.decompress(content) if path.suffix == ".gz" else content).decode().splitlines()))


def drawn(game: tuple[str, str, str, str], points: str) -> Row:
    names = ("game_id", "game_date", "home_team", "away_team")
    return dict(zip(names, game, strict=True)) | {"home_pts": points, "away_pts": points}


def logged(game: tuple[str, str, str, str], side: int) -> Row:
    found, day, home, away = game
    code = (home, away)[side]
    row = {"SEASON_ID": "22097", "TEAM_ID": "1", "TEAM_ABBREVIATION": code, "GAME_ID": found, "GAME_DATE": day}
    return row | {"MATCHUP": f"{home} {('vs.', '@')[side]} {away}"} | BOX


@pytest.fixture
def nba(tmp_path: Path) -> Path:
    """A data folder with a season of two games, two days, one man a side."""
    teams = [logged(game, side) for game in GAMES for side in (0, 1)]
    write(tmp_path / "nba" / f"schedule_{NBA}.csv", [drawn(game, "99") for game in GAMES])
    write(tmp_path / "nba" / f"team_gamelogs_{NBA}.csv.gz", teams)
    players = [row | {"PLAYER_ID": f"{n}", "PLAYER_NAME": f"Man {n}"} for n, row in enumerate(teams)]
    write(tmp_path / "nba" / f"player_gamelogs_{NBA}.csv.gz", players)
    return tmp_path


def edit(path: Path, change: Change) -> None:
    write(path, change(rows_of(path)))


def test_a_season_in_progress_ends_with_the_last_day_of_its_game_logs(nba: Path) -> None:
    later = [
        drawn(("0029700003", "2097-10-22", "BOS", "LAL"), "0"),
        drawn(("0029700004", "2097-12-09", "", "TBD"), ""),
    ]
    edit(nba / "nba" / f"schedule_{NBA}.csv", lambda rows: rows + later)

    season, world = RecordedSeasons().season(nba, NBA), RecordedNba(nba, NBA)

    assert (season.first_day, season.last_day) == (date(2097, 10, 20), date(2097, 10, 21))
    assert [game.game_id for game in world.data.games] == [game[0] for game in GAMES]
    assert world.describe()["games_left_out"] == "2 of the schedule, which the game logs do not reach"


def test_a_season_whose_players_log_ends_a_day_before_the_teams_ends_with_it(nba: Path) -> None:
    edit(nba / "nba" / f"player_gamelogs_{NBA}.csv.gz", lambda rows: rows[:2])

    assert RecordedSeasons().season(nba, NBA).last_day == date(2097, 10, 20)
    assert len(RecordedNba(nba, NBA).data.games) == 1


def test_games_that_a_schedule_cut_short_lacks_are_those_of_the_teams_log(nba: Path) -> None:
    path = nba / "nba" / f"schedule_{NBA}.csv"
    path.write_bytes(path.read_bytes()[:-4])  # in the middle of its last line

    assert RecordedSeasons().season(nba, NBA).last_day == date(2097, 10, 21)
    assert "games_left_out" not in RecordedNba(nba, NBA).describe()


def test_a_second_download_of_a_file_is_no_season(nba: Path) -> None:
    log = nba / "nba" / f"player_gamelogs_{NBA}.csv.gz"
    log.with_name(f"player_gamelogs_{NBA} (1).csv.gz").write_bytes(log.read_bytes())

    assert RecordedSeasons().names(nba) == [NBA]


def test_a_file_of_a_season_that_is_not_there_is_told_so(nba: Path) -> None:
    log = nba / "nba" / f"player_gamelogs_{NBA}.csv.gz"
    log.rename(log.with_suffix(""))  # unpacked

    with pytest.raises(UsageError, match=r"player_gamelogs_2097-98.csv.gz is not there$"):
        RecordedNba(nba, NBA)
    write(nba / "mlb" / f"retrosheet_gameinfo_{MLB}.csv.gz", [{"gid": "g"}])
    with pytest.raises(UsageError, match=r"retrosheet_pitching_2097.csv.gz is not there$"):
        MlbFiles(nba).season("pitching", MLB)


def test_a_game_log_that_is_not_utf_8_is_refused_and_names_the_column(nba: Path) -> None:
    log = nba / "nba" / f"player_gamelogs_{NBA}.csv.gz"
    edit(log, lambda rows: [rows[0] | {"PLAYER_NAME": "Luka Dončić"}, *rows[1:]])
    log.write_bytes(gzip.compress(gzip.decompress(log.read_bytes()).decode().encode("iso-8859-2")))

    with pytest.raises(UsageError, match="cannot be read: PLAYER_NAME is not UTF-8"):
        RecordedNba(nba, NBA)


def test_a_game_whose_day_another_of_its_clubs_takes_makes_room_in_time(nba: Path) -> None:
    third = ("0029700003", "2097-10-26", "LAL", "BOS")
    played = [logged(third, side) for side in (0, 1)]
    edit(nba / "nba" / f"team_gamelogs_{NBA}.csv.gz", lambda rows: rows + played)
    men = [row | {"PLAYER_ID": f"{n}", "PLAYER_NAME": f"Man {n}"} for n, row in enumerate(played)]
    edit(nba / "nba" / f"player_gamelogs_{NBA}.csv.gz", lambda rows: rows + men)
    was_on = {"moved_inferred": "1", "inferred_original_date": "2097-10-21"}
    rest = dict.fromkeys(was_on, "")
    edit(
        nba / "nba" / f"schedule_{NBA}.csv",
        lambda rows: [*(row | rest for row in rows), drawn(third, "99") | was_on],
    )

    first, moved = RecordedNba(nba, NBA).data.games[-1].stands

    assert (first.day, moved.day) == (date(2097, 10, 21), date(2097, 10, 26))
    assert not first.off
    assert moved.since < first.tipoff_at - timedelta(days=2)


def quoted(commence: str) -> list[Row | dict[str, Any]]:
    sides = {"home_team": "Boston Celtics", "away_team": "New York Knicks", "event_id": "e", "file_day": "2097-10-20"}
    quote = {"book": "b", "market": "player_points", "last_update": "2097-10-20T12:00:00Z", "player_name": "Man 0"}
    prices = [{"side": side, "point": 9.5, "price": -110} for side in ("Over", "Under")]
    return [sides | quote | price | {"commence_time": commence} for price in prices]


@pytest.mark.parametrize(("commence", "tipoff"), [("T23:40:00Z", "23:30"), ("T18:00:00Z", "18:00")])
def test_a_game_of_no_fixture_list_begins_when_its_lines_say(nba: Path, commence: str, tipoff: str) -> None:
    (nba / "odds").mkdir()
    pq.write_table(
        pa.Table.from_pylist(quoted(f"2097-10-20{commence}")), nba / "odds" / "nba_player_props_2097.parquet"
    )

    first, second = RecordedNba(nba, NBA).data.games

    assert f"{first.tipoff_at:%d %H:%M}" == f"20 {tipoff}"
    assert first.ends_at - first.tipoff_at > timedelta(hours=2)
    assert first.snapshots
    assert not second.snapshots


def test_the_odds_show_a_game_on_the_day_on_which_it_was_drawn_until_it_is_put_off(nba: Path) -> None:
    moved = {"moved_inferred": "1", "inferred_original_date": "2097-10-16"}
    edit(nba / "nba" / f"schedule_{NBA}.csv", lambda rows: [rows[0] | moved, rows[1] | dict.fromkeys(moved, "")])
    world = RecordedNba(nba, NBA)
    [drawn_first, off, again] = world.data.games[0].stands

    def shown(now: datetime) -> list[str]:
        told = {"commenceTimeFrom": "2097-10-10T00:00:00Z", "commenceTimeTo": "2097-11-01T00:00:00Z"}
        with httpx.Client(transport=world.transport(SimClock(now))) as client:
            answer = client.get("https://api.the-odds-api.com/v4/sports/basketball_nba/events", params=told)
        return [event["commence_time"][:10] for event in answer.json() if event["home_team"] == "Boston Celtics"]

    assert drawn_first.day == off.day
    assert shown(off.since - timedelta(hours=1)) == [f"{off.tipoff_at:%Y-%m-%d}"]
    assert shown(off.since) == []
    assert shown(again.since) == [f"{again.tipoff_at:%Y-%m-%d}"]


def without(column: str) -> Change:
    return lambda rows: [{name: value for name, value in row.items() if name != column} for row in rows]


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("schedule_{}.csv", without("home_pts"), "lacks the columns home_pts"),
        ("schedule_{}.csv", without("game_date"), "lacks the columns game_date"),
        ("schedule_{}.csv", lambda rows: [rows[0] | {"game_date": "2097-1"}], "line 2 says '2097-1' for a day"),
        ("schedule_{}.csv", lambda rows: [rows[0] | {"home_team": "SEA"}], "is of no NBA club: SEA"),
        ("team_gamelogs_{}.csv.gz", without("PTS"), "lacks the columns PTS"),
        (
            "team_gamelogs_{}.csv.gz",
            lambda rows: [rows[0] | {"MATCHUP": ""}, *rows[1:]],
            "lacks MATCHUP in a row of the game",
        ),
        ("team_gamelogs_{}.csv.gz", lambda rows: [rows[0] | {"PTS": ""}, *rows[1:]], "lacks PTS in a row of the game"),
        ("player_gamelogs_{}.csv.gz", without("GAME_ID"), "lacks the columns GAME_ID"),
        ("player_gamelogs_{}.csv.gz", without("GAME_DATE"), "lacks the columns GAME_DATE"),
        ("player_gamelogs_{}.csv.gz", lambda rows: [rows[0] | {"GAME_DATE": ""}], "no game of the season 2097-98"),
    ],
)
def test_a_season_that_lacks_something_is_refused_with_what_it_lacks(
    nba: Path, kind: str, change: Change, said: str
) -> None:
    edit(nba / "nba" / kind.format(NBA), change)

    with pytest.raises(UsageError, match=said):
        RecordedNba(nba, NBA)


GAME = {"gid": "ATH209704010", "date": "20970401", "hometeam": "ATH", "visteam": "SLN", "site": "SAC01", "number": "0"}
GAME |= {"starttime": "7:05PM", "daynight": "night", "innings": "9", "timeofgame": "170", "suspend": "", "temp": "60"}
GAME |= {"umphome": "ump1", "gametype": "regular"}
SIDES = ("ATH", "SLN")


def pitched(team: str) -> Row:
    counts = dict.fromkeys(("p_ipouts", "p_bfp", "p_k", "p_w", "p_h", "p_hr", "p_r"), "0")  # who leaves with nobody out
    row = {"gid": GAME["gid"], "team": team, "id": f"new{team}", "p_seq": "1", "stattype": "value", "p_gs": "1"}
    return row | counts | {"date": GAME["date"]}


def batted(team: str) -> Row:
    counts = dict.fromkeys(("b_pa", "b_k", "b_r", "b_h", "b_w", "b_hbp"), "3")
    order = {f"start_l{place}": f"bat{team}{place}" for place in range(1, 10)}
    field = {f"start_f{place}": f"bat{team}{place}" for place in range(2, 11)} | {"start_f1": f"new{team}"}
    return {"gid": GAME["gid"], "team": team, "stattype": "value", "date": GAME["date"]} | counts | order | field


def season_of(folder: Path, year: int) -> None:
    rows = {"gameinfo": [GAME], "pitching": list(map(pitched, SIDES)), "teamstats": list(map(batted, SIDES))}
    for kind, made in rows.items():
        of_year = [row | {"gid": f"ATH{year}04010", "date": row["date"].replace(f"{MLB}", f"{year}")} for row in made]
        write(folder / "mlb" / f"retrosheet_{kind}_{year}.csv.gz", of_year)


@pytest.fixture
def mlb(tmp_path: Path) -> Path:
    """A data folder with a season of one game, of a club that plays in another's park, with men whom no register knows."""
    season_of(tmp_path, MLB)
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("gameinfo", without("starttime"), "lacks columns: starttime"),
        ("gameinfo", lambda rows: [rows[0] | {"gametype": "worldseries"}], "no game of the regular season"),
        ("gameinfo", lambda rows: [rows[0] | {"hometeam": "MON"}], "says nothing of ATH209704010"),
        ("pitching", without("p_k"), "lacks columns: .*p_k"),
        ("pitching", lambda rows: rows[:1], "says nothing of ATH209704010, nor of 0 other games"),
        ("teamstats", lambda rows: rows[1:], "teamstats_2097.csv.gz says nothing of ATH209704010"),
        ("teamstats", without("start_l1"), "lacks columns: start_l1"),
    ],
)
def test_a_season_of_baseball_that_lacks_something_is_refused_with_what_it_lacks(
    mlb: Path, kind: str, change: Change, said: str
) -> None:
    edit(mlb / "mlb" / f"retrosheet_{kind}_{MLB}.csv.gz", change)

    with pytest.raises(UsageError, match=said):
        played_in(mlb)


def played_in(folder: Path) -> list[date]:
    return [MlbSeasons().season(folder, f"{MLB}").first_day, *(g.day for g in RecordedMlb(folder, f"{MLB}").games(MLB))]


def test_a_whole_season_of_baseball_is_played(mlb: Path) -> None:
    assert played_in(mlb) == [date(MLB, 4, 1)] * 2


@pytest.mark.parametrize("kind", ["gameinfo", "pitching", "teamstats"])
@pytest.mark.parametrize("keep", [0, 1], ids=["nothing at all", "its first line alone"])
def test_an_empty_file_of_a_season_of_baseball_is_refused_by_its_name(mlb: Path, kind: str, keep: int) -> None:
    path = mlb / "mlb" / f"retrosheet_{kind}_{MLB}.csv.gz"
    path.write_bytes(gzip.compress(b"".join(gzip.decompress(path.read_bytes()).splitlines(keepends=True)[:keep])))

    with pytest.raises(UsageError, match=path.name):
        RecordedMlb(mlb, f"{MLB}").games(MLB)


@pytest.mark.parametrize("text", ["", "0:00", "0:00PM", "13:05PM", "unknown"])
def test_a_game_without_an_hour_begins_when_such_games_do(mlb: Path, text: str) -> None:
    edit(mlb / "mlb" / f"retrosheet_gameinfo_{MLB}.csv.gz", lambda rows: [rows[0] | {"starttime": text}])

    [game] = RecordedMlb(mlb, f"{MLB}").games(MLB)

    assert f"{game.starts_at:%d %H:%M}" == "02 02:05"  # five past seven in Sacramento


@pytest.mark.parametrize(("site", "at"), [("BIR01", "02 00:05"), ("SEO01", "01 10:05"), ("LON01", "01 18:05")])
def test_a_game_on_neutral_ground_begins_by_the_clock_of_its_place(mlb: Path, site: str, at: str) -> None:
    edit(mlb / "mlb" / f"retrosheet_gameinfo_{MLB}.csv.gz", lambda rows: [rows[0] | {"site": site}])

    [game] = RecordedMlb(mlb, f"{MLB}").games(MLB)

    assert f"{game.starts_at:%d %H:%M}" == at


def asked(world: RecordedMlb, path: str, **query: str) -> Any:
    clock = SimClock(datetime(MLB, 4, 1, 12, tzinfo=UTC))
    with httpx.Client(transport=world.transport(clock)) as client:
        return json.loads(client.get(f"https://statsapi.mlb.com/api/v1/{path}", params=query).content)


def test_what_is_not_recorded_of_a_season_before_is_stood_in_for_by_the_one_before_it(mlb: Path) -> None:
    season_of(mlb, MLB - 2)
    counts = dict.fromkeys(("B_SO", "B_H", "B_BB", "B_HP"), "1") | {"B_PA": "9", "YEAR": f"{MLB - 2}", "PHASE": "R"}
    hands = {"RESP_BAT_ID": "batATH1", "RESP_BAT_HAND_CD": "R", "RESP_PIT_HAND_CD": "L"}
    write(mlb / "mlb" / "batting_platoon_2094_2095.csv.gz", [hands | counts | {"B_PA": "8"}])
    write(mlb / "mlb" / "batting_platoon_2095.csv.gz", [hands | counts])

    world = RecordedMlb(mlb, f"{MLB}")

    assert world.describe()["batters_totals"] == f"those of the season before stand in for {MLB - 1}"
    [there], [stood_in], none = (
        asked(world, "stats", season=f"{MLB - back}")["stats"][0]["splits"] for back in (2, 1, 3)
    )
    assert (there | {"season": f"{MLB - 1}"}, none) == (stood_in, [])
    assert there["stat"]["plateAppearances"] == 9
    people = [asked(world, "sports/1/players", season=f"{year}")["people"] for year in (MLB - 3, MLB - 2, MLB - 1)]
    assert (people[0], len(people[1])) == ([], 20)
    assert people[1] == people[2]


def test_a_world_of_baseball_is_another_with_a_file_of_games_and_the_same_with_a_longer_register(mlb: Path) -> None:
    before = RecordedMlb(mlb, f"{MLB}").fingerprint

    write(mlb / "registries/mlb_chadwick_register_2095.csv.gz", [{"key_retro": ""}])

    assert RecordedMlb(mlb, f"{MLB}").fingerprint == before
    write(mlb / "mlb/retrosheet_allplayers_2095.csv", [{"id": ""}])
    assert RecordedMlb(mlb, f"{MLB}").fingerprint != before
