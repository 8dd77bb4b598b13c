"""The ledger: all state and history, on SQLite or PostgreSQL."""

from tipoff.ledger.ledger import LEASE, Batch, Lease, Ledger, LedgerSnapshot

__all__ = ["LEASE", "Batch", "Lease", "Ledger", "LedgerSnapshot"]
