"""Requests: what a command asks of the process that owns the warehouse, how far that is, and its answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from tipoff.ledger import schema
from tipoff.ledger.ledger import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeRequest:
    """One request as it stands; `answer` is how far it is, and in the end what came of it."""

    id: int
    league: str
    kind: str
    what: Mapping[str, Any]
    asked_at: datetime
    taken_at: datetime | None
    ended_at: datetime | None
    answer: Mapping[str, Any]
    error: str


def leave_request(ledger: Ledger, league: str, kind: str, what: Mapping[str, Any], *, now: datetime) -> int:
    """Leave a request and return its number."""
    row = {"league": league, "kind": kind, "what": json.dumps(what), "asked_at": now, "answer": "{}", "error": ""}
    return ledger.add("requests", row)


def read_request(ledger: Ledger, number: int) -> HomeRequest:
    """Return a request as it stands."""
    [found] = _read(ledger, schema.requests.c.id == number)
    return found


def open_requests(ledger: Ledger, league: str) -> Sequence[HomeRequest]:
    """Return what is asked of a league's controller and has no end, in its order."""
    return _read(ledger, schema.requests.c.league == league, schema.requests.c.ended_at.is_(None))


def note_request(ledger: Ledger, number: int, **changes: object) -> None:
    """Write down how far a request is, or what came of it."""
    table = schema.requests
    if "answer" in changes:
        changes["answer"] = json.dumps(changes["answer"], default=str)
    with ledger.writing() as connection:
        connection.execute(update(table).where(table.c.id == number).values(**changes))


def withdraw_request(ledger: Ledger, number: int, error: str, *, now: datetime) -> bool:
    """End a request that nobody has taken, so that nobody does; returns whether that was in time."""
    table = schema.requests
    untaken = update(table).where(table.c.id == number, table.c.taken_at.is_(None), table.c.ended_at.is_(None))
    with ledger.writing() as connection:
        return connection.execute(untaken.values(ended_at=now, error=error)).rowcount > 0


def _read(ledger: Ledger, *where: Any) -> list[HomeRequest]:  # noqa: ANN401 -- SQLAlchemy's conditions
    table = schema.requests
    rows = ledger.rows(select(table).where(*where).order_by(table.c.id))
    return [
        HomeRequest(**{**row, "what": json.loads(row["what"]), "answer": json.loads(row["answer"])}) for row in rows
    ]
