"""The mean of a player's last ten games: what every other system must beat."""

from collections.abc import Mapping

import pyarrow as pa

from tipoff.core.rows import arrow_schema
from tipoff.core.step import Context, Made
from tipoff.core.window import SLATE, Input
from tipoff.leagues.nba.form_tables import system_table
from tipoff.leagues.nba.models.system import System

_MOST_POINTS = 80.0
TABLE = system_table("moving_average", "The mean of each candidate's last ten games' points.")


def predict(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Predict each candidate's points by his last ten games."""
    tips = {row["game_id"]: row["tipoff_at"] for row in inputs["schedule"].to_pylist()}
    features = inputs["player_features"].select(["day", "game_id", "player_id", "points_avg_10"]).to_pylist()
    rows = [
        row
        | {
            "market": "points",
            "median": min(max(row["points_avg_10"], 0.0), _MOST_POINTS),
            "tipoff_at": tips[row["game_id"]],
            "made_at": context.as_of,
        }
        for row in features
        if row["points_avg_10"] is not None
    ]
    return Made(rows=pa.Table.from_pylist(rows, schema=arrow_schema(TABLE)))


MOVING_AVERAGE = System(
    name="moving_average",
    about="the mean of his last ten games",
    table=TABLE,
    features=(Input("player_features", SLATE), Input("schedule", SLATE)),
    predict=predict,
)
