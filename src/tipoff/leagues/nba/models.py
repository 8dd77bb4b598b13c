"""The points model and the two prediction systems: a mean of the last ten games, and trees on what it leaves over."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tipoff.core.errors import PipelineError
from tipoff.core.rows import arrow_schema
from tipoff.core.step import Context, Made
from tipoff.leagues.nba.tables import PLAYER_FEATURES, POINTS_MODEL, PREDICTIONS, PUBLISHED_PREDICTIONS, SYSTEMS
from tipoff.predict import boosting

FEATURES = (
    "n_games",
    "points_avg_5",
    "points_avg_10",
    "points_avg_20",
    "points_avg_season",
    "minutes_avg_5",
    "minutes_avg_10",
    "minutes_avg_season",
    "points_std_10",
    "usage_avg_5",
    "usage_avg_10",
    "fga_avg_5",
    "fta_avg_5",
    "last_minutes",
    "days_rest",
    "games_last_7",
    "team_days_rest",
    "games_share_10",
    "team_pace_10",
    "opponent_def_rating_10",
    "opponent_pace_10",
    "is_home",
)
BASELINE = "points_avg_10"
LEAST_ROWS = 600  # with fewer, trees learn noise: the model stays empty and predicts the mean
MOST_POINTS = 60.0

_Floats = NDArray[np.float64]


class WrongContract(PipelineError):
    """A model was trained on other features than the ones at hand."""


def matrix(features: pa.Table) -> _Floats:
    """Return the features as (n, k) floats in the order of FEATURES; unknown is NaN."""
    columns = [_numbers(features, name) for name in FEATURES]
    return np.column_stack(columns).astype(np.float64) if columns else np.zeros((0, 0))


def _numbers(features: pa.Table, name: str) -> _Floats:
    """Return a feature at its declared places: warehouses differ in the last bits, and a model's text keeps every one of them."""
    values = pc.cast(features.column(name), pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(np.round(values, PLAYER_FEATURES.column(name).places), dtype=np.float64)


def train_points(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Train on every candidate of earlier days who played: his features against his points."""
    features = inputs["player_features"]
    results = inputs["player_games"].select(["game_id", "player_id", "points"])
    joined = features.join(results, keys=["game_id", "player_id"], join_type="inner").combine_chunks()
    joined = joined.sort_by([("day", "ascending"), ("game_id", "ascending"), ("player_id", "ascending")])
    model_text = ""
    if joined.num_rows >= LEAST_ROWS:
        points = pc.cast(joined.column("points"), pa.float64()).to_numpy()
        model_text = boosting.train(matrix(joined), points - _numbers(joined, BASELINE))
    row = {
        "day": context.slate.day,
        "system": "lightgbm",
        "model_text": model_text,
        "n_rows": joined.num_rows if model_text else 0,
        "trained_through": pc.max(joined.column("day")).as_py(),
        "features": boosting.contract(FEATURES),
        "library": boosting.library(),
        "seed": boosting.SEED,
    }
    return Made(rows=pa.Table.from_pylist([row], schema=arrow_schema(POINTS_MODEL)))


def predict_points(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Predict each candidate's points by both systems. Without a model the trees add nothing to the mean.

    Raises:
        WrongContract: The model was trained on other features.
    """
    features, models = inputs["player_features"], inputs["points_model"].to_pylist()
    tips = {row["game_id"]: row["tipoff_at"] for row in inputs["schedule"].to_pylist()}
    model = models[0] if models else None
    if model is not None and model["features"] != boosting.contract(FEATURES):
        msg = f"the model of {model['day']} was trained on other features than these"
        raise WrongContract(msg, hint="train it again: its step's version has changed with the features")
    baseline = _numbers(features, BASELINE)
    added = boosting.predict(model["model_text"] if model else "", matrix(features))
    by_system = {"moving_average": baseline, "lightgbm": baseline + added}
    common = features.select(["day", "game_id", "player_id", "n_games"]).to_pylist()
    rows = [
        row
        | {
            "system": system,
            "predicted_points": float(np.clip(by_system[system][number], 0.0, MOST_POINTS)),
            "model_day": model["day"] if model and system == "lightgbm" else None,
            "tipoff_at": tips[row["game_id"]],
            "made_at": context.as_of,
        }
        for number, row in enumerate(common)
        for system in SYSTEMS
    ]
    return Made(rows=pa.Table.from_pylist(rows, schema=arrow_schema(PREDICTIONS)))


def publish_predictions(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Lay both systems' predictions beside the player's name and the main line."""
    names = {(row["game_id"], row["player_id"]): row for row in inputs["candidates"].to_pylist()}
    lines = {(row["game_id"], row["player_id"]): row for row in inputs["main_lines"].to_pylist()}
    shown: dict[tuple[str, int], dict[str, object]] = {}
    for row in inputs["predictions"].to_pylist():
        who = (row["game_id"], row["player_id"])
        if who not in names:
            continue  # he is no candidate any more; the game is made again once his prediction has gone too
        line = lines.get(who, {})
        published = shown.setdefault(
            who,
            {name: names[who].get(name) for name in PUBLISHED_PREDICTIONS.names}
            | {
                "day": context.slate.day,
                "tipoff_at": row["tipoff_at"],
                "line": line.get("line"),
                "n_books": line.get("n_books", 0),
            },
        )
        published[row["system"]] = round(row["predicted_points"], 2)
    return Made(rows=pa.Table.from_pylist(list(shown.values()), schema=arrow_schema(PUBLISHED_PREDICTIONS)))
