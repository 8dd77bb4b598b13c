"""What the ledger keeps of questions to people and of their rulings."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from tipoff.core.question import QuestionRecord, Ruling
from tipoff.ledger import looks, schema
from tipoff.ledger.ledger import Ledger, numbered
from tipoff.ledger.looks import columns_of


def questions_of(ledger: Ledger, league: str, *, state: str = "") -> list[QuestionRecord]:
    """Return a league's questions, or those in a state, the newest day first."""
    table = schema.questions
    query = select(*columns_of(QuestionRecord, table)).where(table.c.league == league)
    query = query.where(table.c.state == state) if state else query
    rows = ledger.rows(query.order_by(table.c.day.desc(), table.c.output, table.c.unit, table.c.subject))
    return [QuestionRecord(**row | {"options": tuple(json.loads(row["options"]))}) for row in rows]


def rulings_of(ledger: Ledger, league: str) -> tuple[Ruling, ...]:
    """Return the rulings that hold, in the order in which they were made."""
    table = schema.rulings
    mine = (table.c.league == league) & table.c.revoked_at.is_(None)
    query = select(*columns_of(Ruling, table)).where(mine)
    return tuple(Ruling(**row) for row in ledger.rows(query.order_by(table.c.id)))


def ruling_mark(ledger: Ledger, league: str) -> Sequence[int]:
    """Return what differs once a person of a league has ruled, or taken a ruling back."""
    [row] = ledger.rows(looks.ruling_mark(league))
    return tuple(row.values())


def add_ruling(ledger: Ledger, league: str, ruling: Mapping[str, Any]) -> int:
    """Write down a ruling, in the place of an earlier one on the same subject in the same unit; returns its number."""
    table = schema.rulings
    same = (table.c.league == league) & (table.c.subject == ruling["subject"]) & (table.c.unit == ruling["unit"])
    with ledger.writing() as connection:
        connection.execute(update(table).where(same, table.c.revoked_at.is_(None)).values(revoked_at=ruling["made_at"]))
        return numbered(connection, table, {"league": league, **ruling})


def revoke_ruling(ledger: Ledger, league: str, number: int, *, now: datetime) -> bool:
    """End a ruling; returns whether there was one that held."""
    table = schema.rulings
    mine = (table.c.id == number) & (table.c.league == league) & table.c.revoked_at.is_(None)
    with ledger.writing() as connection:
        return connection.execute(update(table).where(mine).values(revoked_at=now)).rowcount == 1
