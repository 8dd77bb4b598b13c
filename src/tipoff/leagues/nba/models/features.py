"""What a feature is: its name, what it counts in, how far back it looks; and the hash that ties a model to its features."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One number that is known before a game.

    `window` says in words which games it rests on; all of them began before that game. `required`: without it nothing
    is predicted; an optional one is NULL where it is unknown and stands at its mean in a model. `low` and `high` bound what
    is believed.
    """

    name: str
    measure: str
    window: str
    low: float
    high: float
    required: bool = False


def contract(features: Sequence[Feature]) -> str:
    """Return a hash of the features in order: a model answers only to the contract under which it was trained."""
    said = ";".join(f"{one.name},{one.measure},{one.window},{one.required}" for one in features)
    return hashlib.sha256(said.encode()).hexdigest()[:16]
