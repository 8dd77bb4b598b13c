"""The strikeout models: the mean of the last ten starts, the nine batters from the bottom up, trees, and the blend of both.

Every one gives a whole distribution. Its mean is the model's; its form is the bottom-up's: the nine in turn, each with his
chance, over the batters that the starter may come to face.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tipoff.leagues.mlb.models.features import NAMES, Features
from tipoff.leagues.predict import boosting
from tipoff.leagues.predict.arrays import Floats, Ints
from tipoff.leagues.predict.counts import Trials, expectation, median, moved_to, successes

SYSTEMS = ("rolling", "bottom_up", "lightgbm", "blend")
SERVED = "blend"
SERVING = (SERVED, "bottom_up")  # whose distribution is published: the first that is there
WITHOUT_TREES = ("rolling", "bottom_up")
LEAST_STARTS = 2000  # with fewer, trees learn noise: the models stay empty
_SHAKE = 0.2  # log odds: what a day's form moves a pitcher's chances by
_ROUNDS = 350
_PARAMETERS = {
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_data_in_leaf": 80,
    "lambda_l2": 20.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
}
# Of 1,000 starts of 2015-2022, how many faced so many batters fewer or more than the pitcher did of late. Source: Retrosheet.
_FEWEST = -20
_SPREAD = (
    *(1, 1, 1, 2, 2, 2, 3, 4, 5, 5, 8, 9, 11, 13, 17, 23, 33, 51, 74, 96),
    *(115, 122, 119, 100, 77, 49, 29, 14, 7, 4, 2, 1),
)
_LEAST = 0.3  # strikeouts and batters below which nobody is predicted
_OWN_LEVEL = 200.0  # strikeouts to which the season's level is shrunk
_LEVEL_HALF_LIFE = 8.0  # days


@dataclass(frozen=True, slots=True)
class Model:
    """What was learnt from earlier seasons. `text` is empty where there was too little to learn from."""

    faced: str  # trees: batters to be added to the pitcher's usual number
    strikeouts: str  # trees: what to multiply the base by, as a logarithm
    trials: Trials
    scale: float  # by which the bottom-up sum was off over the seasons it was learnt from
    names: tuple[str, ...]
    n_starts: int

    def dump(self) -> str:
        """Return the model as text."""
        return json.dumps(
            {
                "faced": self.faced,
                "strikeouts": self.strikeouts,
                "grid": self.trials.grid.tolist(),
                "table": np.round(self.trials.table, 9).tolist(),
                "scale": round(self.scale, 9),
                "names": self.names,
                "n_starts": self.n_starts,
            }
        )

    @classmethod
    @lru_cache(maxsize=2)
    def load(cls, text: str) -> "Model":
        """Read what `dump` wrote; the last ones are remembered, since a model serves a whole season."""
        found = json.loads(text)
        trials = Trials(found["grid"], np.asarray(found["table"], dtype=np.float64))
        names = tuple(found["names"])
        return cls(found["faced"], found["strikeouts"], trials, found["scale"], names, found["n_starts"])


@lru_cache(maxsize=1)
def untrained() -> Model:
    """Return the model of who has seen nothing: the bottom-up sum as it is, over batters as they spread in 2015-2022."""
    beyond = np.repeat(np.arange(_FEWEST, _FEWEST + len(_SPREAD), dtype=np.float64), _SPREAD)
    of_late = np.repeat(np.arange(3.0, 31.0), len(beyond))
    return Model("", "", Trials.learn(of_late, of_late + np.tile(beyond, 28)), 1.0, NAMES, 0)


@dataclass(frozen=True, slots=True)
class Predicted:
    """One model's view of each start: the mean before the season's level is laid on, the mean, and P(K = k) (n, 26)."""

    raw: Floats
    mean: Floats
    median: Floats
    distribution: Floats


def train(found: Features, strikeouts: Floats, faced: Floats, season: Ints) -> Model:
    """Learn from starts of pitchers who had started before; `season` (n,) keeps each season from judging itself."""
    matrix, base = found.matrix(), found.columns["bf_60"]
    if len(strikeouts) < LEAST_STARTS:
        return Model("", "", Trials.learn(base, faced), 1.0, NAMES, 0)
    beyond = faced - base
    unseen = np.empty(len(faced))
    for year in np.unique(season):
        mine = season == year
        others = ~mine if (~mine).any() else mine
        text = boosting.train(matrix[others], beyond[others], parameters=_PARAMETERS, rounds=_ROUNDS)
        unseen[mine] = boosting.predict(text, matrix[mine]) + base[mine]
    trials = Trials.learn(unseen, faced)
    start = np.log(np.maximum(found.columns["base_strikeouts"], _LEAST))
    return Model(
        faced=boosting.train(matrix, beyond, parameters=_PARAMETERS, rounds=_ROUNDS),
        strikeouts=boosting.train(
            matrix, strikeouts, parameters=_PARAMETERS | {"objective": "poisson"}, rounds=_ROUNDS, start=start
        ),
        trials=trials,
        scale=float(strikeouts.sum() / expectation(found.chances, trials.at(unseen)).sum()),
        names=NAMES,
        n_starts=len(strikeouts),
    )


def predict(model: Model, found: Features, trials: Floats, levels: Mapping[str, float]) -> dict[str, Predicted]:
    """Predict by each of SYSTEMS, over `trials_of` these starts. `levels`: by how much each has been off, from `season_level`.

    A pitcher without a start behind him has the bottom-up mean in the rolling system's place.
    """
    matrix = found.matrix()
    raw = {"bottom_up": np.maximum(expectation(found.chances, trials) * model.scale, _LEAST)}
    added = boosting.predict(model.strikeouts, matrix, raw_score=True)
    trees = np.maximum(found.columns["base_strikeouts"], _LEAST) * np.exp(added)
    raw["lightgbm"] = trees if model.strikeouts else raw["bottom_up"]
    rolling = found.columns["k_of_10"]
    raw["rolling"] = np.where(np.isnan(rolling), raw["bottom_up"], np.maximum(rolling, _LEAST))
    mean = {name: raw[name] * (1.0 if name == "rolling" else levels.get(name, 1.0)) for name in raw}
    raw["blend"] = (raw["bottom_up"] + raw["lightgbm"]) / 2
    mean["blend"] = (mean["bottom_up"] + mean["lightgbm"]) / 2
    n, every = len(trials), len(SYSTEMS)  # all systems' rows at once: numpy's calls cost more than their rows
    all_trials = np.tile(trials, (every, 1))
    wanted = np.concatenate([mean[name] for name in SYSTEMS])
    moved = moved_to(np.tile(found.chances, (every, 1)), all_trials, wanted)
    distribution = successes(moved, all_trials, shake=_SHAKE)
    middle = median(distribution)
    parts = {name: slice(place * n, (place + 1) * n) for place, name in enumerate(SYSTEMS)}
    return {name: Predicted(raw[name], mean[name], middle[part], distribution[part]) for name, part in parts.items()}


def expected_faced(trials: Floats) -> Floats:
    """Return (n,): the batters that each starter is expected to face."""
    return np.asarray(trials @ np.arange(trials.shape[1]))


def trials_of(model: Model, found: Features) -> Floats:
    """Return (n, MOST_TRIALS + 1): the chance of each number of batters, near what the trees add to the usual number."""
    faced = found.columns["bf_60"] + boosting.predict(model.faced, found.matrix())
    return model.trials.at(np.maximum(faced, 1.0))


def season_level(day: int, days: Ints, happened: Floats, raw: Floats) -> float:
    """Return by how much a system's raw means of the season's earlier days are to be multiplied."""
    weight = np.where(days < day, 0.5 ** ((day - days) / _LEVEL_HALF_LIFE), 0.0)
    return float(((weight * happened).sum() + _OWN_LEVEL) / ((weight * raw).sum() + _OWN_LEVEL))
