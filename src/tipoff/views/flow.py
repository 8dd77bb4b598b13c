"""How history flows to the warehouse: what waits in the ledger, what is sealed, what quotas were used."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tipoff.core import quota
from tipoff.ledger import Ledger, quota_use
from tipoff.ledger.batches import standings, unapplied
from tipoff.ledger.streams import STREAMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A home's history at a glance; nothing of it where history is not kept."""

    is_kept: bool
    n_waiting: int
    n_unsent: int
    oldest_at: datetime | None
    error: str
    fullest: str  # the limit that is used most
    quotas: tuple[dict[str, Any], ...]


def read_flow(ledger: Ledger, now: datetime | None) -> Flow:
    """Return how history stands; `now` is the home's clock."""
    found = standings(ledger, STREAMS)
    oldest_at, error = unapplied(ledger)
    used = quota_use.read_used(ledger.rows, now) if now else {}
    return Flow(
        is_kept=bool(found),
        n_waiting=sum(standing.n_waiting for standing in found.values()),
        n_unsent=sum(len(standing.unsent) for standing in found.values()),
        oldest_at=oldest_at,
        error=error,
        fullest=quota.fullest(used),
        quotas=tuple(
            {"kind": str(use.limit.kind), "table": use.table, "n": use.n, "per_day": use.limit.per_day}
            for use in quota.uses(used)
        ),
    )


def flow_lines(flow: Flow) -> list[str]:
    """Return the lines that a person reads; none where history is not kept."""
    if not flow.is_kept:
        return []
    since = f", the oldest since {flow.oldest_at:%Y-%m-%d %H:%M} UTC" if flow.oldest_at else ""
    lines = [f"  history: {flow.n_waiting:,} rows wait, {flow.n_unsent} batches not yet applied{since}"]
    lines += [f"    {flow.error}"] if flow.error else []
    return lines + ([f"  quota: {flow.fullest}"] if flow.fullest else [])
