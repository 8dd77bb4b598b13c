"""The ledger: all state and history, on SQLite or PostgreSQL."""

from tipoff.store.ledger.ledger import LEASE, Batch, Lease, Ledger, Loaded

__all__ = ["LEASE", "Batch", "Lease", "Ledger", "Loaded"]
