"""Predictions of each system, the bottom-up sum laid open, and what readers read."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.rows import arrow_schema
from tipoff.core.schema import Table
from tipoff.core.step import Context, Made
from tipoff.leagues.mlb import tables
from tipoff.leagues.mlb.models import form, history, strikeouts
from tipoff.leagues.mlb.models.features import NAMES, Features
from tipoff.leagues.mlb.models.history import floats
from tipoff.leagues.mlb.steps.arrays import Inputs, numbers_of, once_a_table
from tipoff.leagues.mlb.tables import CHANCES
from tipoff.leagues.predict import boosting
from tipoff.leagues.predict.arrays import Floats, Ints
from tipoff.leagues.predict.counts import moments
from tipoff.leagues.predict.metrics import own_line

_INSTANT = pa.timestamp("us", "UTC")


def predict_confirmed(context: Context, inputs: Inputs) -> Made:
    """Predict the announced starters."""
    return _predict(context, inputs, inputs["pitcher_features"], tables.PREDICTIONS)


def predict_projected(context: Context, inputs: Inputs) -> Made:
    """Predict the probable starters."""
    return _predict(context, inputs, inputs["projected_features"], tables.PROJECTED_PREDICTIONS)


def _predict(context: Context, inputs: Inputs, rows: pa.Table, table: Table) -> Made:
    schema = arrow_schema(table)
    rows = _asked(context, rows)
    if not rows.num_rows:
        return Made(rows=schema.empty_table())
    model, model_day, doubt = fitting(inputs["strikeout_model"])
    numbers = _rounded(rows, [*tables.FEATURE_COLUMNS, *(f"chance_{spot}" for spot in range(1, 10))])
    columns = dict(zip(tables.FEATURE_COLUMNS, numbers, strict=False))
    found = Features(columns, np.ascontiguousarray(numbers[len(columns) :].T))
    trials = strikeouts.trials_of(model, found)
    made = strikeouts.predict(model, found, trials, _levels(context.slate.day.toordinal(), _graded(inputs["grades"])))
    if doubt:  # what rests on the trees is left out, the others go on
        made = {system: made[system] for system in strikeouts.WITHOUT_TREES}
    faced = strikeouts.expected_faced(trials)
    starts = {row["game_id"]: row["first_pitch_at"] for row in inputs["schedule"].to_pylist()}
    told = rows.select(["day", "game_id", "pitcher_id", "pitcher_name", "pitcher_key", "team", "opponent", "is_home"])
    views = list(made.values())
    distributions = np.concatenate([view.distribution for view in views])
    above = np.arange(distributions.shape[1])[None, :] > (line := own_line(distributions))[:, None]
    output = {name: pa.chunked_array(told[name].chunks * len(views)) for name in told.column_names}
    output |= {
        "system": np.repeat(list(made), rows.num_rows),
        "predicted_strikeouts": np.maximum(np.concatenate([view.median for view in views]), 0.0),
        "mean_strikeouts": np.concatenate([view.mean for view in views]),
        "raw_mean": np.concatenate([view.raw for view in views]),
        "variance": moments(distributions)[1],
        "expected_batters": np.tile(faced, len(views)),
        "career_starts": np.tile(columns["career_starts"].astype(np.int64), len(views)),
        "own_line": line,
        "own_over_chance": np.minimum((distributions * above).sum(axis=1), 1.0),
        "pass_reason": pa.chunked_array(rows["flags"].chunks * len(views)),
        "model_day": pa.array([model_day] * len(distributions), pa.date32()),
        "first_pitch_at": pa.array([starts.get(game) for game in output["game_id"].to_pylist()], _INSTANT),
        "made_at": pa.array([context.as_of] * len(distributions), _INSTANT),
    }
    output |= dict(zip(CHANCES, np.minimum(_cut(distributions), 1.0).T, strict=True))
    made_rows = pa.table(output).select(schema.names).cast(schema)
    return Made(rows=made_rows, notes=(doubt,) if doubt else ())


def _asked(context: Context, rows: pa.Table) -> pa.Table:
    return rows.filter(pc.is_in(rows.column("game_id"), value_set=pa.array(sorted(context.units), pa.string())))


def _rounded(rows: pa.Table, names: Sequence[str]) -> Floats:
    """Return (names, n): columns at their declared places, for warehouses differ in the last bits."""
    return np.asarray(np.round(numbers_of(rows, names), 6))


def _cut(distribution: Floats) -> Floats:
    last = len(CHANCES) - 1
    return np.column_stack([distribution[:, :last], distribution[:, last:].sum(axis=1)])


@once_a_table
def fitting(rows: pa.Table) -> tuple[strikeouts.Model, date | None, str]:
    """Return the model to predict with and its day; the untrained one, and why, where the trained one fits not what is here."""
    found = rows.to_pylist()
    if not found or not found[0]["model_text"]:
        return strikeouts.untrained(), None, ""
    trained = found[0]
    if trained["features"] != boosting.contract(NAMES):
        return strikeouts.untrained(), None, f"the model of {trained['day']} was trained on other features than these"
    if trained["library"] != boosting.library():
        doubt = f"the model of {trained['day']} was trained with {trained['library']}; here is {boosting.library()}"
        return strikeouts.untrained(), None, doubt
    try:
        model = strikeouts.Model.load(trained["model_text"])
        boosting.must_be_read(model.faced, model.strikeouts)
    except (boosting.BrokenModel, LookupError, TypeError, ValueError) as error:
        return strikeouts.untrained(), None, f"the model of {trained['day']} cannot be read: {error}"
    return model, trained["day"], ""


@once_a_table
def _graded(grades: pa.Table) -> dict[str, tuple[Ints, Floats, Floats]]:
    """Return each system's days, what happened and its raw means, of starts that were graded."""
    rows = grades.filter(
        pc.and_(pc.is_valid(grades.column("actual_strikeouts")), pc.equal(grades.column("line_up"), "confirmed"))
    )
    found = {}
    for system in ("bottom_up", "lightgbm"):
        mine = rows.filter(pc.equal(rows.column("system"), system))
        days, happened = history.days(mine.column("day")), floats(mine.column("actual_strikeouts"))
        found[system] = days, happened, floats(mine.column("raw_mean"))
    return found


def _levels(day: int, graded: Mapping[str, tuple[Ints, Floats, Floats]]) -> dict[str, float]:
    """Return by how much each system has been off this season."""
    return {system: strikeouts.season_level(day, *told) for system, told in graded.items()}


def analyse_line_up(context: Context, inputs: Inputs) -> Made:
    """Lay out the bottom-up sum: what falls to each of the nine while the starter pitches."""
    faced = {
        (row["game_id"], row["pitcher_id"]): row["expected_batters"]
        for row in inputs["predictions"].select(["game_id", "pitcher_id", "expected_batters"]).to_pylist()
    }
    rows = []
    for row in _asked(context, inputs["pitcher_features"]).to_pylist():
        who = (row["game_id"], row["pitcher_id"])
        if who not in faced:
            continue
        turns = _turns(faced[who])
        for spot in range(1, 10):
            chance, times = row[f"chance_{spot}"], float(turns[spot - 1])
            rows.append(
                {
                    "day": context.slate.day,
                    "game_id": row["game_id"],
                    "pitcher_id": row["pitcher_id"],
                    "team": row["team"],
                    "opponent": row["opponent"],
                    "spot": spot,
                    "batter_id": row[f"batter_{spot}_id"],
                    "strikeout_chance": chance,
                    "plate_appearances": times,
                    "expected_strikeouts": chance * times,
                    "variance": chance * (1 - chance) * times,
                }
            )
    return Made(rows=pa.Table.from_pylist(rows, schema=arrow_schema(tables.LINE_UP_STRIKEOUTS)))


def _turns(faced: float) -> Floats:
    low = min(int(faced), len(form.TURNS) - 2)
    share = min(faced - low, 1.0)
    return np.asarray(form.TURNS[low] * (1 - share) + form.TURNS[low + 1] * share)


def publish(context: Context, inputs: Inputs) -> Made:
    """Lay the systems' numbers beside each other, of the line-up as announced where there is one."""
    shown: dict[tuple[str, int], dict[str, Any]] = {}
    served: dict[tuple[str, int], int] = {}  # the place in SERVING of whose chances are shown
    confirmed = set(inputs["predictions"]["game_id"].to_pylist())
    names = tables.PUBLISHED_PREDICTIONS.names
    for line_up, table in (("projected", "projected_predictions"), ("confirmed", "predictions")):
        for row in _asked(context, inputs[table]).to_pylist():
            if line_up == "projected" and row["game_id"] in confirmed:
                continue
            who = row["game_id"], row["pitcher_id"]
            published = shown.setdefault(who, {name: row.get(name) for name in names} | {"line_up": line_up})
            published[row["system"]] = row["predicted_strikeouts"]
            rank = strikeouts.SERVING.index(row["system"]) if row["system"] in strikeouts.SERVING else None
            if rank is not None and rank < served.get(who, len(strikeouts.SERVING)):
                served[who] = rank
                published |= {name: row[name] for name in (*CHANCES, "own_line", "own_over_chance")}
    there = {game_id for game_id, _ in shown}
    return Made(
        rows=pa.Table.from_pylist(list(shown.values()), schema=arrow_schema(tables.PUBLISHED_PREDICTIONS)),
        excused={unit: "nobody is predicted yet" for unit in context.units if unit not in there},
    )
