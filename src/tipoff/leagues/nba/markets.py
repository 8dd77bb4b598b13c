"""The NBA's markets, and the trained parameters that turn a player's form into a distribution for each."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from statistics import NormalDist
from typing import Any

import numpy as np

from tipoff.leagues.nba.features import CONTRACT, NAMES
from tipoff.predict.arrays import Floats
from tipoff.predict.quantiles import LEVELS, regress
from tipoff.predict.system import WrongContract

MARKETS: dict[str, tuple[str, ...]] = {
    "points": ("points",),
    "rebounds": ("reb",),
    "assists": ("ast",),
    "threes": ("fg3m",),
    "points_rebounds_assists": ("points", "reb", "ast"),
    "points_rebounds": ("points", "reb"),
    "points_assists": ("points", "ast"),
    "rebounds_assists": ("reb", "ast"),
}
_PLACES = 7
_AT = {name: place for place, name in enumerate(NAMES)}


@dataclass(frozen=True, slots=True)
class FormModel:
    """What was learnt of the markets from whole seasons: per market a centre, linear in the features, and quantiles around it.

    `means` stand in for features that are unknown. It serves slates after `trained_through` alone.
    """

    digest: str
    trained_from: date
    trained_through: date
    n_rows: int
    contract: str
    means: Floats
    centres: dict[str, Floats]  # (1 + features,)
    spreads: dict[str, Floats]  # (levels, terms of `spread_design`)

    def filled(self, features: Floats) -> Floats:
        """Return features with the means for what is unknown; those that are whole as they are."""
        unknown = np.isnan(features)
        return np.where(unknown, self.means, features) if unknown.any() else features

    def centre(self, market: str, features: Floats) -> Floats:
        """Return the middle of each row's distribution before it is spread, (n,)."""
        filled = self.filled(features)
        return np.asarray(self.centres[market][0] + filled @ self.centres[market][1:], dtype=np.float64)

    def quantiles(self, market: str, features: Floats, centre: Floats) -> Floats:
        """Return each row's quantiles at LEVELS around its centre, (n, levels), rising."""
        filled = self.filled(features)
        found = spread_design(market, filled, centre) @ self.spreads[market].T
        return np.sort(np.maximum(found, -0.5), axis=1)


def spread_design(market: str, features: Floats, centre: Floats) -> Floats:
    """Return what a distribution's quantiles are linear in, (n, terms)."""
    spread = np.sqrt(sum(features[:, _AT[f"{stat}_sd_20"]] ** 2 for stat in MARKETS[market]))
    return np.column_stack(
        [
            np.ones(len(centre)),
            centre,
            np.sqrt(np.maximum(centre, 0.0) + 0.5),
            spread,
            features[:, _AT["minutes_sd_20"]],
            features[:, _AT["minutes_h5"]] / 10,
            1 / (features[:, _AT["games"]] + 1),
            features[:, _AT["games_missed"]],
        ]
    )


def outcomes(market: str, counts: dict[str, Floats]) -> Floats:
    """Return what a market counts: the sum of its stats."""
    return np.asarray(sum(counts[stat] for stat in MARKETS[market]), dtype=np.float64)


def train(features: Floats, counts: dict[str, Floats], first: date, last: date, *, seed: int) -> dict[str, Any]:
    """Return the parameters learnt from rows of whole seasons; the same rows and seed give the same numbers."""
    means = np.round(np.nanmean(features, axis=0), _PLACES)
    filled = np.where(np.isnan(features), means, features)
    scale = filled.std(axis=0) + 1e-9
    scaled = np.column_stack([np.ones(len(filled)), (filled - means) / scale])
    span = np.random.Generator(np.random.PCG64(seed)).uniform(-0.5, 0.5, len(filled))
    markets = {}
    for market in MARKETS:
        outcome = outcomes(market, counts) + span
        slopes = regress(scaled, outcome, 0.5)
        slopes[1:] /= scale
        slopes[0] -= slopes[1:] @ means
        slopes = np.array([float(f"{one:.{_PLACES}g}") for one in slopes])
        design = spread_design(market, filled, slopes[0] + filled @ slopes[1:])
        spreads = [regress(design, outcome, level, ridge=1e-3, close=0.1) for level in LEVELS]
        markets[market] = {
            "centre": slopes.tolist(),
            "spread": [[float(f"{one:.{_PLACES}g}") for one in row] for row in spreads],
        }
    return {
        "trained_from": first.isoformat(),
        "trained_through": last.isoformat(),
        "n_rows": len(features),
        "contract": CONTRACT,
        "seed": seed,
        "library": f"numpy {np.__version__}",
        "means": means.tolist(),
        "markets": markets,
    }


def read_model(text: str) -> FormModel:
    """Read a model as `train` gives it.

    Raises:
        WrongContract: It was trained on other features.
    """
    said = json.loads(text)
    if said["contract"] != CONTRACT:
        msg = f"the model trained through {said['trained_through']} rests on other features than these"
        raise WrongContract(msg, hint="train it anew: make models")
    return FormModel(
        digest=hashlib.sha256(text.encode()).hexdigest()[:16],
        trained_from=date.fromisoformat(said["trained_from"]),
        trained_through=date.fromisoformat(said["trained_through"]),
        n_rows=said["n_rows"],
        contract=said["contract"],
        means=np.array(said["means"]),
        centres={name: np.array(one["centre"]) for name, one in said["markets"].items()},
        spreads={name: np.array(one["spread"]) for name, one in said["markets"].items()},
    )


@cache
def shipped() -> Sequence[FormModel]:
    """Return the models that come with this build, the oldest first."""
    folder = files("tipoff.leagues.nba") / "artefacts"
    texts = [path.read_text() for path in folder.iterdir() if path.name.endswith(".json")]
    return sorted((read_model(text) for text in texts), key=lambda model: model.trained_through)


def serving(day: date) -> FormModel:
    """Return the newest shipped model that saw nothing of `day` or later; before the first, the rule of thumb."""
    earlier = [model for model in shipped() if model.trained_through < day]
    return earlier[-1] if earlier else rule_of_thumb()


def digests() -> tuple[str, ...]:
    """Return the shipped models' hashes, the oldest first."""
    return tuple(model.digest for model in shipped())


_NORMAL = (-1.96, *(round(NormalDist().inv_cdf(n / 20), 4) for n in range(1, 20)), 1.96)


@cache
def rule_of_thumb() -> FormModel:
    """Return a model that was trained on nothing: rate × minutes, spread as counts and as his own games are, half each."""
    centres, spreads = {}, {}
    for market, stats in MARKETS.items():
        centres[market] = np.zeros(1 + len(NAMES))
        for stat in stats:
            centres[market][1 + _AT[f"{stat}_rate40_h5"]] = 1.0
        spreads[market] = np.zeros((len(LEVELS), 8))
        spreads[market][:, 1] = 1.0
        spreads[market][:, 2] = spreads[market][:, 3] = np.array(_NORMAL) / 2
    return FormModel(
        digest="rule of thumb",
        trained_from=date.min,
        trained_through=date.min,
        n_rows=0,
        contract=CONTRACT,
        means=np.zeros(len(NAMES)),
        centres=centres,
        spreads=spreads,
    )
