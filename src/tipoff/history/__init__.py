"""The ledger's history on its way to the warehouse: sealed batches, at a bounded pace, each applied exactly once."""
