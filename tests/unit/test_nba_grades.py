"""Grading, computed by hand: over, under, push, void, and no line at all."""

from datetime import timedelta
from typing import Any

import pytest
from tests.nba import TODAY, Row, benched, played, scheduled

TIP = scheduled("today", "AAA", "BBB")["tipoff_at"]


def graded(points: int | None, predicted: float, line: float | None, *, made_late: bool = False) -> Row:
    prediction: dict[str, Any] = {
        "day": TODAY,
        "game_id": "today",
        "player_id": 1,
        "market": "points",
        "median": predicted,
        "tipoff_at": TIP,
        "made_at": TIP if made_late else TIP - timedelta(hours=1),
    }
    with benched() as bench:
        bench.put("quantile_regression", [prediction])
        bench.put("player_games", [played(TODAY, "AAA", "BBB", 9, 1, game_id="today")])
        if points is not None:
            bench.put(
                "player_games",
                [played(TODAY, "AAA", "BBB", who, n, game_id="today") for who, n in ((9, 1), (1, points))],
            )
        if line is not None:
            quoted = {"book": "one", "n_books": 1, "n_quotes": 1, "n_dropped": 0, "player_name": "Player 1"}
            bench.put(
                "main_lines",
                [quoted | {"day": TODAY, "game_id": "today", "player_key": "player1", "player_id": 1, "line": line}],
            )
        [row] = bench.make("grades")
    return row


@pytest.mark.parametrize(
    ("points", "predicted", "line", "result", "side", "is_correct"),
    [
        (25, 24.0, 20.5, "over", "over", True),
        (15, 24.0, 20.5, "under", "over", False),
        (15, 18.0, 20.5, "under", "under", True),
        (20, 24.0, 20.0, "push", "over", None),
        (25, 20.5, 20.5, "over", None, None),
        (25, 24.0, None, None, None, None),
    ],
)
def test_a_prediction_is_graded_against_the_last_line(  # noqa: PLR0913 -- one row of a table
    points: int,
    predicted: float,
    line: float | None,
    result: str | None,
    side: str | None,
    is_correct: bool | None,  # noqa: FBT001
) -> None:
    row = graded(points, predicted, line)

    assert (row["line_result"], row["side"], row["is_correct"]) == (result, side, is_correct)
    assert row["abs_error"] == abs(predicted - points)
    assert not row["is_void"]


def test_who_did_not_play_is_void_and_graded_against_nothing() -> None:
    row = graded(None, 24.0, 20.5)

    assert (row["is_void"], row["void_reason"]) == (True, "did not play")
    assert (row["actual_points"], row["abs_error"], row["line_result"], row["is_correct"]) == (None, None, None, None)


def test_what_was_made_after_tipoff_is_retrospective() -> None:
    assert graded(20, 20.0, 20.5, made_late=True)["is_retrospective"]
    assert not graded(20, 20.0, 20.5)["is_retrospective"]
