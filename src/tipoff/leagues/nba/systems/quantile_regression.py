"""Distributions of eight markets from a player's form: quantile regressions trained on whole seasons, calibrated within one."""

import json
from collections.abc import Mapping
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.rows import arrow_schema
from tipoff.core.step import Context, Made
from tipoff.core.window import BEFORE, LATEST, SLATE, Input
from tipoff.leagues.nba import markets
from tipoff.leagues.nba.features import CONTRACT
from tipoff.leagues.nba.form_tables import CALIBRATION, system_table
from tipoff.leagues.nba.markets import MARKETS
from tipoff.leagues.nba.models import calibration
from tipoff.leagues.nba.models.quantiles import MEDIAN, over
from tipoff.leagues.nba.models.system import System, Training
from tipoff.leagues.nba.rows import (
    AT_THE_LINE,
    LEARNS_FROM,
    LEAST_ROWS,
    counts_of,
    drawn,
    drawn_rows,
    matrix,
    played,
    serving,
    slope_of,
)
from tipoff.leagues.predict.arrays import Floats
from tipoff.leagues.predict.metrics import own_over_next

LEAST_COVERAGE, MOST_COVERAGE = 0.6, 0.95  # of the 80 % interval; beyond, neither model nor correction is believed
LEAST_OWN, SURE = 0.85, 4.0  # of the error on a player's next game the one on his own; in standard errors
_SEED = 7
TABLE = system_table(
    "quantile_regression",
    f"The distribution of {len(MARKETS)} counts for each candidate: a count k stands for k − 1/2 to k + 1/2; `quantiles` is a "
    "JSON list at the levels 0.025, 0.05, 0.10 … 0.95, 0.975.",
)


def train(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Tell for each market at which levels of the form model the season's outcomes lay; a model far off is not corrected."""
    joined, model = played(inputs), markets.serving(context.slate.day)
    found, counts = model.filled(matrix(joined)), counts_of(joined)
    days = pc.cast(joined.column("day"), pa.int32()).to_numpy().astype(np.float64)
    ago = (context.slate.day - date(1970, 1, 1)).days - days
    shared = {
        "day": context.slate.day,
        "trained_through": pc.max(joined.column("day")).as_py(),
        "features": CONTRACT,
        "form_model": model.digest,
        "library": calibration.LIBRARY,
    }
    who = joined.column("player_id").to_numpy().astype(np.int64)
    middles = model.middles(found)
    rows, doubts = [], []
    for market in MARKETS:
        quantiles, happened = (
            model.quantiles(market, found, middles[market]),
            markets.outcomes(market, counts),
        )
        places = calibration.places(quantiles, happened, seed=_SEED)
        covered = float(np.mean(np.abs(places - 0.5) < 0.8 / 2)) if len(places) else None
        ratio, sure = own_over_next(who, days, quantiles[:, MEDIAN], happened)
        doubt = doubt_of(covered, len(places), ratio, sure)
        leaks = doubt and ratio < LEAST_OWN  # told; that intervals are off is a check's to tell
        doubts += [f"the calibration of {market} does not serve: {doubt}"] if leaks else []
        rows.append(
            shared
            | {
                "market": market,
                "levels": json.dumps(np.round(calibration.levels(places, ago), 5).tolist()),
                "n_rows": len(places),
                "coverage_80": covered,
                "own_over_next": ratio,
                "is_serving": not doubt,
                "doubt": doubt,
            }
        )
        if market == "points":
            n_lined, slope = _slope(joined, inputs["main_lines"], quantiles, counts["points"])
            line = {"market": AT_THE_LINE, "levels": json.dumps([slope]), "n_rows": n_lined, "is_serving": True}
            rows.append(shared | line | {"doubt": ""})
    return Made(rows=pa.Table.from_pylist(rows, schema=arrow_schema(CALIBRATION)), notes=tuple(doubts))


def doubt_of(covered: float | None, n_rows: int, own: float, sure: float) -> str:
    """Return why what was learnt of a market is not to serve; empty where it may, or where there are too few rows to tell."""
    if own < LEAST_OWN and sure > SURE:
        return f"its error on a player's game is {own:.0%} of that on his next: an outcome is among its features"
    if covered is not None and n_rows >= LEAST_ROWS and not LEAST_COVERAGE <= covered <= MOST_COVERAGE:
        return f"its 80 % intervals held {covered:.0%} of the season's outcomes"
    return ""


def _slope(joined: pa.Table, main_lines: pa.Table, quantiles: Floats, points: Floats) -> tuple[int, float]:
    """Return of how many earlier lines it was told, and by what log odds of being over a line are to be multiplied."""
    lines = {
        (row["game_id"], row["player_id"]): row["line"]
        for row in main_lines.select(["game_id", "player_id", "line"]).to_pylist()
        if row["player_id"] is not None
    }
    keys = zip(joined.column("game_id").to_pylist(), joined.column("player_id").to_pylist(), strict=True)
    line = np.array([lines.get(key, np.nan) for key in keys], dtype=np.float64)
    decided = ~np.isnan(line) & (line != points)
    chance = over(quantiles[decided], line[decided])
    return int(decided.sum()), calibration.slope(chance, (points > line)[decided].astype(np.float64))


def predict(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Give each candidate a distribution for each market."""
    (model, corrections, refused), found = serving(context, inputs), matrix(inputs["player_form"])
    parts, middles = [], model.middles(found)
    for market in MARKETS:
        quantiles = drawn(market, found, middles[market], model, corrections)
        who, schedule = inputs["player_form"], inputs["schedule"]
        slope = slope_of(corrections) if market == "points" else None
        parts.append(
            drawn_rows(
                TABLE, context, who, schedule, market, quantiles, model=model, corrections=corrections, slope=slope
            )
        )
    return Made(rows=pa.concat_tables(parts), notes=refused)


QUANTILE_REGRESSION = System(
    name="quantile_regression",
    about="the player's form, weighed by what whole seasons taught",
    table=TABLE,
    features=(Input("player_form", SLATE), Input("calibration", LATEST), Input("schedule", SLATE)),
    predict=predict,
    trained=Training(
        table=CALIBRATION,
        learns_from=(*LEARNS_FROM, Input("main_lines", BEFORE, ("game_id", "player_id", "line"))),
        train=train,
        rests_on=(
            *(CONTRACT, markets.digests(), calibration.HALF_LIFE_DAYS, calibration.BEHIND),
            *(LEAST_ROWS, LEAST_COVERAGE, MOST_COVERAGE, LEAST_OWN, SURE),
        ),
    ),
    rests_on=(CONTRACT, markets.digests()),
)
