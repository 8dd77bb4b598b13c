"""How proofs and obligations are written into ledger rows, and read back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tipoff.core.proof import Proof
from tipoff.core.slate import Game, GameStatus
from tipoff.store.proofs import inputs_text, read_inputs, read_units, units_text


def proof_row(proof: Proof) -> dict[str, Any]:
    """Return the ledger's row for `proof`."""
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


def game_row(league: str, game: Game, *, now: datetime) -> dict[str, Any]:
    """Return the ledger's row for `game`; `first_seen_at` is kept by the upsert."""
    return {
        "league": league,
        "day": game.day,
        "game_id": game.game_id,
        "home": game.home,
        "away": game.away,
        "starts_at": game.starts_at,
        "status": game.status.value,
        "evidence": game.evidence,
        "first_seen_at": now,
        "changed_at": now,
    }


def read_game(row: Mapping[str, Any]) -> Game:
    """Return the game that `row` holds."""
    return Game(
        game_id=row["game_id"],
        day=row["day"],
        home=row["home"],
        away=row["away"],
        starts_at=row["starts_at"],
        status=GameStatus(row["status"]),
        evidence=row["evidence"],
    )
