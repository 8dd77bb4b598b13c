"""The ledger: all state and history, on SQLite or PostgreSQL."""

from tipoff.store.ledger.ledger import Batch, Ledger, Loaded

__all__ = ["Batch", "Ledger", "Loaded"]
