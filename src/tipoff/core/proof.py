"""Proofs: what was read back after a write, unit by unit."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitProof:
    """One unit as read back: its rows and their hash, or why it owes none.

    `made_from` digests the input content that the unit rests on; `excuse` is a signed zero (no history, not offered).
    """

    unit: str
    n_rows: int
    content_hash: str
    made_from: str = ""
    excuse: str = ""
    fence: int = 0
    as_of: datetime | None = None
    retrospective: bool = False
    partial: bool = False  # made without all of its expected input


@dataclass(frozen=True, slots=True, kw_only=True)
class InputProof:
    """What a run saw of one input: the window, how many units, one digest of their hashes."""

    table: str
    window: str
    n_units: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The state of one output and day after the write with the fence number `fence`: every unit it holds."""

    league: str
    output: str
    day: date
    fence: int
    made_at: datetime
    step_version: str
    units: Mapping[str, UnitProof]
    inputs: tuple[InputProof, ...] = ()

    @property
    def n_rows(self) -> int:
        """Rows over all units."""
        return sum(unit.n_rows for unit in self.units.values())

    @property
    def digest(self) -> str:
        """One digest of the content of every unit; equal content has an equal digest."""
        return digest_of((unit.unit, unit.content_hash) for unit in self.units.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What was proven of a slate and does not stand any more as it was: these units (none named: all), and how that shows.

    `anew`: it is to be made of other answers than it was.
    """

    output: str
    day: date
    how: str
    units: frozenset[str] = frozenset()
    anew: bool = False


def digest_of(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a digest of named hashes that does not depend on their order."""
    sha = hashlib.sha256()
    for name, content_hash in sorted(pairs):
        sha.update(f"{name}={content_hash};".encode())
    return sha.hexdigest()[:32]
