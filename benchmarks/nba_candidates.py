"""Systems that were thought of and are not there, each measured for what it would add to the form: matchup and similarity.

python -m benchmarks.nba_candidates               on the four seasons on which everything is chosen; 2023-24 is not looked at
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.nba_form import Rows, season_rows, span, text_of
from benchmarks.nba_predictions import bootstrap
from tipoff.leagues.nba import markets
from tipoff.leagues.nba.features import NAMES
from tipoff.leagues.nba.markets import FormModel
from tipoff.leagues.nba.memory import NO_MEMORY
from tipoff.leagues.nba.models.quantiles import regress
from tipoff.leagues.predict.arrays import Floats

SEASONS = ("2018-19", "2020-21", "2021-22", "2022-23")
MARKETS = ("points", "rebounds", "assists")
_STATS = {"points": "points", "rebounds": "reb", "assists": "ast"}
_FIRST = "2015-16"  # remembered of the players, and not learnt from
_NEAREST = 200
_EARLIER = 2  # seasons whose games are looked through for the nearest
_AT_ONCE = 512
_FEWEST = 3000  # rows of the season, before which a blend is not fitted
_EVERY_DAYS = 7
_SEED = 7


def matchup(market: str, past: Rows, rows: Rows) -> Floats:
    """Predict by his own rate and minutes, and by what the opponent gives up: to all, and to his kind of player."""
    stat = _STATS[market]
    of_opponent = [name for name in NAMES if name.startswith("opponent_") and "rest" not in name and "won" not in name]
    names = [f"{stat}_rate40_h5", f"{stat}_h12", "minutes_h5", "at_home", "team_pace", *of_opponent]
    places = [NAMES.index(name) for name in names]
    usual = np.nanmean(past.features[:, places], axis=0)
    learnt, asked = (_with_one(_filled(one.features[:, places], usual)) for one in (past, rows))
    return np.asarray(asked @ regress(learnt, markets.outcomes(market, past.counts), 0.5), dtype=np.float64)


def similarity(past: Rows, rows: Rows) -> dict[str, Floats]:
    """Predict by the median of what came of the nearest earlier player games; a feature counts as it bears on the outcome."""
    usual = np.nanmean(past.features, axis=0)
    known, asked = _filled(past.features, usual), _filled(rows.features, usual)
    size = known.std(axis=0) + 1e-6
    known, asked = (known - usual) / size, (asked - usual) / size
    found = {}
    for market in MARKETS:
        happened = markets.outcomes(market, past.counts)
        held = known.T @ known + 0.01 * len(known) * np.eye(known.shape[1])
        weights = np.abs(np.linalg.solve(held, known.T @ (happened - happened.mean())))
        near, there = (np.asarray(one * weights, dtype=np.float32) for one in (known, asked))
        squares = (near**2).sum(axis=1)
        # as the form has it
        medians, even = (
            [],
            happened + np.random.default_rng(_SEED).uniform(-0.5, 0.5, len(happened)),
        )
        for begin in range(0, len(there), _AT_ONCE):
            distance = squares - 2 * there[begin : begin + _AT_ONCE] @ near.T
            nearest = np.argpartition(distance, _NEAREST, axis=1)[:, :_NEAREST]
            medians.append(np.median(even[nearest], axis=1))
        found[market] = np.concatenate(medians)
    return found


def blended(rows: Rows, happened: Floats, members: Mapping[str, Floats]) -> Floats:
    """Return the members' blend, fitted each week on the season's earlier days; before there are enough, the first alone."""
    design = _with_one(np.column_stack(list(members.values())))
    made = next(iter(members.values())).copy()
    for begin in range(int(rows.day[0]), int(rows.day[-1]) + 1, _EVERY_DAYS):
        before, now = rows.day < begin, (rows.day >= begin) & (rows.day < begin + _EVERY_DAYS)
        if before.sum() >= _FEWEST and now.any():
            made[now] = design[now] @ regress(design[before], happened[before], 0.5)
    return made


def measured(rows: Rows, past: Rows, model: FormModel) -> dict[str, Any]:
    """Return of each market the form's error, each candidate's, and by how much it lowers the blend's, with an interval."""
    middles, near = model.middles(rows.features), similarity(past, rows)
    said: dict[str, Any] = {}
    for market in MARKETS:
        happened, form = markets.outcomes(market, rows.counts), np.maximum(middles[market], 0.0)
        candidates = {"matchup": matchup(market, past, rows), "similarity": near[market]}
        without = np.abs(happened - blended(rows, happened, {"form": form}))
        said[market] = {"form": round(float(np.abs(happened - form).mean()), 4)}
        for name, made in candidates.items():
            with_it = np.abs(happened - blended(rows, happened, {"form": form, name: made}))
            said[market][name] = {
                "alone": round(float(np.abs(happened - made).mean()), 4),
                "adds": round(float((without - with_it).mean()), 4),
                "adds_95": [round(one, 4) for one in bootstrap(rows.game_id, without - with_it)],
            }
    return said


def _filled(features: Floats, usual: Floats) -> Floats:
    return np.where(np.isnan(features), usual, features)


def _with_one(columns: Floats) -> Floats:
    return np.column_stack([np.ones(len(columns)), columns])


def _joined(parts: list[Rows]) -> Rows:
    return Rows(
        day=np.concatenate([one.day for one in parts]),
        game_id=np.concatenate([one.game_id for one in parts]),
        player_id=np.concatenate([one.player_id for one in parts]),
        name=np.concatenate([one.name for one in parts]),
        features=np.concatenate([one.features for one in parts]),
        counts={name: np.concatenate([one.counts[name] for one in parts]) for name in parts[0].counts},
        simple={},
        memory=parts[-1].memory,
    )


def nba_candidates(folder: Path) -> dict[str, Any]:
    """Return what each candidate would add, by season; each season's form is learnt from the seasons before it."""
    names, parts = span(_FIRST, SEASONS[-1]), list[Rows]()
    said = {}
    for at, name in enumerate(names):
        rows = season_rows(folder, name, parts[-1].memory if parts else NO_MEMORY)
        if name in SEASONS:
            model = markets.read_model(text_of(parts[1:], names[:at]))
            said[name] = measured(rows, _joined(parts[-_EARLIER:]), model)
            print(name, json.dumps(said[name]), flush=True)
        parts.append(rows)
    return said


if __name__ == "__main__":
    nba_candidates(Path(os.environ["TIPOFF_DATA"]))
