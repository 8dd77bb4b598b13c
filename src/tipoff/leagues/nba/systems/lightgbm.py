"""Points by trees on what the form model leaves over of them, trained on the season so far."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.rows import arrow_schema
from tipoff.core.step import Context, Made
from tipoff.core.window import LATEST, SLATE, Input
from tipoff.leagues.nba import markets
from tipoff.leagues.nba.features import CONTRACT
from tipoff.leagues.nba.form_tables import system_table
from tipoff.leagues.nba.markets import Floats
from tipoff.leagues.nba.rows import (
    LEARNS_FROM,
    LEAST_ROWS,
    corrected,
    counts_of,
    drawn_rows,
    matrix,
    must_fit,
    played,
    slope_of,
)
from tipoff.leagues.nba.tables import POINTS_MODEL
from tipoff.predict import boosting
from tipoff.predict.system import System, Training, WrongContract

TREES = {  # many small steps on few rows at a time: in a season there is little to learn beyond the form
    "objective": "regression_l1",
    "learning_rate": 0.03,
    "min_data_in_leaf": 200,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
}
MOST_ONE_SIDED = 0.95  # of the points of the rows that it was trained on
MOST_BETTER = 0.15  # than the form model on these rows; beyond, an outcome must be among its features
TABLE = system_table(
    "lightgbm", "The distribution of each candidate's points: the form's, moved by trees trained on the season so far."
)


def train(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Train trees on what the form model leaves over of the points, less what it leaves over in the middle."""
    joined, model = played(inputs), markets.serving(context.slate.day)
    model_text, doubt = "", ""
    if joined.num_rows >= LEAST_ROWS:
        found = matrix(joined)
        left = counts_of(joined)["points"] - model.centre("points", found)
        left = left - np.median(left)
        model_text = boosting.train(found, left, parameters=TREES)
        doubt = doubt_of(boosting.predict(model_text, found), left)
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
        "is_serving": not doubt,
        "doubt": doubt,
    }
    return Made(rows=pa.Table.from_pylist([row], schema=arrow_schema(POINTS_MODEL)))


def doubt_of(added: Floats, left: Floats) -> str:
    """Return why trees that add so much where so much was left over are not to serve; empty where they may."""
    above = float(np.mean(added > left))
    better = 1 - float(np.abs(left - added).mean() / max(np.abs(left).mean(), 1e-9))
    if not 1 - MOST_ONE_SIDED <= above <= MOST_ONE_SIDED:
        return f"{above:.0%} of its predictions lie above what happened"
    if better > MOST_BETTER:
        return f"its error is {better:.0%} below the form model's: an outcome is among its features"
    return ""


def predict(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Give each candidate a distribution of his points; without trees that serve it is the form's.

    Raises:
        WrongContract: The trees or the calibration were trained on other features, another form model or another library.
    """
    model, found = markets.serving(context.slate.day), matrix(inputs["player_form"])
    trees = (inputs["points_model"].to_pylist() or [None])[0]
    corrections = {row["market"]: row for row in inputs["calibration"].to_pylist()}
    must_fit(model, [*corrections.values(), *([trees] if trees else [])])
    if trees is not None and trees["library"] != boosting.library():
        msg = f"the trees of {trees['day']} were trained with {trees['library']}; here is {boosting.library()}"
        raise WrongContract(msg, hint="train them again, or install the library that they were trained with")
    serves = trees is not None and trees["is_serving"] is not False
    centre = model.centre("points", found) + boosting.predict(trees["model_text"] if serves else "", found)
    model_day = trees["day"] if serves else None
    quantiles = corrected("points", model.quantiles("points", found, centre), corrections)
    who, schedule = inputs["player_form"], inputs["schedule"]
    rows = drawn_rows(
        TABLE,
        context,
        who,
        schedule,
        "points",
        quantiles,
        model=model,
        corrections=corrections,
        model_day=model_day,
        slope=slope_of(corrections),
    )
    doubt = f"its trees of {trees['day']} do not serve: {trees['doubt']}" if trees and not serves else ""
    return Made(rows=rows, notes=(doubt,) if doubt else ())


LIGHTGBM = System(
    name="lightgbm",
    about="the form, and trees trained on the season so far",
    table=TABLE,
    features=(
        Input("player_form", SLATE),
        Input("points_model", LATEST),
        Input("calibration", LATEST),
        Input("schedule", SLATE),
    ),
    predict=predict,
    trained=Training(
        table=POINTS_MODEL,
        learns_from=LEARNS_FROM,
        train=train,
        rests_on=(CONTRACT, LEAST_ROWS, markets.digests(), sorted(TREES.items()), MOST_ONE_SIDED, MOST_BETTER),
    ),
    rests_on=(CONTRACT, markets.digests()),
)
