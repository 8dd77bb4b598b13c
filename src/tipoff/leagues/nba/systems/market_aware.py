"""Points with the market among what is known: the form's distribution, drawn towards the line and its prices."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from tipoff.core.schema import Floor
from tipoff.core.step import Context, Made
from tipoff.core.window import LATEST, SLATE, Input
from tipoff.leagues.nba import markets
from tipoff.leagues.nba.features import CONTRACT
from tipoff.leagues.nba.form_tables import system_table
from tipoff.leagues.nba.models.quantiles import LEVELS, MEDIAN
from tipoff.leagues.nba.models.system import System
from tipoff.leagues.nba.rows import drawn, drawn_rows, matrix, serving
from tipoff.leagues.predict.arrays import Floats
from tipoff.leagues.predict.decisions import no_vig

WEIGHT = 0.8  # of the market, fixed beforehand: there are no lines with prices to learn it from
_FARTHEST = 3.0  # points by which prices move the market's middle away from its line, at the most
TABLE = system_table(
    "market_aware",
    "The distribution of the points of each candidate who has a line: the form's, moved towards the market.",
    floor=Floor(rows=1),
)


def predict(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Move the points' distribution of each candidate with a line towards the market's middle."""
    lines = {(row["game_id"], row["player_id"]): row for row in inputs["main_lines"].to_pylist()}
    form, (model, corrections, _) = inputs["player_form"], serving(context, inputs)
    keys = list(zip(form.column("game_id").to_pylist(), form.column("player_id").to_pylist(), strict=True))
    lined = [place for place, key in enumerate(keys) if key in lines]
    who = form.take(pa.array(lined, pa.int64()))
    found = matrix(who)
    quantiles = drawn("points", found, model.middles(found)["points"], model, corrections)
    line = np.array([lines[keys[place]]["line"] for place in lined], dtype=np.float64)
    chance = np.array([chance_of(lines[keys[place]]) for place in lined], dtype=np.float64)
    quantiles = toward(quantiles, market_middles(quantiles, line, chance))
    rows = drawn_rows(
        TABLE, context, who, inputs["schedule"], "points", quantiles, model=model, corrections=corrections
    )
    there = {keys[place][0] for place in lined}
    excused = {unit: "nobody in it has a line" for unit in context.units if unit not in there}
    return Made(rows=rows, excused=excused)


def chance_of(line: Mapping[str, Any]) -> float:
    """Return the market's chance to be over a line: even, where it does not offer both sides."""
    prices = line["over_price"], line["under_price"]
    return 0.5 if None in prices else no_vig(*prices)


def market_middles(quantiles: Floats, line: Floats, chance: Floats) -> Floats:
    """Return where the market has the middle of each row: at its line, beyond it by as much as its chance of over leans."""
    density = (LEVELS[MEDIAN + 2] - LEVELS[MEDIAN - 2]) / np.maximum(
        quantiles[:, MEDIAN + 2] - quantiles[:, MEDIAN - 2], 0.5
    )
    return np.asarray(line + np.clip((chance - 0.5) / density, -_FARTHEST, _FARTHEST), dtype=np.float64)


def toward(quantiles: Floats, middles: Floats) -> Floats:
    """Return the distributions, moved by WEIGHT of the way to the market's middles."""
    return np.asarray(
        np.maximum(quantiles + WEIGHT * (middles - quantiles[:, MEDIAN])[:, None], -0.5), dtype=np.float64
    )


MARKET_AWARE = System(
    name="market_aware",
    about="the form, drawn towards the line and its prices",
    table=TABLE,
    features=(
        Input("player_form", SLATE),
        Input("calibration", LATEST),
        Input("main_lines", SLATE),
        Input("schedule", SLATE),
    ),
    predict=predict,
    rests_on=(CONTRACT, markets.digests(), WEIGHT),
)
