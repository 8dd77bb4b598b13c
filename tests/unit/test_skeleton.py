"""The skeleton league: its answers are read, its catalog is one that a store can prepare."""

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tipoff.core.errors import PipelineError, ShapeError
from tipoff.core.payload import Parsed, Payload, Request
from tipoff.core.rows import table_from_records
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.slate import GameStatus, Season, Slate
from tipoff.core.step import Context
from tipoff.leagues.skeleton import source, tables
from tipoff.leagues.skeleton.content import SKELETON
from tipoff.store.duck import DuckWarehouse

DAY = date(2030, 1, 7)
NOW = datetime(2030, 1, 7, 12, tzinfo=UTC)
GAME = {"id": 7, "home": "ASH", "away": "ELM", "start": "2030-01-08T00:10:00Z", "status": "scheduled"}


def read(*games: dict[str, Any]) -> Parsed:
    body = json.dumps({"games": games}).encode()
    request = Request(source=source.SOURCE, url=source.URL)
    sha = hashlib.sha256(body).hexdigest()
    payload = Payload(request=request, body=body, sha256=sha, status=200, fetched_at=NOW)
    context = Context(slate=Slate(SKELETON.name, Season("2030", DAY, DAY), DAY), units=frozenset(), as_of=NOW)
    return source.parse(payload, context, {})


def test_a_game_is_read_and_a_start_that_is_not_known_is_none() -> None:
    rows = [row | {"known_at": NOW} for row in read(GAME, GAME | {"id": 8, "start": None}).rows]

    games = SKELETON.read_games(table_from_records(tables.SCHEDULE, rows))

    assert [(game.game_id, game.home, game.status) for game in games] == [
        ("7", "ASH", GameStatus.SCHEDULED),
        ("8", "ASH", GameStatus.SCHEDULED),
    ]
    assert games[1].starts_at is None


def test_a_start_without_a_zone_is_no_instant() -> None:
    rows = [{"starts_at": NOW.replace(tzinfo=None)}]

    with pytest.raises(ShapeError, match="starts_at: an instant names no zone"):
        table_from_records(tables.SCHEDULE, rows)


def test_a_row_that_names_what_is_no_column_is_refused_with_the_column_that_may_be_meant() -> None:
    rows: list[dict[str, object]] = [{"game_id": "7"}, {"start_at": NOW}]

    with pytest.raises(ShapeError, match="name what it has no column for: start_at") as caught:
        table_from_records(tables.SCHEDULE, rows)

    assert "is start_at meant to be starts_at?" in caught.value.hint


def test_rows_of_which_no_games_can_be_read_are_an_error_that_names_the_line() -> None:
    rows = table_from_records(tables.SCHEDULE, [{"game_id": "7", "status": "upside down"}])

    with pytest.raises(PipelineError, match=r"games of skeleton cannot be read .*upside down.* at declare.py:\d+"):
        SKELETON.games(rows)


def test_a_day_without_games_is_excused_and_a_status_that_is_not_known_is_a_reject() -> None:
    assert read().excused == {WHOLE_SLATE: "no games scheduled"}
    assert len(read(GAME, GAME | {"id": 8, "status": "upside down"}).rejects) == 1


def test_the_catalog_is_one_that_a_store_prepares(tmp_path: Path) -> None:
    warehouse = DuckWarehouse(tmp_path / "warehouse.duckdb")

    assert set(warehouse.prepare(SKELETON.steps)) == {"schedule"}
    warehouse.close()
