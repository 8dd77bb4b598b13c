"""Gradient-boosted trees on what a simpler model leaves over; LightGBM is imported where it is used."""

import hashlib
import importlib.util
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from tipoff.core.errors import PipelineError
from tipoff.leagues.predict.arrays import Floats

_PARAMETERS: dict[str, Any] = {
    "objective": "regression",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 60,
    "lambda_l2": 20.0,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbose": -1,
}
ROUNDS = 60
SEED = 7


class NoLightGbm(PipelineError):
    """LightGBM cannot be loaded on this machine."""


class BrokenModel(PipelineError):
    """A model's text cannot be read."""


def lacks(library: str) -> str:
    """Return the extra that is to be installed before a library is there; empty where it is. Nothing is imported."""
    return "" if importlib.util.find_spec(library) else "models"


def _lightgbm() -> Any:  # noqa: ANN401 -- an untyped library
    try:
        import lightgbm  # noqa: PLC0415 -- heavy, and wants the system's libgomp
    except (ImportError, OSError) as error:
        msg = f"LightGBM cannot be loaded: {error}"
        hint = "install the extra `models`, and the system's OpenMP library (Debian: apt-get install libgomp1)"
        raise NoLightGbm(msg, hint=hint) from error
    return lightgbm


def train(
    features: Floats,
    residuals: Floats,
    *,
    parameters: Mapping[str, Any] | None = None,
    rounds: int = ROUNDS,
    start: Floats | None = None,
) -> str:
    """Return a model's text, trained on `features` (n, k; NaN is unknown) to predict `residuals` (n,).

    The same rows give the same text, whatever the machine's load. `parameters` are LightGBM's, over those that stand here;
    `start` (n,) is the raw score that the trees begin with.

    Raises:
        NoLightGbm: The library or its OpenMP runtime is missing.
    """
    lightgbm = _lightgbm()
    data = lightgbm.Dataset(features, residuals, init_score=start, free_raw_data=True)
    booster = lightgbm.train({**_PARAMETERS, **(parameters or {}), "seed": SEED}, data, num_boost_round=rounds)
    return str(booster.model_to_string())


def predict(model_text: str, features: Floats, *, raw_score: bool = False) -> Floats:
    """Return what the model adds, (n,), nought without text; raises as `must_be_read`. `raw_score`: before its link function."""
    if not model_text or not len(features):
        return np.zeros(len(features))
    return np.asarray(_booster(model_text).predict(features, num_threads=1, raw_score=raw_score), dtype=np.float64)


@lru_cache(maxsize=4)
def _booster(model_text: str) -> Any:  # noqa: ANN401 -- an untyped library
    lightgbm = _lightgbm()
    try:
        return lightgbm.Booster(model_str=model_text)
    except lightgbm.basic.LightGBMError as error:
        msg = f"the trees cannot be read: {error}"
        raise BrokenModel(msg, hint="train the model again") from error


def must_be_read(*model_texts: str) -> None:
    """Read the models' texts, where there are any; raises `BrokenModel`, or `NoLightGbm` without the library."""
    for model_text in filter(None, model_texts):
        _booster(model_text)


def library() -> str:
    """Return the library's name and version, kept beside each model."""
    return f"lightgbm {_lightgbm().__version__}"


def contract(names: tuple[str, ...]) -> str:
    """Return a hash of the features' names in order: a model answers only to the contract that it was trained under."""
    return hashlib.sha256(",".join(names).encode()).hexdigest()[:16]
