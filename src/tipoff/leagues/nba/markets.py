"""The NBA's markets, and the trained parameters that turn a player's form into a distribution for each."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tipoff.leagues.nba.features import CONTRACT, NAMES
from tipoff.leagues.nba.memory import NO_MEMORY, Memory, after_seasons
from tipoff.leagues.nba.models import network
from tipoff.leagues.nba.models.quantiles import LEVELS, regress
from tipoff.leagues.nba.models.system import WrongContract
from tipoff.leagues.nba.sources.schedule import season_year
from tipoff.leagues.predict.arrays import Floats

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
_PLACES = 5
_A_SEASON_LATER = 400  # days after the end of one season, at the least, the season after the next is under way
_FARTHEST = 5.0  # standard deviations, beyond which a feature tells no more
_AT = {name: place for place, name in enumerate(NAMES)}


@dataclass(frozen=True, slots=True)
class FormModel:
    """What was learnt of the markets from whole seasons: a network that gives each its centre, and quantiles around it.

    `means` stand in for features that are unknown, `scales` are their standard deviations; `memory` is of the players in its
    seasons. It serves slates after `trained_through` alone.
    """

    digest: str
    trained_from: date
    trained_through: date
    n_rows: int
    contract: str
    library: str  # with which it was trained
    means: Floats
    scales: Floats
    hidden: Floats  # (1 + features, units): see `network`
    centres: dict[str, Floats]  # (1 + features + units,)
    spreads: dict[str, Floats]  # (levels, terms of `spread_design`)
    memory: Memory

    def remembered(self, day: date, earlier: pa.Table | None = None) -> Memory:
        """Return what is remembered of players on a season's first day: by the model, and of `earlier` whole seasons since.

        Less is left of it for each season of which nothing is known, whether before those that are, or after the last of them.
        """
        n_seasons = (day - self.trained_through).days // _A_SEASON_LATER
        games = earlier.filter(pc.field("played_on") > self.trained_through) if earlier else None
        if not games:
            return self.memory.aged(n_seasons)
        n_known = len(games.column("season").unique())
        n_after = max(season_year(day) - 1 - int(pc.max(games.column("season")).as_py()[:4]), 0)
        return after_seasons(self.memory.aged(max(n_seasons - n_known - n_after, 0)), games).aged(n_after)

    def filled(self, features: Floats) -> Floats:
        """Return features with the means for what is unknown; those that are whole as they are."""
        unknown = np.isnan(features)
        return np.where(unknown, self.means, features) if unknown.any() else features

    def middles(self, features: Floats) -> dict[str, Floats]:
        """Return by market the middle of each row's distribution before it is spread, (n,)."""
        scaled = _scaled(self.filled(features), self.means, self.scales)
        found = network.predict(scaled, self.hidden, np.column_stack([*self.centres.values()]))
        return dict(zip(self.centres, found.T, strict=True))

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


def train(  # noqa: PLR0913 -- what it rests on
    features: Floats, counts: dict[str, Floats], memory: Memory, first: date, last: date, *, seed: int
) -> dict[str, Any]:
    """Return the parameters learnt from rows of whole seasons; the same rows and seed give the same numbers."""
    means = _short(np.nanmean(features, axis=0))
    filled = np.where(np.isnan(features), means, features)
    scales = _short(filled.std(axis=0) + 1e-6)
    scaled = _scaled(filled, means, scales)
    span = np.random.Generator(np.random.PCG64(seed)).uniform(-0.5, 0.5, len(filled))
    wanted = np.column_stack([outcomes(market, counts) + span for market in MARKETS])
    middle, size = wanted.mean(axis=0), wanted.std(axis=0)
    hidden, centres = network.train(scaled, (wanted - middle) / size, seed=seed)
    centres *= size
    centres[0] += middle
    hidden, centres = _short(hidden), _short(centres)
    markets, middles = {}, network.predict(scaled, hidden, centres)
    for at, market in enumerate(MARKETS):
        design = spread_design(market, filled, middles[:, at])
        spreads = [regress(design, wanted[:, at], level, ridge=1e-3, close=0.1) for level in LEVELS]
        markets[market] = {"centre": centres[:, at].tolist(), "spread": _short(np.array(spreads)).tolist()}
    return {
        "trained_from": first.isoformat(),
        "trained_through": last.isoformat(),
        "n_rows": len(features),
        "contract": CONTRACT,
        "seed": seed,
        "library": f"numpy {np.__version__}",
        "means": means.tolist(),
        "scales": scales.tolist(),
        "hidden": hidden.tolist(),
        "markets": markets,
        "memory": {
            "ids": memory.ids.tolist(),
            "games": memory.games.tolist(),
            "sums": _short(memory.sums).tolist(),
        },
    }


def _scaled(filled: Floats, means: Floats, scales: Floats) -> Floats:
    scaled = filled - means  # of all of a season's rows: no second copy
    scaled /= scales
    return np.clip(scaled, -_FARTHEST, _FARTHEST, out=scaled)


def _short(values: Floats) -> Floats:
    """Return numbers of so many significant digits as are kept."""
    return np.array([float(f"{one:.{_PLACES}g}") for one in values.flat], dtype=np.float64).reshape(values.shape)


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
        digest=_digest(text),
        trained_from=date.fromisoformat(said["trained_from"]),
        trained_through=date.fromisoformat(said["trained_through"]),
        n_rows=said["n_rows"],
        contract=said["contract"],
        library=said["library"],
        means=np.array(said["means"]),
        scales=np.array(said["scales"]),
        hidden=np.array(said["hidden"]),
        centres={name: np.array(one["centre"]) for name, one in said["markets"].items()},
        spreads={name: np.array(one["spread"]) for name, one in said["markets"].items()},
        memory=Memory(*(np.array(said["memory"][name]) for name in ("ids", "sums", "games"))),
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _texts() -> list[str]:
    """Return the shipped models as they are written, the oldest first: each begins with its first and last day."""
    return sorted(path.read_text("utf-8") for path in Path(__file__).with_name("artefacts").glob("*.json"))


@cache
def shipped() -> Sequence[FormModel]:
    """Return the models that come with this build, the oldest first."""
    return [read_model(text) for text in _texts()]


def serving(day: date) -> FormModel:
    """Return the newest shipped model that saw nothing of `day` or later; before the first, the rule of thumb."""
    earlier = [model for model in shipped() if model.trained_through < day]
    return earlier[-1] if earlier else rule_of_thumb()


def digests() -> tuple[str, ...]:
    """Return what tells the models apart that may serve: the rule of thumb, and the shipped ones' hashes, the oldest first."""
    return (rule_of_thumb().digest, *_shipped_digests())


@cache
def _shipped_digests() -> tuple[str, ...]:
    """Return the shipped models' hashes without reading what they say, for whoever starts and predicts nothing."""
    return tuple(map(_digest, _texts()))


_MOST = 100.0  # counts: no rule of thumb is beyond _FARTHEST times it
_AS_COUNTS, _AS_HIS_OWN = 0.35, 0.8  # shares of the spread of a count, and of his last games
_AT_FIRST = {"points": 9.0, "reb": 3.75, "ast": 2.25, "fg3m": 1.2}  # more, of whom nothing is known; over games + 1
_NORMAL = (-1.96, *(round(NormalDist().inv_cdf(n / 20), 4) for n in range(1, 20)), 1.96)


@cache
def rule_of_thumb() -> FormModel:
    """Return a model that was trained on nothing: rate × minutes, spread as counts and as his own games are, more at first.

    In the first weeks of 2016-17 its 80 % intervals hold 76 to 87 % in each market (33 to 60 % before, without `_AT_FIRST`).
    """
    centres, spreads = {}, {}
    for market, stats in MARKETS.items():
        centres[market] = np.zeros(1 + len(NAMES))
        for stat in stats:
            centres[market][1 + _AT[f"{stat}_rate40_h5"]] = _MOST
        spreads[market] = np.zeros((len(LEVELS), 8))
        spreads[market][:, 1] = 1.0
        at_first = sum(_AT_FIRST[stat] ** 2 for stat in stats) ** 0.5
        spreads[market][:, [2, 3, 6]] = np.outer(_NORMAL, (_AS_COUNTS, _AS_HIS_OWN, at_first))
    return FormModel(
        digest=f"rule of thumb {_AS_COUNTS} {_AS_HIS_OWN} {' '.join(map(str, _AT_FIRST.values()))}",
        trained_from=date.min,
        trained_through=date.min,
        n_rows=0,
        contract=CONTRACT,
        library="",
        means=np.zeros(len(NAMES)),
        scales=np.full(len(NAMES), _MOST),
        hidden=np.zeros((1 + len(NAMES), 0)),
        centres=centres,
        spreads=spreads,
        memory=NO_MEMORY,
    )
