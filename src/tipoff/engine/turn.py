"""Taking turns: one controller of a league works, by a lease; the others stand by until it ends, or is known to be nobody's."""

from datetime import datetime

from tipoff.core.clock import AHEAD
from tipoff.engine.starting import Identity
from tipoff.ledger import LEASE, Lease, Ledger


class Turn:
    """One controller's turn."""

    def __init__(self, ledger: Ledger, league: str, mine: Identity) -> None:
        self._ledger, self._name, self._mine = ledger, f"controller {league}", mine
        self._others: tuple[Lease, datetime] | None = None  # another's, and since when it is as it is
        self.renewed_at: datetime | None = None  # by whoever had it: a sign of life where ticks leave no row

    def take(self, now: datetime) -> tuple[Lease | None, datetime | None]:
        """Return the lease, or until when another one has it."""
        known = self._ledger.lease(self._name)
        self.renewed_at = known.until - LEASE if known is not None else None
        forsaken = self._is_forsaken(known, now)
        lease = self._ledger.take_lease(
            self._name,
            self._mine.holder,
            now=now,
            length=LEASE,
            is_gone=lambda holder: forsaken or self._mine.is_gone(holder),
        )
        return lease, (known.until if known is not None else now) if lease is None else None

    def _is_forsaken(self, lease: Lease | None, now: datetime) -> bool:
        """Whether a lease ends later than any can, by a clock that was ahead, and was not renewed for as long as one lasts."""
        if lease is None or lease.until <= now + LEASE + AHEAD:
            self._others = None
            return False
        if self._others is None or self._others[0] != lease or now < self._others[1]:
            self._others = lease, now
        return now - self._others[1] >= LEASE
