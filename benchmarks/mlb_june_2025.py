"""June 2025 at the real lines: the market's chance and ours, on the same starts; needs TIPOFF_DATA. A report, no edge is claimed.

There is no history of 2024 and no line-up of 2025 in the data, so that the served models cannot be asked. What is told here is
the simplest that a starter's own starts of 2025 allow: strikeouts a batter, shrunk to the league's, over the batters that he
usually faces.
"""

import json
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv
import pyarrow.parquet as pq

from tipoff.core.clock import league_day
from tipoff.leagues.identity.names import name_key
from tipoff.leagues.mlb.models import strikeouts
from tipoff.leagues.mlb.sources.teams import BY_NAME
from tipoff.leagues.predict.arrays import Floats
from tipoff.leagues.predict.counts import median, over, successes
from tipoff.leagues.predict.decisions import no_vig, price_chance

Row = Mapping[str, Any]
Who = tuple[Any, str, str]  # day, club, key of the name
_HALF_LIFE, _SHRUNK, _FACED_SHRUNK, _LAST = 60.0, 70.0, 3.0, 5
_SHAKE = 0.2


def main_lines(data: Path) -> dict[Who, Row]:
    """Return of each starter the last line before the start whose two prices are nearest each other."""
    newest: dict[Who, Row] = {}
    rows = pq.read_table(data / "odds" / "mlb_k_props_consensus_2025-06.parquet").to_pylist()
    for row in rows:
        begins = datetime.fromisoformat(row["game_start"])
        if datetime.fromisoformat(row["generated_at"]) >= begins or None in (row["over"], row["under"]):
            continue
        for club in (row["home_team"], row["away_team"]):
            who = league_day(begins), BY_NAME[club], name_key(row["pitcher_name"])
            known = newest.get(who)
            if known is None or _rank(row) > _rank(known):
                newest[who] = row
    return newest


def _rank(row: Row) -> tuple[str, float]:
    return row["generated_at"], -abs(price_chance(row["over"]) - price_chance(row["under"]))


def starts(data: Path) -> list[dict[str, Any]]:
    """Return the starts of 2025 in order, each with his name's key."""
    register = pyarrow.csv.read_csv(data / "registries" / "mlb_chadwick_register_2005on.csv.gz").to_pylist()
    names = {row["key_mlbam"]: f"{row['name_first']} {row['name_last']}" for row in register if row["key_mlbam"]}
    found = pq.read_table(data / "mlb" / "statcast_starts_2025-03_2025-06.parquet").to_pylist()
    kept = [row | {"day": row["game_date"].date(), "key": name_key(names.get(row["pitcher"], ""))} for row in found]
    return sorted(kept, key=lambda row: (row["day"], row["game_pk"]))


def predicted(history: list[dict[str, Any]], asked: list[dict[str, Any]]) -> Floats:
    """Return the distribution of each asked start, from earlier starts alone."""
    rates, faced = [], []
    for start in asked:
        past = [row for row in history if row["day"] < start["day"]]
        league = sum(row["strikeouts"] for row in past) / sum(row["bf"] for row in past)
        usual = float(np.mean([row["bf"] for row in past]))
        own = [row for row in past if row["pitcher"] == start["pitcher"]]
        weights = [0.5 ** ((start["day"] - row["day"]) / timedelta(days=1) / _HALF_LIFE) for row in own]
        struck = sum(weight * row["strikeouts"] for weight, row in zip(weights, own, strict=True))
        batters = sum(weight * row["bf"] for weight, row in zip(weights, own, strict=True))
        rates.append((struck + _SHRUNK * league) / (batters + _SHRUNK))
        last = [row["bf"] for row in own[-_LAST:]]
        faced.append((sum(last) + _FACED_SHRUNK * usual) / (len(last) + _FACED_SHRUNK))
    trials = strikeouts.untrained().trials.at(np.array(faced))
    return successes(np.repeat(np.array(rates)[:, None], 9, axis=1), trials, shake=_SHAKE)


def june_2025() -> tuple[bool, dict[str, Any]]:
    """Return the market's figures and ours, the market's first."""
    data = Path(os.environ["TIPOFF_DATA"])
    lines, history = main_lines(data), starts(data)
    asked = [row for row in history if (row["day"], row["pitcher_team"], row["key"]) in lines]
    told = [lines[row["day"], row["pitcher_team"], row["key"]] for row in asked]
    line = np.array([row["line"] for row in told])
    actual = np.array([row["strikeouts"] for row in asked], dtype=np.float64)
    decided = actual != line
    distribution = predicted(history, asked)
    market = np.array([no_vig(row["over"], row["under"]) for row in told])
    ours = np.array([over(distribution[place : place + 1], line[place])[0] for place in range(len(line))])
    happened = (actual > line)[decided]
    loss = {name: _loss(chance[decided], happened) for name, chance in (("market", market), ("ours", ours))}
    measured = {
        "starts": len(asked),
        "decided": int(decided.sum()),
        "over_ratio": round(float(happened.mean()), 4),
        "market": {"log_loss": _mean(loss["market"]), "mae_of_the_line": _mean(np.abs(line - actual))},
        "ours": {"log_loss": _mean(loss["ours"]), "mae": _mean(np.abs(median(distribution) - actual))},
        "log_loss_ours_less_market": _mean(loss["ours"] - loss["market"]),
        "right_side": {
            name: _mean(((chance[decided] > 0.5) == happened).astype(np.float64))
            for name, chance in (("market", market), ("ours", ours))
        },
        "not": "no history of 2024 and no line-ups of 2025 in the data: the served models are not asked",
    }
    return len(asked) > 0, measured


def _loss(chance: Floats, happened: Any) -> Floats:  # noqa: ANN401 -- an array of truth values
    return np.asarray(-np.log(np.where(happened, chance, 1 - chance)))


def _mean(values: Floats) -> dict[str, Any]:
    """Return a mean with its 95 % interval and the size of the sample."""
    half = 1.96 * values.std() / np.sqrt(len(values))
    return {"mean": round(float(values.mean()), 4), "within_95": round(float(half), 4), "n": len(values)}


if __name__ == "__main__":
    print(json.dumps(june_2025()[1], indent=1))
