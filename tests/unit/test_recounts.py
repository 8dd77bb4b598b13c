"""A recount: rows of this version of a step are held by their hash, rows of an earlier one by their count."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tipoff.app.chores import AtOnce
from tipoff.app.recounts import Recounts, stands
from tipoff.core.errors import ErrorKind, WarehouseError
from tipoff.core.proof import Proof, UnitProof
from tipoff.leagues.nba.league import NBA
from tipoff.ledger import Batch

UNIT = UnitProof(unit="g1", n_rows=2, content_hash="a", made_from="m")


@pytest.mark.parametrize(
    ("n_rows", "content_hash", "by_hash", "as_proven"),
    [(2, "a", True, True), (2, "b", True, False), (2, "b", False, True), (1, "a", False, False), (0, "", False, False)],
)
def test_rows_are_held_by_hash_or_by_count(n_rows: int, content_hash: str, *, by_hash: bool, as_proven: bool) -> None:
    assert stands(UNIT, n_rows, content_hash, by_hash=by_hash) is as_proven


def test_what_could_not_be_recounted_is_tried_again_within_the_hour_and_not_in_a_week_and_told() -> None:
    asked: list[str] = []
    told: list[Batch] = []

    def recount(table: Any, _day: date) -> Any:
        asked.append(table.name)
        if len(asked) == 1:
            msg = "the warehouse is not there"
            raise WarehouseError(msg, kind=ErrorKind.TRANSIENT)
        return {"g1": (2, "a")}

    now = datetime(2024, 3, 20, 12, tzinfo=UTC)
    proof = Proof(
        league="nba",
        output="schedule",
        day=date(2024, 1, 1),
        fence=1,
        made_at=now,
        step_version="v",
        units={"g1": UNIT},
    )
    stores: Any = SimpleNamespace(
        warehouse=SimpleNamespace(recount=recount),
        published=SimpleNamespace(losses=lambda _steps: [], survey=lambda: ([], [])),
        loaded={"schedule": SimpleNamespace(version="v")},
        proven=lambda: [proof],
        lose=lambda _losses: None,
        ledger=SimpleNamespace(commit=told.append),
    )
    recounts = Recounts(NBA, stores, AtOnce())

    for hours in (0, 0, 0, 0.5, 0.9, 1.1, 1.2, 24):
        recounts.look(now + timedelta(hours=hours))

    assert asked == ["schedule", "schedule"]
    [[finding]] = [batch.rows["findings"] for batch in told]
    assert finding["check"] == "what_stands_is_recounted"
    assert "schedule of 2024-01-01 could not be recounted" in finding["note"]
