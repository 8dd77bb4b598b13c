"""`tipoff up nba` with a lease of some seconds: `python -m tests.short_lease SECONDS`."""

import runpy
import sys
from datetime import timedelta

from tipoff import ledger
from tipoff.ledger import connect
from tipoff.ledger import ledger as written

if __name__ == "__main__":
    for module in (ledger, written):  # before anything takes it from there
        vars(module)["LEASE"] = timedelta(seconds=float(sys.argv[1]))
    connect.SILENT_S, connect.LONGEST_S = 2, 5  # as much shorter as the lease is
    sys.argv = ["tipoff", "up", "nba", "--no-monitor", "--no-web"]
    runpy.run_module("tipoff", run_name="__main__")
