"""A season's predictions walk-forward, as the pipeline makes them, against simple means, the line and the market's chances.

    python -m benchmarks.nba_predictions 2022-23      prints one JSON document

Rows are the player games with at least one game before in the season. The calibration is trained on Mondays and
Thursdays, on earlier days alone; the form model is the newest that saw nothing of the season.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.nba_form import Rows, read_season, season_rows
from benchmarks.nba_lines import lines_of, plain
from tipoff.leagues.nba import markets
from tipoff.leagues.nba.features import STATS
from tipoff.leagues.nba.models import calibration
from tipoff.leagues.nba.models.quantiles import HIGH, LEVELS, LOW, MEDIAN, over
from tipoff.leagues.nba.scores import crps_20
from tipoff.leagues.nba.systems import market_aware
from tipoff.leagues.predict.arrays import Floats
from tipoff.leagues.predict.metrics import calibration_error, log_loss

_EPOCH = date(1970, 1, 1)
_DRAWS = 1000
_SEED = 7  # the calibration's


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was predicted of a market: quantiles as published, and those of the form model alone."""

    happened: Floats
    quantiles: Floats
    form: Floats


def walk(rows: Rows, *, targets: dict[str, Floats] | None = None) -> dict[str, Drawn]:
    """Predict each row of every market with what was trained on earlier days; `targets` replace the outcomes learnt from."""
    learnt = targets or rows.counts
    form_model = markets.serving(_EPOCH + timedelta(days=int(rows.day[0])))
    middles = form_model.middles(rows.features)
    form = {market: form_model.quantiles(market, rows.features, middles[market]) for market in markets.MARKETS}
    found = {market: np.array(quantiles) for market, quantiles in form.items()}
    places = {
        market: calibration.places(form[market], markets.outcomes(market, learnt), seed=_SEED)
        for market in markets.MARKETS
    }
    for begin, end in _spans(rows):
        before, now = rows.day < begin, (rows.day >= begin) & (rows.day < end)
        for market in markets.MARKETS:
            to = calibration.levels(places[market][before], (begin - rows.day[before]).astype(np.float64))
            found[market][now] = np.maximum(calibration.moved(form[market][now], to), -0.5)
    return {
        market: Drawn(markets.outcomes(market, rows.counts), found[market], form[market]) for market in markets.MARKETS
    }


def _spans(rows: Rows) -> list[tuple[int, int]]:
    """Return from one training day to the next, within the season."""
    return _spans_of(int(rows.day[0]), int(rows.day[-1]))[1:]


def _spans_of(first: int, last: int) -> list[tuple[int, int]]:
    begins = [day for day in range(first + 1, last + 1) if (_EPOCH + timedelta(days=day)).weekday() in {0, 3}]
    return list(zip([first, *begins], [*begins, last + 1], strict=True))


def figures(rows: Rows, market: str, drawn: Drawn) -> dict[str, Any]:
    """Return a market's figures over the season, and from March on."""
    stats = markets.MARKETS[market]
    simple = {
        name.removesuffix(f"_{stats[0]}"): sum(
            rows.simple[f"{name.removesuffix(f'_{stats[0]}')}_{stat}"] for stat in stats
        )
        for name in rows.simple
        if name.endswith(f"_{stats[0]}")
    }
    last = _EPOCH + timedelta(days=int(rows.day[-1]))
    march = rows.day >= (date(last.year, 3, 1) - _EPOCH).days
    median = np.maximum(drawn.quantiles[:, MEDIAN], 0.0)
    line = np.round(2 * np.asarray(simple["half_life_4"])) / 2
    decided = drawn.happened != line
    chance = over(drawn.quantiles, line)
    dice = np.random.Generator(np.random.PCG64(1)).uniform(-0.5, 0.5, len(median))
    at = drawn.happened + dice
    inside = (at > drawn.quantiles[:, LOW]) & (at < drawn.quantiles[:, HIGH])
    return {
        "n": len(median),
        "whole": _errors(drawn.happened, median, simple, np.ones(len(median), dtype=np.bool_)),
        "from_march": _errors(drawn.happened, median, simple, march),
        "form_alone_from_march": _mean_error(drawn.happened, np.maximum(drawn.form[:, MEDIAN], 0.0), march),
        "crps": float(crps_20(drawn.quantiles, drawn.happened).mean()),
        "in_80": float(inside.mean()),
        "calibration_error": calibration_error(chance[decided], (drawn.happened > line)[decided].astype(np.float64)),
    }


def _mean_error(happened: Floats, predicted: Floats, where: Any) -> float:  # noqa: ANN401 -- a mask
    return float(np.abs(predicted - happened)[where].mean())


def _errors(happened: Floats, median: Floats, simple: dict[str, Any], where: Any) -> dict[str, Any]:  # noqa: ANN401 -- a mask
    others = {name: _mean_error(happened, values, where) for name, values in simple.items()}
    best = min(others, key=lambda name: others[name])
    own, whole = _mean_error(happened, median, where), _mean_error(happened, np.round(median), where)
    return {
        "mae": own,
        "mae_of_the_nearest_count": whole,
        "mean_of_ten": others["mean_10"],
        "better_than_mean_of_ten": 1 - own / others["mean_10"],
        "best_simple": best,
        "best_simple_mae": others[best],
        "better_than_best_simple": 1 - own / others[best],
        "count_better_than_best_simple": 1 - whole / others[best],
    }


def at_the_line(rows: Rows, drawn: Drawn, lines: dict[tuple[int, str], tuple[float, float]]) -> dict[str, Any]:
    """Return the figures on the player games that had a line: each once, its line and the market's no-vig chance."""
    keys = list(zip(rows.day.tolist(), map(plain, rows.name.tolist()), strict=True))
    at = np.array([place for place, key in enumerate(keys) if key in lines], dtype=np.int64)
    if not len(at):
        return {"n": 0}
    line = np.array([lines[keys[place]][0] for place in at])
    market = np.array([lines[keys[place]][1] for place in at])
    happened, quantiles = drawn.happened[at], drawn.quantiles[at]
    own, their = np.abs(np.maximum(quantiles[:, MEDIAN], 0) - happened), np.abs(line - happened)
    decided = happened != line
    is_over = (happened > line)[decided].astype(np.float64)
    sure = over(quantiles, line)
    chance = as_borne_out(rows.day[at], sure, happened, line)[decided]
    moved = market_aware.toward(quantiles, market_aware.market_middles(quantiles, line, market))
    aware, aware_chance = np.abs(moved[:, MEDIAN] - happened), over(moved, line)[decided]
    return {
        "n": len(at),
        "mae": float(own.mean()),
        "line_mae": float(their.mean()),
        "mae_less_line_mae_95": bootstrap(rows.game_id[at], own - their),
        "log_loss": log_loss(chance, is_over),
        "log_loss_uncorrected": log_loss(sure[decided], is_over),
        "market_aware_mae": float(aware.mean()),
        "market_aware_mae_less_line_mae_95": bootstrap(rows.game_id[at], aware - their),
        "market_aware_log_loss": log_loss(aware_chance, is_over),
        "market_aware_calibration_error": calibration_error(aware_chance, is_over),
        "log_loss_no_vig": log_loss(market[decided], is_over),
        "log_loss_coin": float(np.log(2)),
        "log_loss_over_rate": log_loss(np.full(len(is_over), is_over.mean()), is_over),
        "over_rate": float(is_over.mean()),
        "calibration_error": calibration_error(chance, is_over),
    }


def as_borne_out(days: Any, sure: Floats, happened: Floats, line: Floats) -> Floats:  # noqa: ANN401 -- an array of days
    """Return the chances as sure as the lines of the days before the last training day bear out."""
    found, decided = np.array(sure), happened != line
    for begin, end in _spans_of(int(days.min()), int(days.max())):
        before, now = decided & (days < begin), (days >= begin) & (days < end)
        slope = calibration.slope(sure[before], (happened > line)[before].astype(np.float64))
        found[now] = calibration.sloped(sure[now], np.full(int(now.sum()), slope))
    return found


def bootstrap(games: Any, values: Floats) -> list[float]:  # noqa: ANN401 -- an array of texts
    """Return the 95 % interval of the mean, drawing whole games."""
    _, which = np.unique(games, return_inverse=True)
    sums, counts = np.bincount(which, values), np.bincount(which)
    dice = np.random.Generator(np.random.PCG64(2))
    drawn = dice.integers(0, len(sums), (_DRAWS, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return [float(one) for one in np.quantile(means, [0.025, 0.975])]


def controls(rows: Rows) -> dict[str, float]:
    """Return by how much the error falls below the form model's when what is learnt within the season is worthless.

    `shuffled`: outcomes dealt out anew among the rows; `of_another_day`: each row learns from the outcome of another day's row.
    """
    dice = np.random.Generator(np.random.PCG64(3))

    def dealt(order: Floats) -> dict[str, Floats]:
        return {stat: rows.counts[stat][order.astype(np.int64)] for stat in STATS}

    found = {}
    orders: dict[str, Callable[[], Floats]] = {
        "shuffled": lambda: dice.permutation(len(rows.day)).astype(np.float64),
        "of_another_day": lambda: np.roll(np.arange(len(rows.day)), 2000).astype(np.float64),
    }
    for name, order in orders.items():
        drawn = walk(rows, targets=rows.counts | dealt(order()))["points"]
        own, form = (np.maximum(one[:, MEDIAN], 0.0) for one in (drawn.quantiles, drawn.form))
        found[name] = float((np.abs(form - drawn.happened) - np.abs(own - drawn.happened)).mean())
    return found


def measured(folder: Path, season: str, *, with_controls: bool) -> dict[str, Any]:
    """Return a season's figures, with what a calibration by worthless outcomes would give where that is asked for."""
    begins = date.fromisoformat(read_season(folder, season)[0]["GAME_DATE"][:10])
    model = markets.serving(begins)
    rows = season_rows(folder, season, model.remembered(begins))
    drawn = walk(rows)
    said: dict[str, Any] = {
        "season": season,
        "form_model": model.digest,
        "levels": LEVELS.tolist(),
        "markets": {market: figures(rows, market, one) for market, one in drawn.items()},
        "at_the_line": at_the_line(rows, drawn["points"], lines_of(folder, season)),
    }
    return said | ({"controls": controls(rows)} if with_controls else {})


def bounds(said: dict[str, Any]) -> dict[str, tuple[float, float, bool]]:
    """Return what is asked of 2023-24: each figure, its bound, and whether it is met."""
    points, line = said["markets"]["points"], said["at_the_line"]
    better = {
        name: said["markets"][name]["from_march"]["count_better_than_best_simple"] for name in ("rebounds", "assists")
    }
    at_most = {
        "points_mae_from_march": (points["from_march"]["mae"], 4.445),
        "points_crps": (points["crps"], 3.13),
        "points_calibration_error": (points["calibration_error"], 0.015),
        "lined_mae": (line["mae"], 5.285),
        "lined_log_loss": (line["log_loss"], 0.6920),
        "lined_calibration_error": (line["calibration_error"], 0.025),
        "market_aware_lined_mae": (line["market_aware_mae"], 5.22),
        "highest_gain_from_worthless_outcomes": (max(said["controls"].values()), 0.0),
    }
    at_least = {
        "points_better_than_mean_of_ten": (points["whole"]["better_than_mean_of_ten"], 0.03),
        "rebounds_better_than_best_simple": (better["rebounds"], 0.035),
        "assists_better_than_best_simple": (better["assists"], 0.03),
        "share_in_80": (points["in_80"], 0.79),
    }
    return {name: (figure, bound, figure <= bound) for name, (figure, bound) in at_most.items()} | {
        name: (figure, bound, figure >= bound) for name, (figure, bound) in at_least.items()
    }


def main() -> None:
    """Print a season's figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("season")
    parser.add_argument("--controls", action="store_true", help="train also on shuffled and shifted outcomes")
    asked = parser.parse_args()
    said = measured(Path(os.environ["TIPOFF_DATA"]), asked.season, with_controls=asked.controls)
    sys.stdout.write(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main()
