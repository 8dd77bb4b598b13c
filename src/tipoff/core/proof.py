"""Proofs: what was read back after a write, unit by unit; as values, and as the text in which they stand in stores and files."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tipoff.core.schema import ColumnType


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
    step_version: str = ""  # of the step that made it, where that is not its proof's


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

    def version_of(self, unit: UnitProof) -> str:
        """Return the version of the step that made one of its units."""
        return unit.step_version or self.step_version

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


# --- as rows and text

PROOF_COLUMNS = {  # of a row that stands beside the data
    "fence": ColumnType.INT,
    "league": ColumnType.TEXT,
    "output": ColumnType.TEXT,
    "day": ColumnType.DATE,
    "made_at": ColumnType.INSTANT,
    "step_version": ColumnType.TEXT,
    "units": ColumnType.TEXT,
    "inputs": ColumnType.TEXT,
}
_PLAIN = tuple(name for name in PROOF_COLUMNS if name not in {"units", "inputs"})
_compact = json.JSONEncoder(separators=(",", ":"), default=datetime.isoformat).encode


def units_text(units: Mapping[str, UnitProof]) -> str:
    """Return unit proofs as JSON, one list a unit: its fields in the order in which they are declared; a new one goes last."""
    return _compact([[getattr(unit, name) for name in UnitProof.__slots__] for unit in units.values()])


def read_units(text: str) -> dict[str, UnitProof]:
    """Return the unit proofs that `units_text` wrote, by unit."""
    return {
        name: UnitProof(
            unit=name,
            n_rows=n_rows,
            content_hash=content_hash,
            made_from=made_from,
            excuse=excuse,
            fence=fence,
            as_of=datetime.fromisoformat(as_of) if as_of else None,
            retrospective=retrospective,
            partial=bool(later and later[0]),  # proofs of the first schema do not say it
            step_version="".join(later[1:]),  # nor those of the second what this is
        )
        for name, n_rows, content_hash, made_from, excuse, fence, as_of, retrospective, *later in json.loads(text)
    }


def inputs_text(inputs: Iterable[InputProof]) -> str:
    """Return input proofs as JSON."""
    return _compact([[i.table, i.window, i.n_units, i.digest] for i in inputs])


def read_inputs(text: str) -> tuple[InputProof, ...]:
    """Return the input proofs that `inputs_text` wrote."""
    return tuple(
        InputProof(table=table, window=window, n_units=n_units, digest=digest)
        for table, window, n_units, digest in json.loads(text)
    )


def proof_row(proof: Proof) -> dict[str, Any]:
    """Return the row, in the ledger and on the warehouse, for `proof`."""
    plain = {name: getattr(proof, name) for name in (*_PLAIN, "n_rows", "digest")}
    return plain | {"units": units_text(proof.units), "inputs": inputs_text(proof.inputs)}


def read_proof(row: Mapping[str, Any]) -> Proof:
    """Return the proof that `row` holds."""
    plain = {name: row[name] for name in _PLAIN}
    return Proof(**plain, units=read_units(row["units"]), inputs=read_inputs(row["inputs"]))
