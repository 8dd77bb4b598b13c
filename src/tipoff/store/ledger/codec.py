"""How proofs and obligations are written into ledger rows, and read back."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tipoff.core.proof import InputProof, Proof, UnitProof
from tipoff.core.slate import Game, GameStatus


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
        "inputs": json.dumps([[i.table, i.window, i.n_units, i.digest] for i in proof.inputs]),
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
        inputs=tuple(
            InputProof(table=table, window=window, n_units=n_units, digest=digest)
            for table, window, n_units, digest in json.loads(row["inputs"])
        ),
    )


def units_text(units: Mapping[str, UnitProof]) -> str:
    """Return unit proofs as JSON, one list a unit."""
    return json.dumps(
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
            ]
            for unit in units.values()
        ],
        separators=(",", ":"),
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
        )
        for name, n_rows, content_hash, made_from, excuse, fence, as_of, retrospective in json.loads(text)
    }


def game_row(league: str, game: Game, *, now: datetime) -> dict[str, Any]:
    """Return the ledger's row for `game`; `first_seen_at` is kept by the upsert."""
    return {
        "league": league,
        "day": game.day,
        "game_id": game.game_id,
        "home": game.home,
        "away": game.away,
        "tipoff_at": game.tipoff_at,
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
        tipoff_at=row["tipoff_at"],
        status=GameStatus(row["status"]),
        evidence=row["evidence"],
    )
