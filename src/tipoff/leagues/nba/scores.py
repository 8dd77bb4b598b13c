"""A slate's grades as rows of market, system and metric: how far off, how well spread, how the chances held at the line."""

import json
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.core.rows import arrow_schema
from tipoff.core.schema import WHOLE_SLATE
from tipoff.core.step import Context, Made
from tipoff.leagues.nba.features import STATS
from tipoff.leagues.nba.form_tables import SCORES
from tipoff.leagues.nba.markets import MARKETS, Floats, outcomes
from tipoff.predict.decisions import decide, no_vig, price_chance
from tipoff.predict.metrics import log_loss
from tipoff.predict.quantiles import LEVELS, over

FORM, MARKET, MEAN_10 = "lightgbm", "market", "moving_average"
_TWENTY: Floats = (np.arange(20) + 0.5) / 20
Score = tuple[str, str, str, int, float]  # market, system, metric, over how many, the mean


def score_slate(context: Context, inputs: Mapping[str, pa.Table]) -> Made:
    """Grade each market of those who played: by system and metric the mean of the slate, and of how many."""
    played = inputs["player_games"].select(["game_id", "player_id", *STATS]).drop_null()
    made = inputs["predictions"]
    in_time = made.filter(
        pc.and_(pc.equal(made.column("system"), FORM), pc.less(made.column("made_at"), made.column("tipoff_at")))
    )
    played = played.join(in_time.select(["game_id", "player_id"]), keys=["game_id", "player_id"], join_type="left semi")
    drawn = inputs["distributions"].select(
        ["game_id", "player_id", "market", "median", "low_80", "high_80", "quantiles"]
    )
    joined = drawn.join(played, keys=["game_id", "player_id"], join_type="inner").combine_chunks()
    joined = joined.sort_by([("market", "ascending"), ("game_id", "ascending"), ("player_id", "ascending")])
    found: list[Score] = []
    for market in MARKETS:
        rows = joined.filter(pc.equal(joined.column("market"), market))
        if rows.num_rows:
            found += _market(market, rows)
            if market == "points":
                found += _points(rows, inputs)
    rows_made = [
        {"day": context.slate.day, "market": market, "system": system, "metric": metric, "n": n, "value": value}
        for market, system, metric, n, value in found
        if n
    ]
    excused = {} if rows_made else {WHOLE_SLATE: "nobody who played was predicted before his game"}
    return Made(rows=pa.Table.from_pylist(rows_made, schema=arrow_schema(SCORES)), excused=excused)


def _market(market: str, rows: pa.Table) -> Iterator[Score]:
    happened, quantiles = _happened(market, rows), _quantiles(rows)
    median, low, high = (_floats(rows, name) for name in ("median", "low_80", "high_80"))
    for metric, values in (
        ("absolute_error", np.abs(median - happened)),
        ("bias", median - happened),
        ("crps", crps_20(quantiles, happened)),
        ("in_80", _inside(low, high, happened)),
        ("over_median", (happened > median) + 0.5 * (happened == median)),
    ):
        yield market, FORM, metric, len(values), float(values.mean())


def _points(rows: pa.Table, inputs: Mapping[str, pa.Table]) -> Iterator[Score]:
    """Grade points against the last ten games' mean and, where there is a line, against it and its prices."""
    means = inputs["player_features"].select(["game_id", "player_id", "points_avg_10"])
    lines = inputs["main_lines"].select(["game_id", "player_id", "line", "over_price", "under_price"])
    lines = lines.filter(pc.is_valid(lines.column("player_id")))
    rows = rows.join(means, keys=["game_id", "player_id"], join_type="left outer")
    rows = rows.join(lines, keys=["game_id", "player_id"], join_type="left outer").combine_chunks()
    rows = rows.sort_by([("game_id", "ascending"), ("player_id", "ascending")])
    happened, mean = _happened("points", rows), _floats(rows, "points_avg_10")
    known = ~np.isnan(mean)
    if known.any():
        yield "points", MEAN_10, "absolute_error", int(known.sum()), float(np.abs(mean - happened)[known].mean())
    line = _floats(rows, "line")
    lined = ~np.isnan(line)
    if not lined.any():
        return
    n = int(lined.sum())
    yield "points", FORM, "absolute_error_lined", n, float(np.abs(_floats(rows, "median") - happened)[lined].mean())
    yield "points", MARKET, "absolute_error_lined", n, float(np.abs(line - happened)[lined].mean())
    chance, is_over = over(_quantiles(rows), line), (happened > line).astype(np.float64)
    yield from _at_the_line(rows, chance, is_over, lined & (happened != line))


def _at_the_line(rows: pa.Table, chance: Floats, is_over: Floats, decided: Floats) -> Iterator[Score]:
    """Grade chances where the result was not the line itself, and what was recommended at the prices."""
    prices = [_floats(rows, name) for name in ("over_price", "under_price")]
    priced = decided & ~np.isnan(prices[0]) & ~np.isnan(prices[1])
    for system, who, chances in (
        (FORM, decided, chance),
        (
            MARKET,
            priced,
            np.array([no_vig(*pair) if not np.isnan(sum(pair)) else np.nan for pair in zip(*prices, strict=True)]),
        ),
    ):
        if who.any():
            n = int(who.sum())
            yield "points", system, "log_loss", n, log_loss(chances[who], is_over[who])
            yield "points", system, "brier", n, float(((chances - is_over)[who] ** 2).mean())
    won, returned = [], []
    for at in np.flatnonzero(priced):
        side = decide(chance[at], over_price=prices[0][at], under_price=prices[1][at]).side
        if side != "pass":
            right = bool(is_over[at]) == (side == "over")
            won.append(right)
            returned.append(1 / price_chance(prices[side == "under"][at]) - 1 if right else -1.0)
    if won:
        yield "points", FORM, "hit", len(won), float(np.mean(won))
        yield "points", FORM, "return", len(won), float(np.mean(returned))


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
