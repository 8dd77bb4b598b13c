"""Halts of publications: made, ended."""

from datetime import datetime

from sqlalchemy import insert, update

from tipoff.ledger import schema
from tipoff.ledger.ledger import Ledger, Row


def add_halt(ledger: Ledger, row: Row) -> int:
    """Write down a halt and return its number."""
    with ledger.writing() as connection:
        [number] = connection.execute(insert(schema.halts).values(**row)).inserted_primary_key or [0]
        return int(number)


def end_halts(ledger: Ledger, league: str, output: str, *, now: datetime, by: str) -> int:
    """End a league's halts of an output (empty: of every publication) that hold; returns how many there were."""
    halts = schema.halts
    mine = (halts.c.league == league) & (halts.c.output == output) & (halts.c.until > now) & halts.c.ended_at.is_(None)
    with ledger.writing() as connection:
        return connection.execute(update(halts).where(mine).values(ended_at=now, ended_by=by)).rowcount
