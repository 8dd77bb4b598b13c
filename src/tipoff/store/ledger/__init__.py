"""The ledger: all state and history, on SQLite or PostgreSQL."""

from tipoff.store.ledger.ledger import Batch, Lease, Ledger, Loaded

__all__ = ["Batch", "Lease", "Ledger", "Loaded"]
