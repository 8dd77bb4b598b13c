"""The kinds of checks that leagues claim with, of any table, of rows, of what the ledger keeps; they name no sport."""
