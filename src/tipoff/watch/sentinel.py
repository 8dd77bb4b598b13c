"""The sentinel: whether the controller is alive, told from the lease that each of its ticks renews."""

from datetime import datetime, timedelta

from tipoff.core.finding import Finding, Severity
from tipoff.store.ledger import Lease

ALIVE_WITHIN = timedelta(minutes=45)  # since the end of its lease; its longest pause between two ticks is 30 min
LOST_AFTER = timedelta(hours=6)


def controller_is_alive(lease: Lease | None, now: datetime) -> Finding:
    """Measure how long ago the controller's lease ended; a home without one has never been started."""
    if lease is None:
        return Finding(check="controller_is_alive", coverage=1.0, required=1.0, note="no controller has ever started")
    silent = max(timedelta(0), now - lease.until)
    return Finding(
        check="controller_is_alive",
        coverage=1.0 if silent <= ALIVE_WITHIN else 0.0,
        required=1.0,
        severity=Severity.CRITICAL if silent >= LOST_AFTER else Severity.ERROR,
        note=f"{lease.holder} has not renewed its lease for {int(silent.total_seconds() // 60)} min",
    )
