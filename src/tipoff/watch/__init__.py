"""Watching: is it alive, is it right. Looks at the ledger from outside; never at the controller's memory."""
