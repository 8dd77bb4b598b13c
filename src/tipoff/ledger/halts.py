"""Halts of publications: ended by a person before they end by themselves."""

from datetime import datetime

from sqlalchemy import update

from tipoff.ledger import schema
from tipoff.ledger.ledger import Ledger


def end_halts(ledger: Ledger, league: str, output: str, *, now: datetime, by: str) -> int:
    """End a league's halts of an output (empty: of every publication) that hold; returns how many there were."""
    halts = schema.halts
    mine = (halts.c.league == league) & (halts.c.output == output) & (halts.c.until > now) & halts.c.ended_at.is_(None)
    with ledger.writing() as connection:
        return connection.execute(update(halts).where(mine).values(ended_at=now, ended_by=by)).rowcount
