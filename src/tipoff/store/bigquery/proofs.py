"""Proofs as rows of their table on BigQuery."""

from collections.abc import Mapping

from tipoff.core.proof import Proof
from tipoff.store.proofs import inputs_text, read_inputs, read_units, units_text


def proof_values(proof: Proof) -> dict[str, object]:
    """Return a proof as the parameters of the script that adds it."""
    return {
        "fence": proof.fence,
        "league": proof.league,
        "output": proof.output,
        "day": proof.day,
        "made_at": proof.made_at,
        "step_version": proof.step_version,
        "units": units_text(proof.units),
        "inputs": inputs_text(proof.inputs),
    }


def read_proof(row: Mapping[str, object]) -> Proof:
    """Return the proof that a row holds."""
    return Proof(**{**row, "units": read_units(str(row["units"])), "inputs": read_inputs(str(row["inputs"]))})  # type: ignore[arg-type]
