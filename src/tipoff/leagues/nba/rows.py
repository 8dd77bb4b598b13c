"""What the NBA's systems share: rows of form as numbers, those of earlier days with their outcomes, distributions as rows."""

import json
from collections.abc import Mapping
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.rows import arrow_schema
from tipoff.core.schema import Table
from tipoff.core.step import Context, Made
from tipoff.core.window import BEFORE, Input
from tipoff.leagues.nba import form, markets
from tipoff.leagues.nba.features import CONTRACT, NAMES, STATS
from tipoff.leagues.nba.form_tables import PLAYER_FORM
from tipoff.leagues.nba.markets import FormModel
from tipoff.leagues.nba.models import calibration
from tipoff.leagues.nba.models.quantiles import HIGH, LOW, MEDIAN, means
from tipoff.leagues.predict.arrays import Floats

AT_THE_LINE = "points at the line"  # the calibration of chances to be over a line: its `levels` are one slope
LEAST_ROWS = 600  # with fewer, what they say of a model is noise
Corrections = Mapping[str, Mapping[str, object]]  # rows of the calibration, by market
LEARNS_FROM = (Input("player_form", BEFORE), Input("player_games", BEFORE, ("game_id", "player_id", *STATS)))


def make_form(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Tell each candidate's form from the games of earlier days."""
    candidates = inputs["candidates"]
    history, who = form.read(inputs["player_games"], candidates)
    day = (context.slate.day - date(1970, 1, 1)).days
    begun = context.slate.season.first_day  # what is remembered is so all season long, however late it ends
    memory = markets.serving(context.slate.day).remembered(begun, inputs.get("nba_earlier_games"))
    found = np.round(form.features(history, who, day, memory), PLAYER_FORM.column(NAMES[0]).places)
    columns = {name: candidates.column(name) for name in ("day", "game_id", "player_id")}
    columns |= {name: pa.array(values, from_pandas=True) for name, values in zip(NAMES, found.T, strict=True)}
    return Made(rows=pa.table(columns).cast(arrow_schema(PLAYER_FORM)))


def matrix(rows: pa.Table) -> Floats:
    """Return the form of each row, (n, k) in the order of the features; unknown is NaN."""
    columns = [pc.cast(rows.column(name), pa.float64()).to_numpy(zero_copy_only=False) for name in NAMES]
    places = PLAYER_FORM.column(NAMES[0]).places
    return np.round(np.column_stack(columns), places)


def played(inputs: Mapping[str, pa.Table]) -> pa.Table:
    """Return the form of every candidate of earlier days who played, with his counts, in a fixed order."""
    form, results = inputs["player_form"], inputs["player_games"].select(["game_id", "player_id", *STATS])
    keys = form.select(["day", "game_id", "player_id"]).append_column("place", pa.array(np.arange(form.num_rows)))
    found = keys.join(results, keys=["game_id", "player_id"], join_type="inner").combine_chunks()
    found = found.sort_by([("day", "ascending"), ("game_id", "ascending"), ("player_id", "ascending")])
    rows = form.take(found.column("place"))  # the other hundred columns do not go through the join
    for name in STATS:
        rows = rows.append_column(name, found.column(name))
    return rows.combine_chunks()


def counts_of(rows: pa.Table) -> dict[str, Floats]:
    """Return the counts that happened, by stat."""
    return {name: pc.cast(rows.column(name), pa.float64()).to_numpy(zero_copy_only=False) for name in STATS}


def serving(context: Context, inputs: Mapping[str, pa.Table]) -> tuple[FormModel, Corrections, tuple[str, ...]]:
    """Return the form model that serves on the slate's day, how the season's calibration corrects it, and what is refused.

    What was trained on other features, for another form model or with another library corrects nothing.
    """
    model, rows = markets.serving(context.slate.day), inputs["calibration"].to_pylist()
    other = next((said for row in rows if (said := misfit(row, model))), "")
    if other:
        return model, {}, (f"the calibration of {rows[0]['day']} is refused until the next training: {other}",)
    return model, {row["market"]: row for row in rows}, ()


def misfit(trained: Mapping[str, object], model: FormModel) -> str:
    """Return in what a calibration rests on something else than what serves here; empty for one that fits."""
    here = {"features": CONTRACT, "form_model": model.digest, "library": calibration.LIBRARY}
    return "; ".join(f"{name} {trained[name]}, here {mine}" for name, mine in here.items() if trained[name] != mine)


def drawn(market: str, found: Floats, middle: Floats, model: FormModel, corrections: Corrections) -> Floats:
    """Return a market's quantiles for these features, as the season's calibration corrects them, where it is believed."""
    quantiles = model.quantiles(market, found, middle)
    correction = corrections.get(market)
    if correction is None or not correction["is_serving"]:
        return quantiles
    return np.maximum(calibration.moved(quantiles, np.array(json.loads(str(correction["levels"])))), -0.5)


def _medians(market: str, quantiles: Floats) -> Floats:
    """Return the middles: of points between counts, as they are read; of the other markets the nearest count, which it is."""
    middle = np.maximum(quantiles[:, MEDIAN], 0.0)
    return middle if market == "points" else np.clip(np.round(middle), quantiles[:, LOW], quantiles[:, HIGH])


def _lists(rows: Floats) -> list[str]:
    """Return each row as a JSON list; all are written at once."""
    return [f"[{row}]" for row in json.dumps(rows.tolist())[2:-2].split("], [")] if len(rows) else []


def slope_of(corrections: Corrections) -> float:
    """Return by what log odds of being over a line are to be multiplied."""
    found = corrections.get(AT_THE_LINE)
    return float(json.loads(str(found["levels"]))[0]) if found else calibration.SLOPE


def drawn_rows(  # noqa: PLR0913 -- all that a distribution's rows say
    table: Table,
    context: Context,
    who: pa.Table,
    schedule: pa.Table,
    market: str,
    quantiles: Floats,
    *,
    model: FormModel,
    corrections: Corrections,
    slope: float | None = None,
) -> pa.Table:
    """Return distributions of a market as rows of `table`: those of the candidates `who`, in their order."""
    n = who.num_rows
    tips = dict(zip(*(schedule.column(name).to_pylist() for name in ("game_id", "tipoff_at")), strict=True))
    columns = {name: who.column(name) for name in ("day", "game_id", "player_id")} | {
        "market": pa.array([market] * n, pa.string()),
        "mean": np.maximum(means(quantiles), 0.0),
        "median": _medians(market, quantiles),
        "low_80": np.maximum(quantiles[:, LOW], 0.0),
        "high_80": np.maximum(quantiles[:, HIGH], 0.0),
        "quantiles": pa.array(_lists(np.round(quantiles, 2)), pa.string()),
        "line_slope": pa.array([slope] * n, pa.float64()),
        "form_model": pa.array([model.digest] * n, pa.string()),
        "calibration_day": pa.array([corrections[market]["day"] if market in corrections else None] * n, pa.date32()),
        "tipoff_at": pa.array([tips[game] for game in who.column("game_id").to_pylist()], pa.timestamp("us", "UTC")),
        "made_at": pa.array([context.as_of] * n, pa.timestamp("us", "UTC")),
    }
    return pa.table(columns).select(table.names).cast(arrow_schema(table))
