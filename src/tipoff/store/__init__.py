"""Where things are kept: ledger, archive, warehouse, published files. The only floor that touches disks and databases."""
