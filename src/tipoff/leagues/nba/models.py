"""What is trained each week, and what is predicted: the mean of the last ten games, and distributions from form and trees."""

import json
from collections.abc import Mapping
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.rows import arrow_schema
from tipoff.core.step import Context, Made
from tipoff.leagues.nba import form, markets
from tipoff.leagues.nba.features import CONTRACT, NAMES, STATS
from tipoff.leagues.nba.form_tables import CALIBRATION, DISTRIBUTIONS, PLAYER_FORM, PUBLISHED_MARKETS
from tipoff.leagues.nba.markets import MARKETS, Floats, WrongContract
from tipoff.leagues.nba.tables import (
    POINTS_MODEL,
    PREDICTIONS,
    PUBLISHED_PREDICTIONS,
    SYSTEMS,
)
from tipoff.predict import boosting, calibration, decisions
from tipoff.predict.quantiles import HIGH, LOW, MEDIAN, means, over

LEAST_ROWS = 600  # with fewer, trees learn noise: the model stays empty and adds nothing
LEAST_COVERAGE, MOST_COVERAGE = (
    0.6,
    0.95,
)  # of the 80 % interval; a model beyond is not believed, nor is what corrects it
MOST_POINTS = 80.0
TREES = {  # many small steps on few rows at a time: in a season there is little to learn beyond the form
    "objective": "regression_l1",
    "learning_rate": 0.03,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
}


def make_form(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Tell each candidate's form from the games of earlier days."""
    candidates = inputs["candidates"]
    history, who = form.read(inputs["player_games"], candidates)
    day = (context.slate.day - date(1970, 1, 1)).days
    found = np.round(form.features(history, who, day), PLAYER_FORM.column(NAMES[0]).places)
    columns = {name: candidates.column(name) for name in ("day", "game_id", "player_id")}
    columns |= {name: pa.array(values, from_pandas=True) for name, values in zip(NAMES, found.T, strict=True)}
    return Made(rows=pa.table(columns).cast(arrow_schema(PLAYER_FORM)))


def matrix(rows: pa.Table) -> Floats:
    """Return the form of each row, (n, k) in the order of the features; unknown is NaN."""
    columns = [pc.cast(rows.column(name), pa.float64()).to_numpy(zero_copy_only=False) for name in NAMES]
    places = PLAYER_FORM.column(NAMES[0]).places
    return np.round(np.column_stack(columns), places)


def _played(inputs: Mapping[str, pa.Table]) -> pa.Table:
    """Return the form of every candidate of earlier days who played, with his counts, in a fixed order."""
    results = inputs["player_games"].select(["game_id", "player_id", *STATS])
    joined = inputs["player_form"].join(results, keys=["game_id", "player_id"], join_type="inner").combine_chunks()
    return joined.sort_by([("day", "ascending"), ("game_id", "ascending"), ("player_id", "ascending")])


def _counts(rows: pa.Table) -> dict[str, Floats]:
    return {name: pc.cast(rows.column(name), pa.float64()).to_numpy(zero_copy_only=False) for name in STATS}


def train_points(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Train trees on what the form model leaves over of the points, less what it leaves over in the middle."""
    joined, model = _played(inputs), markets.serving(context.slate.day)
    model_text = ""
    if joined.num_rows >= LEAST_ROWS:
        found = matrix(joined)
        left = _counts(joined)["points"] - model.centre("points", found)
        model_text = boosting.train(found, left - np.median(left), parameters=TREES)
    row = {
        "day": context.slate.day,
        "system": "lightgbm",
        "model_text": model_text,
        "n_rows": joined.num_rows if model_text else 0,
        "trained_through": pc.max(joined.column("day")).as_py(),
        "features": CONTRACT,
        "form_model": model.digest,
        "library": boosting.library(),
        "seed": boosting.SEED,
    }
    return Made(rows=pa.Table.from_pylist([row], schema=arrow_schema(POINTS_MODEL)))


def train_calibration(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Tell for each market at which levels of the form model the season's outcomes lay; a model far off is not corrected."""
    joined, model = _played(inputs), markets.serving(context.slate.day)
    found, counts = matrix(joined), _counts(joined)
    days = pc.cast(joined.column("day"), pa.int32()).to_numpy().astype(np.float64)
    ago = (context.slate.day - date(1970, 1, 1)).days - days
    rows = []
    for market in MARKETS:
        quantiles = model.quantiles(market, found, model.centre(market, found))
        places = calibration.places(quantiles, markets.outcomes(market, counts), seed=boosting.SEED)
        covered = float(np.mean(np.abs(places - 0.5) < 0.8 / 2)) if len(places) else None
        believed = covered is None or len(places) < LEAST_ROWS or LEAST_COVERAGE <= covered <= MOST_COVERAGE
        rows.append(
            {
                "day": context.slate.day,
                "market": market,
                "levels": json.dumps(np.round(calibration.levels(places, ago), 5).tolist()),
                "n_rows": len(places),
                "trained_through": pc.max(joined.column("day")).as_py(),
                "features": CONTRACT,
                "form_model": model.digest,
                "coverage_80": covered,
                "is_serving": believed,
                "doubt": "" if believed else f"its 80 % intervals held {covered:.0%} of the season's outcomes",
            }
        )
    return Made(rows=pa.Table.from_pylist(rows, schema=arrow_schema(CALIBRATION)))


def predict_distributions(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Give each candidate a distribution for each market: form, for points the trees on it, and the season's calibration.

    Raises:
        WrongContract: The trees or the calibration were trained on other features, another form model or another library.
    """
    rows, model = inputs["player_form"], markets.serving(context.slate.day)
    trees = (inputs["points_model"].to_pylist() or [None])[0]
    corrections = {row["market"]: row for row in inputs["calibration"].to_pylist()}
    for trained in (one for one in (trees, *corrections.values()) if one is not None):
        if (trained["features"], trained["form_model"]) != (CONTRACT, model.digest):
            msg = f"what was trained on {trained['day']} rests on other features or another form model than these"
            raise WrongContract(
                msg, hint="train it again: the next training day does, or remake points_model and calibration"
            )
    if trees is not None and trees["library"] != boosting.library():
        msg = f"the trees of {trees['day']} were trained with {trees['library']}; here is {boosting.library()}"
        raise WrongContract(msg, hint="train them again, or install the library that they were trained with")
    found = matrix(rows)
    added = boosting.predict(trees["model_text"] if trees else "", found)
    keys = {name: rows.column(name) for name in ("day", "game_id", "player_id")}
    parts = []
    for market in MARKETS:
        centre = model.centre(market, found) + (added if "points" in MARKETS[market] else 0.0)
        quantiles = model.quantiles(market, found, centre)
        corrected = corrections.get(market)
        if corrected is not None and corrected["is_serving"]:
            quantiles = np.maximum(calibration.moved(quantiles, np.array(json.loads(corrected["levels"]))), -0.5)
        n = len(found)
        texts = [json.dumps(row) for row in np.round(quantiles, 2).tolist()]
        columns = keys | {
            "market": pa.array([market] * n, pa.string()),
            "mean": np.maximum(means(quantiles), 0.0),
            "median": np.maximum(quantiles[:, MEDIAN], 0.0),
            "low_80": quantiles[:, LOW],
            "high_80": quantiles[:, HIGH],
            "quantiles": pa.array(texts, pa.string()),
            "form_model": pa.array([model.digest] * n, pa.string()),
            "model_day": pa.array([trees["day"] if trees else None] * n, pa.date32()),
            "calibration_day": pa.array([corrected["day"] if corrected else None] * n, pa.date32()),
        }
        parts.append(pa.table(columns).cast(arrow_schema(DISTRIBUTIONS)))
    return Made(rows=pa.concat_tables(parts))


def predict_points(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Predict each candidate's points by both systems: the mean of his last ten games, and the median of his distribution."""
    tips = {row["game_id"]: row["tipoff_at"] for row in inputs["schedule"].to_pylist()}
    points = {
        (row["game_id"], row["player_id"]): row
        for row in inputs["distributions"].to_pylist()
        if row["market"] == "points"
    }
    rows = []
    for row in (
        inputs["player_features"].select(["day", "game_id", "player_id", "n_games", "points_avg_10"]).to_pylist()
    ):
        drawn = points.get((row["game_id"], row["player_id"]))
        by_system = {"moving_average": row.pop("points_avg_10"), "lightgbm": drawn["median"] if drawn else None}
        rows += [
            row
            | {
                "system": system,
                "predicted_points": min(max(by_system[system], 0.0), MOST_POINTS),
                "model_day": drawn["model_day"] if drawn and system == "lightgbm" else None,
                "tipoff_at": tips[row["game_id"]],
                "made_at": context.as_of,
            }
            for system in SYSTEMS
            if by_system[system] is not None
        ]
    return Made(rows=pa.Table.from_pylist(rows, schema=arrow_schema(PREDICTIONS)))


def publish_predictions(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Lay both systems' predictions beside the player's name, the main line, and what follows at its prices."""
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
    for row in inputs["distributions"].to_pylist():
        who = (row["game_id"], row["player_id"])
        if row["market"] == "points" and who in shown:
            shown[who] |= _decided(row, lines.get(who, {}))
    return Made(rows=pa.Table.from_pylist(list(shown.values()), schema=arrow_schema(PUBLISHED_PREDICTIONS)))


def _decided(drawn: Mapping[str, object], line: Mapping[str, object]) -> dict[str, object]:
    """Return the interval of a published prediction and, where there is a line, what is recommended at its prices."""
    found: dict[str, object] = {name: drawn[name] for name in ("low_80", "high_80")}
    if line.get("line") is None:
        return found
    quantiles = np.array([json.loads(str(drawn["quantiles"]))])
    chance = float(over(quantiles, np.array([line["line"]], dtype=np.float64))[0])
    said = decisions.decide(chance, over_price=line.get("over_price"), under_price=line.get("under_price"))  # type: ignore[arg-type]
    return found | {"p_over": round(chance, 4), "recommendation": said.side, "reason": said.reason}


def publish_markets(_context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Lay every market's mean, median and interval beside the player's name and his game's start."""
    candidates = inputs["candidates"].select(["game_id", "player_id", "player_name", "team"])
    rows = inputs["distributions"].join(candidates, keys=["game_id", "player_id"], join_type="inner")
    rows = rows.join(inputs["schedule"].select(["game_id", "tipoff_at"]), keys=["game_id"], join_type="inner")
    return Made(rows=rows.select(PUBLISHED_MARKETS.names).cast(arrow_schema(PUBLISHED_MARKETS)))
