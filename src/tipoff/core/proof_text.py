"""Proofs as rows and text: the form in which they stand beside the data, in the ledger and in published files."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tipoff.core.proof import InputProof, Proof, UnitProof
from tipoff.core.schema import ColumnType

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
            partial=any(partial),  # proofs of the first schema do not say it
        )
        for name, n_rows, content_hash, made_from, excuse, fence, as_of, retrospective, *partial in json.loads(text)
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
