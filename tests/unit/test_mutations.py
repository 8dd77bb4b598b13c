"""Corruptions: every table, non-key column and operator has its cells, each does what it says, the score counts honestly."""

# ruff: noqa: S608 -- a test writes its own statements

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from benchmarks.mutation_score import summed
from tests.checked import AWAY, GAME, HOME, YESTERDAY, Slate, checked, game
from tests.nba import TODAY

from tipoff.core.schema import ColumnType
from tipoff.drills.mutations import Cell, CellPlace, cells, statements
from tipoff.leagues.nba import tables as nba
from tipoff.leagues.nba.league import NBA

TABLES = [step.table for step in NBA.steps]
PLAYERS = nba.NBA_PLAYER_BOXSCORES
TOMORROW = TODAY + timedelta(days=1)
PLACE = CellPlace(day=TODAY, game_id=GAME, before=YESTERDAY, after=TOMORROW)


@pytest.fixture
def slate(tmp_path: Path) -> Iterator[Slate]:
    with checked(tmp_path, "game", game()) as made:
        for day, other in ((YESTERDAY, "0022300490"), (TOMORROW, "0022300510")):
            made.spoil(
                f"INSERT INTO {PLAYERS.full_name} SELECT * REPLACE (DATE '{day}' AS day, '{other}' AS game_id, "
                f"points + 100 AS points) FROM {PLAYERS.full_name} WHERE day = '{TODAY}'"
            )
        yield made


def stands(slate: Slate, columns: str = "game_id, player_id") -> list[Any]:
    sql = f"SELECT {columns} FROM {PLAYERS.full_name} WHERE day = '{TODAY}' ORDER BY game_id, player_id"
    rows: list[Any] = slate.bench.warehouse._db.execute(sql).fetchall()  # noqa: SLF001 -- whatever the declarations say
    return rows


def corrupted(slate: Slate, operator: str, column: str = "", *, scope: str = "game") -> list[Any]:
    cell = Cell(table=PLAYERS, operator=operator, column=column, scope=scope)
    for statement in statements(cell, PLACE):
        slate.spoil(statement)
    return [row[0] for row in stands(slate, column)] if column else stands(slate)


@pytest.mark.parametrize(
    ("operator", "column", "now"),
    [
        ("null", "points", [None, None, None, None]),
        ("zero", "points", [0, 0, 0, 0]),
        ("scale by 100", "points", [2200, 2000, 2200, 1600]),
        ("constant", "points", [22, 22, 22, 22]),
        ("next row's value", "points", [20, 22, 16, 22]),
        ("false", "won", [False, False, False, False]),
        ("empty text", "player_name", ["", "", "", ""]),
        ("drop a game", "", []),
        ("drop a row of each game", "", [(GAME, 2), (GAME, 3), (GAME, 4)]),
        ("duplicate keys", "", [(GAME, who) for who in (1, 1, 2, 2, 3, 3, 4, 4)]),
        ("leak a later row", "", [*[(GAME, who) for who in (1, 2, 3, 4)], ("0022300510", 1)]),
        ("other id format", "", [(f"{TODAY:%Y%m%d}_22300500", who) for who in (1, 2, 3, 4)]),
        ("id without zeros", "", [("22300500", who) for who in (1, 2, 3, 4)]),
    ],
)
def test_an_operator_does_what_it_is_called(operator: str, column: str, now: list[Any], slate: Slate) -> None:
    assert corrupted(slate, operator, column) == now


def test_a_shifted_instant_is_a_day_later(slate: Slate) -> None:
    known_on = "CAST(known_at AS DATE)"
    before = stands(slate, known_on)

    for statement in statements(Cell(table=PLAYERS, operator="shift a day", column="known_at", scope="game"), PLACE):
        slate.spoil(statement)

    assert [(day - timedelta(days=1),) for (day,) in stands(slate, known_on)] == before


def test_home_and_away_change_places(slate: Slate) -> None:
    corrupted(slate, "swap home and away")

    assert stands(slate, "player_id, is_home") == [(1, False), (2, False), (3, True), (4, True)]


def test_the_schedules_clubs_change_places(slate: Slate) -> None:
    [statement] = statements(Cell(table=nba.SCHEDULE, operator="swap home and away", column="", scope="game"), PLACE)

    slate.spoil(statement)

    db = slate.bench.warehouse._db  # noqa: SLF001
    assert db.execute("SELECT home_team, away_team FROM nba_raw.schedule").fetchall() == [(AWAY, HOME)]


def test_a_stale_copy_is_the_slate_before_under_todays_game(slate: Slate) -> None:
    corrupted(slate, "stale copy")

    assert stands(slate, "game_id, points") == [(GAME, 122), (GAME, 120), (GAME, 122), (GAME, 116)]


def test_a_single_row_is_one_row_and_the_whole_slate_is_all_of_it(slate: Slate) -> None:
    assert corrupted(slate, "zero", "points", scope="row") == [0, 20, 22, 16]
    assert corrupted(slate, "zero", "points", scope="slate") == [0, 0, 0, 0]


def test_every_table_and_every_column_outside_its_key_has_its_cells() -> None:
    found = {(cell.table.name, cell.column) for cell in cells(TABLES, ("game", "slate"))}

    wanted = {(table.name, column.name) for table in TABLES for column in table.columns if column.name not in table.key}
    assert wanted == {pair for pair in found if pair[1]}
    assert {table.name for table in TABLES} == {name for name, column in found if not column}


def test_every_operator_is_tried_wherever_it_applies_in_one_game_and_in_the_whole_slate() -> None:
    found = {(c.table.name, c.column, c.operator, c.scope) for c in cells([PLAYERS], ("game", "slate"))}

    for column in PLAYERS.columns:
        if column.name in PLAYERS.key:
            continue
        wanted = {"null"}
        wanted |= {"zero", "scale by 100"} if column.type in {ColumnType.INT, ColumnType.FLOAT} else set()
        wanted |= {"shift a day"} if column.type in {ColumnType.DATE, ColumnType.INSTANT} else set()
        wanted |= {"empty text"} if column.type is ColumnType.TEXT else set()
        wanted |= {"false"} if column.type is ColumnType.BOOL else set()
        wanted |= {"constant", "next row's value"} if column.name != "day" else set()
        tried = {operator for _, name, operator, _ in found if name == column.name}
        assert tried == wanted, column.name
    assert {scope for *_, scope in found} == {"game", "slate"}


def test_the_score_counts_what_nobody_caught_and_what_only_making_anew_caught() -> None:
    caught = {
        "t.a null game": ["t.values_vary", "t.is_what_its_inputs_give"],
        "t.a null slate": ["t.is_what_its_inputs_give"],
        "t.a zero game": ["t.is_still_there"],
        "t.a zero slate": [],
        "t.a zero row": [],
    }

    score = summed(caught, unchanged=3)

    assert (score["cells"], score["caught"], score["score"]) == (4, 3, 0.75)
    assert (score["score_without_making_anew"], score["score_of_the_store_alone"]) == (0.5, 0.25)
    assert score["uncaught"] == ["t.a zero slate"]
    assert (score["single_rows"]["cells"], score["single_rows"]["caught"]) == (1, 0)
    assert score["by_operator"] == {"null": [2, 2], "zero": [1, 2]}
