"""What the ledger knows of answers: which a process that was killed had asked for and never came to use."""

from datetime import datetime

from sqlalchemy import func, select

from tipoff.ledger import schema
from tipoff.ledger.ledger import Ledger


def unended_since(ledger: Ledger) -> datetime | None:
    """Return when the first of the runs began that have no end; None where all have."""
    runs = schema.runs
    [row] = ledger.rows(select(func.min(runs.c.started_at).label("at")).where(runs.c.state == "started"))
    at: datetime | None = row["at"]
    return at


def used_since(ledger: Ledger, since: datetime) -> set[tuple[str, str]]:
    """Return the address and hash of every answer that runs have accounted for since an instant."""
    fetches = schema.fetches
    rows = ledger.rows(select(fetches.c.url, fetches.c.sha256).where(fetches.c.at >= since))
    return {(row["url"], row["sha256"]) for row in rows}
