"""Baseball's own checks and grades, asked in SQL: what seasons of the past showed to be no fault, and what is one."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pyarrow as pa
import pytest
from tests.taken_back import opened

from tipoff.checks.profile import profile_of
from tipoff.core.check import Check, View
from tipoff.core.rows import table_from_records
from tipoff.core.schema import ColumnType, Table
from tipoff.core.slate import Season
from tipoff.leagues.checks.usual import ENOUGH
from tipoff.leagues.mlb import beside, lines, tables
from tipoff.leagues.mlb.checks import CHECKS
from tipoff.leagues.mlb.live import LIVE_STEPS
from tipoff.store.dialect import bounds, load
from tipoff.store.duck import DuckWarehouse
from tipoff.store.rows import named

_SEASON = Season("2021", date(2021, 4, 1), date(2021, 10, 3))
_DAY = date(2021, 8, 31)
_AT = datetime(2021, 8, 31, 17, 5, tzinfo=UTC)
_CHECKS: Mapping[str, Check] = {check.name: check for check in (*CHECKS, *lines.CHECKS, *beside.CHECKS)}
_ANY: Mapping[ColumnType, Any] = {
    ColumnType.TEXT: "",
    ColumnType.INT: 0,
    ColumnType.FLOAT: 0.0,
    ColumnType.BOOL: False,
    ColumnType.DATE: _DAY,
    ColumnType.INSTANT: _AT,
}
_GAME = {
    "game_id": "1",
    "home_team": "STL",
    "away_team": "CIN",
    "status": "final",
    "double_header": "N",
    "game_number": 1,
}
_PUT_OFF, _BEGAN = date(2021, 4, 9), date(2021, 4, 11)
_LINE = {"game_id": "1", "pitcher_id": 8, "line": 3.5, "p_over": 0.4, "recommendation": "under"}


@pytest.fixture
def warehouse() -> Iterator[DuckWarehouse]:
    with opened("baseball", LIVE_STEPS) as (warehouse, _):
        yield warehouse


def stands(warehouse: DuckWarehouse, table: Table, day: date, rows: Sequence[Mapping[str, Any]]) -> None:
    """Let rows stand in a table of a day; of what is not said there is a value like any other, or none."""
    whole = [
        {column.name: _ANY[column.type] if column.required else None for column in table.columns}
        | {"day": day}
        | dict(row)
        for row in rows
    ]
    warehouse.mirror(table, day, table_from_records(table, whole))


def failing(warehouse: DuckWarehouse, name: str) -> list[str]:
    sql = _CHECKS[name].sql
    found = warehouse.ask(sql, league="mlb", day=_DAY, season=_SEASON, as_of=_AT + timedelta(days=1)).to_pylist()
    return [row["key"] for row in found if not row["ok"]]


@pytest.mark.parametrize("status", ["postponed", "cancelled"])
def test_games_that_are_off_stand_beside_one_of_their_club_that_is_played(
    warehouse: DuckWarehouse, status: str
) -> None:
    off = [_GAME | {"game_id": str(number), "status": status} for number in (2, 3)]

    stands(warehouse, tables.SCHEDULE, _DAY, [_GAME, *off])

    assert failing(warehouse, "schedule.clubs_play_each_game_once") == []


@pytest.mark.parametrize(("started", "told"), [(7, []), (8, ["1|CIN"])])
def test_a_starter_by_his_own_numbers_who_did_not_pitch_first_is_told(
    warehouse: DuckWarehouse, started: int, told: list[str]
) -> None:
    pitchers = [{"game_id": "1", "opponent": "CIN", "pitcher_id": man, "is_starter": man == started} for man in (7, 8)]
    stands(warehouse, tables.PITCHER_BOXSCORES, _DAY, pitchers)
    stands(warehouse, tables.TEAM_BOXSCORES, _DAY, [{"game_id": "1", "team": "CIN", "opposing_starter_id": 7}])

    assert failing(warehouse, "pitcher_boxscores.starters_are_whom_the_clubs_faced") == told


@pytest.mark.parametrize(("struck", "told"), [(3, []), (4, ["1|CIN"]), (None, [])])
def test_batters_whose_strikeouts_are_not_their_clubs_are_told(
    warehouse: DuckWarehouse, struck: int | None, told: list[str]
) -> None:
    batters = [{"game_id": "1", "team": "CIN", "batter_id": man, "strikeouts": n} for man, n in ((7, 5), (8, struck))]
    stands(warehouse, tables.BATTER_BOXSCORES, _DAY, batters)
    stands(warehouse, tables.TEAM_BOXSCORES, _DAY, [{"game_id": "1", "team": "CIN", "strikeouts": 8}])

    assert failing(warehouse, "batter_boxscores.strikeouts_are_the_clubs") == told


_THREW = {"pitcher_id": 7, "appearance": 1, "is_starter": True, "batters_faced": 20, "walks": 2, "runs": 1}
_TURNS = {"batter_id": 7, "at_bats": 4, "hits": 2, "strikeouts": 1, "home_runs": 1}


@pytest.mark.parametrize(
    ("table", "row", "change", "told"),
    [
        (tables.PITCHER_BOXSCORES, _THREW, {"strikeouts": 8, "hits": 10, "home_runs": 1}, False),
        (tables.PITCHER_BOXSCORES, _THREW, {"strikeouts": 8, "hits": 11, "home_runs": 1}, True),
        (tables.PITCHER_BOXSCORES, _THREW, {"strikeouts": 8, "hits": 1, "home_runs": 2}, True),
        (tables.BATTER_BOXSCORES, _TURNS, {}, False),
        (tables.BATTER_BOXSCORES, _TURNS, {"strikeouts": 3}, True),
        (tables.BATTER_BOXSCORES, _TURNS, {"home_runs": 3}, True),
        (tables.BATTER_BOXSCORES, _TURNS, dict.fromkeys(_TURNS.keys() - {"batter_id"}), False),  # a world without them
    ],
)
def test_a_line_with_more_than_was_possible_is_told(
    warehouse: DuckWarehouse, table: Table, row: Mapping[str, Any], change: Mapping[str, Any], *, told: bool
) -> None:
    name = "no_more_than_were_faced" if table is tables.PITCHER_BOXSCORES else "no_more_than_his_turns"

    stands(warehouse, table, _DAY, [{"game_id": "1"} | dict(row) | dict(change)])

    assert bool(failing(warehouse, f"{table.name}.{name}")) == told


@pytest.mark.parametrize(
    ("box", "thrown", "told"),
    [
        ((9, 1), (9, 1), []),
        ((1, 9), (9, 1), ["1|7", "1|8"]),  # exchanged
        ((9, 1), (10, None), ["1|7", "1|8"]),  # of both under one id
        ((9, 0), (9, None), []),  # he faced nobody to the end
        ((9, 1), (8, 1), []),  # pitches that are not all there yet
        ((9, 1), (None, None), []),
    ],
)
def test_strikeouts_that_the_pitches_give_another_man_are_told(
    warehouse: DuckWarehouse, box: Sequence[int], thrown: Sequence[int | None], told: list[str]
) -> None:
    men = [(7, "CIN"), (8, "CIN")]
    pitchers = [
        {"game_id": "1", "team": team, "pitcher_id": man, "strikeouts": n}
        for (man, team), n in zip(men, box, strict=True)
    ]
    pitches = [
        {"game_id": "1", "pitcher_id": man, "pitches": 30, "strikeouts": n}
        for (man, _), n in zip(men, thrown, strict=True)
        if n is not None
    ]
    stands(warehouse, tables.PITCHER_BOXSCORES, _DAY, pitchers)
    stands(warehouse, beside.PITCHES, _DAY, pitches)

    assert sorted(failing(warehouse, "pitcher_boxscores.strikeouts_are_the_pitches")) == told


@pytest.mark.parametrize("table", [tables.LINE_UP_TABLE, tables.TEAM_BOXSCORES])
@pytest.mark.parametrize(
    ("temperature", "n_games", "told"),
    [(26.0, 5, True), (38.0, 5, True), (38.0, 4, False), (48.0, 5, False), (None, 5, False)],
)  # the first games of a cold day are no reason to doubt: of 2018-04-06 two were played at 27 and 41 degrees
def test_temperatures_in_degrees_celsius_are_told_of_five_games_or_more(
    warehouse: DuckWarehouse, table: Table, temperature: float | None, n_games: int, *, told: bool
) -> None:
    games = [{"game_id": f"{n}", "team": team, "temperature": temperature} for n in range(n_games) for team in "AB"]
    stands(warehouse, table, _DAY, games)

    assert bool(failing(warehouse, f"{table.name}.are_in_degrees_fahrenheit")) == told


def test_two_games_of_a_club_under_one_number_are_told(warehouse: DuckWarehouse) -> None:
    stands(warehouse, tables.SCHEDULE, _DAY, [_GAME, _GAME | {"game_id": "2"}])

    assert failing(warehouse, "schedule.clubs_play_each_game_once") == ["STL|1|"]


@pytest.mark.parametrize(
    ("status", "moved_to", "told"),
    [
        ("postponed", _DAY, True),
        ("suspended", _DAY, True),
        ("postponed", _DAY + timedelta(days=1), False),
        ("postponed", _DAY - timedelta(days=1), False),  # as rain is forecast
        ("suspended", _DAY + timedelta(days=1), False),
        ("postponed", None, False),
    ],
)
def test_a_game_that_is_put_off_to_its_own_day_is_told(
    warehouse: DuckWarehouse, status: str, moved_to: date | None, *, told: bool
) -> None:
    stands(warehouse, tables.SCHEDULE, _DAY, [_GAME | {"status": status, "moved_to": moved_to}])

    found = failing(warehouse, "schedule.games_move_to_another_day")

    assert [key.rpartition("|")[2] for key in found] == (["1"] if told else [])


_OFF = _GAME | {"game_id": "2", "status": "postponed"}


@pytest.mark.parametrize(
    "off",
    [_OFF, _OFF | {"moved_to": _DAY}, _OFF | {"status": "cancelled"}],
    ids=["nobody knows to when", "to its own day", "cancelled"],
)
@pytest.mark.parametrize("status", ["scheduled", "live", "final", "suspended"])
def test_a_single_game_that_is_off_beside_one_of_its_two_clubs_is_told(
    warehouse: DuckWarehouse, off: Mapping[str, Any], status: str
) -> None:
    stands(warehouse, tables.SCHEDULE, _DAY, [_GAME | {"status": status}, off])

    assert failing(warehouse, "schedule.games_stand_under_one_id") == ["2"]


@pytest.mark.parametrize(
    ("game", "off"),
    [
        (_GAME, _OFF | {"moved_to": _DAY + timedelta(days=1)}),
        (_GAME | {"double_header": "Y"}, _OFF | {"double_header": "Y", "game_number": 2}),
        (_GAME | {"double_header": "S", "game_number": 2}, _OFF),
        (_GAME, _OFF | {"double_header": "S"}),
        (_GAME | {"resumed_from": _BEGAN}, _OFF),
        (_GAME | {"away_team": "CHC"}, _OFF),
        (_GAME | {"status": "postponed"}, _OFF),
    ],
    ids=[
        "it moves to another day",
        "the second of two is off",
        "the first of two is off",
        "one of two that nobody counts any more",
        "another one goes on",
        "of other clubs",
        "both are off",
    ],
)
def test_a_game_that_is_off_stands_rightly_beside_another(
    warehouse: DuckWarehouse, game: Mapping[str, Any], off: Mapping[str, Any]
) -> None:
    stands(warehouse, tables.SCHEDULE, _DAY, [game, off])

    assert failing(warehouse, "schedule.games_stand_under_one_id") == []


@pytest.mark.parametrize(
    ("game", "told"),
    [
        (_GAME | {"first_pitch_at": _AT}, True),
        (_GAME | {"first_pitch_at": _AT, "game_number": 2, "double_header": "S"}, True),
        (_GAME | {"first_pitch_at": _AT, "game_number": 2, "double_header": "Y"}, False),
        (_GAME | {"first_pitch_at": None}, False),
    ],
    ids=["a single game", "the second, with a ticket of its own", "the second, after the first", "nobody knows"],
)
def test_a_prediction_without_its_first_pitch_is_told_where_the_start_was_known(
    warehouse: DuckWarehouse, game: Mapping[str, Any], *, told: bool
) -> None:
    stands(warehouse, tables.SCHEDULE, _DAY, [game])
    for table in (tables.PREDICTIONS, tables.PROJECTED_PREDICTIONS, tables.PUBLISHED_PREDICTIONS):
        stands(warehouse, table, _DAY, [{"game_id": "1", "first_pitch_at": None}])

        assert failing(warehouse, f"{table.name}.know_when_the_game_begins") == (["1"] if told else [])


@pytest.mark.parametrize("table", [tables.PREDICTIONS, tables.PROJECTED_PREDICTIONS], ids=lambda table: table.name)
@pytest.mark.parametrize(
    ("starts", "reason", "told"),
    [
        (0, "first start, opener or short starts", False),
        (2, "few starts", False),
        (3, "back from an absence", False),
        (3, "", False),
        (0, "", True),
        (1, "first start", True),
        (3, "few starts", True),
        (None, "", True),
    ],
)
def test_a_reason_to_pass_that_is_not_what_is_known_of_a_pitcher_is_told(
    warehouse: DuckWarehouse, table: Table, starts: int | None, reason: str, *, told: bool
) -> None:
    stands(warehouse, table, _DAY, [{"game_id": "1", "career_starts": starts, "pass_reason": reason}])

    assert bool(failing(warehouse, f"{table.name}.pass_for_what_is_known")) is told


def made(warehouse: DuckWarehouse, name: str) -> list[dict[str, Any]]:
    """Return what a step of SQL makes of the day as the warehouse stands."""
    [step] = [step for step in LIVE_STEPS if step.name == name]
    ready = load(step, {step.name: step.table for step in LIVE_STEPS})
    values = bounds(ready.inputs, day=_DAY, season=_SEASON, as_of=_AT)
    db = warehouse._db  # noqa: SLF001 -- what another connection would see is without what the test has written
    found: list[dict[str, Any]] = db.execute(ready.duck, named(values, ready.parameters)).to_arrow_table().to_pylist()
    return found


_QUOTE = {"game_id": "1", "over_price": -110, "under_price": -110, "quoted_at": _AT - timedelta(hours=4)}


def quoted(warehouse: DuckWarehouse, named: Mapping[int, str], quotes: Sequence[tuple[str, str, float]]) -> None:
    """Let starters be named, by id, and books quote lines of them: book, key, line."""
    probable = [
        {"game_id": "1", "team": f"{man}", "pitcher_id": man, "pitcher_key": key, "known_at": _AT - timedelta(hours=5)}
        for man, key in named.items()
    ]
    lines_of = [
        _QUOTE | {"book": book, "player_name": key, "player_key": key, "line": line, "known_at": _QUOTE["quoted_at"]}
        for book, key, line in quotes
    ]
    stands(warehouse, tables.PROBABLE_PITCHERS, _DAY, probable)
    stands(warehouse, lines.PLAYER_LINES, _DAY, lines_of)


@pytest.mark.parametrize(
    ("named", "key"),
    [("lancemccullersjr", "lancemccullers"), ("lancemccullers", "lancemccullersjr"), ("mccullersiii", "mccullersiii")],
)
def test_a_starters_line_is_his_with_or_without_a_suffix(warehouse: DuckWarehouse, named: str, key: str) -> None:
    quoted(warehouse, {7: named, 8: "justinverlander"}, [("one", key, 4.5)])

    assert [(row["pitcher_id"], row["line"]) for row in made(warehouse, "main_lines")] == [(7, 4.5)]


def test_books_that_spell_a_starter_otherwise_make_one_line_of_his(warehouse: DuckWarehouse) -> None:
    quotes = [("one", "lancemccullersjr", 4.5), ("two", "lancemccullers", 5.5), ("three", "lancemccullers", 5.5)]
    quoted(warehouse, {7: "lancemccullersjr", 8: "justinverlander"}, quotes)

    assert [(row["pitcher_id"], row["line"], row["n_books"]) for row in made(warehouse, "main_lines")] == [(7, 5.5, 3)]


def test_of_father_and_son_who_both_start_nobody_has_the_line(warehouse: DuckWarehouse) -> None:
    quoted(warehouse, {7: "lancemccullersjr", 8: "lancemccullers"}, [("one", "lancemccullers", 4.5)])

    assert [row["pitcher_id"] for row in made(warehouse, "main_lines")] == [None]


def test_a_line_of_whom_no_club_has_named_and_one_of_another_market_are_told(warehouse: DuckWarehouse) -> None:
    main = [{"game_id": "1", "player_key": key, "pitcher_id": man} for key, man in (("a", 7), ("b", None))]
    chances = [_LINE | {"pitcher_id": man, "p_over": chance} for man, chance in ((7, 0.4), (8, 0.0), (9, 1.0))]
    stands(warehouse, lines.MAIN_LINES, _DAY, main)
    stands(warehouse, lines.LINE_CHANCES, _DAY, chances)

    assert failing(warehouse, "main_lines.players_are_known") == ["1|b"]
    assert sorted(failing(warehouse, "line_chances.lines_are_believed")) == ["1|8", "1|9"]


_GRADE = {"actual_strikeouts": 5, "is_void": False, "is_over": True, "is_right": False}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, False),
        ({"is_over": False}, True),
        ({"is_right": True}, True),
        ({"is_right": None}, True),
        ({"actual_strikeouts": 4}, True),
        ({"is_void": True}, True),
        ({"line": 5.0, "is_over": None, "is_right": None}, False),
        ({"line": 5.0, "is_over": False, "is_right": True}, True),  # met exactly
        ({"recommendation": "pass", "is_right": None}, False),
        ({"recommendation": "pass"}, True),
        ({"pitcher_id": 9, "actual_strikeouts": None, "is_void": True, "is_over": None, "is_right": None}, False),
        ({"pitcher_id": 9}, True),  # who came after the starter
    ],
)
def test_a_line_that_is_not_graded_by_what_happened_is_told(
    warehouse: DuckWarehouse, change: Mapping[str, Any], *, told: bool
) -> None:
    box = [{"game_id": "1", "pitcher_id": man, "strikeouts": 5, "is_starter": man == 8} for man in (8, 9)]
    stands(warehouse, tables.PITCHER_BOXSCORES, _DAY, box)
    stands(warehouse, lines.LINE_GRADES, _DAY, [_LINE | _GRADE | dict(change)])

    assert bool(failing(warehouse, "line_grades.are_what_happened")) is told


def goes_on(warehouse: DuckWarehouse) -> None:
    """Let a game go on that began on 2021-04-11, where a man started of whom 3 strikeouts are known."""
    stands(warehouse, tables.SCHEDULE, _DAY, [_GAME | {"resumed_from": _BEGAN}])
    box = [{"game_id": "1", "pitcher_id": number, "strikeouts": 3, "is_starter": number == 8} for number in (7, 8, 9)]
    stands(warehouse, tables.PITCHER_BOXSCORES, _DAY, box)


@pytest.mark.parametrize(
    ("table", "line_up"), [(tables.PREDICTIONS, "confirmed"), (tables.PROJECTED_PREDICTIONS, "projected")]
)
def test_a_game_that_goes_on_months_later_is_graded_by_the_last_prediction_before_it_began(
    warehouse: DuckWarehouse, table: Table, line_up: str
) -> None:
    """2021-04-11 was broken off after nine pitches and went on on 2021-08-31, 142 days later. It was put off once here."""
    goes_on(warehouse)
    for day, pitcher in ((_PUT_OFF, 7), (_BEGAN, 8), (date(2021, 8, 30), 9)):
        stands(warehouse, table, day, [{"game_id": "1", "pitcher_id": pitcher, "system": "blend"}])

    [grade] = made(warehouse, "grades")

    assert (grade["day"], grade["pitcher_id"], grade["line_up"], grade["actual_strikeouts"]) == (_DAY, 8, line_up, 3)


@pytest.mark.parametrize(("strikeouts", "value"), [(3, 1.0), (4, 0.5)])
def test_the_second_formula_grades_a_game_that_goes_on(warehouse: DuckWarehouse, strikeouts: int, value: float) -> None:
    goes_on(warehouse)
    for table in (tables.PREDICTIONS, tables.PROJECTED_PREDICTIONS):
        for day, pitcher in ((_PUT_OFF, 7), (_BEGAN, 8)):
            stands(warehouse, table, day, [{"game_id": "1", "pitcher_id": pitcher, "system": "blend", "own_line": 2.5}])
    first, second = ({**row, "is_retrospective": False} for row in made(warehouse, "grades"))
    stands(warehouse, tables.GRADES, _DAY, [first, second | {"actual_strikeouts": strikeouts}])

    def ask(sql: str) -> pa.Table:
        return warehouse.ask(sql, league="mlb", day=_DAY, season=_SEASON, as_of=_AT + timedelta(days=1))

    named_tables = {step.name: step.table for step in LIVE_STEPS}

    def rows(name: str) -> pa.Table:
        return ask(f"SELECT {', '.join(f't.{one}' for one in named_tables[name].names)} FROM slate.{name} AS t")  # noqa: S608 -- declared names

    view: Any = SimpleNamespace(ask=ask, rows=rows)
    look = _CHECKS["grades.are_what_happened"].look
    assert look is not None

    assert look(view).value == value


def test_of_a_day_from_which_a_game_was_put_off_nothing_is_graded_when_it_goes_on(warehouse: DuckWarehouse) -> None:
    goes_on(warehouse)
    stands(warehouse, tables.PREDICTIONS, _PUT_OFF, [{"game_id": "1", "pitcher_id": 8, "system": "blend"}])
    stands(warehouse, lines.LINE_CHANCES, _PUT_OFF, [_LINE])
    stands(warehouse, tables.PROJECTED_PREDICTIONS, _BEGAN, [{"game_id": "1", "pitcher_id": 8, "system": "blend"}])

    assert [row["line_up"] for row in made(warehouse, "grades")] == ["projected"]
    assert made(warehouse, "line_grades") == []


def test_a_line_of_a_game_that_goes_on_is_graded_by_what_was_told_on_the_day_on_which_it_began(
    warehouse: DuckWarehouse,
) -> None:
    goes_on(warehouse)
    for day, line in ((_PUT_OFF, 2.5), (_BEGAN, 3.5)):
        stands(warehouse, tables.PREDICTIONS, day, [{"game_id": "1", "pitcher_id": 8, "system": "blend"}])
        who_did_not_start = _LINE | {"pitcher_id": 7, "line": line}
        stands(warehouse, lines.LINE_CHANCES, day, [_LINE | {"line": line}, who_did_not_start])

    graded = {row["pitcher_id"]: row for row in made(warehouse, "line_grades")}

    assert [(row["day"], row["line"]) for row in graded.values()] == [(_DAY, 3.5)] * 2
    assert (graded[8]["actual_strikeouts"], graded[8]["is_over"], graded[8]["is_right"]) == (3, False, True)
    assert (graded[7]["is_void"], graded[7]["is_over"], graded[7]["is_right"]) == (True, None, None)
    stands(warehouse, lines.LINE_GRADES, _DAY, [*graded.values()])
    assert failing(warehouse, "line_grades.are_what_happened") == []


@pytest.mark.parametrize(("back", "is_ok"), [(0, True), (7, False)], ids=["his own", "another's"])
def test_the_mean_of_his_last_ten_is_held_to_them_and_not_to_what_one_long_away_is_thought_to_be(
    back: int, *, is_ok: bool
) -> None:
    n = 24
    rows = {
        "pitcher_features": [
            {"game_id": str(man), "pitcher_id": man, "k_of_10": man / 4, "base_strikeouts": 4.8} for man in range(n)
        ],
        "predictions": [
            {"game_id": str(man), "pitcher_id": man, "system": "rolling", "predicted_strikeouts": (man + back) % n / 5}
            for man in range(n)
        ],
    }
    view: Any = SimpleNamespace(rows=lambda name: pa.Table.from_pylist(rows[name]))
    check = _CHECKS["predictions.rolling_predicted_strikeouts_ranks_with_history"]
    assert check.look is not None

    value = check.look(view).value

    assert value is not None
    assert (value >= check.required) is is_ok


@pytest.mark.parametrize("system", ["rolling", "bottom_up", "lightgbm", "blend"])
def test_on_a_first_day_on_which_nothing_is_known_of_anybody_no_order_is_asked_for(system: str) -> None:
    nobody = {"k_of_10": None, "base_strikeouts": 4.8, "predicted_strikeouts": 4.5, "system": system}
    rows = [nobody | {"game_id": str(man), "pitcher_id": man} for man in range(24)]
    view: Any = SimpleNamespace(rows=lambda _name: pa.Table.from_pylist(rows))
    look = _CHECKS[f"predictions.{system}_predicted_strikeouts_ranks_with_history"].look
    assert look is not None

    assert look(view).value is None


@pytest.mark.parametrize(
    ("table", "column", "most"),
    [
        (tables.PITCHER_BOXSCORES, "pitcher_id", 9_000_000),
        (tables.PREDICTIONS, "pitcher_id", 9_000_000),
        (tables.SCHEDULE, "game_number", 2),
    ],
)
def test_a_newcomers_number_and_a_day_of_second_games_alone_are_no_means_to_be_told(
    table: Table, column: str, most: int
) -> None:
    def profile(number: int) -> Any:
        fixed = {one.name: _ANY[one.type] for one in table.columns} | {column: number}
        return profile_of(table, table_from_records(table, [fixed | {"game_id": str(game)} for game in range(9)]))

    view: Any = SimpleNamespace(profile=lambda _name: profile(most), usual=lambda _name: [profile(1)] * 9)
    look = _CHECKS[f"{table.name}.means_are_usual"].look
    assert look is not None

    assert look(view).failing == ()


@pytest.mark.parametrize(("n_known", "told"), [(0, False), (6, False), (7, True)])
def test_means_are_held_to_slates_of_men_of_whom_something_was_known(n_known: int, *, told: bool) -> None:
    def profile(table: Table, **values: float) -> Any:
        fixed = {one.name: _ANY[one.type] for one in table.columns} | values
        return profile_of(table, table_from_records(table, [fixed | {"game_id": str(game)} for game in range(9)]))

    features = [profile(tables.PITCHER_FEATURES, career_starts=int(n < n_known)) for n in range(9)]
    before = {"predictions": [profile(tables.PREDICTIONS, own_line=3.5)] * 9, "pitcher_features": features}
    now = profile(tables.PREDICTIONS, own_line=6.5)
    view: Any = SimpleNamespace(profile=lambda _name: now, usual=before.get)
    look = _CHECKS["predictions.means_are_usual"].look
    assert look is not None

    assert ("own_line" in look(view).failing) is told


def test_how_many_starts_men_have_behind_them_is_no_mean_to_be_told_after_weeks_away() -> None:
    grades = _CHECKS["grades.means_are_usual"].look
    fixed = {one.name: _ANY[one.type] for one in tables.GRADES.columns}
    few, many = (
        profile_of(tables.GRADES, table_from_records(tables.GRADES, [fixed | {"game_id": "1", "career_starts": n}]))
        for n in (1, 8)
    )
    view: Any = SimpleNamespace(profile=lambda _name: many, usual=lambda _name: [few] * 9)
    assert grades is not None

    assert grades(view).failing == ()


@pytest.mark.parametrize(("men", "told"), [(2, False), (4, False), (ENOUGH, True)])
def test_a_few_men_may_face_as_many_batters_at_one_line_however_many_rows_they_have_and_not_all_men(
    men: int, *, told: bool
) -> None:
    rows = [
        {column.name: _ANY[column.type] for column in tables.GRADES.columns}
        | {"game_id": f"{man // 2}", "pitcher_id": man, "system": f"{n}", "actual_batters": 24, "own_line": 4.5}
        for man in range(men)
        for n in range(8)
    ]
    profile = profile_of(tables.GRADES, table_from_records(tables.GRADES, rows))
    look = _CHECKS["grades.columns_say_something"].look
    assert look is not None

    class Seen:
        def profile(self, table: str) -> Mapping[str, Mapping[str, float]]:
            return profile if table == "grades" else {}

        def usual(self, _table: str) -> Sequence[Mapping[str, Mapping[str, float]]]:
            return []

    failing = set(look(cast("View", Seen())).failing)
    assert failing >= {"predicted_strikeouts", "crps"}  # which systems do not share
    assert ({"actual_batters", "actual_strikeouts", "own_line"} & failing == set()) is not told
