"""What is published is held against what had been predicted then: what a system made after its close was not there."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from tests.nba import TODAY

from tipoff.core.check import CheckStatus
from tipoff.core.league import League
from tipoff.core.rows import table_from_records
from tipoff.leagues.mlb.league import MLB
from tipoff.leagues.mlb.models.strikeouts import SYSTEMS
from tipoff.leagues.nba.league import NBA

CHECK = "published_predictions.are_what_was_predicted"


class Shown:
    """A view of some rows and marks; other tables are empty."""

    def __init__(self, league: League, rows: dict[str, list[dict[str, Any]]], late: Sequence[tuple[str, str]]) -> None:
        marks = [SimpleNamespace(output=output, unit=unit, kind="retrospective") for output, unit in late]
        self.day, self.records = TODAY, SimpleNamespace(marks=lambda _day: marks)
        self._league, self._rows = league, rows

    def rows(self, name: str) -> pa.Table:
        table = self._league.table(name)
        return table_from_records(table, [dict.fromkeys(table.names) | row for row in self._rows.get(name, [])])


def status(league: League, rows: dict[str, list[dict[str, Any]]], late: Sequence[tuple[str, str]]) -> CheckStatus:
    [check] = [check for check in league.checks if check.name == CHECK]
    assert check.look is not None
    view: Any = Shown(league, rows, late)
    return check.status(check.look(view))


@pytest.mark.parametrize(
    ("late", "expected"),
    [([], CheckStatus.FAILED), ([("moving_average", "g")], CheckStatus.OK)],
    ids=["in time", "late"],
)
def test_a_system_that_came_after_its_close_is_not_missed_in_what_is_published(
    late: list[tuple[str, str]], expected: CheckStatus
) -> None:
    who = {"day": TODAY, "game_id": "g", "player_id": 1}
    rows = {
        "moving_average": [who | {"market": "points", "median": 12.0}],
        "published_predictions": [who | {"system": "quantile_regression", "n_books": 0}],
    }

    assert status(NBA, rows, late) is expected


@pytest.mark.parametrize(
    ("late", "expected"), [([], CheckStatus.FAILED), ([("predictions", "g")], CheckStatus.OK)], ids=["in time", "late"]
)
def test_a_line_up_that_came_after_the_close_is_not_missed_in_what_is_published(
    late: list[tuple[str, str]], expected: CheckStatus
) -> None:
    who = {"day": TODAY, "game_id": "g", "pitcher_id": 1}
    projected = [who | {"system": name, "predicted_strikeouts": 5.0} for name in SYSTEMS]
    confirmed = [row | {"predicted_strikeouts": 6.0} for row in projected]
    published = who | {"line_up": "projected"} | dict.fromkeys(SYSTEMS, 5.0)
    rows = {"predictions": confirmed, "projected_predictions": projected, "published_predictions": [published]}

    assert status(MLB, rows, late) is expected
