"""What is asked at each look is read as SQLAlchemy reads it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select
from tests.checked import owed, ran, tick

from tipoff.core.errors import LedgerError
from tipoff.ledger import Batch, Ledger, looks
from tipoff.ledger.asking import CompiledSelect, read_all

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)
DAY = date(2024, 1, 10)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.db") as ledger:
        batch = Batch()
        batch.fact("world", "sample", league="nba")
        for number, status in enumerate(["not needed", "scheduled", "postponed"]):
            batch.add("games", _game(f"g{number}", status, NOW + timedelta(hours=number)))
        batch.add("findings", _finding("a note"))
        batch.add("ticks", tick(1, NOW))
        batch.add("runs", ran(1, "schedule", "running", NOW))
        batch.add("obligations", owed("schedule", "late") | {"day": DAY})
        batch.add("heartbeats", {"name": "monitor nba", "at": NOW, "build": "1", "note": "{}"})
        ledger.commit(batch)
        yield ledger


def _game(game_id: str, status: str, starts_at: datetime) -> dict[str, Any]:
    sides = {"home": "BOS", "away": "NYK", "status": status, "evidence": "schedule"}
    instants = {"starts_at": starts_at, "first_seen_at": NOW, "changed_at": NOW}
    return {"league": "nba", "day": DAY, "game_id": game_id} | sides | instants


def _finding(note: str) -> dict[str, Any]:
    slate = {"at": NOW, "league": "nba", "output": "schedule", "day": DAY, "check": "c", "cause": "source:x"}
    return slate | {"severity": 20, "ok": False, "coverage": 0.5, "required": 1.0, "missing": "[]", "note": note}


ASKED: list[tuple[CompiledSelect | Select[Any], dict[str, object]]] = [
    (looks.BEATS, {}),
    (looks.CUT_OFF, {}),
    (looks.first_and_last_tick("nba", is_bound=True), {"until": NOW}),
    (looks.unended("nba", None), {}),
    (looks.owed("nba", (DAY, DAY), "", None, (), ("late", "lost")), {}),
    (looks.first_start("nba", None), {"day": DAY}),
    (looks.findings_after("nba", None), {"after": 0}),
    (looks.facts("nba"), {}),
]


@pytest.mark.parametrize(("kept", "values"), ASKED)
def test_a_select_that_is_kept_reads_as_any_other(
    ledger: Ledger, kept: CompiledSelect | Select[Any], values: dict[str, object]
) -> None:
    assert isinstance(kept, CompiledSelect)
    with ledger.transaction() as connection:
        plain = read_all(connection, kept.statement, values)

    assert plain
    assert ledger.rows(kept, values) == ledger.rows(kept, values) == plain


def test_the_first_start_leaves_out_games_that_are_off(ledger: Ledger) -> None:
    records = ledger.of("nba")

    assert records.first_start(DAY) == NOW + timedelta(hours=1)
    assert records.first_start(DAY + timedelta(days=1)) is None


def test_what_is_of_some_days_is_asked_once_and_not_kept() -> None:
    assert not isinstance(looks.owed("nba", None, "", None, (DAY,), ()), CompiledSelect)


def test_a_ledger_that_lost_a_table_is_told_where_a_kept_select_meets_it(ledger: Ledger, tmp_path: Path) -> None:
    ledger.rows(looks.facts("nba"))
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
        other.execute("DROP TABLE facts")

    with pytest.raises(LedgerError, match="no such table"):
        ledger.rows(looks.facts("nba"))


def test_a_connection_that_was_closed_below_is_told_and_the_next_look_connects_anew(ledger: Ledger) -> None:
    here = ledger._connection.connection.dbapi_connection  # noqa: SLF001 -- as a thread that ends meanwhile closes it
    assert here is not None
    here.close()

    with pytest.raises(LedgerError, match="closed database"):
        ledger.rows(looks.facts("nba"))

    assert ledger.facts("nba") == {"world": "sample"}
