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
_compact = json.JSONEncoder(separators=(",", ":")).encode


def units_text(units: Mapping[str, UnitProof]) -> str:
    """Return unit proofs as JSON, one list a unit."""
    return _compact(
        [
            [
                unit.unit,
                unit.n_rows,
                unit.content_hash,
                unit.made_from,
                unit.excuse,
                unit.fence,
                unit.as_of.isoformat() if unit.as_of else None,
                unit.retrospective,
                unit.partial,
            ]
            for unit in units.values()
        ]
    )


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
    return {
        "league": proof.league,
        "output": proof.output,
        "day": proof.day,
        "fence": proof.fence,
        "made_at": proof.made_at,
        "step_version": proof.step_version,
        "n_rows": proof.n_rows,
        "digest": proof.digest,
        "units": units_text(proof.units),
        "inputs": inputs_text(proof.inputs),
    }


def read_proof(row: Mapping[str, Any]) -> Proof:
    """Return the proof that `row` holds."""
    return Proof(
        league=row["league"],
        output=row["output"],
        day=row["day"],
        fence=row["fence"],
        made_at=row["made_at"],
        step_version=row["step_version"],
        units=read_units(row["units"]),
        inputs=read_inputs(row["inputs"]),
    )
