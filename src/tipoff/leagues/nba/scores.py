"""A slate's grades as rows of market, system and metric: how far off, how well spread, how the chances held at the line."""

import json
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tipoff.core.rows import arrow_schema
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.step import Context, Made
from tipoff.leagues.nba.features import STATS
from tipoff.leagues.nba.form_tables import SCORES
from tipoff.leagues.nba.markets import MARKETS, outcomes
from tipoff.leagues.nba.models import calibration
from tipoff.leagues.nba.models.quantiles import HIGH, LEVELS, LOW, over
from tipoff.leagues.nba.systems.catalog import SYSTEMS
from tipoff.leagues.nba.systems.quantile_regression import QUANTILE_REGRESSION
from tipoff.leagues.predict.arrays import Floats
from tipoff.leagues.predict.decisions import decide, no_vig, price_chance
from tipoff.leagues.predict.metrics import log_loss

MARKET = "market"  # not a system of ours: the line, and the chance that its prices stand for
_TWENTY: Floats = (np.arange(20) + 0.5) / 20
_KEY = ("game_id", "player_id")
Score = tuple[str, str, str, int, float]  # market, system, metric, over how many, the mean


def score_slate(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Grade each system's markets of those who played: by metric the mean of the slate, and of how many."""
    played = inputs["player_games"].select([*_KEY, *STATS]).drop_null()
    lines = inputs["main_lines"].select([*_KEY, "line", "over_price", "under_price"])
    lines = lines.filter(pc.is_valid(lines.column("player_id")))
    found: list[Score] = []
    for system in SYSTEMS:
        made = inputs[system.name]
        in_time = made.filter(pc.less(made.column("made_at"), made.column("tipoff_at")))
        joined = in_time.join(played, keys=list(_KEY), join_type="inner").combine_chunks()
        for market in MARKETS:
            rows = joined.filter(pc.equal(joined.column("market"), market))
            if rows.num_rows:
                found += _market(market, system.name, _sorted(rows))
                if market == "points":
                    found += _points(system.name, _sorted(rows.join(lines, keys=list(_KEY), join_type="inner")))
    rows_made = [
        {"day": context.slate.day, "market": market, "system": system, "metric": metric, "n": n, "value": value}
        for market, system, metric, n, value in found
        if n
    ]
    excused = {} if rows_made else {WHOLE_SLATE: "nobody who played was predicted before his game"}
    return Made(rows=pa.Table.from_pylist(rows_made, schema=arrow_schema(SCORES)), excused=excused)


def _sorted(rows: pa.Table) -> pa.Table:
    return rows.combine_chunks().sort_by([(name, "ascending") for name in _KEY])


def _market(market: str, system: str, rows: pa.Table) -> Iterator[Score]:
    happened, median = _happened(market, rows), _floats(rows, "median")
    metrics = [
        ("absolute_error", np.abs(median - happened)),
        ("bias", median - happened),
        ("over_median", (happened > median) + 0.5 * (happened == median)),
    ]
    if not rows.column("quantiles").null_count:
        quantiles = _quantiles(rows)
        inside = _inside(quantiles[:, LOW], quantiles[:, HIGH], happened)
        metrics += [("crps", crps_20(quantiles, happened)), ("in_80", inside)]
    for metric, values in metrics:
        yield market, system, metric, len(values), float(values.mean())


def _points(system: str, rows: pa.Table) -> Iterator[Score]:
    """Grade points where there was a line, against it and its prices."""
    if not rows.num_rows:
        return
    happened, line = _happened("points", rows), _floats(rows, "line")
    n = len(line)
    yield "points", system, "absolute_error_lined", n, float(np.abs(_floats(rows, "median") - happened).mean())
    if rows.column("quantiles").null_count:
        return
    if system == QUANTILE_REGRESSION.name:  # once: it predicts everybody
        yield "points", MARKET, "absolute_error_lined", n, float(np.abs(line - happened).mean())
    slope = np.nan_to_num(_floats(rows, "line_slope"), nan=1.0)
    chance = calibration.sloped(over(_quantiles(rows), line), slope)
    yield from _at_the_line(system, rows, chance, (happened > line).astype(np.float64), happened != line)


def _at_the_line(
    system: str, rows: pa.Table, chance: Floats, is_over: Floats, decided: NDArray[np.bool_]
) -> Iterator[Score]:
    """Grade chances where the result was not the line itself, and what was recommended at the prices."""
    prices = [_floats(rows, name) for name in ("over_price", "under_price")]
    priced = decided & ~np.isnan(prices[0]) & ~np.isnan(prices[1])
    no_vigs = np.array(
        [no_vig(*pair) if not np.isnan(sum(pair)) else np.nan for pair in zip(*prices, strict=True)], dtype=np.float64
    )
    every = [(system, decided, chance)]
    every += [(MARKET, priced, no_vigs)] if system == QUANTILE_REGRESSION.name else []
    for name, who, chances in every:
        if who.any():
            n = int(who.sum())
            yield "points", name, "log_loss", n, log_loss(chances[who], is_over[who])
            yield "points", name, "brier", n, float(((chances - is_over)[who] ** 2).mean())
    won, returned = [], []
    for at in np.flatnonzero(priced):
        side = decide(chance[at], over_price=prices[0][at], under_price=prices[1][at]).side
        if side != "pass":
            right = bool(is_over[at]) == (side == "over")
            won.append(right)
            returned.append(1 / price_chance(prices[side == "under"][at]) - 1 if right else -1.0)
    if won:
        yield "points", system, "hit", len(won), float(np.mean(won))
        yield "points", system, "return", len(won), float(np.mean(returned))


def crps_20(quantiles: Floats, happened: Floats) -> Floats:
    """Return each row's continuous ranked probability score from twenty quantiles, in counts."""
    at = np.maximum(np.array([np.interp(_TWENTY, LEVELS, row) for row in quantiles]), 0.0)
    apart = happened[:, None] - at
    return np.asarray(2 * np.maximum(_TWENTY * apart, (_TWENTY - 1) * apart).mean(axis=1), dtype=np.float64)


def _inside(low: Floats, high: Floats, happened: Floats) -> Floats:
    """Return the share of each count's span, k − 1/2 to k + 1/2, that lies in the interval."""
    inside = np.minimum(high, happened + 0.5) - np.maximum(low, happened - 0.5)
    return np.asarray(np.clip(inside, 0.0, 1.0), dtype=np.float64)


def _happened(market: str, rows: pa.Table) -> Floats:
    return outcomes(market, {name: _floats(rows, name) for name in STATS})


def _quantiles(rows: pa.Table) -> Floats:
    return np.array([json.loads(text) for text in rows.column("quantiles").to_pylist()], dtype=np.float64)


def _floats(rows: pa.Table, name: str) -> Floats:
    return np.asarray(pc.cast(rows.column(name), pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
