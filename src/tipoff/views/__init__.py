"""Read models: what the command line and the web page show, read from the ledger alone."""
