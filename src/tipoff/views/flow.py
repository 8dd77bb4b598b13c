"""How history flows to the warehouse: what waits in the ledger, what is sealed, what quotas were used."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tipoff.ledger import Ledger
from tipoff.ledger.home_reader import sends_history


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A home's history at a glance; nothing of it where history is not kept."""

    is_kept: bool = False
    n_waiting: int = 0
    n_unsent: int = 0
    oldest_at: datetime | None = None
    error: str = ""
    fullest: str = ""  # the limit that is used most
    quotas: tuple[dict[str, Any], ...] = ()


def read_flow(ledger: Ledger, now: datetime | None) -> Flow:
    """Return how history stands; `now` is the home's clock."""
    if not sends_history(ledger.rows):
        return Flow()
    from tipoff.core import quota  # noqa: PLC0415 -- most homes send no history, and each `tipoff status` would wait for it
    from tipoff.ledger.batches import standings, unapplied  # noqa: PLC0415 -- as above
    from tipoff.ledger.quota_use import read_used  # noqa: PLC0415 -- as above
    from tipoff.ledger.streams import STREAMS  # noqa: PLC0415 -- as above

    found = standings(ledger, STREAMS)
    oldest_at, error = unapplied(ledger)
    used = read_used(ledger.rows, now) if now else {}
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
    """Return the lines that a person reads; none where history is not kept, or nothing of it is held up."""
    if not flow.is_kept:
        return []
    if not flow.n_unsent and not flow.error:  # rows that wait for their batch are every day's
        return [f"  quota: {flow.fullest}"] if flow.fullest else []
    since = f", the oldest since {flow.oldest_at:%Y-%m-%d %H:%M} UTC" if flow.oldest_at else ""
    lines = [f"  history: {flow.n_waiting:,} rows wait, {flow.n_unsent} batches not yet applied{since}"]
    lines += [f"    {flow.error}"] if flow.error else []
    return lines + ([f"  quota: {flow.fullest}"] if flow.fullest else [])
